//! E-mail addresses: one canonical form for identity, the typed form for people.
//!
//! Canonicalisation happens once, before anything is decided: the local part in ASCII lower case, the domain as IDNA
//! A-labels (UTS #46, non-transitional). Text whose meaning would change in the process (fullwidth letters, a Kelvin
//! sign, an ideographic full stop) is refused instead of silently matching somebody else's address. A dotless `ı`
//! therefore never equals an `i`.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{MixedScript, skeleton};

/// Longest local part, in bytes (RFC 5321 section 4.5.3.1.1).
pub const LOCAL_PART_BYTES: usize = 64;
/// Longest domain, in bytes of its A-label form (RFC 1035 section 2.3.4).
pub const DOMAIN_BYTES: usize = 253;
/// Longest address, in bytes (RFC 5321 section 4.5.3.1.3 less the angle brackets).
pub const ADDRESS_BYTES: usize = 254;

/// Version of the canonicalisation, stored beside each canonical form: if the rule ever changes, rows of the old rule
/// can be found.
pub const CANONICAL_VERSION: u16 = 1;

/// Why a text is not an e-mail address that this system accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmailError {
    /// Nothing was entered.
    #[error("an e-mail address is required")]
    Missing,
    /// No `@`, more than one, or characters outside the dot-atom form (RFC 5322 section 3.2.3). Quoted local parts,
    /// comments, routes and non-ASCII local parts are not accepted.
    #[error("this is not an e-mail address")]
    Malformed,
    /// Longer than mail systems accept.
    #[error("this e-mail address is too long")]
    TooLong,
    /// The domain is not a public host name, or is written with look-alike characters.
    #[error("the domain of this e-mail address is not valid")]
    Domain,
}

/// An e-mail address in canonical form, together with the form that was typed.
///
/// ```
/// use usermgmt_core::address::EmailAddress;
///
/// let typed = EmailAddress::parse("  Ann@Bücher.example ")?;
/// assert_eq!(typed.canonical(), "ann@xn--bcher-kva.example");
/// assert_eq!(typed.display(), "Ann@Bücher.example");
/// assert_ne!(EmailAddress::parse("mike@example.org")?.canonical(), "m\u{131}ke@example.org");
/// # Ok::<(), usermgmt_core::address::EmailError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress {
    canonical: String,
    display: String,
}

impl EmailAddress {
    /// Reads an address as a person types it; surrounding ASCII white space is ignored.
    ///
    /// # Errors
    /// [`EmailError`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let display = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if display.is_empty() {
            return Err(EmailError::Missing);
        }
        if display.len() > ADDRESS_BYTES * 4 {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = display.split_once('@').ok_or(EmailError::Malformed)?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') || !local.split('.').all(is_atom) {
            return Err(EmailError::Malformed);
        }
        let typed = domain;
        let domain = canonical_domain(typed)?;
        if local.len() > LOCAL_PART_BYTES || local.len() + 1 + domain.len() > ADDRESS_BYTES {
            return Err(EmailError::TooLong);
        }
        let shown = if typed.split('.').any(misleads) { &domain } else { typed };
        Ok(Self { canonical: format!("{}@{domain}", local.to_ascii_lowercase()), display: format!("{local}@{shown}") })
    }

    /// The form that identity is decided by: ASCII only, lower case, one for each mailbox.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The form to show: as it was typed, but with the A-labels of a domain that looks like another one: scripts are
    /// mixed in a label, or it reads like ASCII (UTS #39 sections 4 and 5.1).
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The domain in canonical form.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.canonical.rsplit('@').next().unwrap_or_default()
    }

    /// The local part in canonical form.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.canonical.split('@').next().unwrap_or_default()
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = EmailError;

    fn try_from(text: String) -> Result<Self, EmailError> {
        Self::parse(&text)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.display
    }
}

/// RFC 5322 section 3.2.3 `atext`, less `%` and `!`, which old relays read as routing, and less `=` followed by `?`,
/// which some decode as an encoded word.
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && !text.contains("=?")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"#$&'*+-/=?^_`{|}~".contains(&b))
}

fn canonical_domain(typed: &str) -> Result<String, EmailError> {
    // A character that is not ASCII but becomes ASCII is a disguise.
    if typed.chars().filter(|c| !c.is_ascii()).any(|c| std::iter::once(c).nfkc().any(|mapped| mapped.is_ascii())) {
        return Err(EmailError::Domain);
    }
    let uts46 = Uts46::new();
    let ascii = uts46
        .to_ascii(typed.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| EmailError::Domain)?;
    let (shown, valid) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    let folded: String = typed.nfc().flat_map(char::to_lowercase).nfc().collect();
    // Typed as A-labels or as Unicode: either way it must already say what it will mean.
    let faithful = folded == shown || folded == ascii;
    let last = ascii.rsplit('.').next().unwrap_or_default();
    let host_name = ascii.contains('.') && !last.bytes().all(|b| b.is_ascii_digit());
    if valid.is_err() || !faithful || !host_name || ascii.len() > DOMAIN_BYTES {
        return Err(EmailError::Domain);
    }
    Ok(ascii.into_owned())
}

