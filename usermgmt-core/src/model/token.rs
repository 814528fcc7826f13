//! Mailed links and codes.

use time::OffsetDateTime;

use super::words;
use crate::id::{RealmId, TokenId, UserId};
use crate::secret::Digest;

words! {
    /// What a mailed token is for. A token of one kind is nothing at the door of another.
    TokenKind {
        /// Proves that the holder reads the mail of an address.
        VerifyEmail = "verify_email",
    }
}

/// One mailed link with its code. Single use: whoever consumes it first wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Id; link and code are derived from it.
    pub id: TokenId,
    /// The realm it is valid in.
    pub realm: RealmId,
    /// What it is for.
    pub kind: TokenKind,
    /// Whose account it acts on; nothing else that is presented can say otherwise.
    pub user: UserId,
    /// Digest of the link's secret.
    pub digest: Digest,
    /// Id of the root key that link and code are derived under.
    pub key_id: String,
    /// Digest of the browser that asked for it; the code works only there.
    pub browser: Option<Digest>,
    /// Canonical form of the address that the token proves.
    pub canonical: String,
    /// Wrong codes that are still allowed.
    pub tries_left: u32,
    /// The code is dead from then on.
    pub code_expires_at: OffsetDateTime,
    /// The link is dead from then on.
    pub expires_at: OffsetDateTime,
    /// When it was used or revoked; then it is dead.
    pub consumed_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl Token {
    /// Whether the link can still be used.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.consumed_at.is_none() && now < self.expires_at
    }

    /// Whether the code can still be used.
    #[must_use]
    pub fn code_is_live(&self, now: OffsetDateTime) -> bool {
        self.is_live(now) && now < self.code_expires_at && self.tries_left > 0
    }
}
