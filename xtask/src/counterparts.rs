//! `cargo xtask counterparts`: installs libraries of other languages below `target/`, and lets them read what we write.

use std::{fs, path::Path, process::Command};

use crate::{
    fault::{Fault, OrFault, Result},
    process,
    workspace::Workspace,
};

/// What pip installs, and npm. Versions are fixed, so that a run tells of our changes and not of theirs.
const PYTHON: [&str; 7] = [
    "PyJWT[crypto]==2.15.1",
    "passlib==1.7.4",
    "bcrypt==5.0.0",
    "argon2-cffi==25.1.0",
    "Django==5.2.8",
    "pyotp==2.9.0",
    "soft-webauthn==0.1.4",
];
/// The tests that ask them: package and name.
const TESTS: [(&str, &str); 4] = [
    ("usermgmt-jwt", "counterparts"),
    ("usermgmt-service", "imported_hashes"),
    ("usermgmt-tests", "soft_webauthn"),
    ("usermgmt-service", "totp"),
];
const NODE: [&str; 1] = ["jose@6.2.17"];

/// The variable that tells the tests where they are.
const FOLDER: &str = "USERMGMT_TEST_COUNTERPARTS";

/// Installs what is missing and runs the tests that need it. `false`: they failed.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let folder = workspace.target.join("counterparts");
    provide(&folder, "python", &PYTHON, |dir| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"]).arg(dir).args(PYTHON);
        pip
    })?;
    provide(&folder, "node", &NODE, |dir| {
        let mut npm = Command::new("npm");
        npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(dir)
            .args(NODE);
        npm
    })?;
    let mut all_passed = true;
    for (package, name) in TESTS {
        let mut test = process::cargo(&workspace.root);
        test.args(["test", "-p", package, "--all-features", "--test", name]).env(FOLDER, &folder);
        all_passed &= test.status().or_fault(|| format!("start {}", process::shown(&test)))?.success();
    }
    println!("{}", if all_passed { "counterparts: passed" } else { "counterparts: FAILED" });
    Ok(all_passed)
}

/// Installs these packages into a folder of their own, unless they are there; a list beside them says which are.
fn provide(folder: &Path, name: &str, packages: &[&str], install: impl Fn(&Path) -> Command) -> Result<()> {
    let (dir, list) = (folder.join(name), folder.join(format!("{name}.list")));
    let wanted = packages.join("\n");
    if fs::read_to_string(&list).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    fs::create_dir_all(&dir).or_fault(|| format!("create {}", dir.display()))?;
    println!("installing {} into {}", packages.join(", "), dir.display());
    let mut command = install(&dir);
    let shown = process::shown(&command);
    let installed = command.status().is_ok_and(|status| status.success());
    if !installed {
        return Err(Fault::new(format!("could not install {}. Run\n\n    {shown}\n\nand see", packages.join(", "))));
    }
    fs::write(&list, wanted).or_fault(|| format!("write {}", list.display()))
}
