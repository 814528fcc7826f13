//! When to fetch the published keys, and how long to believe them. No HTTP and no clock: any client can drive it.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::error::TokenError;
use crate::header::Parts;
use crate::jwks::Jwks;
use crate::limits::{FETCH_LAPSE, JWKS_COOL_DOWN, JWKS_LIFE, JWKS_RETRY, JWKS_STALE_MAX};

/// The keys of one issuer, as they were fetched last.
///
/// - Fetched keys are used for [`JWKS_LIFE`]. While they cannot be fetched again, the old ones are used until they are
///   [`JWKS_STALE_MAX`] old, and attempts are [`JWKS_RETRY`] apart. Then nothing is accepted.
/// - A token that names an unknown key leads to a fetch, at most once in [`JWKS_COOL_DOWN`]: the issuer may have a new
///   key, and whoever invents key ids cannot flood it.
/// - One fetch at a time. One that was forgotten lapses after [`FETCH_LAPSE`].
/// - What could not be found out is never a refusal: see [`LookUp::Unavailable`].
///
/// A clock that is set back counts like one that is set forward, so keys do not become young again.
///
/// ```
/// use time::{Duration, OffsetDateTime};
/// use usermgmt_jwt::{Jwks, KeyCache, LookUp, Rules};
/// # use usermgmt_jwt::{Algorithm, Claims, SigningKey, sign};
/// # let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
/// # let key = SigningKey::generate(Algorithm::EdDsa)?;
/// # let claims = Claims { iss: "i".into(), aud: "a".into(), sub: "s".into(), sid: "x".into(), jti: "j".into(),
/// #     ..Claims::lasting(now, Duration::minutes(5))? };
/// # let token = sign(&key, &claims)?;
/// # let (token, published) = (token.expose(), Jwks::new([key.public()])?);
///
/// let rules = Rules::new("i", "a")?;
/// let mut cache = KeyCache::new();
/// let LookUp::Fetch(permit) = cache.look_up(token, now)? else { panic!("there are no keys yet") };
/// cache.put(permit, published, now); // fetched by the HTTP client of your choice
/// let LookUp::Use(keys) = cache.look_up(token, now)? else { panic!("they are there") };
/// rules.verify(&keys, token, now)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct KeyCache {
    fetched: Option<(Arc<Jwks>, OffsetDateTime)>,
    /// When the last attempt began.
    attempted: Option<OffsetDateTime>,
    /// Whether the last attempt that ended, ended badly.
    failed: bool,
    in_flight: Option<u64>,
    permits: u64,
}

/// What to do about a token.
#[derive(Debug)]
pub enum LookUp {
    /// Check it with these keys. If they do not have the token's key, the issuer does not either.
    Use(Arc<Jwks>),
    /// Fetch the keys, say how it went with [`KeyCache::put`] or [`KeyCache::failed`], and look again.
    Fetch(FetchPermit),
    /// Somebody else is fetching them. Wait until that has ended, and look again.
    Wait,
    /// The keys could not be fetched lately, so nothing can be said about this token: answer 503, not 401.
    Unavailable,
}

/// The right to fetch the keys, which one caller has at a time. Give it back with the result.
#[derive(Debug)]
#[must_use = "a permit that is not given back keeps others from fetching until it lapses"]
pub struct FetchPermit(u64);

impl KeyCache {
    /// A cache without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What to do about this token. Its header is read, and nothing in it is believed.
    ///
    /// # Errors
    /// Refuses a token that would be refused with any keys, so that nothing is fetched for it.
    pub fn look_up(&mut self, token: &str, now: OffsetDateTime) -> Result<LookUp, TokenError> {
        let parts = Parts::read(token)?;
        Ok(self.look_up_key(&parts.key_id, now))
    }

    /// The same for the header's key id alone.
    pub(crate) fn look_up_key(&mut self, key_id: &str, now: OffsetDateTime) -> LookUp {
        let since = |moment: OffsetDateTime| (now - moment).abs();
        let usable = self.fetched.as_ref().filter(|(_, fetched)| since(*fetched) <= JWKS_STALE_MAX);
        let known = usable.filter(|(keys, _)| keys.key(key_id).is_some());
        let fresh = usable.is_some_and(|(_, fetched)| since(*fetched) < JWKS_LIFE);
        if let (Some((keys, _)), true) = (known, fresh) {
            return LookUp::Use(Arc::clone(keys));
        }
        let rested: Duration = self.attempted.map_or(Duration::MAX, since);
        if self.in_flight.is_some() && rested < FETCH_LAPSE {
            return known.map_or(LookUp::Wait, |(keys, _)| LookUp::Use(Arc::clone(keys)));
        }
        // A fetch that lapsed has told nothing.
        let failed = self.failed || self.in_flight.is_some();
        if rested >= if fresh { JWKS_COOL_DOWN } else { JWKS_RETRY } {
            return LookUp::Fetch(self.permit(now, failed));
        }
        match (known, usable) {
            (Some((keys, _)), _) => LookUp::Use(Arc::clone(keys)),
            (None, Some((keys, _))) if !failed => LookUp::Use(Arc::clone(keys)),
            _ => LookUp::Unavailable,
        }
    }

    fn permit(&mut self, now: OffsetDateTime, failed: bool) -> FetchPermit {
        self.permits = self.permits.wrapping_add(1);
        (self.attempted, self.failed, self.in_flight) = (Some(now), failed, Some(self.permits));
        FetchPermit(self.permits)
    }

    /// Takes the fetched keys in the place of all earlier ones. Keys of a fetch that lapsed meanwhile are dropped: a later
    /// one may know better.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is used up")]
    pub fn put(&mut self, permit: FetchPermit, keys: Jwks, now: OffsetDateTime) {
        if self.in_flight == Some(permit.0) {
            (self.fetched, self.failed, self.in_flight) = (Some((Arc::new(keys), now)), false, None);
        }
    }

    /// Notes that the fetch came to nothing.
    #[expect(clippy::needless_pass_by_value, reason = "a permit is used up")]
    pub fn failed(&mut self, permit: FetchPermit) {
        if self.in_flight == Some(permit.0) {
            (self.failed, self.in_flight) = (true, None);
        }
    }
}

#[cfg(test)]
mod tests;
