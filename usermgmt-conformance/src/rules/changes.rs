//! The change sequence: what caches must forget, in one order for all.

use usermgmt_core::model::{Change, Identifier, IdentifierKind, Org, Profile, Subject, User, Version};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{Guard, SweepBefore, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, NOW, REALM, at, changes_at, commit, commit_at, digest, identifier, job, member, org, org_id,
    org_profile, password, profile, proof, refuses, session, session_id, token, token_id, user, user_id,
};

const ADDRESS: &str = "a@example.test";

async fn all(store: &AnyStore) -> Vec<Change> {
    store.changes(0, 1_000).await.answer().items
}

async fn last(store: &AnyStore) -> u64 {
    all(store).await.last().map_or(0, |change| change.number)
}

async fn since(store: &AnyStore, after: u64) -> Vec<Subject> {
    let changes = store.changes(after, 1_000).await.answer().items;
    let mut subjects: Vec<_> = changes.iter().map(|change| change.subject).collect();
    subjects.sort_unstable();
    subjects
}

fn removal() -> Write {
    let (kind, canonical) = (IdentifierKind::Email, ADDRESS.to_owned());
    Write::DeleteIdentifier { realm: REALM, kind, canonical, user: user_id(1), version: Version::NEW.next() }
}

fn rotation() -> Write {
    Write::RotateSession {
        user: user_id(1),
        id: session_id(1),
        from: session(1, 1).digest,
        to: digest("rotated"),
        proofs: vec![proof(0)],
        org: Some(org_id(1)),
        auth_epoch: 0,
    }
}

/// Each write that changes somebody's standing appends exactly its subject.
pub async fn each_subject_is_appended(store: AnyStore) {
    member(&store).await;
    commit(&store, [Write::PutIdentifier(identifier(1, ADDRESS))]).await;
    let (org, member) = (org_id(1), user_id(1));
    let writes = [
        (Write::MoveAuthEpoch { user: member, from: 0 }, Subject::User(member)),
        (removal(), Subject::User(member)),
        (Write::MoveRights { org, user: Some(member) }, Subject::Member(org, member)),
        (Write::MoveRights { org, user: None }, Subject::Org(org)),
        (Write::PutPolicy { org, policy: AuthPolicy::default(), from: 0 }, Subject::Org(org)),
        (Write::PutRoles { org, roles: Vec::new(), from: 1 }, Subject::Org(org)),
        (rotation(), Subject::Session(session_id(1))),
        (Write::EndSession { user: member, id: session_id(1) }, Subject::Session(session_id(1))),
        (Write::DeleteMembership { org, user: member, version: Version::NEW.next() }, Subject::Member(org, member)),
    ];
    for (seconds, (write, subject)) in (1..).zip(writes) {
        let before = last(&store).await;
        let shown = format!("{write:?}");
        commit_at(&store, at(seconds), [write]).await;
        let appended = store.changes(before, 1_000).await.answer().items;
        let shape: Vec<_> = appended.iter().map(|change| (change.subject, change.at)).collect();
        assert_eq!(shape, [(subject, at(seconds))], "not exactly the subject was appended, at its time: {shown}");
    }
}

/// An edit of a row that principals show appends whom it concerns.
pub async fn edits_are_appended(store: AnyStore) {
    member(&store).await;
    let (org, member) = (org_id(1), user_id(1));
    let user_row = store.user(REALM, member).await.found("a user");
    let org_row = store.org(REALM, org).await.found("an organisation");
    commit(&store, [Write::PutIdentifier(identifier(1, ADDRESS))]).await;
    let address = store.identifiers(member).await.answer().pop().expect("an address");
    let membership = store.membership(org, member).await.found("a membership");
    let writes = [
        (Write::PutUser(User { name: "Other".to_owned(), ..user_row }), Subject::User(member)),
        (
            Write::PutIdentifier(Identifier { display: "Other@example.test".to_owned(), ..address }),
            Subject::User(member),
        ),
        (Write::PutOrg(Org { name: "Other".to_owned(), ..org_row }), Subject::Org(org)),
        (Write::PutMembership(membership), Subject::Member(org, member)),
    ];
    for (write, subject) in writes {
        let before = last(&store).await;
        let shown = format!("{write:?}");
        commit(&store, [write]).await;
        assert_eq!(since(&store, before).await, [subject], "an edit was not appended: {shown}");
    }
}

