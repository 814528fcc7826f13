//! Issuer, audience, and odd claims.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_jwt::{Claims, ClaimsError, RESERVED, Rules, RulesError, SignError, TokenError, sign, sign_for};

use crate::forge::{AUD, EDDSA, ISS, NOW, claims, moment, with, without};
use crate::report;

fn verify(claims: &Value) -> Result<usermgmt_jwt::Verified, TokenError> {
    EDDSA.verify(&EDDSA.forge(&EDDSA.header(), claims))
}

/// JW-07: the issuer is one string, letter by letter.
#[test]
fn the_issuer_is_exact() {
    for odd in ["https://app.example.com/", "https://app.example.co", "https://APP.example.com", "app.example.com", " "]
    {
        assert_eq!(verify(&with(&claims(), "iss", json!(odd))), Err(TokenError::Issuer), "{odd}");
    }
    for odd in [json!([ISS]), json!(null), json!(1), json!({}), json!("")] {
        assert_eq!(verify(&with(&claims(), "iss", odd.clone())), Err(TokenError::Claim("iss")), "{odd}");
    }
    assert_eq!(verify(&without(&claims(), "iss")), Err(TokenError::Claim("iss")));
    assert_eq!(verify(&claims()).unwrap().iss, ISS);
    report::shown("JW-07", "the_issuer_is_exact");
}

/// JW-07: the audience is one string, or an array of this one string; never one of several.
#[test]
fn the_audience_is_exact() {
    let odd = [
        json!(format!("{AUD}/")),
        json!("https://api.example.co"),
        json!("https://api.example.com.evil.example"),
        json!("https://API.example.com"),
        json!("*"),
        json!(""),
        json!([]),
        json!([AUD, "https://other.example.com"]),
        json!(["https://other.example.com", AUD]),
        json!([AUD, AUD]),
        json!([[AUD]]),
        json!(["https://other.example.com"]),
        json!([1]),
        json!(1),
        json!(null),
        json!({ AUD: true }),
    ];
    for odd in odd {
        assert_eq!(verify(&with(&claims(), "aud", odd.clone())), Err(TokenError::Audience), "{odd}");
    }
    assert_eq!(verify(&without(&claims(), "aud")), Err(TokenError::Audience));
    assert_eq!(verify(&with(&claims(), "aud", json!([AUD]))).unwrap().aud, AUD);
    assert_eq!(Rules::new("", AUD).unwrap_err(), RulesError::Empty);
    assert_eq!(Rules::new(ISS, "").unwrap_err(), RulesError::Empty);
    report::shown("JW-07", "the_audience_is_exact");
}

/// JW-12: who it is about must be told; an organisation, roles and permissions that are missing are none.
#[test]
fn missing_claims_are_least_rights() {
    for name in ["sub", "sid", "jti"] {
        assert_eq!(verify(&without(&claims(), name)), Err(TokenError::Claim(name)));
        assert_eq!(verify(&with(&claims(), name, json!(""))), Err(TokenError::Claim(name)));
    }
    let bare = ["org_id", "roles", "permissions"].iter().fold(claims(), |claims, name| without(&claims, name));
    let verified = verify(&bare).unwrap();
    assert!(verified.org_id.is_none() && verified.roles.is_empty() && verified.permissions.is_empty());
    assert!(!verified.permits("project:read") && verified.auth_time.is_none() && verified.amr.is_empty());
    assert!(verify(&claims()).unwrap().permits("project:read"));
    report::shown("JW-12", "missing_claims_are_least_rights");
}

/// JW-12: a claim of the wrong type is refused, not read as something.
#[test]
fn mistyped_claims_are_refused() {
    let text = [json!(null), json!(1), json!(true), json!(["usr_1"]), json!({ "id": "usr_1" })];
    for name in ["sub", "sid", "jti", "org_id", "client_id"] {
        for odd in &text {
            assert_eq!(verify(&with(&claims(), name, odd.clone())), Err(TokenError::Claim(name)), "{name}: {odd}");
        }
    }
    let list =
        [json!(null), json!("admin"), json!("admin user"), json!({ "admin": true }), json!([1]), json!([["admin"]])];
    for name in ["roles", "permissions", "amr"] {
        for odd in &list {
            assert_eq!(verify(&with(&claims(), name, odd.clone())), Err(TokenError::Claim(name)), "{name}: {odd}");
        }
    }
    assert_eq!(verify(&with(&claims(), "roles", json!(["owner"]))).unwrap().roles, ["owner"]);
    report::shown("JW-12", "mistyped_claims_are_refused");
}

