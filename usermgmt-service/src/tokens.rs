//! Access tokens for other services and for clients without cookies, and the refresh tokens that give them.

mod settings;

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use usermgmt_core::error::{Error, Refused, Unavailable};
use usermgmt_core::id::TokenId;
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::opaque::OpaqueToken;
use usermgmt_core::proof::Principal;
use usermgmt_core::refresh::RefreshToken;
use usermgmt_jwt::{Claims, Jwks, NumericDate, Rules, RulesError, TemplateValues, Token, TokenError, Verified, sign};
use usermgmt_sessions::Refreshed;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::metrics;
pub use settings::AccessTokens;
use settings::{Audience, Form};

/// The text of an access token, of either form. It does not print.
#[derive(Debug)]
pub enum AccessToken {
    /// A signed one, which others can read and check.
    Signed(Token),
    /// One that others have to ask about.
    Opaque(OpaqueToken),
}

impl AccessToken {
    /// The text, for the answer to the one who asked for it. Never log or store it.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Signed(token) => token.expose(),
            Self::Opaque(token) => token.expose(),
        }
    }
}

/// An access token that was issued.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub access: AccessToken,
    /// How long it lives.
    pub expires_in: Duration,
    /// When to fetch the next one.
    pub refresh_in: Duration,
}

/// Why an access token gives no principal.
#[derive(Debug, thiserror::Error)]
pub enum BearerError {
    /// It is not acceptable.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// Its session runs no more.
    #[error("the token's session has ended")]
    Ended,
    /// It could not be found out.
    #[error(transparent)]
    Unavailable(Error),
}

/// Calls that concern tokens; see [`UserMgmt::tokens`].
#[derive(Clone, Copy, Debug)]
pub struct Tokens<'a> {
    auth: &'a UserMgmt,
    settings: &'a AccessTokens,
}

impl UserMgmt {
    /// Access and refresh tokens; `None` unless [`Builder::tokens`](crate::Builder::tokens) has switched them on.
    #[must_use]
    pub fn tokens(&self) -> Option<Tokens<'_>> {
        self.0.parts.tokens.as_ref().map(|settings| Tokens { auth: self, settings })
    }
}

impl<'a> Tokens<'a> {
    pub(crate) const fn auth(self) -> &'a UserMgmt {
        self.auth
    }

    pub(crate) const fn settings(self) -> &'a AccessTokens {
        self.settings
    }
}

