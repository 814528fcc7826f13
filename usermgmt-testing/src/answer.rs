//! What an application answers.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// What a request can be put to, without a network.
pub trait Application {
    /// Answers a request that comes from this address.
    fn answer(&self, request: http::Request<Bytes>, from: SocketAddr) -> impl Future<Output = Answer>;
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, as text.
    pub body: String,
}

impl Answer {
    /// A header, if it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON; `null` if it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// The value of a form field of a page: the hidden `csrf` of the library's own forms, say.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, rest) = self.body.split_once(&format!("name=\"{name}\""))?;
        let (_, rest) = rest.split_once("value=\"")?;
        rest.split_once('"').map(|(value, _)| value)
    }
}