/// Whether people may take this label for another one.
fn misleads(label: &str) -> bool {
    !label.is_ascii() && (!label.is_single_script() || skeleton(label).all(|c| c.is_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> Option<String> {
        EmailAddress::parse(text).ok().map(|address| address.canonical)
    }

    #[test]
    fn case_and_surrounding_space_do_not_make_another_identity() {
        for same in ["Ann@Ex.com", "ann@ex.com", " ANN@EX.COM ", "ann@EX.com\n"] {
            assert_eq!(canonical(same).as_deref(), Some("ann@ex.com"), "{same}");
        }
        assert_eq!(canonical("a@BÜCHER.example"), canonical("a@xn--bcher-kva.example"));
        assert_eq!(canonical("a@bu\u{308}cher.example"), canonical("a@bücher.example"));
    }

    #[test]
    fn look_alikes_are_refused_or_distinct() {
        for disguise in [
            "mıke@example.org",
            "MİKE@example.org",
            "mi\u{212a}e@example.org",
            "victim＠corp.com",
            "a@corp．com",
            "a@corp。com",
            "a@ｃorp.com",
            "a@example.or\u{212a}",
            "a@cor\u{200d}p.com",
            "a@co\u{ad}rp.com",
            "a@xn--example-.com",
            "ﬀ@example.org",
        ] {
            assert_eq!(canonical(disguise), None, "{disguise}");
        }
        assert_ne!(canonical("mike@exampıe.org"), canonical("mike@example.org"));
        assert_ne!(canonical("a@straße.example"), canonical("a@strasse.example"));
    }

    #[test]
    fn a_domain_that_looks_like_another_one_is_shown_as_it_is() {
        let shown = |text| EmailAddress::parse(text).unwrap().display().to_owned();
        for (typed, told) in [
            ("Ann@\u{430}\u{440}\u{440}\u{4cf}\u{435}.com", "Ann@xn--80ak6aa92e.com"), // Cyrillic only
            ("a@p\u{430}ypal.com", "a@xn--pypal-4ve.com"),                             // one Cyrillic letter
            ("a@examp\u{131}e.org", "a@xn--exampe-t9a.org"),                           // a dotless i
        ] {
            assert_eq!(shown(typed), told);
        }
        for plain in ["Ann@Bücher.example", "a@пример.example", "a@例え.example", "a@xn--80ak6aa92e.com", "A@X.org"]
        {
            assert_eq!(shown(plain), plain);
        }
    }

    #[test]
    fn split_atoms_several_recipients_and_routes_are_refused() {
        for bad in [
            "",
            "a",
            "@x.org",
            "a@",
            "a@@x.org",
            "a@b@x.org",
            "a@x.org,b@evil.org",
            "a@x.org;b@evil.org",
            "a@x.org\r\ncc:b@evil.org",
            "a@x.org%0a%0dcc:b@evil.org",
            "\"e@attacker.com\"@corp.com",
            "=?utf-8?q?a=40attacker.com=3e?=x@corp.com",
            "a(@attacker.com)@corp.com",
            "a@attacker.com\0@corp.com",
            "a\0@corp.com",
            "a%attacker.com@corp.com",
            "attacker.com!a@corp.com",
            "@route.com:a@corp.com",
            ".a@x.org",
            "a.@x.org",
            "a..b@x.org",
            "a b@x.org",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@localhost",
            "a@x.org.",
            "a@.org",
            "a@x..org",
            "a@-x.org",
            "a@x_y.org",
            "Ann <a@x.org>",
        ] {
            assert_eq!(canonical(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn plus_and_dot_variants_are_distinct_identities() {
        let all = ["a@g.com", "a+x@g.com", "a.b@g.com", "ab@g.com"].map(canonical);
        assert!(all.iter().all(Option::is_some));
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }

    #[test]
    fn lengths_are_those_of_mail() {
        let local = |n: usize| format!("{}@x.org", "a".repeat(n));
        assert!(canonical(&local(LOCAL_PART_BYTES)).is_some());
        assert_eq!(EmailAddress::parse(&local(LOCAL_PART_BYTES + 1)), Err(EmailError::TooLong));
        let domain = format!("{0}.{0}.{0}.org", "a".repeat(60));
        let total = |n: usize| format!("{}@{domain}", "b".repeat(n - domain.len() - 1));
        assert!(canonical(&total(ADDRESS_BYTES - 8)).is_some());
        assert_eq!(
            EmailAddress::parse(&format!("{}@{domain}.{}.com", "b".repeat(60), "c".repeat(20))),
            Err(EmailError::TooLong)
        );
    }

    proptest::proptest! {
        #[test]
        fn canonical_of_canonical_is_itself(text in "\\PC{0,12}@\\PC{0,20}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let again = EmailAddress::parse(address.canonical()).unwrap();
                proptest::prop_assert_eq!(again.canonical(), address.canonical());
                proptest::prop_assert!(address.canonical().is_ascii());
            }
        }

        #[test]
        fn plausible_addresses_are_stable(text in "[a-zA-Z0-9.+_-]{1,20}@[a-zA-Z0-9äöüßéı.-]{1,20}\\.[a-z]{2,4}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let again = EmailAddress::parse(address.canonical()).unwrap();
                proptest::prop_assert_eq!(again.canonical(), address.canonical());
            }
        }
    }
}
