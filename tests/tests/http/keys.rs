//! Root keys change while the application lives on.

use serde_json::json;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{ConfigError, UserMgmt};
use usermgmt_tests::app::token;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(keys_change_with_an_overlap);

/// The application, started again with this ring.
async fn with(mut app: App, keys: &KeyRing) -> App {
    app.keys = keys.clone();
    app.configured(|builder| builder).await
}

/// The same browser, after a restart.
fn again(app: &App, agent: &Agent) -> Agent {
    let mut again = app.agent();
    again.cookies.clone_from(&agent.cookies);
    again
}

async fn starts(app: &App, keys: &KeyRing) -> bool {
    let builder = UserMgmt::builder(app.store.store.clone(), app.origin(), keys.clone()).without_workers();
    match builder.build().await {
        Ok(_) => true,
        Err(ConfigError::WrongKey) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn forgot(app: &App, person: &mut Person) -> String {
    app.advance(limits::RESEND_PAUSE);
    person.agent.post("/auth/forgot", json!({ "email": person.email })).await.expect(202);
    app.work().await;
    token(&app.mail(&person.email))
}

async fn reset(agent: &mut Agent, token: &str) -> Reply {
    agent.post("/auth/reset", json!({ "token": token, "password": "a new one for the new key" })).await
}

async fn keys_change_with_an_overlap(app: App) {
    let first = app.keys.clone();
    let second = first.clone().rotated(&OsRandom).unwrap();
    let text = second.expose();
    let only_second = KeyRing::parse(text.lines().next().unwrap(), "the newer line").unwrap();
    let stranger = KeyRing::generate(&OsRandom).unwrap();

    let (mut ann, mut bob) = (Person::signed_in(&app, "ann").await, Person::verified(&app, "bob").await);
    let page = ann.agent.navigate("/auth/account/profile").await.expect(200);
    let (link_of_ann, link_of_bob) = (forgot(&app, &mut ann.elsewhere(&app)).await, forgot(&app, &mut bob).await);
    assert!(!starts(&app, &stranger).await && !starts(&app, &only_second).await, "no key that the store knows");

    // Both keys: what the first one made goes on.
    let app = with(app, &second).await;
    assert_eq!(app.store.store.key_check().await.unwrap().unwrap().key_id, second.current_id());
    let mut browser = again(&app, &ann.agent);
    browser.fill(&page, "/auth/account/profile", &[("name", "Ann Two")]).await.expect(303);
    let old_page = page;
    let page = browser.navigate("/auth/account/profile").await.expect(200);
    browser.fill(&page, "/auth/account/profile", &[("name", "Ann Three")]).await.expect(303);
    reset(&mut app.agent(), &link_of_ann).await.expect(200);
    let mut ann = Person { password: "a new one for the new key".into(), ..ann.elsewhere(&app) };
    ann.sign_in().await.expect(200);
    app.report.twin("SE-16");

    // The first one is gone: so is what it made, but nobody is signed out.
    assert!(starts(&app, &second).await);
    assert!(!starts(&app, &first).await, "a process that was left behind does not start");
    let app = with(app, &only_second).await;
    let mut browser = again(&app, &ann.agent);
    browser.get("/auth/me").await.expect(200);
    let refused = browser.fill(&old_page, "/auth/account/profile", &[("name", "Ann Four")]).await;
    assert_eq!(refused.status.as_u16(), 403, "a form of the first key");
    assert_eq!(reset(&mut app.agent(), &link_of_bob).await.code(), "link_invalid");
    let mut bob = bob.elsewhere(&app);
    bob.sign_in().await.expect(200);
    let fresh = forgot(&app, &mut bob).await;
    reset(&mut app.agent(), &fresh).await.expect(200);
    assert!(!starts(&app, &first).await && !starts(&app, &stranger).await);
    app.report.case("SE-16");
}
