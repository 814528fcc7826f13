//! Other programs, stopped whatever happens.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::fault::{Fault, Result};

/// Starting up takes longer only when something is wrong.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// A running program.
pub(crate) struct Program {
    name: &'static str,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Program {
    /// Starts it. It ends with this value at the latest.
    pub(crate) fn start(name: &'static str, command: &mut Command) -> Result<Self> {
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = started.map_err(|error| Fault::new(format!("{name} does not start: {error}")))?;
        let stdout = child.stdout.take().ok_or_else(|| Fault::new("a program without output"))?;
        Ok(Self { name, child, lines: BufReader::new(stdout).lines() })
    }

    /// Reads what it says until a line means something.
    pub(crate) async fn says<T>(&mut self, meaning: impl Fn(&str) -> Option<T>) -> Result<T> {
        let mut said = String::new();
        let reading = async {
            while let Some(line) = self.lines.next_line().await? {
                if let Some(found) = meaning(&line) {
                    return Ok(found);
                }
                said.push_str(&line);
                said.push('\n');
            }
            Err(Fault::new(format!("{} has ended", self.name)))
        };
        let read = tokio::time::timeout(STARTS_WITHIN, reading).await;
        let read = read.unwrap_or_else(|_| Err(Fault::new(format!("{} does not say that it is ready", self.name))));
        read.map_err(|fault| Fault::new(format!("{fault}\n{said}")))
    }

    /// Lets it say on what nobody reads, so that it never waits for a reader.
    pub(crate) fn unheard(self) -> Running {
        let mut lines = self.lines;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Running { child: self.child }
    }
}

/// A program that is ready.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// Kills it, as a power cut does.
    pub(crate) async fn stop(mut self) {
        let _ = self.child.kill().await;
    }
}

/// Waits until somebody wants this program to end: Ctrl-C, or `kill`.
pub(crate) async fn asked_to_end() {
    let Ok(mut terminated) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = terminated.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

/// The directory of this program, where cargo puts all of them.
pub(crate) fn beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.parent().map(PathBuf::from).ok_or_else(|| Fault::new("this program is nowhere"))
}
