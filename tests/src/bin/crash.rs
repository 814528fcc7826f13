//! kill -9 at named points: `crash [--kills N]`.
//!
//! A child process runs a scripted application and stops at a point on its k-th passing; this process then kills it
//! (SIGKILL), starts a child that only finishes what was promised, and looks at the database and the mails with eyes of
//! its own. Nothing may be half-written, no mail lost, none sent for what did not happen. Mails sent twice are counted.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test program: what is unexpected ends it, figures are its output, and it starts processes to kill them"
)]

#[path = "crash/judge.rs"]
mod judge;
#[path = "crash/subject.rs"]
mod subject;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use usermgmt_tests::StoreKind;
use usermgmt_tests::report::Report;
use usermgmt_tests::stores::Database;

/// Where a child stops.
const POINTS: [&str; 6] = [
    "before commit",
    "after commit, before its answer",
    "after commit, before send",
    "during send",
    "host transaction, before commit",
    "host transaction, after commit",
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--subject") => subject::run(&args[1..]),
        None => supervise(20),
        Some("--kills") if args.len() == 2 => supervise(args[1].parse().expect("a number of kills")),
        Some(_) => {
            println!("usage: crash [--kills N]");
            std::process::exit(2);
        }
    }
}

fn supervise(kills: u32) {
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut total = judge::Verdict::default();
    println!("{:<10} {:<34} {:>6} {:>9} {:>8}", "store", "killed", "times", "mails", "doubled");
    for kind in [StoreKind::Sqlite, StoreKind::Postgres] {
        if kind.is_left_out() {
            println!("!!! left out: crashes on {} !!!", kind.name());
            continue;
        }
        for point in POINTS {
            let mut here = judge::Verdict::default();
            for k in 1..=kills {
                let dir = tempfile::tempdir().unwrap();
                let server = (kind == StoreKind::Postgres).then(|| runtime.block_on(Database::migrated("")));
                let database = match &server {
                    Some(server) => server.url.clone(),
                    None => format!("sqlite://{}", dir.path().join("app.db").display()),
                };
                let place = [database.as_str(), dir.path().to_str().unwrap()];
                kill_at(point, k, &place);
                let recovered = Command::new(std::env::current_exe().unwrap())
                    .args(["--subject", "recover", "0"])
                    .args(place)
                    .status();
                assert!(recovered.unwrap().success(), "the child that finishes the work fails");
                here.add(runtime.block_on(judge::judge(&database, dir.path())));
            }
            println!("{:<10} {point:<34} {:>6} {:>9} {:>8}", kind.name(), here.runs, here.mails, here.doubled);
            total.add(here);
        }
        let report = Report::new("crash", kind.name(), "-");
        report.requirement(209);
        report.requirement(210);
        report.case("FO-02");
        report.twin("FO-02");
        report.case("AU-03");
        report.twin("AU-03");
        report.write();
    }
    println!(
        "crash: {} kills at {} points, 0 half-written, 0 mails lost, 0 for what did not happen, {} of {} mails doubled, {} s \
         (95 % upper bound of a breach: {:.2} % a kill)",
        total.runs,
        POINTS.len(),
        total.doubled,
        total.mails,
        begun.elapsed().as_secs(),
        300.0 / f64::from(total.runs.max(1))
    );
}

/// Starts a child and kills it when it says that it stands at the point for the k-th time.
fn kill_at(point: &str, k: u32, place: &[&str]) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--subject", point, &k.to_string()])
        .args(place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
    let said = said.unwrap_or_else(|| panic!("the child ends before it passes `{point}` {k} times")).unwrap();
    assert_eq!(said, subject::STANDS, "at {point}");
    child.kill().unwrap();
    child.wait().unwrap();
}
