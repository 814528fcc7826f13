//! Passwords as stored.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Version;
use crate::id::UserId;
use crate::password::PasswordHash;
use crate::secret::Digest;

/// What somebody entered at sign-up who has not proven the address yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unproven {
    /// Digest of the browser that set the password. Only a proof from the same browser lets the password survive;
    /// whoever proves the address elsewhere sets a new one.
    pub browser: Digest,
    /// Name of the organisation to make with the proof, if one was asked for.
    pub organization: Option<String>,
}

/// The password of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordCredential {
    /// Whose it is.
    pub user: UserId,
    /// The slow hash.
    pub hash: PasswordHash,
    /// Who set it, while the address is still unproven; `None` once it is proven.
    pub unproven: Option<Unproven>,
    /// Hashes of earlier passwords, the latest first, as far as the rules want them kept.
    pub previous: Vec<PasswordHash>,
    /// Whether the next sign-in leads to a new password: this one was given by somebody else, is known to others, or to
    /// nobody.
    pub must_change: bool,
    /// When it was set.
    pub changed_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}

impl PasswordCredential {
    /// Whether it only keeps the place of a sign-up without a password until the address is proven: nobody knows it.
    #[must_use]
    pub const fn is_nobodys(&self) -> bool {
        self.unproven.is_some() && self.must_change
    }
}
