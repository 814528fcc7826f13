//! The gate over source files: nothing ignored, nothing unfinished, no file too long.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::fault::{OrFault, Result};

/// Longer files are hard to read whole.
const MAX_LINES: usize = 500;

/// Files that may be longer, and why.
const LONG_FILES: [(&str, &str); 0] = [];

/// What must not occur in Rust files, put together here so that this file does not hold it.
const UNWANTED: [&str; 3] = [concat!("#[", "ignore"), concat!("todo", "!("), concat!("unimplemented", "!(")];

/// Looks at every `.rs` and `.md` file of the tree.
pub(super) fn check(root: &Path) -> Result<Vec<String>> {
    let mut complaints = Vec::new();
    let mut files = Vec::new();
    collect(root, &mut files)?;
    files.sort();
    for file in files {
        let text = fs::read_to_string(&file).or_fault(|| format!("read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        complaints.extend(complaints_about(&name, &text));
    }
    Ok(complaints)
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).or_fault(|| format!("read {}", dir.display()))? {
        let entry = entry.or_fault(|| format!("read {}", dir.display()))?;
        let kind = entry.file_type().or_fault(|| format!("read {}", dir.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && !name.starts_with('.') && !["target", "scratch", "node_modules"].contains(&name.as_str()) {
            collect(&entry.path(), files)?;
        } else if kind.is_file() && (name.ends_with(".rs") || name.ends_with(".md")) {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn complaints_about(name: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if opens_ignored_example(line) {
            complaints.push(format!("{name}:{}: an example must run: no `ignore`", number + 1));
        }
        if name.ends_with(".rs") {
            let found = UNWANTED.iter().filter(|unwanted| line.contains(**unwanted));
            complaints.extend(found.map(|unwanted| format!("{name}:{}: holds `{unwanted}`", number + 1)));
        }
    }
    let lines = text.lines().count();
    let may_be_long = LONG_FILES.iter().any(|(file, _)| *file == name);
    if name.ends_with(".rs") && lines > MAX_LINES && !may_be_long {
        complaints.push(format!("{name}: {lines} lines, at most {MAX_LINES} (exceptions: xtask/src/gates/sources.rs)"));
    }
    complaints
}

/// A fence of a code block, in a page or a doc comment, whose words include `ignore`.
fn opens_ignored_example(line: &str) -> bool {
    let line = line.trim_start_matches(|letter: char| letter.is_whitespace() || "/!*".contains(letter));
    line.strip_prefix("```").is_some_and(|info| {
        info.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|word| word == "ignore")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_examples_are_found_wherever_they_hide() {
        for line in ["/// ```ignore", "//! ```rust,ignore", "```rust, ignore", "    /// ```ignore-wasm"] {
            assert!(opens_ignored_example(line), "{line}");
        }
        for line in ["/// ```no_run", "/// do not ignore it", "```compile_fail"] {
            assert!(!opens_ignored_example(line), "{line}");
        }
    }

    #[test]
    fn unwanted_words_and_long_files_are_named() {
        let text = format!("fn a() {{ {}) }}\n", UNWANTED[1]);
        assert_eq!(complaints_about("a.rs", &text), [format!("a.rs:1: holds `{}`", UNWANTED[1])]);
        assert!(complaints_about("a.md", &text).is_empty());
        let long = "x\n".repeat(MAX_LINES + 1);
        assert_eq!(complaints_about("b.rs", &long).len(), 1);
        assert!(complaints_about("b.rs", &"x\n".repeat(MAX_LINES)).is_empty());
    }
}
