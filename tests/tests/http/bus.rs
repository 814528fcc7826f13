//! Several processes on one store and one bus: what one commits the others hear at once.
//!
//! The clock stands still where nothing else is said. A process that refuses what it has kept was therefore woken: it
//! would not look by itself before the life of its cache has passed.

use std::sync::Arc;

use time::Duration;
use usermgmt_core::id::RealmId;
use usermgmt_core::limits;
use usermgmt_core::port::{Bus, LocalBus};
use usermgmt_redis::{RedisBus, RedisThrottle, RedisThrottled, Servers};
use usermgmt_service::{Client, Limits, UserMgmt};
use usermgmt_sqlx::PostgresBus;
use usermgmt_tests::stores::redis_url;
use usermgmt_tests::{App, Person, Setup, cells};

use crate::processes::{another_with, bearer, knows, sign_out};

cells!(
    what_one_process_ends_the_others_refuse_at_once,
    a_host_transaction_that_is_acknowledged_wakes_the_others,
    with_the_bus_cut_the_bound_is_the_cache_life,
    after_a_lost_connection_everything_is_heard,
    a_bus_that_nobody_answers_is_in_nobodys_way,
    limits_are_counted_across_processes_in_redis,
    while_redis_is_down_limits_refuse_and_sessions_go_on,
);

/// Real time within which something comes that comes at all. No measure of speed.
const COMES: std::time::Duration = std::time::Duration::from_secs(30);

/// How a process joins the bus of a test.
type Join = Box<dyn Fn() -> Arc<dyn Bus> + Send + Sync>;

/// Every bus that is there for this cell.
fn buses(app: &App, name: &str) -> Vec<(&'static str, Join)> {
    let local = LocalBus::default();
    let mut all: Vec<(_, Join)> = vec![("local", Box::new(move || Arc::new(local.clone())))];
    if let Some(url) = app.store.postgres_url().map(str::to_owned) {
        all.push(("postgres", Box::new(move || Arc::new(PostgresBus::connect(&url).unwrap()))));
    }
    if let Some(url) = redis_url() {
        let name = deployment(app, name);
        let servers = Servers::one(&url).unwrap();
        all.push(("redis", Box::new(move || Arc::new(RedisBus::new(&servers, &name).unwrap()))));
    }
    all
}

/// A name that no other test has: they share one Redis.
fn deployment(app: &App, name: &str) -> String {
    format!("{name}-{}-{}-{}", app.cell.store.name(), app.cell.framework.name(), std::process::id())
}

async fn joined(app: App, bus: Arc<dyn Bus>) -> App {
    let many = Limits {
        sign_ups_per_address: 9_999,
        sign_ins_per_address: 9_999,
        verifications_per_address: 9_999,
        ..Limits::default()
    };
    app.configured(move |builder| builder.bus(bus).limits(many)).await
}

async fn another(app: &App, bus: Arc<dyn Bus>) -> UserMgmt {
    another_with(app, limits::CACHE_LIFE, |builder| builder.bus(bus)).await.0
}

/// Waits until the process has forgotten whom it knew.
async fn refuses(process: &UserMgmt, person: &Person, what: &str) {
    let refused = async {
        while knows(process, person).await {
            tokio::task::yield_now().await;
        }
    };
    assert!(tokio::time::timeout(COMES, refused).await.is_ok(), "{what}: the other process was not woken");
}

/// Waits until the process is woken, so that it listens.
async fn listens(app: &App, process: &UserMgmt, name: &str) {
    let person = Person::signed_in(app, name).await;
    assert!(knows(process, &person).await);
    sign_out(&person, app).await;
    refuses(process, &person, name).await;
}

