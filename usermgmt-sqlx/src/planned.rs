//! Applying a plan inside a transaction of the application.

use async_trait::async_trait;
use usermgmt_core::store::{ChangeSet, Committed, Result};
use usermgmt_core::{Applied, Planned};

/// Applies a plan inside a transaction of the application, so that the application's rows and ours become true
/// together.
///
/// ```
/// use sqlx::{Sqlite, Transaction};
/// use usermgmt_core::Planned;
/// use usermgmt_core::store::StoreError;
/// use usermgmt_sqlx::Apply as _;
///
/// /// Makes a workspace and the organisation it belongs to, or neither.
/// async fn make<T: Send>(
///     mut transaction: Transaction<'_, Sqlite>,
///     workspace: &str,
///     organisation: Planned<T>,
/// ) -> Result<T, Box<dyn std::error::Error>> {
///     sqlx::query("INSERT INTO workspace (name) VALUES ($1)").bind(workspace).execute(&mut *transaction).await?;
///     let applied = organisation.apply(&mut transaction).await?;
///     transaction.commit().await?;
///     // Only now: caches forget and workers wake.
///     Ok(applied.acknowledge())
/// }
/// # use std::sync::Arc;
/// # use usermgmt_core::id::{CommitId, RealmId};
/// # use usermgmt_core::model::Subject;
/// # use usermgmt_core::store::{ChangeSet, CommitStore as _, Committed};
/// # use usermgmt_core::planned::Committer;
/// # struct Nobody;
/// # #[async_trait::async_trait]
/// # impl Committer for Nobody {
/// #     async fn commit(&self, _: ChangeSet) -> Result<Committed, usermgmt_core::Error> { Ok(Committed::default()) }
/// #     fn acknowledge(&self, _: &[Subject], _: bool) {}
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let store = usermgmt_sqlx::Sqlite::open(folder.path().join("app.db")).await?;
/// # sqlx::query("CREATE TABLE workspace (name TEXT)").execute(store.pool()).await?;
/// # let now = time::OffsetDateTime::UNIX_EPOCH;
/// # let id = CommitId::new(&usermgmt_core::port::OsRandom, now)?;
/// # let plan = Planned::new(ChangeSet::new(id, RealmId::DEFAULT, now), "the organisation", Arc::new(Nobody));
/// # let transaction = store.pool().begin_with("BEGIN IMMEDIATE").await?;
/// # assert_eq!(make(transaction, "Acme", plan).await?, "the organisation");
/// # assert!(store.committed(id).await?);
/// # Ok(())
/// # }
/// ```
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
