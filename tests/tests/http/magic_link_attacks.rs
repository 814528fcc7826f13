//! What an attacker tries around sign-in by mail.

use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use time::Duration;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::limits;
use usermgmt_core::model::{Method as ProofMethod, Proof, UserStatus};
use usermgmt_core::page::PageRequest;
use usermgmt_core::policy::{AuthPolicy, Demand, Evidence, SecondFactor, evaluate};
use usermgmt_service::{Limits, MagicLink};
use usermgmt_tests::app::{Setup, code, token};
use usermgmt_tests::{Agent, App, Person, cells};

use crate::magic_link::{ask, by_code, by_link, is_signed_in, switched_on};
use crate::recovery::{NEW, forgot, reset};
use crate::secure_account::add_address;

cells!(
    many_guesses_at_once_are_few,
    one_code_in_many_hands_gives_one_session,
    one_link_in_many_hands_gives_one_session,
    another_mail_gives_no_new_guesses,
    the_counter_is_not_in_the_browser,
    every_door_shares_one_budget,
    digits_are_read_exactly,
    who_may_not_come_in_comes_not_in_by_mail,
    a_link_dies_with_what_it_was_for,
    mail_is_one_factor_however_often,
    the_form_of_a_stranger_signs_nobody_in,
);

const RACERS: usize = 20;

/// A code that is not this one.
fn wrong(right: &str, number: usize) -> String {
    let text = format!("{number:08}");
    if right == text { "99999999".into() } else { text }
}

/// The same application with a store that holds its first commits until so many stand there.
async fn racing(app: App, racers: usize) -> App {
    let limits = Limits {
        verifications_per_address: 1_000,
        sign_ups_per_address: 1_000,
        wrong_codes_per_account: 1_000,
        ..Limits::default()
    };
    let setup = Setup {
        wrap: Box::new(move |store| Rendezvous::of(store, Call::Commit, racers)),
        configure: Box::new(move |builder| builder.limits(limits).magic_link(MagicLink::link_and_code())),
        ..Setup::default()
    };
    app.restart(setup).await
}

/// The same browser after the application was started anew at another port.
fn in_browser(app: &App, agent: &Agent) -> Agent {
    let mut own = app.agent();
    own.cookies = agent.cookies.clone();
    own
}

async fn sessions(app: &App, email: &str) -> usize {
    let id = app.auth.users("test").by_email(email).await.unwrap().user.id;
    app.store.store.sessions(id, app.now(), PageRequest::first(50)).await.unwrap().items.len()
}

async fn many_guesses_at_once_are_few(app: App) {
    // Of several accounts, so that luck is no reason: each has one try left, and among its racers one has the right code.
    const ACCOUNTS: usize = 8;
    const EACH: usize = 5;
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut asked = Vec::new();
    for number in 0..ACCOUNTS {
        let person = Person::verified(&app, &format!("ann{number}")).await;
        asked.push((person.email, app.agent()));
    }
    let mut codes = Vec::new();
    for (email, agent) in &mut asked {
        let right = code(&ask(&app, agent, email).await);
        for number in 1..usize::try_from(limits::CODE_TRIES).unwrap() {
            by_code(agent, &wrong(&right, number)).await.expect(422);
        }
        codes.push(right);
    }
    // All have found the live code before the first of them is counted.
    let app = racing(app, ACCOUNTS * EACH).await;
    let racers = asked.iter().zip(&codes).enumerate().flat_map(|(account, ((_, agent), right))| {
        (0..EACH).map(move |number| (account, agent, if number == 0 { right.clone() } else { wrong(right, number) }))
    });
    let tries = racers.map(|(account, agent, typed)| {
        let mut racer = in_browser(&app, agent);
        async move { (account, by_code(&mut racer, &typed).await) }
    });
    let mut came_in = [0; ACCOUNTS];
    for (account, reply) in join_all(tries).await {
        if reply.status.as_u16() == 200 {
            came_in[account] += 1;
        } else {
            assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "code_invalid"));
        }
    }
    // One guess of five is looked at: that it is the right one each time happens once in 390,625 runs.
    assert!(came_in.contains(&0), "more guesses were looked at than counted: {came_in:?}");
    for (((email, agent), right), count) in asked.iter().zip(&codes).zip(came_in) {
        assert!(count <= 1 && sessions(&app, email).await == count, "{came_in:?}");
        by_code(&mut in_browser(&app, agent), right).await.expect(422);
    }
    app.report.case("OT-01");
    let (email, agent) = &asked[0];
    let mut agent = in_browser(&app, agent);
    let right = code(&ask(&app, &mut agent, email).await);
    for number in 1..usize::try_from(limits::CODE_TRIES).unwrap() {
        by_code(&mut agent, &wrong(&right, number)).await.expect(422);
    }
    by_code(&mut agent, &right).await.expect(200);
    app.report.twin("OT-01");
}

