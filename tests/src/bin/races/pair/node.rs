//! One of the two processes.
//!
//! The child serves the application and obeys one word a line on standard input: `hold CALLS N` (the next N callers of
//! these calls of the store stand still; once they do it says `held`), `go`, and `work` (one round of the worker). When
//! its input ends, it ends.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc};
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits::WRONG_PASSWORDS_PER_PAIR;
use usermgmt_core::port::ManualClock;
use usermgmt_core::store::Store;
use usermgmt_service::{
    AccessTokens, ApiKeys, Builder, DevMailbox, HashCost, Limits, MagicLink, SessionRules, UserMgmt,
};
use usermgmt_sqlx::Postgres;
use usermgmt_tests::{Framework, host};

use super::gate::{Gate, Gated};

/// What browsers see, whichever process answers.
pub(crate) const ORIGIN: &str = "http://localhost:8080";
/// So often that no race meets this limit.
pub(crate) const MANY: u32 = 1_000_000_000;
/// Sessions of one user.
pub(crate) const SESSIONS: u32 = 5;
/// A child that says nothing for so long hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What every process of the application says alike; `guesses` is how many wrong passwords an account bears from one
/// place.
pub(crate) fn settings(builder: Builder, guesses: u32) -> Builder {
    let limits = Limits { wrong_passwords_per_pair: guesses, ..Limits::insecure_for_tests() };
    builder
        .clock(ManualClock::at(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap()))
        .hash_cost(HashCost::insecure_for_tests())
        .hash_threads(4)
        .role("reader", ["thing:read"])
        .role("member", [])
        .permissions(["thing:read", "thing:write"])
        .session_rules(SessionRules { per_user: SESSIONS, ..SessionRules::default() })
        // The clock stands still, so nothing that was heard would ever grow old.
        .cache_life(time::Duration::ZERO)
        .limits(limits)
        .tokens(AccessTokens::default())
        .api_keys(ApiKeys::default())
        .magic_link(MagicLink::link_and_code())
        .email_change_without_approval()
        .without_workers()
}

/// The child: `DATABASE KEY FRAMEWORK`. Says where it listens: with wide limits, and with the real one of guesses.
pub(crate) async fn run(args: &[String]) {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let gate = Arc::new(Gate::default());
    let inner = Arc::new(Postgres::connect_migrated(&args[0]).await.unwrap());
    let store: Arc<dyn Store> = Arc::new(Gated { inner, gate: gate.clone() });
    let framework = Framework::parse(&args[2]).expect("a framework");
    let mut running = Vec::new();
    for guesses in [MANY, WRONG_PASSWORDS_PER_PAIR] {
        let keys = KeyRing::from_file_or_create(&args[1]).unwrap();
        let builder = UserMgmt::builder(store.clone(), ORIGIN, keys).mailer(DevMailbox::default());
        let auth = settings(builder, guesses).build().await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        running.push((host::start(framework, listener, auth.clone()).await, auth));
    }
    println!("{} {}", running[0].0.address(), running[1].0.address());
    let (says, mut said) = mpsc::unbounded_channel();
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| says.send(line)));
    while let Some(line) = said.recv().await {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["hold", calls, callers] => {
                gate.hold(calls, callers.parse().unwrap());
                println!("holding");
            }
            ["go"] => {
                // Said first: what comes of it may be said by others.
                println!("going");
                gate.open();
            }
            ["work"] => {
                let auth = running[0].1.clone();
                tokio::spawn(async move {
                    let worked = auth.work().await;
                    println!("worked {}", worked.map_or_else(|error| format!("{error:?}"), |jobs| jobs.to_string()));
                });
            }
            _ => panic!("{line}"),
        }
    }
    for (server, auth) in running {
        server.stop().await;
        auth.shutdown().await;
    }
}

/// A running node, as the parent sees it.
pub(crate) struct Node {
    child: Child,
    input: Mutex<ChildStdin>,
    output: Mutex<Lines<BufReader<ChildStdout>>>,
    /// Where limits are so wide that no race meets them.
    pub(crate) address: SocketAddr,
    /// Where guesses are as many as they are by default.
    pub(crate) strict: SocketAddr,
}

impl Node {
    pub(crate) async fn start(database: &str, key: &Path, framework: Framework) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--node", database]).arg(key).arg(framework.name());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = output.next_line().await.unwrap().expect("the node says where it listens");
        let (address, strict) = said.split_once(' ').unwrap();
        let input = Mutex::new(child.stdin.take().unwrap());
        let (address, strict) = (address.parse().unwrap(), strict.parse().unwrap());
        Self { child, input, output: Mutex::new(output), address, strict }
    }

    pub(crate) async fn say(&self, line: &str) {
        self.input.lock().await.write_all(format!("{line}\n").as_bytes()).await.expect("the node listens");
    }

    /// The next line it says. Whoever stops waiting has lost none.
    pub(crate) async fn says(&self) -> String {
        self.output.lock().await.next_line().await.unwrap().expect("the node still runs")
    }

    /// Waits until it says this, and nothing else before.
    pub(crate) async fn hears(&self, wanted: &str) {
        let said = tokio::time::timeout(PATIENCE, self.says()).await;
        let said = said.unwrap_or_else(|_| panic!("a node does not say `{wanted}`"));
        assert_eq!(said, wanted);
    }

    /// Ends it in good order.
    pub(crate) async fn stop(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().await.unwrap().success(), "the node ends in good order");
    }
}
