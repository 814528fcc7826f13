//! Codes by text or mail as a second factor: set up, asked for, barred by a policy.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::policy::{AuthPolicy, SecondFactor};
use usermgmt_service::{Builder, DevMailbox, Phones, SentCodes};
use usermgmt_tests::app::code;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::phones::{ANN, BOB, countries, text, texted, with};
use crate::recovery::events;

cells!(
    a_phone_is_set_up_and_asked_for,
    a_mailbox_is_set_up_and_asked_for,
    pages_send_codes_and_take_them,
    a_policy_leads_to_codes_unless_it_bars_them,
    nothing_is_sent_where_it_was_not_switched_on,
);

pub(crate) async fn sending(app: App, texts: &DevMailbox) -> App {
    let codes = SentCodes::by_text_in(countries()).or_by_mail();
    with(app, texts, |builder| builder.weak_second_factors(codes)).await
}

/// Sets codes up that are sent by this, and answers the recovery codes.
pub(crate) async fn enrol(app: &App, texts: &DevMailbox, person: &mut Person, method: &str) -> Vec<String> {
    let body = json!({ "method": method, "number": ANN });
    let begun = person.agent.post("/auth/me/factors/sent-code", body).await.expect(202).json();
    app.work().await;
    let body = json!({ "factor": begun["factor"], "code": arrived(app, texts, person, method) });
    let confirmed = person.agent.post("/auth/me/factors/sent-code/confirm", body).await.expect(200).json();
    app.advance(limits::RESEND_PAUSE);
    let codes = confirmed["recovery_codes"].as_array().unwrap().iter();
    codes.map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// The code of the newest message.
pub(crate) fn arrived(app: &App, texts: &DevMailbox, person: &Person, method: &str) -> String {
    if method == "sms_code" { texted(&text(texts, ANN)) } else { code(&app.mail(&person.email)) }
}

/// Asks for a code in a sign-in that waits for it.
pub(crate) async fn ask(agent: &mut Agent, method: &str) -> Reply {
    agent.post("/auth/sign-in/second-factor/send", json!({ "method": method })).await
}

pub(crate) fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn methods(agent: &mut Agent) -> Value {
    agent.get("/auth/me").await.expect(200).json()["session"]["methods"].clone()
}

async fn a_phone_is_set_up_and_asked_for(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut other = ann.elsewhere(&app);
    other.sign_in().await.expect(200);
    let begin = "/auth/me/factors/sent-code";
    for (body, field, what) in [
        (json!({ "method": "sms_code" }), "number", "needs_number"),
        (json!({ "method": "sms_code", "number": "555" }), "number", "no_such_number"),
        (json!({ "method": "sms_code", "number": "+33 6 12 34 56 78" }), "number", "country"),
        (json!({ "method": "otp", "number": ANN }), "method", "unknown"),
        (json!({ "number": ANN }), "method", "required"),
    ] {
        let refused = ann.agent.post(begin, body).await.expect(422).json();
        assert_eq!((&refused["fields"][0]["field"], &refused["fields"][0]["code"]), (&json!(field), &json!(what)));
    }
    let body = json!({ "method": "sms_code", "number": "(202) 555-0143" });
    let begun = ann.agent.post(begin, body.clone()).await.expect(202).json();
    assert_eq!(begun["to"], "+1 202 555 0143");
    ann.agent.post(begin, body).await.expect(429);
    app.work().await;
    let right = texted(&text(&texts, ANN));
    let confirm = "/auth/me/factors/sent-code/confirm";
    // Mistyped: nothing has happened, and it can be typed again.
    for (code, status) in [(wrong(&right), 422), (String::new(), 422), ("12345".into(), 422)] {
        let body = json!({ "factor": begun["factor"], "code": code });
        ann.agent.post(confirm, body).await.expect(status);
    }
    assert!(other.is_signed_in().await);
    let body = json!({ "factor": begun["factor"], "code": right });
    let confirmed = ann.agent.post(confirm, body.clone()).await.expect(200).json();
    assert_eq!(confirmed["recovery_codes"].as_array().unwrap().len(), limits::RECOVERY_CODES);
    assert!(ann.is_signed_in().await && !other.is_signed_in().await, "the other sessions end");
    ann.agent.post(confirm, body).await.expect(404);
    let listed = ann.agent.get("/auth/me/factors").await.expect(200).json();
    assert_eq!(listed["factors"][0]["kind"], "sms_code");
    assert_eq!(listed["factors"][0]["to"], "+1 202 555 0143");
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("second factor"));
    assert_eq!(events(&app, AuditKind::FactorAdded).await.len(), 1);

    // Tomorrow, on another device.
    app.advance(Duration::DAY);
    let pending = other.sign_in().await.expect(200).json();
    assert_eq!(pending["methods"], json!(["sms_code", "recovery_code"]));
    // Nothing was sent by itself, and yesterday's code is over.
    other.give(&right).await.expect(422);
    let sent = ask(&mut other.agent, "sms_code").await.expect(202).json();
    assert_eq!(sent, json!({ "status": "sent", "to": "…43" }));
    ask(&mut other.agent, "email_code").await.expect(404);
    ask(&mut other.agent, "sms_code").await.expect(429);
    app.work().await;
    let right = texted(&text(&texts, ANN));
    assert!(text(&texts, ANN).text.contains("second code"));
    other.give(&wrong(&right)).await.expect(422);
    assert_eq!(other.give(&right).await.expect(200).json()["status"], "complete");
    assert_eq!(methods(&mut other.agent).await, json!(["pwd", "sms_code"]));
    assert_eq!(events(&app, AuditKind::SecondFactorCodeSent).await.len(), 2);
    app.report.requirement(70);

    // What is sensitive asks for it again, and the password alone is not enough.
    app.advance(limits::STEP_UP_FRESH);
    let remove = "/auth/me/factors/remove";
    let factor = json!({ "factor": listed["factors"][0]["id"] });
    let refused = other.agent.post(remove, factor.clone()).await.expect(403).json();
    assert_eq!(refused["challenge"]["step_up"]["methods"], json!(["sms_code", "recovery_code"]));
    other.agent.post("/auth/step-up", json!({ "password": other.password })).await.expect(403);
    let sent = other.agent.post("/auth/step-up/send", json!({ "method": "sms_code" })).await.expect(202).json();
    assert_eq!(sent["to"], "…43");
    app.work().await;
    other.agent.post("/auth/step-up", json!({ "code": texted(&text(&texts, ANN)) })).await.expect(200);

    // Another number takes the place of the first.
    app.advance(limits::RESEND_PAUSE);
    let begun = other.agent.post(begin, json!({ "method": "sms_code", "number": BOB })).await.expect(202).json();
    app.work().await;
    let body = json!({ "factor": begun["factor"], "code": texted(&text(&texts, BOB)) });
    let confirmed = other.agent.post(confirm, body).await.expect(200).json();
    assert_eq!(confirmed["recovery_codes"], json!([]), "the codes of before stay good");
    let listed = other.agent.get("/auth/me/factors").await.expect(200).json();
    assert_eq!(listed["factors"].as_array().unwrap().len(), 1);

    // And it is taken away.
    other.agent.post(remove, json!({ "factor": listed["factors"][0]["id"] })).await.expect(200);
    assert_eq!(ann.elsewhere(&app).sign_in().await.expect(200).json()["status"], "complete");
}

