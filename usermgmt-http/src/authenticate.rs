//! Who is calling: the one way from a request to a principal.

use std::net::IpAddr;
use std::sync::{Arc, Once};

use http::{HeaderMap, Method, header};
use usermgmt_service::core::api_key::ApiKeySecret;
use usermgmt_service::core::model::AuditKind;
use usermgmt_service::core::proof::{KeyHolder, Principal};
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{Client, Error, Origin, Refused, UserMgmt};

use crate::cookies::{CookieName, Found, Jar};
use crate::csrf::{self, Source};
use crate::problem::Problem;
use crate::{cors, peer};

/// The part of a request that decides who is calling.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Method.
    pub method: &'a Method,
    /// Path and query as they came.
    pub target: &'a str,
    /// Host and port of the target where it carries them: HTTP/2 does, instead of a `Host` header.
    pub authority: Option<&'a str>,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Address of the connection.
    pub peer: Option<IpAddr>,
}

/// Who is calling.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Nobody who is known.
    Nobody,
    /// Somebody who is signed in.
    User(Arc<Principal>),
    /// A program, by its key. It is no user: what asks for one refuses it.
    Key(KeyHolder),
}

impl Identity {
    /// Whoever is signed in.
    #[must_use]
    pub const fn user(&self) -> Option<&Arc<Principal>> {
        match self {
            Self::User(principal) => Some(principal),
            Self::Nobody | Self::Key(_) => None,
        }
    }
}

/// What was found out about the caller of one request. Adapters keep it with the request, so that several extractors
/// cost one check.
pub type Memo = Result<Identity, Problem>;

impl Head<'_> {
    /// The client behind the request, without who is signed in.
    #[must_use]
    pub fn client(&self, auth: &UserMgmt) -> Client {
        let settings = auth.settings();
        let (address, untrusted) = peer::establish(self.headers, self.peer, &settings.trusted_proxies);
        if address.is_none() {
            static WARNED: Once = Once::new();
            WARNED.call_once(|| {
                tracing::warn!(
                    "requests come without an address, so all of them share one limit: with axum, serve \
                     `into_make_service_with_connect_info::<SocketAddr>()`"
                );
            });
        }
        let mut client = address.map(Client::at).unwrap_or_default();
        if untrusted {
            auth.refusals().note(AuditKind::UntrustedForwarding, &client, "forwarding header", auth.now());
        }
        let cookie = |name| Jar::of(settings).read(self.headers, name);
        client.label = self.text(&header::USER_AGENT).map(str::to_owned);
        client.languages = self.text(&header::ACCEPT_LANGUAGE).map(languages).unwrap_or_default();
        client.browser = cookie(CookieName::Browser).value().and_then(|text| Bearer::parse(BearerKind::Browser, text));
        client.device = cookie(CookieName::Device).value().map(str::to_owned);
        let trusted = cookie(CookieName::Trusted);
        let trusted = trusted.value().unwrap_or_default().split('.').take(4);
        client.trusted = trusted.filter_map(|text| Bearer::parse(BearerKind::TrustedDevice, text)).collect();
        if settings.several_accounts {
            let (active, waiting) = (cookie(CookieName::Session), cookie(CookieName::Accounts));
            let waiting = waiting.value().unwrap_or_default().split('.');
            let all = active.value().into_iter().chain(waiting);
            client.sessions = all.filter_map(|text| Bearer::parse(BearerKind::Session, text)).take(5).collect();
        }
        client.organization = self.organization(auth).map(str::to_owned);
        client
    }

    fn text(&self, name: &header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The organisation that the host names, where organisations have hosts of their own: its slug, or what names none.
    #[must_use]
    pub fn organization(&self, auth: &UserMgmt) -> Option<&str> {
        if !auth.settings().organization_hosts {
            return None;
        }
        self.host().map_or(Some(""), |host| self.origin(auth).label_of(host))
    }

    /// Which of the application's origins the request was sent to, or the one above an organisation's own host; the
    /// main one for a host that is none of ours. Of headers only `Host` counts.
    #[must_use]
    pub fn origin<'a>(&self, auth: &'a UserMgmt) -> &'a Origin {
        auth.settings().origin_at(self.host())
    }

    /// Host and port that the request is for: those of the target (RFC 9112 section 3.2.2, RFC 9113 section 8.3.1) or of
    /// the `Host` header. Nothing if there are none, or several that differ.
    fn host(&self) -> Option<&str> {
        let headers = self.headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
        let mut all = self.authority.into_iter().chain(headers);
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }

    /// What is presented as an access token or an API key (RFC 6750 section 2.1). Another scheme of `Authorization` is
    /// none of ours; several of these headers are no token.
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let mut tokens = self.headers.get_all(header::AUTHORIZATION).iter().filter_map(|value| {
            let mut parts = value.as_bytes().splitn(2, |byte| *byte == b' ');
            let scheme = parts.next().unwrap_or_default();
            // What is no text is no token, but it was meant as one.
            let token = parts.next().and_then(|token| std::str::from_utf8(token).ok()).unwrap_or_default();
            scheme.eq_ignore_ascii_case(b"bearer").then(|| token.trim_start_matches(' '))
        });
        let first = tokens.next()?;
        Some(if tokens.next().is_some() { "" } else { first })
    }

    /// Whether a person looks at a page here: a navigation of a browser, by link or by form, to which a redirect is an
    /// answer.
    #[must_use]
    pub fn is_navigation(&self) -> bool {
        let mode = self.headers.get("sec-fetch-mode").map(http::HeaderValue::as_bytes);
        let wants_page = self.text(&header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        wants_page && mode.is_none_or(|mode| mode == b"navigate")
    }

    /// Whether the request carries any of our cookies, and so any authority of a browser.
    #[must_use]
    pub fn carries_cookies(&self, auth: &UserMgmt) -> bool {
        let jar = Jar::of(auth.settings());
        CookieName::ALL.into_iter().any(|name| jar.read(self.headers, name) != Found::Absent)
    }

    /// Refuses an unsafe request that another site has sent, or that may have been. Pages of a listed origin may send
    /// what a browser asks about first; see [`cors`].
    ///
    /// # Errors
    /// [`Problem::CROSS_SITE`].
    pub fn check_source(&self, auth: &UserMgmt, may_be_unknown: bool) -> Result<(), Problem> {
        if csrf::is_safe(self.method) {
            return Ok(());
        }
        let origin = self.origin(auth);
        let beside = self.organization(auth).and_then(|_| self.host()).map(|host| origin.with_host(host));
        match csrf::source(self.headers, origin, beside.as_deref()) {
            Source::Own => Ok(()),
            Source::Unknown if may_be_unknown => Ok(()),
            Source::Foreign if cors::may_send(auth.settings(), self) => Ok(()),
            Source::Unknown | Source::Foreign => {
                auth.refusals().note(AuditKind::CsrfRefused, &self.client(auth), "origin", auth.now());
                Err(Problem::CROSS_SITE)
            }
        }
    }
}

