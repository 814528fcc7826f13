//! A store whose limits are counted in Redis.

use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;
use usermgmt_core::id::CommitId;
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::store::{
    ChangeSet, Charge, CommitStore, Committed, Result, Store, ThrottleKey, ThrottleStore, Throttled,
};

use crate::RedisThrottle;

/// A store together with a [`RedisThrottle`]: limits are counted in Redis, everything else is asked of the store. Clones
/// share both.
///
/// Counters need no sweep, so a sweep goes to the store alone; and a ping says whether the store answers, for while Redis
/// is down whoever is signed in can go on.
#[derive(Clone, Debug)]
pub struct RedisThrottled<S> {
    store: S,
    throttle: Arc<RedisThrottle>,
}

impl<S: Store> RedisThrottled<S> {
    /// This store, with limits counted there.
    pub fn new(store: S, throttle: RedisThrottle) -> Self {
        Self { store, throttle: Arc::new(throttle) }
    }

    /// The store itself, for transactions of the application.
    pub const fn store(&self) -> &S {
        &self.store
    }
}

usermgmt_core::forward_reads!(
    [S: Store] RedisThrottled<S>, |this| this.store, |_call| (),
    UserStore OrgStore MembershipStore PolicyStore TokenStore AttemptStore
    SessionStore SigningKeyStore ApiKeyStore FactorStore OutboxStore AuditStore ChangeStore MaintenanceStore
);

#[async_trait]
impl<S: Store> CommitStore for RedisThrottled<S> {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        self.store.commit(changes).await
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        self.store.committed(id).await
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        self.store.key_check().await
    }
}

#[async_trait]
impl<S: Store> ThrottleStore for RedisThrottled<S> {
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>> {
        self.throttle.charge(charges, now).await
    }

    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()> {
        self.throttle.refund(keys, now).await
    }
}
