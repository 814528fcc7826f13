//! What ends a run: one sentence.

use std::fmt;

use fantoccini::error::{CmdError, NewSessionError};

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// Something was not as a person expects it, or the machinery failed.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }

    /// The same, with what was being done.
    pub(crate) fn during(self, what: &str) -> Self {
        Self(format!("{what}: {}", self.0))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<CmdError> for Fault {
    fn from(error: CmdError) -> Self {
        Self(format!("the browser: {error}"))
    }
}

impl From<NewSessionError> for Fault {
    fn from(error: NewSessionError) -> Self {
        Self(format!("no browser: {error}"))
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

/// Ends the step unless it holds.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { Err(Fault(otherwise())) }
}