/// Finds out who is calling by what stands in `Authorization: Bearer`. No browser sends that by itself, so no other site
/// can.
async fn by_bearer(auth: &UserMgmt, head: &Head<'_>, text: &str) -> Memo {
    if ApiKeySecret::is_meant_by(text) {
        let Some(keys) = auth.api_keys() else { return Err(Problem::INVALID_TOKEN) };
        return match keys.holder(&head.client(auth), text).await {
            Ok(holder) => Ok(Identity::Key(holder)),
            Err(Error::Refused(Refused::Unauthenticated)) => Err(Problem::INVALID_TOKEN),
            Err(other) => Err(Problem::of(other, auth.now())),
        };
    }
    #[cfg(feature = "tokens")]
    if let Some(tokens) = auth.tokens() {
        return match tokens.principal(text).await {
            Ok(principal) => Ok(Identity::User(principal)),
            Err(error) => Err(not_a_token(auth, head, error)),
        };
    }
    Err(Problem::INVALID_TOKEN)
}

/// The problem with an access token.
#[cfg(feature = "tokens")]
pub(crate) fn not_a_token(auth: &UserMgmt, head: &Head<'_>, error: usermgmt_service::BearerError) -> Problem {
    if let usermgmt_service::BearerError::Unavailable(error) = error {
        return Problem::of(error, auth.now());
    }
    tracing::debug!(refused = %error, "an access token was refused");
    auth.refusals().note(AuditKind::UnknownSession, &head.client(auth), "access token", auth.now());
    Problem::INVALID_TOKEN
}

/// Whether anything may stand in `Authorization: Bearer`.
fn takes_bearer(auth: &UserMgmt) -> bool {
    #[cfg(feature = "tokens")]
    if auth.tokens().is_some() {
        return true;
    }
    auth.api_keys().is_some()
}

/// Finds out who is calling: by the session cookie, or by an access token or an API key where those are switched on. An
/// unsafe request that carries the cookie must come from our own origin, or from a listed one.
///
/// # Errors
/// [`Problem::CROSS_SITE`], or an outage: never "nobody" when it could not be found out.
pub async fn authenticate(auth: &UserMgmt, head: &Head<'_>) -> Memo {
    let found = Jar::of(auth.settings()).read(head.headers, CookieName::Session);
    if let Some(text) = head.bearer().filter(|_| takes_bearer(auth)) {
        return if found == Found::Absent {
            by_bearer(auth, head, text).await
        } else {
            Err(Problem::AMBIGUOUS_CREDENTIALS)
        };
    }
    if found == Found::Ambiguous {
        auth.refusals().note(AuditKind::AmbiguousCookie, &head.client(auth), "session", auth.now());
    }
    let Some(text) = found.value() else { return Ok(Identity::Nobody) };
    head.check_source(auth, false)?;
    let Some(token) = Bearer::parse(BearerKind::Session, text) else {
        auth.refusals().note(AuditKind::UnknownSession, &head.client(auth), "malformed", auth.now());
        return Ok(Identity::Nobody);
    };
    let principal = auth.principal(&token).await.map_err(|error| Problem::of(error, auth.now()))?;
    if principal.is_none() {
        auth.refusals().note(AuditKind::UnknownSession, &head.client(auth), "not running", auth.now());
    }
    Ok(principal.map_or(Identity::Nobody, Identity::User))
}

/// Language tags of `Accept-Language` (RFC 9110 section 12.5.4), best first.
fn languages(text: &str) -> Vec<String> {
    let mut tags: Vec<(u16, &str)> = Vec::new();
    for part in text.split(',').take(16) {
        let mut pieces = part.split(';').map(str::trim);
        let tag = pieces.next().unwrap_or_default();
        let weight =
            pieces.find_map(|piece| piece.strip_prefix("q=")).and_then(|q| q.parse::<f32>().ok()).unwrap_or(1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 1000")]
        let weight = (weight.clamp(0.0, 1.0) * 1_000.0) as u16;
        let plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !tag.is_empty() && plain && weight > 0 {
            tags.push((weight, tag));
        }
    }
    tags.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    tags.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_in_order_of_preference() {
        assert_eq!(languages("de;q=0.5, en-GB, fr;q=0.7, *;q=0.1, xx;q=0"), ["en-GB", "fr", "de"]);
        assert_eq!(languages(";;,,q=;"), Vec::<String>::new());
    }
}
