//! A published set of keys (RFC 7517 section 5), read within limits.

use serde::Serialize;
use serde_json::Value;

use crate::jwk::{Jwk, JwkError};
use crate::limits::{JSON_MAX_DEPTH, JWKS_MAX_BYTES, JWKS_MAX_KEYS};
use crate::strict;

/// Why a key set is refused, whole: of a set in which one key is unsound, no other is trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// Longer than [`JWKS_MAX_BYTES`].
    #[error("the key set is too long")]
    TooLong,
    /// Not a JSON object with an array `keys` of objects; nested too deeply; or a name is repeated.
    #[error("the key set is malformed")]
    Malformed,
    /// More entries than [`JWKS_MAX_KEYS`].
    #[error("the key set has too many keys")]
    TooManyKeys,
    /// Two usable keys have this id, so the id names neither.
    #[error("the key id {0:?} is used twice")]
    DuplicateKeyId(String),
    /// An entry is unsound; the number counts from 0.
    #[error("key {index} of the set is refused: {reason}")]
    Key {
        /// Its place in the set.
        index: usize,
        /// What is wrong with it.
        reason: JwkError,
    },
}

/// The public keys of an issuer, each with an id of its own.
///
/// It is read by [`parse`](Self::parse) only, which knows the length of what it reads; there is no `Deserialize`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

impl Jwks {
    /// A set of these keys, to be published. Publish a new key before it signs, and the old one until the last token
    /// that it signed has expired and every reader has fetched the set again ([`JWKS_LIFE`](crate::limits::JWKS_LIFE)).
    ///
    /// # Errors
    /// Fails when there are too many keys, or one is there twice.
    pub fn new(keys: impl IntoIterator<Item = Jwk>) -> Result<Self, JwksError> {
        let mut set = Self::default();
        for key in keys {
            set.add(key)?;
        }
        Ok(set)
    }

    /// Reads a published set.
    ///
    /// Entries of other kinds, curves, uses and algorithms are passed over, and so are entries without an id. What is
    /// left must be sound.
    ///
    /// # Errors
    /// Says why the set is refused. The limits are [`JWKS_MAX_BYTES`], [`JWKS_MAX_KEYS`] and [`JSON_MAX_DEPTH`].
    pub fn parse(json: &[u8]) -> Result<Self, JwksError> {
        if json.len() > JWKS_MAX_BYTES {
            return Err(JwksError::TooLong);
        }
        let set = strict::object(json, JSON_MAX_DEPTH).ok_or(JwksError::Malformed)?;
        let entries = set.get("keys").and_then(Value::as_array).ok_or(JwksError::Malformed)?;
        if entries.len() > JWKS_MAX_KEYS {
            return Err(JwksError::TooManyKeys);
        }
        let mut keys = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let entry = entry.as_object().ok_or(JwksError::Malformed)?;
            if let Some(key) = Jwk::read(entry).map_err(|reason| JwksError::Key { index, reason })? {
                keys.add(key)?;
            }
        }
        Ok(keys)
    }

    fn add(&mut self, key: Jwk) -> Result<(), JwksError> {
        if self.keys.len() >= JWKS_MAX_KEYS {
            return Err(JwksError::TooManyKeys);
        }
        if self.key(key.key_id()).is_some() {
            return Err(JwksError::DuplicateKeyId(key.key_id().to_owned()));
        }
        self.keys.push(key);
        Ok(())
    }

    /// The keys, in their order.
    #[must_use]
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The key of this id, compared letter by letter.
    #[must_use]
    pub fn key(&self, key_id: &str) -> Option<&Jwk> {
        self.keys.iter().find(|key| key.key_id() == key_id)
    }

    /// The set as it is published, with the media type `application/jwk-set+json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Algorithm, SigningKey};

    fn entry(algorithm: Algorithm) -> Value {
        json!(SigningKey::generate(algorithm).unwrap().public())
    }

    fn parse(keys: &[Value]) -> Result<Jwks, JwksError> {
        Jwks::parse(json!({ "keys": keys }).to_string().as_bytes())
    }

    #[test]
    fn what_is_published_is_read_again() {
        for algorithm in Algorithm::ALL {
            let key = SigningKey::generate(algorithm).unwrap();
            let published = Jwks::new([key.public()]).unwrap().to_json();
            let read = Jwks::parse(published.as_bytes()).unwrap();
            let found = read.key(key.key_id()).unwrap();
            assert_eq!((found.algorithm(), found.thumbprint().as_str()), (algorithm, key.key_id()));
            assert_eq!(read.to_json(), published);
        }
    }

    #[test]
    fn nothing_private_is_published() {
        let allowed = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];
        for algorithm in Algorithm::ALL {
            let entry = entry(algorithm);
            let names: Vec<_> = entry.as_object().unwrap().keys().collect();
            assert!(names.iter().all(|name| allowed.contains(&name.as_str())), "{names:?}");
        }
    }

    #[test]
    fn foreign_entries_are_passed_over() {
        let own = entry(Algorithm::EdDsa);
        let with = |name: &str, value: Value| {
            let mut other = own.clone();
            other[name] = value;
            other
        };
        let mut without_id = own.clone();
        without_id.as_object_mut().unwrap().remove("kid");
        let foreign = [
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "1", "pub": "AA" }),
            json!({ "kty": "EC", "crv": "P-384", "kid": "2", "x": "AA", "y": "AA" }),
            with("crv", json!("X25519")),
            with("use", json!("enc")),
            with("alg", json!("ES256")),
            with("alg", json!("ECDH-ES")),
            with("key_ops", json!(["sign"])),
            with("kid", json!("")),
            json!({ "kty": "RSA", "use": "enc", "kid": "3", "n": "not base64", "e": "AQAB" }),
            without_id,
        ];
        for entry in &foreign {
            assert_eq!(parse(std::slice::from_ref(entry)).unwrap().keys().len(), 0, "{entry}");
        }
        let all: Vec<Value> = foreign.into_iter().chain([own]).collect();
        assert_eq!(parse(&all).unwrap().keys().len(), 1);
    }

    #[test]
    fn sets_have_limits() {
        let own = entry(Algorithm::EdDsa);
        assert!(matches!(parse(&[own.clone(), own.clone()]), Err(JwksError::DuplicateKeyId(_))));
        let foreign = json!({ "kty": "AKP" });
        assert!(parse(&vec![foreign.clone(); 100]).is_ok());
        assert_eq!(parse(&vec![foreign; 101]).unwrap_err(), JwksError::TooManyKeys);
        let padded = |bytes: usize| format!("{}{}", json!({ "keys": [own] }), " ".repeat(bytes));
        let rest = JWKS_MAX_BYTES - padded(0).len();
        assert!(Jwks::parse(padded(rest).as_bytes()).is_ok());
        assert_eq!(Jwks::parse(padded(rest + 1).as_bytes()).unwrap_err(), JwksError::TooLong);
        for odd in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[1]}"#, r#"{"keys":[],"keys":[]}"#] {
            assert_eq!(Jwks::parse(odd.as_bytes()).unwrap_err(), JwksError::Malformed, "{odd}");
        }
    }
}