impl Tokens<'_> {
    /// An access token for the principal's session, for this application or the service of that name. One for a session
    /// with a cookie lives for a minute, one for a session with refresh tokens as long as the settings say.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a service that nobody has named, or an outage.
    pub async fn issue(self, principal: &Principal, audience: Option<&str>) -> Result<Issued, Error> {
        let named = audience.map(|name| self.settings.audiences.get(name).ok_or(Refused::NotFound)).transpose()?;
        let by_cookie = principal.refresh().is_none();
        let life = if by_cookie { limits::ACCESS_TOKEN_OF_COOKIE.min(self.settings.life) } else { self.settings.life };
        let now = self.auth.now();
        let access = match named {
            Some(Audience { aud, form: Form::Opaque }) => {
                let of = (principal.user(), principal.session());
                AccessToken::Opaque(OpaqueToken::derive(self.auth.keys(), aud, of, now, now + life))
            }
            _ => {
                let claims = self.claims(principal, named, life, now)?;
                let keys = self.auth.tended_signing_keys(self.settings.algorithm).await?;
                let signer = keys.signer(now).ok_or_else(|| Unavailable::because("there is no signing key"))?;
                AccessToken::Signed(sign(signer, &claims).map_err(Unavailable::because)?)
            }
        };
        let refresh_in = (life - limits::ACCESS_TOKEN_AHEAD).max(life / 2);
        metrics::token_issued("access");
        Ok(Issued { access, expires_in: life, refresh_in })
    }

    /// The permissions that the principal has in the organisation that the session acts in.
    pub(crate) fn permissions(self, principal: &Principal) -> Vec<String> {
        let (roles, Some(standing)) = (self.auth.roles(), principal.org()) else { return Vec::new() };
        let rights = roles.held(&standing.custom, &standing.roles);
        roles.permissions().filter(|key| rights.give(key)).map(str::to_owned).collect()
    }

    fn claims(
        self,
        principal: &Principal,
        audience: Option<&Audience>,
        life: Duration,
        now: OffsetDateTime,
    ) -> Result<Claims, Error> {
        let standing = principal.org();
        let mut amr: Vec<_> = principal.proofs().iter().map(|proof| proof.method.as_str().to_owned()).collect();
        amr.sort_unstable();
        amr.dedup();
        let values = TemplateValues {
            user_id: principal.user().to_string(),
            user_email: principal.email().map(str::to_owned),
            session_id: principal.session().to_string(),
            org_id: standing.map(|standing| standing.org.to_string()),
            org_slug: standing.map(|standing| standing.slug.clone()),
            org_roles: standing
                .iter()
                .flat_map(|standing| &standing.roles)
                .map(|role| role.as_str().to_owned())
                .collect(),
            permissions: self.permissions(principal),
        };
        let template = audience.and_then(|audience| match &audience.form {
            Form::Signed(template) => template.as_ref(),
            Form::Opaque => None,
        });
        let extra = template.map(|template| template.render(&values));
        let lasting = Claims::lasting(now, life).map_err(Unavailable::because)?;
        Ok(Claims {
            iss: self.auth.settings().origin.as_str().to_owned(),
            aud: audience.map_or_else(|| self.auth.settings().origin.as_str(), |audience| &audience.aud).to_owned(),
            sub: values.user_id,
            sid: values.session_id,
            jti: TokenId::new(self.auth.random(), now)?.to_string(),
            org_id: values.org_id,
            roles: values.org_roles,
            permissions: values.permissions,
            amr,
            auth_time: NumericDate::at(principal.authenticated_at()),
            extra: extra.unwrap_or_default(),
            ..lasting
        })
    }

    /// Lets refresh tokens carry the principal's session from now on, instead of its cookie.
    ///
    /// # Errors
    /// [`Refused::Conflict`] for a session that they carry already; [`Refused::AuthorityChanged`]; an outage.
    pub async fn begin(self, client: &Client, principal: &Principal) -> Result<RefreshToken, Error> {
        let begun = committing!(self.auth, client, |flow| usermgmt_sessions::begin_refresh(&flow, principal)?);
        begun.inspect(|_| metrics::token_issued("refresh"))
    }

    /// Gives the successor of a refresh token, and whose session it carries. Several callers with the same token get
    /// the same successor; an older one ends the session.
    ///
    /// # Errors
    /// [`Refused::Unauthenticated`] for what is no refresh token, or of a session that has ended; an outage.
    pub async fn refresh(self, client: &Client, text: &str) -> Result<(Arc<Principal>, RefreshToken), Error> {
        let token = RefreshToken::parse(self.auth.keys(), text).ok_or(Refused::Unauthenticated)?;
        let outcome = committing!(self.auth, client, |flow| {
            match usermgmt_sessions::refresh(&flow, &token, self.settings.refresh_leeway).await? {
                Refreshed::On(principal, ..) if self.auth.settings().is_void(principal.created_at()) => {
                    return Err(Refused::Unauthenticated.into());
                }
                Refreshed::On(principal, successor, Some(changes)) => (changes, Some((*principal, successor))),
                Refreshed::On(principal, successor, None) => return self.go_on(*principal, successor).await,
                Refreshed::Reused(changes) => (changes, None),
            }
        })?;
        let Some((principal, successor)) = outcome else {
            tracing::warn!(session = %token.session(), "a refresh token came a second time: its session was ended");
            self.auth.refusals().note(AuditKind::UnknownSession, client, "refresh token reused", self.auth.now());
            return Err(Refused::Unauthenticated.into());
        };
        self.go_on(principal, successor).await
    }

    /// Marks the session's activity.
    async fn go_on(
        self,
        principal: Principal,
        successor: RefreshToken,
    ) -> Result<(Arc<Principal>, RefreshToken), Error> {
        let now = self.auth.now();
        if now - principal.seen_at() >= limits::ACTIVITY_INTERVAL
            && let Err(error) = self.auth.store().touch(principal.user(), principal.session(), now).await
        {
            tracing::warn!(kind = ?error.kind(), "activity of a session was not written");
        }
        metrics::token_issued("refresh");
        Ok((Arc::new(principal), successor))
    }

    /// Ends the session of a refresh token. Anything else, and a token of a session that runs no more, is no error
    /// (RFC 7009 section 2.2).
    ///
    /// # Errors
    /// An outage.
    pub async fn revoke(self, client: &Client, text: &str) -> Result<(), Error> {
        let Some(token) = RefreshToken::parse(self.auth.keys(), text) else { return Ok(()) };
        committing!(self.auth, client, |flow| {
            let changes = usermgmt_sessions::revoke(&flow, &token).await?;
            match changes {
                Some(changes) => (changes, ()),
                None => return Ok(()),
            }
        })
    }

    /// Sees to it that there is a key, in good time the next one, and none that is long over. The background worker and
    /// every [`issue`](Self::issue) do this.
    ///
    /// # Errors
    /// An outage.
    pub async fn tend_keys(self) -> Result<(), Error> {
        self.auth.tended_signing_keys(self.settings.algorithm).await.map(drop)
    }

    /// The public keys, for other services (RFC 7517 section 5).
    ///
    /// # Errors
    /// An outage.
    pub async fn key_set(self) -> Result<Arc<Jwks>, Error> {
        Ok(self.auth.signing_keys().await?.published.clone())
    }

    /// Checks an access token that is for this application, without asking the store (but for keys, once a minute).
    ///
    /// # Errors
    /// [`BearerError::Token`], or an outage.
    pub async fn verify(self, text: &str) -> Result<Verified, BearerError> {
        self.verify_for(self.auth.settings().origin.as_str(), text).await
    }

    /// The same for another audience.
    pub(crate) async fn verify_for(self, audience: &str, text: &str) -> Result<Verified, BearerError> {
        let origin = self.auth.settings().origin.as_str();
        let rules = Rules::new(origin, audience).and_then(|rules| rules.longest_life(limits::ACCESS_TOKEN_MAX));
        let rules = rules.map_err(|error: RulesError| BearerError::Unavailable(Unavailable::because(error).into()))?;
        let now = self.auth.now();
        let keys = self.auth.signing_keys().await.map_err(BearerError::Unavailable)?;
        let mut verified = rules.verify(&keys.published, text, now);
        if verified == Err(TokenError::UnknownKey) && keys.may_be_outdated(now) {
            let keys = self.auth.read_signing_keys().await.map_err(BearerError::Unavailable)?;
            verified = rules.verify(&keys.published, text, now);
        }
        let verified = verified?;
        if self.auth.settings().is_void(verified.iat.moment()) {
            return Err(BearerError::Ended);
        }
        Ok(verified)
    }

    /// Whose session an access token is for, as it is now: what has changed since it was issued counts.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`BearerError::Ended`].
    pub async fn principal(self, text: &str) -> Result<Arc<Principal>, BearerError> {
        self.still_stands(&self.verify(text).await?).await
    }

    /// Whose session a token is for, if it still runs.
    pub(crate) async fn still_stands(self, verified: &Verified) -> Result<Arc<Principal>, BearerError> {
        let user = verified.sub.parse().map_err(|_| TokenError::Claim("sub"))?;
        let session = verified.sid.parse().map_err(|_| TokenError::Claim("sid"))?;
        let found = self.auth.principal_by_session(user, session).await.map_err(BearerError::Unavailable)?;
        found.ok_or(BearerError::Ended)
    }

    /// Throws all signing keys away: every access token that was ever issued is refused from now on, at services that
    /// keep the published keys within 10 minutes. For the day on which a key was stolen.
    ///
    /// # Errors
    /// An outage.
    pub async fn replace_keys(self, reason: &str) -> Result<(), Error> {
        self.auth.replace_signing_keys(self.settings.algorithm, reason).await
    }
}
