//! Why a handler did not do what it was asked, and what is shown then. "No" and "could not find out" stay apart.

use usermgmt::{Error, Refused, StoreError};

use crate::pages::{self, Answer};

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

impl Failure {
    /// Whether the database refused a second row of the same name.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        let Self::Database(error) = self else { return false };
        error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
    }

    /// The page that says so.
    #[must_use]
    pub fn answer(&self) -> Answer {
        let (status, heading, text) = match self {
            Self::NotFound | Self::Library(Error::Refused(Refused::NotFound)) => {
                (404, "There is nothing here", "Check the address, or begin at the start.")
            }
            Self::Library(Error::Refused(Refused::Conflict)) => {
                (409, "Somebody was faster", "What you wanted to change has just changed. Try again.")
            }
            Self::Library(Error::Refused(_)) => {
                (403, "You may not do this", "Your rights may have changed. Begin at the start.")
            }
            Self::Library(Error::Invalid(_)) => {
                (422, "This cannot be taken", "Go back and look at what you have entered.")
            }
            Self::Library(Error::Unavailable(_)) | Self::Database(_) => {
                // For the operator; the person sees only that it does not work.
                tracing::error!(error = self as &dyn std::error::Error, "a request could not be answered");
                (503, "This does not work just now", "Nothing is lost. Try again shortly.")
            }
        };
        let mut answer = pages::message(status, heading, text);
        if status == 503 {
            answer.headers.push(("retry-after", "2".into()));
        }
        answer
    }
}
