//! What an attacker tries around the recovery of an account.

use std::net::Ipv4Addr;

use futures_util::future::join_all;
use serde_json::{Value, json};
use time::Duration;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::limits;
use usermgmt_core::model::UserStatus;
use usermgmt_service::{Limits, NewUser, TrustedProxies};
use usermgmt_tests::app::{Setup, token};
use usermgmt_tests::{App, Person, cells};

use crate::recovery::{NEW, forgot, reset, without_limits_by_place};
use crate::secure_account::{add_address, ask_for_address};

cells!(
    one_link_in_many_hands_sets_one_password,
    the_last_step_alone_does_nothing,
    the_account_is_that_of_the_link,
    a_link_dies_with_what_it_was_for,
    a_reset_ends_what_an_intruder_has,
    a_flood_of_requests_is_a_few_mails,
    who_may_not_come_in_comes_not_in_by_link,
    an_account_without_password_has_no_empty_one,
);

/// Uses of one link at once.
const RACERS: usize = 20;

async fn one_link_in_many_hands_sets_one_password(app: App) {
    let app = without_limits_by_place(app).await;
    let ann = Person::verified(&app, "ann").await;
    let token = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    let limits = Limits { verifications_per_address: 1_000, sign_ins_per_address: 1_000, ..Limits::default() };
    let setup = Setup {
        // All have read the live link before the first of them uses it up.
        wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, RACERS)),
        configure: Box::new(move |builder| builder.limits(limits)),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let tries = (0..RACERS).map(|number| {
        let (mut agent, token) = (app.agent(), token.clone());
        async move { reset(&mut agent, &token, &format!("marmalade number {number:02}")).await }
    });
    let replies = join_all(tries).await;
    let winners: Vec<_> = (0..RACERS).filter(|number| replies[*number].status.as_u16() == 200).collect();
    assert_eq!(winners.len(), 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    for (number, reply) in replies.iter().enumerate().filter(|(number, _)| *number != winners[0]) {
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (410, "link_invalid"), "{number}: {}", reply.body);
    }
    for number in 0..RACERS {
        let mut person = Person { password: format!("marmalade number {number:02}"), ..ann.elsewhere(&app) };
        // Each tries but a few passwords from one place.
        app.advance(limits::WRONG_PASSWORD_WINDOW);
        let status = person.sign_in().await.status.as_u16();
        assert_eq!(status == 200, number == winners[0], "{number}: {status}");
    }
    app.report.case("RS-02");
    app.report.twin("RS-02");
}

