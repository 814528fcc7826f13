//! Figures of usermgmt, each as a ratio or a difference to a baseline that is measured in the same run.
//!
//! `cargo xtask bench [--quick] [SECTION …]`. What each figure means and how it is measured stands in the README of
//! this folder.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::duplicate_mod,
    reason = "a measuring program: it prints, starts processes, waits, and ends with a sentence when it cannot measure; and \
              what is written by hand is written once for both databases"
)]

mod cached;
mod check_cached;
mod check_uncached;
mod client;
mod commit;
mod framework;
mod latency;
mod measure;
mod memory;
mod organizations;
mod passkey;
mod postgres;
mod probe;
mod proof_of_work;
mod report;
mod round_trips;
mod scale;
mod second_factor;
#[expect(dead_code, unreachable_pub, clippy::unwrap_used, reason = "the tests use more of it")]
#[path = "../../tests/src/security_key.rs"]
mod security_key;
mod seed;
mod serve;
mod sign_in;
mod stats;
mod timing;
mod tokens;
mod world;

use std::alloc::System;
use std::process::ExitCode;

use report::Report;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts allocations. Baselines and candidates pay the same for the counting.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Name of a section, what it says about itself, and its run.
type Section = (&'static str, &'static str, fn(&mut Report));

const SECTIONS: [Section; 14] = [
    ("session-check", "what a cached session check adds to a bare handler", check_cached::run),
    (
        "session-check-uncached",
        "a session check that reads the store, beside a handler with one read",
        check_uncached::run,
    ),
    ("tokens", "checking and making access tokens beside the signature alone", tokens::run),
    ("sign-in", "sign-ins per core beside what hashing alone allows", sign_in::run),
    ("second-factor", "a second factor beside the check of its code alone", second_factor::run),
    ("passkey", "a sign-in by passkey beside the check of its answer alone", passkey::run),
    ("proof-of-work", "the check of a proof of work beside the library's alone", proof_of_work::run),
    ("latency", "other requests while sign-ins saturate the machine", latency::run),
    ("memory", "peak memory under 500 sign-ins at once", memory::run),
    ("memory-sessions", "memory per 100,000 cached sessions", cached::run),
    ("timing", "whether time tells who has an account", timing::run),
    ("commit", "making an organisation beside the same rows by hand", commit::run),
    ("organizations", "large and many organisations beside small and few", organizations::run),
    ("scale", "a million users and sessions beside a thousand (takes minutes)", scale::run),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, folder] = args.as_slice()
        && word == serve::WORD
    {
        serve::run(std::path::Path::new(folder));
        return ExitCode::SUCCESS;
    }
    if let [word, rest @ ..] = args.as_slice()
        && word == cached::WORD
    {
        cached::hold(rest);
        return ExitCode::SUCCESS;
    }
    let (flags, names): (Vec<_>, Vec<_>) = args.iter().map(String::as_str).partition(|arg| arg.starts_with("--"));
    let unknown_flag = flags.iter().find(|flag| **flag != "--quick");
    let unknown_name = names.iter().find(|name| SECTIONS.iter().all(|(known, ..)| known != *name));
    if let Some(unknown) = unknown_flag.or(unknown_name) {
        println!("`{unknown}`? usage: usermgmt-benches [--quick] [SECTION …], where SECTION is one of");
        for (name, about, _) in SECTIONS {
            println!("  {name:<24}{about}");
        }
        return ExitCode::from(2);
    }
    let mut report = Report::new(!flags.is_empty());
    for (name, about, run) in SECTIONS {
        if names.is_empty() || names.contains(&name) {
            report.section(name, about);
            run(&mut report);
        }
    }
    if report.summary() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
