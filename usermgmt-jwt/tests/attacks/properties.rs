//! What holds for every input.

use proptest::prelude::*;
use usermgmt_jwt::{ClaimTemplate, Jwks};

use crate::forge::{EDDSA, ES256, RS256, all, claims};
use crate::report;

/// JW-08: every single bit of a valid token counts; all of them are tried.
#[test]
fn no_bit_of_a_token_can_be_flipped() {
    for issuer in all() {
        let (token, verifier) = (issuer.honest(), issuer.verifier());
        let now = crate::forge::moment(crate::forge::NOW);
        assert!(verifier.verify(&token, now).is_ok());
        for index in 0..token.len() {
            for bit in 0..8 {
                let mut bytes = token.clone().into_bytes();
                bytes[index] ^= 1 << bit;
                // What is no text cannot be handed over.
                if let Ok(flipped) = String::from_utf8(bytes) {
                    assert!(verifier.verify(&flipped, now).is_err(), "byte {index}, bit {bit}");
                }
            }
        }
    }
    report::shown("JW-08", "no_bit_of_a_token_can_be_flipped");
}

proptest! {
    /// JW-14: nothing that is handed over makes the verifier panic, and nothing unsigned is accepted.
    #[test]
    fn any_text_is_refused(text in ".{0,400}", parts in proptest::array::uniform3(any::<Vec<u8>>())) {
        prop_assert!(EDDSA.verify(&text).is_err());
        let token = parts.map(|part| crate::forge::encode(&part)).join(".");
        for issuer in [&EDDSA, &ES256, &RS256] {
            prop_assert!(issuer.verify(&token).is_err());
        }
    }

    /// JW-12: whatever the issuer signs is read without a panic; only objects are claims.
    #[test]
    fn any_signed_claims_are_read(payload in any::<Vec<u8>>(), text in "[\\[\\]{}\",:a-z0-9.eE+-]{0,60}") {
        let header = crate::forge::encode(EDDSA.header().to_string().as_bytes());
        for payload in [payload, text.into_bytes()] {
            prop_assert!(EDDSA.verify(&EDDSA.sign_parts(&header, &crate::forge::encode(&payload))).is_err());
        }
    }

    /// JW-12: a token cut anywhere, or with a piece of another, is refused.
    #[test]
    fn a_cut_token_is_refused(cut in 0_usize..400, other in ".{0,8}") {
        let token = EDDSA.honest();
        let cut = cut.min(token.len() - 1);
        prop_assert!(EDDSA.verify(&token[..cut]).is_err());
        prop_assert!(EDDSA.verify(&token[cut + 1..]).is_err());
        let inserted = format!("{}{other}{}", &token[..cut], &token[cut..]);
        prop_assert_eq!(EDDSA.verify(&inserted).is_ok(), other.is_empty());
    }

    /// Nothing makes the readers of key sets and templates panic.
    #[test]
    fn any_key_set_and_template_is_read(
        bytes in any::<Vec<u8>>(),
        text in "[\\[\\]{}\",:a-z.]{0,80}",
        name in "(kty|crv|x|y|n|e|kid|use|alg)",
        value in ".{0,40}",
    ) {
        let _ = (Jwks::parse(&bytes), Jwks::parse(text.as_bytes()), ClaimTemplate::parse(&text));
        for issuer in all() {
            let key = crate::forge::with(&serde_json::json!(issuer.key.public()), &name, value.clone().into());
            let _ = Jwks::parse(serde_json::json!({ "keys": [key] }).to_string().as_bytes());
        }
        let _ = ClaimTemplate::parse(&crate::forge::with(&claims(), &name, value.into()).to_string());
    }
}
