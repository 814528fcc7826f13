//! Races: every racer acts on what it read before anyone wrote.
//!
//! A store may answer a racer that another commit was in the way (`Conflict`); the racer then commits again, as the
//! contract tells callers to do, and what counts is how that ends.

mod addresses;
mod api_keys;
mod orgs;

use std::collections::{BTreeMap, BTreeSet};

use time::Duration;
use usermgmt_core::model::{Org, Subject, Token, User, UserStatus, Version};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{
    Charge, Guard, StillAuthorised, StillMember, StoreErrorKind, ThrottleKey, UniqueKey, Write,
};

use crate::kit::{
    ALL_MEMBERS, Answer, Found, NOW, REALM, at, attempt, attempt_id, changes, commit, commit_at, commits, commits_once,
    digest, insist, job, member, membership, one_winner, org, org_id, proof, race, session, session_id, token,
    token_id, user, user_id, worker,
};
use crate::{AnyStore, Call, Profile, Rendezvous};

pub use super::factors::{one_registration_of_a_credential_wins, one_use_of_a_factor_wins};
pub use addresses::{one_identifier_is_added_once, one_identifier_is_inserted_once, one_removal_wins};
pub use api_keys::{
    a_key_ends_at_the_earliest_of_all, limits_of_keys_hold_under_a_race, one_end_of_a_key_wins,
    use_does_not_race_an_end,
};
pub use orgs::{one_sealer_wins, one_set_of_roles_wins, one_slug_is_taken_once};

const FIRST: Version = Version::NEW.next();

/// One link used by many at once: one wins.
pub async fn one_token_is_consumed_once(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1)), Write::PutToken(token(1, 1))]).await;
    let ends = commits(&store, profile.racers, |number| {
        vec![Write::ConsumeToken { user: user_id(1), id: token_id(1) }, Write::PutJob(job(number))]
    })
    .await;
    let winner = one_winner(&ends, StoreErrorKind::Refused(Guard::Token), "uses of one token");
    let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
    let jobs: Vec<_> = jobs.iter().map(|row| row.id).collect();
    assert_eq!(jobs, [job(winner).id], "a use of a token that came too late did its work all the same");
}

/// One attempt completed by many at once: one wins.
pub async fn one_attempt_is_consumed_once(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1)), Write::PutAttempt(attempt(1, 1))]).await;
    let ends = commits(&store, profile.racers, |number| {
        vec![Write::ConsumeAttempt { user: user_id(1), id: attempt_id(1) }, Write::PutSession(session(number, 1))]
    })
    .await;
    one_winner(&ends, StoreErrorKind::Refused(Guard::Attempt), "completions of one attempt");
    let sessions = store.sessions(user_id(1), NOW, PageRequest::first(200)).await.answer().items;
    assert_eq!(sessions.len(), 1, "one attempt became several sessions");
}

/// Many codes are tried at once: no more than there are tries, and no two are told the same number.
pub async fn tries_hold_under_a_race(store: AnyStore, profile: Profile) {
    let tries = profile.racers / 2;
    let tries_left = u32::try_from(tries).unwrap_or(u32::MAX);
    commit(&store, [Write::PutUser(user(1)), Write::PutToken(Token { tries_left, ..token(1, 1) })]).await;
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, profile.racers);
    let ends = race(profile.racers, |_| {
        let held = held.clone();
        async move { insist(&held, &[Write::CountTry { user: user_id(1), id: token_id(1) }]).await }
    })
    .await;
    let refused = ends.iter().filter(|end| end.as_ref().err() == Some(&StoreErrorKind::Refused(Guard::Tries))).count();
    let mut lefts: Vec<_> = ends.into_iter().flatten().flat_map(|committed| committed.tries_left).collect();
    lefts.sort_unstable();
    let wanted: Vec<_> = (0..tries_left).map(|left| (token_id(1), left)).collect();
    assert_eq!(lefts, wanted, "tries at the same time must each be counted, and each answered another number");
    assert_eq!(refused, profile.racers - tries, "whoever comes when no try is left must be told so");
}

