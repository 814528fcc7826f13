//! The table of routes, walked.

use http::Method;
use usermgmt_http::routes;
use usermgmt_service::{AccessTokens, ApiKeys};
use usermgmt_tests::app::filled;
use usermgmt_tests::{App, Person, cells};

cells!(
    strangers_are_refused_unless_a_route_is_public,
    only_the_listed_methods_answer,
    every_answer_carries_its_guards,
    safe_methods_change_nothing,
    a_guard_holds_however_the_path_is_written,
    what_people_enter_stays_text,
    the_openapi_document_lists_every_route,
    the_openapi_document_says_how_to_prove_who_calls,
);

fn kind(route: &usermgmt_http::Route) -> Option<&'static str> {
    match (route.method == Method::POST, route.representation) {
        (false, _) => None,
        (true, usermgmt_http::Representation::Json) => Some("application/json"),
        (true, usermgmt_http::Representation::Page | usermgmt_http::Representation::OAuth) => {
            Some("application/x-www-form-urlencoded")
        }
    }
}

async fn strangers_are_refused_unless_a_route_is_public(app: App) {
    let mut guarded = 0;
    for route in routes() {
        let reply = app
            .agent()
            .send(
                route.method.clone(),
                &filled(route.path),
                kind(route),
                if route.method == Method::POST && kind(route) == Some("application/json") { "{}" } else { "" },
            )
            .await;
        if route.guard.is_open() {
            assert!(!reply.body.contains("\"unauthenticated\""), "{route:?}");
            continue;
        }
        guarded += 1;
        if route.representation == usermgmt_http::Representation::Page {
            let way = reply.header("location");
            assert!(way.is_some_and(|to| to.starts_with("/auth/sign-in")), "{route:?} {}", reply.status);
        } else {
            assert_eq!(reply.status.as_u16(), 401, "{route:?}");
            assert_eq!(reply.code(), "unauthenticated");
            assert!(reply.header("www-authenticate").is_some());
        }
    }
    assert!(guarded >= 12);
    for route in [
        "/host/me",
        "/host/active",
        "/host/things",
        "/host/fresh",
        "/host/orgs/org_00000000000000000000000000000001/things",
    ] {
        app.agent().get(route).await.expect(401);
    }
    app.report.case("CS-09");
}

async fn only_the_listed_methods_answer(app: App) {
    for template in usermgmt_http::templates() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            if routes().iter().any(|route| route.path == template && route.method == method) {
                continue;
            }
            let reply = app.agent().send(method.clone(), &filled(template), None, "").await;
            assert_eq!(reply.status.as_u16(), 405, "{method} {template}");
            assert!(reply.header("allow").is_some_and(|allow| !allow.contains(method.as_str())));
        }
    }
}

async fn every_answer_carries_its_guards(app: App) {
    let ann = Person::signed_in(&app, "ann").await;
    for route in routes() {
        for agent in [app.agent(), ann.agent.clone()] {
            let mut agent = agent;
            let reply = agent.send(route.method.clone(), &filled(route.path), kind(route), "").await;
            let header = |name: &str| reply.header(name).unwrap_or_else(|| panic!("{route:?} lacks {name}")).to_owned();
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert_eq!(header("referrer-policy"), "no-referrer");
            assert_eq!(header("cross-origin-opener-policy"), "same-origin");
            assert_eq!(header("x-frame-options"), "DENY");
            let csp = header("content-security-policy");
            assert!(
                csp.contains("frame-ancestors 'none'")
                    && csp.contains("base-uri 'none'")
                    && csp.contains("default-src 'none'")
            );
            assert!(!csp.contains("unsafe"));
            if route.path != "/style.css" {
                assert_eq!(header("cache-control"), "no-store");
            }
            let kind = header("content-type");
            assert!(kind.contains("charset=utf-8") || kind.starts_with("application/"), "{kind}");
            assert!(reply.header("server").is_none());
        }
    }
    app.report.case("CS-08");
    app.agent().get("/auth/style.css").await.expect(200);
    app.report.twin("CS-08");
}

async fn safe_methods_change_nothing(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.get("/auth/me").await.expect(200);
    app.work().await;
    let before = app.state().await;
    for route in routes().iter().filter(|route| route.method == Method::GET) {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let mut agent = ann.agent.with("x-http-method-override", "POST");
            agent.send(method, &format!("{}?_method=POST", filled(route.path)), None, "").await;
        }
    }
    assert_eq!(app.state().await, before);
    assert!(ann.is_signed_in().await);
    app.report.case("CS-02");
    app.report.twin("CS-02");
}

