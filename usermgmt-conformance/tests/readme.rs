//! The list of rules in the readme is the list of rules.

use usermgmt_conformance::RULES;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_lists_every_rule_by_group() {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for rule in RULES {
        match groups.last_mut() {
            Some((group, rules)) if *group == rule.group => rules.push(rule.name),
            _ => groups.push((rule.group, vec![rule.name])),
        }
    }
    let mut list = String::new();
    for (group, rules) in groups {
        let names: Vec<_> = rules.iter().map(|name| format!("`{name}`")).collect();
        list += &format!("- [`{group}`](rules::{group}): {}\n", names.join(", "));
    }
    let listed = README.split_once("is a wish.\n\n").map(|(_, listed)| listed);
    assert_eq!(listed, Some(list.as_str()), "replace the list at the end of README.md by this:\n{list}");
}
