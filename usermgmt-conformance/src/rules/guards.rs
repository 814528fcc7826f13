//! Authority travels in the commit: it is refused unless the caller's authority still stands, and harmless edits do
//! not disturb it.

use usermgmt_core::model::{
    Identifier, Membership, MembershipStatus, Org, OrgStatus, RoleKey, User, UserStatus, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{Guard, StillAuthorised, StillMember, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, REALM, at, commit, commit_at, digest, event, identifier, job, member, membership, org, org_id,
    password, proof, refuses, session, session_id, user, user_id,
};

const FIRST: Version = Version::NEW.next();

/// What the caller does under its authority: something that nothing else forbids.
fn guarded(authority: StillAuthorised) -> [Write; 2] {
    // The guard comes last on purpose: stores check it first all the same.
    [Write::PutJob(job(1)), Write::StillAuthorised(authority)]
}

async fn refused(store: &AnyStore, authority: StillAuthorised, why: &str) {
    refuses(store, Guard::Authority, why, guarded(authority)).await;
    let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
    assert_eq!(jobs, [], "a commit without authority wrote something");
}

/// What happened between the check and the commit, and why that ends the authority.
async fn refused_after(store: &AnyStore, happened: impl IntoIterator<Item = Write>, why: &str) {
    let authority = member(store).await;
    commit(store, happened).await;
    refused(store, authority, why).await;
}

fn suspended(status: UserStatus) -> [Write; 1] {
    [Write::PutUser(User { status, version: FIRST, ..user(1) })]
}

/// While the authority stands, the commit is applied, with and without the part of the organisation.
pub async fn authority_that_stands_may_commit(store: AnyStore) {
    let authority = member(&store).await;
    commit(&store, guarded(authority)).await;
    commit(&store, [Write::StillAuthorised(StillAuthorised { member: None, ..authority })]).await;
    let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
    assert_eq!(jobs, [job(1)], "a guarded commit wrote something else than it says");
}

/// Refused when the user was suspended after the check.
pub async fn a_suspended_user_commits_nothing(store: AnyStore) {
    refused_after(&store, suspended(UserStatus::Suspended), "a suspended user committed").await;
}

/// Refused when the user became inactive after the check.
pub async fn an_inactive_user_commits_nothing(store: AnyStore) {
    refused_after(&store, suspended(UserStatus::Inactive), "an inactive user committed").await;
}

/// Refused when the session was ended after the check.
pub async fn an_ended_session_commits_nothing(store: AnyStore) {
    let end = Write::EndSession { user: user_id(1), id: session_id(1) };
    refused_after(&store, [end], "a session that was ended committed").await;
}

/// Refused when the user's epoch moved after the check, also for a session that was re-minted into the new one.
pub async fn a_session_of_an_older_epoch_commits_nothing(store: AnyStore) {
    refused_after(
        &store,
        [
            Write::MoveAuthEpoch { user: user_id(1), from: 0 },
            Write::RotateSession {
                user: user_id(1),
                id: session_id(1),
                from: session(1, 1).digest,
                to: digest("rotated"),
                proofs: vec![proof(0)],
                org: Some(org_id(1)),
                auth_epoch: 1,
            },
        ],
        "a check of an older epoch committed",
    )
    .await;
}

/// Refused when the session itself is of an older epoch than the user, whatever the authority claims.
pub async fn a_claimed_epoch_does_not_help_an_old_session(store: AnyStore) {
    let authority = member(&store).await;
    commit(&store, [Write::MoveAuthEpoch { user: user_id(1), from: 0 }]).await;
    let claim = StillAuthorised { auth_epoch: 1, member: None, ..authority };
    refused(&store, claim, "a session of an older epoch committed under the present one").await;
}

/// Refused when the membership was removed after the check.
pub async fn a_removed_member_commits_nothing(store: AnyStore) {
    let removal = Write::DeleteMembership { org: org_id(1), user: user_id(1), version: FIRST };
    refused_after(&store, [removal], "a user who is no member any more committed as one").await;
}

/// Refused when the membership was suspended after the check.
pub async fn a_suspended_member_commits_nothing(store: AnyStore) {
    let barred = Membership { status: MembershipStatus::Suspended, version: FIRST, ..membership(1, 1) };
    refused_after(&store, [Write::PutMembership(barred)], "a suspended member committed").await;
}

/// Refused when the member's rights moved after the check.
pub async fn a_member_whose_rights_moved_commits_nothing(store: AnyStore) {
    let moved = Write::MoveRights { org: org_id(1), user: Some(user_id(1)) };
    refused_after(&store, [moved], "a member whose rights have moved since committed").await;
}

/// Refused when the rights of the whole organisation moved after the check.
pub async fn a_member_of_an_org_whose_rights_moved_commits_nothing(store: AnyStore) {
    let moved = Write::MoveRights { org: org_id(1), user: None };
    refused_after(&store, [moved], "a member of an organisation whose rights have moved since committed").await;
}

/// Refused when the policy of the organisation changed after the check.
pub async fn a_member_under_a_new_policy_commits_nothing(store: AnyStore) {
    let policy = AuthPolicy { bars_trusted_devices: true, ..AuthPolicy::default() };
    let put = Write::PutPolicy { org: org_id(1), policy, from: 0 };
    refused_after(&store, [put], "a member who was checked by an older policy committed").await;
}

/// Refused when the organisation was suspended after the check.
pub async fn a_member_of_a_suspended_org_commits_nothing(store: AnyStore) {
    let barred = Org { status: OrgStatus::Suspended, version: FIRST, ..org(1) };
    refused_after(&store, [Write::PutOrg(barred)], "a member of a suspended organisation committed").await;
}

/// Refused when the organisation was deleted after the check.
pub async fn a_member_of_a_deleted_org_commits_nothing(store: AnyStore) {
    let deleted = Org { status: OrgStatus::Deleted, deleted_at: Some(at(1)), version: FIRST, ..org(1) };
    refused_after(&store, [Write::PutOrg(deleted)], "a member of a deleted organisation committed").await;
}

/// Refused when session and user do not belong together, when either is unknown, and in an organisation that is not the
/// user's.
pub async fn authority_is_not_mixed_from_two_callers(store: AnyStore) {
    let authority = member(&store).await;
    let writes = [
        Write::PutUser(user(2)),
        Write::PutSession(session(2, 2)),
        Write::PutOrg(org(2)),
        Write::PutMembership(membership(2, 2)),
    ];
    commit(&store, writes).await;
    let alone = StillAuthorised { member: None, ..authority };
    let why = "the session of another user gave authority";
    refused(&store, StillAuthorised { session: session_id(2), ..alone }, why).await;
    refused(&store, StillAuthorised { user: user_id(2), ..alone }, why).await;
    refused(&store, StillAuthorised { session: session_id(9), ..alone }, "an unknown session gave authority").await;
    refused(&store, StillAuthorised { user: user_id(9), ..alone }, "an unknown user had authority").await;
    for stranger in [2, 9] {
        let member = authority.member.map(|member| StillMember { org: org_id(stranger), ..member });
        let why = "a user had authority in an organisation without being a member";
        refused(&store, StillAuthorised { member, ..authority }, why).await;
    }
}

/// Harmless edits of the same rows do not disturb the authority: a new name, a new address, activity, an edit of
/// another member.
pub async fn harmless_edits_do_not_disturb_authority(store: AnyStore) {
    let authority = member(&store).await;
    let renamed = User { name: "Other".to_owned(), locale: Some("fr".to_owned()), version: FIRST, ..user(1) };
    let roles = vec![RoleKey::new(RoleKey::OWNER)];
    let writes = [
        Write::PutUser(renamed),
        Write::PutIdentifier(Identifier { verified_at: None, ..identifier(1, "a@example.test") }),
        Write::PutPassword(password(1)),
        Write::PutOrg(Org { name: "Other".to_owned(), members: 2, version: FIRST, ..org(1) }),
        Write::PutMembership(Membership { roles, version: FIRST, ..membership(1, 1) }),
        Write::PutUser(user(2)),
        Write::PutMembership(membership(1, 2)),
        Write::PutSession(session(2, 1)),
        Write::Audit(event(1)),
    ];
    commit(&store, writes).await;
    store.touch(user_id(1), session_id(1), at(60)).await.answer();
    let others = [
        Write::MoveAuthEpoch { user: user_id(2), from: 0 },
        Write::MoveRights { org: org_id(1), user: Some(user_id(2)) },
        Write::EndSession { user: user_id(1), id: session_id(2) },
    ];
    commit(&store, others).await;
    commit(&store, guarded(authority)).await;
}

/// A rotation leaves the session's authority alone: it is the same session with another secret.
pub async fn a_rotation_does_not_disturb_authority(store: AnyStore) {
    let authority = member(&store).await;
    let rotation = Write::RotateSession {
        user: user_id(1),
        id: session_id(1),
        from: session(1, 1).digest,
        to: digest("rotated"),
        proofs: vec![proof(0), proof(30)],
        org: Some(org_id(1)),
        auth_epoch: 0,
    };
    commit(&store, [rotation]).await;
    commit(&store, guarded(authority)).await;
}

/// The guard is checked before the writes of its own change set: whoever signs out everywhere has authority to do so.
pub async fn authority_is_checked_before_its_own_writes(store: AnyStore) {
    let authority = member(&store).await;
    let writes = [
        Write::MoveAuthEpoch { user: user_id(1), from: 0 },
        Write::MoveRights { org: org_id(1), user: Some(user_id(1)) },
        Write::PutPolicy { org: org_id(1), policy: AuthPolicy::default(), from: 0 },
        Write::EndSession { user: user_id(1), id: session_id(1) },
        Write::StillAuthorised(authority),
    ];
    commit_at(&store, at(9), writes).await;
    let read = store.principal(REALM, session(1, 1).digest).await.found("a session");
    assert_eq!((read.session.ended_at, read.user.auth_epoch), (Some(at(9)), 1), "a guarded commit was not applied");
    refused(&store, authority, "an authority that ended itself still stands").await;
}
