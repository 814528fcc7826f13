//! Sessions under abuse: collisions, crowds, neighbours on one database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use time::Duration;
use usermgmt_core::id::RealmId;
use usermgmt_core::limits;
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::{OsRandom, Random, RandomError};
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{StoreErrorKind, SweepBefore};
use usermgmt_service::{Client, HashCost, SessionRules, SignIn, SignInOutcome, UserMgmt};
use usermgmt_tests::app::Setup;
use usermgmt_tests::faults::{Fault, Watched};
use usermgmt_tests::{App, Person, cells};

cells!(
    a_secret_that_comes_twice_is_nobodys,
    a_crowd_of_sign_ins_stays_within_the_cap,
    a_session_of_one_realm_is_none_in_another,
    each_device_is_listed_and_ended,
    a_limiter_that_is_down_lets_nobody_guess,
    counters_do_not_pile_up,
    guesses_from_everywhere_raise_an_alarm,
    nothing_that_was_mailed_stays_behind,
);

/// Real randomness, until told to repeat itself.
#[derive(Clone, Default)]
struct Stuck(Arc<AtomicBool>);

impl Random for Stuck {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if self.0.load(Ordering::SeqCst) {
            bytes.fill(7);
            return Ok(());
        }
        OsRandom.fill(bytes)
    }
}

fn bearer(person: &Person) -> Bearer {
    Bearer::parse(BearerKind::Session, &person.agent.cookies["um_session"]).unwrap()
}

async fn sessions_of(app: &App, person: &mut Person) -> Vec<serde_json::Value> {
    let list = person.agent.get("/auth/sessions").await.expect(200).json();
    assert!(list["next_cursor"].is_null(), "{}", app.origin());
    list["items"].as_array().unwrap().clone()
}

async fn a_secret_that_comes_twice_is_nobodys(app: App) {
    let (ann, bob) = (Person::verified(&app, "ann").await, Person::verified(&app, "bob").await);
    let stuck = Stuck::default();
    let app = {
        let stuck = stuck.clone();
        app.configured(move |builder| builder.random(stuck)).await
    };
    stuck.0.store(true, Ordering::SeqCst);
    let mut first = ann.elsewhere(&app);
    first.sign_in().await.expect(200);
    let mut second = bob.elsewhere(&app);
    let reply = second.sign_in().await;
    assert!(reply.status.is_server_error(), "{} {}", reply.status, reply.body);
    assert!(!second.agent.cookies.contains_key("um_session"));
    assert_eq!(first.agent.get("/auth/me").await.expect(200).json()["user"]["email"], ann.email);
    app.report.case("SE-07");
    stuck.0.store(false, Ordering::SeqCst);
    let mut second = bob.elsewhere(&app);
    second.sign_in().await.expect(200);
    assert_eq!(second.agent.get("/auth/me").await.expect(200).json()["user"]["email"], bob.email);
    app.report.twin("SE-07");
}

async fn a_crowd_of_sign_ins_stays_within_the_cap(app: App) {
    let rules = || SessionRules { per_user: 5, ..SessionRules::default() };
    let app = app.configured(move |builder| builder.session_rules(rules())).await;
    let ann = Person::verified(&app, "ann").await;
    let crowd = (0..20).map(|number| {
        let (auth, email, password) = (app.auth.clone(), ann.email.clone(), ann.password.clone());
        tokio::spawn(async move {
            let client = Client::at(format!("198.51.100.{number}").parse().unwrap());
            let input = SignIn { email: &email, password: password.as_str().into(), remember: false };
            match auth.sign_in(&client, input).await {
                Ok(SignInOutcome::Complete(_)) => true,
                Ok(SignInOutcome::Pending { step, .. }) => panic!("{step:?}"),
                Err(_) => false,
            }
        })
    });
    let signed_in =
        futures_util::future::join_all(crowd).await.into_iter().filter(|end| *end.as_ref().unwrap()).count();
    assert!(signed_in > 0);
    let user = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let running = app.store.store.sessions(user, app.now(), PageRequest::first(200)).await.unwrap().items.len();
    assert!((1..=5).contains(&running), "{running} of {signed_in}");
    app.report.case("SE-11");
    let mut last = ann.elsewhere(&app);
    last.sign_in().await.expect(200);
    assert!(last.is_signed_in().await, "who comes last is in");
    assert_eq!(sessions_of(&app, &mut last).await.len(), 5);
    app.report.twin("SE-11");
}

async fn a_session_of_one_realm_is_none_in_another(app: App) {
    let other: RealmId = "rlm_00000000000000000000000000000002".parse().unwrap();
    let neighbour = UserMgmt::builder(app.store.store.clone(), app.origin(), app.keys.clone())
        .clock(app.clock.clone())
        .mailer(app.mailbox.clone())
        .hash_cost(HashCost::insecure_for_tests())
        .realm(other)
        .without_workers()
        .build()
        .await
        .unwrap();
    let ann = Person::signed_in(&app, "ann").await;
    assert!(neighbour.principal(&bearer(&ann)).await.unwrap().is_none());
    let input = SignIn { email: &ann.email, password: ann.password.as_str().into(), remember: false };
    assert!(neighbour.sign_in(&Client::default(), input).await.is_err(), "nor is its account");
    app.report.case("SE-18");
    assert!(app.auth.principal(&bearer(&ann)).await.unwrap().is_some());
    app.report.twin("SE-18");
}

