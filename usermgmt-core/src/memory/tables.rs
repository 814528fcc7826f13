//! The tables. Maps share their rows, so copying all tables costs a pointer for each row.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use time::OffsetDateTime;

use crate::id::{
    ApiKeyId, AttemptId, CommitId, EventId, FactorId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId,
};
use crate::keys::KeyCheck;
use crate::model::{
    ApiKey, Attempt, AuditEvent, Change, Factor, Identifier, IdentifierKind, KeyOwner, Membership, Org, OrgProfile,
    OutboxRow, PasswordCredential, Profile, Seal, Session, SigningKey, Token, User,
};
use crate::secret::Digest;

pub(super) type Table<K, V> = BTreeMap<K, Arc<V>>;
pub(super) type IdentifierKey = (RealmId, IdentifierKind, String);

#[derive(Clone, Default)]
pub(super) struct Tables {
    pub(super) users: Table<UserId, User>,
    pub(super) identifiers: Table<IdentifierKey, Identifier>,
    pub(super) passwords: Table<UserId, PasswordCredential>,
    pub(super) profiles: Table<UserId, Profile>,
    pub(super) orgs: Table<OrgId, Org>,
    pub(super) org_profiles: Table<OrgId, OrgProfile>,
    pub(super) memberships: Table<(OrgId, UserId), Membership>,
    pub(super) tokens: Table<(UserId, TokenId), Token>,
    pub(super) attempts: Table<(UserId, AttemptId), Attempt>,
    pub(super) sessions: Table<(UserId, SessionId), Session>,
    pub(super) session_digests: BTreeSet<(Digest, UserId, SessionId)>,
    pub(super) signing_keys: Table<(RealmId, u32), SigningKey>,
    pub(super) api_keys: Table<(KeyOwner, ApiKeyId), ApiKey>,
    pub(super) factors: Table<(UserId, FactorId), Factor>,
    pub(super) credentials: BTreeMap<(RealmId, Digest), (UserId, FactorId)>,
    pub(super) outbox: Table<OutboxId, OutboxRow>,
    pub(super) audit: Table<EventId, AuditEvent>,
    pub(super) chain_heads: Table<(RealmId, Option<OrgId>), Seal>,
    pub(super) changes: Vec<Change>,
    pub(super) last_change: u64,
    pub(super) commits: BTreeMap<CommitId, OffsetDateTime>,
    pub(super) key_check: Option<KeyCheck>,
}
