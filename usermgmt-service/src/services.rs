//! Other services that check our tokens: what they may ask us.
//!
//! A service that verifies access tokens by the published keys alone knows nothing of what has changed since they were
//! issued. It may ask about each token (introspection, RFC 7662), or follow the list of what was revoked. Either needs
//! the service's own secret, for both tell who uses the application.

use serde::Serialize;
use time::OffsetDateTime;
use usermgmt_core::api_key::ApiKeySecret;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::limits;
use usermgmt_core::model::{AuditKind, Change, KeyOwner, Subject};
use usermgmt_core::opaque::OpaqueToken;
use usermgmt_core::secret::Digest;
use usermgmt_jwt::Claims;

use crate::UserMgmt;
use crate::client::Client;
use crate::tokens::{BearerError, Tokens};

/// A service that has proven to be one of those that [`AccessTokens::with_service`](crate::AccessTokens::with_service)
/// names.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    tokens: Tokens<'a>,
    auth: &'a UserMgmt,
    audience: &'a str,
}

/// What is known of a token or an API key that is good at this moment (RFC 7662 section 2.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Introspection {
    /// Whether it is good. Everything else is absent if it is not.
    pub active: bool,
    /// How it is used: `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// What it may be used for: permissions, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Whose it is: a user, or the organisation that an API key belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The API key, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The organisation that it acts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// Who has issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// For whom it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// When it was issued, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}

/// A stretch of the list of what was revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revocations {
    /// What was revoked. An entry may come again.
    pub items: Vec<Revocation>,
    /// Where to go on.
    pub next: u64,
}

/// Every token that fits what is named here and was issued before is void: whoever still may fetches another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Revocation {
    /// Of this user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Of this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// In this organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org_id: Option<String>,
    /// Issued in this millisecond or earlier, in milliseconds since 1970. The `jti` of a token begins with its own.
    pub before_ms: i64,
}

impl From<&Change> for Revocation {
    fn from(change: &Change) -> Self {
        let before_ms = i64::try_from(change.at.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(i64::MAX);
        let (sub, sid, org_id) = match change.subject {
            Subject::User(user) => (Some(user.to_string()), None, None),
            Subject::Session(session) => (None, Some(session.to_string()), None),
            Subject::Org(org) => (None, None, Some(org.to_string())),
            Subject::Member(org, user) => (Some(user.to_string()), None, Some(org.to_string())),
        };
        Self { sub, sid, org_id, before_ms }
    }
}

impl<'a> Tokens<'a> {
    /// The service with this name and secret.
    ///
    /// # Errors
    /// [`Refused::InvalidCredentials`] for a name or secret that is not known.
    pub fn service(self, client: &Client, name: &str, secret: &str) -> Result<Service<'a>, Refused> {
        let (auth, settings) = (self.auth(), self.settings());
        // Both are digests: how long the comparison takes tells nothing about the secret.
        let known = settings.secret_of(name).is_some_and(|known| known.matches(&Digest::of(secret.as_bytes())));
        if !known {
            auth.refusals().note(AuditKind::ApiKeyRefused, client, "secret of a service", auth.now());
            return Err(Refused::InvalidCredentials);
        }
        let audience = settings.aud_of(name).unwrap_or(auth.settings().origin.as_str());
        Ok(Service { tokens: self, auth, audience })
    }
}

impl Service<'_> {
    /// What is known of a token: an access token of either form for this service, or an API key. Whatever else it is, or whatever is
    /// good no more, is not active; why not is not said (RFC 7662 section 2.2).
    ///
    /// # Errors
    /// An outage.
    pub async fn introspect(self, client: &Client, token: &str) -> Result<Introspection, Error> {
        if ApiKeySecret::is_meant_by(token) {
            return self.api_key(client, token).await;
        }
        if OpaqueToken::is_meant_by(token) {
            return self.opaque(token).await;
        }
        let verified = match self.tokens.verify_for(self.audience, token).await {
            Ok(verified) => verified,
            Err(BearerError::Unavailable(error)) => return Err(error),
            Err(_) => return Ok(Introspection::default()),
        };
        match self.tokens.still_stands(&verified).await {
            Ok(_) => Ok(of_token(&verified)),
            Err(BearerError::Unavailable(error)) => Err(error),
            Err(_) => Ok(Introspection::default()),
        }
    }

    async fn opaque(self, token: &str) -> Result<Introspection, Error> {
        let token = OpaqueToken::parse(self.auth.keys(), self.audience, token)
            .filter(|token| token.expires_at() > self.auth.now() && !self.auth.settings().is_void(token.issued_at()));
        let Some(token) = token else { return Ok(Introspection::default()) };
        let found = self.auth.principal_by_session(token.user(), token.session()).await?;
        let Some(principal) = found else { return Ok(Introspection::default()) };
        Ok(Introspection {
            active: true,
            token_type: Some("Bearer"),
            scope: Some(self.tokens.permissions(&principal).join(" ")),
            sub: Some(principal.user().to_string()),
            org_id: principal.org().map(|standing| standing.org.to_string()),
            iss: Some(self.auth.settings().origin.as_str().to_owned()),
            aud: Some(self.audience.to_owned()),
            iat: Some(token.issued_at().unix_timestamp()),
            exp: Some(token.expires_at().unix_timestamp()),
            ..Introspection::default()
        })
    }

    async fn api_key(self, client: &Client, token: &str) -> Result<Introspection, Error> {
        let Some(keys) = self.auth.api_keys() else { return Ok(Introspection::default()) };
        let holder = match keys.holder(client, token).await {
            Ok(holder) => holder,
            Err(Error::Refused(Refused::Unauthenticated)) => return Ok(Introspection::default()),
            Err(other) => return Err(other),
        };
        let roles = self.auth.roles();
        let may: Vec<_> = roles.permissions().filter(|key| holder.may(key)).collect();
        Ok(Introspection {
            active: true,
            token_type: Some("Bearer"),
            scope: Some(may.join(" ")),
            sub: Some(match holder.owner() {
                KeyOwner::User(user) => user.to_string(),
                KeyOwner::Org(org) => org.to_string(),
            }),
            client_id: Some(holder.id().to_string()),
            org_id: holder.org().map(|org| org.to_string()),
            iss: Some(self.auth.settings().origin.as_str().to_owned()),
            exp: holder.expires_at().map(OffsetDateTime::unix_timestamp),
            ..Introspection::default()
        })
    }

    /// What was revoked behind a place; without one, the place to begin at. A service that begins there knows nothing
    /// of what was revoked before: it takes tokens that were issued earlier for revoked.
    ///
    /// # Errors
    /// [`Refused::Conflict`] for a place that is none any more: begin anew. An outage.
    pub async fn revocations(self, after: Option<u64>) -> Result<Revocations, Error> {
        let store = self.auth.store();
        let Some(after) = after else {
            return Ok(Revocations { items: Vec::new(), next: store.change_place().await? });
        };
        let changes = store.changes(after, limits::CHANGES_HEARD).await?;
        Ok(Revocations { items: changes.items.iter().map(Revocation::from).collect(), next: changes.settled })
    }
}

fn of_token(claims: &Claims) -> Introspection {
    Introspection {
        active: true,
        token_type: Some("Bearer"),
        scope: Some(claims.permissions.join(" ")),
        sub: Some(claims.sub.clone()),
        client_id: None,
        org_id: claims.org_id.clone(),
        iss: Some(claims.iss.clone()),
        aud: Some(claims.aud.clone()),
        jti: Some(claims.jti.clone()),
        iat: Some(claims.iat.seconds()),
        exp: Some(claims.exp.seconds()),
    }
}
