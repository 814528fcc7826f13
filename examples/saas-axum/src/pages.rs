//! Pages: rendered on the server, every value escaped, no script.

use std::sync::LazyLock;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context};

use crate::AUTH;

/// Each template by its name.
const TEMPLATES: [(&str, &str); 7] = [
    ("layout.html", include_str!("../templates/layout.html")),
    ("workspace_form.html", include_str!("../templates/workspace_form.html")),
    ("welcome.html", include_str!("../templates/welcome.html")),
    ("projects.html", include_str!("../templates/projects.html")),
    ("no_workspace.html", include_str!("../templates/no_workspace.html")),
    ("delete.html", include_str!("../templates/delete.html")),
    ("message.html", include_str!("../templates/message.html")),
];

/// The application's own few lines of style; the rest is the style sheet of usermgmt.
const STYLE: &str = include_str!("../assets/projects.css");

/// usermgmt guards its own pages; these headers do the same for ours. A page is not cached, so that nothing is left on
/// a shared machine; the origin stays in the headers of our forms, by which usermgmt tells them from those of others.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

static PAGES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut pages = Environment::new();
    // A misspelt name must fail, and so must markup in a name.
    pages.set_undefined_behavior(UndefinedBehavior::Strict);
    pages.set_auto_escape_callback(|_| AutoEscape::Html);
    for (name, source) in TEMPLATES {
        if let Err(error) = pages.add_template(name, source) {
            tracing::error!(%error, name, "a template is malformed");
        }
    }
    pages
});

/// Renders a page.
#[must_use]
pub fn page(status: StatusCode, template: &str, shown: Value) -> Response {
    let html = PAGES
        .get_template(template)
        .and_then(|page| page.render(context! { auth => Value::from_safe_string(AUTH.into()), ..shown }));
    let mut response = match html {
        Ok(html) => (status, html).into_response(),
        Err(error) => {
            tracing::error!(%error, template, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "This page is broken.").into_response()
        }
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The style sheet.
pub async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, STYLE).into_response()
}
