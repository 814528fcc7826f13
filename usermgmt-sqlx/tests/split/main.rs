//! The tables can be split: the keys allow it, the whole contract holds on split tables, and what names a user or an
//! organisation is looked for in one part.

#![cfg(feature = "postgres")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot be prepared has failed"
)]

mod plans;
#[path = "../support/split.rs"]
mod split;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use support::{Database, postgres, without_postgres};
use usermgmt_conformance::{AnyStore, Profile, RULES};
use usermgmt_sqlx::{Postgres, Schema};

/// Rules that run at a time, each on tables of its own.
const WORKERS: usize = 3;

/// As many connections as the suite of whole tables has.
const CONNECTIONS: u32 = 16;

/// Tables with a user or an organisation in them that are not split by it, and why.
const WHOLE: &[(&str, &str)] = &[
    ("usermgmt_identifier", "names are unique across users"),
    ("usermgmt_slug", "names are unique across organisations"),
    ("usermgmt_credential", "credentials are unique across users"),
    ("usermgmt_change", "is read by its number, whomever it is about"),
];

/// The statements that were sent, with the types of their parameters.
type Statements = BTreeMap<String, Vec<String>>;

async fn strings(pool: &PgPool, query: &'static str) -> Vec<Vec<String>> {
    let rows = sqlx::query(query).fetch_all(pool).await.unwrap();
    rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect()
}

/// In the catalogue, not in the text: every primary key and every unique index of a table that can be split begins with
/// its column, so PostgreSQL would let it be split.
#[tokio::test]
async fn every_key_leads_with_the_column_that_the_table_is_split_by() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    let layout = split::layout();
    let columns = strings(
        store.pool(),
        "SELECT table_name::text, column_name::text FROM information_schema.columns \
         WHERE table_schema = current_schema AND table_name LIKE 'usermgmt\\_%'",
    )
    .await;
    let there: BTreeSet<_> = columns.iter().map(|row| row[0].as_str()).collect();
    let named: Vec<_> = layout.split.iter().map(|(table, _)| *table).chain(layout.whole.clone()).collect();
    assert_eq!(named.iter().copied().collect::<BTreeSet<_>>(), there, "not exactly the tables stand in the head");
    assert_eq!(named.len(), there.len(), "a table stands in the head twice");

    let has = |table: &str, wanted: &str| columns.iter().any(|row| row[0] == table && row[1] == wanted);
    for table in &layout.whole {
        let owned = has(table, "user_id") || has(table, "org_id");
        let excused = WHOLE.iter().any(|(name, _)| name == table);
        assert_eq!(owned, excused, "`{table}` has a user or an organisation and stays whole, or the other way round");
    }
    let keys = strings(
        store.pool(),
        "SELECT c.relname::text, i.relname::text, a.attname::text FROM pg_index x \
         JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0] \
         WHERE x.indisunique AND c.relname LIKE 'usermgmt\\_%' AND c.relnamespace = current_schema::regnamespace",
    )
    .await;
    for (table, column) in &layout.split {
        assert!(["id", "user_id", "org_id", "owner_id", "chain"].contains(column), "`{table}` is split by `{column}`");
        let mut own = keys.iter().filter(|row| row[0] == *table).peekable();
        assert!(own.peek().is_some(), "`{table}` has no key");
        for key in own {
            assert_eq!(key[2], *column, "`{}` of `{table}` begins with another column", key[1]);
        }
    }
}

/// An operator splits the tables after the release has migrated an empty database; it goes on as if nothing had been.
#[tokio::test]
async fn tables_are_split_after_the_first_migration() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    store.pool().execute(AssertSqlSafe(split::replacing_script())).await.unwrap();
    assert_eq!(store.schema().await.unwrap(), Schema::Current);
    store.migrate().await.unwrap();
    let split = strings(
        store.pool(),
        "SELECT c.relname::text, pg_get_partkeydef(c.oid) FROM pg_class c WHERE c.relkind = 'p' ORDER BY 1",
    )
    .await;
    let mut wanted: Vec<_> = split::layout()
        .split
        .iter()
        .map(|(table, column)| vec![(*table).to_owned(), format!("HASH ({column})")])
        .collect();
    wanted.sort();
    assert_eq!(split, wanted);
}

/// Tables of their own in a schema of this name, split, with a pool that uses them.
async fn split_tables(database: &Database, schema: &str) -> PgPool {
    let options = database.options().options([("search_path", schema)]).statement_cache_capacity(512);
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await.unwrap();
    pool.execute(AssertSqlSafe(format!("CREATE SCHEMA {schema}; {}", split::script()))).await.unwrap();
    pool
}

/// Runs the rules that nobody has taken yet; answers those that failed.
async fn prove(pool: &PgPool, next: &AtomicUsize) -> Vec<&'static str> {
    let layout = split::layout();
    let tables: Vec<_> = layout.split.iter().map(|(table, _)| *table).chain(layout.whole).collect();
    let empty = format!("TRUNCATE {} RESTART IDENTITY", tables.join(", "));
    let profile = Profile::new().nul_in_text(false);
    let mut failed = Vec::new();
    while let Some(rule) = RULES.get(next.fetch_add(1, Ordering::SeqCst)) {
        pool.execute(AssertSqlSafe(empty.clone())).await.unwrap();
        let store: AnyStore = Arc::new(Postgres::from_pool(pool.clone()));
        if tokio::spawn((rule.run)(store, profile)).await.is_err() {
            failed.push(rule.name);
        }
    }
    failed
}

/// What the connections of this pool have prepared.
async fn prepared(pool: &PgPool) -> Statements {
    let mut statements = Statements::new();
    for connection in &mut join_all((0..pool.size()).map(|_| pool.acquire())).await {
        let read = "SELECT statement, parameter_types::text[] FROM pg_prepared_statements WHERE NOT from_sql";
        let rows = sqlx::query(read).persistent(false).fetch_all(&mut **connection.as_mut().unwrap()).await.unwrap();
        statements.extend(rows.iter().map(|row| (row.get(0), row.get(1))));
    }
    statements.retain(|statement, _| statement.contains("usermgmt_") && !statement.starts_with("TRUNCATE"));
    statements
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_contract_holds_on_split_tables() {
    if without_postgres() {
        return;
    }
    let database = Database::empty().await;
    let next = AtomicUsize::new(0);
    let workers = join_all((0..WORKERS).map(|worker| {
        let (database, next) = (&database, &next);
        async move {
            let pool = split_tables(database, &format!("worker_{worker}")).await;
            let failed = prove(&pool, next).await;
            let statements = prepared(&pool).await;
            pool.close().await;
            (failed, statements)
        }
    }))
    .await;
    let failed: Vec<_> = workers.iter().flat_map(|(failed, _)| failed).collect();
    assert!(failed.is_empty(), "these rules do not hold on split tables: {failed:?}");

    let statements: Statements = workers.into_iter().flat_map(|(_, statements)| statements).collect();
    let pool = split_tables(&database, "volume").await;
    plans::are_as_they_should_be(&pool, &statements).await;
    pool.close().await;
}
