//! One session for every host of a domain, where the application asks for it.

use serde_json::json;
use usermgmt_core::id::OrgId;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{Builder, ConfigError, UserMgmt};
use usermgmt_tests::app::Setup;
use usermgmt_tests::jar::Browser;
use usermgmt_tests::{App, Person, Reply, cells};

use crate::recovery::events;

cells!(
    a_session_is_known_at_every_host_of_the_domain,
    a_session_belongs_to_one_host_by_default,
    several_accounts_travel_together,
    what_a_sibling_plants_is_not_believed_beside_the_own,
    a_planted_session_ends_with_the_sign_in,
    a_sibling_cannot_send_in_somebodys_name,
    switching_it_leaves_no_session_behind,
    another_domain_leaves_no_cookie_behind,
    at_the_host_of_an_organization_it_must_act_there,
    settings_that_make_no_sense_do_not_start,
);

const APP: &str = "https://app.example.org";
const API: &str = "https://api.example.org";
const SIBLING: &str = "https://blog.example.org";
const DOMAIN: &str = "example.org";

fn shared(builder: Builder) -> Builder {
    builder.share_sessions_trusting_every_host_of(DOMAIN)
}

async fn started(app: App, configure: impl FnOnce(Builder) -> Builder + Send + 'static) -> App {
    let configure = move |builder: Builder| configure(builder.also_at(API));
    app.restart(Setup { origin: Some(APP.into()), configure: Box::new(configure), ..Setup::default() }).await
}

/// Somebody with an account, and a browser that knows domains.
async fn somebody(app: &App, name: &str) -> (Person, Browser) {
    (Person::verified(app, name).await, Browser::new(app.address()))
}

async fn sign_in(browser: &mut Browser, origin: &str, person: &Person) -> Reply {
    let body = json!({ "email": person.email, "password": person.password });
    browser.post(origin, "/auth/sign-in", body).await.expect(200)
}

/// Whose session a browser has at an origin.
async fn who(browser: &mut Browser, origin: &str) -> Option<String> {
    let reply = browser.get(origin, "/auth/me").await;
    (reply.status == 200).then(|| reply.json()["user"]["email"].as_str().unwrap().to_owned())
}

async fn lives(app: &App, secret: &str) -> bool {
    let secret = Bearer::parse(BearerKind::Session, secret).unwrap();
    app.auth.principal(&secret).await.unwrap().is_some()
}

