//! Recognises attacks that no single refusal shows: stolen passwords tried from one place, one password tried on many
//! accounts, guessed session secrets, sign-ups by the hundred.
//!
//! It counts in the memory of one process and within one window; it refuses nothing. What it remembers is bounded: when
//! there are too many places, those that have done least give way, so whoever attacks stays.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use time::OffsetDateTime;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::port::BotPurpose;

/// Accounts that are told apart within one window: far more than raise an alarm.
const ACCOUNTS: usize = 4_096;

/// An alarm that has just been raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raised {
    pub(crate) kind: AuditKind,
    /// Whether one place is behind it.
    pub(crate) of_place: bool,
    pub(crate) reason: &'static str,
}

/// What was seen within one window, for one kind of sign.
#[derive(Default)]
struct Window {
    since: Option<OffsetDateTime>,
    /// All of them, whoever did it.
    total: u32,
    places: HashMap<u64, Place>,
    /// Accounts that were tried, of failed sign-ins.
    accounts: HashMap<u64, ()>,
    raised: bool,
}

#[derive(Default)]
struct Place {
    count: u32,
    /// Accounts that were tried from here; no more of them than raise an alarm.
    accounts: Vec<u64>,
}

impl Window {
    /// Begins anew if the window is over. A clock that went back begins one, too.
    fn at(&mut self, now: OffsetDateTime) -> &mut Self {
        if self.since.is_none_or(|since| (now - since).abs() >= limits::ALARM_WINDOW) {
            *self = Self { since: Some(now), ..Self::default() };
        }
        self.total = self.total.saturating_add(1);
        self
    }

    fn place(&mut self, place: u64) -> &mut Place {
        if self.places.len() >= limits::ALARM_PLACES && !self.places.contains_key(&place) {
            // All that have done least go at once: so a flood of new places is not looked through for each of them.
            let least = self.places.values().map(|place| place.count).min().unwrap_or_default();
            self.places.retain(|_, place| place.count > least);
        }
        let place = self.places.entry(place).or_default();
        place.count = place.count.saturating_add(1);
        place
    }
}

/// Failed sign-ins within the present minute.
#[derive(Default)]
struct Minute {
    since: Option<OffsetDateTime>,
    count: u32,
}

#[derive(Default)]
struct Seen {
    minute: Minute,
    failed: Window,
    bogus: Window,
    sign_ups: Window,
    /// Until when sign-ins are taken for attacked, and sign-ups.
    alarmed: [Option<OffsetDateTime>; 2],
}

/// What this process has seen.
#[derive(Default)]
pub(crate) struct Detector {
    seen: Mutex<Seen>,
    /// Keys the hashes of places and accounts: nobody can choose some that fall together, and nothing can be read off
    /// memory but by trying.
    keyed: RandomState,
}

impl Detector {
    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A sign-in failed; `account` is what was typed.
    pub(crate) fn failed_sign_in(&self, place: &[u8], account: &str, now: OffsetDateTime) -> Vec<Raised> {
        let (place, account) = (self.keyed.hash_one(place), self.keyed.hash_one(account));
        self.with(|seen| {
            let mut raised = Vec::new();
            if seen.minute.since.is_none_or(|since| (now - since).abs() >= limits::MINUTE) {
                seen.minute = Minute { since: Some(now), count: 0 };
            }
            seen.minute.count = seen.minute.count.saturating_add(1);
            if seen.minute.count == limits::GUESSES_ALARM {
                let kind = AuditKind::GuessingSuspected;
                raised.push(Raised { kind, of_place: false, reason: "many failed sign-ins" });
            }
            let window = seen.failed.at(now);
            if window.accounts.len() < ACCOUNTS {
                window.accounts.insert(account, ());
            }
            let accounts = u32::try_from(window.accounts.len()).unwrap_or(u32::MAX);
            let few_each = window.total <= accounts.saturating_mul(2);
            if accounts >= limits::SPRAYED_ACCOUNTS_ALARM && few_each && !window.raised {
                window.raised = true;
                let kind = AuditKind::SprayingSuspected;
                raised.push(Raised { kind, of_place: false, reason: "few tries each on many accounts" });
            }
            let place = window.place(place);
            if place.accounts.len() < many(limits::STUFFED_ACCOUNTS_ALARM) && !place.accounts.contains(&account) {
                place.accounts.push(account);
                if place.accounts.len() == many(limits::STUFFED_ACCOUNTS_ALARM) {
                    let kind = AuditKind::StuffingSuspected;
                    raised.push(Raised { kind, of_place: true, reason: "many accounts from one place" });
                }
            }
            seen.alarm(0, &raised, now);
            raised
        })
    }

    /// A session secret came that nobody was given.
    pub(crate) fn bogus_session(&self, place: &[u8], now: OffsetDateTime) -> Vec<Raised> {
        let kind = AuditKind::SessionGuessingSuspected;
        let alarms = (limits::BOGUS_SESSIONS_PER_ADDRESS_ALARM, limits::BOGUS_SESSIONS_ALARM);
        self.with(|seen| count(&mut seen.bogus, self.keyed.hash_one(place), kind, alarms, now))
    }

    /// Somebody signed up.
    pub(crate) fn sign_up(&self, place: &[u8], now: OffsetDateTime) -> Vec<Raised> {
        let kind = AuditKind::MassSignUpSuspected;
        let alarms = (limits::SIGN_UPS_PER_ADDRESS_ALARM, limits::SIGN_UPS_ALARM);
        self.with(|seen| {
            let raised = count(&mut seen.sign_ups, self.keyed.hash_one(place), kind, alarms, now);
            seen.alarm(1, &raised, now);
            raised
        })
    }