/// JW-12: claims and roles that nobody knows give no right.
#[test]
fn unknown_claims_give_nothing() {
    let odd = with(&with(&claims(), "admin", json!(true)), "is_superuser", json!(1));
    let odd = with(&with(&odd, "scope", json!("project:delete")), "Permissions", json!(["project:delete"]));
    let verified = verify(&odd).unwrap();
    assert_eq!(verified.permissions, ["project:read"]);
    assert!(!verified.permits("project:delete") && !verified.permits("project:*") && !verified.permits(""));
    assert_eq!(verified.extra["admin"], json!(true));
    let wild = verify(&with(&claims(), "permissions", json!(["*", "project:*"]))).unwrap();
    assert!(!wild.permits("project:read"), "nothing is unfolded");
    assert!(verify(&claims()).unwrap().extra.is_empty());
    report::shown("JW-12", "unknown_claims_give_nothing");
}

/// JW-12: a token that only the holder of a key may present is no bearer token.
#[test]
fn a_bound_token_is_refused() {
    let bound = with(&claims(), "cnf", json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }));
    assert_eq!(verify(&bound), Err(TokenError::Bound));
    assert_eq!(verify(&with(&claims(), "cnf", json!(null))), Err(TokenError::Bound));
    assert!(verify(&claims()).is_ok());
    report::shown("JW-12", "a_bound_token_is_refused");
}

fn honest() -> Claims {
    Claims {
        iss: ISS.into(),
        aud: AUD.into(),
        sub: "usr_1".into(),
        sid: "ses_1".into(),
        jti: "tok_1".into(),
        ..Claims::lasting(moment(NOW), Duration::minutes(5)).unwrap()
    }
}

/// Requirement 66: claims of the application's own cannot replace ours, and others keep their place.
#[test]
fn reserved_names_cannot_be_taken() {
    for name in RESERVED {
        let mut claims = honest();
        claims.extra.insert(name.into(), json!("usr_admin"));
        let refused = sign(&EDDSA.key, &claims).unwrap_err();
        assert_eq!(refused, SignError::Claims(ClaimsError::Reserved(name.into())));
    }
    let mut claims = honest();
    claims.extra.insert("https://example.com/plan".into(), json!("gold"));
    let token = sign(&EDDSA.key, &claims).unwrap();
    assert_eq!(EDDSA.verify(token.expose()).unwrap().into_claims(), claims);
}

/// Nothing is signed that no verifier would accept.
#[test]
fn what_would_be_refused_is_not_signed() {
    let signed = |change: &dyn Fn(&mut Claims)| {
        let mut claims = honest();
        change(&mut claims);
        sign(&EDDSA.key, &claims).map(|token| token.expose().len())
    };
    let empty = |name| Err(SignError::Claims(ClaimsError::Empty(name)));
    assert_eq!(signed(&|claims| claims.sub.clear()), empty("sub"));
    assert_eq!(signed(&|claims| claims.aud.clear()), empty("aud"));
    assert_eq!(signed(&|claims| claims.org_id = Some(String::new())), empty("org_id"));
    assert_eq!(signed(&|claims| claims.exp = claims.iat), Err(SignError::Lifetime));
    assert_eq!(signed(&|claims| claims.nbf = Some(claims.exp)), Err(SignError::Lifetime));
    let long = |claims: &mut Claims| drop(claims.extra.insert("x".into(), json!("a".repeat(8_192))));
    assert_eq!(signed(&long), Err(SignError::TooLong));
    let deep = |claims: &mut Claims| {
        let nested = (0..16).fold(json!([]), |inner, _| json!([inner]));
        claims.extra.insert("x".into(), nested);
    };
    assert_eq!(signed(&deep), Err(SignError::TooDeep));
    assert!(signed(&|_| {}).is_ok());

    let hour = Claims { ..Claims::lasting(moment(NOW), Duration::hours(1)).unwrap() };
    let hour = Claims { exp: hour.exp, ..honest() };
    assert_eq!(sign(&EDDSA.key, &hour).unwrap_err(), SignError::Lifetime);
    assert!(sign_for(&EDDSA.key, &hour, Duration::hours(1)).is_ok());
}

/// Secrets do not print.
#[test]
fn a_token_does_not_print() {
    let token = sign(&EDDSA.key, &honest()).unwrap();
    assert_eq!(format!("{token:?}"), "Token([redacted])");
}
