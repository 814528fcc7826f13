//! A sign-in on a device, or in a country, that is new for the account.

use std::net::IpAddr;

use async_trait::async_trait;
use serde_json::json;
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::port::{Country, GeoError, GeoLookup};
use usermgmt_core::store::StoreErrorKind;
use usermgmt_service::{Builder, TrustedProxies};
use usermgmt_tests::app::{Setup, link, token};
use usermgmt_tests::faults::{Fault, Watched};
use usermgmt_tests::{App, Person, cells};

cells!(
    nobody_is_told_unless_the_application_wants_it,
    a_new_device_is_told_and_can_be_undone,
    a_new_country_is_told,
    a_sign_in_that_fails_is_as_new_the_next_time,
);

/// Countries by the first byte of an address; 250 is out of order.
struct Countries;

#[async_trait]
impl GeoLookup for Countries {
    async fn country(&self, address: IpAddr) -> Result<Option<Country>, GeoError> {
        let IpAddr::V4(address) = address else { return Ok(None) };
        match address.octets()[0] {
            1 => Ok(Country::parse("AT")),
            2 => Ok(Country::parse("NZ")),
            223 => Err(GeoError::because("out of order")),
            _ => Ok(None),
        }
    }
}

fn telling(builder: Builder) -> Builder {
    builder.new_sign_in_notices()
}

async fn told(app: &App, kind: &str) -> usize {
    app.work().await;
    app.events(None).await.iter().filter(|event| event.kind.as_str() == kind).count()
}

async fn nobody_is_told_unless_the_application_wants_it(app: App) {
    let ann = Person::signed_in(&app, "ann").await;
    let before = app.mails(&ann.email).len();
    ann.elsewhere(&app).sign_in().await.expect(200);
    assert_eq!((told(&app, "session.new_device").await, app.mails(&ann.email).len()), (0, before));
}

async fn a_new_device_is_told_and_can_be_undone(app: App) {
    let app = app.configured(telling).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let before = app.mails(&ann.email).len();
    assert_eq!(told(&app, "session.new_device").await, 0, "the first sign-in after sign-up is no news");
    ann.agent.post("/auth/sign-out", json!({})).await.expect(200);
    ann.sign_in().await.expect(200);
    let mut wrong = Person { password: "not the password".into(), ..ann.elsewhere(&app) };
    wrong.sign_in().await.expect(401);
    assert_eq!(
        (told(&app, "session.new_device").await, app.mails(&ann.email).len()),
        (0, before),
        "a known device is none"
    );

    // Somebody else has the password.
    let mut thief = ann.elsewhere(&app);
    thief.sign_in().await.expect(200);
    assert_eq!((told(&app, "session.new_device").await, app.mails(&ann.email).len()), (1, before + 1));
    let mail = app.mail(&ann.email);
    assert!(mail.subject.contains("new device") && link(&mail).starts_with("/auth/secure?token="), "{}", mail.text);
    let event = app.events(None).await.into_iter().find(|event| event.kind.as_str() == "session.new_device").unwrap();
    let own = thief.agent.get("/auth/sessions").await.json();
    let current = own["items"].as_array().unwrap().iter().find(|item| item["current"] == true).unwrap().clone();
    assert!(
        format!("{:?}", event.actor).contains(current["id"].as_str().unwrap().trim_start_matches("ses_")) || {
            // Ids print as what they are made of; the text of the event names the session.
            serde_json::to_value(&event.actor).unwrap()["session"] == current["id"]
        }
    );
    // Known from now on.
    thief.sign_in().await.expect(200);
    assert_eq!(told(&app, "session.new_device").await, 1);

    // The owner undoes it: both sessions end, the password is void, a mail sets a new one.
    let mut owner = app.agent();
    owner.post("/auth/secure", json!({ "token": token(&mail) })).await.expect(200);
    assert!(!thief.is_signed_in().await && !ann.is_signed_in().await);
    thief.sign_in().await.expect(401);
    app.work().await;
    let reset = app.mail(&ann.email);
    let body = json!({ "token": token(&reset), "password": "another moonlight blowfish" });
    owner.post("/auth/reset", body).await.expect(200);
    let mut ann = Person { password: "another moonlight blowfish".into(), ..ann };
    ann.sign_in().await.expect(200);
    assert_eq!(told(&app, "session.new_device").await, 1, "her device is known still");
    app.report.requirement(168);

    // A program that keeps no cookies is told of so often and no more; each of its sign-ins stands in the log.
    app.advance(Duration::HOUR);
    let (mails, events) = (app.mails(&ann.email).len(), told(&app, "session.new_device").await);
    for number in 1..=limits::MAILS_PER_ADDRESS_HOUR + 2 {
        ann.elsewhere(&app).sign_in().await.expect(200);
        let sent = mails + usize::try_from(number.min(limits::MAILS_PER_ADDRESS_HOUR)).unwrap();
        assert_eq!(told(&app, "session.new_device").await, events + usize::try_from(number).unwrap());
        assert_eq!(app.mails(&ann.email).len(), sent, "{number}");
    }

    // In German, for who reads German, on the pages as well.
    let german = app.agent().with("accept-language", "de");
    let mut eva = Person { agent: german, ..Person::new(&app, "eva") };
    eva.sign_up().await.expect(202);
    app.work().await;
    eva.agent.post("/auth/verify", json!({ "token": token(&app.mail(&eva.email)) })).await.expect(200);
    eva.sign_in().await.expect(200);
    eva.elsewhere(&app).sign_in().await.expect(200);
    app.work().await;
    assert!(app.mail(&eva.email).subject.contains("neues Gerät"));
    // A device is known for a year, and an account that was away for longer is none that begins.
    let events = told(&app, "session.new_device").await;
    app.advance(limits::DEVICE_LIFE - Duration::SECOND);
    eva.sign_in().await.expect(200);
    assert_eq!(told(&app, "session.new_device").await, events);
    app.advance(limits::DEVICE_LIFE);
    eva.sign_in().await.expect(200);
    assert_eq!(told(&app, "session.new_device").await, events + 1);
}

