//! Counters of limits in Redis.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use async_trait::async_trait;
use redis::{ErrorKind, RedisError, Script, ScriptInvocation};
use time::OffsetDateTime;
use usermgmt_core::store::{Charge, Result, StoreError, StoreErrorKind, ThrottleKey, ThrottleStore, Throttled};

use crate::link::{Call, Link};
use crate::servers::{RedisConfigError, Servers, named};

/// Counts one use on every counter or on none.
const CHARGE: &str = include_str!("charge.lua");
/// Takes back one use on each counter.
const REFUND: &str = include_str!("refund.lua");
/// What the scripts answer first for a value that is none of theirs.
const CORRUPT: &str = "CORRUPT";

/// Counts limits in Redis. Put it beside a SQL store with [`RedisThrottled`](crate::RedisThrottled).
///
/// # How
/// A counter is one string: uses, and the end of the window as whole seconds and microseconds of the application's clock.
/// A charge is one script:
/// Redis runs nothing else meanwhile, so of any number of simultaneous uses no more than the limit are allowed, and a
/// refused one is counted nowhere. Each key dies by itself a minute after its window, which is more than clocks of
/// nodes should differ; nothing has to sweep.
///
/// # On a Cluster
/// A charge names counters of different things (this account, this address, this pair of them), and must count on all
/// or none, which a Cluster does only for keys in one slot. Therefore *all* counters of a deployment carry one hash tag,
/// its name, and live on one shard: the Cluster gives them its failover, not its breadth. Measured with other work on
/// the same two cores, one server ran 7,000 charges of five counters a second; a sign-in costs 14 ms of a core for its
/// password hash, so that a hundred cores which do nothing but hash keep that server busy. Splitting the counters by
/// kind would let a use be counted on one shard and refused on the next.
///
/// # When Redis is down
/// A charge is [`Unavailable`](StoreErrorKind::Unavailable) after at most three seconds, so what is limited is answered
/// with 503; sessions go on. After a lost connection a charge is tried once more and may then count twice. A refund is
/// not tried again.
pub struct RedisThrottle {
    link: Link,
    prefix: String,
    charge: Script,
    refund: Script,
}

impl RedisThrottle {
    /// Counters for the deployment of this name. It is connected when it is used.
    ///
    /// # Errors
    /// [`RedisConfigError::Name`].
    pub fn new(servers: &Servers, name: &str) -> std::result::Result<Self, RedisConfigError> {
        let prefix = format!("usermgmt:{{{}}}:throttle:", named(name)?);
        Ok(Self { link: Link::new(servers), prefix, charge: Script::new(CHARGE), refund: Script::new(REFUND) })
    }

    fn name_of(&self, key: &ThrottleKey) -> String {
        let mut name = String::with_capacity(self.prefix.len() + 64);
        name.push_str(&self.prefix);
        for byte in key.as_bytes() {
            // Writing to a string does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        name
    }
}

/// What a charge allows on one counter.
struct Allowance {
    key: ThrottleKey,
    limit: u32,
    /// When a window that began now would end; no window may end later.
    ends_at: OffsetDateTime,
}

/// Each counter once, by the lower of its limits and in the place it was named last: of two that stay closed equally
/// long the later one is named.
fn wanted(charges: &[Charge], now: OffsetDateTime) -> Vec<Allowance> {
    let mut by_key = BTreeMap::new();
    for (place, charge) in charges.iter().enumerate() {
        let ends_at = now.saturating_add(charge.window);
        let one = by_key.entry(charge.key).or_insert((place, charge.limit, ends_at));
        *one = (place, one.1.min(charge.limit), one.2.min(ends_at));
    }
    let mut all: Vec<_> = by_key.into_iter().collect();
    all.sort_unstable_by_key(|(_, (place, ..))| *place);
    all.into_iter().map(|(key, (_, limit, ends_at))| Allowance { key, limit, ends_at }).collect()
}

#[async_trait]
impl ThrottleStore for RedisThrottle {
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>> {
        let wanted = wanted(charges, now);
        if wanted.is_empty() {
            return Ok(None);
        }
        let mut call = self.charge.prepare_invoke();
        add(&mut call, now);
        for allowance in &wanted {
            add(call.key(self.name_of(&allowance.key)).arg(allowance.limit), allowance.ends_at);
        }
        let answer: Vec<i64> = self.link.ask(&Call::Script(call), true).await.map_err(error)?;
        match answer.as_slice() {
            [] => Ok(None),
            [place, seconds, micros] => {
                let refusing = usize::try_from(*place).ok().and_then(|place| wanted.get(place.checked_sub(1)?));
                let (refusing, until) = refusing.zip(instant(*seconds, *micros)).ok_or_else(corrupt)?;
                Ok(Some(Throttled { key: refusing.key, until }))
            }
            _ => Err(corrupt()),
        }
    }

    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut call = self.refund.prepare_invoke();
        add(&mut call, now);
        for key in keys {
            call.key(self.name_of(key));
        }
        self.link.ask::<i64>(&Call::Script(call), false).await.map(drop).map_err(error)
    }
}

