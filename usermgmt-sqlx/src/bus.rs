//! The bus over LISTEN and NOTIFY.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use usermgmt_core::port::{Bus, BusError, Wakes};

use crate::lease::{Lease, within};

/// How long a new connection may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Channels belong to a database already; the schema that the table stands in tells deployments within one apart. By
/// its number, because a name may be longer than a channel's. Fails where there is no such table: a URL that leads
/// elsewhere than the store's is not taken for a bus on which nothing happens.
const CHANNEL: &str = "SELECT 'usermgmt_change_' || relnamespace FROM pg_class WHERE oid = 'usermgmt_change'::regclass";
const NOTIFY: &str =
    "SELECT pg_notify('usermgmt_change_' || relnamespace, '') FROM pg_class WHERE oid = 'usermgmt_change'::regclass";

/// A [`Bus`] over the LISTEN and NOTIFY of the PostgreSQL that holds the store: nothing else has to run.
///
/// It has two connections of its own: one that listens for as long as it stands, and one that notifies. The URL must
/// lead to the server itself and to the same database and schema as the store: a pooler in transaction mode (pgbouncer)
/// passes no notifications on. The store's own URL may go through such a pooler. Any role will do that may connect and
/// sees the schema: it reads and writes no row.
///
/// What is sent is the channel's name and an empty payload.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use usermgmt_sqlx::{Postgres, PostgresBus};
///
/// let store = Postgres::connect("postgres://app@pooler.internal:6432/app").await?;
/// let bus = PostgresBus::connect("postgres://app@db.internal:5432/app")?;
/// // UserMgmt::builder(store, …).bus(bus)
/// # Ok(())
/// # }
/// ```
pub struct PostgresBus {
    options: PgConnectOptions,
    notifying: PgPool,
}

impl PostgresBus {
    /// A bus on the database of this URL. It is connected when it is used, so an application starts without it.
    ///
    /// # Errors
    /// [`BusError`] if this is no URL of a PostgreSQL.
    pub fn connect(url: &str) -> Result<Self, BusError> {
        let options: PgConnectOptions = url.parse().map_err(lost)?;
        let notifying = alone().connect_lazy_with(options.clone());
        Ok(Self { options, notifying })
    }
}

/// A pool of one connection that is kept.
fn alone() -> PgPoolOptions {
    PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE).max_lifetime(None).idle_timeout(None)
}

fn lost(error: sqlx::Error) -> BusError {
    BusError::because(error)
}

#[async_trait]
impl Bus for PostgresBus {
    /// One statement that is a transaction of its own. Never within the transaction of a change: there a NOTIFY makes
    /// the commit take a lock of the whole server, and commits of everybody would pass one by one.
    async fn wake(&self) -> Result<(), BusError> {
        let mut lease = Lease::of(&self.notifying).await.map_err(lost)?;
        let answer = within(sqlx::query(NOTIFY).execute(lease.ask())).await;
        lease.heard(answer).map(drop).map_err(lost)
    }

    async fn listen(&self) -> Result<Box<dyn Wakes>, BusError> {
        // A pool of its own: a connection that hangs while it is given back keeps no later one waiting.
        let pool = alone().connect_with(self.options.clone()).await.map_err(lost)?;
        let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&pool).await.map_err(lost)?;
        let mut listener = PgListener::connect_with(&pool).await.map_err(lost)?;
        // A new connection is the caller's to make, who knows what to read after it.
        listener.eager_reconnect(false);
        listener.listen(&channel).await.map_err(lost)?;
        Ok(Box::new(Listening(listener)))
    }
}

impl std::fmt::Debug for PostgresBus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PostgresBus")
    }
}

struct Listening(PgListener);

#[async_trait]
impl Wakes for Listening {
    async fn next(&mut self) -> Result<(), BusError> {
        match self.0.try_recv().await.map_err(lost)? {
            Some(_) => {
                while self.0.next_buffered().is_some() {}
                Ok(())
            }
            None => Err(BusError::because("the connection that listens was closed")),
        }
    }
}