    /// Whether there was an alarm a short while ago that concerns this.
    pub(crate) fn is_alarmed(&self, purpose: BotPurpose, now: OffsetDateTime) -> bool {
        let which = usize::from(purpose == BotPurpose::SignUp);
        self.with(|seen| seen.alarmed.get(which).copied().flatten())
            .is_some_and(|until| now < until && until - now <= limits::ALARM_WINDOW)
    }
}

impl Seen {
    fn alarm(&mut self, which: usize, raised: &[Raised], now: OffsetDateTime) {
        if let (Some(alarmed), false) = (self.alarmed.get_mut(which), raised.is_empty()) {
            *alarmed = Some(now + limits::ALARM_WINDOW);
        }
    }
}

fn many(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Counts one for its place and for all; each number raises its alarm once in a window.
fn count(
    window: &mut Window,
    place: u64,
    kind: AuditKind,
    (of_one, of_all): (u32, u32),
    now: OffsetDateTime,
) -> Vec<Raised> {
    let window = window.at(now);
    let mut raised = Vec::new();
    if window.total == of_all {
        raised.push(Raised { kind, of_place: false, reason: "many from everywhere" });
    }
    if window.place(place).count == of_one {
        raised.push(Raised { kind, of_place: true, reason: "many from one place" });
    }
    raised
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
    }

    fn kinds(raised: &[Raised]) -> Vec<(AuditKind, bool)> {
        raised.iter().map(|raised| (raised.kind, raised.of_place)).collect()
    }

    #[test]
    fn each_number_raises_its_alarm_once_in_a_window() {
        let detector = Detector::default();
        for round in 0..2_i64 {
            let now = at(round * limits::ALARM_WINDOW.whole_seconds());
            let mut raised = Vec::new();
            for number in 0..limits::BOGUS_SESSIONS_ALARM + 50 {
                let now = detector.bogus_session(&[0; 4], now);
                raised.extend(now.iter().map(|raised| (number + 1, raised.of_place)));
            }
            assert_eq!(
                raised,
                [(limits::BOGUS_SESSIONS_PER_ADDRESS_ALARM, true), (limits::BOGUS_SESSIONS_ALARM, false)]
            );
        }
        let now = at(100_000);
        let last = (0..limits::SIGN_UPS_PER_ADDRESS_ALARM).map(|_| detector.sign_up(b"x", now)).last().unwrap();
        assert_eq!(kinds(&last), [(AuditKind::MassSignUpSuspected, true)]);
        let end = now + limits::ALARM_WINDOW;
        let alarmed = |purpose, at| detector.is_alarmed(purpose, at);
        assert!(alarmed(BotPurpose::SignUp, now) && alarmed(BotPurpose::SignUp, end - Duration::SECOND));
        assert!(!alarmed(BotPurpose::SignUp, end) && !alarmed(BotPurpose::SignIn, now));
        assert!(!alarmed(BotPurpose::SignUp, now - Duration::DAY), "a clock that went back prolongs nothing");
    }

    #[test]
    fn many_accounts_from_one_place_are_stuffing() {
        let detector = Detector::default();
        let fail = |account: u32| detector.failed_sign_in(b"place", &account.to_string(), at(0));
        for account in 0..limits::STUFFED_ACCOUNTS_ALARM - 1 {
            assert_eq!(fail(account), []);
            assert_eq!(fail(account), [], "the same account again is nothing new");
        }
        assert_eq!(kinds(&fail(999)), [(AuditKind::StuffingSuspected, true)]);
        assert_eq!(fail(1_000), [], "once");
    }

    #[test]
    fn few_tries_each_on_many_accounts_from_anywhere_are_spraying() {
        let fail = |detector: &Detector, number: u32, account: u32| {
            // A minute later each, so that the number within a minute tells nothing.
            let now = at(i64::from(number));
            kinds(&detector.failed_sign_in(&number.to_be_bytes(), &account.to_string(), now))
        };
        let detector = Detector::default();
        for number in 0..limits::SPRAYED_ACCOUNTS_ALARM - 1 {
            assert!(!fail(&detector, number, number).contains(&(AuditKind::SprayingSuspected, false)));
        }
        let last = limits::SPRAYED_ACCOUNTS_ALARM;
        assert!(fail(&detector, last, last).contains(&(AuditKind::SprayingSuspected, false)));
        assert!(!fail(&detector, last, last + 1).contains(&(AuditKind::SprayingSuspected, false)), "once");
        // The same number of failures on few accounts is somebody who has forgotten a password, or guesses one.
        let detector = Detector::default();
        for number in 0..3 * limits::SPRAYED_ACCOUNTS_ALARM {
            assert!(!fail(&detector, number, number % 5).contains(&(AuditKind::SprayingSuspected, false)));
        }
    }

    #[test]
    fn a_flood_of_places_takes_bounded_memory_and_the_worst_stays() {
        let detector = Detector::default();
        for _ in 0..50 {
            detector.bogus_session(b"attacker", at(0));
        }
        for place in 0..100_000_u32 {
            detector.bogus_session(&place.to_be_bytes(), at(0));
            detector.failed_sign_in(&place.to_be_bytes(), &place.to_string(), at(0));
        }
        detector.with(|seen| {
            for window in [&seen.failed, &seen.bogus] {
                assert!(window.places.len() <= limits::ALARM_PLACES && window.accounts.len() <= ACCOUNTS);
            }
        });
        let more = limits::BOGUS_SESSIONS_PER_ADDRESS_ALARM - 50;
        let last = (0..more).map(|_| detector.bogus_session(b"attacker", at(0))).last().unwrap();
        assert_eq!(kinds(&last), [(AuditKind::SessionGuessingSuspected, true)]);
    }
}
