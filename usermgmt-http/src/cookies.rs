//! Cookies: read strictly, written with every guard.
//!
//! On HTTPS every name has the `__Host-` prefix, so no sibling domain and no plain connection can plant one (RFC
//! 6265bis section 4.1.3.2). Where the application shares sessions among the hosts of a domain, the two cookies that
//! carry them have the prefix `__Secure-` and that domain instead. A name that comes twice is believed neither time.

use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;
use time::{Duration, OffsetDateTime};
use usermgmt_service::Settings;

/// Longest `Cookie` header that is looked at.
const HEADER_BYTES: usize = 16 * 1024;
/// Longest value that is taken.
const VALUE_BYTES: usize = 4_096;

/// Our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieName {
    /// The session's secret.
    Session,
    /// The secret that names the browser.
    Browser,
    /// The secret of a sign-in that has begun.
    Attempt,
    /// That an account has signed in on this device before.
    Device,
    /// A mailed link that was opened and not yet used, so that it leaves the address bar.
    Link,
    /// The address that the person has last asked a mail for, so that the page that waits for it can be loaded again.
    Address,
    /// The refresh token of a page in a browser.
    Refresh,
    /// That accounts ask for no second factor on this device.
    Trusted,
    /// The secrets of sessions that wait beside the active one, where a browser can have several accounts.
    Accounts,
    /// That a passkey was declined in this browser.
    NoPasskey,
}

impl CookieName {
    /// Every name.
    pub const ALL: [Self; 10] = [
        Self::Session,
        Self::Browser,
        Self::Attempt,
        Self::Device,
        Self::Link,
        Self::Address,
        Self::Refresh,
        Self::Trusted,
        Self::Accounts,
        Self::NoPasskey,
    ];

    /// Those that carry sessions.
    pub const OF_SESSIONS: [Self; 2] = [Self::Session, Self::Accounts];

    /// The name of a cookie that belongs to one host.
    #[must_use]
    pub const fn of_host(self, is_local: bool) -> &'static str {
        match (self, is_local) {
            (Self::Session, false) => "__Host-um_session",
            (Self::Session, true) => "um_session",
            (Self::Browser, false) => "__Host-um_browser",
            (Self::Browser, true) => "um_browser",
            (Self::Attempt, false) => "__Host-um_attempt",
            (Self::Attempt, true) => "um_attempt",
            (Self::Device, false) => "__Host-um_device",
            (Self::Device, true) => "um_device",
            (Self::Link, false) => "__Host-um_link",
            (Self::Link, true) => "um_link",
            (Self::Address, false) => "__Host-um_address",
            (Self::Address, true) => "um_address",
            (Self::Refresh, false) => "__Host-um_refresh",
            (Self::Refresh, true) => "um_refresh",
            (Self::Trusted, false) => "__Host-um_trusted",
            (Self::Trusted, true) => "um_trusted",
            (Self::Accounts, false) => "__Host-um_accounts",
            (Self::Accounts, true) => "um_accounts",
            (Self::NoPasskey, false) => "__Host-um_no_passkey",
            (Self::NoPasskey, true) => "um_no_passkey",
        }
    }

    /// The name of a cookie that belongs to every host of a domain, for those that carry sessions. It is another one than
    /// [`of_host`](Self::of_host), so that neither stands before the other.
    #[must_use]
    pub const fn of_domain(self, is_local: bool) -> Option<&'static str> {
        match (self, is_local) {
            (Self::Session, false) => Some("__Secure-um_session"),
            (Self::Session, true) => Some("um_shared_session"),
            (Self::Accounts, false) => Some("__Secure-um_accounts"),
            (Self::Accounts, true) => Some("um_shared_accounts"),
            _ => None,
        }
    }
}

/// What a request's cookies say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Found<'a> {
    /// It is not there.
    #[default]
    Absent,
    /// It is there once.
    One(&'a str),
    /// It is there more than once, or the header is unreasonable: somebody may have planted it.
    Ambiguous,
}

impl<'a> Found<'a> {
    /// The value, if there is exactly one.
    #[must_use]
    pub const fn value(&self) -> Option<&'a str> {
        match self {
            Self::One(value) => Some(value),
            Self::Absent | Self::Ambiguous => None,
        }
    }
}

/// Where our cookies belong: to the origin's host, or those that carry sessions to every host of a domain.
#[derive(Clone, Copy, Debug)]
pub struct Jar<'a> {
    is_local: bool,
    domain: Option<&'a str>,
}

