//! The addresses of an account: adding, proving, removing, choosing the primary one, and mail that comes back.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_tests::app::{code, token};
use usermgmt_tests::{Agent, App, Person, Reply, cells};

cells!(
    an_address_is_added_once_approved_and_proven,
    without_approval_the_new_address_is_written_to,
    an_address_takes_the_place_of_the_primary_one,
    another_address_becomes_primary_and_any_other_goes,
    what_waits_is_shown_and_can_be_taken_back,
    the_page_does_it_all,
    a_code_works_in_the_browser_that_asked,
    there_are_ten_addresses_at_most,
    mail_that_comes_back_is_remembered_until_a_new_proof,
);

/// Asks for another address and does what was promised.
pub(crate) async fn ask(app: &App, person: &mut Person, email: &str) -> Reply {
    let reply = person.agent.post("/auth/me/emails", json!({ "email": email })).await;
    app.work().await;
    reply
}

pub(crate) async fn direct(app: App) -> App {
    app.configured(usermgmt_service::Builder::email_change_without_approval).await
}

/// Presses the button behind the newest mailed link to an address, in a browser of its own.
pub(crate) async fn press(app: &App, path: &str, mailbox: &str) -> Reply {
    let reply = app.agent().post(path, json!({ "token": token(&app.mail(mailbox)) })).await;
    app.work().await;
    reply
}

/// Adds a proven address without approval.
pub(crate) async fn add(app: &App, person: &mut Person, email: &str) {
    ask(app, person, email).await.expect(202);
    press(app, "/auth/emails/verify", email).await.expect(200);
}

pub(crate) async fn items(agent: &mut Agent) -> Vec<Value> {
    agent.get("/auth/me/emails").await.expect(200).json()["items"].as_array().unwrap().clone()
}

/// The addresses with `primary` and `verified`.
async fn listed(agent: &mut Agent) -> Vec<(String, bool, bool)> {
    let flag = |item: &Value, name: &str| item[name].as_bool().unwrap();
    let items = items(agent).await;
    items
        .iter()
        .map(|item| (item["email"].as_str().unwrap().to_owned(), flag(item, "primary"), flag(item, "verified")))
        .collect()
}

async fn signs_in(app: &App, person: &Person, email: &str) -> bool {
    let mut person = Person { email: email.into(), ..person.elsewhere(app) };
    let reply = person.sign_in().await;
    assert!([200, 401].contains(&reply.status.as_u16()), "{}", reply.body);
    reply.status == 200
}

async fn events(app: &App, kind: &str) -> usize {
    let events = app.events(None).await;
    events.iter().filter(|event| event.kind.as_str() == kind).count()
}

async fn an_address_is_added_once_approved_and_proven(app: App) {
    let (old, new) = ("ann@example.test", "ann@new.test");
    let mut ann = Person::signed_in(&app, "ann").await;
    app.advance(limits::STEP_UP_FRESH);
    let stale = ask(&app, &mut ann, new).await.expect(403);
    assert_eq!(stale.code(), "step_up_required");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    ask(&app, &mut ann, new).await.expect(202);

    // The new address alone decides nothing: nobody has written to it.
    assert!(app.mails(new).is_empty());
    assert!(app.mail(old).subject.contains("ann@new.test"), "{}", app.mail(old).subject);
    assert!(!signs_in(&app, &ann, new).await);
    app.agent().post("/auth/emails/verify", json!({ "token": token(&app.mail(old)) })).await.expect(410);
    press(&app, "/auth/emails/approve", old).await.expect(200);
    press(&app, "/auth/emails/approve", old).await.expect(410);
    assert!(!signs_in(&app, &ann, new).await && signs_in(&app, &ann, old).await, "not before it is proven");
    assert_eq!(listed(&mut ann.agent).await, [(old.into(), true, true), (new.into(), false, false)]);
    let before = app.mails(old).len();
    press(&app, "/auth/emails/verify", new).await.expect(200);
    press(&app, "/auth/emails/verify", new).await.expect(410);
    assert_eq!(listed(&mut ann.agent).await, [(old.into(), true, true), (new.into(), false, true)]);
    assert!(signs_in(&app, &ann, new).await && signs_in(&app, &ann, old).await);
    for kind in ["user.email_add_requested", "user.email_add_approved", "user.email_added"] {
        assert_eq!(events(&app, kind).await, 1, "{kind}");
    }
    app.report.requirement(4);
    app.report.twin("RS-13");

    // The old one was told, and can undo it.
    assert_eq!(app.mails(old).len(), before + 1);
    assert!(app.mail(old).subject.contains("was added"));
    press(&app, "/auth/secure", old).await.expect(200);
    assert!(!ann.is_signed_in().await && !signs_in(&app, &ann, new).await);
    assert_eq!(events(&app, "user.account_secured").await, 1);
    app.report.case("RS-13");
}

