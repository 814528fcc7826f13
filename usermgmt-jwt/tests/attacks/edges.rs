//! Signatures and keys at the edges of the arithmetic.

use serde_json::json;
use usermgmt_jwt::{JwkError, Jwks, JwksError, TokenError};

use crate::forge::{EDDSA, ES256, Issuer, RS256, claims, encode};
use crate::report;

/// The order of P-256 (SEC 2 section 2.4.2), big-endian.
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
    0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
/// The order of Ed25519's subgroup (RFC 8032 section 5.1), little-endian.
const ED25519_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn signed(issuer: &Issuer) -> String {
    format!("{}.{}", encode(issuer.header().to_string().as_bytes()), encode(claims().to_string().as_bytes()))
}

fn refused(issuer: &Issuer, signed: &str, signature: &[u8]) {
    let token = format!("{signed}.{}", encode(signature));
    assert_eq!(issuer.verify(&token), Err(TokenError::Signature), "{signature:?}");
}

/// JW-13: r or s of 0 or n, and DER where r and s are wanted.
#[test]
fn ecdsa_edges_are_refused() {
    let signed = signed(&ES256);
    let honest = ES256.signature(signed.as_bytes());
    let (r, s) = honest.split_at(32);
    for odd in [[0; 32], P256_ORDER, [0xff; 32]] {
        refused(&ES256, &signed, &[&odd, s].concat());
        refused(&ES256, &signed, &[r, &odd].concat());
        refused(&ES256, &signed, &[odd, odd].concat());
    }
    let integer = |number: &[u8]| [&[2, 33, 0], number].concat();
    refused(&ES256, &signed, &[&[0x30, 70], integer(r).as_slice(), &integer(s)].concat());
    refused(&ES256, &signed, &[&[0], honest.as_slice()].concat());
    refused(&ES256, &signed, &honest[..63]);
    assert!(ES256.verify(&format!("{signed}.{}", encode(&honest))).is_ok());
    report::shown("JW-13", "ecdsa_edges_are_refused");
}

/// JW-13: S that is not reduced is another text for the same signature.
#[test]
fn ed25519_has_one_signature() {
    let signed = signed(&EDDSA);
    let honest = EDDSA.signature(signed.as_bytes());
    let mut other = honest.clone();
    let mut carry = 0;
    for (byte, order) in other[32..].iter_mut().zip(ED25519_ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    assert_ne!(honest, other);
    refused(&EDDSA, &signed, &other);
    refused(&EDDSA, &signed, &[0; 64]);
    refused(&EDDSA, &signed, &[honest.as_slice(), &[0]].concat());
    assert!(EDDSA.verify(&format!("{signed}.{}", encode(&honest))).is_ok());
    report::shown("JW-13", "ed25519_has_one_signature");
}

/// JW-13: RSA signatures of another length, or trivial ones.
#[test]
fn rsa_edges_are_refused() {
    let signed = signed(&RS256);
    let honest = RS256.signature(signed.as_bytes());
    let one = [vec![0; honest.len() - 1], vec![1]].concat();
    let odd = [vec![], vec![0; honest.len()], vec![0xff; honest.len()], one, [&[0], honest.as_slice()].concat()];
    for odd in odd {
        refused(&RS256, &signed, &odd);
    }
    assert!(RS256.verify(&format!("{signed}.{}", encode(&honest))).is_ok());
    report::shown("JW-13", "rsa_edges_are_refused");
}

/// JW-13: a published key of small order, for which some signatures fit any message, is no key.
#[test]
fn keys_of_small_order_are_refused() {
    let entry = |x: &[u8]| json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(x), "kid": "small", "alg": "EdDSA" });
    for first in [0, 1] {
        let mut point = [0; 32];
        point[0] = first;
        let refused = Jwks::parse(json!({ "keys": [entry(&point)] }).to_string().as_bytes()).unwrap_err();
        assert_eq!(refused, JwksError::Key { index: 0, reason: JwkError::Weak });
    }
    let honest = json!({ "keys": [EDDSA.key.public()] });
    assert_eq!(Jwks::parse(honest.to_string().as_bytes()).unwrap().keys().len(), 1);
    report::shown("JW-13", "keys_of_small_order_are_refused");
}