impl<'a> Jar<'a> {
    /// The cookies of this system.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Self {
        Self { is_local: settings.origin.is_local(), domain: settings.session_domain.as_deref() }
    }

    /// The name of a cookie, and the domain that it is for.
    fn place(self, name: CookieName) -> (&'static str, Option<&'a str>) {
        let shared = self.domain.and_then(|domain| Some((name.of_domain(self.is_local)?, Some(domain))));
        shared.unwrap_or((name.of_host(self.is_local), None))
    }

    /// The name of a cookie here.
    #[must_use]
    pub fn name(self, name: CookieName) -> &'static str {
        self.place(name).0
    }

    /// Reads a cookie. Names are compared byte for byte; only spaces and tabs around pairs are ignored.
    #[must_use]
    pub fn read(self, headers: &HeaderMap, name: CookieName) -> Found<'_> {
        let Some(mut all) = values(headers, self.name(name)) else { return Found::Ambiguous };
        match (all.next(), all.next()) {
            (None, _) => Found::Absent,
            (Some(Some(value)), None) => Found::One(value),
            _ => Found::Ambiguous,
        }
    }

    /// A `Set-Cookie` value. Without `expires_at` the cookie goes when the browser closes.
    #[must_use]
    pub fn set(self, name: CookieName, value: &str, expires_at: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
        let mut cookie = self.base(self.place(name), value);
        if let Some(expires_at) = expires_at {
            cookie.set_max_age((expires_at - now).max(Duration::ZERO));
        }
        cookie.to_string()
    }

    /// A `Set-Cookie` value that removes the cookie.
    #[must_use]
    pub fn clear(self, name: CookieName) -> String {
        self.remove(self.place(name))
    }

    fn remove(self, place: (&'static str, Option<&str>)) -> String {
        let mut cookie = self.base(place, "");
        cookie.set_max_age(Duration::ZERO);
        cookie.to_string()
    }

    fn base<'v>(self, (name, domain): (&'static str, Option<&'v str>), value: &'v str) -> Cookie<'v> {
        let cookie = Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax);
        let cookie = cookie.secure(!self.is_local);
        domain.map_or_else(|| cookie.clone(), |domain| cookie.clone().domain(domain)).build()
    }

    /// Cookies that carry sessions and are not ours to read: left by the other setting, by another domain, or by
    /// somebody else. `domains`: those to which they may belong.
    #[must_use]
    pub fn strays<'h>(self, headers: &'h HeaderMap, domains: &[&str]) -> Strays<'h> {
        let mut strays = Strays::default();
        for cookie in CookieName::OF_SESSIONS {
            let own = self.place(cookie);
            for name in [Some(cookie.of_host(self.is_local)), cookie.of_domain(self.is_local)].into_iter().flatten() {
                let found: Vec<_> = values(headers, name).into_iter().flatten().collect();
                if found.is_empty() || (name == own.0 && found.len() == 1) {
                    continue;
                }
                strays.values.extend(found.into_iter().flatten());
                let above = domains.iter().map(|domain| Some(*domain)).filter(|_| !name.starts_with("__Host-"));
                let places = std::iter::once(None).chain(above).map(|domain| (name, domain));
                strays.removals.extend(places.filter(|place| *place != own).map(|place| self.remove(place)));
            }
        }
        strays
    }
}

/// Cookies that carry sessions and are not ours to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strays<'h> {
    /// What they say.
    pub values: Vec<&'h str>,
    /// The `Set-Cookie` values that remove them.
    pub removals: Vec<String>,
}

