//! The rules for new passwords, wherever one is set.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::json;
use usermgmt_core::error::Error;
use usermgmt_core::password::{Composition, PasswordRules};
use usermgmt_core::port::{BreachError, BreachPrefix, BreachRange, BreachSource};
use usermgmt_service::{BreachCheck, Limits, NewUser};
use usermgmt_tests::app::token;
use usermgmt_tests::{App, Person, Reply, cells};

cells!(
    each_rule_of_composition_has_its_code,
    no_part_of_the_name_is_in_a_password,
    earlier_passwords_are_refused_if_that_is_wished,
    breached_passwords_are_refused_and_five_digits_leave,
    a_source_that_fails_decides_as_it_was_told,
    known_passwords_are_set_nowhere,
    nothing_is_composed_by_default,
    a_password_that_stands_alone_is_longer,
);

/// Eight, fourteen and fifteen characters.
const OF_LENGTH: [&str; 3] = ["k7#pq9Zt", "k7#pq9Zt mo4ss", "k7#pq9Zt mo4sss"];

async fn a_password_that_stands_alone_is_longer(app: App) {
    let app = with(app, PasswordRules::strict()).await;
    let [short, nearly, long] = OF_LENGTH;
    for (password, code) in [(short, "too_short"), (nearly, "too_short"), (long, "")] {
        assert_eq!(at_sign_up(&app, password).await, code, "{password}");
    }
    let page = app.agent().navigate("/auth/sign-up").await.expect(200);
    assert!(page.body.contains("15 characters"), "{}", page.body);
    let mut ann = Person::signed_in(&app, "ann").await;
    assert_eq!(at_change(&mut ann, nearly).await, "too_short");
    // Beside a second factor eight are enough.
    let own = ann.enrol(&app).await;
    assert_eq!(at_change(&mut ann, short).await, "");
    let page = ann.agent.navigate("/auth/account/password").await.expect(200);
    assert!(page.body.contains("8 characters"));
    let mut there = ann.elsewhere(&app);
    assert_eq!(there.sign_in().await.expect(200).json()["step"], "second_factor");
    assert_eq!(there.give(&own.code(&app)).await.expect(200).json()["status"], "complete");
    app.report.twin("PW-12");
    // Without it they are not: the next sign-in asks for a longer one, and takes none that is not.
    let factors = there.agent.get("/auth/me/factors").await.expect(200).json();
    let body = json!({ "factor": factors["factors"][0]["id"] });
    there.agent.post("/auth/me/factors/remove", body).await.expect(200);
    assert!(there.is_signed_in().await, "who is signed in stays so");
    let mut next = ann.elsewhere(&app);
    for _ in 0..2 {
        assert_eq!(next.sign_in().await.expect(200).json()["step"], "new_password");
        assert!(!next.is_signed_in().await);
    }
    for (password, status) in [(short, 422), (nearly, 422), (long, 200)] {
        next.agent.post("/auth/sign-in/new-password", json!({ "password": password })).await.expect(status);
    }
    next.password = long.into();
    assert_eq!(next.elsewhere(&app).sign_in().await.expect(200).json()["status"], "complete");
    app.report.case("PW-12");
    // By default eight do for everybody.
    let app = app.configured(|builder| builder).await;
    let mut bob = Person { password: short.into(), ..Person::new(&app, "bob") };
    bob.sign_up().await.expect(202);
}

async fn with(app: App, rules: PasswordRules) -> App {
    let limits = Limits { sign_ups_per_address: 1_000, step_ups_per_user: 1_000, ..Limits::default() };
    app.configured(move |builder| builder.password_rules(rules).limits(limits)).await
}

/// The code at the field of the password, or nothing if it was taken.
#[track_caller]
fn said(reply: Reply, field: &str) -> String {
    if reply.status.is_success() {
        return String::new();
    }
    let fields = reply.expect(422).json()["fields"].clone();
    assert_eq!((&fields[0]["field"], &fields[1]), (&json!(field), &json!(null)));
    fields[0]["code"].as_str().unwrap().to_owned()
}

async fn at_sign_up(app: &App, password: &str) -> String {
    let local_part = format!("p{}", app.mailbox.mails().len());
    let mut person = Person { password: password.into(), ..Person::new(app, &local_part) };
    let code = said(person.sign_up().await, "password");
    app.advance(time::Duration::minutes(2));
    app.work().await;
    code
}

async fn at_change(person: &mut Person, new: &str) -> String {
    let reply =
        person.agent.post("/auth/me/password", json!({ "password": person.password, "new_password": new })).await;
    let code = said(reply, "new_password");
    if code.is_empty() {
        person.password = new.into();
    }
    code
}

/// A fresh link to set a new password.
async fn reset_link(app: &App, email: &str) -> String {
    app.advance(time::Duration::minutes(15));
    app.agent().post("/auth/forgot", json!({ "email": email })).await.expect(202);
    app.work().await;
    token(&app.mail(email))
}

async fn at_reset(app: &App, link: &str, new: &str) -> String {
    said(app.agent().post("/auth/reset", json!({ "token": link, "password": new })).await, "password")
}

