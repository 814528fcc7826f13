//! Nothing that xtask started may outlive it, even when it is killed.
//!
//! A small shell process in a process group of its own waits at the end of a pipe. It is told what runs; when the pipe
//! closes, for whatever reason, it kills and removes what it was told of. The ordinary end takes the same way.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    fault::{OrFault, Result},
    process,
};

const SCRIPT: &str = include_str!("guard.sh");

/// The watching process; dropping it stops everything and waits until that is done.
pub(crate) struct Guard {
    watcher: Child,
    pipe: Option<ChildStdin>,
}

/// How a guarded command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Passed,
    Failed,
    TimedOut,
}

impl Guard {
    pub(crate) fn start() -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "xtask-guard"]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut watcher = command.spawn().or_fault(|| "start a shell".to_owned())?;
        let pipe = watcher.stdin.take();
        Ok(Self { watcher, pipe })
    }

    /// A directory to be removed at the end, with the PostgreSQL that may run in its `data`.
    pub(crate) fn watch_cluster(&mut self, dir: &Path) -> Result<()> {
        self.tell(&format!("cluster {}", dir.display()))
    }

    /// A directory to be removed at the end, with the Redis whose process id stands in its `redis.pid`.
    pub(crate) fn watch_redis(&mut self, dir: &Path) -> Result<()> {
        self.tell(&format!("redis {}", dir.display()))
    }

    /// A directory to be removed at the end, with the pgbouncer whose process id stands in its `pgbouncer.pid`.
    pub(crate) fn watch_pgbouncer(&mut self, dir: &Path) -> Result<()> {
        self.tell(&format!("pgbouncer {}", dir.display()))
    }

    /// Runs a command to its end in a process group of its own, and kills what it leaves behind.
    pub(crate) fn run(&mut self, command: Command) -> Result<Ended> {
        self.run_within(command, None)
    }

    /// The same, killed when it takes longer than `limit`.
    pub(crate) fn run_within(&mut self, mut command: Command, limit: Option<Duration>) -> Result<Ended> {
        let mut child = self.spawn(&mut command)?;
        let ended = match limit {
            None => Some(child.wait().or_fault(|| format!("wait for {}", process::shown(&command)))?),
            Some(limit) => wait_until(&mut child, limit)?,
        };
        self.tell("done")?;
        Ok(match ended {
            Some(status) if status.success() => Ended::Passed,
            Some(_) => Ended::Failed,
            None => {
                child.wait().or_fault(|| format!("wait for {}", process::shown(&command)))?;
                Ended::TimedOut
            }
        })
    }

    /// The same without a limit; what the command prints on standard output is passed on, and every line shown to
    /// `see`.
    pub(crate) fn run_watching(&mut self, mut command: Command, see: impl FnMut(&str) + Send) -> Result<Ended> {
        command.stdout(Stdio::piped());
        let mut child = self.spawn(&mut command)?;
        let stdout = child.stdout.take();
        // A leftover of the command may hold the pipe open: its end is awaited first, and then the leftover killed.
        thread::scope(|scope| {
            let passing_on = scope.spawn(|| stdout.map_or(Ok(()), |stdout| pass_on(stdout, see)));
            let ended = self.end_of(child, &command);
            passing_on
                .join()
                .unwrap_or(Ok(()))
                .or_fault(|| format!("pass on what {} prints", process::shown(&command)))?;
            ended
        })
    }

    /// The same, keeping what the command prints instead of passing it on.
    pub(crate) fn run_reading(&mut self, mut command: Command) -> Result<(Ended, String)> {
        command.stdout(Stdio::piped());
        let mut child = self.spawn(&mut command)?;
        let mut bytes = Vec::new();
        if let Some(mut stdout) = child.stdout.take() {
            stdout.read_to_end(&mut bytes).or_fault(|| format!("read from {}", process::shown(&command)))?;
        }
        let ended = self.end_of(child, &command)?;
        Ok((ended, String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn end_of(&mut self, mut child: Child, command: &Command) -> Result<Ended> {
        let status = child.wait().or_fault(|| format!("wait for {}", process::shown(command)))?;
        self.tell("done")?;
        Ok(if status.success() { Ended::Passed } else { Ended::Failed })
    }

    fn spawn(&mut self, command: &mut Command) -> Result<Child> {
        command.process_group(0).stdin(Stdio::null());
        let child = command.spawn().or_fault(|| format!("start {}", process::shown(command)))?;
        self.tell(&format!("group {}", child.id()))?;
        Ok(child)
    }

    fn tell(&mut self, line: &str) -> Result<()> {
        match &mut self.pipe {
            Some(pipe) => writeln!(pipe, "{line}").or_fault(|| "talk to the guarding shell".to_owned()),
            None => Ok(()),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.pipe.take());
        if let Err(error) = self.watcher.wait() {
            eprintln!("xtask: could not wait for the clean-up: {error}");
        }
    }
}

fn pass_on(stdout: ChildStdout, mut see: impl FnMut(&str)) -> io::Result<()> {
    let mut lines = BufReader::new(stdout);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        see(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(())
}

fn wait_until(child: &mut Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        let status = child.try_wait().or_fault(|| "wait for a command".to_owned())?;
        if status.is_some() || start.elapsed() > limit {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn says_how_a_command_ended() -> Result<()> {
        let mut guard = Guard::start()?;
        assert_eq!(guard.run(sh("true"))?, Ended::Passed);
        assert_eq!(guard.run(sh("exit 3"))?, Ended::Failed);
        assert_eq!(guard.run_reading(sh("echo hello"))?, (Ended::Passed, "hello\n".to_owned()));
        let mut seen = Vec::new();
        assert_eq!(
            guard.run_watching(sh("echo one; echo two; exit 1"), |line| seen.push(line.to_owned()))?,
            Ended::Failed
        );
        assert_eq!(seen, ["one", "two"]);
        Ok(())
    }

    #[test]
    fn a_command_that_hangs_is_killed() -> Result<()> {
        let start = Instant::now();
        let ended = Guard::start()?.run_within(sh("sleep 60"), Some(Duration::from_millis(50)))?;
        assert_eq!(ended, Ended::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(30));
        Ok(())
    }

    #[test]
    fn leftovers_of_a_command_are_killed() -> Result<()> {
        let mut guard = Guard::start()?;
        let (_, pid) = guard.run_reading(sh("sleep 60 >/dev/null 2>&1 & echo $!"))?;
        drop(guard);
        let gone = || !process::succeeds("kill", &["-0", pid.trim()]) || is_zombie(pid.trim());
        let start = Instant::now();
        while !gone() {
            assert!(start.elapsed() < Duration::from_secs(20), "process {} still runs", pid.trim());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// In a container without a reaping init a killed orphan stays as a zombie.
    fn is_zombie(pid: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn the_clusters_directory_is_removed() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("usermgmt guard {}", std::process::id()));
        let mut guard = Guard::start()?;
        guard.watch_cluster(&dir)?;
        std::fs::create_dir_all(dir.join("data")).or_fault(|| "create a directory".to_owned())?;
        drop(guard);
        assert!(!dir.exists());
        Ok(())
    }
}
