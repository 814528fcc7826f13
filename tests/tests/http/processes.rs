//! Several processes on one store: what one commits the others hear.

use std::sync::Arc;

use time::Duration;
use usermgmt_core::id::{OrgId, RealmId};
use usermgmt_core::limits;
use usermgmt_core::model::{Org, User, Version};
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_service::{Builder, UserMgmt};
use usermgmt_tests::faults::Watched;
use usermgmt_tests::{App, Person, cells};

cells!(
    other_processes_hear_within_the_cache_life,
    without_a_cache_life_other_processes_hear_at_once,
    who_missed_too_much_forgets_everything,
    one_read_for_all_sessions_as_long_as_nothing_changes,
    a_name_is_new_at_the_next_request,
    use_elsewhere_keeps_a_session_alive,
);

/// A second process of the same application; the calls of its store are counted.
pub(crate) async fn another(app: &App, life: Duration) -> (UserMgmt, Watched) {
    another_with(app, life, |builder| builder).await
}

/// The same with further settings.
pub(crate) async fn another_with(
    app: &App,
    life: Duration,
    configure: impl FnOnce(Builder) -> Builder,
) -> (UserMgmt, Watched) {
    let store = Watched::new(app.store.store.clone());
    let builder = UserMgmt::builder(Arc::new(store.clone()), app.origin(), app.keys.clone())
        .clock(app.clock.clone())
        .mailer(app.mailbox.clone())
        .cache_life(life)
        .without_workers();
    (configure(builder).build().await.unwrap(), store)
}

pub(crate) fn bearer(person: &Person) -> Bearer {
    Bearer::parse(BearerKind::Session, &person.agent.cookies["um_session"]).unwrap()
}

pub(crate) async fn knows(process: &UserMgmt, person: &Person) -> bool {
    process.principal(&bearer(person)).await.unwrap().is_some()
}

pub(crate) async fn sign_out(person: &Person, app: &App) {
    let mut at_home = person.agent.clone();
    at_home.post("/auth/sign-out", serde_json::json!({})).await.expect(200);
    assert!(!knows(&app.auth, person).await, "at once where it was done");
}

async fn other_processes_hear_within_the_cache_life(app: App) {
    let (process, _) = another(&app, limits::CACHE_LIFE).await;
    let (ann, bob) = (Person::signed_in(&app, "ann").await, Person::signed_in(&app, "bob").await);
    assert!(knows(&process, &ann).await && knows(&process, &bob).await);
    sign_out(&ann, &app).await;
    app.advance(limits::CACHE_LIFE - Duration::MICROSECOND);
    assert!(knows(&process, &ann).await, "this is what the cache life allows, or the test shows nothing");
    app.advance(Duration::MICROSECOND);
    assert!(!knows(&process, &ann).await && knows(&process, &bob).await);
    // After a long silence, and with a clock that was set back.
    sign_out(&bob, &app).await;
    app.advance(Duration::hours(1));
    assert!(!knows(&process, &bob).await);
    let eve = Person::signed_in(&app, "eve").await;
    assert!(knows(&process, &eve).await);
    sign_out(&eve, &app).await;
    app.advance(Duration::minutes(-30));
    assert!(!knows(&process, &eve).await);
}

async fn without_a_cache_life_other_processes_hear_at_once(app: App) {
    let (process, _) = another(&app, Duration::ZERO).await;
    let ann = Person::signed_in(&app, "ann").await;
    assert!(knows(&process, &ann).await);
    sign_out(&ann, &app).await;
    assert!(!knows(&process, &ann).await);
}

async fn who_missed_too_much_forgets_everything(app: App) {
    let (process, store) = another(&app, limits::CACHE_LIFE).await;
    let (ann, bob) = (Person::signed_in(&app, "ann").await, Person::signed_in(&app, "bob").await);
    assert!(knows(&process, &ann).await && knows(&process, &bob).await);
    let principal = app.auth.principal(&bearer(&ann)).await.unwrap().unwrap();
    let org = app.store.store.org(RealmId::DEFAULT, principal.org().unwrap().org).await.unwrap().unwrap();
    let mut changes =
        ChangeSet::new("cmt_00000000000000010000000000000000".parse().unwrap(), RealmId::DEFAULT, app.now());
    for number in 0..limits::CHANGES_HEARD {
        let id: OrgId = format!("org_{number:032x}").parse().unwrap();
        let org = Org { id, slug: format!("org-{number}"), version: Version::NEW, ..org.clone() };
        changes = changes.with(Write::PutOrg(org));
        changes = changes.with(Write::MoveRights { org: id, user: None });
    }
    app.store.store.commit(changes).await.unwrap();
    sign_out(&ann, &app).await;
    app.advance(limits::CACHE_LIFE);
    store.take_calls();
    assert!(!knows(&process, &ann).await && knows(&process, &bob).await);
    let calls = store.take_calls();
    assert_eq!((calls["changes"], calls["change_place"], calls["principal"]), (1, 1, 2));
}

async fn one_read_for_all_sessions_as_long_as_nothing_changes(app: App) {
    let (process, store) = another(&app, limits::CACHE_LIFE).await;
    let mut people = Vec::new();
    for name in ["ann", "bob", "eve"] {
        people.push(Person::signed_in(&app, name).await);
    }
    for person in &people {
        assert!(knows(&process, person).await);
    }
    store.take_calls();
    for _ in 0..5 {
        app.advance(limits::CACHE_LIFE);
        for person in people.iter().chain(&people) {
            assert!(knows(&process, person).await);
        }
    }
    assert_eq!(store.take_calls(), [("changes", 5)].into());
    // And yet nothing is believed for ever.
    app.advance(limits::CACHE_REREAD - limits::CACHE_LIFE * 5);
    assert!(knows(&process, &people[0]).await);
    assert_eq!(store.take_calls()["principal"], 1);
}

async fn a_name_is_new_at_the_next_request(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let before = ann.agent.get("/auth/me").await.expect(200).json();
    let user = app.auth.principal(&bearer(&ann)).await.unwrap().unwrap().user();
    let row = app.store.store.user(RealmId::DEFAULT, user).await.unwrap().unwrap();
    let renamed = User { name: "Another Ann".into(), ..row };
    let id = "cmt_00000000000000010000000000000000".parse().unwrap();
    app.store
        .store
        .commit(ChangeSet::new(id, RealmId::DEFAULT, app.now()).with(Write::PutUser(renamed)))
        .await
        .unwrap();
    app.advance(limits::CACHE_LIFE);
    let after = ann.agent.get("/auth/me").await.expect(200).json();
    assert_ne!(before["user"]["name"], after["user"]["name"]);
    assert_eq!(after["user"]["name"], "Another Ann");
}

/// A process that has not seen a session for a while asks before it calls it idle.
async fn use_elsewhere_keeps_a_session_alive(app: App) {
    let rules = || usermgmt_service::SessionRules { idle_visit: Duration::seconds(50), ..Default::default() };
    let app = app.configured(move |builder| builder.session_rules(rules())).await;
    let (process, _) = another(&app, limits::CACHE_LIFE).await;
    let ann = Person::signed_in(&app, "ann").await;
    assert!(knows(&process, &ann).await);
    app.advance(Duration::seconds(30));
    let principal = app.auth.principal(&bearer(&ann)).await.unwrap().unwrap();
    app.store.store.touch(principal.user(), principal.session(), app.now()).await.unwrap();
    app.advance(Duration::seconds(25));
    assert!(knows(&process, &ann).await, "it was used half a minute ago");
    app.advance(Duration::seconds(50));
    assert!(!knows(&process, &ann).await);
}
