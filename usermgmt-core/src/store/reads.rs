//! The traits, cut by entity.

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{ChangeSet, Committed, Result};
use crate::id::{ApiKeyId, CommitId, EventId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId, WorkerId};
use crate::keys::KeyCheck;
use crate::model::{
    ApiKey, ApiKeyRecord, Attempt, AuditEvent, AuditFilter, Changes, Factor, FactorKinds, Identifier, IdentifierKind,
    KeyOwner, MemberFilter, MemberRecord, Membership, Org, OrgProfile, OutboxRow, PasswordCredential, PrincipalRecord,
    Profile, Seal, Session, SignInRecord, SigningKey, Token, TokenKind, User, UserFilter,
};
use crate::page::{Page, PageRequest};
use crate::policy::AuthPolicy;
use crate::secret::Digest;

/// Reads of users, their identifiers and passwords.
#[async_trait]
pub trait UserStore: Send + Sync + 'static {
    /// A user of this realm.
    async fn user(&self, realm: RealmId, id: UserId) -> Result<Option<User>>;

    /// The users of this realm that the filter lets through, by id.
    async fn users(&self, realm: RealmId, filter: &UserFilter, page: PageRequest<UserId>)
    -> Result<Page<User, UserId>>;

    /// The users of this realm among these, by id. Whoever is named twice is answered once.
    async fn users_among(&self, realm: RealmId, ids: &[UserId]) -> Result<Vec<User>>;

    /// The profile of a user, if one was written.
    async fn profile(&self, user: UserId) -> Result<Option<Profile>>;

    /// The identifiers of a user, ordered by kind and canonical form.
    async fn identifiers(&self, user: UserId) -> Result<Vec<Identifier>>;

    /// The password of a user.
    async fn password(&self, user: UserId) -> Result<Option<PasswordCredential>>;

    /// Identifier, user and password behind a presented name, in one read.
    async fn sign_in_record(
        &self,
        realm: RealmId,
        kind: IdentifierKind,
        canonical: &str,
    ) -> Result<Option<SignInRecord>>;
}

/// Reads of organisations.
#[async_trait]
pub trait OrgStore: Send + Sync + 'static {
    /// An organisation of this realm.
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>>;

    /// The organisation of this realm with this slug.
    async fn org_by_slug(&self, realm: RealmId, slug: &str) -> Result<Option<Org>>;

    /// The organisations of this realm, by id.
    async fn orgs(&self, realm: RealmId, page: PageRequest<OrgId>) -> Result<Page<Org, OrgId>>;

    /// The facts about an organisation, if any were written.
    async fn org_profile(&self, org: OrgId) -> Result<Option<OrgProfile>>;
}

/// Reads of memberships.
#[async_trait]
pub trait MembershipStore: Send + Sync + 'static {
    /// The membership of one user in this organisation.
    async fn membership(&self, org: OrgId, user: UserId) -> Result<Option<Membership>>;

    /// One member of this organisation, as [`members`](Self::members) lists them.
    async fn member(&self, org: OrgId, user: UserId) -> Result<Option<MemberRecord>>;

    /// The members of this organisation that the filter lets through, by user id.
    async fn members(
        &self,
        org: OrgId,
        filter: &MemberFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<MemberRecord, UserId>>;

    /// Somebody who has none of these factors, among the active members of this organisation with an active account;
    /// which one of them is the store's choice.
    async fn member_without(&self, org: OrgId, factors: FactorKinds) -> Result<Option<UserId>>;

    /// The organisations of a user with the membership in each, by organisation id.
    async fn memberships_of(&self, user: UserId, page: PageRequest<OrgId>) -> Result<Page<(Org, Membership), OrgId>>;
}

/// Reads of policies.
#[async_trait]
pub trait PolicyStore: Send + Sync + 'static {
    /// The policy of an organisation and its epoch.
    async fn policy(&self, org: OrgId) -> Result<Option<(AuthPolicy, u64)>>;
}

/// Reads of mailed tokens, live or not: the rules decide.
///
/// A token, an attempt and a session is named by user and id, so that a store may keep each user's rows apart. Only
/// whoever presents a secret is looked up without the user, by its digest. Secrets are of 256 random bits: no two rows
/// have the same, and no store has to see to it; if two had, every write would still be to the row of the user it names.
#[async_trait]
pub trait TokenStore: Send + Sync + 'static {
    /// The token of this user with this id.
    async fn token(&self, realm: RealmId, user: UserId, id: TokenId) -> Result<Option<Token>>;

    /// The token of this kind whose link has this digest.
    async fn token_by_digest(&self, realm: RealmId, kind: TokenKind, digest: Digest) -> Result<Option<Token>>;

    /// The tokens of this user that are live at `now`, by id.
    async fn live_tokens(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Token>>;

    /// The newest token of this kind that this browser asked for.
    async fn token_of_browser(&self, realm: RealmId, kind: TokenKind, browser: Digest) -> Result<Option<Token>>;
}

/// Reads of attempts, live or not: the rules decide.
#[async_trait]
pub trait AttemptStore: Send + Sync + 'static {
    /// The attempt whose cookie has this digest.
    async fn attempt(&self, realm: RealmId, digest: Digest) -> Result<Option<Attempt>>;
}

/// Sessions: the hot reads, and the activity mark, which is no part of any commit.
#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Everything the session check needs, in one composed read; also for a session that has ended or expired.
    async fn principal(&self, realm: RealmId, digest: Digest) -> Result<Option<PrincipalRecord>>;

    /// The same by user and id, for a caller whom something else than the session's secret has proven.
    async fn principal_of(&self, realm: RealmId, user: UserId, session: SessionId) -> Result<Option<PrincipalRecord>>;

    /// The sessions of a user that have neither ended nor expired at `now` and belong to the user's present epoch,
    /// newest id first.
    async fn sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>>;

    /// Marks activity of a session of this user. Never moves the mark back, never revives an ended session.
    async fn touch(&self, user: UserId, id: SessionId, seen_at: OffsetDateTime) -> Result<()>;
}

