//! The story of one user in a real browser: `story [--framework axum|actix] [--store sqlite|postgres] [--shots DIR]
//! [--look LOOK] [--at-once N] [--built]`.
//!
//! It is played in the examples, started as anybody starts them: `saas-axum` on SQLite, `saas-actix` on PostgreSQL. Each
//! run is played at one width, with or without JavaScript, by a headless Chromium.

#![expect(clippy::print_stdout, reason = "a program that tells what it does")]

#[path = "story/browser.rs"]
mod browser;
#[path = "story/chromedriver.rs"]
mod chromedriver;
#[path = "story/command.rs"]
mod command;
#[path = "story/eyes.rs"]
mod eyes;
#[path = "story/fault.rs"]
mod fault;
#[path = "story/host.rs"]
mod host;
#[path = "story/options.rs"]
mod options;
#[path = "story/patience.rs"]
mod patience;
#[path = "story/process.rs"]
mod process;
#[path = "story/scenes.rs"]
mod scenes;
#[path = "story/teller.rs"]
mod teller;

use std::process::ExitCode;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use usermgmt_tests::cell::left_out;
use usermgmt_tests::report::Report;

use crate::chromedriver::Chromedriver;
use crate::fault::Result;
use crate::host::Host;
use crate::options::{Look, Options};
use crate::teller::Teller;

/// Requirements that are shown in a browser once every run has passed.
const SHOWN: [u32; 17] = [1, 2, 38, 43, 48, 49, 73, 117, 118, 119, 153, 154, 156, 167, 208, 211, 220];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            println!("{usage}");
            return ExitCode::from(2);
        }
    };
    for part in ["browser", options.example.cell.store.name()] {
        if left_out(part) {
            println!("!!! left out: the story in a browser (--without {part}) !!!");
            return ExitCode::SUCCESS;
        }
    }
    let told = tokio::select! {
        told = tell(&options) => told,
        () = process::asked_to_end() => Err(fault::Fault::new("interrupted")),
    };
    match told {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(fault) => {
            println!("✗ {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Plays every run and answers with the number of those that failed.
async fn tell(options: &Options) -> Result<usize> {
    let begun = Instant::now();
    host::prepare(options).await?;
    let driver = Chromedriver::start().await?;
    let cell = options.example.cell;
    let report = Report::new("story", cell.store.name(), cell.framework.name());
    println!("{} on {}", options.example.package, cell.store.name());
    // One run alone leaves a good part of two cores idle: it waits for pages and for mails.
    let runs = options.looks.iter().map(|look| run(options, &driver, &report, *look));
    let steps: Vec<Option<usize>> = stream::iter(runs).buffer_unordered(options.at_once).collect().await;
    driver.stop().await;
    let failures = steps.iter().filter(|steps| steps.is_none()).count();
    if failures == 0 && options.looks.len() == Look::ALL.len() {
        SHOWN.into_iter().for_each(|number| report.requirement(number));
    }
    if failures < steps.len() {
        report.write();
    }
    let (runs, seconds) = (steps.len(), begun.elapsed().as_secs());
    let steps: usize = steps.into_iter().flatten().sum();
    println!("\nstory: {runs} runs, {steps} steps, {failures} failures, {seconds} s");
    Ok(failures)
}

/// One run, told; answers with the number of its steps if it has come to its end.
async fn run(options: &Options, driver: &Chromedriver, report: &Report, look: Look) -> Option<usize> {
    let begun = Instant::now();
    let teller = Teller::new(options, look).inspect_err(|fault| println!("✗ {fault}")).ok()?;
    teller.say(&look.title());
    let played = play(options, driver, &teller).await;
    if let Err(fault) = &played {
        teller.say(&format!("✗ {fault}"));
    }
    let steps = teller.steps();
    teller.say(&format!("{} steps, {:.1} s", steps.len(), begun.elapsed().as_secs_f32()));
    played.ok()?;
    for (number, step) in steps.iter().enumerate() {
        report.step(look.slug(), number + 1, step);
    }
    Some(steps.len())
}

/// Whatever happens, browsers and application are closed afterwards; of a failure there are pictures.
async fn play(options: &Options, driver: &Chromedriver, teller: &Teller) -> Result<()> {
    let host = Host::start(options.example).await?;
    let stage = driver.stage(teller.look(), host.origin());
    let played = scenes::all(&host, &stage, teller).await;
    if played.is_err() {
        for (name, browser) in stage.open().await {
            teller.keep_what_is_seen(&name, &browser).await;
        }
    }
    stage.close().await;
    host.stop().await;
    played
}
