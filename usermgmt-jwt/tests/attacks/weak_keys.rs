//! Published keys that are not worth their name.

use serde_json::{Value, json};
use usermgmt_jwt::{JwkError, Jwks, JwksError};

use crate::forge::{ES256, RS256, all, encode, with, without};
use crate::report;

fn refusal(entry: &Value) -> Option<JwkError> {
    match Jwks::parse(json!({ "keys": [entry] }).to_string().as_bytes()) {
        Ok(keys) => {
            assert_eq!(keys.keys().len(), 1, "passed over: {entry}");
            None
        }
        Err(JwksError::Key { index: 0, reason }) => Some(reason),
        Err(other) => panic!("{other}"),
    }
}

fn rsa(bits: usize, low: u8) -> String {
    let mut n = vec![0xa5; bits / 8];
    n[0] = 0x80;
    *n.last_mut().unwrap() = low;
    encode(&n)
}

/// JW-21: RSA of fewer than 2048 bits, of far too many, with an even modulus or an exponent that does nothing.
#[test]
fn weak_rsa_keys_are_refused() {
    let honest = json!(RS256.key.public());
    assert_eq!(refusal(&honest), None);
    for (bits, expected) in [(512, true), (1_024, true), (1_536, true), (2_040, true), (2_048, false), (8_200, true)] {
        let found = refusal(&with(&honest, "n", json!(rsa(bits, 0xa5))));
        assert_eq!(found, expected.then_some(JwkError::Weak), "{bits} bits");
    }
    // 256 bytes, 2047 bits.
    let mut n = vec![0xa5; 256];
    n[0] = 0x7f;
    assert_eq!(refusal(&with(&honest, "n", json!(encode(&n)))), Some(JwkError::Weak));
    assert_eq!(refusal(&with(&honest, "n", json!(rsa(2_048, 0xa4)))), Some(JwkError::Weak), "even modulus");
    for e in [vec![1], vec![2], vec![1, 0, 0], vec![1; 9]] {
        assert_eq!(refusal(&with(&honest, "e", json!(encode(&e)))), Some(JwkError::Weak), "{e:?}");
    }
    for (name, odd) in [("e", vec![]), ("e", vec![0]), ("e", vec![0, 1, 0, 1]), ("n", vec![]), ("n", vec![0; 256])] {
        assert_eq!(refusal(&with(&honest, name, json!(encode(&odd)))), Some(JwkError::Malformed), "{name} {odd:?}");
    }
    report::shown("JW-21", "weak_rsa_keys_are_refused");
}

/// JW-21: a point that is not on its curve, or not in the one form.
#[test]
fn points_off_the_curve_are_refused() {
    let honest = json!(ES256.key.public());
    assert_eq!(refusal(&honest), None);
    let flipped = {
        let y = honest["y"].as_str().unwrap();
        let first = if y.starts_with('A') { "B" } else { "A" };
        format!("{first}{}", &y[1..])
    };
    for (name, odd) in [
        ("y", json!(flipped)),
        ("y", honest["x"].clone()),
        ("x", json!(encode(&[0; 32]))),
        ("x", json!(encode(&[0xff; 32]))),
        ("x", json!(encode(&[1; 31]))),
        ("x", json!(format!("{}=", honest["x"].as_str().unwrap()))),
        ("x", json!(1)),
    ] {
        assert_eq!(refusal(&with(&honest, name, odd.clone())), Some(JwkError::Malformed), "{name}: {odd}");
    }
    report::shown("JW-21", "points_off_the_curve_are_refused");
}

/// JW-21: members that are missing or of another type are no key.
#[test]
fn incomplete_keys_are_refused() {
    for issuer in all() {
        let honest = json!(issuer.key.public());
        for name in ["x", "y", "n", "e", "kty"] {
            if honest.get(name).is_some() {
                assert_eq!(refusal(&without(&honest, name)), Some(JwkError::Malformed), "{name}");
            }
        }
        for name in ["kty", "kid", "use", "alg", "key_ops"] {
            assert_eq!(refusal(&with(&honest, name, json!(1))), Some(JwkError::Malformed), "{name}");
        }
        assert_eq!(refusal(&without(&without(&honest, "use"), "alg")), None);
    }
    report::shown("JW-21", "incomplete_keys_are_refused");
}

/// JW-10: a set that gives private keys away is refused, whatever else is in it.
#[test]
fn private_keys_are_not_read() {
    for issuer in all() {
        let honest = json!(issuer.key.public());
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert_eq!(refusal(&with(&honest, name, json!("AA"))), Some(JwkError::Private), "{name}");
        }
    }
    let secret = json!({ "kty": "oct", "k": "AAAA", "kid": "1" });
    assert_eq!(refusal(&secret), Some(JwkError::Private));
    report::shown("JW-10", "private_keys_are_not_read");
}

/// JW-10: what is published of a key has no private member, and the private key is not in it.
#[test]
fn published_keys_are_public() {
    for issuer in all() {
        let published = Jwks::new([issuer.key.public()]).unwrap().to_json();
        let names: Vec<String> = json!(issuer.key.public()).as_object().unwrap().keys().cloned().collect();
        assert!(names.iter().all(|name| !["d", "p", "q", "dp", "dq", "qi", "k"].contains(&name.as_str())));
        let private = issuer.key.export().unwrap();
        // The last bytes of each private key are a part of it that is not public, or that of RSA's last factor.
        let der = private.expose();
        assert!(!published.contains(&encode(&der[der.len() - 24..])));
        // Twin: the public part is.
        assert!(published.contains(issuer.key.key_id()));
    }
    report::shown("JW-10", "published_keys_are_public");
}
