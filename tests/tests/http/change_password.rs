//! A change of password by somebody who is signed in.

use serde_json::json;
use time::Duration;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::limits;
use usermgmt_tests::app::{Setup, token};
use usermgmt_tests::{App, Person, Reply, cells};

cells!(
    the_present_password_sets_a_new_one,
    other_sessions_stay_if_that_is_wished,
    wrong_ones_are_counted_and_limited,
    the_form_changes_the_password,
    what_was_begun_with_the_old_one_ends,
    of_a_change_and_a_reset_at_once_one_counts,
    a_change_from_an_outdated_proof_counts_for_nothing,
);

const NEW: &str = "walrus in the afternoon";

async fn change(person: &mut Person, present: &str, new: &str) -> Reply {
    person.agent.post("/auth/me/password", json!({ "password": present, "new_password": new })).await
}

async fn the_present_password_sets_a_new_one(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut phone = ann.elsewhere(&app);
    phone.sign_in().await.expect(200);
    // The proof may be old: the present password is one.
    app.advance(limits::STEP_UP_FRESH);
    let present = ann.password.clone();
    for (given, new, fields) in [
        ("not the password", NEW, json!([{ "field": "password", "code": "wrong" }])),
        ("", NEW, json!([{ "field": "password", "code": "required" }])),
        (present.as_str(), "short", json!([{ "field": "new_password", "code": "too_short" }])),
        (present.as_str(), "", json!([{ "field": "new_password", "code": "required" }])),
        (present.as_str(), "password123", json!([{ "field": "new_password", "code": "common" }])),
    ] {
        assert_eq!(change(&mut ann, given, new).await.expect(422).json()["fields"], fields);
    }
    assert!(phone.is_signed_in().await);
    let mut thief = app.agent();
    thief.cookies = ann.agent.cookies.clone();
    thief.get("/auth/me").await.expect(200);
    change(&mut ann, &present, NEW).await.expect(200);
    assert!(ann.is_signed_in().await, "the acting session goes on");
    assert_ne!(thief.cookies["um_session"], ann.agent.cookies["um_session"]);
    thief.get("/auth/me").await.expect(401);
    assert!(!phone.is_signed_in().await);
    phone.sign_in().await.expect(401);
    Person { password: NEW.into(), ..phone.elsewhere(&app) }.sign_in().await.expect(200);

    // The owner is told, and can undo it.
    app.work().await;
    let mail = app.mail(&ann.email);
    assert!(mail.subject.contains("was changed") && !mail.text.contains(NEW));
    app.agent().post("/auth/secure", json!({ "token": token(&mail) })).await.expect(200);
    assert!(!ann.is_signed_in().await);
    let events = app.events(None).await;
    let changed = events.iter().find(|event| event.kind.as_str() == "user.password_changed").unwrap();
    assert_eq!(changed.detail["ended_others"], true);
    app.report.requirement(31);
    app.agent().post("/auth/me/password", json!({ "password": NEW, "new_password": present })).await.expect(401);
}

async fn other_sessions_stay_if_that_is_wished(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut phone = ann.elsewhere(&app);
    phone.sign_in().await.expect(200);
    let mut thief = app.agent();
    thief.cookies = ann.agent.cookies.clone();
    let body = json!({ "password": ann.password, "new_password": NEW, "keep_others": true });
    ann.agent.post("/auth/me/password", body).await.expect(200);
    assert!(ann.is_signed_in().await && phone.is_signed_in().await);
    thief.get("/auth/me").await.expect(401);
    phone.sign_in().await.expect(401);
}

async fn wrong_ones_are_counted_and_limited(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let present = ann.password.clone();
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        change(&mut ann, "not the password", NEW).await.expect(422);
    }
    app.advance(limits::MINUTE);
    assert_eq!(change(&mut ann, &present, NEW).await.expect(429).code(), "too_many_attempts");
    // The budget is that of step-ups: guesses do not go on there.
    ann.agent.post("/auth/step-up", json!({ "password": present })).await.expect(429);
    app.work().await;
    let events = app.events(None).await;
    assert!(events.iter().any(|event| event.kind.as_str() == "refused.step_up"));
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    change(&mut ann, &present, NEW).await.expect(200);
}

