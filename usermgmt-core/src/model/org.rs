//! Organisations and memberships.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{Version, words};
use crate::id::{OrgId, RealmId, UserId};
use crate::policy::AuthPolicy;

words! {
    /// Whether an organisation can be entered.
    OrgStatus {
        /// In use.
        Active = "active",
        /// Barred; nobody can enter.
        Suspended = "suspended",
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
    /// Whether it can be entered.
    pub status: OrgStatus,
    /// Memberships with the role `owner`; never less than one.
    pub owners: u32,
    /// Memberships.
    pub members: u32,
    /// What this organisation demands of sessions that enter it. Written only by `Write::PutPolicy`.
    pub policy: AuthPolicy,
    /// Moves when the rights of all members may have changed. Written only by `Write::MoveRights`.
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
