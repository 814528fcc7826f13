//! Phone numbers: accounts by them, beside addresses or without.

use serde_json::{Value, json};
use usermgmt_core::limits;
use usermgmt_core::model::Method;
use usermgmt_core::policy::{AuthPolicy, Demand, Evidence, SecondFactor, evaluate};
use usermgmt_core::port::Country;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{Builder, DevMailbox, KeptMail, Limits, MagicLink, Phones};
use usermgmt_tests::app::{code, token};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    a_number_is_the_name_of_an_account,
    six_configurations_pass_one_script,
    numbers_are_added_and_removed,
    a_texted_code_signs_in_unless_a_policy_bars_it,
    a_texted_code_sets_a_new_password,
    pages_speak_of_texts,
    nothing_changes_where_there_are_no_phones,
);

/// Numbers that are kept for films (North American Numbering Plan: 555-0100 to 555-0199).
pub(crate) const ANN: &str = "+12025550143";
pub(crate) const BOB: &str = "+13125550156";
pub(crate) const PASSWORD: &str = "blowfish under moonlight";

/// Where texts go to; national numbers are American.
pub(crate) fn countries() -> [Country; 2] {
    ["US", "GB"].map(|code| Country::parse(code).unwrap())
}

/// Limits that only say what a test is about.
pub(crate) fn roomy() -> Limits {
    let texts = Limits { texts_per_block: 1_000, texts_per_address: 1_000, ..Limits::default() };
    Limits { mails_per_address_hour: 1_000, mails_per_address_day: 1_000, sign_ups_per_address: 1_000, ..texts }
}

/// The application with phones that lie in this mailbox.
pub(crate) async fn with(
    app: App,
    texts: &DevMailbox,
    configure: impl FnOnce(Builder) -> Builder + Send + 'static,
) -> App {
    let texts = texts.clone();
    app.configured(move |builder| configure(builder.limits(roomy()).sms_sender(texts))).await
}

pub(crate) async fn beside_addresses(app: App, texts: &DevMailbox) -> App {
    with(app, texts, |builder| builder.phones(Phones::in_countries(countries()))).await
}

/// The newest text to a number.
pub(crate) fn text(texts: &DevMailbox, to: &str) -> KeptMail {
    texts.mails().into_iter().find(|text| text.to == to).unwrap_or_else(|| panic!("no text to {to}"))
}

fn texts_to(texts: &DevMailbox, to: &str) -> usize {
    texts.mails().iter().filter(|text| text.to == to).count()
}

/// The code in a text, as a person reads it, and as the phone does.
pub(crate) fn texted(text: &KeptMail) -> String {
    let read = text.text.split(' ').next().unwrap().to_owned();
    let (_, by_phone) = text.text.rsplit_once('#').expect("the line that phones read");
    assert_eq!(read, by_phone, "{}", text.text);
    read
}

pub(crate) async fn sign_up(agent: &mut Agent, name: &str) -> Reply {
    agent.post("/auth/sign-up", json!({ "email": name, "password": PASSWORD, "name": "Ann Quill" })).await
}

pub(crate) async fn verify(agent: &mut Agent, code: &str) -> Reply {
    agent.post("/auth/verify", json!({ "code": code })).await
}

pub(crate) async fn sign_in(mut agent: Agent, name: &str, password: &str) -> Reply {
    agent.post("/auth/sign-in", json!({ "email": name, "password": password })).await
}

/// Somebody who has proven a number, signed in.
pub(crate) async fn numbered(app: &App, texts: &DevMailbox, number: &str) -> Agent {
    let mut agent = app.agent();
    sign_up(&mut agent, number).await.expect(202);
    app.work().await;
    verify(&mut agent, &texted(&text(texts, number))).await.expect(200);
    agent.post("/auth/sign-in", json!({ "email": number, "password": PASSWORD })).await.expect(200);
    agent
}

