//! Migrating: once, by anybody, at any time, and never behind the operator's back.

#![cfg(any(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

mod support;

use futures_util::future::join_all;
use sqlx::{AssertSqlSafe, Executor as _};
use usermgmt_core::store::StoreErrorKind;
use usermgmt_sqlx::Schema;

use crate::support::{CONTRACT, NEXT};

macro_rules! migration_tests {
    ($empty:ident, $count_tables:literal, $left_out:expr) => {
        async fn tables(store: &Store) -> i64 {
            sqlx::query_scalar($count_tables).fetch_one(store.pool()).await.unwrap()
        }

        async fn run(store: &Store, statement: &str) {
            store.pool().execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
        }

        #[tokio::test]
        async fn checking_changes_nothing_and_migrating_twice_is_migrating_once() {
            if $left_out {
                return;
            }
            let (_guard, store) = $empty().await;
            assert_eq!(store.schema().await.unwrap(), Schema::Behind);
            assert_eq!(tables(&store).await, 0, "checking has made a table");
            store.migrate().await.unwrap();
            assert_eq!(store.schema().await.unwrap(), Schema::Current);
            let made = tables(&store).await;
            store.migrate().await.unwrap();
            assert_eq!((tables(&store).await, store.schema().await.unwrap()), (made, Schema::Current));
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn many_may_migrate_at_once() {
            if $left_out {
                return;
            }
            let (_guard, store) = $empty().await;
            let migrating = (0..8).map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.migrate().await })
            });
            join_all(migrating).await.into_iter().for_each(|migrated| migrated.unwrap().unwrap());
            assert_eq!(store.schema().await.unwrap(), Schema::Current);
        }

        #[tokio::test]
        async fn a_newer_or_altered_schema_is_refused() {
            if $left_out {
                return;
            }
            let (_guard, store) = $empty().await;
            store.migrate().await.unwrap();
            run(
                &store,
                "INSERT INTO _usermgmt_migrations (version, description, success, checksum, execution_time) \
                 SELECT 9999, 'from a newer release', success, checksum, 0 FROM _usermgmt_migrations WHERE version = 1",
            )
            .await;
            assert_eq!(store.schema().await.unwrap(), Schema::Ahead);
            assert_eq!(store.migrate().await.unwrap_err().kind(), StoreErrorKind::Unsupported);
            run(&store, "DELETE FROM _usermgmt_migrations WHERE version = 9999").await;
            // Nothing is left locked by the failure.
            store.migrate().await.unwrap();
            run(&store, "UPDATE _usermgmt_migrations SET checksum = '\\x00'").await;
            assert_eq!(store.schema().await.unwrap(), Schema::Altered);
            assert_eq!(store.migrate().await.unwrap_err().kind(), StoreErrorKind::Corrupt);
        }

        #[tokio::test]
        async fn an_older_release_goes_on_beside_a_newer_one_that_only_added() {
            if $left_out {
                return;
            }
            let (guard, store) = $empty().await;
            store.migrate().await.unwrap();
            for statement in NEXT {
                run(&store, statement).await;
            }
            assert_eq!(store.schema().await.unwrap(), Schema::Expanded);
            // It also starts again: a rolling upgrade may go back.
            store.migrate().await.unwrap();
            start(&guard).await.unwrap();
            assert_eq!(store.schema().await.unwrap(), Schema::Expanded);
            run(&store, CONTRACT).await;
            assert_eq!(store.schema().await.unwrap(), Schema::Ahead);
            assert_eq!(store.migrate().await.unwrap_err().kind(), StoreErrorKind::Unsupported);
            assert_eq!(start(&guard).await.unwrap_err().kind(), StoreErrorKind::Unsupported);
        }

        #[tokio::test]
        async fn a_start_that_may_not_migrate_says_what_is_missing() {
            if $left_out {
                return;
            }
            let (guard, store) = $empty().await;
            let failure = start(&guard).await.unwrap_err();
            assert_eq!(failure.kind(), StoreErrorKind::Unsupported);
            let why = std::error::Error::source(&failure).unwrap().to_string();
            assert!(why.contains("migrate them first"), "{why}");
            assert_eq!(tables(&store).await, 0, "it has made a table");
            store.migrate().await.unwrap();
            start(&guard).await.unwrap();
        }

        #[tokio::test]
        async fn migrations_of_the_application_are_left_alone() {
            if $left_out {
                return;
            }
            let (_guard, store) = $empty().await;
            run(&store, "CREATE TABLE _sqlx_migrations (version BIGINT)").await;
            run(&store, "INSERT INTO _sqlx_migrations (version) VALUES (1)").await;
            store.migrate().await.unwrap();
            assert_eq!(store.schema().await.unwrap(), Schema::Current);
        }
    };
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

    use super::*;

    type Store = usermgmt_sqlx::Sqlite;

    async fn empty() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(folder.path().join("test.db")).create_if_missing(true);
        let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        (folder, Store::from_pool(pool))
    }

    async fn start(folder: &tempfile::TempDir) -> usermgmt_core::store::Result<Store> {
        Store::open_migrated(folder.path().join("test.db")).await
    }

    #[tokio::test]
    async fn a_start_that_may_not_migrate_makes_no_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(start(&folder).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    migration_tests!(empty, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", false);

    /// As processes that start together: the file, its journal mode and its tables are all made at once.
    #[tokio::test(flavor = "multi_thread")]
    async fn many_may_open_a_new_file_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let path = folder.path().join(format!("{round}.db"));
            let opening = (0..8).map(|_| tokio::spawn(Store::open(path.clone())));
            for opened in join_all(opening).await {
                assert_eq!(opened.unwrap().unwrap().schema().await.unwrap(), Schema::Current);
            }
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_files_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let _store = Store::open(folder.path().join("new.db")).await.unwrap();
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.file_name());
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use sqlx::ConnectOptions as _;
    use sqlx::postgres::PgPoolOptions;

    use super::*;
    use crate::support::{Database, pooled, without_pgbouncer, without_postgres};

    /// A lock that belongs to a connection has no place where connections change.
    #[tokio::test]
    async fn nobody_migrates_through_a_pooler() {
        if without_pgbouncer() {
            return;
        }
        let (database, store) = pooled().await;
        assert_eq!(store.migrate().await.unwrap_err().kind(), StoreErrorKind::Unsupported);
        let url = crate::support::pooler(&database).to_url_lossy();
        let store = Store::connect_pooled(url.as_str()).await.unwrap();
        assert_eq!(store.schema().await.unwrap(), Schema::Current);
    }

    async fn start(database: &Database) -> usermgmt_core::store::Result<Store> {
        Store::connect_migrated(&database.url).await
    }

    type Store = usermgmt_sqlx::Postgres;

    async fn empty() -> (Database, Store) {
        let database = Database::empty().await;
        let pool = PgPoolOptions::new().max_connections(8).connect_with(database.options()).await.unwrap();
        (database, Store::from_pool(pool))
    }

    migration_tests!(
        empty,
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'",
        without_postgres()
    );
}
