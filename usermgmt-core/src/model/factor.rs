//! What a person proves who they are with, besides the password.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Method, Version, words};
use crate::id::{FactorId, RealmId, UserId};
use crate::phone::PhoneNumber;
use crate::sealed::Sealed;
use crate::secret::Digest;

words! {
    /// What kind of factor it is.
    FactorKind {
        /// An application that shows time-based codes (RFC 6238).
        Totp = "totp",
        /// A set of codes that are good once each, for the day on which everything else is lost.
        RecoveryCodes = "recovery_codes",
        /// A passkey (WebAuthn): signs in by itself, and stands beside another proof where a second one is demanded.
        Passkey = "passkey",
        /// A device on which no second factor is asked for, for a while.
        TrustedDevice = "trusted_device",
        /// A passkey that its owner wants to be asked for after every other first proof.
        SecurityKey = "security_key",
        /// A phone that codes are sent to.
        SmsCode = "sms_code",
        /// The primary e-mail address, to which codes are sent.
        EmailCode = "email_code",
    }
}

impl FactorKind {
    /// Whether it can be a second factor. Recovery codes stand in for one and trusted devices spare one: neither is one.
    #[must_use]
    pub const fn is_second(self) -> bool {
        matches!(self, Self::Totp | Self::Passkey | Self::SecurityKey) || self.is_sent_code()
    }

    /// Whether whoever has it is asked for a second factor at every sign-in. A passkey alone is no reason to: it was
    /// added to sign in by, and the device that it lies on may be another one.
    #[must_use]
    pub const fn is_asked(self) -> bool {
        matches!(self, Self::Totp | Self::SecurityKey) || self.is_sent_code()
    }

    /// Whether it is one whose codes are sent.
    #[must_use]
    pub const fn is_sent_code(self) -> bool {
        matches!(self, Self::SmsCode | Self::EmailCode)
    }

    /// Whether it is a credential of WebAuthn.
    #[must_use]
    pub const fn is_passkey(self) -> bool {
        matches!(self, Self::Passkey | Self::SecurityKey)
    }

    /// What a proof by it is called.
    #[must_use]
    pub const fn method(self) -> Option<Method> {
        match self {
            Self::Totp => Some(Method::Otp),
            Self::RecoveryCodes => Some(Method::RecoveryCode),
            Self::TrustedDevice => Some(Method::TrustedDevice),
            Self::Passkey | Self::SecurityKey => Some(Method::Passkey),
            Self::SmsCode => Some(Method::SmsCode),
            Self::EmailCode => Some(Method::EmailCode),
        }
    }
}

/// A challenge that a passkey has answered. It answers none twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// Digest of the challenge.
    pub challenge: Digest,
    /// When the challenge ends, after which it need not be remembered.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
}

/// What is kept of a factor, by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FactorData {
    /// An application that shows codes.
    Totp {
        /// The shared secret, sealed for this factor.
        secret: Sealed,
        /// The last time step whose code was accepted: no code of it or of an earlier one is.
        last_step: Option<u64>,
    },
    /// Codes that are good once each.
    RecoveryCodes {
        /// MACs of those that are left, under the root key.
        left: Vec<Digest>,
    },
    /// A passkey.
    Passkey {
        /// What WebAuthn keeps of the credential: public key, counter, backup state. Nothing of it is secret.
        credential: serde_json::Value,
        /// By which name the authenticator knows the account; the same for all passkeys of a user.
        handle: uuid::Uuid,
        /// Whether it is asked for after every other first proof.
        #[serde(default)]
        asked: bool,
        /// The challenges that it has answered and that have not ended.
        #[serde(default)]
        answered: Vec<Answered>,
    },
    /// A trusted device.
    TrustedDevice {
        /// Digest of the secret in its cookie.
        digest: Digest,
    },
    /// A phone that codes are sent to. It need not be one that signs in.
    SmsCode {
        /// Its number.
        number: PhoneNumber,
    },
    /// The primary e-mail address, whichever it is when a code is sent.
    EmailCode,
}

impl FactorData {
    /// Of which kind.
    #[must_use]
    pub const fn kind(&self) -> FactorKind {
        match self {
            Self::Totp { .. } => FactorKind::Totp,
            Self::RecoveryCodes { .. } => FactorKind::RecoveryCodes,
            Self::Passkey { asked: true, .. } => FactorKind::SecurityKey,
            Self::Passkey { asked: false, .. } => FactorKind::Passkey,
            Self::TrustedDevice { .. } => FactorKind::TrustedDevice,
            Self::SmsCode { .. } => FactorKind::SmsCode,
            Self::EmailCode => FactorKind::EmailCode,
        }
    }
}

