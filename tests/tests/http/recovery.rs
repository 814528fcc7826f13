//! A forgotten password: by link, by code, with the help of support.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditEvent, AuditKind};
use usermgmt_service::{KeptMail, Limits, MagicLink};
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    a_link_sets_a_new_password_once,
    the_page_sets_it_and_the_link_leaves_the_address_bar,
    a_code_sets_it_in_the_browser_that_asked,
    links_and_codes_live_until_their_end,
    a_limit_is_no_dead_link,
    the_owner_of_a_known_address_is_led_on,
    support_begins_a_reset_that_its_owner_can_stop,
);

/// The password that recovers.
pub(crate) const NEW: &str = "marmalade on the roof";

/// The same application without limits by place, for tests that try much; mails may sign in, too.
pub(crate) async fn without_limits_by_place(app: App) -> App {
    let limits = Limits {
        verifications_per_address: 100_000,
        sign_ups_per_address: 100_000,
        sign_ins_per_address: 100_000,
        mails_per_address_hour: 1_000,
        mails_per_address_day: 1_000,
        ..Limits::default()
    };
    app.configured(move |builder| builder.limits(limits).magic_link(MagicLink::link_and_code())).await
}

/// Somebody asks for a new password in this browser; answers the mail.
pub(crate) async fn forgot(app: &App, agent: &mut Agent, email: &str) -> KeptMail {
    app.advance(limits::RESEND_PAUSE);
    agent.post("/auth/forgot", json!({ "email": email })).await.expect(202);
    app.work().await;
    let mail = app.mail(email);
    assert!(link(&mail).starts_with("/auth/reset?token=umr_"), "{}", mail.text);
    mail
}

pub(crate) async fn reset(agent: &mut Agent, token: &str, password: &str) -> Reply {
    agent.post("/auth/reset", json!({ "token": token, "password": password })).await
}

/// All events of this kind.
pub(crate) async fn events(app: &App, kind: AuditKind) -> Vec<AuditEvent> {
    let all = app.events(None).await;
    all.into_iter().filter(|event| event.kind == kind).collect()
}

/// A code that is not this one.
fn wrong(right: &str, number: u32) -> String {
    let text = format!("{number:06}");
    if right == text { "999999".into() } else { text }
}

async fn a_link_sets_a_new_password_once(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut stranger = app.agent();
    let token = token(&forgot(&app, &mut stranger, &ann.email).await);
    if let Some(stored) = app.store.dump().await {
        assert!(!stored.contains(&token[7..]), "a link stands in the database");
    }

    // What is no password does not use the link up.
    for bad in ["", "short", "password123", "ann@example.test", &"x".repeat(1_025)] {
        let refused = reset(&mut stranger, &token, bad).await.expect(422);
        assert_eq!(refused.json()["fields"][0]["field"], "password", "{bad:?}");
    }
    assert!(ann.is_signed_in().await, "asking and failing end nothing");

    let done = reset(&mut stranger, &token, NEW).await.expect(200);
    assert_eq!(done.json(), json!({ "status": "password_set" }));
    assert!(done.cookies().iter().all(|cookie| !cookie.starts_with("um_session") && !cookie.starts_with("um_attempt")));
    stranger.get("/auth/me").await.expect(401);
    assert!(!ann.is_signed_in().await, "every session ends");
    assert_eq!(reset(&mut stranger, &token, "another one altogether").await.expect(410).code(), "link_invalid");

    assert_eq!(ann.sign_in().await.expect(401).code(), "invalid_credentials");
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
    app.work().await;
    let notice = app.mail(&ann.email);
    assert!(notice.subject.contains("was changed") && link(&notice).starts_with("/auth/secure?token="), "{notice:?}");
    assert!(!notice.text.contains(NEW) && !notice.text.contains(&token));
    assert_eq!(events(&app, AuditKind::PasswordReset).await.len(), 1);
    app.report.requirement(32);
}

