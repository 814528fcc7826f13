//! `cargo xtask matrix`: how much passed on each store and framework in the last run.

use std::collections::BTreeSet;

use crate::{
    fault::Result,
    report::{self, Line},
    table,
    workspace::Workspace,
};

const STORES: [&str; 5] = ["memory", "sqlite", "postgres", "redis", "-"];
const FRAMEWORKS: [&str; 2] = ["axum", "actix"];
/// The test that is played in a browser. It reports its steps, as `look/number what`.
const STORY: &str = "story";
const NOTHING: &str = ".";

/// Prints the table.
pub(crate) fn run(workspace: &Workspace) -> Result<bool> {
    let report = report::read(&workspace.report_dir())?;
    let rows: Vec<Vec<String>> = STORES.iter().map(|store| row(&report.lines, store)).collect();
    println!("What passed in the last test run, by store:");
    println!("  rules         of the store suite");
    println!("  axum, actix   tests over HTTP under that framework");
    println!("  direct        tests that call the library");
    println!("  story on …    one user's story in a real browser, in the example that stands there\n");
    let headings = ["store", "rules", "axum", "actix", "direct", "story on axum", "story on actix"];
    println!("{}", table::lay_out(&headings, &rows));
    report.announce();
    Ok(true)
}

fn row(lines: &[Line], store: &str) -> Vec<String> {
    let name = if store == "-" { "no store" } else { store };
    let here: Vec<&Line> = lines.iter().filter(|line| line.store == store).collect();
    let tests = |framework: &str| {
        let is_test = |line: &Line| line.framework == framework && line.part != "rule" && line.test != STORY;
        counted(&here, |line| is_test(line).then_some(line.test.as_str()))
    };
    let story = |framework: &str| {
        let steps = || here.iter().filter(|line| line.framework == framework && line.part == "step");
        let looks: BTreeSet<&str> = steps().filter_map(|line| line.id.split('/').next()).collect();
        match looks.len() {
            0 => NOTHING.to_owned(),
            looks => format!("looks {looks}, steps {}", steps().count()),
        }
    };
    let rules = counted(&here, |line| (line.part == "rule").then_some(line.test.as_str()));
    let [axum, actix] = FRAMEWORKS;
    vec![name.to_owned(), rules, tests(axum), tests(actix), tests("-"), story(axum), story(actix)]
}

/// How many different names there are; one test may report several ids.
fn counted<'a>(lines: &[&'a Line], name: impl Fn(&'a Line) -> Option<&'a str>) -> String {
    match lines.iter().filter_map(|line| name(line)).collect::<BTreeSet<_>>().len() {
        0 => NOTHING.to_owned(),
        count => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    fn rows(text: &str, store: &str) -> Vec<String> {
        let mut report = Report::default();
        report::add(&mut report, text);
        row(&report.lines, store)
    }

    #[test]
    fn a_test_counts_once_per_cell() {
        let text = r#"{"test":"a","store":"sqlite","framework":"axum","id":"R21","part":"requirement"}
{"test":"a","store":"sqlite","framework":"axum","id":"R22","part":"requirement"}
{"test":"a","store":"sqlite","framework":"actix","id":"R21","part":"requirement"}
{"test":"one_winner","store":"sqlite","framework":"-","id":"rule","part":"rule"}
{"test":"two_rows","store":"sqlite","framework":"-","id":"rule","part":"rule"}"#;
        assert_eq!(rows(text, "sqlite"), ["sqlite", "2", "1", "1", ".", ".", "."]);
        assert_eq!(rows(text, "memory"), ["memory", ".", ".", ".", ".", ".", "."]);
    }

    #[test]
    fn the_story_counts_by_looks_and_steps_and_is_no_test_over_http() {
        let text = r#"{"test":"story","store":"sqlite","framework":"axum","id":"phone-js/001 she comes","part":"step"}
{"test":"story","store":"sqlite","framework":"axum","id":"phone-js/002 she goes","part":"step"}
{"test":"story","store":"sqlite","framework":"axum","id":"desktop-js/001 she comes","part":"step"}
{"test":"story","store":"sqlite","framework":"axum","id":"R1","part":"requirement"}
{"test":"story","store":"postgres","framework":"actix","id":"desktop-js/001 she comes","part":"step"}
{"test":"a","store":"postgres","framework":"actix","id":"test","part":"test"}"#;
        assert_eq!(rows(text, "sqlite"), ["sqlite", ".", ".", ".", ".", "looks 2, steps 3", "."]);
        assert_eq!(rows(text, "postgres"), ["postgres", ".", ".", "1", ".", ".", "looks 1, steps 1"]);
    }
}