/// Somebody with an address adds a number, which the holder of the address approves.
pub(crate) async fn add(app: &App, texts: &DevMailbox, person: &mut Person, number: &str) {
    person.agent.post("/auth/me/emails", json!({ "email": number })).await.expect(202);
    app.work().await;
    let asked = token(&app.mail(&person.email));
    person.agent.post("/auth/emails/approve", json!({ "token": asked })).await.expect(200);
    app.work().await;
    let sent = texted(&text(texts, number));
    person.agent.post("/auth/emails/verify", json!({ "code": sent })).await.expect(200);
    app.work().await;
}

pub(crate) fn codes(reply: &Reply) -> Value {
    reply.json()["fields"].clone()
}

async fn a_number_is_the_name_of_an_account(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    let mut ann = app.agent();
    // As it is dialled at home.
    sign_up(&mut ann, "(202) 555-0143").await.expect(202);
    app.work().await;
    let sent = text(&texts, ANN);
    assert!(sent.text.contains("to confirm this number for Example"), "{}", sent.text);
    assert!(sent.text.ends_with(&format!("\n\n@localhost #{}", texted(&sent))), "{}", sent.text);
    assert!(!sent.text.contains("http"), "people are warned of links in texts: {}", sent.text);
    // Another browser has another code.
    assert_eq!(verify(&mut app.agent(), &texted(&sent)).await.expect(422).code(), "code_invalid");
    let early = sign_in(app.agent(), ANN, PASSWORD).await.expect(200).json();
    assert_eq!((&early["status"], &early["step"]), (&json!("pending"), &json!("verify_address")), "{early}");
    verify(&mut ann, &texted(&sent)).await.expect(200);
    for written in [ANN, "+1 202 555 0143", "202.555.0143", "011 1 202 555 0143", " 12025550143 "] {
        let me = sign_in(app.agent(), written, PASSWORD).await.expect(200).json();
        assert_eq!((&me["status"], &me["user"]["email"]), (&json!("complete"), &Value::Null), "{written}: {me}");
        assert_eq!(sign_in(app.agent(), written, "not the password").await.expect(401).code(), "invalid_credentials");
    }
    // The number is nothing that a password may hold.
    let weak = json!({ "email": BOB, "password": "my 13125550156", "name": "Bob" });
    let weak = app.agent().post("/auth/sign-up", weak).await.expect(422);
    assert_eq!(codes(&weak), json!([{ "field": "password", "code": "contains_name" }]));
    // Addresses are names as ever.
    Person::signed_in(&app, "zoe").await;
    app.report.requirement(16);
}

/// One client, which knows of the application only whether it has passwords.
async fn script(app: &App, texts: &DevMailbox, name: &str, passwords: bool) {
    let newest = || if name.contains('@') { app.mail(name) } else { text(texts, name) };
    let proof = |message: &KeptMail| match message.html.is_some() && message.text.contains("token=") {
        true => json!({ "token": token(message) }),
        false if name.contains('@') => json!({ "code": code(message) }),
        false => json!({ "code": texted(message) }),
    };
    let (proving, signing_in) =
        if passwords { ("/auth/verify", "/auth/sign-in") } else { ("/auth/sign-in/mailed", "/auth/sign-in/mail") };
    let mut agent = app.agent();
    let mut entered = json!({ "email": name, "name": "Ann Quill" });
    if passwords {
        entered["password"] = PASSWORD.into();
    }
    agent.post("/auth/sign-up", entered).await.expect(202);
    app.work().await;
    let first = proof(&newest());
    assert!(agent.post(proving, json!({ "code": "000000" })).await.status.is_client_error());
    agent.post(proving, first.clone()).await.expect(200);
    let again = agent.post(proving, first).await;
    assert!(["link_invalid", "code_invalid"].contains(&again.code().as_str()), "a proof counts once: {}", again.body);
    // Another day, on another device.
    app.advance(time::Duration::days(1));
    let mut agent = app.agent();
    let asked = json!({ "email": name });
    if passwords {
        agent.post(signing_in, json!({ "email": name, "password": PASSWORD })).await.expect(200);
    } else {
        agent.post(signing_in, asked).await.expect(202);
        app.work().await;
        agent.post(proving, proof(&newest())).await.expect(200);
    }
    let me = agent.get("/auth/me").await.expect(200).json();
    let contacts = agent.get("/auth/me/emails").await.expect(200).json();
    let shown = contacts["items"][0]["email"].as_str().unwrap().replace(' ', "");
    assert_eq!((shown.as_str(), contacts["items"].as_array().unwrap().len()), (name, 1), "{me}");
    agent.post("/auth/sign-out", json!({})).await.expect(200);
    agent.get("/auth/me").await.expect(401);
}

