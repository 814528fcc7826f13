//! Proof of an address.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{App, Person, cells};

cells!(
    without_the_proof_no_password_signs_in,
    a_squatter_gains_nothing_from_the_owners_click,
    a_link_works_once_and_until_its_end,
    mail_scanners_do_not_use_a_link_up,
    a_link_does_not_touch_who_is_signed_in,
    a_code_works_once_in_its_browser_and_has_three_tries,
    codes_are_read_exactly,
    a_new_mail_replaces_the_old_one,
    a_pending_sign_in_goes_on_after_the_proof,
    secrets_of_one_kind_open_no_other_door,
);

async fn signed_up(app: &App, local_part: &str) -> Person {
    let mut person = Person::new(app, local_part);
    person.sign_up().await.expect(202);
    app.work().await;
    person
}

async fn verify(person: &mut Person, token: &str) -> usermgmt_tests::Reply {
    person.agent.post("/auth/verify", json!({ "token": token })).await
}

async fn without_the_proof_no_password_signs_in(app: App) {
    let mut ann = signed_up(&app, "ann").await;
    let wrong = Person { password: "not the password".into(), ..ann.clone() }.sign_in().await.expect(401);
    assert_eq!(wrong.code(), "invalid_credentials", "before the right password nothing is said about the address");
    let right = ann.sign_in().await.expect(200);
    assert_eq!(right.json(), json!({ "status": "pending", "step": "verify_address" }));
    assert!(right.cookies().iter().all(|cookie| !cookie.contains("um_session")));
    assert!(!ann.is_signed_in().await);
    app.report.requirement(2);
    let token = token(&app.mail(&ann.email));
    verify(&mut ann, &token).await.expect(200);
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
}

async fn a_squatter_gains_nothing_from_the_owners_click(app: App) {
    // Mallory signs up with Ann's address and waits.
    let mut mallory =
        Person { password: "mallory has plans".into(), ..signed_up_as(&app, "ann", "mallory has plans").await };
    mallory.sign_in().await.expect(200);
    let mut ann = Person { password: "ann's own secret".into(), agent: app.agent(), ..mallory.clone() };
    let token = token(&app.mail(&ann.email));

    // Ann opens the link in her own browser: she must set a password of her own.
    let refused = verify(&mut ann, &token).await.expect(422);
    assert_eq!(refused.json()["fields"], json!([{ "field": "password", "code": "required" }]));
    let body = json!({ "token": token, "password": ann.password, "organization": "Ann's" });
    ann.agent.post("/auth/verify", body).await.expect(200);

    // Mallory's password, the pending sign-in and the code in Mallory's browser are void.
    assert_eq!(mallory.sign_in().await.expect(401).code(), "invalid_credentials");
    mallory.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
    let code = code(&app.mail(&ann.email));
    mallory.agent.post("/auth/verify", json!({ "code": code })).await.expect(422);
    app.report.requirement(3);

    ann.sign_in().await.expect(200);
    let me = ann.agent.get("/auth/me").await.expect(200).json();
    assert_eq!(me["organization"]["name"], "Ann's");
}

async fn signed_up_as(app: &App, local_part: &str, password: &str) -> Person {
    let mut person = Person { password: password.into(), ..Person::new(app, local_part) };
    person.sign_up().await.expect(202);
    app.work().await;
    person
}

async fn a_link_works_once_and_until_its_end(app: App) {
    for (wait, works) in [
        (limits::VERIFY_LINK_LIFE - Duration::SECOND, true),
        (limits::VERIFY_LINK_LIFE, false),
        (limits::VERIFY_LINK_LIFE + Duration::SECOND, false),
    ] {
        let mut person = signed_up(&app, &format!("p{}", wait.whole_seconds())).await;
        let token = token(&app.mail(&person.email));
        app.advance(wait);
        let reply = verify(&mut person, &token).await;
        assert_eq!(reply.status.as_u16() == 200, works, "{wait}");
        if works {
            assert_eq!(verify(&mut person, &token).await.expect(410).code(), "link_invalid");
            app.advance(-Duration::DAY);
            verify(&mut person, &token).await.expect(410);
            app.report.twin("RS-08");
        }
    }
    app.report.case("RS-08");
}