async fn one_code_in_many_hands_gives_one_session(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    let app = racing(app, RACERS).await;
    let tries = (0..RACERS).map(|_| {
        let (mut racer, right) = (in_browser(&app, &agent), right.clone());
        async move { by_code(&mut racer, &right).await }
    });
    let replies = join_all(tries).await;
    let won = replies.iter().filter(|reply| reply.status.as_u16() == 200).count();
    assert_eq!(won, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    assert!(replies.iter().all(|reply| reply.status.as_u16() == 200 || reply.code() == "code_invalid"));
    assert_eq!(sessions(&app, &ann.email).await, 1);
    app.report.case("OT-03");
    app.report.twin("OT-03");
}

async fn one_link_in_many_hands_gives_one_session(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut ann = Person::new(&app, "ann");
    ann.sign_up().await.expect(202);
    app.work().await;
    // Not proven yet: the winner proves it, too.
    let secret = token(&ask(&app, &mut app.agent(), &ann.email).await);
    let app = racing(app, RACERS).await;
    let tries = (0..RACERS).map(|_| {
        let (mut racer, secret) = (app.agent(), secret.clone());
        async move { by_link(&mut racer, &secret).await }
    });
    let replies = join_all(tries).await;
    let won = replies.iter().filter(|reply| reply.status.as_u16() == 200).count();
    assert_eq!(won, 1, "{:?}", replies.iter().map(|reply| reply.status).collect::<Vec<_>>());
    for reply in replies.iter().filter(|reply| reply.status.as_u16() != 200) {
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (410, "link_invalid"));
    }
    assert_eq!(sessions(&app, &ann.email).await, 1);
    app.report.case("RS-02");
    app.report.twin("RS-02");
}

async fn another_mail_gives_no_new_guesses(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let mut evaluated = 0;
    // A mail a minute, three guesses each, within the hour.
    for _ in 0..20 {
        let right = code(&ask(&app, &mut agent, &ann.email).await);
        for number in 0..usize::try_from(limits::CODE_TRIES).unwrap() {
            let reply = by_code(&mut agent, &wrong(&right, number)).await;
            match reply.status.as_u16() {
                422 => evaluated += 1,
                429 => assert!(reply.header("retry-after").is_some()),
                _ => panic!("{} {}", reply.status, reply.body),
            }
        }
    }
    assert_eq!(evaluated, limits::WRONG_CODES_PER_ACCOUNT);
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    assert_eq!(by_code(&mut agent, &right).await.expect(429).code(), "too_many_attempts");
    // It is reported; and it is codes that rest, not the account.
    app.work().await;
    let events = app.events(None).await;
    assert!(events.iter().any(|event| event.kind.as_str() == "refused.limit"));
    ann.elsewhere(&app).sign_in().await.expect(200);
    let secret = token(&ask(&app, &mut app.agent(), &ann.email).await);
    by_link(&mut app.agent(), &secret).await.expect(200);
    app.report.case("OT-02");
    app.advance(Duration::HOUR);
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    by_code(&mut agent, &right).await.expect(200);
    app.report.twin("OT-02");
}

async fn the_counter_is_not_in_the_browser(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    let saved = agent.clone();
    for number in 0..usize::try_from(limits::CODE_TRIES).unwrap() {
        // A browser put back to what it was before each guess; one that has dropped everything else.
        let mut clone = saved.clone();
        if number == 1 {
            clone.cookies.retain(|name, _| name == "um_browser");
        }
        by_code(&mut clone, &wrong(&right, number)).await.expect(422);
    }
    for mut clone in [saved.clone(), agent.clone(), app.agent()] {
        by_code(&mut clone, &right).await.expect(422);
        assert!(!is_signed_in(&mut clone).await);
    }
    app.report.case("OT-05");
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    by_code(&mut saved.clone(), &right).await.expect(200);
    app.report.twin("OT-05");
}

