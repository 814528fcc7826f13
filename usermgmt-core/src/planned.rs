//! A mutating flow, planned: it has been checked and worked out, and nothing is written yet.

use std::sync::Arc;

use async_trait::async_trait;

use crate::error::Error;
use crate::model::Subject;
use crate::store::{ChangeSet, Committed};

/// Commits change sets and tells caches and workers about it.
#[async_trait]
pub trait Committer: Send + Sync + 'static {
    /// Commits, resolving an unknown outcome by the commit's id, and acknowledges.
    ///
    /// # Errors
    /// As the flow; [`Refused::Conflict`](crate::Refused::Conflict) if a row has moved on since the plan was made.
    async fn commit(&self, changes: ChangeSet) -> Result<Committed, Error>;

    /// Tells caches what to forget and workers that there is work, after a commit that somebody else made.
    fn acknowledge(&self, subjects: &[Subject], promises_work: bool);
}

/// A flow that has been worked out. [`commit`](Self::commit) it, or, on a SQL store, apply it inside a transaction of
/// the application so that the application's rows and ours become true together.
#[must_use = "a plan does nothing until it is committed or applied"]
pub struct Planned<T> {
    changes: ChangeSet,
    value: T,
    committer: Arc<dyn Committer>,
}

impl<T> Planned<T> {
    /// A plan with what it yields once it is true.
    pub fn new(changes: ChangeSet, value: T, committer: Arc<dyn Committer>) -> Self {
        Self { changes, value, committer }
    }

    /// What the plan will yield; not true yet.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Makes it true.
    ///
    /// # Errors
    /// As the flow, and [`Refused::Conflict`](crate::Refused::Conflict) if a row has moved on since: plan again.
    pub async fn commit(self) -> Result<T, Error> {
        self.committer.commit(self.changes).await?;
        Ok(self.value)
    }

    /// The writes, and what to acknowledge once they are durable. For stores that offer `apply`; an application uses
    /// `apply`.
    pub fn into_parts(self) -> (ChangeSet, Applied<T>) {
        let applied = Applied {
            subjects: self.changes.subjects(),
            promises_work: self.changes.promises_work(),
            value: self.value,
            committer: self.committer,
        };
        (self.changes, applied)
    }
}

/// A plan that was applied in the application's transaction. Acknowledge it after that transaction has committed;
/// drop it when it has not. Forgetting to acknowledge is safe but slow: caches then serve what they have until it is
/// read anew (5 seconds by default), and workers look at their next round.
#[must_use = "acknowledge it after your transaction has committed"]
pub struct Applied<T> {
    subjects: Vec<Subject>,
    promises_work: bool,
    value: T,
    committer: Arc<dyn Committer>,
}

impl<T> Applied<T> {
    /// Says that the application's transaction has committed.
    pub fn acknowledge(self) -> T {
        self.committer.acknowledge(&self.subjects, self.promises_work);
        self.value
    }
}
