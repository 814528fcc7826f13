//! A connection that is made when it is needed, and anew when it was lost.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::servers::{Kind, Servers};

/// How long a connection may take.
pub(crate) const CONNECTING: Duration = Duration::from_secs(1);
/// How long an answer may take. A script of ours takes some ten microseconds; whoever waits longer waits for an outage.
pub(crate) const ANSWERING: Duration = Duration::from_secs(1);
/// How long a call may take in all, its place in the queue for a new connection included.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is asked of Redis.
pub(crate) enum Call<'a> {
    Script(ScriptInvocation<'a>),
    Command(Cmd),
}

/// The one connection of a handle: requests share it, answers come in their order.
pub(crate) struct Link {
    servers: Servers,
    live: Mutex<Option<(u64, Connection)>>,
}

#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Link {
    pub(crate) fn new(servers: &Servers) -> Self {
        Self { servers: servers.clone(), live: Mutex::new(None) }
    }

    /// Asks once; twice with `again` if the connection turns out to be lost, so that a restarted server costs nobody
    /// an error. The first may have been carried out all the same.
    pub(crate) async fn ask<T: FromRedisValue>(&self, call: &Call<'_>, again: bool) -> Result<T, RedisError> {
        let answer = async {
            match self.ask_once(call).await {
                Err(lost) if again && is_lost(&lost) => self.ask_once(call).await,
                answer => answer,
            }
        };
        timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(too_slow()))
    }

    async fn ask_once<T: FromRedisValue>(&self, call: &Call<'_>) -> Result<T, RedisError> {
        let (number, mut connection) = self.connection().await?;
        let answer = match &mut connection {
            Connection::Single(connection) => call.send(connection).await,
            #[cfg(feature = "cluster")]
            Connection::Cluster(connection) => call.send(connection).await,
        };
        if answer.as_ref().is_err_and(is_lost) {
            let mut live = self.live.lock().await;
            // Somebody else may have made a new one.
            if live.as_ref().is_some_and(|(present, _)| *present == number) {
                *live = None;
            }
        }
        answer
    }

    async fn connection(&self) -> Result<(u64, Connection), RedisError> {
        let mut live = self.live.lock().await;
        if let Some(present) = live.as_ref() {
            return Ok(present.clone());
        }
        let made = timeout(CONNECTING, self.connect()).await.unwrap_or_else(|_| Err(too_slow()))?;
        let number = next_number();
        *live = Some((number, made.clone()));
        Ok((number, made))
    }

    async fn connect(&self) -> Result<Connection, RedisError> {
        let config = || {
            AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECTING)).set_response_timeout(Some(ANSWERING))
        };
        let client = match &self.servers.0 {
            Kind::One(client) => client.clone(),
            #[cfg(feature = "sentinel")]
            Kind::Sentinel(watched) => watched.client().await?,
            #[cfg(feature = "cluster")]
            Kind::Cluster { whole, .. } => return Ok(Connection::Cluster(whole.get_async_connection().await?)),
        };
        Ok(Connection::Single(client.get_multiplexed_async_connection_with_config(&config()).await?))
    }
}

impl Call<'_> {
    async fn send<T: FromRedisValue>(&self, connection: &mut impl ConnectionLike) -> Result<T, RedisError> {
        match self {
            // By its digest; the text follows if the server does not know it.
            Self::Script(script) => script.invoke_async(connection).await,
            Self::Command(command) => command.query_async(connection).await,
        }
    }
}

fn next_number() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Whether another connection may fare better: this one is broken or silent, or leads to a server that was master.
fn is_lost(error: &RedisError) -> bool {
    let demoted = matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading)
    );
    demoted || error.is_unrecoverable_error() || error.is_io_error()
}

fn too_slow() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
