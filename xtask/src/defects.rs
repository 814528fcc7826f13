//! `cargo xtask defects`: seeded defects. Each patch of `defects/` must compile, and the test it names must fail.
//!
//! A patch that no longer applies, no longer compiles, or whose test does not exist is INVALID: it proves nothing.

mod outcome;
mod patch;
mod tree;

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use self::{outcome::TestOutcome, patch::Patch, tree::Tree};
use crate::{
    args::Without,
    fault::{OrFault, Result},
    guard::Ended,
    needs::Needs,
    process,
    stage::Stage,
    summary, table, workspace,
    workspace::Workspace,
};

/// A defect may make its test wait for ever.
const LIMIT: Duration = Duration::from_secs(300);

/// What became of one defect.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Caught,
    Survived,
    Invalid(String),
}

/// Plants the chosen defects one after the other.
pub(crate) fn run(workspace: &Workspace, without: &Without, names: &[String]) -> Result<bool> {
    without.announce();
    let patches = patch::read_all(&workspace.root.join("defects"), names)?;
    let base = workspace.own_dir().join("defects");
    let logs = base.join("logs");
    workspace::emptied(&logs)?;
    let report = workspace.own_dir().join("report-defects");
    let mut field = Field {
        stage: Stage::set(Needs::all_but(without), without, &report)?,
        tree: Tree::new(&workspace.root, &base.join("tree")),
        target: base.join("target"),
        logs,
    };

    println!("first without defects: every named test must exist and pass");
    field.tree.sync()?;
    let unsound = field.unsound(&patches)?;
    let mut rows = Vec::new();
    let mut caught = 0;
    for patch in &patches {
        let start = Instant::now();
        let verdict = match unsound.iter().find(|(key, _)| *key == patch.test_key()) {
            Some((_, why)) => Verdict::Invalid(why.clone()),
            None => field.plant(patch)?,
        };
        let took = summary::seconds(start.elapsed());
        println!("{}: {} ({took})", patch.name, said(&verdict));
        caught += usize::from(verdict == Verdict::Caught);
        rows.push(vec![patch.case.clone(), table::shortened(&patch.what, 80), said(&verdict), took]);
    }
    field.tree.sync()?;
    println!("\n{}", table::lay_out(&["case", "defect", "verdict", "time"], &rows));
    println!("logs: {}", field.logs.display());
    drop(field);
    without.announce();
    println!("defects: {caught} of {} caught", patches.len());
    Ok(caught == patches.len())
}

fn said(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Caught => "caught".to_owned(),
        Verdict::Survived => "SURVIVED".to_owned(),
        Verdict::Invalid(why) => format!("INVALID: {why}"),
    }
}

/// Where defects are planted.
struct Field {
    stage: Stage,
    tree: Tree,
    target: PathBuf,
    logs: PathBuf,
}

impl Field {
    /// The named tests that are missing or fail without any defect, and why.
    fn unsound(&mut self, patches: &[Patch]) -> Result<Vec<(String, String)>> {
        let mut unsound = Vec::new();
        let mut seen = BTreeSet::new();
        for patch in patches.iter().filter(|patch| seen.insert(patch.test_key())) {
            let log = self.logs.join(format!("sound-{}.log", patch.name));
            let why = match self.build(patch, &log)? {
                Ended::Passed => match self.test(patch, &log)? {
                    TestOutcome::Passed => None,
                    TestOutcome::Failed => Some("its test fails without the defect".to_owned()),
                    TestOutcome::Unclear(why) => Some(format!("without the defect, {why}")),
                },
                Ended::Failed | Ended::TimedOut => Some("the tree does not compile without the defect".to_owned()),
            };
            match why {
                None => println!("sound: {}", patch.test_key()),
                Some(why) => {
                    println!("NOT SOUND: {}: {why} ({})", patch.test_key(), log.display());
                    unsound.push((patch.test_key(), why));
                }
            }
        }
        Ok(unsound)
    }

    fn plant(&mut self, patch: &Patch) -> Result<Verdict> {
        self.tree.sync()?;
        if let Err(fault) = self.tree.apply(&patch.path) {
            println!("{fault}");
            return Ok(Verdict::Invalid("does not apply".to_owned()));
        }
        let log = self.logs.join(format!("{}.log", patch.name));
        if self.build(patch, &log)? != Ended::Passed {
            return Ok(Verdict::Invalid("does not compile".to_owned()));
        }
        Ok(match self.test(patch, &log)? {
            TestOutcome::Failed => Verdict::Caught,
            TestOutcome::Passed => Verdict::Survived,
            TestOutcome::Unclear(why) => Verdict::Invalid(why),
        })
    }

    fn build(&mut self, patch: &Patch, log: &Path) -> Result<Ended> {
        let mut command = self.cargo();
        // Doctests are compiled as they run: then the library alone must compile beforehand.
        if patch.target.iter().any(|word| word == "--doc") {
            command.args(["build", "-p", &patch.package, "--all-features"]);
        } else {
            command.args(["test", "-p", &patch.package, "--all-features", "--no-run"]).args(&patch.target);
        }
        self.log_to(&mut command, log)?;
        self.stage.guard.run(command)
    }

    fn test(&mut self, patch: &Patch, log: &Path) -> Result<TestOutcome> {
        let log = log.with_extension("test.log");
        let mut command = self.cargo();
        command.args(["test", "-p", &patch.package, "--all-features", "--no-fail-fast"]).args(&patch.target);
        command.args(["--", &patch.test]);
        self.log_to(&mut command, &log)?;
        if self.stage.guard.run_within(command, Some(LIMIT))? == Ended::TimedOut {
            return Ok(TestOutcome::Unclear(format!("its test did not end within {} s", LIMIT.as_secs())));
        }
        let bytes = std::fs::read(&log).or_fault(|| format!("read {}", log.display()))?;
        Ok(outcome::read(&String::from_utf8_lossy(&bytes), &patch.test))
    }

    fn cargo(&self) -> Command {
        let mut command = process::cargo(self.tree.dir());
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_TERM_COLOR", "never");
        command
    }

    fn log_to(&self, command: &mut Command, log: &Path) -> Result<()> {
        self.stage.dress(command);
        let file = File::create(log).or_fault(|| format!("write {}", log.display()))?;
        let other = file.try_clone().or_fault(|| format!("write {}", log.display()))?;
        command.stdout(Stdio::from(file)).stderr(Stdio::from(other));
        Ok(())
    }
}