async fn a_guard_holds_however_the_path_is_written(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    for target in [
        "//auth/me",
        "/./auth/me",
        "/auth/./me",
        "/auth//me",
        "/%61uth/me",
        "/auth/%6de",
        "/auth/me;x",
        "/AUTH/ME",
        "/auth/me/",
        "/auth/me.",
        "/auth/me%2f",
        "/x/../auth/me",
        "/x/%2e%2e/auth/me",
        "/auth/me%00",
        "/host/me/",
        "//host/me",
        "/host/%6de",
    ] {
        let mut stranger = app
            .agent()
            .with("x-middleware-subrequest", "1")
            .with("x-original-url", "/auth/health")
            .with("x-rewrite-url", "/auth/health");
        let reply = stranger.get(target).await;
        assert!(matches!(reply.status.as_u16(), 400 | 401 | 404 | 405), "{target}: {} {}", reply.status, reply.body);
        assert!(!reply.body.contains("usr_"));
    }
    let head = app.agent().send(Method::HEAD, "/auth/me", None, "").await;
    head.expect(401);
    ann.agent.get("/auth/me").await.expect(200);
    app.report.twin("CS-09");
}

async fn what_people_enter_stays_text(app: App) {
    let evil = "<script>alert(1)</script>";
    let name = "\"><img src=x>{{7191*3331}}${7}";
    let mut ann = Person { name: name.into(), organization: Some(evil.into()), ..Person::new(&app, "ann") };
    ann.sign_up().await.expect(202);
    app.work().await;
    let mail = app.mail(&ann.email);
    let html = mail.html.clone().unwrap();
    assert!(!html.contains("<img src=x>") && !html.contains("23953221") && mail.text.contains("{{7191*3331}}"));
    let token = usermgmt_tests::app::token(&mail);
    ann.agent.post("/auth/verify", serde_json::json!({ "token": token })).await.expect(200);
    ann.sign_in().await.expect(200);
    ann.agent.post("/auth/organizations", serde_json::json!({ "name": "\" onmouseover=\"x" })).await.expect(201);
    let mut found = 0;
    for target in [
        "/auth/account",
        "/auth/choose-organization",
        "/auth/dev/mailbox",
        "/auth/sign-in?return_to=/%22%3E%3Cscript%3E",
        "/auth/verify?email=%3Cscript%3E%22",
        "/auth/sign-in?notice=%3Cscript%3E",
    ] {
        let page = ann.agent.navigate(target).await;
        assert!(
            page.body.matches("<script").count() <= 1
                && !page.body.contains("<script>alert")
                && !page.body.contains("<img src=x>")
                && !page.body.contains("\" onmouseover=\"x"),
            "{target}: {}",
            page.body
        );
        assert!(!page.body.contains("23953221"), "{target}");
        found += usize::from(page.body.contains("&lt;"));
    }
    assert!(found >= 2);
    app.report.case("CS-10");
    app.report.twin("CS-10");
}

async fn the_openapi_document_lists_every_route(app: App) {
    let document = app.agent().get("/auth/openapi.json").await.expect(200).json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for route in routes().iter().filter(|route| route.representation == usermgmt_http::Representation::Json) {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][format!("/auth{}", route.path)][&method];
        assert!(operation["summary"].is_string(), "{route:?}");
        assert!(operation["responses"].as_object().is_some_and(|responses| !responses.is_empty()), "{route:?}");
        if route.method == Method::POST {
            assert!(operation["requestBody"]["content"]["application/json"]["schema"].is_object(), "{route:?}");
        }
    }
    app.agent().get("/auth/health").await.expect(200);
    app.agent().get("/auth/ready").await.expect(200);
}

async fn the_openapi_document_says_how_to_prove_who_calls(app: App) {
    async fn told(app: &App, path: &str) -> (Vec<String>, Vec<String>) {
        let document = app.agent().get("/auth/openapi.json").await.expect(200).json();
        let schemes = document["components"]["securitySchemes"].as_object().unwrap().keys().cloned().collect();
        let ways = document["paths"][path]["get"]["security"].as_array().unwrap();
        (schemes, ways.iter().flat_map(|way| way.as_object().unwrap().keys().cloned()).collect())
    }
    const MEMBERS: &str = "/auth/organizations/{organization}/members";
    assert_eq!(told(&app, MEMBERS).await, (vec!["session".to_owned()], vec!["session".to_owned()]));
    let app = app.configured(|builder| builder.tokens(AccessTokens::default()).api_keys(ApiKeys::default())).await;
    let (schemes, ways) = told(&app, MEMBERS).await;
    assert_eq!(schemes, ["access_token", "api_key", "service", "session"]);
    assert_eq!(ways, ["session", "access_token", "api_key"]);
    assert_eq!(told(&app, "/auth/me").await.1, ["session", "access_token"]);
    assert_eq!(told(&app, "/auth/revocations").await.1, ["service"]);
    assert!(told(&app, "/auth/health").await.1.is_empty());
}
