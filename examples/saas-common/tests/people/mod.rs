//! People who use the examples, by the kit for tests: nobody waits, nothing is mailed, no port is opened. Each example
//! compiles this file into its own tests, beside the few lines that open it.

use serde_json::json;
use time::Duration;
use usermgmt_testing::{Application, Method, Persona, SignedInAs};

use crate::opened;

/// What has passed when a proof is no recent one any more.
const LATER: Duration = Duration::minutes(10);

/// An owner who has a project, and the path of its page of deletion.
async fn with_project(app: &impl Application, mut owner: SignedInAs) -> (SignedInAs, String) {
    let projects = format!("/orgs/{}/projects", owner.org.unwrap());
    assert_eq!(owner.post_form(app, &projects, &[("name", "Rocket")]).await.status, 303);
    (owner, format!("{projects}/1/delete"))
}

async fn is_there(app: &impl Application, person: &mut SignedInAs) -> bool {
    let page = person.navigate(app, "/").await;
    assert_eq!(page.status, 200);
    page.body.contains("Rocket")
}

#[tokio::test]
async fn a_project_is_deleted_by_whoever_has_proven_it_a_moment_ago() {
    let Some((auth, app, _kept)) = opened().await else { return };
    let ann = auth.sign_in_as(Persona::new("ann").owner_of("Acme").proven(Method::Password, LATER)).await;
    let (mut ann, delete) = with_project(&app, ann).await;
    // The page leads to the password and back. A form that was left open is refused, and not sent again by itself.
    let led = ann.navigate(&app, &delete).await;
    assert_eq!((led.status.as_u16(), led.header("location").unwrap().split('?').next()), (303, Some("/auth/step-up")));
    let led = ann.post_form(&app, &delete, &[]).await;
    assert_eq!((led.status.as_u16(), led.header("location")), (303, Some("/auth/step-up")));
    let fields = [("password", Persona::PASSWORD), ("return_to", delete.as_str())];
    let back = ann.submit(&app, "/auth/step-up", "/auth/step-up", &fields).await;
    assert_eq!(back.header("location"), Some(delete.as_str()));
    assert!(ann.navigate(&app, &delete).await.body.contains("There is no way back"));
    assert!(is_there(&app, &mut ann).await);
    assert_eq!(ann.post_form(&app, &delete, &[]).await.status, 303);
    assert!(!is_there(&app, &mut ann).await);
}

#[tokio::test]
async fn who_has_a_second_factor_deletes_by_its_code() {
    let Some((auth, app, _kept)) = opened().await else { return };
    let person = Persona::new("ann").owner_of("Acme").proven(Method::Password, Duration::ZERO);
    let (mut ann, delete) = with_project(&app, auth.sign_in_as(person.proven(Method::Otp, LATER)).await).await;
    let refused = ann.post_json(&app, "/auth/step-up", &json!({ "password": Persona::PASSWORD })).await;
    assert_eq!(refused.json()["code"], "second_factor_required");
    assert_eq!(ann.navigate(&app, &delete).await.status, 303);
    let code = auth.authenticator_of(ann.user).code();
    assert_eq!(ann.post_json(&app, "/auth/step-up", &json!({ "code": code })).await.status, 200);
    assert_eq!(ann.post_form(&app, &delete, &[]).await.status, 303);
    assert!(!is_there(&app, &mut ann).await);
}

#[tokio::test]
async fn a_member_adds_and_deletes_nothing() {
    let Some((auth, app, _kept)) = opened().await else { return };
    let ann = auth.sign_in_as(Persona::new("ann").owner_of("Acme")).await;
    let mut bob = auth.sign_in_as(Persona::new("bob").member_of(ann.org.unwrap(), ["member"])).await;
    let (_, delete) = with_project(&app, ann).await;
    assert!(is_there(&app, &mut bob).await);
    assert_eq!(bob.post_form(&app, &delete, &[]).await.status, 403);
    let refused = bob.post_json(&app, &delete, &()).await;
    assert_eq!(refused.json()["challenge"]["permission"], "project:delete");
    assert!(is_there(&app, &mut bob).await);
    // Somebody else's organisation is none.
    let mut eve = auth.sign_in_as(Persona::new("eve").owner_of("Evil")).await;
    assert_eq!(eve.post_form(&app, &delete, &[]).await.status, 404);
}

#[tokio::test]
async fn a_stranger_arrives_by_mail_and_makes_a_workspace() {
    let Some((auth, app, _kept)) = opened().await else { return };
    let mut zoe = auth.browser();
    let fields = [("email", "zoe@example.test"), ("password", Persona::PASSWORD), ("name", "Zoë")];
    assert_eq!(zoe.submit(&app, "/auth/sign-up", "/auth/sign-up", &fields).await.status, 303);
    let mail = auth.mail_to("zoe@example.test").await;
    let opened = zoe.navigate(&app, &mail.link()).await;
    assert_eq!(opened.header("location"), Some("/auth/verify"), "the link leaves the address bar");
    assert_eq!(zoe.submit(&app, "/auth/verify", "/auth/verify", &[]).await.status, 303);
    let entered = [("email", "zoe@example.test"), ("password", Persona::PASSWORD)];
    assert_eq!(zoe.submit(&app, "/auth/sign-in", "/auth/sign-in", &entered).await.status, 303);
    assert!(zoe.navigate(&app, "/").await.body.contains("You are in no organization"));
    assert_eq!(zoe.post_form(&app, "/workspaces", &[("name", "Stars")]).await.status, 303);
    let mut again = auth.sign_in_as(Persona::new("Zoë").with_email("zoe@example.test").owner_of("Stars")).await;
    assert!(again.navigate(&app, "/").await.body.contains("Projects of <bdi>Stars</bdi>"));
}
