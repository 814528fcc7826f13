//! Password hashing, bounded: each hash costs memory and milliseconds of a core, so the port may refuse.

use async_trait::async_trait;

use crate::password::{Password, PasswordHash};

/// Why no hash was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Too many hashes wait already; try again in a moment.
    #[error("too many password hashes are waiting")]
    Busy,
    /// The stored hash is not one that this hasher reads.
    #[error("the stored password hash cannot be read")]
    Unreadable,
    /// The hasher failed.
    #[error("hashing failed")]
    Failed,
}

/// What comparing a password with a stored hash gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashVerdict {
    /// Whether the password is the one that was hashed.
    pub matches: bool,
    /// Whether the hash was made with a lower cost than today's, so that it should be made anew.
    pub outdated: bool,
}

/// Hashes passwords with a slow, salted, tunable function.
#[async_trait]
pub trait PasswordHasher: Send + Sync + 'static {
    /// A new hash of the password, with a fresh salt and today's cost.
    ///
    /// # Errors
    /// [`HashError::Busy`] when the bound is reached, [`HashError::Failed`] when hashing fails.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Compares a password with a stored hash. With `None` it does the same work on a decoy and never matches, so
    /// that an account without a password costs what one with a password costs.
    ///
    /// # Errors
    /// As [`hash`](Self::hash), and [`HashError::Unreadable`].
    async fn verify(&self, password: &Password, stored: Option<&PasswordHash>) -> Result<HashVerdict, HashError>;
}
