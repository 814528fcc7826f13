//! Attacks that no single refusal shows: recognised, told to the application, written down once.

use std::sync::{Arc, Mutex};

use serde_json::json;
use usermgmt_core::limits;
use usermgmt_core::model::{AuditFilter, AuditKind};
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::{Alarm, Hooks};
use usermgmt_service::{Limits, TrustedProxies};
use usermgmt_tests::{Agent, App, Person, cells};

cells!(
    stolen_passwords_from_one_place_are_recognised,
    one_password_on_many_accounts_is_recognised,
    guessed_sessions_are_recognised,
    sign_ups_by_the_hundred_are_recognised,
    ten_thousand_places_are_one_attack,
);

/// What an alarm is about: kind and address.
type About = (AuditKind, Option<String>);

/// What the application was told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<About>>>);

impl Told {
    fn take(&self) -> Vec<About> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Hooks for Told {
    fn on_alarm(&self, alarm: &Alarm<'_>) {
        self.0.lock().unwrap().push((alarm.kind, alarm.address.map(str::to_owned)));
    }
}

async fn listening(app: App) -> (App, Told) {
    let told = Told::default();
    let hooks = told.clone();
    let app = app.configured(|builder| {
        let limits = Limits { sign_ins_per_address: u32::MAX, sign_ups_per_address: u32::MAX, ..Limits::default() };
        builder.hooks(hooks).limits(limits).trusted_proxies(TrustedProxies::Hops(1))
    });
    (app.await, told)
}

fn from(app: &App, number: u32) -> Agent {
    app.agent().with("x-forwarded-for", &format!("10.{}.{}.1", number / 256, number % 256))
}

async fn guess(app: &App, place: u32, account: u32) {
    let body = json!({ "email": format!("n{account}@example.test"), "password": "not the password" });
    from(app, place).post("/auth/sign-in", body).await.expect(401);
}

/// Events of alarms in the audit log: kind and address.
async fn alarms(app: &App) -> Vec<About> {
    app.work().await;
    // What was refused beside them fills more than a page.
    let (mut found, newest) = (Vec::new(), PageRequest::first(200));
    for kind in AuditKind::ALL.iter().filter(|kind| kind.as_str().ends_with("_suspected")) {
        let filter = AuditFilter { kind: Some(*kind), ..AuditFilter::default() };
        let page = app.store.store.events(app.auth.realm(), None, &filter, newest).await.unwrap();
        found.extend(page.items);
    }
    found.sort_by_key(|event| event.id);
    found.into_iter().map(|event| (event.kind, event.address)).collect()
}

async fn stolen_passwords_from_one_place_are_recognised(app: App) {
    let (app, told) = listening(app).await;
    for account in 0..limits::STUFFED_ACCOUNTS_ALARM - 1 {
        guess(&app, 1, account).await;
        guess(&app, 1, account).await;
    }
    assert_eq!(told.take(), [], "an office mistypes");
    guess(&app, 1, 900).await;
    let stuffing = [(AuditKind::StuffingSuspected, Some("10.0.1.1".to_owned()))];
    assert_eq!(told.take(), stuffing);
    for account in 0..5 {
        guess(&app, 1, 901 + account).await;
    }
    assert_eq!((told.take(), alarms(&app).await), (Vec::new(), stuffing.to_vec()), "once in a window");
    // The honest go on signing in.
    let mut ann = Person { agent: from(&app, 1), ..Person::verified(&app, "ann").await };
    ann.sign_in().await.expect(200);
    app.report.requirement(181);
}

async fn one_password_on_many_accounts_is_recognised(app: App) {
    let (app, told) = listening(app).await;
    // Slowly, and each from elsewhere: neither an account nor a place nor a minute shows anything.
    for number in 0..limits::SPRAYED_ACCOUNTS_ALARM - 1 {
        guess(&app, number, number).await;
        app.advance(time::Duration::seconds(4));
    }
    assert_eq!(told.take(), []);
    guess(&app, 999, 999).await;
    let spraying = [(AuditKind::SprayingSuspected, None)];
    assert_eq!(told.take(), spraying);
    assert_eq!(alarms(&app).await, spraying);
    app.report.requirement(181);
}

async fn guessed_sessions_are_recognised(app: App) {
    let (app, told) = listening(app).await;
    let bogus = async |place: u32, number: u32| {
        let mut guesser = from(&app, place);
        guesser.cookies.insert("um_session".into(), format!("ums_00_{number:042}A"));
        guesser.get("/auth/me").await.expect(401);
    };
    for number in 1..limits::BOGUS_SESSIONS_PER_ADDRESS_ALARM {
        bogus(1, number).await;
    }
    assert_eq!(told.take(), [], "sessions end by themselves");
    let kind = AuditKind::SessionGuessingSuspected;
    bogus(1, 0).await;
    assert_eq!(told.take(), [(kind, Some("10.0.1.1".to_owned()))]);
    for number in limits::BOGUS_SESSIONS_PER_ADDRESS_ALARM..limits::BOGUS_SESSIONS_ALARM - 1 {
        bogus(2 + number % 200, number).await;
    }
    assert_eq!(told.take(), []);
    bogus(250, 0).await;
    assert_eq!(told.take(), [(kind, None)], "a thousand in all");
    let mut written = alarms(&app).await;
    written.sort_by_key(|(_, address)| address.is_none());
    assert_eq!(written, [(kind, Some("10.0.1.1".to_owned())), (kind, None)]);
    app.report.requirement(50);
    app.report.requirement(184);
}

async fn sign_ups_by_the_hundred_are_recognised(app: App) {
    let (app, told) = listening(app).await;
    let sign_up = async |place: u32, number: u32| {
        let email = format!("new{number}@example.test");
        let body = json!({ "email": email, "password": "blowfish under moonlight", "name": "N" });
        from(&app, place).post("/auth/sign-up", body).await.expect(202);
    };
    for number in 1..limits::SIGN_UPS_PER_ADDRESS_ALARM {
        sign_up(1, number).await;
    }
    assert_eq!(told.take(), [], "a class of a school");
    sign_up(1, 0).await;
    let kind = AuditKind::MassSignUpSuspected;
    assert_eq!(told.take(), [(kind, Some("10.0.1.1".to_owned()))]);
    for number in limits::SIGN_UPS_PER_ADDRESS_ALARM..limits::SIGN_UPS_ALARM - 1 {
        sign_up(2 + number, number).await;
    }
    assert_eq!(told.take(), []);
    sign_up(1_000, 1_000).await;
    assert_eq!(told.take(), [(kind, None)]);
    app.report.requirement(182);
}

/// A thousandth of the published attack (10⁴ addresses × 1 try × 10⁵ pairs): the share is what the test is about, and it is
/// noticed within the first hundred.
async fn ten_thousand_places_are_one_attack(app: App) {
    let (app, told) = listening(app).await;
    let ann = Person::verified(&app, "ann").await;
    for number in 0..limits::GUESSES_ALARM - 1 {
        guess(&app, number, number % 40).await;
    }
    assert_eq!(told.take(), [], "below the number of a minute");
    app.advance(limits::ALARM_WINDOW);
    Person { agent: from(&app, 5_000), ..ann.clone() }.sign_in().await.expect(200);
    app.report.twin("RL-12");
    for number in 0..limits::GUESSES_ALARM + 50 {
        guess(&app, number, number).await;
    }
    let kinds: Vec<_> = told.take().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, [AuditKind::GuessingSuspected, AuditKind::SprayingSuspected], "the application hears at once");
    assert_eq!(alarms(&app).await.len(), 2);
    app.report.case("RL-12");
}
