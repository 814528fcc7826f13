//! Checking tokens.

use std::ops::Deref;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::claims::Claims;
use crate::error::TokenError;
use crate::header::Parts;
use crate::jwks::Jwks;
use crate::limits::{JSON_MAX_DEPTH, LEEWAY, LEEWAY_MAX, LIFETIME_MAX};
use crate::strict;

/// Why rules make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// The issuer or the audience is empty.
    #[error("issuer and audience must be named")]
    Empty,
    /// The leeway is negative or above [`LEEWAY_MAX`].
    #[error("the leeway is out of range")]
    Leeway,
    /// The longest life is not positive.
    #[error("the longest life must be positive")]
    Life,
}

/// What a token must be like to be accepted.
///
/// - At most 8 KiB; three parts, each in the one canonical form of base64url; JSON without repeated names, at most 16 deep.
/// - The header names the type `at+jwt`, a key by its id, and the algorithm of that very key; it asks for nothing else.
/// - The signature is that key's. Only then are the claims read.
/// - `iss` is this issuer and `aud` this audience, letter by letter; `aud` may be an array of this one string.
/// - `sub`, `sid` and `jti` are there; `exp` and `iat` too, in whole seconds. Roles and permissions that are not there
///   are none; of another type, they are refused.
/// - `exp` has not come, `nbf`, `iat` and `auth_time` have, give or take the leeway; and the life is not too long.
///
/// Refusals of the key set count as well: see [`Jwks::parse`].
#[derive(Clone, Debug)]
pub struct Rules {
    issuer: String,
    audience: String,
    leeway: Duration,
    longest_life: Duration,
}

impl Rules {
    /// Tokens of this issuer for this audience, with a leeway of 30 seconds and lives of up to 15 minutes.
    ///
    /// # Errors
    /// Fails when either is empty.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, RulesError> {
        let (issuer, audience) = (issuer.into(), audience.into());
        if issuer.is_empty() || audience.is_empty() {
            return Err(RulesError::Empty);
        }
        Ok(Self { issuer, audience, leeway: LEEWAY, longest_life: LIFETIME_MAX })
    }

    /// How far the two clocks may differ. Default: [`LEEWAY`].
    ///
    /// # Errors
    /// Fails when it is negative or above [`LEEWAY_MAX`].
    pub fn leeway(self, leeway: Duration) -> Result<Self, RulesError> {
        if leeway.is_negative() || leeway > LEEWAY_MAX {
            return Err(RulesError::Leeway);
        }
        Ok(Self { leeway, ..self })
    }

    /// How long an accepted token may live, from `iat` to `exp`. Default: [`LIFETIME_MAX`]. A longer one is worth having
    /// only to who steals tokens.
    ///
    /// # Errors
    /// Fails when it is not positive.
    pub fn longest_life(self, longest_life: Duration) -> Result<Self, RulesError> {
        if !longest_life.is_positive() {
            return Err(RulesError::Life);
        }
        Ok(Self { longest_life, ..self })
    }

    /// Checks a token against these keys.
    ///
    /// # Errors
    /// Says why it is refused.
    pub fn verify(&self, keys: &Jwks, token: &str, now: OffsetDateTime) -> Result<Verified, TokenError> {
        self.verify_parts(keys, &Parts::read(token)?, now)
    }

    pub(crate) fn verify_parts(
        &self,
        keys: &Jwks,
        parts: &Parts<'_>,
        now: OffsetDateTime,
    ) -> Result<Verified, TokenError> {
        let key = keys.key(&parts.key_id).ok_or(TokenError::UnknownKey)?;
        if parts.algorithm != key.algorithm().name() {
            return Err(TokenError::Algorithm);
        }
        let signature = strict::bytes(parts.signature).ok_or(TokenError::Malformed)?;
        if !key.key().verifies(parts.signed.as_bytes(), &signature) {
            return Err(TokenError::Signature);
        }
        let json = strict::bytes(parts.claims).ok_or(TokenError::Malformed)?;
        let claims = strict::object(&json, JSON_MAX_DEPTH).ok_or(TokenError::Malformed)?;
        let claims = Claims::read(claims)?;
        self.judge(&claims, now)?;
        Ok(Verified(claims))
    }

    fn judge(&self, claims: &Claims, now: OffsetDateTime) -> Result<(), TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::Issuer);
        }
        if claims.aud != self.audience {
            return Err(TokenError::Audience);
        }
        if !claims.life().is_positive() || claims.life() > self.longest_life {
            return Err(TokenError::Lifetime);
        }
        // Claims lie between 1970 and 9999 and the leeway is at most a minute: nothing here can overflow.
        let (now, leeway) = (now.unix_timestamp(), self.leeway.whole_seconds());
        let begins = [Some(claims.iat), claims.nbf, claims.auth_time];
        if begins.into_iter().flatten().any(|moment| moment.seconds() > now.saturating_add(leeway)) {
            return Err(TokenError::NotYetValid);
        }
        // RFC 7519 section 4.1.4: not to be accepted on or after the second that `exp` names.
        if now >= claims.exp.seconds().saturating_add(leeway) {
            return Err(TokenError::Expired);
        }
        Ok(())
    }
}

