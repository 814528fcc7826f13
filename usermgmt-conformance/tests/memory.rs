//! The store in memory proves itself.

use usermgmt_core::MemoryStore;

async fn fresh() -> MemoryStore {
    MemoryStore::new()
}

usermgmt_conformance::store_tests!(fresh, name = "memory");
