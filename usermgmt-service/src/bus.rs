//! Waking the other processes, and being woken: what a [`Bus`] is used for.
//!
//! Two loops in one background task. The one sends: a commit leaves a note, and the note becomes a wake; while that is
//! under way, and for a moment after it, any number of commits leave one note. The other listens, and reads the change
//! sequence when woken and right after each connection. Neither is in anybody's way: a bus that is down or slow costs
//! nothing but speed, since each process looks by itself within the life of its cache.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use usermgmt_core::port::{Bus, BusError, Random, Runtime, Wakes};

use crate::UserMgmt;
use crate::handle::Inner;
use crate::metrics;

/// Least time between two wakes that a process sends, and between two readings that wakes lead to. So a flood of
/// commits makes at most 50 of either a second in each process, and a single one waits for nothing.
const EVERY: Duration = Duration::from_millis(20);
/// How long a wake or a connection may take, as long as for a connection of the store's pool.
const PATIENCE: Duration = Duration::from_secs(5);
/// First pause after a failure; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause after a failure: so late at most is the bus noticed once it is back.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// After this long without a wake, and up to half of it more, a process wakes everybody, itself included: a connection
/// that is dead without saying so brings nothing. Shorter than the 60 s and more after which balancers and firewalls
/// drop connections that rest.
const SILENCE: Duration = Duration::from_secs(20);
/// How long that wake may take to come back.
const ECHO: Duration = Duration::from_secs(10);

/// The end of the bus within the handle.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The note: something was appended and nobody was woken for it yet.
    due: Arc<Notify>,
    /// Closed when the last handle is dropped.
    leaving: watch::Sender<bool>,
    joined: Arc<watch::Sender<bool>>,
}

impl Line {
    /// Leaves a note that something was appended.
    pub(crate) fn appended(&self) {
        self.due.notify_one();
    }

    /// Leaves the bus, and waits until that is done.
    pub(crate) async fn leave(&self) {
        self.leaving.send_replace(true);
        // It cannot fail: the sender is ours.
        drop(self.joined.subscribe().wait_for(|joined| !joined).await);
    }
}

/// Says that the bus was left, also when the task panics.
struct Joined(Arc<watch::Sender<bool>>);

impl Drop for Joined {
    fn drop(&mut self) {
        self.0.send_replace(false);
    }
}

impl UserMgmt {
    /// Starts the background task of the bus, if there is one. It ends when the last handle is dropped or on
    /// [`shutdown`](Self::shutdown).
    pub(crate) fn join_bus(&self) {
        let Some(bus) = self.0.parts.bus.clone() else { return };
        let (line, parts) = (&self.0.bus, &self.0.parts);
        line.joined.send_replace(true);
        let joined = Joined(line.joined.clone());
        let member = Member {
            bus,
            auth: Arc::downgrade(&self.0),
            due: line.due.clone(),
            leaving: line.leaving.subscribe(),
            runtime: parts.runtime.clone(),
            random: parts.random.clone(),
        };
        parts.runtime.spawn(Box::pin(async move {
            let _joined = joined;
            tokio::join!(member.send(), member.unless_leaving(member.listen()));
        }));
    }
}

/// What the background task works with. It does not keep the handle alive.
struct Member {
    bus: Arc<dyn Bus>,
    auth: Weak<Inner>,
    due: Arc<Notify>,
    leaving: watch::Receiver<bool>,
    runtime: Arc<dyn Runtime>,
    random: Arc<dyn Random>,
}

impl Member {
    /// Turns notes into wakes.
    async fn send(&self) {
        let mut pauses = Pauses::default();
        loop {
            if self.unless_leaving(self.due.notified()).await.is_none() {
                return self.send_the_last().await;
            }
            while let Err(error) = self.wake().await {
                if pauses.begin() {
                    tracing::warn!(%error, cause = ?std::error::Error::source(&error), "other processes cannot be woken");
                }
                if self.unless_leaving(self.runtime.wait(pauses.next(self.random.as_ref()))).await.is_none() {
                    return self.send_the_last().await;
                }
            }
            if pauses.end() {
                tracing::info!("other processes can be woken again");
            }
            // Notes that are left meanwhile are one.
            let _ = self.unless_leaving(self.runtime.wait(EVERY)).await;
        }
    }

