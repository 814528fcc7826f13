//! API keys, as attackers use them.

use std::sync::Arc;

use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::json;
use time::Duration;
use usermgmt_core::limits::{API_KEY_LIFE, CACHE_LIFE};
use usermgmt_core::model::{KeyOwner, MembershipStatus, UserStatus};
use usermgmt_core::page::PageRequest;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_http::{Guard, Representation, routes};
use usermgmt_service::{ApiKeys, ManagePolicy};
use usermgmt_tests::app::{Setup, filled};
use usermgmt_tests::faults::Watched;
use usermgmt_tests::{App, cells};

use crate::api_keys::{org_key, own_key, program, wanted, with_keys};
use crate::processes::another_with;
use crate::team::{Team, client, id_of, keys, permit};

cells!(
    a_key_opens_the_listed_routes_only,
    no_key_for_somebody_else,
    what_is_no_key_is_refused_before_the_store_is_asked,
    what_is_stored_is_no_key,
    a_key_ends_with_what_it_rests_on,
    one_use_is_one_use,
    a_key_stands_in_its_header_only,
    a_key_beside_a_cookie_is_refused,
);

async fn a_key_opens_the_listed_routes_only(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let other = Team::of(&app, "oscar").await;
    let mut owner = team.owner.clone();
    for scopes in [&["member:read"][..], &["*"]] {
        let secrets = [own_key(&mut owner, scopes).await.0, org_key(&team, &mut owner, scopes).await.0];
        for secret in secrets {
            // The first use is written: it is no change that a key asks for.
            let mut robot = program(&app, &secret);
            robot.get(&team.path("/members")).await.expect(200);
            let before = app.state().await;
            for route in routes().iter().filter(|route| !route.guard.is_open()) {
                let path = filled(&route.path.replace("{organization}", &team.id.to_string()));
                let (kind, body) = match (route.method == Method::POST, route.representation) {
                    (false, _) => (None, ""),
                    (true, Representation::Json) => (Some("application/json"), "{}"),
                    (true, Representation::Page | Representation::OAuth) => {
                        (Some("application/x-www-form-urlencoded"), "")
                    }
                };
                let reply = robot.send(route.method.clone(), &path, kind, body).await;
                let listed = matches!(route.guard, Guard::Access(key) if scopes == ["*"] || scopes == [key]);
                if listed {
                    assert_eq!(reply.status, StatusCode::OK, "{route:?} {}", reply.body);
                } else {
                    assert_eq!(reply.status, StatusCode::FORBIDDEN, "{route:?} {}", reply.body);
                }
                assert!(reply.cookies().is_empty(), "{route:?}");
            }
            assert_eq!(app.state().await, before, "a key has changed something");
            robot.get(&other.path("/members")).await.expect(404);
            robot.get(&format!("/host/orgs/{}/feed", other.id)).await.expect(404);
            for path in ["/host/things", "/host/fresh", "/host/me", "/host/active"] {
                assert_eq!(robot.get(path).await.expect(403).code(), "api_key_not_accepted", "{path}");
            }
        }
    }
    for case in ["AK-01", "AK-06", "AK-10"] {
        app.report.case(case);
    }
    // The same routes with the same body by the person herself.
    for (path, case) in [("/members", "AK-01"), ("", "AK-10")] {
        team.get(&mut owner, path).await.expect(200);
        app.report.twin(case);
    }
    owner.agent.get("/auth/me").await.expect(200);
    app.report.twin("AK-06");
}

async fn no_key_for_somebody_else(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let olga = id_of(&app, &team.owner).await;
    app.agent().post("/auth/me/api-keys", wanted("x", &["thing:read"])).await.expect(401);
    for (name, value) in [("user", json!(olga)), ("owner", json!(olga)), ("made_by", json!(olga))].into_iter().chain([
        ("remaining", json!(9)),
        ("expires_at", json!("2099-01-01T00:00:00Z")),
        ("id", json!("key_1")),
    ]) {
        let mut body = wanted("x", &["thing:read"]);
        body[name] = value;
        ann.agent.post("/auth/me/api-keys", body).await.expect(400);
    }
    for scope in ["thing:write", "thing:*", "*", "member:read"] {
        let refused = ann.agent.post("/auth/me/api-keys", wanted("x", &[scope])).await.expect(403);
        assert_eq!(refused.code(), "rights_exceeded", "{scope}");
    }
    team.post(&mut ann, "/api-keys", wanted("x", &["thing:read"])).await.expect(403);
    let (_, id) = own_key(&mut team.owner.clone(), &["thing:read"]).await;
    for path in [format!("/auth/me/api-keys/{id}/end"), format!("/auth/me/api-keys/{id}/rotate")] {
        ann.agent.post(&path, json!({})).await.expect(404);
    }
    // Whoever manages keys makes none with rights beyond their own, and ends none that acts elsewhere.
    team.member(&app, "carl", &["reader"]).await;
    let stranger = Team::of(&app, "oscar").await;
    let (_, strange) = own_key(&mut stranger.owner.clone(), &["thing:read"]).await;
    let theirs = format!("/members/{}/api-keys/{strange}/end", id_of(&app, &stranger.owner).await);
    team.post(&mut team.owner.clone(), &theirs, json!({})).await.expect(404);
    app.report.case("AK-02");
    own_key(&mut ann, &["thing:read"]).await;
    let mine = format!("/members/{olga}/api-keys/{id}/end");
    team.post(&mut team.owner.clone(), &mine, json!({})).await.expect(200);
    app.report.twin("AK-02");
}

