//! Keys that sign access tokens.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits::{SIGNING_KEY_LIFE, SIGNING_KEY_NOTICE, SIGNING_KEY_OVERLAP};
use usermgmt_core::model::AuditKind;
use usermgmt_core::port::OsRandom;
use usermgmt_service::AccessTokens;
use usermgmt_service::jwt::{Algorithm, Rules};
use usermgmt_tests::{App, Person, cells};

use crate::tokens::{begin, by, checked, key_set, refresh, text, with_tokens};

cells!(keys_are_published_before_they_sign, a_stolen_key_is_thrown_away);

async fn keys_are_published_before_they_sign(app: App) {
    let app = with_tokens(app).await;
    let ann = Person::signed_in(&app, "ann").await;
    let kid_of = |token: &str| {
        let head = token.split('.').next().unwrap();
        let head = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, head).unwrap();
        serde_json::from_slice::<Value>(&head).unwrap()["kid"].as_str().unwrap().to_owned()
    };
    let issue = async || {
        let mut fresh = ann.elsewhere(&app);
        fresh.sign_in().await.expect(200);
        text(&fresh.agent.post("/auth/tokens", json!({})).await.expect(200), "access_token")
    };
    let first = kid_of(&issue().await);
    assert_eq!(key_set(&app).await.keys().len(), 1);
    app.advance(SIGNING_KEY_LIFE - SIGNING_KEY_NOTICE);
    assert_eq!(key_set(&app).await.keys().len(), 1, "looking changes nothing");
    let tend = async || app.auth.tokens().unwrap().tend_keys().await.unwrap();
    tend().await;
    let keys = key_set(&app).await;
    assert_eq!(keys.keys().len(), 2, "the next one is published");
    let old = issue().await;
    assert_eq!(kid_of(&old), first, "and does not sign yet");
    app.advance(SIGNING_KEY_NOTICE - Duration::SECOND);
    let last = issue().await;
    assert_eq!(kid_of(&last), first);
    app.advance(Duration::SECOND);
    let new = issue().await;
    assert_ne!(kid_of(&new), first);
    // Whoever has kept the published keys since before the change reads both.
    let rules = Rules::new(app.origin(), app.origin()).unwrap();
    assert!(rules.verify(&keys, &new, app.now()).is_ok() && rules.verify(&keys, &last, app.now()).is_ok());
    assert!(checked(&app, app.origin(), &last).await.is_ok(), "what the old one has signed lives on");
    app.advance(SIGNING_KEY_OVERLAP - Duration::SECOND);
    assert_eq!(key_set(&app).await.keys().len(), 2);
    app.advance(Duration::MINUTE);
    assert_eq!(key_set(&app).await.keys().len(), 1, "until that is long dead");
    tend().await;
    if let Some(state) = app.state().await {
        assert_eq!(state.lines().filter(|line| line.starts_with("usermgmt_signing_key")).count(), 1);
    }
    // Another process takes the same keys, and under another root key they still open while that one is known.
    let mut app = app;
    app.keys = app.keys.rotated(&OsRandom).unwrap();
    let app = with_tokens(app).await;
    assert!(checked(&app, app.origin(), &issue_once(&app, &ann).await).await.is_ok());
    assert_eq!(key_set(&app).await.keys().len(), 1);
    app.report.case("JW-10");
    app.report.twin("JW-10");
    app.report.requirement(65);
}

async fn issue_once(app: &App, person: &Person) -> String {
    let mut fresh = person.elsewhere(app);
    fresh.sign_in().await.expect(200);
    text(&fresh.agent.post("/auth/tokens", json!({})).await.expect(200), "access_token")
}

async fn a_stolen_key_is_thrown_away(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let (access, token) = begin(&mut ann).await;
    let before = key_set(&app).await;
    app.auth.tokens().unwrap().replace_keys("the backup tape was lost").await.unwrap();
    let after = key_set(&app).await;
    assert_ne!(before.keys()[0].key_id(), after.keys()[0].key_id());
    assert_eq!(by(&app, &access).get("/auth/me").await.expect(401).code(), "invalid_token");
    let next = refresh(&app, &token).await.expect(200);
    by(&app, &text(&next, "access_token")).get("/auth/me").await.expect(200);
    let told = app.events(None).await;
    let told = told.iter().find(|event| event.kind == AuditKind::SigningKeysReplaced).unwrap();
    assert_eq!(json!(told.actor)["reason"], "the backup tape was lost");
    // Each algorithm can be chosen; keys of another one are replaced in good time.
    for algorithm in [Algorithm::Es256, Algorithm::EdDsa] {
        let built = usermgmt_service::UserMgmt::builder(app.store.store.clone(), app.origin(), app.keys.clone())
            .clock(app.clock.clone())
            .mailer(app.mailbox.clone())
            .tokens(AccessTokens::default().algorithm(algorithm))
            .without_workers()
            .build()
            .await
            .unwrap();
        app.advance(SIGNING_KEY_NOTICE);
        let keys = built.tokens().unwrap().key_set().await.unwrap();
        assert_eq!(keys.keys().last().unwrap().algorithm(), algorithm);
    }
}
