//! Passwords: how they are read, what may be set, how they are kept.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

use crate::limits::{PASSWORD_MAX_BYTES, PASSWORD_MAX_CHARS};

mod common;
mod context;
mod rules;

pub use rules::{Composition, PasswordRules};

/// Why a text cannot be, or may not become, a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Nothing was entered.
    #[error("a password is required")]
    Missing,
    /// Longer than is ever hashed: 256 characters or 1,024 bytes.
    #[error("the password is too long")]
    TooLong,
    /// Holds a NUL character, which no keyboard types and some hash functions stop at.
    #[error("the password holds a NUL character")]
    Nul,
    /// Shorter than the policy asks.
    #[error("the password is too short")]
    TooShort,
    /// Contains the person's name.
    #[error("the password contains the name")]
    ContainsName,
    /// Contains the address or its local part.
    #[error("the password contains the e-mail address")]
    ContainsAddress,
    /// Contains the application's name, or a word of it.
    #[error("the password contains the name of the application")]
    ContainsProduct,
    /// Contains a word that the application does not allow.
    #[error("the password contains a denied word")]
    ContainsDeniedWord,
    /// Holds letters only, where the rules ask for another character.
    #[error("the password holds letters only")]
    NonAlphabeticMissing,
    /// Holds no letter of one case, where the rules ask for both.
    #[error("the password does not hold both upper-case and lower-case letters")]
    MixedCaseMissing,
    /// Holds no digit, where the rules ask for one.
    #[error("the password holds no digit")]
    DigitMissing,
    /// Holds no symbol, where the rules ask for one.
    #[error("the password holds no symbol")]
    SymbolMissing,
    /// Is on the built-in list of common passwords.
    #[error("the password is one that many people use")]
    Common,
    /// Scores less than the rules ask.
    #[error("the password is guessed too easily")]
    TooGuessable,
    /// Is known from a breach.
    #[error("the password is known from a breach")]
    Breached,
    /// Is one of the person's former passwords.
    #[error("the password was used before")]
    Reused,
}

/// A password as presented: any Unicode, brought into NFC once (NIST SP 800-63B-4 section 3.1.1.2), never trimmed,
/// case-folded or truncated.
pub struct Password(SecretString);

impl Password {
    /// Reads a password.
    ///
    /// # Errors
    /// [`PasswordError::Missing`], [`TooLong`](PasswordError::TooLong) or [`Nul`](PasswordError::Nul): such a text can
    /// be no password, so it is refused before any hashing.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        if text.is_empty() {
            return Err(PasswordError::Missing);
        }
        if text.len() > PASSWORD_MAX_BYTES || text.chars().count() > PASSWORD_MAX_CHARS {
            return Err(PasswordError::TooLong);
        }
        if text.contains('\0') {
            return Err(PasswordError::Nul);
        }
        let normal: String = text.nfc().collect();
        // Composition can lengthen a few scripts; the bound is on what is hashed too.
        if normal.len() > PASSWORD_MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(normal.into()))
    }

    /// The text, for the hasher.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// A stored password hash in PHC string form. It is not a secret that opens a door, but it can be attacked off line:
/// it does not print.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as the hasher wrote it.
    #[must_use]
    pub const fn from_phc(text: String) -> Self {
        Self(text)
    }

    /// The PHC string, for the store and the hasher.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::EmailAddress;

    fn check(text: &str) -> Result<(), PasswordError> {
        let email = EmailAddress::parse("ann.smith@example.org").unwrap();
        Password::new(text).and_then(|password| PasswordRules::default().check(&password, &email, "Ann Smith"))
    }

    #[test]
    fn length_counts_code_points_and_has_both_bounds() {
        assert_eq!(check("xqzwvkj"), Err(PasswordError::TooShort));
        assert_eq!(check("xqzwvkjy"), Ok(()));
        assert_eq!(check("🦀🦉🐝🐞🐢🐙🦑🦐"), Ok(()));
        assert_eq!(check(&"ž".repeat(PASSWORD_MAX_CHARS)), Ok(()));
        assert_eq!(check(&"ž".repeat(PASSWORD_MAX_CHARS + 1)), Err(PasswordError::TooLong));
        assert_eq!(check(&"🦀".repeat(PASSWORD_MAX_BYTES / 4)), Ok(()));
        assert_eq!(check(&"🦀".repeat(PASSWORD_MAX_BYTES / 4 + 1)), Err(PasswordError::TooLong));
        assert_eq!(check(""), Err(PasswordError::Missing));
        assert_eq!(check("correct\0horse"), Err(PasswordError::Nul));
    }

    #[test]
    fn one_normalisation_and_nothing_else() {
        let text = |raw: &str| Password::new(raw).unwrap().expose().to_owned();
        assert_eq!(text("cafe\u{301} latte"), text("café latte"));
        assert_ne!(text("ﬁnal straw"), text("final straw"));
        assert_ne!(text("final straw "), text("final straw"));
        assert_ne!(text("Final straw"), text("final straw"));
    }

    #[test]
    fn no_composition_rules_but_neither_name_nor_address() {
        assert_eq!(check("blowfish under moonlight"), Ok(()));
        assert_eq!(check("annsmith99"), Err(PasswordError::ContainsName));
        assert_eq!(check("xx-Ann.Smith-xx"), Err(PasswordError::ContainsAddress));
        assert_eq!(check("        "), Ok(()));
        assert_eq!(format!("{:?}", Password::new("hunter2hunter2").unwrap()), "Password([redacted])");
    }
}