async fn a_session_is_known_at_every_host_of_the_domain(app: App) {
    let app = started(app, shared).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    let reply = sign_in(&mut browser, APP, &ann).await;
    let set = reply.cookies();
    let session: Vec<_> = set.iter().filter(|cookie| cookie.contains("um_session")).collect();
    assert_eq!(session.len(), 1, "{set:?}");
    assert!(session[0].starts_with("__Secure-um_session=ums_"), "{set:?}");
    assert!(session[0].ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Domain=example.org"), "{set:?}");
    let of_domain: Vec<_> = browser.names().into_iter().filter(|name| name.contains(" of ")).collect();
    assert_eq!(of_domain, ["__Secure-um_session of example.org"], "nothing else is shared");
    for origin in [APP, API] {
        assert_eq!(who(&mut browser, origin).await.as_deref(), Some(ann.email.as_str()), "{origin}");
        browser.post(origin, "/host/me", json!({})).await.expect(200);
    }
    // A page at the other host works, with a form token of its own; a new secret goes to both.
    let before = browser.value("__Secure-um_session");
    let body = json!({ "password": ann.password });
    browser.post(API, "/auth/step-up", body).await.expect(200);
    assert_ne!(browser.value("__Secure-um_session"), before);
    assert_eq!(who(&mut browser, APP).await.as_deref(), Some(ann.email.as_str()));
    let document = browser.get(APP, "/auth/openapi.json").await.json();
    assert_eq!(document["components"]["securitySchemes"]["session"]["name"], "__Secure-um_session");
    // To sign out at one of them is to sign out at all, and takes the cookie away.
    let secret = browser.value("__Secure-um_session").unwrap();
    browser.submit(API, "/auth/account", "/auth/sign-out", &[]).await.expect(303);
    assert_eq!(browser.value("__Secure-um_session"), None);
    assert!(!lives(&app, &secret).await);
    for origin in [APP, API] {
        assert_eq!(who(&mut browser, origin).await, None, "{origin}");
    }
    app.report.requirement(55);
    // No other domain is sent anything.
    sign_in(&mut browser, APP, &ann).await;
    for elsewhere in ["https://app.example.org.evil.example", "https://example.com", "https://xexample.org"] {
        assert_eq!(browser.sent(elsewhere, "/"), Vec::<&_>::new(), "{elsewhere}");
    }
}

async fn a_session_belongs_to_one_host_by_default(app: App) {
    let app = started(app, |builder| builder).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    sign_in(&mut browser, APP, &ann).await;
    assert!(browser.names().iter().all(|name| name.starts_with("__Host-")), "{:?}", browser.names());
    assert_eq!(who(&mut browser, APP).await.as_deref(), Some(ann.email.as_str()));
    assert_eq!(who(&mut browser, API).await, None);
    // A sibling can plant nothing that is read.
    let mallory = Person::signed_in(&app, "mallory").await;
    let planted = &mallory.agent.cookies["__Host-um_session"];
    assert!(!browser.take(SIBLING, &format!("__Host-um_session={planted}; Domain=example.org; Path=/; Secure")));
    for name in ["__Secure-um_session", "um_session", "um_shared_session"] {
        assert!(browser.take(SIBLING, &format!("{name}={planted}; Domain=example.org; Path=/; Secure")));
    }
    assert_eq!(who(&mut browser, APP).await.as_deref(), Some(ann.email.as_str()));
    assert_eq!(who(&mut browser, API).await, None);
    app.report.case("SE-05");
    app.report.twin("SE-05");
}

async fn several_accounts_travel_together(app: App) {
    let app = started(app, |builder| shared(builder.several_accounts())).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    let bob = Person::verified(&app, "bob").await;
    sign_in(&mut browser, APP, &ann).await;
    sign_in(&mut browser, API, &bob).await;
    let list = |reply: Reply| {
        let items = reply.expect(200).json()["items"].as_array().unwrap().clone();
        let item = |item: &serde_json::Value| {
            let id = item["session"]["id"].as_str().unwrap().to_owned();
            (item["user"]["email"].as_str().unwrap().to_owned(), id, item["active"] == true)
        };
        items.iter().map(item).collect::<Vec<_>>()
    };
    let (at_app, at_api) =
        (list(browser.get(APP, "/auth/accounts").await), list(browser.get(API, "/auth/accounts").await));
    assert_eq!(at_app, at_api);
    assert_eq!(at_app.iter().map(|(email, ..)| email).collect::<Vec<_>>(), [&bob.email, &ann.email]);
    browser.post(APP, "/auth/accounts/switch", json!({ "session": at_app[1].1 })).await.expect(200);
    for origin in [APP, API] {
        assert_eq!(who(&mut browser, origin).await.as_ref(), Some(&ann.email), "{origin}");
        assert_eq!(list(browser.get(origin, "/auth/accounts").await).len(), 2);
    }
}

async fn what_a_sibling_plants_is_not_believed_beside_the_own(app: App) {
    let app = started(app, shared).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    sign_in(&mut browser, APP, &ann).await;
    let clean = browser.clone();
    let mallory = Person::signed_in(&app, "mallory").await;
    let planted = mallory.agent.cookies["__Secure-um_session"].clone();
    for (by, attributes) in [
        (SIBLING, "Domain=example.org; Path=/auth; Secure"),
        (SIBLING, "Domain=example.org; Path=/auth/me; Secure"),
        ("https://deep.app.example.org", "Domain=app.example.org; Path=/; Secure"),
    ] {
        browser = clean.clone();
        assert!(browser.take(by, &format!("__Secure-um_session={planted}; {attributes}")));
        assert_eq!(browser.sent(APP, "/auth/me").len(), clean.sent(APP, "/auth/me").len() + 1);
        let reply = browser.get(APP, "/auth/me").await.expect(401);
        assert_eq!(reply.code(), "unauthenticated", "neither of the two: {attributes}");
    }
    app.report.case("SE-05");
    app.advance(time::Duration::MINUTE);
    app.work().await;
    assert!(!events(&app, usermgmt_core::model::AuditKind::AmbiguousCookie).await.is_empty());
    // One by another name is not looked at, whatever it says.
    browser = clean.clone();
    for name in ["um_session", "__Host-um_session", "__secure-um_session", "um_shared_session"] {
        let plain = format!("{name}={planted}; Path=/; Secure");
        let plain = if name.starts_with("__Host") { plain } else { format!("{plain}; Domain=example.org") };
        assert!(browser.take(if name.starts_with("__Host") { APP } else { SIBLING }, &plain), "{plain}");
    }
    assert_eq!(who(&mut browser, APP).await.as_ref(), Some(&ann.email));
    app.report.twin("SE-05");
    // Where the domain of the planted one can be told, the next sign-in removes it.
    browser = clean;
    browser.take(
        "https://deep.app.example.org",
        &format!("__Secure-um_session={planted}; Domain=app.example.org; Secure"),
    );
    assert_eq!(who(&mut browser, APP).await, None);
    sign_in(&mut browser, APP, &ann).await;
    assert_eq!(who(&mut browser, APP).await.as_ref(), Some(&ann.email));
    assert!(!lives(&app, &planted).await, "what lay beside is ended");
}

async fn a_planted_session_ends_with_the_sign_in(app: App) {
    let app = started(app, shared).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    let mallory = Person::signed_in(&app, "mallory").await;
    let planted = mallory.agent.cookies["__Secure-um_session"].clone();
    assert!(browser.take(SIBLING, &format!("__Secure-um_session={planted}; Domain=example.org; Path=/; Secure")));
    // This much a trusted sibling can do: the visitor acts as somebody else, until the next sign-in.
    assert_eq!(who(&mut browser, APP).await.as_ref(), Some(&mallory.email));
    sign_in(&mut browser, APP, &ann).await;
    assert_ne!(browser.value("__Secure-um_session").as_deref(), Some(planted.as_str()));
    assert_eq!(who(&mut browser, API).await.as_ref(), Some(&ann.email));
    assert!(!lives(&app, &planted).await);
    app.report.case("SE-01");
    app.report.twin("SE-01");
}

async fn a_sibling_cannot_send_in_somebodys_name(app: App) {
    let app = started(app, shared).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    sign_in(&mut browser, APP, &ann).await;
    for (page, at) in [(SIBLING, APP), (SIBLING, API), (API, APP), (APP, API), ("https://example.org", APP)] {
        for target in ["/auth/organizations", "/auth/sign-out", "/host/me"] {
            let refused = browser.post_from(page, at, target, json!({ "name": "Forged" })).await.expect(403);
            assert_eq!(refused.code(), "cross_site", "{page} to {at}{target}");
        }
    }
    app.report.case("CS-01");
    for origin in [APP, API] {
        browser.post(origin, "/host/me", json!({})).await.expect(200);
    }
    app.report.twin("CS-01");
}

async fn switching_it_leaves_no_session_behind(app: App) {
    let app = started(app, |builder| builder).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    let bob = Person::verified(&app, "bob").await;
    sign_in(&mut browser, APP, &ann).await;
    sign_in(&mut browser, API, &ann).await;
    let of_host = browser.cookies.iter().find(|kept| kept.name == "__Host-um_session").unwrap().value.clone();

    // On: what belonged to a host is not read, and whoever signs in there has one session, not two.
    let app = started(app, shared).await;
    browser.address = app.address();
    for origin in [APP, API] {
        assert_eq!(who(&mut browser, origin).await, None, "{origin}");
    }
    assert!(lives(&app, &of_host).await);
    sign_in(&mut browser, APP, &bob).await;
    assert!(!lives(&app, &of_host).await, "the one of the other setting has ended");
    let at_app = |browser: &Browser| {
        let sent = browser.sent(APP, "/").into_iter().filter(|kept| kept.name.ends_with("um_session"));
        sent.map(|kept| kept.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(at_app(&browser), ["__Secure-um_session"]);
    // At the other host the old one lies about; it stands before nothing, and goes with the next sign-out there.
    assert_eq!(who(&mut browser, API).await.as_ref(), Some(&bob.email));
    browser.post(API, "/auth/sign-out", json!({})).await.expect(200);
    assert_eq!(browser.names().iter().filter(|name| name.contains("um_session")).count(), 0, "{:?}", browser.names());
    sign_in(&mut browser, API, &bob).await;
    let of_domain = browser.value("__Secure-um_session").unwrap();

    // Off: the same the other way round, at whichever host.
    let app = started(app, |builder| builder).await;
    browser.address = app.address();
    for origin in [APP, API] {
        assert_eq!(who(&mut browser, origin).await, None, "{origin}");
    }
    sign_in(&mut browser, API, &ann).await;
    assert!(!lives(&app, &of_domain).await);
    let names = browser.names();
    assert_eq!(names.iter().filter(|name| name.contains("um_session")).collect::<Vec<_>>(), ["__Host-um_session"]);
    assert_eq!(who(&mut browser, API).await.as_ref(), Some(&ann.email));
    assert_eq!(who(&mut browser, APP).await, None);
    // And on again brings nobody back.
    let app = started(app, shared).await;
    browser.address = app.address();
    assert_eq!((who(&mut browser, APP).await, who(&mut browser, API).await), (None, None));
    app.report.requirement(55);
}

async fn another_domain_leaves_no_cookie_behind(app: App) {
    let start = async |app: App, domain: &'static str| {
        let configure = move |builder: Builder| builder.share_sessions_trusting_every_host_of(domain);
        app.restart(Setup { origin: Some(APP.into()), configure: Box::new(configure), ..Setup::default() }).await
    };
    let app = start(app, DOMAIN).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    sign_in(&mut browser, APP, &ann).await;
    let wide = browser.value("__Secure-um_session").unwrap();
    // The name stays, so the old cookie still signs in, until the session has a new secret: then there are two.
    let app = start(app, "app.example.org").await;
    browser.address = app.address();
    assert_eq!(who(&mut browser, APP).await.as_ref(), Some(&ann.email));
    let body = json!({ "password": ann.password });
    browser.post(APP, "/auth/step-up", body).await.expect(200);
    assert!(!lives(&app, &wide).await);
    assert_eq!(who(&mut browser, APP).await, None, "neither of the two");
    sign_in(&mut browser, APP, &ann).await;
    let names = browser.names();
    let sessions: Vec<_> = names.iter().filter(|name| name.contains("um_session")).collect();
    assert_eq!(sessions, ["__Secure-um_session of app.example.org"]);
    assert_eq!(who(&mut browser, APP).await.as_ref(), Some(&ann.email));
}

async fn at_the_host_of_an_organization_it_must_act_there(app: App) {
    let app = started(app, |builder| shared(builder.organization_hosts())).await;
    let (ann, mut browser) = somebody(&app, "ann").await;
    let user = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let second = app.auth.organizations("test").create(user, "Second").await.unwrap();
    let slug = app.auth.organizations("test").get(second).await.unwrap().slug;
    let here = format!("https://{slug}.app.example.org");
    let reply = sign_in(&mut browser, &here, &ann).await;
    assert_eq!(reply.json()["status"], "complete");
    browser.get(&here, "/host/active").await.expect(200);
    // Known at the application's own host as well; at that of another organisation it acts in the wrong one.
    browser.get(APP, "/host/active").await.expect(200);
    let list = browser.get(APP, "/auth/organizations").await.expect(200).json();
    let ids: Vec<OrgId> =
        list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect();
    let first = *ids.iter().find(|id| **id != second).unwrap();
    let other = app.auth.organizations("test").get(first).await.unwrap().slug;
    let there = format!("https://{other}.app.example.org");
    assert_eq!(browser.get(&there, "/host/active").await.expect(403).code(), "wrong_org");
}

async fn settings_that_make_no_sense_do_not_start(app: App) {
    for domain in ["example.com", "org", "api.example.org", "Example.org", ".example.org", "example.org; Path=/"] {
        let builder = UserMgmt::builder(app.store.store.clone(), APP, app.keys.clone()).mailer(app.mailbox.clone());
        let built = builder.share_sessions_trusting_every_host_of(domain).without_workers().build().await;
        assert!(matches!(built, Err(ConfigError::SessionDomain { .. })), "{domain}");
    }
    let builder = UserMgmt::builder(app.store.store.clone(), APP, app.keys.clone()).mailer(app.mailbox.clone());
    let elsewhere = shared(builder.also_at("https://app.example.com")).without_workers().build().await;
    assert!(matches!(elsewhere, Err(ConfigError::SessionDomain { .. })));
}
