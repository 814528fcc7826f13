//! Upkeep removes what nothing needs any more, and nothing else.

use time::{Duration, OffsetDateTime};
use usermgmt_core::id::CommitId;
use usermgmt_core::model::{Attempt, Session, Token, Version};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{Charge, Guard, StoreErrorKind, SweepBefore, ThrottleKey, UniqueKey, Write};

use crate::kit::{
    ALL_EVENTS, Answer, Found, MICRO, NOW, REALM, at, attempt, changes_at, commit, commit_at, digest, event, event_id,
    fails, identifier, job, job_id, member, org_id, org_profile, password, profile, proof, refuses, seal, session,
    session_id, token, token_id, user, user_id, worker,
};
use crate::{AnyStore, Profile};

/// Before anything that a rule puts.
const NEVER: OffsetDateTime = time::macros::datetime!(1990-01-01 00:00 UTC);
const NOTHING: SweepBefore = SweepBefore { spent: NEVER, commits: NEVER, throttle: NEVER };

async fn sweep(store: &AnyStore, before: SweepBefore) -> u64 {
    store.sweep(before, 1_000).await.answer()
}

/// A store that works answers.
pub async fn a_ping_is_answered(store: AnyStore) {
    store.ping().await.answer();
}

/// A sweep of a fresh store removes nothing and says so.
pub async fn a_sweep_of_nothing_removes_nothing(store: AnyStore) {
    let all = SweepBefore { spent: at(0), commits: at(0), throttle: at(0) };
    assert_eq!(sweep(&store, all).await, 0, "rows of a fresh store were removed");
}

/// Sessions, tokens and attempts go that ended or expired before `spent`; those of that very time stay, and so do those
/// that live.
pub async fn a_sweep_removes_what_is_spent(store: AnyStore) {
    let spent = at(1_000);
    let early = spent - MICRO;
    let far = at(9_999_999);
    // Ended or expired: (when it ended, when it expires, whether it may go).
    let cases = [
        (None, far, false),
        (Some(early), far, true),
        (Some(spent), far, false),
        (Some(spent + MICRO), far, false),
        (None, early, true),
        (None, spent, false),
        (Some(early), early, true),
        (Some(spent), spent + MICRO, false),
    ];
    commit(&store, [Write::PutUser(user(1))]).await;
    for (number, (ended, expires_at, _)) in (1..).zip(cases) {
        let writes = [
            Write::PutSession(Session { ended_at: ended, expires_at, ..session(number, 1) }),
            Write::PutToken(Token { consumed_at: ended, expires_at, ..token(number, 1) }),
            Write::PutAttempt(Attempt { consumed_at: ended, expires_at, ..attempt(number, 1) }),
        ];
        commit(&store, writes).await;
    }
    let gone = sweep(&store, SweepBefore { spent, ..NOTHING }).await;
    for (number, (ended, expires_at, goes)) in (1..).zip(cases) {
        let left = [
            store.principal(REALM, session(number, 1).digest).await.answer().is_some(),
            store.token(REALM, user_id(1), token_id(number)).await.answer().is_some(),
            store.attempt(REALM, attempt(number, 1).digest).await.answer().is_some(),
        ];
        let case = format!("ended {ended:?}, expires {expires_at}, swept before {spent}");
        assert_eq!(left, [!goes; 3], "session, token, attempt: a row went that must stay, or stayed ({case})");
    }
    assert_eq!(gone, 9, "a sweep must answer how many rows it removed");
}

/// A session that rests, or is of an older epoch, is not spent: it goes when it expires.
pub async fn a_resting_session_is_not_spent(store: AnyStore) {
    let resting = Session { idle: Duration::seconds(1), seen_at: at(-5_000), ..session(1, 1) };
    commit(&store, [Write::PutUser(user(1)), Write::PutSession(resting), Write::PutSession(session(2, 1))]).await;
    commit(&store, [Write::MoveAuthEpoch { user: user_id(1), from: 0 }]).await;
    assert_eq!(sweep(&store, SweepBefore { spent: at(2_000), ..NOTHING }).await, 0, "a session that runs was removed");
    for number in [1, 2] {
        store.principal(REALM, session(number, 1).digest).await.found("a session that is not spent");
    }
}

