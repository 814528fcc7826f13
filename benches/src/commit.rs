//! Making an organisation, beside hand-written SQL that leaves the same rows.

mod postgres;
mod sqlite;

use std::sync::Arc;

use sqlx::Connection as _;
use tokio::runtime::Runtime;
use usermgmt_core::proof::Principal;
use usermgmt_service::{Client, HashCost, UserMgmt};

use crate::measure::{Cost, paired};
use crate::postgres::{Database, authority};
use crate::report::{Report, row, us};
use crate::round_trips::RoundTrips;
use crate::world::{self, World};

/// Tables in which either way could leave rows: all but those of limits and signing keys.
const TABLES: [&str; 16] = [
    "usermgmt_user",
    "usermgmt_identifier",
    "usermgmt_password",
    "usermgmt_profile",
    "usermgmt_org",
    "usermgmt_org_profile",
    "usermgmt_slug",
    "usermgmt_membership",
    "usermgmt_token",
    "usermgmt_attempt",
    "usermgmt_session",
    "usermgmt_outbox",
    "usermgmt_audit",
    "usermgmt_audit_head",
    "usermgmt_change",
    "usermgmt_commit",
];

pub(crate) fn run(report: &mut Report) {
    report.note(
        "One at a time. By hand: one connection and one transaction with the same statements, ids and rows, in the order",
    );
    report.note(
        "in which the library sends them, its check of the caller's authority included; no types, no retry, no proof.",
    );
    on_sqlite(report);
    on_postgres(report);
}

/// Measures `$by_hand` on `$connection` beside the library on `$world`.
macro_rules! compare {
    ($report:expr, $name:literal, $module:ident, $runtime:expr, $connection:expr, $auth:expr, $principal:expr) => {{
        let (report, runtime, connection): (&mut Report, &Runtime, _) = ($report, $runtime, $connection);
        let (auth, principal): (&UserMgmt, &Arc<Principal>) = ($auth, $principal);
        let before = runtime.block_on($module::rows(connection, &TABLES));
        runtime.block_on(by_library(auth, principal));
        let between = runtime.block_on($module::rows(connection, &TABLES));
        runtime.block_on($module::by_hand(auth, connection, principal));
        let after = runtime.block_on($module::rows(connection, &TABLES));
        let more = |after: &[i64], before: &[i64]| -> Vec<i64> {
            after.iter().zip(before).map(|(after, before)| after - before).collect()
        };
        let left = more(&between, &before);
        assert_eq!(left, more(&after, &between), "both ways leave the same rows in {TABLES:?}");
        assert_eq!(left.iter().sum::<i64>(), 8, "an organisation has eight rows");

        let (rounds, ops) = (report.volume(30, 3), report.volume(100, 20));
        let (mut hand, mut library) = (Cost::default(), Cost::default());
        for _ in 0..rounds {
            hand.round(ops, |ops| {
                runtime.block_on(async {
                    for _ in 0..ops {
                        $module::by_hand(auth, connection, principal).await;
                    }
                });
            });
            library.round(ops, |ops| {
                runtime.block_on(async {
                    for _ in 0..ops {
                        by_library(auth, principal).await;
                    }
                });
            });
        }
        told(report, $name, &hand, &library);
    }};
}

fn on_sqlite(report: &mut Report) {
    let runtime = world::single();
    let (world, principal, mut connection) = runtime.block_on(async {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder).await;
        let (_, principal) = world.member("ann@example.test").await;
        let options = world.store.pool().connect_options();
        let connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
        (world, principal, connection)
    });
    compare!(report, "SQLite", sqlite, &runtime, &mut connection, &world.auth, &principal);
}

fn on_postgres(report: &mut Report) {
    let Some(database) = Database::new(report) else { return };
    report.note("PostgreSQL on this machine with fsync and synchronous_commit off: CPU is that of this process alone.");
    let runtime = world::single();
    let (world, principal, mut connection) = runtime.block_on(async {
        let world = World::on_postgres(&database.url, HashCost::insecure_for_tests(), |builder| builder).await;
        let (_, principal) = world.member("ann@example.test").await;
        (world, principal, connected(&database.url).await)
    });
    compare!(report, "PostgreSQL", postgres, &runtime, &mut connection, &world.auth, &principal);

    // The same once more by a way on which they are counted, which would disturb the clock.
    let (hand, library) = runtime.block_on(async {
        let way = RoundTrips::to(authority(&database.url)).await;
        let url = database.through(way.port);
        let mut connection = connected(&url).await;
        // What is prepared on a connection once is not counted.
        postgres::by_hand(&world.auth, &mut connection, &principal).await;
        let before = way.count();
        postgres::by_hand(&world.auth, &mut connection, &principal).await;
        let hand = way.count() - before;
        drop(connection);
        let pool = usermgmt_sqlx::Postgres::pool_options().max_connections(1).connect(&url).await.expect("a pool");
        let world = world.by(usermgmt_sqlx::Postgres::from_pool(pool)).await;
        for _ in 0..3 {
            by_library(&world.auth, &principal).await;
        }
        settled(&way).await;
        let before = way.count();
        by_library(&world.auth, &principal).await;
        settled(&way).await;
        (hand, way.count() - before)
    });
    report.state(
        "round trips to PostgreSQL for an organisation",
        format!("{library} beside {hand} by hand (its pool asks connections whether they live)"),
    );
}

async fn connected(url: &str) -> sqlx::PgConnection {
    sqlx::PgConnection::connect(url).await.expect("a connection")
}

/// Waits until connections that were given back have been asked whether they live.
async fn settled(way: &RoundTrips) {
    let (mut seen, mut still) = (way.count(), 0);
    while still < 20 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        still = if way.count() == seen { still + 1 } else { 0 };
        seen = way.count();
    }
}

fn told(report: &mut Report, store: &str, hand: &Cost, library: &Cost) {
    let line = |name: &str, cost: &Cost| {
        let allocations = format!("{:.0}", cost.median_allocations());
        vec![name.to_owned(), us(cost.median_cpu()), us(cost.median_wall()), allocations]
    };
    let cpu = paired(&library.cpu, &hand.cpu, |library, hand| library / hand);
    let wall = paired(&library.wall, &hand.wall, |library, hand| library / hand);
    report.table(&[
        row([&format!("an organisation, {store}"), "CPU", "wall", "allocations"]),
        line("by hand (baseline)", hand),
        line("orgs().create", library),
    ]);
    let walls = format!("{} beside {}", us(library.median_wall()), us(hand.median_wall()));
    report.state(
        &format!("making an organisation beside the same rows by hand, {store}"),
        format!(
            "{cpu:.2} × CPU ({} beside {}), {wall:.2} × wall ({walls})",
            us(library.median_cpu()),
            us(hand.median_cpu())
        ),
    );
}

async fn by_library(auth: &UserMgmt, principal: &Arc<Principal>) {
    auth.orgs().create(&Client::default(), principal, "Quill & Co").await.expect("an organisation");
}
