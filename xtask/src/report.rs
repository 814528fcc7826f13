//! What the tests of the last run reported: which requirement or case passed on which store and framework.
//!
//! Every test process appends lines to a `*.jsonl` file in the report directory, one JSON object each, only for tests
//! that passed: `{"test":…,"store":…,"framework":…,"id":"R21","part":"requirement","outcome":"passed"}`.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{
    args::Without,
    fault::{Fault, OrFault, Result},
};

/// Beside the lines: what the run left out.
const NOTE: &str = "run.txt";

/// One reported line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) test: String,
    pub(crate) store: String,
    pub(crate) framework: String,
    pub(crate) id: String,
    pub(crate) part: String,
}

/// All that was reported.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) lines: Vec<Line>,
    /// Lines that are no such object: a process was killed while it wrote.
    pub(crate) unreadable: usize,
    /// What the run did not cover, as sentences.
    pub(crate) notes: Vec<String>,
}

impl Report {
    /// Says loudly what limits these figures.
    pub(crate) fn announce(&self) {
        for note in &self.notes {
            println!("!!! the last run {note} !!!");
        }
        if self.unreadable > 0 {
            println!("{} lines of the report could not be read and do not count", self.unreadable);
        }
    }
}

/// Notes beside the report what this run leaves out.
pub(crate) fn note_run(dir: &Path, without: &Without, cargo_args: &[String]) -> Result<()> {
    let mut notes: Vec<String> = without.names().iter().map(|name| format!("left out {name}\n")).collect();
    if !cargo_args.is_empty() {
        notes.push(format!("was narrowed by `{}`\n", cargo_args.join(" ")));
    }
    fs::write(dir.join(NOTE), notes.concat()).or_fault(|| "write the report".to_owned())
}

/// Reads everything in the report directory.
pub(crate) fn read(dir: &Path) -> Result<Report> {
    let Ok(notes) = fs::read_to_string(dir.join(NOTE)) else {
        return Err(Fault::new("no test run has left a report yet: run `cargo xtask test` first"));
    };
    let mut report = Report { notes: notes.lines().map(str::to_owned).collect(), ..Report::default() };
    let entries = fs::read_dir(dir).or_fault(|| format!("read {}", dir.display()))?;
    for entry in entries {
        let path = entry.or_fault(|| format!("read {}", dir.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            let bytes = fs::read(&path).or_fault(|| format!("read {}", path.display()))?;
            add(&mut report, &String::from_utf8_lossy(&bytes));
        }
    }
    Ok(report)
}

/// Adds the lines of one file.
pub(crate) fn add(report: &mut Report, text: &str) {
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match parse(line) {
            Some(Some(line)) => report.lines.push(line),
            Some(None) => {}
            None => report.unreadable += 1,
        }
    }
}

/// `None`: not readable. `Some(None)`: readable, but not a pass.
fn parse(line: &str) -> Option<Option<Line>> {
    let object: Value = serde_json::from_str(line).ok()?;
    let text = |field: &str| object.get(field).and_then(Value::as_str).map(str::to_owned);
    let line = Line {
        test: text("test")?,
        store: text("store")?,
        framework: text("framework")?,
        id: text("id")?,
        part: text("part")?,
    };
    let passed = text("outcome").is_none_or(|outcome| outcome == "passed");
    Some(passed.then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_passes_and_counts_what_it_cannot_read() {
        let mut report = Report::default();
        add(
            &mut report,
            r#"{"test":"a","store":"sqlite","framework":"axum","id":"R21","part":"requirement","outcome":"passed"}
{"test":"b","store":"-","framework":"-","id":"EN-02","part":"case","outcome":"failed"}

{"test":"one_winner","store":"memory","framework":"-","id":"rule","part":"rule"}
{"test":"c","store":"#,
        );
        assert_eq!(report.lines.len(), 2);
        assert_eq!(report.lines[0].id, "R21");
        assert_eq!(report.lines[1].test, "one_winner");
        assert_eq!(report.unreadable, 1);
    }
}
