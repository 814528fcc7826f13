//! What `CurrentUser` adds to a handler when the session is cached.

use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, StatusCode};
use time::Duration;
use tokio::runtime::Runtime;
use tower::Service as _;
use usermgmt_axum::CurrentUser;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{HashCost, UserMgmt};

use crate::measure::{Cost, allocations, paired};
use crate::report::{Report, row, us};
use crate::stats::quantile;
use crate::world::{self, World};

/// The most CPU that a cached check may add, in nanoseconds.
const LINE: f64 = 5_000.0;

pub(crate) fn run(report: &mut Report) {
    let rounds = report.volume(40, 5);
    let ops = report.volume(10_000, 500);
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
    let mut bare: Router = Router::new().route("/", get(async || "Hello, Zoë Quill"));
    let mut guarded: Router =
        Router::new().route("/", get(async |_: CurrentUser| "Hello, Zoë Quill")).with_state(world.auth.clone());

    let (mut base, mut checked, mut naked) = (Cost::default(), Cost::default(), Cost::default());
    for round in 0..=rounds {
        let mut costs = [Cost::default(), Cost::default(), Cost::default()];
        costs[0].round(ops, |ops| drive(&runtime, &mut bare, &session, ops));
        costs[1].round(ops, |ops| drive(&runtime, &mut guarded, &session, ops));
        costs[2].round(ops, |ops| check(&runtime, &world.auth, &session, ops));
        // The first round fills caches and is not counted.
        if round > 0 {
            for (all, one) in [&mut base, &mut checked, &mut naked].into_iter().zip(costs) {
                all.cpu.extend(one.cpu);
                all.allocations.extend(one.allocations);
            }
        }
    }
    let added = paired(&checked.cpu, &base.cpu, |checked, base| checked - base);
    let low = quantile(&checked.cpu, 0.1) - quantile(&base.cpu, 0.1);
    let single = |router: &mut Router| one_by_one(&runtime, router, &session);
    let (bare_count, guarded_count) = (single(&mut bare), single(&mut guarded));

    let line = |name: &str, cost: &Cost| {
        let cpu = [0.1, 0.5, 0.9].map(|q| us(quantile(&cost.cpu, q)));
        vec![name.into(), cpu[0].clone(), cpu[1].clone(), cpu[2].clone(), format!("{:.3}", cost.median_allocations())]
    };
    report.table(&[
        row(["a request", "CPU p10", "median", "p90", "allocations"]),
        line("bare handler (baseline)", &base),
        line("with CurrentUser", &checked),
        line("auth.principal(&bearer) alone", &naked),
    ]);
    let counted =
        |(least, most): (usize, usize)| if least == most { format!("{least}") } else { format!("{least} to {most}") };
    report.note(&format!(
        "allocations of single requests, 1,000 each: bare {}, with CurrentUser {}",
        counted(bare_count),
        counted(guarded_count)
    ));
    report.judge("CPU added by a cached check", format!("{} (p10 {})", us(added), us(low)), "≤ 5 µs", added <= LINE);
    let fixed = bare_count.0 == bare_count.1 && guarded_count.0 == guarded_count.1;
    let more = guarded_count.0 as i64 - bare_count.0 as i64;
    report.judge("allocations added by a cached check", more.to_string(), "the same in each request", fixed);
    report.state("CPU of auth.principal alone", us(naked.median_cpu()));
    report.state("allocations of auth.principal alone", format!("{:.3}", naked.median_allocations()));
}

/// What a browser sends.
fn request(session: &Bearer) -> Request<Body> {
    Request::get("/")
        .header("host", "localhost:3000")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
        .header("accept-language", "en-GB,en;q=0.7,de;q=0.3")
        .header("cookie", format!("theme=dark; um_session={}; seen=1", session.expose()))
        .body(Body::empty())
        .expect("a request")
}

async fn once(router: &mut Router, session: &Bearer) {
    let response = router.call(request(session)).await.expect("infallible");
    assert_eq!(response.status(), StatusCode::OK);
    black_box(response);
}

fn drive(runtime: &Runtime, router: &mut Router, session: &Bearer, ops: usize) {
    runtime.block_on(async {
        for _ in 0..ops {
            once(router, session).await;
        }
    });
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

/// The fewest and the most allocations of a single request.
fn one_by_one(runtime: &Runtime, router: &mut Router, session: &Bearer) -> (usize, usize) {
    runtime.block_on(async {
        let (mut least, mut most) = (usize::MAX, 0);
        for _ in 0..1_000 {
            let before = allocations();
            once(router, session).await;
            let count = allocations() - before;
            (least, most) = (least.min(count), most.max(count));
        }
        (least, most)
    })
}
