//! The secret of an API key: what a program presents.
//!
//! It ends in a checksum, so that a mistyped or cut one is refused without asking the store, and a scanner of sources
//! can tell a leaked key from a text that looks like one without asking anybody.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::port::{Random, RandomError};
use crate::secret::{BEARER_BYTES, DEFAULT_ROUTE, Digest, framed, unframed};

/// What every API key begins with.
const PREFIX: &str = "umk";
/// Bytes of the checksum: a text that is no key passes once in 2^32.
const CHECK_BYTES: usize = 4;
/// Characters of the secret that may be shown, so that its owner recognises it: 24 of 256 bits.
const SHOWN: usize = 4;

/// The secret of an API key: `umk_00_` and 48 characters of base64url, which are 32 random bytes and the first 4 of the
/// SHA-256 of `umk00` and these bytes. Whoever presents it acts as the key.
///
/// It does not print, does not compare and does not serialise; [`expose`](Self::expose) is for the one answer that
/// hands it out.
///
/// ```compile_fail
/// # use usermgmt_core::api_key::ApiKeySecret;
/// fn leak(secret: ApiKeySecret) -> String { secret.to_string() }
/// ```
#[derive(Clone)]
pub struct ApiKeySecret(SecretString);

impl ApiKeySecret {
    /// A new random secret.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn mint(random: &dyn Random) -> Result<Self, RandomError> {
        let mut bytes = Zeroizing::new([0; BEARER_BYTES + CHECK_BYTES]);
        let (secret, check) = bytes.split_at_mut(BEARER_BYTES);
        random.fill(secret)?;
        check.copy_from_slice(&checksum(secret));
        Ok(Self(framed(PREFIX, bytes.as_slice())))
    }

    /// Whether a text wants to be an API key.
    #[must_use]
    pub fn is_meant_by(text: &str) -> bool {
        text.strip_prefix(PREFIX).is_some_and(|rest| rest.starts_with('_'))
    }

    /// Reads a presented secret; `None` unless it is in the one canonical form and its checksum is right.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = unframed::<{ BEARER_BYTES + CHECK_BYTES }>(PREFIX, text)?;
        let (secret, check) = bytes.split_at_checked(BEARER_BYTES)?;
        // Public arithmetic over what the caller has sent: there is nothing to be learned from its time.
        (check == checksum(secret)).then(|| Self(text.to_owned().into()))
    }

    /// The digest that is stored in place of the secret.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.expose().as_bytes())
    }

    /// How the secret begins: enough for its owner to recognise it, far too little to present it.
    #[must_use]
    pub fn beginning(&self) -> String {
        self.expose().chars().take(PREFIX.len() + DEFAULT_ROUTE.len() + 2 + SHOWN).collect()
    }

    /// The text itself. Whoever sees it can act as the key: never log or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The first bytes of the SHA-256 of how keys begin and the secret.
fn checksum(secret: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new().chain_update(PREFIX).chain_update(DEFAULT_ROUTE).chain_update(secret).finalize();
    let mut check = [0; CHECK_BYTES];
    check.iter_mut().zip(digest).for_each(|(place, byte)| *place = byte);
    check
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::OsRandom;

    #[test]
    fn one_text_stands_for_each_secret_and_every_other_is_refused() {
        let secret = ApiKeySecret::mint(&OsRandom).unwrap();
        let text = secret.expose().to_owned();
        assert_eq!((text.len(), ApiKeySecret::parse(&text).map(|read| read.digest())), (55, Some(secret.digest())));
        for place in 0..text.len() {
            for other in ['A', 'Q', '_', '=', ' ', 'é'] {
                let mut altered: Vec<_> = text.chars().collect();
                if altered[place] != other {
                    altered[place] = other;
                    let altered: String = altered.into_iter().collect();
                    assert!(ApiKeySecret::parse(&altered).is_none(), "{altered}");
                }
            }
        }
        let long = "A".repeat(1_000_000);
        for wrong in ["", "umk", "umk_", "umk_00_", "ums_00_", &long, &format!("{text}A"), &format!(" {text}")] {
            assert!(ApiKeySecret::parse(wrong).is_none(), "{}", wrong.len());
        }
        assert!(
            ApiKeySecret::is_meant_by(&text) && ApiKeySecret::is_meant_by("umk_") && !ApiKeySecret::is_meant_by("umks")
        );
    }

    #[test]
    fn what_is_shown_tells_little() {
        let secret = ApiKeySecret::mint(&OsRandom).unwrap();
        let shown = secret.beginning();
        assert!(secret.expose().starts_with(&shown) && shown.len() == 11, "{shown}");
        assert!(!format!("{secret:?}").contains(&shown));
        assert_ne!(ApiKeySecret::mint(&OsRandom).unwrap().digest(), secret.digest());
    }
}
