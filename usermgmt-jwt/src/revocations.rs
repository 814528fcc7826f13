//! What the issuer has revoked since tokens were issued.

use std::collections::HashMap;

use serde::Deserialize;
use time::{Duration, OffsetDateTime};

use crate::claims::Claims;
use crate::limits::{LEEWAY_MAX, LIFETIME_MAX};

/// Longest answer that is read, in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Why an answer of the issuer is no list of what was revoked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationsError {
    /// Longer than a mebibyte.
    #[error("the list is too long")]
    TooLong,
    /// Not what the issuer's `/revocations` answers.
    #[error("the list makes no sense")]
    Malformed(#[source] serde_json::Error),
}

/// The list of what an issuer has revoked, kept by a service that checks tokens without asking it about each one.
///
/// Ask the issuer's `/revocations` with the service's name and secret (HTTP Basic), first without `after` and from then
/// on every few seconds with `?after=` and [`place`](Self::place); hand each answer over here. If the issuer answers 409,
/// [`begin`](Self::begin) anew. An access token is then good if it verifies and is not
/// [`is_revoked`](Self::is_revoked); whether an old list is good enough is for [`was_heard`](Self::was_heard).
///
/// ```
/// use time::{Duration, OffsetDateTime};
/// use usermgmt_jwt::{Claims, Revocations};
///
/// # let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
/// let mut revoked = Revocations::begin(br#"{"items":[],"next":7}"#, now)?;
/// assert_eq!(revoked.place(), 7);
/// # let issued = now + Duration::minutes(2);
/// # let before = issued.unix_timestamp() * 1_000;
/// # let answer = format!(r#"{{"items":[{{"sid":"ses_1","before_ms":{before}}}],"next":9}}"#);
/// # let now = issued + Duration::SECOND;
/// revoked.hear(answer.as_bytes(), now)?;
/// # let claims = |sid: &str| Ok::<_, Box<dyn std::error::Error>>(Claims {
/// #     sub: "usr_1".into(), sid: sid.into(), ..Claims::lasting(issued, Duration::minutes(5))?
/// # });
/// assert!(revoked.is_revoked(&claims("ses_1")?) && !revoked.is_revoked(&claims("ses_2")?));
/// assert!(revoked.was_heard(now, Duration::seconds(10)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Revocations {
    /// Everything that was issued in this millisecond or earlier counts as revoked.
    since: i64,
    /// The latest revocation of each subject, in milliseconds.
    entries: HashMap<Subject, i64>,
    place: u64,
    heard_at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Subject {
    sub: Option<String>,
    sid: Option<String>,
    org_id: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Item>,
    next: u64,
}

#[derive(Deserialize)]
struct Item {
    sub: Option<String>,
    sid: Option<String>,
    org_id: Option<String>,
    before_ms: i64,
}

fn read(answer: &[u8]) -> Result<Answer, RevocationsError> {
    if answer.len() > MAX_BYTES {
        return Err(RevocationsError::TooLong);
    }
    serde_json::from_slice(answer).map_err(RevocationsError::Malformed)
}

impl Revocations {
    /// Begins with the answer to a question without `after`. What was revoked before is not known, so tokens that were
    /// issued until a minute from now (by which the two clocks may differ) count as revoked: their holders fetch others.
    ///
    /// # Errors
    /// Fails for what is no such answer.
    pub fn begin(answer: &[u8], now: OffsetDateTime) -> Result<Self, RevocationsError> {
        let since = millis(now + LEEWAY_MAX);
        let mut list = Self { since, entries: HashMap::new(), place: 0, heard_at: now };
        list.hear(answer, now)?;
        Ok(list)
    }

    /// Where to ask on: the value of `after`.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.place
    }

    /// Adds an answer, and forgets what no living token can be hit by. An answer with many items may not be all: ask on
    /// at once until one has none.
    ///
    /// # Errors
    /// Fails for what is no such answer; nothing is added then.
    pub fn hear(&mut self, answer: &[u8], now: OffsetDateTime) -> Result<(), RevocationsError> {
        let answer = read(answer)?;
        for Item { sub, sid, org_id, before_ms: before } in answer.items {
            let subject = Subject { sub, sid, org_id };
            if subject == Subject::NOBODY {
                // Of a kind that this release does not know: better all too many than one too few.
                self.since = self.since.max(before);
                continue;
            }
            let latest = self.entries.entry(subject).or_insert(before);
            *latest = before.max(*latest);
        }
        let oldest = millis(now - LIFETIME_MAX - LEEWAY_MAX);
        self.entries.retain(|_, before| *before >= oldest);
        (self.place, self.heard_at) = (answer.next, now);
        Ok(())
    }

    /// Whether a token was revoked after it was issued.
    #[must_use]
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        let issued = issued(claims);
        if issued <= self.since {
            return true;
        }
        let (sub, sid, org) = (Some(&claims.sub), Some(&claims.sid), claims.org_id.as_ref());
        let of = |sub: Option<&String>, sid: Option<&String>, org: Option<&String>| {
            let subject = Subject { sub: sub.cloned(), sid: sid.cloned(), org_id: org.cloned() };
            self.entries.get(&subject).is_some_and(|before| issued <= *before)
        };
        of(sub, None, None)
            || of(None, sid, None)
            || org.is_some_and(|org| of(None, None, Some(org)) || of(sub, None, Some(org)))
    }

    /// Whether the list was heard within this time: a service that cannot reach the issuer for longer decides whether it
    /// goes on without, or answers 503.
    #[must_use]
    pub fn was_heard(&self, now: OffsetDateTime, within: Duration) -> bool {
        let age = now - self.heard_at;
        !age.is_negative() && age <= within
    }
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX)
}

