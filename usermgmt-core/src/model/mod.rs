//! What is stored: plain structs, of every capability, because one change set must span them.
//!
//! Rows that people or flows edit carry a [`Version`]; a write states the version it was made from. The three epochs
//! (`auth_epoch`, `rights_version`, `policy_epoch`) are not part of that: they move only by their own writes.

mod api_key;
mod attempt;
mod audit;
mod change;
mod credential;
mod factor;
mod org;
mod outbox;
mod session;
mod signing_key;
mod token;
mod user;

pub use api_key::{ApiKey, ApiKeyRecord, KeyOwner};
pub use attempt::{Attempt, Purpose as AttemptPurpose};
pub use audit::{Actor, AuditEvent, AuditFilter, AuditKind, EventTag, Outcome as AuditOutcome, Seal};
pub use change::{Change, Changes, Subject};
pub use credential::{PasswordCredential, Unproven};
pub use factor::{Answered, Factor, FactorData, FactorKind, FactorKinds};
pub use org::{
    CustomRole, MemberFilter, MemberRecord, Membership, MembershipStatus, Org, OrgProfile, OrgStatus, RoleKey,
};
pub use outbox::{AddressPurpose, AddressRequest, Facts, Job, MailKind, NameRequest, OutboxRow, SignUpRequest};
pub use session::{Method, PrincipalRecord, Proof, Refresh, Session};
pub use signing_key::SigningKey;
pub use token::{Token, TokenKind};
pub use user::{Identifier, IdentifierKind, Origin, Profile, SignInRecord, User, UserFilter, UserKind, UserStatus};

/// How often a row was written. A write carries the version that was read; if the row has moved on, nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The row must not exist yet.
    pub const NEW: Self = Self(0);

    /// A version as read from storage.
    #[must_use]
    pub const fn from_u64(value: u64) -> Self {
        Self(value)
    }

    /// The number, for storage.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The version after one more write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Declares an enum of stored words: a fixed text for each variant, for the database, JSON and people alike.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The stored word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value of a stored word; `None` for any other text.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == word)
            }
        }
    };
}
pub(crate) use words;
