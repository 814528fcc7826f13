//! `cargo xtask matrix`: how much passed on each store and framework in the last run.

use std::collections::BTreeSet;

use crate::{
    fault::Result,
    report::{self, Line},
    table,
    workspace::Workspace,
};

const STORES: [&str; 5] = ["memory", "sqlite", "postgres", "redis", "-"];
const FRAMEWORKS: [&str; 3] = ["axum", "actix", "-"];

/// Prints both tables.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let report = report::read(&workspace.report_dir())?;
    let rows: Vec<Vec<String>> = STORES.iter().map(|store| row(&report.lines, store)).collect();
    println!("tests passed, by store and framework; rules of the store suite passed, by store\n");
    println!("{}", table::lay_out(&["store", "axum", "actix", "direct", "rules"], &rows));
    report.announce();
    Ok(true)
}

fn row(lines: &[Line], store: &str) -> Vec<String> {
    let name = if store == "-" { "no store" } else { store };
    let mut row = vec![name.to_owned()];
    for framework in FRAMEWORKS {
        let count = distinct(lines, |line| line.store == store && line.framework == framework && line.part != "rule");
        row.push(count.to_string());
    }
    row.push(distinct(lines, |line| line.store == store && line.part == "rule").to_string());
    row
}

/// How many different tests there are among the chosen lines; one test may report several ids.
fn distinct(lines: &[Line], chosen: impl Fn(&Line) -> bool) -> usize {
    lines.iter().filter(|line| chosen(line)).map(|line| line.test.as_str()).collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    #[test]
    fn a_test_counts_once_per_cell() {
        let mut report = Report::default();
        report::add(
            &mut report,
            r#"{"test":"a","store":"sqlite","framework":"axum","id":"R21","part":"requirement"}
{"test":"a","store":"sqlite","framework":"axum","id":"R22","part":"requirement"}
{"test":"a","store":"sqlite","framework":"actix","id":"R21","part":"requirement"}
{"test":"one_winner","store":"sqlite","framework":"-","id":"rule","part":"rule"}
{"test":"two_rows","store":"sqlite","framework":"-","id":"rule","part":"rule"}"#,
        );
        assert_eq!(row(&report.lines, "sqlite"), ["sqlite", "1", "1", "0", "2"]);
    }
}
