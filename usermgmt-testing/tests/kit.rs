//! The kit, on axum.
#![cfg(all(feature = "axum", feature = "totp"))]

use axum::Router;
use axum::routing::{get, post};
use serde_json::{Value, json};
use time::Duration;
use usermgmt_axum::{ActiveOrg, CurrentUser, Fresh, MaybeUser, Mfa, Require, SteppedUp, attach};
use usermgmt_http::service::core::permission;
use usermgmt_http::service::core::policy::{AuthPolicy, SecondFactor};
use usermgmt_http::service::core::port::Country;
use usermgmt_http::service::{Builder, Client, MemoryStore, Phones, SignIn, SignInOutcome};
use usermgmt_testing::{Kit, Method, Persona, TestAuth};

permission!(ReadThings = "thing:read"; RemoveThings = "thing:remove");

async fn started(configure: impl FnOnce(Builder) -> Builder) -> (TestAuth, Router) {
    let roles = |builder: Builder| builder.role("reader", ["thing:read"]).role("keeper", ["thing:*"]);
    let auth = TestAuth::start(|builder| configure(roles(builder))).await;
    let app = app(&auth);
    (auth, app)
}

fn app(auth: &TestAuth) -> Router {
    let app = Router::new()
        .route("/", get(async |MaybeUser(user): MaybeUser| user.map_or("nobody".into(), |user| user.name().to_owned())))
        .route("/me", post(async |user: CurrentUser| user.name().to_owned()))
        .route("/org", get(async |org: ActiveOrg| org.name().to_owned()))
        .route("/things", get(async |_: Require<ReadThings>| "read"))
        .route("/orgs/{org}/things/remove", post(async |_: Require<RemoveThings>, _: SteppedUp| "removed"))
        .route("/fresh", get(async |_: Fresh<60>| "fresh"))
        .route("/mfa", get(async |_: Mfa| "two factors"));
    attach(app, "/auth", auth).with_state(auth.handle())
}

#[tokio::test]
async fn proofs_are_as_old_as_they_are_said_to_be() {
    let (auth, app) = started(|builder| builder).await;
    for (ago, status) in [(Duration::ZERO, 200), (Duration::seconds(59), 200), (Duration::seconds(60), 403)] {
        let mut ann = auth.sign_in_as(Persona::new("ann").proven(Method::Password, ago)).await;
        assert_eq!(ann.get(&app, "/fresh").await.status, status, "{ago}");
        assert_eq!(ann.get(&app, "/").await.body, "ann");
    }
    let mut ann = auth.sign_in_as("ann").await;
    auth.advance(Duration::MINUTE);
    let refused = ann.get(&app, "/fresh").await;
    assert_eq!(refused.json()["challenge"]["step_up"]["methods"], json!(["pwd"]));
    // A person is led to the password and back, by the application's own pages.
    let led = ann.navigate(&app, "/fresh").await;
    assert_eq!((led.status.as_u16(), led.header("location")), (303, Some("/auth/step-up?return_to=%2Ffresh")));
    let fields = [("password", Persona::PASSWORD), ("return_to", "/fresh")];
    let back = ann.submit(&app, "/auth/step-up", "/auth/step-up", &fields).await;
    assert_eq!(back.header("location"), Some("/fresh"));
    assert_eq!(ann.get(&app, "/fresh").await.body, "fresh");
}

#[tokio::test]
async fn texts_lie_beside_mails() {
    let countries = ["US"].map(|code| Country::parse(code).unwrap());
    let (auth, app) = started(|builder| builder.phones(Phones::in_countries(countries))).await;
    let mut ann = auth.browser();
    let entered = json!({ "email": "(202) 555-0143", "password": Persona::PASSWORD, "name": "Ann" });
    assert_eq!(ann.post_json(&app, "/auth/sign-up", &entered).await.status, 202);
    let text = auth.mail_to("+12025550143").await;
    assert_eq!(ann.post_json(&app, "/auth/verify", &json!({ "code": text.code() })).await.status, 200);
    assert!(text.links().is_empty() && text.subject.starts_with(&text.code()), "{text:?}");
}

