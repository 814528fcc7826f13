//! What the example promises, on axum and SQLite.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use axum::body::{Body, to_bytes};
use axum::http::Request;
use saas_axum::{Shared, app};
use tempfile::TempDir;
use tower::ServiceExt as _;

#[path = "../../saas-common/tests/promises/mod.rs"]
mod promises;

use promises::{Answer, Asked};

/// Where the data of one test stands.
struct Kept(TempDir);

impl Kept {
    async fn new() -> Option<Self> {
        Some(Self(tempfile::tempdir().unwrap()))
    }

    fn variable(&self, name: &str) -> Option<String> {
        (name == "DATA_DIR").then(|| self.0.path().display().to_string())
    }
}

async fn send(shared: &Shared, asked: Asked) -> Answer {
    let mut request = Request::builder().method(asked.method).uri(&asked.path);
    for (name, value) in asked.headers {
        request = request.header(name, value);
    }
    let answer = app(shared.clone()).oneshot(request.body(Body::from(asked.body)).unwrap()).await.unwrap();
    let (parts, body) = answer.into_parts();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap(),
    }
}