async fn the_last_step_alone_does_nothing(app: App) {
    let app = without_limits_by_place(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut asking = app.agent();
    let right = token(&forgot(&app, &mut asking, &ann.email).await);
    let mut bob = Person::new(&app, "bob");
    bob.sign_up().await.expect(202);
    app.work().await;
    let of_another_flow = token(&app.mail(&bob.email));
    for body in [
        json!({ "password": NEW }),
        json!({ "token": "", "password": NEW }),
        json!({ "token": null, "password": NEW }),
        json!({ "code": "", "password": NEW }),
        json!({ "token": "", "code": "", "password": NEW }),
        json!({ "token": of_another_flow, "password": NEW }),
        json!({ "token": of_another_flow.replace("umv_", "umr_"), "password": NEW }),
        json!({ "token": asking.cookies["um_browser"], "password": NEW }),
        json!({ "token": right }),
    ] {
        // In the browser that asked, and elsewhere.
        for mut agent in [asking.clone(), app.agent(), ann.agent.clone()] {
            let reply = agent.post("/auth/reset", body.clone()).await;
            assert!(matches!(reply.status.as_u16(), 410 | 422), "{body}: {} {}", reply.status, reply.body);
            assert!(reply.cookies().iter().all(|cookie| !cookie.starts_with("um_session")));
        }
    }
    // The form without the page before it, and with nothing but the address that was asked for.
    for fields in
        [&[("password", NEW)][..], &[("password", NEW), ("email", &ann.email)], &[("password", NEW), ("code", "")]]
    {
        let reply = asking.submit("/auth/reset?notice=sent", "/auth/reset", fields).await;
        assert_eq!(reply.status.as_u16(), 422, "{fields:?}");
    }
    let mut forged = app.agent();
    forged.cookies.insert("um_link".into(), of_another_flow);
    let reply = forged.submit("/auth/reset", "/auth/reset", &[("password", NEW)]).await;
    assert_eq!(reply.status.as_u16(), 422);
    assert!(ann.is_signed_in().await);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.case("RS-03");
    let done = reset(&mut asking, &right, NEW).await.expect(200);
    assert!(done.cookies().iter().all(|cookie| !cookie.starts_with("um_session")));
    asking.get("/auth/me").await.expect(401);
    app.report.twin("RS-03");
}

async fn the_account_is_that_of_the_link(app: App) {
    let mut ann = Person::verified(&app, "ann").await;
    let mut victim = Person::signed_in(&app, "victim").await;
    let id = app.auth.users("test").by_email(&victim.email).await.unwrap().user.id.to_string();
    let mut agent = app.agent();
    let token = token(&forgot(&app, &mut agent, &ann.email).await);
    for (name, value) in [("email", &victim.email), ("user", &id), ("user_id", &id), ("username", &victim.email)] {
        let body = json!({ "token": token, "password": NEW, name: value });
        assert_eq!(agent.post("/auth/reset", body).await.expect(400).code(), "malformed_request", "{name}");
    }
    let twice = format!("{{\"token\":\"{token}\",\"password\":\"{NEW}\",\"password\":\"x\"}}");
    agent.send(http::Method::POST, "/auth/reset", Some("application/json"), twice).await.expect(400);
    let opened = agent.navigate(&format!("/auth/reset?token={token}")).await;
    let page = agent.follow(opened).await.expect(200);
    agent.fill(&page, "/auth/reset", &[("password", NEW), ("user", &id)]).await.expect(400);
    // Password managers fill in the address; it is not heard.
    let target = format!("/auth/reset?email={}&user={id}", victim.email);
    agent.fill(&page, &target, &[("password", NEW), ("email", &victim.email)]).await.expect(303);
    assert!(victim.is_signed_in().await);
    victim.elsewhere(&app).sign_in().await.expect(200);
    Person { password: NEW.into(), ..victim }.sign_in().await.expect(401);
    app.report.case("RS-05");
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
    app.report.twin("RS-05");
}

async fn a_link_dies_with_what_it_was_for(app: App) {
    let app = without_limits_by_place(app).await;
    let users = app.auth.users("test");
    let mut ann = Person::signed_in(&app, "ann").await;
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    let second = "second@example.test";
    add_address(&app, &mut ann, second, false).await;
    for change in ["password", "newer", "suspended", "removed", "temporary"] {
        let asked = if change == "removed" { second } else { &ann.email };
        let old = token(&forgot(&app, &mut app.agent(), asked).await);
        match change {
            "password" => {
                let body = json!({ "password": ann.password, "new_password": "changed by hand", "keep_others": true });
                ann.agent.post("/auth/me/password", body).await.expect(200);
                ann.password = "changed by hand".into();
            }
            "newer" => drop(forgot(&app, &mut app.agent(), asked).await),
            "suspended" => {
                users.set_status(id, UserStatus::Suspended).await.unwrap();
                users.set_status(id, UserStatus::Active).await.unwrap();
                ann.sign_in().await.expect(200);
            }
            "removed" => {
                ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
                ann.agent.post("/auth/me/emails/remove", json!({ "email": second })).await.expect(200);
            }
            _ => users.set_temporary_password(id, "lantern seven harbour".into()).await.unwrap(),
        }
        assert_eq!(reset(&mut app.agent(), &old, NEW).await.expect(410).code(), "link_invalid", "{change}");
    }
    app.report.case("RS-06");
    let fresh = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    reset(&mut app.agent(), &fresh, NEW).await.expect(200);
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
    app.report.twin("RS-06");
}

async fn a_reset_ends_what_an_intruder_has(app: App) {
    let app = app.configured(|builder| builder.email_change_without_approval()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201);
    // Somebody who knows the password: a session, a sign-in that waits for a choice, an address that waits for its
    // proof, and one that nobody has acted on yet.
    let mut waiting = ann.elsewhere(&app);
    assert_eq!(waiting.sign_in().await.expect(200).json()["status"], "pending");
    let chosen = ann.org().await;
    let mut intruder = ann.elsewhere(&app);
    intruder.sign_in().await.expect(200);
    intruder.agent.post("/auth/sign-in/organization", json!({ "organization": chosen })).await.expect(200);
    assert!(intruder.is_signed_in().await);
    ask_for_address(&mut intruder, "evil@example.test", true).await.expect(202);
    app.work().await;
    let pending = token(&app.mail("evil@example.test"));
    let mut own = app.agent();
    let token_of_owner = token(&forgot(&app, &mut own, &ann.email).await);
    ask_for_address(&mut intruder, "later@example.test", true).await.expect(202);

    reset(&mut own, &token_of_owner, NEW).await.expect(200);
    app.work().await;
    assert!(!intruder.is_signed_in().await && !ann.is_signed_in().await);
    waiting.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
    waiting.agent.post("/auth/sign-in/organization", json!({ "organization": chosen })).await.expect(401);
    app.agent().post("/auth/emails/verify", json!({ "token": pending })).await.expect(410);
    assert!(app.mails("later@example.test").is_empty(), "a wish of before the reset is granted after it");
    intruder.sign_in().await.expect(401);
    app.report.case("RS-07");
    app.report.case("LK-03");
    app.report.case("LK-05");
    ann.password = NEW.into();
    ann.agent = app.agent();
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "pending");
    ann.agent.post("/auth/sign-in/organization", json!({ "organization": chosen })).await.expect(200);
    let addresses = ann.agent.get("/auth/me/emails").await.expect(200).json();
    assert!(!addresses.to_string().contains("evil@") && !addresses.to_string().contains("later@"), "{addresses}");
    app.report.twin("RS-07");
    app.report.twin("LK-03");
    // What the owner asks for after it holds.
    app.advance(limits::RESEND_PAUSE);
    ask_for_address(&mut ann, "mine@example.test", false).await.expect(202);
    app.work().await;
    let pending = token(&app.mail("mine@example.test"));
    app.agent().post("/auth/emails/verify", json!({ "token": pending })).await.expect(200);
    assert!(ann.agent.get("/auth/me/emails").await.expect(200).body.contains("mine@"));
    app.report.twin("LK-05");
}