/// Many uses at once: exactly the limit are allowed, and the refused ones count nowhere.
pub async fn limits_hold_under_a_race(store: AnyStore, profile: Profile) {
    let limit = u32::try_from(profile.racers / 2).unwrap_or(u32::MAX);
    let charge = |number, limit| Charge { key: ThrottleKey::from_bytes([number; 32]), limit, window: Duration::HOUR };
    let charges = [charge(1, limit), charge(2, u32::MAX)];
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Charge, profile.racers);
    let ends = race(profile.racers, |number| {
        let held = held.clone();
        // Half of the racers name the counters the other way round: a store that locks in that order hangs.
        let charges = if number % 2 == 0 { charges } else { [charges[1], charges[0]] };
        async move { held.charge(&charges, NOW).await.answer() }
    })
    .await;
    let allowed = ends.iter().filter(|end| end.is_none()).count();
    assert_eq!(allowed, profile.racers / 2, "uses at the same time: exactly the limit must be allowed");
    let after = store.charge(&[charge(2, limit)], NOW).await.answer();
    assert!(after.is_some(), "a use that was allowed was not counted on its second counter");
    let after = store.charge(&[charge(2, limit + 1)], NOW).await.answer();
    assert_eq!(after, None, "a use that was refused was counted on its second counter");
}

/// Many workers lease at once: no job has two.
pub async fn workers_lease_different_jobs(store: AnyStore, profile: Profile) {
    let jobs = profile.racers as u128 * 2;
    commit(&store, (1..=jobs).map(|number| Write::PutJob(job(number)))).await;
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Lease, profile.racers);
    let leased = race(profile.racers, |number| {
        let held = held.clone();
        async move { held.lease(REALM, worker(number as u128 + 1), NOW, at(60), 3).await.answer() }
    })
    .await;
    assert!(leased.iter().all(|jobs| jobs.len() <= 3), "a worker got more jobs than it asked for");
    let mut holders = BTreeMap::new();
    for row in leased.into_iter().flatten() {
        let holder = holders.insert(row.id, row.lease);
        assert_eq!(holder, None, "two workers lease one job");
        assert_eq!(row.tries, 1, "a job that was leased once counts another number of tries");
    }
    assert!(!holders.is_empty(), "nobody got a job");
    for row in store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items {
        let holder = holders.get(&row.id).copied().flatten();
        assert_eq!(row.lease, holder, "a job is held by somebody else than the worker who was given it");
    }
}

/// An owner who is suspended between check and commit commits nothing.
pub async fn an_owner_suspended_before_the_commit_commits_nothing(store: AnyStore) {
    let authority = member(&store).await;
    let behind = store.clone();
    let suspension = async move {
        let suspended = User { status: UserStatus::Suspended, version: FIRST, ..user(1) };
        commit(&behind, [Write::PutUser(suspended), Write::MoveAuthEpoch { user: user_id(1), from: 0 }]).await;
    };
    let late: AnyStore = Rendezvous::interrupted(store.clone(), Call::Commit, suspension);
    let end = insist(&late, &[Write::StillAuthorised(authority), Write::PutJob(job(1))]).await;
    assert_eq!(end, Err(StoreErrorKind::Refused(Guard::Authority)), "an owner who was suspended committed");
    let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
    assert_eq!(jobs, [], "an owner who was suspended left work behind");
}

/// Two owners suspend each other in the same moment: one of them comes first, and the other has no authority any more.
/// A store that only reads the authority, without holding it until the commit, lets both through.
pub async fn owners_do_not_suspend_each_other(store: AnyStore) {
    for round in 0..4 {
        let (org_number, owners) = (round + 1, [round * 2 + 1, round * 2 + 2]);
        let mut writes = vec![Write::PutOrg(Org { owners: 2, members: 2, ..org(org_number) })];
        for owner in owners {
            writes.push(Write::PutUser(user(owner)));
            writes.push(Write::PutMembership(membership(org_number, owner)));
            writes.push(Write::PutSession(session(owner, owner)));
        }
        commit(&store, writes).await;
        let member = Some(StillMember { org: org_id(org_number), member_rights: 0, org_rights: 0, policy_epoch: 0 });
        let ends = commits(&store, 2, |racer| {
            let [mine, theirs] = if racer == 1 { owners } else { [owners[1], owners[0]] };
            let authority = StillAuthorised { session: session_id(mine), user: user_id(mine), auth_epoch: 0, member };
            let suspended = User { status: UserStatus::Suspended, version: FIRST, ..user(theirs) };
            let epoch = Write::MoveAuthEpoch { user: user_id(theirs), from: 0 };
            vec![Write::StillAuthorised(authority), Write::PutUser(suspended), epoch]
        })
        .await;
        one_winner(&ends, StoreErrorKind::Refused(Guard::Authority), "two owners who suspend each other");
    }
}

