//! The bus over pub/sub.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _};
use redis::aio::PubSub;
use redis::{Client, RedisError, cmd};
use usermgmt_core::port::{Bus, BusError, Wakes};

use crate::link::{Call, Link};
use crate::servers::{Kind, RedisConfigError, Servers, named};

/// A [`Bus`] over Redis pub/sub: for deployments with so many nodes that a connection of each to PostgreSQL for
/// listening is too much, or whose store is behind a pooler that passes no notifications on.
///
/// What is sent is the channel's name and an empty message. Channels of Redis are those of the whole server, whatever
/// the database number, so the deployment's name tells them apart.
pub struct RedisBus {
    link: Link,
    servers: Servers,
    channel: String,
    /// Which node of a cluster is listened to next.
    turn: AtomicUsize,
}

impl RedisBus {
    /// A bus for the deployment of this name. It is connected when it is used.
    ///
    /// # Errors
    /// [`RedisConfigError::Name`].
    pub fn new(servers: &Servers, name: &str) -> Result<Self, RedisConfigError> {
        let channel = format!("usermgmt:{{{}}}:change", named(name)?);
        Ok(Self { link: Link::new(servers), servers: servers.clone(), channel, turn: AtomicUsize::new(0) })
    }

    /// A server to listen to: another one of a cluster each time, for the last one may be gone.
    async fn client(&self) -> Result<Client, RedisError> {
        let _turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match &self.servers.0 {
            Kind::One(client) => Ok(client.clone()),
            #[cfg(feature = "sentinel")]
            Kind::Sentinel(watched) => watched.client().await,
            #[cfg(feature = "cluster")]
            Kind::Cluster { nodes, .. } => {
                let node = nodes.get(_turn.checked_rem(nodes.len()).unwrap_or(0));
                node.cloned().ok_or_else(|| (redis::ErrorKind::InvalidClientConfig, "a cluster without nodes").into())
            }
        }
    }
}

fn lost(error: RedisError) -> BusError {
    BusError::because(error)
}

#[async_trait]
impl Bus for RedisBus {
    async fn wake(&self) -> Result<(), BusError> {
        let mut publish = cmd("PUBLISH");
        publish.arg(&self.channel).arg("");
        self.link.ask::<i64>(&Call::Command(publish), true).await.map(drop).map_err(lost)
    }

    async fn listen(&self) -> Result<Box<dyn Wakes>, BusError> {
        let mut connection = self.client().await.map_err(lost)?.get_async_pubsub().await.map_err(lost)?;
        connection.subscribe(&self.channel).await.map_err(lost)?;
        Ok(Box::new(Subscribed(connection)))
    }
}

impl std::fmt::Debug for RedisBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisBus").field("channel", &self.channel).finish_non_exhaustive()
    }
}

struct Subscribed(PubSub);

#[async_trait]
impl Wakes for Subscribed {
    async fn next(&mut self) -> Result<(), BusError> {
        let mut messages = self.0.on_message();
        if messages.next().await.is_none() {
            return Err(BusError::because("the subscription has ended"));
        }
        while let Some(Some(_)) = messages.next().now_or_never() {}
        Ok(())
    }
}
