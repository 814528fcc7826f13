//! A session check that asks the store at every request, and one that knows nothing yet, beside a handler that does one
//! indexed read.

use std::hint::black_box;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use futures_util::future::BoxFuture;
use http::Request;
use sqlx::{AssertSqlSafe, Row as _, SqlitePool};
use time::Duration;
use tower::Service as _;
use usermgmt_axum::CurrentUser;
use usermgmt_core::secret::{Bearer, Digest};
use usermgmt_core::store::SessionStore as _;
use usermgmt_service::{HashCost, UserMgmt};
use usermgmt_sqlx::Sqlite;

use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::stats::median;
use crate::world::{self, World, address};

/// How much more than the baseline a check may cost that answers nothing without asking the store.
const LINE: f64 = 1.2;

/// The columns that the session check reads, from its four tables.
const COLUMNS: [(&str, &str); 4] = [
    (
        "usermgmt_session",
        "id realm user_id digest org_id proofs auth_epoch persistent idle_micros expires_at created_at seen_at \
         ended_at label address",
    ),
    ("usermgmt_user", "id realm name locale status auth_epoch created_at version"),
    ("usermgmt_org", "id realm name status owners members policy rights_version policy_epoch created_at version"),
    ("usermgmt_membership", "org_id user_id roles status rights_version created_at version"),
];

/// The address, as the session check reads it.
const EMAIL: &str = "(SELECT display FROM usermgmt_identifier WHERE usermgmt_identifier.user_id = usermgmt_user.id \
     AND kind = 'email' AND is_primary ORDER BY canonical LIMIT 1)";

/// Three columns that need every join.
const FEW: &str = "usermgmt_session.id, usermgmt_user.name || usermgmt_org.name || usermgmt_membership.roles, \
     (SELECT display FROM usermgmt_identifier WHERE usermgmt_identifier.user_id = usermgmt_user.id \
     AND kind = 'email' AND is_primary ORDER BY canonical LIMIT 1)";

/// All columns from a table that has them in its rows; `c3` is the digest and `c1` the realm.
const WIDE: &str = "SELECT * FROM bench_wide WHERE c3 = $1 AND c1 = $2";

/// What the steps share.
#[derive(Clone)]
struct Bench {
    auth: UserMgmt,
    store: Sqlite,
    session: Bearer,
    digest: Digest,
    all: &'static str,
    few: &'static str,
}

pub(crate) fn run(report: &mut Report) {
    let sessions = report.volume(2_000, 50);
    let (rounds, ops) = (report.volume(40, 3), report.volume(500, 50));
    report.note(&format!(
        "SQLite, {sessions} sessions in organisations, cache life zero, one request at a time, in process."
    ));
    report
        .note("Baseline: a bare handler that reads one row of a table of as many rows by a unique index on a digest,");
    report.note("through the same pool; the row has three columns and as many bytes as the session check reads.");
    let runtime = world::single();
    let bench = runtime.block_on(prepare(sessions));
    let mut steps = steps(&bench);

    let mut costs: Vec<(Cost, Vec<f64>)> = steps.iter().map(|_| Default::default()).collect();
    for round in 0..=rounds {
        for ((_, step), (cost, walls)) in steps.iter_mut().zip(&mut costs) {
            let mut measured = Cost::default();
            let mut each = Vec::with_capacity(ops);
            measured.round(ops, |ops| {
                runtime.block_on(async {
                    for _ in 0..ops {
                        let started = Instant::now();
                        step().await;
                        each.push(started.elapsed().as_nanos() as f64);
                    }
                });
            });
            // The first round prepares statements on every connection and is not counted.
            if round > 0 {
                cost.cpu.extend(measured.cpu);
                cost.allocations.extend(measured.allocations);
                walls.push(median(&each));
            }
        }
    }

    let (base, base_walls) = &costs[0];
    let mut table = vec![row(["a request", "CPU", "× baseline", "wall", "× baseline", "allocations"])];
    for ((name, _), (cost, walls)) in steps.iter().zip(&costs) {
        let ratio = |candidate: &[f64], baseline: &[f64]| paired(candidate, baseline, |c, b| c / b);
        table.push(vec![
            (*name).to_owned(),
            us(cost.median_cpu()),
            format!("{:.2}", ratio(&cost.cpu, &base.cpu)),
            us(median(walls)),
            format!("{:.2}", ratio(walls, base_walls)),
            format!("{:.1}", cost.median_allocations()),
        ]);
    }
    report.table(&table);
    let ratios = |(cost, walls): &(Cost, Vec<f64>)| {
        let ratio = |candidate: &[f64], baseline: &[f64]| paired(candidate, baseline, |c, b| c / b);
        (ratio(&cost.cpu, &base.cpu), ratio(walls, base_walls))
    };
    let (cpu, wall) = ratios(&costs[1]);
    report.judge("check that asks the store, beside one read, CPU", format!("{cpu:.2} ×"), "≤ 1.2 ×", cpu <= LINE);
    report.judge("check that asks the store, beside one read, wall", format!("{wall:.2} ×"), "≤ 1.2 ×", wall <= LINE);
    let (cpu, wall) = ratios(&costs[2]);
    report.state("first check of a session in a process, CPU, wall", format!("{cpu:.2} ×, {wall:.2} ×"));
    report.state("one indexed read in a bare handler, CPU", us(base.median_cpu()));
}

