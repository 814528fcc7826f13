//! Commits: unknown outcomes are asked for, conflicts lead to another run of the whole flow, caches and workers learn
//! of it.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use usermgmt_core::error::Error;
use usermgmt_core::limits::CONFLICT_TRIES;
use usermgmt_core::model::{AuditEvent, Subject};
use usermgmt_core::planned::{Committer, Planned};
use usermgmt_core::store::{ChangeSet, Committed, StoreError, StoreErrorKind, UniqueKey, Write};

use crate::UserMgmt;
use crate::handle::Inner;
use crate::metrics;

/// Times that an unknown outcome is asked for.
const OUTCOME_QUESTIONS: u32 = 3;

/// Counts the runs of a flow that meets conflicts.
#[derive(Default)]
pub(crate) struct Tries(u32);

impl Tries {
    /// Whether the whole flow should run again after this error.
    pub(crate) fn again(&mut self, error: &StoreError) -> bool {
        self.0 += 1;
        let worth_it = matches!(
            error.kind(),
            StoreErrorKind::Conflict | StoreErrorKind::Duplicate(UniqueKey::Identifier | UniqueKey::OrgSlug)
        );
        let again = worth_it && self.0 < CONFLICT_TRIES;
        if again {
            metrics::commit_retry();
        }
        again
    }
}

/// Runs a flow until it commits: `$plan` sees the world anew each time, authority included.
macro_rules! committing {
    ($auth:expr, $client:expr, |$flow:ident| $plan:expr) => {{
        let mut tries = $crate::commit::Tries::default();
        loop {
            let $flow = $auth.flow($client);
            let (changes, value) = $plan;
            match $auth.commit_raw(changes).await {
                Ok(_) => break Ok::<_, usermgmt_core::error::Error>(value),
                Err(error) if tries.again(&error) => {}
                Err(error) => break Err(error.into()),
            }
        }
    }};
}
pub(crate) use committing;

impl UserMgmt {
    /// Commits once. An unknown outcome is resolved by the commit's id; if that cannot be found out either, the error
    /// says so.
    pub(crate) async fn commit_raw(&self, changes: ChangeSet) -> Result<Committed, StoreError> {
        self.0.commit(changes, true).await
    }

    /// The same for events that were counted when they happened.
    pub(crate) async fn commit_counted(&self, changes: ChangeSet) -> Result<Committed, StoreError> {
        self.0.commit(changes, false).await
    }

    /// A plan of this system.
    pub(crate) fn planned<T>(&self, changes: ChangeSet, value: T) -> Planned<T> {
        Planned::new(changes, value, self.0.clone() as Arc<dyn Committer>)
    }
}

impl Inner {
    /// Commits once; with `count`, the events are counted once it is done.
    async fn commit(&self, changes: ChangeSet, count: bool) -> Result<Committed, StoreError> {
        let begun = Instant::now();
        let (id, subjects, promises_work) = (changes.id(), changes.subjects(), changes.promises_work());
        let again = changes.clone();
        let mut result = self.parts.store.commit(changes).await;
        for _ in 0..OUTCOME_QUESTIONS {
            if !result.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::OutcomeUnknown) {
                break;
            }
            match self.parts.store.committed(id).await {
                // What a commit returns besides is lost; no flow depends on it after a lost connection.
                Ok(true) => result = Ok(Committed::default()),
                // The lost commit may still be under way. The same change set under the same id settles it: of the
                // two, one is done and the other is a duplicate.
                Ok(false) => match self.parts.store.commit(again.clone()).await {
                    Err(error) if error.kind() == StoreErrorKind::Duplicate(UniqueKey::Id) => {}
                    // It waits for the lost one, which may still come true: caches have to forget.
                    Err(error) if error.kind() == StoreErrorKind::Unavailable => {}
                    other => result = other,
                },
                Err(_) => {}
            }
        }
        metrics::commit(&result, begun);
        let maybe_done =
            result.is_ok() || result.as_ref().is_err_and(|error| error.kind() == StoreErrorKind::OutcomeUnknown);
        if maybe_done {
            self.acknowledge(&subjects, promises_work);
        }
        if result.is_ok() {
            if count {
                metrics::events(events(&again));
            }
            events(&again).for_each(|event| self.parts.hooks.on_event(event));
        }
        result
    }
}

fn events(changes: &ChangeSet) -> impl Iterator<Item = &AuditEvent> {
    changes.writes().iter().filter_map(|write| match write {
        Write::Audit(event) => Some(event),
        _ => None,
    })
}

#[async_trait]
impl Committer for Inner {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed, Error> {
        Ok(Inner::commit(self, changes, true).await?)
    }

    fn acknowledge(&self, subjects: &[Subject], promises_work: bool) {
        self.cache.forget(subjects, self.parts.clock.now());
        if !subjects.is_empty() {
            self.bus.appended();
        }
        if promises_work {
            self.wake.notify_one();
        }
    }
}
