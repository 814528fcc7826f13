//! Redis for usermgmt, beside a SQL store: limits that several nodes count together, and a bus that wakes them.
//!
//! | you want | take |
//! |---|---|
//! | sign-ins and other limits counted in Redis instead of the database | [`RedisThrottle`] in [`RedisThrottled`] |
//! | the other nodes to hear at once what one has committed | [`RedisBus`] |
//!
//! Everything else stays in the SQL store: users, organisations, audit events, and sessions, which end in the same commit
//! as the event that tells of it. So nothing that must not be lost is kept here.
//!
//! ```
//! # use usermgmt_core::MemoryStore;
//! use usermgmt_redis::{RedisBus, RedisThrottle, RedisThrottled, Servers};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sqlite = MemoryStore::new();
//! let servers = Servers::one("redis://127.0.0.1:6379")?;
//! let store = RedisThrottled::new(sqlite, RedisThrottle::new(&servers, "shop")?);
//! let bus = RedisBus::new(&servers, "shop")?;
//! // UserMgmt::builder(store, …).bus(bus)
//! # let _ = (store, bus);
//! # Ok(())
//! # }
//! ```
//!
//! Redis 6.0 or newer, as one server, behind Sentinel (feature `sentinel`) or as a Cluster (feature `cluster`); `rediss://`
//! speaks TLS by rustls. Nothing is connected before it is used, so an application starts while Redis is down.
//!
//! # What to configure on the server
//!
//! - `maxmemory-policy noeviction`. With any other policy a flood of addresses pushes out the counters that should stop it.
//!   A full server refuses to write, and then what is limited is answered with 503, never allowed.
//! - `appendonly yes`, if counters must outlive a restart. After a failover the last second of uses may be forgotten: Redis
//!   copies to replicas after it has answered.
//! - A user of its own, for the deployment `shop`:
//!   `ACL SETUSER shop on >… ~usermgmt:{shop}:* &usermgmt:{shop}:* +evalsha +script|load +get +set +publish +subscribe`.
//!   Whoever may write there can open limits, and by the bus make nodes read what they may read anyway; keys are MACs and
//!   name nobody.

mod bus;
mod link;
mod servers;
mod throttle;
mod throttled;

pub use bus::RedisBus;
pub use servers::{RedisConfigError, Servers};
pub use throttle::RedisThrottle;
pub use throttled::RedisThrottled;
