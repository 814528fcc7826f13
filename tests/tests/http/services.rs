//! Other services that check our tokens: introspection, and the list of what was revoked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits::{ACCESS_TOKEN_LIFE, CACHE_LIFE};
use usermgmt_core::model::UserStatus;
use usermgmt_service::jwt::Revocations;
use usermgmt_service::{AccessTokens, ApiKeys};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::api_keys::{org_key, program};
use crate::team::{Team, id_of};
use crate::tokens::{begin, by, checked, native, text};

cells!(
    a_service_asks_about_a_token,
    an_opaque_token_says_nothing_but_to_its_service,
    nobody_else_asks,
    a_service_follows_what_was_revoked,
    an_access_token_is_checked_without_the_store,
);

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const DATA: &str = "https://data.example.com";

async fn with_services(app: App) -> App {
    let tokens = AccessTokens::default()
        .with_audience("data", DATA, None)
        .with_service("data", SECRET)
        .with_service("gateway", &SECRET.replace('0', "9"));
    app.configured(move |builder| {
        builder.tokens(tokens).api_keys(ApiKeys::default()).permissions(["thing:read", "thing:write"])
    })
    .await
}

fn service(app: &App, name: &str, secret: &str) -> Agent {
    let basic = format!("Basic {}", STANDARD.encode(format!("{name}:{secret}")));
    native(app).with("authorization", &basic)
}

fn gateway(app: &App) -> Agent {
    service(app, "gateway", &SECRET.replace('0', "9"))
}

async fn ask(agent: &mut Agent, token: &str) -> Reply {
    let form = format!("token={}&token_type_hint=access_token", token.replace('+', "%2B"));
    agent.send(Method::POST, "/auth/introspect", Some("application/x-www-form-urlencoded"), form).await
}

