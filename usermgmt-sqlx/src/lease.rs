//! Waiting for PostgreSQL, with an end to it.
//!
//! A server that stops says so, and one that is killed has its machine say so. One behind a line that swallows packets
//! says nothing, and the driver would wait for as long as TCP does, a quarter of an hour or for ever. Worse, it would
//! also wait for it before it took the connection back: ten such connections, and the pool is empty for good. So every
//! wait ends here, and a connection that did not answer is cut, never given back.

use std::future::Future;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Executor as _, PgConnection, PgPool, Postgres};
use tokio::runtime::Handle;
use tokio::time::{Instant, error::Elapsed, timeout, timeout_at};
use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

use crate::error::{at_commit, error};
use crate::postgres::wire::Wire;
use crate::postgres::{Query, Row};

/// How long a statement may take that is a transaction of its own, and how long a transaction may, its COMMIT included.
/// Ours take milliseconds; what waits is for locks, of many commits to one organisation or of a transaction of the
/// application. Below the half minute after which browsers' users, and above the few seconds after which balancers'
/// health checks, give up.
pub(crate) const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// A connection of the pool for one exchange. It goes back when the server has answered, and is cut if it is dropped
/// before that.
pub(crate) struct Lease {
    connection: PoolConnection<Postgres>,
    waiting: bool,
}

impl Lease {
    /// A connection, within the pool's own limit.
    pub(crate) async fn of(pool: &PgPool) -> sqlx::Result<Self> {
        Ok(Self { connection: pool.acquire().await?, waiting: false })
    }

    /// The connection to ask on. From now on an answer is owed.
    pub(crate) fn ask(&mut self) -> &mut PgConnection {
        self.waiting = true;
        &mut self.connection
    }

    /// Takes note of the answer, or that there was none.
    pub(crate) fn heard<T>(&mut self, answer: Result<sqlx::Result<T>, Elapsed>) -> sqlx::Result<T> {
        self.waiting = answer.is_err();
        answer.unwrap_or_else(|_| Err(silent()))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.waiting {
            self.connection.close_on_drop();
        } else if let Ok(runtime) = Handle::try_current() {
            // As it would by itself, which is to ask the server once more; but that also has to end.
            runtime.spawn(timeout(ANSWERS_WITHIN, self.connection.return_to_pool()));
        }
    }
}

/// A database, reached directly or through a pooler that gives each transaction another connection.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) pool: PgPool,
    pub(crate) pooled: bool,
}

impl Source {
    /// Runs a read; answers its rows.
    pub(crate) async fn rows(&self, query: Query) -> Result<Vec<Row>> {
        if self.pooled {
            // To prepare a statement and to run it are two messages: only within a transaction both reach the same
            // connection of the server.
            return self.returning(query).await;
        }
        let mut lease = Lease::of(&self.pool).await.map_err(error)?;
        let answer = within(query.fetch_all(lease.ask())).await;
        lease.heard(answer).map_err(error)
    }

    /// Runs a statement in a transaction of its own; answers its rows. One that writes needs it, too: alone it would run
    /// at whatever level the database has for its default, and above READ COMMITTED of two that meet one fails.
    pub(crate) async fn returning(&self, query: Query) -> Result<Vec<Row>> {
        let mut whole = self.begin().await?;
        let rows = whole.limit().on(whole.rows(query)).await;
        whole.end(rows).await
    }

    /// The same for a statement that returns no rows; answers how many it hit.
    pub(crate) async fn execute(&self, query: Query) -> Result<u64> {
        let mut whole = self.begin().await?;
        let hit = whole.limit().on(whole.wire().execute(query)).await;
        whole.end(hit).await
    }

    /// Begins a transaction.
    pub(crate) async fn begin(&self) -> Result<Write> {
        Write::begin(&self.pool, !self.pooled).await
    }
}

/// Waits for the answer to one statement.
pub(crate) async fn within<T>(exchange: impl Future<Output = sqlx::Result<T>>) -> Result<sqlx::Result<T>, Elapsed> {
    timeout(ANSWERS_WITHIN, exchange).await
}

fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server did not answer in time"))
}

/// A transaction. Dropped, it ends with its connection, and the server rolls it back.
pub(crate) struct Write {
    lease: Lease,
    keeps: bool,
    limit: Limit,
}

/// When a transaction ends at the latest.
#[derive(Clone, Copy)]
pub(crate) struct Limit(Instant);

impl Limit {
    /// Does work within it.
    pub(crate) async fn on<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match timeout_at(self.0, work).await {
            Ok(done) => done,
            Err(_) => Err(StoreError::caused_by(StoreErrorKind::Unavailable, silent())),
        }
    }
}

impl Write {
    /// Begins one, on which statements are kept if `keeps`. The level is named because a role or database may have another default, and what we say about locks
    /// is said for this one.
    pub(crate) async fn begin(pool: &PgPool, keeps: bool) -> Result<Self> {
        let lease = Lease::of(pool).await.map_err(error)?;
        let mut begun = Self { lease, keeps, limit: Limit(Instant::now() + ANSWERS_WITHIN) };
        begun.say("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await.map_err(error)?;
        // Until it has ended.
        begun.lease.waiting = true;
        Ok(begun)
    }

    /// When it ends at the latest.
    pub(crate) const fn limit(&self) -> Limit {
        self.limit
    }

    /// The connection, to run statements on.
    pub(crate) fn wire(&mut self) -> Wire<'_> {
        Wire::new(self.lease.ask(), self.keeps)
    }

    async fn rows(&mut self, query: Query) -> Result<Vec<Row>> {
        query.persistent(self.keeps).fetch_all(self.lease.ask()).await.map_err(error)
    }

    /// Ends it by what has come of it.
    async fn end<T>(self, done: Result<T>) -> Result<T> {
        match done {
            Ok(done) => self.commit().await.map_err(at_commit).map(|()| done),
            Err(failure) => {
                self.rollback().await.ok();
                Err(failure)
            }
        }
    }

    pub(crate) async fn commit(mut self) -> sqlx::Result<()> {
        self.say("COMMIT").await
    }

    pub(crate) async fn rollback(mut self) -> sqlx::Result<()> {
        self.say("ROLLBACK").await
    }

    async fn say(&mut self, statement: &'static str) -> sqlx::Result<()> {
        let answer = timeout_at(self.limit.0, self.lease.ask().execute(statement)).await;
        self.lease.heard(answer).map(drop)
    }
}
