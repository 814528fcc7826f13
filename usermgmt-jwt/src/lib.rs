//! Access tokens as JWTs: the format (RFC 9068), signing, and a verifier that another service uses alone.
//!
//! The crate depends on no other crate of the family and on no async runtime, so that a service which only checks
//! tokens pays for nothing else. The clock is never read: the time is an argument.
//!
//! ```
//! use time::{Duration, OffsetDateTime};
//! use usermgmt_jwt::{Algorithm, Claims, Jwks, Rules, SigningKey, Verifier, limits, sign};
//! # let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
//!
//! // Where people sign in:
//! let key = SigningKey::generate(Algorithm::default())?;
//! let published = Jwks::new([key.public()])?.to_json();
//! let claims = Claims {
//!     iss: "https://app.example.com".into(),
//!     aud: "https://api.example.com".into(),
//!     sub: "usr_1".into(),
//!     sid: "ses_1".into(),
//!     jti: "tok_1".into(),
//!     permissions: vec!["project:read".into()],
//!     ..Claims::lasting(now, limits::LIFETIME)?
//! };
//! let token = sign(&key, &claims)?;
//!
//! // In another service, which knows the published keys and nothing else:
//! let rules = Rules::new("https://app.example.com", "https://api.example.com")?;
//! let verifier = Verifier::new(rules, Jwks::parse(published.as_bytes())?);
//! let claims = verifier.verify(token.expose(), now)?;
//! assert!(claims.sub == "usr_1" && claims.permits("project:read"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | use |
//! |---|---|
//! | make, keep and publish keys | [`SigningKey`], [`PrivateKey`], [`Jwks`] |
//! | say what a token says | [`Claims`], and [`ClaimTemplate`] for what other products want to read |
//! | sign | [`sign`] |
//! | check | [`Rules`], [`Verifier`] |
//! | know when to fetch the published keys | [`KeyCache`]; with the feature `fetch`, `RemoteVerifier` does all of it |
//!
//! A token is a bearer secret until it expires: keep lifetimes short ([`limits::LIFETIME`]). Where a removed right must
//! end sooner, follow the issuer's list of what was revoked ([`Revocations`]), or ask it about each token (RFC 7662).

mod algorithm;
mod cache;
mod claims;
mod error;
mod header;
mod jwk;
mod jwks;
mod key;
pub mod limits;
mod numeric_date;
mod public_key;
#[cfg(feature = "fetch")]
mod remote;
mod revocations;
mod sign;
mod strict;
mod template;
mod verify;

pub use algorithm::Algorithm;
pub use cache::{FetchPermit, KeyCache, LookUp};
pub use claims::{Claims, ClaimsError, RESERVED};
pub use error::TokenError;
pub use jwk::{Jwk, JwkError};
pub use jwks::{Jwks, JwksError};
pub use key::{KeyError, PrivateKey, SigningKey};
pub use numeric_date::NumericDate;
#[cfg(feature = "fetch")]
pub use remote::{FetchError, RemoteError, RemoteVerifier};
pub use revocations::{Revocations, RevocationsError};
pub use sign::{SignError, Token, sign, sign_for};
pub use template::{ClaimTemplate, Placeholder, TemplateError, TemplateValues};
pub use verify::{Rules, RulesError, Verified, Verifier};
