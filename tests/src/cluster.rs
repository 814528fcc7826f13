//! PostgreSQL servers of a program's own, to be stopped, killed and promoted.

#![expect(clippy::disallowed_methods, reason = "starting servers and killing them is what this is for")]

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

/// Settings that survive a kill of the server (not of the machine) and let it be followed.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
synchronous_commit = on
max_connections = 100
wal_level = replica
max_wal_senders = 5
hot_standby = on
";

/// How long a server may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Connections are ended, everything is written down.
    Fast,
    /// It ends at once, and recovers when it is started.
    Immediate,
    /// SIGKILL.
    Kill,
}

/// A PostgreSQL server: its data, its port, and its process while it runs.
pub struct Cluster {
    dir: TempDir,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// A new one, which runs.
    pub async fn new() -> Self {
        let mut cluster = Self::place();
        let mut initdb = cluster.command("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        run(initdb.arg("--pgdata=data"));
        cluster.configure(SETTINGS);
        cluster.start().await;
        cluster
    }

    /// One that follows this one, and runs.
    pub async fn follower(&self) -> Self {
        let mut follower = Self::place();
        let mut copy = follower.command("pg_basebackup");
        copy.args(["--host=127.0.0.1", "--username=postgres", "--wal-method=stream", "--checkpoint=fast"]);
        copy.args(["--write-recovery-conf", "--no-sync", "--pgdata=data", &format!("--port={}", self.port)]);
        run(&mut copy);
        follower.configure("");
        follower.start().await;
        follower
    }

    fn place() -> Self {
        let dir = tempfile::Builder::new().prefix("um-pg-").tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if let Some((user, group)) = owner() {
            std::os::unix::fs::chown(dir.path(), Some(user), Some(group)).unwrap();
        }
        Self { dir, port, server: None }
    }

    fn configure(&self, settings: &str) {
        let file = self.dir.path().join("data/postgresql.conf");
        let mut file = OpenOptions::new().append(true).open(file).unwrap();
        let sockets = self.dir.path().display();
        writeln!(file, "{settings}unix_socket_directories = '{sockets}'").unwrap();
    }

    /// A program of PostgreSQL, as the user that may run it, in the server's own directory.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(programs().join(program));
        command.current_dir(self.dir.path()).env("HOME", self.dir.path()).env("LC_ALL", "C");
        if let Some((user, group)) = owner() {
            command.uid(user).gid(group);
        }
        command
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of one of its databases, through this port.
    #[must_use]
    pub fn url(port: u16, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
    }

    /// Starts it; answers when it answers.
    pub async fn start(&mut self) {
        let begun = Instant::now();
        loop {
            let log = OpenOptions::new().create(true).append(true).open(self.dir.path().join("log")).unwrap();
            let mut server = self.command("postgres");
            server.args(["-D", "data", "-p", &self.port.to_string()]).stdin(Stdio::null());
            let child = self.server.insert(server.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
            // After a kill the children of the former server may still be ending: then this one ends at once.
            while child.try_wait().unwrap().is_none() && begun.elapsed() < PATIENCE {
                if PgConnection::connect(&Self::url(self.port, "postgres")).await.is_ok() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not start:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops it, and waits until it has ended.
    pub async fn stop(&mut self, how: Stop) {
        let Some(mut server) = self.server.take() else { return };
        let signal = match how {
            Stop::Fast => "-INT",
            Stop::Immediate => "-QUIT",
            Stop::Kill => "-KILL",
        };
        run(Command::new("kill").args([signal, &server.id().to_string()]));
        let begun = Instant::now();
        while server.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "the server does not stop:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Makes a follower a server of its own; answers when it takes writes.
    pub async fn promote(&self) {
        self.execute("postgres", "SELECT pg_promote(true, 60)").await;
    }

    /// Runs a statement on one of its databases.
    pub async fn execute(&self, database: &str, statement: &str) {
        let mut connection = PgConnection::connect(&Self::url(self.port, database)).await.unwrap();
        connection.execute(AssertSqlSafe(statement.to_owned())).await.unwrap();
    }

    /// The first cell of a statement's answer, as text.
    pub async fn ask(&self, database: &str, question: &str) -> String {
        let mut connection = PgConnection::connect(&Self::url(self.port, database)).await.unwrap();
        let question = AssertSqlSafe(format!("SELECT ({question})::text"));
        sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap()
    }

    /// Lets every commit wait until the follower has written it down too.
    pub async fn wait_for_follower(&self, database: &str) {
        self.execute(database, "ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        self.execute(database, "SELECT pg_reload_conf()").await;
        let begun = Instant::now();
        let state = "SELECT coalesce(max(sync_state), 'none') FROM pg_stat_replication";
        while self.ask(database, state).await != "sync" {
            assert!(begun.elapsed() < PATIENCE, "nobody follows:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // Its children end with it; nothing of it is wanted any more.
            drop(Command::new("kill").args(["-QUIT", &server.id().to_string()]).status());
            drop(server.wait());
        }
    }
}

/// The directory of the server programs, which `cargo xtask` has found.
fn programs() -> PathBuf {
    let named = std::env::var_os("USERMGMT_TEST_POSTGRES_PROGRAMS").expect("run it with `cargo xtask`");
    Path::new(&named).to_owned()
}

/// PostgreSQL refuses to run as root: then it runs as the system user that `cargo xtask` has seen to.
fn owner() -> Option<(u32, u32)> {
    let id = |args: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(args).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    if id(&["-u"]) == Some(0) { Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?)) } else { None }
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
