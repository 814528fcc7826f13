//! Mailed tokens and attempts.

use async_trait::async_trait;
use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::{RealmId, TokenId, UserId};
use usermgmt_core::model::{Attempt, Token, TokenKind};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{AttemptStore, Result, TokenStore};

use super::super::{Store, row};
use crate::value::micros;

#[async_trait]
impl TokenStore for Store {
    async fn token(&self, realm: RealmId, user: UserId, id: TokenId) -> Result<Option<Token>> {
        let read = query(concat!(
            "SELECT ",
            token_columns!(),
            " FROM usermgmt_token WHERE user_id = $1 AND id = $2 AND realm = $3"
        ));
        self.one(read.bind(user.to_string()).bind(id.to_string()).bind(realm.to_string()), row::token).await
    }

    async fn token_by_digest(&self, realm: RealmId, kind: TokenKind, digest: Digest) -> Result<Option<Token>> {
        let read = query(concat!(
            "SELECT ",
            token_columns!(),
            " FROM usermgmt_token WHERE digest = $1 AND realm = $2 AND kind = $3"
        ));
        let read = read.bind(digest.as_bytes().as_slice()).bind(realm.to_string()).bind(kind.as_str());
        self.one(read, row::token).await
    }

    async fn live_tokens(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Token>> {
        let read = query(concat!(
            "SELECT ",
            token_columns!(),
            " FROM usermgmt_token WHERE user_id = $1 AND consumed_at IS NULL AND expires_at > $2 ORDER BY id"
        ));
        self.all(read.bind(user.to_string()).bind(micros(now)), row::token).await
    }

    async fn token_of_browser(&self, realm: RealmId, kind: TokenKind, browser: Digest) -> Result<Option<Token>> {
        let read = query(concat!(
            "SELECT ",
            token_columns!(),
            " FROM usermgmt_token WHERE browser = $1 AND kind = $2 AND realm = $3 ORDER BY id DESC LIMIT 1"
        ));
        let read = read.bind(browser.as_bytes().as_slice()).bind(kind.as_str()).bind(realm.to_string());
        self.one(read, row::token).await
    }
}

#[async_trait]
impl AttemptStore for Store {
    async fn attempt(&self, realm: RealmId, digest: Digest) -> Result<Option<Attempt>> {
        let read =
            query(concat!("SELECT ", attempt_columns!(), " FROM usermgmt_attempt WHERE digest = $1 AND realm = $2"));
        self.one(read.bind(digest.as_bytes().as_slice()).bind(realm.to_string()), row::attempt).await
    }
}