/// The last two owners leave at once. The organisation is the anchor of "at least one owner": its version moves with
/// every change of the number, so one of them meets a conflict.
pub async fn the_last_owner_stays(store: AnyStore) {
    let writes = [
        Write::PutOrg(Org { owners: 2, members: 2, ..org(1) }),
        Write::PutUser(user(1)),
        Write::PutUser(user(2)),
        Write::PutMembership(membership(1, 1)),
        Write::PutMembership(membership(1, 2)),
    ];
    commit(&store, writes).await;
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, 2);
    let ends = race(2, |number| {
        let held = held.clone();
        async move {
            let org_read = held.org(REALM, org_id(1)).await.found("an organisation");
            let fewer = Org { owners: org_read.owners - 1, members: org_read.members - 1, ..org_read };
            let leave = Write::DeleteMembership { org: org_id(1), user: user_id(number as u128 + 1), version: FIRST };
            // Not repeated on a conflict: who runs the whole flow again sees that no other owner is left.
            held.commit(changes([Write::PutOrg(fewer), leave])).await.err().map(|error| error.kind())
        }
    })
    .await;
    one_winner(&ends, StoreErrorKind::Conflict, "two owners who leave, each thinking the other stays");
    let members = store.members(org_id(1), &ALL_MEMBERS, PageRequest::first(9)).await.answer().items.len();
    let owners = store.org(REALM, org_id(1)).await.found("an organisation").owners;
    assert_eq!((members, owners), (1, 1), "an organisation lost its last owner, or its count");
}

/// One row edited by many who read the same version: one wins, all others meet a conflict.
pub async fn one_version_is_replaced_once(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1))]).await;
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, profile.racers);
    let ends = race(profile.racers, |number| {
        let held = held.clone();
        async move {
            let read = held.user(REALM, user_id(1)).await.found("a user");
            let edited = User { name: format!("Racer {}", number + 1), ..read };
            held.commit(changes([Write::PutUser(edited)])).await.err().map(|error| error.kind())
        }
    })
    .await;
    let winner = one_winner(&ends, StoreErrorKind::Conflict, "edits of one version");
    let read = store.user(REALM, user_id(1)).await.found("a user");
    let wanted = (format!("Racer {winner}"), FIRST.next());
    assert_eq!((read.name, read.version), wanted, "the row is not what the one winner wrote");
}

/// An epoch moved by many from one value: one wins. Rights moved by many: each move counts.
pub async fn epochs_hold_under_a_race(store: AnyStore, profile: Profile) {
    member(&store).await;
    let ends = commits_once(&store, profile.racers, |_| vec![Write::MoveAuthEpoch { user: user_id(1), from: 0 }]).await;
    one_winner(&ends, StoreErrorKind::Conflict, "moves of one epoch");
    assert_eq!(store.user(REALM, user_id(1)).await.found("a user").auth_epoch, 1, "an epoch moved more than once");
    let org = org_id(1);
    let ends = commits(&store, profile.racers, |_| vec![Write::MoveRights { org, user: None }]).await;
    assert!(ends.iter().all(Option::is_none), "rights can always be moved: {ends:?}");
    let moved = store.org(REALM, org).await.found("an organisation").rights_version;
    assert_eq!(moved, profile.racers as u64, "a move of rights was lost");
}

