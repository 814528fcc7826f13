//! Users by direct call, and what is refused when the application starts.

use usermgmt_core::error::Error;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::UserStatus;
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{Client, ConfigError, NewUser, SessionRules, UserMgmt};
use usermgmt_tests::{App, Person, cells};

cells!(the_application_manages_its_users, a_wrong_configuration_does_not_start, rights_that_ended_commit_nothing);

async fn the_application_manages_its_users(app: App) {
    let users = app.auth.users("import of the old system");
    let new = |email: &'static str, name: &'static str| NewUser {
        email,
        name,
        password: Some("blowfish under moonlight".into()),
        email_is_verified: true,
    };
    let ann = users.create(new("ann@example.test", "Ann")).await.unwrap();
    for bad in [new("ANN@example.test", "Other"), new("not an address", "X"), new("x@example.test", "")] {
        assert!(matches!(users.create(bad).await, Err(Error::Invalid(_))));
    }
    app.advance(time::Duration::SECOND);
    let bob = users.create(new("bob@example.test", "Bob")).await.unwrap();
    users.rename(ann, "Ann Quill").await.unwrap();
    assert_eq!(users.get(ann).await.unwrap().name, "Ann Quill");
    let first = users.list(&Default::default(), PageRequest::first(1)).await.unwrap();
    let second = users.list(&Default::default(), PageRequest::first(1).after(first.next.unwrap())).await.unwrap();
    assert_eq!([first.items[0].id, second.items[0].id], [ann, bob]);
    assert!(second.next.is_none());
    let mut person = Person { email: "ann@example.test".into(), ..Person::new(&app, "ann") };
    person.sign_in().await.expect(200);
    users.set_status(ann, UserStatus::Suspended).await.unwrap();
    assert!(!person.is_signed_in().await);
    let events = app.events(None).await;
    let suspended = events.iter().find(|event| event.kind.as_str() == "user.status_changed").unwrap();
    assert_eq!(serde_json::to_value(&suspended.actor).unwrap()["reason"], "import of the old system");
    app.report.requirement(18);
}

async fn a_wrong_configuration_does_not_start(app: App) {
    let store = || app.store.store.clone();
    let keys = || app.keys.clone();
    for origin in ["http://app.example.test", "https://app.example.test/path", "app.example.test", ""] {
        assert!(
            matches!(UserMgmt::builder(store(), origin, keys()).build().await, Err(ConfigError::Origin(_))),
            "{origin}"
        );
    }
    let https = "https://app.example.test";
    assert!(matches!(UserMgmt::builder(store(), https, keys()).build().await, Err(ConfigError::NoMailer)));
    let other = KeyRing::generate(&OsRandom).unwrap();
    assert!(matches!(UserMgmt::builder(store(), app.origin(), other).build().await, Err(ConfigError::WrongKey)));
    let missing = std::env::temp_dir().join("no-such-folder-of-the-suite").join("app.key");
    let created = KeyRing::from_file_or_create(&missing).unwrap();
    assert!(matches!(UserMgmt::builder(store(), app.origin(), created).build().await, Err(ConfigError::WrongKey)));
    let created = KeyRing::from_file_or_create(&missing).unwrap();
    let fresh =
        UserMgmt::builder(usermgmt_core::MemoryStore::new(), https, created).mailer(app.mailbox.clone()).build().await;
    assert!(matches!(fresh, Err(ConfigError::KeyMissing)));
    assert!(!missing.exists());
    let never = SessionRules { idle: time::Duration::ZERO, ..SessionRules::default() };
    assert!(matches!(
        UserMgmt::builder(store(), app.origin(), keys()).session_rules(never).build().await,
        Err(ConfigError::Number(_))
    ));
    assert!(UserMgmt::builder(store(), app.origin(), keys()).role("x", ["not a right"]).build().await.is_err());
    for home in ["//evil.example", "https://evil.example", "", "/\\evil"] {
        assert!(
            matches!(UserMgmt::builder(store(), app.origin(), keys()).home(home).build().await, Err(ConfigError::Home)),
            "{home}"
        );
    }
    for bad in ["", "changeme", "usermgmt-root-1 k AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        assert!(KeyRing::parse(bad, "test").is_err(), "{bad}");
    }
    app.report.case("FO-08");
    assert!(UserMgmt::builder(store(), app.origin(), keys()).without_workers().build().await.is_ok());
    let rotated = app.keys.clone().rotated(&OsRandom).unwrap();
    assert!(UserMgmt::builder(store(), app.origin(), rotated).without_workers().build().await.is_ok());
    app.report.twin("FO-08");
}

async fn rights_that_ended_commit_nothing(app: App) {
    let ann = Person::signed_in(&app, "ann").await;
    let secret = usermgmt_core::secret::Bearer::parse(
        usermgmt_core::secret::BearerKind::Session,
        &ann.agent.cookies["um_session"],
    )
    .unwrap();
    let principal = app.auth.principal(&secret).await.unwrap().unwrap();
    let client = Client::default();
    let planned = app.auth.orgs().plan_create(&client, &principal, "Too late").await.unwrap();
    app.auth.users("test").set_status(principal.user(), UserStatus::Suspended).await.unwrap();
    let refused = planned.commit().await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(refused) if refused.code() == "authority_changed"), "{refused}");
    let orgs = app.store.store.memberships_of(principal.user(), PageRequest::first(10)).await.unwrap();
    assert_eq!(orgs.items.len(), 1);
}
