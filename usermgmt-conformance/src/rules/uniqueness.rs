//! What is unique, and the name of the key that says so.

use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{AuditEvent, AuditKind, Identifier, OutboxRow, Session, Token};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, Answer, Found, REALM, at, changes, commit, digest, event, fails, identifier, job, member, session,
    session_id, token, user, user_id,
};

const fn duplicate(key: UniqueKey) -> StoreErrorKind {
    StoreErrorKind::Duplicate(key)
}

/// A new identifier whose realm, kind and canonical form exist is a duplicate, also for the same user.
pub async fn a_taken_identifier_is_named(store: AnyStore) {
    let writes =
        [Write::PutUser(user(1)), Write::PutUser(user(2)), Write::PutIdentifier(identifier(1, "a@example.test"))];
    commit(&store, writes).await;
    for owner in [1, 2] {
        let again = Identifier { display: "A@example.test".to_owned(), ..identifier(owner, "a@example.test") };
        let why = "a new identifier that exists must be a duplicate of `Identifier`";
        fails(&store, duplicate(UniqueKey::Identifier), why, [Write::PutIdentifier(again)]).await;
    }
}

/// A store has one key-check value; the first stays.
pub async fn a_second_key_check_is_named(store: AnyStore) {
    assert_eq!(store.key_check().await.answer(), None, "a fresh store has a key-check value");
    let first = KeyCheck { key_id: "first".to_owned(), tag: [1; 32] };
    commit(&store, [Write::PutKeyCheck(first.clone())]).await;
    let second = KeyCheck { key_id: "second".to_owned(), tag: [2; 32] };
    for again in [second, first.clone()] {
        let why = "a second key-check value must be a duplicate of `KeyCheck`";
        fails(&store, duplicate(UniqueKey::KeyCheck), why, [Write::PutKeyCheck(again)]).await;
        assert_eq!(store.key_check().await.answer(), Some(first.clone()), "the key-check value was replaced");
    }
}

/// The key-check value moves on from the one that is there, and from no other.
pub async fn a_key_check_moves_from_the_present_one(store: AnyStore) {
    let check = |id: &str, byte| KeyCheck { key_id: id.to_owned(), tag: [byte; 32] };
    let moved = |from: &str, to| Write::MoveKeyCheck { from: from.to_owned(), to };
    let why = "where no key-check value is, none can be replaced";
    fails(&store, StoreErrorKind::Conflict, why, [moved("first", check("second", 2))]).await;
    assert_eq!(store.key_check().await.answer(), None, "{why}");
    commit(&store, [Write::PutKeyCheck(check("first", 1))]).await;
    commit(&store, [moved("first", check("second", 2))]).await;
    assert_eq!(store.key_check().await.answer(), Some(check("second", 2)), "the key-check value was not replaced");
    for from in ["first", "third"] {
        let why = "a key-check value of another root key must not be replaced";
        fails(&store, StoreErrorKind::Conflict, why, [moved(from, check("third", 3))]).await;
        assert_eq!(store.key_check().await.answer(), Some(check("second", 2)), "{why}");
    }
}

/// What is only ever inserted is a duplicate of `Id` when its id exists, and the first row stays.
pub async fn a_taken_id_is_named(store: AnyStore) {
    member(&store).await;
    commit(&store, [Write::PutToken(token(1, 1)), Write::PutJob(job(1)), Write::Audit(event(1))]).await;
    let again = [
        Write::PutSession(Session { digest: digest("fresh"), ..session(1, 1) }),
        Write::PutToken(Token { digest: digest("fresh"), ..token(1, 1) }),
        Write::PutJob(OutboxRow { due_at: at(9), ..job(1) }),
        Write::Audit(AuditEvent { kind: AuditKind::SignedUp, ..event(1) }),
    ];
    for write in again {
        let why = format!("a new row whose id exists must be a duplicate of `Id`: {write:?}");
        fails(&store, duplicate(UniqueKey::Id), &why, [write]).await;
    }
    let session_read = store.principal(REALM, session(1, 1).digest).await.found("a session").session;
    assert_eq!(session_read.id, session_id(1), "a duplicate replaced the session that was there");
    let jobs = store.pending_jobs(REALM, PageRequest::first(9)).await.answer().items;
    assert_eq!(jobs, [job(1)], "a duplicate replaced the job that was there");
    let events = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
    assert_eq!(events, [event(1)], "a duplicate replaced the event that was there");
}

/// The id of a commit is used once.
pub async fn a_taken_commit_id_is_named(store: AnyStore) {
    let first = changes([Write::PutUser(user(1))]);
    let second = usermgmt_core::store::ChangeSet::new(first.id(), REALM, first.at()).with(Write::PutUser(user(2)));
    store.commit(first).await.answer();
    let kind = store.commit(second).await.err().map(|error| error.kind());
    assert_eq!(kind, Some(duplicate(UniqueKey::Id)), "a second commit with the same id must be a duplicate of `Id`");
    assert_eq!(store.user(REALM, user_id(2)).await.answer(), None, "a commit with an id that was used was applied");
}