async fn six_configurations_pass_one_script(mut app: App) {
    type Configure = fn(Builder) -> Builder;
    let configurations: [(&str, bool, Configure); 6] = [
        ("one@example.test", true, |builder| builder),
        ("+12025550102", true, |builder| builder.phones(Phones::in_countries(countries()))),
        ("+12025550103", true, |builder| builder.phones(Phones::in_countries(countries()).only())),
        ("four@example.test", false, |builder| builder.magic_link(MagicLink::link_only().without_passwords())),
        ("five@example.test", false, |builder| builder.magic_link(MagicLink::code_only().without_passwords())),
        ("+12025550106", false, |builder| builder.phones(Phones::in_countries(countries()).only().without_passwords())),
    ];
    for (name, passwords, configure) in configurations {
        let texts = DevMailbox::default();
        app = with(app, &texts, configure).await;
        script(&app, &texts, name, passwords).await;
    }
    // Both kinds of names without a password, whichever of the two says so.
    let by_mail: Configure = |builder| {
        let mails = MagicLink::code_only().without_passwords();
        builder.phones(Phones::in_countries(countries())).magic_link(mails)
    };
    let by_text: Configure = |builder| {
        let phones = Phones::in_countries(countries()).without_passwords();
        builder.phones(phones).magic_link(MagicLink::link_and_code())
    };
    for (number, configure) in [by_mail, by_text].into_iter().enumerate() {
        let texts = DevMailbox::default();
        app = with(app, &texts, configure).await;
        script(&app, &texts, &format!("seven{number}@example.test"), false).await;
        script(&app, &texts, &format!("+1202555017{number}"), false).await;
    }
    app.report.requirement(19);
}

async fn numbers_are_added_and_removed(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    let mut zoe = Person::signed_in(&app, "zoe").await;
    let add = async |agent: &mut Agent, name: &str| agent.post("/auth/me/emails", json!({ "email": name })).await;
    add(&mut zoe.agent, "(202) 555-0143").await.expect(202);
    app.work().await;
    assert_eq!(texts_to(&texts, ANN), 0, "the holder of the primary address is asked first");
    let asked = app.mail(&zoe.email);
    assert!(asked.subject.contains("+1 202 555 0143"), "{}", asked.subject);
    zoe.agent.post("/auth/emails/approve", json!({ "token": token(&asked) })).await.expect(200);
    app.work().await;
    let waiting = zoe.agent.get("/auth/me/emails").await.expect(200).json();
    assert_eq!(waiting["items"][1]["verified"], false, "{waiting}");
    let sent = texted(&text(&texts, ANN));
    zoe.agent.post("/auth/emails/verify", json!({ "code": sent })).await.expect(200);
    app.work().await;
    assert_eq!(app.mail(&zoe.email).subject, "A phone number was added to your account with Example");
    let items = zoe.agent.get("/auth/me/emails").await.expect(200).json()["items"].clone();
    let shown = |item: &Value| (item["email"].clone(), item["primary"].clone(), item["removable"].clone());
    assert_eq!(shown(&items[0]), (json!("zoe@example.test"), json!(true), json!(false)));
    assert_eq!(shown(&items[1]), (json!("+1 202 555 0143"), json!(true), json!(true)));
    sign_in(app.agent(), ANN, PASSWORD).await.expect(200);
    // Somebody else's number is theirs; they learn of the wish, and whoever wished does not.
    let mut bob = numbered(&app, &texts, BOB).await;
    app.advance(limits::RESEND_PAUSE);
    add(&mut bob, ANN).await.expect(202);
    app.work().await;
    assert!(text(&texts, ANN).text.contains("This phone number belongs to your account with Example"));
    let waiting = bob.get("/auth/me/emails").await.expect(200).json();
    assert_eq!((waiting["items"].as_array().unwrap().len(), &waiting["items"][1]["verified"]), (2, &json!(false)));
    // The only way to be reached stays.
    let kept = bob.post("/auth/me/emails/remove", json!({ "email": BOB })).await;
    assert_eq!(codes(&kept.expect(422)), json!([{ "field": "email", "code": "primary" }]));
    // Beside an address the last number may go.
    let gone = zoe.agent.post("/auth/me/emails/remove", json!({ "email": ANN })).await;
    gone.expect(200);
    app.work().await;
    assert_eq!(app.mail(&zoe.email).subject, "A phone number was removed from your account with Example");
    assert_eq!(sign_in(app.agent(), ANN, PASSWORD).await.expect(401).code(), "invalid_credentials");
}