async fn every_door_shares_one_budget(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let mut evaluated = 0;
    for round in 0..20 {
        let by_mail = round % 2 == 0;
        let mail =
            if by_mail { ask(&app, &mut agent, &ann.email).await } else { forgot(&app, &mut agent, &ann.email).await };
        let right = code(&mail);
        for number in 0..usize::try_from(limits::CODE_TRIES).unwrap() {
            let status = if by_mail {
                by_code(&mut agent, &wrong(&right, number)).await.status
            } else {
                let typed = format!("{number:06}");
                let typed = if typed == right { "999999".to_owned() } else { typed };
                agent.post("/auth/reset", json!({ "code": typed, "password": NEW })).await.status
            };
            evaluated += u32::from(status.as_u16() == 422);
            assert!(matches!(status.as_u16(), 422 | 429), "{status}");
        }
    }
    assert_eq!(evaluated, limits::WRONG_CODES_PER_ACCOUNT);
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    by_code(&mut agent, &right).await.expect(429);
    // A code of one door is none at another.
    app.advance(Duration::HOUR);
    let of_reset = code(&forgot(&app, &mut agent, &ann.email).await);
    by_code(&mut agent, &of_reset).await.expect(422);
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    agent.post("/auth/reset", json!({ "code": right, "password": NEW })).await.expect(422);
    app.report.case("OT-06");
    by_code(&mut agent, &right).await.expect(200);
    ann.sign_in().await.expect(200);
    app.report.twin("OT-06");
}

async fn digits_are_read_exactly(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    let mut agent = app.agent();
    let mut right = code(&ask(&app, &mut agent, &ann.email).await);
    let arabic = |text: &str| -> String {
        text.chars().filter_map(|digit| char::from_u32(0x0660 + digit.to_digit(10)?)).collect()
    };
    for (number, spelling) in (0..9).enumerate() {
        let typed = match spelling {
            0 => right.trim_start_matches('0')[1..].to_owned(),
            1 => format!("+{}", &right[1..]),
            2 => arabic(&right),
            3 => format!("{right}\n"),
            4 => format!("0x{:x}", right.parse::<u64>().unwrap()),
            5 => format!("{right}{right}"),
            6 => "1".repeat(10_000),
            7 => format!("{right}\0"),
            _ => format!("{}.0", &right[..6]),
        };
        let reply = by_code(&mut agent, &typed).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "code_invalid"), "{spelling}: {typed}");
        if number % 2 == 1 {
            right = code(&ask(&app, &mut agent, &ann.email).await);
        }
    }
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    for body in [format!("{{\"code\":{}}}", right.trim_start_matches('0')), format!("{{\"code\":[\"{right}\"]}}")] {
        agent.send(Method::POST, "/auth/sign-in/mailed", Some("application/json"), body).await.expect(400);
    }
    app.report.case("OT-08");
    // As people group it.
    by_code(&mut agent, &format!("{} {}", &right[..4], &right[4..])).await.expect(200);
    app.report.twin("OT-08");
}

async fn who_may_not_come_in_comes_not_in_by_mail(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let users = app.auth.users("test");
    let ann = Person::verified(&app, "ann").await;
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    for status in [UserStatus::Suspended, UserStatus::Inactive] {
        let mut agent = app.agent();
        let mail = ask(&app, &mut agent, &ann.email).await;
        users.set_status(id, status).await.unwrap();
        let sent = app.mails(&ann.email).len();
        assert_eq!(by_link(&mut app.agent(), &token(&mail)).await.expect(410).code(), "link_invalid");
        assert_eq!(by_code(&mut agent, &code(&mail)).await.expect(422).code(), "code_invalid");
        app.advance(limits::RESEND_PAUSE);
        let known = app.agent().post("/auth/sign-in/mail", json!({ "email": ann.email })).await.expect(202);
        let unknown =
            app.agent().post("/auth/sign-in/mail", json!({ "email": "nobody@example.test" })).await.expect(202);
        assert_eq!(known.outward(), unknown.outward());
        app.work().await;
        assert_eq!(app.mails(&ann.email).len(), sent, "{status:?}: a mail");
        // What was minted before is dead also when they may come in again.
        users.set_status(id, UserStatus::Active).await.unwrap();
        by_link(&mut app.agent(), &token(&mail)).await.expect(410);
        assert_eq!(sessions(&app, &ann.email).await, 0);
    }
    app.report.case("RS-15");
    let secret = token(&ask(&app, &mut app.agent(), &ann.email).await);
    by_link(&mut app.agent(), &secret).await.expect(200);
    app.report.twin("RS-15");
}

