//! Where a server of the tests lives: a directory, a port, a log.

use std::{
    fs::{self, DirBuilder},
    net::TcpListener,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::fault::{Fault, OrFault, Result};

/// A new directory that only its owner can enter, with a path short enough for a socket in it.
pub(super) fn new_dir(kind: &str) -> Result<PathBuf> {
    let temp = std::env::temp_dir();
    let temp = if temp.as_os_str().len() > 60 { PathBuf::from("/tmp") } else { temp };
    let dirs = (0..100).map(|number| temp.join(format!("usermgmt-{kind}-{}-{number}", std::process::id())));
    for dir in dirs {
        if DirBuilder::new().mode(0o700).create(&dir).is_ok() {
            return Ok(dir);
        }
    }
    Err(Fault::new(format!("could not create a directory in {}", temp.display())))
}

/// A port of the loopback address that nobody has at this moment.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).or_fault(|| "find a free port".to_owned())?;
    listener.local_addr().map(|address| address.port()).or_fault(|| "find a free port".to_owned())
}

/// The last lines of a log.
pub(super) fn end_of_log(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(10);
    lines.into_iter().skip(from).collect::<Vec<_>>().join("\n")
}
