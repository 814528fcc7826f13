//! PostgreSQL, 13 or newer.

use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

use crate::error::{self, error};
use crate::horizon::{Horizon, Server};
use crate::lease::{Lease, Write, within};
use crate::migrations::{self, Schema};

type Db = sqlx::Postgres;
type Connection = sqlx::PgConnection;
type Row = sqlx::postgres::PgRow;
type Store = Postgres;
type Query = sqlx::query::Query<'static, Db, sqlx::postgres::PgArguments>;

/// More than our statements and a good many of the application's: none should be prepared twice.
const STATEMENTS: usize = 256;

/// How long a call waits for a connection before it answers that the database is unavailable. The driver's default of
/// half a minute would turn an outage into requests that hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a server is not used.
const FOLLOWS: &str = "the server follows another one: it may not have heard yet of what was ended";

const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "begin", include_str!("../migrations/postgres/0001_begin.sql"))];

/// Takes a number of the change sequence, having said before, for everybody to see, where the sequence stood: see
/// `horizon`. The lock is held until the transaction ends. It is shared and nobody ever takes it alone, so nobody
/// waits for it: it is a notice.
const APPEND_CHANGE: &str = "WITH notice AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(\
     'usermgmt_change'::regclass::oid::int, ((last_value - (NOT is_called)::int) & 2147483647)::int) \
     FROM usermgmt_change_number_seq) \
     INSERT INTO usermgmt_change (number, user_id, session_id, org_id, changed_at) \
     SELECT nextval('usermgmt_change_number_seq'), $1, $2, $3, $4 FROM notice";

/// Up to which number everything is decided. The place of the sequence is read first, then (lateral, so never earlier)
/// the notices of transactions that have taken numbers and not ended. Besides: which server says so, and whether it is
/// one to ask.
const HORIZON: &str = "SELECT place.last_value, least(place.last_value, pending.number), \
     (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, pg_is_in_recovery() \
     FROM (SELECT last_value - (NOT is_called)::int AS last_value FROM usermgmt_change_number_seq OFFSET 0) AS place \
     CROSS JOIN LATERAL (SELECT min(place.last_value - ((place.last_value - objid::bigint) & 2147483647)) AS number \
     FROM pg_locks WHERE locktype = 'advisory' AND classid = 'usermgmt_change'::regclass::oid AND objsubid = 2 \
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS pending";

macro_rules! lock_shared {
    ($tables:literal) => {
        concat!(" FOR SHARE OF ", $tables)
    };
}
// As strong as the UPDATE that follows, and no stronger: foreign keys may still be checked against the row.
macro_rules! lock_exclusive {
    ($tables:literal) => {
        concat!(" FOR NO KEY UPDATE OF ", $tables)
    };
}
macro_rules! skip_locked {
    () => {
        " FOR UPDATE SKIP LOCKED"
    };
}

macro_rules! unseen {
    ($parameter:literal) => {
        $parameter
    };
}