async fn a_link_dies_with_what_it_was_for(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let second = "second@example.test";
    add_address(&app, &mut ann, second, false).await;
    for change in ["reset", "removed"] {
        let asked = if change == "removed" { second.to_owned() } else { ann.email.clone() };
        let old = token(&ask(&app, &mut app.agent(), &asked).await);
        if change == "removed" {
            ann.sign_in().await.expect(200);
            ann.agent.post("/auth/me/emails/remove", json!({ "email": second })).await.expect(200);
        } else {
            let secret = token(&forgot(&app, &mut app.agent(), &ann.email).await);
            reset(&mut app.agent(), &secret, NEW).await.expect(200);
            ann.password = NEW.into();
        }
        assert_eq!(by_link(&mut app.agent(), &old).await.expect(410).code(), "link_invalid", "{change}");
    }
    app.report.case("RS-06");
    let secret = token(&ask(&app, &mut app.agent(), &ann.email).await);
    by_link(&mut app.agent(), &secret).await.expect(200);
    app.report.twin("RS-06");
}

async fn mail_is_one_factor_however_often(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let ann = Person::verified(&app, "ann").await;
    // Link and code, one after the other, in one browser: each begins a session with one proof.
    let mut agent = app.agent();
    let secret = token(&ask(&app, &mut agent, &ann.email).await);
    by_link(&mut agent, &secret).await.expect(200);
    let right = code(&ask(&app, &mut agent, &ann.email).await);
    let done = by_code(&mut agent, &right).await.expect(200).json();
    assert_eq!(done["session"]["methods"], json!(["email"]));
    // Whoever reads the mail has a new password by it: the two together are no two factors.
    agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    let both = agent.get("/auth/me").await.expect(200).json();
    assert_eq!(both["session"]["methods"], json!(["email", "pwd"]));
    let two = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let proof = |method| Proof { method, at: app.now() };
    for proofs in [
        vec![proof(ProofMethod::Email), proof(ProofMethod::Email)],
        vec![proof(ProofMethod::Email), proof(ProofMethod::Password)],
    ] {
        let evidence = Evidence { proofs: &proofs, created_at: app.now(), roles: &[] };
        assert_eq!(evaluate(&two, evidence, app.now()), [Demand::SecondFactor], "{proofs:?}");
    }
    app.report.case("OT-13");
    for second in [ProofMethod::Otp, ProofMethod::RecoveryCode] {
        let proofs = [proof(ProofMethod::Email), proof(second)];
        let evidence = Evidence { proofs: &proofs, created_at: app.now(), roles: &[] };
        assert_eq!(evaluate(&two, evidence, app.now()), []);
    }
    app.report.twin("OT-13");
}

async fn the_form_of_a_stranger_signs_nobody_in(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mallory = Person::verified(&app, "mallory").await;
    let secret = token(&ask(&app, &mut app.agent(), &mallory.email).await);
    // Another site sends the victim's browser to the link, and tries to press its button.
    let mut victim = Person::signed_in(&app, "victim").await;
    victim.agent.navigate(&format!("/auth/sign-in/mailed?token={secret}")).await.expect(303);
    let page = victim.agent.navigate("/auth/sign-in/mailed").await.expect(200);
    // It says whose account it is, and who is signed in here.
    assert!(page.body.contains(&mallory.email) && page.body.contains(&victim.email), "{}", page.body);
    let mut foreign = victim.agent.with("origin", "https://evil.test");
    let form = Some("application/x-www-form-urlencoded");
    foreign.send(Method::POST, "/auth/sign-in/mailed", form, "").await.expect(403);
    foreign.post("/auth/sign-in/mailed", json!({ "token": secret })).await.expect(403);
    victim
        .agent
        .with("accept", "text/html")
        .send(Method::POST, "/auth/sign-in/mailed", form, "csrf=x")
        .await
        .expect(403);
    let me = victim.agent.get("/auth/me").await.expect(200).json();
    assert_eq!(me["user"]["email"], victim.email.as_str());
    app.report.case("CS-04");
    victim.agent.fill(&page, "/auth/sign-in/mailed", &[]).await.expect(303);
    let me = victim.agent.get("/auth/me").await.expect(200).json();
    assert_eq!(me["user"]["email"], mallory.email.as_str());
    app.report.twin("CS-04");
}
