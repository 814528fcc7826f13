//! The example in which the story is played.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::sync::Mutex;
use usermgmt_tests::Agent;
use usermgmt_tests::stores::Database;

use crate::fault::{Fault, Result, ensure};
use crate::options::{Example, Options};
use crate::process::{Program, Running, beside};

/// A page that strangers do not see.
pub(crate) const CLOSED: &str = "/auth/account";

/// Builds what the story is played in.
pub(crate) async fn prepare(options: &Options) -> Result<()> {
    if options.is_built {
        return Ok(());
    }
    let (cargo, package) = (std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), options.example.package);
    let built = Command::new(cargo).args(["build", "-p", package]).status().await?;
    ensure(built.success(), || format!("{package} does not build"))
}

/// The example in a process of its own, with its data.
pub(crate) struct Host {
    package: &'static str,
    running: Mutex<Option<Running>>,
    data: TempDir,
    /// The database, if it is not a file among the data.
    server: Option<Database>,
    port: u16,
    origin: String,
}

impl Host {
    /// Starts it with nothing stored.
    pub(crate) async fn start(example: Example) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let server = if example.has_server() { Some(Database::empty().await) } else { None };
        let (running, port) = start(example.package, data.path(), server.as_ref(), 0).await?;
        let origin = format!("http://localhost:{port}");
        let running = Mutex::new(Some(running));
        Ok(Self { package: example.package, running, data, server, port, origin })
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Kills the example and starts it again on what it has stored.
    pub(crate) async fn restart(&self) -> Result<()> {
        let mut running = self.running.lock().await;
        if let Some(running) = running.take() {
            running.stop().await;
        }
        let (again, _) = start(self.package, self.data.path(), self.server.as_ref(), self.port).await?;
        *running = Some(again);
        Ok(())
    }

    /// Makes every proof an old one. Nobody waits for that: it is done in the database, and the example is started
    /// again because it remembers for a moment what it has read.
    pub(crate) async fn let_proofs_age(&self) -> Result<()> {
        let long_ago = r#"[{"method":"pwd","at":"2001-01-01T00:00:00Z"}]"#;
        self.by_hand(&format!("update usermgmt_session set proofs = '{long_ago}'")).await?;
        self.restart().await
    }

    /// Lets the pause pass after which an address is written to again, and with it what else is counted by the minute:
    /// time is not ours, but what was counted is.
    pub(crate) async fn let_pauses_pass(&self) -> Result<()> {
        self.by_hand("delete from usermgmt_throttle").await.map(drop)
    }

    /// Writes into the database another address from which somebody has left an organization, as whoever covers up
    /// traces would.
    pub(crate) async fn touch_the_log(&self, address: &str) -> Result<()> {
        let touched = format!("update usermgmt_audit set address = '{address}' where kind = 'member.left'");
        let rows = self.by_hand(&touched).await?;
        ensure(rows == 1, || format!("{rows} entries are touched"))
    }

    /// Does something in the database, behind the example's back; answers with the number of rows.
    async fn by_hand(&self, sql: &str) -> Result<u64> {
        let sql = AssertSqlSafe(sql.to_owned());
        let done = async {
            match &self.server {
                Some(database) => {
                    let mut db = PgConnection::connect(&database.url).await?;
                    let rows = db.execute(sql).await?.rows_affected();
                    db.close().await.map(|()| rows)
                }
                None => {
                    let file = SqliteConnectOptions::new().filename(self.data.path().join("app.db"));
                    let mut db = file.connect().await?;
                    let rows = db.execute(sql).await?.rows_affected();
                    db.close().await.map(|()| rows)
                }
            }
        };
        done.await.map_err(|error: sqlx::Error| Fault::new(format!("nothing can be done in the database: {error}")))
    }

    /// A program that calls the application's JSON routes.
    pub(crate) fn agent(&self) -> Agent {
        Agent::new(([127, 0, 0, 1], self.port).into(), &self.origin)
    }

    pub(crate) async fn stop(self) {
        if let Some(running) = self.running.into_inner() {
            running.stop().await;
        }
    }
}

/// Starts the example, at any free port if this one is 0, and reads the port from what it prints.
async fn start(package: &'static str, data: &Path, server: Option<&Database>, port: u16) -> Result<(Running, u16)> {
    let mut command = Command::new(beside()?.join(package));
    command.env("DATA_DIR", data).env("PORT", port.to_string()).env_remove("ORIGIN").env_remove("BIND");
    if let Some(database) = server {
        command.env("DATABASE_URL", &database.url);
    }
    let mut program = Program::start(package, &mut command)?;
    let said = program.says(|line| {
        let (_, rest) = line.split_once("http://localhost:")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()
    });
    let said = said.await?;
    ensure(port == 0 || port == said, || format!("{package} runs at port {said}, not {port}"))?;
    let reached = TcpStream::connect(("127.0.0.1", said)).await;
    reached.map_err(|error| Fault::new(format!("{package} cannot be reached: {error}")))?;
    Ok((program.unheard(), said))
}
