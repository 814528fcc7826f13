//! A Redis for tests, and a line to it that can be cut.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "not every test file needs everything, and a test that cannot be prepared has failed"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use usermgmt_redis::Servers;

/// Address of a Redis on the loopback interface.
const URL: &str = "USERMGMT_TEST_REDIS";
/// Names what this machine lacks, so that leaving it out is a decision and never an accident.
const WITHOUT: &str = "USERMGMT_TEST_WITHOUT";

/// Whether Redis is left out; says so.
pub(crate) fn without_redis() -> bool {
    let without = std::env::var(WITHOUT).unwrap_or_default();
    let left_out = without.split(',').any(|name| name.trim() == "redis");
    if left_out {
        println!("left out: {WITHOUT} names redis");
    }
    left_out
}

pub(crate) fn url() -> String {
    let url = std::env::var(URL).ok().filter(|url| !url.is_empty());
    url.unwrap_or_else(|| panic!("run `cargo xtask test`, or set {WITHOUT}=redis to leave Redis out"))
}

pub(crate) fn servers() -> Servers {
    Servers::one(&url()).unwrap()
}

/// A deployment that nobody else has: tests share one Redis.
pub(crate) fn name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst))
}

/// A connection to ask Redis itself.
pub(crate) async fn redis() -> redis::aio::MultiplexedConnection {
    redis::Client::open(url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// How a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It carries.
    Up,
    /// Connections are closed, and new ones too.
    Cut,
    /// Connections stay open and carry nothing: what a firewall does that forgot them.
    Silent,
}

/// Stands between a test and a server.
pub(crate) struct Line {
    pub(crate) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

impl Line {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State::Up));
        let watched = state.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut state = watched.subscribe();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(server).await else { return };
                    let ended = tokio::select! {
                        _ = state.wait_for(|state| *state != State::Up) => false,
                        _ = copy_bidirectional(&mut near, &mut far) => true,
                    };
                    if !ended && *state.borrow() == State::Silent {
                        drop(state.wait_for(|state| *state == State::Cut).await);
                    }
                });
            }
        });
        Self { address, state }
    }

    pub(crate) fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

/// A line to the Redis of the tests, and servers reached through it.
pub(crate) async fn line() -> (Line, Servers) {
    let server = url().trim_start_matches("redis://").trim_end_matches('/').parse().unwrap();
    let line = Line::to(server).await;
    let servers = Servers::one(&format!("redis://{}", line.address)).unwrap();
    (line, servers)
}
