//! Addresses that belong to somebody else, or are claimed by several at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::limits;
use usermgmt_core::model::IdentifierKind;
use usermgmt_tests::app::{Setup, token};
use usermgmt_tests::faults::Watched;
use usermgmt_tests::{App, Person, Reply, cells};

use crate::emails::{add, ask, direct, items, press};

cells!(
    a_taken_address_looks_like_a_free_one,
    of_two_who_prove_an_address_at_once_one_gets_it,
    an_unproven_claim_keeps_nobody_from_an_address,
    several_recipients_and_disguises_are_refused,
    notices_to_an_address_are_few,
);

type Outward = (u16, Vec<(String, String)>, String);

/// What the asker sees with the address taken out, the calls of the store, and the mails that came.
struct Seen(Vec<Outward>, BTreeMap<&'static str, usize>, usize);

fn plain(reply: &Reply, email: &str) -> Outward {
    let (status, headers, body) = reply.outward();
    (status, headers, body.replace(email, "ADDRESS"))
}

async fn a_taken_address_looks_like_a_free_one(app: App) {
    let slot: Arc<Mutex<Option<Watched>>> = Arc::default();
    let mut app = app;
    for approval in [true, false] {
        let filled = slot.clone();
        app = app
            .restart(Setup {
                wrap: Box::new(move |inner| {
                    let watched = Watched::new(inner);
                    *filled.lock().unwrap() = Some(watched.clone());
                    Arc::new(watched)
                }),
                configure: Box::new(
                    move |builder| {
                        if approval { builder } else { builder.email_change_without_approval() }
                    },
                ),
                ..Setup::default()
            })
            .await;
        let store = slot.lock().unwrap().clone().unwrap();
        let local = |name: &str| format!("{name}{}", u8::from(approval));
        let owner = Person::verified(&app, &local("taken")).await;
        app.advance(time::Duration::hours(2));
        let free = format!("{}@example.test", local("freed"));
        let before = identifier(&app, &owner.email).await;
        let told = app.mails(&owner.email).len();
        let mut seen = Vec::new();
        for (name, email) in [("one", free.as_str()), ("two", owner.email.as_str())] {
            let mut asker = Person::signed_in(&app, &local(name)).await;
            asker.agent.get("/auth/me").await.expect(200);
            let mails = app.mails(&asker.email).len();
            let mut replies = Vec::new();
            store.take_calls();
            let asked = asker.agent.post("/auth/me/emails", json!({ "email": email })).await;
            let calls = store.take_calls();
            replies.push(plain(&asked.expect(202), email));
            app.work().await;
            if approval {
                let link = token(&app.mail(&asker.email));
                let approved = asker.agent.post("/auth/emails/approve", json!({ "token": link })).await;
                replies.push(plain(&approved.expect(200), email));
                app.work().await;
            }
            let mut list = items(&mut asker.agent).await;
            assert_eq!(list.len(), 2, "what was asked for is shown as waiting: {list:?}");
            list.iter_mut().for_each(|item| item["created_at"] = Value::Null);
            let list = Value::from(list).to_string().replace(&asker.email, "OWN").replace(email, "ADDRESS");
            replies.push((200, Vec::new(), list));
            seen.push(Seen(replies, calls, app.mails(&asker.email).len() - mails));
        }
        let (free_one, taken) = (&seen[0], &seen[1]);
        assert_eq!(free_one.0, taken.0);
        assert_eq!(free_one.1, taken.1, "the same work");
        assert_eq!(free_one.2, taken.2, "the same mails");

        // The owner was told, in a mail that can do nothing, and nothing of theirs has changed.
        assert_eq!(app.mails(&owner.email).len(), told + 1);
        let mail = app.mail(&owner.email);
        assert!(mail.subject.contains("belongs to your account") && !mail.text.contains("token="), "{}", mail.text);
        assert_eq!(identifier(&app, &owner.email).await, before);
        owner.elsewhere(&app).sign_in().await.expect(200);
        app.report.case("EN-09");
        press(&app, "/auth/emails/verify", &free).await.expect(200);
        app.report.twin("EN-09");
        app.advance(time::Duration::hours(25));
    }
}

async fn identifier(app: &App, email: &str) -> String {
    let store = &app.store.store;
    let record = store.sign_in_record(app.auth.realm(), IdentifierKind::Email, email).await.unwrap().unwrap();
    format!("{:?} {:?}", record.identifier, record.user)
}

async fn of_two_who_prove_an_address_at_once_one_gets_it(app: App) {
    let app = direct(app).await;
    let (mut ann, mut bob) = (Person::signed_in(&app, "ann").await, Person::signed_in(&app, "bob").await);
    let wanted = "wanted@example.test";
    let mut links = Vec::new();
    for person in [&mut ann, &mut bob] {
        ask(&app, person, wanted).await.expect(202);
        links.push(token(&app.mail(wanted)));
        app.advance(time::Duration::minutes(2));
    }
    let app =
        app.restart(Setup { wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, 2)), ..Setup::default() }).await;
    let racers = links.iter().map(|link| {
        let (mut agent, body) = (app.agent(), json!({ "token": link }));
        async move { agent.post("/auth/emails/verify", body).await }
    });
    let mut ended: Vec<_> =
        futures_util::future::join_all(racers).await.iter().map(|reply| reply.status.as_u16()).collect();
    ended.sort_unstable();
    assert_eq!(ended, [200, 410]);
    let winners = [&mut ann, &mut bob].map(|person| person.elsewhere(&app));
    let mut got = 0;
    for mut person in winners {
        person.sign_in().await.expect(200);
        let listed = items(&mut person.agent).await;
        got += listed.iter().filter(|item| item["email"] == wanted && item["verified"] == true).count();
    }
    assert_eq!(got, 1);
}

