//! The time. Tests move it; nothing sleeps.

use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// Tells the time, in UTC and cut to whole microseconds, which is what every store keeps.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> OffsetDateTime;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the port's own file")]
    fn now(&self) -> OffsetDateTime {
        let now = OffsetDateTime::now_utc();
        now.replace_nanosecond(now.microsecond() * 1_000).unwrap_or(now)
    }
}

/// A clock that moves only when told.
///
/// ```
/// use time::{Duration, OffsetDateTime};
/// use usermgmt_core::port::{Clock, ManualClock};
///
/// let clock = ManualClock::at(OffsetDateTime::UNIX_EPOCH);
/// clock.advance(Duration::minutes(5));
/// assert_eq!(clock.now().unix_timestamp(), 300);
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at this time, cut to whole microseconds.
    #[must_use]
    pub fn at(time: OffsetDateTime) -> Self {
        Self(AtomicI64::new(micros(time)))
    }

    /// Moves the clock, backwards with a negative duration.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.whole_microseconds()).unwrap_or(0), Ordering::SeqCst);
    }

    /// Sets the clock.
    pub fn set(&self, time: OffsetDateTime) {
        self.0.store(micros(time), Ordering::SeqCst);
    }
}

fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(0)
}

impl Clock for ManualClock {
    fn now(&self) -> OffsetDateTime {
        let nanos = i128::from(self.0.load(Ordering::SeqCst)) * 1_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl<C: Clock> Clock for std::sync::Arc<C> {
    fn now(&self) -> OffsetDateTime {
        (**self).now()
    }
}
