//! Access and refresh tokens.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits::{ACCESS_TOKEN_LIFE, REFRESH_LEEWAY};
use usermgmt_core::model::{AuditKind, UserStatus};
use usermgmt_core::port::OsRandom;
use usermgmt_core::refresh::RefreshToken;
use usermgmt_service::AccessTokens;
use usermgmt_service::jwt::{ClaimTemplate, Jwks, RESERVED, Rules, TokenError, Verified};
use usermgmt_tests::app::token;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::team::{Team, id_of};

cells!(
    another_service_checks_tokens_by_the_published_keys_alone,
    a_token_stands_for_its_session,
    what_is_no_token_is_refused,
    a_refresh_token_gives_the_next_one,
    whoever_presents_a_used_one_ends_the_session,
    many_tabs_refresh_at_once,
    a_page_keeps_it_in_a_cookie,
    access_ends_for_tokens_too,
    a_session_ends_at_its_absolute_end,
    a_restored_backup_brings_nobody_back,
    tokens_are_off_unless_switched_on,
);

const DATA: &str = "https://data.example.com";

pub(crate) async fn with_tokens(app: App) -> App {
    let template = r#"{ "https://hasura.io/jwt/claims": { "x-hasura-user-id": "{{user.id}}" } }"#;
    let template = ClaimTemplate::parse(template).unwrap();
    let tokens = AccessTokens::default().with_audience("data", DATA, Some(template));
    app.configured(move |builder| builder.tokens(tokens)).await
}

/// A client that sends nothing by itself: no cookie, no origin.
pub(crate) fn native(app: &App) -> Agent {
    let mut agent = app.agent();
    agent.headers.remove("origin");
    agent.headers.remove("sec-fetch-site");
    agent
}

pub(crate) fn by(app: &App, access: &str) -> Agent {
    native(app).with("authorization", &format!("Bearer {access}"))
}

pub(crate) fn text(reply: &Reply, name: &str) -> String {
    reply.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", reply.body)).to_owned()
}

/// Hands the session over to tokens that the caller keeps: access and refresh token.
pub(crate) async fn begin(person: &mut Person) -> (String, String) {
    let begun = person.agent.post("/auth/tokens/begin", json!({ "keeper": "caller" })).await.expect(200);
    (text(&begun, "access_token"), text(&begun, "refresh_token"))
}

pub(crate) async fn refresh(app: &App, token: &str) -> Reply {
    native(app).post("/auth/refresh", json!({ "refresh_token": token })).await
}

pub(crate) async fn key_set(app: &App) -> Jwks {
    let reply = native(app).get("/auth/jwks.json").await.expect(200);
    assert_eq!(reply.header("content-type"), Some("application/jwk-set+json"));
    Jwks::parse(reply.body.as_bytes()).unwrap()
}

/// What a service that knows the published keys and nothing else makes of a token.
pub(crate) async fn checked(app: &App, audience: &str, token: &str) -> Result<Verified, TokenError> {
    Rules::new(app.origin(), audience).unwrap().verify(&key_set(app).await, token, app.now())
}

