//! What mailed links are and are not: one purpose each, our origin only, used by a press of a button.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;
use usermgmt_core::limits;
use usermgmt_core::model::TokenKind;
use usermgmt_core::port::OsRandom;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::KeptMail;
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::magic_link::ask;
use crate::recovery::{NEW, forgot, reset, without_limits_by_place};
use crate::secure_account::{add_address, ask_for_address};

cells!(
    no_header_of_a_request_gets_into_a_mail,
    a_token_opens_its_own_door_only,
    looking_uses_nothing_up,
    a_page_behind_a_link_tells_nobody,
    near_misses_are_misses,
);

/// Page and door of each kind.
const fn path(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::VerifyEmail => "/auth/verify",
        TokenKind::ResetPassword => "/auth/reset",
        TokenKind::ApproveEmail => "/auth/emails/approve",
        TokenKind::AddEmail => "/auth/emails/verify",
        TokenKind::SecureAccount => "/auth/secure",
        TokenKind::RemoveFactors => "/auth/factors/remove",
        TokenKind::SignIn => "/auth/sign-in/mailed",
        TokenKind::SecondFactor => "",
    }
}

/// The kinds whose link somebody gets.
fn linked() -> impl Iterator<Item = &'static TokenKind> {
    TokenKind::ALL.iter().filter(|kind| **kind != TokenKind::SecondFactor)
}

/// A fresh mail of this kind, in an account of its own.
async fn mail_of(app: &App, kind: TokenKind, name: &str) -> KeptMail {
    let mut person = Person::new(app, name);
    if kind != TokenKind::VerifyEmail {
        person = Person::signed_in(app, name).await;
    }
    let other = format!("{name}.other@example.test");
    match kind {
        TokenKind::VerifyEmail => {
            person.sign_up().await.expect(202);
            app.work().await;
            app.mail(&person.email)
        }
        TokenKind::ResetPassword => forgot(app, &mut person.agent, &person.email).await,
        TokenKind::SignIn => ask(app, &mut person.agent, &person.email.clone()).await,
        TokenKind::SecureAccount => {
            let body = json!({ "password": person.password, "new_password": "changed by hand" });
            person.agent.post("/auth/me/password", body).await.expect(200);
            app.work().await;
            app.mail(&person.email)
        }
        TokenKind::RemoveFactors => {
            person.enrol(app).await;
            crate::lost_factors::asked_for_help(app, &person).await
        }
        TokenKind::SecondFactor => panic!("its link goes to nobody"),
        TokenKind::ApproveEmail | TokenKind::AddEmail => {
            ask_for_address(&mut person, &other, false).await.expect(202);
            app.work().await;
            let approval = app.mail(&person.email);
            if kind == TokenKind::ApproveEmail {
                return approval;
            }
            let body = json!({ "token": token(&approval) });
            app.agent().post("/auth/emails/approve", body).await.expect(200);
            app.work().await;
            app.mail(&other)
        }
    }
}

/// Presents a secret at the door of a kind.
async fn present(agent: &mut Agent, kind: TokenKind, secret: &str) -> Reply {
    let mut body = json!({ "token": secret });
    if matches!(kind, TokenKind::VerifyEmail | TokenKind::ResetPassword) {
        body["password"] = json!(NEW);
    }
    agent.post(path(kind), body).await
}

