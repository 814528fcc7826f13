//! "That was not me": the link in the notice of a change.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use time::Duration;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::port::ManualClock;
use usermgmt_core::store::Store;
use usermgmt_service::{AddressProof, Client, DevMailbox, KeptMail, Limits, UserMgmt};
use usermgmt_tests::app::{Setup, link, token};
use usermgmt_tests::{App, Person, Reply, cells};

use crate::recovery::{NEW, events, forgot, reset};

cells!(
    a_stolen_password_is_taken_back,
    a_stolen_address_is_taken_back,
    every_address_that_came_since_goes,
    an_address_squatted_meanwhile_comes_back_too,
    an_undo_lives_seven_days,
    one_undo_in_many_hands_is_done_once,
    an_address_proven_at_the_same_moment_goes_too,
    a_wish_granted_at_the_same_moment_is_void,
);

/// Somebody who has just proven who they are asks for another address.
pub(crate) async fn ask_for_address(person: &mut Person, email: &str, replaces_primary: bool) -> Reply {
    let body = json!({ "email": email, "replaces_primary": replaces_primary });
    person.agent.post("/auth/me/emails", body).await
}

/// Another address, asked for, approved and proven.
pub(crate) async fn add_address(app: &App, person: &mut Person, email: &str, replaces_primary: bool) {
    ask_for_address(person, email, replaces_primary).await.expect(202);
    app.work().await;
    if app.auth.settings().email_change_needs_approval {
        let token = token(&app.mail(&person.email));
        app.agent().post("/auth/emails/approve", json!({ "token": token })).await.expect(200);
        app.work().await;
    }
    prove(app, email).await.expect(200);
    app.work().await;
}

async fn prove(app: &App, email: &str) -> Reply {
    let token = token(&app.mail(email));
    app.agent().post("/auth/emails/verify", json!({ "token": token })).await
}

async fn undo(app: &App, notice: &KeptMail) -> Reply {
    assert!(link(notice).starts_with("/auth/secure?token=umu_"), "{}", notice.text);
    let reply = app.agent().post("/auth/secure", json!({ "token": token(notice) })).await;
    app.work().await;
    reply
}

/// Whether the mail carries a link that undoes something.
fn can_undo(mail: &KeptMail) -> bool {
    mail.text.contains("/auth/secure") || mail.html.as_ref().is_some_and(|html| html.contains("/auth/secure"))
}

/// The addresses of an account, as the store has them, the primary one marked.
async fn addresses(app: &App, email: &str) -> Vec<(String, bool)> {
    let user = app.auth.users("test").by_email(email).await.unwrap().user.id;
    let all = app.store.store.identifiers(user).await.unwrap();
    let mut all: Vec<_> = all.into_iter().map(|email| (email.canonical, email.primary)).collect();
    all.sort();
    all
}

/// An application in which addresses are added without the approval of the primary one.
async fn trusting(app: App) -> App {
    app.configured(|builder| builder.email_change_without_approval()).await
}

async fn a_stolen_password_is_taken_back(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    // A thief has the session and the password.
    let mut thief = ann.elsewhere(&app);
    thief.sign_in().await.expect(200);
    let body = json!({ "password": ann.password, "new_password": "mine from now on" });
    thief.agent.post("/auth/me/password", body).await.expect(200);
    thief.password = "mine from now on".into();
    assert!(!ann.is_signed_in().await && thief.is_signed_in().await);
    ann.sign_in().await.expect(401);
    app.work().await;
    let notice = app.mail(&ann.email);
    assert!(notice.subject.contains("was changed"));

    // The page says what it is about and does nothing by itself.
    let opened = ann.agent.navigate(&link(&notice)).await.expect(303);
    let page = ann.agent.follow(opened).await.expect(200);
    assert!(page.body.contains(&ann.email) && !page.body.contains("umu_"));
    assert!(thief.is_signed_in().await);
    let done = ann.agent.fill(&page, "/auth/secure", &[]).await.expect(303);
    assert_eq!(done.header("location"), Some("/auth/sign-in?notice=secured"));
    ann.agent.follow(done).await.expect(200);
    app.work().await;

    assert!(!thief.is_signed_in().await);
    for password in ["mine from now on", "blowfish under moonlight"] {
        Person { password: password.into(), ..ann.elsewhere(&app) }.sign_in().await.expect(401);
    }
    undo(&app, &notice).await.expect(410);
    let mail = app.mail(&ann.email);
    assert!(link(&mail).starts_with("/auth/reset?token="), "{}", mail.text);
    reset(&mut app.agent(), &token(&mail), NEW).await.expect(200);
    ann.password = NEW.into();
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
    assert_eq!(events(&app, AuditKind::AccountSecured).await.len(), 1);
}

