//! Several origins of one application, and pages of other origins that may call it.

use http::{Method, header};
use serde_json::json;
use usermgmt_core::id::OrgId;
use usermgmt_http::{Representation, routes};
use usermgmt_service::{AccessTokens, Builder, ConfigError, UserMgmt};
use usermgmt_tests::app::{Setup, filled};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    each_origin_is_at_home_where_it_was_asked,
    our_origins_are_other_sites_to_each_other,
    organizations_have_hosts_below_each_origin,
    pages_of_listed_origins_call_with_a_cookie,
    pages_of_listed_origins_call_with_tokens,
    other_origins_read_and_change_nothing,
    pages_and_forms_are_never_shared,
    lists_that_make_no_sense_do_not_start,
);

const MAIN: &str = "https://app.example.com";
const EU: &str = "https://app.example.eu";
const SPA: &str = "https://spa.example.com";
const FORM: &str = "application/x-www-form-urlencoded";

type Configure = fn(Builder) -> Builder;

async fn started(app: App, configure: impl FnOnce(Builder) -> Builder + Send + 'static) -> App {
    let configure = move |builder: Builder| configure(builder.also_at(EU).tokens(AccessTokens::default()));
    app.restart(Setup { origin: Some(MAIN.into()), configure: Box::new(configure), ..Setup::default() }).await
}

async fn with_spa(app: App) -> App {
    started(app, |builder| builder.cors_origins([SPA])).await
}

/// The same person, signed in at another of our origins.
async fn at(app: &App, origin: &str, person: &Person) -> Person {
    let mut person = Person { agent: Agent::new(app.address(), origin), ..person.clone() };
    person.sign_in().await.expect(200);
    person
}

/// What a page of this origin sends by `fetch` with credentials.
fn from(agent: &Agent, origin: &str) -> Agent {
    agent.with("origin", origin).with("sec-fetch-site", "same-site").with("sec-fetch-mode", "cors")
}

async fn preflight(agent: &Agent, target: &str, method: &str) -> Reply {
    let mut asking = agent
        .with("access-control-request-method", method)
        .with("access-control-request-headers", "authorization,content-type");
    asking.cookies.clear();
    asking.send(Method::OPTIONS, target, None, "").await
}

fn varies(reply: &Reply) -> bool {
    reply.headers.get_all(header::VARY).iter().any(|value| value.to_str().unwrap().contains("origin"))
}

#[track_caller]
fn assert_shared(reply: &Reply) {
    assert_eq!(reply.header("access-control-allow-origin"), Some(SPA), "{:?}", reply.headers);
    assert_eq!(reply.headers.get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN).iter().count(), 1);
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
    assert_eq!(reply.header("access-control-expose-headers"), Some("retry-after, www-authenticate, next-cursor"));
    assert!(varies(reply), "{:?}", reply.headers);
}

#[track_caller]
fn assert_unshared(reply: &Reply) {
    let shared: Vec<_> = reply.headers.keys().filter(|name| name.as_str().starts_with("access-control-")).collect();
    assert!(shared.is_empty(), "{} {shared:?}", reply.status);
}

async fn each_origin_is_at_home_where_it_was_asked(app: App) {
    let app = started(app, |builder| builder).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut in_eu = Person { agent: Agent::new(app.address(), EU), ..ann.clone() };
    assert!(!in_eu.is_signed_in().await);
    let fields = [("email", ann.email.as_str()), ("password", ann.password.as_str())];
    in_eu.agent.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    assert!(in_eu.is_signed_in().await);
    for person in [&mut ann, &mut in_eu] {
        person.agent.post("/host/me", json!({})).await.expect(200);
        let mut by_referer = person.agent.without(header::ORIGIN);
        by_referer = by_referer.with("referer", &format!("{}/settings", person.agent.origin()));
        by_referer.post("/host/me", json!({})).await.expect(200);
        let mut by_fetch = person.agent.without(header::ORIGIN).with("sec-fetch-site", "same-origin");
        by_fetch.post("/host/me", json!({})).await.expect(200);
    }
    // A form of the application that finds nobody leads to sign in there, and back to the page that it stood on.
    let mut stranger = Agent::new(app.address(), EU).with("accept", "text/html").with("sec-fetch-mode", "navigate");
    stranger = stranger.with("referer", &format!("{EU}/settings"));
    let led = stranger.send(Method::POST, "/host/me", Some(FORM), "").await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/sign-in?return_to=%2Fsettings"));

    // Each has a session of its own, which is the other's to end.
    in_eu.agent.post("/auth/sign-out", json!({})).await.expect(200);
    assert!(!in_eu.is_signed_in().await && ann.is_signed_in().await);

    // Mails lead to the main origin, whichever was asked, and tokens are issued by it.
    let mut bob = Person { agent: Agent::new(app.address(), EU), ..Person::new(&app, "bob") };
    bob.sign_up().await.expect(202);
    app.work().await;
    assert!(app.mail(&bob.email).text.contains(&format!("{MAIN}/auth/verify?")));
    let mut in_eu = at(&app, EU, &ann).await;
    let issued = in_eu.agent.post("/auth/tokens", json!({})).await.expect(200).json();
    let claims = app.auth.tokens().unwrap().verify(issued["access_token"].as_str().unwrap()).await.unwrap();
    assert_eq!(claims.iss, MAIN);
    let document = in_eu.agent.get("/auth/openapi.json").await.expect(200).json();
    assert_eq!(document["servers"], json!([{ "url": MAIN }, { "url": EU }]));
}