/// One session rotated by many: one new secret opens it, and no other.
pub async fn one_rotation_wins(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1)), Write::PutSession(session(1, 1))]).await;
    let to = |number: u128| digest(&format!("rotated {number}"));
    let (id, from) = (session_id(1), session(1, 1).digest);
    let ends = commits(&store, profile.racers, |number| {
        vec![Write::RotateSession {
            user: user_id(1),
            id,
            from,
            to: to(number),
            proofs: vec![proof(0)],
            org: None,
            auth_epoch: 0,
        }]
    })
    .await;
    let winner = one_winner(&ends, StoreErrorKind::Refused(Guard::Session), "rotations of one session");
    for number in 1..=profile.racers as u128 {
        let opens = store.principal(REALM, to(number)).await.answer().is_some();
        assert_eq!(opens, number == winner, "not exactly the secret of the winner opens the session");
    }
}

/// One change set committed by many, as after an unknown outcome: it is applied once.
pub async fn one_commit_id_is_applied_once(store: AnyStore, profile: Profile) {
    member(&store).await;
    let again = changes([Write::MoveRights { org: org_id(1), user: None }]);
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, profile.racers);
    let ends = race(profile.racers, |_| {
        let (held, again) = (held.clone(), again.clone());
        async move {
            loop {
                match held.commit(again.clone()).await {
                    Err(error) if error.kind() == StoreErrorKind::Conflict => tokio::task::yield_now().await,
                    end => return end.err().map(|error| error.kind()),
                }
            }
        }
    })
    .await;
    one_winner(&ends, StoreErrorKind::Duplicate(UniqueKey::Id), "commits of one change set");
    let moved = store.org(REALM, org_id(1)).await.found("an organisation").rights_version;
    assert_eq!(moved, 1, "a change set that was committed several times was applied several times");
}

/// A reader follows the sequence while many commit: it sees every change exactly once. A number that becomes visible
/// late must not be passed over.
pub async fn a_reader_of_changes_misses_nothing(store: AnyStore, profile: Profile) {
    let users = profile.racers as u128 * 4;
    commit(&store, (1..=users).map(|number| Write::PutUser(user(number)))).await;
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, profile.racers);
    let writing = tokio::spawn(race(profile.racers, move |number| {
        let held = held.clone();
        async move {
            for step in 0..4 {
                let user = user_id(number as u128 * 4 + step + 1);
                insist(&held, &[Write::MoveAuthEpoch { user, from: 0 }]).await.unwrap_or_else(|kind| {
                    panic!("moving the epoch of a user whom nobody else moves failed as {kind:?}")
                });
            }
        }
    }));
    let (mut seen, mut after) = (BTreeMap::new(), 0);
    loop {
        let all_are_written = writing.is_finished();
        let more = store.changes(after, 3).await.answer();
        if all_are_written && more.items.is_empty() {
            break;
        }
        after = more.settled;
        seen.extend(more.items.iter().map(|change| (change.number, change.subject)));
        tokio::task::yield_now().await;
    }
    let subjects: BTreeSet<_> = seen.values().copied().collect();
    let wanted: BTreeSet<_> = (1..=users).map(|number| Subject::User(user_id(number))).collect();
    assert_eq!(subjects, wanted, "a reader of the change sequence missed a change");
    assert_eq!(seen.len() as u128, users, "one change has several numbers");
}

/// Activity that is marked while a session ends does not bring it back.
pub async fn activity_does_not_race_an_end(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1)), Write::PutSession(session(1, 1))]).await;
    let ends = race(profile.racers, |number| {
        let store = store.clone();
        async move {
            let seconds = i64::try_from(number).unwrap_or(0) + 1;
            if number % 4 == 0 {
                commit_at(&store, at(500), [Write::EndSession { user: user_id(1), id: session_id(1) }]).await;
            } else {
                store.touch(user_id(1), session_id(1), at(seconds)).await.answer();
            }
        }
    })
    .await;
    assert_eq!(ends.len(), profile.racers, "a racer is missing");
    let read = store.principal(REALM, session(1, 1).digest).await.found("a session").session;
    assert_eq!(read.ended_at, Some(at(500)), "activity at the same time brought a session back");
}