async fn no_header_of_a_request_gets_into_a_mail(app: App) {
    let app = without_limits_by_place(app).await;
    let host = app.origin().split("://").nth(1).unwrap().to_owned();
    let mut ann = Person::signed_in(&app, "ann").await;
    add_address(&app, &mut ann, "second@example.test", false).await;
    let forged = [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.test;proto=https"),
        ("x-original-host", "evil.test"),
        ("x-original-url", "https://evil.test/"),
        ("x-host", "evil.test"),
        ("origin", "https://evil.test"),
        ("referer", "https://evil.test/"),
    ];
    let mut answered = BTreeMap::new();
    for (number, (name, value)) in forged.into_iter().enumerate() {
        app.advance(limits::RESEND_PAUSE);
        let mut agent = app.agent();
        agent = if name == "referer" { agent.without(http::header::ORIGIN) } else { agent };
        let mut agent = agent.with(name, value);
        let reset = agent.post("/auth/forgot", json!({ "email": ann.email })).await;
        answered.insert(name, reset.status.as_u16());
        let body = json!({
            "email": format!("new{number}@example.test"), "password": NEW, "name": "X", "organization": "X",
        });
        agent.post("/auth/sign-up", body).await;
        let mut thief = agent.clone();
        thief.cookies = ann.agent.cookies.clone();
        let body = json!({ "email": format!("other{number}@example.test"), "replaces_primary": false });
        thief.post("/auth/me/emails", body).await;
        app.work().await;
    }
    // Another site's form is refused; what a proxy claims is not heard.
    assert_eq!((answered["origin"], answered["referer"]), (403, 403), "{answered:?}");
    assert_eq!((answered["x-forwarded-host"], answered["forwarded"]), (202, 202), "{answered:?}");

    // The request line, and two hosts.
    let body = json!({ "email": ann.email }).to_string();
    let rest = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\nOrigin: {}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        app.origin(),
    );
    for head in [
        format!("POST http://evil.test/auth/forgot HTTP/1.1\r\nHost: {host}\r\n"),
        "POST http://evil.test/auth/forgot HTTP/1.1\r\nHost: evil.test\r\n".to_owned(),
        format!("POST /auth/forgot HTTP/1.1\r\nHost: {host}\r\nHost: evil.test\r\n"),
        format!("POST /auth/forgot HTTP/1.1\r\nHost: evil.test\r\nHost: {host}\r\n"),
    ] {
        app.advance(limits::RESEND_PAUSE);
        let answer = app.agent().raw(format!("{head}{rest}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
        app.work().await;
    }
    let mails = app.mailbox.mails();
    assert!(mails.len() > 10);
    for mail in &mails {
        let whole = format!("{} {} {}", mail.subject, mail.text, mail.html.clone().unwrap_or_default());
        assert!(!whole.contains("evil.test") && !whole.contains("gopher"), "{whole}");
        let links: Vec<_> = mail.text.split_whitespace().filter(|word| word.contains("://")).collect();
        let start = format!("{}/auth/", app.origin());
        assert!(!links.is_empty() && links.iter().all(|link| link.starts_with(&start)), "{links:?}");
        let html = mail.html.clone().unwrap_or_default().replace("&#x2f;", "/");
        for part in html.split("href=\"").skip(1) {
            assert!(part.starts_with(&start), "{part}");
        }
    }
    app.report.case("RS-01");
    let token = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    reset(&mut app.agent(), &token, NEW).await.expect(200);
    app.report.twin("RS-01");
}

async fn a_token_opens_its_own_door_only(app: App) {
    let app = without_limits_by_place(app).await;
    let person = Person::signed_in(&app, "holder").await;
    let mut pending = Person::new(&app, "pending");
    pending.sign_up().await.expect(202);
    app.work().await;
    pending.sign_in().await.expect(200);
    // The secrets of browsers, and one that was never given out for each kind there is.
    let mut others: Vec<String> = ["um_session", "um_browser", "um_device"]
        .iter()
        .filter_map(|name| person.agent.cookies.get(*name).cloned())
        .chain([pending.agent.cookies["um_attempt"].clone(), String::new(), person.email.clone()])
        .collect();
    others.extend(BearerKind::ALL.map(|kind| Bearer::mint(kind, &OsRandom).unwrap().expose().to_owned()));
    let mut tokens = Vec::new();
    for kind in linked() {
        tokens.push((*kind, token(&mail_of(&app, *kind, &format!("matrix{}", tokens.len())).await)));
    }
    for (kind, secret) in &tokens {
        for door in linked().filter(|door| *door != kind) {
            // As it is, and dressed up as what the door expects.
            let disguised = format!("{}{}", door.bearer().prefix(), &secret[3..]);
            for secret in [secret, &disguised] {
                let reply = present(&mut app.agent(), *door, secret).await;
                assert_eq!(
                    (reply.status.as_u16(), reply.code().as_str()),
                    (410, "link_invalid"),
                    "{kind:?} at {door:?}"
                );
                let mut by_page = app.agent();
                by_page.cookies.insert("um_link".into(), secret.clone());
                let shown = by_page.navigate(path(*door)).await;
                let form = format!("action=\"{}\"", path(*door));
                let takes_link =
                    shown.body.replace("&#x2f;", "/").contains(&form) && !shown.body.contains("name=\"code\"");
                assert!(!takes_link, "{kind:?} at {door:?}: {}", shown.body);
            }
            let opened = app.agent().navigate(&format!("{}?token={secret}", path(*door))).await;
            assert_eq!(opened.status.as_u16(), 410, "{kind:?} at {door:?}");
            assert!(opened.cookies().iter().all(|cookie| !cookie.contains(secret.as_str())));
        }
        for name in ["um_session", "um_attempt"] {
            let mut agent = person.agent.clone();
            agent.cookies.remove("um_session");
            agent.cookies.insert(name.into(), secret.clone());
            agent.get("/auth/me").await.expect(401);
            agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
            agent.post("/auth/sign-in/new-password", json!({ "password": NEW })).await.expect(401);
        }
    }
    for secret in &others {
        for door in linked() {
            let reply = present(&mut app.agent(), *door, secret).await;
            assert!(matches!(reply.status.as_u16(), 410 | 422), "{secret} at {door:?}: {}", reply.body);
        }
    }
    app.report.case("RS-04");
    // None of it has used anything up.
    for (kind, secret) in &tokens {
        present(&mut app.agent(), *kind, secret).await.expect(200);
        present(&mut app.agent(), *kind, secret).await.expect(410);
    }
    app.report.twin("RS-04");
}

async fn looking_uses_nothing_up(app: App) {
    let app = without_limits_by_place(app).await;
    for (number, kind) in linked().enumerate() {
        let mail = mail_of(&app, *kind, &format!("looked{number}")).await;
        let (link, token) = (link(&mail), token(&mail));
        app.work().await;
        let before = app.state().await;
        for _ in 0..3 {
            let mut scanner = app.agent();
            scanner.send(Method::HEAD, &link, None, "").await.expect(303);
            scanner.send(Method::HEAD, path(*kind), None, "").await.expect(200);
            let opened = scanner.navigate(&link).await.expect(303);
            let page = scanner.follow(opened).await.expect(200);
            assert!(page.body.contains("<form"), "{kind:?}");
            scanner.navigate(path(*kind)).await.expect(200);
            assert!(!scanner.cookies.contains_key("um_session"));
        }
        assert_eq!(app.state().await, before, "{kind:?}: looking has changed something");
        // The button does it.
        let mut person = app.agent();
        let opened = person.navigate(&link).await.expect(303);
        let page = person.follow(opened).await.expect(200);
        let fields: &[_] = match kind {
            TokenKind::VerifyEmail => &[("password", NEW), ("organization", "Looked & Co")],
            TokenKind::ResetPassword => &[("password", NEW)],
            _ => &[],
        };
        person.fill(&page, path(*kind), fields).await.expect(303);
        assert!(!person.cookies.contains_key("um_link"));
        assert_eq!(person.cookies.contains_key("um_session"), *kind == TokenKind::SignIn, "{kind:?}");
        present(&mut app.agent(), *kind, &token).await.expect(410);
    }
    app.report.case("RS-10");
    app.report.twin("RS-10");
}

async fn a_page_behind_a_link_tells_nobody(app: App) {
    let app = without_limits_by_place(app).await;
    for (number, kind) in linked().enumerate() {
        let mail = mail_of(&app, *kind, &format!("shown{number}")).await;
        let (link, token) = (link(&mail), token(&mail));
        let mut person = app.agent();
        let opened = person.navigate(&link).await.expect(303);
        assert_eq!(opened.header("location"), Some(path(*kind)), "the link leaves the address bar");
        let kept = opened.cookies().into_iter().find(|cookie| cookie.contains(&token)).expect("a cookie");
        for attribute in ["HttpOnly", "SameSite=", "Max-Age=600"] {
            assert!(kept.contains(attribute), "{kept}");
        }
        let page = person.follow(opened.clone()).await.expect(200);
        for reply in [&opened, &page] {
            assert_eq!(reply.header("referrer-policy"), Some("no-referrer"), "{kind:?}");
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{kind:?}");
            let csp = reply.header("content-security-policy").unwrap();
            assert!(csp.contains("default-src 'none'") && !csp.contains("http"), "{csp}");
        }
        assert!(!page.body.contains(&token), "{kind:?}: the link stands in the page");
        let body = page.body.replace("&#x2f;", "/");
        for attribute in ["src=\"", "href=\"", "action=\""] {
            for part in body.split(attribute).skip(1) {
                assert!(part.starts_with('/') && !part.starts_with("//"), "{kind:?}: {attribute}{part}");
            }
        }
        assert!(!body.contains("<script ") && !body.contains("url("));
        assert_eq!(body.matches("<script>").count(), 1, "{kind:?}: the one that every page has");
    }
    app.report.case("RS-11");
    let mail = mail_of(&app, TokenKind::ResetPassword, "used").await;
    let mut person = app.agent();
    let opened = person.navigate(&link(&mail)).await;
    let page = person.follow(opened).await.expect(200);
    person.fill(&page, "/auth/reset", &[("password", NEW)]).await.expect(303);
    app.report.twin("RS-11");
}

async fn near_misses_are_misses(app: App) {
    let app = without_limits_by_place(app).await;
    let mail = mail_of(&app, TokenKind::ResetPassword, "near").await;
    let secret = token(&mail);
    assert_eq!(secret.len(), "umr_00_".len() + 43, "256 bits in base64url");
    for place in 0..secret.len() {
        let bytes = secret.as_bytes();
        for other in [bytes[place] ^ 1, if bytes[place] == b'A' { b'B' } else { b'A' }] {
            let mut near = bytes.to_vec();
            near[place] = other;
            let near = String::from_utf8(near).unwrap();
            if near != secret {
                let reply = reset(&mut app.agent(), &near, NEW).await;
                assert_eq!(reply.status.as_u16(), 410, "{place}: {near} for {secret}");
            }
        }
    }
    for near in
        [format!("{secret}A"), format!(" {secret}"), format!("{secret}="), secret[..secret.len() - 1].to_owned()]
    {
        reset(&mut app.agent(), &near, NEW).await.expect(410);
    }
    app.report.case("RS-19");
    reset(&mut app.agent(), &secret, NEW).await.expect(200);

    // Each mail carries another link, and hardly ever the same code as the one before.
    let mut ann = Person::verified(&app, "ann").await;
    let (mut links, mut codes) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..40 {
        let mail = forgot(&app, &mut ann.agent, &ann.email.clone()).await;
        *links.entry(token(&mail)).or_insert(0) += 1;
        *codes.entry(code(&mail)).or_insert(0) += 1;
    }
    assert!(links.len() == 40 && codes.len() > 35, "{} {}", links.len(), codes.len());
    app.report.twin("RS-19");
}
