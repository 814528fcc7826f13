//! Cookies: read strictly, written with every guard.
//!
//! On HTTPS every name has the `__Host-` prefix, so no sibling domain and no plain connection can plant one (RFC
//! 6265bis section 4.1.3.2). A name that comes twice is believed neither time.

use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;
use time::{Duration, OffsetDateTime};
use usermgmt_service::Origin;

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

    /// The name on this origin.
    #[must_use]
    pub const fn on(self, origin: &Origin) -> &'static str {
        match (self, origin.is_local()) {
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

/// Reads a cookie. Names are compared byte for byte; only spaces and tabs around pairs are ignored.
#[must_use]
pub fn read<'a>(headers: &'a HeaderMap, origin: &Origin, name: CookieName) -> Found<'a> {
    let name = name.on(origin);
    let mut found = Found::Absent;
    let mut read = 0_usize;
    for header in headers.get_all(COOKIE) {
        read = read.saturating_add(header.len());
        if read > HEADER_BYTES {
            return Found::Ambiguous;
        }
        // Pairs are cut as bytes, so that a strange byte in another cookie does not hide ours.
        for pair in header.as_bytes().split(|byte| *byte == b';') {
            let pair = trim(pair);
            let Some(value) = pair.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")) else {
                continue;
            };
            match (std::str::from_utf8(value), &found) {
                (Ok(value), Found::Absent) if value.len() <= VALUE_BYTES => found = Found::One(value),
                _ => return Found::Ambiguous,
            }
        }
    }
    found
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

/// A `Set-Cookie` value. Without `expires_at` the cookie goes when the browser closes.
#[must_use]
pub fn set(
    origin: &Origin,
    name: CookieName,
    value: &str,
    expires_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> String {
    let mut cookie = base(origin, name, value);
    if let Some(expires_at) = expires_at {
        cookie.set_max_age((expires_at - now).max(Duration::ZERO));
    }
    cookie.to_string()
}

/// A `Set-Cookie` value that removes the cookie.
#[must_use]
pub fn clear(origin: &Origin, name: CookieName) -> String {
    let mut cookie = base(origin, name, "");
    cookie.set_max_age(Duration::ZERO);
    cookie.to_string()
}

fn base<'a>(origin: &Origin, name: CookieName, value: &'a str) -> Cookie<'a> {
    Cookie::build((name.on(origin), value))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(!origin.is_local())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::parse("https://app.example.com").unwrap()
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        values.iter().map(|value| (COOKIE, http::HeaderValue::from_bytes(value).unwrap())).collect()
    }

    #[test]
    fn one_cookie_is_read_wherever_it_stands() {
        let session = |values: &[&[u8]]| match read(&headers(values), &origin(), CookieName::Session) {
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
            assert_eq!(read(&headers(values), &origin(), CookieName::Session), Found::Ambiguous);
        }
        let flood = "a=b; ".repeat(10_000) + "__Host-um_session=x";
        assert_eq!(read(&headers(&[flood.as_bytes()]), &origin(), CookieName::Session), Found::Ambiguous);
        assert_eq!(read(&headers(&[b"__Host-um_session=\xff"]), &origin(), CookieName::Session), Found::Ambiguous);
    }

    #[test]
    fn cookies_carry_every_guard() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let cookie = set(&origin(), CookieName::Session, "x", Some(now + Duration::DAY), now);
        assert_eq!(cookie, "__Host-um_session=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400");
        assert!(!set(&origin(), CookieName::Session, "x", None, now).contains("Max-Age"));
        let local = Origin::parse("http://localhost:3000").unwrap();
        assert_eq!(set(&local, CookieName::Session, "x", None, now), "um_session=x; HttpOnly; SameSite=Lax; Path=/");
        assert!(clear(&origin(), CookieName::Session).contains("Max-Age=0"));
    }
}
