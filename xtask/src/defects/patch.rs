//! A patch file: header lines that say what the defect is and which test must notice it, then the diff.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::fault::{Fault, OrFault, Result};

/// One seeded defect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub(super) path: PathBuf,
    /// The file's name without `.patch`.
    pub(super) name: String,
    pub(super) case: String,
    pub(super) what: String,
    pub(super) package: String,
    /// As given to `cargo test`: part of the test's name.
    pub(super) test: String,
    /// Further words for `cargo test`: `--test http`.
    pub(super) target: Vec<String>,
}

impl Patch {
    /// What is run: several defects may share one test.
    pub(super) fn test_key(&self) -> String {
        let words = ["-p", &self.package].into_iter().chain(self.target.iter().map(String::as_str));
        words.chain([self.test.as_str()]).collect::<Vec<_>>().join(" ")
    }

    fn is_meant_by(&self, name: &str) -> bool {
        self.name.contains(name) || self.case.eq_ignore_ascii_case(name)
    }
}

/// The patches of that directory that any of the names means, or all; in the order of their names.
pub(super) fn read_all(dir: &Path, names: &[String]) -> Result<Vec<Patch>> {
    let entries = fs::read_dir(dir).or_fault(|| format!("read {}", dir.display()))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    paths.sort();
    let mut patches = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).or_fault(|| format!("read {}", path.display()))?;
        patches.push(parse(&path, &text)?);
    }
    for name in names {
        if !patches.iter().any(|patch| patch.is_meant_by(name)) {
            return Err(Fault::new(format!("no patch in {} is named or has the case `{name}`", dir.display())));
        }
    }
    patches.retain(|patch| names.is_empty() || names.iter().any(|name| patch.is_meant_by(name)));
    if patches.is_empty() {
        return Err(Fault::new(format!("there are no patches in {}", dir.display())));
    }
    Ok(patches)
}

fn parse(path: &Path, text: &str) -> Result<Patch> {
    let header: Vec<(&str, &str)> = text
        .lines()
        .take_while(|line| line.starts_with('#'))
        .filter_map(|line| line.trim_start_matches('#').split_once(':'))
        .map(|(key, value)| (key.trim(), value.trim()))
        .collect();
    let find = |key: &str| header.iter().find(|(found, _)| *found == key).map(|(_, value)| (*value).to_owned());
    let need = |key: &str| {
        let value = find(key).filter(|value| !value.is_empty());
        value.ok_or_else(|| Fault::new(format!("{} has no header line `# {key}: …`", path.display())))
    };
    Ok(Patch {
        path: path.to_owned(),
        name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        case: need("case")?,
        what: need("what")?,
        package: need("package")?,
        test: need("test")?,
        target: find("target").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# case: PW-01\n# what: accepts: anything\n# package: usermgmt-tests\n# test: long_password\n\
                        # target: --test http\n--- a/x.rs\n+++ b/x.rs\n# test: not this one\n";

    #[test]
    fn the_header_ends_where_the_diff_begins() -> Result<()> {
        let patch = parse(Path::new("defects/pw-01.patch"), TEXT)?;
        assert_eq!(patch.name, "pw-01");
        assert_eq!(patch.what, "accepts: anything");
        assert_eq!(patch.target, ["--test", "http"]);
        assert_eq!(patch.test_key(), "-p usermgmt-tests --test http long_password");
        assert!(patch.is_meant_by("pw-01") && patch.is_meant_by("PW-01") && !patch.is_meant_by("PW-02"));
        Ok(())
    }

    #[test]
    fn a_missing_header_line_is_named() {
        let text = TEXT.replace("# what: accepts: anything\n", "");
        let fault = parse(Path::new("pw-01.patch"), &text).map(|_| ());
        assert_eq!(fault, Err(Fault::new("pw-01.patch has no header line `# what: …`")));
    }
}
