//! Settings.

use std::net::IpAddr;

use time::{Duration, OffsetDateTime};
use url::Url;
use usermgmt_core::error::Refused;
use usermgmt_core::limits;
use usermgmt_core::model::{IdentifierKind, Method};
use usermgmt_core::password::PasswordRules;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_sessions::SessionRules;

use crate::api_keys::ApiKeys;
use crate::breach::BreachCheck;
use crate::hasher::HashCost;
use crate::limits::Limits;
use crate::mail::Brand;
use crate::usernames::Usernames;

/// What pages and mails call an application that has no name.
const UNNAMED: &str = "this application";

/// The public origin of the application: scheme, host and port, as browsers see it. Every link in every mail starts
/// with it; no header of a request has any influence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: String,
    host: String,
    local: bool,
}

impl Origin {
    /// Reads an origin; `None` unless it is `https://host[:port]`, or `http://` on localhost, without a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        // A pattern is no host.
        let host = url.host_str().filter(|host| !host.contains('*'))?;
        let local = matches!(host, "localhost" | "127.0.0.1" | "[::1]") || host.ends_with(".localhost");
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let plain = url.username().is_empty() && url.password().is_none() && bare;
        let safe = url.scheme() == "https" || (url.scheme() == "http" && local);
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        (plain && safe).then(|| Self {
            text: url.origin().ascii_serialization(),
            host,
            local: local && url.scheme() == "http",
        })
    }

    /// `https://app.example.com`, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and port, as a browser sends them in the `Host` header.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What stands before this origin's host in another one below it: `acme` of `acme.app.example.com`.
    #[must_use]
    pub fn label_of<'a>(&self, host: &'a str) -> Option<&'a str> {
        host.strip_suffix(self.host.as_str())?.strip_suffix('.')
    }

    /// The origin of the same scheme with this host.
    #[must_use]
    pub fn with_host(&self, host: &str) -> String {
        format!("{}://{host}", self.text.split("://").next().unwrap_or_default())
    }

    /// Whether this is plain HTTP on localhost: the one place where cookies go without `Secure` and the development
    /// mailbox exists.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.local
    }
}

/// Which forwarding headers are believed when the address of a client is established.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TrustedProxies {
    /// None: the address is that of the connection.
    #[default]
    None,
    /// So many proxies stand in front, each of which appends one hop to `X-Forwarded-For`: the address is the hop that
    /// the outermost of them has seen.
    Hops(u8),
    /// Proxies at these addresses: the address is the last hop that is none of them.
    Addresses(Vec<IpAddr>),
}

/// A further field of the sign-up, kept in the user's own metadata. Its label is the text `sign-up-field-<name>`, which
/// the application adds to the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignUpField {
    /// Name, in the form and in the metadata: lower-case letters, digits and `_`.
    pub name: &'static str,
    /// Whether it must be filled in.
    pub required: bool,
}

/// All settings of a running system.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The public origin.
    pub origin: Origin,
    /// Name of the application, as pages and mails say it.
    pub product: String,
    /// Further origins of the same application.
    pub further_origins: Vec<Origin>,
    /// Other origins whose pages may call the JSON routes.
    pub cors_origins: Vec<Origin>,
    /// Whether organisations have hosts of their own below the origin's.
    pub organization_hosts: bool,
    /// The domain whose every host is given the session, if one is.
    pub session_domain: Option<String>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// What a new password must be.
    pub password_rules: PasswordRules,
    /// Whether new passwords are looked up among breached ones.
    pub breach_check: BreachCheck,
    /// What a password hash costs.
    pub hash_cost: HashCost,
    /// Hashes at once.
    pub hash_threads: usize,
    /// How long sessions live.
    pub sessions: SessionRules,
    /// API keys, if programs may call with them.
    pub api_keys: Option<ApiKeys>,
    /// Sessions that began before have ended, and API keys that were made before.
    pub sessions_since: Option<OffsetDateTime>,
    /// How long a proof counts as recent.
    pub step_up_fresh: Duration,
    /// The application's own policy.
    pub policy: AuthPolicy,
    /// Whether a second factor is asked for only where a policy demands it and before sensitive actions.
    pub second_factor_on_demand: bool,
    /// How much is allowed.
    pub limits: Limits,
    /// How long this process may not have heard what another one committed.
    pub cache_life: Duration,
    /// Whether several accounts can be signed in in one browser.
    pub several_accounts: bool,
    /// Further fields of the sign-up.
    pub sign_up_fields: Vec<SignUpField>,
    /// How mails look, and where they lead for help.
    pub brand: Brand,
    /// Whether the holder of the primary address must approve another one before it is written to.
    pub email_change_needs_approval: bool,
    /// What mails that sign in carry, if there are such.
    #[cfg(feature = "magic-link")]
    pub magic_link: Option<crate::MagicLink>,
    /// Passkeys, if people may sign in by them.
    #[cfg(feature = "passkeys")]
    pub passkeys: Option<crate::Passkeys>,
    /// Phone numbers, if people may have an account by them.
    #[cfg(feature = "phones")]
    pub phones: Option<crate::Phones>,
    /// Codes that are sent as a second factor, if people may take such.
    #[cfg(feature = "sent-codes")]
    pub sent_codes: Option<crate::SentCodes>,
    /// Whether people have usernames.
    pub usernames: Usernames,
    /// Usernames that nobody may choose, beside those that nobody gets anywhere.
    pub reserved_usernames: Vec<String>,
    /// Whether forms may ask if an address is free.
    pub availability_check: bool,
    /// Where somebody lands who has signed in and asked for nothing else: a path of the application.
    pub home: String,
}

