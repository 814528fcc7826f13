//! The one error type: a sentence that a person can act on.

use std::fmt;

/// What went wrong, as a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault(String);

/// The result of nearly everything here.
pub(crate) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Turns any error into a [`Fault`] by saying what could not be done.
pub(crate) trait OrFault<T> {
    /// `could not {what}: {error}`.
    fn or_fault(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> OrFault<T> for std::result::Result<T, E> {
    fn or_fault(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Fault::new(format!("could not {}: {error}", what())))
    }
}