async fn a_mailbox_is_set_up_and_asked_for(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let recovery = enrol(&app, &texts, &mut ann, "email_code").await;
    let mut there = ann.elsewhere(&app);
    assert_eq!(there.sign_in().await.expect(200).json()["methods"], json!(["email_code", "recovery_code"]));
    let sent = ask(&mut there.agent, "email_code").await.expect(202).json();
    assert_eq!(sent["to"], "a…@example.test");
    app.work().await;
    let mail = app.mail(&ann.email);
    assert!(!mail.text.contains("token="), "a code and no link: {}", mail.text);
    assert!(mail.text.contains("somebody else knows your password"));
    there.give(&code(&mail)).await.expect(200);
    assert_eq!(methods(&mut there.agent).await, json!(["pwd", "email_code"]));
    // Beside it, an authenticator application: either does.
    let own = there.enrol(&app).await;
    let mut third = ann.elsewhere(&app);
    let pending = third.sign_in().await.expect(200).json();
    assert_eq!(pending["methods"], json!(["otp", "email_code", "recovery_code"]));
    third.give(&own.code(&app)).await.expect(200);
    let mut fourth = ann.elsewhere(&app);
    fourth.sign_in().await.expect(200);
    app.advance(limits::RESEND_PAUSE);
    ask(&mut fourth.agent, "email_code").await.expect(202);
    app.work().await;
    fourth.give(&code(&app.mail(&ann.email))).await.expect(200);
    // A device is trusted as after any other factor, and a recovery code stands in.
    let mut fifth = ann.elsewhere(&app);
    fifth.sign_in().await.expect(200);
    let body = json!({ "code": recovery[0], "trust_device": true });
    fifth.agent.post("/auth/sign-in/second-factor", body).await.expect(200);
    assert_eq!(fifth.sign_in().await.expect(200).json()["status"], "complete");
    app.report.requirement(70);
}

