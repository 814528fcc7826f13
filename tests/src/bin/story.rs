//! The story of one user in a real browser: `story [--framework axum|actix] [--store sqlite|postgres|memory] [--shots DIR] [--look LOOK]`.
//!
//! Under axum it is played in the example `saas-axum`, started as anybody starts it; under actix-web in the application
//! of the test kit. Each run is played at one width, with or without JavaScript, by a headless Chromium.

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

use usermgmt_tests::cell::left_out;
use usermgmt_tests::report::Report;

use crate::chromedriver::Chromedriver;
use crate::fault::Result;
use crate::host::Host;
use crate::options::{Look, Options};
use crate::teller::Teller;

/// Requirements that are shown in a browser once every run has passed.
const SHOWN: [u32; 14] = [1, 2, 38, 43, 48, 49, 117, 118, 119, 153, 154, 156, 167, 208];
/// And those that are shown in the example only: there the log is touched, too.
const SHOWN_IN_EXAMPLE: [u32; 1] = [211];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(usage) => {
            println!("{usage}");
            return ExitCode::from(2);
        }
    };
    for part in ["browser", options.cell.store.name()] {
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
    let (mut steps, mut failures) = (0, 0);
    for look in options.looks.iter().copied() {
        let run = Instant::now();
        let teller = Teller::new(options, look)?;
        println!("\n{} · {} · {}", options.cell.framework.name(), options.cell.store.name(), look.title());
        if let Err(fault) = play(options, &driver, &teller).await {
            failures += 1;
            println!("  ✗ {fault}");
        }
        steps += teller.steps();
        println!("  {} steps, {:.1} s", teller.steps(), run.elapsed().as_secs_f32());
    }
    driver.stop().await;
    if failures == 0 && options.looks.len() == Look::ALL.len() {
        let report = Report::new("story", options.cell.store.name(), options.cell.framework.name());
        SHOWN.into_iter().for_each(|number| report.requirement(number));
        if options.is_example() {
            SHOWN_IN_EXAMPLE.into_iter().for_each(|number| report.requirement(number));
        }
        report.write();
    }
    let (runs, seconds) = (options.looks.len(), begun.elapsed().as_secs());
    println!("\nstory: {runs} runs, {steps} steps, {failures} failures, {seconds} s");
    Ok(failures)
}

/// One run. Whatever happens, browsers and application are closed afterwards; of a failure there are pictures.
async fn play(options: &Options, driver: &Chromedriver, teller: &Teller) -> Result<()> {
    let mut host = Host::start(options).await?;
    let stage = driver.stage(teller.look(), host.origin());
    let played = scenes::all(&mut host, &stage, teller).await;
    if played.is_err() {
        for (name, browser) in stage.open().await {
            teller.keep_what_is_seen(&name, &browser).await;
        }
    }
    stage.close().await;
    host.stop().await;
    played
}
