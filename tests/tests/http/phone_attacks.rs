//! What is tried with phone numbers: to make texts dear, to learn who has an account, to plant a number.

use serde_json::json;
use usermgmt_core::limits;
use usermgmt_service::{Builder, DevMailbox, KeptMail, Limits, Phones};
use usermgmt_tests::app::token;
use usermgmt_tests::{Agent, App, Person, cells};

use crate::phones::{
    ANN, BOB, PASSWORD, add, beside_addresses, codes, countries, numbered, roomy, sign_in, sign_up, text, texted,
    verify, with,
};

cells!(
    what_texts_cost_has_an_end,
    only_numbers_that_can_be_texted_are_taken,
    known_and_unknown_numbers_are_answered_alike,
    what_was_set_up_for_a_number_of_others_is_void,
    a_number_that_an_intruder_adds_is_undone_by_the_notice,
);

async fn what_texts_cost_has_an_end(app: App) {
    let texts = DevMailbox::default();
    let few = |limits: Limits| {
        let texts = texts.clone();
        move |builder: Builder| {
            builder.limits(limits).sms_sender(texts).phones(Phones::in_countries(countries()).sign_in_by_code())
        }
    };
    let ask =
        async |agent: &mut Agent, number: &str| agent.post("/auth/sign-in/mail", json!({ "email": number })).await;
    // Numbers of one block, known to nobody: known and unknown ones cost alike.
    let mut app = app.configured(few(Limits { texts_per_block: 3, ..roomy() })).await;
    let mut agent = app.agent();
    for number in 0..3 {
        ask(&mut agent, &format!("+120255501{number:02}")).await.expect(202);
    }
    let refused = ask(&mut agent, "+12025550199").await.expect(429);
    assert!(refused.header("retry-after").is_some(), "{}", refused.body);
    app.report.case("OT-12");
    ask(&mut agent, "+13125550143").await.expect(202);
    app.report.twin("OT-12");
    // The refusal has cost nobody anything: another block goes on, and an hour later so does this one.
    app.advance(time::Duration::HOUR);
    ask(&mut agent, "+12025550199").await.expect(202);

    // One client that asks for texts all over the country.
    app.advance(time::Duration::HOUR);
    app = app.configured(few(Limits { texts_per_address: 2, ..roomy() })).await;
    let mut agent = app.agent();
    for number in [ANN, "+13125550143"] {
        ask(&mut agent, number).await.expect(202);
    }
    ask(&mut agent, "+14155550143").await.expect(429);
    let mail = agent.post("/auth/forgot", json!({ "email": "somebody@example.test" })).await;
    mail.expect(202);

    // All of them together.
    app.advance(time::Duration::HOUR);
    app = app.configured(few(Limits { texts_per_hour: 2, ..roomy() })).await;
    for number in [ANN, "+13125550143"] {
        ask(&mut app.agent(), number).await.expect(202);
    }
    ask(&mut app.agent(), "+14155550143").await.expect(429);

    // One number.
    app.advance(time::Duration::DAY);
    app = app.configured(few(roomy())).await;
    ask(&mut app.agent(), ANN).await.expect(202);
    ask(&mut app.agent(), "(202) 555-0143").await.expect(429);
    app.work().await;
    assert_eq!(texts.mails().len(), 0, "nobody has any of these numbers: not one text was paid for");
}

