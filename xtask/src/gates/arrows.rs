//! The arrow gate: which of the workspace's crates may depend on which. Dependencies for tests only are free.

use serde_json::Value;

/// Each library crate and the crates of this workspace that it may depend on; `ANY` stands for every library.
const ALLOWED: [(&str, &[&str]); 13] = [
    ("usermgmt-core", &[]),
    // Other services use it alone.
    ("usermgmt-jwt", &[]),
    ("usermgmt-sessions", &["usermgmt-core"]),
    ("usermgmt-orgs", &["usermgmt-core"]),
    ("usermgmt-service", &["usermgmt-core", "usermgmt-jwt", "usermgmt-sessions", "usermgmt-orgs"]),
    ("usermgmt-http", &["usermgmt-service", "usermgmt-core"]),
    // Adapters reach the rest through what `usermgmt-http` re-exports.
    ("usermgmt-axum", &["usermgmt-http"]),
    ("usermgmt-actix", &["usermgmt-http"]),
    ("usermgmt-sqlx", &["usermgmt-core"]),
    ("usermgmt-redis", &["usermgmt-core"]),
    ("usermgmt-conformance", &["usermgmt-core"]),
    // For tests of applications, beside whichever adapter and store they have.
    ("usermgmt-testing", &["usermgmt-http"]),
    ("usermgmt", ANY),
];
const ANY: &[&str] = &["*"];

/// Programs: no library may depend on them; they may depend on every library, xtask on none.
const PROGRAMS: [&str; 6] = ["saas-actix", "saas-axum", "saas-common", "usermgmt-benches", "usermgmt-tests", "xtask"];

/// The forbidden edges, each as a sentence.
pub(super) fn check(metadata: &Value) -> Vec<String> {
    let own: Vec<&str> = packages(metadata).filter_map(name).collect();
    let mut complaints = Vec::new();
    for package in packages(metadata) {
        let Some(from) = name(package) else { continue };
        let Some(allowed) = allowed(from) else {
            complaints.push(format!("{from} is new: say in xtask/src/gates/arrows.rs what it may depend on"));
            continue;
        };
        for to in dependencies(package).filter(|to| own.contains(to)) {
            let is_free = allowed == ANY && !PROGRAMS.contains(&to);
            // A program may lean on an example: the tests do, and so do the examples on what they share.
            let between_programs = PROGRAMS.contains(&from) && to.starts_with("saas-");
            if !is_free && !between_programs && !allowed.contains(&to) {
                complaints.push(format!("{from} must not depend on {to}"));
            }
        }
    }
    complaints
}

fn allowed(from: &str) -> Option<&'static [&'static str]> {
    if from == "xtask" {
        return Some(&[]);
    }
    if PROGRAMS.contains(&from) {
        return Some(ANY);
    }
    ALLOWED.iter().find(|(name, _)| *name == from).map(|(_, allowed)| *allowed)
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata.get("packages").and_then(Value::as_array).into_iter().flatten()
}

fn name(object: &Value) -> Option<&str> {
    object.get("name").and_then(Value::as_str)
}

/// The names of all but the development dependencies.
fn dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    all.filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev")).filter_map(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    type Edges<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

    fn metadata(edges: &[Edges<'_>]) -> Value {
        let package = |(name, to): &Edges<'_>| {
            let to: Vec<Value> = to.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
            json!({ "name": name, "dependencies": to })
        };
        json!({ "packages": edges.iter().map(package).collect::<Vec<_>>() })
    }

    #[test]
    fn the_intended_arrows_pass() {
        let sound = metadata(&[
            ("usermgmt-core", &[("serde", None), ("usermgmt-conformance", Some("dev"))]),
            ("usermgmt-http", &[("usermgmt-service", None), ("usermgmt-core", None)]),
            ("usermgmt-service", &[("usermgmt-core", None)]),
            ("usermgmt-conformance", &[("usermgmt-core", None)]),
            ("usermgmt", &[("usermgmt-http", None), ("usermgmt-service", None)]),
            ("saas-axum", &[("usermgmt", None), ("saas-common", None)]),
            ("saas-common", &[("usermgmt", None)]),
            ("usermgmt-tests", &[("usermgmt", None), ("saas-axum", None)]),
            ("xtask", &[("serde_json", None)]),
        ]);
        assert!(check(&sound).is_empty(), "{:?}", check(&sound));
    }

    #[test]
    fn each_forbidden_arrow_is_named() {
        let broken = metadata(&[
            ("usermgmt-core", &[("usermgmt-orgs", Some("build"))]),
            ("usermgmt-orgs", &[]),
            ("usermgmt-axum", &[("usermgmt-core", None)]),
            ("usermgmt", &[("saas-axum", None)]),
            ("saas-axum", &[]),
            ("usermgmt-sso", &[]),
            ("xtask", &[("usermgmt", None)]),
        ]);
        let found = check(&broken);
        let expected = [
            "usermgmt-core must not depend on usermgmt-orgs",
            "usermgmt-axum must not depend on usermgmt-core",
            "usermgmt must not depend on saas-axum",
            "usermgmt-sso is new: say in xtask/src/gates/arrows.rs what it may depend on",
            "xtask must not depend on usermgmt",
        ];
        assert_eq!(found, expected);
    }
}