async fn a_flood_of_requests_is_a_few_mails(app: App) {
    const REQUESTS: u32 = 1_000;
    let app = app.configured(|builder| builder.trusted_proxies(TrustedProxies::Hops(1))).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    app.advance(Duration::HOUR);
    ann.agent.get("/auth/me").await.expect(200);
    let before = app.mails(&ann.email).len();
    let mut accepted = 0;
    for number in 0..REQUESTS {
        let from = Ipv4Addr::from(0x0b00_0000 + number * 1_031);
        let mut agent = app.agent().with("x-forwarded-for", &from.to_string());
        let email = if number % 2 == 0 { ann.email.clone() } else { ann.email.to_uppercase() };
        let reply = agent.post("/auth/forgot", json!({ "email": email })).await;
        assert!(matches!(reply.status.as_u16(), 202 | 429), "{}", reply.body);
        if reply.status.as_u16() == 202 {
            accepted += 1;
            app.work().await;
        }
        app.advance(Duration::milliseconds(3_590));
    }
    app.work().await;
    let mails = app.mails(&ann.email).len() - before;
    assert!(mails >= 1 && mails <= limits::MAILS_PER_ADDRESS_HOUR as usize && accepted == mails, "{mails} {accepted}");
    assert!(ann.is_signed_in().await);
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.case("RS-14");
    app.advance(Duration::HOUR);
    let token = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    reset(&mut app.agent(), &token, NEW).await.expect(200);
    app.report.twin("RS-14");
}

async fn who_may_not_come_in_comes_not_in_by_link(app: App) {
    let app = without_limits_by_place(app).await;
    let users = app.auth.users("test");
    let mut ann = Person::verified(&app, "ann").await;
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    for status in [UserStatus::Suspended, UserStatus::Inactive] {
        let old = token(&forgot(&app, &mut app.agent(), &ann.email).await);
        let stored = app.store.store.password(id).await.unwrap();
        users.set_status(id, status).await.unwrap();
        assert_eq!(reset(&mut app.agent(), &old, NEW).await.expect(410).code(), "link_invalid");
        app.advance(limits::RESEND_PAUSE);
        let count = app.mails(&ann.email).len();
        let known = app.agent().post("/auth/forgot", json!({ "email": ann.email })).await.expect(202);
        let unknown = app.agent().post("/auth/forgot", json!({ "email": "nobody@example.test" })).await.expect(202);
        assert_eq!(known.outward(), unknown.outward());
        app.work().await;
        assert_eq!(app.mails(&ann.email).len(), count, "{status:?}: a mail");
        assert_eq!(app.store.store.password(id).await.unwrap(), stored);
        users.set_status(id, UserStatus::Active).await.unwrap();
        reset(&mut app.agent(), &old, NEW).await.expect(410);
        ann.sign_in().await.expect(200);
    }
    app.report.case("RS-15");
    let fresh = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    reset(&mut app.agent(), &fresh, NEW).await.expect(200);
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
    app.report.twin("RS-15");
}

async fn an_account_without_password_has_no_empty_one(app: App) {
    let mut bare = Person::new(&app, "bare");
    let new = NewUser { email: &bare.email, name: "Bare", password: None, email_is_verified: true };
    app.auth.users("test").create(new).await.unwrap();
    let ann = Person::verified(&app, "ann").await;
    let passwords = [Some(json!("")), Some(Value::Null), None, Some(json!([])), Some(json!(" ")), Some(json!({}))];
    for password in passwords {
        let answers = [&bare.email, &ann.email, &"nobody@example.test".to_owned()].map(|email| {
            let mut body = json!({ "email": email });
            if let Some(password) = &password {
                body["password"] = password.clone();
            }
            let mut agent = app.agent();
            async move { agent.post("/auth/sign-in", body).await }
        });
        let answers: Vec<_> = join_all(answers).await.into_iter().map(|reply| reply.outward()).collect();
        assert!(answers.iter().all(|answer| *answer == answers[1]), "{password:?}: {answers:?}");
        assert!(matches!(answers[0].0, 400 | 401 | 422), "{password:?}: {}", answers[0].2);
        assert!(answers[0].1.iter().all(|(_, value)| value != "um_session"));
    }
    let fields = [("email", bare.email.as_str()), ("password", "")];
    let page = app.agent().submit("/auth/sign-in", "/auth/sign-in", &fields).await;
    assert!(matches!(page.status.as_u16(), 401 | 422), "{}", page.status);
    app.report.case("PW-05");
    let token = token(&forgot(&app, &mut bare.agent, &bare.email.clone()).await);
    reset(&mut bare.agent, &token, NEW).await.expect(200);
    bare.password = NEW.into();
    bare.sign_in().await.expect(200);
    app.report.twin("PW-05");
}
