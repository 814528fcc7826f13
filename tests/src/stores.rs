//! Fresh stores of every kind, with a look behind them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use usermgmt_core::MemoryStore;
use usermgmt_core::store::Store;

use crate::cell::{Cell, Framework, StoreKind};

#[path = "../../usermgmt-sqlx/tests/support/split.rs"]
mod split;

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

/// A database in the cluster, which goes with this value.
pub struct Database {
    pub url: String,
    name: String,
}

impl FreshStore {
    /// A store for this cell. Frameworks do not know what is behind the store, so the two cells of PostgreSQL show two
    /// things: under Axum the tables are whole, under Actix they are split.
    pub async fn of(cell: Cell) -> Self {
        match cell {
            Cell { store: StoreKind::Postgres, framework: Framework::Actix } => Self::postgres(true).await,
            Cell { store, .. } => Self::new(store).await,
        }
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
            StoreKind::Postgres => Self::postgres(false).await,
        }
    }

    async fn postgres(split: bool) -> Self {
        let (url, name) = database(split).await;
        let database = Database { url, name };
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
            Behind::Postgres { pool, .. } => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }
}

impl Database {
    /// With nothing in it, as an application finds it at its first start.
    pub async fn empty() -> Self {
        let name = next_name();
        let mut connection = PgConnection::connect(&admin_url()).await.expect("PostgreSQL is there");
        connection.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        Self { url: url_of(&name), name }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (admin_url(), self.name.clone());
        // The connections of the test may still be open; the database goes with them.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin).await.ok()?;
                let drop = sqlx::AssertSqlSafe(format!("drop database if exists {name} with (force)"));
                connection.execute(drop).await.ok()
            })
        });
        drop(dropped.join());
    }
}

/// The Redis that `cargo xtask test` has started; `None` if it was left out on purpose.
#[must_use]
pub fn redis_url() -> Option<String> {
    let missing = |_| panic!("run `cargo xtask test`, or set USERMGMT_TEST_WITHOUT=redis to leave Redis out");
    (!crate::cell::left_out("redis")).then(|| std::env::var("USERMGMT_TEST_REDIS").unwrap_or_else(missing))
}

/// The cluster that `cargo xtask test` has started.
#[must_use]
pub fn admin_url() -> String {
    std::env::var("USERMGMT_TEST_POSTGRES").unwrap_or_else(|_| {
        panic!("run `cargo xtask test`, or set USERMGMT_TEST_WITHOUT=postgres to leave PostgreSQL out")
    })
}

/// The URL of a database in the cluster.
fn url_of(name: &str) -> String {
    let mut url = url::Url::parse(&admin_url()).unwrap();
    url.set_path(name);
    url.to_string()
}

/// A name that no other database has.
fn next_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("um_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// A database of its own, made from a template that is migrated once for each process.
pub async fn fresh_database() -> (String, String) {
    database(false).await
}

/// The same with the tables split, if so wanted.
async fn database(split: bool) -> (String, String) {
    static TEMPLATES: [OnceCell<String>; 2] = [const { OnceCell::const_new() }; 2];
    let admin = admin_url();
    let process = std::process::id();
    let template = TEMPLATES[usize::from(split)]
        .get_or_init(|| async {
            let name = format!("um_template_{process}_{}", usize::from(split));
            let mut connection = PgConnection::connect(&admin).await.expect("PostgreSQL is there");
            for sql in [format!("drop database if exists {name} with (force)"), format!("create database {name}")] {
                connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
            }
            let store = usermgmt_sqlx::Postgres::connect(&url_of(&name)).await.expect("migrations run");
            if split {
                let script = sqlx::AssertSqlSafe(split::replacing_script());
                store.pool().execute(script).await.expect("the tables can be split");
            }
            store.close().await;
            name
        })
        .await;
    let name = next_name();
    let mut connection = PgConnection::connect(&admin).await.unwrap();
    let create = format!("create database {name} template {template}");
    // Another test may be copying the template at this moment: PostgreSQL then asks to try again.
    for _ in 0..200 {
        match connection.execute(sqlx::AssertSqlSafe(create.clone())).await {
            Ok(_) => return (url_of(&name), name),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55006") => {
                tokio::task::yield_now().await
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the template database is never free");
}
