//! One published key (RFC 7517 section 4), of a kind that is understood here and sound.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::public_key::{Numbers, PublicKey};
use crate::strict;

/// Members that only a private or a secret key has (RFC 7518 sections 6.2.2, 6.3.2, 6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why an entry of a key set is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// A member that is needed is missing or of the wrong form, or the point is not on its curve.
    #[error("it is malformed")]
    Malformed,
    /// An RSA modulus that is even or not of 2048 to 8192 bits, or an exponent that is even, 1 or far too long; a point of
    /// small order on Ed25519.
    #[error("it is too weak")]
    Weak,
    /// The entry holds a private or a secret key. Whoever published it must replace it.
    #[error("it holds a private key")]
    Private,
}

/// A public key with its id, for checking signatures. It has no private part to give away.
///
/// As JSON it has `kty`, the numbers of its kind, `kid`, `alg` and `use`, and nothing else.
#[derive(Clone, Debug)]
pub struct Jwk {
    key_id: String,
    numbers: Numbers,
    key: PublicKey,
}

impl Jwk {
    pub(crate) fn of(numbers: Numbers) -> Result<Self, JwkError> {
        let key = numbers.parse()?;
        Ok(Self { key_id: numbers.thumbprint(), numbers, key })
    }

    /// Reads an entry. `None`: it is for another use, of a kind that is not known here, or has no id by which a token
    /// could name it; such entries may stand beside ours (RFC 7517 section 5).
    pub(crate) fn read(entry: &Map<String, Value>) -> Result<Option<Self>, JwkError> {
        if PRIVATE.iter().any(|name| entry.contains_key(*name)) {
            return Err(JwkError::Private);
        }
        let Some(algorithm) = algorithm(entry)? else { return Ok(None) };
        if !is_for(entry, algorithm)? {
            return Ok(None);
        }
        let Some(key_id) = text(entry, "kid")?.filter(|key_id| !key_id.is_empty()) else { return Ok(None) };
        let numbers = numbers(entry, algorithm)?;
        let key = numbers.parse()?;
        Ok(Some(Self { key_id: key_id.to_owned(), numbers, key }))
    }

    /// The id by which tokens name the key (`kid`).
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The one algorithm that the key is for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.numbers.algorithm()
    }

    /// The thumbprint (RFC 7638), whatever the id is.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.numbers.thumbprint()
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// The algorithm that keys of this kind and curve are for; `None` for kinds and curves that are not known here.
fn algorithm(entry: &Map<String, Value>) -> Result<Option<Algorithm>, JwkError> {
    let kind = text(entry, "kty")?.ok_or(JwkError::Malformed)?;
    Ok(match (kind, text(entry, "crv")?) {
        ("OKP", Some("Ed25519")) => Some(Algorithm::EdDsa),
        ("EC", Some("P-256")) => Some(Algorithm::Es256),
        ("RSA", _) => Some(Algorithm::Rs256),
        _ => None,
    })
}

fn numbers(entry: &Map<String, Value>, algorithm: Algorithm) -> Result<Numbers, JwkError> {
    let number = |name| text(entry, name)?.and_then(strict::bytes).ok_or(JwkError::Malformed);
    Ok(match algorithm {
        Algorithm::EdDsa => Numbers::Ed25519 { x: number("x")? },
        Algorithm::Es256 => Numbers::P256 { x: number("x")?, y: number("y")? },
        Algorithm::Rs256 => Numbers::Rsa { n: number("n")?, e: number("e")? },
    })
}

/// Whether nothing in the entry says that it is for something else than checking signatures by this algorithm
/// (RFC 7517 sections 4.2 to 4.4). An entry that says nothing may be used.
fn is_for(entry: &Map<String, Value>, algorithm: Algorithm) -> Result<bool, JwkError> {
    let operations = match entry.get("key_ops") {
        None => true,
        Some(Value::Array(operations)) => operations.iter().any(|operation| operation == "verify"),
        Some(_) => return Err(JwkError::Malformed),
    };
    let used = text(entry, "use")?.is_none_or(|used| used == "sig");
    Ok(operations && used && text(entry, "alg")?.is_none_or(|name| name == algorithm.name()))
}

fn text<'a>(entry: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwkError> {
    entry.get(name).map(|value| value.as_str().ok_or(JwkError::Malformed)).transpose()
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.numbers.members() {
            map.serialize_entry(name, &value)?;
        }
        map.serialize_entry("kid", &self.key_id)?;
        map.serialize_entry("alg", self.algorithm().name())?;
        map.serialize_entry("use", "sig")?;
        map.end()
    }
}
