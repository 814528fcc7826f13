//! Realms: the same names in one store, and nobody meets anybody.

use serde_json::json;
use time::Duration;
use usermgmt_core::id::RealmId;
use usermgmt_core::model::{UserFilter, UserStatus};
use usermgmt_core::page::PageRequest;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_service::{
    AddressProof, Client, MagicLink, ProveAddress, Refused, SignIn, SignInOutcome, SignUp, UserMgmt, UserWithoutEmail,
    Usernames,
};
use usermgmt_tests::app::token;
use usermgmt_tests::{App, Person, cells};

use crate::processes::{another_with, bearer};

cells!(a_name_is_unique_in_its_realm_alone, what_one_realm_gives_out_opens_nothing_in_another);

const PASSWORD: &str = "sunflower over asphalt";

/// The same application for another organisation, whose people have names of their own.
async fn of_another_organization(app: &App) -> UserMgmt {
    let realm = RealmId::new(app.auth.random(), app.now()).unwrap();
    let settings = move |builder: usermgmt_service::Builder| {
        builder.realm(realm).usernames(Usernames::Optional).magic_link(MagicLink::link_and_code())
    };
    another_with(app, Duration::ZERO, settings).await.0
}

async fn with_usernames(app: App) -> App {
    app.configured(|builder| builder.usernames(Usernames::Optional).magic_link(MagicLink::link_and_code())).await
}

/// Signs the same person up there, with another password.
async fn sign_up(app: &App, there: &UserMgmt, email: &str) {
    let before = app.mails(email).len();
    let input = SignUp { email, name: "Ann Elsewhere", password: PASSWORD.into(), ..SignUp::default() };
    let accepted = there.sign_up(&Client::default(), input).await.unwrap();
    app.work().await;
    assert_eq!(app.mails(email).len(), before, "the worker of one realm does the work of another");
    there.run_until_idle().await.unwrap();
    let link = token(&app.mail(email));
    let here = Client::default().with_browser(accepted.browser);
    let proof = ProveAddress { proof: AddressProof::Link(link.as_str().into()), password: None, organization: None };
    let wrong = app.auth.prove_address(&here, proof.clone()).await.unwrap_err();
    assert!(format!("{wrong:?}").contains("LinkInvalid"), "{wrong:?}");
    there.prove_address(&here, proof).await.unwrap();
}

async fn sign_in(there: &UserMgmt, name: &str, password: &str) -> Option<Bearer> {
    let input = SignIn { email: name, password: password.into(), remember: false };
    match there.sign_in(&Client::default(), input).await {
        Ok(SignInOutcome::Complete(signed_in)) => Some(signed_in.session),
        Ok(other) => panic!("{other:?}"),
        Err(usermgmt_service::Error::Refused(Refused::InvalidCredentials)) => None,
        Err(error) => panic!("{error:?}"),
    }
}

async fn everybody(auth: &UserMgmt) -> usize {
    auth.users("test").list(&UserFilter::default(), PageRequest::first(200)).await.unwrap().items.len()
}

async fn a_name_is_unique_in_its_realm_alone(app: App) {
    let app = with_usernames(app).await;
    let there = of_another_organization(&app).await;
    let mut ann = Person::signed_in(&app, "ann").await;
    sign_up(&app, &there, &ann.email).await;
    // One address, two people, two passwords.
    assert!(sign_in(&there, &ann.email, PASSWORD).await.is_some());
    assert!(sign_in(&there, &ann.email, &ann.password).await.is_none());
    assert!(sign_in(&app.auth, &ann.email, PASSWORD).await.is_none());
    assert!(sign_in(&app.auth, &ann.email, &ann.password).await.is_some());

    // A username, which one of them has without any address.
    ann.agent.post("/auth/me/username", json!({ "username": "annq" })).await.expect(200);
    let input = UserWithoutEmail { username: "annq", name: "Ann", password: PASSWORD.into(), must_change: false };
    there.users("test").create_without_email(input).await.unwrap();
    assert!(sign_in(&there, "annq", PASSWORD).await.is_some());
    assert!(sign_in(&app.auth, "annq", &ann.password).await.is_some());
    // Within a realm it is taken.
    let again = UserWithoutEmail { username: "AnnQ", name: "Ann", password: PASSWORD.into(), must_change: false };
    assert!(there.users("test").create_without_email(again).await.is_err());
    assert_eq!((everybody(&app.auth).await, everybody(&there).await), (1, 2));
    app.report.requirement(212);
}

async fn what_one_realm_gives_out_opens_nothing_in_another(app: App) {
    let app = with_usernames(app).await;
    let there = of_another_organization(&app).await;
    let ann = Person::signed_in(&app, "ann").await;
    sign_up(&app, &there, &ann.email).await;
    let theirs = sign_in(&there, &ann.email, PASSWORD).await.unwrap();
    assert!(there.principal(&theirs).await.unwrap().is_some());
    assert!(there.principal(&bearer(&ann)).await.unwrap().is_none());
    assert!(app.auth.principal(&theirs).await.unwrap().is_none());
    let mut agent = app.agent();
    agent.cookies.insert("um_session".into(), theirs.expose().to_owned());
    agent.get("/auth/me").await.expect(401);
    // Ids of one realm are those of nobody in the other.
    let own = app.auth.principal(&bearer(&ann)).await.unwrap().unwrap();
    assert!(there.users("test").get(own.user()).await.is_err());
    assert!(there.users("test").set_status(own.user(), UserStatus::Suspended).await.is_err());
    // A new password is set by the link of the realm in which it was asked for, and ends nothing in the other.
    app.advance(Duration::HOUR);
    let _ = there.request_password_reset(&Client::default(), &ann.email).await.unwrap();
    there.run_until_idle().await.unwrap();
    let link = token(&app.mail(&ann.email));
    let mut thief = app.agent();
    let body = json!({ "token": link, "password": "bramble beside railway" });
    thief.post("/auth/reset", body).await.expect(410);
    let proof = AddressProof::Link(link.as_str().into());
    there.reset_password(&Client::default(), proof, "bramble beside railway".into(), None).await.unwrap();
    assert!(there.principal(&theirs).await.unwrap().is_none());
    assert!(app.auth.principal(&bearer(&ann)).await.unwrap().is_some());
    // A mail that signs in.
    app.advance(Duration::HOUR);
    let asked = app.auth.request_sign_in_mail(&Client::default(), &ann.email).await.unwrap();
    app.work().await;
    let link = token(&app.mail(&ann.email));
    let here = Client::default().with_browser(asked.browser);
    assert!(there.preview_sign_in_link(&here, link.as_str().into()).await.is_err());
    assert!(app.auth.preview_sign_in_link(&here, link.as_str().into()).await.is_ok());
    let attempt = Bearer::mint(BearerKind::Attempt, app.auth.random()).unwrap();
    assert!(there.resume(&here, &attempt).await.is_err());
}
