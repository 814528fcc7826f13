//! Writes of sessions.

use sqlx::query;
use usermgmt_core::id::{OrgId, RealmId, SessionId, UserId};
use usermgmt_core::model::{Proof, Session, SigningKey};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{Guard, Result, StoreError, UniqueKey};

use super::super::cells::Cells;
use super::{Apply, maybe_micros};
use crate::error::{CONFLICT, duplicate, refused};
use crate::value::{int, json, maybe_text, micros, span, text};

/// The parts of `Write::RotateSession`.
pub(super) struct Rotation {
    pub(super) user: UserId,
    pub(super) id: SessionId,
    pub(super) from: Digest,
    pub(super) to: Digest,
    pub(super) proofs: Vec<Proof>,
    pub(super) org: Option<OrgId>,
    pub(super) auth_epoch: u64,
}

impl Apply<'_> {
    pub(super) async fn put_session(&mut self, session: &Session) -> Result<()> {
        let insert = query(
            "INSERT INTO usermgmt_session (user_id, id, realm, digest, org_id, proofs, auth_epoch, persistent, \
             idle_micros, expires_at, created_at, seen_at, ended_at, label, address, refresh_generation, refreshed_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
             ON CONFLICT (user_id, id) DO NOTHING",
        )
        .bind(session.user.to_string())
        .bind(session.id.to_string())
        .bind(session.realm.to_string())
        .bind(session.digest.as_bytes().as_slice())
        .bind(session.org.map(|org| org.to_string()))
        .bind(json(&session.proofs)?)
        .bind(int(session.auth_epoch))
        .bind(session.persistent)
        .bind(span(session.idle))
        .bind(micros(session.expires_at))
        .bind(micros(session.created_at))
        .bind(micros(session.seen_at))
        .bind(maybe_micros(session.ended_at))
        .bind(maybe_text(session.label.as_ref())?)
        .bind(maybe_text(session.address.as_ref())?)
        .bind(session.refresh.map(|refresh| i64::from(refresh.generation)))
        .bind(maybe_micros(session.refresh.map(|refresh| refresh.rotated_at)));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn rotate_session(&mut self, rotation: Rotation) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_session SET digest = $4, proofs = $5, org_id = $6, auth_epoch = $7 \
             WHERE user_id = $1 AND id = $2 AND digest = $3 AND digest <> $4 AND ended_at IS NULL",
        )
        .bind(rotation.user.to_string())
        .bind(rotation.id.to_string())
        .bind(rotation.from.as_bytes().as_slice())
        .bind(rotation.to.as_bytes().as_slice())
        .bind(json(&rotation.proofs)?)
        .bind(rotation.org.map(|org| org.to_string()))
        .bind(int(rotation.auth_epoch));
        self.one(update, refused(Guard::Session)).await
    }

    pub(super) async fn rotate_refresh(&mut self, user: UserId, id: SessionId, from: Option<u32>) -> Result<()> {
        let next = from.unwrap_or(0).checked_add(1).ok_or(StoreError::new(CONFLICT))?;
        let update = query(
            "UPDATE usermgmt_session SET refresh_generation = $3, refreshed_at = $4 \
             WHERE user_id = $1 AND id = $2 AND ended_at IS NULL \
             AND (refresh_generation = $5 OR (refresh_generation IS NULL AND $5 IS NULL))",
        )
        .bind(user.to_string())
        .bind(id.to_string())
        .bind(i64::from(next))
        .bind(self.now)
        .bind(from.map(i64::from));
        self.one(update, CONFLICT).await
    }

    pub(super) async fn put_signing_key(&mut self, key: &SigningKey) -> Result<()> {
        let insert = query(
            "INSERT INTO usermgmt_signing_key (realm, number, kid, key_id, private, created_at, signs_from) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (realm, number) DO NOTHING",
        )
        .bind(key.realm.to_string())
        .bind(i64::from(key.number))
        .bind(text(&key.kid)?)
        .bind(text(&key.private.key_id)?)
        .bind(key.private.bytes.clone())
        .bind(micros(key.created_at))
        .bind(micros(key.signs_from));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn delete_signing_keys(&mut self, realm: RealmId, up_to: u32) -> Result<()> {
        let delete = query("DELETE FROM usermgmt_signing_key WHERE realm = $1 AND number <= $2");
        self.any(delete.bind(realm.to_string()).bind(i64::from(up_to))).await.map(drop)
    }

    /// Holds the row of a user until the transaction ends.
    pub(super) async fn lock_user(&mut self, user: UserId) -> Result<()> {
        let lock = query(concat!("SELECT 1 FROM usermgmt_user WHERE id = $1", lock_exclusive!("usermgmt_user")));
        self.wire.row(lock.bind(user.to_string())).await.map(drop)
    }

    pub(super) async fn max_sessions(&mut self, user: UserId, max: u32) -> Result<()> {
        let count = query(
            "SELECT count(*) AS running FROM usermgmt_session \
             JOIN usermgmt_user ON usermgmt_user.id = usermgmt_session.user_id WHERE usermgmt_session.user_id = $1 \
             AND usermgmt_session.auth_epoch = usermgmt_user.auth_epoch AND usermgmt_session.ended_at IS NULL \
             AND usermgmt_session.expires_at > $2 AND $2 - usermgmt_session.seen_at < usermgmt_session.idle_micros",
        );
        let row = self.wire.row(count.bind(user.to_string()).bind(self.now)).await?;
        let running: u32 = row.map_or(Ok(0), |row| Cells::new(&row).number("running"))?;
        if running <= max { Ok(()) } else { Err(StoreError::new(CONFLICT)) }
    }

    pub(super) async fn end_session(&mut self, user: UserId, id: SessionId) -> Result<()> {
        let update =
            query("UPDATE usermgmt_session SET ended_at = $3 WHERE user_id = $1 AND id = $2 AND ended_at IS NULL");
        self.any(update.bind(user.to_string()).bind(id.to_string()).bind(self.now)).await.map(drop)
    }
}