async fn what_one_process_ends_the_others_refuse_at_once(mut app: App) {
    for (kind, join) in buses(&app, "ends") {
        app = joined(app, join()).await;
        let others = [another(&app, join()).await, another(&app, join()).await];
        for (number, other) in others.iter().enumerate() {
            listens(&app, other, &format!("first-{kind}-{number}")).await;
        }
        for round in 0..5 {
            let ann = Person::signed_in(&app, &format!("ann-{kind}-{round}")).await;
            let bob = Person::signed_in(&app, &format!("bob-{kind}-{round}")).await;
            for other in &others {
                assert!(knows(other, &ann).await && knows(other, &bob).await);
            }
            sign_out(&ann, &app).await;
            for other in &others {
                refuses(other, &ann, kind).await;
                assert!(knows(other, &bob).await);
            }
            // And the other way round.
            let principal = others[0].principal(&bearer(&bob)).await.unwrap().unwrap();
            others[0].sign_out(&Client::default(), &principal).await.unwrap();
            refuses(&app.auth, &bob, kind).await;
            refuses(&others[1], &bob, kind).await;
        }
        for other in others {
            other.shutdown().await;
        }
    }
    app.report.requirement(208);
}

async fn a_host_transaction_that_is_acknowledged_wakes_the_others(app: App) {
    let bus = LocalBus::default();
    let app = joined(app, Arc::new(bus.clone())).await;
    let ann = Person::signed_in(&app, "ann").await;
    let principal = app.auth.principal(&bearer(&ann)).await.unwrap().unwrap();
    let planned = app.auth.orgs().plan_create(&Client::default(), &principal, "Planned").await.unwrap();
    let (changes, applied) = planned.into_parts();
    // The host's own transaction, whatever else it writes.
    app.store.store.commit(changes).await.unwrap();
    let before = quiet(&bus).await;
    let _org = applied.acknowledge();
    let woken = async {
        while bus.sent() == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(COMES, woken).await.expect("the others are woken");
}

/// Cuts the bus after what was sent over it has been heard.
async fn cut(bus: &LocalBus) {
    quiet(bus).await;
    bus.cut();
    quiet(bus).await;
}

/// How many wakes were sent, once no more come.
async fn quiet(bus: &LocalBus) -> u64 {
    loop {
        let sent = bus.sent();
        drop(tokio::time::timeout(std::time::Duration::from_millis(200), std::future::pending::<()>()).await);
        if bus.sent() == sent {
            return sent;
        }
    }
}

async fn with_the_bus_cut_the_bound_is_the_cache_life(app: App) {
    let bus = LocalBus::default();
    let app = joined(app, Arc::new(bus.clone())).await;
    let other = another(&app, Arc::new(bus.clone())).await;
    let (ann, bob) = (Person::signed_in(&app, "ann").await, Person::signed_in(&app, "bob").await);
    cut(&bus).await;
    app.advance(limits::CACHE_LIFE);
    assert!(knows(&other, &ann).await && knows(&other, &bob).await, "heard at this moment");
    sign_out(&ann, &app).await;
    app.advance(limits::CACHE_LIFE - Duration::MICROSECOND);
    assert!(knows(&other, &ann).await, "this is what the cache life allows, or the test shows nothing");
    app.advance(Duration::MICROSECOND);
    assert!(!knows(&other, &ann).await && knows(&other, &bob).await);
    // Both go on without it, and find it again by themselves.
    bus.mend();
    listens(&app, &other, "eve").await;
    app.report.requirement(208);
}

async fn after_a_lost_connection_everything_is_heard(mut app: App) {
    let local = LocalBus::default();
    app = joined(app, Arc::new(local.clone())).await;
    let other = another(&app, Arc::new(local.clone())).await;
    listens(&app, &other, "first").await;
    let (ann, bob) = (Person::signed_in(&app, "ann").await, Person::signed_in(&app, "bob").await);
    cut(&local).await;
    assert!(knows(&other, &ann).await && knows(&other, &bob).await);
    sign_out(&ann, &app).await;
    sign_out(&bob, &app).await;
    assert!(knows(&other, &ann).await && knows(&other, &bob).await);
    local.mend();
    refuses(&other, &ann, "mended").await;
    assert!(!knows(&other, &bob).await);

    // The same with a server that ends the connections which listen.
    if let Some(url) = app.store.postgres_url().map(str::to_owned) {
        let join = || Arc::new(PostgresBus::connect(&url).unwrap());
        let app = joined(app, join()).await;
        let other = another(&app, join()).await;
        listens(&app, &other, "second").await;
        for round in 0..5 {
            let eve = Person::signed_in(&app, &format!("eve-{round}")).await;
            assert!(knows(&other, &eve).await);
            app.store
                .execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity \
                     where datname = current_database() and query like 'LISTEN %'",
                )
                .await;
            sign_out(&eve, &app).await;
            refuses(&other, &eve, "terminated").await;
        }
    }
}

