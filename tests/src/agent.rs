//! A browser that is none: keeps cookies, follows nothing by itself, sends what a browser sends.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Reply {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// The stable code of a problem.
    #[must_use]
    pub fn code(&self) -> String {
        let kind = self.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("application/problem+json"), "{} {kind} {}", self.status, self.body);
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All `Set-Cookie` headers.
    #[must_use]
    pub fn cookies(&self) -> Vec<String> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    /// The value of a hidden field of a page.
    #[must_use]
    pub fn field(&self, name: &str) -> String {
        hidden(&self.body, name).unwrap_or_else(|| panic!("no field `{name}`: {}", self.body))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{} {:?}", self.body, self.headers);
        self
    }

    /// What an attacker can compare: status, headers without what differs by design, body without form tokens.
    #[must_use]
    pub fn outward(&self) -> (u16, Vec<(String, String)>, String) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| *name != header::DATE && *name != header::CONNECTION)
            .map(|(name, value)| {
                let value = value.to_str().unwrap_or_default();
                let value =
                    if *name == header::SET_COOKIE { value.split('=').next().unwrap_or_default() } else { value };
                (name.to_string(), value.to_owned())
            })
            .collect();
        headers.sort();
        let body = match hidden(&self.body, "csrf") {
            Some(token) => self.body.replace(&token, "TOKEN"),
            None => self.body.clone(),
        };
        (self.status.as_u16(), headers, body)
    }
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, rest) = rest.split_once("value=\"")?;
    rest.split_once('"').map(|(token, _)| token.to_owned())
}

/// One browser, or one program.
#[derive(Clone, Debug)]
pub struct Agent {
    address: SocketAddr,
    origin: String,
    pub cookies: BTreeMap<String, String>,
    /// Headers that go with every request.
    pub headers: HeaderMap,
}

impl Agent {
    #[must_use]
    pub fn new(address: SocketAddr, origin: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(origin.split("://").nth(1).unwrap()).unwrap());
        headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
        headers.insert(header::USER_AGENT, HeaderValue::from_static("Agent of the test suite"));
        Self { address, origin: origin.to_owned(), cookies: BTreeMap::new(), headers }
    }

    /// The same browser, led to another node.
    #[must_use]
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// The same without a header.
    #[must_use]
    pub fn without(&self, name: header::HeaderName) -> Self {
        let mut agent = self.clone();
        agent.headers.remove(name);
        agent
    }

    /// The same with another header.
    #[must_use]
    pub fn with(&self, name: &'static str, value: &str) -> Self {
        let mut agent = self.clone();
        agent.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        agent
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&mut self, method: Method, target: &str, kind: Option<&str>, body: impl Into<Bytes>) -> Reply {
        let mut request = hyper::Request::builder().method(method).uri(target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, pairs.join("; "));
        }
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let reply = self.exchange(request.body(Full::new(body.into())).unwrap()).await;
        for cookie in reply.cookies() {
            let pair = cookie.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        reply
    }

    async fn exchange(&self, request: hyper::Request<Full<Bytes>>) -> Reply {
        let stream = TcpStream::connect(self.address).await.expect("the server is there");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let driver = tokio::spawn(connection);
        let response = sender.send_request(request).await.expect("the server answers");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("the answer is whole").to_bytes();
        driver.abort();
        let body = String::from_utf8(body.to_vec()).expect("answers are UTF-8");
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&mut self, target: &str) -> Reply {
        self.send(Method::GET, target, None, "").await
    }

    /// A navigation of a browser: what a person does who follows a link.
    pub async fn navigate(&mut self, target: &str) -> Reply {
        let mut visitor = self.with("accept", "text/html,application/xhtml+xml").with("sec-fetch-mode", "navigate");
        visitor.headers.remove(header::ORIGIN);
        let reply = visitor.get(target).await;
        self.cookies = visitor.cookies;
        reply
    }

    pub async fn post(&mut self, target: &str, body: Value) -> Reply {
        self.send(Method::POST, target, Some("application/json"), body.to_string()).await
    }

    /// Opens the page with a form, fills it in and sends it to `action`.
    pub async fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Reply {
        let shown = self.navigate(page).await;
        assert!(shown.status.is_success(), "{page}: {} {}", shown.status, shown.body);
        self.fill(&shown, action, fields).await
    }

    /// Fills in the form of a page that is open.
    pub async fn fill(&mut self, page: &Reply, action: &str, fields: &[(&str, &str)]) -> Reply {
        let token = hidden(&page.body, "csrf").unwrap_or_else(|| panic!("no form: {}", page.body));
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &token);
        body.extend_pairs(fields);
        let kind = "application/x-www-form-urlencoded";
        let mut browser = self.with("accept", "text/html,application/xhtml+xml").with("sec-fetch-site", "same-origin");
        let reply = browser.send(Method::POST, action, Some(kind), body.finish()).await;
        self.cookies = browser.cookies;
        reply
    }

    /// Follows redirects of this origin until there is a page.
    pub async fn follow(&mut self, mut reply: Reply) -> Reply {
        for _ in 0..8 {
            let Some(location) = reply.header("location").map(str::to_owned) else { return reply };
            assert!(location.starts_with('/') && !location.starts_with("//"), "{location}");
            reply = self.navigate(&location).await;
        }
        panic!("redirects go round in circles");
    }

    /// Sends bytes as they are and answers with what came back.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        // A server that refuses may cut the connection after its answer.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}
