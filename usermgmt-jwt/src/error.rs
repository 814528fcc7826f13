//! Why a token is refused, and what its bearer is told.

/// Why a token is refused. The reason is for logs and tests; the bearer learns what
/// [`www_authenticate`](Self::www_authenticate) says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Longer than [`TOKEN_MAX_BYTES`](crate::limits::TOKEN_MAX_BYTES).
    #[error("the token is too long")]
    TooLong,
    /// Not three parts of canonical base64url; or JSON that is not an object, nested too deeply, or names a member twice.
    #[error("the token is malformed")]
    Malformed,
    /// The header's `typ` is not `at+jwt`: this is a token of another kind, such as an identity token.
    #[error("the token is no access token")]
    Type,
    /// The header has a parameter that is refused: one that asks for processing we do not do (`crit`, `b64`, `zip`), brings
    /// a key along (`jwk`, `jku`, `x5u`, `x5c`), or belongs to encryption.
    #[error("the token's header holds what is not accepted")]
    Header,
    /// The header's `alg` is missing, or not the algorithm of the key.
    #[error("the token's algorithm is not that of its key")]
    Algorithm,
    /// The header's `kid` is missing, or names none of the keys.
    #[error("the token names no known key")]
    UnknownKey,
    /// The signature is not that key's.
    #[error("the signature does not match")]
    Signature,
    /// This claim is missing, of the wrong type or out of range.
    #[error("the claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// Another issuer.
    #[error("the token is of another issuer")]
    Issuer,
    /// For another audience, or for several.
    #[error("the token is for another audience")]
    Audience,
    /// Its life is over.
    #[error("the token has expired")]
    Expired,
    /// Its life has not begun (`nbf`), or it was issued in the future (`iat`).
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It lives longer than is accepted, or expires before it was issued.
    #[error("the token's lifetime is not acceptable")]
    Lifetime,
    /// It is bound to a key of its holder (`cnf`, RFC 7800): who only bears it may not use it, and a proof cannot be
    /// checked here.
    #[error("the token is bound to a key of its holder")]
    Bound,
}

impl TokenError {
    /// Stable code, for logs and figures.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "token_too_long",
            Self::Malformed => "token_malformed",
            Self::Type => "token_type",
            Self::Header => "token_header",
            Self::Algorithm => "token_algorithm",
            Self::UnknownKey => "token_unknown_key",
            Self::Signature => "token_signature",
            Self::Claim(_) => "token_claim",
            Self::Issuer => "token_issuer",
            Self::Audience => "token_audience",
            Self::Expired => "token_expired",
            Self::NotYetValid => "token_not_yet_valid",
            Self::Lifetime => "token_lifetime",
            Self::Bound => "token_bound",
        }
    }

    /// The value of `WWW-Authenticate` that goes with status 401 (RFC 6750 section 3).
    ///
    /// The one reason that is told is expiry, which is the client's cue to refresh, and is known only of tokens whose
    /// signature was good. A request without a token gets the bare `Bearer` instead (section 3.1).
    #[must_use]
    pub const fn www_authenticate(self) -> &'static str {
        match self {
            Self::Expired => r#"Bearer error="invalid_token", error_description="The access token expired""#,
            _ => r#"Bearer error="invalid_token", error_description="The access token is not valid""#,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_learns_of_expiry_only() {
        let told = TokenError::Signature.www_authenticate();
        for error in [TokenError::TooLong, TokenError::UnknownKey, TokenError::Claim("sub"), TokenError::Bound] {
            assert_eq!(error.www_authenticate(), told);
        }
        assert_ne!(TokenError::Expired.www_authenticate(), told);
        // RFC 6750 section 3: the description holds neither quotes nor backslashes.
        for value in [told, TokenError::Expired.www_authenticate()] {
            let description = value.strip_prefix(r#"Bearer error="invalid_token", error_description=""#).unwrap();
            let description = description.strip_suffix('"').unwrap();
            assert!(description.chars().all(|letter| letter.is_ascii_alphabetic() || letter == ' '));
        }
    }
}
