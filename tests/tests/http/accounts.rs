//! Several accounts in one browser.

use serde_json::{Value, json};
use usermgmt_core::port::OsRandom;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::Builder;
use usermgmt_tests::{Agent, App, Person, cells};

cells!(accounts_are_switched_without_signing_out, only_what_the_browser_holds_is_switched_to, one_account_by_default);

async fn me(agent: &mut Agent) -> Value {
    agent.get("/auth/me").await.expect(200).json()["user"]["email"].clone()
}

/// Session and address of each account of a browser, the active one first.
async fn held(agent: &mut Agent) -> Vec<(String, String, bool)> {
    let list = agent.get("/auth/accounts").await.expect(200).json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| (text(&item["session"]["id"]), text(&item["user"]["email"]), item["active"] == true)).collect()
}

async fn accounts_are_switched_without_signing_out(app: App) {
    let app = app.configured(Builder::several_accounts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut bob = Person { agent: ann.agent.clone(), ..Person::verified(&app, "bob").await };
    bob.sign_in().await.expect(200);
    let both = held(&mut bob.agent).await;
    assert_eq!(
        both.iter().map(|(_, email, active)| (email.as_str(), *active)).collect::<Vec<_>>(),
        [("bob@example.test", true), ("ann@example.test", false),]
    );
    assert_eq!(me(&mut bob.agent).await, "bob@example.test");
    let body = json!({ "session": both[1].0 });
    bob.agent.post("/auth/accounts/switch", body).await.expect(200);
    assert_eq!(me(&mut bob.agent).await, "ann@example.test");
    // By the page, with the way back.
    let page = bob.agent.navigate("/auth/choose-account?return_to=%2Fhost%2Fthings").await.expect(200);
    let fields = [("session", both[0].0.as_str()), ("return_to", "/host/things")];
    let led = bob.agent.fill(&page, "/auth/choose-account", &fields).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));
    assert_eq!(me(&mut bob.agent).await, "bob@example.test");
    // The same account again has one session here, not two.
    bob.sign_in().await.expect(200);
    let again = held(&mut bob.agent).await;
    assert!(again.len() == 2 && again[0].0 != both[0].0, "{again:?}");
    // Signing out ends the active one; the other is a press away.
    bob.agent.post("/auth/sign-out", json!({})).await.expect(200);
    assert!(!bob.is_signed_in().await);
    let left = held(&mut bob.agent).await;
    assert_eq!((left.len(), left[0].2), (1, false));
    bob.agent.post("/auth/accounts/switch", json!({ "session": left[0].0 })).await.expect(200);
    assert_eq!(me(&mut bob.agent).await, "ann@example.test");
    // What ended elsewhere is not offered.
    let mut elsewhere = ann.elsewhere(&app);
    elsewhere.sign_in().await.expect(200);
    elsewhere.agent.post("/auth/sign-out-everywhere", json!({})).await.expect(200);
    assert_eq!(held(&mut bob.agent).await, []);
    bob.agent.post("/auth/accounts/switch", json!({ "session": left[0].0 })).await.expect(404);
    let led = bob.agent.navigate("/auth/choose-account").await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/sign-in"));
    ann.agent = bob.agent;
    app.report.requirement(54);
}

async fn only_what_the_browser_holds_is_switched_to(app: App) {
    let app = app.configured(Builder::several_accounts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut mallory = Person::signed_in(&app, "mallory").await;
    let anns = held(&mut ann.agent).await[0].0.clone();
    let unknown = Bearer::mint(BearerKind::Session, &OsRandom).unwrap().expose().to_owned();
    for wanted in [anns.as_str(), "", "ses_1", &ann.agent.cookies["um_session"].clone(), &unknown] {
        mallory.agent.post("/auth/accounts/switch", json!({ "session": wanted })).await.expect(404);
        let page = mallory.agent.navigate("/auth/choose-account").await.expect(200);
        let led = mallory.agent.fill(&page, "/auth/choose-account", &[("session", wanted)]).await.expect(303);
        assert_eq!(led.header("location"), Some("/auth/choose-account"));
        assert_eq!(me(&mut mallory.agent).await, "mallory@example.test");
    }
    // Nor by a cookie that names a session, is one of another kind or was made up, nor from another site.
    for forged in [anns.as_str(), &unknown, "um.um", &".".repeat(3_000)] {
        let mut agent = mallory.agent.clone();
        agent.cookies.insert("um_accounts".into(), forged.to_owned());
        assert_eq!(held(&mut agent).await.len(), 1, "{forged:.40}");
        agent.post("/auth/accounts/switch", json!({ "session": anns })).await.expect(404);
    }
    let own = held(&mut mallory.agent).await[0].0.clone();
    let mut foreign = mallory.agent.with("sec-fetch-site", "cross-site");
    foreign.post("/auth/accounts/switch", json!({ "session": own })).await.expect(403);
    app.report.case("SE-14");
    mallory.agent.post("/auth/accounts/switch", json!({ "session": own })).await.expect(200);
    assert_eq!(me(&mut mallory.agent).await, "mallory@example.test");
    app.report.twin("SE-14");
}

async fn one_account_by_default(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let before = ann.clone();
    let mut bob = Person { agent: ann.agent.clone(), ..Person::verified(&app, "bob").await };
    bob.sign_in().await.expect(200);
    ann.agent = before.agent;
    assert!(!ann.is_signed_in().await, "the session that was there has ended");
    assert!(!bob.agent.cookies.contains_key("um_accounts"));
    bob.agent.get("/auth/accounts").await.expect(404);
    bob.agent.post("/auth/accounts/switch", json!({ "session": "ses_1" })).await.expect(404);
    bob.agent.navigate("/auth/choose-account").await.expect(404);
}