async fn mail_scanners_do_not_use_a_link_up(app: App) {
    let mut ann = signed_up(&app, "ann").await;
    let link = link(&app.mail(&ann.email));
    for _ in 0..3 {
        let mut scanner = app.agent();
        scanner.send(http::Method::HEAD, &link, None, "").await.expect(303);
        let opened = scanner.navigate(&link).await;
        let page = scanner.follow(opened).await.expect(200);
        assert!(page.body.contains("<form") && page.body.contains(&ann.email));
    }
    app.report.case("RS-10");
    let opened = ann.agent.navigate(&link).await.expect(303);
    assert!(!opened.header("location").unwrap().contains("token"), "the link leaves the address bar");
    let page = ann.agent.follow(opened).await.expect(200);
    let next = ann.agent.fill(&page, "/auth/verify", &[]).await.expect(303);
    ann.agent.follow(next).await.expect(200);
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
    app.report.twin("RS-10");
}

async fn a_link_does_not_touch_who_is_signed_in(app: App) {
    let mut victim = Person::signed_in(&app, "victim").await;
    let me = victim.agent.get("/auth/me").await.expect(200).json();
    let attacker = signed_up(&app, "attacker").await;
    let link = link(&app.mail(&attacker.email));
    let opened = victim.agent.navigate(&link).await;
    victim.agent.follow(opened).await.expect(200);
    assert_eq!(victim.agent.get("/auth/me").await.expect(200).json(), me);
    let token = token(&app.mail(&attacker.email));
    victim
        .agent
        .post("/auth/verify", json!({ "token": token, "password": "a password of the victim" }))
        .await
        .expect(200);
    assert_eq!(victim.agent.get("/auth/me").await.expect(200).json(), me, "proving is no signing in");
    app.report.case("RS-16");
    let mut other = Person::verified(&app, "other").await;
    other.sign_in().await.expect(200);
    assert!(other.is_signed_in().await);
    app.report.twin("RS-16");
}

async fn a_code_works_once_in_its_browser_and_has_three_tries(app: App) {
    // The right code elsewhere is nothing.
    let mut ann = signed_up(&app, "ann").await;
    let right = code(&app.mail(&ann.email));
    let mut elsewhere = ann.elsewhere(&app);
    assert_eq!(elsewhere.agent.post("/auth/verify", json!({ "code": right })).await.expect(422).code(), "code_invalid");
    ann.agent.post("/auth/verify", json!({ "code": right })).await.expect(200);
    ann.agent.post("/auth/verify", json!({ "code": right })).await.expect(422);
    app.report.case("OT-03");
    app.report.twin("OT-03");

    // Three wrong ones, and the right one is dead too.
    let mut bob = signed_up(&app, "bob").await;
    let right = code(&app.mail(&bob.email));
    for number in 0..limits::CODE_TRIES {
        let wrong = if right == format!("{number:06}") { "999999".to_owned() } else { format!("{number:06}") };
        bob.agent.post("/auth/verify", json!({ "code": wrong })).await.expect(422);
    }
    bob.agent.post("/auth/verify", json!({ "code": right })).await.expect(422);
    app.report.case("OT-01");

    // Two wrong ones leave one try; and ten minutes end it.
    let mut carl = signed_up(&app, "carl").await;
    let right = code(&app.mail(&carl.email));
    for number in 0..limits::CODE_TRIES - 1 {
        let wrong = if right == format!("{number:06}") { "999999".to_owned() } else { format!("{number:06}") };
        carl.agent.post("/auth/verify", json!({ "code": wrong })).await.expect(422);
    }
    carl.agent.post("/auth/verify", json!({ "code": right })).await.expect(200);
    app.report.twin("OT-01");

    let mut dora = signed_up(&app, "dora").await;
    let right = code(&app.mail(&dora.email));
    app.advance(limits::CODE_LIFE);
    dora.agent.post("/auth/verify", json!({ "code": right })).await.expect(422);
}