async fn only_numbers_that_can_be_texted_are_taken(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    for (number, code) in [
        ("+44 909 879 0123", "not_texted"),
        ("+1 900 555 0143", "not_texted"),
        ("+1 876 555 0143", "country"),
        ("+33 6 12 34 56 78", "country"),
        ("+1 202 555", "no_such_number"),
        ("911", "no_such_number"),
        ("+1 202 555 0143 x5", "malformed"),
    ] {
        let reply = sign_up(&mut app.agent(), number).await.expect(422);
        assert_eq!(codes(&reply), json!([{ "field": "email", "code": code }]), "{number}");
    }
    app.work().await;
    assert_eq!(texts.mails().len(), 0);
    let every = |builder: Builder| builder.phones(Phones::in_every_country_at_any_cost().only());
    let app = with(app, &texts, every).await;
    for (number, code) in
        [("(202) 555-0143", "needs_country_code"), ("", "needs_number"), ("ann@example.test", "malformed_number")]
    {
        let reply = sign_up(&mut app.agent(), number).await.expect(422);
        assert_eq!(codes(&reply), json!([{ "field": "email", "code": code }]), "{number}");
    }
    sign_up(&mut app.agent(), "+33 6 12 34 56 78").await.expect(202);
    app.work().await;
    assert_eq!(text(&texts, "+33612345678").to, "+33612345678", "the provider sees E.164");
}

async fn known_and_unknown_numbers_are_answered_alike(app: App) {
    let texts = DevMailbox::default();
    let by_code = |builder: Builder| builder.phones(Phones::in_countries(countries()).sign_in_by_code());
    let app = with(app, &texts, by_code).await;
    numbered(&app, &texts, ANN).await;
    let before = texts.mails().len();
    for (path, passwords) in [("/auth/sign-in/mail", false), ("/auth/forgot", false), ("/auth/sign-up", true)] {
        app.advance(limits::RESEND_PAUSE);
        let mut replies = Vec::new();
        for name in [ANN, BOB] {
            let mut body = json!({ "email": name });
            if passwords {
                (body["password"], body["name"]) = (PASSWORD.into(), "Bob".into());
            }
            let reply = app.agent().post(path, body).await;
            replies.push((reply.status, reply.body));
        }
        assert_eq!(replies[0], replies[1], "{path}");
    }
    app.work().await;
    let sent = texts.mails().len() - before;
    assert_eq!(sent, 4, "a code to sign in, one for a new password, the notice to Ann; one text to Bob, who is new");
    let told = |text: &KeptMail| text.to == ANN && text.text == "You already have an account with Example";
    assert!(texts.mails().iter().any(told));
}

async fn what_was_set_up_for_a_number_of_others_is_void(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    // Mallory signs up with Ann's number and waits.
    let mut mallory = app.agent();
    sign_up(&mut mallory, ANN).await.expect(202);
    app.work().await;
    let first = texted(&text(&texts, ANN));
    app.advance(limits::RESEND_PAUSE);
    let mut ann = app.agent();
    let own = "quite another sentence";
    ann.post("/auth/sign-up", json!({ "email": ANN, "password": own, "name": "Ann" })).await.expect(202);
    app.work().await;
    let second = texted(&text(&texts, ANN));
    assert!(verify(&mut mallory, &second).await.status.is_client_error(), "a code of another browser");
    assert!(verify(&mut ann, &first).await.status.is_client_error(), "the earlier code is void");
    verify(&mut ann, &second).await.expect(200);
    assert_eq!(sign_in(app.agent(), ANN, PASSWORD).await.expect(401).code(), "invalid_credentials");
    sign_in(app.agent(), ANN, own).await.expect(200);
}

async fn a_number_that_an_intruder_adds_is_undone_by_the_notice(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    let mut zoe = Person::signed_in(&app, "zoe").await;
    add(&app, &texts, &mut zoe, ANN).await;
    let notice = app.mail(&zoe.email);
    assert_eq!(notice.subject, "A phone number was added to your account with Example");
    app.agent().post("/auth/secure", json!({ "token": token(&notice) })).await.expect(200);
    zoe.agent.get("/auth/me").await.expect(401);
    app.work().await;
    let reset = json!({ "token": token(&app.mail(&zoe.email)), "password": "a wholly other sentence" });
    zoe.agent.post("/auth/reset", reset).await.expect(200);
    sign_in(app.agent(), ANN, "a wholly other sentence").await.expect(401);
    sign_in(app.agent(), &zoe.email, "a wholly other sentence").await.expect(200);
}
