//! What the rules are written with: rows, times, and commits that must succeed or fail.
//!
//! Public for the tests of the stores in this repository; no part of what this crate promises.

mod commits;
mod races;
mod rows;

pub use commits::{Answer, Found, changes, changes_at, commit, commit_at, fails, fails_at, refuses};
pub use races::{commits, commits_once, insist, one_winner, race};
pub use rows::{
    api_key, api_key_id, attempt, attempt_id, custom_role, digest, event, event_id, factor, factor_id, identifier, job,
    job_id, member, membership, org, org_id, org_key, org_profile, other_realm, passkey, password, profile, proof,
    realm, seal, session, session_id, signing_key, token, token_id, user, user_id, worker,
};

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::RealmId;
use usermgmt_core::model::{AuditFilter, MemberFilter};

/// The realm of the rows, unless a rule is about realms.
pub const REALM: RealmId = RealmId::DEFAULT;

/// When rules begin. It has microseconds, so that a store which cuts them off breaks more than the rules about times.
pub const NOW: OffsetDateTime = datetime!(2027-01-15 08:00:00.123457 UTC);

/// Lets every member through.
pub const ALL_MEMBERS: MemberFilter = MemberFilter { status: None, identifier_prefix: None };

/// Lets every event through.
pub const ALL_EVENTS: AuditFilter = AuditFilter { kind: None, user: None, since: None, until: None };

/// The smallest step of time that a store keeps.
pub const MICRO: Duration = Duration::MICROSECOND;

/// Each of these with each of those.
pub fn pairs<A: Clone, B: Clone>(these: &[A], those: &[B]) -> Vec<(A, B)> {
    these.iter().flat_map(|this| those.iter().map(|that| (this.clone(), that.clone()))).collect()
}

/// So many seconds after [`NOW`].
pub fn at(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}
