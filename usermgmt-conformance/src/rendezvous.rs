//! Races that do not pass by luck.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::Barrier;
use usermgmt_core::id::{CommitId, EventId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId, WorkerId};
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{
    Attempt, AuditEvent, Changes, Identifier, IdentifierKind, Membership, Org, OutboxRow, PasswordCredential,
    PrincipalRecord, Session, SignInRecord, Token, TokenKind, User,
};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{
    AttemptStore, AuditStore, ChangeSet, ChangeStore, Charge, CommitStore, Committed, MaintenanceStore,
    MembershipStore, OrgStore, OutboxStore, PolicyStore, Result, SessionStore, SweepBefore, ThrottleKey, ThrottleStore,
    Throttled, TokenStore, UserStore,
};

use crate::{AnyStore, Proving};

/// A call at which a [`Rendezvous`] holds its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// `commit`, before it begins: whoever commits then does so on what it read before.
    Commit,
    /// `charge`, before it begins.
    Charge,
    /// `lease`, before it begins.
    Lease,
    /// `principal`, after the read and before its answer: whoever gets the answer then gets it late.
    Principal,
}

enum Gate {
    /// The first callers wait for each other.
    Meet { left: AtomicUsize, barrier: Barrier },
    /// The first caller waits until this is done.
    Interrupt(Mutex<Option<Proving>>),
}

impl Gate {
    async fn pass(&self) {
        match self {
            Self::Meet { left, barrier } => {
                let early = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                if early {
                    barrier.wait().await;
                }
            }
            Self::Interrupt(first) => {
                let interruption = first.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(interruption) = interruption {
                    interruption.await;
                }
            }
        }
    }
}

/// A store that holds its first callers, so that every racer acts on stale reads. Everything else it forwards.
///
/// Spawning eight tasks proves little: they tend to run one after the other, and a store that ignores versions passes.
/// Behind a rendezvous all of them have read before the first of them writes:
///
/// ```
/// use std::sync::Arc;
/// use usermgmt_conformance::{AnyStore, Call, Rendezvous};
/// use usermgmt_core::MemoryStore;
///
/// let store: AnyStore = Arc::new(MemoryStore::new());
/// // The first eight commits start together, once all eight have been called.
/// let race: AnyStore = Rendezvous::of(store, Call::Commit, 8);
/// ```
///
/// If fewer callers than announced arrive, they wait for ever: give a test a limit.
pub struct Rendezvous {
    inner: AnyStore,
    call: Call,
    gate: Gate,
}

impl Rendezvous {
    /// The first `callers` of this call go on together, once all have arrived. Later ones are not held.
    #[must_use]
    pub fn of(inner: AnyStore, call: Call, callers: usize) -> Arc<Self> {
        let gate = Gate::Meet { left: callers.into(), barrier: Barrier::new(callers) };
        Arc::new(Self { inner, call, gate })
    }

    /// The first caller goes on once `interruption` is done: what happens between a check and its commit. The
    /// interruption works on the store behind this one.
    #[must_use]
    pub fn interrupted(
        inner: AnyStore,
        call: Call,
        interruption: impl Future<Output = ()> + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { inner, call, gate: Gate::Interrupt(Mutex::new(Some(Box::pin(interruption)))) })
    }

    async fn at(&self, call: Call) {
        if self.call == call {
            self.gate.pass().await;
        }
    }
}

impl std::fmt::Debug for Rendezvous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rendezvous at {:?}", self.call)
    }
}

#[async_trait]
impl CommitStore for Rendezvous {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        self.at(Call::Commit).await;
        self.inner.commit(changes).await
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        self.inner.committed(id).await
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        self.inner.key_check().await
    }
}

#[async_trait]
impl ThrottleStore for Rendezvous {
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>> {
        self.at(Call::Charge).await;
        self.inner.charge(charges, now).await
    }

    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()> {
        self.inner.refund(keys, now).await
    }
}