async fn a_new_country_is_told(app: App) {
    let app = app.configured(|builder| telling(builder).geo(Countries).trusted_proxies(TrustedProxies::Hops(1))).await;
    let mut ann = Person::verified(&app, "ann").await;
    ann.agent = ann.agent.with("x-forwarded-for", "1.0.0.1");
    let mut from = async |address: &str| {
        ann.agent = ann.agent.with("x-forwarded-for", address);
        ann.sign_in().await.expect(200);
        (told(&app, "session.new_country").await, app.mails("ann@example.test").len())
    };
    let (_, mails) = from("1.0.0.1").await;
    assert_eq!(from("1.9.9.9").await, (0, mails));
    assert_eq!(from("192.168.0.1").await, (0, mails), "nowhere in particular");
    assert_eq!(from("223.0.0.1").await, (0, mails), "who cannot look it up keeps nobody out");
    assert_eq!(from("2.0.0.1").await, (1, mails + 1));
    assert!(app.mail("ann@example.test").subject.contains("another country"));
    assert_eq!(from("2.0.0.2").await, (1, mails + 1), "once");
    assert_eq!(from("1.0.0.1").await, (1, mails + 1));
    let event = app.events(None).await.into_iter().find(|event| event.kind.as_str() == "session.new_country").unwrap();
    assert_eq!(event.detail, json!({ "country": "NZ" }));
    app.report.requirement(168);
    // Another device in another country is one mail.
    let mut bob = Person::verified(&app, "bob").await;
    bob.agent = bob.agent.with("x-forwarded-for", "1.0.0.1");
    bob.sign_in().await.expect(200);
    let mails = app.mails(&bob.email).len();
    let mut elsewhere = bob.elsewhere(&app);
    elsewhere.agent = elsewhere.agent.with("x-forwarded-for", "2.0.0.1");
    elsewhere.sign_in().await.expect(200);
    assert_eq!((told(&app, "session.new_device").await, told(&app, "session.new_country").await), (1, 2));
    assert_eq!(app.mails(&bob.email).len(), mails + 1);
}

async fn a_sign_in_that_fails_is_as_new_the_next_time(app: App) {
    let watched = Watched::new(app.store.store.clone());
    let handle = watched.clone();
    let wrap = Box::new(move |_| std::sync::Arc::new(watched) as std::sync::Arc<dyn usermgmt_core::store::Store>);
    let app = app.restart(Setup { wrap, configure: Box::new(telling), ..Setup::default() }).await;
    let ann = Person::signed_in(&app, "ann").await;
    // Each call of a sign-in on a new device fails once: there is a session with its notice, or neither.
    let mut struck = 0;
    for call in 1..40 {
        let before = told(&app, "session.new_device").await;
        handle.fail_at(call, Fault::Fails(StoreErrorKind::Unavailable));
        let reply = ann.elsewhere(&app).sign_in().await;
        let has_struck = handle.heal();
        let after = told(&app, "session.new_device").await;
        let began = app.events(None).await.iter().filter(|event| event.kind.as_str() == "session.started").count();
        if reply.status == 200 {
            assert_eq!(after, before + 1, "{call}");
        } else {
            assert_eq!(reply.status, 503, "{call}");
        }
        // Whatever was committed told of itself.
        assert_eq!(after + 1, began, "{call}");
        struck += usize::from(has_struck);
        app.advance(Duration::HOUR);
        if !has_struck {
            break;
        }
    }
    assert!(struck > 5, "{struck}");
}
