//! Users and the identifiers by which they are found.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{PasswordCredential, Version, words};
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
    /// When it was added.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
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
