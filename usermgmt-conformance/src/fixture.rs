//! What a test holds while it runs.

use std::sync::Arc;

use usermgmt_core::MemoryStore;
use usermgmt_core::store::Store;

use crate::AnyStore;

/// A fresh, empty store together with what must live as long as it does: a temporary directory, a database that is
/// dropped at the end.
///
/// Implemented for [`MemoryStore`], for [`AnyStore`], and for `(guard, store)` where the store is a handle whose clones
/// share their data, as that of a connection pool is.
pub trait Fixture: Send + 'static {
    /// The store.
    fn store(&self) -> AnyStore;
}

impl Fixture for MemoryStore {
    fn store(&self) -> AnyStore {
        Arc::new(self.clone())
    }
}

impl Fixture for AnyStore {
    fn store(&self) -> AnyStore {
        Self::clone(self)
    }
}

impl<G: Send + 'static, S: Store + Clone> Fixture for (G, S) {
    fn store(&self) -> AnyStore {
        Arc::new(self.1.clone())
    }
}
