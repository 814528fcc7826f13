//! Usernames: public names by which people sign in, beside their address or without one.
//!
//! Two rules are kept apart. [`Username::parse`] decides who is meant: the profile `UsernameCaseMapped` of PRECIS
//! (RFC 8265 section 3.3) folds width and case, so that `Ｓam` and `sam` are one name. [`Username::check`] decides what a
//! new name may be. Should the second become stricter, everybody who has a name still gets in by it.
//!
//! PRECIS alone would let a Cyrillic `раураl` stand beside a Latin `paypal`. Therefore one name does not mix scripts, and
//! each name keeps its [look](Username::look) from all others (UTS #39 section 4).

use std::borrow::Cow;
use std::fmt;

use precis_profiles::precis_core::profile::PrecisFastInvocation as _;
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::{GeneralSecurityProfile as _, MixedScript as _, skeleton};

use crate::address::{EmailAddress, EmailError};
use crate::contact::Contact;
use crate::error::FieldError;
use crate::id::UserId;
use crate::limits::{USERNAME_MAX_CHARS, USERNAME_MIN_CHARS};
use crate::model::IdentifierKind;

/// Version of the canonicalisation, stored beside each canonical form: if the rule ever changes, rows of the old rule
/// can be found.
pub const CANONICAL_VERSION: u16 = 1;

/// Marks on one letter (UTS #39 section 5.4): more of them are no spelling.
const MARKS: usize = 4;

/// Names that nobody can choose: people would take their holder for somebody who speaks for the application, or programs
/// for one of theirs (RFC 2142 names the mailboxes among them).
const RESERVED: [&str; 56] = [
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "admins",
    "all",
    "anonymous",
    "api",
    "auth",
    "billing",
    "bot",
    "contact",
    "daemon",
    "everybody",
    "everyone",
    "ftp",
    "guest",
    "help",
    "helpdesk",
    "here",
    "hostmaster",
    "info",
    "legal",
    "localhost",
    "login",
    "logout",
    "mail",
    "mailerdaemon",
    "marketing",
    "moderator",
    "nobody",
    "none",
    "noreply",
    "null",
    "official",
    "operator",
    "owner",
    "postmaster",
    "privacy",
    "register",
    "root",
    "sales",
    "security",
    "service",
    "settings",
    "staff",
    "support",
    "sysadmin",
    "system",
    "team",
    "undefined",
    "user",
    "username",
    "webmaster",
    "www",
];

/// Why a text is not a username, or not one that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsernameError {
    /// Nothing was entered.
    #[error("a username is required")]
    Missing,
    /// Longer than [`USERNAME_MAX_CHARS`].
    #[error("this username is too long")]
    TooLong,
    /// Shorter than [`USERNAME_MIN_CHARS`].
    #[error("this username is too short")]
    TooShort,
    /// No letter in it, or `.`, `_`, `-` at an end or one after the other.
    #[error("this is not a username")]
    Malformed,
    /// Something else than letters, digits and `.`, `_`, `-`.
    #[error("this username holds a character that may not be used")]
    Character,
    /// Letters of several scripts.
    #[error("this username mixes letters that look alike")]
    Misleading,
    /// The application keeps it for itself.
    #[error("this username is reserved")]
    Reserved,
}

/// A username in canonical form, together with the form to show.
///
/// ```
/// use usermgmt_core::username::{Username, UsernameError};
///
/// let typed = Username::parse(" Sam.Quill ")?;
/// assert_eq!((typed.canonical(), typed.display()), ("sam.quill", "Sam.Quill"));
/// assert_eq!(Username::parse("ＳＡＭ.quill")?.canonical(), "sam.quill");
/// assert_eq!(Username::parse("sam@example.org"), Err(UsernameError::Character));
/// # Ok::<(), UsernameError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username {
    canonical: String,
    display: String,
}

