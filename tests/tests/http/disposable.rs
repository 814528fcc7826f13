//! Addresses that are made to be thrown away, and many addresses of one mailbox.

use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::UserStatus;
use usermgmt_service::{DisposableAddresses, DomainList};
use usermgmt_tests::{App, Person, cells};

cells!(throw_away_addresses_are_refused, throw_away_addresses_are_held, aliases_are_counted_together_and_are_not_one);

fn listed() -> DomainList {
    DomainList::parse("throwaway.test\n")
}

fn at(app: &App, address: &str) -> Person {
    Person { email: address.to_owned(), organization: None, ..Person::new(app, "x") }
}

async fn throw_away_addresses_are_refused(app: App) {
    // An account that was there before does not show.
    at(&app, "known@throwaway.test").sign_up().await.expect(202);
    app.work().await;
    let app = app.configured(|builder| builder.disposable_addresses(DisposableAddresses::refused(listed()))).await;
    let mut replies = Vec::new();
    for address in ["known@throwaway.test", "new@throwaway.test", "New@Sub.Throwaway.TEST"] {
        let reply = at(&app, address).sign_up().await.expect(422);
        assert_eq!(reply.json()["fields"], json!([{ "field": "email", "code": "disposable" }]));
        replies.push(reply.outward());
    }
    assert!(replies.iter().all(|reply| reply.2 == replies[0].2));
    let fields = [("email", "new@throwaway.test"), ("password", "blowfish under moonlight"), ("name", "N")];
    let page = app.agent().submit("/auth/sign-up", "/auth/sign-up", &fields).await.expect(422);
    assert!(page.body.contains("throw-away address"), "{}", page.body);
    app.work().await;
    assert_eq!(app.mails("new@throwaway.test").len(), 0);
    at(&app, "new@notthrowaway.test").sign_up().await.expect(202);
    // Who is there already goes on: the mail can be asked for again.
    app.advance(limits::RESEND_PAUSE);
    app.agent().post("/auth/verify/resend", json!({ "email": "known@throwaway.test" })).await.expect(202);
    app.report.requirement(182);
}

async fn throw_away_addresses_are_held(app: App) {
    let app = app.configured(|builder| builder.disposable_addresses(DisposableAddresses::held(listed()))).await;
    let (mut held, mut free) = (at(&app, "held@throwaway.test"), at(&app, "free@example.test"));
    let (one, other) = (held.sign_up().await.expect(202), free.sign_up().await.expect(202));
    assert_eq!(one.outward(), other.outward(), "nobody is told");
    app.work().await;
    for person in [&mut held, &mut free] {
        let token = usermgmt_tests::app::token(&app.mail(&person.email));
        person.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
    }
    free.sign_in().await.expect(200);
    assert_eq!(held.sign_in().await.expect(403).code(), "account_unavailable");
    let events = app.events(None).await;
    assert_eq!(events.iter().filter(|event| event.kind.as_str() == "user.sign_up_held").count(), 1);
    // Somebody looks at it and lets them in.
    let users = app.auth.users("looked at");
    let user = users.by_email(&held.email).await.unwrap().user;
    assert_eq!(user.status, UserStatus::Inactive);
    users.set_status(user.id, UserStatus::Active).await.unwrap();
    held.sign_in().await.expect(200);
    app.report.requirement(182);
}

async fn aliases_are_counted_together_and_are_not_one(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let alias = |number: u32| at(&app, &format!("ann+{number}@example.test"));
    // The first was Ann herself.
    for number in 1..limits::SIGN_UPS_PER_MAILBOX {
        alias(number).sign_up().await.expect(202);
    }
    assert_eq!(alias(99).sign_up().await.expect(429).code(), "too_many_attempts");
    assert_eq!(at(&app, "ANN+y@Example.TEST").sign_up().await.expect(429).code(), "too_many_attempts");
    at(&app, "annie+x@example.test").sign_up().await.expect(202);
    app.work().await;
    // Each is an account of its own: a password of one is none of another, a reset of one is none of another.
    for number in 1..limits::SIGN_UPS_PER_MAILBOX {
        assert_eq!(app.mails(&format!("ann+{number}@example.test")).len(), 1);
    }
    let mut stranger = at(&app, "ann+1@example.test");
    assert_eq!(stranger.sign_in().await.expect(200).json()["status"], "pending");
    let before = app.mails(&ann.email).len();
    app.advance(limits::RESEND_PAUSE);
    app.agent().post("/auth/forgot", json!({ "email": "ann+77@example.test" })).await.expect(202);
    app.work().await;
    assert_eq!((app.mails(&ann.email).len(), app.mails("ann+77@example.test").len()), (before, 0));
    app.report.case("EM-09");
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.advance(Duration::DAY);
    alias(99).sign_up().await.expect(202);
    app.report.twin("EM-09");
    app.report.requirement(182);
}