async fn pages_send_codes_and_take_them(app: App) {
    let texts = DevMailbox::default();
    let app = sending(app, &texts).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let page = ann.agent.navigate("/auth/account/factors").await.expect(200);
    assert!(page.body.contains("Codes by message"));
    let begin = "/auth/account/factors/sent-code";
    let typo = [("method", "sms_code"), ("number", "12")];
    let again = ann.agent.fill(&page, begin, &typo).await.expect(422);
    assert!(again.body.contains("value=\"12\""), "what was typed stays");
    let number = [("method", "sms_code"), ("number", ANN)];
    let enter = ann.agent.fill(&again, begin, &number).await.expect(200);
    assert!(enter.body.contains("+1 202 555 0143"), "{}", enter.body);
    app.work().await;
    let (factor, to, right) = (enter.field("factor"), enter.field("to"), texted(&text(&texts, ANN)));
    let confirm = "/auth/account/factors/sent-code/confirm";
    let bad = wrong(&right);
    let typo = [("factor", factor.as_str()), ("to", to.as_str()), ("code", bad.as_str())];
    let again = ann.agent.fill(&enter, confirm, &typo).await.expect(422);
    assert!(again.body.contains("newest message") && again.body.contains("+1 202 555 0143"));
    let done = [("factor", factor.as_str()), ("to", to.as_str()), ("code", right.as_str())];
    let codes = ann.agent.fill(&again, confirm, &done).await.expect(200);
    assert_eq!(codes.body.matches("<li><code>").count(), limits::RECOVERY_CODES);
    let page = ann.agent.navigate("/auth/account/factors?notice=code-added").await.expect(200);
    assert!(page.body.contains("+1 202 555 0143") && page.body.contains("we send you a code"));

    // Signing in.
    app.advance(limits::STEP_UP_FRESH);
    let mut there = app.agent();
    let fields = [("email", ann.email.as_str()), ("password", &ann.password), ("return_to", "/host/things")];
    let led = there.submit("/auth/sign-in", "/auth/sign-in", &fields).await.expect(303);
    let page = there.follow(led).await.expect(200);
    let (to, by) = (("return_to", "/host/things"), ("method", "sms_code"));
    assert!(page.body.contains("Text me a code") && !page.body.contains("Mail me a code"));
    let page = there.fill(&page, "/auth/second-factor/send", &[by, to]).await.expect(200);
    assert!(page.body.contains("We have sent a code to …43"));
    // Pressed twice: it says how long to wait, and the code that is on its way still works.
    let page = there.fill(&page, "/auth/second-factor/send", &[by, to]).await.expect(429);
    app.work().await;
    let right = texted(&text(&texts, ANN));
    let bad = wrong(&right);
    let page = there.fill(&page, "/auth/second-factor", &[("code", bad.as_str()), to]).await.expect(422);
    assert!(page.body.contains("newest message"));
    let led = there.fill(&page, "/auth/second-factor", &[("code", right.as_str()), to]).await.expect(303);
    assert_eq!(led.header("location"), Some("/host/things"));

    // The step-up sends one, and leads back.
    app.advance(limits::STEP_UP_FRESH);
    let page = there.navigate("/auth/step-up?return_to=%2Fauth%2Faccount%2Ffactors").await.expect(200);
    let to = ("return_to", "/auth/account/factors");
    let page = there.fill(&page, "/auth/step-up/send", &[by, to]).await.expect(200);
    assert!(page.body.contains("…43") && page.body.replace("&#x2f;", "/").contains("value=\"/auth/account/factors\""));
    app.work().await;
    let right = texted(&text(&texts, ANN));
    let led = there.fill(&page, "/auth/step-up", &[("code", right.as_str()), to]).await.expect(303);
    let page = there.follow(led).await.expect(200);
    there.fill(&page, "/auth/account/factors/remove", &[("factor", &factor)]).await.expect(303);
    // Whoever comes without a begun sign-in begins one.
    let page = app.agent().submit("/auth/sign-in", "/auth/second-factor/send", &[by]).await.expect(401);
    assert!(page.body.contains("name=\"password\""), "{}", page.body);
}

