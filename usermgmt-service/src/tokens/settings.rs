//! What access tokens are like.

use std::collections::BTreeMap;

use time::Duration;
use usermgmt_core::limits;
use usermgmt_core::secret::Digest;
use usermgmt_jwt::{Algorithm, ClaimTemplate};

/// What access tokens are like; given to [`Builder::tokens`](crate::Builder::tokens).
///
/// ```
/// use usermgmt_jwt::ClaimTemplate;
/// use usermgmt_service::AccessTokens;
///
/// let hasura = ClaimTemplate::parse(r#"{ "https://hasura.io/jwt/claims": { "x-hasura-user-id": "{{user.id}}" } }"#)?;
/// let tokens = AccessTokens::default().with_audience("hasura", "https://data.example.com", Some(hasura));
/// # Ok::<(), usermgmt_jwt::TemplateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AccessTokens {
    pub(super) algorithm: Algorithm,
    pub(super) life: Duration,
    pub(super) refresh_leeway: Duration,
    pub(super) audiences: BTreeMap<String, Audience>,
    /// Names of services with the digests of their secrets; nothing for a secret that is too short.
    services: BTreeMap<String, Option<Digest>>,
}

#[derive(Clone, Debug)]
pub(super) struct Audience {
    pub(super) aud: String,
    pub(super) form: Form,
}

/// What tokens for an audience are.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Signed(Option<ClaimTemplate>),
    Opaque,
}

impl Default for AccessTokens {
    /// Signed with Ed25519, alive for 5 minutes, for this application itself.
    fn default() -> Self {
        Self {
            algorithm: Algorithm::default(),
            life: limits::ACCESS_TOKEN_LIFE,
            refresh_leeway: limits::REFRESH_LEEWAY,
            audiences: BTreeMap::new(),
            services: BTreeMap::new(),
        }
    }
}

impl AccessTokens {
    /// Signs with another algorithm. Keys of the former one are published until their tokens have died.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How long tokens live that a refresh token gives: 5 minutes unless told otherwise, at most 15.
    #[must_use]
    pub const fn life(mut self, life: Duration) -> Self {
        self.life = life;
        self
    }

    /// How long the direct predecessor of a refresh token gives the same successor: 30 seconds unless told otherwise.
    /// With zero, two tabs that refresh at once end the session.
    #[must_use]
    pub const fn refresh_leeway(mut self, leeway: Duration) -> Self {
        self.refresh_leeway = leeway;
        self
    }

    /// Another service for which tokens can be asked by this name. They carry its `aud` and are nothing here; the
    /// template says what they hold besides.
    #[must_use]
    pub fn with_audience(mut self, name: &str, aud: &str, template: Option<ClaimTemplate>) -> Self {
        self.audiences.insert(name.to_owned(), Audience { aud: aud.to_owned(), form: Form::Signed(template) });
        self
    }

    /// Another service for which tokens say nothing: neither their holder nor the service can read them. It asks about
    /// each (introspection, RFC 7662; see [`with_service`](Self::with_service)) and hears what holds at that moment: an
    /// ended session, a lost role and a change of organisation count at once.
    #[must_use]
    pub fn with_opaque_audience(mut self, name: &str, aud: &str) -> Self {
        self.audiences.insert(name.to_owned(), Audience { aud: aud.to_owned(), form: Form::Opaque });
        self
    }

    /// A service that may ask about tokens and follow what was revoked, with this secret of at least 32 characters. If
    /// an audience has the same name, it may ask about tokens for that one, else about those for this application.
    #[must_use]
    pub fn with_service(mut self, name: &str, secret: &str) -> Self {
        let digest = (secret.len() >= limits::SERVICE_SECRET_MIN).then(|| Digest::of(secret.as_bytes()));
        self.services.insert(name.to_owned(), digest);
        self
    }

    /// The digest of a service's secret.
    pub(crate) fn secret_of(&self, service: &str) -> Option<&Digest> {
        self.services.get(service)?.as_ref()
    }

    /// The `aud` of this name.
    pub(crate) fn aud_of(&self, name: &str) -> Option<&str> {
        self.audiences.get(name).map(|audience| audience.aud.as_str())
    }

    /// Whether the numbers make sense.
    pub(crate) fn check(&self) -> Option<&'static str> {
        let life = self.life.is_positive() && self.life <= limits::ACCESS_TOKEN_MAX;
        let leeway = !self.refresh_leeway.is_negative() && self.refresh_leeway <= limits::MINUTE;
        if self.services.values().any(Option::is_none) {
            return Some("the secret of a service has at least 32 characters");
        }
        match (life, leeway) {
            (false, _) => Some("access tokens live for 15 minutes at most"),
            (_, false) => Some("the leeway of refresh tokens is a minute at most"),
            (true, true) => None,
        }
    }
}
