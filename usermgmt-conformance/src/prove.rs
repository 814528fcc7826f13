//! Runs one rule as a test.

use std::fs::{OpenOptions, create_dir_all};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::{Fixture, Profile, RULES};

/// Names a directory; every rule that passes is noted there in a file of the process.
const REPORT: &str = "USERMGMT_TEST_REPORT";

/// A rule that takes longer than this hangs. It is no measure of speed.
const HANGS_AFTER: Duration = Duration::from_secs(180);

/// Makes a store, runs the rule on it, notes that it passed. For [`store_tests!`](crate::store_tests).
pub fn prove<T: Fixture, F: Future<Output = T>>(rule: &str, profile: Profile, fresh: impl FnOnce() -> F) {
    if (profile.unless)() {
        return;
    }
    let listed = RULES.iter().find(|listed| listed.name == rule).expect("the tests are made from the list of rules");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("the runtime of the test starts");
    runtime.block_on(async {
        let fixture = fresh().await;
        let ended = tokio::time::timeout(HANGS_AFTER, (listed.run)(fixture.store(), profile)).await;
        assert!(ended.is_ok(), "`{rule}` did not end within {HANGS_AFTER:?}: a call of the store hangs");
    });
    if let Some(directory) = std::env::var_os(REPORT) {
        note(Path::new(&directory), rule, profile).expect("the directory of the test report can be written");
    }
}

fn note(directory: &Path, rule: &str, profile: Profile) -> std::io::Result<()> {
    let line = serde_json::json!({
        "test": rule,
        "store": profile.name,
        "framework": "-",
        "id": "rule",
        "part": "rule",
        "outcome": "passed",
    });
    create_dir_all(directory)?;
    let path = directory.join(format!("{}-conformance.jsonl", std::process::id()));
    // One write for the whole line: tests of one process append to the same file at the same time.
    OpenOptions::new().create(true).append(true).open(path)?.write_all(format!("{line}\n").as_bytes())
}
