//! SQLite: one writer at a time, readers beside it.

use std::fs::OpenOptions;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::{Semaphore, SemaphorePermit};
use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

use crate::error::{self, error};
use crate::horizon::Horizon;
use crate::migrations::{self, Schema};

type Db = sqlx::Sqlite;
type Connection = sqlx::SqliteConnection;
type Row = sqlx::sqlite::SqliteRow;
type Store = Sqlite;

/// How long a writer waits for others to write before it gives up: within this process in the queue, and again for
/// other connections and processes in SQLite itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pages that a connection keeps, in KiB (negative, as SQLite has it): enough for the inner pages of the indexes of a
/// million users, so that a row costs one read of the file. SQLite's own 2 MiB are not; no more is taken than is used.
const CACHE: &str = "-16384";

/// The pause before a new file is opened again that another process was making.
const AGAIN: Duration = Duration::from_millis(5);

/// Connections for reading. Each is a thread; reads are short.
const READERS: u32 = 8;

/// More than our statements and a good many of the application's: none should be prepared twice.
const STATEMENTS: usize = 256;

/// Rows of an index that ANALYZE looks at; any limit also makes it collect no samples (STAT4). With samples, SQLite
/// looks at the values bound to parameters and prepares most statements anew for each call, which doubles or trebles
/// the time of our reads. The switch against that, QPSG, cannot be reached through the driver.
const ANALYSIS: u32 = 1_000;

/// Number, name, the oldest release that may go on using the tables (as the number of its last migration), and text.
const MIGRATIONS: &[migrations::Script] = &[(1, "begin", 1, include_str!("../migrations/sqlite/0001_begin.sql"))];

/// Commits are serialised, so numbers become visible in their order.
const APPEND_CHANGE: &str =
    "INSERT INTO usermgmt_change (user_id, session_id, org_id, changed_at) VALUES ($1, $2, $3, $4)";

// Whoever writes is alone: there is nothing to lock.
macro_rules! lock_shared {
    ($tables:literal) => {
        ""
    };
}
macro_rules! lock_exclusive {
    ($tables:literal) => {
        ""
    };
}
macro_rules! skip_locked {
    () => {
        ""
    };
}

// The session check is the one read that must be fast also in a pool of the application in which somebody has run an
// unlimited ANALYZE (see `ANALYSIS`): SQLite does not look into a subselect.
macro_rules! unseen {
    ($parameter:literal) => {
        concat!("(SELECT ", $parameter, ")")
    };
}

// The texts of a JSON array.
macro_rules! listed {
    ($parameter:literal) => {
        concat!("(SELECT value FROM json_each(", $parameter, "))")
    };
}

#[path = "apply/mod.rs"]
mod apply;
#[path = "cells.rs"]
mod cells;
#[path = "reads/mod.rs"]
mod reads;
#[path = "row.rs"]
mod row;
#[path = "throttle.rs"]
mod throttle;
#[path = "wire.rs"]
mod wire;

use wire::Wire;

/// A store in an SQLite database. Clones share it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("app.db");
/// let store = usermgmt_sqlx::Sqlite::open(&path).await?;
/// // The same database for your own tables, which may refer to ours.
/// sqlx::query("CREATE TABLE workspace (name TEXT, owner_id TEXT REFERENCES usermgmt_user (id))")
///     .execute(store.pool())
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sqlite {
    readers: SqlitePool,
    writer: SqlitePool,
    /// Writers queue here in order of arrival. Left to themselves they would wait inside SQLite, which looks again in
    /// growing intervals: some would starve, and all would be slow.
    turn: Arc<Semaphore>,
}

impl Sqlite {
    /// Opens the database file, making it (readable by its owner only) if it is not there, and migrates it.
    ///
    /// The database is set to write-ahead logging with `synchronous = NORMAL`: a crash of the process loses nothing,
    /// a power failure may lose the last commits but never half of one.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) if the file cannot be opened, else as [`migrate`](Self::migrate).
    pub async fn open(path: impl AsRef<Path>) -> Result<Self> {
        create_private(path.as_ref()).map_err(|cause| StoreError::caused_by(StoreErrorKind::Unavailable, cause))?;
        let store = Self::opened(path.as_ref()).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Opens a database file that is there and migrated already, and changes nothing about it.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) if there is no such file or it cannot be opened;
    /// [`Unsupported`](StoreErrorKind::Unsupported), naming why, if the tables are not what this release can use;
    /// [`Corrupt`](StoreErrorKind::Corrupt) if a migration was altered.
    pub async fn open_migrated(path: impl AsRef<Path>) -> Result<Self> {
        let store = Self::opened(path.as_ref()).await?;
        store.schema().await?.usable()?;
        Ok(store)
    }