async fn another_service_checks_tokens_by_the_published_keys_alone(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let issued = ann.agent.post("/auth/tokens", json!({})).await.expect(200);
    assert_eq!((&issued.json()["expires_in"], &issued.json()["refresh_in"]), (&json!(60), &json!(50)));
    assert_eq!(
        (issued.json()["token_type"].as_str(), issued.header("cache-control")),
        (Some("Bearer"), Some("no-store"))
    );
    assert!(issued.json().get("refresh_token").is_none() && issued.cookies().is_empty());
    let claims = checked(&app, app.origin(), &text(&issued, "access_token")).await.unwrap();
    let me = ann.agent.get("/auth/me").await.json();
    assert_eq!((Value::from(claims.sub.as_str()), claims.life()), (me["user"]["id"].clone(), Duration::MINUTE));
    assert_eq!(claims.org_id.clone(), Some(ann.org().await));
    assert_eq!((claims.roles.as_slice(), claims.amr.as_slice()), (&["owner".to_owned()][..], &["pwd".to_owned()][..]));
    assert!(claims.permits("thing:read") && claims.permits("organization:own") && !claims.permits("*"));
    assert_eq!(claims.auth_time.unwrap().moment(), app.now());
    let again = ann.agent.post("/auth/tokens", json!({})).await.expect(200);
    assert_ne!(checked(&app, app.origin(), &text(&again, "access_token")).await.unwrap().jti, claims.jti);

    // For a service of its own name, with what that service reads; here it is nothing, and ours is nothing there.
    let theirs = ann.agent.post("/auth/tokens", json!({ "audience": "data" })).await.expect(200);
    let theirs = text(&theirs, "access_token");
    let read = checked(&app, DATA, &theirs).await.unwrap();
    assert_eq!(read.extra["https://hasura.io/jwt/claims"]["x-hasura-user-id"], me["user"]["id"]);
    // A claim of the application's own stands beside the registered ones and is never one of them.
    for name in RESERVED {
        let template = ClaimTemplate::parse(&json!({ name: "{{user.id}}" }).to_string());
        assert!(template.is_err_and(|error| error.to_string().contains(name)), "{name}");
        assert!(!read.extra.contains_key(name), "{name}");
    }
    app.report.requirement(66);
    assert_eq!(checked(&app, app.origin(), &theirs).await.unwrap_err(), TokenError::Audience);
    assert_eq!(checked(&app, DATA, &text(&issued, "access_token")).await.unwrap_err(), TokenError::Audience);
    assert_eq!(by(&app, &theirs).get("/auth/me").await.expect(401).code(), "invalid_token");
    ann.agent.post("/auth/tokens", json!({ "audience": "nobody" })).await.expect(404);
    let published = native(&app).get("/auth/jwks.json").await;
    assert_eq!(published.header("cache-control"), Some("public, max-age=600"));
    for private in ["\"d\"", "\"p\"", "\"q\"", "\"dp\"", "\"dq\"", "\"qi\"", "\"k\""] {
        assert!(!published.body.contains(private), "{}", published.body);
    }
    app.advance(Duration::seconds(91));
    assert_eq!(checked(&app, DATA, &theirs).await.unwrap_err(), TokenError::Expired);
    for number in [40, 57, 63, 64, 65] {
        app.report.requirement(number);
    }
    app.report.case("JW-07");
    app.report.twin("JW-07");
}

async fn a_token_stands_for_its_session(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let session = ann.agent.get("/auth/me").await.json()["session"].clone();
    let (access, _) = begin(&mut ann).await;
    // The same routes, the same checks; no cookie, no origin, and none is set.
    let mut agent = by(&app, &access);
    let me = agent.get("/auth/me").await.expect(200);
    assert_eq!(me.json()["session"], session);
    agent.get("/host/things").await.expect(200);
    let stepped = agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    assert!(stepped.cookies().is_empty(), "{:?}", stepped.cookies());
    agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201);
    agent.get("/auth/me").await.expect(200);
    // The cookie of before is worth nothing, and both at once are refused.
    assert!(!ann.is_signed_in().await);
    let mut bob = Person::signed_in(&app, "bob").await;
    bob.agent = bob.agent.with("authorization", &format!("Bearer {access}"));
    assert_eq!(bob.agent.get("/auth/me").await.expect(400).code(), "ambiguous_credentials");
    assert_eq!(bob.agent.get("/host/me").await.status.as_u16(), 400);
    app.report.requirement(69);
    app.report.twin("JW-16");
}

