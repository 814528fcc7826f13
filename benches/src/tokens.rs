//! Checking and making access tokens, beside the signature alone and beside another library.

use std::hint::black_box;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaPublicKeyComponents,
};
use axum::Router;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::runtime::Runtime;
use usermgmt_axum::TokenClaims;
use usermgmt_jwt::{Algorithm, Claims, Rules, SigningKey, Verifier, sign};
use usermgmt_service::{AccessTokens, HashCost};

use crate::framework::drive;
use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::world::{self, ORIGIN, World};

/// How much more than the signature alone a check may cost.
const LINE: f64 = 1.5;

pub(crate) fn run(report: &mut Report) {
    report.note("Access tokens as this library issues them to a member of an organisation, in process, one thread.");
    report.note(
        "Baseline: aws-lc-rs checks the signature over the same bytes with a key that it has parsed before, and no more.",
    );
    report.note("jsonwebtoken (aws-lc too) checks issuer, audience and times besides, and reads the claims as JSON.");
    // An error says that the process has a provider already.
    let _installed = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    for algorithm in Algorithm::ALL {
        let runtime = world::single();
        let claims = checking(report, &runtime, algorithm);
        signing(report, algorithm, &claims);
    }
}

/// A token taken apart for those who want only a part of it.
struct Presented {
    text: String,
    now: OffsetDateTime,
    signed: usize,
    signature: Vec<u8>,
}

impl Presented {
    fn new(text: &str, now: OffsetDateTime) -> Self {
        let (signed, signature) = text.rsplit_once('.').expect("three parts");
        Self { text: text.to_owned(), now, signed: signed.len(), signature: decoded(signature) }
    }

    fn signed(&self) -> &[u8] {
        &self.text.as_bytes()[..self.signed]
    }
}

/// Checks tokens in every way; answers with the claims of one.
fn checking(report: &mut Report, runtime: &Runtime, algorithm: Algorithm) -> Claims {
    let (rounds, ops) = (report.volume(30, 3), report.volume(2_000, 50));
    let tokens = AccessTokens::default().algorithm(algorithm);
    let (world, principal) = runtime.block_on(async {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder.tokens(tokens)).await;
        let (_, principal) = world.member("ann@example.test").await;
        (world, principal)
    });
    let auth = &world.auth;
    let tokens = auth.tokens().expect("switched on");
    let published = runtime.block_on(async {
        // The first token makes the key.
        tokens.issue(&principal, None).await.expect("a token");
        tokens.key_set().await.expect("keys")
    });
    let verifier = Verifier::new(Rules::new(ORIGIN, ORIGIN).expect("rules"), published.clone());
    let (raw, theirs) = (raw_key(&published.to_json()), their_key(&published.to_json()));
    let validation = their_rules(algorithm);
    let mut bare: Router = Router::new().route("/", get(async || "Hello"));
    let mut guarded: Router = Router::new().route("/", get(async |_: TokenClaims| "Hello")).with_state(auth.clone());

    let names = [
        "aws-lc-rs: the signature alone (baseline)",
        "Verifier::verify",
        "jsonwebtoken::decode",
        "auth.tokens().verify",
        "bare axum handler",
        "axum handler with TokenClaims",
    ];
    let (mut costs, mut claims) = (names.map(|_| Cost::default()), None);
    for round in 0..=rounds {
        // A token of a cookie's session lives for a minute.
        let issued = runtime.block_on(tokens.issue(&principal, None)).expect("a token");
        let token = Presented::new(issued.access.expose(), auth.now());
        let bearer = format!("Bearer {}", token.text);
        let mut once = names.map(|_| Cost::default());
        once[0].round(ops, |ops| {
            (0..ops).for_each(|_| raw.verify_sig(black_box(token.signed()), &token.signature).expect("signed"));
        });
        once[1].round(ops, |ops| {
            for _ in 0..ops {
                black_box(verifier.verify(black_box(&token.text), token.now).expect("good"));
            }
        });
        once[2].round(ops, |ops| {
            for _ in 0..ops {
                let found = jsonwebtoken::decode::<Value>(black_box(&token.text), &theirs, &validation);
                black_box(found.expect("good"));
            }
        });
        once[3].round(ops, |ops| {
            runtime.block_on(async {
                for _ in 0..ops {
                    black_box(tokens.verify(black_box(&token.text)).await.expect("good"));
                }
            });
        });
        once[4].round(ops, |ops| drive(runtime, &mut bare, ("authorization", &bearer), ops));
        once[5].round(ops, |ops| drive(runtime, &mut guarded, ("authorization", &bearer), ops));
        // The first round fills caches and is not counted.
        if round > 0 {
            costs.iter_mut().zip(once).for_each(|(all, one)| all.extend(one));
        }
        claims = Some(verifier.verify(&token.text, token.now).expect("good").into_claims());
    }

    let ratio = |place: usize| paired(&costs[place].cpu, &costs[0].cpu, |candidate, base| candidate / base);
    let head = format!("checking {algorithm}");
    let mut table = vec![row([&head, "CPU", "× baseline", "allocations"])];
    for (place, name) in names.iter().enumerate() {
        let cost = &costs[place];
        let times = if place < 4 { format!("{:.2}", ratio(place)) } else { String::new() };
        table.push(vec![(*name).to_owned(), us(cost.median_cpu()), times, format!("{:.1}", cost.median_allocations())]);
    }
    report.table(&table);
    let what = format!("checking an {algorithm} token beside its signature alone, CPU");
    let [base, ours] = [0, 1].map(|place: usize| us(costs[place].median_cpu()));
    let measured = format!("{:.2} × ({ours} beside {base})", ratio(1));
    if algorithm == Algorithm::Rs256 {
        report.state(&what, measured);
    } else {
        report.judge(&what, measured, "≤ 1.5 ×", ratio(1) <= LINE);
    }
    report.state(&format!("jsonwebtoken checking an {algorithm} token beside the same"), format!("{:.2} ×", ratio(2)));
    let added = paired(&costs[5].cpu, &costs[4].cpu, |guarded, bare| guarded - bare);
    report.state(&format!("CPU that TokenClaims adds to an axum handler, {algorithm}"), us(added));
    claims.expect("a token was checked")
}