async fn the_page_sets_it_and_the_link_leaves_the_address_bar(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut browser = app.agent();
    let page = browser.navigate("/auth/sign-in").await.expect(200);
    assert!(page.body.contains("/forgot\""));
    app.advance(limits::RESEND_PAUSE);
    let asked = browser.submit("/auth/forgot", "/auth/forgot", &[("email", &ann.email)]).await.expect(303);
    let unknown = app.agent().submit("/auth/forgot", "/auth/forgot", &[("email", "nobody@example.test")]).await;
    assert_eq!(asked.outward(), unknown.outward());
    let waiting = browser.follow(asked).await.expect(200);
    assert!(waiting.body.contains("name=\"code\"") && waiting.body.contains(&ann.email));
    app.work().await;
    let link = link(&app.mail(&ann.email));

    // The link is opened elsewhere, in a browser in which somebody is signed in.
    let mut phone = Person { agent: app.agent(), ..ann.clone() };
    phone.sign_in().await.expect(200);
    let opened = phone.agent.navigate(&link).await.expect(303);
    assert_eq!(opened.header("location"), Some("/auth/reset"));
    let page = phone.agent.follow(opened).await.expect(200);
    assert!(page.body.contains(&ann.email) && !page.body.contains("umr_") && !page.body.contains("name=\"code\""));
    let refused = phone.agent.fill(&page, "/auth/reset", &[("password", "short")]).await.expect(422);
    assert!(refused.body.contains("name=\"password\"") && !refused.body.contains("umr_"));
    assert!(phone.is_signed_in().await);
    let done = phone.agent.fill(&refused, "/auth/reset", &[("password", NEW)]).await.expect(303);
    assert_eq!(done.header("location"), Some("/auth/sign-in?notice=password-set"));
    assert!(!phone.agent.cookies.contains_key("um_link") && !phone.agent.cookies.contains_key("um_session"));
    phone.agent.follow(done).await.expect(200);
    assert!(!ann.is_signed_in().await && !phone.is_signed_in().await);

    // Used once more it leads to a new one.
    let mut late = app.agent();
    let opened = late.navigate(&link).await.expect(303);
    let dead = late.follow(opened).await;
    assert!(dead.status.as_u16() == 410 && dead.body.contains("/forgot\""), "{} {}", dead.status, dead.body);
    Person { password: NEW.into(), ..ann }.sign_in().await.expect(200);
    app.report.requirement(34);
}

async fn a_code_sets_it_in_the_browser_that_asked(app: App) {
    let mut ann = Person::verified(&app, "ann").await;
    let mut browser = app.agent();
    let right = code(&forgot(&app, &mut browser, &ann.email).await);
    let by_code = |code: &str| json!({ "code": code, "password": NEW });
    // Neither elsewhere nor for whoever is nobody.
    for mut other in [ann.agent.clone(), app.agent()] {
        assert_eq!(other.post("/auth/reset", by_code(&right)).await.expect(422).code(), "code_invalid");
    }
    browser.post("/auth/reset", json!({ "code": right, "token": "umr_", "password": NEW })).await.expect(422);
    browser.post("/auth/reset", json!({ "code": right, "password": "short" })).await.expect(422);
    browser.post("/auth/reset", by_code(&right)).await.expect(200);
    browser.post("/auth/reset", by_code(&right)).await.expect(422);
    browser.get("/auth/me").await.expect(401);
    ann.sign_in().await.expect(401);
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);

    // Three wrong ones, and the right one is dead too; by the page it is told in the same way.
    let mail = forgot(&app, &mut browser, &ann.email).await;
    let right = code(&mail);
    for number in 0..limits::CODE_TRIES {
        let reply = browser.post("/auth/reset", by_code(&wrong(&right, number))).await.expect(422);
        assert_eq!(reply.code(), "code_invalid");
    }
    assert_eq!(browser.post("/auth/reset", by_code(&right)).await.expect(422).code(), "code_invalid");
    ann.sign_in().await.expect(200);

    // The page reads it as people paste it.
    let right = code(&forgot(&app, &mut browser, &ann.email).await);
    let grouped = format!("{} {}\u{a0}", &right[..3], &right[3..]);
    let fields = [("code", grouped.as_str()), ("password", "marmalade in the cellar")];
    browser.submit("/auth/reset?notice=sent", "/auth/reset", &fields).await.expect(303);
    ann.password = "marmalade in the cellar".into();
    ann.sign_in().await.expect(200);
    app.report.requirement(32);
}

async fn links_and_codes_live_until_their_end(app: App) {
    let mut ann = Person::verified(&app, "ann").await;
    let tick = Duration::MICROSECOND;
    for (wait, works) in [
        (limits::RESET_LINK_LIFE, false),
        (limits::RESET_LINK_LIFE + tick, false),
        (limits::RESET_LINK_LIFE - tick, true),
    ] {
        app.advance(Duration::HOUR);
        let token = token(&forgot(&app, &mut ann.agent, &ann.email.clone()).await);
        app.advance(wait);
        let reply = reset(&mut ann.agent, &token, NEW).await;
        assert_eq!(reply.status.as_u16() == 200, works, "{wait}: {}", reply.body);
        if works {
            // Used is used, also when the clock goes back.
            app.advance(-Duration::DAY);
            reset(&mut ann.agent, &token, NEW).await.expect(410);
            app.advance(Duration::DAY);
            app.report.twin("RS-08");
        }
    }
    app.report.case("RS-08");
    for (wait, status) in [(limits::CODE_LIFE, 422), (limits::CODE_LIFE - tick, 200)] {
        app.advance(Duration::HOUR);
        let right = code(&forgot(&app, &mut ann.agent, &ann.email.clone()).await);
        app.advance(wait);
        ann.agent.post("/auth/reset", json!({ "code": right, "password": "plums and thunder" })).await.expect(status);
    }
}

