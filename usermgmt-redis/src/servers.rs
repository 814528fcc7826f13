//! Where Redis is.

use std::fmt;

use redis::{Client, RedisError};

/// Longest name of a deployment.
const NAME_MAX: usize = 64;

/// Why Redis cannot be used as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisConfigError {
    /// An address is none.
    #[error("this is no address of Redis: expected `redis://…` or `rediss://…`")]
    Url(#[source] RedisError),
    /// The name of the deployment has other characters, or too many.
    #[error("a name takes 1 to {NAME_MAX} of the characters a-z, 0-9, `_` and `-`")]
    Name,
    /// No server was named.
    #[error("at least one server must be named")]
    NoServer,
}

/// The Redis servers of a deployment.
#[derive(Clone)]
pub struct Servers(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    One(Client),
    #[cfg(feature = "sentinel")]
    Sentinel(Watched),
    #[cfg(feature = "cluster")]
    Cluster {
        whole: Box<redis::cluster::ClusterClient>,
        /// Each by itself: any of them carries messages.
        nodes: std::sync::Arc<[Client]>,
    },
}

/// A master that sentinels know.
#[cfg(feature = "sentinel")]
#[derive(Clone)]
pub(crate) struct Watched {
    sentinels: Vec<redis::ConnectionInfo>,
    master: std::sync::Arc<str>,
    node: redis::sentinel::SentinelNodeConnectionInfo,
}

#[cfg(feature = "sentinel")]
impl Watched {
    /// Whoever is the master now.
    pub(crate) async fn client(&self) -> Result<Client, RedisError> {
        let mut sentinel = redis::sentinel::Sentinel::build(self.sentinels.clone())?;
        sentinel.async_master_for(&self.master, Some(&self.node)).await
    }
}

impl Servers {
    /// One server: `redis://user:password@host:port/database`, `rediss://…` with TLS.
    ///
    /// # Errors
    /// [`RedisConfigError::Url`].
    pub fn one(url: &str) -> Result<Self, RedisConfigError> {
        Ok(Self(Kind::One(client(url)?)))
    }

    /// The master of this name that these sentinels know, whoever it is at the time. `node` is an address whose user,
    /// password, database and TLS are those of the servers that are watched; its host is not looked at.
    ///
    /// # Errors
    /// [`RedisConfigError::Url`] or [`RedisConfigError::NoServer`].
    #[cfg(feature = "sentinel")]
    pub fn sentinel<'a>(
        sentinels: impl IntoIterator<Item = &'a str>,
        master: &str,
        node: &str,
    ) -> Result<Self, RedisConfigError> {
        let sentinels: Result<Vec<_>, _> =
            sentinels.into_iter().map(|url| Ok(client(url)?.get_connection_info().clone())).collect();
        let sentinels =
            sentinels.and_then(|all| if all.is_empty() { Err(RedisConfigError::NoServer) } else { Ok(all) })?;
        let like = client(node)?;
        let like = like.get_connection_info();
        let mut node = redis::sentinel::SentinelNodeConnectionInfo::default()
            .set_redis_connection_info(like.redis_settings().clone());
        if matches!(like.addr(), redis::ConnectionAddr::TcpTls { .. }) {
            node = node.set_tls_mode(redis::TlsMode::Secure);
        }
        Ok(Self(Kind::Sentinel(Watched { sentinels, master: master.into(), node })))
    }

    /// A Redis Cluster, found by any of these nodes.
    ///
    /// # Errors
    /// [`RedisConfigError::Url`] or [`RedisConfigError::NoServer`].
    #[cfg(feature = "cluster")]
    pub fn cluster<'a>(urls: impl IntoIterator<Item = &'a str>) -> Result<Self, RedisConfigError> {
        let nodes: Vec<_> = urls.into_iter().map(client).collect::<Result<_, _>>()?;
        if nodes.is_empty() {
            return Err(RedisConfigError::NoServer);
        }
        let infos = nodes.iter().map(|node| node.get_connection_info().clone());
        let whole = redis::cluster::ClusterClientBuilder::new(infos)
            .connection_timeout(crate::link::CONNECTING)
            .response_timeout(crate::link::ANSWERING)
            .build()
            .map_err(RedisConfigError::Url)?;
        Ok(Self(Kind::Cluster { whole: Box::new(whole), nodes: nodes.into() }))
    }
}

impl fmt::Debug for Servers {
    /// Without addresses: they hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Servers")
    }
}

fn client(url: &str) -> Result<Client, RedisConfigError> {
    // With two providers in a process rustls takes neither by itself. Somebody may have chosen before: so be it.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    Client::open(url).map_err(RedisConfigError::Url)
}

/// The name of a deployment, which begins every key and channel: several share one Redis.
pub(crate) fn named(name: &str) -> Result<&str, RedisConfigError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    let fits = (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain);
    if fits { Ok(name) } else { Err(RedisConfigError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_nothing_that_would_end_a_hash_tag() {
        for good in ["a", "shop", "shop-2_eu", &"x".repeat(NAME_MAX)] {
            assert_eq!(named(good).unwrap(), good);
        }
        for bad in ["", "Shop", "a}b", "a:b", "a b", "ä", &"x".repeat(NAME_MAX + 1)] {
            assert!(matches!(named(bad), Err(RedisConfigError::Name)), "{bad}");
        }
    }

    #[test]
    fn addresses_are_those_of_redis_and_do_not_print() {
        let servers = Servers::one("redis://:secret@127.0.0.1:6379/1").unwrap();
        assert_eq!(format!("{servers:?}"), "Servers");
        let refused = Servers::one("postgres://127.0.0.1").unwrap_err();
        assert!(matches!(refused, RedisConfigError::Url(_)));
        assert!(Servers::one("").is_err());
    }
}
