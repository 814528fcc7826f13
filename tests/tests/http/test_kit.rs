//! The kit for the tests of applications, on every store and framework: no network, no waiting.

use serde_json::json;
use time::Duration;
use usermgmt_service::UserMgmt;
use usermgmt_testing::{Application, Kit, Method, Persona, TestAuth};
use usermgmt_tests::{App, Framework, cells, host};

cells!(anybody_is_signed_in_by_chosen_proofs, what_was_mailed_is_found);

async fn kit(app: &App) -> TestAuth {
    let kit = Kit::new();
    let builder = UserMgmt::builder(app.store.store.clone(), "http://localhost:3000", app.keys.clone());
    let builder = builder.role("reader", ["thing:read"]).role("writer", ["thing:*"]);
    kit.over(kit.prepare(builder).build().await.unwrap())
}

/// Calls a test with the application under the framework of the cell.
macro_rules! under {
    ($app:ident, $auth:ident, $test:ident) => {
        match $app.cell.framework {
            Framework::Axum => $test(&host::router($auth.handle()), &$auth).await,
            Framework::Actix => {
                let service = actix_web::App::new().configure(|config| host::configure(config, &$auth));
                let service = actix_web::test::init_service(service).await;
                $test(&usermgmt_testing::actix::app(service), &$auth).await;
            }
        }
    };
}

async fn anybody_is_signed_in_by_chosen_proofs(app: App) {
    let auth = kit(&app).await;
    under!(app, auth, signed_in);
    app.report.requirement(218);
}

async fn signed_in(app: &impl Application, auth: &TestAuth) {
    let acme = auth.organization("Acme").await;
    let remove = format!("/host/orgs/{acme}/things/remove");
    let reader = Persona::new("ann").member_of(acme, ["reader"]).proven(Method::Password, Duration::minutes(9));
    let mut ann = auth.sign_in_as(reader.clone()).await;
    assert_eq!(ann.get(app, "/host/things").await.body, format!("things of {acme}"));
    assert_eq!(ann.post_json(app, &remove, &()).await.json()["code"], "permission_missing");
    let mut ann = auth.sign_in_as(reader.member_of(acme, ["writer"])).await;
    assert_eq!(ann.post_json(app, &remove, &()).await.body, format!("removed from {acme}"));
    assert_eq!(ann.get(app, "/host/vault").await.json()["code"], "policy_unmet");
    auth.advance(Duration::MINUTE);
    assert_eq!(ann.post_json(app, &remove, &()).await.json()["code"], "step_up_required");

    let two = Persona::new("bob").proven(Method::Password, Duration::hours(1)).proven(Method::Otp, Duration::ZERO);
    let mut bob = auth.sign_in_as(two).await;
    assert_eq!(bob.get(app, "/host/vault").await.status, 200);
    auth.advance(Duration::hours(1));
    let code = auth.authenticator_of(bob.user).code();
    assert_eq!(bob.get(app, "/host/fresh").await.status, 403);
    assert_eq!(bob.post_json(app, "/auth/step-up", &json!({ "code": code })).await.status, 200);
    assert_eq!(bob.get(app, "/host/fresh").await.status, 200);
    assert_eq!(auth.browser().get(app, "/host/whoami").await.body, "nobody");
}

async fn what_was_mailed_is_found(app: App) {
    let auth = kit(&app).await;
    under!(app, auth, mailed);
    app.report.requirement(218);
}

async fn mailed(app: &impl Application, auth: &TestAuth) {
    let ann = auth.sign_in_as("ann").await;
    let mut browser = auth.browser();
    assert_eq!(browser.post_json(app, "/auth/forgot", &json!({ "email": ann.email })).await.status, 202);
    let mail = auth.mail_to(&ann.email).await;
    assert!(mail.link().starts_with("/auth/reset?token="), "{}", mail.text);
    let chosen = json!({ "token": mail.token(), "password": "another moon above the river" });
    assert_eq!(browser.post_json(app, "/auth/reset", &chosen).await.status, 200);
    assert_eq!(ann.browser.clone().get(app, "/host/whoami").await.body, "nobody", "it ends every session");
    // An hour is no time: links of that age are over.
    browser.post_json(app, "/auth/forgot", &json!({ "email": ann.email })).await;
    let late = auth.mail_to(&ann.email).await;
    auth.advance(Duration::hours(1));
    let chosen = json!({ "token": late.token(), "password": "a third moon above the river" });
    assert_eq!(browser.post_json(app, "/auth/reset", &chosen).await.json()["code"], "link_invalid");
}
