//! How values of the model are written: the same on both dialects.

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::{OrgId, RealmId};
use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

const NANOS_PER_MICRO: i128 = 1_000;

/// A time in microseconds. What does not fit (300,000 years from now) becomes the last time that does.
pub(crate) fn micros(time: OffsetDateTime) -> i64 {
    clamp(time.unix_timestamp_nanos().div_euclid(NANOS_PER_MICRO))
}

/// A duration in microseconds, clamped likewise.
pub(crate) fn span(duration: Duration) -> i64 {
    clamp(duration.whole_microseconds())
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// A time as stored; `None` if no calendar has it.
pub(crate) fn time(micros: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * NANOS_PER_MICRO).ok()
}

/// A number of the model. Versions and epochs grow by one from zero and never get near the bound.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A text. PostgreSQL cannot store NUL, so neither store does: a text that only one of them takes would turn a move
/// from one to the other into a loss.
pub(crate) fn text(text: &str) -> Result<&str> {
    if text.contains('\0') {
        return Err(StoreError::caused_by(StoreErrorKind::Unsupported, "a text that holds NUL cannot be stored"));
    }
    Ok(text)
}

/// A text that may be absent.
pub(crate) fn maybe_text(maybe: Option<&String>) -> Result<Option<&str>> {
    maybe.map(|value| text(value)).transpose()
}

/// The chain that an event belongs to.
pub(crate) fn chain(realm: RealmId, org: Option<OrgId>) -> String {
    org.map_or_else(|| realm.to_string(), |org| org.to_string())
}

/// A document. JSON spells NUL and everything else that is special as an escape.
pub(crate) fn json<T: Serialize + ?Sized>(document: &T) -> Result<String> {
    serde_json::to_string(document).map_err(|error| StoreError::caused_by(StoreErrorKind::Unsupported, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_microsecond_before_and_after_the_epoch() {
        for nanos in [0, 1_000, -1_000, 1_700_000_000_123_456_000, -1_700_000_000_123_456_000] {
            let exact = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap();
            assert_eq!(time(micros(exact)), Some(exact));
        }
        let between = OffsetDateTime::from_unix_timestamp_nanos(-1_500).unwrap();
        assert_eq!(micros(between), -2, "cut, never rounded up: order is kept across the epoch");
        assert_eq!(time(i64::MAX), None);
    }

    #[test]
    fn nul_is_refused_in_texts_and_escaped_in_documents() {
        assert_eq!(text("a\0b").unwrap_err().kind(), StoreErrorKind::Unsupported);
        assert_eq!(json("a\0b").unwrap(), r#""a\u0000b""#);
    }
}