/// When a token was issued: to the millisecond that its id begins with (a UUID version 7, RFC 9562 section 5.7), since
/// a session may change and a token be issued for it in one second; else at the beginning of the second of `iat`.
fn issued(claims: &Claims) -> i64 {
    let second = claims.iat.seconds().saturating_mul(1_000);
    let digits = claims.jti.rsplit('_').next().and_then(|id| id.get(..12));
    let told = digits.and_then(|digits| i64::from_str_radix(digits, 16).ok());
    told.filter(|told| (second..second.saturating_add(1_000)).contains(told)).unwrap_or(second)
}

impl Subject {
    const NOBODY: Self = Self { sub: None, sid: None, org_id: None };
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGUN: OffsetDateTime = time::macros::datetime!(2027-01-15 08:00 UTC);

    fn claims(after: i64, sub: &str, sid: &str, org: Option<&str>) -> Claims {
        let issued = BEGUN + LEEWAY_MAX + Duration::seconds(after);
        Claims {
            sub: sub.into(),
            sid: sid.into(),
            org_id: org.map(str::to_owned),
            ..Claims::lasting(issued, Duration::minutes(5)).unwrap()
        }
    }

    fn list(items: &str) -> Revocations {
        let mut list = Revocations::begin(br#"{"items":[],"next":1}"#, BEGUN).unwrap();
        let before = millis(BEGUN + LEEWAY_MAX) + 100_000;
        let items = items.replace("BEFORE", &before.to_string());
        list.hear(format!(r#"{{"items":[{items}],"next":2,"more":1}}"#).as_bytes(), BEGUN + Duration::minutes(3))
            .unwrap();
        list
    }

    #[test]
    fn what_is_named_and_older_is_revoked_and_nothing_else() {
        for (item, hit, missed) in [
            (r#"{"sub":"u1","before_ms":BEFORE}"#, claims(100, "u1", "s9", Some("o9")), claims(100, "u2", "u1", None)),
            (r#"{"sid":"s1","before_ms":BEFORE}"#, claims(100, "u9", "s1", None), claims(100, "s1", "s2", None)),
            (
                r#"{"org_id":"o1","before_ms":BEFORE}"#,
                claims(100, "u9", "s9", Some("o1")),
                claims(100, "u9", "s9", None),
            ),
            (
                r#"{"org_id":"o1","sub":"u1","before_ms":BEFORE}"#,
                claims(100, "u1", "s9", Some("o1")),
                claims(100, "u1", "s9", Some("o2")),
            ),
        ] {
            let list = list(item);
            assert!(list.is_revoked(&hit) && !list.is_revoked(&missed), "{item}");
            let later = Claims { iat: claims(101, "", "", None).iat, ..hit };
            assert!(!list.is_revoked(&later), "{item}: a token that was fetched since");
        }
        let both = list(r#"{"org_id":"o1","sub":"u1","before_ms":BEFORE}"#);
        assert!(!both.is_revoked(&claims(100, "u2", "s9", Some("o1"))), "another member");
    }

    #[test]
    fn what_came_before_the_list_began_and_what_nobody_understands_is_revoked() {
        let nothing = list("");
        assert!(nothing.is_revoked(&claims(0, "u", "s", None)) && !nothing.is_revoked(&claims(1, "u", "s", None)));
        let strange = list(r#"{"planet":"mars","before_ms":BEFORE}"#);
        assert!(strange.is_revoked(&claims(100, "u", "s", None)) && !strange.is_revoked(&claims(101, "u", "s", None)));
    }

    #[test]
    fn the_id_of_a_token_tells_the_millisecond() {
        let list = list(r#"{"sub":"u1","before_ms":BEFORE}"#);
        let token = |millis: i64| Claims {
            jti: format!("tok_{millis:012x}70008000000000000000"),
            ..claims(100, "u1", "s", None)
        };
        let before = millis(BEGUN + LEEWAY_MAX) + 100_000;
        assert!(list.is_revoked(&token(before)) && !list.is_revoked(&token(before + 1)));
        // An id that says another second than `iat` says nothing.
        assert!(list.is_revoked(&token(before + 1_000)) && list.is_revoked(&token(i64::MAX >> 16)));
    }

    #[test]
    fn a_list_forgets_grows_old_and_takes_no_nonsense() {
        let mut list = list(r#"{"sub":"u1","before_ms":BEFORE},{"sub":"u1","before_ms":1}"#);
        assert!(list.is_revoked(&claims(100, "u1", "s", None)) && list.place() == 2);
        assert!(list.was_heard(BEGUN + Duration::minutes(4), Duration::MINUTE));
        assert!(
            !list.was_heard(BEGUN + Duration::minutes(5), Duration::MINUTE) && !list.was_heard(BEGUN, Duration::MINUTE)
        );
        let long = vec![b' '; MAX_BYTES + 1];
        for wrong in [&b"[]"[..], b"{}", br#"{"items":[{"sub":"u2"}],"next":3}"#, b"\xff", &long] {
            assert!(list.hear(wrong, BEGUN).is_err());
        }
        assert_eq!((list.place(), list.entries.len()), (2, 1), "nothing of them was taken");
        list.hear(br#"{"items":[],"next":5}"#, BEGUN + Duration::HOUR).unwrap();
        assert!(list.entries.is_empty());
    }
}