async fn a_stolen_address_is_taken_back(app: App) {
    let app = trusting(app).await;
    let ann = Person::signed_in(&app, "ann").await;
    let mut thief = ann.clone();
    let evil = "evil@example.test";
    add_address(&app, &mut thief, evil, true).await;
    let notice = app.mail(&ann.email);
    assert!(notice.subject.contains("another e-mail address"), "{}", notice.subject);
    assert_eq!(addresses(&app, evil).await, [(evil.to_owned(), true)]);

    // Whatever the thief does next, the notices of it undo nothing: the first undo is the owner's.
    thief.email = evil.into();
    let mut browser = app.agent();
    let by_mail = token(&forgot(&app, &mut browser, evil).await);
    reset(&mut browser, &by_mail, "mine from now on").await.expect(200);
    thief.password = "mine from now on".into();
    thief.sign_in().await.expect(200);
    let body = json!({ "password": thief.password, "new_password": "mine for ever now" });
    thief.agent.post("/auth/me/password", body).await.expect(200);
    thief.password = "mine for ever now".into();
    app.advance(limits::RESEND_PAUSE);
    add_address(&app, &mut thief, "evil2@example.test", false).await;
    app.advance(limits::RESEND_PAUSE);
    thief.agent.post("/auth/me/emails/primary", json!({ "email": "evil2@example.test" })).await.expect(200);
    app.work().await;
    for mail in app.mails(evil).iter().chain(&app.mails("evil2@example.test")) {
        assert!(!can_undo(mail), "an intruder's own undo: {}", mail.text);
    }
    let outstanding = token(&forgot(&app, &mut browser, evil).await);
    ask_for_address(&mut thief, "evil3@example.test", false).await.expect(202);
    app.work().await;

    let done = undo(&app, &notice).await.expect(200);
    assert_eq!(done.json(), json!({ "status": "secured", "mail_sent_to": ann.email }));
    assert_eq!(addresses(&app, &ann.email).await, [(ann.email.clone(), true)]);
    assert!(!thief.is_signed_in().await);
    thief.sign_in().await.expect(401);
    reset(&mut browser, &outstanding, "mine after all of this").await.expect(410);
    prove(&app, "evil3@example.test").await.expect(410);
    let mails = app.mails(evil).len();
    app.advance(limits::RESEND_PAUSE);
    app.agent().post("/auth/forgot", json!({ "email": evil })).await.expect(202);
    app.work().await;
    assert_eq!(app.mails(evil).len(), mails);
    let mail = app.mail(&ann.email);
    reset(&mut app.agent(), &token(&mail), NEW).await.expect(200);
    let mut ann = Person { password: NEW.into(), ..ann.elsewhere(&app) };
    ann.sign_in().await.expect(200);
    assert!(ann.is_signed_in().await);
}

async fn every_address_that_came_since_goes(app: App) {
    let app = trusting(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = "ann.at.home@example.test";
    add_address(&app, &mut ann, own, false).await;
    let notice_of_own = app.mail(&ann.email);
    assert!(can_undo(&notice_of_own));
    app.advance(limits::UNDO_LIFE);
    ann.sign_in().await.expect(200);
    let mut thief = ann.clone();
    // First a second address, then that one as the primary: the owner may well use the later notice only.
    add_address(&app, &mut thief, "evil@example.test", false).await;
    let first = app.mail(&ann.email);
    app.advance(Duration::MINUTE);
    thief.agent.post("/auth/me/emails/primary", json!({ "email": "evil@example.test" })).await.expect(200);
    app.work().await;
    let second = app.mail(&ann.email);
    assert!(can_undo(&first) && can_undo(&second) && token(&first) != token(&second));
    undo(&app, &second).await.expect(200);
    assert_eq!(addresses(&app, &ann.email).await, [(own.to_owned(), false), (ann.email.clone(), true)]);
    undo(&app, &first).await.expect(410);
    reset(&mut app.agent(), &token(&app.mail(&ann.email)), NEW).await.expect(200);
    Person { password: NEW.into(), email: own.into(), ..ann }.sign_in().await.expect(200);
}

async fn an_address_squatted_meanwhile_comes_back_too(app: App) {
    let app = trusting(app).await;
    let ann = Person::signed_in(&app, "ann").await;
    let mut thief = ann.clone();
    add_address(&app, &mut thief, "evil@example.test", true).await;
    let notice = app.mail(&ann.email);
    // The address is nobody's now: the thief signs up with it, and can prove nothing.
    let mut squatter = Person { password: "mine too i hope".into(), ..ann.elsewhere(&app) };
    app.advance(limits::RESEND_PAUSE);
    squatter.sign_up().await.expect(202);
    app.work().await;
    assert_eq!(squatter.sign_in().await.expect(200).json()["step"], "verify_address");
    let proof = token(&app.mail(&ann.email));
    undo(&app, &notice).await.expect(200);
    assert_eq!(addresses(&app, &ann.email).await, [(ann.email.clone(), true)]);
    squatter.sign_in().await.expect(401);
    squatter.agent.post("/auth/sign-in/continue", json!({})).await.expect(401);
    squatter.agent.post("/auth/verify", json!({ "token": proof })).await.expect(410);
    reset(&mut app.agent(), &token(&app.mail(&ann.email)), NEW).await.expect(200);
    let mut ann = Person { password: NEW.into(), ..ann.elsewhere(&app) };
    ann.sign_in().await.expect(200);
    let me = ann.agent.get("/auth/me").await.expect(200).json();
    assert_eq!(me["organization"]["name"], "ann & Co", "it is the account of before");
}

async fn an_undo_lives_seven_days(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    for (wait, status) in [(limits::UNDO_LIFE, 410), (limits::UNDO_LIFE - Duration::MICROSECOND, 200)] {
        ann.sign_in().await.expect(200);
        let next = format!("password number {status}");
        let body = json!({ "password": ann.password, "new_password": next });
        ann.agent.post("/auth/me/password", body).await.expect(200);
        ann.password = next;
        app.work().await;
        let notice = app.mail(&ann.email);
        app.advance(wait);
        assert_eq!(undo(&app, &notice).await.status.as_u16(), status);
        if status == 200 {
            app.advance(-Duration::DAY);
            undo(&app, &notice).await.expect(410);
        }
    }
    assert_eq!(ann.sign_in().await.expect(401).code(), "invalid_credentials");
}

async fn one_undo_in_many_hands_is_done_once(app: App) {
    const RACERS: usize = 20;
    let mut ann = Person::signed_in(&app, "ann").await;
    let body = json!({ "password": ann.password, "new_password": "mine from now on" });
    ann.agent.post("/auth/me/password", body).await.expect(200);
    app.work().await;
    let stolen = token(&app.mail(&ann.email));
    let limits = Limits { verifications_per_address: 1_000, ..Limits::default() };
    let setup = Setup {
        wrap: Box::new(|store| Rendezvous::of(store, Call::Commit, RACERS)),
        configure: Box::new(move |builder| builder.limits(limits)),
        ..Setup::default()
    };
    let app = app.restart(setup).await;
    let before = app.mails(&ann.email).len();
    let tries = (0..RACERS).map(|_| {
        let (mut agent, body) = (app.agent(), json!({ "token": stolen }));
        async move { agent.post("/auth/secure", body).await }
    });
    let mut statuses: Vec<_> = join_all(tries).await.iter().map(|reply| reply.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, [410; RACERS - 1].as_slice()));
    app.work().await;
    assert_eq!(app.mails(&ann.email).len(), before + 1);
    assert_eq!(events(&app, AuditKind::AccountSecured).await.len(), 1);
    reset(&mut app.agent(), &token(&app.mail(&ann.email)), NEW).await.expect(200);
}

