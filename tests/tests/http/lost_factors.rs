//! Somebody has lost every second factor: support helps after a waiting time in which all addresses are told, and the
//! owner can stop it. Nothing leads around it silently.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_service::{KeptMail, MagicLink, Refused};
use usermgmt_tests::app::{code, link, token};
use usermgmt_tests::{App, Person, cells};

use crate::magic_link::{ask, by_code, by_link, switched_on};
use crate::recovery::{events, forgot, reset, without_limits_by_place};
use crate::secure_account::add_address;
use crate::team::refusal;

cells!(
    support_removes_them_after_a_waiting_time,
    the_owner_stops_what_support_was_talked_into,
    no_other_way_leads_around_the_second_factor,
    an_undo_removes_what_an_intruder_has_set_up,
);

/// Support has helped: the mail that removes all factors.
pub(crate) async fn asked_for_help(app: &App, person: &Person) -> KeptMail {
    let users = app.auth.users("support: 7");
    let id = users.by_email(&person.email).await.unwrap().user.id;
    users.begin_factor_reset(id, Some(Duration::ZERO)).await.unwrap();
    app.work().await;
    let mails = app.mails(&person.email);
    mails.into_iter().find(|mail| mail.text.contains("/auth/factors/remove")).expect("the mail with the link")
}

async fn support_removes_them_after_a_waiting_time(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    add_address(&app, &mut ann, "second@example.test", false).await;
    let users = app.auth.users("support: 7");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    assert_eq!(refusal(users.begin_factor_reset(id, None).await), "not_found", "there is none to remove");
    ann.enrol(&app).await;
    let mut stranded = ann.elsewhere(&app);
    stranded.sign_in().await.expect(200);
    assert!(matches!(
        users.begin_factor_reset(id, Some(Duration::days(31))).await,
        Err(usermgmt_core::Error::Invalid(_))
    ));
    users.begin_factor_reset(id, None).await.unwrap();
    app.work().await;
    for address in [ann.email.as_str(), "second@example.test"] {
        assert!(app.mail(address).subject.contains("Support is removing"), "{address}");
    }
    let count = app.mails(&ann.email).len();
    app.advance(limits::SUPPORT_RESET_WAIT - Duration::SECOND);
    app.work().await;
    assert_eq!(app.mails(&ann.email).len(), count, "not before the waiting time is over");
    app.advance(Duration::SECOND);
    app.work().await;
    let mail = app.mail(&ann.email);
    assert!(link(&mail).starts_with("/auth/factors/remove?token="), "{}", mail.text);
    // By the page; the password is asked for after that as before.
    let opened = stranded.agent.navigate(&link(&mail)).await.expect(303);
    let page = stranded.agent.follow(opened).await.expect(200);
    let led = stranded.agent.fill(&page, "/auth/factors/remove", &[]).await.expect(303);
    assert_eq!(led.header("location"), Some("/auth/sign-in?notice=factors-removed"));
    stranded.agent.follow(led).await.expect(200);
    assert!(!stranded.is_signed_in().await, "it signs nobody in");
    let wrong = json!({ "email": ann.email, "password": "not the password" });
    stranded.agent.post("/auth/sign-in", wrong).await.expect(401);
    assert_eq!(stranded.sign_in().await.expect(200).json()["status"], "complete");
    let listed = stranded.agent.get("/auth/me/factors").await.expect(200).json();
    assert_eq!((&listed["factors"], &listed["recovery_codes"]), (&json!([]), &Value::Null));
    app.work().await;
    assert!(app.mail(&ann.email).subject.contains("was removed"));
    for kind in [AuditKind::FactorResetBegun, AuditKind::FactorsReset] {
        assert_eq!(events(&app, kind).await.len(), 1);
    }
    app.agent().post("/auth/factors/remove", json!({ "token": token(&mail) })).await.expect(410);
    app.report.requirement(37);
}

