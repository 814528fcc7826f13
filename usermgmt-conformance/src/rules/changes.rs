//! The change sequence: what caches must forget, in one order for all.

use usermgmt_core::model::{Change, Subject, User, Version};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::store::{Guard, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, NOW, at, changes_at, commit, commit_at, digest, identifier, job, member, org, org_id, password, proof,
    refuses, session, session_id, token, token_id, user, user_id,
};

async fn all(store: &AnyStore) -> Vec<Change> {
    store.changes(0, 1_000).await.answer()
}

async fn last(store: &AnyStore) -> u64 {
    all(store).await.last().map_or(0, |change| change.number)
}

async fn since(store: &AnyStore, after: u64) -> Vec<Subject> {
    let mut subjects: Vec<_> = store.changes(after, 1_000).await.answer().iter().map(|change| change.subject).collect();
    subjects.sort_unstable();
    subjects
}

fn rotation() -> Write {
    Write::RotateSession {
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
    let (org, member) = (org_id(1), user_id(1));
    let writes = [
        (Write::MoveAuthEpoch { user: member, from: 0 }, Subject::User(member)),
        (Write::MoveRights { org, user: Some(member) }, Subject::Member(org, member)),
        (Write::MoveRights { org, user: None }, Subject::Org(org)),
        (Write::PutPolicy { org, policy: AuthPolicy::default(), from: 0 }, Subject::Org(org)),
        (rotation(), Subject::Session(session_id(1))),
        (Write::EndSession { user: member, id: session_id(1) }, Subject::Session(session_id(1))),
        (Write::DeleteMembership { org, user: member, version: Version::NEW.next() }, Subject::Member(org, member)),
    ];
    for (seconds, (write, subject)) in (1..).zip(writes) {
        let before = last(&store).await;
        let shown = format!("{write:?}");
        commit_at(&store, at(seconds), [write]).await;
        let appended = store.changes(before, 1_000).await.answer();
        let shape: Vec<_> = appended.iter().map(|change| (change.subject, change.at)).collect();
        assert_eq!(shape, [(subject, at(seconds))], "not exactly the subject was appended, at its time: {shown}");
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

/// Writes that change nobody's standing append nothing.
pub async fn harmless_writes_append_nothing(store: AnyStore) {
    member(&store).await;
    let before = last(&store).await;
    let writes = [
        Write::PutUser(User { name: "Other".to_owned(), version: Version::NEW.next(), ..user(1) }),
        Write::PutIdentifier(identifier(1, "a@example.test")),
        Write::PutPassword(password(1)),
        Write::PutOrg(org(2)),
        Write::PutToken(token(1, 1)),
        Write::PutSession(session(2, 1)),
        Write::PutJob(job(1)),
    ];
    commit(&store, writes).await;
    store.touch(session_id(1), at(60)).await.answer();
    assert_eq!(since(&store, before).await, [], "a write that changes nobody's standing was appended");
}

/// Numbers grow with every change, whichever commit it is part of.
pub async fn numbers_grow(store: AnyStore) {
    member(&store).await;
    let org = org_id(1);
    for _ in 0..5 {
        commit(&store, [Write::MoveRights { org, user: None }, Write::MoveRights { org, user: Some(user_id(1)) }])
            .await;
    }
    let numbers: Vec<_> = all(&store).await.iter().map(|change| change.number).collect();
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
        assert!(part.len() <= 3, "more changes were answered than asked for");
        let Some(end) = part.last() else { break };
        after = end.number;
        read.extend(part);
        assert!(read.len() <= whole.len(), "changes are answered again and again");
    }
    assert_eq!(read, whole, "reading the sequence in parts gives another one than reading it at once");
    assert_eq!(store.changes(after, 3).await.answer(), [], "changes are answered behind the last one");
}

/// A commit that fails appends nothing.
pub async fn a_failed_commit_appends_nothing(store: AnyStore) {
    member(&store).await;
    let before = last(&store).await;
    let writes = [Write::MoveRights { org: org_id(1), user: None }, Write::ConsumeToken { id: token_id(9) }];
    refuses(&store, Guard::Token, "a token that does not exist was used", writes).await;
    assert_eq!(since(&store, before).await, [], "a commit that failed was appended to the change sequence");
}