impl Username {
    /// Reads a username as a person types it; surrounding ASCII white space is ignored.
    ///
    /// # Errors
    /// [`UsernameError`] for what can be nobody's name.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        let typed = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if typed.is_empty() {
            return Err(UsernameError::Missing);
        }
        // Bound the work before normalising.
        if typed.len() > USERNAME_MAX_CHARS * 16 {
            return Err(UsernameError::TooLong);
        }
        let enforced = |text: Result<Cow<'_, str>, _>| {
            text.map(Cow::into_owned).map_err(|_: precis_profiles::precis_core::Error| UsernameError::Character)
        };
        let display = enforced(UsernameCasePreserved::enforce(typed))?;
        let canonical = enforced(UsernameCaseMapped::enforce(typed))?;
        // RFC 8264 section 7 asks for no rule that gives something else the second time.
        if enforced(UsernameCaseMapped::enforce(canonical.as_str()))? != canonical {
            return Err(UsernameError::Character);
        }
        let fits = |c: char| c.is_alphanumeric() || is_combining_mark(c) || is_separator(c);
        if !canonical.chars().chain(display.chars()).all(fits) {
            return Err(UsernameError::Character);
        }
        if canonical.chars().count().max(display.chars().count()) > USERNAME_MAX_CHARS {
            return Err(UsernameError::TooLong);
        }
        Ok(Self { canonical, display })
    }

    /// Whether somebody may choose this name. `reserved`: names that the application keeps for itself beside those that
    /// nobody gets anywhere; what only looks like one of them, or differs by a separator, is kept with it.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, reserved: &[String]) -> Result<(), UsernameError> {
        let name = self.canonical.as_str();
        if name.chars().count() < USERNAME_MIN_CHARS {
            return Err(UsernameError::TooShort);
        }
        // Without a letter it could pass for a phone number.
        let spelt = name.split(is_separator).all(|word| !word.is_empty() && !word.starts_with(is_combining_mark));
        if !spelt || !name.chars().any(char::is_alphabetic) {
            return Err(UsernameError::Malformed);
        }
        let marks = name.nfd().fold((0, 0), |(run, most): (usize, usize), c| {
            let run = if is_combining_mark(c) { run + 1 } else { 0 };
            (run, most.max(run))
        });
        if marks.1 > MARKS || !name.chars().all(|c| is_separator(c) || c.identifier_allowed()) {
            return Err(UsernameError::Character);
        }
        if !name.is_single_script() {
            return Err(UsernameError::Misleading);
        }
        let bare = |name: &str| look(&name.chars().filter(|c| !is_separator(*c)).collect::<String>());
        let own = bare(name);
        let is_kept = RESERVED.into_iter().chain(reserved.iter().map(String::as_str)).any(|word| bare(word) == own);
        // No name may pass for the id of an account either.
        let is_id = name.strip_prefix(UserId::PREFIX).is_some_and(|rest| rest.starts_with('_'));
        if is_kept || is_id { Err(UsernameError::Reserved) } else { Ok(()) }
    }

    /// The form that identity is decided by.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The form to show: as it was typed.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// What the name looks like (UTS #39 section 4): two names with one look are one to the eye.
    #[must_use]
    pub fn look(&self) -> String {
        look(&self.canonical)
    }
}

fn look(name: &str) -> String {
    skeleton(&name.to_lowercase()).collect()
}