/// Everything else stays, however old: users, identifiers, passwords, facts, organisations, members, jobs, events, keys.
pub async fn a_sweep_spares_everything_else(store: AnyStore) {
    let authority = member(&store).await;
    let check = usermgmt_core::keys::KeyCheck { key_id: "key".to_owned(), tag: [1; 32] };
    let writes = [
        Write::PutKeyCheck(check.clone()),
        Write::PutIdentifier(identifier(1, "a@example.test")),
        Write::PutPassword(password(1)),
        Write::PutProfile(profile(1)),
        Write::PutOrgProfile(org_profile(1)),
        Write::PutJob(job(1)),
        Write::PutJob(job(2)),
        Write::Audit(event(1)),
        Write::SealEvents { realm: REALM, org: None, from: 0, seals: vec![(event_id(1), seal(1))] },
    ];
    commit(&store, writes).await;
    store.lease(REALM, worker(1), NOW, at(60), 1).await.answer();
    let leased = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
    let dead = leased.iter().find(|row| row.lease.is_some()).map_or(job_id(1), |row| row.id);
    commit(&store, [Write::GiveUpJob { id: dead, worker: worker(1) }]).await;
    let end = session(1, 1).expires_at;
    let gone = sweep(&store, SweepBefore { spent: end, commits: NEVER, throttle: end }).await;
    assert_eq!(gone, 0, "rows were removed that are still needed");
    commit(&store, [Write::StillAuthorised(authority)]).await;
    assert_eq!(store.identifiers(user_id(1)).await.answer().len(), 1, "an identifier was removed");
    assert!(store.password(user_id(1)).await.answer().is_some(), "a password was removed");
    assert!(store.profile(user_id(1)).await.answer().is_some(), "a profile was removed");
    assert!(store.org_profile(org_id(1)).await.answer().is_some(), "facts about an organisation were removed");
    assert!(store.membership(org_id(1), user_id(1)).await.answer().is_some(), "a membership was removed");
    assert_eq!(store.key_check().await.answer(), Some(check), "the key-check value was removed");
    let events = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
    assert_eq!(events.len(), 1, "an event was removed");
    let head = store.chain_head(REALM, None).await.answer();
    assert_eq!(head, Some(seal(1)), "the end of a chain was removed");
    let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
    assert_eq!(jobs.len(), 1, "a pending job was removed");
    let kept = StoreErrorKind::Duplicate(UniqueKey::Id);
    for number in [1, 2] {
        fails(&store, kept, "a job was removed, or one that was given up", [Write::PutJob(job(number))]).await;
    }
}

/// The digest of a session that was swept is free, and the session cannot be rotated any more.
pub async fn a_swept_session_is_gone(store: AnyStore) {
    let ended = Session { ended_at: Some(at(1)), ..session(1, 1) };
    commit(&store, [Write::PutUser(user(1)), Write::PutSession(ended)]).await;
    assert_eq!(sweep(&store, SweepBefore { spent: at(2), ..NOTHING }).await, 1, "a spent session was not removed");
    let (id, from, to) = (session_id(1), session(1, 1).digest, digest("rotated"));
    let rotation =
        Write::RotateSession { user: user_id(1), id, from, to, proofs: vec![proof(0)], org: None, auth_epoch: 0 };
    refuses(&store, Guard::Session, "a session that was swept was rotated", [rotation]).await;
    commit(&store, [Write::PutSession(session(1, 1))]).await;
    let read = store.principal(REALM, session(1, 1).digest).await.found("a session").session;
    assert_eq!(read, session(1, 1), "a new session does not come back as it was put");
}

