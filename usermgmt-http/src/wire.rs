//! What crosses the boundary to a framework, and nothing else.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::authenticate::Head;

/// A response.
pub type Response = http::Response<Bytes>;

/// The body of a request, as far as the adapter could read it.
#[derive(Clone, Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Longer than [`max_body`](crate::max_body) allows; the rest was not read.
    TooLarge,
    /// The connection broke while it was read.
    Broken,
}

/// A request to one of our own routes.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Parameters of the path, by name, percent-decoded.
    pub params: Vec<(String, String)>,
    /// Path and query as they came.
    pub target: String,
    /// Host and port of the target where it carries them: HTTP/2 does, instead of a `Host` header.
    pub authority: Option<String>,
    /// Headers.
    pub headers: HeaderMap,
    /// Address of the connection.
    pub peer: Option<IpAddr>,
    /// Body.
    pub body: Body,
}

impl Request {
    /// A parameter of the path.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The part that decides who is calling.
    #[must_use]
    pub fn head(&self) -> Head<'_> {
        let Self { method, target, authority, headers, peer, .. } = self;
        Head { method, target, authority: authority.as_deref(), headers, peer: *peer }
    }

    /// The query, without the question mark.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}

/// A response with this status, content type and body, and the headers that every answer of ours carries.
#[must_use]
pub fn response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if content_type.starts_with("text/html") {
        // The language of a page is that of the profile, else what the browser asks for.
        headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    response
}

/// Nothing may be loaded, framed or sent elsewhere; our own style sheet and pictures excepted. No script at all.
const CSP: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                   frame-ancestors 'none'";

/// Allows a page more than others: for each directive these sources besides.
pub fn allow(response: &mut Response, more: &[(&str, &str)]) {
    let mut policy: Vec<(&str, Vec<&str>)> = Vec::new();
    let strict = CSP.split("; ").filter_map(|directive| directive.split_once(' '));
    for (directive, sources) in strict.chain(more.iter().copied()) {
        match policy.iter_mut().find(|(known, _)| *known == directive) {
            Some((_, known)) if known.contains(&sources) => {}
            Some((_, known)) => known.push(sources),
            None => policy.push((directive, vec![sources])),
        }
    }
    let policy: Vec<_> = policy.iter().map(|(name, sources)| format!("{name} {}", sources.join(" "))).collect();
    if let Ok(policy) = HeaderValue::from_str(&policy.join("; ")) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// A JSON response.
#[must_use]
pub fn json(status: StatusCode, value: &impl serde::Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => response(status, "application/json", body),
        Err(error) => {
            tracing::error!(%error, "a response could not be written as JSON");
            response(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "")
        }
    }
}

/// A time as RFC 3339 says it, in UTC.
#[must_use]
pub fn time(at: OffsetDateTime) -> Option<String> {
    at.format(&Rfc3339).ok()
}

/// A redirect after a form: the browser gets the page at `location`, a path of this origin.
#[must_use]
pub fn see_other(location: &str) -> Response {
    let mut response = response(StatusCode::SEE_OTHER, "text/plain; charset=utf-8", "");
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// Adds a header that may stand several times.
pub fn append(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::from_str(value) {
        value.set_sensitive(name == header::SET_COOKIE);
        response.headers_mut().append(name, value);
    }
}
