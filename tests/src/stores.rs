//! Fresh stores of every kind, with a look behind them.

use std::sync::Arc;

use sqlx::Row as _;
use tempfile::TempDir;
use usermgmt_core::MemoryStore;
use usermgmt_core::store::Store;

use crate::cell::{Cell, Framework, StoreKind};

#[path = "../../usermgmt-sqlx/tests/support/database.rs"]
mod database;
#[path = "../../usermgmt-sqlx/tests/support/split.rs"]
mod split;

pub use database::{Database, admin_url};

/// A fresh store that lives as long as this does.
pub struct FreshStore {
    pub store: Arc<dyn Store>,
    /// The same store, if it is in memory: it can be made unavailable.
    pub memory: Option<MemoryStore>,
    behind: Behind,
}

enum Behind {
    Memory,
    Sqlite { pool: sqlx::SqlitePool, _dir: TempDir },
    Postgres { pool: sqlx::PgPool, database: Database },
}

impl FreshStore {
    /// A store for this test in this cell. On PostgreSQL one half of the tests finds whole tables and the other half
    /// split ones; under the other framework it is the other way round.
    pub async fn of(cell: Cell, test: &str) -> Self {
        if cell.store != StoreKind::Postgres {
            return Self::new(cell.store).await;
        }
        let name = test.rsplit_once("::").map_or(test, |(name, _cell)| name);
        let is_odd = name.bytes().fold(0, |sum, byte| sum ^ byte) & 1 == 1;
        let script =
            if is_odd == (cell.framework == Framework::Axum) { split::replacing_script() } else { String::new() };
        Self::postgres(Database::emptied(&script).await).await
    }

    pub async fn new(kind: StoreKind) -> Self {
        match kind {
            StoreKind::Memory => {
                let memory = MemoryStore::new();
                Self { store: Arc::new(memory.clone()), memory: Some(memory), behind: Behind::Memory }
            }
            StoreKind::Sqlite => {
                let dir = tempfile::tempdir().unwrap();
                let path = dir.path().join("test.db");
                let store = usermgmt_sqlx::Sqlite::open(&path).await.expect("SQLite opens");
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
                let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
                Self { store: Arc::new(store), memory: None, behind: Behind::Sqlite { pool, _dir: dir } }
            }
            StoreKind::Postgres => Self::postgres(Database::migrated("").await).await,
        }
    }

    async fn postgres(database: Database) -> Self {
        let store = usermgmt_sqlx::Postgres::connect(&database.url).await.expect("PostgreSQL connects");
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_lazy(&database.url).unwrap();
        Self { store: Arc::new(store), memory: None, behind: Behind::Postgres { pool, database } }
    }

    /// The database's URL, if it is a PostgreSQL.
    #[must_use]
    pub fn postgres_url(&self) -> Option<&str> {
        match &self.behind {
            Behind::Postgres { database, .. } => Some(&database.url),
            _ => None,
        }
    }

    /// The same data through connections of their own. Those that a server has opened end with its runtime.
    pub async fn reopen(&mut self) {
        if let Behind::Postgres { database, .. } = &self.behind {
            self.store = Arc::new(usermgmt_sqlx::Postgres::connect(&database.url).await.expect("PostgreSQL connects"));
        }
    }

    /// Everything that is stored, as text: for the search for secrets, and to see that nothing has changed. `None`
    /// for a store that keeps nothing outside the process.
    pub async fn dump(&self) -> Option<String> {
        match &self.behind {
            Behind::Memory => None,
            Behind::Sqlite { pool, .. } => {
                let tables = sqlx::query("select name from sqlite_master where type = 'table' order by name");
                let names: Vec<String> = tables.fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect();
                let mut dump = String::new();
                for name in names.iter().filter(|name| name.starts_with("usermgmt_")) {
                    let columns = sqlx::query(sqlx::AssertSqlSafe(format!("pragma table_info({name})")));
                    let columns: Vec<String> =
                        columns.fetch_all(pool).await.unwrap().iter().map(|row| row.get("name")).collect();
                    let all: Vec<_> = columns.iter().map(|column| format!("'{column}=' || quote({column})")).collect();
                    let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
                        "select {} from {name} order by 1",
                        all.join(" || ' ' || ")
                    )));
                    for row in rows.fetch_all(pool).await.unwrap() {
                        dump.push_str(&format!("{name}: {}\n", row.get::<String, _>(0)));
                    }
                }
                Some(dump)
            }
            Behind::Postgres { pool, .. } => {
                // A part of a table is no table of its own.
                let tables = "select relname::text from pg_class where relname like 'usermgmt\\_%' \
                              and relkind in ('r', 'p') and not relispartition order by 1";
                let names: Vec<String> =
                    sqlx::query(tables).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect();
                let mut dump = String::new();
                for name in names {
                    let rows = sqlx::query(sqlx::AssertSqlSafe(format!("select t::text from {name} t order by 1")));
                    for row in rows.fetch_all(pool).await.unwrap() {
                        dump.push_str(&format!("{name}: {}\n", row.get::<String, _>(0)));
                    }
                }
                Some(dump)
            }
        }
    }

    /// Runs a statement of the test on the database.
    pub async fn execute(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.behind {
            Behind::Memory => panic!("memory has no SQL"),
            Behind::Sqlite { pool, .. } => drop(sqlx::query(sql).execute(pool).await.unwrap()),
            Behind::Postgres { pool, database } => {
                database.altered();
                sqlx::query(sql).execute(pool).await.unwrap();
            }
        }
    }
}

/// The Redis that `cargo xtask test` has started; `None` if it was left out on purpose.
#[must_use]
pub fn redis_url() -> Option<String> {
    let missing = |_| panic!("run `cargo xtask test`, or set USERMGMT_TEST_WITHOUT=redis to leave Redis out");
    (!crate::cell::left_out("redis")).then(|| std::env::var("USERMGMT_TEST_REDIS").unwrap_or_else(missing))
}
