//! Limits: counted and compared in one step, and a refusal never prolongs itself.

use time::{Duration, OffsetDateTime};
use usermgmt_core::store::{Charge, ThrottleKey, Throttled};

use crate::AnyStore;
use crate::kit::{Answer, MICRO, NOW, at};

const WINDOW: Duration = Duration::seconds(60);

fn key(number: u16) -> ThrottleKey {
    let [high, low] = number.to_be_bytes();
    let mut bytes = [0xA5; 32];
    (bytes[0], bytes[1]) = (high, low);
    ThrottleKey::from_bytes(bytes)
}

fn charge(number: u16, limit: u32) -> Charge {
    Charge { key: key(number), limit, window: WINDOW }
}

async fn allowed(store: &AnyStore, charges: &[Charge], now: OffsetDateTime) -> bool {
    store.charge(charges, now).await.answer().is_none()
}

/// How many more uses the counter allows at this time. Uses them up.
async fn left(store: &AnyStore, number: u16, limit: u32, now: OffsetDateTime) -> u32 {
    let mut uses = 0;
    while allowed(store, &[charge(number, limit)], now).await {
        uses += 1;
        assert!(uses <= limit, "more uses than the limit of {limit} are allowed within one window");
    }
    uses
}

/// Exactly `limit` uses are allowed within a window, and the refusal says until when.
pub async fn a_limit_allows_exactly_its_number(store: AnyStore) {
    let limited = [charge(1, 3)];
    for seconds in 0..3 {
        assert_eq!(store.charge(&limited, at(seconds)).await.answer(), None, "a use within the limit was refused");
    }
    let refused = Some(Throttled { key: key(1), until: at(60) });
    for seconds in [3, 30, 59] {
        let answer = store.charge(&limited, at(seconds)).await.answer();
        assert_eq!(answer, refused, "a use beyond the limit must be refused until the window of the first use ends");
    }
    assert_eq!(left(&store, 2, 1, NOW).await, 1, "a counter was moved by the use of another");
}

/// A limit of none allows nothing.
pub async fn a_limit_of_zero_allows_nothing(store: AnyStore) {
    let answer = store.charge(&[charge(1, 0)], NOW).await.answer();
    assert_eq!(answer.map(|throttled| throttled.key), Some(key(1)), "a limit of zero allowed a use");
}

/// The window ends at its time to the microsecond, and the next one begins with the next use.
pub async fn a_window_ends_to_the_microsecond(store: AnyStore) {
    let limited = [charge(1, 1)];
    assert!(allowed(&store, &limited, NOW).await, "the first use was refused");
    assert!(!allowed(&store, &limited, NOW + WINDOW - MICRO).await, "a window ended before its time");
    let second = NOW + WINDOW;
    assert!(allowed(&store, &limited, second).await, "a window did not end at its time");
    let answer = store.charge(&limited, second + WINDOW - MICRO).await.answer();
    assert_eq!(
        answer.map(|throttled| throttled.until),
        Some(second + WINDOW),
        "a window must begin with its first use"
    );
    assert!(allowed(&store, &limited, second + WINDOW).await, "the second window did not end at its time");
}

/// A use that one counter refuses is counted on none.
pub async fn a_refused_use_is_counted_nowhere(store: AnyStore) {
    let (wide, narrow) = (charge(1, 5), charge(2, 1));
    assert!(allowed(&store, &[wide, narrow], NOW).await, "the first use was refused");
    for charges in [[wide, narrow], [narrow, wide]] {
        for seconds in 1..5 {
            let answer = store.charge(&charges, at(seconds)).await.answer();
            assert_eq!(answer.map(|throttled| throttled.key), Some(key(2)), "not the full counter refused");
        }
    }
    assert_eq!(left(&store, 1, 5, at(5)).await, 4, "a use that another counter refused was counted");
    // The first window of the narrow counter is over, and no refusal has lengthened it or begun another.
    assert_eq!(left(&store, 2, 1, at(60)).await, 1, "refused uses prolonged the window that refused them");
}

/// Of several counters that refuse, the one that stays closed the longest is named.
pub async fn the_counter_that_stays_closed_longest_is_named(store: AnyStore) {
    let hour = Charge { window: Duration::HOUR, ..charge(1, 1) };
    let (minute, open) = (charge(2, 1), charge(3, 9));
    assert!(allowed(&store, &[hour, minute], NOW).await, "the first use was refused");
    let named = Some(Throttled { key: key(1), until: at(3_600) });
    for charges in [[open, hour, minute], [minute, hour, open]] {
        assert_eq!(store.charge(&charges, at(1)).await.answer(), named, "not the counter that stays closed longest");
    }
}

