//! The dependency gate: what the rule crates pull in, directly or not, must hold no runtime, no HTTP and no SQL.

use std::collections::BTreeSet;

use crate::{fault::Result, process, workspace::Workspace};

/// The pure crates, and the features with which they are: `fetch` of the tokens' crate is an HTTP client.
const PURE: [(&str, &str); 4] = [
    ("usermgmt-core", "--all-features"),
    ("usermgmt-sessions", "--all-features"),
    ("usermgmt-orgs", "--all-features"),
    ("usermgmt-jwt", "--no-default-features"),
];

/// A name forbids itself and every crate that begins with it and a hyphen.
const FORBIDDEN: [&str; 12] =
    ["tokio", "async-std", "smol", "axum", "actix", "hyper", "tower", "http", "reqwest", "sqlx", "rusqlite", "redis"];

/// Asks `cargo tree` for each pure crate.
pub(super) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    for (package, features) in PURE {
        let mut tree = process::cargo(&workspace.root);
        tree.args(["tree", "-p", package, features, "-e", "normal", "--prefix", "none"]);
        let tree = process::output_of(tree)?;
        let found = forbidden_in(&tree);
        complaints.extend(found.into_iter().map(|name| format!("{package} pulls in {name}")));
    }
    Ok(complaints)
}

/// The forbidden names in such a list (`name v1.2.3 …` per line), each once.
fn forbidden_in(tree: &str) -> BTreeSet<&str> {
    tree.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| is_forbidden(name)).collect()
}

fn is_forbidden(name: &str) -> bool {
    FORBIDDEN
        .iter()
        .any(|forbidden| name.strip_prefix(forbidden).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_forbidden_and_namesakes_are_not() {
        let tree = "usermgmt-core v0.1.0 (/x)\nserde v1.0.0\nsmol_str v0.3.0\nhttparse v1.0.0\n\
                    tokio v1.0.0\ntokio v1.0.0 (*)\nactix-web v4.0.0\nhttp-body v1.0.0\n";
        assert_eq!(forbidden_in(tree).into_iter().collect::<Vec<_>>(), ["actix-web", "http-body", "tokio"]);
    }
}
