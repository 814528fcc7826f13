//! Reads for which it is harmless to be a moment old, from a server that follows.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::lease::Source;
use crate::postgres::{Query, Row};

/// How long a replica may take to answer, connecting included, before the primary is asked.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How long a replica that failed is left alone, so that not every reader waits for it.
const LEFT_ALONE: Duration = Duration::from_secs(10);

/// A replica. It answers, or it does not: what it says in error is nobody's concern.
pub(crate) struct Replica {
    source: Source,
    /// Until when it is left alone.
    failed: Mutex<Option<Instant>>,
}

impl Replica {
    pub(crate) const fn new(source: Source) -> Self {
        Self { source, failed: Mutex::new(None) }
    }

    /// The rows of a read, unless it fails or takes too long.
    pub(crate) async fn rows(&self, query: Query) -> Option<Vec<Row>> {
        let until = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let rows = timeout(ANSWERS_WITHIN, self.source.rows(query)).await.ok().and_then(Result::ok);
        let failed = rows.is_none().then(|| Instant::now() + LEFT_ALONE);
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        rows
    }
}
