//! Signing.

use std::fmt;

use serde_json::{Value, json};
use time::Duration;
use zeroize::Zeroizing;

use crate::claims::{Claims, ClaimsError};
use crate::header::TYPE;
use crate::key::{KeyError, SigningKey};
use crate::limits::{JSON_MAX_DEPTH, LIFETIME_MAX, TOKEN_MAX_BYTES};
use crate::strict;

/// Why a token was not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The claims are not acceptable.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// It would live longer than it may, or not at all.
    #[error("the lifetime is not acceptable")]
    Lifetime,
    /// It would be longer than [`TOKEN_MAX_BYTES`]: no verifier would take it.
    #[error("the token would be too long")]
    TooLong,
    /// Its claims are nested more deeply than [`JSON_MAX_DEPTH`]: no verifier would take it.
    #[error("the claims are nested too deeply")]
    TooDeep,
    /// The key failed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A signed token. Whoever presents it is believed until it expires.
///
/// It does not print, compare or serialise.
///
/// ```compile_fail
/// # use usermgmt_jwt::Token;
/// fn leak(token: Token) -> String { token.to_string() }
/// ```
///
/// ```compile_fail
/// # use usermgmt_jwt::Token;
/// fn leak(token: Token) -> String { serde_json::to_string(&token).unwrap_or_default() }
/// ```
#[derive(Clone)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// The text, for the answer to the one who asked for it. Never log or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token([redacted])")
    }
}

/// Signs claims that live for at most [`LIFETIME_MAX`].
///
/// # Errors
/// Says what about the claims is not acceptable. Nothing is signed that [`Rules`](crate::Rules) would refuse at every
/// time.
pub fn sign(key: &SigningKey, claims: &Claims) -> Result<Token, SignError> {
    sign_for(key, claims, LIFETIME_MAX)
}

/// Signs claims that live for at most `longest`, on purpose: nothing takes a token back before it expires. Readers must
/// be told too ([`Rules::longest_life`](crate::Rules::longest_life)).
///
/// # Errors
/// As [`sign`].
pub fn sign_for(key: &SigningKey, claims: &Claims, longest: Duration) -> Result<Token, SignError> {
    let life = claims.life();
    if !life.is_positive() || life > longest || claims.nbf.is_some_and(|nbf| nbf >= claims.exp) {
        return Err(SignError::Lifetime);
    }
    let payload = Value::Object(claims.write()?);
    if strict::depth(&payload) > JSON_MAX_DEPTH {
        return Err(SignError::TooDeep);
    }
    let header = json!({ "typ": TYPE, "alg": key.algorithm().name(), "kid": key.key_id() });
    let mut token = Zeroizing::new(strict::text(header.to_string().as_bytes()));
    token.push('.');
    token.push_str(&strict::text(payload.to_string().as_bytes()));
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    token.push_str(&strict::text(&signature));
    if token.len() > TOKEN_MAX_BYTES {
        return Err(SignError::TooLong);
    }
    Ok(Token(token))
}