async fn what_is_no_token_is_refused(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let (access, refresh_token) = begin(&mut ann).await;
    let (head, rest) = access.split_once('.').unwrap();
    let none = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0";
    for wrong in [
        String::new(),
        "x".into(),
        head.to_owned(),
        format!("{none}.{rest}"),
        format!("{none}.{}.", rest.split('.').next().unwrap()),
        format!("{access}A"),
        refresh_token.clone(),
        "A".repeat(9_000),
    ] {
        for path in ["/auth/me", "/host/me", "/host/things"] {
            let refused = by(&app, &wrong).get(path).await.expect(401);
            assert_eq!(refused.code(), "invalid_token", "{path} {wrong}");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
            assert!(!refused.body.contains(&access[..20]));
        }
    }
    // In the URL it is nothing (RFC 6750 section 2.3); another scheme is none of ours, and turns no check off.
    native(&app).get(&format!("/auth/me?access_token={access}")).await.expect(401);
    let mut bob = Person::signed_in(&app, "bob").await;
    let mut elsewhere = bob.agent.with("origin", "https://evil.example").with("authorization", "Basic eDp5");
    elsewhere.headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(elsewhere.post("/auth/sign-out-everywhere", json!({})).await.expect(403).code(), "cross_site");
    let mut junk = bob.agent.with("authorization", "Bearer junk");
    assert_eq!(junk.post("/auth/sign-out-everywhere", json!({})).await.expect(400).code(), "ambiguous_credentials");
    assert!(bob.is_signed_in().await);
    app.advance(ACCESS_TOKEN_LIFE + Duration::MINUTE);
    assert_eq!(by(&app, &access).get("/auth/me").await.expect(401).code(), "invalid_token");
    for number in [60, 61, 62] {
        app.report.requirement(number);
    }
    app.report.case("JW-06");
    app.report.twin("JW-06");
}

async fn a_refresh_token_gives_the_next_one(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let (_, mut token) = begin(&mut ann).await;
    for round in 0..4 {
        app.advance(Duration::HOUR);
        let next = refresh(&app, &token).await.expect(200);
        assert_eq!((&next.json()["expires_in"], &next.json()["refresh_in"]), (&json!(300), &json!(290)));
        assert_ne!(text(&next, "refresh_token"), token);
        by(&app, &text(&next, "access_token")).get("/auth/me").await.expect(200);
        token = text(&next, "refresh_token");
        assert_eq!(RefreshToken::parse(&app.keys, &token).unwrap().generation(), round + 2);
    }
    let data = json!({ "refresh_token": token, "audience": "data" });
    let theirs = native(&app).post("/auth/refresh", data).await.expect(200);
    assert!(checked(&app, DATA, &text(&theirs, "access_token")).await.is_ok());
    for wrong in ["", "umf_00_", &token[1..], &token[..token.len() - 1], &format!("{token}A")] {
        assert_eq!(refresh(&app, wrong).await.expect(401).code(), "unauthenticated", "{wrong}");
    }
    if let Some(state) = app.state().await {
        assert!(!state.contains(&token[7..]) && !state.contains("umf_"), "only numbers are stored");
    }
    // The holder of another root key makes none.
    let strange = KeyRing::generate(&OsRandom).unwrap();
    let read = RefreshToken::parse(&app.keys, &token).unwrap();
    let forged = RefreshToken::derive(&strange, read.user(), read.session(), 6);
    refresh(&app, forged.expose()).await.expect(401);
    app.report.requirement(58);
}

async fn whoever_presents_a_used_one_ends_the_session(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut other = ann.elsewhere(&app);
    other.sign_in().await.expect(200);
    let (_, first) = begin(&mut ann).await;
    let second = text(&refresh(&app, &first).await.expect(200), "refresh_token");
    // An answer that got lost: the same one again, and nothing moves.
    assert_eq!(text(&refresh(&app, &first).await.expect(200), "refresh_token"), second);
    let third = refresh(&app, &second).await.expect(200);
    let (access, third) = (text(&third, "access_token"), text(&third, "refresh_token"));
    by(&app, &access).get("/auth/me").await.expect(200);

    // The first one is older than the direct predecessor, however short a time has passed.
    assert_eq!(refresh(&app, &first).await.expect(401).code(), "unauthenticated");
    for token in [&third, &second, &first] {
        refresh(&app, token).await.expect(401);
    }
    assert_eq!(by(&app, &access).get("/auth/me").await.expect(401).code(), "invalid_token");
    assert!(other.is_signed_in().await, "other devices go on");
    app.work().await;
    let reused: Vec<_> =
        app.events(None).await.into_iter().filter(|event| event.kind == AuditKind::RefreshReused).collect();
    assert_eq!(reused.len(), 1, "once, however often it comes");
    assert_eq!(reused[0].detail, json!({ "presented": 1, "present": 3 }));
    let mail = app.mail(&ann.email);
    assert!(mail.subject.contains("was ended"), "{}", mail.subject);
    assert!(!token(&mail).is_empty(), "with a link to do more");

    // The direct predecessor too, once the leeway is over.
    let (_, first) = begin(&mut other).await;
    let second = text(&refresh(&app, &first).await.expect(200), "refresh_token");
    app.advance(REFRESH_LEEWAY);
    refresh(&app, &first).await.expect(200);
    app.advance(Duration::SECOND);
    refresh(&app, &first).await.expect(401);
    refresh(&app, &second).await.expect(401);
    app.report.case("JW-16");
    app.report.requirement(58);
}

