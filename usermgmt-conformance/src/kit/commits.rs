//! Commits that must succeed or fail, reads that must answer.

use time::OffsetDateTime;
use usermgmt_core::id::CommitId;
use usermgmt_core::port::OsRandom;
use usermgmt_core::store::{ChangeSet, Committed, Guard, Result, StoreErrorKind, Write};

use super::{NOW, REALM};
use crate::AnyStore;

/// A change set of these writes at [`NOW`].
pub fn changes(writes: impl IntoIterator<Item = Write>) -> ChangeSet {
    changes_at(NOW, writes)
}

/// A change set of these writes at this time.
pub fn changes_at(at: OffsetDateTime, writes: impl IntoIterator<Item = Write>) -> ChangeSet {
    let id = CommitId::new(&OsRandom, at).expect("the random generator works");
    writes.into_iter().fold(ChangeSet::new(id, REALM, at), ChangeSet::with)
}

/// Commits at [`NOW`].
pub async fn commit(store: &AnyStore, writes: impl IntoIterator<Item = Write>) -> Committed {
    commit_at(store, NOW, writes).await
}

/// Commits at this time.
pub async fn commit_at(store: &AnyStore, at: OffsetDateTime, writes: impl IntoIterator<Item = Write>) -> Committed {
    let changes = changes_at(at, writes);
    let shown = format!("{:?}", changes.writes());
    let committed = store.commit(changes).await;
    committed.unwrap_or_else(|error| panic!("a commit that nothing forbids failed: {error:?}\nwrites: {shown}"))
}

/// Commits at [`NOW`] and demands this failure.
pub async fn fails(store: &AnyStore, kind: StoreErrorKind, why: &str, writes: impl IntoIterator<Item = Write>) {
    fails_at(store, NOW, kind, why, writes).await;
}

/// Commits at this time and demands this failure.
pub async fn fails_at(
    store: &AnyStore,
    at: OffsetDateTime,
    kind: StoreErrorKind,
    why: &str,
    writes: impl IntoIterator<Item = Write>,
) {
    match store.commit(changes_at(at, writes)).await {
        Err(error) => assert_eq!(error.kind(), kind, "{why} ({error:?})"),
        Ok(_) => panic!("the commit succeeded, but should have failed as {kind:?}: {why}"),
    }
}

/// Commits at [`NOW`] and demands that this guard refuses.
pub async fn refuses(store: &AnyStore, guard: Guard, why: &str, writes: impl IntoIterator<Item = Write>) {
    fails(store, StoreErrorKind::Refused(guard), why, writes).await;
}

/// An answer that no rule lets fail.
pub trait Answer<T> {
    /// The answer.
    fn answer(self) -> T;
}

impl<T> Answer<T> for Result<T> {
    #[track_caller]
    fn answer(self) -> T {
        self.unwrap_or_else(|error| panic!("a call that nothing forbids failed: {error:?}"))
    }
}

/// A row that must be there.
pub trait Found<T> {
    /// The row.
    fn found(self, what: &str) -> T;
}

impl<T> Found<T> for Result<Option<T>> {
    #[track_caller]
    fn found(self, what: &str) -> T {
        self.answer().unwrap_or_else(|| panic!("{what} was committed, but a read does not find it"))
    }
}