async fn a_policy_leads_to_codes_unless_it_bars_them(app: App) {
    let texts = DevMailbox::default();
    let mut ann = Person::verified(&app, "ann").await;
    let everybody = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let demanding = |policy: AuthPolicy| {
        let texts = texts.clone();
        let codes = SentCodes::by_text_in(countries()).or_by_mail();
        move |builder: Builder| builder.sms_sender(texts).weak_second_factors(codes).policy(policy)
    };
    let app = app.configured(demanding(everybody.clone())).await;
    ann = ann.elsewhere(&app);
    assert_eq!(ann.sign_in().await.expect(200).json()["step"], "enrol_factor");
    let page = ann.agent.navigate("/auth/enrol-factor").await.expect(200);
    let begin = "/auth/enrol-factor/sent-code";
    let page = ann.agent.fill(&page, begin, &[("method", "sms_code"), ("number", "12")]).await.expect(422);
    let page = ann.agent.fill(&page, begin, &[("method", "sms_code"), ("number", ANN)]).await.expect(200);
    app.work().await;
    let right = texted(&text(&texts, ANN));
    let (factor, to) = (page.field("factor"), page.field("to"));
    // An enrolment that is none (any more) leads back to all ways.
    let none = [("factor", "fct_00000000000000000000000000000001"), ("to", &to), ("code", &right)];
    for confirm in ["/auth/enrol-factor/sent-code/confirm", "/auth/enrol-factor/confirm"] {
        let fields = if confirm.contains("sent") { &none[..] } else { &[none[0], none[2]] };
        let again = ann.agent.fill(&page, confirm, fields).await.expect(404);
        assert!(again.body.contains("name=\"number\"") && again.body.contains("authenticator app"), "{}", again.body);
    }
    let fields = [("factor", factor.as_str()), ("to", to.as_str()), ("code", right.as_str())];
    let codes = ann.agent.fill(&page, "/auth/enrol-factor/sent-code/confirm", &fields).await.expect(200);
    assert_eq!(codes.body.matches("<li><code>").count(), limits::RECOVERY_CODES);
    assert!(ann.is_signed_in().await);
    assert_eq!(methods(&mut ann.agent).await, json!(["pwd", "sms_code"]));

    // Barred: what was enrolled is asked for, and then a stronger one.
    let strict = AuthPolicy { bars_sent_codes: true, ..everybody };
    let app = app.configured(demanding(strict)).await;
    ann = ann.elsewhere(&app);
    app.advance(limits::RESEND_PAUSE);
    assert_eq!(ann.sign_in().await.expect(200).json()["step"], "second_factor");
    ask(&mut ann.agent, "sms_code").await.expect(202);
    app.work().await;
    let pending = ann.give(&texted(&text(&texts, ANN))).await.expect(200).json();
    assert_eq!(pending["step"], "enrol_factor");
    assert!(!ann.is_signed_in().await);
    for method in ["sms_code", "email_code"] {
        let body = json!({ "method": method, "number": BOB });
        ann.agent.post("/auth/sign-in/sent-code", body).await.expect(404);
    }
    let page = ann.agent.navigate("/auth/enrol-factor").await.expect(200);
    assert!(!page.body.contains("sent-code") && page.body.contains("authenticator app"));
    let begun = ann.agent.post("/auth/sign-in/totp", json!({})).await.expect(200).json();
    let (id, secret) = (begun["factor"].as_str().unwrap(), begun["secret"].as_str().unwrap());
    let own = usermgmt_tests::authenticator::Authenticator::with_secret(id, secret);
    let body = json!({ "factor": own.id, "code": own.code(&app) });
    let done = ann.agent.post("/auth/sign-in/totp/confirm", body).await.expect(200).json();
    assert_eq!(done["status"], "complete");
    assert_eq!(methods(&mut ann.agent).await, json!(["pwd", "sms_code", "otp"]));
    // What counts cannot be removed in favour of what does not.
    let refused = ann.agent.post("/auth/me/factors/remove", json!({ "factor": own.id })).await.expect(409);
    assert_eq!(refused.code(), "factor_required");
    app.report.requirement(76);
}

async fn nothing_is_sent_where_it_was_not_switched_on(app: App) {
    let texts = DevMailbox::default();
    let app = with(app, &texts, |builder| {
        builder.phones(Phones::in_countries(countries())).weak_second_factors(SentCodes::by_mail())
    })
    .await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let by_text = json!({ "method": "sms_code", "number": ANN });
    ann.agent.post("/auth/me/factors/sent-code", by_text.clone()).await.expect(404);
    let page = ann.agent.navigate("/auth/account/factors").await.expect(200);
    assert!(!page.body.contains("name=\"number\"") && page.body.contains("email_code"));
    let app = app.configured(|builder| builder).await;
    ann = ann.elsewhere(&app);
    ann.sign_in().await.expect(200);
    for body in [by_text, json!({ "method": "email_code" })] {
        ann.agent.post("/auth/me/factors/sent-code", body).await.expect(404);
    }
    let page = ann.agent.navigate("/auth/account/factors").await.expect(200);
    assert!(!page.body.contains("sent-code"));
    app.agent().post("/auth/me/factors/sent-code", json!({ "method": "email_code" })).await.expect(401);
    ask(&mut app.agent(), "sms_code").await.expect(401);
}
