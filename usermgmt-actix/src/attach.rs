//! Mounting the routes.

use actix_web::web::{self, Data, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use usermgmt_http::service::UserMgmt;
use usermgmt_http::{Problem, Representation, max_body, serve, templates};

use crate::convert;

/// Mounts every route of usermgmt below `prefix`, a plain path such as `/auth`, and gives the extractors their handle:
/// for `App::configure`, before or after the application's own routes. `prefix` must be the path that browsers see:
/// links in mails lead there.
///
/// A handle has one prefix. If this one is not a plain path, or the handle is attached elsewhere already, the mistake
/// is logged and every request to these routes is answered with 500 (every request that is not the application's own,
/// and every extractor, if there is no telling where the routes should be).
pub fn attach(prefix: &str, auth: &UserMgmt) -> impl FnOnce(&mut ServiceConfig) + Clone + use<> {
    let (prefix, auth) = (prefix.to_owned(), auth.clone());
    move |config| {
        let Some(prefix) = convert::prefix(&prefix) else {
            tracing::error!(prefix, "usermgmt cannot be attached here: the prefix is not a plain path");
            config.default_service(web::to(move |request: HttpRequest| {
                let auth = auth.clone();
                async move { misattached(&auth, &request) }
            }));
            return;
        };
        let attached = auth.mount(&prefix);
        if !attached {
            tracing::error!(prefix, elsewhere = auth.prefix(), "usermgmt is attached elsewhere already");
        }
        for template in templates() {
            let auth = auth.clone();
            let handler = move |request: HttpRequest, body: Payload| {
                let auth = auth.clone();
                async move {
                    if attached { answer(&auth, template, request, body).await } else { misattached(&auth, &request) }
                }
            };
            config.service(web::resource(format!("{prefix}{template}")).to(handler));
        }
        config.app_data(Data::new(auth));
    }
}

async fn answer(auth: &UserMgmt, template: &'static str, request: HttpRequest, body: Payload) -> HttpResponse {
    let request = convert::request(&request, body, max_body(template)).await;
    convert::response(&serve(auth, template, request).await)
}

fn misattached(auth: &UserMgmt, request: &HttpRequest) -> HttpResponse {
    tracing::error!("a request to usermgmt, which is not rightly attached");
    let seen = convert::Seen::of(request);
    convert::response(&usermgmt_http::serve::reject(auth, &seen.head(), Representation::Json, &Problem::INTERNAL))
}
