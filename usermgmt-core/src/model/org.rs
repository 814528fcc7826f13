//! Organisations and memberships.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{User, Version, words};
use crate::id::{OrgId, RealmId, UserId};
use crate::policy::AuthPolicy;

words! {
    /// Whether an organisation can be entered.
    OrgStatus {
        /// In use.
        Active = "active",
        /// Barred; nobody can enter.
        Suspended = "suspended",
        /// Deleted by an owner; nobody can enter. Kept for a while, so that it can be restored.
        Deleted = "deleted",
    }
}

/// A tenant: a company, a team, a household.
///
/// It is the anchor row of every invariant over its memberships: whoever changes how many owners it has moves its
/// version in the same commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Org {
    /// Id.
    pub id: OrgId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// Name to show, 1 to 64 code points.
    pub name: String,
    /// Name in addresses, unique in the realm, also among the deleted ones; see [`slug`](crate::text::slug).
    pub slug: String,
    /// Whether it can be entered.
    pub status: OrgStatus,
    /// When it was deleted, if it is.
    pub deleted_at: Option<OffsetDateTime>,
    /// Active memberships with the role `owner`; never less than one.
    pub owners: u32,
    /// Active memberships: the seats that are taken.
    pub members: u32,
    /// Active memberships that there may be; `None` for any number.
    pub seats: Option<u32>,
    /// Roles that its administrators have made. Written only by `Write::PutRoles`.
    pub roles: Vec<CustomRole>,
    /// What this organisation demands of sessions that enter it. Written only by `Write::PutPolicy`.
    pub policy: AuthPolicy,
    /// Moves when the rights of all members may have changed. Written only by `Write::MoveRights` and
    /// `Write::PutRoles`.
    pub rights_version: u64,
    /// Moves when the policy changes. Written only by `Write::PutPolicy`.
    pub policy_epoch: u64,
    /// When it was made.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}

/// The stable key of a role, such as `owner`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoleKey(String);

impl RoleKey {
    /// The role of whoever answers for an organisation.
    pub const OWNER: &'static str = "owner";
    /// The role that a former owner keeps.
    pub const ADMIN: &'static str = "admin";

    /// A role key.
    #[must_use]
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A role that an organisation has made for itself, beside those of the application's code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Its key, unique in the organisation; none that the code has.
    pub key: RoleKey,
    /// Name to show, 1 to 64 code points.
    pub name: String,
    /// The rights that it gives, such as `project:delete` or `project:*`.
    pub rights: Vec<String>,
}

/// Facts about an organisation that decide nothing. An organisation without a row has none.
#[derive(Clone, Debug, PartialEq)]
pub struct OrgProfile {
    /// Whose.
    pub org: OrgId,
    /// Metadata that every member sees and the application writes.
    pub public: serde_json::Value,
    /// Metadata that no client sees.
    pub private: serde_json::Value,
    /// Settings that every member sees and the organisation's administrators write.
    pub settings: serde_json::Value,
    /// Version of the row.
    pub version: Version,
}

impl OrgProfile {
    /// No facts.
    #[must_use]
    pub fn empty(org: OrgId) -> Self {
        let empty = || serde_json::json!({});
        Self { org, public: empty(), private: empty(), settings: empty(), version: Version::NEW }
    }
}

words! {
    /// Whether a membership gives access.
    MembershipStatus {
        /// In force.
        Active = "active",
        /// Kept, but gives no access.
        Suspended = "suspended",
    }
}

/// A user in an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The organisation.
    pub org: OrgId,
    /// The member.
    pub user: UserId,
    /// The member's roles in this organisation; rights are their union.
    pub roles: Vec<RoleKey>,
    /// Whether it gives access.
    pub status: MembershipStatus,
    /// Moves when this member's rights change. Written only by `Write::MoveRights`, and by the put that makes the
    /// membership: it begins at [`first_rights`](Self::first_rights), so that a membership that was removed and made
    /// again never repeats a value under which somebody may still act.
    pub rights_version: u64,
    /// Since when.
    pub created_at: OffsetDateTime,
    /// Version of the row.
    pub version: Version,
}

impl Membership {
    /// The `rights_version` that a membership made at this time begins with: microseconds since 1970.
    #[must_use]
    pub fn first_rights(now: OffsetDateTime) -> u64 {
        u64::try_from(now.unix_timestamp_nanos() / 1_000).unwrap_or(0)
    }
}

/// A membership with what a list of members shows of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// The membership.
    pub membership: Membership,
    /// The user.
    pub user: User,
    /// The user's primary e-mail address as typed, if there is one.
    pub email: Option<String>,
}

/// Which members a list holds; an empty filter lets everybody through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberFilter {
    /// Only of this status.
    pub status: Option<MembershipStatus>,
    /// Only with an identifier whose canonical form begins so.
    pub identifier_prefix: Option<String>,
}
