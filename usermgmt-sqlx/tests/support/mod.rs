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
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
    use time::OffsetDateTime;
    use usermgmt_core::id::CommitId;
    use usermgmt_core::port::OsRandom;
    use usermgmt_sqlx::Postgres;

    /// A superuser's URL of a cluster on the loopback interface.
    const URL: &str = "USERMGMT_TEST_POSTGRES";

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

    /// A database of its own, dropped with the guard.
    pub(crate) struct Database {
        pub(crate) options: PgConnectOptions,
        admin: PgConnectOptions,
        name: String,
    }

    impl Database {
        pub(crate) async fn create() -> Self {
            let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
            let url = url
                .unwrap_or_else(|| panic!("run `cargo xtask test`, or set {WITHOUT}=postgres to leave PostgreSQL out"));
            let admin: PgConnectOptions = url.parse().unwrap();
            let id = CommitId::new(&OsRandom, OffsetDateTime::UNIX_EPOCH).unwrap();
            let name = format!("usermgmt_test_{}", id.as_uuid().simple());
            let mut connection = admin.connect().await.unwrap();
            // A linguistic default collation, so that a column without COLLATE "C" shows; a server that cannot give
            // one (before 15, or built without ICU) has to do with its own.
            let linguistic = format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'");
            if connection.execute(AssertSqlSafe(linguistic)).await.is_err() {
                connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
            }
            Self { options: admin.clone().database(&name), admin, name }
        }

        pub(crate) async fn store(&self, connections: u32) -> Postgres {
            let pool = PgPoolOptions::new().max_connections(connections).connect_with(self.options.clone()).await;
            let store = Postgres::from_pool(pool.unwrap());
            store.migrate().await.unwrap();
            store
        }
    }

    impl Drop for Database {
        fn drop(&mut self) {
            let (admin, name) = (self.admin.clone(), std::mem::take(&mut self.name));
            // A runtime of its own: that of the test may be about to end.
            let dropping = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let mut connection = admin.connect().await.unwrap();
                    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
                    connection.execute(AssertSqlSafe(drop)).await.unwrap();
                });
            });
            dropping.join().unwrap();
        }
    }

    /// A store in a database of its own, with enough connections for a small crowd.
    pub(crate) async fn postgres() -> (Database, Postgres) {
        let database = Database::create().await;
        let store = database.store(16).await;
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
        url.parse::<PgConnectOptions>().unwrap().database(&database.name)
    }

    /// A store behind a pooler in transaction mode, migrated over a direct connection.
    pub(crate) async fn pooled() -> (Database, Postgres) {
        let database = Database::create().await;
        database.store(1).await.close().await;
        let options = pooler(&database).extra_float_digits(None);
        let pool = Postgres::pool_options().max_connections(16).connect_with(options).await.unwrap();
        (database, Postgres::from_pool(pool).through_pooler())
    }

    /// The same after a newer release has migrated the database. One does not touch the other, so one run of the suite
    /// shows both.
    pub(crate) async fn pooled_and_expanded() -> (Database, Postgres) {
        let (database, store) = pooled().await;
        let newer = database.store(1).await;
        for statement in super::NEXT {
            sqlx::query(statement).execute(newer.pool()).await.unwrap();
        }
        newer.close().await;
        (database, store)
    }
}