async fn many_tabs_refresh_at_once(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.post("/auth/tokens/begin", json!({ "keeper": "cookie" })).await.expect(200);
    let mut latest = ann.agent.cookies["um_refresh"].clone();
    for round in 0..3 {
        let tabs = (0..20).map(|_| {
            let mut tab = ann.agent.clone();
            async move {
                let reply = tab.post("/auth/refresh", json!({})).await.expect(200);
                assert!(reply.cookies().iter().all(|cookie| !cookie.contains("max-age=0")), "no tab clears a cookie");
                (tab.cookies["um_refresh"].clone(), text(&reply, "access_token"))
            }
        });
        let given = futures_util::future::join_all(tabs).await;
        assert!(given.iter().all(|(successor, _)| *successor == given[0].0 && *successor != latest), "{round}");
        for (_, access) in &given {
            by(&app, access).get("/auth/me").await.expect(200);
        }
        latest.clone_from(&given[0].0);
        ann.agent.cookies.insert("um_refresh".into(), latest.clone());
        assert_eq!(RefreshToken::parse(&app.keys, &latest).unwrap().generation(), round + 2, "one rotation counts");
        app.advance(Duration::MINUTE);
    }
    app.report.case("JW-17");
    app.report.twin("JW-17");
}

async fn a_page_keeps_it_in_a_cookie(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let begun = ann.agent.post("/auth/tokens/begin", json!({ "keeper": "cookie" })).await.expect(200);
    assert!(begun.json().get("refresh_token").is_none(), "no script sees it");
    let set = begun.cookies().into_iter().find(|cookie| cookie.starts_with("um_refresh=")).unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
    assert!(!ann.agent.cookies.contains_key("um_session"));
    let again = ann.agent.post("/auth/refresh", json!({})).await.expect(200);
    assert!(again.json().get("refresh_token").is_none());
    by(&app, &text(&again, "access_token")).get("/auth/me").await.expect(200);
    // Another site's page makes the browser send the cookie, and gets nothing.
    let mut evil = ann.agent.with("origin", "https://evil.example");
    evil.headers.insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(evil.post("/auth/refresh", json!({})).await.expect(403).code(), "cross_site");
    // Signing out ends it, without any access token at hand.
    let kept = ann.agent.cookies["um_refresh"].clone();
    ann.agent.post("/auth/sign-out", json!({})).await.expect(200);
    assert!(!ann.agent.cookies.contains_key("um_refresh"));
    refresh(&app, &kept).await.expect(401);
    app.report.requirement(59);
}

