//! The store contract: typed reads, one atomic write.
//!
//! # Contract
//! - Reads answer `Ok(None)` for what is not there and never invent a default. A read that belongs to an organisation
//!   takes its id first, and a row of another organisation does not exist.
//! - [`commit`](CommitStore::commit) applies a [`ChangeSet`] as a whole or not at all, in the order of
//!   [`ChangeSet::into_ordered`], and remembers its id.
//! - A versioned row is written only from the version that was read, else [`Conflict`](StoreErrorKind::Conflict). A
//!   new row whose id exists is a [`Duplicate`](StoreErrorKind::Duplicate) or a conflict.
//! - A row that refers to one that is not there (any more) may be a conflict; a store need not notice.
//! - Single-use things are used up and counters move by conditional writes, never by reading first.
//! - Every invariant over several rows has an *anchor row* whose version moves in the same commit: the organisation,
//!   for "at least one owner" and for its number of members.
//! - Each [`Subject`](crate::model::Subject) of [`ChangeSet::subjects`] is appended to the change sequence in the same
//!   commit.
//! - Times are kept to the microsecond, texts byte for byte: no folding of case, no trimming, no normalisation.
//! - Errors say what the caller should do; see [`StoreErrorKind`].
//!
//! Traits are cut by entity and dyn-compatible. There are no default methods: what a wrapper forgets to forward does
//! not compile. Prove a store with the `usermgmt-conformance` crate.

mod change_set;
mod error;
mod forward;
mod order;
mod reads;
mod throttle;

pub use change_set::{ChangeSet, Committed, StillAuthorised, StillMember, Write};
pub use error::{Guard, Result, StoreError, StoreErrorKind, UniqueKey};
pub use reads::{
    ApiKeyStore, AttemptStore, AuditStore, ChangeStore, CommitStore, FactorStore, MaintenanceStore, MembershipStore,
    OrgStore, OutboxStore, PolicyStore, SessionStore, SigningKeyStore, SweepBefore, TokenStore, UserStore,
};
pub use throttle::{Charge, ThrottleKey, ThrottleStore, Throttled};

/// A whole store.
pub trait Store:
    UserStore
    + OrgStore
    + MembershipStore
    + PolicyStore
    + TokenStore
    + AttemptStore
    + SessionStore
    + SigningKeyStore
    + ApiKeyStore
    + FactorStore
    + OutboxStore
    + AuditStore
    + ChangeStore
    + CommitStore
    + MaintenanceStore
    + ThrottleStore
{
}

impl<T> Store for T where
    T: UserStore
        + OrgStore
        + MembershipStore
        + PolicyStore
        + TokenStore
        + AttemptStore
        + SessionStore
        + SigningKeyStore
        + ApiKeyStore
        + FactorStore
        + OutboxStore
        + AuditStore
        + ChangeStore
        + CommitStore
        + MaintenanceStore
        + ThrottleStore
        + ?Sized
{
}