#[async_trait]
impl OutboxStore for Rendezvous {
    async fn lease(
        &self,
        realm: RealmId,
        worker: WorkerId,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<OutboxRow>> {
        self.at(Call::Lease).await;
        self.inner.lease(realm, worker, now, until, limit).await
    }

    async fn pending_jobs(&self, realm: RealmId, page: PageRequest<OutboxId>) -> Result<Page<OutboxRow, OutboxId>> {
        self.inner.pending_jobs(realm, page).await
    }
}

#[async_trait]
impl SessionStore for Rendezvous {
    async fn principal(&self, realm: RealmId, digest: Digest) -> Result<Option<PrincipalRecord>> {
        let record = self.inner.principal(realm, digest).await;
        self.at(Call::Principal).await;
        record
    }

    async fn sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>> {
        self.inner.sessions(user, now, page).await
    }

    async fn touch(&self, id: SessionId, seen_at: OffsetDateTime) -> Result<()> {
        self.inner.touch(id, seen_at).await
    }
}

#[async_trait]
impl UserStore for Rendezvous {
    async fn user(&self, realm: RealmId, id: UserId) -> Result<Option<User>> {
        self.inner.user(realm, id).await
    }

    async fn users(&self, realm: RealmId, page: PageRequest<UserId>) -> Result<Page<User, UserId>> {
        self.inner.users(realm, page).await
    }

    async fn identifiers(&self, user: UserId) -> Result<Vec<Identifier>> {
        self.inner.identifiers(user).await
    }

    async fn password(&self, user: UserId) -> Result<Option<PasswordCredential>> {
        self.inner.password(user).await
    }

    async fn sign_in_record(
        &self,
        realm: RealmId,
        kind: IdentifierKind,
        canonical: &str,
    ) -> Result<Option<SignInRecord>> {
        self.inner.sign_in_record(realm, kind, canonical).await
    }
}

#[async_trait]
impl OrgStore for Rendezvous {
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>> {
        self.inner.org(realm, id).await
    }
}

#[async_trait]
impl MembershipStore for Rendezvous {
    async fn membership(&self, org: OrgId, user: UserId) -> Result<Option<Membership>> {
        self.inner.membership(org, user).await
    }

    async fn members(&self, org: OrgId, page: PageRequest<UserId>) -> Result<Page<Membership, UserId>> {
        self.inner.members(org, page).await
    }

    async fn memberships_of(&self, user: UserId, page: PageRequest<OrgId>) -> Result<Page<(Org, Membership), OrgId>> {
        self.inner.memberships_of(user, page).await
    }
}

#[async_trait]
impl PolicyStore for Rendezvous {
    async fn policy(&self, org: OrgId) -> Result<Option<(AuthPolicy, u64)>> {
        self.inner.policy(org).await
    }
}

#[async_trait]
impl TokenStore for Rendezvous {
    async fn token(&self, realm: RealmId, id: TokenId) -> Result<Option<Token>> {
        self.inner.token(realm, id).await
    }

    async fn token_by_digest(&self, realm: RealmId, kind: TokenKind, digest: Digest) -> Result<Option<Token>> {
        self.inner.token_by_digest(realm, kind, digest).await
    }

    async fn token_of_browser(&self, realm: RealmId, kind: TokenKind, browser: Digest) -> Result<Option<Token>> {
        self.inner.token_of_browser(realm, kind, browser).await
    }
}

#[async_trait]
impl AttemptStore for Rendezvous {
    async fn attempt(&self, realm: RealmId, digest: Digest) -> Result<Option<Attempt>> {
        self.inner.attempt(realm, digest).await
    }
}

#[async_trait]
impl AuditStore for Rendezvous {
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>> {
        self.inner.events(realm, org, page).await
    }
}

#[async_trait]
impl ChangeStore for Rendezvous {
    async fn changes(&self, after: u64, limit: u32) -> Result<Changes> {
        self.inner.changes(after, limit).await
    }

    async fn change_place(&self) -> Result<u64> {
        self.inner.change_place().await
    }
}

#[async_trait]
impl MaintenanceStore for Rendezvous {
    async fn sweep(&self, before: SweepBefore, limit: u32) -> Result<u64> {
        self.inner.sweep(before, limit).await
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }
}