#[tokio::test]
async fn who_has_a_second_factor_has_one() {
    let (auth, app) = started(|builder| builder).await;
    let person = Persona::new("ann").proven(Method::Password, Duration::hours(2));
    let mut before = auth.sign_in_as(person.clone()).await;
    assert_eq!(before.get(&app, "/mfa").await.json()["code"], "policy_unmet");

    let mut ann = auth.sign_in_as(person.clone().proven(Method::Otp, Duration::minutes(5))).await;
    assert_eq!(before.get(&app, "/").await.body, "nobody", "other sessions end, as they do for people");
    assert_eq!(ann.get(&app, "/mfa").await.body, "two factors");
    assert_eq!(
        ann.get(&app, "/fresh").await.json()["challenge"]["step_up"]["methods"],
        json!(["otp", "recovery_code"])
    );
    let own = auth.authenticator_of(ann.user);
    let stepped = ann.post_json(&app, "/auth/step-up", &json!({ "code": own.code() })).await;
    assert_eq!(stepped.status, 200, "{stepped:?}");
    assert_eq!(ann.get(&app, "/fresh").await.body, "fresh");
    assert!(!format!("{own:?}").contains(&own.code()));

    // A whole sign-in asks for it, too; a code works once.
    let mut browser = auth.browser();
    let entered = json!({ "email": ann.email, "password": Persona::PASSWORD });
    assert_eq!(browser.post_json(&app, "/auth/sign-in", &entered).await.json()["step"], "second_factor");
    let given = json!({ "code": own.code() });
    assert_eq!(browser.post_json(&app, "/auth/sign-in/second-factor", &given).await.status, 422);
    let given = json!({ "code": own.recovery_codes[0] });
    assert_eq!(browser.post_json(&app, "/auth/sign-in/second-factor", &given).await.json()["status"], "complete");
    // The same person again keeps the application; a session by password alone is one of before.
    let mut again = auth.sign_in_as(person).await;
    assert_eq!(auth.authenticator_of(ann.user).recovery_codes, own.recovery_codes);
    assert_eq!(again.get(&app, "/mfa").await.json()["code"], "step_up_required");
    assert_eq!(ann.get(&app, "/mfa").await.status, 200, "and ends nothing");
}

#[tokio::test]
async fn roles_and_organisations_are_real() {
    let (auth, app) = started(|builder| builder).await;
    let mut olga = auth.sign_in_as(Persona::new("Olga").owner_of("Acme")).await;
    let acme = olga.org.unwrap();
    assert_eq!(auth.sign_in_as(Persona::new("Olga").owner_of("Acme")).await.org, Some(acme), "made once");
    assert_eq!(olga.get(&app, "/org").await.body, "Acme");
    let mut max = auth.sign_in_as(Persona::new("max").member_of(acme, ["reader"])).await;
    let remove = format!("/orgs/{acme}/things/remove");
    assert_eq!(max.get(&app, "/things").await.body, "read");
    let refused = max.post_json(&app, &remove, &()).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["challenge"]["permission"]), (403, &json!("thing:remove")));
    auth.sign_in_as(Persona::new("max").member_of(acme, ["keeper"])).await;
    assert_eq!(max.post_json(&app, &remove, &()).await.body, "removed", "the session that was there has the new role");

    let beta = auth.organization("Beta & Sons").await;
    let mut eve = auth.sign_in_as(Persona::new("eve").member_of(beta, ["keeper"])).await;
    assert_eq!(eve.post_json(&app, &remove, &()).await.status, 404);
    let mut both = auth.sign_in_as(Persona::new("max").member_of(beta, ["reader"])).await;
    assert_eq!(both.post_json(&app, &remove, &()).await.json()["code"], "wrong_org");
    // Direct calls are given what handlers are given.
    let principal = auth.principal_of(&max).await;
    assert_eq!((principal.user(), principal.org().map(|standing| standing.org)), (max.user, Some(acme)));
    auth.organizations("test").remove_member(acme, max.user).await.unwrap();
    assert_eq!(max.get(&app, "/things").await.status, 403, "as for anybody who was removed");
    assert_eq!(auth.browser().get(&app, "/things").await.status, 401);
    let mut stranger = auth.browser();
    let led = stranger.navigate(&app, "/things").await;
    assert_eq!(led.header("location"), Some("/auth/sign-in?return_to=%2Fthings"));
}

