//! What a header may ask for, and where keys come from.

use std::net::TcpListener;

use serde_json::{Value, json};
use usermgmt_jwt::{Jwks, Rules, TokenError, Verifier};

use crate::forge::{AUD, EDDSA, ES256, ISS, Issuer, NOW, all, claims, moment, with, without};
use crate::report;

fn refused_header(name: &str, value: &Value) {
    let token = EDDSA.forge(&with(&EDDSA.header(), name, value.clone()), &claims());
    assert_eq!(EDDSA.verify(&token), Err(TokenError::Header), "{name}: {value}");
}

/// JW-03: `crit` in every form, also an empty one, and `b64`.
#[test]
fn critical_parameters_are_not_passed_over() {
    for value in [json!(["x"]), json!([]), json!("exp"), json!(["exp"]), json!(null), json!(["b64"])] {
        refused_header("crit", &value);
    }
    let header = with(&with(&EDDSA.header(), "b64", json!(false)), "crit", json!(["b64"]));
    assert_eq!(EDDSA.verify(&EDDSA.forge(&header, &claims())), Err(TokenError::Header));
    for value in [json!(false), json!(true)] {
        refused_header("b64", &value);
    }
    // Twin: a parameter that nobody has to understand (RFC 7515 section 4).
    assert!(EDDSA.verify(&EDDSA.forge(&with(&EDDSA.header(), "x", json!(1)), &claims())).is_ok());
    report::shown("JW-03", "critical_parameters_are_not_passed_over");
}

/// JW-04: a token that brings its own key, inline or by address; nobody is asked for it.
#[test]
fn a_token_brings_no_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let attacker = Issuer::new(usermgmt_jwt::Algorithm::EdDsa);
    let values = [
        ("jwk", json!(attacker.key.public())),
        ("jku", json!(address)),
        ("x5u", json!(address)),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
    ];
    for (name, value) in values {
        for kid in [attacker.key.key_id(), EDDSA.key.key_id()] {
            let header = with(&with(&attacker.header(), name, value.clone()), "kid", json!(kid));
            assert_eq!(EDDSA.verify(&attacker.forge(&header, &claims())), Err(TokenError::Header), "{name}");
        }
        refused_header(name, &value);
    }
    assert_eq!(EDDSA.verify(&attacker.honest()), Err(TokenError::UnknownKey));
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody asked for the key");
    assert!(EDDSA.verify(&EDDSA.honest()).is_ok());
    report::shown("JW-04", "a_token_brings_no_key");
}

/// JW-05: the key id is looked up letter by letter, and does nothing else.
#[test]
fn the_key_id_is_neither_path_nor_query() {
    let own = EDDSA.key.key_id().to_owned();
    let odd = [
        json!("../../dev/null"),
        json!("' OR 1=1--"),
        json!("\0"),
        json!(""),
        json!("*"),
        json!(format!("{own}\0")),
        json!(format!("{own} ")),
        json!(own.to_lowercase() + "x"),
        json!([own.clone()]),
        json!(0),
        json!(null),
        json!(ES256.key.key_id()),
    ];
    for kid in odd {
        let token = EDDSA.forge(&with(&EDDSA.header(), "kid", kid.clone()), &claims());
        assert_eq!(EDDSA.verify(&token), Err(TokenError::UnknownKey), "{kid}");
    }
    let long = EDDSA.forge(&with(&EDDSA.header(), "kid", json!("a".repeat(1_000_000))), &claims());
    assert_eq!(EDDSA.verify(&long), Err(TokenError::TooLong));
    assert!(EDDSA.verify(&EDDSA.honest()).is_ok());
    report::shown("JW-05", "the_key_id_is_neither_path_nor_query");
}

/// JW-05: without an id no key is tried, be there one or two.
#[test]
fn no_key_is_guessed() {
    let token = EDDSA.forge(&without(&EDDSA.header(), "kid"), &claims());
    assert_eq!(EDDSA.verify(&token), Err(TokenError::UnknownKey));
    let two = Jwks::new([EDDSA.key.public(), ES256.key.public()]).unwrap();
    let verifier = Verifier::new(Rules::new(ISS, AUD).unwrap(), two);
    assert_eq!(verifier.verify(&token, moment(NOW)), Err(TokenError::UnknownKey));
    assert!(verifier.verify(&EDDSA.honest(), moment(NOW)).is_ok());
    assert!(verifier.verify(&ES256.honest(), moment(NOW)).is_ok());
    report::shown("JW-05", "no_key_is_guessed");
}

/// JW-06: an identity token, a logout token or an untyped one of the same issuer and key is no access token.
#[test]
fn a_token_of_another_kind_is_no_access_token() {
    for issuer in all() {
        let odd = [
            json!("JWT"),
            json!("jwt"),
            json!("logout+jwt"),
            json!("secevent+jwt"),
            json!("at+jwt "),
            json!("text/at+jwt"),
            json!("application/application/at+jwt"),
            json!(["at+jwt"]),
            json!(null),
        ];
        for typ in odd {
            let token = issuer.forge(&with(&issuer.header(), "typ", typ.clone()), &claims());
            assert_eq!(issuer.verify(&token), Err(TokenError::Type), "{typ}");
        }
        let untyped = issuer.forge(&without(&issuer.header(), "typ"), &claims());
        assert_eq!(issuer.verify(&untyped), Err(TokenError::Type));
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/at+JWT"] {
            let token = issuer.forge(&with(&issuer.header(), "typ", json!(typ)), &claims());
            assert!(issuer.verify(&token).is_ok(), "{typ}");
        }
    }
    report::shown("JW-06", "a_token_of_another_kind_is_no_access_token");
}

/// JW-09: compressed and encrypted tokens, and headers that ask for costly work.
#[test]
fn nothing_is_unpacked_or_decrypted() {
    refused_header("zip", &json!("DEF"));
    refused_header("enc", &json!("A256GCM"));
    refused_header("epk", &json!({ "kty": "OKP" }));
    let header = with(&with(&EDDSA.header(), "alg", json!("PBES2-HS256+A128KW")), "p2c", json!(2_147_483_647));
    assert_eq!(EDDSA.verify(&EDDSA.forge(&header, &claims())), Err(TokenError::Header));
    let header = with(&EDDSA.header(), "alg", json!("PBES2-HS256+A128KW"));
    assert_eq!(EDDSA.verify(&EDDSA.forge(&header, &claims())), Err(TokenError::Algorithm));
    // Five parts: the compact form of encryption (RFC 7516 section 7.1).
    let encrypted = format!("{}.AA.AA.AA.AA", EDDSA.honest().split_once('.').unwrap().0);
    assert_eq!(EDDSA.verify(&encrypted), Err(TokenError::Malformed));
    assert!(EDDSA.verify(&EDDSA.honest()).is_ok());
    report::shown("JW-09", "nothing_is_unpacked_or_decrypted");
}

/// JW-09: a token in a token in a token: `cty` unpacks nothing, and the outer claims are judged as they are.
#[test]
fn a_nested_token_stays_closed() {
    let mut inner = EDDSA.honest();
    let header = with(&EDDSA.header(), "cty", json!("JWT"));
    for _ in 0..5 {
        let next = EDDSA
            .sign_parts(&crate::forge::encode(header.to_string().as_bytes()), &crate::forge::encode(inner.as_bytes()));
        assert_eq!(EDDSA.verify(&next), Err(TokenError::Malformed));
        inner = next;
    }
    assert!(EDDSA.verify(&EDDSA.honest()).is_ok());
    report::shown("JW-09", "a_nested_token_stays_closed");
}
