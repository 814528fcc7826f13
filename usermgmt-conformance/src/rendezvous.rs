//! Races that do not pass by luck.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::sync::Barrier;
use usermgmt_core::id::{CommitId, OutboxId, RealmId, SessionId, UserId, WorkerId};
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{OutboxRow, PrincipalRecord, Session};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{
    ChangeSet, Charge, CommitStore, Committed, OutboxStore, Result, SessionStore, ThrottleKey, ThrottleStore, Throttled,
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

    async fn principal_of(&self, realm: RealmId, user: UserId, session: SessionId) -> Result<Option<PrincipalRecord>> {
        let record = self.inner.principal_of(realm, user, session).await;
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

    async fn touch(&self, user: UserId, id: SessionId, seen_at: OffsetDateTime) -> Result<()> {
        self.inner.touch(user, id, seen_at).await
    }
}

usermgmt_core::forward_reads!(
    [] Rendezvous, |this| this.inner, |call| (),
    UserStore OrgStore MembershipStore PolicyStore TokenStore AttemptStore SigningKeyStore ApiKeyStore FactorStore AuditStore
    ChangeStore
    MaintenanceStore
);
