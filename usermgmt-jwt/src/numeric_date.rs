//! Times in tokens.

use time::{Duration, OffsetDateTime};

/// The last second of the year 9999. What lies beyond is a mistake, or an attack on arithmetic.
const LAST_SECOND: i64 = 253_402_300_799;

/// A moment in whole seconds since 1970-01-01T00:00:00Z (RFC 7519 section 2), up to the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumericDate(i64);

impl NumericDate {
    /// The moment of that second; `None` outside 1970 to 9999.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        (0..=LAST_SECOND).contains(&seconds).then_some(Self(seconds))
    }

    /// The second in which that moment lies; `None` outside 1970 to 9999.
    #[must_use]
    pub fn at(moment: OffsetDateTime) -> Option<Self> {
        Self::from_seconds(moment.unix_timestamp())
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The moment, in UTC.
    #[must_use]
    pub fn moment(self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::seconds(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_range() {
        for (seconds, is_time) in [(0, true), (LAST_SECOND, true), (-1, false), (LAST_SECOND + 1, false)] {
            assert_eq!(NumericDate::from_seconds(seconds).is_some(), is_time, "{seconds}");
        }
        assert_eq!(NumericDate::from_seconds(LAST_SECOND).unwrap().moment().year(), 9_999);
    }

    #[test]
    fn a_fraction_of_a_second_is_dropped() {
        let moment = OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(1_999);
        assert_eq!(NumericDate::at(moment), NumericDate::from_seconds(1));
        assert_eq!(NumericDate::at(OffsetDateTime::UNIX_EPOCH - Duration::NANOSECOND), None);
    }
}
