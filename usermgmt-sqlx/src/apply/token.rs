//! Writes of mailed tokens and of attempts.

use sqlx::query;
use usermgmt_core::id::{AttemptId, TokenId, UserId};
use usermgmt_core::model::{Attempt, Token, TokenKind};
use usermgmt_core::store::{Guard, Result, StoreError, UniqueKey};

use super::super::cells::Cells;
use super::{Apply, maybe_micros};
use crate::error::{duplicate, refused};
use crate::value::{int, json, maybe_text, micros, text};

impl Apply<'_> {
    pub(super) async fn put_token(&mut self, token: &Token) -> Result<()> {
        let insert = query(
            "INSERT INTO usermgmt_token (user_id, id, realm, kind, digest, key_id, browser, canonical, display, \
             label, replaces_primary, tries_left, code_expires_at, expires_at, consumed_at, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
             ON CONFLICT (user_id, id) DO NOTHING",
        )
        .bind(token.user.to_string())
        .bind(token.id.to_string())
        .bind(token.realm.to_string())
        .bind(token.kind.as_str())
        .bind(token.digest.as_bytes().as_slice())
        .bind(text(&token.key_id)?)
        .bind(token.browser.as_ref().map(|browser| browser.as_bytes().as_slice()))
        .bind(text(&token.canonical)?)
        .bind(text(&token.display)?)
        .bind(maybe_text(token.label.as_ref())?)
        .bind(token.replaces_primary)
        .bind(i64::from(token.tries_left))
        .bind(micros(token.code_expires_at))
        .bind(micros(token.expires_at))
        .bind(maybe_micros(token.consumed_at))
        .bind(micros(token.created_at));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn count_try(&mut self, user: UserId, id: TokenId) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_token SET tries_left = tries_left - 1 WHERE user_id = $1 AND id = $2 \
             AND consumed_at IS NULL AND expires_at > $3 AND code_expires_at > $3 AND tries_left > 0 \
             RETURNING tries_left",
        );
        let update = update.bind(user.to_string()).bind(id.to_string()).bind(self.now);
        let row = self.wire.row(update).await?.ok_or_else(|| StoreError::new(refused(Guard::Tries)))?;
        let left = Cells::new(&row).number("tries_left")?;
        self.committed.tries_left.push((id, left));
        Ok(())
    }

    pub(super) async fn consume_token(&mut self, user: UserId, id: TokenId) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_token SET consumed_at = $3 \
             WHERE user_id = $1 AND id = $2 AND consumed_at IS NULL AND expires_at > $3",
        );
        let update = update.bind(user.to_string()).bind(id.to_string()).bind(self.now);
        self.one(update, refused(Guard::Token)).await
    }

    pub(super) async fn revoke_tokens(&mut self, user: UserId, kind: TokenKind) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_token SET consumed_at = $3 WHERE user_id = $1 AND kind = $2 AND consumed_at IS NULL",
        );
        self.any(update.bind(user.to_string()).bind(kind.as_str()).bind(self.now)).await.map(drop)
    }

    pub(super) async fn put_attempt(&mut self, attempt: &Attempt) -> Result<()> {
        self.put(
            attempt.version,
            "INSERT INTO usermgmt_attempt (user_id, id, realm, purpose, digest, browser, proofs, canonical, org_id, \
             persistent, auth_epoch, consumed_at, expires_at, created_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 + 1) \
             ON CONFLICT (user_id, id) DO NOTHING",
            "UPDATE usermgmt_attempt SET realm = $3, purpose = $4, digest = $5, browser = $6, \
             proofs = $7, canonical = $8, org_id = $9, persistent = $10, auth_epoch = $11, consumed_at = $12, \
             expires_at = $13, created_at = $14, version = $15 + 1 \
             WHERE user_id = $1 AND id = $2 AND version = $15",
            |query| {
                Ok(query
                    .bind(attempt.user.to_string())
                    .bind(attempt.id.to_string())
                    .bind(attempt.realm.to_string())
                    .bind(attempt.purpose.as_str())
                    .bind(attempt.digest.as_bytes().as_slice())
                    .bind(attempt.browser.as_bytes().as_slice())
                    .bind(json(&attempt.proofs)?)
                    .bind(text(&attempt.canonical)?)
                    .bind(attempt.org.map(|org| org.to_string()))
                    .bind(attempt.persistent)
                    .bind(int(attempt.auth_epoch))
                    .bind(maybe_micros(attempt.consumed_at))
                    .bind(micros(attempt.expires_at))
                    .bind(micros(attempt.created_at)))
            },
        )
        .await
    }

    pub(super) async fn consume_attempt(&mut self, user: UserId, id: AttemptId) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_attempt SET consumed_at = $3, version = version + 1 \
             WHERE user_id = $1 AND id = $2 AND consumed_at IS NULL AND expires_at > $3",
        );
        let update = update.bind(user.to_string()).bind(id.to_string()).bind(self.now);
        self.one(update, refused(Guard::Attempt)).await
    }
}
