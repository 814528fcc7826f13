//! A temporary Redis: found and started; the guard stops and removes it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::place;
use crate::{
    fault::{Fault, Result},
    guard::Guard,
    process,
};

/// How long it may take until it answers.
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// Looks in `PATH`; a stub that cannot run does not count.
pub(crate) fn find() -> Option<PathBuf> {
    process::in_path("redis-server").into_iter().find(|path| process::succeeds(path, &["--version"]))
}

/// Starts a server under the guard, which keeps nothing on disk, and returns its address.
pub(crate) fn start(program: &Path, guard: &mut Guard) -> Result<String> {
    let dir = place::new_dir("redis")?;
    guard.watch_redis(&dir)?;
    // Another process may take the free port before Redis does: then the next one.
    let mut last = Fault::new("Redis was not started");
    for _ in 0..5 {
        let port = place::free_port()?;
        let mut redis = Command::new(program);
        redis.current_dir(&dir).args(["--bind", "127.0.0.1", "--port", &port.to_string()]);
        redis.args(["--save", "", "--appendonly", "no", "--daemonize", "yes"]);
        redis.args(["--dir", ".", "--pidfile", "redis.pid", "--logfile", "log"]);
        process::output_of(redis)?;
        match answers(&dir) {
            true => return Ok(format!("redis://127.0.0.1:{port}")),
            false => last = Fault::new(format!("Redis does not start\n{}", place::end_of_log(&dir.join("log")))),
        }
    }
    Err(last)
}

/// Whether it says that it is ready; a port that answers may be somebody else's.
fn answers(dir: &Path) -> bool {
    let (begun, log) = (Instant::now(), dir.join("log"));
    while begun.elapsed() < STARTS_WITHIN {
        let said = fs::read_to_string(&log).unwrap_or_default();
        if said.contains("Ready to accept connections") {
            return true;
        }
        if said.contains("Failed listening") {
            // What is said by the next one is read anew.
            drop(fs::remove_file(&log));
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs where a Redis is installed; `cargo xtask test` has seen to that before it comes here.
    #[test]
    fn a_server_starts_answers_and_is_gone_afterwards() -> Result<()> {
        let Some(program) = find() else { return Ok(()) };
        let mut guard = Guard::start()?;
        let url = start(&program, &mut guard)?;
        let address = url.trim_start_matches("redis://").to_owned();
        assert!(std::net::TcpStream::connect(&address).is_ok(), "{url}");
        drop(guard);
        assert!(std::net::TcpStream::connect(&address).is_err(), "{url} still answers");
        Ok(())
    }
}
