//! The scratch tree: a copy of the working tree in which files keep their times unless their content changes, so that
//! cargo recompiles only what a defect touches.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    fault::{Fault, OrFault, Result},
    process,
};

/// The copy and what it is a copy of.
pub(super) struct Tree {
    root: PathBuf,
    dir: PathBuf,
}

impl Tree {
    pub(super) fn new(root: &Path, dir: &Path) -> Self {
        Self { root: root.to_owned(), dir: dir.to_owned() }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the copy equal to the working tree (tracked and new files, none that are ignored); this also takes back
    /// the last patch.
    pub(super) fn sync(&self) -> Result<()> {
        fs::create_dir_all(&self.dir).or_fault(|| format!("create {}", self.dir.display()))?;
        let wanted = self.files()?;
        for file in files_below(&self.dir)? {
            let known = file.strip_prefix(&self.dir).is_ok_and(|inner| wanted.contains(inner));
            if !known {
                fs::remove_file(&file).or_fault(|| format!("remove {}", file.display()))?;
            }
        }
        for inner in &wanted {
            copy_if_changed(&self.root.join(inner), &self.dir.join(inner))?;
        }
        Ok(())
    }

    /// Applies a patch to the copy.
    pub(super) fn apply(&self, patch: &Path) -> Result<()> {
        // Inside another repository `git apply` would silently pass over paths outside the current directory.
        let ceiling = self.dir.parent().unwrap_or(&self.dir);
        let ceiling = ceiling.canonicalize().or_fault(|| format!("find {}", ceiling.display()))?;
        let mut git = Command::new("git");
        git.args(["apply", "--whitespace=nowarn"]).arg(patch).current_dir(&self.dir);
        git.env("GIT_CEILING_DIRECTORIES", ceiling).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        process::output_of(git).map(|_| ())
    }

    fn files(&self) -> Result<BTreeSet<PathBuf>> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&self.root);
        let list = process::output_of(git)?;
        let names = list.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
        // A file that is deleted and not yet committed is still listed.
        let files: BTreeSet<PathBuf> = names.filter(|name| self.root.join(name).is_file()).collect();
        if files.is_empty() { Err(Fault::new("git lists no files here")) } else { Ok(files) }
    }
}

fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).or_fault(|| format!("read {}", from.display()))?;
    if fs::read(to).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(dir) = to.parent() {
        fs::create_dir_all(dir).or_fault(|| format!("create {}", dir.display()))?;
    }
    fs::write(to, content).or_fault(|| format!("write {}", to.display()))?;
    let mode = fs::metadata(from).or_fault(|| format!("read {}", from.display()))?.permissions();
    fs::set_permissions(to, mode).or_fault(|| format!("write {}", to.display()))
}

fn files_below(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).or_fault(|| format!("read {}", dir.display()))? {
        let path = entry.or_fault(|| format!("read {}", dir.display()))?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_files_keep_their_time_and_a_patch_is_taken_back() -> Result<()> {
        let base = std::env::temp_dir().join(format!("usermgmt-tree-{}", std::process::id()));
        let root = base.join("root");
        fs::create_dir_all(root.join("src")).or_fault(|| "create a directory".to_owned())?;
        let write = |name: &str, text: &str| fs::write(root.join(name), text).or_fault(|| format!("write {name}"));
        write("src/a.rs", "one\n")?;
        write("src/b.rs", "two\n")?;
        write("defect.patch", "# case: X-1\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1 @@\n-one\n+ONE\n")?;
        let mut init = Command::new("git");
        init.args(["init", "--quiet"]).current_dir(&root);
        process::output_of(init)?;

        // As in real life the copy lies within the repository, in an ignored directory.
        write(".gitignore", "/target\n")?;
        let tree = Tree::new(&root, &root.join("target/tree"));
        tree.sync()?;
        let time = |name: &str| fs::metadata(tree.dir().join(name)).and_then(|data| data.modified()).ok();
        let text = |name: &str| fs::read_to_string(tree.dir().join(name)).unwrap_or_default();
        let before = (time("src/a.rs"), time("src/b.rs"));
        assert!(before.0.is_some() && before.1.is_some());

        tree.apply(&root.join("defect.patch"))?;
        assert_eq!(text("src/a.rs"), "ONE\n");
        tree.sync()?;
        assert_eq!(text("src/a.rs"), "one\n");
        assert_ne!(time("src/a.rs"), before.0);
        assert_eq!(time("src/b.rs"), before.1);
        fs::remove_dir_all(&base).or_fault(|| "remove a directory".to_owned())
    }
}