/// Keys that sign access tokens.
#[async_trait]
pub trait SigningKeyStore: Send + Sync + 'static {
    /// All of this realm, by number.
    async fn signing_keys(&self, realm: RealmId) -> Result<Vec<SigningKey>>;
}

/// API keys, living or not: the rules decide.
#[async_trait]
pub trait ApiKeyStore: Send + Sync + 'static {
    /// Everything the check of a key needs, in one composed read.
    async fn api_key_record(&self, realm: RealmId, digest: Digest) -> Result<Option<ApiKeyRecord>>;

    /// A key of this owner.
    async fn api_key(&self, owner: KeyOwner, id: ApiKeyId) -> Result<Option<ApiKey>>;

    /// The keys of this owner, newest id first.
    async fn api_keys(&self, owner: KeyOwner, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>>;

    /// The keys that act in this organisation, its own and those of its members, newest id first.
    async fn api_keys_in(&self, org: OrgId, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>>;

    /// Marks that a key was used. Never moves the mark back, never makes an ended key live.
    async fn touch_api_key(&self, owner: KeyOwner, id: ApiKeyId, used_at: OffsetDateTime) -> Result<()>;
}

/// Factors besides the password, in force or not: the rules decide.
#[async_trait]
pub trait FactorStore: Send + Sync + 'static {
    /// The factors of a user, by id.
    async fn factors(&self, user: UserId) -> Result<Vec<Factor>>;

    /// The factor in this realm that an authenticator presents by this credential.
    async fn factor_by_credential(&self, realm: RealmId, credential: Digest) -> Result<Option<Factor>>;
}

/// The outbox.
#[async_trait]
pub trait OutboxStore: Send + Sync + 'static {
    /// Leases up to `limit` jobs that are due and held by nobody at `now`, oldest first, each to exactly one worker
    /// until `until`, and counts the try.
    async fn lease(
        &self,
        realm: RealmId,
        worker: WorkerId,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<OutboxRow>>;

    /// Jobs that are not given up, leased or not, by id: what still has to happen.
    async fn pending_jobs(&self, realm: RealmId, page: PageRequest<OutboxId>) -> Result<Page<OutboxRow, OutboxId>>;
}

/// Reads of the audit log.
#[async_trait]
pub trait AuditStore: Send + Sync + 'static {
    /// Events of one organisation (or, with `None`, of the realm outside any organisation) that the filter lets
    /// through, newest id first.
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        filter: &AuditFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>>;

    /// One event of one organisation (or of the realm).
    async fn event(&self, realm: RealmId, org: Option<OrgId>, id: EventId) -> Result<Option<AuditEvent>>;

    /// The organisations of this realm with events that are not sealed yet, by id.
    async fn unsealed_orgs(&self, realm: RealmId, page: PageRequest<OrgId>) -> Result<Page<OrgId, OrgId>>;

    /// Up to `limit` events of one organisation (or of the realm) that are not sealed yet, by id.
    async fn unsealed_events(&self, realm: RealmId, org: Option<OrgId>, limit: u32) -> Result<Vec<AuditEvent>>;

    /// Up to `limit` sealed events of one organisation (or of the realm) whose number in the chain is above `after`,
    /// by number.
    async fn sealed_events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>>;

    /// The last seal of one organisation's (or the realm's) chain, as it was written beside the chain.
    async fn chain_head(&self, realm: RealmId, org: Option<OrgId>) -> Result<Option<Seal>>;
}

/// The change sequence.
#[async_trait]
pub trait ChangeStore: Send + Sync + 'static {
    /// Up to `limit` changes with a number above `after`, in order, and the place to read on from: a number that could
    /// still become visible late is never passed over.
    ///
    /// # Errors
    /// A store that can lose commits when another server takes over answers [`Conflict`](super::StoreErrorKind::Conflict)
    /// to a place that was handed out before: forget everything and begin with [`change_place`](Self::change_place).
    async fn changes(&self, after: u64, limit: u32) -> Result<Changes>;

    /// A place from which on a reader misses nothing that is committed after this call.
    async fn change_place(&self) -> Result<u64>;
}

/// The one write verb.
#[async_trait]
pub trait CommitStore: Send + Sync + 'static {
    /// Applies the change set, as a whole or not at all.
    ///
    /// # Errors
    /// See [`StoreErrorKind`](super::StoreErrorKind). After every error but `OutcomeUnknown` nothing is written.
    async fn commit(&self, changes: ChangeSet) -> Result<Committed>;

    /// Whether a change set with this id was committed within the last day.
    async fn committed(&self, id: CommitId) -> Result<bool>;

    /// The key-check value that was committed, if any.
    async fn key_check(&self) -> Result<Option<KeyCheck>>;
}

/// What may be swept, by kind of row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepBefore {
    /// Sessions, tokens, attempts and API keys that ended or expired before then.
    pub spent: OffsetDateTime,
    /// Commit ids and changes older than this.
    pub commits: OffsetDateTime,
    /// Counters whose window ended before then.
    pub throttle: OffsetDateTime,
}

/// Upkeep.
#[async_trait]
pub trait MaintenanceStore: Send + Sync + 'static {
    /// Removes up to `limit` rows of each kind that nothing needs any more; answers how many went.
    async fn sweep(&self, before: SweepBefore, limit: u32) -> Result<u64>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<()>;
}
