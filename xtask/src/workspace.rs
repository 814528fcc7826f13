//! Where the workspace and its target directory are, and which packages it holds.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    fault::{Fault, OrFault, Result},
    process,
};

/// What `cargo metadata --no-deps` says about this workspace.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// The whole answer, for the arrow gate.
    pub(crate) metadata: Value,
}

impl Workspace {
    /// Asks cargo; works from any directory below the root.
    pub(crate) fn read() -> Result<Self> {
        let here = std::env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let mut command = process::cargo(&here);
        command.args(["metadata", "--no-deps", "--format-version", "1"]);
        let text = process::output_of(command)?;
        let metadata: Value =
            serde_json::from_str(&text).or_fault(|| "read the answer of `cargo metadata`".to_owned())?;
        let path = |field: &str| {
            let found = metadata.get(field).and_then(Value::as_str).map(PathBuf::from);
            found.ok_or_else(|| Fault::new(format!("`cargo metadata` named no {field}")))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")?, metadata })
    }

    /// The directory for all that these commands leave behind.
    pub(crate) fn own_dir(&self) -> PathBuf {
        self.target.join("usermgmt")
    }

    /// Where the tests of `cargo xtask test` report what passed.
    pub(crate) fn report_dir(&self) -> PathBuf {
        self.own_dir().join("report")
    }
}

/// A directory that exists and is empty.
pub(crate) fn emptied(dir: &Path) -> Result<()> {
    if dir.exists() {
        std::fs::remove_dir_all(dir).or_fault(|| format!("empty {}", dir.display()))?;
    }
    std::fs::create_dir_all(dir).or_fault(|| format!("create {}", dir.display()))
}