/// Commit ids and changes go that are older than `commits`; those of that very time stay.
pub async fn old_commit_ids_and_changes_go(store: AnyStore) {
    member(&store).await;
    let org = org_id(1);
    let mut ids: Vec<CommitId> = Vec::new();
    for time in [at(100), at(200) - MICRO, at(200), at(300)] {
        let changes = changes_at(time, [Write::MoveRights { org, user: None }]);
        ids.push(changes.id());
        store.commit(changes).await.answer();
    }
    let before = store.changes(0, 9).await.answer().items;
    let kept: Vec<_> = before.iter().filter(|change| change.at >= at(200)).map(|change| change.number).collect();
    sweep(&store, SweepBefore { commits: at(200), ..NOTHING }).await;
    for (id, stays) in ids.iter().zip([false, false, true, true]) {
        assert_eq!(store.committed(*id).await.answer(), stays, "a commit id went too early, or stayed");
    }
    let left: Vec<_> = store.changes(0, 9).await.answer().items.iter().map(|change| change.number).collect();
    assert_eq!(left, kept, "changes went too early, or stayed");
}

/// Numbers of changes are never used again, even when the whole sequence was swept: a reader that stands at the old end
/// sees what comes.
pub async fn numbers_grow_over_a_sweep(store: AnyStore) {
    member(&store).await;
    let rights = || [Write::MoveRights { org: org_id(1), user: None }];
    for seconds in 0..3 {
        commit_at(&store, at(seconds), rights()).await;
    }
    let end = store.changes(0, 9).await.answer().items.last().map_or(0, |change| change.number);
    sweep(&store, SweepBefore { commits: at(1_000), ..NOTHING }).await;
    assert_eq!(store.changes(0, 9).await.answer().items, [], "the sequence was not swept");
    commit_at(&store, at(1_001), rights()).await;
    assert_eq!(store.changes(end, 9).await.answer().items.len(), 1, "a number of the change sequence was used twice");
}

/// Counters go whose window ended before `throttle`; one that still runs stays closed.
pub async fn old_counters_go(store: AnyStore, profile: Profile) {
    let charge = |number, window| {
        [Charge { key: ThrottleKey::from_bytes([number; 32]), limit: 1, window: Duration::seconds(window) }]
    };
    let all = [charge(1, 60), charge(2, 100), charge(3, 1_000)];
    for limited in &all {
        assert_eq!(store.charge(limited, NOW).await.answer(), None, "a first use was refused");
    }
    let gone = sweep(&store, SweepBefore { throttle: at(100), ..NOTHING }).await;
    let removed = u64::from(!profile.counters_expire);
    assert_eq!(gone, removed, "exactly the counters go whose window ended before the time of the sweep");
    for (limited, open) in all.iter().zip([true, true, false]) {
        let answer = store.charge(limited, at(100)).await.answer();
        assert_eq!(answer.is_none(), open, "a sweep opened a counter whose window still runs, or closed one");
    }
}

/// A sweep removes at most `limit` rows of each kind at once, and goes on at the next call until nothing is left.
pub async fn a_sweep_goes_in_steps(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    for number in 1..=5 {
        let writes = [
            Write::PutSession(Session { ended_at: Some(at(1)), ..session(number, 1) }),
            Write::PutToken(Token { consumed_at: Some(at(1)), ..token(number, 1) }),
            Write::PutAttempt(Attempt { consumed_at: Some(at(1)), version: Version::NEW, ..attempt(number, 1) }),
        ];
        commit(&store, writes).await;
    }
    let before = SweepBefore { spent: at(2), ..NOTHING };
    let mut gone = Vec::new();
    while gone.last() != Some(&0) {
        assert!(gone.len() < 20, "a sweep has no end: {gone:?}");
        gone.push(store.sweep(before, 2).await.answer());
    }
    assert!(gone.iter().all(|step| *step <= 6), "a sweep removed more than its limit of two of each kind: {gone:?}");
    assert_eq!(gone.iter().sum::<u64>(), 15, "the steps of a sweep do not sum up to what there was: {gone:?}");
}
