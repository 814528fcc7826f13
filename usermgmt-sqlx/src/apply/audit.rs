//! Writes of audit events, of the change sequence and of the key-check value.

use sqlx::query;
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{Actor, AuditEvent, Subject};
use usermgmt_core::store::{Result, StoreErrorKind, UniqueKey};

use super::super::APPEND_CHANGE;
use super::Apply;
use crate::error::duplicate;
use crate::value::{int, json, maybe_text, micros, text};

impl Apply<'_> {
    pub(super) async fn put_event(&mut self, event: &AuditEvent) -> Result<()> {
        let chain = event.org.map_or_else(|| event.realm.to_string(), |org| org.to_string());
        let (actor, user, session, reason) = match &event.actor {
            Actor::Anonymous => ("anonymous", None, None, None),
            Actor::User { user, session } => ("user", Some(*user), *session, None),
            Actor::System { reason } => ("system", None, None, Some(reason)),
        };
        let insert = query(
            "INSERT INTO usermgmt_audit (chain, id, realm, org_id, kind, outcome, actor, actor_user_id, \
             actor_session_id, actor_reason, subject_id, address, detail, salt, happened_at, seal_number, seal_mac) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) \
             ON CONFLICT (chain, id) DO NOTHING",
        )
        .bind(chain)
        .bind(event.id.to_string())
        .bind(event.realm.to_string())
        .bind(event.org.map(|org| org.to_string()))
        .bind(event.kind.as_str())
        .bind(event.outcome.as_str())
        .bind(actor)
        .bind(user.map(|user| user.to_string()))
        .bind(session.map(|session| session.to_string()))
        .bind(maybe_text(reason)?)
        .bind(event.subject.map(|subject| subject.to_string()))
        .bind(maybe_text(event.address.as_ref())?)
        .bind(json(&event.detail)?)
        .bind(event.salt.as_slice())
        .bind(micros(event.at))
        .bind(event.seal.as_ref().map(|seal| int(seal.number)))
        .bind(event.seal.as_ref().map(|seal| seal.mac.as_slice()));
        self.one(insert, duplicate(UniqueKey::Id)).await
    }

    pub(super) async fn append(&mut self, subject: Subject) -> Result<()> {
        let (user, session, org) = match subject {
            Subject::User(user) => (Some(user), None, None),
            Subject::Session(session) => (None, Some(session), None),
            Subject::Org(org) => (None, None, Some(org)),
            Subject::Member(org, user) => (Some(user), None, Some(org)),
        };
        let insert = query(APPEND_CHANGE)
            .bind(user.map(|user| user.to_string()))
            .bind(session.map(|session| session.to_string()))
            .bind(org.map(|org| org.to_string()))
            .bind(self.now);
        self.any(insert).await.map(drop)
    }

    pub(super) async fn put_key_check(&mut self, check: &KeyCheck) -> Result<()> {
        let insert = query(
            "INSERT INTO usermgmt_key_check (only_row, key_id, tag) VALUES (1, $1, $2) \
             ON CONFLICT (only_row) DO NOTHING",
        );
        let insert = insert.bind(text(&check.key_id)?).bind(check.tag.as_slice());
        self.one(insert, duplicate(UniqueKey::KeyCheck)).await
    }

    pub(super) async fn move_key_check(&mut self, from: &str, to: &KeyCheck) -> Result<()> {
        let update = query("UPDATE usermgmt_key_check SET key_id = $1, tag = $2 WHERE key_id = $3");
        let update = update.bind(text(&to.key_id)?).bind(to.tag.as_slice()).bind(text(from)?);
        self.one(update, StoreErrorKind::Conflict).await
    }
}