async fn an_unproven_claim_keeps_nobody_from_an_address(app: App) {
    let app = direct(app).await;
    let mut mallory = Person { email: "ann@work.test".into(), ..Person::new(&app, "mallory") };
    mallory.sign_up().await.expect(202);
    app.work().await;
    let stale = token(&app.mail(&mallory.email));
    app.advance(time::Duration::minutes(2));
    let mut ann = Person::signed_in(&app, "ann").await;
    add(&app, &mut ann, &mallory.email).await;
    assert_eq!(items(&mut ann.agent).await.len(), 2);

    // What the other had begun is void, and the address stays where it is.
    mallory.agent.post("/auth/verify", json!({ "token": stale })).await.expect(410);
    mallory.password = "mallory has plans".into();
    app.advance(time::Duration::minutes(2));
    mallory.sign_up().await.expect(202);
    app.work().await;
    mallory.sign_in().await.expect(401);
    Person { email: mallory.email, ..ann.elsewhere(&app) }.sign_in().await.expect(200);
}

async fn several_recipients_and_disguises_are_refused(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mails = app.mailbox.mails().len();
    for email in [
        "a@x.org,b@evil.org",
        "a@x.org;b@evil.org",
        "a@x.org\r\ncc:b@evil.org",
        "Ann <a@x.org>",
        "ann@exa\u{200d}mple.test",
    ] {
        for path in ["/auth/me/emails", "/auth/me/emails/primary", "/auth/me/emails/remove"] {
            let refused = ann.agent.post(path, json!({ "email": email })).await.expect(422);
            assert_eq!(refused.json()["fields"][0]["field"], "email", "{path} {email}");
        }
    }
    ann.agent.post("/auth/me/emails", json!({ "email": ["a@x.org", "b@evil.org"] })).await.expect(400);
    app.work().await;
    assert_eq!(app.mailbox.mails().len(), mails);
    app.report.case("EM-05");
    ask(&app, &mut ann, "ann+tag@new.test").await.expect(202);
    assert_eq!(app.mailbox.mails().len(), mails + 1);
    app.report.twin("EM-05");
}

async fn notices_to_an_address_are_few(app: App) {
    let app = direct(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let (old, new) = (ann.email.clone(), "ann@new.test");
    add(&app, &mut ann, new).await;
    let before = app.mailbox.mails().len();
    let mut refused = 0;
    for number in 0..limits::MAILS_PER_ADDRESS_DAY + 5 {
        let email = if number % 2 == 0 { new } else { &old };
        let reply = ann.agent.post("/auth/me/emails/primary", json!({ "email": email })).await;
        refused += usize::from(reply.status == 429);
    }
    assert!(refused >= 5, "{refused}");
    app.work().await;
    assert!(app.mailbox.mails().len() - before <= limits::MAILS_PER_ADDRESS_DAY as usize);
    app.advance(time::Duration::DAY);
    ann.sign_in().await.expect(200);
    ann.agent.post("/auth/me/emails/primary", json!({ "email": new })).await.expect(200);
}
