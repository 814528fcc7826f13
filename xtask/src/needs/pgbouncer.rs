//! A temporary pgbouncer in front of the temporary PostgreSQL, in transaction mode; the guard stops and removes it.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{place, postgres::Owner};
use crate::{
    fault::{Fault, OrFault, Result},
    guard::Guard,
    process,
};

/// How long it may take until it answers.
const STARTS_WITHIN: Duration = Duration::from_secs(20);

/// Looks in `PATH` and where Debian keeps it; a stub that cannot run does not count.
pub(crate) fn find() -> Option<PathBuf> {
    let mut found = process::in_path("pgbouncer");
    found.push(PathBuf::from("/usr/sbin/pgbouncer"));
    found.into_iter().find(|path| process::succeeds(path, &["--version"]))
}

/// Starts one under the guard, before the server of this URL, and returns its URL. Every database can be reached; a
/// connection of the server is given to a client for one transaction. Nothing is ignored that a client wishes for, so
/// that what it would refuse elsewhere it refuses here.
pub(crate) fn start(program: &Path, server: &str, guard: &mut Guard) -> Result<String> {
    let (_, address) = server.split_once('@').ok_or_else(|| Fault::new("the URL of PostgreSQL names no user"))?;
    let (server_port, database) = address
        .split_once(':')
        .and_then(|(_, rest)| rest.split_once('/'))
        .ok_or_else(|| Fault::new("the URL of PostgreSQL names no port"))?;
    let owner = Owner::choose()?;
    let dir = place::new_dir("pgb")?;
    guard.watch_pgbouncer(&dir)?;
    owner.give(&dir)?;
    // Another process may take the free port before it does: then the next one.
    let mut last = Fault::new("pgbouncer was not started");
    for _ in 0..5 {
        let port = place::free_port()?;
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server_port} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
             default_pool_size = 20\nmax_client_conn = 1000\nserver_idle_timeout = 3\nautodb_idle_timeout = 3\n\
             logfile = log\npidfile = pgbouncer.pid\n"
        );
        fs::write(dir.join("pgbouncer.ini"), settings).or_fault(|| "write pgbouncer.ini".to_owned())?;
        let mut pgbouncer = owner.command(program, &dir);
        pgbouncer.args(["--daemon", "--quiet", "pgbouncer.ini"]);
        process::output_of(pgbouncer)?;
        let begun = Instant::now();
        while begun.elapsed() < STARTS_WITHIN {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(format!("postgres://postgres@127.0.0.1:{port}/{database}"));
            }
            if place::end_of_log(&dir.join("log")).contains("FATAL") {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        last = Fault::new(format!("pgbouncer does not start\n{}", place::end_of_log(&dir.join("log"))));
    }
    Err(last)
}