fn at_creation<T>(made: Result<T, Error>) -> String {
    match made {
        Ok(_) => String::new(),
        Err(Error::Invalid(invalid)) => invalid.fields()[0].code.to_owned(),
        Err(other) => panic!("{other}"),
    }
}

async fn each_rule_of_composition_has_its_code(app: App) {
    let off = Composition::default();
    let mut app = app;
    for (composition, lacks, code, has) in [
        (Composition { non_alphabetic: true, ..off }, "walrusintheafternoon", "needs_non_alphabetic", "walrus inthe"),
        (Composition { mixed_case: true, ..off }, "walrus 7 afternoon!", "needs_mixed_case", "Walrus afternoon"),
        (Composition { digit: true, ..off }, "Walrus afternoon!", "needs_digit", "walrus 7 afternoon"),
        (Composition { symbol: true, ..off }, "Walrus 7 afternoon", "needs_symbol", "walrus! afternoon"),
    ] {
        app = with(app, PasswordRules { composition, ..PasswordRules::default() }).await;
        assert_eq!(at_sign_up(&app, lacks).await, code);
        assert_eq!(at_sign_up(&app, has).await, "", "{code}");
        let mut ann = Person { password: "Walrus 7 moonlight!".into(), ..Person::new(&app, code) };
        ann.sign_up().await.expect(202);
        app.work().await;
        let link = token(&app.mail(&ann.email));
        ann.agent.post("/auth/verify", json!({ "token": link })).await.expect(200);
        ann.sign_in().await.expect(200);
        assert_eq!(at_change(&mut ann, lacks).await, code);
        let link = reset_link(&app, &ann.email).await;
        assert_eq!(at_reset(&app, &link, lacks).await, code);
        let fields = [("email", "x@new.test"), ("name", "X"), ("password", lacks)];
        let page = app.agent().submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(422);
        let text = app.auth.texts().get("en", &format!("field-{}", code.replace('_', "-")), &[]);
        assert!(page.body.contains(&text), "a text for each rule");
    }
    app.report.requirement(22);
}

