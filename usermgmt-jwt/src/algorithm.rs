//! The algorithms, three and no more.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaParameters, VerificationAlgorithm,
};

/// How tokens are signed. An algorithm belongs to a key; what a token says of itself must be equal to it
/// (RFC 8725 section 3.1).
///
/// There is no HMAC (every reader could write), no `none`, and no ECDSA but on P-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `EdDSA` with Ed25519 (RFC 8037 section 3.1): fast, short, nothing to choose.
    #[default]
    EdDsa,
    /// `ES256`: ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4), for readers without Ed25519.
    Es256,
    /// `RS256`: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3), for readers that have nothing else.
    Rs256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::EdDsa, Self::Es256, Self::Rs256];

    /// The name in headers and key sets.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of this name, letter by letter (RFC 7515 section 4.1.1: names are case-sensitive).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    pub(crate) fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EdDsa => &ED25519,
            Self::Es256 => &ECDSA_P256_SHA256_FIXED,
            Self::Rs256 => Self::rsa(),
        }
    }

    pub(crate) const fn rsa() -> &'static RsaParameters {
        &RSA_PKCS1_2048_8192_SHA256
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
