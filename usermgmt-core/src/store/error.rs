//! What can go wrong with a store, by what the caller should do about it.

use std::error::Error;
use std::fmt;

/// A uniqueness rule of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UniqueKey {
    /// Realm, kind and canonical form of an identifier.
    Identifier,
    /// Realm and slug of an organisation.
    OrgSlug,
    /// Realm and credential of a factor.
    Credential,
    /// The store's one key-check value.
    KeyCheck,
    /// An id that was used before.
    Id,
}

/// A condition of a change set that no longer held. Retrying cannot help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The caller was suspended, signed out, demoted or put under another policy after the check.
    Authority,
    /// The token was used, revoked or has expired.
    Token,
    /// No try is left on the token's code.
    Tries,
    /// The attempt was completed or has expired.
    Attempt,
    /// The session was ended or rotated.
    Session,
    /// Another worker has taken the job.
    Lease,
}

/// Why the store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A row has moved on since it was read, or another commit was in the way: run the whole flow again, authority
    /// included.
    Conflict,
    /// A uniqueness rule stands in the way.
    Duplicate(UniqueKey),
    /// A condition no longer holds: never retried.
    Refused(Guard),
    /// The connection was lost while committing: ask by commit id.
    OutcomeUnknown,
    /// The store cannot be reached or is too slow.
    Unavailable,
    /// A stored row makes no sense.
    Corrupt,
    /// This store does not have this capability.
    Unsupported,
}

/// An error of a store: a kind to act upon, and the cause for the operator.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// Result of a store. The second parameter is defaulted, so the alias does not shadow the standard one's shape.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl StoreError {
    /// An error without a cause of its own.
    #[must_use]
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// An error with its cause.
    pub fn caused_by(kind: StoreErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// A stored row that makes no sense, with its coordinates.
    #[must_use]
    pub fn corrupt(table: &'static str, column: &'static str) -> Self {
        Self::caused_by(StoreErrorKind::Corrupt, format!("{table}.{column} makes no sense"))
    }

    /// What the caller should do.
    #[must_use]
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.kind {
            StoreErrorKind::Conflict => "the row has moved on",
            StoreErrorKind::Duplicate(_) => "a uniqueness rule stands in the way",
            StoreErrorKind::Refused(_) => "a condition of the change no longer holds",
            StoreErrorKind::OutcomeUnknown => "the outcome of the commit is unknown",
            StoreErrorKind::Unavailable => "the store is unavailable",
            StoreErrorKind::Corrupt => "a stored row makes no sense",
            StoreErrorKind::Unsupported => "the store lacks this capability",
        };
        f.write_str(text)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn Error + 'static))
    }
}
