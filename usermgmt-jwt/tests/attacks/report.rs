//! What a test has shown, noted when it has passed: in the form that the project's other tests use.

use std::fs::{OpenOptions, create_dir_all};
use std::io::Write as _;
use std::path::Path;

/// The attack of this case was refused, and its honest counterpart succeeded.
pub(crate) fn shown(case: &str, test: &str) {
    let Some(directory) = std::env::var_os("USERMGMT_TEST_REPORT") else { return };
    create_dir_all(&directory).unwrap();
    let path = Path::new(&directory).join(format!("{}-jwt.jsonl", std::process::id()));
    let line = |part| {
        let line = serde_json::json!({
            "test": test, "store": "-", "framework": "-", "id": case, "part": part, "outcome": "passed",
        });
        format!("{line}\n")
    };
    // One write: tests of one process append to the same file at the same time.
    let lines = line("case") + &line("twin");
    OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(lines.as_bytes()).unwrap();
}