async fn a_bus_that_nobody_answers_is_in_nobodys_way(app: App) {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let postgres = PostgresBus::connect(&format!("postgres://nobody@{nobody}/none")).unwrap();
    let redis = RedisBus::new(&Servers::one(&format!("redis://{nobody}")).unwrap(), "nobody").unwrap();
    let app = joined(app, Arc::new(postgres)).await;
    let other = another(&app, Arc::new(redis)).await;
    let ann = Person::signed_in(&app, "ann").await;
    assert!(knows(&other, &ann).await);
    sign_out(&ann, &app).await;
    app.advance(limits::CACHE_LIFE);
    assert!(!knows(&other, &ann).await);
    app.auth.shutdown().await;
    other.shutdown().await;
}

async fn limits_are_counted_across_processes_in_redis(app: App) {
    let Some(url) = redis_url() else { return };
    let (servers, name) = (Servers::one(&url).unwrap(), deployment(&app, "limits"));
    let throttled = {
        let (servers, name) = (servers.clone(), name.clone());
        move |store| RedisThrottled::new(store, RedisThrottle::new(&servers, &name).unwrap())
    };
    let wrap = throttled.clone();
    let app = app.restart(Setup { wrap: Box::new(move |store| Arc::new(wrap(store))), ..Setup::default() }).await;
    let ann = Person::verified(&app, "ann").await;
    let wrong = Person { password: "not the password".into(), ..ann.clone() };
    let mut tries = 0;
    while wrong.elsewhere(&app).sign_in().await.status.as_u16() != 429 {
        tries += 1;
        assert!(tries <= limits::WRONG_PASSWORDS_PER_PAIR, "the limit holds");
    }
    // Nothing of it stands in the database, and a process that starts now counts on.
    if let Some(dump) = app.store.dump().await {
        assert!(!dump.contains("usermgmt_throttle:"), "{dump}");
    }
    let app = app.restart(Setup { wrap: Box::new(move |store| Arc::new(throttled(store))), ..Setup::default() }).await;
    assert_eq!(wrong.elsewhere(&app).sign_in().await.status.as_u16(), 429);
    app.advance(Duration::HOUR);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.case("RL-10");
    app.report.twin("RL-10");
}

async fn while_redis_is_down_limits_refuse_and_sessions_go_on(app: App) {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut ann = Person::signed_in(&app, "ann").await;
    let servers = Servers::one(&format!("redis://{nobody}")).unwrap();
    let wrap = move |store| RedisThrottled::new(store, RedisThrottle::new(&servers, "nobody").unwrap());
    let cookies = ann.agent.cookies.clone();
    let app = app.restart(Setup { wrap: Box::new(move |store| Arc::new(wrap(store))), ..Setup::default() }).await;
    ann.agent = app.agent();
    ann.agent.cookies = cookies;
    assert!(ann.is_signed_in().await, "who is signed in goes on");
    let refused = ann.elsewhere(&app).sign_in().await.expect(503);
    assert!(refused.header("retry-after").is_some());
    assert!(
        app.store
            .store
            .users(RealmId::DEFAULT, &Default::default(), usermgmt_core::page::PageRequest::first(1))
            .await
            .is_ok()
    );
}
