//! One session for every host of a domain, where the application asks for it.

use url::{Host, Url};

use crate::builder::{Builder, ConfigError};
use crate::settings::{Origin, Settings};

impl Builder {
    /// Gives the session to every host of this domain (`example.org` and all below it), so that whoever signs in at
    /// `app.example.org` is signed in at `api.example.org`, too. Every host of the domain is then trusted with every
    /// session, whoever runs it and whatever it answers:
    ///
    /// - each of them is sent the session's secret by the browser, and can act with it as that person;
    /// - each of them, and script on its pages, can plant a session cookie: sign a visitor in as somebody else, or sign
    ///   everybody out as often as it likes. The `__Host-` prefix that rules this out cannot go with a domain (RFC
    ///   6265bis section 4.1.3.2).
    ///
    /// Call it only if nobody else has a host there: no page of a customer, no blog at a provider, no forgotten CNAME.
    ///
    /// The session's cookie and that of further [accounts](Self::several_accounts) get `Domain` and the prefix
    /// `__Secure-`; all others stay with their host. Where a request comes from is checked as ever: a sibling host's page
    /// is another site unless it is [listed](Self::cors_origins). A cookie that comes twice is believed neither time.
    ///
    /// A cookie of one setting is never read under the other: to switch it, on or off, signs everybody out once. Switch
    /// all processes at the same time. What the other setting has left in a browser is ended and removed when somebody
    /// signs in or out there.
    ///
    /// [`build`](Self::build) refuses a domain that is none, has a single label, or is an address, and every
    /// [origin](Self::also_at) outside it. Browsers refuse a domain under which anybody can have a host (`co.uk`): then
    /// nobody stays signed in. Default: a session belongs to one host.
    pub fn share_sessions_trusting_every_host_of(self, domain: &str) -> Self {
        self.set(|settings| settings.session_domain = Some(domain.to_owned()))
    }
}

/// Makes sure that sessions can be shared as the settings say.
pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
    let Some(domain) = &settings.session_domain else { return Ok(()) };
    if !is_domain(domain) {
        let wrong = "expected a domain of two or more labels as browsers write it, such as `example.org`";
        return Err(ConfigError::SessionDomain { domain: domain.clone(), wrong });
    }
    match settings.origins().find(|origin| !origin.is_of(domain)) {
        Some(_) => Err(ConfigError::SessionDomain {
            domain: domain.clone(),
            wrong: "every origin must be at this domain or below it: browsers refuse the cookie anywhere else",
        }),
        None => Ok(()),
    }
}

fn is_domain(text: &str) -> bool {
    let labels = text.split('.').count() >= 2 && text.split('.').all(|label| !label.is_empty());
    let url = Url::parse(&format!("https://{text}")).ok();
    // Whatever is not exactly the host (a port, a path, capital letters) was written otherwise than a browser would.
    let same = url.is_some_and(|url| matches!(url.host(), Some(Host::Domain(host)) if host == text));
    labels && same && !text.contains('*')
}

impl Origin {
    /// Whether its host is at this domain or below it.
    #[must_use]
    pub fn is_of(&self, domain: &str) -> bool {
        self.domains().any(|own| own == domain)
    }

    /// Its host without the port, and the domains above it, as far as a cookie could belong to them: those of two or
    /// more labels. An address has none.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        let host = self.host().split(':').next().unwrap_or_default();
        let is_address = self.host().starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
        let above = std::iter::successors(Some(host), |host| host.split_once('.').map(|(_, above)| above));
        above.take_while(move |domain| !is_address && domain.contains('.'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(origins: &[&str], domain: &str) -> Result<(), ConfigError> {
        let mut origins = origins.iter().map(|origin| Origin::parse(origin).unwrap());
        let mut settings = Settings::new(origins.next().unwrap());
        settings.further_origins = origins.collect();
        settings.session_domain = Some(domain.into());
        check(&settings)
    }

    #[test]
    fn every_origin_is_at_the_domain_or_below_it() {
        for (origins, domain) in [
            (&["https://example.org"][..], "example.org"),
            (&["https://app.example.org:8443"], "example.org"),
            (&["https://app.example.org", "https://a.b.example.org", "https://example.org"], "example.org"),
            (&["https://app.example.org"], "app.example.org"),
            (&["http://app.localhost:3000"], "app.localhost"),
            (&["https://xn--bcher-kva.example"], "xn--bcher-kva.example"),
        ] {
            assert!(checked(origins, domain).is_ok(), "{origins:?} {domain}");
        }
        for (origins, domain) in [
            (&["https://app.example.org"][..], "example.com"),
            (&["https://app.example.org"], "ample.org"),
            (&["https://app.example.org"], "api.example.org"),
            (&["https://app.example.org"], "x.app.example.org"),
            (&["https://app.example.org", "https://app.example.eu"], "example.org"),
            (&["https://app.example.org"], "org"),
            (&["https://app.example.org"], ""),
            (&["https://app.example.org"], ".example.org"),
            (&["https://app.example.org"], "example.org."),
            (&["https://app.example.org"], "*.example.org"),
            (&["https://app.example.org"], "Example.org"),
            (&["https://app.example.org"], "example.org:443"),
            (&["https://app.example.org"], "example.org/"),
            (&["https://app.example.org"], "u@example.org"),
            (&["https://app.example.org"], "example.org; Path=/x"),
            (&["https://app.example.org"], "example.org\r\nx: y"),
            (&["https://192.0.2.7"], "192.0.2.7"),
            (&["https://192.0.2.7"], "0.2.7"),
            (&["https://[2001:db8::1]"], "[2001:db8::1]"),
            (&["http://localhost:3000"], "localhost"),
        ] {
            let refused = checked(origins, domain).unwrap_err().to_string();
            assert!(refused.contains(&format!("`{domain}`")), "{refused}");
        }
    }

    #[test]
    fn a_host_has_the_domains_above_it() {
        let of = |origin| Origin::parse(origin).unwrap().domains().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(of("https://a.app.example.org:8443"), ["a.app.example.org", "app.example.org", "example.org"]);
        for origin in ["https://192.0.2.7", "https://[2001:db8::1]:1", "http://localhost:3000"] {
            assert_eq!(of(origin), Vec::<String>::new(), "{origin}");
        }
    }
}
