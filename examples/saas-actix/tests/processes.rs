//! Two processes of the example on one database, as they stand behind a balancer.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::disallowed_methods, reason = "starting processes is what this test is about")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use saas_actix::Shared;
use saas_common::settings::Settings;
use usermgmt::NewUser;
use usermgmt_tests::stores::Database;
use usermgmt_tests::{Agent, StoreKind};

const ORIGIN: &str = "http://localhost:3000";
const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse battery";
/// Nobody waits longer. It is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between two looks.
const BLINK: Duration = Duration::from_millis(25);

/// A running process; ends with this value.
struct Process {
    child: Child,
    /// What it says: it must not find the pipe closed.
    _said: BufReader<ChildStdout>,
    /// A browser that the balancer leads here.
    agent: Agent,
}

impl Process {
    fn start(data: &Path, database: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_saas-actix"));
        command.env("DATA_DIR", data).env("DATABASE_URL", database).env("ORIGIN", ORIGIN).env("PORT", "0");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut lines = said.by_ref().lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.trim().strip_prefix("behind")?.trim().parse().ok());
        Self { agent: Agent::new(address.unwrap(), ORIGIN), child, _said: said }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn create_ann(data: &Path, database: &str) {
    let variable = |name: &str| match name {
        "DATA_DIR" => Some(data.display().to_string()),
        "DATABASE_URL" => Some(database.to_owned()),
        _ => None,
    };
    let settings = Settings::read(variable).unwrap();
    let shared = Shared::open(&settings, ORIGIN, |builder| builder.without_workers()).await.unwrap();
    let ann = NewUser { email: EMAIL, name: "Ann", password: Some(PASSWORD.into()), email_is_verified: true };
    shared.auth.users("a test").create(ann).await.unwrap();
    shared.close().await;
}

fn credentials() -> serde_json::Value {
    serde_json::json!({ "email": EMAIL, "password": PASSWORD })
}

#[tokio::test]
async fn a_session_is_good_at_both_and_what_ends_at_one_is_over_at_the_other() {
    if StoreKind::Postgres.is_left_out() {
        return;
    }
    let (data, database) = (tempfile::tempdir().unwrap(), Database::empty().await);
    let mut one = Process::start(data.path(), &database.url);
    let mut other = Process::start(data.path(), &database.url);

    create_ann(data.path(), &database.url).await;

    one.agent.post("/auth/sign-in", credentials()).await.expect(200);
    other.agent.cookies = one.agent.cookies.clone();
    other.agent.get("/auth/me").await.expect(200);
    other.agent.get("/").await.expect(200);
    one.agent.post("/auth/sign-out", serde_json::json!({})).await.expect(200);
    one.agent.get("/auth/me").await.expect(401);
    let (begun, mut blink) = (Instant::now(), tokio::time::interval(BLINK));
    while other.agent.get("/auth/me").await.status != 401 {
        assert!(begun.elapsed() < PATIENCE, "the other process has not heard of it");
        blink.tick().await;
    }
}

/// As a rolling deployment does it: whoever has been let in is answered, and the other process goes on with the session.
#[cfg(unix)]
#[tokio::test]
async fn a_process_that_is_asked_to_end_answers_what_it_was_asked() {
    const AT_ONCE: usize = 8;
    if StoreKind::Postgres.is_left_out() {
        return;
    }
    let (data, database) = (tempfile::tempdir().unwrap(), Database::empty().await);
    let mut one = Process::start(data.path(), &database.url);
    let mut other = Process::start(data.path(), &database.url);
    create_ann(data.path(), &database.url).await;

    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let mut agent = other.agent.clone();
        asking.spawn(async move {
            agent.post("/auth/sign-in", credentials()).await.expect(200);
            agent
        });
    }
    // One has its answer; of the others most still wait for their hash.
    let mut browsers = vec![asking.join_next().await.unwrap().unwrap()];
    assert!(Command::new("kill").arg(other.child.id().to_string()).status().unwrap().success());
    browsers.extend(asking.join_all().await);
    assert_eq!(browsers.len(), AT_ONCE);
    let (begun, mut blink) = (Instant::now(), tokio::time::interval(BLINK));
    let ended = loop {
        match other.child.try_wait().unwrap() {
            Some(ended) => break ended,
            None => assert!(begun.elapsed() < PATIENCE, "the process does not end"),
        }
        blink.tick().await;
    };
    assert!(ended.success(), "it has ended in good order: {ended}");
    for browser in browsers {
        one.agent.cookies = browser.cookies;
        one.agent.get("/auth/me").await.expect(200);
    }
}