async fn each_device_is_listed_and_ended(app: App) {
    let mut laptop = Person::verified(&app, "ann").await;
    let agents = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
    ];
    laptop.agent = laptop.agent.with("user-agent", agents[0]);
    laptop.sign_in().await.expect(200);
    let mut phone = laptop.elsewhere(&app);
    phone.agent = phone.agent.with("user-agent", agents[1]);
    phone
        .agent
        .post("/auth/sign-in", json!({ "email": phone.email, "password": phone.password, "remember": true }))
        .await
        .expect(200);
    app.report.requirement(46);
    let listed = sessions_of(&app, &mut laptop).await;
    let labels: Vec<_> = listed.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect();
    assert!(agents.iter().all(|agent| labels.contains(&(*agent).to_owned())), "{labels:?}");
    let page = laptop.agent.get("/auth/account").await.expect(200).body;
    assert!(page.contains("Firefox") && page.contains("Safari"), "devices have names that people know");
    for item in listed.iter().filter(|item| item["current"] == false) {
        let path = format!("/auth/sessions/{}/end", item["id"].as_str().unwrap());
        laptop.agent.post(&path, json!({})).await.expect(200);
    }
    assert!(!phone.is_signed_in().await && laptop.is_signed_in().await);
    app.report.requirement(20);
}

async fn a_limiter_that_is_down_lets_nobody_guess(app: App) {
    let watched = Watched::new(app.store.store.clone());
    let handle = watched.clone();
    let app = app.restart(Setup { wrap: Box::new(move |_| Arc::new(watched)), ..Setup::default() }).await;
    let ann = Person::verified(&app, "ann").await;
    handle.take_calls();
    for _ in 0..20 {
        handle.fail_at(1, Fault::Fails(StoreErrorKind::Unavailable));
        ann.elsewhere(&app).sign_in().await.expect(503);
        assert!(handle.heal(), "the limiter was asked first");
    }
    let calls = handle.take_calls();
    assert_eq!(calls.get("charge"), Some(&20));
    assert_eq!(calls.get("sign_in_record"), None, "nothing was looked at");
    app.report.case("RL-08");
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-08");
}

async fn counters_do_not_pile_up(app: App) {
    let ann = Person::verified(&app, "ann").await;
    let guess = |number: u32, email: String| {
        let mut agent = app.agent();
        async move {
            let body = json!({ "email": email, "password": "not the password" });
            (number, agent.post("/auth/sign-in", body).await.status.as_u16())
        }
    };
    // Ann is guessed at until she is protected; others make as many counters as they like.
    for number in 0..limits::WRONG_PASSWORDS_PER_PAIR {
        assert_eq!(guess(number, ann.email.clone()).await.1, 401);
    }
    app.advance(limits::MINUTE);
    for number in 0..limits::SIGN_INS_PER_ADDRESS - 1 {
        guess(number, format!("made-up-{number}@example.test")).await;
    }
    let sweep = |now| SweepBefore { spent: now, commits: now, throttle: now };
    app.store.store.sweep(sweep(app.now()), 10_000).await.unwrap();
    assert_eq!(guess(0, ann.email.clone()).await.1, 429, "a sweep does not clear who is under attack");
    app.report.case("RL-09");
    app.advance(Duration::DAY * 2);
    let swept = app.store.store.sweep(sweep(app.now()), 10_000).await.unwrap();
    assert!(swept >= u64::from(limits::SIGN_INS_PER_ADDRESS), "{swept}: what is over goes");
    ann.elsewhere(&app).sign_in().await.expect(200);
    app.report.twin("RL-09");
}

async fn guesses_from_everywhere_raise_an_alarm(app: App) {
    let limits_ = usermgmt_service::Limits { sign_ins_per_address: u32::MAX, ..Default::default() };
    let app = app.configured(move |builder| builder.limits(limits_)).await;
    let alarms = async || {
        app.work().await;
        let events = app.events(None).await;
        events.iter().filter(|event| event.kind.as_str() == "warning.guessing_suspected").count()
    };
    let guess = async |number: u32| {
        let body = json!({ "email": format!("n{number}@example.test"), "password": "not the password" });
        app.agent().post("/auth/sign-in", body).await.expect(401);
    };
    for number in 1..limits::GUESSES_ALARM {
        guess(number).await;
    }
    assert_eq!(alarms().await, 0, "some people mistype");
    app.report.twin("RL-12");
    for number in 0..20 {
        guess(limits::GUESSES_ALARM + number).await;
    }
    assert_eq!(alarms().await, 1, "once, and not for each");
    app.report.case("RL-12");
}

/// After a mail has gone nothing in the database could write it again, or be used in its place.
async fn nothing_that_was_mailed_stays_behind(app: App) {
    let mut ann = Person::new(&app, "ann");
    ann.sign_up().await.expect(202);
    app.work().await;
    let mail = app.mail(&ann.email);
    let (token, code) = (usermgmt_tests::app::token(&mail), usermgmt_tests::app::code(&mail));
    // The kind and the route stand before it; it may hold such a line itself.
    let secret = token.splitn(3, '_').nth(2).unwrap().to_owned();
    if let Some(state) = app.state().await {
        assert!(!state.contains(&secret) && !state.contains(&ann.password), "a secret is in the database");
    }
    let jobs = app.store.store.pending_jobs(app.auth.realm(), PageRequest::first(10)).await.unwrap().items;
    assert_eq!(jobs, [], "what is done is gone, with the hash that it held");
    app.report.case("ML-06");
    ann.agent.post("/auth/verify", json!({ "code": code })).await.expect(200);
    app.report.twin("ML-06");
}
