//! Users in the hands of administrators.

use std::sync::Arc;

use serde_json::json;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::UserId;
use usermgmt_core::limits;
use usermgmt_core::model::{UserFilter, UserKind, UserStatus};
use usermgmt_core::page::PageRequest;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::NewUser;
use usermgmt_tests::app::token;
use usermgmt_tests::{App, Person, cells};

cells!(
    the_first_administrator_needs_no_sql,
    administrators_act_by_a_recent_proof_of_their_own,
    an_authority_that_has_ended_writes_nothing,
    administrators_do_not_lock_themselves_out,
    whoever_is_suspended_is_out_at_the_next_request,
    users_are_listed_by_filter_in_pages,
    a_temporary_password_leads_to_a_new_one,
    a_password_that_others_know_must_be_changed,
);

async fn principal(app: &App, person: &Person) -> Arc<Principal> {
    let secret = Bearer::parse(BearerKind::Session, &person.agent.cookies["um_session"]).unwrap();
    app.auth.principal(&secret).await.unwrap().expect("a session")
}

async fn id(app: &App, person: &Person) -> UserId {
    app.auth.users("test").by_email(&person.email).await.unwrap().user.id
}

/// An administrator who is signed in.
async fn admin(app: &App, local_part: &str) -> (Person, Arc<Principal>) {
    let mut person = Person::verified(app, local_part).await;
    app.auth.users("test").appoint_admin(&person.email).await.unwrap();
    person.sign_in().await.expect(200);
    let principal = principal(app, &person).await;
    (person, principal)
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> &'static str {
    match result {
        Err(Error::Refused(refused)) => refused.code(),
        other => panic!("{other:?}"),
    }
}

async fn the_first_administrator_needs_no_sql(app: App) {
    let users = app.auth.users("first administrator");
    let mut ann = Person::new(&app, "ann");
    ann.sign_up().await.expect(202);
    app.work().await;
    assert_eq!(code(users.appoint_admin(&ann.email).await), "not_found", "the address is not proven");
    assert_eq!(code(users.appoint_admin("nobody@example.test").await), "not_found");
    let link = token(&app.mail(&ann.email));
    ann.agent.post("/auth/verify", json!({ "token": link })).await.expect(200);
    ann.sign_in().await.expect(200);
    assert_eq!(ann.agent.get("/auth/me").await.json()["user"]["kind"], "user");
    users.appoint_admin("ANN@example.test").await.unwrap();
    assert!(!ann.is_signed_in().await, "no session goes on with the rights of before");
    ann.sign_in().await.expect(200);
    assert_eq!(ann.agent.get("/auth/me").await.json()["user"]["kind"], "admin");
    let events = app.events(None).await;
    let changed = events.iter().find(|event| event.kind.as_str() == "user.kind_changed").unwrap();
    assert_eq!(changed.detail, json!({ "from": "user", "to": "admin" }));
    assert_eq!(serde_json::to_value(&changed.actor).unwrap()["reason"], "first administrator");
}

async fn administrators_act_by_a_recent_proof_of_their_own(app: App) {
    let (ann, chief) = admin(&app, "ann").await;
    let bob = Person::signed_in(&app, "bob").await;
    let plain = principal(&app, &bob).await;
    let (fresh, bobs) = (app.auth.step_up(&chief, None).unwrap(), app.auth.step_up(&plain, None).unwrap());
    assert!(matches!(app.auth.users_as(&plain, &bobs), Err(Refused::PermissionMissing(_))));
    assert!(matches!(app.auth.users_as(&chief, &bobs), Err(Refused::StepUpRequired(_))), "somebody else's proof");
    let mut kinds = Vec::new();
    for kind in [UserKind::Guest, UserKind::User, UserKind::Admin] {
        let users = app.auth.users_as(&chief, &fresh).unwrap();
        users.set_kind(plain.user(), kind).await.unwrap();
        let mut bob = bob.elsewhere(&app);
        assert!(!bob.is_signed_in().await);
        bob.sign_in().await.expect(200);
        kinds.push(bob.agent.get("/auth/me").await.json()["user"]["kind"].clone());
        assert_eq!(principal(&app, &bob).await.kind(), kind);
        users.set_kind(plain.user(), UserKind::User).await.unwrap();
        assert!(!bob.is_signed_in().await);
    }
    assert_eq!(kinds, ["guest", "user", "admin"]);
    app.report.requirement(12);

    let events = app.events(None).await;
    let by_ann = events.iter().filter(|event| event.kind.as_str() == "user.kind_changed");
    let by_ann = by_ann.filter(|event| serde_json::to_value(&event.actor).unwrap()["user"] == json!(chief.user()));
    assert_eq!(by_ann.count(), 6);
    let new = NewUser { email: "new@example.test", name: "New", password: None, email_is_verified: true };
    let made = app.auth.users_as(&chief, &fresh).unwrap().create(new).await.unwrap();
    assert_eq!(app.auth.users("test").profile(made).await.unwrap().origin.as_str(), "admin");
    app.advance(limits::STEP_UP_FRESH);
    let aged = principal(&app, &ann).await;
    assert!(matches!(app.auth.step_up(&aged, None), Err(Refused::StepUpRequired(_))));
}

