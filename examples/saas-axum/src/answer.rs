//! Pages and failures in the words of axum.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use saas_common::failure::Failure;
use saas_common::pages::Answer;

/// The answer of a handler that did what it was asked.
#[must_use]
pub fn answer(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Why a handler did not. Its own type, because axum must know how it is answered.
#[derive(Debug)]
pub struct Failed(Failure);

impl<F: Into<Failure>> From<F> for Failed {
    fn from(failure: F) -> Self {
        Self(failure.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        answer(self.0.answer())
    }
}
