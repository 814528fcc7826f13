//! Races, as often as wanted: `races [--rounds N]`.
//!
//! Two kinds. The store's races are rules of the conformance suite, run again and again on each store. The flows' races
//! go through the whole service behind a rendezvous, so that every racer acts on stale reads.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test program: what is unexpected ends it, figures are its output"
)]

#[path = "races/flows.rs"]
mod flows;

use std::collections::BTreeMap;
use std::time::Instant;

use usermgmt_conformance::{Profile, RULES};
use usermgmt_tests::StoreKind;
use usermgmt_tests::report::Report;
use usermgmt_tests::stores::FreshStore;

#[tokio::main(flavor = "multi_thread", worker_threads = 4)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut rounds = 100_u32;
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.next().and_then(|value| value.parse().ok())) {
            ("--rounds", Some(number)) => rounds = number,
            _ => {
                println!("usage: races [--rounds N]");
                std::process::exit(2);
            }
        }
    }
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
        figures.keys().map(|(_, race)| race).collect::<std::collections::BTreeSet<_>>().len(),
        figures.keys().map(|(store, _)| store).collect::<std::collections::BTreeSet<_>>().len(),
        figures.values().sum::<u32>(),
        begun.elapsed().as_secs()
    );
}
