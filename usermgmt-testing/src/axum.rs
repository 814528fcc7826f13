//! Requests to an axum router.

use std::net::SocketAddr;

use ::axum::Router;
use ::axum::body::{Body, to_bytes};
use ::axum::extract::ConnectInfo;
use bytes::Bytes;
use tower::ServiceExt as _;

use crate::{Answer, Application};

impl Application for Router {
    async fn answer(&self, request: http::Request<Bytes>, from: SocketAddr) -> Answer {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(ConnectInfo(from));
        // A router refuses nothing by itself: it answers.
        let Ok(response) = self.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap_or_else(|error| panic!("half an answer: {error}"));
        let body = String::from_utf8_lossy(&body).into_owned();
        Answer { status: parts.status, headers: parts.headers, body }
    }
}
