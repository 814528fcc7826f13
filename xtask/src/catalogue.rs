//! The project's own lists of requirements and attack cases, from `docs/`: each id, its meaning and its scope.

use std::{fs, path::Path};

use crate::fault::{OrFault, Result};

/// One row of such a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// `R21` or `EN-02`: as tests report it.
    pub(crate) id: String,
    /// `★`, `☆` or nothing.
    pub(crate) star: &'static str,
    pub(crate) meaning: String,
    /// The scope column says `now`.
    pub(crate) in_scope: bool,
}

/// The requirements in numerical order, then the cases in the order of their page.
pub(crate) fn read(root: &Path) -> Result<Vec<Entry>> {
    let page = |name: &str| {
        let path = root.join("docs").join(name);
        fs::read_to_string(&path).or_fault(|| format!("read {}", path.display()))
    };
    Ok(entries(&page("requirements.md")?, &page("attack-cases.md")?))
}

fn entries(requirements: &str, cases: &str) -> Vec<Entry> {
    let mut numbered: Vec<(u32, Entry)> = requirements
        .lines()
        .filter_map(row)
        .filter_map(|entry| {
            let number: u32 = entry.id.parse().ok()?;
            Some((number, Entry { id: format!("R{number}"), ..entry }))
        })
        .collect();
    numbered.sort_by_key(|(number, _)| *number);
    let cases = cases.lines().filter_map(row).filter(|entry| is_case(&entry.id));
    numbered.into_iter().map(|(_, entry)| entry).chain(cases).collect()
}

/// `| EN-02 ★ | meaning | now |`
fn row(line: &str) -> Option<Entry> {
    let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
    let first = cells.next()?;
    let meaning = cells.next()?.to_owned();
    let scope = cells.next().unwrap_or_default();
    let star = ["★", "☆"].into_iter().find(|star| first.contains(star)).unwrap_or_default();
    let id =
        first.split(|letter: char| letter.is_whitespace() || "★☆`*".contains(letter)).find(|word| !word.is_empty())?;
    let in_scope = scope.split(|letter: char| !letter.is_alphanumeric()).any(|word| word == "now");
    Some(Entry { id: id.to_owned(), star, meaning, in_scope })
}

/// Two letters or more, a hyphen, digits (and perhaps a letter).
fn is_case(id: &str) -> bool {
    id.split_once('-').is_some_and(|(group, number)| {
        group.len() > 1
            && group.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit())
            && number.starts_with(|letter: char| letter.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_in_order_and_all_else_is_passed_over() {
        let requirements = "# Requirements\n\n| number | meaning | scope |\n|---|---|---|\n\
                            | 21 | sessions end | now |\n| 3 | sign-in | later |\n| 1 | sign-up | now, partly |\n";
        let cases = "| id | meaning | scope |\n| --- | --- | --- |\n| EN-02 ★ | one answer | now |\n\
                     | PW-01 | long passwords |\n| EM-3 ☆ | header | not yet |\n";
        let found = entries(requirements, cases);
        let ids: Vec<&str> = found.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["R1", "R3", "R21", "EN-02", "PW-01", "EM-3"]);
        let scope: Vec<bool> = found.iter().map(|entry| entry.in_scope).collect();
        assert_eq!(scope, [true, false, true, true, false, false]);
        assert_eq!(found[3].star, "★");
        assert_eq!(found[5].star, "☆");
        assert_eq!(found[3].meaning, "one answer");
    }
}