impl std::fmt::Debug for RedisThrottle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisThrottle").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// A time in the two numbers that scripts reckon with: numbers of Lua are exact up to 2^53 only, which is the year 2255
/// in microseconds.
fn add(call: &mut ScriptInvocation<'_>, time: OffsetDateTime) {
    call.arg(time.unix_timestamp()).arg(time.microsecond());
}

fn instant(seconds: i64, micros: i64) -> Option<OffsetDateTime> {
    let nanos = i128::from(seconds).checked_mul(1_000_000_000)?.checked_add(i128::from(micros).checked_mul(1_000)?)?;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()
}

fn corrupt() -> StoreError {
    StoreError::corrupt("redis", "throttle")
}

/// From what the driver says to what the caller should do.
fn error(failure: RedisError) -> StoreError {
    let kind = match failure.kind() {
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => StoreErrorKind::Corrupt,
        _ if failure.code() == Some(CORRUPT) => StoreErrorKind::Corrupt,
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::caused_by(kind, failure)
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    fn charge(number: u8, limit: u32, seconds: i64) -> Charge {
        Charge { key: ThrottleKey::from_bytes([number; 32]), limit, window: Duration::seconds(seconds) }
    }

    #[test]
    fn a_counter_is_named_once_with_the_stricter_of_each_in_its_last_place() {
        let all = wanted(&[charge(1, 5, 60), charge(2, 3, 60), charge(1, 4, 90)], OffsetDateTime::UNIX_EPOCH);
        let seen: Vec<_> =
            all.iter().map(|one| (one.key.as_bytes()[0], one.limit, one.ends_at.unix_timestamp())).collect();
        assert_eq!(seen, [(2, 3, 60), (1, 4, 60)]);
    }

    #[test]
    fn all_counters_of_a_deployment_share_one_slot() {
        let throttle = RedisThrottle::new(&Servers::one("redis://127.0.0.1").unwrap(), "shop").unwrap();
        let name = throttle.name_of(&ThrottleKey::from_bytes([0xAB; 32]));
        assert_eq!(name, format!("usermgmt:{{shop}}:throttle:{}", "ab".repeat(32)));
        assert!(RedisThrottle::new(&Servers::one("redis://127.0.0.1").unwrap(), "a}b").is_err());
    }

    #[test]
    fn times_of_any_year_are_two_exact_numbers() {
        for time in [
            OffsetDateTime::UNIX_EPOCH - Duration::microseconds(1),
            OffsetDateTime::UNIX_EPOCH.replace_year(999).unwrap() + Duration::microseconds(999_999),
            OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::MAX).replace_nanosecond(999_999_000).unwrap(),
        ] {
            assert_eq!(instant(time.unix_timestamp(), time.microsecond().into()), Some(time));
        }
        assert_eq!(instant(i64::MAX, i64::MAX), None);
    }
}
