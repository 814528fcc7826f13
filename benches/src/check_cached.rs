//! What `CurrentUser` adds to a handler when the session is cached, through each adapter.

use std::hint::black_box;

use actix_web::App;
use actix_web::test::init_service;
use actix_web::web::{self, Data};
use axum::Router;
use axum::routing::get;
use time::Duration;
use tokio::runtime::Runtime;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{HashCost, UserMgmt};

use crate::framework::{Actix, Handler, drive, one_by_one};
use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::stats::quantile;
use crate::world::{self, World};

/// The most CPU that a cached check may add, in nanoseconds.
const LINE: f64 = 5_000.0;

/// What both handlers answer.
const ANSWER: &str = "Hello, Zoë Quill";

/// Rounds, and requests in each.
type Volume = (usize, usize);

/// What the check is measured with, whatever the framework.
struct Bench {
    runtime: Runtime,
    world: World,
    cookie: String,
    volume: Volume,
}

pub(crate) fn run(report: &mut Report) {
    report.note(
        "In process, one thread, no sockets. Both handlers get the same request (a browser's headers, the cookie)",
    );
    report.note(
        "and answer the same bytes; the candidate takes `CurrentUser`. CPU of the whole process, rounds in turn.",
    );
    let runtime = world::single();
    let (world, session) = runtime.block_on(async {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder.cache_life(Duration::HOUR)).await;
        let (session, _) = world.member("ann@example.test").await;
        (world, session)
    });
    let cookie = format!("theme=dark; um_session={}; seen=1", session.expose());
    let bench = Bench { runtime, world, cookie, volume: (report.volume(40, 5), report.volume(10_000, 500)) };

    let auth = &bench.world.auth;
    let bare: Router = Router::new().route("/", get(async || ANSWER));
    let guarded: Router =
        Router::new().route("/", get(async |_: usermgmt_axum::CurrentUser| ANSWER)).with_state(auth.clone());
    compare(report, &bench, "axum", bare, guarded);

    let bare = bench.runtime.block_on(init_service(App::new().route("/", web::get().to(async || ANSWER))));
    let guarded = App::new()
        .app_data(Data::new(auth.clone()))
        .route("/", web::get().to(async |_: usermgmt_actix::CurrentUser| ANSWER));
    let guarded = bench.runtime.block_on(init_service(guarded));
    compare(report, &bench, "actix", Actix(bare), Actix(guarded));

    alone(report, &bench, &session);
}

/// A handler with the check beside one without, in one framework.
fn compare(report: &mut Report, bench: &Bench, name: &str, mut bare: impl Handler, mut guarded: impl Handler) {
    let (runtime, (rounds, ops), header) = (&bench.runtime, bench.volume, ("cookie", bench.cookie.as_str()));
    let (mut base, mut checked) = (Cost::default(), Cost::default());
    for round in 0..=rounds {
        let mut costs = [Cost::default(), Cost::default()];
        costs[0].round(ops, |ops| drive(runtime, &mut bare, header, ops));
        costs[1].round(ops, |ops| drive(runtime, &mut guarded, header, ops));
        // The first round fills caches and is not counted.
        if round > 0 {
            for (all, one) in [&mut base, &mut checked].into_iter().zip(costs) {
                all.extend(one);
            }
        }
    }
    let added = paired(&checked.cpu, &base.cpu, |checked, base| checked - base);
    let low = quantile(&checked.cpu, 0.1) - quantile(&base.cpu, 0.1);
    let bare_count = one_by_one(runtime, &mut bare, header);
    let guarded_count = one_by_one(runtime, &mut guarded, header);

    report.table(&[
        row([&format!("a request, {name}"), "CPU p10", "median", "p90", "allocations"]),
        line("bare handler (baseline)", &base),
        line("with CurrentUser", &checked),
    ]);
    let counted =
        |(least, most): (usize, usize)| if least == most { format!("{least}") } else { format!("{least} to {most}") };
    report.note(&format!(
        "allocations of single requests, 1,000 each: bare {}, with CurrentUser {}",
        counted(bare_count),
        counted(guarded_count)
    ));
    let measured = format!("{} (p10 {}), beside {} bare", us(added), us(low), us(base.median_cpu()));
    report.judge(&format!("CPU added by a cached check, {name}"), measured, "≤ 5 µs", added <= LINE);
    let fixed = bare_count.0 == bare_count.1 && guarded_count.0 == guarded_count.1;
    let more = (guarded_count.0 as i64 - bare_count.0 as i64).to_string();
    report.judge(&format!("allocations added by a cached check, {name}"), more, "the same in each request", fixed);
}

/// The check by itself, without a framework.
fn alone(report: &mut Report, bench: &Bench, session: &Bearer) {
    let (rounds, ops) = bench.volume;
    let mut naked = Cost::default();
    check(&bench.runtime, &bench.world.auth, session, ops);
    for _ in 0..rounds {
        naked.round(ops, |ops| check(&bench.runtime, &bench.world.auth, session, ops));
    }
    report.table(&[
        row(["without a framework", "CPU p10", "median", "p90", "allocations"]),
        line("auth.principal(&bearer)", &naked),
    ]);
    report.state("CPU of auth.principal alone", us(naked.median_cpu()));
    report.state("allocations of auth.principal alone", format!("{:.3}", naked.median_allocations()));
}

fn line(name: &str, cost: &Cost) -> Vec<String> {
    let cpu = [0.1, 0.5, 0.9].map(|q| us(quantile(&cost.cpu, q)));
    vec![name.into(), cpu[0].clone(), cpu[1].clone(), cpu[2].clone(), format!("{:.3}", cost.median_allocations())]
}

fn check(runtime: &Runtime, auth: &UserMgmt, session: &Bearer, ops: usize) {
    let bearer = Bearer::parse(BearerKind::Session, session.expose()).expect("a session's secret");
    runtime.block_on(async {
        for _ in 0..ops {
            let principal = auth.principal(black_box(&bearer)).await.expect("an answer");
            assert!(black_box(principal).is_some());
        }
    });
}
