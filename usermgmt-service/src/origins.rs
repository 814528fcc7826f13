//! Several origins of one application, and other origins whose pages may call it. Both are explicit lists.

use std::collections::BTreeSet;

use crate::builder::{Builder, ConfigError};
use crate::settings::{Origin, Settings};

/// Most entries of each list: they are gone through at every request that other sites could have sent.
const MAX: usize = 32;

impl Builder {
    /// Serves the same application under a further origin: `https://app.example.eu` beside `https://app.example.com`.
    ///
    /// Requests that come to its host are at home there: their source must be the very origin that they were sent to.
    /// A page of one of our origins that sends to another one is another site and refused, unless it is
    /// [listed](Self::cors_origins). Cookies belong to one host, so people sign in at each origin for itself (origins
    /// that differ in the port alone share them). Links in mails lead to the main origin, which is also `iss` and `aud`
    /// of access tokens. What comes to a host that is not listed is taken for sent to the main one, as without this.
    ///
    /// The host is that of the request itself: a proxy must pass the header `Host` on. `X-Forwarded-Host` is not read.
    ///
    /// Call it once for each, at most 32 times. [`build`](Self::build) refuses an origin that is no origin, that comes
    /// twice, that is on localhost while the main one is not or the other way round, and, with
    /// [`organization_hosts`](Self::organization_hosts), one below another. Default: none.
    pub fn also_at(self, origin: &str) -> Self {
        self.try_set(|settings| parse(origin).map(|origin| settings.further_origins.push(origin)))
    }

    /// Lets pages of these other origins call the JSON routes with credentials (CORS, Fetch standard section 3.3): a
    /// single-page application at `https://spa.example.com`. Exact origins; there are no wildcards, and `null` is none.
    ///
    /// They are trusted as the application itself is: their requests pass the check of where a request comes from, at
    /// our routes and at extractors in handlers of the application, as far as a browser asks before it sends them: with
    /// a body of JSON, or by another method than POST. A form is refused as ever, and our pages are never shared.
    ///
    /// Our cookies are `SameSite=Lax`: browsers send them for pages of the same site (`spa.example.com` to
    /// `api.example.com`). Pages of another site keep none of them, so they call with access tokens and cannot sign
    /// anybody in by themselves. For its own handlers the application adds the CORS headers itself, by the layer of its
    /// framework.
    ///
    /// May be called again, for at most 32 in all. [`build`](Self::build) refuses an origin that is no origin, that
    /// comes twice, that is plain HTTP while the main one is not, the application's only own origin, and, with
    /// [`organization_hosts`](Self::organization_hosts), one that an organisation could have. Default: none.
    pub fn cors_origins<'a>(self, origins: impl IntoIterator<Item = &'a str>) -> Self {
        self.try_set(|settings| {
            for origin in origins {
                settings.cors_origins.push(parse(origin)?);
            }
            Ok(())
        })
    }

    /// A change that may be a mistake; the first one is what [`build`](Self::build) reports.
    fn try_set(mut self, change: impl FnOnce(&mut Settings) -> Result<(), ConfigError>) -> Self {
        if let Ok(settings) = &mut self.settings
            && let Err(mistake) = change(settings)
        {
            self.settings = Err(mistake);
        }
        self
    }
}

fn parse(origin: &str) -> Result<Origin, ConfigError> {
    Origin::parse(origin).ok_or_else(|| ConfigError::Origin(origin.to_owned()))
}

impl Settings {
    /// The origins of the application, the main one first.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.origin).chain(&self.further_origins)
    }

    /// The origin at which a request for this host and port arrives: the one of that name, or below which an
    /// organisation has it; the main one for every other host.
    #[must_use]
    pub fn origin_at(&self, host: Option<&str>) -> &Origin {
        let named = |host| self.origins().find(|origin| origin.host() == host);
        let above = |host| self.origins().find(|origin| self.organization_hosts && origin.label_of(host).is_some());
        host.and_then(|host| named(host).or_else(|| above(host))).unwrap_or(&self.origin)
    }
}

