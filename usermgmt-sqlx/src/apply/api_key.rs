//! Writes of API keys.

use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::{ApiKeyId, OrgId, UserId};
use usermgmt_core::model::{ApiKey, KeyOwner};
use usermgmt_core::store::{Result, StoreError, UniqueKey};

use super::super::cells::Cells;
use super::{Apply, maybe_micros};
use crate::error::{CONFLICT, duplicate};
use crate::value::{json, micros, text};

impl Apply<'_> {
    pub(super) async fn put_api_key(&mut self, key: &ApiKey) -> Result<()> {
        let user = match key.owner {
            KeyOwner::User(user) => Some(user.to_string()),
            KeyOwner::Org(_) => None,
        };
        let insert = query(
            "INSERT INTO usermgmt_api_key (owner_id, id, realm, user_id, org_id, name, digest, beginning, scopes, \
             made_by, created_at, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
             ON CONFLICT (owner_id, id) DO NOTHING",
        )
        .bind(key.owner.to_string())
        .bind(key.id.to_string())
        .bind(key.realm.to_string())
        .bind(user)
        .bind(key.org.map(|org| org.to_string()))
        .bind(text(&key.name)?)
        .bind(key.digest.as_bytes().as_slice())
        .bind(text(&key.beginning)?)
        .bind(json(&key.scopes)?)
        .bind(key.made_by.map(|user| user.to_string()))
        .bind(micros(key.created_at))
        .bind(maybe_micros(key.expires_at))
        .bind(maybe_micros(key.used_at));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn end_api_key(&mut self, owner: KeyOwner, id: ApiKeyId, at: OffsetDateTime) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_api_key SET expires_at = CASE WHEN expires_at < $4 THEN expires_at ELSE $4 END \
             WHERE owner_id = $1 AND id = $2 AND (expires_at IS NULL OR expires_at > $3)",
        );
        let end = micros(at).max(self.now);
        self.one(update.bind(owner.to_string()).bind(id.to_string()).bind(self.now).bind(end), CONFLICT).await
    }

    pub(super) async fn end_api_keys(&mut self, user: UserId, org: Option<OrgId>) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_api_key SET expires_at = $3 WHERE owner_id = $1 \
             AND (org_id = $2 OR $2 IS NULL) AND (expires_at IS NULL OR expires_at > $3)",
        );
        self.any(update.bind(user.to_string()).bind(org.map(|org| org.to_string())).bind(self.now)).await.map(drop)
    }

    pub(super) async fn max_api_keys(&mut self, owner: KeyOwner, max: u32) -> Result<()> {
        if let KeyOwner::Org(org) = owner {
            let lock = query(concat!("SELECT 1 FROM usermgmt_org WHERE id = $1", lock_exclusive!("usermgmt_org")));
            self.wire.row(lock.bind(org.to_string())).await?;
        }
        let count = query(
            "SELECT count(*) AS living FROM usermgmt_api_key WHERE owner_id = $1 \
             AND (expires_at IS NULL OR expires_at > $2)",
        );
        let row = self.wire.row(count.bind(owner.to_string()).bind(self.now)).await?;
        // A count always has its row.
        let living = row.map_or(Ok(u32::MAX), |row| Cells::new(&row).number("living"))?;
        if living <= max { Ok(()) } else { Err(StoreError::new(CONFLICT)) }
    }
}
