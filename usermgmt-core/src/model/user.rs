//! Users and the identifiers by which they are found.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{FactorKinds, PasswordCredential, Version, words};
use crate::id::{RealmId, UserId};

words! {
    /// Whether a user may use the system.
    UserStatus {
        /// May sign in.
        Active = "active",
        /// Left or was never let in; may not sign in.
        Inactive = "inactive",
        /// Barred for a reason; may not sign in.
        Suspended = "suspended",
    }
}

words! {
    /// What a user may do in the application as a whole, beside the roles in organisations.
    UserKind {
        /// A user like any other.
        User = "user",
        /// Administers the application: may manage every account.
        Admin = "admin",
        /// Somebody with less than an account of their own, as the application defines it.
        Guest = "guest",
    }
}

/// A person (or a machine) with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// Name to show, 1 to 64 code points.
    pub name: String,
    /// Preferred language as a BCP 47 tag, if known.
    pub locale: Option<String>,
    /// Whether the user may use the system.
    pub status: UserStatus,
    /// What the user may do in the application as a whole.
    pub kind: UserKind,
    /// Kinds of the factors that are in force or can come into force again: what a sign-in looks for. Whoever changes
    /// factors puts the user in the same commit, which makes this row their anchor.
    pub factors: FactorKinds,
    /// Moves when everything this user is signed in with must end. Written only by `Write::MoveAuthEpoch`.
    pub auth_epoch: u64,
    /// When the account was made.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}

words! {
    /// What kind of name an identifier is.
    IdentifierKind {
        /// An e-mail address.
        Email = "email",
        /// A phone number that takes texts (ITU-T E.164).
        Phone = "phone",
        /// A username.
        Username = "username",
        /// What a username looks like (UTS #39 section 4): it keeps names that look the same from others. Nobody is
        /// found by it.
        UsernameLook = "username_look",
    }
}

impl IdentifierKind {
    /// The kind of name that this canonical form signs in by: addresses hold an `@`, numbers begin with a `+`, usernames do
    /// neither.
    #[must_use]
    pub fn signs_in_by(canonical: &str) -> Self {
        match canonical {
            email if email.contains('@') => Self::Email,
            phone if phone.starts_with('+') => Self::Phone,
            _ => Self::Username,
        }
    }

    /// Whether messages reach whoever has such an identifier.
    #[must_use]
    pub const fn is_contact(self) -> bool {
        matches!(self, Self::Email | Self::Phone)
    }
}

/// A name by which a user is found: unique by realm, kind and canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    /// The realm in which it is unique.
    pub realm: RealmId,
    /// What kind of name it is.
    pub kind: IdentifierKind,
    /// The form that identity is decided by.
    pub canonical: String,
    /// The form to show.
    pub display: String,
    /// Version of the canonicalisation that made `canonical`.
    pub canonical_version: u16,
    /// Whose it is.
    pub user: UserId,
    /// Whether mails and pages use this one of the user's identifiers of its kind.
    pub primary: bool,
    /// When its holder proved to own it; `None` while that is open.
    pub verified_at: Option<OffsetDateTime>,
    /// Since when nothing is sent to it because mail came back; `None` while mail arrives.
    pub undeliverable_at: Option<OffsetDateTime>,
    /// When it was added.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}

/// Which users a list holds; an empty filter lets everybody through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// Only of this status.
    pub status: Option<UserStatus>,
    /// Only of this kind.
    pub kind: Option<UserKind>,
    /// Only with an address, a phone number or a username whose canonical form begins so.
    pub identifier_prefix: Option<String>,
}

words! {
    /// How an account came to be.
    Origin {
        /// The person signed up.
        SignUp = "sign_up",
        /// The application's own code made it.
        Application = "application",
        /// An administrator made it.
        Admin = "admin",
    }
}

/// Facts about a user that decide nothing. A user without a row has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whose.
    pub user: UserId,
    /// How the account came to be.
    pub origin: Origin,
    /// Address of a picture, an absolute `https` URL.
    pub picture: Option<String>,
    /// How to reach the person otherwise (a phone number, a postal address), as they wrote it; not proven.
    pub contact: Option<String>,
    /// Name of a time zone of the IANA database.
    pub time_zone: Option<String>,
    /// Metadata that everybody sees who sees the user; written by the application.
    pub public: serde_json::Value,
    /// Metadata that no client ever sees; written by the application.
    pub private: serde_json::Value,
    /// Metadata that the user writes, such as preferences.
    pub own: serde_json::Value,
    /// Version of the row.
    pub version: Version,
}

impl Profile {
    /// The profile of a user who has none yet.
    #[must_use]
    pub fn empty(user: UserId, origin: Origin) -> Self {
        let nothing = || serde_json::Value::Object(serde_json::Map::new());
        Self {
            user,
            origin,
            picture: None,
            contact: None,
            time_zone: None,
            public: nothing(),
            private: nothing(),
            own: nothing(),
            version: Version::NEW,
        }
    }
}

/// What a sign-in needs to know, in one read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRecord {
    /// The identifier that was presented.
    pub identifier: Identifier,
    /// Whose it is.
    pub user: User,
    /// The user's password, if there is one.
    pub password: Option<PasswordCredential>,
}