async fn prepare(sessions: usize) -> Bench {
    let world = World::new(HashCost::insecure_for_tests(), |builder| builder.cache_life(Duration::ZERO)).await;
    let mut found = None;
    for number in 0..sessions.div_ceil(2) {
        // Two sessions each: one that founded the organisation, one that acts in it.
        let member = world.member(&address("u", number)).await;
        if number == sessions / 4 {
            found = Some(member);
        }
    }
    let (session, principal) = found.expect("a session");
    let pool = world.store.pool();
    let bytes = bytes_read(pool, &session.digest()).await;
    for sql in [
        "CREATE TABLE bench_row (id TEXT NOT NULL PRIMARY KEY, digest BLOB NOT NULL, body TEXT NOT NULL) STRICT"
            .to_owned(),
        "CREATE UNIQUE INDEX bench_row_digest ON bench_row (digest)".to_owned(),
        // 30 bytes of id and 32 of digest are part of what is read.
        format!(
            "INSERT INTO bench_row SELECT id, digest, substr(hex(zeroblob({bytes})), 1, {}) FROM usermgmt_session",
            bytes.saturating_sub(62)
        ),
        format!("CREATE TABLE bench_wide AS {} WHERE usermgmt_session.digest IS NOT NULL", joined(&all_columns())),
        "CREATE UNIQUE INDEX bench_wide_digest ON bench_wide (c3)".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(pool).await.expect("the baseline's table");
    }
    assert_eq!(principal.digest(), session.digest());
    let whole = |text: String| -> &'static str {
        format!("{text} WHERE usermgmt_session.digest = $1 AND usermgmt_session.realm = $2").leak()
    };
    // The folder stays until the process ends.
    let World { auth, store, folder } = world;
    std::mem::forget(folder);
    Bench {
        auth,
        store,
        digest: session.digest(),
        session,
        all: whole(joined(&all_columns())),
        few: whole(joined(FEW)),
    }
}

/// The columns that the session check reads, named `c0`, `c1`, … and `email`.
fn all_columns() -> String {
    let of_tables = COLUMNS.iter().flat_map(|(table, names)| names.split_whitespace().map(move |name| (table, name)));
    let mut columns: Vec<_> =
        of_tables.enumerate().map(|(number, (table, name))| format!("{table}.{name} AS c{number}")).collect();
    columns.push(format!("{EMAIL} AS email"));
    columns.join(", ")
}

/// The session check's statement with other columns and without its condition.
fn joined(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM usermgmt_session JOIN usermgmt_user ON usermgmt_user.id = usermgmt_session.user_id \
         LEFT JOIN usermgmt_org ON usermgmt_org.id = usermgmt_session.org_id LEFT JOIN usermgmt_membership \
         ON usermgmt_membership.org_id = usermgmt_session.org_id \
         AND usermgmt_membership.user_id = usermgmt_session.user_id"
    )
}