async fn our_origins_are_other_sites_to_each_other(app: App) {
    let app = started(app, |builder| builder).await;
    let ann = Person::signed_in(&app, "ann").await;
    let in_eu = at(&app, EU, &ann).await;
    app.work().await;
    let before = app.state().await;
    for (victim, other) in [(&ann, EU), (&in_eu, MAIN)] {
        let bare = victim.agent.without(header::ORIGIN);
        for (how, mut attacker) in [
            ("origin", victim.agent.with("origin", other)),
            ("fetch", from(&victim.agent, other)),
            ("cross-site", victim.agent.with("origin", other).with("sec-fetch-site", "cross-site")),
            ("referer", bare.with("referer", &format!("{other}/page"))),
            ("forwarded host", victim.agent.with("origin", other).with("x-forwarded-host", host(other))),
            ("forwarded", victim.agent.with("origin", other).with("forwarded", &format!("host={}", host(other)))),
            (
                "host with its port",
                victim.agent.with("origin", other).with("host", &format!("{}:443", host(victim.agent.origin()))),
            ),
        ] {
            // A host that is none of ours is taken for the main one, as ever.
            let taken_for_main = how == "host with its port" && other == MAIN;
            for path in ["/auth/sign-out", "/auth/organizations", "/host/me"] {
                if !taken_for_main {
                    let refused = attacker.post(path, json!({ "name": "Forged" })).await;
                    assert_eq!(refused.expect(403).code(), "cross_site", "{how} {other} {path}");
                }
            }
            assert_unshared(&attacker.get("/auth/me").await);
            assert_unshared(&preflight(&from(&victim.agent, other), "/auth/me", "GET").await.expect(405));
        }
    }
    // A name that an attacker has pointed at us is no origin of ours.
    for name in
        ["evil.example", "app.example.eu.evil.example", "xapp.example.eu", "app.example.eu:8443", "APP.EXAMPLE.EU"]
    {
        let mut rebound = ann.agent.with("host", name).with("origin", &format!("https://{name}"));
        assert_eq!(rebound.post("/host/me", json!({})).await.expect(403).code(), "cross_site", "{name}");
    }
    // Two hosts at once are neither's: as ever that is the main one, or no request at all.
    let cookies: Vec<_> = in_eu.agent.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = format!(
        "POST /host/me HTTP/1.1\r\nhost: {}\r\nhost: {}\r\norigin: {EU}\r\ncookie: {}\r\n\
         content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}",
        host(MAIN),
        host(EU),
        cookies.join("; ")
    );
    let answer = ann.agent.raw(request.as_bytes()).await;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    assert!(["400", "403"].contains(&status), "{answer}");
    assert_eq!(app.state().await, before);

    // What is listed may call the other one.
    let app = started(app, |builder| builder.cors_origins([EU])).await;
    let mut ann = at(&app, MAIN, &ann).await;
    from(&ann.agent, EU).post("/host/me", json!({})).await.expect(200);
    let mut in_eu = at(&app, EU, &ann).await;
    from(&in_eu.agent, MAIN).post("/host/me", json!({})).await.expect(403);
    assert!(ann.is_signed_in().await && in_eu.is_signed_in().await);
}

fn host(origin: &str) -> &str {
    origin.split("://").nth(1).unwrap()
}