async fn without_approval_the_new_address_is_written_to(app: App) {
    let app = direct(app).await;
    let new = "ann@new.test";
    let mut ann = Person::signed_in(&app, "ann").await;
    let before = app.mails(&ann.email).len();
    ask(&app, &mut ann, new).await.expect(202);
    assert_eq!(app.mails(&ann.email).len(), before);
    assert!(!signs_in(&app, &ann, new).await);
    app.advance(limits::VERIFY_LINK_LIFE);
    press(&app, "/auth/emails/verify", new).await.expect(410);
    ann.sign_in().await.expect(200);
    add(&app, &mut ann, new).await;
    assert!(signs_in(&app, &ann, new).await && signs_in(&app, &ann, &ann.email).await);
    assert_eq!(app.mails(&ann.email).len(), before + 1, "the old one is told all the same");
}

async fn an_address_takes_the_place_of_the_primary_one(app: App) {
    let app = direct(app).await;
    let (old, new) = ("ann@example.test", "ann@new.test");
    let mut ann = Person::signed_in(&app, "ann").await;
    let body = json!({ "email": new, "replaces_primary": true });
    ann.agent.post("/auth/me/emails", body).await.expect(202);
    app.work().await;
    assert!(signs_in(&app, &ann, old).await);
    assert_eq!(ann.agent.get("/auth/me").await.json()["user"]["email"], old);
    press(&app, "/auth/emails/verify", new).await.expect(200);
    assert_eq!(listed(&mut ann.agent).await, [(new.into(), true, true)]);
    assert_eq!(ann.agent.get("/auth/me").await.json()["user"]["email"], new, "at the next request");
    assert!(signs_in(&app, &ann, new).await && !signs_in(&app, &ann, old).await);

    // A week long the former address brings it all back.
    app.advance(limits::UNDO_LIFE - Duration::MINUTE);
    press(&app, "/auth/secure", old).await.expect(200);
    assert!(!signs_in(&app, &ann, new).await && !signs_in(&app, &ann, old).await, "the password is void");
    let set = json!({ "token": token(&app.mail(old)), "password": "another one of ann's" });
    app.agent().post("/auth/reset", set).await.expect(200);
    ann.password = "another one of ann's".into();
    assert!(signs_in(&app, &ann, old).await && !signs_in(&app, &ann, new).await);
    // The address that went is free again.
    let mut other = Person { email: new.into(), ..Person::new(&app, "other") };
    other.sign_up().await.expect(202);
    app.work().await;
    assert!(app.mail(new).subject.contains("Confirm your"));
}

