//! The issuer's keys: made, kept, published.

use std::fmt;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::jwk::Jwk;
use crate::public_key::Numbers;

/// Why there is no key, or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The random generator or the arithmetic failed.
    #[error("the cryptographic library failed")]
    Failed,
    /// What was given is not a sound PKCS#8 private key for this algorithm.
    #[error("not a private key for {0}")]
    NotAKey(Algorithm),
}

/// A private key as PKCS#8 (RFC 5958), in DER: to be sealed and stored. It is wiped from memory when dropped.
///
/// It does not print, compare or serialise.
///
/// ```compile_fail
/// # use usermgmt_jwt::PrivateKey;
/// fn leak(key: PrivateKey) -> String { key.to_string() }
/// ```
///
/// ```compile_fail
/// # use usermgmt_jwt::PrivateKey;
/// fn leak(key: PrivateKey) -> String { serde_json::to_string(&key).unwrap_or_default() }
/// ```
pub struct PrivateKey(Zeroizing<Vec<u8>>);

impl PrivateKey {
    /// Takes what was stored. It is judged by [`SigningKey::import`].
    #[must_use]
    pub fn from_pkcs8(der: Vec<u8>) -> Self {
        Self(Zeroizing::new(der))
    }

    /// The bytes. Whoever has them can sign anything: seal them before they are written anywhere.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([redacted])")
    }
}

/// A key that signs tokens, of one algorithm.
///
/// Nothing process-wide takes part: whichever cryptographic provider the host installs, or none, keys and signatures are
/// aws-lc's, and a failure is an error.
///
/// ```
/// use usermgmt_jwt::{Algorithm, SigningKey};
///
/// let key = SigningKey::generate(Algorithm::Es256)?;
/// let stored = key.export()?;
/// assert_eq!(SigningKey::import(Algorithm::Es256, &stored)?.key_id(), key.key_id());
/// assert!(SigningKey::import(Algorithm::EdDsa, &stored).is_err());
/// # Ok::<(), usermgmt_jwt::KeyError>(())
/// ```
pub struct SigningKey {
    pair: Pair,
    public: Jwk,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// A new key: Ed25519, P-256 or RSA of 3072 bits. An RSA key takes a second or so.
    ///
    /// # Errors
    /// Fails when the random generator does.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::generate().map(Pair::Ed25519),
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Pair::P256),
            Algorithm::Rs256 => RsaKeyPair::generate(KeySize::Rsa3072).map(Pair::Rsa),
        };
        Self::from_pair(pair.map_err(|_| KeyError::Failed)?)
    }

    /// A key that was stored. The algorithm is stored beside it and must be the key's.
    ///
    /// # Errors
    /// Fails when the bytes are no private key for this algorithm, or one that is too weak (see [`crate::JwkError`]).
    pub fn import(algorithm: Algorithm, key: &PrivateKey) -> Result<Self, KeyError> {
        let der = key.expose();
        let pair = match algorithm {
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(der).map(Pair::Ed25519),
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(Pair::P256),
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(der).map(Pair::Rsa),
        };
        let pair = pair.map_err(|_| KeyError::NotAKey(algorithm))?;
        Self::from_pair(pair).map_err(|_| KeyError::NotAKey(algorithm))
    }

    fn from_pair(pair: Pair) -> Result<Self, KeyError> {
        let numbers = pair.numbers().ok_or(KeyError::Failed)?;
        Ok(Self { pair, public: Jwk::of(numbers).map_err(|_| KeyError::Failed)? })
    }

    /// The private key, to be sealed and stored.
    ///
    /// # Errors
    /// Fails when the cryptographic library does.
    pub fn export(&self) -> Result<PrivateKey, KeyError> {
        let der = match &self.pair {
            Pair::Ed25519(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::P256(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
            Pair::Rsa(pair) => pair.as_der().map(|document| document.as_ref().to_vec()),
        };
        der.map(PrivateKey::from_pkcs8).map_err(|_| KeyError::Failed)
    }

    /// The key's algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.public.algorithm()
    }

    /// The key's id: its thumbprint (RFC 7638), so two keys never share one and no counter is needed.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.public.key_id()
    }

    /// What is published of it.
    #[must_use]
    pub fn public(&self) -> Jwk {
        self.public.clone()
    }

    /// The signature over these bytes, in the form of JWS (RFC 7518 section 3.4: R and S, not DER).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let random = SystemRandom::new();
        let signature = match &self.pair {
            // `sign` would panic on an error.
            Pair::Ed25519(pair) => pair.try_sign(message).map(|signature| signature.as_ref().to_vec()),
            Pair::P256(pair) => pair.sign(&random, message).map(|signature| signature.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map(|()| signature)
            }
        };
        signature.map_err(|_| KeyError::Failed)
    }
}

impl Pair {
    fn numbers(&self) -> Option<Numbers> {
        Some(match self {
            Self::Ed25519(pair) => Numbers::Ed25519 { x: pair.public_key().as_ref().to_vec() },
            Self::P256(pair) => {
                // An uncompressed point: 4, x, y.
                let (x, y) = pair.public_key().as_ref().strip_prefix(&[4])?.split_at_checked(32)?;
                Numbers::P256 { x: x.to_vec(), y: y.to_vec() }
            }
            Self::Rsa(pair) => {
                let (n, e) = (pair.public_key().modulus(), pair.public_key().exponent());
                Numbers::Rsa {
                    n: n.big_endian_without_leading_zero().to_vec(),
                    e: e.big_endian_without_leading_zero().to_vec(),
                }
            }
        })
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {:?}, [redacted])", self.algorithm(), self.key_id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::RSA_GENERATED_BITS;

    #[test]
    fn keys_survive_storage() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let stored = PrivateKey::from_pkcs8(key.export().unwrap().expose().to_vec());
            let again = SigningKey::import(algorithm, &stored).unwrap();
            assert_eq!((again.key_id(), again.algorithm()), (key.key_id(), algorithm));
            let signature = again.sign(b"message").unwrap();
            assert!(key.public().key().verifies(b"message", &signature));
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                assert_eq!(SigningKey::import(other, &stored).unwrap_err(), KeyError::NotAKey(other));
            }
        }
    }

    #[test]
    fn rsa_keys_have_the_named_size() {
        let key = SigningKey::generate(Algorithm::Rs256).unwrap();
        assert_eq!(key.sign(b"").unwrap().len() * 8, RSA_GENERATED_BITS);
    }

    #[test]
    fn garbage_is_no_key() {
        for algorithm in Algorithm::ALL {
            for bytes in [vec![], vec![0x30, 0], vec![0x41; 300]] {
                assert!(SigningKey::import(algorithm, &PrivateKey::from_pkcs8(bytes)).is_err());
            }
        }
    }

    #[test]
    fn keys_do_not_print() {
        let key = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert_eq!(format!("{:?}", key.export().unwrap()), "PrivateKey([redacted])");
        assert_eq!(format!("{key:?}"), format!("SigningKey(EdDSA, {:?}, [redacted])", key.key_id()));
    }
}