impl Settings {
    /// Whether what happened at this time counts for nothing any more.
    pub(crate) fn is_void(&self, at: OffsetDateTime) -> bool {
        self.sessions_since.is_some_and(|since| at < since)
    }

    /// Whether people sign in by password.
    #[must_use]
    pub fn has_passwords(&self) -> bool {
        #[cfg(feature = "phones")]
        if self.phones.as_ref().is_some_and(crate::Phones::is_alone) {
            return false;
        }
        #[cfg(feature = "magic-link")]
        return self.magic_link.is_none_or(|set| !set.is_alone());
        #[cfg(not(feature = "magic-link"))]
        true
    }

    /// Whether mails sign in.
    #[must_use]
    pub const fn has_sign_in_mails(&self) -> bool {
        #[cfg(feature = "magic-link")]
        return self.magic_link.is_some();
        #[cfg(not(feature = "magic-link"))]
        false
    }

    /// By what everybody can sign in, whatever they have set up. A number may be missing where there are addresses, and
    /// an address where there are numbers alone.
    #[must_use]
    pub fn open_to_everybody(&self) -> Vec<Method> {
        let mut open: Vec<_> = self.has_passwords().then_some(Method::Password).into_iter().collect();
        open.extend(self.has_sign_in_mails().then_some(Method::Email));
        open.extend(self.has_sign_in_messages(IdentifierKind::Phone).then_some(Method::Sms));
        open
    }

    /// Whether messages sign in that go to this kind of name.
    #[must_use]
    pub fn has_sign_in_messages(&self, kind: IdentifierKind) -> bool {
        #[cfg(feature = "phones")]
        if kind == IdentifierKind::Phone {
            return self.has_sign_in_texts();
        }
        self.has_sign_in_mails() && kind != IdentifierKind::Phone
    }

    /// What mails that sign in carry, be it only the first one of an account that is made without a password.
    #[cfg(feature = "magic-link")]
    #[must_use]
    pub fn mailed_sign_in(&self) -> Option<crate::MagicLink> {
        self.magic_link.or_else(|| self.has_passkey_sign_up().then(crate::MagicLink::link_and_code))
    }

    /// Whether people may sign up without a password, to make a passkey behind the mail that proves their address.
    #[must_use]
    pub fn has_passkey_sign_up(&self) -> bool {
        #[cfg(feature = "passkeys")]
        return self.passkeys.as_ref().is_some_and(crate::Passkeys::has_sign_up);
        #[cfg(not(feature = "passkeys"))]
        false
    }

    /// Whether a passkey is offered after a sign-in without one.
    #[must_use]
    pub fn offers_passkeys(&self) -> bool {
        #[cfg(feature = "passkeys")]
        return self.passkeys.as_ref().is_some_and(crate::Passkeys::has_offer);
        #[cfg(not(feature = "passkeys"))]
        false
    }

    /// Refuses what is about passwords where there are none.
    pub(crate) fn passwords(&self) -> Result<(), Refused> {
        if self.has_passwords() { Ok(()) } else { Err(Refused::NotFound) }
    }

    pub(crate) fn new(origin: Origin) -> Self {
        Self {
            origin,
            product: UNNAMED.into(),
            further_origins: Vec::new(),
            cors_origins: Vec::new(),
            organization_hosts: false,
            session_domain: None,
            trusted_proxies: TrustedProxies::None,
            password_rules: PasswordRules::default(),
            breach_check: BreachCheck::default(),
            hash_cost: HashCost::default(),
            hash_threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            sessions: SessionRules::default(),
            api_keys: None,
            sessions_since: None,
            step_up_fresh: limits::STEP_UP_FRESH,
            policy: AuthPolicy::default(),
            second_factor_on_demand: false,
            limits: Limits::default(),
            cache_life: limits::CACHE_LIFE,
            several_accounts: false,
            sign_up_fields: Vec::new(),
            brand: Brand::default(),
            email_change_needs_approval: true,
            #[cfg(feature = "magic-link")]
            magic_link: None,
            #[cfg(feature = "passkeys")]
            passkeys: None,
            #[cfg(feature = "phones")]
            phones: None,
            #[cfg(feature = "sent-codes")]
            sent_codes: None,
            usernames: Usernames::Off,
            reserved_usernames: Vec::new(),
            availability_check: false,
            home: "/".into(),
        }
    }

    /// The name of the application, if it has said one: the words of the placeholder are in honest passwords.
    pub(crate) fn product_name(&self) -> Option<&str> {
        Some(self.product.as_str()).filter(|product| *product != UNNAMED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_https_or_localhost_and_nothing_else() {
        for (text, local) in [
            ("https://app.example.com", false),
            ("https://app.example.com:8443/", false),
            ("http://localhost:3000", true),
            ("http://127.0.0.1:8080", true),
            ("https://localhost", false),
        ] {
            assert_eq!(Origin::parse(text).map(|origin| origin.is_local()), Some(local), "{text}");
        }
        for bad in [
            "http://app.example.com",
            "app.example.com",
            "ftp://localhost",
            "https://a.example/path",
            "https://u@a.example",
            "http://localhost.evil.example",
            "https://a.example?x",
            "https://*.example.com",
            "*",
            "null",
            "",
        ] {
            assert_eq!(Origin::parse(bad), None, "{bad}");
        }
        assert_eq!(Origin::parse("https://EXAMPLE.com:443/").unwrap().as_str(), "https://example.com");
        assert_eq!(Origin::parse("http://localhost:3000").unwrap().host(), "localhost:3000");
    }
}