async fn what_is_no_key_is_refused_before_the_store_is_asked(app: App) {
    let watched = Arc::new(std::sync::OnceLock::new());
    let kept = watched.clone();
    let setup = Setup {
        configure: Box::new(|builder| builder.api_keys(ApiKeys::default()).permissions(["thing:read"])),
        wrap: Box::new(move |store| Arc::new(kept.get_or_init(|| Watched::new(store)).clone())),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let watched: Watched = watched.get().unwrap().clone();
    let team = Team::of(&app, "olga").await;
    let (secret, _) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    watched.take_calls();
    let last = if secret.ends_with('A') { "B" } else { "A" };
    let altered = format!("{}{last}", &secret[..54]);
    let long = format!("umk_00_{}", "A".repeat(30_000));
    let other = secret.replacen("umk", "ums", 1);
    let doubled = format!("{secret} {secret}");
    for wrong in ["", " ", "umk", "umk_", "umk_00_", &altered, &other, &long, "umk_00_ä", &doubled, "undefined", "null"]
    {
        let reply = program(&app, wrong).get("/host/feed").await;
        assert_eq!((reply.status.as_u16(), reply.code()), (401, "invalid_token".to_owned()), "{wrong:.80}");
    }
    assert!(watched.take_calls().is_empty(), "the store was asked");
    for scheme in ["Bearer", "bearer", "BEARER", "Token", "Basic"] {
        let mut agent = app.agent().with("authorization", &format!("{scheme}  {secret}"));
        let status = if scheme.eq_ignore_ascii_case("bearer") { 200 } else { 401 };
        agent.get("/host/feed").await.expect(status);
    }
    app.report.case("AK-03");
    program(&app, &secret).get("/host/feed").await.expect(200);
    assert_eq!(watched.take_calls().get("api_key_record"), Some(&4), "one read for each use");
    app.report.twin("AK-03");
}

async fn what_is_stored_is_no_key(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let (secret, _) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    let stored = app.store.store.api_keys(KeyOwner::Org(team.id), PageRequest::first(9)).await.unwrap();
    let key = &stored.items[0];
    let hex: String = key.digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = serde_json::to_value(key.digest).unwrap().as_str().unwrap().to_owned();
    for text in [hex.clone(), base64.clone(), key.beginning.clone(), key.id.to_string()].into_iter().chain([
        format!("umk_00_{base64}"),
        format!("umk_00_{base64}AAAAA"),
        format!("umk_00_{hex}"),
    ]) {
        program(&app, &text).get("/host/feed").await.expect(401);
    }
    if let Some(dump) = app.store.dump().await {
        assert!(!dump.contains(&secret[11..]), "the secret is stored");
    }
    app.report.case("AK-04");
    program(&app, &secret).get("/host/feed").await.expect(200);
    app.report.twin("AK-04");
}

/// What a key rests on, taken away behind its back by another process, and whether that can be given back.
async fn a_key_ends_with_what_it_rests_on(app: App) {
    let app = with_keys(app).await;
    let (process, _) = another_with(&app, Duration::minutes(5), |builder| builder.role("reader", ["thing:read"])).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let (of_ann, _) = own_key(&mut ann, &["thing:read"]).await;
    let (of_org, _) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    let user = id_of(&app, &ann).await;
    let (orgs, users) = (process.organizations("test"), process.users("test"));
    let (mut member, mut machine) = (program(&app, &of_ann), program(&app, &of_org));
    macro_rules! states {
        ($($change:expr => $member:literal, $machine:literal;)+) => {$(
            $change.await.unwrap();
            for _ in 0..2 {
                assert_eq!(member.get("/host/feed").await.status.as_u16(), $member, stringify!($change));
                assert_eq!(machine.get("/host/feed").await.status.as_u16(), $machine, stringify!($change));
            }
        )+};
    }
    let strict = AuthPolicy { bars_member_keys: true, ..AuthPolicy::default() };
    let may = permit::<ManagePolicy>(&app, &team.owner).await;
    states! {
        users.set_status(user, UserStatus::Suspended) => 401, 200;
        users.set_status(user, UserStatus::Active) => 200, 200;
        orgs.set_member_status(team.id, user, MembershipStatus::Suspended) => 401, 200;
        orgs.set_member_status(team.id, user, MembershipStatus::Active) => 200, 200;
        orgs.set_roles(team.id, user, &keys(&["member"])) => 403, 200;
        orgs.set_roles(team.id, user, &keys(&["reader"])) => 200, 200;
        process.orgs().set_policy(&client(), &may, &strict) => 401, 200;
    };
    // What the other process has done is heard of here.
    app.advance(CACHE_LIFE);
    let may = permit::<ManagePolicy>(&app, &team.owner).await;
    states! {
        process.orgs().set_policy(&client(), &may, &AuthPolicy::default()) => 200, 200;
        orgs.suspend(team.id) => 401, 401;
        orgs.reactivate(team.id) => 200, 200;
        orgs.delete(team.id) => 401, 401;
        orgs.restore(team.id) => 401, 401;
        orgs.reactivate(team.id) => 200, 200;
        // Whoever comes back begins anew: the key of before does not.
        orgs.remove_member(team.id, user) => 401, 200;
        orgs.add_member(team.id, user, &keys(&["reader"])) => 401, 200;
    }
    ann.sign_in().await.expect(200);
    let (again, _) = own_key(&mut ann, &["thing:read"]).await;
    program(&app, &again).get("/host/feed").await.expect(200);
    app.report.twin("AK-05");
    app.advance(API_KEY_LIFE);
    for secret in [&again, &of_org] {
        program(&app, secret).get("/host/feed").await.expect(401);
    }
    app.report.case("AK-05");
    app.report.case("OR-15");
}

async fn one_use_is_one_use(app: App) {
    let limited = |builder: usermgmt_service::Builder| {
        builder.api_keys(ApiKeys::default().per_minute(1)).permissions(["thing:read"])
    };
    let app = app.configured(limited).await;
    let team = Team::of(&app, "olga").await;
    let (secret, id) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    let uses = join_all((0..50).map(|_| {
        let mut robot = program(&app, &secret);
        async move { robot.get("/host/feed").await.status.as_u16() }
    }));
    let answers = uses.await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|status| [200, 429].contains(status)), "{answers:?}");
    app.advance(Duration::MINUTE);
    program(&app, &secret).get("/host/feed").await.expect(200);
    app.report.twin("AK-07");

    // Uses that are written while the key ends do not bring it back.
    app.advance(Duration::MINUTE);
    let key = app.store.store.api_key(KeyOwner::Org(team.id), id.parse().unwrap()).await.unwrap().unwrap();
    let mut owner = team.owner.clone();
    let path = format!("/api-keys/{id}/end");
    let ending = team.post(&mut owner, &path, json!({}));
    let touching = join_all(
        (1..30).map(|second| app.store.store.touch_api_key(key.owner, key.id, app.now() + Duration::seconds(second))),
    );
    let (ended, touched) = futures_util::future::join(ending, touching).await;
    ended.expect(200);
    touched.into_iter().for_each(|touched| touched.unwrap());
    app.advance(Duration::MINUTE);
    program(&app, &secret).get("/host/feed").await.expect(401);
    app.report.case("AK-07");
}

