//! A public key that is fit for checking signatures: the numbers have been judged, the key has been parsed.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};

use crate::algorithm::Algorithm;
use crate::jwk::JwkError;
use crate::limits::{RSA_MAX_BITS, RSA_MIN_BITS};
use crate::strict;

/// Bytes of an Ed25519 public key, and of one coordinate on P-256.
const COORDINATE_BYTES: usize = 32;
/// Most bytes of an RSA exponent. 65537 takes three; longer than eight is a way to make checking slow.
const EXPONENT_MAX_BYTES: usize = 8;

/// The numbers of a public key, as a JWK names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Ed25519: `x`.
    Ed25519 { x: Vec<u8> },
    /// P-256: `x`, `y`.
    P256 { x: Vec<u8>, y: Vec<u8> },
    /// RSA: `n`, `e`, big-endian.
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Numbers {
    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519 { .. } => Algorithm::EdDsa,
            Self::P256 { .. } => Algorithm::Es256,
            Self::Rsa { .. } => Algorithm::Rs256,
        }
    }

    /// The members that a JWK needs to have for this kind of key, by name.
    pub(crate) fn members(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ed25519 { x } => vec![("crv", "Ed25519".into()), ("kty", "OKP".into()), ("x", strict::text(x))],
            Self::P256 { x, y } => {
                vec![("crv", "P-256".into()), ("kty", "EC".into()), ("x", strict::text(x)), ("y", strict::text(y))]
            }
            Self::Rsa { n, e } => vec![("e", strict::text(e)), ("kty", "RSA".into()), ("n", strict::text(n))],
        }
    }

    /// The thumbprint (RFC 7638 section 3, RFC 8037 section 2): SHA-256 over the needed members in the order of their
    /// names, as base64url.
    pub(crate) fn thumbprint(&self) -> String {
        // The members stand in order already, and none of their characters is escaped in JSON.
        let members: Vec<String> =
            self.members().iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        strict::text(digest(&SHA256, format!("{{{}}}", members.join(",")).as_bytes()).as_ref())
    }

    /// Judges the numbers, and makes the key ready for use.
    ///
    /// A point that is not on its curve is refused here. An RSA modulus must be odd and have 2048 to 8192 bits
    /// (RFC 7518 section 3.3), its exponent must be odd and above 1; both without leading zeros (RFC 7518 section 2).
    pub(crate) fn parse(&self) -> Result<PublicKey, JwkError> {
        let parsed = match self {
            Self::Ed25519 { x } if x.len() == COORDINATE_BYTES => {
                ParsedPublicKey::new(Algorithm::EdDsa.verification(), x).map_err(|_| JwkError::Malformed)
            }
            Self::P256 { x, y } if x.len() == COORDINATE_BYTES && y.len() == COORDINATE_BYTES => {
                // An uncompressed point (SEC 1 section 2.3.3).
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                ParsedPublicKey::new(Algorithm::Es256.verification(), point).map_err(|_| JwkError::Malformed)
            }
            Self::Rsa { n, e } => {
                judge_rsa(n, e)?;
                let components = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
                components.to_parsed_public_key(Algorithm::rsa()).map_err(|_| JwkError::Weak)
            }
            _ => Err(JwkError::Malformed),
        };
        parsed.map(PublicKey)
    }
}

fn judge_rsa(n: &[u8], e: &[u8]) -> Result<(), JwkError> {
    if n.first().is_none_or(|byte| *byte == 0) || e.first().is_none_or(|byte| *byte == 0) {
        return Err(JwkError::Malformed);
    }
    let unused: usize = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = n.len().saturating_mul(8).saturating_sub(unused);
    let is_even = |number: &[u8]| number.last().is_none_or(|byte| byte % 2 == 0);
    let sound = (RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits)
        && !is_even(n)
        && !is_even(e)
        && e != [1]
        && e.len() <= EXPONENT_MAX_BYTES;
    if sound { Ok(()) } else { Err(JwkError::Weak) }
}

/// A parsed key: checking a signature with it costs the arithmetic and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// Whether the signature is this key's, over exactly these bytes.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 8037, appendix A.2.
    fn of_rfc_8037() -> Numbers {
        Numbers::Ed25519 { x: strict::bytes("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap() }
    }

    #[test]
    fn rfc_8037_appendix_a_3_thumbprint() {
        assert_eq!(of_rfc_8037().thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn rfc_8037_appendix_a_5_signature() {
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let (key, signature) = (of_rfc_8037().parse().unwrap(), strict::bytes(signature).unwrap());
        assert!(key.verifies(signed.as_bytes(), &signature));
        assert!(!key.verifies(&signed.as_bytes()[1..], &signature));
        for index in 0..signature.len() {
            let mut other = signature.clone();
            other[index] ^= 1;
            assert!(!key.verifies(signed.as_bytes(), &other), "byte {index}");
        }
    }

    #[test]
    fn rfc_7638_section_3_1_thumbprint() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let numbers = Numbers::Rsa { n: strict::bytes(n).unwrap(), e: vec![1, 0, 1] };
        assert_eq!(numbers.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert!(numbers.parse().is_ok());
    }

    #[test]
    fn a_point_off_its_curve_is_no_key() {
        let numbers = Numbers::P256 { x: vec![1; 32], y: vec![1; 32] };
        assert_eq!(numbers.parse().unwrap_err(), JwkError::Malformed);
        assert_eq!(Numbers::P256 { x: vec![0; 32], y: vec![0; 32] }.parse().unwrap_err(), JwkError::Malformed);
        assert_eq!(Numbers::Ed25519 { x: vec![1; 31] }.parse().unwrap_err(), JwkError::Malformed);
    }
}
