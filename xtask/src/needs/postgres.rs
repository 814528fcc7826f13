//! A temporary PostgreSQL: found, initialised, started; the guard stops and removes it.

use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::Command,
};

use super::place;
use crate::{
    fault::{Fault, OrFault, Result},
    guard::Guard,
    process,
};

/// Data survives no crash, and need not.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 300
";

/// The default of 128 MB is for small databases; what nobody touches of it takes no memory.
const ROOMY: &str = "shared_buffers = 1GB
";

/// The directory that holds `initdb` and `pg_ctl`.
pub(crate) struct Programs(PathBuf);

impl Programs {
    /// The directory, for tests that start servers of their own.
    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }
}

/// Looks in `PATH`, where `pg_config` points, and where Debian keeps them; a stub that cannot run does not count.
pub(crate) fn find() -> Option<Programs> {
    let in_path = process::in_path("initdb").into_iter().filter_map(|file| file.canonicalize().ok());
    let mut dirs: Vec<PathBuf> = in_path.filter_map(|file| file.parent().map(Path::to_owned)).collect();
    let mut pg_config = Command::new("pg_config");
    pg_config.arg("--bindir");
    if let Ok(dir) = process::output_of(pg_config) {
        dirs.push(PathBuf::from(dir.trim()));
    }
    dirs.extend(debian_dirs());
    dirs.into_iter().find(|dir| usable(dir)).map(Programs)
}

/// `/usr/lib/postgresql/*/bin`, the highest version first.
fn debian_dirs() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = entries
        .map(|entry| (entry.file_name().to_string_lossy().parse().unwrap_or(0), entry.path().join("bin")))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    versions.into_iter().map(|(_, dir)| dir).collect()
}

fn usable(dir: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|name| process::succeeds(dir.join(name), &["--version"]))
}

/// Starts a new cluster under the guard and returns the address of its database `postgres`.
pub(crate) fn start(programs: &Programs, roomy: bool, guard: &mut Guard) -> Result<String> {
    let owner = Owner::choose()?;
    let dir = place::new_dir("pg")?;
    guard.watch_cluster(&dir)?;
    owner.give(&dir)?;
    let data = dir.join("data");

    let mut initdb = owner.command(&programs.0.join("initdb"), &dir);
    initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-sync", "--pgdata=data"]);
    initdb.arg(if cfg!(target_os = "linux") { "--locale=C.UTF-8" } else { "--locale=C" });
    process::output_of(initdb)?;
    let mut settings = OpenOptions::new()
        .append(true)
        .open(data.join("postgresql.conf"))
        .or_fault(|| "open postgresql.conf".to_owned())?;
    let memory = if roomy { ROOMY } else { "" };
    writeln!(settings, "{SETTINGS}{memory}unix_socket_directories = '{}'", dir.display())
        .or_fault(|| "write postgresql.conf".to_owned())?;

    // Another process may take the free port before PostgreSQL does: then the next one.
    let mut last = Fault::new("PostgreSQL was not started");
    for _ in 0..5 {
        let port = place::free_port()?;
        let mut pg_ctl = owner.command(&programs.0.join("pg_ctl"), &dir);
        pg_ctl.args(["start", "--silent", "--wait", "--timeout=60", "--pgdata=data", "--log=log"]);
        pg_ctl.args(["--options", &format!("-p {port}")]);
        match process::output_of(pg_ctl) {
            Ok(_) => return Ok(format!("postgres://postgres@127.0.0.1:{port}/postgres")),
            Err(fault) => last = Fault::new(format!("{fault}\n{}", place::end_of_log(&dir.join("log")))),
        }
    }
    Err(last)
}

/// PostgreSQL refuses to run as root: then it runs as the system user `postgres`.
pub(super) struct Owner(Option<(u32, u32)>);

impl Owner {
    pub(super) fn choose() -> Result<Self> {
        if !process::is_root() {
            return Ok(Self(None));
        }
        if !process::succeeds("id", &["postgres"]) {
            let mut useradd = Command::new("useradd");
            useradd.args(["--system", "--user-group", "--no-create-home", "--shell", "/bin/sh", "postgres"]);
            process::output_of(useradd)?;
        }
        Ok(Self(Some((id_of_postgres("-u")?, id_of_postgres("-g")?))))
    }

    pub(super) fn give(&self, dir: &Path) -> Result<()> {
        match self.0 {
            Some((uid, gid)) => chown(dir, Some(uid), Some(gid)).or_fault(|| format!("give away {}", dir.display())),
            None => Ok(()),
        }
    }

    /// A command as that user, in the cluster's directory (the current one may be closed to it).
    pub(super) fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env("HOME", dir).env("LC_ALL", "C");
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("PG")) {
                command.env_remove(name);
            }
        }
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
        command
    }
}

fn id_of_postgres(which: &str) -> Result<u32> {
    let mut id = Command::new("id");
    id.args([which, "postgres"]);
    let number = process::output_of(id)?;
    number.trim().parse().or_fault(|| "read the id of the user postgres".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs where a PostgreSQL is installed; `cargo xtask test` has seen to that before it comes here.
    #[test]
    fn a_cluster_starts_answers_and_is_gone_afterwards() -> Result<()> {
        let Some(programs) = find() else { return Ok(()) };
        let mut guard = Guard::start()?;
        let url = start(&programs, false, &mut guard)?;
        let address = url.trim_start_matches("postgres://postgres@").trim_end_matches("/postgres").to_owned();
        assert!(std::net::TcpStream::connect(&address).is_ok(), "{url}");
        drop(guard);
        assert!(std::net::TcpStream::connect(&address).is_err(), "{url} still answers");
        Ok(())
    }
}
