//! Databases in the cluster that `cargo xtask test` has started, for the tests of this crate and of the whole.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::panic,
    clippy::unwrap_used,
    reason = "not every test file needs everything, and a test that cannot be prepared has failed"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tokio::sync::OnceCell;

/// Databases that were used and may be used again, by the script that ran in them after the migrations.
static USED: LazyLock<Mutex<HashMap<String, Vec<String>>>> = LazyLock::new(Mutex::default);

/// Takes the rows out of our tables and leaves the tables. Whole tables are not truncated: that makes new files for
/// each of them and for each of their indexes.
const EMPTY: &str = "SET session_replication_role = replica; \
    DO $$ DECLARE used text; BEGIN \
      FOR used IN SELECT oid::regclass FROM pg_class WHERE relname LIKE 'usermgmt\\_%' AND relkind = 'r' \
          AND pg_relation_size(oid) > 0 LOOP \
        EXECUTE 'DELETE FROM ' || used; \
      END LOOP; END $$";

/// A superuser's URL of a cluster on the loopback interface.
#[must_use]
pub fn admin_url() -> String {
    let url = std::env::var("USERMGMT_TEST_POSTGRES").ok().filter(|url| !url.is_empty());
    url.unwrap_or_else(|| {
        panic!("run `cargo xtask test`, or set USERMGMT_TEST_WITHOUT=postgres to leave PostgreSQL out")
    })
}

/// A database in the cluster, which goes with this value.
pub struct Database {
    pub url: String,
    name: String,
    /// The script that ran in it, if another test may use it after this one.
    again: Option<String>,
    altered: AtomicBool,
}

impl Database {
    /// With nothing in it, as an application finds it at its first start.
    pub async fn empty() -> Self {
        let (mut admin, name) = (admin().await, next_name());
        // A linguistic default collation, so that a column without COLLATE "C" shows; a server that cannot give one
        // (before 15, or built without ICU) has to do with its own.
        let linguistic = format!("CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'");
        if admin.execute(AssertSqlSafe(linguistic)).await.is_err() {
            admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        }
        Self::named(name)
    }

    /// With our tables, and what the script does after the migrations.
    pub async fn migrated(script: &str) -> Self {
        let database = Self::empty().await;
        let store = usermgmt_sqlx::Postgres::connect(&database.url).await.unwrap();
        store.pool().execute(AssertSqlSafe(script.to_owned())).await.unwrap();
        store.close().await;
        database
    }

    /// The same, without rows, but perhaps not new: making a database takes ten times as long as emptying one.
    /// Whatever alters its tables must say so ([`altered`](Self::altered)).
    pub async fn emptied(script: &str) -> Self {
        let used = USED.lock().unwrap().get_mut(script).and_then(Vec::pop);
        let mut database = match used {
            Some(used) => {
                let database = Self::named(renamed(&used).await);
                let mut connection = PgConnection::connect(&database.url).await.unwrap();
                connection.execute(EMPTY).await.unwrap();
                connection.close().await.unwrap();
                database
            }
            None => Self::migrated(script).await,
        };
        database.again = Some(script.to_owned());
        database
    }

    /// No other test can use it after this one.
    pub fn altered(&self) {
        self.altered.store(true, Ordering::SeqCst);
    }

    /// To connect with other settings.
    pub fn options(&self) -> PgConnectOptions {
        self.url.parse().unwrap()
    }

    fn named(name: String) -> Self {
        let options = admin_url().parse::<PgConnectOptions>().unwrap().database(&name);
        Self { url: options.to_url_lossy().into(), name, again: None, altered: AtomicBool::new(false) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        if let Some(script) = self.again.take().filter(|_| !self.altered.load(Ordering::SeqCst)) {
            return USED.lock().unwrap().entry(script).or_default().push(name);
        }
        // A runtime of its own: that of the test may be about to end. The connections of the test may still be open;
        // they end with the database.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { remove(&mut admin().await, &name).await });
        });
        dropping.join().unwrap();
    }
}

/// Gives a database a new name. What is left of the test before can finish nothing in it: its connections end, and
/// under the old name there is no database any more.
async fn renamed(used: &str) -> String {
    let (mut admin, name) = (admin().await, next_name());
    let rename = format!("ALTER DATABASE {used} RENAME TO {name}");
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{used}'");
    for _ in 0..1000 {
        admin.execute(AssertSqlSafe(end.clone())).await.unwrap();
        match admin.execute(AssertSqlSafe(rename.clone())).await {
            Ok(_) => return name,
            // A connection has not ended yet, or has just come.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("55006") => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the database {used} is never free");
}

/// A connection that makes and drops databases.
async fn admin() -> PgConnection {
    static ALIVE: OnceCell<()> = OnceCell::const_new();
    ALIVE.get_or_init(sweep).await;
    PgConnection::connect(&admin_url()).await.unwrap()
}

/// Drops what earlier processes have left in a cluster that outlives them. A process holds a lock with its number for
/// as long as it lives.
async fn sweep() {
    let mut connection = PgConnection::connect(&admin_url()).await.unwrap();
    let own = i64::from(std::process::id());
    sqlx::query("SELECT pg_try_advisory_lock($1)").bind(own).execute(&mut connection).await.unwrap();
    let names = sqlx::query_scalar("SELECT datname::text FROM pg_database WHERE datname LIKE 'um\\_test\\_%'");
    let names: Vec<String> = names.fetch_all(&mut connection).await.unwrap();
    for name in names {
        let of = name.split('_').nth(2).and_then(|number| number.parse::<i64>().ok());
        let Some(of) = of.filter(|of| *of != own) else { continue };
        let ended = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(of);
        if ended.fetch_one(&mut connection).await.unwrap() {
            remove(&mut connection, &name).await;
            sqlx::query("SELECT pg_advisory_unlock($1)").bind(of).execute(&mut connection).await.unwrap();
        }
    }
    // The lock goes with the connection, and the connection with the process.
    std::mem::forget(connection);
}

async fn remove(admin: &mut PgConnection, name: &str) {
    admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await.unwrap();
}

/// A name that no other database has.
fn next_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("um_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}
