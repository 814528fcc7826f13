//! Addresses that are made to be thrown away, and addresses that are one mailbox to their provider.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use usermgmt_core::address::EmailAddress;

/// Knows domains whose addresses are made to be thrown away.
pub trait DisposableDomains: Send + Sync + 'static {
    /// Whether this is one of them: a canonical domain, in lower case and with A-labels.
    fn contains(&self, domain: &str) -> bool;
}

/// A list of domains, each with everything below it.
///
/// The library brings none, for such lists change by the day: take one that is maintained, such as the crate
/// `mailchecker` or the text file of the project `disposable-email-domains`.
///
/// ```
/// use usermgmt_service::{DisposableDomains, DomainList};
///
/// let list = DomainList::parse("# throw-away\nmailinator.com\n");
/// assert!(list.contains("mailinator.com") && list.contains("x.mailinator.com"));
/// assert!(!list.contains("notmailinator.com"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct DomainList(HashSet<String>);

impl DomainList {
    /// Reads a text with one domain a line; what begins with `#` is a comment.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
    }

    /// How many domains it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: AsRef<str>> FromIterator<T> for DomainList {
    fn from_iter<I: IntoIterator<Item = T>>(domains: I) -> Self {
        Self(domains.into_iter().map(|domain| domain.as_ref().trim_end_matches('.').to_ascii_lowercase()).collect())
    }
}

impl DisposableDomains for DomainList {
    fn contains(&self, domain: &str) -> bool {
        let mut rest = Some(domain);
        while let Some(domain) = rest {
            if self.0.contains(domain) {
                return true;
            }
            rest = domain.split_once('.').map(|(_, above)| above);
        }
        false
    }
}

/// What becomes of somebody who signs up with an address of such a domain. It is decided by the domain alone, so it
/// says nothing about accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Welcome,
    Held,
    Refused,
}

/// What becomes of sign-ups with addresses that are made to be thrown away. Default: nothing in particular.
#[derive(Clone, Default)]
pub struct DisposableAddresses(Option<(Arc<dyn DisposableDomains>, bool)>);

impl DisposableAddresses {
    /// They are refused: the field `email` is `disposable`.
    #[must_use]
    pub fn refused(domains: impl DisposableDomains) -> Self {
        Self(Some((Arc::new(domains), false)))
    }

    /// They are held: the account is made and its address can be proven, but it is inactive until the application sets
    /// it active. The audit event `user.sign_up_held` tells of it.
    #[must_use]
    pub fn held(domains: impl DisposableDomains) -> Self {
        Self(Some((Arc::new(domains), true)))
    }

    pub(crate) fn fate(&self, email: &EmailAddress) -> Fate {
        match &self.0 {
            Some((domains, held)) if domains.contains(email.domain()) => {
                if *held {
                    Fate::Held
                } else {
                    Fate::Refused
                }
            }
            _ => Fate::Welcome,
        }
    }
}

impl std::fmt::Debug for DisposableAddresses {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fate = self.0.as_ref().map(|(_, held)| if *held { "held" } else { "refused" });
        f.debug_tuple("DisposableAddresses").field(&fate).finish()
    }
}

/// Domains whose provider reads over dots before the `@`.
const DOTLESS: [&str; 2] = ["gmail.com", "googlemail.com"];

/// What many addresses of one mailbox have in common: everything before a `+`, and at some providers without dots. For
/// counting alone; who somebody is never depends on it.
pub(crate) fn folded(email: &EmailAddress) -> String {
    let (local, domain) = (email.canonical().rsplit_once('@').map_or("", |(local, _)| local), email.domain());
    let base = local.split_once('+').map(|(base, _)| base).filter(|base| !base.is_empty()).unwrap_or(local);
    let is_dotless = DOTLESS.contains(&domain);
    let base = if is_dotless { Cow::from(base.replace('.', "")) } else { Cow::from(base) };
    format!("{base}@{}", if is_dotless { "gmail.com" } else { domain })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_of_one_mailbox_fold_and_nothing_else_does() {
        let fold = |text: &str| folded(&EmailAddress::parse(text).unwrap());
        for (address, mailbox) in [
            ("ann+x@example.org", "ann@example.org"),
            ("Ann+x+y@Example.ORG", "ann@example.org"),
            ("a.b@example.org", "a.b@example.org"),
            ("a.b+c@gmail.com", "ab@gmail.com"),
            ("ab@googlemail.com", "ab@gmail.com"),
            ("+x@example.org", "+x@example.org"),
            ("ann@x.gmail.com", "ann@x.gmail.com"),
        ] {
            assert_eq!(fold(address), mailbox, "{address}");
        }
    }

    #[test]
    fn a_list_is_of_domains_and_what_is_below_them() {
        let list: DomainList = ["Trash.example", "temp.co.uk."].into_iter().collect();
        for (domain, is_listed) in [
            ("trash.example", true),
            ("a.b.trash.example", true),
            ("mytrash.example", false),
            ("example", false),
            ("temp.co.uk", true),
            ("co.uk", false),
            ("", false),
        ] {
            assert_eq!(list.contains(domain), is_listed, "{domain}");
        }
        assert_eq!((list.len(), DomainList::parse("# only words\n\n").is_empty()), (2, true));
    }
}
