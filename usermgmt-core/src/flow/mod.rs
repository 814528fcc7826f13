//! What happens in a sign-up, a proof of an address, a sign-in.
//!
//! A flow reads, decides and answers with a [`ChangeSet`]; it commits nothing itself. Hashing, limits, retries and
//! sending belong to the service. Every flow can therefore run again from the start when a commit meets a conflict.

pub mod change_password;
pub mod emails;
pub mod factors;
pub mod magic_link;
pub mod mailed;
pub mod organization;
pub mod reset_password;
pub mod second_factor;
pub mod secure_account;
pub mod sent_code;
pub mod sign_in;
pub mod sign_up;
pub mod step_up;
pub mod usernames;
pub mod verify_email;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::audit;
use crate::contact::Contact;
use crate::error::Error;
use crate::id::{CommitId, EventId, OrgId, OutboxId, RealmId, TokenId, UserId};
use crate::keys::{KeyRing, Purpose};
use crate::limits;
use crate::model::{
    Actor, AuditEvent, AuditKind, AuditOutcome, EventTag, Identifier, Job, OutboxRow, Token, TokenKind, Version,
};
use crate::port::{Random, RandomError};
use crate::secret::{Bearer, Code, Digest};
use crate::store::{ChangeSet, Store, Write};

/// What every flow works with.
#[derive(Clone, Copy)]
pub struct Flow<'a> {
    /// The store.
    pub store: &'a dyn Store,
    /// The realm.
    pub realm: RealmId,
    /// The time, the same throughout one run of the flow.
    pub now: OffsetDateTime,
    /// Randomness.
    pub random: &'a dyn Random,
    /// The root keys.
    pub keys: &'a KeyRing,
    /// The address the request came from, as established by the trusted proxies.
    pub address: Option<&'a str>,
}

impl<'a> Flow<'a> {
    /// An empty change set of this flow.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn changes(&self) -> Result<ChangeSet, RandomError> {
        Ok(ChangeSet::new(CommitId::new(self.random, self.now)?, self.realm, self.now))
    }

    /// The write of an audit event that says all it has to say: now it gets its tag.
    #[must_use]
    pub fn record(&self, mut event: AuditEvent) -> Write {
        event.tag = audit::tag(self.keys, &event);
        Write::Audit(event)
    }

    /// An audit event of this flow, to be filled in and then [`record`](Self::record)ed.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn event(&self, kind: AuditKind, actor: Actor) -> Result<AuditEvent, RandomError> {
        let mut salt = [0; 16];
        self.random.fill(&mut salt)?;
        Ok(AuditEvent {
            id: EventId::new(self.random, self.now)?,
            realm: self.realm,
            org: None,
            kind,
            outcome: AuditOutcome::Success,
            actor,
            subject: None,
            address: self.address.map(str::to_owned),
            detail: json!({}),
            salt,
            erased: None,
            tag: EventTag { key_id: String::new(), mac: [0; 32] },
            at: self.now,
            seal: None,
        })
    }

    /// The write of an audit event about a user.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn audit(&self, kind: AuditKind, actor: Actor, subject: UserId, detail: Value) -> Result<Write, RandomError> {
        Ok(self.record(AuditEvent { subject: Some(subject), detail, ..self.event(kind, actor)? }))
    }

    /// The write of an audit event that belongs to an organisation.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn audit_in(&self, org: OrgId, kind: AuditKind, actor: Actor, detail: Value) -> Result<Write, RandomError> {
        Ok(self.record(AuditEvent { org: Some(org), detail, ..self.event(kind, actor)? }))
    }

    /// The write that promises a job, due at once.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn job(&self, job: Job) -> Result<Write, RandomError> {
        self.job_at(job, self.now)
    }

    /// The write that promises a job, due at a later time.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn job_at(&self, job: Job, due_at: OffsetDateTime) -> Result<Write, RandomError> {
        Ok(Write::PutJob(OutboxRow {
            id: OutboxId::new(self.random, self.now)?,
            realm: self.realm,
            job,
            due_at,
            tries: 0,
            lease: None,
            dead_at: None,
            created_at: self.now,
        }))
    }

    /// The row of an address or number as the primary one of its kind.
    #[must_use]
    pub fn identifier(&self, contact: &Contact, user: UserId, verified_at: Option<OffsetDateTime>) -> Identifier {
        Identifier {
            realm: self.realm,
            kind: contact.kind(),
            canonical: contact.canonical().to_owned(),
            display: contact.display().to_owned(),
            canonical_version: contact.canonical_version(),
            user,
            primary: true,
            verified_at,
            undeliverable_at: None,
            created_at: self.now,
            version: Version::NEW,
        }
    }

    /// A new token that proves an address.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn token(
        &self,
        kind: TokenKind,
        user: UserId,
        contact: &Contact,
        browser: Option<Digest>,
    ) -> Result<Token, RandomError> {
        let id = TokenId::new(self.random, self.now)?;
        let link = Bearer::derive(kind.bearer(), &self.keys.derive(Purpose::MailedToken), &id.to_string());
        Ok(Token {
            id,
            realm: self.realm,
            kind,
            user,
            digest: link.digest(),
            key_id: self.keys.current_id().to_owned(),
            browser,
            canonical: contact.canonical().to_owned(),
            display: contact.display().to_owned(),
            label: None,
            replaces_primary: false,
            tries_left: limits::CODE_TRIES,
            code_expires_at: self.now + limits::CODE_LIFE,
            expires_at: self.now + kind.life(),
            consumed_at: None,
            created_at: self.now,
        })
    }
}

/// Link and code of a token, derived again; `None` when the ring no longer has the token's key.
#[must_use]
pub fn mailed_secrets(keys: &KeyRing, token: &Token) -> Option<(Bearer, Code)> {
    let key = keys.derive_with(&token.key_id, Purpose::MailedToken)?;
    let row = token.id.to_string();
    Some((Bearer::derive(token.kind.bearer(), &key, &row), Code::derive(&key, &row, token.kind.code_digits())))
}

/// A flow's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;
