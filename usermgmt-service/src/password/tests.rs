use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use usermgmt_core::MemoryStore;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::FactorKinds;
use usermgmt_core::password::{Composition, PasswordRules};
use usermgmt_core::port::{BreachError, BreachPrefix, BreachRange, BreachSource, OsRandom};

use super::*;
use crate::{Accepted, BreachCheck, Builder, Client, ConfigError, HashCost, OnOutage, SignUp};

fn builder() -> Builder {
    UserMgmt::builder(MemoryStore::new(), "http://localhost:3000", KeyRing::generate(&OsRandom).unwrap())
        .product("Acme Portal")
        .hash_cost(HashCost::insecure_for_tests())
        .hash_threads(1)
        .without_workers()
}

async fn with(rules: PasswordRules) -> UserMgmt {
    builder().password_rules(rules).build().await.unwrap()
}

fn code(result: Result<(), Error>) -> Option<&'static str> {
    match result {
        Ok(()) => None,
        Err(Error::Invalid(invalid)) => {
            assert_eq!(invalid.fields().len(), 1);
            assert_eq!(invalid.fields()[0].field, "new_password");
            Some(invalid.fields()[0].code)
        }
        Err(error) => panic!("{error:?}"),
    }
}

async fn check(auth: &UserMgmt, text: &str, previous: &[PasswordHash]) -> Result<(), Error> {
    let (password, email) = (Password::new(text).unwrap(), Contact::parse("ann.smith@example.org").unwrap());
    auth.check_new_password("new_password", &password, Some(&email), "Ann Smith", previous, FactorKinds::NONE).await
}

/// PW-08 and PW-11 at their common place.
#[tokio::test]
async fn the_default_refuses_what_can_be_expected_and_nothing_else() {
    let auth = with(PasswordRules::default()).await;
    for (text, expected) in [
        ("short", "too_short"),
        ("Password1", "common"),
        ("acme2026acme2026", "contains_product"),
        ("my portal 2026", "contains_product"),
        ("ann.smith@example.org", "contains_email"),
        ("smith2026smith", "contains_name"),
    ] {
        assert_eq!(code(check(&auth, text, &[]).await), Some(expected), "{text}");
    }
    for text in ["qzmwnxlvkrtyphg", &"🦀".repeat(64), "blowfish under moonlight", "        "] {
        assert_eq!(code(check(&auth, text, &[]).await), None, "{text}");
    }
}

#[tokio::test]
async fn an_application_without_a_name_denies_no_word_of_its_placeholder() {
    let auth = UserMgmt::builder(MemoryStore::new(), "http://localhost:3000", KeyRing::generate(&OsRandom).unwrap())
        .hash_cost(HashCost::insecure_for_tests())
        .without_workers();
    let auth = auth.build().await.unwrap();
    assert_eq!(code(check(&auth, "this harbour at night", &[]).await), None);
}

#[tokio::test]
async fn each_rule_has_a_code_of_its_own() {
    let off = Composition::default();
    for (composition, expected) in [
        (Composition { non_alphabetic: true, ..off }, "needs_non_alphabetic"),
        (Composition { mixed_case: true, ..off }, "needs_mixed_case"),
        (Composition { digit: true, ..off }, "needs_digit"),
        (Composition { symbol: true, ..off }, "needs_symbol"),
    ] {
        let auth = with(PasswordRules { composition, ..PasswordRules::default() }).await;
        assert_eq!(code(check(&auth, "qzmwnxlvkrtyphg", &[]).await), Some(expected));
    }
    let auth = with(PasswordRules { denied_words: vec!["harbour".into()], ..PasswordRules::default() }).await;
    assert_eq!(code(check(&auth, "candles in the Harbour", &[]).await), Some("contains_denied_word"));
}

#[tokio::test]
async fn every_code_has_a_text() {
    let auth = with(PasswordRules::default()).await;
    for code in FieldError::CODES {
        let id = format!("field-{}", code.replace('_', "-"));
        assert!(auth.texts().knows(&id), "{id}");
    }
}

#[tokio::test]
async fn former_passwords_are_refused_as_far_as_the_history_goes() {
    let auth = with(PasswordRules { history: 2, ..PasswordRules::default() }).await;
    let mut previous = Vec::new();
    for text in ["the latest of them", "the one before it", "the oldest of all"] {
        previous.push(auth.hasher().hash(&Password::new(text).unwrap()).await.unwrap());
    }
    assert_eq!(code(check(&auth, "the latest of them", &previous).await), Some("reused"));
    assert_eq!(code(check(&auth, "the one before it", &previous).await), Some("reused"));
    assert_eq!(code(check(&auth, "the oldest of all", &previous).await), None);
    assert_eq!(code(check(&auth, "The latest of them", &previous).await), None, "another case is another password");
    previous[0] = PasswordHash::from_phc("$unreadable$".into());
    assert_eq!(
        code(check(&auth, "the one before it", &previous).await),
        Some("reused"),
        "what is unreadable is passed"
    );
    let off = with(PasswordRules::default()).await;
    assert_eq!(code(check(&off, "the one before it", &previous).await), None);
}

