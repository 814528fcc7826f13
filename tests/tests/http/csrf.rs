//! Requests that other sites make a browser send.

use http::{Method, header};
use serde_json::json;
use usermgmt_http::{Representation, routes};
use usermgmt_tests::app::filled;
use usermgmt_tests::{Agent, App, Person, cells};

cells!(other_sites_change_nothing, nobody_is_signed_in_by_another_site, host_routes_are_covered_too);

fn foreign(agent: &Agent) -> Vec<(&'static str, Agent)> {
    let bare = agent.without(header::ORIGIN);
    vec![
        ("evil origin", agent.with("origin", "https://evil.example")),
        ("null origin", agent.with("origin", "null")),
        ("no origin", bare.clone()),
        ("sub-domain", agent.with("origin", "http://sub.localhost")),
        ("cross-site", bare.with("sec-fetch-site", "cross-site")),
        ("same-site", bare.with("sec-fetch-site", "same-site")),
        ("cross-site with a claim", agent.with("sec-fetch-site", "cross-site")),
        ("foreign referer", bare.with("referer", "https://evil.example/")),
    ]
}

async fn other_sites_change_nothing(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.navigate("/auth/account").await.expect(200);
    app.work().await;
    let before = app.state().await;
    let bodies: [(Option<&str>, &str); 5] = [
        (Some("application/json"), "{}"),
        (Some("application/x-www-form-urlencoded"), "a=b"),
        (Some("text/plain"), "{}"),
        (Some("multipart/form-data; boundary=x"), "--x--"),
        (None, "{}"),
    ];
    let mut tried = 0;
    for route in routes().iter().filter(|route| route.method == Method::POST) {
        for (how, attacker) in foreign(&ann.agent) {
            for (kind, body) in bodies {
                let mut attacker = attacker.clone();
                let reply = attacker.send(Method::POST, &filled(route.path), kind, body).await;
                assert!(matches!(reply.status.as_u16(), 403 | 415), "{how} {kind:?} {route:?}: {}", reply.status);
                tried += 1;
            }
        }
    }
    assert!(tried > 400);
    for route in ["/host/me", "/host/things"] {
        for (how, mut attacker) in foreign(&ann.agent) {
            let reply = attacker.send(Method::POST, route, Some("text/plain"), "").await;
            assert_eq!(reply.status.as_u16(), 403, "{how} {route}");
        }
    }
    assert_eq!(app.state().await, before);
    assert!(ann.is_signed_in().await);
    app.report.case("CS-01");
    app.report.requirement(53);

    ann.agent.post("/auth/organizations", json!({ "name": "Own" })).await.expect(201);
    let mut by_fetch = ann.agent.without(header::ORIGIN).with("sec-fetch-site", "same-origin");
    by_fetch.post("/auth/organizations", json!({ "name": "Own too" })).await.expect(201);
    let forms =
        routes().iter().filter(|route| route.method == Method::POST && route.representation == Representation::Page);
    for route in forms.filter(|route| !route.guard.is_open()) {
        // From our own origin, but without the form's token.
        let reply = ann
            .agent
            .send(Method::POST, &filled(route.path), Some("application/x-www-form-urlencoded"), "csrf=wrong")
            .await;
        assert_eq!(reply.status.as_u16(), 403, "{route:?}");
    }
    ann.agent.submit("/auth/account", "/auth/sign-out-everywhere", &[]).await.expect(303);
    app.report.twin("CS-01");
}

async fn nobody_is_signed_in_by_another_site(app: App) {
    let mallory = Person::verified(&app, "mallory").await;
    let credentials = json!({ "email": mallory.email, "password": mallory.password }).to_string();
    let form = format!("email={}&password={}", mallory.email, mallory.password.replace(' ', "+"));
    let mut victim = app.agent();
    victim.navigate("/auth/sign-in").await.expect(200);
    for (how, mut attacker) in foreign(&victim) {
        for (kind, body) in [
            ("application/json", &credentials),
            ("text/plain", &credentials),
            ("application/x-www-form-urlencoded", &form),
        ] {
            let reply = attacker.send(Method::POST, "/auth/sign-in", Some(kind), body.clone()).await;
            assert!(matches!(reply.status.as_u16(), 403 | 415), "{how} {kind}: {}", reply.status);
            assert!(reply.cookies().iter().all(|cookie| !cookie.contains("session")));
        }
    }
    app.report.case("CS-04");
    let fields = [("email", mallory.email.as_str()), ("password", mallory.password.as_str())];
    victim.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    // A program without any cookie is no browser; nobody's authority is lent to it.
    let mut program = app.agent().without(header::ORIGIN);
    program.post("/auth/sign-in", json!({ "email": mallory.email, "password": mallory.password })).await.expect(200);
    app.report.twin("CS-04");
}

async fn host_routes_are_covered_too(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.post("/host/me", json!({})).await.expect(200);
    for (how, mut attacker) in foreign(&ann.agent) {
        assert_eq!(attacker.post("/host/me", json!({})).await.status.as_u16(), 403, "{how}");
        attacker.get("/host/me").await.expect(200);
    }
}
