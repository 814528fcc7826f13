//! PostgreSQL, 13 or newer.

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Executor as _, FromRow, Row as _};
use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

use crate::error::{self, error};
use crate::horizon::{Horizon, Server};
use crate::lease::{Source, Write};
use crate::migrations::{self, Schema};
use crate::replica::Replica;

type Db = sqlx::Postgres;
type Connection = sqlx::PgConnection;
pub(crate) type Row = sqlx::postgres::PgRow;
type Store = Postgres;
pub(crate) type Query = sqlx::query::Query<'static, Db, sqlx::postgres::PgArguments>;

/// More than our statements and a good many of the application's: none should be prepared twice.
const STATEMENTS: usize = 256;

/// How long a call waits for a connection before it answers that the database is unavailable. The driver's default of
/// half a minute would turn an outage into requests that hang.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a server is not used.
const FOLLOWS: &str = "the server follows another one: it may not have heard yet of what was ended";

/// Number, name, the oldest release that may go on using the tables (as the number of its last migration), and text.
const MIGRATIONS: &[migrations::Script] = &[(1, "begin", 1, include_str!("../migrations/postgres/0001_begin.sql"))];

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
#[path = "wire.rs"]
pub(crate) mod wire;

/// A store in a PostgreSQL database. Clones share it.
#[derive(Clone)]
pub struct Postgres {
    source: Source,
    replica: Option<Arc<Replica>>,
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
    /// [`Unavailable`](StoreErrorKind::Unavailable) if the database cannot be reached or refuses
    /// the login, else as [`migrate`](Self::migrate).
    pub async fn connect(url: &str) -> Result<Self> {
        let store = Self::from_pool(Self::pool_options().connect_with(options(url)?).await.map_err(error)?);
        store.migrate().await?;
        Ok(store)
    }

    /// The same without migrating: for a role that may not, where a job of the deployment has done it before.
    ///
    /// # Errors
    /// [`Unsupported`](StoreErrorKind::Unsupported), naming why, if the tables are not what this release can use;
    /// [`Corrupt`](StoreErrorKind::Corrupt) if a migration was altered; else as [`connect`](Self::connect).
    pub async fn connect_migrated(url: &str) -> Result<Self> {
        let store = Self::from_pool(Self::pool_options().connect_with(options(url)?).await.map_err(error)?);
        store.schema().await?.usable()?;
        Ok(store)
    }

    /// The same through a pooler in transaction mode: see [`through_pooler`](Self::through_pooler).
    ///
    /// # Errors
    /// As [`connect_migrated`](Self::connect_migrated).
    pub async fn connect_pooled(url: &str) -> Result<Self> {
        let options = options(url)?.extra_float_digits(None).statement_cache_capacity(0);
        let pool = Self::pool_options().connect_with(options).await.map_err(error)?;
        let store = Self::from_pool(pool).through_pooler();
        store.schema().await?.usable()?;
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
        Self { source: Source { pool, pooled: false }, replica: None, server: Arc::default() }
    }

    /// The same store behind a pooler that gives each transaction another connection of the server: pgbouncer in
    /// transaction mode and its like, of any version.
    ///
    /// No statement is kept on a connection, and each read is a transaction of its own, which costs it three round
    /// trips more. A pgbouncer from 1.21 on with `max_prepared_statements` follows statements by itself and does not
    /// need this. Make the pool with `extra_float_digits(None)`, which pgbouncer refuses otherwise, and name the schema
    /// with `ALTER ROLE … SET search_path`, not in the URL. Migrate over a direct connection:
    /// [`migrate`](Self::migrate) refuses, because it needs a lock that stays with its connection. Keep transactions of
    /// your own in which plans are applied ([`Apply`](crate::Apply)) to a direct pool as well.
    #[must_use]
    pub fn through_pooler(mut self) -> Self {
        self.source.pooled = true;
        self
    }

