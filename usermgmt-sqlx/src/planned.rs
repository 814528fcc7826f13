//! Applying a plan inside a transaction of the application.

use async_trait::async_trait;
use usermgmt_core::store::{ChangeSet, Committed, Result};
use usermgmt_core::{Applied, Planned};

/// Applies a plan inside a transaction of the application, so that the application's rows and ours become true
/// together.
///
#[cfg_attr(feature = "sqlite", doc = include_str!("../docs/apply.md"))]
///
/// The plan is applied under a savepoint: after an error none of it is in your transaction, which you may go on with
/// or roll back. [`Conflict`](usermgmt_core::store::StoreErrorKind::Conflict) means to roll back and plan again.
///
/// Begin the transaction with `BEGIN IMMEDIATE` on SQLite: one that has read before it writes cannot wait for another
/// writer and meets a conflict instead. On PostgreSQL leave it at READ COMMITTED, and keep it short: rows that the
/// plan has touched stay locked, and what the plan changed for caches (and every later change) is not seen by other
/// nodes until it ends.
#[async_trait]
pub trait Apply: Sized {
    /// What the plan yields.
    type Value;

    /// Applies the plan. Acknowledge the result after your transaction has committed; drop it if it has not.
    ///
    /// # Errors
    /// As [`CommitStore::commit`](usermgmt_core::store::CommitStore::commit), except that nothing is committed yet.
    async fn apply<X: HostTransaction>(self, transaction: &mut X) -> Result<Applied<Self::Value>>;
}

#[async_trait]
impl<T: Send> Apply for Planned<T> {
    type Value = T;

    async fn apply<X: HostTransaction>(self, transaction: &mut X) -> Result<Applied<T>> {
        let (changes, applied) = self.into_parts();
        transaction.enlist(changes).await?;
        Ok(applied)
    }
}

/// A transaction that plans can be applied in: `sqlx::Transaction` of SQLite and of PostgreSQL.
#[async_trait]
pub trait HostTransaction: sealed::Sealed + Send {
    /// Applies a change set under a savepoint of this transaction.
    #[doc(hidden)]
    async fn enlist(&mut self, changes: ChangeSet) -> Result<Committed>;
}

pub(crate) mod sealed {
    /// Which transactions there are is decided here.
    #[expect(unnameable_types, reason = "sealed: other crates must not implement it")]
    pub trait Sealed {}
}