const fn is_separator(c: char) -> bool {
    matches!(c, '.' | '_' | '-')
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

impl TryFrom<String> for Username {
    type Error = UsernameError;

    fn try_from(text: String) -> Result<Self, UsernameError> {
        Self::parse(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.display
    }
}

/// What somebody enters who signs in: which of both it is shows by the `@`, so that no name can pass for an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInName {
    /// An address, or a phone number.
    Contact(Contact),
    /// A username.
    Username(Username),
}

impl SignInName {
    /// Reads what was entered in this field; a username only where there are such.
    ///
    /// # Errors
    /// The error of this field.
    pub fn parse(field: &'static str, text: &str, usernames: bool) -> Result<Self, FieldError> {
        if usernames && !text.contains('@') && !text.trim().is_empty() {
            let name = Username::parse(text).map_err(|error| FieldError::username(field, error))?;
            return Ok(Self::Username(name));
        }
        let email = EmailAddress::parse(text).map_err(|error: EmailError| FieldError::email(field, error))?;
        Ok(Self::Contact(email.into()))
    }

    /// What kind of name it is.
    #[must_use]
    pub const fn kind(&self) -> IdentifierKind {
        match self {
            Self::Contact(contact) => contact.kind(),
            Self::Username(_) => IdentifierKind::Username,
        }
    }

    /// The form that identity is decided by.
    #[must_use]
    pub fn canonical(&self) -> &str {
        match self {
            Self::Contact(contact) => contact.canonical(),
            Self::Username(name) => name.canonical(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<String, UsernameError> {
        let name = Username::parse(text)?;
        name.check(&["acme".to_owned()])?;
        Ok(name.canonical)
    }

    #[test]
    fn one_name_is_one_identity_however_it_is_written() {
        for same in ["Sam", "sam", " SAM\n", "Ｓａｍ", "ｓam"] {
            assert_eq!(chosen(same).as_deref(), Ok("sam"), "{same}");
        }
        assert_eq!(chosen("zoe\u{308}"), chosen("zo\u{eb}"));
        assert_eq!(chosen("Zoë-Quill_2.x").as_deref(), Ok("zoë-quill_2.x"));
        for honest in ["李小龍", "мария", "παύλος", "さくら", "सीता", "o.brien", "x11"] {
            assert!(chosen(honest).is_ok(), "{honest}: {:?}", chosen(honest));
        }
    }

    #[test]
    fn a_name_is_never_an_address_an_id_or_a_number() {
        for text in
            ["ann@example.test", "ann＠example.test", "ann\u{fe6b}example", "@ann", "a n n", "ann\0", "a/b", "a%40b"]
        {
            assert_eq!(Username::parse(text), Err(UsernameError::Character), "{text}");
        }
        assert_eq!(chosen("usr_0197f0c4"), Err(UsernameError::Reserved));
        assert_eq!(chosen("USR_x"), Err(UsernameError::Reserved));
        for text in ["436641234567", "12.34-56", "---", ".sam", "sam.", "sam..q", "sam-.q", "_sam"] {
            assert_eq!(chosen(text), Err(UsernameError::Malformed), "{text}");
        }
    }

    #[test]
    fn disguises_are_refused() {
        for text in
            ["ad\u{200b}min", "\u{202e}nimda", "sam\u{ad}", "sam\u{200d}q", "ﬀoo", "s\u{1d43}m", "sam🦀", "sam²"]
        {
            assert_eq!(chosen(text), Err(UsernameError::Character), "{text:?}");
        }
        let stacked = |marks: usize| format!("zo{}o", "\u{323}".repeat(marks));
        assert!(chosen(&stacked(MARKS)).is_ok() && chosen(&stacked(MARKS + 1)) == Err(UsernameError::Character));
        for text in ["p\u{430}ypal", "sаm", "αlpha", "mікe"] {
            assert_eq!(chosen(text), Err(UsernameError::Misleading), "{text}");
        }
        let look = |text| Username::parse(text).unwrap().look();
        for (one, other) in
            [("\u{441}\u{430}\u{440}", "cap"), ("sam1", "saml"), ("morn", "rnorn"), ("zoë", "zoe\u{308}")]
        {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        assert_ne!(look("sam"), look("san"));
    }

    #[test]
    fn names_that_speak_for_the_application_are_kept() {
        for text in ["admin", "ADMIN", "a.d.m.i.n", "adrnin", "root", "r00t", "Support", "no-reply", "acme", "Ac-me"] {
            let expected = if text == "r00t" { Ok("r00t".to_owned()) } else { Err(UsernameError::Reserved) };
            assert_eq!(chosen(text), expected, "{text}");
        }
        assert!(chosen("adminton").is_ok() && chosen("supporter").is_ok());
        assert!(Username::parse("admin").is_ok(), "whoever has it signs in by it");
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert_eq!(chosen(""), Err(UsernameError::Missing));
        assert_eq!(chosen(" \n"), Err(UsernameError::Missing));
        assert_eq!(chosen(&"ж".repeat(USERNAME_MIN_CHARS - 1)), Err(UsernameError::TooShort));
        assert!(chosen(&"ж".repeat(USERNAME_MIN_CHARS)).is_ok() && chosen(&"ж".repeat(USERNAME_MAX_CHARS)).is_ok());
        assert_eq!(chosen(&"ж".repeat(USERNAME_MAX_CHARS + 1)), Err(UsernameError::TooLong));
        assert_eq!(chosen(&"x".repeat(1_000_000)), Err(UsernameError::TooLong));
    }

    proptest::proptest! {
        #[test]
        fn canonical_of_canonical_is_itself(text in "\\PC{1,12}") {
            if let Ok(name) = Username::parse(&text) {
                let again = Username::parse(name.canonical()).unwrap();
                proptest::prop_assert_eq!(again.canonical(), name.canonical());
                proptest::prop_assert_eq!(Username::parse(name.display()).unwrap(), name.clone());
                proptest::prop_assert!(!name.canonical().contains('@'));
                proptest::prop_assert_eq!(IdentifierKind::signs_in_by(name.canonical()), IdentifierKind::Username);
            }
        }
    }
}
