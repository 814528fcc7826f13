//! API keys: how programs call.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Membership, Org, User};
use crate::id::{ApiKeyId, OrgId, RealmId, UserId};
use crate::secret::Digest;

/// To whom a key belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyOwner {
    /// A user: the key can do no more than they can at the moment, and ends when they go.
    User(UserId),
    /// An organisation: the key outlives whoever made it.
    Org(OrgId),
}

impl std::fmt::Display for KeyOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(user) => user.fmt(f),
            Self::Org(org) => org.fmt(f),
        }
    }
}

/// A key by which a program calls without anybody being signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// To whom it belongs.
    pub owner: KeyOwner,
    /// Id.
    pub id: ApiKeyId,
    /// The realm it is valid in.
    pub realm: RealmId,
    /// The organisation it acts in: the owner itself, or one of the user's, or none.
    pub org: Option<OrgId>,
    /// What people call it.
    pub name: String,
    /// Digest of the secret.
    pub digest: Digest,
    /// How the secret begins, for people to recognise it.
    pub beginning: String,
    /// The rights it may use, such as `project:read` or `project:*`; never more than its owner has.
    pub scopes: Vec<String>,
    /// Who made it, if a person did.
    pub made_by: Option<UserId>,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// When it ends, or has ended.
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used, written at most once a minute.
    pub used_at: Option<OffsetDateTime>,
}

impl ApiKey {
    /// Whether it can be used at `now`, as far as the key itself is concerned.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// What the check of a key needs to know, in one composed read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The key, also when it has ended: the rules decide, not the query.
    pub key: ApiKey,
    /// Its owner, if that is a user who is there.
    pub user: Option<User>,
    /// The organisation it acts in, if that is there.
    pub org: Option<Org>,
    /// The owner's membership in it, if there is one.
    pub membership: Option<Membership>,
}
