//! Chromium and the driver by which tests steer it.

use std::path::PathBuf;

use crate::process;

/// Both programs, by path.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

/// Looks in `PATH`; a program that cannot even say its version (a stub) does not count.
pub(crate) fn find() -> Option<Browser> {
    let chromium = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    Some(Browser { chromium: chromium.into_iter().find_map(usable)?, chromedriver: usable("chromedriver")? })
}

fn usable(name: &str) -> Option<PathBuf> {
    process::in_path(name).into_iter().find(|path| process::succeeds(path, &["--version"]))
}
