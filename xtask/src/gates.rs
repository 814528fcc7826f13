//! `cargo xtask gates`: all checks that are not tests. Every gate is tried, so that one run names all that is wrong.

mod arrows;
mod closure;
mod licences;
mod sources;

use std::process::Command;

use crate::{
    fault::{OrFault, Result},
    guard::Ended,
    process,
    summary::Summary,
    workspace::Workspace,
};

/// Features that add routes and pages, each without the others: all together, one finds what only another brings.
const ALONE: [&str; 8] = [
    "",
    "usermgmt/axum",
    "usermgmt/axum,usermgmt/magic-link",
    "usermgmt/axum,usermgmt/passkeys",
    "usermgmt/actix,usermgmt/phones",
    "usermgmt/actix,usermgmt/sent-codes",
    "usermgmt/axum,usermgmt/tokens",
    "usermgmt/actix,usermgmt/totp",
];

/// Runs all gates; licences and bans unless they are left out.
pub(crate) fn run(workspace: &Workspace, without_licences: bool) -> Result<bool> {
    announce(without_licences);
    let mut summary = Summary::new();
    summary.part("arrows between crates", || Ok(judged(arrows::check(&workspace.metadata))))?;
    summary.part("core, sessions, orgs, jwt: no runtime, HTTP, SQL", || closure::check(workspace).map(judged))?;
    summary.part("sources", || sources::check(&workspace.root).map(judged))?;

    let mut fmt = process::cargo(&workspace.root);
    fmt.args(["fmt", "--all", "--check"]);
    gate(&mut summary, fmt)?;
    let mut clippy = process::cargo(&workspace.root);
    clippy.args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]);
    gate(&mut summary, clippy)?;
    for features in ALONE {
        let mut alone = process::cargo(&workspace.root);
        alone.args([
            "clippy",
            "-p",
            "usermgmt",
            "-p",
            "usermgmt-http",
            "-p",
            "usermgmt-service",
            "--no-default-features",
        ]);
        alone.args(["--features", features, "--", "-D", "warnings"]);
        gate(&mut summary, alone)?;
    }
    let mut doc = process::cargo(&workspace.root);
    doc.args(["doc", "--workspace", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-D warnings");
    gate(&mut summary, doc)?;
    if !without_licences {
        summary.part("licences, bans, sources of dependencies", || licences::check(workspace))?;
    }

    summary.print();
    announce(without_licences);
    println!("{}", if summary.all_passed() { "gates: passed" } else { "gates: FAILED" });
    Ok(summary.all_passed())
}

fn announce(without_licences: bool) {
    if without_licences {
        println!("\n!!! LEFT OUT on request (--without licences): licences, bans and sources of dependencies !!!\n");
    }
}

fn gate(summary: &mut Summary, command: Command) -> Result<()> {
    summary.part(&process::shown(&command), || run_here(command))?;
    Ok(())
}

fn run_here(mut command: Command) -> Result<Ended> {
    let status = command.status().or_fault(|| format!("start {}", process::shown(&command)))?;
    Ok(if status.success() { Ended::Passed } else { Ended::Failed })
}

/// Prints the complaints of a gate; none means passed.
fn judged(complaints: Vec<String>) -> Ended {
    for complaint in &complaints {
        println!("{complaint}");
    }
    if complaints.is_empty() { Ended::Passed } else { Ended::Failed }
}
