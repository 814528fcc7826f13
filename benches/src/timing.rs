//! Whether the time of a refused sign-in tells who has an account (EN-01).

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::Service as _;
use usermgmt_service::HashCost;

use crate::report::{Report, ms, row, us};
use crate::stats::{Order, detectable_effect, mann_whitney, median, quantile, shift_for_effect};
use crate::world::{self, ORIGIN, PASSWORD, WRONG, World, address};

/// Who the wrong password is entered for. The first is what all others are compared with; the second is the same once
/// more, and shows what a difference by chance looks like in this run.
const CLASSES: [(&str, &str); 6] = [
    ("unknown", "a"),
    ("unknown, once more", "b"),
    ("known", "c"),
    ("passwordless", "d"),
    ("suspended", "e"),
    ("unverified", "f"),
];
/// Addresses of each class.
const PEOPLE: usize = 40;
/// Comparisons of the whole section: five classes and all accounts together, at two costs.
const COMPARISONS: usize = 12;
/// How many of the classes belong to nobody.
const UNKNOWN: usize = 2;
/// Probability that any comparison of the section errs, if there is no difference at all.
const ALPHA: f64 = 0.001;
/// Differences of medians that do not count, however sure: as a share, and on the wall.
const SHARE: f64 = 0.02;
const SPAN: Duration = Duration::from_millis(1);

pub(crate) fn run(report: &mut Report) {
    let samples = report.volume(2_000, 200);
    report.note(&format!(
        "Wrong passwords to POST /auth/sign-in on SQLite, in process, one at a time, limits off, {samples} for each class in"
    ));
    report.note(
        "random order; time on the wall. Mann–Whitney against `unknown`; p is after correction for all comparisons.",
    );
    report.note(
        "Effect: rank-biserial (0 none, 1 every time). Detectable: the difference that a run of this size finds in",
    );
    report.note("four of five cases; a smaller one may exist and have gone unseen.");
    for (name, cost) in [("cheapest hash", HashCost::insecure_for_tests()), ("default hash", HashCost::default())] {
        one_cost(report, name, cost, samples);
    }
}

fn one_cost(report: &mut Report, name: &str, cost: HashCost, samples: usize) {
    let times = measure(cost, samples);
    let unknown = &times[0];
    let base = median(unknown);
    let effect = detectable_effect(samples, ALPHA, COMPARISONS);
    let detectable = shift_for_effect(unknown, effect);

    let mut table = vec![row([name, "median", "Δ median", "share", "Δ p10", "z", "p corrected", "effect"])];
    table.push(vec![CLASSES[0].0.into(), ms(base)]);
    let mut worst: f64 = 0.0;
    let (mut surest, mut separable) = (1.0, Vec::new());
    for (number, ((class, _), sample)) in CLASSES.iter().zip(&times).enumerate().skip(1) {
        let (difference, p, cells) = compare(class, sample, unknown);
        table.push(cells);
        if number < UNKNOWN {
            let what = format!("{name}: `unknown` beside itself, to know that the run is worth something");
            report.judge(&what, format!("p {p:.1e}"), "p ≥ 0.001", p >= ALPHA);
            continue;
        }
        worst = if difference.abs() > worst.abs() { difference } else { worst };
        surest = f64::min(surest, p);
        if p < ALPHA {
            separable.push(*class);
        }
    }
    // With more samples a smaller difference shows: this row says what is there, the lines say what may be.
    let (difference, p, cells) = compare("all with an account", &times[UNKNOWN..].concat(), &times[..UNKNOWN].concat());
    table.push(cells);
    report.state(
        &format!("{name}: all with an account beside all unknown"),
        format!("{} ({:+.2} %), p {p:.1e}", us(difference), 100.0 * difference / base),
    );
    report.table(&table);
    report.note(&format!(
        "detectable: an effect of {effect:.3}, here {} ({:.2} %)",
        us(detectable),
        100.0 * detectable / base
    ));
    let small = worst.abs() < SHARE * base || worst.abs() < SPAN.as_nanos() as f64;
    report.judge(
        &format!("{name}: greatest difference of medians"),
        format!("{} ({:+.2} %)", us(worst), 100.0 * worst / base),
        "< 2 % or < 1 ms",
        small,
    );
    let found = if separable.is_empty() { "none".to_owned() } else { separable.join(", ") };
    report.judge(
        &format!("{name}: classes that can be told from `unknown`"),
        format!("{found} (least p {surest:.1e}; detectable {})", us(detectable)),
        "none at p < 0.001",
        separable.is_empty(),
    );
}

/// Difference of medians, corrected p, and the line of the table.
fn compare(name: &str, sample: &[f64], unknown: &[f64]) -> (f64, f64, Vec<String>) {
    let found = mann_whitney(sample, unknown);
    let base = median(unknown);
    let (difference, p) = (median(sample) - base, (found.p * COMPARISONS as f64).min(1.0));
    let cells = vec![
        name.to_owned(),
        ms(median(sample)),
        us(difference),
        format!("{:+.2} %", 100.0 * difference / base),
        us(quantile(sample, 0.1) - quantile(unknown, 0.1)),
        format!("{:+.2}", found.z),
        format!("{p:.2e}"),
        format!("{:+.3}", found.effect),
    ];
    (difference, p, cells)
}

/// Times of each class, in nanoseconds.
fn measure(cost: HashCost, samples: usize) -> Vec<Vec<f64>> {
    let runtime = world::single();
    runtime.block_on(async {
        let world = World::new(cost, |builder| builder).await;
        for number in 0..PEOPLE {
            world.user(&address("c", number), Some(PASSWORD)).await;
            world.user(&address("d", number), None).await;
            world.suspended(&address("e", number)).await;
            world.unverified(&address("f", number)).await;
        }
        let mut app: Router = usermgmt_axum::attach(Router::new(), "/auth", &world.auth).with_state(world.auth.clone());
        let (mut order, mut turn) = (Order::new(0x5eed), [0, 1, 2, 3, 4, 5]);
        let mut times = vec![Vec::with_capacity(samples); CLASSES.len()];
        // Every address is used before it counts: its counters exist, as they do when somebody tries a second time.
        for round in 0..samples + PEOPLE {
            order.shuffle(&mut turn);
            for class in turn {
                let request = request(&address(CLASSES[class].1, round % PEOPLE));
                let started = Instant::now();
                let response = app.call(request).await.expect("infallible");
                let (parts, body) = response.into_parts();
                let body = body.collect().await.expect("a body").to_bytes();
                let taken = started.elapsed();
                assert_eq!(parts.status, StatusCode::UNAUTHORIZED, "{body:?}");
                if round >= PEOPLE {
                    times[class].push(taken.as_nanos() as f64);
                }
            }
        }
        times
    })
}

fn request(email: &str) -> Request<Body> {
    let body = format!(r#"{{"email":"{email}","password":"{WRONG}"}}"#);
    Request::post("/auth/sign-in")
        .header("host", "localhost:3000")
        .header("origin", ORIGIN)
        .header("user-agent", "benchmark")
        .header("content-type", "application/json")
        .body(Body::from(body))
        .expect("a request")
}
