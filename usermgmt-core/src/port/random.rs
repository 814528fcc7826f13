//! Randomness. An error of the generator means refusal, never a weaker secret.

use rand::TryRng as _;

/// The random generator failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the random generator of the operating system failed")]
pub struct RandomError;

/// A source of cryptographically secure random bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    ///
    /// # Errors
    /// Fails when no randomness can be had; the buffer must then not be used.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomError> {
        rand::rngs::SysRng.try_fill_bytes(buffer).map_err(|_| RandomError)
    }
}