/// Makes sure that the lists agree with the rest of the settings.
pub(crate) fn check(settings: &Settings) -> Result<(), ConfigError> {
    let refused = |origin: &Origin, wrong| Err(ConfigError::OriginList { origin: origin.as_str().to_owned(), wrong });
    let is_below = |origin: &Origin| settings.origins().any(|above| above.label_of(origin.host()).is_some());
    for list in [&settings.further_origins, &settings.cors_origins] {
        if let Some(origin) = list.get(MAX) {
            return refused(origin, "there are 32 already");
        }
    }
    let mut own = BTreeSet::from([settings.origin.as_str()]);
    for origin in &settings.further_origins {
        if !own.insert(origin.as_str()) {
            return refused(origin, "it is an origin of the application already");
        }
        if origin.is_local() != settings.origin.is_local() {
            return refused(origin, "all origins are HTTPS, or all are `http://` on localhost");
        }
    }
    if settings.organization_hosts
        && let Some(origin) = settings.origins().find(|origin| is_below(origin))
    {
        return refused(origin, "an organisation could have this host, below another origin");
    }
    let mut listed = BTreeSet::new();
    for origin in &settings.cors_origins {
        if !listed.insert(origin.as_str()) {
            return refused(origin, "its pages may call already");
        }
        if origin.is_local() && !settings.origin.is_local() {
            return refused(origin, "plain HTTP may call an application on localhost alone");
        }
        // With several origins, to list one of them lets its pages call the others.
        if own.len() == 1 && own.contains(origin.as_str()) {
            return refused(origin, "it is the application's own, whose pages may call anyway");
        }
        if settings.organization_hosts && is_below(origin) {
            return refused(origin, "an organisation could have this host");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(main: &str, further: &[&str], cors: &[&str]) -> Settings {
        let all = |texts: &[&str]| texts.iter().map(|text| Origin::parse(text).unwrap()).collect();
        let mut settings = Settings::new(Origin::parse(main).unwrap());
        (settings.further_origins, settings.cors_origins) = (all(further), all(cors));
        settings
    }

    #[test]
    fn lists_agree_with_the_main_origin() {
        let (com, eu, spa) = ("https://app.example.com", "https://app.example.eu", "https://spa.example.com");
        let local = "http://localhost:3000";
        let below = "https://acme.app.example.eu";
        for (main, further, cors) in [
            (com, &[][..], &[][..]),
            (com, &[eu], &[spa]),
            (com, &[eu], &[com, eu]),
            (com, &[eu, below], &["https://a.app.example.com"]),
            (local, &["http://eu.localhost:3000"], &["http://localhost:5173", spa]),
        ] {
            assert!(check(&settings(main, further, cors)).is_ok(), "{main} {further:?} {cors:?}");
        }
        let many: Vec<_> = (0..33).map(|number| format!("https://s{number}.example.org")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        for (main, further, cors, named) in [
            (com, &[com][..], &[][..], com),
            (com, &[eu, eu], &[], eu),
            (com, &[local], &[], local),
            (local, &[com], &[], com),
            (com, &[], &[spa, spa], spa),
            (com, &[], &[com], com),
            (com, &[], &[local], local),
            (com, &[], &many, "https://s32.example.org"),
            (com, &many, &[], "https://s32.example.org"),
        ] {
            let refused = check(&settings(main, further, cors)).unwrap_err().to_string();
            assert!(refused.contains(&format!("`{named}`")), "{refused}");
        }
        let of_organizations = |further: &[&str], cors: &[&str]| {
            let settings = Settings { organization_hosts: true, ..settings(com, further, cors) };
            check(&settings).is_ok()
        };
        assert!(of_organizations(&[eu], &[spa]));
        assert!(!of_organizations(&[eu, below], &[]) && !of_organizations(&["https://example.com"], &[]));
        assert!(!of_organizations(&[eu], &[below]) && !of_organizations(&[], &["https://a.app.example.com"]));
    }

    #[test]
    fn a_host_leads_to_its_origin_and_any_other_to_the_main_one() {
        let mut settings =
            settings("https://app.example.com", &["https://app.example.eu", "https://app.example.org:8443"], &[]);
        let at = |settings: &Settings, host| settings.origin_at(host).as_str().to_owned();
        assert_eq!(at(&settings, Some("app.example.eu")), "https://app.example.eu");
        assert_eq!(at(&settings, Some("app.example.org:8443")), "https://app.example.org:8443");
        for host in [
            None,
            Some(""),
            Some("app.example.com"),
            Some("app.example.eu:443"),
            Some("app.example.org"),
            Some("APP.example.eu"),
            Some("app.example.eu.evil.example"),
            Some("acme.app.example.eu"),
        ] {
            assert_eq!(at(&settings, host), "https://app.example.com", "{host:?}");
        }
        settings.organization_hosts = true;
        assert_eq!(at(&settings, Some("acme.app.example.eu")), "https://app.example.eu");
        assert_eq!(at(&settings, Some("acme.app.example.com")), "https://app.example.com");
    }
}