#[cfg(feature = "zxcvbn")]
#[tokio::test]
async fn a_score_is_asked_for_with_what_is_known_about_the_person() {
    let auth = with(PasswordRules { min_score: Some(3), ..PasswordRules::default() }).await;
    for text in
        ["aaaaaaaaaaaaaaaaaaaaaaaa", "qwertyqwertyqwertyqwerty", "abcdefghijklmnop", "01.01.1990", &"🦀".repeat(64)]
    {
        assert_eq!(code(check(&auth, text, &[]).await), Some("too_guessable"), "{text}");
    }
    for text in ["blowfish under moonlight", &"4@8({[<369!1|7$5+%20".repeat(12)] {
        assert_eq!(code(check(&auth, text, &[]).await), None, "{text}");
    }
    let password = Password::new("zvonimirka-77").unwrap();
    let alone = strength::score(&password, Vec::new()).await.unwrap();
    let known = strength::score(&password, vec!["Zvonimirka".into()]).await.unwrap();
    assert!(known < alone, "{known} < {alone}");
}

#[cfg(not(feature = "zxcvbn"))]
#[tokio::test]
async fn a_score_without_the_feature_is_no_silent_yes() {
    let rules = PasswordRules { min_score: Some(3), ..PasswordRules::default() };
    assert!(matches!(builder().password_rules(rules).build().await, Err(ConfigError::Number(_))));
}

#[tokio::test]
async fn settings_that_make_no_sense_do_not_start() {
    let history = PasswordRules { history: 25, ..PasswordRules::default() };
    assert!(matches!(builder().password_rules(history).build().await, Err(ConfigError::Number(_))));
    let check = BreachCheck::by(Source::default()).time_limit(time::Duration::ZERO);
    assert!(matches!(builder().breach_check(check).build().await, Err(ConfigError::Number(_))));
}

/// Knows `blowfish under moonlight`, pads, and can be out of order.
#[derive(Clone, Default)]
struct Source {
    asked: Arc<AtomicUsize>,
    down: bool,
    hangs: bool,
}

#[async_trait]
impl BreachSource for Source {
    async fn range(&self, _: &BreachPrefix) -> Result<BreachRange, BreachError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.down {
            return Err(BreachError::because("down"));
        }
        let suffix = |text: &str| {
            use sha1::Digest as _;
            let digest = sha1::Sha1::digest(text.as_bytes());
            digest.iter().map(|byte| format!("{byte:02X}")).collect::<String>().split_off(5)
        };
        let (known, padding) = (suffix("blowfish under moonlight"), suffix("seven candles in the harbour"));
        BreachRange::parse(&format!("{padding}:0\r\n{known}:2\r\n"))
    }
}

#[tokio::test]
async fn breached_passwords_are_refused_and_padding_is_not() {
    let source = Source::default();
    let auth = builder().breach_check(BreachCheck::by(source.clone())).build().await.unwrap();
    assert_eq!(code(check(&auth, "Password1", &[]).await), Some("common"));
    assert_eq!(source.asked.load(Ordering::SeqCst), 0, "the source hears nothing about what is refused anyhow");
    assert_eq!(code(check(&auth, "blowfish under moonlight", &[]).await), Some("breached"));
    assert_eq!(code(check(&auth, "seven candles in the harbour", &[]).await), None, "count 0 is padding");
    assert_eq!(source.asked.load(Ordering::SeqCst), 2);
}

/// Time is paused: the limit passes at once.
#[tokio::test(start_paused = true)]
async fn on_outage_the_application_has_decided_and_the_local_list_holds() {
    let down = Source { down: true, ..Source::default() };
    let hanging = Source { hangs: true, ..Source::default() };
    for source in [down, hanging] {
        for on_outage in [OnOutage::Accept, OnOutage::Refuse] {
            let breaches = BreachCheck::by(source.clone()).on_outage(on_outage);
            let auth = builder().breach_check(breaches).build().await.unwrap();
            assert_eq!(code(check(&auth, "Password1", &[]).await), Some("common"));
            let begun = tokio::time::Instant::now();
            let result = check(&auth, "blowfish under moonlight", &[]).await;
            assert!(begun.elapsed() <= std::time::Duration::from_millis(2_010), "{:?}", begun.elapsed());
            match on_outage {
                OnOutage::Accept => assert_eq!(code(result), None),
                OnOutage::Refuse => assert!(matches!(result, Err(Error::Unavailable(_))), "never an answer about it"),
            }
        }
    }
}

#[tokio::test]
async fn sign_up_checks_and_a_refused_password_does_not_use_up_the_mails() {
    let auth = builder().breach_check(BreachCheck::by(Source::default())).build().await.unwrap();
    let client = Client::default();
    let sign_up = async |password: &str| -> Result<Accepted, Error> {
        let input = SignUp { email: "ann@example.org", password: password.into(), name: "Ann", ..SignUp::default() };
        auth.sign_up(&client, input).await
    };
    let refused = |result: Result<Accepted, Error>, code: &'static str| match result {
        Err(Error::Invalid(invalid)) => assert_eq!(invalid.fields(), [FieldError { field: "password", code }]),
        other => panic!("{other:?}"),
    };
    let own = |code: &str| FieldError::CODES.iter().copied().find(|known| *known == code).unwrap();
    refused(sign_up("acme2026acme2026").await, own("contains_product"));
    refused(sign_up("Password1").await, own("common"));
    for _ in 0..7 {
        refused(sign_up("blowfish under moonlight").await, own("breached"));
    }
    let _accepted = sign_up("seven candles in the harbour").await.unwrap();
}
