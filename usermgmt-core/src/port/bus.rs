//! A bus between the processes of one deployment, which carries one word: something has changed, look.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use async_trait::async_trait;

/// Why the bus could not be used. It concerns speed only, never an answer about anybody.
#[derive(Debug)]
pub struct BusError(Box<dyn std::error::Error + Send + Sync>);

impl BusError {
    /// What went wrong.
    pub fn because(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bus is not connected")
    }
}

impl std::error::Error for BusError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

/// Wakes the processes that share a store, so that they read the change sequence at once instead of at their next
/// look.
///
/// # Contract
/// - It guarantees nothing but speed. What has changed is in the store's change sequence; each process reads it within
///   its cache's life whether it was woken or not. A wake may be lost, doubled, late, or come for nothing.
/// - A wake says *that* something was appended and nothing else: no user, no organisation, no number. At most the name
///   of the database is on the wire. Whoever can forge wakes can make processes read the sequence, and no more.
/// - A process that wakes the others may be woken by itself, and should be: so it sees that the bus still carries.
/// - Whoever calls bounds the time and tries again; an implementation does neither.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Wakes every process that listens.
    ///
    /// # Errors
    /// [`BusError`] if the bus cannot say that it has taken the wake.
    async fn wake(&self) -> Result<(), BusError>;

    /// Connects and listens: wakes that are sent after this has returned arrive.
    ///
    /// # Errors
    /// [`BusError`] if there is no connection.
    async fn listen(&self) -> Result<Box<dyn Wakes>, BusError>;
}

/// One connection that listens.
#[async_trait]
pub trait Wakes: Send {
    /// Resolves when this process was woken since the last call; several wakes may be one. Whoever stops waiting before
    /// that drops the connection as well.
    ///
    /// # Errors
    /// [`BusError`] as soon as it is known that the connection is lost. Wakes may have been missed since; this
    /// connection brings none any more.
    async fn next(&mut self) -> Result<(), BusError>;
}

#[async_trait]
impl<B: Bus + ?Sized> Bus for Arc<B> {
    async fn wake(&self) -> Result<(), BusError> {
        (**self).wake().await
    }

    async fn listen(&self) -> Result<Box<dyn Wakes>, BusError> {
        (**self).listen().await
    }
}

/// A bus within one process: for several handles on one store, and for tests, which can cut it.
///
/// ```
/// use usermgmt_core::port::{Bus as _, LocalBus};
///
/// # use std::task::{Context, Poll, Waker};
/// # fn ready<F: Future>(future: F) -> F::Output {
/// #     match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
/// #         Poll::Ready(output) => output,
/// #         Poll::Pending => panic!("it waits"),
/// #     }
/// # }
/// # ready(async {
/// let bus = LocalBus::default();
/// let mut wakes = bus.listen().await?;
/// bus.wake().await?;
/// bus.wake().await?;
/// wakes.next().await?;
/// assert_eq!(bus.sent(), 2);
///
/// bus.cut();
/// assert!(wakes.next().await.is_err() && bus.wake().await.is_err() && bus.listen().await.is_err());
/// bus.mend();
/// assert!(wakes.next().await.is_err(), "a lost connection brings no wakes any more");
/// bus.listen().await?;
/// # Ok::<(), usermgmt_core::port::BusError>(())
/// # })?;
/// # Ok::<(), usermgmt_core::port::BusError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LocalBus(Arc<Mutex<Line>>);

#[derive(Debug, Default)]
struct Line {
    sent: u64,
    cuts: u64,
    down: bool,
    waiting: Vec<Waker>,
}

impl Line {
    fn stir(&mut self) {
        self.waiting.drain(..).for_each(Waker::wake);
    }

    fn up(&self) -> Result<(), BusError> {
        if self.down { Err(BusError::because("the bus is cut")) } else { Ok(()) }
    }
}

impl LocalBus {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wakes it has taken.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.line().sent
    }

    /// Loses every connection and takes no other until [`mend`](Self::mend).
    pub fn cut(&self) {
        let mut line = self.line();
        line.cuts += 1;
        line.down = true;
        line.stir();
    }

    /// Lets it be connected again.
    pub fn mend(&self) {
        self.line().down = false;
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn wake(&self) -> Result<(), BusError> {
        let mut line = self.line();
        line.up()?;
        line.sent += 1;
        line.stir();
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Wakes>, BusError> {
        let line = self.line();
        line.up()?;
        Ok(Box::new(LocalWakes { bus: self.clone(), seen: line.sent, cuts: line.cuts }))
    }
}

/// A connection to a [`LocalBus`].
struct LocalWakes {
    bus: LocalBus,
    seen: u64,
    cuts: u64,
}

#[async_trait]
impl Wakes for LocalWakes {
    async fn next(&mut self) -> Result<(), BusError> {
        poll_fn(|context| {
            let mut line = self.bus.line();
            if line.cuts > self.cuts {
                return Poll::Ready(Err(BusError::because("the bus was cut")));
            }
            if line.sent > self.seen {
                self.seen = line.sent;
                return Poll::Ready(Ok(()));
            }
            if !line.waiting.iter().any(|waiting| waiting.will_wake(context.waker())) {
                line.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }
}