async fn another_address_becomes_primary_and_any_other_goes(app: App) {
    let app = direct(app).await;
    let (old, new) = ("ann@example.test", "ann@new.test");
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut bob = Person::signed_in(&app, "bob").await;
    for path in ["/auth/me/emails/remove", "/auth/me/emails/primary"] {
        ann.agent.post(path, json!({ "email": "nobody@example.test" })).await.expect(404);
        ann.agent.post(path, json!({ "email": bob.email })).await.expect(404);
        ann.agent.post(path, json!({ "email": "" })).await.expect(422);
        app.agent().post(path, json!({ "email": old })).await.expect(401);
    }
    let refused = ann.agent.post("/auth/me/emails/remove", json!({ "email": old })).await.expect(422);
    assert_eq!(refused.json()["fields"], json!([{ "field": "email", "code": "primary" }]), "the last one stays");
    add(&app, &mut ann, new).await;
    bob.agent.post("/auth/me/emails/primary", json!({ "email": new })).await.expect(404);
    ann.agent.post("/auth/me/emails/remove", json!({ "email": old })).await.expect(422);

    ann.agent.post("/auth/me/emails/primary", json!({ "email": "ANN@new.test" })).await.expect(200);
    ann.agent.post("/auth/me/emails/primary", json!({ "email": new })).await.expect(200);
    app.work().await;
    assert!(app.mail(old).subject.contains("another e-mail address"));
    assert_eq!(listed(&mut ann.agent).await, [(new.into(), true, true), (old.into(), false, true)]);
    ann.agent.post("/auth/me/emails/remove", json!({ "email": old })).await.expect(200);
    ann.agent.post("/auth/me/emails/remove", json!({ "email": old })).await.expect(404);
    app.work().await;
    assert!([old, new].iter().all(|to| app.mail(to).subject.contains("was removed")));
    assert_eq!(listed(&mut ann.agent).await, [(new.into(), true, true)]);
    assert!(!signs_in(&app, &ann, old).await && signs_in(&app, &ann, new).await);
    ann.agent.post("/auth/me/emails/remove", json!({ "email": new })).await.expect(422);
    app.report.requirement(13);

    app.advance(limits::STEP_UP_FRESH);
    for path in ["/auth/me/emails/remove", "/auth/me/emails/primary"] {
        assert_eq!(ann.agent.post(path, json!({ "email": new })).await.expect(403).code(), "step_up_required");
    }
}