/// Makes tokens in both ways.
fn signing(report: &mut Report, algorithm: Algorithm, claims: &Claims) {
    let full = if algorithm == Algorithm::Rs256 { 50 } else { 1_000 };
    let (rounds, ops) = (report.volume(20, 3), report.volume(full, 10));
    let key = SigningKey::generate(algorithm).expect("a key");
    let token = sign(&key, claims).expect("a token");
    let (message, _) = token.expose().rsplit_once('.').expect("three parts");
    let pair = raw_pair(algorithm, key.export().expect("a key").expose());
    let (mut base, mut ours) = (Cost::default(), Cost::default());
    for _ in 0..rounds {
        base.round(ops, |ops| (0..ops).for_each(|_| pair(black_box(message.as_bytes()))));
        ours.round(ops, |ops| {
            for _ in 0..ops {
                black_box(sign(&key, black_box(claims)).expect("a token"));
            }
        });
    }
    let cpu = paired(&ours.cpu, &base.cpu, |ours, base| ours / base);
    let measured = format!("{cpu:.2} × ({} beside {})", us(ours.median_cpu()), us(base.median_cpu()));
    report.state(&format!("making an {algorithm} token beside its signature alone, CPU"), measured);
}

/// Signs bytes and forgets the signature.
type Sign = Box<dyn Fn(&[u8])>;

/// The private key as aws-lc-rs has it.
fn raw_pair(algorithm: Algorithm, der: &[u8]) -> Sign {
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::EdDsa => {
            let pair = Ed25519KeyPair::from_pkcs8(der).expect("a key");
            Box::new(move |message| _ = black_box(pair.sign(message)))
        }
        Algorithm::Es256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).expect("a key");
            Box::new(move |message| _ = black_box(pair.sign(&random, message).expect("signed")))
        }
        Algorithm::Rs256 => {
            let pair = RsaKeyPair::from_pkcs8(der).expect("a key");
            Box::new(move |message| {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("signed");
                black_box(signature);
            })
        }
    }
}

/// The one published key as aws-lc-rs has it.
fn raw_key(published: &str) -> ParsedPublicKey {
    let set: Value = serde_json::from_str(published).expect("JSON");
    let key = &set["keys"][0];
    let number = |name: &str| decoded(key[name].as_str().expect("a number of the key"));
    match key["kty"].as_str() {
        Some("OKP") => ParsedPublicKey::new(&ED25519, number("x")).expect("a key"),
        Some("EC") => {
            let point = [vec![4], number("x"), number("y")].concat();
            ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).expect("a key")
        }
        _ => {
            let components = RsaPublicKeyComponents { n: number("n"), e: number("e") };
            components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).expect("a key")
        }
    }
}

fn their_key(published: &str) -> DecodingKey {
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_str(published).expect("a key set");
    DecodingKey::from_jwk(set.keys.first().expect("a key")).expect("a key")
}

fn their_rules(algorithm: Algorithm) -> Validation {
    let mut rules = Validation::new(match algorithm {
        Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        Algorithm::Rs256 => jsonwebtoken::Algorithm::RS256,
    });
    rules.set_issuer(&[ORIGIN]);
    rules.set_audience(&[ORIGIN]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.validate_nbf = true;
    rules
}

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}
