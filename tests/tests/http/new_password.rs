//! A new password that a sign-in waits for: a temporary one, one that is too old.

use http::Method;
use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::password::PasswordRules;
use usermgmt_http::{Representation, routes};
use usermgmt_tests::app::{filled, link, token};
use usermgmt_tests::{App, Person, cells};

use crate::recovery::{NEW, events, forgot, reset};

cells!(
    a_temporary_password_leads_to_a_new_one,
    what_was_begun_with_the_old_password_ends,
    passwords_age_only_by_a_rule,
    a_pending_sign_in_opens_nothing,
);

/// A password that somebody else has thought of.
const TEMPORARY: &str = "lantern seven harbour";

async fn with_temporary(app: &App, local_part: &str) -> Person {
    let mut person = Person::signed_in(app, local_part).await;
    let users = app.auth.users("support: 6");
    let id = users.by_email(&person.email).await.unwrap().user.id;
    users.set_temporary_password(id, TEMPORARY.into()).await.unwrap();
    assert!(!person.is_signed_in().await, "what was begun with the former password ends");
    person.sign_in().await.expect(401);
    person.password = TEMPORARY.into();
    let pending = person.sign_in().await.expect(200);
    assert_eq!(pending.json(), json!({ "status": "pending", "step": "new_password" }));
    assert!(pending.cookies().iter().all(|cookie| !cookie.starts_with("um_session")));
    assert!(!person.is_signed_in().await);
    person
}

async fn a_temporary_password_leads_to_a_new_one(app: App) {
    let mut ann = with_temporary(&app, "ann").await;
    let before = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    assert!(!ann.is_signed_in().await);
    // Neither on without it, nor with the same one or a bad one.
    let waits = ann.agent.post("/auth/sign-in/continue", json!({})).await.expect(200).json();
    assert_eq!(waits, json!({ "status": "pending", "step": "new_password" }));
    for bad in [TEMPORARY, "short", "", "ann@example.test"] {
        ann.agent.post("/auth/sign-in/new-password", json!({ "password": bad })).await.expect(422);
    }
    app.agent().post("/auth/sign-in/new-password", json!({ "password": NEW })).await.expect(401);
    assert!(!ann.is_signed_in().await);
    let done = ann.agent.post("/auth/sign-in/new-password", json!({ "password": NEW })).await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    assert!(ann.is_signed_in().await);
    app.work().await;
    let notice = app.mail(&ann.email);
    assert!(link(&notice).starts_with("/auth/secure?token="), "{}", notice.text);
    reset(&mut app.agent(), &before, "a link of before").await.expect(410);
    ann.sign_in().await.expect(401);
    ann.password = NEW.into();
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete");
    assert_eq!(events(&app, AuditKind::TemporaryPasswordSet).await.len(), 1);

    // The same by pages.
    let mut bob = with_temporary(&app, "bob").await;
    bob.agent = app.agent();
    let fields = [("email", bob.email.as_str()), ("password", TEMPORARY)];
    let led = bob.agent.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    assert_eq!(led.header("location").map(|to| to.split('?').next().unwrap()), Some("/auth/new-password"));
    let page = bob.agent.follow(led).await.expect(200);
    let refused = bob.agent.fill(&page, "/auth/new-password", &[("password", TEMPORARY)]).await.expect(422);
    assert!(!bob.is_signed_in().await);
    bob.agent.fill(&refused, "/auth/new-password", &[("password", NEW)]).await.expect(303);
    assert!(bob.is_signed_in().await);
}

async fn what_was_begun_with_the_old_password_ends(app: App) {
    // A thief knows the temporary password too, and has begun to sign in.
    let mut ann = with_temporary(&app, "ann").await;
    let mut thief = ann.elsewhere(&app);
    thief.sign_in().await.expect(200);
    ann.agent.post("/auth/sign-in/new-password", json!({ "password": NEW })).await.expect(200);
    assert!(ann.is_signed_in().await);
    thief.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
    thief.agent.post("/auth/sign-in/new-password", json!({ "password": "mine from now on" })).await.expect(401);
    assert!(!thief.is_signed_in().await);
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
}

