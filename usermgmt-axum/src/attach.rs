//! Mounting the routes.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::any;
use usermgmt_http::service::UserMgmt;
use usermgmt_http::{Problem, Representation, max_body, serve, templates};

use crate::convert;

/// Mounts every route of usermgmt below `prefix`, a plain path such as `/auth`. It must be the path that browsers
/// see: links in mails lead there.
///
/// A handle has one prefix. If this one is not a plain path, or the handle is attached elsewhere already, the mistake
/// is logged and every request to these routes is answered with 500 (every request at all, if there is no telling where
/// the routes should be).
///
/// # Panics
/// As [`Router::route`] if the application has a route of its own at one of our paths.
pub fn attach<S>(app: Router<S>, prefix: &str, auth: &UserMgmt) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let Some(prefix) = convert::prefix(prefix) else {
        tracing::error!(prefix, "usermgmt cannot be attached here: the prefix is not a plain path");
        let auth = auth.clone();
        return app.layer(from_fn(move |request: Request, _: Next| {
            let auth = auth.clone();
            async move { misattached(&auth, request) }
        }));
    };
    let attached = auth.mount(&prefix);
    if !attached {
        tracing::error!(prefix, elsewhere = auth.prefix(), "usermgmt is attached elsewhere already");
    }
    templates().fold(app, |app, template| {
        let auth = auth.clone();
        let handler = move |request: Request| async move {
            if attached { answer(&auth, template, request).await } else { misattached(&auth, request) }
        };
        app.route(&format!("{prefix}{template}"), any(handler))
    })
}

async fn answer(auth: &UserMgmt, template: &'static str, request: Request) -> Response {
    let request = convert::request(request, max_body(template)).await;
    convert::response(serve(auth, template, request).await)
}

fn misattached(auth: &UserMgmt, request: Request) -> Response {
    tracing::error!("a request to usermgmt, which is not rightly attached");
    let (parts, _) = request.into_parts();
    let head = convert::head(&parts);
    convert::response(usermgmt_http::serve::reject(auth, &head, Representation::Json, &Problem::INTERNAL))
}
