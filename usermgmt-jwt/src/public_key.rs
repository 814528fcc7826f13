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

/// The y of Ed25519's points of order 8, little-endian: what a point of the curve becomes when it is multiplied by the order
/// of the large subgroup.
const ORDER_8: [[u8; COORDINATE_BYTES]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

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
    /// A point that is not on its curve is refused here, and so is one of small order, for which there are signatures that
    /// fit any message (RFC 8032 section 5.1 gives the curve its cofactor of 8; the cryptographic library takes such keys). An RSA modulus must be odd and have 2048 to 8192 bits
    /// (RFC 7518 section 3.3), its exponent must be odd and above 1; both without leading zeros (RFC 7518 section 2).
    pub(crate) fn parse(&self) -> Result<PublicKey, JwkError> {
        let parsed = match self {
            Self::Ed25519 { x } if x.len() == COORDINATE_BYTES => {
                judge_ed25519(x)?;
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

fn judge_ed25519(x: &[u8]) -> Result<(), JwkError> {
    // The last bit is the sign of the other coordinate; the rest is y.
    let mut y: Vec<u8> = x.to_vec();
    let (Some(first), Some(last)) = (x.first().copied(), y.last_mut()) else { return Err(JwkError::Malformed) };
    *last &= 0x7f;
    let middle = |value: u8| x.iter().skip(1).take(COORDINATE_BYTES - 2).all(|byte| *byte == value);
    let (tiny, huge) = (middle(0) && *last == 0, middle(0xff) && *last == 0x7f);
    // The field has 2^255 - 19 elements: from 0xed on, a y is another text for a smaller one.
    if huge && first >= 0xed {
        return Err(JwkError::Malformed);
    }
    // Orders 1 (y = 1), 2 (y = -1), 4 (y = 0) and 8.
    let small = (tiny && first <= 1) || (huge && first == 0xec) || ORDER_8.iter().any(|point| *point == *y);
    if small { Err(JwkError::Weak) } else { Ok(()) }
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
    fn ed25519_points_have_one_text_and_a_large_order() {
        let with = |first: u8, middle: u8, last: u8| {
            let mut x = vec![middle; 32];
            (x[0], x[31]) = (first, last);
            x
        };
        for sign in [0, 0x80] {
            let small = [with(0, 0, sign), with(1, 0, sign), with(0xec, 0xff, 0x7f | sign)];
            for x in small.into_iter().chain(ORDER_8.map(|mut x| {
                x[31] |= sign;
                x.to_vec()
            })) {
                assert_eq!(Numbers::Ed25519 { x: x.clone() }.parse().unwrap_err(), JwkError::Weak, "{x:?}");
            }
            for first in 0xed..=0xff {
                let x = with(first, 0xff, 0x7f | sign);
                assert_eq!(Numbers::Ed25519 { x }.parse().unwrap_err(), JwkError::Malformed, "{first}");
            }
        }
        assert!(of_rfc_8037().parse().is_ok());
    }

    #[test]
    fn a_point_off_its_curve_is_no_key() {
        let numbers = Numbers::P256 { x: vec![1; 32], y: vec![1; 32] };
        assert_eq!(numbers.parse().unwrap_err(), JwkError::Malformed);
        assert_eq!(Numbers::P256 { x: vec![0; 32], y: vec![0; 32] }.parse().unwrap_err(), JwkError::Malformed);
        assert_eq!(Numbers::Ed25519 { x: vec![1; 31] }.parse().unwrap_err(), JwkError::Malformed);
    }
}
