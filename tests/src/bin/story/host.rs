//! The application in which the story is played.

use std::path::Path;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions};
use sqlx::{ConnectOptions as _, Connection as _, Sqlite};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::port::{Mail, Mailer as _};
use usermgmt_tests::{Agent, App, report::Report};

use crate::fault::{Fault, Result, ensure};
use crate::options::Options;
use crate::process::{Program, Running, beside};

/// Name of the example's package and program.
const EXAMPLE: &str = "saas-axum";

/// Builds what the story is played in.
pub(crate) async fn prepare(options: &Options) -> Result<()> {
    if !options.is_example() {
        return Ok(());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["build", "-p", EXAMPLE]).status().await?;
    ensure(built.success(), || format!("{EXAMPLE} does not build"))
}

/// The example in its process, with its data.
pub(crate) struct Example {
    running: Option<Running>,
    data: TempDir,
    port: u16,
    origin: String,
}

impl Example {
    /// Does something in its database, behind its back; answers with the number of rows.
    async fn by_hand(&self, what: Query<'_, Sqlite, SqliteArguments>) -> Result<u64> {
        let options = SqliteConnectOptions::new().filename(self.data.path().join("app.db"));
        let done = async {
            let mut db = options.connect().await?;
            let rows = what.execute(&mut db).await?.rows_affected();
            db.close().await.map(|()| rows)
        };
        done.await.map_err(|error| Fault::new(format!("nothing can be done in the database: {error}")))
    }
}

/// A running application.
pub(crate) enum Host {
    /// The example, in a process of its own.
    Example(Box<Example>),
    /// The application of the test kit, in this process; its clock and its mails are ours.
    Kit(Box<App>),
}

impl Host {
    /// Starts it with nothing stored.
    pub(crate) async fn start(options: &Options) -> Result<Self> {
        if !options.is_example() {
            let (store, framework) = (options.cell.store.name(), options.cell.framework.name());
            return Ok(Self::Kit(Box::new(App::start(options.cell, Report::new("story", store, framework)).await)));
        }
        let data = tempfile::tempdir()?;
        let port = free_port()?;
        let (running, origin) = start_example(data.path(), port).await?;
        Ok(Self::Example(Box::new(Example { running: Some(running), data, port, origin })))
    }

    pub(crate) fn origin(&self) -> &str {
        match self {
            Self::Example(example) => &example.origin,
            Self::Kit(app) => app.origin(),
        }
    }

    /// Whether it is the example, which has pages of its own.
    pub(crate) const fn is_example(&self) -> bool {
        matches!(self, Self::Example(_))
    }

    /// A page that strangers do not see.
    pub(crate) const fn closed_page(&self) -> &'static str {
        match self {
            Self::Example(_) => "/auth/account",
            Self::Kit(_) => "/host/things",
        }
    }

    /// Lets mails go out that would otherwise wait for a worker.
    pub(crate) async fn deliver(&self) {
        let Self::Kit(app) = self else { return };
        app.work().await;
        // The kit keeps its mails to itself; the page shows those of the development mailbox.
        let Some(shown) = app.auth.dev_mailbox() else { return };
        for kept in app.mailbox.mails().into_iter().rev() {
            if let (Ok(id), Ok(to)) = (kept.id.parse(), EmailAddress::parse(&kept.to)) {
                let _ = shown.send(&Mail::new(id, to, kept.subject, kept.text, kept.html)).await;
            }
        }
    }

    /// Kills the example and starts it again on what it has stored.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        if let Self::Example(example) = self {
            if let Some(running) = example.running.take() {
                running.stop().await;
            }
            example.running = Some(start_example(example.data.path(), example.port).await?.0);
        }
        Ok(())
    }

    /// Lets the time pass that a recent proof is good for; `false` if time is not ours.
    pub(crate) fn let_proofs_age(&self) -> bool {
        let Self::Kit(app) = self else { return false };
        app.advance(usermgmt_core::limits::STEP_UP_FRESH * 2);
        true
    }

    /// Lets the pause pass after which an address is written to again, and with it what else is counted by the minute.
    pub(crate) async fn let_pauses_pass(&self) -> Result<()> {
        let example = match self {
            Self::Kit(app) => {
                app.advance(usermgmt_core::limits::RESEND_PAUSE);
                return Ok(());
            }
            Self::Example(example) => example,
        };
        // Its time is not ours, but what it has counted is.
        example.by_hand(sqlx::query("delete from usermgmt_throttle")).await.map(drop)
    }

    /// Writes into the database another address from which somebody has left an organization, as whoever covers up
    /// traces would; `false` if the database is not at hand.
    pub(crate) async fn touch_the_log(&self, address: &str) -> Result<bool> {
        let Self::Example(example) = self else { return Ok(false) };
        let touched = sqlx::query("update usermgmt_audit set address = $1 where kind = 'member.left'");
        let rows = example.by_hand(touched.bind(address.to_owned())).await?;
        ensure(rows == 1, || format!("{rows} entries are touched")).map(|()| true)
    }

    /// A program that calls the application's JSON routes.
    pub(crate) fn agent(&self) -> Agent {
        match self {
            Self::Example(example) => Agent::new(([127, 0, 0, 1], example.port).into(), &example.origin),
            Self::Kit(app) => app.agent(),
        }
    }

    pub(crate) async fn stop(self) {
        if let Self::Example(example) = self
            && let Some(running) = example.running
        {
            running.stop().await;
        }
    }
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Starts the example and reads its address from what it prints.
async fn start_example(data: &Path, port: u16) -> Result<(Running, String)> {
    let mut command = Command::new(beside()?.join(EXAMPLE));
    command.env("DATA_DIR", data).env("PORT", port.to_string());
    let mut program = Program::start(EXAMPLE, &mut command)?;
    let origin = program.says(|line| {
        let (_, rest) = line.split_once("http://")?;
        let host = rest.split(|c: char| c.is_whitespace() || c == '/').next()?;
        Some(format!("http://{host}"))
    });
    let origin = origin.await?;
    ensure(origin.ends_with(&format!(":{port}")), || format!("{EXAMPLE} runs at {origin}, not on port {port}"))?;
    let reached = TcpStream::connect(("127.0.0.1", port)).await;
    reached.map_err(|error| Fault::new(format!("{EXAMPLE} cannot be reached: {error}")))?;
    Ok((program.unheard(), origin))
}
