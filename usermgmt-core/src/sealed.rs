//! Secrets that must be read again, sealed for the store: a copy of the database shows none of them.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, Key, KeyInit as _, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::keys::{KeyRing, Purpose, PurposeKey};
use crate::port::{Random, RandomError};

/// Bytes of a nonce: 96 bits (NIST SP 800-38D section 8.2.2). Random ones may be used 2^32 times with one key.
const NONCE_BYTES: usize = 12;

/// A secret sealed with AES-256-GCM under a key of the ring.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Id of the root key.
    pub key_id: String,
    /// Nonce, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No randomness for the nonce.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The ring does not have the root key any more.
    #[error("sealed under the root key `{0}`, which the ring does not have")]
    UnknownKey(String),
    /// It was altered, or belongs elsewhere.
    #[error("a sealed secret was altered or belongs elsewhere")]
    Altered,
}

impl KeyRing {
    /// Seals a secret for one place: it opens for the same purpose and context only.
    ///
    /// # Errors
    /// Fails when the random generator fails.
    pub fn seal(
        &self,
        purpose: Purpose,
        context: &[&str],
        secret: &[u8],
        random: &dyn Random,
    ) -> Result<Sealed, SealError> {
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce)?;
        let aad = joined(context);
        let sealed = cipher(&self.derive(purpose)).encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: &aad });
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed.map_err(|_| SealError::Altered)?);
        Ok(Sealed { key_id: self.current_id().to_owned(), bytes })
    }

    /// Opens what [`seal`](Self::seal) has sealed.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] or [`SealError::Altered`].
    pub fn open(&self, purpose: Purpose, context: &[&str], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let key = self.derive_with(&sealed.key_id, purpose);
        let key = key.ok_or_else(|| SealError::UnknownKey(sealed.key_id.clone()))?;
        let (nonce, text) = sealed.bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::Altered)?;
        let aad = joined(context);
        let opened = cipher(&key).decrypt(&Nonce::from(*nonce), Payload { msg: text, aad: &aad });
        opened.map(Zeroizing::new).map_err(|_| SealError::Altered)
    }
}

fn cipher(key: &PurposeKey) -> Aes256Gcm {
    Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key.bytes()))
}

/// The parts of a context, each preceded by its length, so that no two contexts are alike.
fn joined(context: &[&str]) -> Vec<u8> {
    let part = |part: &&str| {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes();
        length.into_iter().chain(part.bytes()).collect::<Vec<_>>()
    };
    context.iter().flat_map(part).collect()
}

impl serde::Serialize for Sealed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.key_id, URL_SAFE_NO_PAD.encode(&self.bytes)).serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Sealed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key_id, bytes): (String, String) = serde::Deserialize::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(serde::de::Error::custom)?;
        Ok(Self { key_id, bytes })
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(under `{}`, [redacted])", self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::OsRandom;

    #[test]
    fn a_sealed_secret_opens_in_its_place_only() {
        let ring = KeyRing::generate(&OsRandom).unwrap();
        let context = ["rlm_1", "1"];
        let sealed = ring.seal(Purpose::SigningKey, &context, b"secret", &OsRandom).unwrap();
        let rotated = ring.clone().rotated(&OsRandom).unwrap();
        for ring in [&ring, &rotated] {
            assert_eq!(ring.open(Purpose::SigningKey, &context, &sealed).unwrap().as_slice(), b"secret");
        }
        for (purpose, context) in [
            (Purpose::Refresh, &context[..]),
            (Purpose::SigningKey, &["rlm_1", "2"]),
            (Purpose::SigningKey, &["rlm_11", ""]),
            (Purpose::SigningKey, &["rlm_1"]),
        ] {
            assert!(matches!(ring.open(purpose, context, &sealed), Err(SealError::Altered)), "{context:?}");
        }
        for place in 0..sealed.bytes.len() {
            let mut altered = sealed.clone();
            altered.bytes[place] ^= 1;
            assert!(ring.open(Purpose::SigningKey, &context, &altered).is_err(), "{place}");
        }
        let short = Sealed { bytes: sealed.bytes[..NONCE_BYTES].to_vec(), ..sealed.clone() };
        assert!(ring.open(Purpose::SigningKey, &context, &short).is_err());
        let other = KeyRing::generate(&OsRandom).unwrap();
        assert!(matches!(other.open(Purpose::SigningKey, &context, &sealed), Err(SealError::UnknownKey(_))));
        assert_ne!(ring.seal(Purpose::SigningKey, &context, b"secret", &OsRandom).unwrap(), sealed, "no nonce twice");
    }
}
