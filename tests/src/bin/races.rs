//! Races, as often as wanted: `races [--rounds N] [--processes 1|2] [--isolation LEVEL]`.
//!
//! In one process there are two kinds. The store's races are rules of the conformance suite, run again and again on each
//! store. The flows' races go through the whole service behind a rendezvous, so that every racer acts on stale reads.
//!
//! Then two processes race on one PostgreSQL, over HTTP, at each isolation level that a database may have for its
//! default; `--isolation` chooses one of `default`, `read-committed`, `repeatable-read` and `serializable`. Without
//! `--rounds` these run a thousand times each, those in one process a hundred times.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test program: what is unexpected ends it, figures are its output"
)]

#[path = "races/flows.rs"]
mod flows;
#[path = "races/pair.rs"]
mod pair;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use usermgmt_conformance::{Profile, RULES};
use usermgmt_tests::StoreKind;
use usermgmt_tests::report::Report;
use usermgmt_tests::stores::FreshStore;

/// What is played.
struct Wanted {
    rounds: Option<u32>,
    processes: Option<u32>,
    isolation: Option<pair::Level>,
}

impl Wanted {
    fn parse(args: &[String]) -> Option<Self> {
        let mut wanted = Self { rounds: None, processes: None, isolation: None };
        for option in args.chunks(2) {
            let [name, value] = option else { return None };
            match name.as_str() {
                "--rounds" => wanted.rounds = Some(value.parse().ok()?),
                "--processes" => wanted.processes = Some(value.parse().ok().filter(|number| (1..=2).contains(number))?),
                "--isolation" => wanted.isolation = Some(pair::Level::parse(value)?),
                _ => return None,
            }
        }
        Some(wanted)
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--node") {
        return pair::node::run(&args[1..]).await;
    }
    let Some(wanted) = Wanted::parse(&args) else {
        println!("usage: races [--rounds N] [--processes 1|2] [--isolation LEVEL]");
        std::process::exit(2);
    };
    if wanted.processes != Some(2) {
        in_one_process(wanted.rounds.unwrap_or(100)).await;
    }
    if wanted.processes != Some(1) {
        between_two(wanted.rounds.unwrap_or(1_000), wanted.isolation).await;
    }
}

async fn in_one_process(rounds: u32) {
    let mut figures: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let begun = Instant::now();
    for kind in StoreKind::ALL {
        if kind.is_left_out() {
            println!("!!! left out: races on {} !!!", kind.name());
            continue;
        }
        let report = Report::new("races", kind.name(), "-");
        for rule in RULES.iter().filter(|rule| rule.group == "races") {
            for _ in 0..rounds {
                let fresh = FreshStore::new(kind).await;
                let profile = Profile::new().name(kind.name()).nul_in_text(kind == StoreKind::Memory).racers(16);
                (rule.run)(fresh.store.clone(), profile).await;
                *figures.entry((kind.name(), rule.name)).or_default() += 1;
            }
        }
        for flow in flows::ALL {
            for _ in 0..rounds {
                (flow.run)(kind, report.clone()).await;
                *figures.entry((kind.name(), flow.name)).or_default() += 1;
            }
        }
        report.write();
    }
    println!("{:<10} {:<60} rounds", "store", "race");
    for ((store, race), rounds) in &figures {
        println!("{store:<10} {race:<60} {rounds}");
    }
    println!(
        "races: {} races on {} stores, {} rounds, 0 double effects, {} s",
        figures.keys().map(|(_, race)| race).collect::<BTreeSet<_>>().len(),
        figures.keys().map(|(store, _)| store).collect::<BTreeSet<_>>().len(),
        figures.values().sum::<u32>(),
        begun.elapsed().as_secs()
    );
}

async fn between_two(rounds: u32, isolation: Option<pair::Level>) {
    if StoreKind::Postgres.is_left_out() {
        println!("!!! left out: races of two processes on PostgreSQL !!!");
        return;
    }
    let begun = Instant::now();
    let levels: Vec<_> = pair::LEVELS.into_iter().filter(|level| isolation.is_none_or(|one| one == *level)).collect();
    println!("\n{:<43} {:<64} {:>6} {:>9}", "store", "race", "rounds", "ms each");
    for level in &levels {
        let report = Report::new("races", StoreKind::Postgres.name(), "-");
        let pair = pair::Pair::start(*level).await;
        let store = format!("PostgreSQL, two processes, {level}");
        let over = |race: &str, took: std::time::Duration| {
            let each = took.as_secs_f64() * 1_000.0 / f64::from(rounds.max(1));
            println!("{store:<43} {race:<64} {rounds:>6} {each:>9.1}");
        };
        pair.play(*level, rounds, &report, over).await;
        println!("{level}: {}", pair.seen(*level).await);
        pair.stop().await;
        report.write();
    }
    println!(
        "races between two processes (axum, actix): {} races at {} isolation levels, {} rounds, 0 double effects, {} s",
        pair::ALL.len(),
        levels.len(),
        rounds as usize * pair::ALL.len() * levels.len(),
        begun.elapsed().as_secs()
    );
}
