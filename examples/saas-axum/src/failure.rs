//! What a handler answers when it cannot do what it was asked. "No" and "could not find out" stay apart.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use usermgmt::{Error, Refused, StoreError};

use crate::pages;

/// Why a handler did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is nothing of this name, or it belongs to somebody else: both look alike.
    #[error("not found")]
    NotFound,
    /// What usermgmt says.
    #[error(transparent)]
    Library(#[from] Error),
    /// The database does not do what it should.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        Self::Library(refused.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Library(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, heading, text) = match &self {
            Self::NotFound | Self::Library(Error::Refused(Refused::NotFound)) => {
                (StatusCode::NOT_FOUND, "There is nothing here", "Check the address, or begin at the start.")
            }
            Self::Library(Error::Refused(Refused::Conflict)) => {
                (StatusCode::CONFLICT, "Somebody was faster", "What you wanted to change has just changed. Try again.")
            }
            Self::Library(Error::Refused(_)) => {
                (StatusCode::FORBIDDEN, "You may not do this", "Your rights may have changed. Begin at the start.")
            }
            Self::Library(Error::Invalid(_)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "This cannot be taken", "Go back and look at what you have entered.")
            }
            Self::Library(Error::Unavailable(_)) | Self::Database(_) => {
                // For the operator; the person sees only that it does not work.
                tracing::error!(error = &self as &dyn std::error::Error, "a request could not be answered");
                (StatusCode::SERVICE_UNAVAILABLE, "This does not work just now", "Nothing is lost. Try again shortly.")
            }
        };
        let mut response = pages::page(status, "message.html", context! { heading, text });
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