async fn a_limit_is_no_dead_link(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let limits = Limits { verifications_per_address: 2, ..Limits::default() };
    let app = app.configured(move |builder| builder.limits(limits)).await;
    forgot(&app, &mut app.agent(), &ann.email).await;
    let mut browser = app.agent();
    for (door, fields) in [("/auth/reset", &[("password", NEW)][..]), ("/auth/secure", &[])] {
        app.advance(limits::MINUTE);
        let mail = app.mail(&ann.email);
        assert!(link(&mail).starts_with(door), "{}", mail.text);
        let opened = browser.navigate(&link(&mail)).await.expect(303);
        let page = browser.follow(opened).await.expect(200);
        // Others at the same place use up what may be tried.
        reset(&mut app.agent(), "umr_", NEW).await.expect(410);
        let wait = browser.fill(&page, door, fields).await.expect(429);
        assert!(wait.body.contains("<button") && !wait.body.contains("name=\"code\""), "{}", wait.body);
        app.advance(limits::MINUTE);
        browser.fill(&wait, door, fields).await.expect(303);
        app.work().await;
    }
}

async fn the_owner_of_a_known_address_is_led_on(app: App) {
    let ann = Person::verified(&app, "ann").await;
    app.advance(limits::RESEND_PAUSE);
    let mut again = Person { password: "i forgot i was here".into(), ..ann.elsewhere(&app) };
    let known = again.sign_up().await.expect(202);
    let unknown = Person::new(&app, "somebody").sign_up().await.expect(202);
    assert_eq!(known.outward(), unknown.outward(), "only the owner learns of it");
    app.work().await;
    let mail = app.mail(&ann.email);
    assert!(mail.subject.contains("already have an account"), "{}", mail.subject);
    // The mail leads to the sign-in, that to the reset, and that back in.
    let page = again.agent.navigate(&link(&mail)).await.expect(200);
    assert!(page.body.contains("/forgot\""));
    let token = token(&forgot(&app, &mut again.agent, &ann.email).await);
    reset(&mut again.agent, &token, NEW).await.expect(200);
    again.password = NEW.into();
    again.sign_in().await.expect(200);
    assert!(again.is_signed_in().await);
    app.report.requirement(9);
}

async fn support_begins_a_reset_that_its_owner_can_stop(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let users = app.auth.users("support: 5");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    for bad in [-Duration::SECOND, Duration::days(31)] {
        assert!(users.begin_reset(id, Some(bad)).await.is_err());
    }

    // Told at once, mailed after the wait, and not a moment before.
    users.begin_reset(id, None).await.unwrap();
    app.work().await;
    let notice = app.mail(&ann.email);
    assert!(notice.subject.contains("Support"), "{}", notice.subject);
    let count = app.mails(&ann.email).len();
    app.advance(limits::SUPPORT_RESET_WAIT - Duration::MICROSECOND);
    app.work().await;
    assert_eq!(app.mails(&ann.email).len(), count);
    app.advance(Duration::MICROSECOND);
    app.work().await;
    let mail = app.mail(&ann.email);
    assert!(link(&mail).starts_with("/auth/reset?token="), "{}", mail.text);
    let typed = |line: &str| line.trim().len() == 6 && line.trim().bytes().all(|byte| byte.is_ascii_digit());
    assert!(!mail.text.lines().any(typed), "a code that no browser can use");
    app.advance(limits::RESET_LINK_LIFE - Duration::MICROSECOND);
    reset(&mut app.agent(), &token(&mail), NEW).await.expect(200);
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
    let event = &events(&app, AuditKind::SupportResetBegun).await[0];
    assert_eq!(serde_json::to_value(&event.actor).unwrap()["reason"], "support: 5");
    assert_eq!((event.subject, &event.detail["wait_seconds"]), (Some(id), &json!(86_400)));

    // Stopped by the owner: the mail never goes out.
    users.begin_reset(id, Some(Duration::HOUR)).await.unwrap();
    app.work().await;
    let stop = token(&app.mail(&ann.email));
    app.agent().post("/auth/secure", json!({ "token": stop })).await.expect(200);
    app.work().await;
    let own = token(&app.mail(&ann.email));
    let count = app.mails(&ann.email).len();
    app.advance(Duration::HOUR);
    app.work().await;
    assert_eq!(app.mails(&ann.email).len(), count, "a reset that was stopped is mailed");
    reset(&mut app.agent(), &own, "too late by half an hour").await.expect(410);

    // Somebody who may not use the account is not helped in.
    users.set_status(id, usermgmt_core::model::UserStatus::Suspended).await.unwrap();
    assert!(users.begin_reset(id, None).await.is_err());
    app.report.requirement(36);
}