async fn no_part_of_the_name_is_in_a_password(app: App) {
    let app = with(app, PasswordRules::default()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    for password in ["quillfeathers at noon", "my-QUILL-my-castle", "ｑｕｉｌｌ of the writer"] {
        assert_eq!(at_sign_up(&app, password).await, "contains_name", "{password}");
        assert_eq!(at_change(&mut ann, password).await, "contains_name", "{password}");
    }
    let link = reset_link(&app, &ann.email).await;
    assert_eq!(at_reset(&app, &link, "quillfeathers at noon").await, "contains_name");
    assert_eq!(at_reset(&app, &link, "walrus in the afternoon").await, "", "the link was not used up");
    let users = app.auth.users("test");
    let new = NewUser {
        email: "bo@new.test",
        name: "Bo Marsh",
        password: Some("marshland mornings".into()),
        email_is_verified: true,
    };
    assert_eq!(at_creation(users.create(new).await), "contains_name");
    app.report.requirement(23);
}

async fn earlier_passwords_are_refused_if_that_is_wished(app: App) {
    let app = with(app, PasswordRules { history: 3, ..PasswordRules::default() }).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let first = ann.password.clone();
    assert_eq!(at_change(&mut ann, &first).await, "reused", "the present one");
    for (new, refused) in [("second walrus here", &first), ("third walrus here", &first)] {
        assert_eq!(at_change(&mut ann, new).await, "");
        assert_eq!(at_change(&mut ann, refused).await, "reused");
    }
    let link = reset_link(&app, &ann.email).await;
    for used in [first.as_str(), "second walrus here", "third walrus here"] {
        assert_eq!(at_reset(&app, &link, used).await, "reused");
    }
    assert_eq!(at_reset(&app, &link, "fourth walrus here").await, "");
    ann.password = "fourth walrus here".into();
    ann.sign_in().await.expect(200);
    assert_eq!(at_change(&mut ann, "second walrus here").await, "reused");
    // The oldest of four is out of sight.
    assert_eq!(at_change(&mut ann, &first).await, "");
    app.report.requirement(25);

    // Without the rule nothing of the kind is asked.
    let app = with(app, PasswordRules::default()).await;
    let mut bob = Person::signed_in(&app, "bob").await;
    let present = bob.password.clone();
    assert_eq!(at_change(&mut bob, "second walrus here").await, "");
    assert_eq!(at_change(&mut bob, &present).await, "");
}

/// SHA-1 of `blowfish under starlight`, in two parts.
const BREACHED: (&str, &str, &str) = ("blowfish under starlight", "BBDE6", "447FB27095CA288420E2555648C3A42D54C");

/// Knows one password, and everything it was asked.
#[derive(Clone, Default)]
struct Source {
    asked: Arc<Mutex<Vec<String>>>,
    fails: bool,
}

#[async_trait]
impl BreachSource for Source {
    async fn range(&self, prefix: &BreachPrefix) -> Result<BreachRange, BreachError> {
        self.asked.lock().unwrap().push(prefix.as_str().to_owned());
        if self.fails {
            return Err(BreachError::because("the source is down"));
        }
        BreachRange::parse(&format!("{}:12\r\n0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n", BREACHED.2))
    }
}

impl Source {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn breached_passwords_are_refused_and_five_digits_leave(app: App) {
    let source = Source::default();
    let check = BreachCheck::by(source.clone());
    let app = app.configured(move |builder| builder.breach_check(check)).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    assert_eq!(source.taken().len(), 1, "once for each password that is set");
    assert_eq!(at_sign_up(&app, BREACHED.0).await, "breached");
    assert_eq!(at_change(&mut ann, BREACHED.0).await, "breached");
    let link = reset_link(&app, &ann.email).await;
    assert_eq!(at_reset(&app, &link, BREACHED.0).await, "breached");
    let new = NewUser { email: "bo@new.test", name: "Bo", password: Some(BREACHED.0.into()), email_is_verified: true };
    assert_eq!(at_creation(app.auth.users("test").create(new).await), "breached");
    assert_eq!(source.taken(), [BREACHED.1; 4], "five digits of a digest, and nothing else");
    // What breaks a rule is not asked about, nor is a password that is only entered.
    assert_eq!(at_sign_up(&app, "short").await, "too_short");
    assert_eq!(at_sign_up(&app, "password123").await, "common");
    ann.elsewhere(&app).sign_in().await.expect(200);
    assert!(source.taken().is_empty());
    assert_eq!(at_reset(&app, &link, "walrus in the afternoon").await, "");
    app.report.requirement(26);
}

async fn a_source_that_fails_decides_as_it_was_told(app: App) {
    let source = Source { fails: true, ..Source::default() };
    let accept = BreachCheck::by(source.clone());
    let refuse = BreachCheck::by(source.clone()).on_outage(usermgmt_service::OnOutage::Refuse);
    let app = app.configured(move |builder| builder.breach_check(accept)).await;
    assert_eq!(at_sign_up(&app, BREACHED.0).await, "", "accepted, and logged");
    let app = app.configured(move |builder| builder.breach_check(refuse)).await;
    let mut bob = Person { password: BREACHED.0.into(), ..Person::new(&app, "bob") };
    let refused = bob.sign_up().await.expect(503);
    assert!(refused.header("retry-after").is_some());
    bob.sign_up().await.expect(503);
    assert_eq!(source.taken().len(), 3, "whoever was refused need not wait to try again");
}

async fn known_passwords_are_set_nowhere(app: App) {
    let app = with(app, PasswordRules::default()).await;
    let mut ann = Person::signed_in(&app, "ann.walrus").await;
    let id = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let link = reset_link(&app, &ann.email).await;
    for (password, code) in [
        ("password123", "common"),
        ("QWERTYUIOP", "common"),
        ("1234567890", "common"),
        ("ann.walrus-2026", "contains_email"),
        ("Example-2026!", "contains_product"),
    ] {
        if code != "contains_email" {
            assert_eq!(at_sign_up(&app, password).await, code);
        }
        assert_eq!(at_change(&mut ann, password).await, code);
        assert_eq!(at_reset(&app, &link, password).await, code);
        let users = app.auth.users("test");
        let new = NewUser {
            email: "ann.walrus@new.test",
            name: "Bo",
            password: Some(password.into()),
            email_is_verified: true,
        };
        assert_eq!(at_creation(users.create(new).await), code);
        assert_eq!(at_creation(users.set_temporary_password(id, password.into()).await), code);
    }
    // Nor by the proof of an address, nor as the step of a sign-in.
    let mut bob = Person::new(&app, "bob");
    bob.sign_up().await.expect(202);
    app.work().await;
    let proof = token(&app.mail(&bob.email));
    let body = json!({ "token": proof, "password": "password123" });
    assert_eq!(said(app.agent().post("/auth/verify", body).await, "password"), "common");
    app.auth.users("test").require_new_password(id).await.unwrap();
    let mut step = ann.elsewhere(&app);
    step.sign_in().await.expect(200);
    let set = step.agent.post("/auth/sign-in/new-password", json!({ "password": "password123" })).await;
    assert_eq!(said(set, "password"), "common");
    app.report.case("PW-08");
    assert_eq!(at_sign_up(&app, "walrus password 123").await, "");
    assert_eq!(at_reset(&app, &link, "marsupials at midnight").await, "");
    app.report.twin("PW-08");
}

async fn nothing_is_composed_by_default(app: App) {
    let app = with(app, PasswordRules::default()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    for password in
        ["qzjxkvwmbphtgfd".to_owned(), "🦀".repeat(64), "a few words with spaces".into(), "хорошо бы выспаться".into()]
    {
        assert_eq!(at_sign_up(&app, &password).await, "", "{password}");
        assert_eq!(at_change(&mut ann, &password).await, "", "{password}");
        ann.elsewhere(&app).sign_in().await.expect(200);
    }
    // No age either: years later it still signs in.
    app.advance(time::Duration::days(3_650));
    let done = ann.elsewhere(&app).sign_in().await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    app.report.case("PW-11");
    app.report.twin("PW-11");
}
