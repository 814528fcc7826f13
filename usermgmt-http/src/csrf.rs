//! Requests that other sites make a browser send.
//!
//! Every unsafe request that a browser's cookies could lend authority to must show that it comes from our own origin,
//! by `Sec-Fetch-Site`, by `Origin`, or by `Referer` where a browser sends neither. Forms carry a token besides. It is
//! checked for our routes and, by the extractors, for the application's own. Of several origins it must be the one that
//! was asked; what pages of other origins may send is said in [`cors`](crate::cors).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method, header};
use url::Url;
use usermgmt_service::Origin;
use usermgmt_service::core::keys::{KeyRing, Purpose};
use usermgmt_service::core::secret::Bearer;

/// Name of the hidden form field.
pub const FIELD: &str = "csrf";

/// Whether the method is safe (RFC 9110 section 9.2.1): it changes nothing.
#[must_use]
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
}

/// What the headers say about where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Our own origin, or the person themselves.
    Own,
    /// Another site.
    Foreign,
    /// The headers do not say: an old browser that hides it, or no browser at all.
    Unknown,
}

/// Where a request comes from. `origin`: that of ours which was asked. `beside`: the origin of an organisation's own
/// host, if it was that.
#[must_use]
pub fn source(headers: &HeaderMap, origin: &Origin, beside: Option<&str>) -> Source {
    let own = beside.unwrap_or(origin.as_str()).as_bytes();
    let (mut said, mut vouched) = (Source::Unknown, false);
    for site in headers.get_all("sec-fetch-site") {
        match site.as_bytes() {
            b"same-origin" => (said, vouched) = (Source::Own, true),
            b"none" => said = Source::Own,
            _ => return Source::Foreign,
        }
    }
    for claimed in headers.get_all(header::ORIGIN) {
        // A form on a page with `Referrer-Policy: no-referrer`, such as ours, is sent with `Origin: null` (Fetch
        // standard, "append a request Origin header"). A page without an origin is never `same-origin`.
        let hidden = vouched && claimed.as_bytes() == b"null";
        if claimed.as_bytes() != own && !hidden {
            return Source::Foreign;
        }
        said = Source::Own;
    }
    if said == Source::Unknown {
        for referer in headers.get_all(header::REFERER) {
            let from = referer.to_str().ok().and_then(|referer| Url::parse(referer).ok());
            if from.is_none_or(|from| from.origin().ascii_serialization().as_bytes() != own) {
                return Source::Foreign;
            }
            said = Source::Own;
        }
    }
    said
}

/// The token for forms shown to this browser.
#[must_use]
pub fn token(keys: &KeyRing, browser: &Bearer) -> String {
    URL_SAFE_NO_PAD.encode(keys.derive(Purpose::Csrf).mac(&[b"form", browser.digest().as_bytes()]))
}

/// Whether a form's token was made for this browser, also under a previous key.
#[must_use]
pub fn accepts(keys: &KeyRing, browser: &Bearer, token: &str) -> bool {
    let Ok(tag) = URL_SAFE_NO_PAD.decode(token) else { return false };
    keys.derive_all(Purpose::Csrf).any(|key| key.verify(&[b"form", browser.digest().as_bytes()], &tag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use usermgmt_service::core::port::OsRandom;
    use usermgmt_service::core::secret::BearerKind;

    #[test]
    fn only_our_own_origin_is_own() {
        let origin = Origin::parse("https://app.example.com").unwrap();
        let of = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), http::HeaderValue::from_static(value)));
            source(&headers.collect(), &origin, None)
        };
        assert_eq!(of(&[("origin", "https://app.example.com")]), Source::Own);
        assert_eq!(of(&[("sec-fetch-site", "same-origin")]), Source::Own);
        assert_eq!(of(&[("referer", "https://app.example.com/x?y")]), Source::Own);
        assert_eq!(of(&[("sec-fetch-site", "same-origin"), ("origin", "null")]), Source::Own);
        assert_eq!(of(&[]), Source::Unknown);
        for foreign in [
            &[("origin", "null")][..],
            &[("sec-fetch-site", "none"), ("origin", "null")],
            &[("sec-fetch-site", "cross-site"), ("origin", "null")],
            &[("origin", "https://evil.example")],
            &[("origin", "http://app.example.com")],
            &[("origin", "https://app.example.com.evil.example")],
            &[("origin", "https://app.example.com:8443")],
            &[("origin", "https://APP.example.com")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "cross-site"), ("origin", "https://app.example.com")],
            &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
            &[("origin", "https://app.example.com"), ("origin", "https://evil.example")],
            &[("referer", "https://evil.example/https://app.example.com")],
            &[("referer", "not a url")],
        ] {
            assert_eq!(of(foreign), Source::Foreign, "{foreign:?}");
        }
    }

    #[test]
    fn on_the_host_of_an_organisation_only_that_origin_is_own() {
        let origin = Origin::parse("https://app.example.com").unwrap();
        let of = |claimed: &'static str| {
            let headers = [(header::ORIGIN, http::HeaderValue::from_static(claimed))].into_iter().collect();
            source(&headers, &origin, Some("https://acme.app.example.com"))
        };
        assert_eq!(of("https://acme.app.example.com"), Source::Own);
        for foreign in ["https://app.example.com", "https://other.app.example.com", "https://evil.example", "null"] {
            assert_eq!(of(foreign), Source::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_form_token_belongs_to_one_browser_and_one_deployment() {
        let keys = KeyRing::generate(&OsRandom).unwrap();
        let browser = Bearer::mint(BearerKind::Browser, &OsRandom).unwrap();
        let made = token(&keys, &browser);
        assert!(accepts(&keys, &browser, &made));
        assert!(accepts(&keys.clone().rotated(&OsRandom).unwrap(), &browser, &made));
        assert!(!accepts(&keys, &Bearer::mint(BearerKind::Browser, &OsRandom).unwrap(), &made));
        assert!(!accepts(&KeyRing::generate(&OsRandom).unwrap(), &browser, &made));
        let shorter: String = made.chars().skip(1).collect();
        assert!(!accepts(&keys, &browser, "") && !accepts(&keys, &browser, &shorter));
    }
}
