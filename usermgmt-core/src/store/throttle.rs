//! Limits, counted atomically.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

use super::Result;
use crate::keys::PurposeKey;

/// Key of one counter: a MAC of what is limited, so that stored counters name nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ThrottleKey([u8; 32]);

impl ThrottleKey {
    /// The key of a limit (by its stable name) for these parts.
    #[must_use]
    pub fn new(key: &PurposeKey, limit: &'static str, parts: &[&[u8]]) -> Self {
        let mut all = vec![limit.as_bytes()];
        all.extend_from_slice(parts);
        Self(key.mac(&all))
    }

    /// A key as read from storage.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for storage.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// One use to be counted against a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Which counter.
    pub key: ThrottleKey,
    /// Uses allowed within one window.
    pub limit: u32,
    /// The window; it begins with the first use.
    pub window: Duration,
}

/// A limit that was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// The counter that refused.
    pub key: ThrottleKey,
    /// When its window ends.
    pub until: OffsetDateTime,
}

/// Counts uses in windows. May live elsewhere than the other rows (in Redis).
///
/// # Contract
/// - Each charge is counted and compared in one atomic step: of any number of simultaneous uses no more than `limit`
///   are allowed within a window.
/// - A window that would end later than `now + window` (the clock went back) ends at `now + window`, and stays cut even
///   if the use that cut it was refused.
/// - A counter that is named twice in one call counts once, by the lower limit.
/// - A refused use is not counted on any of its counters, so a refusal never prolongs itself.
#[async_trait]
pub trait ThrottleStore: Send + Sync + 'static {
    /// Counts one use on every counter, or on none. `Ok(None)` if all allow it, else the refusing counter that
    /// stays closed the longest.
    ///
    /// # Errors
    /// As every store; the caller must then refuse, not allow.
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>>;

    /// Takes back one use on each counter: it turned out not to be what the limit counts.
    ///
    /// # Errors
    /// As every store.
    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()>;
}