/// Another process of the same application, on the store behind a rendezvous.
async fn beside(store: Arc<dyn Store>, app: (KeyRing, Arc<ManualClock>, DevMailbox)) -> UserMgmt {
    let (keys, clock, mailbox) = app;
    let builder = UserMgmt::builder(store, "http://localhost:1", keys).clock(clock).mailer(mailbox);
    builder.email_change_without_approval().without_workers().build().await.unwrap()
}

async fn an_address_proven_at_the_same_moment_goes_too(app: App) {
    let app = trusting(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let body = json!({ "password": ann.password, "new_password": "mine from now on" });
    ann.agent.post("/auth/me/password", body).await.expect(200);
    app.work().await;
    let notice = app.mail(&ann.email);
    ask_for_address(&mut ann, "evil@example.test", true).await.expect(202);
    app.work().await;
    let proof = token(&app.mail("evil@example.test"));
    let parts = (app.keys.clone(), app.clock.clone(), app.mailbox.clone());
    // Between the moment when the undo has read the addresses and its commit.
    let wrap = move |store: Arc<dyn Store>| -> Arc<dyn Store> {
        let bare = store.clone();
        Rendezvous::interrupted(store, Call::Commit, async move {
            let auth = beside(bare, parts).await;
            auth.prove_added_email(&Client::default(), AddressProof::Link(proof.as_str().into())).await.unwrap();
        })
    };
    let app = app.restart(Setup { wrap: Box::new(wrap), ..Setup::default() }).await;
    undo(&app, &notice).await.expect(200);
    assert_eq!(addresses(&app, &ann.email).await, [(ann.email.clone(), true)]);
}

async fn a_wish_granted_at_the_same_moment_is_void(app: App) {
    let app = trusting(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let body = json!({ "password": ann.password, "new_password": "mine from now on" });
    ann.agent.post("/auth/me/password", body).await.expect(200);
    app.work().await;
    let undo = token(&app.mail(&ann.email));
    ask_for_address(&mut ann, "evil@example.test", true).await.expect(202);
    let parts = (app.keys.clone(), app.clock.clone(), app.mailbox.clone());
    // The worker has read the wish, and the account is secured before it commits.
    let wrap = move |store: Arc<dyn Store>| -> Arc<dyn Store> {
        let bare = store.clone();
        Rendezvous::interrupted(store, Call::Commit, async move {
            let auth = beside(bare, parts).await;
            auth.secure_account(&Client::default(), undo.as_str().into()).await.unwrap();
        })
    };
    let app = app.restart(Setup { wrap: Box::new(wrap), ..Setup::default() }).await;
    app.work().await;
    assert!(app.mails("evil@example.test").is_empty());
    reset(&mut app.agent(), &token(&app.mail(&ann.email)), NEW).await.expect(200);
    assert_eq!(addresses(&app, &ann.email).await, [(ann.email.clone(), true)]);
}
