//! What libtest said of a named test.

/// The test passed, failed, or something else happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TestOutcome {
    Passed,
    Failed,
    /// Neither can be said, and why.
    Unclear(String),
}

/// Reads the output of `cargo test … -- NAME`. Only libtest's own word counts: a failure to compile or a process that
/// died is not a failed test.
pub(super) fn read(output: &str, name: &str) -> TestOutcome {
    if failed_names(output).iter().any(|failed| failed.contains(name)) {
        return TestOutcome::Failed;
    }
    let results: Vec<&str> = output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")).collect();
    if results.is_empty() {
        return TestOutcome::Unclear("no test process came to its end".to_owned());
    }
    if !results.iter().all(|result| result.starts_with("ok.")) {
        return TestOutcome::Unclear(format!("another test than `{name}` failed"));
    }
    // The process that ran the named test may have died where others found nothing to run.
    if output.contains("error: ") && output.lines().any(|line| line.contains("process didn't exit successfully")) {
        return TestOutcome::Unclear("the test process died".to_owned());
    }
    if results.iter().filter_map(|result| count_before(result, " passed")).sum::<usize>() == 0 {
        return TestOutcome::Unclear(format!("there is no test named `{name}`"));
    }
    TestOutcome::Passed
}

/// The names that libtest lists under its last `failures:`, or marks as FAILED.
fn failed_names(output: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut listing = false;
    for line in output.lines() {
        if line == "failures:" {
            listing = true;
        } else if let Some(name) = line.strip_prefix("    ").filter(|_| listing) {
            names.push(name.trim());
        } else if !line.is_empty() {
            // `---- name stdout ----` opens the first of the two lists, which holds what the tests printed.
            listing = false;
        }
        if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            names.push(name);
        }
    }
    names
}

/// The number before ` passed` in `ok. 3 passed; 0 failed; …`.
fn count_before(result: &str, word: &str) -> Option<usize> {
    result.split(';').find_map(|part| part.trim().strip_suffix(word)?.split_whitespace().last()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = "running 1 test\ntest sign_in::long_password ... ok\n\n\
                      test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.01s\n";
    const NONE: &str = "running 0 tests\n\n\
                        test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 10 filtered out; finished in 0.00s\n";
    const FAILED: &str = "running 1 test\ntest sign_in::long_password ... FAILED\n\nfailures:\n\n\
                          ---- sign_in::long_password stdout ----\nthread panicked\n    at somewhere\n\n\nfailures:\n    \
                          sign_in::long_password\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n\n\
                          error: test failed, to rerun pass `-p usermgmt-tests --test http`\n";

    #[test]
    fn libtests_word_counts() {
        assert_eq!(read(&format!("{NONE}{OK}"), "long_password"), TestOutcome::Passed);
        assert_eq!(read(&format!("{FAILED}{NONE}"), "long_password"), TestOutcome::Failed);
    }

    #[test]
    fn the_list_of_failures_suffices_when_output_was_mixed_up() {
        let mixed = FAILED.replace("long_password ... FAILED", "long_password ... noise\nFAILED");
        assert_eq!(read(&mixed, "long_password"), TestOutcome::Failed);
        assert!(matches!(read(FAILED, "other_test"), TestOutcome::Unclear(_)));
    }

    #[test]
    fn zero_tests_a_compile_error_and_a_dead_process_are_not_failures() {
        assert!(matches!(read(NONE, "long_password"), TestOutcome::Unclear(_)));
        assert!(matches!(read("error[E0308]: mismatched types\n", "long_password"), TestOutcome::Unclear(_)));
        let died =
            format!("{OK}error: test failed\n\nCaused by:\n  process didn't exit successfully: `x` (signal: 6)\n");
        assert!(matches!(read(&died, "long_password"), TestOutcome::Unclear(_)));
    }
}