async fn codes_are_read_exactly(app: App) {
    let mut ann = signed_up(&app, "ann").await;
    for typed in ["", "0x7b", "٠٠٠٠٠٠", "+12345", &"1".repeat(10_000)] {
        let reply = ann.agent.post("/auth/verify", json!({ "code": typed })).await;
        assert_eq!(reply.status.as_u16(), 422, "{typed}");
        if typed.len() > 5 && !typed.is_empty() {
            let mut next = signed_up(&app, &format!("next{}", typed.len())).await;
            std::mem::swap(&mut ann, &mut next);
        }
    }
    ann.agent.post("/auth/verify", json!({ "code": 123_456 })).await.expect(400);
    app.report.case("OT-08");
    let mut bob = signed_up(&app, "bob").await;
    let right = code(&app.mail(&bob.email));
    let grouped = format!("{} {}", &right[..3], &right[3..]);
    bob.agent.post("/auth/verify", json!({ "code": grouped })).await.expect(200);
    app.report.twin("OT-08");
}

async fn a_new_mail_replaces_the_old_one(app: App) {
    let mut ann = signed_up(&app, "ann").await;
    let old = token(&app.mail(&ann.email));
    let early = ann.agent.post("/auth/verify/resend", json!({ "email": ann.email })).await.expect(429);
    assert!(early.header("retry-after").is_some());
    app.advance(limits::RESEND_PAUSE);
    ann.agent.post("/auth/verify/resend", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    let new = token(&app.mail(&ann.email));
    assert_ne!(old, new);
    verify(&mut ann, &old).await.expect(410);
    verify(&mut ann, &new).await.expect(200);

    // Asking for an address that is proven, or unknown, gets the same answer; the owner is told, nobody else.
    app.advance(Duration::hours(2));
    let proven = app.agent().post("/auth/verify/resend", json!({ "email": ann.email })).await;
    let unknown = app.agent().post("/auth/verify/resend", json!({ "email": "nobody@example.test" })).await;
    assert_eq!(proven.outward(), unknown.outward());
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("already have an account"));
    assert!(app.mails("nobody@example.test").is_empty());
}

async fn a_pending_sign_in_goes_on_after_the_proof(app: App) {
    let mut ann = signed_up(&app, "ann").await;
    ann.sign_in().await.expect(200);
    let waiting = ann.agent.post("/auth/sign-in/continue", json!({})).await.expect(200).json();
    assert_eq!(waiting["step"], "verify_address");
    let token = token(&app.mail(&ann.email));
    verify(&mut ann, &token).await.expect(200);
    let done = ann.agent.post("/auth/sign-in/continue", json!({})).await.expect(200).json();
    assert_eq!(done["status"], "complete");
    assert!(ann.is_signed_in().await);
    let mut thief = app.agent();
    thief.cookies = ann.agent.cookies.clone();
    thief.cookies.remove("um_session");
    assert_eq!(thief.post("/auth/sign-in/continue", json!({})).await.expect(401).code(), "attempt_expired");
}

async fn secrets_of_one_kind_open_no_other_door(app: App) {
    let mut ann = signed_up(&app, "ann").await;
    ann.sign_in().await.expect(200);
    let mailed = token(&app.mail(&ann.email));
    let bob = Person::signed_in(&app, "bob").await;
    let cookie = |agent: &usermgmt_tests::Agent, name: &str| agent.cookies.get(name).cloned().unwrap_or_default();
    let secrets = [
        mailed.clone(),
        cookie(&ann.agent, "um_attempt"),
        cookie(&ann.agent, "um_browser"),
        cookie(&bob.agent, "um_session"),
        cookie(&bob.agent, "um_device"),
    ];
    assert!(secrets.iter().all(|secret| !secret.is_empty()));
    for (number, secret) in secrets.iter().enumerate() {
        if number != 0 {
            app.agent().post("/auth/verify", json!({ "token": secret })).await.expect(410);
        }
        if number != 3 {
            let mut agent = app.agent();
            agent.cookies.insert("um_session".into(), secret.clone());
            agent.get("/auth/me").await.expect(401);
        }
        if number != 1 {
            let mut agent = app.agent();
            agent.cookies.insert("um_attempt".into(), secret.clone());
            agent.cookies.insert("um_browser".into(), cookie(&ann.agent, "um_browser"));
            agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
        }
    }
    // Shown at the wrong door, a link is not used up.
    verify(&mut ann, &mailed).await.expect(200);
}