/// Checks tokens with keys that are known: rules and a key set.
///
/// ```
/// # use time::OffsetDateTime;
/// use usermgmt_jwt::{Jwks, Rules, TokenError, Verifier};
///
/// let rules = Rules::new("https://app.example.com", "https://api.example.com")?;
/// let verifier = Verifier::new(rules, Jwks::parse(br#"{"keys":[]}"#)?);
/// # let now = OffsetDateTime::UNIX_EPOCH;
/// let refused = verifier.verify("eyJhbGciOiJub25lIn0.e30.", now).unwrap_err();
/// assert_eq!(refused, TokenError::Type);
/// assert_eq!(
///     refused.www_authenticate(),
///     r#"Bearer error="invalid_token", error_description="The access token is not valid""#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier {
    rules: Rules,
    keys: Arc<Jwks>,
}

impl Verifier {
    /// Checks by these rules with these keys.
    #[must_use]
    pub fn new(rules: Rules, keys: impl Into<Arc<Jwks>>) -> Self {
        Self { rules, keys: keys.into() }
    }

    /// Checks a token: [`Rules`] says how.
    ///
    /// # Errors
    /// Says why it is refused.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Verified, TokenError> {
        self.rules.verify(&self.keys, token, now)
    }
}

/// Claims of a token that was checked. There is no other way to a value of this type, and none from a token to its
/// claims but through the check.
///
/// ```compile_fail
/// # use usermgmt_jwt::{Claims, Verified};
/// fn believe(claims: Claims) -> Verified { Verified(claims) }
/// ```
///
/// ```compile_fail
/// # use usermgmt_jwt::Claims;
/// fn peek(payload: &str) -> Claims { serde_json::from_str(payload).unwrap() }
/// ```
///
/// ```compile_fail
/// # use usermgmt_jwt::{Claims, Token};
/// fn peek(token: &Token) -> Claims { Claims::try_from(token.expose()).unwrap() }
/// ```
///
/// ```compile_fail
/// # use usermgmt_jwt::Verified;
/// fn forge(mut verified: Verified) -> Verified { verified.sub = "usr_admin".into(); verified }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Verified(Claims);

impl Verified {
    /// The claims, for good: they no longer say that they were checked.
    #[must_use]
    pub fn into_claims(self) -> Claims {
        self.0
    }

    /// Whether the token names this permission, letter by letter: no wildcard is unfolded here.
    #[must_use]
    pub fn permits(&self, permission: &str) -> bool {
        self.permissions.iter().any(|held| held == permission)
    }
}

impl Deref for Verified {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.0
    }
}
