//! Who chooses the algorithm.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RsaEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use usermgmt_jwt::{Jwks, Rules, TokenError, Verifier};

use crate::forge::{AUD, EDDSA, ES256, ISS, Issuer, NOW, RS256, all, claims, encode, moment, with, without};
use crate::report;

/// JW-01: `none` in any spelling, with and without a signature.
#[test]
fn none_is_no_algorithm() {
    for issuer in all() {
        for name in ["none", "None", "nOnE", "NONE", "", " none"] {
            let header = with(&issuer.header(), "alg", json!(name));
            let signed = issuer.forge(&header, &claims());
            let unsigned = format!("{}.", signed.rsplit_once('.').unwrap().0);
            assert_eq!(issuer.verify(&signed), Err(TokenError::Algorithm), "{name}");
            assert_eq!(issuer.verify(&unsigned), Err(TokenError::Algorithm), "{name}");
        }
        let stripped = format!("{}.", issuer.honest().rsplit_once('.').unwrap().0);
        assert_eq!(issuer.verify(&stripped), Err(TokenError::Signature));
        assert_eq!(issuer.verify(&issuer.honest()).unwrap().sub, "usr_1");
    }
    report::shown("JW-01", "none_is_no_algorithm");
}

/// The public key in every form that a careless verifier might take for an HMAC secret.
fn public_forms(issuer: &Issuer) -> Vec<Vec<u8>> {
    let jwk = json!(issuer.key.public());
    let der = public_der(issuer);
    let base64 = STANDARD.encode(&der);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", lines.join("\n"));
    let mut forms = vec![der, format!("{pem}\n").into_bytes(), pem.into_bytes(), jwk.to_string().into_bytes()];
    for name in ["x", "n"] {
        if let Some(number) = jwk[name].as_str() {
            forms.push(number.as_bytes().to_vec());
            forms.push(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(number).unwrap());
        }
    }
    forms.push(Vec::new());
    forms
}

fn public_der(issuer: &Issuer) -> Vec<u8> {
    use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, Ed25519KeyPair};
    let key = issuer.key.export().unwrap();
    let der = key.expose();
    match issuer.key.algorithm().name() {
        "EdDSA" => Ed25519KeyPair::from_pkcs8(der).unwrap().public_key().as_der().unwrap().as_ref().to_vec(),
        "ES256" => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).unwrap();
            pair.public_key().as_der().unwrap().as_ref().to_vec()
        }
        _ => RsaKeyPair::from_pkcs8(der).unwrap().public_key().as_der().unwrap().as_ref().to_vec(),
    }
}

/// JW-01: HMAC with the public key as the secret, under the name of HMAC and under the key's own.
#[test]
fn the_public_key_is_no_shared_secret() {
    for issuer in all() {
        for secret in public_forms(issuer) {
            for (name, kind) in [("HS256", hmac::HMAC_SHA256), ("HS512", hmac::HMAC_SHA512)] {
                let key = hmac::Key::new(kind, &secret);
                for (alg, refusal) in
                    [(name, TokenError::Algorithm), (issuer.key.algorithm().name(), TokenError::Signature)]
                {
                    let header = with(&issuer.header(), "alg", json!(alg));
                    let signed = format!(
                        "{}.{}",
                        encode(header.to_string().as_bytes()),
                        encode(claims().to_string().as_bytes())
                    );
                    let tag = hmac::sign(&key, signed.as_bytes());
                    let token = format!("{signed}.{}", encode(tag.as_ref()));
                    assert_eq!(issuer.verify(&token), Err(refusal), "{alg}");
                }
            }
        }
        assert!(issuer.verify(&issuer.honest()).is_ok());
    }
    report::shown("JW-01", "the_public_key_is_no_shared_secret");
}

/// JW-01: an RSA signature of another padding or digest, under its own name and under `RS256`.
#[test]
fn rsa_is_not_swapped_for_rsa() {
    let kinds: [(&str, &'static dyn RsaEncoding); 3] =
        [("PS256", &RSA_PSS_SHA256), ("RS384", &RSA_PKCS1_SHA384), ("RS512", &RSA_PKCS1_SHA512)];
    for (name, kind) in kinds {
        for (alg, refusal) in [(name, TokenError::Algorithm), ("RS256", TokenError::Signature)] {
            let header = with(&RS256.header(), "alg", json!(alg));
            let signed =
                format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims().to_string().as_bytes()));
            let token = format!("{signed}.{}", encode(&RS256.rsa_signature(kind, signed.as_bytes())));
            assert_eq!(RS256.verify(&token), Err(refusal), "{name} as {alg}");
        }
    }
    assert!(RS256.verify(&RS256.honest()).is_ok());
    report::shown("JW-01", "rsa_is_not_swapped_for_rsa");
}