    async fn opened(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(PATIENCE)
            .statement_cache_capacity(STATEMENTS)
            .pragma("cache_size", CACHE)
            .analysis_limit(ANALYSIS);
        // A connection to a file does not go stale: neither test nor replace it.
        let pool = SqlitePoolOptions::new().acquire_timeout(PATIENCE);
        let pool = pool.test_before_acquire(false).max_lifetime(None).idle_timeout(None);
        let writer = Self::connected(pool.clone().max_connections(1), &options).await?;
        let readers = Self::connected(pool.max_connections(READERS), &options).await?;
        Ok(Self { readers, writer, turn: Arc::new(Semaphore::new(1)) })
    }

    /// Two connections that set the journal of a new file at once would wait for each other, so SQLite answers one of
    /// them at once that the file is busy, whatever its patience. The other has done the work when it comes again.
    #[expect(clippy::disallowed_methods, reason = "real time: it waits for another process")]
    async fn connected(pool: SqlitePoolOptions, options: &SqliteConnectOptions) -> Result<SqlitePool> {
        let connecting = async {
            loop {
                match pool.clone().connect_with(options.clone()).await.map_err(error) {
                    Err(busy) if busy.kind() == StoreErrorKind::Conflict => tokio::time::sleep(AGAIN).await,
                    answered => return answered,
                }
            }
        };
        let late = |elapsed| StoreError::caused_by(StoreErrorKind::Unavailable, elapsed);
        tokio::time::timeout(PATIENCE, connecting).await.map_err(late)?
    }

    /// Uses a pool of the application. Nothing is migrated: call [`migrate`](Self::migrate), or
    /// [`schema`](Self::schema) to know whether somebody has.
    ///
    /// Set `busy_timeout`, `foreign_keys` and write-ahead logging on the pool as [`open`](Self::open) does, and
    /// `analysis_limit` to any number: what an unlimited ANALYZE collects makes short reads two to three times slower.
    /// With many users a larger `cache_size` pays, 16 MiB for a million.
    /// Make one store of a pool and clone it: writers of one store queue in order, two stores compete.
    #[must_use]
    pub fn from_pool(pool: SqlitePool) -> Self {
        Self { readers: pool.clone(), writer: pool, turn: Arc::new(Semaphore::new(1)) }
    }

    /// The pool, for the application's own tables. Begin transactions that write with
    /// `begin_with("BEGIN IMMEDIATE")`, and use [`Apply`](crate::Apply) for our writes in them: a commit of this store
    /// would wait for your transaction to end.
    #[must_use]
    pub const fn pool(&self) -> &SqlitePool {
        &self.readers
    }

    /// Brings the tables to what this release expects. Safe to call from several processes at once, and when nothing
    /// is to be done.
    ///
    /// # Errors
    /// [`Unsupported`](StoreErrorKind::Unsupported) if a newer release has migrated this database and says that this one
    /// must not use it any more, [`Corrupt`](StoreErrorKind::Corrupt) if a migration was altered, else
    /// [`Unavailable`](StoreErrorKind::Unavailable).
    pub async fn migrate(&self) -> Result<()> {
        // The driver takes no lock of its own on SQLite. Inside this transaction each migration becomes a savepoint,
        // and whoever comes second waits here and finds the work done.
        let mut write = self.begin().await?;
        let Err(failure) = migrator().run_direct(None, &mut *write, false).await else {
            return write.commit().await.map_err(error::at_commit);
        };
        write.rollback().await.ok();
        if error::is_newer(&failure) && self.schema().await? == Schema::Expanded {
            return Ok(());
        }
        Err(error::migration(failure))
    }

