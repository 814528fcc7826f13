//! Pages of other origins that the application has listed (CORS, Fetch standard section 3.3).
//!
//! They may call what speaks JSON, with credentials, and read the answers. An origin is compared byte for byte with the
//! list, and the answer repeats that one; `*` is never said where credentials go. An origin that is not listed gets no
//! header at all, so its browser shows it nothing, and what it sends is refused like before.
//!
//! To be allowed to *read* and to be allowed to *send* are two things: the headers of an answer do not undo what a
//! request has done. [`may_send`] therefore takes part in the check of where an unsafe request comes from, and accepts
//! from a listed origin only what a browser does not send without asking (a preflight) first. A form is never that.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use usermgmt_service::Settings;

use crate::authenticate::Head;
use crate::input;
use crate::route::{Representation, Route};
use crate::routes::routes;
use crate::wire::{self, Request, Response};

/// What a page may send beyond what every page may.
const ALLOW_HEADERS: &str = "content-type, authorization";
/// What a page may read beyond what every page may.
const EXPOSE_HEADERS: &str = "retry-after, www-authenticate, next-cursor";
/// How long a browser need not ask again, in seconds: an hour. Each request is checked nonetheless.
const MAX_AGE: &str = "3600";

/// The listed origin whose page has sent a request with these headers. Several `Origin` headers are none.
#[must_use]
pub fn listed<'a>(settings: &Settings, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(header::ORIGIN).iter();
    let claimed = all.next().filter(|_| all.next().is_none())?;
    settings.cors_origins.iter().any(|origin| origin.as_str().as_bytes() == claimed.as_bytes()).then_some(claimed)
}

/// Whether a page of a listed origin has sent this unsafe request, and its browser has asked for leave first: it has a
/// body of JSON, or another method than POST (Fetch standard section 4.8, step 5).
#[must_use]
pub fn may_send(settings: &Settings, head: &Head<'_>) -> bool {
    let is_json = input::media_type(head.headers).is_some_and(|spoken| Representation::Json.reads(&spoken));
    let asks_first = *head.method != Method::POST || is_json;
    // A browser that names another origin does not call the request its own.
    let mut sites = head.headers.get_all("sec-fetch-site").iter();
    let agrees = sites.all(|site| matches!(site.as_bytes(), b"cross-site" | b"same-site"));
    asks_first && agrees && listed(settings, head.headers).is_some()
}

/// The rows of a path that pages of listed origins may call.
fn shared(template: &str) -> impl Iterator<Item = &'static Route> {
    let is_shared = |route: &&Route| route.representation == Representation::Json;
    routes().iter().filter(move |route| route.path == template).filter(is_shared)
}

/// Whether any row of this path speaks JSON.
pub(crate) fn is_shared(template: &str) -> bool {
    shared(template).next().is_some()
}

/// The answer to a browser that asks whether a page of a listed origin may call this path. It has no cookies, and
/// nobody is looked for. [`share`] says the rest.
pub(crate) fn preflight(settings: &Settings, template: &str, request: &Request) -> Option<Response> {
    let asks = request.method == Method::OPTIONS && request.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    listed(settings, &request.headers).filter(|_| asks)?;
    let mut methods: Vec<_> = shared(template).map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.sort_unstable();
    methods.dedup();
    let methods = HeaderValue::from_str(&methods.join(", ")).ok().filter(|methods| !methods.is_empty())?;
    let mut response = wire::response(StatusCode::NO_CONTENT, "text/plain; charset=utf-8", "");
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOW_HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    Some(response)
}

/// Lets the page of a listed origin read this answer, and tells caches that another origin gets another one. A page is
/// never shared, and what is for everybody already stays as it is: the public keys, without credentials.
pub(crate) fn share(settings: &Settings, request: &HeaderMap, response: &mut Response) {
    let headers = response.headers_mut();
    let is_page = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if settings.cors_origins.is_empty() || is_page || headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = listed(settings, request) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSE_HEADERS));
    }
}
