//! What is tried with codes that are sent as a second factor.

use futures_util::future::join_all;
use serde_json::json;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::limits;
use usermgmt_service::{Builder, DevMailbox, Limits, SentCodes, TrustedProxies};
use usermgmt_tests::app::{Setup, code, token};
use usermgmt_tests::{App, Person, cells};

use crate::phones::{ANN, BOB, countries, roomy, text, texted};
use crate::sent_codes::{arrived, ask, enrol, sending, wrong};

cells!(
    a_code_belongs_to_what_asked_for_it,
    fifty_uses_of_one_code_are_one,
    three_wrong_codes_rest_the_factor_however_many_are_sent,
    a_message_and_a_code_in_another_set_no_password,
    strangers_use_up_nobodys_codes,
    a_number_is_not_claimed_by_guessing,
);

async fn a_code_belongs_to_what_asked_for_it(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    enrol(&app, &texts, &mut ann, "sms_code").await;
    let (mut first, mut second) = (ann.elsewhere(&app), ann.elsewhere(&app));
    for browser in [&mut first, &mut second] {
        browser.sign_in().await.expect(200);
    }
    ask(&mut first.agent, "sms_code").await.expect(202);
    app.work().await;
    let of_first = texted(&text(&texts, ANN));
    // In another sign-in, in a session, at an enrolment.
    second.give(&of_first).await.expect(422);
    ann.agent.post("/auth/step-up", json!({ "code": of_first })).await.expect(422);
    // In the same browser, in the sign-in after it.
    first.sign_in().await.expect(200);
    first.give(&of_first).await.expect(422);
    app.advance(limits::SECOND_FACTOR_WINDOW);
    first.sign_in().await.expect(200);
    second.sign_in().await.expect(200);
    ask(&mut first.agent, "sms_code").await.expect(202);
    app.work().await;
    let older = texted(&text(&texts, ANN));
    app.advance(limits::RESEND_PAUSE);
    ask(&mut second.agent, "sms_code").await.expect(202);
    app.work().await;
    let newer = texted(&text(&texts, ANN));
    // The one before is void, and the newer one is not of this sign-in.
    first.give(&older).await.expect(422);
    first.give(&newer).await.expect(422);
    app.report.case("OT-04");
    app.report.case("MF-05");
    second.give(&newer).await.expect(200);
    app.report.twin("OT-04");
    app.report.twin("MF-05");
    // Ten minutes, and not one more.
    for (late, status) in [(-time::Duration::SECOND, 200), (time::Duration::ZERO, 422)] {
        app.advance(limits::RESEND_PAUSE);
        second.agent.post("/auth/step-up/send", json!({ "method": "sms_code" })).await.expect(202);
        app.work().await;
        let sent = texted(&text(&texts, ANN));
        app.advance(limits::CODE_LIFE + late);
        second.agent.post("/auth/step-up", json!({ "code": sent })).await.expect(status);
    }
    app.report.case("OT-10");
}

async fn fifty_uses_of_one_code_are_one(app: App) {
    const RACERS: usize = 50;
    let texts = DevMailbox::default();
    let unlimited = |texts: &DevMailbox| {
        let (texts, codes) = (texts.clone(), SentCodes::by_text_in(countries()));
        let limits = Limits { wrong_second_factors: 1_000, wrong_second_factors_day: 1_000, ..roomy() };
        move |builder: Builder| builder.limits(limits).sms_sender(texts).weak_second_factors(codes)
    };
    let app = app.configured(unlimited(&texts)).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    enrol(&app, &texts, &mut ann, "sms_code").await;
    let mut there = ann.elsewhere(&app);
    there.sign_in().await.expect(200);
    ask(&mut there.agent, "sms_code").await.expect(202);
    app.work().await;
    let sent = texted(&text(&texts, ANN));
    let setup = Setup {
        wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, RACERS)),
        configure: Box::new(unlimited(&texts)),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let mut racers: Vec<_> = (0..RACERS).map(|_| there.elsewhere(&app)).collect();
    for racer in &mut racers {
        racer.agent.cookies = there.agent.cookies.clone();
    }
    let replies = join_all(racers.iter_mut().map(|racer| racer.give(&sent))).await;
    let won = replies.iter().filter(|reply| reply.status.as_u16() == 200).count();
    assert_eq!(won, 1, "{:?}", replies.iter().map(|reply| reply.status.as_u16()).collect::<Vec<_>>());
    app.report.case("OT-03");
    app.report.twin("OT-03");
}