async fn passwords_age_only_by_a_rule(app: App) {
    // By default never.
    let mut ann = Person::verified(&app, "ann").await;
    app.advance(Duration::days(3_650));
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete");

    let age = Duration::days(90);
    let app = app
        .configured(move |builder| builder.password_rules(PasswordRules { max_age: Some(age), ..Default::default() }))
        .await;
    let mut bob = Person::verified(&app, "bob").await;
    app.advance(age - Duration::SECOND);
    assert_eq!(bob.sign_in().await.expect(200).json()["status"], "complete");
    app.advance(Duration::SECOND);
    bob.agent = app.agent();
    assert_eq!(bob.sign_in().await.expect(200).json()["step"], "new_password");
    assert!(!bob.is_signed_in().await);
    bob.agent.post("/auth/sign-in/new-password", json!({ "password": bob.password })).await.expect(422);
    let done = bob.agent.post("/auth/sign-in/new-password", json!({ "password": NEW })).await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    bob.password = NEW.into();
    app.advance(age - Duration::SECOND);
    assert_eq!(bob.sign_in().await.expect(200).json()["status"], "complete");
    // A reset gives the same as a change.
    app.advance(Duration::SECOND);
    bob.agent = app.agent();
    let token = token(&forgot(&app, &mut bob.agent, &bob.email.clone()).await);
    reset(&mut bob.agent, &token, "and a third one").await.expect(200);
    bob.password = "and a third one".into();
    assert_eq!(bob.sign_in().await.expect(200).json()["status"], "complete");
    app.report.requirement(24);
}

async fn a_pending_sign_in_opens_nothing(app: App) {
    let mut ann = with_temporary(&app, "ann").await;
    let mut walked = 0;
    for route in routes().iter().filter(|route| !route.guard.is_open()) {
        let target = filled(route.path);
        let (kind, body) = match (route.method == Method::POST, route.representation) {
            (false, _) => (None, ""),
            (true, Representation::Json) => (Some("application/json"), "{}"),
            (true, Representation::Page | Representation::OAuth) => (Some("application/x-www-form-urlencoded"), ""),
        };
        let mut agent = ann.agent.clone();
        // Neither with the attempt beside nor in place of the session.
        for cookies in [false, true] {
            if cookies {
                let attempt = agent.cookies["um_attempt"].clone();
                agent.cookies.insert("um_session".into(), attempt);
            }
            let reply = agent.clone().send(route.method.clone(), &target, kind, body).await;
            let led_away = reply.header("location").is_some_and(|to| to.starts_with("/auth/sign-in"));
            assert!(reply.status.as_u16() == 401 || led_away, "{route:?}: {} {}", reply.status, reply.body);
        }
        walked += 1;
    }
    assert!(walked >= 25);
    for target in ["/host/me", "/host/active", "/host/things", "/host/fresh"] {
        ann.agent.get(target).await.expect(401);
    }
    // Nor do other steps lead around the one that is asked for.
    ann.agent
        .post("/auth/sign-in/organization", json!({ "organization": format!("org_{:032x}", 1) }))
        .await
        .expect(404);
    ann.agent.post("/auth/verify", json!({ "code": "000000" })).await.expect(422);
    ann.agent.post("/auth/sign-in/continue", json!({})).await.expect(200);
    assert!(!ann.is_signed_in().await);
    app.report.case("RS-18");
    app.advance(limits::ATTEMPT_LIFE - Duration::SECOND);
    ann.agent.post("/auth/sign-in/new-password", json!({ "password": NEW })).await.expect(200);
    assert!(ann.is_signed_in().await);
    ann.agent.get("/host/me").await.expect(200);
    app.report.twin("RS-18");
}