/// The values of all cookies of this name, `None` for one that is no acceptable text; nothing at all if the header is
/// unreasonable.
fn values<'h>(headers: &'h HeaderMap, name: &'static str) -> Option<impl Iterator<Item = Option<&'h str>>> {
    let length = headers.get_all(COOKIE).iter().fold(0_usize, |sum, header| sum.saturating_add(header.len()));
    // Pairs are cut as bytes, so that a strange byte in another cookie does not hide ours.
    let pairs = headers.get_all(COOKIE).into_iter().flat_map(|header| header.as_bytes().split(|byte| *byte == b';'));
    let values = pairs.filter_map(move |pair| trim(pair).strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    let text = |value| std::str::from_utf8(value).ok().filter(|value| value.len() <= VALUE_BYTES);
    (length <= HEADER_BYTES).then(|| values.map(text))
}

fn trim(mut pair: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = pair {
        pair = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = pair {
        pair = rest;
    }
    pair
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: Jar<'_> = Jar { is_local: false, domain: None };
    const DOMAIN: Jar<'_> = Jar { is_local: false, domain: Some("example.com") };

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, http::HeaderValue::from_bytes(value).unwrap())).collect()
    }

    #[test]
    fn one_cookie_is_read_wherever_it_stands() {
        let session = |values: &[&[u8]]| match HOST.read(&headers(values), CookieName::Session) {
            Found::One(value) => Some(value.to_owned()),
            _ => None,
        };
        assert_eq!(session(&[b"a=b; __Host-um_session=x;c=d"]).as_deref(), Some("x"));
        assert_eq!(session(&[b"a=b", b"__Host-um_session=x"]).as_deref(), Some("x"));
        assert_eq!(session(&[b"a=\xff\xfe; __Host-um_session=x"]).as_deref(), Some("x"));
        for other in [
            &b"um_session=x"[..],
            b"__host-um_session=x",
            b"__Host-um_session =x",
            b"__Host-um_sessionx=x",
            b"\xe2\x80\x80__Host-um_session=x",
            b"\x85__Host-um_session=x",
            b"$Version=1",
            b"",
            b";;;=;",
        ] {
            assert_eq!(session(&[other]), None, "{other:?}");
        }
    }

    #[test]
    fn two_of_one_name_are_believed_neither_time() {
        for values in
            [&[&b"__Host-um_session=x; __Host-um_session=y"[..]][..], &[b"__Host-um_session=x", b"__Host-um_session=x"]]
        {
            assert_eq!(HOST.read(&headers(values), CookieName::Session), Found::Ambiguous);
        }
        let flood = "a=b; ".repeat(10_000) + "__Host-um_session=x";
        assert_eq!(HOST.read(&headers(&[flood.as_bytes()]), CookieName::Session), Found::Ambiguous);
        assert_eq!(HOST.read(&headers(&[b"__Host-um_session=\xff"]), CookieName::Session), Found::Ambiguous);
    }

    #[test]
    fn cookies_carry_every_guard() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let cookie = HOST.set(CookieName::Session, "x", Some(now + Duration::DAY), now);
        assert_eq!(cookie, "__Host-um_session=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400");
        assert!(!HOST.set(CookieName::Session, "x", None, now).contains("Max-Age"));
        let local = Jar { is_local: true, ..HOST };
        assert_eq!(local.set(CookieName::Session, "x", None, now), "um_session=x; HttpOnly; SameSite=Lax; Path=/");
        assert!(HOST.clear(CookieName::Session).contains("Max-Age=0"));
    }

    #[test]
    fn only_what_carries_sessions_is_shared() {
        let now = OffsetDateTime::UNIX_EPOCH;
        for name in CookieName::ALL {
            let (set, cleared) = (DOMAIN.set(name, "x", None, now), DOMAIN.clear(name));
            let shared = CookieName::OF_SESSIONS.contains(&name);
            for cookie in [&set, &cleared] {
                assert_eq!(cookie.starts_with("__Secure-"), shared, "{cookie}");
                assert_eq!(cookie.contains("; Domain=example.com"), shared, "{cookie}");
                assert_eq!(cookie.starts_with("__Host-"), !shared, "{cookie}");
                assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/"), "{cookie}");
            }
            assert!(!shared || HOST.name(name) != DOMAIN.name(name));
        }
    }

    #[test]
    fn strays_are_those_that_are_not_read() {
        let strays = |jar: Jar<'_>, header: &[u8]| {
            let headers = headers(&[header]);
            let found = jar.strays(&headers, &["app.example.com", "example.com"]);
            (found.values.join(" "), found.removals)
        };
        let gone =
            |name: &str, domain: &str| format!("{name}=; HttpOnly; SameSite=Lax; Secure; Path=/;{domain} Max-Age=0");
        let (host, shared) = ("__Host-um_session", "__Secure-um_session");
        assert_eq!(strays(HOST, b"__Host-um_session=x; a=b"), (String::new(), vec![]));
        assert_eq!(strays(DOMAIN, b"__Secure-um_session=x; __Secure-um_accounts=y"), (String::new(), vec![]));
        assert_eq!(strays(DOMAIN, b"__Host-um_session=x; __Secure-um_session=y"), ("x".into(), vec![gone(host, "")]));
        let all =
            vec![gone(shared, ""), gone(shared, " Domain=app.example.com;"), gone(shared, " Domain=example.com;")];
        assert_eq!(strays(HOST, b"__Secure-um_session=x"), ("x".into(), all.clone()));
        let others = all.into_iter().filter(|removal| !removal.contains("=example.com")).collect();
        assert_eq!(strays(DOMAIN, b"__Secure-um_session=x; __Secure-um_session=y"), ("x y".into(), others));
    }
}
