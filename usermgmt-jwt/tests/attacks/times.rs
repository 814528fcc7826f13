//! The times of a token.

use serde_json::json;
use time::Duration;
use usermgmt_jwt::limits::{LEEWAY, LEEWAY_MAX, LIFETIME_MAX};
use usermgmt_jwt::{Rules, RulesError, TokenError, Verifier};

use crate::forge::{AUD, EDDSA, ISS, NOW, claims, moment, with, without};
use crate::report;

/// JW-02: `exp`, `nbf`, `iat` and `auth_time` of another type or out of range.
#[test]
fn a_time_is_a_whole_number_in_range() {
    let header = EDDSA.header().to_string();
    let later = (NOW + 300).to_string();
    let odd = [
        format!("\"{later}\""),
        format!("{later}.0"),
        format!("{later}.5"),
        "1.8000003e9".into(),
        "18000003E2".into(),
        "null".into(),
        "true".into(),
        "[]".into(),
        format!("[{later}]"),
        "{}".into(),
        "-1".into(),
        "-0".into(),
        "1e400".into(),
        "-1e400".into(),
        "9223372036854775807".into(),
        "9223372036854775808".into(),
        "18446744073709551616".into(),
        format!("{}", (1_i128 << 64) + i128::from(NOW + 300)),
        "253402300800".into(),
        r#"{"$serde_json::private::Number":"1800000300"}"#.into(),
    ];
    for name in ["exp", "nbf", "iat", "auth_time"] {
        for odd in &odd {
            let text = without(&claims(), name).to_string().replacen('{', &format!("{{\"{name}\":{odd},"), 1);
            let refused = EDDSA.verify(&EDDSA.forge_text(&header, &text)).unwrap_err();
            assert!([TokenError::Claim(name), TokenError::Malformed].contains(&refused), "{name}: {odd}: {refused}");
        }
        let honest = if name == "exp" { NOW + 300 } else { NOW };
        assert!(EDDSA.verify(&EDDSA.forge(&EDDSA.header(), &with(&claims(), name, json!(honest)))).is_ok());
    }
    report::shown("JW-02", "a_time_is_a_whole_number_in_range");
}

/// JW-02: a token without `exp` or `iat` would live for ever, or for nobody knows how long.
#[test]
fn expiry_and_issue_must_be_told() {
    for name in ["exp", "iat"] {
        let token = EDDSA.forge(&EDDSA.header(), &without(&claims(), name));
        assert_eq!(EDDSA.verify(&token), Err(TokenError::Claim(name)));
    }
    // Twin: `nbf` says nothing that `iat` does not.
    assert!(EDDSA.verify(&EDDSA.forge(&EDDSA.header(), &without(&claims(), "nbf"))).is_ok());
    report::shown("JW-02", "expiry_and_issue_must_be_told");
}

/// JW-15: each time at the leeway and a second beyond, for several leeways.
#[test]
fn the_leeway_is_not_stretched() {
    let token = EDDSA.honest();
    for leeway in [Duration::ZERO, Duration::SECOND, LEEWAY, LEEWAY_MAX] {
        let rules = Rules::new(ISS, AUD).unwrap().leeway(leeway).unwrap();
        let verifier = Verifier::new(rules, EDDSA.keys());
        let seconds = leeway.whole_seconds();
        let at = |now: i64| verifier.verify(&token, moment(now)).map(drop);
        assert_eq!(at(NOW + 300 + seconds - 1), Ok(()));
        assert_eq!(at(NOW + 300 + seconds), Err(TokenError::Expired), "the second of `exp` is not part of the life");
        assert_eq!(at(NOW - seconds), Ok(()));
        assert_eq!(at(NOW - seconds - 1), Err(TokenError::NotYetValid));
        // A fraction of a second is no second.
        let almost = moment(NOW + 300 + seconds) - Duration::NANOSECOND;
        assert!(verifier.verify(&token, almost).is_ok());
        for name in ["nbf", "auth_time"] {
            let set = |value: i64| EDDSA.forge(&EDDSA.header(), &with(&claims(), name, json!(value)));
            assert!(verifier.verify(&set(NOW + seconds), moment(NOW)).is_ok());
            let refused = verifier.verify(&set(NOW + seconds + 1), moment(NOW));
            assert_eq!(refused, Err(TokenError::NotYetValid), "{name}");
        }
    }
    report::shown("JW-15", "the_leeway_is_not_stretched");
}

/// JW-15: issued a day ahead, and clocks at the ends of time.
#[test]
fn the_future_is_refused() {
    let ahead = with(&with(&without(&claims(), "nbf"), "iat", json!(NOW + 86_400)), "exp", json!(NOW + 86_700));
    assert_eq!(EDDSA.verify(&EDDSA.forge(&EDDSA.header(), &ahead)), Err(TokenError::NotYetValid));
    let token = EDDSA.honest();
    let (first, last) = (time::Date::MIN.midnight().assume_utc(), time::Date::MAX.midnight().assume_utc());
    assert_eq!(EDDSA.verifier().verify(&token, first), Err(TokenError::NotYetValid));
    assert_eq!(EDDSA.verifier().verify(&token, last), Err(TokenError::Expired));
    assert!(EDDSA.verify(&token).is_ok());
    report::shown("JW-15", "the_future_is_refused");
}

/// JW-15: settings cannot stretch it either.
#[test]
fn the_leeway_has_a_limit() {
    for leeway in [LEEWAY_MAX + Duration::NANOSECOND, Duration::days(1), Duration::seconds(-1)] {
        assert_eq!(Rules::new(ISS, AUD).unwrap().leeway(leeway).unwrap_err(), RulesError::Leeway);
    }
    assert!(Rules::new(ISS, AUD).unwrap().leeway(LEEWAY_MAX).is_ok());
    report::shown("JW-15", "the_leeway_has_a_limit");
}

/// Requirement 57: a life of more than a quarter of an hour needs a word from the reader too.
#[test]
fn lives_are_short() {
    let life = |seconds: i64| EDDSA.forge(&EDDSA.header(), &with(&claims(), "exp", json!(NOW + seconds)));
    let longest = LIFETIME_MAX.whole_seconds();
    assert!(EDDSA.verify(&life(longest)).is_ok());
    assert_eq!(EDDSA.verify(&life(longest + 1)), Err(TokenError::Lifetime));
    for seconds in [0, -1, -300] {
        assert_eq!(EDDSA.verify(&life(seconds)), Err(TokenError::Lifetime));
    }
    let rules = Rules::new(ISS, AUD).unwrap().longest_life(Duration::hours(1)).unwrap();
    assert!(Verifier::new(rules, EDDSA.keys()).verify(&life(3_600), moment(NOW)).is_ok());
    assert_eq!(Rules::new(ISS, AUD).unwrap().longest_life(Duration::ZERO).unwrap_err(), RulesError::Life);
}
