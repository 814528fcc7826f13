//! What the rules are written with: rows, times, and commits that must succeed or fail.

mod commits;
mod races;
mod rows;

pub(crate) use commits::{Answer, Found, changes, changes_at, commit, commit_at, fails, fails_at, refuses};
pub(crate) use races::{commits, insist, one_winner, race};
pub(crate) use rows::{
    attempt, attempt_id, digest, event, event_id, identifier, job, job_id, member, membership, org, org_id,
    other_realm, password, profile, proof, session, session_id, token, token_id, user, user_id, worker,
};

use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::RealmId;

/// The realm of the rows, unless a rule is about realms.
pub(crate) const REALM: RealmId = RealmId::DEFAULT;

/// When rules begin. It has microseconds, so that a store which cuts them off breaks more than the rules about times.
pub(crate) const NOW: OffsetDateTime = datetime!(2027-01-15 08:00:00.123457 UTC);

/// The smallest step of time that a store keeps.
pub(crate) const MICRO: Duration = Duration::MICROSECOND;

/// Each of these with each of those.
pub(crate) fn pairs<A: Clone, B: Clone>(these: &[A], those: &[B]) -> Vec<(A, B)> {
    these.iter().flat_map(|this| those.iter().map(|that| (this.clone(), that.clone()))).collect()
}

/// So many seconds after [`NOW`].
pub(crate) fn at(seconds: i64) -> OffsetDateTime {
    NOW + Duration::seconds(seconds)
}