/// A change set appends each of its subjects once, as `ChangeSet::subjects` names them.
pub async fn a_subject_is_appended_once_in_a_commit(store: AnyStore) {
    member(&store).await;
    let (org, before) = (org_id(1), last(&store).await);
    let changes = changes_at(
        NOW,
        [
            Write::MoveAuthEpoch { user: user_id(1), from: 0 },
            Write::MoveRights { org, user: None },
            Write::PutPolicy { org, policy: AuthPolicy::default(), from: 0 },
            rotation(),
        ],
    );
    let wanted = changes.subjects();
    store.commit(changes).await.answer();
    assert_eq!(since(&store, before).await, wanted, "a commit must append each of its subjects, and each once");
}

/// Writes that change nothing a session check has read append nothing.
pub async fn harmless_writes_append_nothing(store: AnyStore) {
    member(&store).await;
    let before = last(&store).await;
    let writes = [
        Write::PutUser(user(2)),
        Write::PutIdentifier(identifier(1, "b@example.test")),
        Write::PutPassword(password(1)),
        Write::PutProfile(profile(1)),
        Write::PutOrg(org(2)),
        Write::PutOrgProfile(org_profile(1)),
        Write::PutToken(token(1, 1)),
        Write::PutSession(session(2, 1)),
        Write::PutJob(job(1)),
    ];
    commit(&store, writes).await;
    let writes = [
        Write::DeletePassword { user: user_id(1), version: Version::NEW.next() },
        Write::PutProfile(Profile { contact: None, version: Version::NEW.next(), ..profile(1) }),
    ];
    commit(&store, writes).await;
    store.touch(user_id(1), session_id(1), at(60)).await.answer();
    assert_eq!(since(&store, before).await, [], "a write that changes nothing in a principal was appended");
}

/// Numbers grow with every change, whichever commit it is part of.
pub async fn numbers_grow(store: AnyStore) {
    member(&store).await;
    let before = last(&store).await;
    let org = org_id(1);
    for _ in 0..5 {
        commit(&store, [Write::MoveRights { org, user: None }, Write::MoveRights { org, user: Some(user_id(1)) }])
            .await;
    }
    let numbers: Vec<_> =
        all(&store).await.iter().map(|change| change.number).filter(|number| *number > before).collect();
    assert_eq!(numbers.len(), 10, "changes are missing or doubled");
    assert!(numbers.is_sorted_by(|a, b| a < b), "the numbers of changes do not grow: {numbers:?}");
    assert!(numbers.iter().all(|number| *number > 0), "a change has the number 0, so nobody can ask for it");
}

/// The sequence is read behind a number and up to a limit, without gap or repeat.
pub async fn changes_are_read_behind_a_number(store: AnyStore) {
    member(&store).await;
    for seconds in 0..7 {
        commit_at(&store, at(seconds), [Write::MoveRights { org: org_id(1), user: None }]).await;
    }
    let whole = all(&store).await;
    let (mut read, mut after) = (Vec::new(), 0);
    loop {
        let part = store.changes(after, 3).await.answer();
        assert!(part.items.len() <= 3, "more changes were answered than asked for");
        let Some(end) = part.items.last() else {
            assert_eq!(part.settled, after, "an answer without changes moves the place");
            break;
        };
        assert_eq!(part.settled, end.number, "nobody writes, and the place is not that of the last change");
        after = part.settled;
        read.extend(part.items);
        assert!(read.len() <= whole.len(), "changes are answered again and again");
    }
    assert_eq!(read, whole, "reading the sequence in parts gives another one than reading it at once");
    assert_eq!(store.changes(after, 3).await.answer().items, [], "changes are answered behind the last one");
}

/// Whoever begins to read at the present place misses nothing that is committed later, also where old changes are gone.
pub async fn a_reader_can_begin_at_the_present(store: AnyStore) {
    let (org, all_old) = (org_id(1), SweepBefore { spent: at(-1), commits: at(60), throttle: at(-1) });
    let mut place = store.change_place().await.answer();
    member(&store).await;
    for sweeps in [false, true, true] {
        assert!(!since(&store, place).await.is_empty(), "a change is missing behind the place of the time before it");
        if sweeps {
            store.sweep(all_old, 1_000).await.answer();
        }
        place = store.change_place().await.answer();
        commit(&store, [Write::MoveRights { org, user: None }]).await;
        assert_eq!(since(&store, place).await, [Subject::Org(org)], "the place of the present is not the present");
    }
}

/// A commit that fails appends nothing.
pub async fn a_failed_commit_appends_nothing(store: AnyStore) {
    member(&store).await;
    let before = last(&store).await;
    let writes =
        [Write::MoveRights { org: org_id(1), user: None }, Write::ConsumeToken { user: user_id(1), id: token_id(9) }];
    refuses(&store, Guard::Token, "a token that does not exist was used", writes).await;
    assert_eq!(since(&store, before).await, [], "a commit that failed was appended to the change sequence");
}
