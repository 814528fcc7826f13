//! The three parts of a token, and what its header may say.

use serde_json::{Map, Value};

use crate::error::TokenError;
use crate::limits::{JSON_MAX_DEPTH, TOKEN_MAX_BYTES};
use crate::strict;

/// What the header of an access token calls its type (RFC 9068 section 2.1).
pub(crate) const TYPE: &str = "at+jwt";
/// The same with the prefix that may be left out (RFC 7515 section 4.1.9, RFC 9068 section 4).
const TYPE_WITH_PREFIX: &str = "application/at+jwt";

/// Parameters that are refused wherever they appear. A token that asks to be processed in a way that is not carried out
/// here must not pass as if it had been (`crit`, RFC 7515 section 4.1.11; `b64`, RFC 7797; `zip`, RFC 7516); a token does
/// not bring its own key (RFC 8725 section 3.10); and the rest belongs to encryption (RFC 7516, RFC 7518 section 4).
const REFUSED: [&str; 17] = [
    "crit", "b64", "zip", "enc", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "epk", "apu", "apv", "iv", "tag",
    "p2s", "p2c",
];

/// A token whose header has been judged. Nothing of it is known to be true yet.
pub(crate) struct Parts<'a> {
    /// What is signed: header and claims, as they were received.
    pub(crate) signed: &'a str,
    /// The claims, still encoded.
    pub(crate) claims: &'a str,
    /// The signature, still encoded.
    pub(crate) signature: &'a str,
    /// The algorithm that the header names.
    pub(crate) algorithm: String,
    /// The key that the header names.
    pub(crate) key_id: String,
}

impl<'a> Parts<'a> {
    /// Takes a token apart. Its length is looked at before anything else.
    pub(crate) fn read(token: &'a str) -> Result<Self, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if claims.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header = strict::bytes(header).and_then(|json| strict::object(&json, JSON_MAX_DEPTH));
        let header = header.ok_or(TokenError::Malformed)?;
        if REFUSED.iter().any(|name| header.contains_key(*name)) {
            return Err(TokenError::Header);
        }
        let is_access_token = text(&header, "typ").is_some_and(|found| {
            // Media types know no case (RFC 2045 section 5.1).
            found.eq_ignore_ascii_case(TYPE) || found.eq_ignore_ascii_case(TYPE_WITH_PREFIX)
        });
        if !is_access_token {
            return Err(TokenError::Type);
        }
        let algorithm = text(&header, "alg").ok_or(TokenError::Algorithm)?.to_owned();
        let key_id = text(&header, "kid").ok_or(TokenError::UnknownKey)?.to_owned();
        Ok(Self { signed, claims, signature, algorithm, key_id })
    }
}

fn text<'a>(header: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    header.get(name).and_then(Value::as_str)
}