    /// One try for a note that nobody was woken for.
    async fn send_the_last(&self) {
        if pin!(self.due.notified()).enable() {
            drop(self.wake().await);
        }
    }

    async fn wake(&self) -> Result<(), BusError> {
        let sent = self.within(PATIENCE, self.bus.wake()).await;
        match &sent {
            Ok(()) => metrics::bus_wake_sent(),
            Err(_) => metrics::bus_failed("send"),
        }
        sent
    }

    /// Connects, follows, and connects anew.
    async fn listen(&self) {
        let mut pauses = Pauses::default();
        loop {
            let connection = self.within(PATIENCE, self.bus.listen()).await;
            let worth_a_line = connection.is_ok() || pauses.begin();
            let lost = match connection {
                Ok(wakes) => {
                    metrics::bus_connected();
                    if !pauses.begin() {
                        tracing::info!("the bus is connected again");
                    }
                    match self.follow(wakes, &mut pauses).await {
                        Some(lost) => lost,
                        None => return,
                    }
                }
                Err(error) => error,
            };
            metrics::bus_failed("listen");
            if worth_a_line {
                tracing::warn!(error = %lost, cause = ?std::error::Error::source(&lost), "the bus is lost");
            }
            self.runtime.wait(pauses.next(self.random.as_ref())).await;
        }
    }

    /// Reads the change sequence whenever woken. Answers how the connection was lost; `None` if the handle is gone.
    async fn follow(&self, mut wakes: Box<dyn Wakes>, pauses: &mut Pauses) -> Option<BusError> {
        loop {
            // At first for what was missed before this connection stood.
            self.hear().await?;
            self.runtime.wait(EVERY).await;
            if let Err(lost) = self.next(wakes.as_mut()).await {
                return Some(lost);
            }
            metrics::bus_wake_heard();
            // Not before it has carried something: a connection that is taken and dropped is none.
            pauses.end();
        }
    }

    /// Waits for the next wake; after a silence asks for one.
    async fn next(&self, wakes: &mut dyn Wakes) -> Result<(), BusError> {
        let mut next = pin!(wakes.next());
        let silence = SILENCE + (SILENCE / 2).mul_f64(fraction(self.random.as_ref()));
        tokio::select! {
            woken = &mut next => return woken,
            () = self.runtime.wait(silence) => self.due.notify_one(),
        }
        tokio::select! {
            woken = &mut next => woken,
            () = self.runtime.wait(ECHO) => Err(BusError::because("a wake has not come back")),
        }
    }

    /// Hears what was appended; `None` if the handle is gone.
    async fn hear(&self) -> Option<()> {
        let auth = UserMgmt(self.auth.upgrade()?);
        if let Err(error) = auth.hear(auth.now()).await {
            // The next request that is older than the cache's life asks again, and says so.
            tracing::warn!(%error, "woken, but the change sequence could not be read");
        }
        Some(())
    }

    async fn within<T>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, BusError>>,
    ) -> Result<T, BusError> {
        tokio::select! {
            done = work => done,
            () = self.runtime.wait(patience) => Err(BusError::because("it does not answer in time")),
        }
    }

    /// What the future gives, or `None` as soon as the bus is to be left.
    async fn unless_leaving<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut leaving = self.leaving.clone();
        tokio::select! {
            // An error says that the last handle is gone.
            _ = leaving.wait_for(|leaving| *leaving) => None,
            done = work => Some(done),
        }
    }
}

/// Pauses of one outage: each twice as long as the one before, up to a bound.
#[derive(Debug, Default)]
struct Pauses {
    failures: u32,
}

impl Pauses {
    /// Whether this failure begins an outage.
    const fn begin(&self) -> bool {
        self.failures == 0
    }

    /// How long to wait now. Up to half of it is chance, so that the processes that lost one server do not come back to
    /// it all at a time.
    fn next(&mut self, random: &dyn Random) -> Duration {
        let longest = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(0.5 + fraction(random) / 2.0)
    }

    /// Whether an outage ends here.
    fn end(&mut self) -> bool {
        std::mem::take(&mut self.failures) > 0
    }
}

/// Between 0 and 1. Without randomness a half: nothing secret depends on it.
fn fraction(random: &dyn Random) -> f64 {
    let mut bytes = [0; 2];
    random.fill(&mut bytes).map_or(0.5, |()| f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests;
