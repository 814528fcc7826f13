//! A server that says nothing any more: packets are swallowed, no connection is closed. Nobody waits longer than stated,
//! and once the line carries again so does the store.

#![cfg(feature = "postgres")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot be prepared has failed, and a read is no longer than its buffer"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use sqlx::Executor as _;
use sqlx::postgres::PgPoolOptions;
use support::rows::*;
use support::{Database, without_postgres};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use usermgmt_core::id::RealmId;
use usermgmt_core::port::Bus as _;
use usermgmt_core::store::{CommitStore as _, MaintenanceStore as _, StoreErrorKind, UserStore as _, Write};
use usermgmt_sqlx::{Postgres, PostgresBus};

/// What the manual states: five seconds for a connection, ten for the answer.
const BOUND: Duration = Duration::from_secs(15);

/// A line to the server that can be made to swallow what it should carry.
struct Line {
    port: u16,
    carries: Arc<watch::Sender<bool>>,
}

impl Line {
    async fn to(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self { port: listener.local_addr().unwrap().port(), carries: Arc::new(watch::Sender::new(true)) };
        let carries = line.carries.clone();
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let far = TcpStream::connect((host.as_str(), port)).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near_in, far_out, carries.subscribe()));
                tokio::spawn(carry(far_in, near_out, carries.subscribe()));
            }
        });
        line
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, carries: watch::Receiver<bool>) {
    let mut bytes = [0; 8192];
    while let Ok(count) = from.read(&mut bytes).await {
        // What was begun on a line that broke never comes through, as with a firewall that has forgotten it.
        if !*carries.borrow() {
            std::future::pending::<()>().await;
        }
        if count == 0 || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

async fn scene(connections: u32) -> (Database, Line, Postgres) {
    let database = Database::empty().await;
    let line = Line::to(database.options().get_host().to_owned(), database.options().get_port()).await;
    let through = database.options().host("127.0.0.1").port(line.port);
    let pool = PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(5));
    let store = Postgres::from_pool(pool.connect_with(through).await.unwrap());
    store.migrate().await.unwrap();
    (database, line, store)
}

#[tokio::test]
async fn nobody_waits_for_ever_and_the_pool_recovers() {
    if without_postgres() {
        return;
    }
    let (_database, line, store) = scene(2).await;
    store.commit(changes([Write::PutUser(user(1))])).await.unwrap();
    let read = || store.user(RealmId::DEFAULT, user_id(1));
    // One that has just been asked when the line breaks: the connection is out of the pool and tested already.
    let mut asked = Box::pin(store.commit(changes([Write::PutUser(user(2))])));
    let begun = futures_util::future::poll_immediate(&mut asked).await;
    assert!(begun.is_none());
    line.carries.send_replace(false);
    tokio::time::pause();
    let start = Instant::now();
    let kind = asked.await.unwrap_err().kind();
    assert!(matches!(kind, StoreErrorKind::Unavailable | StoreErrorKind::OutcomeUnknown), "{kind:?}");
    for _ in 0..3 {
        assert_eq!(read().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    }
    let kind = store.commit(changes([Write::PutUser(user(3))])).await.unwrap_err().kind();
    assert_eq!(kind, StoreErrorKind::Unavailable, "nothing was begun");
    assert!(start.elapsed() < BOUND * 5, "{:?}", start.elapsed());
    tokio::time::resume();
    line.carries.send_replace(true);
    // Every connection of the pool was lost; none of them is missing now.
    let start = Instant::now();
    assert!(read().await.unwrap().is_some());
    let both = tokio::join!(read(), read());
    assert!(both.0.unwrap().is_some() && both.1.unwrap().is_some());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// Whoever gives up first, a client that hangs up, leaves no connection behind that the pool waits for.
#[tokio::test]
async fn a_question_that_was_given_up_costs_the_pool_no_connection() {
    if without_postgres() {
        return;
    }
    let (database, line, store) = scene(1).await;
    // The server makes the question wait, and meanwhile the line breaks.
    let other = support::store(&database, 1).await;
    let mut holding = other.pool().begin().await.unwrap();
    holding.execute("LOCK TABLE usermgmt_user IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let asked = timeout(Duration::from_millis(300), store.user(RealmId::DEFAULT, user_id(1)));
    let broken = async {
        timeout(Duration::from_millis(150), std::future::pending::<()>()).await.ok();
        line.carries.send_replace(false);
    };
    assert!(tokio::join!(asked, broken).0.is_err(), "it was given up");
    holding.rollback().await.unwrap();
    line.carries.send_replace(true);
    timeout(Duration::from_secs(2), store.ping()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_bus_whose_line_broke_wakes_again() {
    if without_postgres() {
        return;
    }
    let (database, line, _store) = scene(1).await;
    let bus = PostgresBus::connect(&url_of(&database, line.port)).unwrap();
    bus.wake().await.unwrap();
    line.carries.send_replace(false);
    tokio::time::pause();
    for _ in 0..3 {
        assert!(bus.wake().await.is_err());
    }
    tokio::time::resume();
    line.carries.send_replace(true);
    bus.wake().await.unwrap();
}

fn url_of(database: &Database, port: u16) -> String {
    let options = database.options();
    let name = options.get_database().unwrap();
    format!("postgres://{}@127.0.0.1:{port}/{name}", options.get_username())
}
