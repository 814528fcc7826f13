//! The bus over LISTEN and NOTIFY.

#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test code: what is unexpected ends the test")]

mod support;

use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection};
use support::{Database, rows, without_postgres};
use tokio::time::timeout;
use usermgmt_core::port::{Bus as _, Wakes};
use usermgmt_core::store::{ChangeStore as _, CommitStore as _, Write};
use usermgmt_sqlx::{Postgres, PostgresBus};

/// Within this time something comes that comes at all. No measure of speed.
const COMES: Duration = Duration::from_secs(20);
/// How long is waited for what must not come.
const STAYS_AWAY: Duration = Duration::from_millis(200);

fn url(database: &Database, schema: &str) -> String {
    let mut url = database.options().to_url_lossy();
    url.query_pairs_mut().append_pair("options", &format!("-c search_path={schema}"));
    url.into()
}

async fn execute(database: &Database, sql: impl Into<String>) {
    let mut connection: PgConnection = database.options().connect().await.unwrap();
    connection.execute(AssertSqlSafe(sql.into())).await.unwrap();
}

async fn comes(wakes: &mut Box<dyn Wakes>) {
    timeout(COMES, wakes.next()).await.expect("a wake").unwrap();
}

#[tokio::test]
async fn a_wake_reaches_every_node_of_its_schema_and_no_other() {
    if without_postgres() {
        return;
    }
    let database = Database::empty().await;
    for schema in ["one", "two"] {
        execute(&database, format!("CREATE SCHEMA {schema}")).await;
        Postgres::connect(&url(&database, schema)).await.unwrap().close().await;
    }
    let node = |schema| PostgresBus::connect(&url(&database, schema)).unwrap();
    let (here, there, elsewhere) = (node("one"), node("one"), node("two"));
    let mut own = here.listen().await.unwrap();
    let mut far = there.listen().await.unwrap();
    let mut foreign = elsewhere.listen().await.unwrap();
    for _ in 0..100 {
        here.wake().await.unwrap();
    }
    comes(&mut own).await;
    comes(&mut far).await;
    assert!(timeout(STAYS_AWAY, foreign.next()).await.is_err());
}

/// The store through a pooler, the bus past it.
#[tokio::test]
async fn a_node_behind_a_pooler_is_woken_on_a_direct_connection() {
    if support::without_pgbouncer() {
        return;
    }
    let (database, store) = support::pooled().await;
    let bus = PostgresBus::connect(&database.url).unwrap();
    let mut wakes = bus.listen().await.unwrap();
    let place = store.change_place().await.unwrap();
    store.commit(rows::changes([Write::PutUser(rows::user(1))])).await.unwrap();
    store.commit(rows::changes([Write::MoveAuthEpoch { user: rows::user_id(1), from: 0 }])).await.unwrap();
    bus.wake().await.unwrap();
    comes(&mut wakes).await;
    assert_eq!(store.changes(place, 9).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn an_address_without_our_tables_is_no_silent_bus() {
    if without_postgres() {
        return;
    }
    let database = Database::empty().await;
    let bus = PostgresBus::connect(&url(&database, "public")).unwrap();
    let said = bus.listen().await.err().unwrap();
    assert!(format!("{:?}", std::error::Error::source(&said)).contains("usermgmt_change"), "{said:?}");
    assert!(bus.wake().await.is_err());
    assert!(PostgresBus::connect("nonsense").is_err());
    assert_eq!(format!("{bus:?}"), "PostgresBus", "without its password");
}

#[tokio::test]
async fn a_lost_connection_is_said_and_the_next_one_brings_wakes() {
    if without_postgres() {
        return;
    }
    let (database, _store) = support::postgres().await;
    let bus = PostgresBus::connect(&url(&database, "public")).unwrap();
    let mut wakes = bus.listen().await.unwrap();
    bus.wake().await.unwrap();
    comes(&mut wakes).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    execute(&database, end).await;
    assert!(timeout(COMES, wakes.next()).await.expect("it is said").is_err());
    let mut wakes = bus.listen().await.unwrap();
    bus.wake().await.unwrap();
    comes(&mut wakes).await;
}

#[tokio::test]
async fn a_role_that_may_only_connect_will_do() {
    if without_postgres() {
        return;
    }
    let (database, _store) = support::postgres().await;
    let role = format!("um_bus_only_{}", std::process::id());
    execute(&database, format!("CREATE ROLE {role} LOGIN")).await;
    let mut as_role = database.options().to_url_lossy();
    as_role.set_username(&role).unwrap();
    let bus = PostgresBus::connect(as_role.as_str()).unwrap();
    let mut wakes = bus.listen().await.unwrap();
    bus.wake().await.unwrap();
    comes(&mut wakes).await;
    drop((wakes, bus));
    execute(&database, format!("DROP ROLE {role}")).await;
}

/// A notification is a transaction of its own: no commit of ours holds the lock that orders notifications.
#[tokio::test]
async fn wakes_do_not_wait_for_transactions_that_run() {
    if without_postgres() {
        return;
    }
    let (database, store) = support::postgres().await;
    let bus = PostgresBus::connect(&url(&database, "public")).unwrap();
    let mut wakes = bus.listen().await.unwrap();
    let mut open = store.pool().begin().await.unwrap();
    open.execute("UPDATE usermgmt_change SET changed_at = changed_at").await.unwrap();
    bus.wake().await.unwrap();
    comes(&mut wakes).await;
    open.rollback().await.unwrap();
}
