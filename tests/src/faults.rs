//! A store that fails on purpose, and counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use usermgmt_core::id::CommitId;
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::store::{ChangeSet, CommitStore, Committed, Result, Store, StoreError, StoreErrorKind};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call fails before anything is done.
    Fails(StoreErrorKind),
    /// A commit is done and its answer lost. Other calls fail as unavailable.
    LosesAnswer,
    /// The call panics.
    Panics,
}

/// Stands between an application and its store: counts calls, and fails the k-th from a moment on.
#[derive(Clone)]
pub struct Watched {
    inner: Arc<dyn Store>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    calls: Mutex<BTreeMap<&'static str, usize>>,
    countdown: AtomicUsize,
    fault: Mutex<Option<Fault>>,
    struck: AtomicUsize,
}

impl Watched {
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, state: Arc::default() }
    }

    /// The `k`-th call from now on (counted from 1) goes wrong, once.
    pub fn fail_at(&self, k: usize, fault: Fault) {
        *self.state.fault.lock().unwrap() = Some(fault);
        self.state.struck.store(0, Ordering::SeqCst);
        self.state.countdown.store(k, Ordering::SeqCst);
    }

    /// Nothing fails any more; answers whether the fault struck.
    pub fn heal(&self) -> bool {
        *self.state.fault.lock().unwrap() = None;
        self.state.countdown.store(0, Ordering::SeqCst);
        self.state.struck.load(Ordering::SeqCst) > 0
    }

    /// Calls since the last time this was asked, by name.
    pub fn take_calls(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut *self.state.calls.lock().unwrap())
    }

    fn strikes(&self, call: &'static str) -> Option<Fault> {
        *self.state.calls.lock().unwrap().entry(call).or_default() += 1;
        let left = self.state.countdown.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        let fault = *self.state.fault.lock().unwrap();
        let fault = fault.filter(|_| left == Ok(1));
        self.state.struck.fetch_add(usize::from(fault.is_some()), Ordering::SeqCst);
        assert_ne!(fault, Some(Fault::Panics), "this store panics on purpose");
        fault
    }

    fn before(&self, call: &'static str) -> Result<()> {
        match self.strikes(call) {
            None => Ok(()),
            Some(Fault::Fails(kind)) => Err(StoreError::new(kind)),
            Some(_) => Err(StoreError::new(StoreErrorKind::Unavailable)),
        }
    }
}

usermgmt_core::forward_reads!([] Watched, |this| this.inner, |call| this.before(call)?);

#[async_trait]
impl CommitStore for Watched {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        match self.strikes("commit") {
            None => self.inner.commit(changes).await,
            Some(Fault::LosesAnswer) => {
                self.inner.commit(changes).await?;
                Err(StoreError::new(StoreErrorKind::OutcomeUnknown))
            }
            Some(Fault::Fails(kind)) => Err(StoreError::new(kind)),
            Some(Fault::Panics) => Err(StoreError::new(StoreErrorKind::Unavailable)),
        }
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        self.before("committed")?;
        self.inner.committed(id).await
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        self.before("key_check")?;
        self.inner.key_check().await
    }
}