async fn what_waits_is_shown_and_can_be_taken_back(app: App) {
    let app = direct(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    ask(&app, &mut ann, "first@new.test").await.expect(202);
    let first = token(&app.mail("first@new.test"));
    ask(&app, &mut ann, "second@new.test").await.expect(202);
    assert_eq!(listed(&mut ann.agent).await.last().unwrap(), &("second@new.test".into(), false, false));
    app.agent().post("/auth/emails/verify", json!({ "token": first })).await.expect(410);
    ann.agent.post("/auth/me/emails/remove", json!({ "email": "second@new.test" })).await.expect(200);
    assert_eq!(listed(&mut ann.agent).await.len(), 1);
    press(&app, "/auth/emails/verify", "second@new.test").await.expect(410);
    assert!(!signs_in(&app, &ann, "second@new.test").await);
}

async fn the_page_does_it_all(app: App) {
    let (old, new) = ("ann@example.test", "ann@new.test");
    let mut ann = Person::signed_in(&app, "ann").await;
    let (page, text) = ("/auth/account/emails", |id: &str| app.auth.texts().get("en", id, &[]));
    let wrong = ann.agent.submit(page, page, &[("email", "a@x.org,b@x.org")]).await.expect(422);
    assert!(wrong.body.contains("aria-invalid") && wrong.body.contains("a@x.org,b@x.org"));
    let next = ann.agent.fill(&wrong, page, &[("email", new)]).await.expect(303);
    app.work().await;
    let shown = ann.agent.follow(next).await.expect(200);
    assert!(shown.body.contains(&text("emails-asked-approval")) && shown.body.contains(new), "{}", shown.body);
    let link = usermgmt_tests::app::link(&app.mail(old));
    let opened = ann.agent.navigate(&link).await.expect(303);
    let opened = ann.agent.follow(opened).await.expect(200);
    assert!(opened.body.contains(new));
    let next = ann.agent.fill(&opened, "/auth/emails/approve", &[]).await.expect(303);
    app.work().await;
    let shown = ann.agent.follow(next).await.expect(200);
    assert!(shown.body.contains(&text("emails-approved")));
    let typed = code(&app.mail(new));
    let next =
        ann.agent.fill(&shown, "/auth/account/emails/code", &[("code", &format!(" {typed} "))]).await.expect(303);
    let shown = ann.agent.follow(next).await.expect(200);
    assert!(shown.body.contains(&text("emails-added")));
    let next = ann.agent.fill(&shown, "/auth/account/emails/primary", &[("email", new)]).await.expect(303);
    let shown = ann.agent.follow(next).await.expect(200);
    let next = ann.agent.fill(&shown, "/auth/account/emails/remove", &[("email", old)]).await.expect(303);
    let shown = ann.agent.follow(next).await.expect(200);
    assert!(shown.body.contains(&text("emails-removed")) && !shown.body.contains(old));
    let refused = ann.agent.fill(&shown, "/auth/account/emails/remove", &[("email", new)]).await.expect(422);
    assert!(refused.body.contains(&text("field-primary")), "{}", refused.body);
    // A form whose proof has grown old leads to the proof.
    app.advance(limits::STEP_UP_FRESH);
    let led = ann.agent.fill(&shown, page, &[("email", "late@new.test")]).await.expect(303);
    assert!(led.header("location").unwrap().starts_with("/auth/step-up"));
}

async fn a_code_works_in_the_browser_that_asked(app: App) {
    let app = direct(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut elsewhere = ann.elsewhere(&app);
    elsewhere.sign_in().await.expect(200);
    ask(&app, &mut ann, "ann@new.test").await.expect(202);
    let typed = json!({ "code": code(&app.mail("ann@new.test")) });
    for agent in [&mut elsewhere.agent, &mut app.agent()] {
        assert_eq!(agent.post("/auth/emails/verify", typed.clone()).await.expect(422).code(), "code_invalid");
    }
    ann.agent.post("/auth/emails/verify", typed.clone()).await.expect(200);
    ann.agent.post("/auth/emails/verify", typed).await.expect(422);

    // Three wrong ones use it up.
    ask(&app, &mut ann, "ann@third.test").await.expect(202);
    let right = code(&app.mail("ann@third.test"));
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..limits::CODE_TRIES {
        ann.agent.post("/auth/emails/verify", json!({ "code": wrong })).await.expect(422);
    }
    ann.agent.post("/auth/emails/verify", json!({ "code": right })).await.expect(422);
}

async fn there_are_ten_addresses_at_most(app: App) {
    let app = direct(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    for number in 1..limits::EMAILS_PER_USER {
        add(&app, &mut ann, &format!("ann{number}@new.test")).await;
    }
    ask(&app, &mut ann, "more@new.test").await.expect(202);
    press(&app, "/auth/emails/verify", "more@new.test").await.expect(410);
    assert_eq!(listed(&mut ann.agent).await.iter().filter(|(.., verified)| *verified).count(), limits::EMAILS_PER_USER);
    // One that takes another's place is not one more.
    let body = json!({ "email": "place@new.test", "replaces_primary": true });
    ann.agent.post("/auth/me/emails", body).await.expect(202);
    app.work().await;
    press(&app, "/auth/emails/verify", "place@new.test").await.expect(200);
}

async fn mail_that_comes_back_is_remembered_until_a_new_proof(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let users = app.auth.users("mail");
    users.mark_undeliverable("ANN@example.test").await.unwrap();
    users.mark_undeliverable(&ann.email).await.unwrap();
    users.mark_undeliverable("nobody@example.test").await.unwrap();
    assert_eq!(events(&app, "user.email_undeliverable").await, 1);
    assert_eq!(items(&mut ann.agent).await[0]["undeliverable"], true);
    let page = ann.agent.navigate("/auth/account/emails").await.expect(200);
    assert!(page.body.contains(&app.auth.texts().get("en", "account-emails-undeliverable", &[])));
    let before = app.mails(&ann.email).len();
    let email = ann.email.clone();
    let forgot = |app: &App| {
        let (mut agent, body) = (app.agent(), json!({ "email": email }));
        app.advance(Duration::minutes(2));
        async move { agent.post("/auth/forgot", body).await.expect(202) }
    };
    forgot(&app).await;
    app.work().await;
    let change = json!({ "password": ann.password, "new_password": "blowfish under daylight" });
    ann.agent.post("/auth/me/password", change).await.expect(200);
    app.work().await;
    assert_eq!(app.mails(&ann.email).len(), before, "nothing is sent to it");

    // Proven again, it is written to again.
    app.advance(Duration::minutes(2));
    ask(&app, &mut ann, &email).await.expect(202);
    press(&app, "/auth/emails/verify", &email).await.expect(200);
    let shown = items(&mut ann.agent).await;
    assert_eq!((shown.len(), &shown[0]["undeliverable"], &shown[0]["primary"]), (1, &json!(false), &json!(true)));
    let before = app.mails(&email).len();
    forgot(&app).await;
    app.work().await;
    assert_eq!(app.mails(&email).len(), before + 1);
    app.report.requirement(14);
}