async fn a_texted_code_signs_in_unless_a_policy_bars_it(app: App) {
    let texts = DevMailbox::default();
    let by_code = |builder: Builder| builder.phones(Phones::in_countries(countries()).sign_in_by_code());
    let app = with(app, &texts, by_code).await;
    numbered(&app, &texts, ANN).await;
    let mut agent = app.agent();
    let ask = async |app: &App, agent: &mut Agent| {
        app.advance(limits::RESEND_PAUSE);
        agent.post("/auth/sign-in/mail", json!({ "email": ANN })).await.expect(202);
        app.work().await;
        texted(&text(&texts, ANN))
    };
    let sent = ask(&app, &mut agent).await;
    assert_eq!(sent.len(), 8, "a code that signs in by itself has eight digits");
    let done = agent.post("/auth/sign-in/mailed", json!({ "code": sent })).await.expect(200).json();
    assert_eq!((&done["status"], &done["session"]["methods"]), (&json!("complete"), &json!(["sms"])), "{done}");
    // It is weak: what is sensitive asks for more.
    let refused = agent.post("/auth/me/emails", json!({ "email": BOB })).await.expect(403);
    assert_eq!(refused.code(), "step_up_required");
    // Mails do not sign in here.
    let refused = agent.post("/auth/sign-in/mail", json!({ "email": "ann@example.test" })).await.expect(422);
    assert_eq!(codes(&refused), json!([{ "field": "email", "code": "malformed_number" }]));

    // A policy that does not list it takes none; nor does it count as a second factor.
    let strict = AuthPolicy { methods: Some([Method::Password].into()), ..AuthPolicy::default() };
    let two = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    let secret = Bearer::parse(BearerKind::Session, &agent.cookies["um_session"]).unwrap();
    let principal = app.auth.principal(&secret).await.unwrap().unwrap();
    assert!(app.auth.multi_factor(&principal).is_err());
    for (policy, demand) in [(strict, Demand::AllowedMethod), (two, Demand::SecondFactor)] {
        let evidence = Evidence { proofs: principal.proofs(), created_at: app.now(), roles: &[] };
        assert_eq!(evaluate(&policy, evidence, app.now()), [demand]);
    }
    app.report.requirement(76);
}

