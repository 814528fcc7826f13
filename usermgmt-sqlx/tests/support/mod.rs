//! Fresh databases for tests.

#![allow(
    dead_code,
    unused_imports,
    clippy::allow_attributes,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "not every test file needs everything, and a test that cannot be prepared has failed"
)]

#[cfg(feature = "postgres")]
pub(crate) mod database;
pub(crate) mod rows;

/// A store in a file of its own; the folder goes with the guard.
#[cfg(feature = "sqlite")]
pub(crate) async fn sqlite() -> (tempfile::TempDir, usermgmt_sqlx::Sqlite) {
    let folder = tempfile::tempdir().unwrap();
    let store = usermgmt_sqlx::Sqlite::open(folder.path().join("test.db")).await.unwrap();
    (folder, store)
}

/// What a newer release adds while this one goes on, by the rule of CONTRIBUTING.md: nothing that this one writes or
/// reads is another thing than before. The last statement is the record of it.
pub(crate) const NEXT: [&str; 4] = [
    "ALTER TABLE usermgmt_user ADD COLUMN next_note TEXT",
    "ALTER TABLE usermgmt_org ADD COLUMN next_count INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE usermgmt_next (id TEXT PRIMARY KEY, kind TEXT NOT NULL DEFAULT 'plain')",
    "INSERT INTO _usermgmt_migrations (version, description, success, checksum, execution_time) \
     SELECT version + 1, 'next, compatible from ' || version, success, checksum, 0 FROM _usermgmt_migrations \
     WHERE version = (SELECT max(version) FROM _usermgmt_migrations)",
];

/// What a release after that one takes away: from then on this one must not use the tables.
pub(crate) const CONTRACT: &str =
    "UPDATE _usermgmt_migrations SET description = 'next, compatible from ' || version WHERE description LIKE 'next%'";

/// A store whose file a newer release has migrated.
#[cfg(feature = "sqlite")]
pub(crate) async fn expanded_sqlite() -> (tempfile::TempDir, usermgmt_sqlx::Sqlite) {
    let (folder, store) = sqlite().await;
    for statement in NEXT {
        sqlx::query(statement).execute(store.pool()).await.unwrap();
    }
    (folder, store)
}

#[cfg(feature = "postgres")]
pub(crate) use postgres::*;

#[cfg(feature = "postgres")]
mod postgres {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use usermgmt_sqlx::Postgres;

    pub(crate) use super::database::Database;

    /// Names what this machine lacks, so that leaving it out is a decision and never an accident.
    const WITHOUT: &str = "USERMGMT_TEST_WITHOUT";

    /// Whether PostgreSQL is left out; says so.
    pub(crate) fn without_postgres() -> bool {
        let without = std::env::var(WITHOUT).unwrap_or_default();
        let left_out = without.split(',').any(|name| name.trim() == "postgres");
        if left_out {
            println!("left out: {WITHOUT} names postgres");
        }
        left_out
    }

    /// A store on a database, which it migrates.
    pub(crate) async fn store(database: &Database, connections: u32) -> Postgres {
        let pool = PgPoolOptions::new().max_connections(connections).connect_with(database.options()).await;
        let store = Postgres::from_pool(pool.unwrap());
        store.migrate().await.unwrap();
        store
    }

    /// A store in a database of its own, with enough connections for a small crowd.
    pub(crate) async fn postgres() -> (Database, Postgres) {
        let database = Database::empty().await;
        let store = store(&database, 16).await;
        (database, store)
    }

    /// The same for whoever leaves the tables as they are.
    pub(crate) async fn emptied_postgres() -> (Database, Postgres) {
        let database = Database::emptied("").await;
        let store = store(&database, 16).await;
        (database, store)
    }

    /// Whether the pooler is left out; says so.
    pub(crate) fn without_pgbouncer() -> bool {
        let without = std::env::var(WITHOUT).unwrap_or_default();
        let left_out = without.split(',').any(|name| name.trim() == "pgbouncer");
        if left_out {
            println!("left out: {WITHOUT} names pgbouncer");
        }
        left_out || without_postgres()
    }

    /// The way to a database through the pooler.
    pub(crate) fn pooler(database: &Database) -> PgConnectOptions {
        let url = std::env::var("USERMGMT_TEST_PGBOUNCER");
        let url = url.unwrap_or_else(|_| panic!("run `cargo xtask test`, or set {WITHOUT}=pgbouncer to do without"));
        url.parse::<PgConnectOptions>().unwrap().database(database.options().get_database().unwrap())
    }

    /// A store behind a pooler in transaction mode, migrated over a direct connection.
    pub(crate) async fn pooled() -> (Database, Postgres) {
        through_pooler(Database::migrated("").await).await
    }

    /// The same after a newer release has migrated the database. One does not touch the other, so one run of the suite
    /// shows both.
    pub(crate) async fn pooled_and_expanded() -> (Database, Postgres) {
        through_pooler(Database::emptied(&super::NEXT.join(";\n")).await).await
    }

    async fn through_pooler(database: Database) -> (Database, Postgres) {
        let options = pooler(&database).extra_float_digits(None);
        let pool = Postgres::pool_options().max_connections(16).connect_with(options).await.unwrap();
        (database, Postgres::from_pool(pool).through_pooler())
    }
}