async fn three_wrong_codes_rest_the_factor_however_many_are_sent(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let app = app.configured({
        let texts = texts.clone();
        let codes = SentCodes::by_text_in(countries()).or_by_mail();
        move |builder| {
            builder
                .trusted_proxies(TrustedProxies::Hops(1))
                .limits(roomy())
                .sms_sender(texts)
                .weak_second_factors(codes)
        }
    });
    let app = app.await;
    let mut ann = Person::signed_in(&app, "ann").await;
    enrol(&app, &texts, &mut ann, "email_code").await;
    // Over addresses, sign-ins and codes that are sent anew.
    let mut refused = Vec::new();
    for number in 0..6 {
        let mut thief = ann.elsewhere(&app);
        thief.agent = thief.agent.with("x-forwarded-for", &format!("203.0.113.{number}"));
        thief.sign_in().await.expect(200);
        ask(&mut thief.agent, "email_code").await.expect(202);
        app.work().await;
        let right = arrived(&app, &texts, &ann, "email_code");
        let guess = if number < 3 { wrong(&right) } else { right };
        refused.push(thief.give(&guess).await.code());
        app.advance(limits::RESEND_PAUSE);
    }
    assert_eq!(refused[..3], ["code_invalid"; 3]);
    assert_eq!(refused[3..], ["too_many_attempts"; 3], "the right one, too");
    app.report.case("OT-02");
    app.report.case("OT-06");
    app.report.case("MF-02");
    app.report.requirement(71);
    app.work().await;
    assert!(app.mails(&ann.email).iter().any(|mail| mail.subject.contains("knows your password")), "the owner is told");
    app.advance(limits::SECOND_FACTOR_WINDOW);
    let mut owner = ann.elsewhere(&app);
    owner.sign_in().await.expect(200);
    ask(&mut owner.agent, "email_code").await.expect(202);
    app.work().await;
    owner.give(&arrived(&app, &texts, &ann, "email_code")).await.expect(200);
    app.report.twin("MF-02");
}

async fn a_message_and_a_code_in_another_set_no_password(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let recovery = enrol(&app, &texts, &mut ann, "email_code").await;
    // Whoever reads the mail asks for a new password, and for a code wherever one is sent.
    let mut thief = ann.elsewhere(&app);
    thief.agent.post("/auth/forgot", json!({ "email": ann.email })).await.expect(202);
    app.work().await;
    let link = token(&app.mail(&ann.email));
    let reset = |second: Option<&str>| json!({ "token": link, "password": "set by a thief!", "second_factor": second });
    let refused = thief.agent.post("/auth/reset", reset(None)).await.expect(403).json();
    assert_eq!(refused["challenge"]["second_factor"]["methods"], json!(["recovery_code"]), "nothing that is sent");
    ask(&mut thief.agent, "email_code").await.expect(401);
    let mut signed_in = ann.agent.clone();
    signed_in.post("/auth/step-up/send", json!({ "method": "email_code" })).await.expect(202);
    app.work().await;
    let sent = code(&app.mail(&ann.email));
    thief.agent.post("/auth/reset", reset(Some(&sent))).await.expect(422);
    thief.sign_in().await.expect(200);
    app.report.case("OT-13");
    // Its owner has kept the recovery codes.
    thief.agent.post("/auth/reset", reset(Some(&recovery[0]))).await.expect(200);
    app.report.twin("OT-13");
}

async fn strangers_use_up_nobodys_codes(app: App) {
    let texts = DevMailbox::default();
    let codes = SentCodes::by_text_in(countries()).or_by_mail();
    let sender = texts.clone();
    let app = app.configured(move |builder| builder.sms_sender(sender).weak_second_factors(codes)).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    enrol(&app, &texts, &mut ann, "email_code").await;
    // Who only knows the address asks for mails to it until no more are sent.
    let mut stranger = app.agent();
    loop {
        app.advance(limits::RESEND_PAUSE);
        let reply = stranger.post("/auth/forgot", json!({ "email": ann.email })).await;
        if reply.status.as_u16() == 429 {
            break;
        }
        reply.expect(202);
        app.work().await;
    }
    let mut there = ann.elsewhere(&app);
    there.sign_in().await.expect(200);
    ask(&mut there.agent, "email_code").await.expect(202);
    app.work().await;
    there.give(&arrived(&app, &texts, &ann, "email_code")).await.expect(200);
    // Who knows the password, too, has codes sent so often an hour and no more.
    let mut thief = ann.elsewhere(&app);
    thief.sign_in().await.expect(200);
    let mut sent = 0;
    loop {
        app.advance(limits::RESEND_PAUSE);
        if thief.sign_in().await.expect(200).json()["status"] != "pending" {
            break;
        }
        match ask(&mut thief.agent, "email_code").await.status.as_u16() {
            202 => sent += 1,
            429 => break,
            other => panic!("{other}"),
        }
    }
    assert!(sent < limits::MAILS_PER_ADDRESS_HOUR, "{sent}");
    app.report.case("OT-12");
}

async fn a_number_is_not_claimed_by_guessing(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let body = json!({ "method": "sms_code", "number": BOB });
    let begun = ann.agent.post("/auth/me/factors/sent-code", body).await.expect(202).json();
    app.work().await;
    let right = texted(&text(&texts, BOB));
    let confirm = "/auth/me/factors/sent-code/confirm";
    for _ in 0..limits::CODE_TRIES {
        let body = json!({ "factor": begun["factor"], "code": wrong(&right) });
        ann.agent.post(confirm, body).await.expect(422);
    }
    // Five were looked at; the right one comes too late.
    let body = json!({ "factor": begun["factor"], "code": right });
    assert_eq!(ann.agent.post(confirm, body.clone()).await.expect(422).code(), "code_invalid");
    // An enrolment is of one account.
    app.advance(limits::RESEND_PAUSE);
    let mut bob = Person::signed_in(&app, "bob").await;
    bob.agent.post(confirm, body).await.expect(404);
    let listed = ann.agent.get("/auth/me/factors").await.expect(200).json();
    assert_eq!(listed["factors"], json!([]), "what was not confirmed counts for nothing");
    app.report.case("MF-06");
    app.report.case("OT-01");
}
