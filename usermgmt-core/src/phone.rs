//! Phone numbers that are texted: E.164 for identity and for sending, a spaced form for people.
//!
//! Texts are paid for by whoever sends them, so numbers whose owner earns by being texted are no phone numbers here
//! ("SMS pumping"; OWASP ASVS 5.0, 2.4.1 and 6.6.1).

#[cfg(feature = "phones")]
mod plan;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::port::Country;

/// Most digits of a number, country calling code included (ITU-T E.164 section 6.2.1).
pub const E164_DIGITS: usize = 15;

/// Version of the canonicalisation, stored beside each canonical form: if the rule ever changes, rows of the old rule
/// can be found.
pub const CANONICAL_VERSION: u16 = 1;

/// Whether a text can only be meant for a number: it has digits, and nothing that addresses and usernames are known by.
#[must_use]
pub fn is_meant(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) && !text.contains(|c: char| c.is_alphabetic() || c == '@')
}

/// Why a text is not a phone number that this system accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// Nothing was entered.
    #[error("a phone number is required")]
    Missing,
    /// Not digits with the usual punctuation: letters, extensions, several numbers, digits that are not ASCII.
    #[error("this is not a phone number")]
    Malformed,
    /// In the form of some country, and it is not known of which one.
    #[error("the phone number must begin with + and the country code")]
    CountryMissing,
    /// No numbering plan has such a number, or it works only within its country, as those of emergency services do.
    #[error("there is no such phone number")]
    Invalid,
    /// A kind of number that is not texted: premium rate, shared cost, toll-free, universal access, personal numbers,
    /// pagers, voice mail, and the numbers of satellites and global networks (+8xx), whose texts cost dollars.
    #[error("this kind of phone number is not texted")]
    Kind,
}

/// A phone number that may be texted, in canonical form, together with the form to show.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber {
    canonical: String,
    display: String,
    country: Option<Country>,
}

impl PhoneNumber {
    /// The form that identity is decided by, and that is texted: E.164, `+` and digits.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// The form to show: international, in groups (ITU-T E.123).
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The country that the number belongs to, where the numbering plans tell. Islands that share the plan of a larger
    /// country are often taken for it: the Isle of Man for the United Kingdom, Åland for Finland.
    #[must_use]
    pub fn country(&self) -> Option<Country> {
        self.country
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

/// Takes back what was stored: E.164, and nothing else. Numbering plans change, and a number that was accepted once
/// must stay readable, so only the form and the country calling code are checked. What people type goes through
/// [`PhoneNumber::parse`].
impl TryFrom<String> for PhoneNumber {
    type Error = PhoneError;

    fn try_from(text: String) -> Result<Self, PhoneError> {
        let digits =
            text.strip_prefix('+').filter(|digits| digits.len() <= E164_DIGITS).ok_or(PhoneError::Malformed)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(PhoneError::Malformed);
        }
        #[cfg(feature = "phones")]
        return plan::stored(digits);
        #[cfg(not(feature = "phones"))]
        if digits.is_empty() {
            Err(PhoneError::Invalid)
        } else {
            Ok(Self { display: text.clone(), canonical: text, country: None })
        }
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.canonical
    }
}
