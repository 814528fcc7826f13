//! Sign-ins that have begun.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Proof, Version, words};
use crate::id::{AttemptId, OrgId, RealmId, UserId};
use crate::secret::Digest;

words! {
    /// What an attempt leads to.
    Purpose {
        /// A new session.
        SignIn = "sign_in",
    }
}

/// A sign-in after its first proof and before its last. It is kept apart from sessions: pending is signed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Id.
    pub id: AttemptId,
    /// The realm it is valid in.
    pub realm: RealmId,
    /// What it leads to.
    pub purpose: Purpose,
    /// Who is signing in; known because something was proven.
    pub user: UserId,
    /// Digest of the bearer secret in the attempt's cookie.
    pub digest: Digest,
    /// Digest of the browser it began in.
    pub browser: Digest,
    /// What was proven so far.
    pub proofs: Vec<Proof>,
    /// Canonical form of the address that was used to sign in; of the username, for somebody without an address.
    pub canonical: String,
    /// The organisation that was chosen.
    pub org: Option<OrgId>,
    /// Whether the person asked to be remembered.
    pub persistent: bool,
    /// The user's `auth_epoch` when it began; if that moves, the attempt is dead.
    pub auth_epoch: u64,
    /// When it was completed; then it is dead.
    pub consumed_at: Option<OffsetDateTime>,
    /// Dead from then on.
    pub expires_at: OffsetDateTime,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}