/// If the clock goes back, a window ends no later than one window from then.
pub async fn a_clock_that_goes_back_cuts_the_window(store: AnyStore) {
    let limited = [charge(1, 2)];
    assert!(allowed(&store, &limited, at(1_000)).await, "the first use was refused");
    assert!(allowed(&store, &limited, NOW).await, "the second use was refused since the clock went back");
    let answer = store.charge(&limited, at(1)).await.answer();
    let cut = Some(Throttled { key: key(1), until: at(60) });
    assert_eq!(answer, cut, "a window must not end later than one window after the time it was used at");
    assert!(allowed(&store, &limited, at(60)).await, "a window that was cut did not end at its new time");
}

/// A use that is taken back can be used again, on exactly the counters that were named.
pub async fn a_refund_takes_back_one_use(store: AnyStore) {
    let both = [charge(1, 3), charge(2, 3)];
    for _ in 0..3 {
        assert!(allowed(&store, &both, NOW).await, "a use within the limit was refused");
    }
    store.refund(&[key(1)], at(1)).await.answer();
    assert_eq!(left(&store, 1, 3, at(2)).await, 1, "a refund must give back exactly one use");
    assert_eq!(left(&store, 2, 3, at(2)).await, 0, "a refund gave back a use on a counter that it did not name");
    store.refund(&[key(1), key(2)], at(3)).await.answer();
    let lefts = [left(&store, 1, 3, at(4)).await, left(&store, 2, 3, at(4)).await];
    assert_eq!(lefts, [1, 1], "a refund must give back one use on each counter");
    let end = store.charge(&both, at(5)).await.answer().map(|throttled| throttled.until);
    assert_eq!(end, Some(at(60)), "a refund moved the end of the window");
}

/// A counter never falls below zero: refunds do not save up uses, nor reach into the next window.
pub async fn a_refund_never_saves_up_uses(store: AnyStore) {
    store.refund(&[key(1), key(2)], NOW).await.answer();
    assert_eq!(left(&store, 1, 2, NOW).await, 2, "a refund on a counter that nobody used gave a use");
    for seconds in 1..6 {
        store.refund(&[key(1)], at(seconds)).await.answer();
    }
    assert_eq!(left(&store, 1, 2, at(6)).await, 2, "refunds saved up more uses than the limit");
    store.refund(&[key(1)], at(60)).await.answer();
    assert_eq!(left(&store, 1, 2, at(60)).await, 2, "a refund after the window reached into the next one");
}

/// Many counters are charged at once, and all of them or none.
pub async fn many_counters_are_charged_at_once(store: AnyStore) {
    let many: Vec<_> = (0..200).map(|number| charge(number, 2)).collect();
    assert_eq!(store.charge(&[], NOW).await.answer(), None, "a use that nothing limits was refused");
    assert!(allowed(&store, &many, NOW).await, "a use within many limits was refused");
    assert_eq!(left(&store, 137, 2, NOW).await, 1, "one of many counters was not charged");
    let answer = store.charge(&many, NOW).await.answer();
    assert_eq!(answer.map(|throttled| throttled.key), Some(key(137)), "not the one full counter refused");
    for number in [0, 136, 138, 199] {
        assert_eq!(left(&store, number, 2, NOW).await, 1, "a refused use was counted on some of many counters");
    }
    let keys: Vec<_> = many.iter().map(|charge| charge.key).collect();
    store.refund(&keys, NOW).await.answer();
    assert_eq!(left(&store, 199, 2, NOW).await, 1, "one of many counters was not refunded");
}

/// A counter that one use names twice is charged once, by the lower of its limits.
pub async fn a_counter_named_twice_is_charged_once(store: AnyStore) {
    assert!(allowed(&store, &[charge(1, 3), charge(1, 2)], NOW).await, "a use within both limits was refused");
    assert_eq!(left(&store, 1, 3, NOW).await, 2, "a counter that was named twice was not charged exactly once");
    for charges in [[charge(1, 9), charge(1, 3)], [charge(1, 3), charge(1, 9)]] {
        assert!(!allowed(&store, &charges, NOW).await, "a use beyond the lower of two limits was allowed");
    }
}

/// The limit is that of the charge: lowering it closes a counter at once.
pub async fn the_limit_is_that_of_the_charge(store: AnyStore) {
    for _ in 0..3 {
        assert!(allowed(&store, &[charge(1, 5)], NOW).await, "a use within the limit was refused");
    }
    assert!(!allowed(&store, &[charge(1, 2)], NOW).await, "a limit that was lowered still allows more");
    assert_eq!(left(&store, 1, 5, NOW).await, 2, "a refusal by a lower limit was counted");
}

/// A window that was cut stays cut, also when the use that cut it was refused.
pub async fn a_refused_use_cuts_the_window_too(store: AnyStore) {
    let limited = [charge(1, 1)];
    assert!(allowed(&store, &limited, at(1_000)).await, "the first use was refused");
    let answer = store.charge(&limited, NOW).await.answer();
    assert_eq!(answer, Some(Throttled { key: key(1), until: at(60) }), "the window was not cut");
    assert!(allowed(&store, &limited, at(60)).await, "a refusal prolonged the window that it had cut");
}