async fn an_authority_that_has_ended_writes_nothing(app: App) {
    let victim = Person::signed_in(&app, "victim").await;
    let target = id(&app, &victim).await;
    for (number, end) in ["suspended", "demoted", "signed out"].into_iter().enumerate() {
        let (mut eve, principal) = admin(&app, &format!("eve{number}")).await;
        let fresh = app.auth.step_up(&principal, None).unwrap();
        let users = app.auth.users_as(&principal, &fresh).unwrap();
        users.rename(target, "Named by Eve").await.unwrap();
        let own = app.auth.users("test");
        match end {
            "suspended" => own.set_status(principal.user(), UserStatus::Suspended).await.unwrap(),
            "demoted" => own.set_kind(principal.user(), UserKind::User).await.unwrap(),
            _ => drop(eve.agent.post("/auth/sign-out", json!({})).await.expect(200)),
        }
        let before = app.state().await;
        let new = NewUser { email: "late@example.test", name: "L", password: None, email_is_verified: true };
        for refused in [
            code(users.rename(target, "Too late").await),
            code(users.set_status(target, UserStatus::Suspended).await),
            code(users.set_kind(target, UserKind::Admin).await),
            code(users.set_temporary_password(target, "walrus in the afternoon".into()).await),
            code(users.require_new_password(target).await),
            code(users.begin_reset(target, None).await),
            code(users.mark_undeliverable(&victim.email).await),
            code(users.set_metadata(target, usermgmt_service::Metadata::default()).await),
            code(users.change_profile(target, usermgmt_service::ProfileChange::default()).await),
            code(users.create(new).await),
        ] {
            assert_eq!(refused, "authority_changed", "{end}");
        }
        assert_eq!(app.state().await, before);
    }
    assert!(victim.clone().is_signed_in().await);
    assert_eq!(app.auth.users("test").get(target).await.unwrap().name, "Named by Eve");
}

async fn administrators_do_not_lock_themselves_out(app: App) {
    let (mut ann, chief) = admin(&app, "ann").await;
    let fresh = app.auth.step_up(&chief, None).unwrap();
    let users = app.auth.users_as(&chief, &fresh).unwrap();
    for refused in [
        code(users.set_status(chief.user(), UserStatus::Suspended).await),
        code(users.set_kind(chief.user(), UserKind::User).await),
    ] {
        assert_eq!(refused, "permission_missing");
    }
    assert!(ann.is_signed_in().await);
}

async fn whoever_is_suspended_is_out_at_the_next_request(app: App) {
    let users = app.auth.users("desk");
    for status in [UserStatus::Suspended, UserStatus::Inactive] {
        let mut bob = Person::signed_in(&app, status.as_str()).await;
        let bobs = id(&app, &bob).await;
        let mut pending = bob.elsewhere(&app);
        assert!(bob.is_signed_in().await);
        app.advance(time::Duration::minutes(2));
        app.agent().post("/auth/forgot", json!({ "email": bob.email })).await.expect(202);
        app.work().await;
        let link = token(&app.mail(&bob.email));
        users.set_status(bobs, status).await.unwrap();
        bob.agent.get("/auth/me").await.expect(401);
        bob.agent.get("/host/me").await.expect(401);
        assert_eq!(pending.sign_in().await.expect(403).code(), "account_unavailable");
        let wrong = Person { password: "not the password".into(), ..pending.clone() }.sign_in().await.expect(401);
        assert_eq!(wrong.code(), "invalid_credentials", "before the right password nothing is said");
        users.set_status(bobs, UserStatus::Active).await.unwrap();
        assert!(!bob.is_signed_in().await, "what has ended does not come back");
        let body = json!({ "token": link, "password": "walrus in the afternoon" });
        app.agent().post("/auth/reset", body).await.expect(410);
        pending.sign_in().await.expect(200);
        assert!(pending.is_signed_in().await);
    }
    app.report.requirement(11);
}

