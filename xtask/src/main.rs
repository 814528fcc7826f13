//! `cargo xtask …`: the project's own commands. `cargo xtask help` lists them.
//!
//! One file per job: `test_run` runs everything, `covered` and `matrix` read what that run reported, `delegate` starts
//! the long runs, `defects` proves that the tests notice seeded defects, `gates` checks all that is not a test.
//! `counterparts` lets libraries of other languages judge our tokens. `needs` finds or installs PostgreSQL, Redis and a
//! browser, `guard` sees to it that nothing outlives this process.
#![expect(clippy::disallowed_methods, reason = "starting other programs and waiting for them is this tool's job")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool talks to a terminal")]

mod args;
mod catalogue;
mod counterparts;
mod covered;
mod defects;
mod delegate;
mod fault;
mod gates;
mod guard;
mod matrix;
mod needs;
mod process;
mod report;
mod stage;
mod summary;
mod table;
mod test_run;
mod workspace;

use std::process::ExitCode;

use crate::{args::Command, fault::Result, workspace::Workspace};

fn main() -> ExitCode {
    let command = match args::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(fault) => {
            eprintln!("xtask: {fault}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("xtask: {fault}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; `false` says that it ran and that what it looked at is not in order.
fn run(command: Command) -> Result<bool> {
    if matches!(command, Command::Help) {
        println!("{}", args::HELP);
        return Ok(true);
    }
    let workspace = Workspace::read()?;
    match command {
        Command::Help => Ok(true),
        Command::Test { without, every_cell, cargo_args } => {
            test_run::run(&workspace, &without, every_cell, &cargo_args)
        }
        Command::Covered => covered::run(&workspace),
        Command::Matrix => matrix::run(&workspace),
        Command::Counterparts => counterparts::run(&workspace),
        Command::Delegate { tool, without, args } => delegate::run(&workspace, tool, &without, &args),
        Command::Defects { without, names } => defects::run(&workspace, &without, &names),
        Command::Gates { without_licences } => gates::run(&workspace, without_licences),
    }
}