async fn a_texted_code_sets_a_new_password(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    let mut before = numbered(&app, &texts, ANN).await;
    app.advance(limits::RESEND_PAUSE);
    let mut agent = app.agent();
    agent.post("/auth/forgot", json!({ "email": "(202) 555-0143" })).await.expect(202);
    app.work().await;
    let sent = texted(&text(&texts, ANN));
    let new = "a wholly other sentence";
    let reset = json!({ "code": sent, "password": new });
    agent.post("/auth/reset", reset.clone()).await.expect(200);
    assert!(agent.post("/auth/reset", reset).await.status.is_client_error(), "once");
    before.get("/auth/me").await.expect(401);
    sign_in(app.agent(), ANN, PASSWORD).await.expect(401);
    sign_in(app.agent(), ANN, new).await.expect(200);
    app.work().await;
    let notice = text(&texts, ANN);
    assert_eq!(notice.text, "Your password for Example was changed", "told where there is no address");
    // Whoever has an address gets a mail: numbers are easier to take over.
    let mut zoe = Person::signed_in(&app, "zoe").await;
    add(&app, &texts, &mut zoe, BOB).await;
    app.advance(limits::RESEND_PAUSE);
    let before = texts.mails().len();
    zoe.agent.post("/auth/forgot", json!({ "email": BOB })).await.expect(202);
    app.work().await;
    assert_eq!(texts.mails().len(), before);
    let reset = json!({ "token": token(&app.mail(&zoe.email)), "password": new });
    zoe.agent.post("/auth/reset", reset).await.expect(200);
    app.report.requirement(33);
}

async fn pages_speak_of_texts(app: App) {
    let texts = DevMailbox::default();
    let app = beside_addresses(app, &texts).await;
    let mut agent = app.agent();
    let page = agent.navigate("/auth/sign-up").await.expect(200);
    assert!(page.body.contains("E-mail address or phone number"), "{}", page.body);
    let fields = [("name", "Ann Quill"), ("email", "(202) 555-0143"), ("password", PASSWORD)];
    let sent = agent.submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(303);
    let sent = agent.follow(sent).await;
    assert!(sent.body.contains("Check your phone") && sent.body.contains("(202) 555-0143"), "{}", sent.body);
    app.work().await;
    let typed = texted(&text(&texts, ANN));
    let wrong = agent.submit("/auth/verify", "/auth/verify", &[("code", "000000"), ("email", "(202) 555-0143")]).await;
    assert!(wrong.body.contains("Code from the text"), "{}", wrong.body);
    let done = agent.submit("/auth/verify", "/auth/verify", &[("code", typed.as_str())]).await.expect(303);
    let page = agent.navigate(done.header("location").unwrap()).await.expect(200);
    assert!(page.body.contains("You can sign in now"), "{}", page.body);
    agent.submit("/auth/sign-in", "/auth/sign-in", &[("email", ANN), ("password", PASSWORD)]).await.expect(303);
    let own = agent.navigate("/auth/account/emails").await.expect(200);
    assert!(own.body.contains("+1 202 555 0143"), "{}", own.body);
    // Whoever has an address may have a number beside it.
    let account = Person::signed_in(&app, "max").await.agent.navigate("/auth/account").await.expect(200);
    assert!(account.body.contains("Addresses and phone numbers"), "{}", account.body);
    // Where mails are sent, pages say so.
    let mut other = app.agent();
    let fields = [("name", "Zoe"), ("email", "zoe@example.test"), ("password", PASSWORD)];
    let sent = other.submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(303);
    let sent = other.follow(sent).await;
    assert!(sent.body.contains("Check your mail"), "{}", sent.body);
    let app = with(app, &texts, |builder| builder.phones(Phones::in_countries(countries()).only())).await;
    let page = app.agent().navigate("/auth/sign-in").await.expect(200);
    assert!(page.body.contains("Phone number") && page.body.contains("type=\"tel\""), "{}", page.body);
    assert!(!page.body.contains("E-mail"), "{}", page.body);
}

async fn nothing_changes_where_there_are_no_phones(app: App) {
    for name in [ANN, "(202) 555-0143"] {
        let reply = sign_up(&mut app.agent(), name).await.expect(422);
        assert_eq!(codes(&reply), json!([{ "field": "email", "code": "malformed" }]));
        let reply = sign_in(app.agent(), name, PASSWORD).await.expect(422);
        assert_eq!(codes(&reply), json!([{ "field": "email", "code": "malformed" }]));
    }
    let page = app.agent().navigate("/auth/sign-up").await.expect(200);
    assert!(!page.body.contains("hone"), "{}", page.body);
}
