//! Why an extractor refused.

use axum::response::{IntoResponse, Response};
use usermgmt_http::service::UserMgmt;
use usermgmt_http::{Head, Problem, Representation};

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
        Self { code: problem.code, response: Box::new(convert::response(response)) }
    }

    /// Stable code: `unauthenticated`, `permission_missing`, `unavailable`, …
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        *self.response
    }
}