/// JW-01: a signature by a key on P-384 passes neither as `ES256` nor as `ES384`, published or not.
#[test]
fn another_curve_is_another_algorithm() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let entry = |alg: &str| json!({ "kty": "EC", "crv": "P-384", "x": encode(x), "y": encode(y), "kid": "p384", "alg": alg, "use": "sig" });
    for alg in ["ES256", "ES384"] {
        for (kid, refusal) in [("p384", TokenError::UnknownKey), (ES256.key.key_id(), TokenError::Signature)] {
            let published = json!({ "keys": [entry(alg), ES256.key.public()] }).to_string();
            let verifier = Verifier::new(Rules::new(ISS, AUD).unwrap(), Jwks::parse(published.as_bytes()).unwrap());
            let refusal =
                if refusal == TokenError::Signature && alg == "ES384" { TokenError::Algorithm } else { refusal };
            let header = json!({ "typ": "at+jwt", "alg": alg, "kid": kid });
            let signed =
                format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims().to_string().as_bytes()));
            let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            let token = format!("{signed}.{}", encode(signature.as_ref()));
            assert_eq!(verifier.verify(&token, moment(NOW)), Err(refusal), "{alg} {kid}");
            assert!(verifier.verify(&ES256.honest(), moment(NOW)).is_ok());
        }
    }
    report::shown("JW-01", "another_curve_is_another_algorithm");
}

/// JW-01: `alg` missing, of another type, or of another spelling.
#[test]
fn the_algorithm_is_one_name() {
    let odd: [Value; 8] = [
        json!(["EdDSA"]),
        json!(null),
        json!(1),
        json!({ "name": "EdDSA" }),
        json!("eddsa"),
        json!("EdDSA "),
        json!("Ed25519"),
        json!("ES256"),
    ];
    for alg in odd {
        let token = EDDSA.forge(&with(&EDDSA.header(), "alg", alg.clone()), &claims());
        assert_eq!(EDDSA.verify(&token), Err(TokenError::Algorithm), "{alg}");
    }
    let token = EDDSA.forge(&without(&EDDSA.header(), "alg"), &claims());
    assert_eq!(EDDSA.verify(&token), Err(TokenError::Algorithm));
    assert!(EDDSA.verify(&EDDSA.honest()).is_ok());
    report::shown("JW-01", "the_algorithm_is_one_name");
}

/// JW-01: the issuer's key for encryption, or one that may only sign, checks nothing.
#[test]
fn a_key_for_another_use_checks_nothing() {
    for issuer in all() {
        let own = json!(issuer.key.public());
        let uses =
            [("use", json!("enc")), ("key_ops", json!(["encrypt"])), ("key_ops", json!([])), ("alg", json!("PS256"))];
        for (name, value) in uses {
            let published = json!({ "keys": [with(&own, name, value.clone())] }).to_string();
            let keys = Jwks::parse(published.as_bytes()).unwrap();
            let verifier = Verifier::new(Rules::new(ISS, AUD).unwrap(), keys);
            let refused = verifier.verify(&issuer.honest(), moment(NOW));
            assert_eq!(refused, Err(TokenError::UnknownKey), "{name} {value}");
        }
        let published = json!({ "keys": [with(&own, "key_ops", json!(["verify"]))] }).to_string();
        let keys = Jwks::parse(published.as_bytes()).unwrap();
        assert!(Verifier::new(Rules::new(ISS, AUD).unwrap(), keys).verify(&issuer.honest(), moment(NOW)).is_ok());
    }
    report::shown("JW-01", "a_key_for_another_use_checks_nothing");
}

/// JW-01: the key of one algorithm signs under the id of another's.
#[test]
fn a_signature_belongs_to_the_key_that_is_named() {
    let both = Jwks::new(all().map(|issuer| issuer.key.public())).unwrap();
    let verifier = Verifier::new(Rules::new(ISS, AUD).unwrap(), both);
    for signer in all() {
        for named in all() {
            for alg in ["EdDSA", "ES256", "RS256"] {
                let header = json!({ "typ": "at+jwt", "alg": alg, "kid": named.key.key_id() });
                let found = verifier.verify(&signer.forge(&header, &claims()), moment(NOW));
                let honest = signer.key.key_id() == named.key.key_id() && alg == named.key.algorithm().name();
                assert_eq!(found.is_ok(), honest, "{alg}: {found:?}");
            }
        }
    }
    report::shown("JW-01", "a_signature_belongs_to_the_key_that_is_named");
}
