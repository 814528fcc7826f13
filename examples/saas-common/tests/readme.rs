//! The swap in the README is what the two examples differ in.

use std::collections::HashSet;

const README: &str = include_str!("../../../README.md");
const AXUM: [&str; 2] = [include_str!("../../saas-axum/src/lib.rs"), include_str!("../../saas-axum/src/routes.rs")];
const ACTIX: [&str; 2] = [include_str!("../../saas-actix/src/lib.rs"), include_str!("../../saas-actix/src/routes.rs")];

fn lines(files: [&str; 2]) -> HashSet<&str> {
    files.into_iter().flat_map(str::lines).collect()
}

#[test]
fn each_line_of_the_swap_stands_in_its_example_and_not_in_the_other() {
    let (axum, actix) = (lines(AXUM), lines(ACTIX));
    let blocks: Vec<&str> = README.split("```diff\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 3);
    for line in blocks.into_iter().flat_map(str::lines) {
        let (own, other, code) = match line.strip_prefix('-') {
            Some(code) => (&axum, &actix, code),
            None => (&actix, &axum, line.strip_prefix('+').unwrap()),
        };
        assert!(own.contains(code) && !other.contains(code), "{line}");
    }
}