/// Bytes of the row that the session check reads.
async fn bytes_read(pool: &SqlitePool, digest: &Digest) -> usize {
    let columns = COLUMNS.iter().map(|(_, names)| names.split_whitespace().count()).sum::<usize>();
    let lengths: Vec<_> = (0..columns).map(|number| format!("coalesce(length(c{number}), 0)")).collect();
    let sql = format!(
        "SELECT {} + length(email) FROM ({} WHERE usermgmt_session.digest = $1)",
        lengths.join(" + "),
        joined(&all_columns())
    );
    let sum: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(digest.as_bytes().as_slice())
        .fetch_one(pool)
        .await
        .expect("the row's size");
    usize::try_from(sum).expect("a size")
}

type Step = Box<dyn FnMut() -> BoxFuture<'static, ()>>;

/// The baseline, the candidate, and what lies between them, one thing more at a time.
fn steps(bench: &Bench) -> Vec<(&'static str, Step)> {
    let read: Router = Router::new().route("/", get(one_read)).with_state(bench.clone());
    let anew: Router = Router::new().route("/", get(read_anew)).with_state(bench.clone());
    let guarded: Router = Router::new().route("/", get(async |_: CurrentUser| "Hello")).with_state(bench.auth.clone());
    let bare: Router = Router::new().route("/", get(async || "Hello"));
    vec![
        ("bare handler with one indexed read (baseline)", handler(read, &bench.session)),
        ("handler with CurrentUser, cache life zero", handler(guarded, &bench.session)),
        ("handler with CurrentUser, session not known yet", handler(anew, &bench.session)),
        ("of it: auth.principal(&bearer), cache life zero", step(bench, |bench| Box::pin(checked(bench)))),
        ("of it: store.principal(digest), decoded", step(bench, |bench| Box::pin(decoded(bench)))),
        (
            "the same statement, not decoded",
            step(bench, |bench| Box::pin(async move { fetch(&bench, bench.all).await })),
        ),
        ("the same joins, three columns", step(bench, |bench| Box::pin(async move { fetch(&bench, bench.few).await }))),
        ("as many columns of one table", step(bench, |bench| Box::pin(async move { fetch(&bench, WIDE).await }))),
        ("the baseline's read", step(bench, |bench| Box::pin(async move { drop(point_read(&bench).await) }))),
        ("bare handler", handler(bare, &bench.session)),
    ]
}

async fn checked(bench: Bench) {
    assert!(black_box(bench.auth.principal(&bench.session).await.expect("an answer")).is_some());
}

async fn decoded(bench: Bench) {
    let found = bench.store.principal(bench.auth.realm(), bench.digest).await.expect("an answer");
    assert!(black_box(found).is_some());
}

/// One row by digest and realm, and nothing made of it.
async fn fetch(bench: &Bench, sql: &'static str) {
    let read = sqlx::query(sql).bind(bench.digest.as_bytes().as_slice()).bind(bench.auth.realm().to_string());
    black_box(read.fetch_one(bench.store.pool()).await.expect("a row").len());
}

fn step(bench: &Bench, run: fn(Bench) -> BoxFuture<'static, ()>) -> Step {
    let bench = bench.clone();
    Box::new(move || run(bench.clone()))
}

fn handler(router: Router, session: &Bearer) -> Step {
    let cookie = format!("um_session={}", session.expose());
    Box::new(move || {
        let request = Request::get("/").header("cookie", &cookie).body(Body::empty()).expect("a request");
        let answer = router.clone().call(request);
        Box::pin(async move { assert!(black_box(answer.await.expect("infallible")).status().is_success()) })
    })
}

async fn one_read(State(bench): State<Bench>) -> &'static str {
    black_box(point_read(&bench).await);
    "Hello"
}

async fn read_anew(State(bench): State<Bench>) -> &'static str {
    decoded(bench).await;
    "Hello"
}

async fn point_read(bench: &Bench) -> (String, Vec<u8>, String) {
    let read = sqlx::query_as("SELECT id, digest, body FROM bench_row WHERE digest = $1");
    read.bind(bench.digest.as_bytes().as_slice()).fetch_one(bench.store.pool()).await.expect("a row")
}
