//! Step-up.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_tests::{App, Person, cells};

cells!(an_old_proof_is_asked_for_again, freshness_is_the_age_of_the_proof, guesses_in_a_session_end_too);

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
