//! Step-up.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::Method;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_service::{Builder, Passkeys};
use usermgmt_tests::{App, Person, cells};

cells!(
    an_old_proof_is_asked_for_again,
    freshness_is_the_age_of_the_proof,
    guesses_in_a_session_end_too,
    two_factors_are_a_type,
    who_has_no_second_factor_is_led_to_the_set_up,
    what_counts_as_two_factors_is_what_policies_mean,
    a_passkey_counts_as_two_factors_unless_a_policy_says_one,
);

async fn an_old_proof_is_asked_for_again(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let path = format!("/host/orgs/{}/things/remove", ann.org().await);
    ann.agent.post(&path, json!({})).await.expect(200);
    app.advance(limits::STEP_UP_FRESH - Duration::SECOND);
    ann.agent.post(&path, json!({})).await.expect(200);
    app.advance(Duration::SECOND);
    let refused = ann.agent.post(&path, json!({})).await.expect(403);
    assert_eq!(refused.code(), "step_up_required");
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["pwd"]));
    // A page is led to the proof and back to where it was; the call itself is not repeated.
    let led = ann.agent.navigate("/host/fresh").await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/step-up?return_to=%2Fhost%2Ffresh"));
    let page = ann.agent.follow(led).await.expect(200);
    let wrong =
        ann.agent.fill(&page, "/auth/step-up", &[("password", "not the password"), ("return_to", "/host/fresh")]).await;
    let page = wrong.expect(401);
    let next =
        ann.agent.fill(&page, "/auth/step-up", &[("password", &ann.password), ("return_to", "/host/fresh")]).await;
    assert_eq!(next.expect(303).header("location"), Some("/host/fresh"));
    ann.agent.navigate("/host/fresh").await.expect(200);
    ann.agent.post(&path, json!({})).await.expect(200);
    app.report.requirement(73);
    app.report.requirement(214);
    app.agent().post(&path, json!({})).await.expect(401);
}

async fn freshness_is_the_age_of_the_proof(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let path = format!("/host/orgs/{}/things/remove", ann.org().await);
    // Activity, a rotation and another organisation do not make a proof younger.
    for _ in 0..20 {
        app.advance(Duration::minutes(1));
        ann.agent.get("/auth/me").await.expect(200);
    }
    ann.agent.post("/auth/sign-out-everywhere", json!({ "keep_own": true })).await.expect(200);
    ann.agent.post(&path, json!({})).await.expect(403);
    app.report.case("SE-13");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    ann.agent.post(&path, json!({})).await.expect(200);
    app.advance(Duration::seconds(60));
    ann.agent.get("/host/fresh").await.expect(403);
    ann.agent.post(&path, json!({})).await.expect(200);
    app.report.twin("SE-13");
}

async fn guesses_in_a_session_end_too(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    for _ in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        let reply = ann.agent.post("/auth/step-up", json!({ "password": "not the password" })).await;
        assert_eq!(reply.expect(401).code(), "invalid_credentials");
    }
    app.advance(limits::MINUTE);
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(429);
    assert!(ann.is_signed_in().await);
    app.advance(limits::WRONG_PASSWORD_WINDOW);
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
}

async fn two_factors_are_a_type(app: App) {
    let app = app.configured(Builder::second_factor_on_demand).await;
    app.agent().get("/host/vault").await.expect(401);
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    // A session that began by password alone.
    let mut there = ann.elsewhere(&app);
    assert_eq!(there.sign_in().await.expect(200).json()["status"], "complete");
    let refused = there.agent.get("/host/vault").await.expect(403);
    assert_eq!(refused.code(), "step_up_required");
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["otp", "recovery_code"]));
    assert_eq!(there.agent.post("/host/vault", json!({})).await.expect(403).code(), "step_up_required");

    // A page is led to the proof and back. A form that was refused leads back to the page it stood on.
    let led = there.agent.navigate("/host/vault?of=ann").await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/step-up?return_to=%2Fhost%2Fvault%3Fof%3Dann"));
    let from = format!("{}/host/things", app.origin());
    for (referer, way) in [
        (from.as_str(), "/auth/step-up?return_to=%2Fhost%2Fthings"),
        ("https://elsewhere.example/host/vault", "/auth/step-up"),
    ] {
        let mut form = there.agent.with("accept", "text/html").with("sec-fetch-mode", "navigate");
        let led = form.with("referer", referer).post("/host/vault", json!({})).await.expect(303);
        assert_eq!(led.header("location"), Some(way));
        form.post("/host/vault", json!({})).await.expect(303);
    }
    let page = there.agent.follow(led).await.expect(200);
    let fields = [("code", own.code(&app)), ("return_to", "/host/vault?of=ann".to_owned())];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = there.agent.fill(&page, "/auth/step-up", &fields).await.expect(303);
    assert_eq!(done.header("location"), Some("/host/vault?of=ann"));
    there.agent.navigate("/host/vault?of=ann").await.expect(200);
    // That it was proven does not age; that it is fresh does.
    there.agent.post("/host/vault", json!({})).await.expect(200);
    app.advance(Duration::MINUTE);
    there.agent.get("/host/vault").await.expect(200);
    assert_eq!(there.agent.post("/host/vault", json!({})).await.expect(403).code(), "step_up_required");
    app.report.requirement(214);
}

