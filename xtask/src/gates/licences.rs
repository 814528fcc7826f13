//! Licences, bans and origins of all dependencies, by cargo-deny, which is installed below `target/` on first use.

use std::{path::PathBuf, process::Command};

use super::run_here;
use crate::{
    fault::{Fault, Result},
    guard::Ended,
    process,
    workspace::Workspace,
};

const VERSION: &str = "0.20.2";

/// Runs cargo-deny without network; advisories are not asked for, their database would have to be fetched.
pub(super) fn check(workspace: &Workspace) -> Result<Ended> {
    let program = provide(workspace)?;
    // Dependencies of other platforms count too, and offline they must have been fetched before.
    let mut fetch = process::cargo(&workspace.root);
    fetch.arg("fetch");
    if run_here(fetch)? != Ended::Passed {
        println!("going on with what was fetched before");
    }
    let mut deny = Command::new(program);
    deny.current_dir(&workspace.root);
    deny.args(["--offline", "--all-features", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"]);
    run_here(deny)
}

fn provide(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let own = tools.join("bin").join("cargo-deny");
    let candidates = std::iter::once(own.clone()).chain(process::in_path("cargo-deny"));
    if let Some(found) = candidates.into_iter().find(has_version) {
        return Ok(found);
    }
    println!("installing cargo-deny {VERSION} into {}: some minutes, once", tools.display());
    let mut install = process::cargo(&workspace.root);
    install.args(["install", "--locked", "--quiet", "--root"]).arg(&tools);
    install.args(["cargo-deny", "--version", VERSION]);
    let shown = process::shown(&install);
    if run_here(install)? != Ended::Passed || !has_version(&own) {
        return Err(Fault::new(format!(
            "cargo-deny could not be installed. Run\n\n    {shown}\n\nwhere the registry can be reached, and this \
             command again; or leave this gate out: cargo xtask gates --without licences"
        )));
    }
    Ok(own)
}

fn has_version(program: &PathBuf) -> bool {
    let mut command = Command::new(program);
    command.arg("--version");
    process::output_of(command).is_ok_and(|said| said.split_whitespace().any(|word| word == VERSION))
}
