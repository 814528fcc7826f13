//! Why an extractor refused.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use usermgmt_http::service::UserMgmt;
use usermgmt_http::{Head, Problem, Representation, Response};

use crate::convert;

/// Why an extractor refused, with the answer that follows from it. A handler that takes
/// `Result<CurrentUser, Rejection>` decides itself; it can then tell "no" from "could not find out" by the
/// [`code`](Self::code).
#[derive(Debug, thiserror::Error)]
#[error("{code}")]
pub struct Rejection {
    code: &'static str,
    response: Box<Response>,
}

impl Rejection {
    pub(crate) fn new(auth: &UserMgmt, head: &Head<'_>, problem: &Problem) -> Self {
        let response = usermgmt_http::serve::reject(auth, head, Representation::Json, problem);
        Self { code: problem.code, response: Box::new(response) }
    }

    /// Nothing is attached, so there is nobody to ask who is calling.
    pub(crate) fn not_attached() -> Self {
        let Problem { status, code, .. } = Problem::INTERNAL;
        const BODY: &str =
            r#"{"type":"urn:usermgmt:problem:internal","title":"Internal error","status":500,"code":"internal"}"#;
        Self { code, response: Box::new(usermgmt_http::wire::response(status, "application/problem+json", BODY)) }
    }

    /// Stable code: `unauthenticated`, `permission_missing`, `unavailable`, …
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.response.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        convert::response(&self.response)
    }
}
