//! Where a message reaches somebody: an e-mail address, or a phone number that takes texts.
//!
//! Sign-up, proof, sign-in by code and reset are the same whichever of the two a person is known by; they differ in what
//! carries the message.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{self, EmailAddress, EmailError};
use crate::model::{Identifier, IdentifierKind};
use crate::phone::{self, PhoneError, PhoneNumber};

/// An e-mail address or a phone number.
///
/// ```
/// use usermgmt_core::contact::Contact;
///
/// assert!(Contact::parse("ann@example.org").is_ok_and(|contact| contact.email().is_some()));
/// assert!(Contact::parse("+447700900123").is_ok_and(|contact| contact.phone().is_some()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Contact {
    /// An e-mail address.
    Email(EmailAddress),
    /// A phone number.
    Phone(PhoneNumber),
}

/// Why a text is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContactError {
    /// Not an e-mail address.
    #[error(transparent)]
    Email(#[from] EmailError),
    /// Not a phone number.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}

impl Contact {
    /// Reads an address, or a number as it is stored (E.164): a number never holds an `@`.
    ///
    /// # Errors
    /// [`ContactError`] says which of the two it was taken for.
    pub fn parse(text: &str) -> Result<Self, ContactError> {
        match text.trim_start().starts_with('+') && !text.contains('@') {
            true => Ok(Self::Phone(PhoneNumber::try_from(text.to_owned())?)),
            false => Ok(Self::Email(EmailAddress::parse(text)?)),
        }
    }

    /// What is stored as this kind of identifier; `None` for a username.
    #[must_use]
    pub fn of(identifier: &Identifier) -> Option<Self> {
        match identifier.kind {
            IdentifierKind::Email | IdentifierKind::Phone => Self::stored(&identifier.canonical, &identifier.display),
            IdentifierKind::Username | IdentifierKind::UsernameLook => None,
        }
    }

    /// What is stored under these two forms: an address is written to as it was typed.
    #[must_use]
    pub fn stored(canonical: &str, display: &str) -> Option<Self> {
        let is_phone = IdentifierKind::signs_in_by(canonical) == IdentifierKind::Phone;
        Self::parse(if is_phone { canonical } else { display }).ok()
    }

    /// What kind of identifier it is.
    #[must_use]
    pub const fn kind(&self) -> IdentifierKind {
        match self {
            Self::Email(_) => IdentifierKind::Email,
            Self::Phone(_) => IdentifierKind::Phone,
        }
    }

    /// The form that identity is decided by.
    #[must_use]
    pub fn canonical(&self) -> &str {
        match self {
            Self::Email(email) => email.canonical(),
            Self::Phone(phone) => phone.canonical(),
        }
    }

    /// The form to show.
    #[must_use]
    pub fn display(&self) -> &str {
        match self {
            Self::Email(email) => email.display(),
            Self::Phone(phone) => phone.display(),
        }
    }

    /// Version of the canonicalisation.
    #[must_use]
    pub const fn canonical_version(&self) -> u16 {
        match self {
            Self::Email(_) => address::CANONICAL_VERSION,
            Self::Phone(_) => phone::CANONICAL_VERSION,
        }
    }

    /// The e-mail address, if it is one.
    #[must_use]
    pub const fn email(&self) -> Option<&EmailAddress> {
        match self {
            Self::Email(email) => Some(email),
            Self::Phone(_) => None,
        }
    }

    /// The person's name with the digits of the number, if it is one: what a password may not hold. An address is looked at
    /// by itself.
    #[must_use]
    pub fn beside(&self, name: &str) -> String {
        self.phone()
            .map_or_else(|| name.to_owned(), |phone| format!("{name} {}", phone.canonical().trim_start_matches('+')))
    }

    /// The phone number, if it is one.
    #[must_use]
    pub const fn phone(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Email(_) => None,
            Self::Phone(phone) => Some(phone),
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.display())
    }
}

impl From<EmailAddress> for Contact {
    fn from(email: EmailAddress) -> Self {
        Self::Email(email)
    }
}

impl From<PhoneNumber> for Contact {
    fn from(phone: PhoneNumber) -> Self {
        Self::Phone(phone)
    }
}

impl TryFrom<String> for Contact {
    type Error = ContactError;

    fn try_from(text: String) -> Result<Self, ContactError> {
        Self::parse(&text)
    }
}

impl From<Contact> for String {
    fn from(contact: Contact) -> Self {
        match contact {
            Contact::Email(email) => email.into(),
            Contact::Phone(phone) => phone.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_an_address_are_told_apart_by_the_at_sign() {
        for (text, kind) in [
            ("ann@example.org", IdentifierKind::Email),
            ("+ann@example.org", IdentifierKind::Email),
            ("+447700900123", IdentifierKind::Phone),
        ] {
            let contact = Contact::parse(text).unwrap();
            assert_eq!(contact.kind(), kind, "{text}");
            assert_eq!(IdentifierKind::signs_in_by(contact.canonical()), kind, "{text}");
            let stored = serde_json::to_string(&contact).unwrap();
            assert_eq!(stored, format!("\"{text}\""), "as an address was stored before there were numbers");
            assert_eq!(serde_json::from_str::<Contact>(&stored).unwrap(), contact);
        }
        for text in ["", "+", "447700900123", "+44 7700", "ann", "tel:+447700900123", "+447700900123;ext=1"] {
            assert!(Contact::parse(text).is_err(), "{text}");
        }
    }
}