async fn the_owner_stops_what_support_was_talked_into(app: App) {
    let app = without_limits_by_place(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    // What came so long ago that its own notice has expired is not undone with the rest.
    app.advance(limits::UNDO_LIFE);
    let users = app.auth.users("support: 7");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    users.begin_factor_reset(id, None).await.unwrap();
    app.work().await;
    let stop = token(&app.mail(&ann.email));
    app.agent().post("/auth/secure", json!({ "token": stop })).await.expect(200);
    app.work().await;
    let count = app.mails(&ann.email).len();
    app.advance(limits::SUPPORT_RESET_WAIT);
    app.work().await;
    assert_eq!(app.mails(&ann.email).len(), count, "the link is not even sent");
    // The factor of before stands.
    let new = token(&forgot(&app, &mut app.agent(), &ann.email).await);
    let led = ann.agent.navigate(&format!("/auth/reset?token={new}")).await.expect(303);
    let page = ann.agent.follow(led).await.expect(200);
    let fields = [("password", "a password of the owner")];
    let page = ann.agent.fill(&page, "/auth/reset", &fields).await.expect(403);
    let code = own.code(&app);
    let fields = [("password", "a password of the owner"), ("second_factor", code.as_str())];
    ann.agent.fill(&page, "/auth/reset", &fields).await.expect(303);
    app.advance(Duration::MINUTE);
    ann.password = "a password of the owner".into();
    assert_eq!(ann.sign_in().await.expect(200).json()["step"], "second_factor");
    ann.give(&own.code(&app)).await.expect(200);
}

async fn no_other_way_leads_around_the_second_factor(app: App) {
    let app = switched_on(app, MagicLink::link_and_code()).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let own = ann.enrol(&app).await;
    let signed_out = |reply: &usermgmt_tests::Reply| {
        reply.cookies().iter().all(|cookie| !cookie.starts_with("um_session=u") && !cookie.starts_with("um_refresh=u"))
    };
    // A new password by mail asks for the second factor too, and a wrong code does not use the link up.
    let mut there = ann.elsewhere(&app);
    let link = token(&forgot(&app, &mut there.agent, &ann.email).await);
    let refused = reset(&mut there.agent, &link, "set by a mailed link").await.expect(403);
    assert_eq!(refused.code(), "second_factor_required");
    assert_eq!(refused.json()["challenge"]["second_factor"]["methods"], json!(["otp", "recovery_code"]));
    let with = |code: String| json!({ "token": link, "password": "set by a mailed link", "second_factor": code });
    for code in [own.wrong(&app), "12345".to_owned()] {
        let refused = there.agent.post("/auth/reset", with(code)).await.expect(422);
        assert_eq!(refused.json()["fields"][0]["field"], "second_factor");
    }
    ann.sign_in().await.expect(200);
    app.report.requirement(33);
    // Nobody is signed in by it, and the sign-in asks.
    app.advance(Duration::MINUTE);
    let reply = there.agent.post("/auth/reset", with(own.code(&app))).await.expect(200);
    let mut page = ann.elsewhere(&app);
    page.agent.post("/auth/reset", with(own.code(&app))).await.expect(410);
    assert!(signed_out(&reply) && !there.is_signed_in().await);
    app.report.case("RS-20");
    there.password = "set by a mailed link".into();
    let pending = there.sign_in().await.expect(200);
    assert!(pending.json()["step"] == "second_factor" && signed_out(&pending));
    // A temporary password, and the step that follows it.
    let users = app.auth.users("support: 7");
    let id = users.by_email(&ann.email).await.unwrap().user.id;
    users.set_temporary_password(id, "lantern seven harbour".into()).await.unwrap();
    there.password = "lantern seven harbour".into();
    assert_eq!(there.sign_in().await.expect(200).json()["step"], "second_factor", "before anything can be changed");
    there.agent.post("/auth/sign-in/new-password", json!({ "password": "chosen by a thief" })).await.expect(401);
    app.advance(Duration::MINUTE);
    assert_eq!(there.give(&own.code(&app)).await.expect(200).json()["step"], "new_password");
    let done = there.agent.post("/auth/sign-in/new-password", json!({ "password": "chosen by the owner" })).await;
    assert_eq!(done.expect(200).json()["status"], "complete");
    app.report.twin("RS-20");
    // A mailed link, and a mailed code.
    for by_mailed_code in [false, true] {
        let mut there = ann.elsewhere(&app);
        let mail = ask(&app, &mut there.agent, &ann.email).await;
        let pending = if by_mailed_code {
            by_code(&mut there.agent, &code(&mail)).await
        } else {
            by_link(&mut there.agent, &token(&mail)).await
        };
        let pending = pending.expect(200);
        assert!(pending.json()["step"] == "second_factor" && signed_out(&pending));
        there.agent.post("/auth/sign-in/continue", json!({})).await.expect(200);
        assert!(!there.is_signed_in().await);
        app.advance(Duration::MINUTE);
        assert_eq!(there.give(&own.code(&app)).await.expect(200).json()["status"], "complete");
        app.advance(Duration::MINUTE);
    }
    app.report.case("OT-07");
    app.report.twin("OT-07");
    // The direct call.
    let client = usermgmt_service::Client::default();
    let input = usermgmt_service::SignIn { email: &ann.email, password: "chosen by the owner".into(), remember: true };
    let outcome = app.auth.sign_in(&client, input).await.unwrap();
    assert!(matches!(outcome, usermgmt_service::SignInOutcome::Pending { .. }), "{outcome:?}");
    let client = usermgmt_service::Client::default();
    let secret =
        usermgmt_core::secret::Bearer::mint(usermgmt_core::secret::BearerKind::Attempt, &usermgmt_core::port::OsRandom);
    let forged = app.auth.prove_second_factor(&client, &secret.unwrap(), "123456".into(), false).await;
    assert!(matches!(forged, Err(usermgmt_core::Error::Refused(Refused::AttemptExpired))));
    app.report.case("MF-04");
    app.report.twin("MF-04");
}

async fn an_undo_removes_what_an_intruder_has_set_up(app: App) {
    let app = without_limits_by_place(app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut thief = ann.elsewhere(&app);
    thief.sign_in().await.expect(200);
    let theirs = thief.enrol(&app).await;
    assert!(!ann.is_signed_in().await);
    app.work().await;
    let undo = token(&app.mail(&ann.email));
    app.agent().post("/auth/secure", json!({ "token": undo })).await.expect(200);
    assert!(!thief.is_signed_in().await);
    app.work().await;
    let new = token(&app.mail(&ann.email));
    reset(&mut app.agent(), &new, "mine again at last").await.expect(200);
    ann.password = "mine again at last".into();
    assert_eq!(ann.sign_in().await.expect(200).json()["status"], "complete");
    thief.password = ann.password.clone();
    thief.agent = app.agent();
    thief.sign_in().await.expect(200);
    thief.give(&theirs.code(&app)).await.expect(401);
}
