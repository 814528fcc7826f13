//! Who is calling: the one way from a request to a principal.

use std::net::IpAddr;
use std::sync::{Arc, Once};

use http::{HeaderMap, Method, header};
use usermgmt_service::core::model::AuditKind;
use usermgmt_service::core::proof::Principal;
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{Client, UserMgmt};

use crate::cookies::{self, CookieName, Found};
use crate::csrf::{self, Source};
use crate::peer;
use crate::problem::Problem;

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

/// What was found out about the caller of one request. Adapters keep it with the request, so that several extractors
/// cost one check.
pub type Memo = Result<Option<Arc<Principal>>, Problem>;

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
        let cookie = |name| cookies::read(self.headers, &settings.origin, name);
        client.label = self.text(&header::USER_AGENT).map(str::to_owned);
        client.languages = self.text(&header::ACCEPT_LANGUAGE).map(languages).unwrap_or_default();
        client.browser = cookie(CookieName::Browser).value().and_then(|text| Bearer::parse(BearerKind::Browser, text));
        client.device = cookie(CookieName::Device).value().map(str::to_owned);
        client.organization = self.organization(auth).map(str::to_owned);
        client
    }

    fn text(&self, name: &header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The organisation that the host names, where organisations have hosts of their own: its slug, or what names none.
    #[must_use]
    pub fn organization(&self, auth: &UserMgmt) -> Option<&str> {
        let settings = auth.settings();
        if !settings.organization_hosts {
            return None;
        }
        self.host().map_or(Some(""), |host| settings.origin.label_of(host))
    }

    /// Host and port that the request is for: those of the target (RFC 9112 section 3.2.2, RFC 9113 section 8.3.1) or of
    /// the `Host` header. Nothing if there are none, or several that differ.
    fn host(&self) -> Option<&str> {
        let headers = self.headers.get_all(header::HOST).iter().map(|host| host.to_str().unwrap_or_default());
        let mut all = self.authority.into_iter().chain(headers);
        let first = all.next()?;
        all.all(|other| other == first).then_some(first)
    }

    /// What is presented as an access token (RFC 6750 section 2.1). Another scheme of `Authorization` is none of ours;
    /// several of these headers are no token.
    #[cfg(feature = "tokens")]
    #[must_use]
    pub fn bearer(&self) -> Option<&str> {
        let mut all =
            self.headers.get_all(header::AUTHORIZATION).iter().map(|value| value.to_str().unwrap_or_default());
        let mut tokens = all.by_ref().filter_map(|value| {
            let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start_matches(' '))
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
        let origin = &auth.settings().origin;
        CookieName::ALL.into_iter().any(|name| cookies::read(self.headers, origin, name) != Found::Absent)
    }

    /// Refuses an unsafe request that another site has sent, or that may have been.
    ///
    /// # Errors
    /// [`Problem::CROSS_SITE`].
    pub fn check_source(&self, auth: &UserMgmt, may_be_unknown: bool) -> Result<(), Problem> {
        if csrf::is_safe(self.method) {
            return Ok(());
        }
        let origin = &auth.settings().origin;
        let beside = self.organization(auth).and_then(|_| self.host()).map(|host| origin.with_host(host));
        match csrf::source(self.headers, origin, beside.as_deref()) {
            Source::Own => Ok(()),
            Source::Unknown if may_be_unknown => Ok(()),
            Source::Unknown | Source::Foreign => {
                auth.refusals().note(AuditKind::CsrfRefused, &self.client(auth), "origin", auth.now());
                Err(Problem::CROSS_SITE)
            }
        }
    }
}

/// Finds out who is calling by an access token. No browser sends one by itself, so no other site can.
#[cfg(feature = "tokens")]
async fn by_token(auth: &UserMgmt, head: &Head<'_>, tokens: usermgmt_service::Tokens<'_>, text: &str) -> Memo {
    use usermgmt_service::BearerError;

    match tokens.principal(text).await {
        Ok(principal) => Ok(Some(principal)),
        Err(BearerError::Unavailable(error)) => Err(Problem::of(error, auth.now())),
        Err(refused) => {
            tracing::debug!(%refused, "an access token was refused");
            auth.refusals().note(AuditKind::UnknownSession, &head.client(auth), "access token", auth.now());
            Err(Problem::INVALID_TOKEN)
        }
    }
}

/// Finds out who is calling: by the session cookie, or by an access token where those are switched on. An unsafe request
/// that carries the cookie must come from our own origin.
///
/// # Errors
/// [`Problem::CROSS_SITE`], or an outage: never "nobody" when it could not be found out.
pub async fn authenticate(auth: &UserMgmt, head: &Head<'_>) -> Memo {
    let found = cookies::read(head.headers, &auth.settings().origin, CookieName::Session);
    #[cfg(feature = "tokens")]
    if let (Some(tokens), Some(text)) = (auth.tokens(), head.bearer()) {
        return if found == Found::Absent {
            by_token(auth, head, tokens, text).await
        } else {
            Err(Problem::AMBIGUOUS_CREDENTIALS)
        };
    }
    if found == Found::Ambiguous {
        auth.refusals().note(AuditKind::AmbiguousCookie, &head.client(auth), "session", auth.now());
    }
    let Some(text) = found.value() else { return Ok(None) };
    head.check_source(auth, false)?;
    let Some(token) = Bearer::parse(BearerKind::Session, text) else {
        auth.refusals().note(AuditKind::UnknownSession, &head.client(auth), "malformed", auth.now());
        return Ok(None);
    };
    let principal = auth.principal(&token).await.map_err(|error| Problem::of(error, auth.now()))?;
    if principal.is_none() {
        auth.refusals().note(AuditKind::UnknownSession, &head.client(auth), "not running", auth.now());
    }
    Ok(principal)
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