// The texts of a JSON array.
macro_rules! listed {
    ($parameter:literal) => {
        concat!("(SELECT jsonb_array_elements_text(", $parameter, "))")
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

/// A store in a PostgreSQL database. Clones share it.
#[derive(Clone)]
pub struct Postgres {
    pool: PgPool,
    server: Arc<Server>,
}

impl Postgres {
    /// Connects to the database of this URL and migrates it.
    ///
    /// The tables stand in the first schema of the `search_path`; choose another with
    /// `?options=-c%20search_path%3Dauth` in the URL. The pool has ten connections; make your own for another number
    /// and use [`from_pool`](Self::from_pool).
    ///
    /// While the server is away calls answer `Unavailable`: after five seconds at most where they need a connection,
    /// and ten more where a statement was under way. Nothing has to be restarted when it is back.
    ///
    /// # Errors
    /// [`Unavailable`](usermgmt_core::store::StoreErrorKind::Unavailable) if the database cannot be reached or refuses
    /// the login, else as [`migrate`](Self::migrate).
    pub async fn connect(url: &str) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(error)?;
        let options = options.statement_cache_capacity(STATEMENTS);
        let pool = Self::pool_options().connect_with(options).await.map_err(error)?;
        let store = Self::from_pool(pool);
        store.migrate().await?;
        Ok(store)
    }

    /// Uses a pool of the application, best made with [`pool_options`](Self::pool_options). Nothing is migrated: call
    /// [`migrate`](Self::migrate), or [`schema`](Self::schema) to know whether somebody has.
    ///
    /// A run-time role needs `SELECT, INSERT, UPDATE, DELETE` on the tables `usermgmt_…`, `USAGE, SELECT` on the
    /// sequence `usermgmt_change_number_seq` and `SELECT` on `_usermgmt_migrations`; only the role that migrates needs
    /// more.
    #[must_use]
    pub fn from_pool(pool: PgPool) -> Self {
        Self { pool, server: Arc::default() }
    }

    /// Options for a pool of one's own, as [`connect`](Self::connect) uses them: waiting for a connection ends after
    /// five seconds, and a server that follows another one is not connected to.
    ///
    /// In a fail-over the address may lead to such a server for a moment, and it may lag behind: it knows a session
    /// that was just ended, or not yet one that has just begun. Not to be connected is an outage, and requests get 503;
    /// to be connected would be wrong answers.
    pub fn pool_options() -> PgPoolOptions {
        PgPoolOptions::new().acquire_timeout(PATIENCE).after_connect(|connection, _| {
            Box::pin(async move {
                let follows: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(connection).await?;
                if follows { Err(sqlx::Error::Configuration(FOLLOWS.into())) } else { Ok(()) }
            })
        })
    }

    /// The pool, for the application's own tables. Use [`Apply`](crate::Apply) for our writes in your transactions.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Brings the tables to what this release expects. Safe to call from several processes at once, and when nothing
    /// is to be done.
    ///
    /// # Errors
    /// [`Unsupported`](usermgmt_core::store::StoreErrorKind::Unsupported) if a newer release has migrated this
    /// database, [`Corrupt`](usermgmt_core::store::StoreErrorKind::Corrupt) if a migration was altered, else
    /// [`Unavailable`](usermgmt_core::store::StoreErrorKind::Unavailable).
    pub async fn migrate(&self) -> Result<()> {
        let mut connection = self.pool.acquire().await.map_err(error)?;
        let migrated = migrator().run_direct(None, &mut *connection, false).await.map_err(error::migration);
        if migrated.is_err() {
            // The driver leaves its advisory lock behind when it fails: it ends with the connection.
            connection.close().await.ok();
        }
        migrated
    }

    /// Compares the tables with what this release expects, and changes nothing.
    ///
    /// # Errors
    /// [`Unavailable`](usermgmt_core::store::StoreErrorKind::Unavailable) if the database does not answer.
    pub async fn schema(&self) -> Result<Schema> {
        let known = sqlx::query_scalar("SELECT to_regclass('_usermgmt_migrations') IS NOT NULL");
        let known: bool = known.fetch_one(&self.pool).await.map_err(error)?;
        if !known {
            return Ok(Schema::Behind);
        }
        let applied = sqlx::query_as("SELECT version, checksum, success FROM _usermgmt_migrations");
        let applied: Vec<_> = applied.fetch_all(&self.pool).await.map_err(error)?;
        Ok(migrations::compare(&migrator(), &applied))
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs a read; answers its row, if there is one.
    async fn row(&self, query: Query) -> Result<Option<Row>> {
        let mut lease = Lease::of(&self.pool).await.map_err(error)?;
        let answer = within(query.fetch_optional(lease.ask())).await;
        lease.heard(answer).map_err(error)
    }

    /// Runs a read; answers its rows.
    async fn rows(&self, query: Query) -> Result<Vec<Row>> {
        let mut lease = Lease::of(&self.pool).await.map_err(error)?;
        let answer = within(query.fetch_all(lease.ask())).await;
        lease.heard(answer).map_err(error)
    }

    /// Begins a transaction.
    async fn begin(&self) -> Result<Write> {
        Write::begin(&self.pool).await
    }

    /// Runs a write that is a transaction of its own; answers how many rows it hit.
    async fn execute(&self, query: Query) -> Result<u64> {
        let mut lease = Lease::of(&self.pool).await.map_err(error)?;
        let answer = within(query.execute(lease.ask())).await;
        Ok(lease.heard(answer).map_err(error)?.rows_affected())
    }

    /// Runs a write that is a transaction of its own; answers the rows it returns.
    async fn returning(&self, query: Query) -> Result<Vec<Row>> {
        self.rows(query).await
    }

    /// Up to which change everything is decided.
    ///
    /// A transaction takes its numbers some time before they become visible, so a reader that sees number 12 cannot
    /// know whether 11 is still to come; once it has gone on behind 12 it would never see it. The transaction's own id
    /// does not help: whoever has the lower one may take the higher number. (And the horizon of all transactions,
    /// `pg_snapshot_xmin`, stands still as long as anything anywhere in the cluster writes: one nightly import would
    /// keep revocations from the other nodes.) So each transaction gives notice of where the sequence stood *before* it
    /// takes a number, as an advisory lock with that place in its key, which ends with the transaction. Reading the
    /// place of the sequence first and the notices second, in a statement before the one that reads the changes:
    /// - a number up to both is either taken by a transaction that has ended, so the later statement sees it or it will
    ///   never be, or by one that gave notice after the notices were read, and then it is above the place read before.
    ///
    /// A server that only follows another one is not asked: what was ended a moment ago may still stand in it. And
    /// after a change of servers places of the former one mean nothing: see [`Horizon`].
    async fn horizon(&self) -> Result<Horizon> {
        let row = self.row(sqlx::query(HORIZON)).await?.ok_or_else(|| error(sqlx::Error::RowNotFound))?;
        let number = |place: i64| u64::try_from(place).unwrap_or(0);
        let cell = |index| row.try_get::<i64, _>(index).map_err(error);
        if row.try_get(3).map_err(error)? {
            return Err(StoreError::caused_by(StoreErrorKind::Unavailable, FOLLOWS));
        }
        Ok(self.server.horizon(cell(2)?, number(cell(0)?), number(cell(1)?)))
    }

    async fn last_change(&self) -> Result<u64> {
        Ok(self.horizon().await?.settled())
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Postgres")
    }
}

fn migrator() -> Migrator {
    migrations::migrator(MIGRATIONS)
}