async fn a_service_asks_about_a_token(app: App) {
    let app = with_services(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let user = id_of(&app, &ann).await.to_string();
    let (access, refresh) = begin(&mut ann).await;
    let mut gateway = gateway(&app);
    let known = ask(&mut gateway, &access).await.expect(200);
    assert_eq!(known.header("cache-control"), Some("no-store"));
    let known = known.json();
    let told = ["active", "token_type", "sub", "org_id", "scope", "iss", "aud"].map(|name| known[name].clone());
    let org = team.id.to_string();
    let wanted = json!([true, "Bearer", user, org, "thing:read", app.origin(), app.origin()]);
    assert_eq!(Value::from(told.to_vec()), wanted);
    assert_eq!(known["exp"].as_i64().unwrap() - known["iat"].as_i64().unwrap(), 60);

    // A token for another service is nothing to this one, and the other way round.
    let mut by_token = by(&app, &access);
    let theirs = by_token.post("/auth/tokens", json!({ "audience": "data" })).await.expect(200);
    let theirs = text(&theirs, "access_token");
    let mut data = service(&app, "data", SECRET);
    assert_eq!(ask(&mut data, &theirs).await.expect(200).json()["aud"], DATA);
    let inactive = json!({ "active": false });
    for (agent, token) in [(&gateway, theirs.as_str()), (&data, &access), (&data, &refresh), (&data, "x")] {
        assert_eq!(ask(&mut agent.clone(), token).await.expect(200).json(), inactive, "{token}");
    }
    // API keys are opaque to everybody but us.
    let (secret, id) = org_key(&team, &mut team.owner.clone(), &["thing:*"]).await;
    let key = ask(&mut gateway, &secret).await.expect(200).json();
    let told = ["active", "sub", "client_id", "scope"].map(|name| key[name].clone());
    assert_eq!(Value::from(told.to_vec()), json!([true, org, id, "thing:read thing:write"]));
    team.post(&mut team.owner.clone(), &format!("/api-keys/{id}/end"), json!({})).await.expect(200);
    assert_eq!(ask(&mut gateway, &secret).await.expect(200).json(), inactive);
    program(&app, &secret).get("/host/feed").await.expect(401);

    // What ends is known at once, long before the token has died.
    ask(&mut data, &theirs).await.expect(200);
    by(&app, &access).post("/auth/sign-out", json!({})).await.expect(200);
    assert_eq!(ask(&mut data, &theirs).await.expect(200).json(), inactive);
    assert!(checked(&app, DATA, &theirs).await.is_ok(), "the keys alone do not know");
    app.report.requirement(42);
}

async fn an_opaque_token_says_nothing_but_to_its_service(app: App) {
    let tokens = AccessTokens::default()
        .with_opaque_audience("legacy", DATA)
        .with_service("legacy", SECRET)
        .with_service("gateway", &SECRET.replace('0', "9"));
    let app = app.configured(move |builder| builder.tokens(tokens)).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let user = id_of(&app, &ann).await.to_string();
    let (access, kept) = begin(&mut ann).await;
    let issued = by(&app, &access).post("/auth/tokens", json!({ "audience": "legacy" })).await.expect(200);
    let (token, life) = (text(&issued, "access_token"), issued.json()["expires_in"].as_i64().unwrap());
    assert!(token.starts_with("umo_00_") && !token.contains('.'), "nothing can be read from it");

    let mut legacy = service(&app, "legacy", SECRET);
    let known = ask(&mut legacy, &token).await.expect(200).json();
    let told = ["active", "token_type", "sub", "org_id", "scope", "iss", "aud"].map(|name| known[name].clone());
    let wanted = json!([true, "Bearer", user, team.id.to_string(), "thing:read", app.origin(), DATA]);
    assert_eq!(Value::from(told.to_vec()), wanted);
    assert_eq!(known["exp"].as_i64().unwrap() - known["iat"].as_i64().unwrap(), life);

    // It is nothing to another service, nothing here, and no refresh token.
    let inactive = json!({ "active": false });
    assert_eq!(ask(&mut gateway(&app), &token).await.expect(200).json(), inactive);
    assert_eq!(by(&app, &token).get("/auth/me").await.expect(401).code(), "invalid_token");
    native(&app).post("/auth/refresh", json!({ "refresh_token": token })).await.expect(401);
    // And no other token is an opaque one.
    assert_eq!(ask(&mut legacy, &access).await.expect(200).json(), inactive);
    assert_eq!(ask(&mut legacy, &token.replace("umo", "umf")).await.expect(200).json(), inactive);

    // What changes counts at once.
    let roles = json!({ "roles": ["member"] });
    team.post(&mut team.owner.clone(), &format!("/members/{user}/roles"), roles).await.expect(200);
    assert_eq!(ask(&mut legacy, &token).await.expect(200).json()["scope"], "");
    app.advance(Duration::seconds(life));
    assert_eq!(ask(&mut legacy, &token).await.expect(200).json(), inactive, "it has died");
    // A refresh token gives the next one.
    let next = json!({ "refresh_token": kept, "audience": "legacy" });
    let next = text(&native(&app).post("/auth/refresh", next).await.expect(200), "access_token");
    assert_eq!(ask(&mut legacy, &next).await.expect(200).json()["sub"], user);
    team.post(&mut team.owner.clone(), &format!("/members/{user}/remove"), json!({})).await.expect(200);
    assert_eq!(ask(&mut legacy, &next).await.expect(200).json()["org_id"], Value::Null);
    app.auth.users("test").set_status(id_of(&app, &ann).await, UserStatus::Suspended).await.unwrap();
    assert_eq!(ask(&mut legacy, &next).await.expect(200).json(), inactive);
    app.report.requirement(42);
}

async fn nobody_else_asks(app: App) {
    let app = with_services(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let access = text(&ann.agent.post("/auth/tokens", json!({})).await.expect(200), "access_token");
    let wrong = [
        native(&app),
        by(&app, &access),
        ann.agent.clone(),
        service(&app, "gateway", SECRET),
        service(&app, "nobody", SECRET),
        service(&app, "data", ""),
        native(&app).with("authorization", "Basic"),
        native(&app).with("authorization", "Basic ####"),
        native(&app).with("authorization", &format!("Basic {}", STANDARD.encode("no colon"))),
    ];
    for mut agent in wrong {
        let refused = ask(&mut agent, &access).await.expect(401);
        assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"services\""));
        assert_eq!(refused.json()["error"], "invalid_client");
        let refused = agent.get("/auth/revocations").await.expect(401);
        assert_eq!(refused.code(), "invalid_client");
    }
    let mut gateway = gateway(&app);
    let form = Some("application/x-www-form-urlencoded");
    for body in ["", "token=", "token=a&token=b", "token=a&user=b"] {
        let refused = gateway.send(Method::POST, "/auth/introspect", form, body).await.expect(400);
        assert_eq!(refused.json()["error"], "invalid_request", "{body}");
    }
    gateway.post("/auth/introspect", json!({ "token": access })).await.expect(415);
    gateway.get("/auth/revocations?after=x").await.expect(400);
}