async fn who_has_no_second_factor_is_led_to_the_set_up(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let refused = ann.agent.get("/host/vault").await.expect(403);
    assert_eq!(refused.code(), "policy_unmet");
    assert_eq!(refused.json()["challenge"]["demands"], json!(["second_factor"]));
    // A fresh password is not a second factor.
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    assert_eq!(ann.agent.post("/host/vault", json!({})).await.expect(403).code(), "policy_unmet");
    let told = ann.agent.navigate("/host/vault").await.expect(403);
    assert!(told.body.replace("&#x2f;", "/").contains("href=\"/auth/account/factors\""));
    ann.enrol(&app).await;
    ann.agent.get("/host/vault").await.expect(200);
    ann.agent.post("/host/vault", json!({})).await.expect(200);
}

/// The same browser at the application that was started anew.
fn again(app: &App, person: &Person) -> Person {
    let mut moved = person.elsewhere(app);
    moved.agent.cookies.clone_from(&person.agent.cookies);
    moved
}

async fn what_counts_as_two_factors_is_what_policies_mean(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let mut there = ann.elsewhere(&app);
    there.sign_in().await.expect(200);
    let body = json!({ "code": own.code(&app), "trust_device": true });
    there.agent.post("/auth/sign-in/second-factor", body).await.expect(200);
    there.agent.post("/auth/sign-out", json!({})).await.expect(200);
    assert_eq!(there.sign_in().await.expect(200).json()["status"], "complete", "the device is trusted");
    there.agent.get("/host/vault").await.expect(200);
    // It says nothing about who sits before it.
    assert_eq!(there.agent.post("/host/vault", json!({})).await.expect(403).code(), "step_up_required");

    let policy = AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() };
    let app = app.configured(|builder| builder.policy(policy)).await;
    let mut there = again(&app, &there);
    let refused = there.agent.get("/host/vault").await.expect(403);
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["otp", "recovery_code"]));
    app.advance(Duration::seconds(30));
    there.agent.post("/auth/step-up", json!({ "code": own.code(&app) })).await.expect(200);
    there.agent.get("/host/vault").await.expect(200);

    // What no method can meet leads nowhere in circles.
    let methods = Some([Method::Password].into());
    let policy = AuthPolicy { methods, bars_trusted_devices: true, ..AuthPolicy::default() };
    let app = app.configured(|builder| builder.policy(policy)).await;
    let mut there = again(&app, &there);
    let refused = there.agent.get("/host/vault").await.expect(403);
    assert_eq!(refused.json()["challenge"]["demands"], json!(["second_factor"]));
}

async fn a_passkey_counts_as_two_factors_unless_a_policy_says_one(app: App) {
    let app = app.configured(|builder| builder.passkeys(Passkeys::default())).await;
    let (ann, mut key) = Person::with_passkey(&app, "ann").await;
    let mut there = ann.elsewhere(&app);
    there.sign_in_by(&mut key).await.expect(200);
    there.agent.get("/host/vault").await.expect(200);
    // Beside a password that stands alone it is what is asked for; the password again would not do.
    let mut there = ann.elsewhere(&app);
    there.sign_in().await.expect(200);
    let refused = there.agent.get("/host/vault").await.expect(403);
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["pop"]));
    there.answer("/step-up/passkey", &mut key).await.expect(200);
    there.agent.get("/host/vault").await.expect(200);

    let policy = AuthPolicy { passkey_is_one_factor: true, ..AuthPolicy::default() };
    let app = app.configured(|builder| builder.passkeys(Passkeys::default()).policy(policy)).await;
    let (ann, mut key) = Person::with_passkey(&app, "bob").await;
    let mut there = ann.elsewhere(&app);
    there.sign_in_by(&mut key).await.expect(200);
    // The same passkey again would not do, either.
    let refused = there.agent.get("/host/vault").await.expect(403);
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["pwd"]));
    there.agent.post("/auth/step-up", json!({ "password": there.password })).await.expect(200);
    there.agent.get("/host/vault").await.expect(200);
}
