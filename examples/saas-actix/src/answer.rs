//! Pages and failures in the words of actix-web.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use saas_common::failure::Failure;
use saas_common::pages::Answer;

/// The answer of a handler that did what it was asked.
#[must_use]
pub fn answer(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers {
        response.insert_header((name, value.as_ref()));
    }
    response.body(answer.body.into_owned())
}

/// Why a handler did not. Its own type, because actix-web must know how it is answered.
#[derive(Debug)]
pub struct Failed(Failure);

impl<F: Into<Failure>> From<F> for Failed {
    fn from(failure: F) -> Self {
        Self(failure.into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResponseError for Failed {
    fn error_response(&self) -> HttpResponse {
        answer(self.0.answer())
    }
}