/// A factor of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Whose.
    pub user: UserId,
    /// Id.
    pub id: FactorId,
    /// The realm of the user.
    pub realm: RealmId,
    /// What its owner calls it.
    pub name: String,
    /// SHA-256 of the id by which an authenticator presents it without saying whose it is. Unique in the realm; a
    /// replacing put leaves it alone, and a factor that has one is never swept.
    pub credential: Option<Digest>,
    /// What is kept of it.
    pub data: FactorData,
    /// When it was first used, which put it in force; it counts for nothing before.
    pub confirmed_at: Option<OffsetDateTime>,
    /// When it was last used.
    pub used_at: Option<OffsetDateTime>,
    /// When it ends by itself: an enrolment that was not confirmed, a trusted device.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}

impl Factor {
    /// Of which kind.
    #[must_use]
    pub const fn kind(&self) -> FactorKind {
        self.data.kind()
    }

    /// Whether it was confirmed and has not ended.
    #[must_use]
    pub fn is_in_force(&self, now: OffsetDateTime) -> bool {
        self.confirmed_at.is_some() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A set of kinds of factors. Stored as their words, separated by spaces.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct FactorKinds(u8);

impl FactorKinds {
    /// None.
    pub const NONE: Self = Self(0);

    const fn bit(kind: FactorKind) -> u8 {
        1 << kind as u8
    }

    /// Whether it holds this one.
    #[must_use]
    pub const fn contains(self, kind: FactorKind) -> bool {
        self.0 & Self::bit(kind) != 0
    }

    /// The set with this one.
    #[must_use]
    pub const fn with(self, kind: FactorKind) -> Self {
        Self(self.0 | Self::bit(kind))
    }

    /// The set without this one.
    #[must_use]
    pub const fn without(self, kind: FactorKind) -> Self {
        Self(self.0 & !Self::bit(kind))
    }

    /// Whether it holds something that can be a second factor.
    #[must_use]
    pub fn has_second(self) -> bool {
        self.iter().any(FactorKind::is_second)
    }

    /// Whether its holder is asked for a second factor at every sign-in and before sensitive actions.
    #[must_use]
    pub fn is_asked(self) -> bool {
        self.iter().any(FactorKind::is_asked)
    }

    /// Whether it holds a passkey.
    #[must_use]
    pub fn has_passkey(self) -> bool {
        self.iter().any(FactorKind::is_passkey)
    }

    /// How its holder can give a second proof, the usual way first and each once; nothing if there is no second factor.
    #[must_use]
    pub fn methods(self) -> Vec<Method> {
        let mut methods = Vec::new();
        if self.has_second() {
            let given = self.iter().filter(|kind| *kind != FactorKind::TrustedDevice);
            for method in given.filter_map(FactorKind::method).filter(|method| *method != Method::RecoveryCode) {
                if !methods.contains(&method) {
                    methods.push(method);
                }
            }
            methods.extend(self.contains(FactorKind::RecoveryCodes).then_some(Method::RecoveryCode));
        }
        methods
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that it holds, in the order of [`FactorKind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = FactorKind> {
        FactorKind::ALL.iter().copied().filter(move |kind| self.contains(*kind))
    }

    /// The stored words.
    #[must_use]
    pub fn words(self) -> String {
        self.iter().map(FactorKind::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The set of stored words; `None` if one of them is none.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Self> {
        words.split_ascii_whitespace().try_fold(Self::NONE, |set, word| Some(set.with(FactorKind::from_word(word)?)))
    }
}

impl FromIterator<FactorKind> for FactorKinds {
    fn from_iter<I: IntoIterator<Item = FactorKind>>(kinds: I) -> Self {
        kinds.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for FactorKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for FactorKinds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for FactorKinds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<FactorKind>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_its_words() {
        let both: FactorKinds = [FactorKind::Passkey, FactorKind::Totp, FactorKind::Totp].into_iter().collect();
        assert_eq!(both.words(), "totp passkey");
        assert_eq!(FactorKinds::from_words("passkey totp"), Some(both));
        assert_eq!(FactorKinds::from_words(""), Some(FactorKinds::NONE));
        assert_eq!(FactorKinds::from_words("totp nothing"), None);
        let one = both.without(FactorKind::Totp);
        assert!(one.contains(FactorKind::Passkey) && !one.contains(FactorKind::Totp) && !one.is_empty());
        let json = serde_json::to_string(&both).unwrap();
        assert_eq!(json, r#"["totp","passkey"]"#);
        assert_eq!(serde_json::from_str::<FactorKinds>(&json).unwrap(), both);
    }
}