async fn access_ends_for_tokens_too(app: App) {
    let app = with_tokens(app).await;
    let team = Team::of(&app, "ann").await;
    let mut owner = team.owner.clone();
    let mut bob = team.member(&app, "bob", &["reader"]).await;
    let (access, token) = begin(&mut bob).await;
    let mut agent = by(&app, &access);
    agent.get("/host/things").await.expect(200);
    // Rights are those of now, not those in the token.
    team.set_roles(&app, &mut owner, &bob, &["member"]).await.expect(200);
    assert_eq!(agent.get("/host/things").await.expect(403).code(), "permission_missing");
    team.act(&app, &mut owner, "remove", &bob, json!({})).await.expect(200);
    assert_eq!(agent.get("/host/things").await.expect(403).code(), "organization_required");
    agent.get("/auth/me").await.expect(200);
    let next = refresh(&app, &token).await.expect(200);
    assert_eq!(checked(&app, app.origin(), &text(&next, "access_token")).await.unwrap().org_id, None);
    let by_app = app.auth.users("test");
    let user = id_of(&app, &bob).await;
    by_app.set_status(user, UserStatus::Suspended).await.unwrap();
    assert_eq!(agent.get("/auth/me").await.expect(401).code(), "invalid_token");
    refresh(&app, &text(&next, "refresh_token")).await.expect(401);
    // "Sign out everywhere", and ending one by its id or by its token.
    let mut ann = owner;
    let mut laptop = ann.elsewhere(&app);
    laptop.sign_in().await.expect(200);
    for end in ["everywhere", "one", "revoke"] {
        let mut phone = ann.elsewhere(&app);
        phone.sign_in().await.expect(200);
        let session = phone.agent.get("/auth/me").await.json()["session"]["id"].as_str().unwrap().to_owned();
        let (access, token) = begin(&mut phone).await;
        by(&app, &access).get("/auth/me").await.expect(200);
        match end {
            "everywhere" => {
                ann.agent.post("/auth/sign-out-everywhere", json!({ "keep_own": true })).await.expect(200);
            }
            "one" => drop(ann.agent.post(&format!("/auth/sessions/{session}/end"), json!({})).await.expect(200)),
            _ => drop(native(&app).post("/auth/revoke", json!({ "token": token })).await.expect(200)),
        }
        assert_eq!(by(&app, &access).get("/auth/me").await.expect(401).code(), "invalid_token", "{end}");
        refresh(&app, &token).await.expect(401);
        native(&app).post("/auth/revoke", json!({ "token": token })).await.expect(200);
    }
    native(&app).post("/auth/revoke", json!({ "token": "anything" })).await.expect(200);
    app.report.case("JW-11");
    app.report.twin("JW-11");
    app.report.requirement(208);
}

async fn a_session_ends_at_its_absolute_end(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::verified(&app, "ann").await;
    let remembered = json!({ "email": ann.email, "password": ann.password, "remember": true });
    ann.agent.post("/auth/sign-in", remembered).await.expect(200);
    let ends = app.auth.settings().sessions.absolute;
    let (_, mut token) = begin(&mut ann).await;
    for day in 1..ends.whole_days() {
        app.advance(Duration::DAY);
        let next = refresh(&app, &token).await;
        assert_eq!(next.status, 200, "day {day}");
        token = text(&next, "refresh_token");
    }
    app.advance(Duration::DAY);
    refresh(&app, &token).await.expect(401);
    // And one that rests ends earlier.
    let mut ann = ann.elsewhere(&app);
    ann.sign_in().await.expect(200);
    let (_, token) = begin(&mut ann).await;
    app.advance(app.auth.settings().sessions.idle_visit);
    refresh(&app, &token).await.expect(401);
    app.report.case("JW-19");
    app.report.twin("JW-19");
}

async fn a_restored_backup_brings_nobody_back(app: App) {
    let app = with_tokens(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut phone = ann.elsewhere(&app);
    phone.sign_in().await.expect(200);
    let (access, token) = begin(&mut phone).await;
    app.advance(Duration::SECOND);
    let now = app.now();
    let app = app.configured(move |builder| builder.tokens(AccessTokens::default()).sessions_since(now)).await;
    let mut old = Person { agent: app.agent(), ..ann.clone() };
    old.agent.cookies.clone_from(&ann.agent.cookies);
    assert!(!old.is_signed_in().await);
    assert_eq!(by(&app, &access).get("/auth/me").await.expect(401).code(), "invalid_token");
    assert_eq!(refresh(&app, &token).await.expect(401).code(), "unauthenticated");
    ann = ann.elsewhere(&app);
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
    let (access, token) = begin(&mut ann).await;
    by(&app, &access).get("/auth/me").await.expect(200);
    refresh(&app, &token).await.expect(200);
}

async fn tokens_are_off_unless_switched_on(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    for path in ["/auth/tokens", "/auth/tokens/begin", "/auth/refresh", "/auth/revoke"] {
        let body = if path.ends_with("begin") { json!({ "keeper": "caller" }) } else { json!({}) };
        ann.agent.post(path, body).await.expect(404);
    }
    ann.agent.get("/auth/jwks.json").await.expect(404);
    // An application that has bearer tokens of its own is left in peace.
    ann.agent = ann.agent.with("authorization", "Bearer its-own");
    assert!(ann.is_signed_in().await);
}
