//! Writes of factors besides the password.

use sqlx::query;
use usermgmt_core::id::{FactorId, UserId};
use usermgmt_core::model::{Factor, FactorKind, Version};
use usermgmt_core::store::{Result, UniqueKey};

use super::{Apply, maybe_micros};
use crate::error::{CONFLICT, duplicate};
use crate::value::{int, json, micros, text};

impl Apply<'_> {
    pub(super) async fn put_factor(&mut self, factor: &Factor) -> Result<()> {
        self.put(
            factor.version,
            "INSERT INTO usermgmt_factor (user_id, id, realm, kind, name, credential, data, confirmed_at, used_at, \
             expires_at, created_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 + 1) \
             ON CONFLICT (user_id, id) DO NOTHING",
            "UPDATE usermgmt_factor SET name = $5, data = $7, confirmed_at = $8, used_at = $9, expires_at = $10, \
             created_at = $11, version = $12 + 1 \
             WHERE user_id = $1 AND id = $2 AND realm = $3 AND kind = $4 AND version = $12",
            |query| {
                Ok(query
                    .bind(factor.user.to_string())
                    .bind(factor.id.to_string())
                    .bind(factor.realm.to_string())
                    .bind(factor.kind().as_str())
                    .bind(text(&factor.name)?)
                    .bind(factor.credential.map(|credential| credential.as_bytes().to_vec()))
                    .bind(json(&factor.data)?)
                    .bind(maybe_micros(factor.confirmed_at))
                    .bind(maybe_micros(factor.used_at))
                    .bind(maybe_micros(factor.expires_at))
                    .bind(micros(factor.created_at)))
            },
        )
        .await?;
        let Some(credential) = factor.credential.filter(|_| factor.version == Version::NEW) else { return Ok(()) };
        let insert = query(
            "INSERT INTO usermgmt_credential (realm, credential, user_id, factor_id) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (realm, credential) DO NOTHING",
        )
        .bind(factor.realm.to_string())
        .bind(credential.as_bytes().to_vec())
        .bind(factor.user.to_string())
        .bind(factor.id.to_string());
        self.one(insert, duplicate(UniqueKey::Credential)).await
    }

    pub(super) async fn delete_factor(&mut self, user: UserId, id: FactorId, version: Version) -> Result<()> {
        let free = query(
            "DELETE FROM usermgmt_credential WHERE (realm, credential) IN \
             (SELECT realm, credential FROM usermgmt_factor WHERE user_id = $1 AND id = $2)",
        );
        self.any(free.bind(user.to_string()).bind(id.to_string())).await?;
        let delete = query("DELETE FROM usermgmt_factor WHERE user_id = $1 AND id = $2 AND version = $3");
        self.one(delete.bind(user.to_string()).bind(id.to_string()).bind(int(version.as_u64())), CONFLICT).await
    }

    pub(super) async fn delete_factors(&mut self, user: UserId, kind: FactorKind) -> Result<()> {
        let free = query(
            "DELETE FROM usermgmt_credential WHERE (realm, credential) IN \
             (SELECT realm, credential FROM usermgmt_factor WHERE user_id = $1 AND kind = $2)",
        );
        self.any(free.bind(user.to_string()).bind(kind.as_str())).await?;
        let delete = query("DELETE FROM usermgmt_factor WHERE user_id = $1 AND kind = $2");
        self.any(delete.bind(user.to_string()).bind(kind.as_str())).await.map(drop)
    }
}