async fn users_are_listed_by_filter_in_pages(app: App) {
    let users = app.auth.users("import");
    let mut made = Vec::new();
    for number in 0..7 {
        app.advance(time::Duration::SECOND);
        let email = format!("{}{number}@example.test", if number % 2 == 0 { "even" } else { "odd" });
        let new = NewUser { email: &email, name: "N", password: None, email_is_verified: number > 2 };
        made.push(users.create(new).await.unwrap());
    }
    users.set_status(made[1], UserStatus::Suspended).await.unwrap();
    users.set_kind(made[2], UserKind::Guest).await.unwrap();
    for (filter, expected) in [
        (UserFilter::default(), made.clone()),
        (UserFilter { status: Some(UserStatus::Suspended), ..UserFilter::default() }, vec![made[1]]),
        (UserFilter { kind: Some(UserKind::Guest), ..UserFilter::default() }, vec![made[2]]),
        (
            UserFilter { identifier_prefix: Some("odd".into()), ..UserFilter::default() },
            vec![made[1], made[3], made[5]],
        ),
        (
            UserFilter { identifier_prefix: Some("even".into()), kind: Some(UserKind::User), ..UserFilter::default() },
            vec![made[0], made[4], made[6]],
        ),
        (UserFilter { identifier_prefix: Some("%".into()), ..UserFilter::default() }, vec![]),
        (UserFilter { identifier_prefix: Some("e_en".into()), ..UserFilter::default() }, vec![]),
    ] {
        for size in [1, 2, 3, 200] {
            let (mut seen, mut page) = (Vec::new(), PageRequest::first(size));
            loop {
                let found = users.list(&filter, page).await.unwrap();
                assert!(found.items.len() <= size as usize);
                seen.extend(found.items.iter().map(|user| user.id));
                let Some(next) = found.next else { break };
                page = PageRequest::first(size).after(next);
            }
            assert_eq!(seen, expected, "{filter:?} by {size}");
        }
    }
    app.report.requirement(18);
}

async fn a_temporary_password_leads_to_a_new_one(app: App) {
    let app = app.configured(usermgmt_service::Builder::email_change_without_approval).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let target = id(&app, &ann).await;
    ann.agent.post("/auth/me/emails", json!({ "email": "mallory@evil.test" })).await.expect(202);
    app.work().await;
    let added = token(&app.mail("mallory@evil.test"));
    app.auth.users("desk").set_temporary_password(target, "given over the phone".into()).await.unwrap();
    assert!(!ann.is_signed_in().await);
    ann.sign_in().await.expect(401);
    app.agent().post("/auth/emails/verify", json!({ "token": added })).await.expect(410);
    let mut back = Person { password: "given over the phone".into(), ..ann.elsewhere(&app) };
    assert_eq!(back.sign_in().await.expect(200).json(), json!({ "status": "pending", "step": "new_password" }));
    assert!(!back.is_signed_in().await);
    back.agent.post("/auth/sign-in/continue", json!({})).await.expect(200);
    assert!(!back.is_signed_in().await);
    let same = back.agent.post("/auth/sign-in/new-password", json!({ "password": back.password })).await.expect(422);
    assert_eq!(same.json()["fields"], json!([{ "field": "password", "code": "reused" }]));
    let body = json!({ "password": "walrus in the afternoon" });
    let done = back.agent.post("/auth/sign-in/new-password", body).await.expect(200);
    assert_eq!(done.json()["status"], "complete");
    assert!(back.is_signed_in().await);
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("was changed"), "the owner is told");
    back.elsewhere(&app).sign_in().await.expect(401);
    let events = app.events(None).await;
    assert!(events.iter().any(|event| event.kind.as_str() == "user.temporary_password_set"));
}

async fn a_password_that_others_know_must_be_changed(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let (target, users) = (id(&app, &ann).await, app.auth.users("desk"));
    users.require_new_password(target).await.unwrap();
    assert!(ann.is_signed_in().await, "ends nothing");
    let mut back = ann.elsewhere(&app);
    assert_eq!(back.sign_in().await.expect(200).json()["step"], "new_password");
    let body = json!({ "password": "walrus in the afternoon" });
    back.agent.post("/auth/sign-in/new-password", body).await.expect(200);
    assert!(back.is_signed_in().await);
    Person { password: "walrus in the afternoon".into(), ..ann.elsewhere(&app) }.sign_in().await.expect(200);
    let new = NewUser { email: "bare@example.test", name: "B", password: None, email_is_verified: true };
    let bare = users.create(new).await.unwrap();
    assert_eq!(code(users.require_new_password(bare).await), "not_found");
}
