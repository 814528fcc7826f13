//! `cargo xtask test`: everything, in one go, with a summary last.

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Instant};

use serde_json::Value;

use crate::{
    args::Without,
    fault::Result,
    guard::Ended,
    needs::Needs,
    process, report,
    stage::Stage,
    summary::{Complaints, Summary},
    workspace::Workspace,
};

/// The short forms of the long runs: program, arguments, whether it needs the browser.
const LONG_RUNS: [(&str, &[&str], bool); 5] = [
    ("races", &["--rounds", "3"], false),
    ("crash", &["--kills", "2"], false),
    ("outage", &["--rounds", "1", "--gap", "2"], false),
    ("story", &["--framework", "axum", "--look", "desktop-js", "--look", "phone-nojs"], true),
    ("story", &["--framework", "actix", "--look", "desktop-nojs"], true),
];
/// The cells that an ordinary run leaves to `--every-cell`. With those that are left every test meets each store and both
/// frameworks, and the story is played where they are not: on SQLite under axum, on PostgreSQL under actix-web.
const OTHER_CELLS: [&str; 3] = ["memory_actix", "sqlite_axum", "postgres_actix"];
/// What the story is played in.
const EXAMPLES: [&str; 2] = ["saas-axum", "saas-actix"];

/// Runs all tests, or the ones that `cargo_args` choose.
pub(crate) fn run(workspace: &Workspace, without: &Without, every_cell: bool, cargo_args: &[String]) -> Result<bool> {
    without.announce();
    let mut summary = Summary::new();
    let start = Instant::now();
    let mut stage = Stage::set(Needs::all_but(without), without, &workspace.report_dir())?;
    summary.note("install and start what is needed", Ended::Passed, start.elapsed());
    report::note_run(&workspace.report_dir(), without, cargo_args)?;
    if cargo_args.is_empty() {
        everything(workspace, without, every_cell, &mut stage, &mut summary)?;
    } else {
        let test = chosen(workspace, cargo_args);
        part(&mut stage, &mut summary, test)?;
    }
    drop(stage);
    summary.print();
    if !cargo_args.is_empty() {
        println!("\n!!! ONLY the tests chosen by `{}` were run !!!\n", cargo_args.join(" "));
    }
    without.announce();
    println!("{}", if summary.all_passed() { "test: passed" } else { "test: FAILED" });
    Ok(summary.all_passed())
}

fn everything(
    workspace: &Workspace,
    without: &Without,
    every_cell: bool,
    stage: &mut Stage,
    summary: &mut Summary,
) -> Result<()> {
    let mut binaries = BTreeMap::new();
    let built = summary.part("build", || {
        let mut build = process::cargo(&workspace.root);
        build.args(["test", "--workspace", "--all-features", "--lib", "--bins", "--tests", "--examples", "--no-run"]);
        build.arg("--message-format=json-render-diagnostics");
        let (ended, messages) = stage.guard.run_reading(build)?;
        binaries = binaries_in(&messages);
        Ok(ended)
    })?;
    if built != Ended::Passed {
        println!("nothing was run: the build failed");
        return Ok(());
    }
    let mut test = process::cargo(&workspace.root);
    test.args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    test.args(["--lib", "--bins", "--tests", "--examples"]);
    if !every_cell {
        test.arg("--").args(OTHER_CELLS.iter().flat_map(|cell| ["--skip", cell]));
    }
    part(stage, summary, test)?;
    let mut doc = process::cargo(&workspace.root);
    doc.args(["test", "--workspace", "--all-features", "--no-fail-fast", "--doc"]);
    part(stage, summary, doc)?;
    for (name, args, needs_browser) in LONG_RUNS {
        if needs_browser && without.browser {
            continue;
        }
        // The build above made these programs already. `cargo run -p` would choose features for that one package, and
        // compile much of the tree anew.
        let mut command = match binaries.get(name) {
            Some(path) => {
                let mut command = Command::new(path);
                command.current_dir(&workspace.root);
                if needs_browser && EXAMPLES.iter().all(|example| binaries.contains_key(*example)) {
                    command.arg("--built");
                }
                command
            }
            None => {
                let mut command = process::cargo(&workspace.root);
                command.args(["run", "-p", "usermgmt-tests", "--all-features", "--bin", name, "--"]);
                command
            }
        };
        command.args(args);
        part(stage, summary, command)?;
    }
    Ok(())
}

fn part(stage: &mut Stage, summary: &mut Summary, mut command: Command) -> Result<()> {
    stage.dress(&mut command);
    let name = process::shown(&command);
    let mut complaints = Complaints::default();
    let ended = summary.part(&name, || stage.guard.run_watching(command, |line| complaints.see(line)))?;
    if ended != Ended::Passed {
        summary.complain(&name, complaints);
    }
    Ok(())
}

/// `cargo test` with the caller's arguments; a package chosen there replaces the whole workspace.
fn chosen(workspace: &Workspace, cargo_args: &[String]) -> Command {
    let names_package = cargo_args
        .iter()
        .take_while(|arg| *arg != "--")
        .any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
    let mut test = process::cargo(&workspace.root);
    test.arg("test");
    if !names_package {
        test.arg("--workspace");
    }
    test.args(["--all-features", "--no-fail-fast"]).args(cargo_args);
    test
}

/// The ordinary programs among cargo's messages, by name.
fn binaries_in(messages: &str) -> BTreeMap<String, PathBuf> {
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    artifacts.filter_map(|artifact| binary(&artifact)).collect()
}

fn binary(artifact: &Value) -> Option<(String, PathBuf)> {
    let target = artifact.get("target")?;
    let is_binary = target.get("kind")?.as_array()?.iter().any(|kind| kind == "bin");
    let is_test = artifact.get("profile")?.get("test")?.as_bool()?;
    if !is_binary || is_test {
        return None;
    }
    let path = artifact.get("executable")?.as_str()?;
    Some((target.get("name")?.as_str()?.to_owned(), PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_test_harnesses() {
        let messages = r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"races"},"profile":{"test":true},"executable":"/t/deps/races-1"}
{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"races"},"profile":{"test":false},"executable":"/t/races"}
{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"core"},"profile":{"test":false},"executable":null}
{"reason":"build-finished","success":true}"#;
        let found = binaries_in(messages);
        assert_eq!(found.len(), 1);
        assert_eq!(found["races"], PathBuf::from("/t/races"));
    }
}
