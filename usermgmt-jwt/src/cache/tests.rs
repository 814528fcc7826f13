use super::*;
use crate::{Algorithm, SigningKey};

struct Clock {
    cache: KeyCache,
    now: OffsetDateTime,
    keys: Jwks,
    known: String,
}

impl Clock {
    fn empty() -> Self {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let keys = Jwks::new([key.public()]).unwrap();
        Self { cache: KeyCache::new(), now, keys, known: key.key_id().to_owned() }
    }

    fn filled() -> Self {
        let mut clock = Self::empty();
        clock.fill();
        clock
    }

    fn fill(&mut self) {
        let LookUp::Fetch(permit) = self.known() else { panic!("no fetch") };
        self.cache.put(permit, self.keys.clone(), self.now);
    }

    fn known(&mut self) -> LookUp {
        let known = self.known.clone();
        self.cache.look_up_key(&known, self.now)
    }

    fn unknown(&mut self) -> LookUp {
        self.cache.look_up_key("unknown", self.now)
    }

    fn later(&mut self, by: Duration) -> &mut Self {
        self.now += by;
        self
    }

    fn fail(&mut self, look_up: LookUp) {
        let LookUp::Fetch(permit) = look_up else { panic!("{look_up:?}") };
        self.cache.failed(permit);
    }
}

const SECOND: Duration = Duration::SECOND;

#[test]
fn keys_are_used_for_ten_minutes_and_then_fetched_again() {
    let mut clock = Clock::filled();
    assert!(matches!(clock.later(JWKS_LIFE - SECOND).known(), LookUp::Use(_)));
    assert!(matches!(clock.later(SECOND).known(), LookUp::Fetch(_)));
}

#[test]
fn an_unknown_key_leads_to_one_fetch_a_minute() {
    let mut clock = Clock::filled();
    for _ in 0..1_000 {
        assert!(matches!(clock.unknown(), LookUp::Use(_)));
    }
    assert!(matches!(clock.later(JWKS_COOL_DOWN - SECOND).unknown(), LookUp::Use(_)));
    let LookUp::Fetch(permit) = clock.later(SECOND).unknown() else { panic!("no fetch") };
    assert!(matches!(clock.unknown(), LookUp::Wait));
    assert!(matches!(clock.known(), LookUp::Use(_)), "known keys do not wait for unknown ones");
    let (keys, now) = (clock.keys.clone(), clock.now);
    clock.cache.put(permit, keys, now);
    assert!(matches!(clock.unknown(), LookUp::Use(_)));
    assert!(matches!(clock.later(JWKS_COOL_DOWN).unknown(), LookUp::Fetch(_)));
}

#[test]
fn one_fetch_at_a_time() {
    let mut clock = Clock::empty();
    let LookUp::Fetch(first) = clock.known() else { panic!("no fetch") };
    assert!(matches!(clock.known(), LookUp::Wait));
    assert!(matches!(clock.later(FETCH_LAPSE - SECOND).known(), LookUp::Wait));
    // Forgotten: another may fetch, and what the first one brings is not taken any more.
    let LookUp::Fetch(second) = clock.later(SECOND).known() else { panic!("no second fetch") };
    let (keys, now) = (clock.keys.clone(), clock.now);
    clock.cache.put(first, Jwks::default(), now);
    assert!(matches!(clock.known(), LookUp::Wait));
    clock.cache.put(second, keys, now);
    assert!(matches!(clock.known(), LookUp::Use(_)));
}

#[test]
fn old_keys_serve_for_an_hour_while_the_issuer_is_down() {
    let mut clock = Clock::filled();
    let start = clock.now;
    clock.later(JWKS_LIFE);
    while clock.now - start <= JWKS_STALE_MAX {
        let look_up = clock.known();
        clock.fail(look_up);
        assert!(matches!(clock.known(), LookUp::Use(_)), "{}", clock.now - start);
        assert!(matches!(clock.unknown(), LookUp::Unavailable), "no refusal while it cannot be found out");
        clock.later(JWKS_RETRY);
    }
    let look_up = clock.known();
    clock.fail(look_up);
    assert!(matches!(clock.known(), LookUp::Unavailable));
    clock.later(JWKS_RETRY).fill();
    assert!(matches!(clock.known(), LookUp::Use(_)));
    assert!(matches!(clock.unknown(), LookUp::Use(_)));
}

#[test]
fn without_keys_nothing_is_said() {
    let mut clock = Clock::empty();
    let look_up = clock.known();
    clock.fail(look_up);
    assert!(matches!(clock.known(), LookUp::Unavailable));
    assert!(matches!(clock.later(JWKS_RETRY - SECOND).known(), LookUp::Unavailable));
    assert!(matches!(clock.later(SECOND).known(), LookUp::Fetch(_)));
}

#[test]
fn a_failed_fetch_for_an_unknown_key_is_no_refusal_and_not_repeated_at_once() {
    let mut clock = Clock::filled();
    let look_up = clock.later(JWKS_COOL_DOWN).unknown();
    clock.fail(look_up);
    assert!(matches!(clock.unknown(), LookUp::Unavailable));
    assert!(matches!(clock.later(JWKS_COOL_DOWN - SECOND).unknown(), LookUp::Unavailable));
    assert!(matches!(clock.known(), LookUp::Use(_)));
    assert!(matches!(clock.later(SECOND).unknown(), LookUp::Fetch(_)));
}

#[test]
fn a_clock_that_is_set_back_makes_no_key_young() {
    let mut clock = Clock::filled();
    assert!(matches!(clock.later(-JWKS_LIFE).known(), LookUp::Fetch(_)));
    let mut clock = Clock::filled();
    let look_up = clock.later(-JWKS_STALE_MAX - SECOND).known();
    clock.fail(look_up);
    assert!(matches!(clock.known(), LookUp::Unavailable));
}

#[test]
fn nothing_is_fetched_for_what_is_no_token() {
    let mut cache = KeyCache::new();
    let now = OffsetDateTime::UNIX_EPOCH;
    for odd in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert!(cache.look_up(odd, now).is_err(), "{odd}");
    }
    assert!(matches!(cache.look_up_key("x", now), LookUp::Fetch(_)));
}