    /// Compares the tables with what this release expects, and changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`](StoreErrorKind::Unavailable) if the database does not answer.
    pub async fn schema(&self) -> Result<Schema> {
        let known = sqlx::query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_usermgmt_migrations'");
        if known.fetch_optional(&self.readers).await.map_err(error)?.is_none() {
            return Ok(Schema::Behind);
        }
        let applied = sqlx::query_as(migrations::APPLIED);
        let applied: Vec<_> = applied.fetch_all(&self.readers).await.map_err(error)?;
        Ok(migrations::compare(&migrator(), &applied))
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// Runs a read; answers its row, if there is one.
    async fn row(&self, query: Query) -> Result<Option<Row>> {
        query.fetch_optional(&self.readers).await.map_err(error)
    }

    /// Runs a read; answers its rows.
    async fn rows(&self, query: Query) -> Result<Vec<Row>> {
        query.fetch_all(&self.readers).await.map_err(error)
    }

    /// There is no replica.
    async fn stale_rows(&self, query: impl Fn() -> Query + Send + Sync) -> Result<Vec<Row>> {
        self.rows(query()).await
    }

    /// Begins a write transaction when it is this writer's turn.
    async fn begin(&self) -> Result<Write<'_>> {
        let turn = self.turn().await?;
        // IMMEDIATE: a transaction that reads first and then wants to write cannot wait for another writer.
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(error)?;
        Ok(Write { transaction, _turn: turn })
    }

    /// Runs a write that is a transaction of its own; answers how many rows it hit.
    async fn execute(&self, query: Query) -> Result<u64> {
        let _turn = self.turn().await?;
        Ok(query.execute(&self.writer).await.map_err(error)?.rows_affected())
    }

    /// Runs a write that is a transaction of its own; answers the rows it returns.
    async fn returning(&self, query: Query) -> Result<Vec<Row>> {
        let _turn = self.turn().await?;
        query.fetch_all(&self.writer).await.map_err(error)
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        let unavailable = |cause| StoreError::caused_by(StoreErrorKind::Unavailable, cause);
        match tokio::time::timeout(PATIENCE, self.turn.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(closed)) => Err(StoreError::caused_by(StoreErrorKind::Unavailable, closed)),
            Err(elapsed) => Err(unavailable(elapsed)),
        }
    }

    /// Up to which change everything is decided: writers are serialised, so every number below a visible one is.
    #[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
    async fn horizon(&self) -> Result<Horizon> {
        Ok(Horizon::NONE)
    }

    async fn last_change(&self) -> Result<u64> {
        let last: i64 = sqlx::query_scalar("SELECT coalesce(max(number), 0) FROM usermgmt_change")
            .fetch_one(&self.readers)
            .await
            .map_err(error)?;
        Ok(u64::try_from(last).unwrap_or(0))
    }
}

type Query = sqlx::query::Query<'static, Db, sqlx::sqlite::SqliteArguments>;

/// A write transaction and the right to be the one that writes. Fields drop in order: first the transaction.
struct Write<'s> {
    transaction: sqlx::Transaction<'static, Db>,
    _turn: SemaphorePermit<'s>,
}

/// Statements wait for nothing but other writers, which have had their turn.
struct Limit;

impl Limit {
    async fn on<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        work.await
    }
}

impl Write<'_> {
    /// When it ends at the latest: PostgreSQL needs to know.
    const fn limit(&self) -> Limit {
        Limit
    }

    /// The connection, to run statements on.
    fn wire(&mut self) -> Wire<'_> {
        Wire::new(&mut self.transaction, true)
    }

    async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }

    async fn rollback(self) -> sqlx::Result<()> {
        self.transaction.rollback().await
    }
}

impl Deref for Write<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.transaction
    }
}

impl DerefMut for Write<'_> {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.transaction
    }
}

impl std::fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sqlite")
    }
}

fn migrator() -> Migrator {
    migrations::migrator(MIGRATIONS)
}

/// Makes the file if it is not there. SQLite would make it readable by everybody whom the umask lets, and its log
/// files take over its permissions.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(failure) if failure.kind() != std::io::ErrorKind::AlreadyExists => Err(failure),
        _ => Ok(()),
    }
}
