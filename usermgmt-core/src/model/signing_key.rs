//! Keys that sign access tokens.

use time::OffsetDateTime;

use crate::id::RealmId;
use crate::sealed::Sealed;

/// A key that signs access tokens, from its time on until the next one's. It is published before it signs, and after
/// the next one does, for as long as something that it signed can live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// The realm whose tokens it signs.
    pub realm: RealmId,
    /// Which one it is, from 1. Two processes that make the next one make the same one: the second is a duplicate.
    pub number: u32,
    /// Its id in tokens and in the published set: the thumbprint of RFC 7638.
    pub kid: String,
    /// The private key (PKCS #8), sealed under a root key.
    pub private: Sealed,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it begins to sign.
    pub signs_from: OffsetDateTime,
}