async fn a_key_stands_in_its_header_only(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let (secret, _) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    for name in ["api_key", "access_token", "key", "token", "authorization"] {
        app.agent().get(&format!("/host/feed?{name}={secret}")).await.expect(401);
    }
    let form = format!("access_token={secret}");
    let sent = app.agent().send(Method::POST, "/host/feed", Some("application/x-www-form-urlencoded"), form).await;
    assert_eq!(sent.status, StatusCode::UNAUTHORIZED);
    for header in ["x-api-key", "api-key", "proxy-authorization"] {
        app.agent().with(header, &secret).get("/host/feed").await.expect(401);
    }
    app.report.case("AK-08");
    app.report.requirement(68);
    let found = program(&app, &secret).get("/host/feed").await.expect(200);
    assert!(!found.body.contains(&secret[11..]));
    app.report.twin("AK-08");
}

async fn a_key_beside_a_cookie_is_refused(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let (secret, _) = org_key(&team, &mut team.owner.clone(), &["thing:read", "thing:write"]).await;
    let good = format!("Bearer {secret}");
    let before = ann.agent.get("/auth/me").await.expect(200).body;
    for value in [good.as_str(), "Bearer", "Bearer junk", "Bearer umk_00_junk"] {
        let mut both = ann.agent.clone().with("authorization", value);
        for reply in [both.get("/host/feed").await, both.post("/host/me", json!({})).await] {
            assert_eq!((reply.status.as_u16(), reply.code()), (400, "ambiguous_credentials".to_owned()), "{value}");
        }
        // Nor does a page of another site get through by it.
        let mut foreign = both.with("origin", "https://evil.example").with("sec-fetch-site", "cross-site");
        let refused = foreign.post("/host/me", json!({})).await.status.as_u16();
        assert!([400, 403].contains(&refused), "{value}: {refused}");
    }
    for value in ["", "junk", "Basic YTpi", "Digest x", "Negotiate"] {
        let mut foreign = ann.agent.clone().with("authorization", value);
        foreign = foreign.with("origin", "https://evil.example").with("sec-fetch-site", "cross-site");
        assert_eq!(foreign.post("/host/me", json!({})).await.expect(403).code(), "cross_site", "{value}");
    }
    app.report.case("AK-09");
    assert_eq!(ann.agent.get("/auth/me").await.expect(200).body, before);
    program(&app, &secret).post("/host/feed", json!({})).await.expect(200);
    app.report.twin("AK-09");
}