#[tokio::test]
async fn a_session_of_the_kit_is_judged_like_any_other() {
    let everybody = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let (auth, app) = started(|builder| builder.policy(everybody)).await;
    let by_password = Persona::new("ann").owner_of("Acme").proven(Method::Password, Duration::ZERO);
    let mut ann = auth.sign_in_as(by_password.clone()).await;
    assert_eq!(ann.get(&app, "/org").await.json()["code"], "policy_unmet");
    let mut ann = auth.sign_in_as(by_password.proven(Method::RecoveryCode, Duration::ZERO)).await;
    assert_eq!(ann.get(&app, "/org").await.body, "Acme");

    // It rests, it grows old, it is ended.
    auth.advance(Duration::DAY);
    assert_eq!(ann.get(&app, "/").await.body, "nobody");
    let old = Persona::new("bob").proven(Method::Password, Duration::days(29));
    let mut bob = auth.sign_in_as(old.clone()).await;
    assert_eq!(bob.get(&app, "/").await.body, "bob");
    auth.advance(Duration::hours(23));
    assert_eq!(bob.get(&app, "/").await.body, "bob");
    auth.advance(Duration::hours(1));
    assert_eq!(bob.get(&app, "/").await.body, "nobody", "30 days");
    let mut bob = auth.sign_in_as(Persona::new("bob").remembered()).await;
    auth.advance(Duration::days(6));
    assert_eq!(bob.get(&app, "/").await.body, "bob");
    let other = auth.sign_in_as("bob").await;
    assert_eq!(bob.post_json(&app, "/auth/sign-out-everywhere", &json!({})).await.status, 200);
    assert!(!bob.cookie().contains("um_session"));
    assert_eq!(other.browser.clone().get(&app, "/").await.body, "nobody");
}

#[tokio::test]
#[should_panic(expected = "it ends after")]
async fn a_session_cannot_be_older_than_sessions_get() {
    let (auth, _) = started(|builder| builder).await;
    auth.sign_in_as(Persona::new("ann").proven(Method::Password, Duration::days(30))).await;
}

#[tokio::test]
async fn mails_are_kept_and_carry_links_and_codes() {
    let (auth, app) = started(|builder| builder).await;
    let mut ann = auth.browser();
    let body = json!({ "email": "ann@example.test", "password": Persona::PASSWORD, "name": "Ann" });
    assert_eq!(ann.post_json(&app, "/auth/sign-up", &body).await.status, 202);
    assert!(auth.kit().mailbox.mails().is_empty(), "nothing works until it is told to");
    let mail = auth.mail_to("Ann@example.test").await;
    assert_eq!((mail.to.as_str(), mail.html.is_some()), ("ann@example.test", true));
    assert_eq!(mail.links()[0].as_str().strip_prefix("http://localhost:3000"), Some(mail.link().as_str()));
    let proven = ann.post_json(&app, "/auth/verify", &json!({ "code": mail.code() })).await;
    assert_eq!(proven.status, 200, "{proven:?}");
    let entered = json!({ "email": "ann@example.test", "password": Persona::PASSWORD });
    assert_eq!(ann.post_json(&app, "/auth/sign-in", &entered).await.json()["status"], "complete");
    assert_eq!(ann.post_json(&app, "/me", &()).await.body, "Ann");
    assert_eq!(ann.session_cookie().map(|(name, _)| name), Some("um_session"));

    // Another one by its link, in another browser, as a person goes.
    let mut bob = auth.browser();
    let body = json!({ "email": "bob@example.test", "password": Persona::PASSWORD, "name": "Bob" });
    bob.post_json(&app, "/auth/sign-up", &body).await;
    let mail = auth.mail_to("bob@example.test").await;
    assert_eq!(bob.post_json(&app, "/auth/verify", &json!({ "token": mail.token() })).await.status, 200);
    let fields = [("email", "bob@example.test"), ("password", Persona::PASSWORD)];
    assert_eq!(bob.submit(&app, "/auth/sign-in", "/auth/sign-in", &fields).await.status, 303);
    assert_eq!(bob.get(&app, "/").await.body, "Bob");
    auth.kit().mailbox.clear();
    assert!(auth.kit().mailbox.to("ann@example.test").is_empty());
    // Who exists already is signed in as, too.
    assert_eq!(
        auth.sign_in_as(Persona::new("x").with_email("bob@example.test")).await.get(&app, "/").await.body,
        "Bob"
    );
}

