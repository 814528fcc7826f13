//! What a test has shown, written when it has passed.

use std::fs::{OpenOptions, create_dir_all};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Collects what one test shows in one cell.
#[derive(Clone)]
pub struct Report {
    test: String,
    store: &'static str,
    framework: &'static str,
    shown: Arc<Mutex<Vec<(String, &'static str)>>>,
}

impl Report {
    #[must_use]
    pub fn new(test: &str, store: &'static str, framework: &'static str) -> Self {
        Self { test: test.to_owned(), store, framework, shown: Arc::default() }
    }

    /// The name of the test, with its cell.
    #[must_use]
    pub fn test(&self) -> &str {
        &self.test
    }

    /// A requirement by its number.
    pub fn requirement(&self, number: u32) {
        self.note(format!("R{number}"), "requirement");
    }

    /// The attack of this case was tried and refused.
    pub fn case(&self, id: &str) {
        self.note(id.to_owned(), "case");
    }

    /// The honest counterpart of this case was tried and succeeded.
    pub fn twin(&self, id: &str) {
        self.note(id.to_owned(), "twin");
    }

    /// A step of the story in a browser, as it was seen.
    pub fn step(&self, look: &str, number: usize, what: &str) {
        self.note(format!("{look}/{number:03} {what}"), "step");
    }

    fn note(&self, id: String, part: &'static str) {
        self.shown.lock().unwrap().push((id, part));
    }

    /// Writes it; call it when the test has passed.
    pub fn write(&self) {
        let Some(directory) = std::env::var_os("USERMGMT_TEST_REPORT") else { return };
        create_dir_all(&directory).unwrap();
        let path = Path::new(&directory).join(format!("{}.jsonl", std::process::id()));
        let mut lines = String::new();
        let shown = self.shown.lock().unwrap();
        // A test that names no id still counts as one that passed in its cell.
        let plain = [(String::from("test"), "test")];
        for (id, part) in if shown.is_empty() { plain.as_slice() } else { shown.as_slice() } {
            let line = serde_json::json!({
                "test": self.test, "store": self.store, "framework": self.framework,
                "id": id, "part": part, "outcome": "passed",
            });
            lines.push_str(&format!("{line}\n"));
        }
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(lines.as_bytes()).unwrap();
    }
}
