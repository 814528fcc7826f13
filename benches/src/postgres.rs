//! Databases in the PostgreSQL that `cargo xtask bench` has started.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::report::Report;
use crate::world;

/// A database of its own, empty, which goes with this value.
pub(crate) struct Database {
    pub(crate) url: String,
    name: String,
    admin: String,
}

impl Database {
    /// A new one; nothing, and a figure that says so, if PostgreSQL was left out on purpose.
    pub(crate) fn new(report: &mut Report) -> Option<Self> {
        if std::env::var("USERMGMT_TEST_WITHOUT").is_ok_and(|parts| parts.split(',').any(|part| part == "postgres")) {
            report.note("LEFT OUT: PostgreSQL, on purpose (USERMGMT_TEST_WITHOUT)");
            report.state("on PostgreSQL", "LEFT OUT on purpose".to_owned());
            return None;
        }
        let admin = std::env::var("USERMGMT_TEST_POSTGRES").unwrap_or_else(|_| {
            panic!("run `cargo xtask bench`, or set USERMGMT_TEST_WITHOUT=postgres to leave PostgreSQL out")
        });
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("um_bench_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = at(&admin, &name);
        let database = Self { url, name, admin };
        let create = format!("CREATE DATABASE {}", database.name);
        world::single().block_on(database.govern(&create)).expect("a database");
        Some(database)
    }

    /// The same database by way of another port of this machine.
    pub(crate) fn through(&self, port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{}", self.name)
    }

    /// Runs a statement about databases.
    async fn govern(&self, sql: &str) -> sqlx::Result<()> {
        let mut connection = PgConnection::connect(&self.admin).await?;
        connection.execute(AssertSqlSafe(sql.to_owned())).await?;
        connection.close().await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Connections may still be open: the database goes with them.
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = std::thread::scope(|scope| {
            scope.spawn(|| world::single().block_on(self.govern(&sql)).is_ok()).join().unwrap_or(false)
        });
        if !dropped {
            println!("   the database {} was left behind", self.name);
        }
    }
}

/// The URL of another database of the same server.
fn at(admin: &str, name: &str) -> String {
    let (server, _) = admin.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}")
}

/// Host and port that a URL names.
pub(crate) fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let url = "postgres://postgres@127.0.0.1:5432/postgres";
        assert_eq!(at(url, "other"), "postgres://postgres@127.0.0.1:5432/other");
        assert_eq!(authority(url), "127.0.0.1:5432");
    }
}