#[tokio::test]
async fn any_client_can_go_on_from_the_cookie() {
    let (auth, _) = started(|builder| builder).await;
    let ann = auth.sign_in_as("ann").await;
    let (name, secret) = ann.session_cookie().unwrap();
    assert_eq!(ann.cookie(), format!("{name}={secret}"));
    let headers = ann.headers();
    assert_eq!(headers["cookie"].to_str().unwrap(), ann.cookie());
    assert_eq!(
        (&headers["origin"], &headers["host"]),
        (&"http://localhost:3000".parse().unwrap(), &"localhost:3000".parse().unwrap())
    );
    // The password is a real one as well.
    let input = SignIn { email: &ann.email, password: Persona::PASSWORD.into(), remember: false };
    let outcome = auth.sign_in(&Client::default(), input).await.unwrap();
    assert!(matches!(outcome, SignInOutcome::Complete(signed_in) if signed_in.principal.user() == ann.user));
    // By whatever name the cookie goes.
    let (auth, app) = {
        let (kit, store) = (Kit::new(), MemoryStore::new());
        let keys = usermgmt_http::service::core::keys::KeyRing::generate(&usermgmt_http::service::core::port::OsRandom);
        let builder = usermgmt_http::service::UserMgmt::builder(store, "https://app.example.org", keys.unwrap());
        let builder = builder.role("reader", ["thing:read"]).share_sessions_trusting_every_host_of("example.org");
        let auth = kit.over(kit.prepare(builder).build().await.unwrap());
        let app = app(&auth);
        (auth, app)
    };
    let mut ann = auth.sign_in_as("ann").await;
    assert_eq!(ann.session_cookie().map(|(name, _)| name), Some("__Secure-um_session"));
    assert_eq!(ann.post_json(&app, "/me", &()).await.body, "ann");
}

#[tokio::test]
async fn an_outage_can_be_had() {
    let store = MemoryStore::new();
    let auth = TestAuth::start_on(store.clone(), |builder| builder.cache_life(Duration::ZERO)).await;
    let app = app(&auth);
    let mut ann = auth.sign_in_as("ann").await;
    store.set_unavailable(true);
    assert_eq!(ann.get(&app, "/").await.status, 503);
    store.set_unavailable(false);
    assert_eq!(ann.get(&app, "/").await.body, "ann");
}

#[tokio::test]
async fn an_application_that_starts_anew_goes_on() {
    let (kit, store) = (Kit::new(), MemoryStore::new());
    let keys =
        usermgmt_http::service::core::keys::KeyRing::generate(&usermgmt_http::service::core::port::OsRandom).unwrap();
    let start = async || {
        let builder = usermgmt_http::service::UserMgmt::builder(store.clone(), "http://localhost:3000", keys.clone());
        kit.over(kit.prepare(builder).build().await.unwrap())
    };
    let first = start().await;
    let mut ann = first.sign_in_as("ann").await;
    first.advance(Duration::hours(1));
    let second = start().await;
    assert_eq!(second.now(), first.now());
    assert_eq!(ann.get(&app(&second), "/").await.body, "ann");
    assert_eq!(ann.get(&app(&second), "/missing").await.json(), Value::Null);
}

#[tokio::test]
async fn each_browser_has_an_address_of_its_own() {
    let (auth, app) = started(|builder| builder).await;
    // More than one address may ask for in a minute.
    for number in 0..60 {
        let body = json!({ "email": format!("p{number}@example.test"), "password": "not the password" });
        assert_eq!(auth.browser().post_json(&app, "/auth/sign-in", &body).await.status, 401, "{number}");
    }
    let mut one = auth.browser().at([192, 0, 2, 7]);
    let body = json!({ "email": "p@example.test", "password": "not the password" });
    let mut last = 401;
    for _ in 0..12 {
        last = one.post_json(&app, "/auth/sign-in", &body).await.status.as_u16();
    }
    assert_eq!(last, 429);
}
