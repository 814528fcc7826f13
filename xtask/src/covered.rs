//! `cargo xtask covered`: which requirements and attack cases the last run covered, cell by cell.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalogue::{self, Entry},
    fault::Result,
    report::{self, Line},
    table,
    workspace::Workspace,
};

/// The columns: every store on every framework, then what was called directly.
const CELLS: [(&str, &str, &str); 7] = [
    ("mem/axum", "memory", "axum"),
    ("mem/actix", "memory", "actix"),
    ("lite/axum", "sqlite", "axum"),
    ("lite/actix", "sqlite", "actix"),
    ("pg/axum", "postgres", "axum"),
    ("pg/actix", "postgres", "actix"),
    (DIRECT, "-", "-"),
];
const DIRECT: &str = "direct";

/// Prints the table and the figures; `false` when something in scope is not covered.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let catalogue = catalogue::read(&workspace.root)?;
    let report = report::read(&workspace.report_dir())?;
    let coverage = Coverage::count(&report.lines);
    let shown: Vec<&Entry> =
        catalogue.iter().filter(|entry| entry.in_scope || coverage.parts.contains_key(&entry.id)).collect();
    let rows: Vec<Vec<String>> = shown.iter().map(|entry| row(entry, &coverage)).collect();
    let headings: Vec<&str> = ["id"].into_iter().chain(CELLS.map(|cell| cell.0)).chain(["meaning"]).collect();
    println!("{}", table::lay_out(&headings, &rows));
    println!("`yes` passed; `half`: a case without its positive twin, or the twin without the case; `.` nothing");
    println!("{} ids that are not in scope yet and not covered are not shown", catalogue.len() - shown.len());
    report.announce();

    let uncovered: Vec<&Entry> =
        catalogue.iter().filter(|entry| entry.in_scope && !coverage.covers(&entry.id)).collect();
    for entry in &uncovered {
        println!("NOT COVERED: {} {}({})", entry.id, star_of(entry), table::shortened(&entry.meaning, 90));
    }
    let known: BTreeSet<&str> = catalogue.iter().map(|entry| entry.id.as_str()).collect();
    let unknown: Vec<&String> = coverage.parts.keys().filter(|id| !known.contains(id.as_str())).collect();
    for id in &unknown {
        println!("UNKNOWN: tests name {id}, which the lists in docs/ do not");
    }
    println!("{}", figures(&catalogue, &coverage));
    Ok(uncovered.is_empty() && unknown.is_empty())
}

/// For each id and cell, which parts passed: requirement, case, twin.
struct Coverage {
    parts: BTreeMap<String, BTreeMap<&'static str, BTreeSet<String>>>,
}

impl Coverage {
    fn count(lines: &[Line]) -> Self {
        let mut parts: BTreeMap<String, BTreeMap<&'static str, BTreeSet<String>>> = BTreeMap::new();
        for line in lines.iter().filter(|line| matches!(line.part.as_str(), "requirement" | "case" | "twin")) {
            let cells = parts.entry(line.id.clone()).or_default();
            cells.entry(cell_of(line)).or_default().insert(line.part.clone());
        }
        Self { parts }
    }

    fn state(&self, id: &str, cell: &str) -> &'static str {
        match self.parts.get(id).and_then(|cells| cells.get(cell)) {
            None => ".",
            Some(parts) if is_whole(parts) => "yes",
            Some(_) => "half",
        }
    }

    fn covers(&self, id: &str) -> bool {
        self.parts.get(id).is_some_and(|cells| cells.values().any(is_whole))
    }
}

fn is_whole(parts: &BTreeSet<String>) -> bool {
    parts.contains("requirement") || (parts.contains("case") && parts.contains("twin"))
}

/// What names no store or no framework was called directly.
fn cell_of(line: &Line) -> &'static str {
    let found = CELLS.iter().find(|(_, store, framework)| line.store == *store && line.framework == *framework);
    found.map_or(DIRECT, |cell| cell.0)
}

fn row(entry: &Entry, coverage: &Coverage) -> Vec<String> {
    let mut row = vec![format!("{} {}", entry.id, entry.star).trim_end().to_owned()];
    row.extend(CELLS.iter().map(|(cell, _, _)| coverage.state(&entry.id, cell).to_owned()));
    row.push(table::shortened(&entry.meaning, 70));
    row
}

fn star_of(entry: &Entry) -> String {
    if entry.star.is_empty() { String::new() } else { format!("{} ", entry.star) }
}

fn figures(catalogue: &[Entry], coverage: &Coverage) -> String {
    let count = |chosen: &dyn Fn(&Entry) -> bool| {
        let of: Vec<&Entry> = catalogue.iter().filter(|entry| entry.in_scope && chosen(entry)).collect();
        let covered = of.iter().filter(|entry| coverage.covers(&entry.id)).count();
        format!("{covered} of {}", of.len())
    };
    let is_case = |entry: &Entry| entry.id.contains('-');
    format!(
        "requirements covered: {} in scope; cases covered: {} in scope; ★ {}; ☆ {}",
        count(&|entry| !is_case(entry)),
        count(&is_case),
        count(&|entry| is_case(entry) && entry.star == "★"),
        count(&|entry| is_case(entry) && entry.star == "☆"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(store: &str, framework: &str, id: &str, part: &str) -> Line {
        let (test, store) = ("t".to_owned(), store.to_owned());
        Line { test, store, framework: framework.to_owned(), id: id.to_owned(), part: part.to_owned() }
    }

    fn entry(id: &str, star: &'static str, in_scope: bool) -> Entry {
        Entry { id: id.to_owned(), star, meaning: "something".to_owned(), in_scope }
    }

    #[test]
    fn a_case_counts_only_with_its_twin_in_the_same_cell() {
        let coverage = Coverage::count(&[
            line("memory", "axum", "EN-02", "case"),
            line("sqlite", "axum", "EN-02", "twin"),
            line("-", "-", "PW-01", "case"),
            line("-", "-", "PW-01", "twin"),
            line("memory", "-", "R21", "requirement"),
            line("memory", "-", "rule", "rule"),
        ]);
        assert_eq!(coverage.state("EN-02", "mem/axum"), "half");
        assert!(!coverage.covers("EN-02"));
        assert_eq!(coverage.state("PW-01", "direct"), "yes");
        assert_eq!(coverage.state("PW-01", "pg/actix"), ".");
        assert_eq!(coverage.state("R21", "direct"), "yes");
        assert!(!coverage.parts.contains_key("rule"));
    }

    #[test]
    fn figures_count_what_is_in_scope() {
        let catalogue =
            [entry("R1", "", true), entry("R2", "", false), entry("EN-02", "★", true), entry("PW-01", "☆", true)];
        let coverage = Coverage::count(&[
            line("memory", "axum", "R2", "requirement"),
            line("memory", "axum", "EN-02", "case"),
            line("memory", "axum", "EN-02", "twin"),
        ]);
        let expected = "requirements covered: 0 of 1 in scope; cases covered: 1 of 2 in scope; ★ 1 of 1; ☆ 0 of 1";
        assert_eq!(figures(&catalogue, &coverage), expected);
    }
}
