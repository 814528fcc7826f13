//! A browser that is none: it keeps cookies and sends what a browser sends.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use serde::Serialize;
use usermgmt_http::cookies::{CookieName, Jar};
use usermgmt_http::service::UserMgmt;
use usermgmt_http::service::core::secret::{Bearer, BearerKind};

use crate::{Answer, Application};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PAGE: &str = "text/html,application/xhtml+xml";
/// Network for tests of devices (RFC 2544 section C.2.2): nobody's address.
const NETWORK: u32 = u32::from_be_bytes([198, 18, 0, 0]);
/// Addresses of that network.
const ADDRESSES: u32 = 1 << 17;

/// One browser at one origin, with its cookies and an address of its own. Clones go their own ways from then on.
#[derive(Clone, Debug)]
pub struct Browser {
    origin: String,
    address: SocketAddr,
    session_cookie: &'static str,
    /// The cookies that it holds, by name.
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(auth: &UserMgmt, number: u32) -> Self {
        let address = Ipv4Addr::from_bits(NETWORK | (number % ADDRESSES));
        Self {
            origin: auth.settings().origin.as_str().to_owned(),
            address: SocketAddr::from((address, 49_152)),
            session_cookie: Jar::of(auth.settings()).name(CookieName::Session),
            cookies: BTreeMap::new(),
        }
    }

    pub(crate) fn hold(&mut self, name: CookieName, value: &str) {
        if name == CookieName::Session {
            self.cookies.insert(self.session_cookie.to_owned(), value.to_owned());
        }
    }

    pub(crate) fn secret(&self) -> Option<Bearer> {
        self.cookies.get(self.session_cookie).and_then(|text| Bearer::parse(BearerKind::Session, text))
    }

    /// Name and value of the session's cookie; `None` where nobody is signed in.
    #[must_use]
    pub fn session_cookie(&self) -> Option<(&'static str, &str)> {
        self.cookies.get(self.session_cookie).map(|value| (self.session_cookie, value.as_str()))
    }

    /// The value of the header `Cookie`, for any HTTP client.
    #[must_use]
    pub fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The headers that go with each of its requests, for any HTTP client: `Cookie`, and `Origin` and `Host`, without
    /// which nobody changes anything by a cookie.
    ///
    /// # Panics
    /// If a cookie was put in that no header can hold.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let text = |value: &str| HeaderValue::from_str(value).expect("cookies and origins are plain text");
        let host = self.origin.split("://").nth(1).unwrap_or_default();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, text(host));
        headers.insert(header::ORIGIN, text(&self.origin));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("usermgmt-testing"));
        if !self.cookies.is_empty() {
            headers.insert(header::COOKIE, text(&self.cookie()));
        }
        headers
    }

    /// The same browser at another address, for the limits of one.
    #[must_use]
    pub fn at(self, address: impl Into<std::net::IpAddr>) -> Self {
        Self { address: SocketAddr::new(address.into(), self.address.port()), ..self }
    }

    /// Keeps the cookies of an answer, and forgets those that it takes away.
    pub fn keep(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { continue };
            if cookie.split(';').any(|part| part.trim() == "Max-Age=0") {
                self.cookies.remove(name.trim());
            } else {
                self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
            }
        }
    }

    /// Sends a request with the browser's [headers](Self::headers), except where it has its own, and keeps the cookies of
    /// the answer.
    pub async fn send(&mut self, app: &impl Application, mut request: Request<Bytes>) -> Answer {
        let mut headers = self.headers();
        for (name, value) in request.headers() {
            headers.insert(name, value.clone());
        }
        *request.headers_mut() = headers;
        let answer = app.answer(request, self.address).await;
        self.keep(&answer.headers);
        answer
    }

    async fn ask(&mut self, app: &impl Application, asked: Asked<'_>) -> Answer {
        let mut request = Request::new(Bytes::from(asked.body));
        *request.method_mut() = asked.method;
        *request.uri_mut() = asked.target.parse().unwrap_or_else(|error| panic!("`{}`: {error}", asked.target));
        for (name, value) in asked.headers {
            request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        self.send(app, request).await
    }

    /// What a program or a script asks for: it gets data, and refusals as `application/problem+json`.
    ///
    /// # Panics
    /// If the target is none.
    pub async fn get(&mut self, app: &impl Application, target: &str) -> Answer {
        let headers = &[("accept", "application/json, */*")];
        self.ask(app, Asked { method: Method::GET, target, headers, body: String::new() }).await
    }

    /// What a person does who opens a link: it gets pages, and is led where a program is refused.
    ///
    /// # Panics
    /// If the target is none.
    pub async fn navigate(&mut self, app: &impl Application, target: &str) -> Answer {
        let headers = &[("accept", PAGE), ("sec-fetch-mode", "navigate"), ("sec-fetch-site", "same-origin")];
        self.ask(app, Asked { method: Method::GET, target, headers, body: String::new() }).await
    }

    /// What a script of the application's own pages sends.
    ///
    /// # Panics
    /// If the target is none, or the body cannot be written as JSON.
    pub async fn post_json(&mut self, app: &impl Application, target: &str, body: &impl Serialize) -> Answer {
        let body = serde_json::to_string(body).unwrap_or_else(|error| panic!("no JSON: {error}"));
        let headers = &[("accept", JSON), ("content-type", JSON)];
        self.ask(app, Asked { method: Method::POST, target, headers, body }).await
    }

    /// What the browser sends when a form of the application's own pages is sent. The library's own forms have a token
    /// besides: [`submit`](Self::submit) fills it in.
    ///
    /// # Panics
    /// If the target is none.
    pub async fn post_form(&mut self, app: &impl Application, target: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = &[("accept", PAGE), ("content-type", FORM), ("sec-fetch-mode", "navigate")];
        self.ask(app, Asked { method: Method::POST, target, headers, body }).await
    }

    /// Opens a page, fills its form in and sends it to `action`, with the form's token if it has one.
    ///
    /// # Panics
    /// If there is no such page.
    pub async fn submit(
        &mut self,
        app: &impl Application,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> Answer {
        let shown = self.navigate(app, page).await;
        assert!(shown.status.is_success(), "no page {page}: {} {}", shown.status, shown.body);
        let token = shown.field("csrf").map(|token| ("csrf", token));
        let all: Vec<_> = token.into_iter().chain(fields.iter().copied()).collect();
        self.post_form(app, action, &all).await
    }
}

/// A request in words.
struct Asked<'a> {
    method: Method,
    target: &'a str,
    headers: &'a [(&'static str, &'static str)],
    body: String,
}