    /// The same store, with a pool of connections to a server that follows this one, for what may be a moment old:
    /// the pages of the audit log and its export, where a person reads what others did.
    ///
    /// Nothing else is read there: no session, right, policy, limit, token, job, seal or place of the change sequence,
    /// nothing that a write rests on, and no page that somebody sees after their own change. A replica that cannot be
    /// reached, fails, or takes more than two seconds is left alone for ten, and the primary asked: it is always right.
    /// How far the replica may lag is yours to watch; until it has caught up a page lacks the last events.
    #[must_use]
    pub fn with_replica(mut self, pool: PgPool) -> Self {
        self.replica = Some(Arc::new(Replica::new(Source { pool, pooled: self.source.pooled })));
        self
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
                // One message, which a pooler does not tear apart.
                let row = connection.fetch_one(sqlx::raw_sql("SELECT pg_is_in_recovery()")).await?;
                if row.try_get(0)? { Err(sqlx::Error::Configuration(FOLLOWS.into())) } else { Ok(()) }
            })
        })
    }

    /// The pool, for the application's own tables. Use [`Apply`](crate::Apply) for our writes in your transactions.
    #[must_use]
    pub const fn pool(&self) -> &PgPool {
        &self.source.pool
    }

    /// Brings the tables to what this release expects. Safe to call from several processes at once, and when nothing
    /// is to be done.
    ///
    /// # Errors
    /// [`Unsupported`](StoreErrorKind::Unsupported) if a newer release has migrated this database and says that this one
    /// must not use it any more, or through a pooler; [`Corrupt`](StoreErrorKind::Corrupt) if a migration was altered,
    /// else [`Unavailable`](StoreErrorKind::Unavailable).
    pub async fn migrate(&self) -> Result<()> {
        if self.source.pooled {
            return Err(StoreError::caused_by(StoreErrorKind::Unsupported, "migrate over a direct connection"));
        }
        let mut connection = self.source.pool.acquire().await.map_err(error)?;
        let Err(failure) = migrator().run_direct(None, &mut *connection, false).await else { return Ok(()) };
        // The driver leaves its advisory lock behind when it fails: it ends with the connection.
        connection.close().await.ok();
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
        let known = self.row(sqlx::query("SELECT to_regclass('_usermgmt_migrations') IS NOT NULL")).await?;
        if !known.map_or(Ok(false), |row| row.try_get(0)).map_err(error)? {
            return Ok(Schema::Behind);
        }
        let applied = self.rows(sqlx::query(migrations::APPLIED)).await?;
        let applied: Vec<_> = applied.iter().map(FromRow::from_row).collect::<sqlx::Result<_>>().map_err(error)?;
        Ok(migrations::compare(&migrator(), &applied))
    }

    /// Closes all connections, waiting for those in use.
    pub async fn close(&self) {
        self.source.pool.close().await;
    }

    /// Runs a read; answers its row, if there is one.
    async fn row(&self, query: Query) -> Result<Option<Row>> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// Runs a read; answers its rows.
    async fn rows(&self, query: Query) -> Result<Vec<Row>> {
        self.source.rows(query).await
    }

    /// Runs a read that may be answered by a replica.
    async fn stale_rows(&self, query: impl Fn() -> Query + Send + Sync) -> Result<Vec<Row>> {
        if let Some(replica) = &self.replica
            && let Some(rows) = replica.rows(query()).await
        {
            return Ok(rows);
        }
        self.rows(query()).await
    }

    /// Begins a transaction.
    async fn begin(&self) -> Result<Write> {
        self.source.begin().await
    }

    /// Runs a write that is a transaction of its own; answers how many rows it hit.
    async fn execute(&self, query: Query) -> Result<u64> {
        self.source.execute(query).await
    }

    /// Runs a write that is a transaction of its own; answers the rows it returns.
    async fn returning(&self, query: Query) -> Result<Vec<Row>> {
        self.source.returning(query).await
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

fn options(url: &str) -> Result<PgConnectOptions> {
    let options: PgConnectOptions = url.parse().map_err(error)?;
    Ok(options.statement_cache_capacity(STATEMENTS))
}

fn migrator() -> Migrator {
    migrations::migrator(MIGRATIONS)
}