async fn a_service_follows_what_was_revoked(app: App) {
    let app = with_services(app).await;
    let team = Team::of(&app, "olga").await;
    let mut gateway = gateway(&app);
    let begun = gateway.get("/auth/revocations").await.expect(200);
    let mut list = Revocations::begin(begun.body.as_bytes(), app.now()).unwrap();
    app.advance(Duration::minutes(2));
    let (mut ann, mut bob) = (team.member(&app, "ann", &["reader"]).await, team.member(&app, "bob", &["reader"]).await);
    let ((_, first), (_, bobs)) = (begin(&mut ann).await, begin(&mut bob).await);
    // What has changed in the millisecond in which a token is issued may have changed after.
    app.advance(Duration::MILLISECOND);
    let refreshed = crate::tokens::refresh(&app, &first).await.expect(200);
    let (anns, anns_refresh) = (text(&refreshed, "access_token"), text(&refreshed, "refresh_token"));
    let bobs = text(&crate::tokens::refresh(&app, &bobs).await.expect(200), "access_token");
    let anns = checked(&app, app.origin(), &anns).await.unwrap();
    let bobs = checked(&app, app.origin(), &bobs).await.unwrap();
    app.advance(Duration::SECOND);
    macro_rules! hears {
        () => {{
            let answer = gateway.get(&format!("/auth/revocations?after={}", list.place())).await.expect(200);
            list.hear(answer.body.as_bytes(), app.now()).unwrap();
        }};
    }
    hears!();
    assert!(!list.is_revoked(&anns) && !list.is_revoked(&bobs));
    // Signed out everywhere: her tokens are void, his are not.
    let mut elsewhere = ann.elsewhere(&app);
    elsewhere.sign_in().await.expect(200);
    elsewhere.agent.post("/auth/sign-out-everywhere", json!({})).await.expect(200);
    hears!();
    assert!(list.is_revoked(&anns) && !list.is_revoked(&bobs));
    crate::tokens::refresh(&app, &anns_refresh).await.expect(401);
    // Another role: whoever still may fetches another token, which says so.
    let roles = crate::team::keys(&["member"]);
    app.auth.organizations("test").set_roles(team.id, id_of(&app, &bob).await, &roles).await.unwrap();
    hears!();
    assert!(list.is_revoked(&bobs));
    app.advance(CACHE_LIFE);
    assert!(list.was_heard(app.now(), CACHE_LIFE) && !list.was_heard(app.now() + Duration::SECOND, CACHE_LIFE));
    app.report.requirement(41);
}

async fn an_access_token_is_checked_without_the_store(app: App) {
    let app = with_services(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let user = id_of(&app, &ann).await;
    let (access, _) = begin(&mut ann).await;
    let mut program = by(&app, &access);
    assert_eq!(program.get("/host/claims").await.expect(200).body, format!("claims of {user}"));
    // It says what was true when it was issued: that is its price.
    by(&app, &access).post("/auth/sign-out", json!({})).await.expect(200);
    program.get("/host/claims").await.expect(200);
    program.get("/host/me").await.expect(401);
    app.advance(ACCESS_TOKEN_LIFE + Duration::MINUTE);
    program.get("/host/claims").await.expect(401);
    for mut other in [native(&app), ann.agent.clone(), by(&app, "junk"), by(&app, "umk_00_x")] {
        assert_eq!(other.get("/host/claims").await.expect(401).code(), "invalid_token");
    }
    if let Some(memory) = &app.store.memory {
        let mut bob = Person::signed_in(&app, "bob").await;
        let (access, _) = begin(&mut bob).await;
        by(&app, &access).get("/host/claims").await.expect(200);
        memory.set_unavailable(true);
        by(&app, &access).get("/host/claims").await.expect(200);
        by(&app, &access).get("/host/me").await.expect(503);
        app.report.requirement(39);
    }
}
