//! One node: a process of the application.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::Bus;
use usermgmt_redis::{RedisBus, Servers};
use usermgmt_service::{Builder, DevMailbox, HashCost, UserMgmt};
use usermgmt_sqlx::{Postgres, PostgresBus};
use usermgmt_tests::{Framework, host};

/// What browsers see, whichever node answers.
pub(crate) const ORIGIN: &str = "http://localhost:8080";

/// What every process of the application says alike.
pub(crate) fn settings(builder: Builder) -> Builder {
    builder
        .hash_cost(HashCost::insecure_for_tests())
        .role("reader", ["thing:read"])
        .role("member", [])
        .mailer(DevMailbox::default())
}

/// `postgres://…` or `redis://…`.
pub(crate) fn bus(spec: &str) -> Arc<dyn Bus> {
    match Servers::one(spec) {
        Ok(servers) => Arc::new(RedisBus::new(&servers, "nodes").unwrap()),
        Err(_) => Arc::new(PostgresBus::connect(spec).unwrap()),
    }
}

/// The child: `DATABASE BUS KEY`. Says where it listens, and ends when its input does.
pub(crate) async fn run(args: &[String]) {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let store = Postgres::connect(&args[0]).await.unwrap();
    let keys = KeyRing::from_file_or_create(&args[2]).unwrap();
    let builder = settings(UserMgmt::builder(store, ORIGIN, keys)).bus(bus(&args[1]));
    let auth = builder.build().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = host::start(Framework::Axum, listener, auth.clone()).await;
    println!("{}", server.address());
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    drop(ended.await);
    server.stop().await;
    auth.shutdown().await;
}

/// A running node, as the parent sees it.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Node {
    pub(crate) fn start(database: &str, bus: &str, key: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--node", database, bus]).arg(key);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
        let address = said.expect("the node says where it listens").unwrap().parse().unwrap();
        Self { child, address }
    }

    /// Ends it in good order.
    pub(crate) fn stop(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success(), "the node ends in good order");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
    }
}