async fn the_form_changes_the_password(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let page = "/auth/account/password";
    let fields = [("email", ""), ("password", "not the password"), ("new_password", NEW)];
    let shown = ann.agent.submit(page, page, &fields).await.expect(422);
    assert!(shown.body.contains(&app.auth.texts().get("en", "field-wrong", &[])) && !shown.body.contains(NEW));
    let fields = [("email", ""), ("password", ann.password.as_str()), ("new_password", NEW)];
    let next = ann.agent.fill(&shown, page, &fields).await.expect(303);
    let shown = ann.agent.follow(next).await.expect(200);
    assert!(shown.body.contains(&app.auth.texts().get("en", "notice-password-changed", &[])));
    assert!(ann.is_signed_in().await);
}

async fn what_was_begun_with_the_old_one_ends(app: App) {
    let app = app.configured(usermgmt_service::Builder::email_change_without_approval).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    // Somebody at the session has asked for an address of their own, and for a reset.
    ann.agent.post("/auth/me/emails", json!({ "email": "mallory@evil.test" })).await.expect(202);
    app.advance(Duration::minutes(2));
    app.agent().post("/auth/forgot", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    let (reset, added) = (token(&app.mail(&ann.email)), token(&app.mail("mallory@evil.test")));
    let present = ann.password.clone();
    change(&mut ann, &present, NEW).await.expect(200);
    let body = json!({ "token": reset, "password": "mallory has plans" });
    app.agent().post("/auth/reset", body).await.expect(410);
    app.agent().post("/auth/emails/verify", json!({ "token": added })).await.expect(410);
    Person { password: NEW.into(), ..ann.elsewhere(&app) }.sign_in().await.expect(200);
}

async fn of_a_change_and_a_reset_at_once_one_counts(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    app.advance(Duration::minutes(2));
    app.agent().post("/auth/forgot", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    let link = token(&app.mail(&ann.email));
    let session = ann.agent.cookies.clone();
    ann.agent.get("/auth/me").await.expect(200);
    let app =
        app.restart(Setup { wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, 2)), ..Setup::default() }).await;
    let (mut changer, mut resetter) = (app.agent(), app.agent());
    changer.cookies = session;
    let change = json!({ "password": ann.password, "new_password": NEW });
    let reset = json!({ "token": link, "password": "set by the mailed link" });
    let (change, reset) = tokio::join!(changer.post("/auth/me/password", change), resetter.post("/auth/reset", reset));
    let ended = (change.status.as_u16(), reset.status.as_u16());
    assert!(
        ended == (200, 410) || ended == (403, 200) || ended == (401, 200),
        "{ended:?} {} {}",
        change.body,
        reset.body
    );
    let changed = ended.0 == 200;
    for (password, works) in [(NEW, changed), ("set by the mailed link", !changed), (ann.password.as_str(), false)] {
        let mut person = Person { password: password.into(), agent: app.agent(), ..ann.clone() };
        assert_eq!(person.sign_in().await.status.as_u16() == 200, works, "{password}");
    }
}

async fn a_change_from_an_outdated_proof_counts_for_nothing(app: App) {
    let ann = Person::signed_in(&app, "ann").await;
    let (mut phone, mut other) = (ann.elsewhere(&app), ann.elsewhere(&app));
    phone.sign_in().await.expect(200);
    other.sign_in().await.expect(200);
    // Two sessions have proven the same present password, and neither ends the other.
    let app =
        app.restart(Setup { wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, 2)), ..Setup::default() }).await;
    let racers = [(&phone, NEW), (&other, "walrus in the morning")].map(|(person, new)| {
        let mut agent = app.agent();
        agent.cookies = person.agent.cookies.clone();
        let body = json!({ "password": ann.password, "new_password": new, "keep_others": true });
        async move { (new, agent.post("/auth/me/password", body).await.status.as_u16()) }
    });
    let mut ended = futures_util::future::join_all(racers).await;
    ended.sort_by_key(|(_, status)| *status);
    assert_eq!([ended[0].1, ended[1].1], [200, 403], "who comes second has proven a password that is no longer one");
    for (password, works) in [(ended[0].0, true), (ended[1].0, false), (ann.password.as_str(), false)] {
        let mut person = Person { password: password.into(), agent: app.agent(), ..ann.clone() };
        assert_eq!(person.sign_in().await.status.as_u16() == 200, works, "{password}");
    }
}
