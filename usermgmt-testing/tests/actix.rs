//! The kit, on actix-web.
#![cfg(feature = "actix")]

use actix_web::middleware::from_fn;
use actix_web::test::init_service;
use actix_web::{App, Error, HttpResponse, ResponseError, web};
use serde_json::json;
use usermgmt_actix::{CurrentUser, SteppedUp};
use usermgmt_testing::{Persona, TestAuth, actix};

async fn hello(user: CurrentUser) -> String {
    format!("Hello {}", user.name())
}

async fn change(user: CurrentUser, _: SteppedUp) -> String {
    format!("changed {}", user.name())
}

#[derive(Debug, PartialEq)]
struct Closed;

impl std::fmt::Display for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("closed")
    }
}

impl ResponseError for Closed {
    fn error_response(&self) -> HttpResponse {
        HttpResponse::Gone().body("closed")
    }
}

#[actix_web::test]
async fn requests_go_through_all_that_is_wrapped_around() {
    let auth = TestAuth::start(|builder| builder).await;
    let app = App::new()
        .wrap(from_fn(async |request, next: actix_web::middleware::Next<_>| {
            let request: actix_web::dev::ServiceRequest = request;
            if request.path() == "/closed" {
                return Err(Error::from(Closed));
            }
            next.call(request).await
        }))
        .route("/", web::get().to(hello))
        .route("/change", web::post().to(change))
        .configure(usermgmt_actix::attach("/auth", &auth));
    let app = actix::app(init_service(app).await);

    let mut ann = auth.sign_in_as("ann").await;
    assert_eq!(ann.get(&app, "/").await.body, "Hello ann");
    assert_eq!(ann.post_json(&app, "/change", &()).await.body, "changed ann");
    assert_eq!(ann.get(&app, "/closed").await.status, 410);
    auth.advance(time::Duration::hours(1));
    assert_eq!(ann.post_json(&app, "/change", &()).await.json()["code"], "step_up_required");
    let stepped = ann.post_json(&app, "/auth/step-up", &json!({ "password": Persona::PASSWORD })).await;
    assert_eq!(stepped.status, 200, "{stepped:?}");
    assert_eq!(ann.post_json(&app, "/change", &()).await.body, "changed ann");
    let out = ann.submit(&app, "/auth/account", "/auth/sign-out", &[]).await;
    assert_eq!(out.status, 303, "{}", out.body);
    assert_eq!(ann.session_cookie(), None);
    assert_eq!(ann.get(&app, "/").await.status, 401);
}
