//! The reference store: everything in memory, the whole contract, nothing durable.
//!
//! For tests, demonstrations and as the text to read beside the contract. Every commit is applied to a copy of the
//! tables, which replaces them only if all writes succeeded.

mod api_keys;
mod apply;
mod factors;
mod reads;
mod tables;
mod throttle;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tables::Tables;

use crate::id::CommitId;
use crate::keys::KeyCheck;
use crate::store::{ChangeSet, CommitStore, Committed, Result, StoreError, StoreErrorKind};

/// A store that lives and dies with the process. Clones share the same data.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Inner>);

#[derive(Default)]
struct Inner {
    tables: Mutex<Tables>,
    counters: Mutex<throttle::Counters>,
    unavailable: std::sync::atomic::AtomicBool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every call fail as unavailable, or work again: for tests of what the application does when its store is
    /// down.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.0.unavailable.store(unavailable, std::sync::atomic::Ordering::SeqCst);
    }

    fn check(&self) -> Result<()> {
        if self.0.unavailable.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Unavailable));
        }
        Ok(())
    }

    fn tables(&self) -> Result<MutexGuard<'_, Tables>> {
        self.check()?;
        // A panic while the lock was held cannot have left half a commit: tables are replaced whole.
        Ok(self.0.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn counters(&self) -> Result<MutexGuard<'_, throttle::Counters>> {
        self.check()?;
        Ok(self.0.counters.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[async_trait]
impl CommitStore for MemoryStore {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        let mut live = self.tables()?;
        let mut next = live.clone();
        let committed = next.apply(changes)?;
        *live = next;
        Ok(committed)
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        Ok(self.tables()?.commits.contains_key(&id))
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        Ok(self.tables()?.key_check.clone())
    }
}