async fn organizations_have_hosts_below_each_origin(app: App) {
    let app = started(app, Builder::organization_hosts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let acting: OrgId = ann.org().await.parse().unwrap();
    let slug = app.auth.organizations("test").get(acting).await.unwrap().slug;
    for origin in [MAIN, EU] {
        let own = origin.replacen("app", &format!("{slug}.app"), 1);
        let mut here = at(&app, &own, &ann).await;
        here.agent.get("/host/active").await.expect(200);
        here.agent.post("/host/me", json!({})).await.expect(200);
        let elsewhere = if origin == MAIN { EU } else { MAIN }.replacen("app", &format!("{slug}.app"), 1);
        for other in [MAIN, EU, elsewhere.as_str()] {
            let refused = here.agent.with("origin", other).post("/host/me", json!({})).await;
            assert_eq!(refused.expect(403).code(), "cross_site", "{other} to {own}");
        }
        let nobody = origin.replacen("app", "nobody.app", 1);
        let mut there = Agent::new(app.address(), &nobody);
        there.cookies.clone_from(&here.agent.cookies);
        there.get("/host/active").await.expect(404);
    }
}

async fn pages_of_listed_origins_call_with_a_cookie(app: App) {
    let app = with_spa(app).await;
    let ann = Person::verified(&app, "ann").await;
    let mut spa = from(&app.agent(), SPA);
    for (target, method, allowed) in [
        ("/auth/sign-in", "POST", "POST"),
        ("/auth/me", "GET", "GET, HEAD"),
        ("/auth/organizations", "POST", "GET, HEAD, POST"),
    ] {
        let answer = preflight(&spa, target, method).await.expect(204);
        assert_shared(&answer);
        assert_eq!(answer.header("access-control-allow-methods"), Some(allowed), "{target}");
        assert_eq!(answer.header("access-control-allow-headers"), Some("content-type, authorization"));
        assert_eq!(answer.header("access-control-max-age"), Some("3600"));
        assert!(answer.body.is_empty() && answer.header("content-type").is_none() && answer.cookies().is_empty());
    }
    let credentials = json!({ "email": ann.email, "password": ann.password });
    let wrong = spa.post("/auth/sign-in", json!({ "email": ann.email, "password": "wrong" })).await.expect(401);
    assert_shared(&wrong);
    assert_shared(&spa.get("/auth/me").await.expect(401));
    let signed_in = spa.post("/auth/sign-in", credentials).await.expect(200);
    assert_shared(&signed_in);
    assert!(signed_in.cookies().iter().all(|cookie| cookie.contains("SameSite=Lax")));
    assert_shared(&spa.get("/auth/me").await.expect(200));
    assert_shared(&spa.post("/auth/organizations", json!({ "name": "Ours" })).await.expect(201));
    assert_shared(&spa.post("/auth/organizations", json!({ "nonsense": 1 })).await.expect(400));
    // The application's own handlers: the check is ours, the headers are those of its own layer.
    assert_unshared(&spa.post("/host/me", json!({})).await.expect(200));
    let mut own = from(&spa, MAIN).with("sec-fetch-site", "same-origin");
    let unshared = own.get("/auth/me").await.expect(200);
    assert_unshared(&unshared);
    assert!(varies(&unshared));
    let head = spa.send(Method::HEAD, "/auth/me", None, "").await.expect(200);
    assert_shared(&head);
    app.report.twin("CS-07");
}

async fn pages_of_listed_origins_call_with_tokens(app: App) {
    let app = with_spa(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let begun = ann.agent.post("/auth/tokens/begin", json!({ "keeper": "caller" })).await.expect(200).json();
    let text = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap().to_owned();
    let bare = from(&app.agent(), SPA).with("sec-fetch-site", "cross-site");
    let mut spa = bare.with("authorization", &format!("Bearer {}", text(&begun, "access_token")));
    assert_shared(&preflight(&bare, "/auth/me", "GET").await.expect(204));
    assert_shared(&spa.get("/auth/me").await.expect(200));
    assert_shared(&spa.post("/auth/organizations", json!({ "name": "Ours" })).await.expect(201));
    spa.post("/host/me", json!({})).await.expect(200);
    let mut refreshing = bare.clone();
    let refresh = json!({ "refresh_token": text(&begun, "refresh_token") });
    let refreshed = refreshing.post("/auth/refresh", refresh).await.expect(200);
    assert_shared(&refreshed);
    let mut wrong = bare.with("authorization", "Bearer nonsense");
    let refused = wrong.get("/auth/me").await.expect(401);
    assert_shared(&refused);
    assert!(refused.header("www-authenticate").is_some());
    // Public keys are for everybody, and need no credentials.
    for mut anybody in [bare, app.agent().with("origin", "https://evil.example")] {
        let keys = anybody.get("/auth/jwks.json").await.expect(200);
        assert_eq!(keys.header("access-control-allow-origin"), Some("*"));
        assert_eq!(keys.header("access-control-allow-credentials"), None);
    }
}

async fn other_origins_read_and_change_nothing(app: App) {
    let app = with_spa(app).await;
    let ann = Person::signed_in(&app, "ann").await;
    app.work().await;
    let before = app.state().await;
    let strangers = [
        "https://evil.example",
        "null",
        "*",
        "",
        "http://spa.example.com",
        "https://spa.example.com:8443",
        "https://spa.example.com:443",
        "https://spa.example.com/",
        "https://spa.example.com.",
        "https://SPA.example.com",
        "HTTPS://spa.example.com",
        "https://spa.example.com.evil.example",
        "https://evilspa.example.com",
        "https://x.spa.example.com",
        "https://example.com",
        "https://spa.example.co",
        "https://spa.example.com@evil.example",
        "https://spa.example.com,https://evil.example",
        "https://spa.example.com https://evil.example",
        "https://spa.example.com%00.evil.example",
    ];
    let mut attackers: Vec<_> = strangers.iter().map(|origin| (*origin, from(&ann.agent, origin))).collect();
    let mut two = from(&ann.agent, SPA);
    two.headers.append("origin", "https://evil.example".parse().unwrap());
    let mut reversed = from(&ann.agent, "https://evil.example");
    reversed.headers.append("origin", SPA.parse().unwrap());
    let mut doubled = from(&ann.agent, SPA);
    doubled.headers.append("origin", SPA.parse().unwrap());
    attackers.extend([("two", two), ("two reversed", reversed), ("twice the same", doubled)]);
    for (how, attacker) in &attackers {
        for (site, mut attacker) in [
            ("same-site", attacker.clone()),
            ("cross-site", attacker.with("sec-fetch-site", "cross-site")),
            ("silent", attacker.without("sec-fetch-site".parse().unwrap())),
            ("forwarded", attacker.with("x-forwarded-host", host(SPA)).with("referer", &format!("{SPA}/"))),
        ] {
            for (path, method) in [("/auth/me", "GET"), ("/auth/sign-in", "POST"), ("/auth/organizations", "POST")] {
                let asked = preflight(&attacker, path, method).await.expect(405);
                assert_unshared(&asked);
                assert!(varies(&asked), "{how} {site} {:?}", asked.headers);
            }
            let read = attacker.get("/auth/me").await.expect(200);
            assert_unshared(&read);
            assert!(varies(&read), "{how} {site}");
            for path in ["/auth/organizations", "/auth/sign-out", "/auth/sign-in", "/host/me"] {
                let refused = attacker.post(path, json!({ "name": "Forged" })).await;
                assert_unshared(&refused);
                assert_eq!(refused.expect(403).code(), "cross_site", "{how} {site} {path}");
            }
        }
    }
    // A listed origin beside a claim that it cannot make.
    for site in ["same-origin", "none", "nonsense"] {
        let mut liar = from(&ann.agent, SPA).with("sec-fetch-site", site);
        assert_eq!(liar.post("/auth/sign-out", json!({})).await.expect(403).code(), "cross_site", "{site}");
    }
    assert_eq!(app.state().await, before);
    app.report.case("CS-07");
    let mut ann = ann;
    assert!(ann.is_signed_in().await);

    // Without a list, nothing is said or accepted, whoever asks.
    let app = started(app, |builder| builder).await;
    let mut ann = at(&app, MAIN, &ann).await;
    let plain = ann.agent.get("/auth/me").await.expect(200);
    assert!(!varies(&plain));
    let mut spa = from(&ann.agent, SPA);
    assert_unshared(&preflight(&spa, "/auth/me", "GET").await.expect(405));
    spa.post("/host/me", json!({})).await.expect(403);
}

async fn pages_and_forms_are_never_shared(app: App) {
    let app = with_spa(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.navigate("/auth/account").await.expect(200);
    app.work().await;
    let before = app.state().await;
    let spa = from(&ann.agent, SPA);
    let speaks = |path: &str, kind| routes().iter().any(|route| route.path == path && route.representation == kind);
    let (mut pages, mut forms) = (0, 0);
    for route in routes().iter().filter(|route| route.representation == Representation::Page) {
        let path = filled(route.path);
        // What may send what is asked about first rests on this.
        assert!([Method::GET, Method::POST].contains(&route.method), "{route:?}");
        if !speaks(route.path, Representation::Json) {
            assert_unshared(&preflight(&spa, &path, route.method.as_str()).await.expect(405));
        }
        if route.method == Method::GET {
            assert_unshared(&spa.clone().get(&path).await);
            let mut navigating = spa.with("accept", "text/html").with("sec-fetch-mode", "navigate");
            assert_unshared(&navigating.get(&path).await);
            pages += 1;
        } else {
            for (kind, body) in [
                (Some(FORM), "a=b"),
                (Some("text/plain"), "{}"),
                (Some("multipart/form-data; boundary=x"), "--x--"),
                (None, "{}"),
            ] {
                let reply = spa.clone().send(Method::POST, &path, kind, body).await;
                assert!(matches!(reply.status.as_u16(), 403 | 415), "{kind:?} {route:?}: {}", reply.status);
                if kind == Some(FORM) {
                    assert_unshared(&reply);
                }
            }
            forms += 1;
        }
    }
    assert!(pages > 20 && forms > 20, "{pages} {forms}");
    // A form where only JSON is spoken is answered with a page, anything else with a problem that can be read.
    let refused = spa.clone().send(Method::POST, "/auth/sign-in/continue", Some(FORM), "a=b").await.expect(415);
    assert!(refused.header("content-type").unwrap().starts_with("text/html"));
    assert_unshared(&refused);
    assert_shared(&spa.clone().send(Method::POST, "/auth/sign-in/continue", Some("text/plain"), "").await.expect(415));
    // What a browser sends without asking is refused in the application's handlers, too.
    for (kind, body) in [(Some(FORM), "a=b"), (Some("text/plain"), "{}"), (None, "")] {
        for site in ["same-site", "cross-site"] {
            let reply = spa.with("sec-fetch-site", site).send(Method::POST, "/host/me", kind, body).await;
            assert_eq!(reply.expect(403).code(), "cross_site", "{kind:?}");
        }
    }
    // A navigation to what speaks JSON gets a page, where it is led to sign in.
    let mut nobody = from(&app.agent(), SPA).with("accept", "text/html").with("sec-fetch-mode", "navigate");
    assert_unshared(&nobody.get("/auth/me").await.expect(303));
    assert_eq!(app.state().await, before);
    spa.clone().post("/host/me", json!({})).await.expect(200);
}

async fn lists_that_make_no_sense_do_not_start(app: App) {
    let build = async |configure: Configure| {
        let builder = UserMgmt::builder(app.store.store.clone(), MAIN, app.keys.clone());
        configure(builder.mailer(app.mailbox.clone()).without_workers()).build().await
    };
    let malformed: [(Configure, &str); 8] = [
        (|builder| builder.cors_origins(["*"]), "*"),
        (|builder| builder.cors_origins(["null"]), "null"),
        (|builder| builder.cors_origins([SPA, "https://*.example.com"]), "https://*.example.com"),
        (|builder| builder.cors_origins(["http://spa.example.com"]), "http://spa.example.com"),
        (|builder| builder.cors_origins(["https://spa.example.com/app"]), "https://spa.example.com/app"),
        (|builder| builder.cors_origins([""]).also_at(EU), ""),
        (|builder| builder.also_at("http://app.example.eu"), "http://app.example.eu"),
        (|builder| builder.also_at("app.example.eu").cors_origins(["*"]), "app.example.eu"),
    ];
    for (configure, named) in malformed {
        let refused = build(configure).await;
        assert!(matches!(&refused, Err(ConfigError::Origin(origin)) if origin == named), "{named}");
    }
    let wrong: [(Configure, &str); 8] = [
        (|builder| builder.also_at(MAIN), MAIN),
        (|builder| builder.also_at(EU).also_at("https://APP.example.eu:443/"), EU),
        (|builder| builder.also_at("http://localhost:3000"), "http://localhost:3000"),
        (|builder| builder.cors_origins([MAIN]), MAIN),
        (|builder| builder.cors_origins([SPA]).cors_origins([SPA]), SPA),
        (|builder| builder.cors_origins(["http://localhost:5173"]), "http://localhost:5173"),
        (
            |builder| builder.cors_origins(["https://a.app.example.com"]).organization_hosts(),
            "https://a.app.example.com",
        ),
        (|builder| builder.organization_hosts().also_at("https://eu.app.example.com"), "https://eu.app.example.com"),
    ];
    for (configure, named) in wrong {
        let refused = build(configure).await;
        assert!(matches!(&refused, Err(ConfigError::OriginList { origin, .. }) if origin == named), "{named}");
    }
    assert!(build(|builder| builder.also_at(EU).cors_origins([SPA, MAIN, "https://localhost:5173"])).await.is_ok());
}
