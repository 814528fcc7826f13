//! Sessions, mailed tokens and attempts belong to a user: user and id together name a row, and neither names one alone.

use usermgmt_core::model::{Attempt, Session, Token};
use usermgmt_core::store::{Guard, StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, NOW, REALM, at, attempt, attempt_id, commit, commit_at, digest, fails, proof, refuses, session,
    session_id, token, token_id, user, user_id,
};

/// One session, token and attempt of this user, each under the number 1, with secrets of their own.
fn rows(owner: u128) -> (Session, Token, Attempt) {
    let secret = |kind: &str| digest(&format!("{kind} of {owner}"));
    (
        Session { digest: secret("session"), ..session(1, owner) },
        Token { digest: secret("token"), ..token(1, owner) },
        Attempt { digest: secret("attempt"), ..attempt(1, owner) },
    )
}

async fn put(store: &AnyStore, owner: u128) {
    let (session, token, attempt) = rows(owner);
    commit(store, [Write::PutSession(session), Write::PutToken(token), Write::PutAttempt(attempt)]).await;
}

async fn put_users(store: &AnyStore) {
    commit(store, [Write::PutUser(user(1)), Write::PutUser(user(2))]).await;
}

/// The rows of this user as they are now, found by their secrets.
async fn read(store: &AnyStore, owner: u128) -> (Session, Token, Attempt) {
    let (session, token, attempt) = rows(owner);
    (
        store.principal(REALM, session.digest).await.found("a session").session,
        store.token_by_digest(REALM, token.kind, token.digest).await.found("a token"),
        store.attempt(REALM, attempt.digest).await.found("an attempt"),
    )
}

fn rotation(owner: u128, from: u128) -> Write {
    Write::RotateSession {
        user: user_id(owner),
        id: session_id(1),
        from: rows(from).0.digest,
        to: digest("rotated"),
        proofs: vec![proof(0)],
        org: None,
        auth_epoch: 0,
    }
}

/// By user and id only a row of this user is found, whoever else has one of that id.
pub async fn a_row_is_found_with_its_own_user_only(store: AnyStore) {
    put_users(&store).await;
    put(&store, 1).await;
    let (session, token, _) = rows(1);
    let found = store.principal_of(REALM, user_id(1), session.id).await.answer().map(|record| record.session);
    assert_eq!(found.as_ref(), Some(&session), "a session is not found by its user and id");
    assert_eq!(store.token(REALM, user_id(1), token.id).await.found("a token"), token, "not the token that was put");
    for stranger in [2, 9] {
        let found = store.principal_of(REALM, user_id(stranger), session.id).await.answer();
        assert_eq!(found, None, "a session of somebody else is found");
        let found = store.token(REALM, user_id(stranger), token.id).await.answer();
        assert_eq!(found, None, "a token of somebody else is found");
    }
}

/// A write that names another user than the row's hits nothing, as if the row was not there.
pub async fn a_write_in_the_name_of_another_user_hits_nothing(store: AnyStore) {
    put_users(&store).await;
    put(&store, 1).await;
    let before = read(&store, 1).await;
    let user = user_id(2);
    let refused = [
        (Write::CountTry { user, id: token_id(1) }, Guard::Tries),
        (Write::ConsumeToken { user, id: token_id(1) }, Guard::Token),
        (Write::ConsumeAttempt { user, id: attempt_id(1) }, Guard::Attempt),
        (rotation(2, 1), Guard::Session),
    ];
    for (write, guard) in refused {
        let why = format!("a row of another user was hit: {write:?}");
        refuses(&store, guard, &why, [write]).await;
    }
    let chain = Write::RotateRefresh { user, id: session_id(1), from: None };
    fails(&store, StoreErrorKind::Conflict, "the chain of another user's session moved", [chain]).await;
    let attempt = Attempt { version: before.2.version, ..rows(2).2 };
    let why = "an attempt of another user was replaced";
    fails(&store, StoreErrorKind::Conflict, why, [Write::PutAttempt(attempt)]).await;
    commit(&store, [Write::EndSession { user, id: session_id(1) }]).await;
    store.touch(user, session_id(1), at(60)).await.answer();
    assert_eq!(read(&store, 1).await, before, "a write in the name of another user changed a row");
}

/// Two users may have rows of one id: nothing compares across users, and each write hits that of its own user.
pub async fn two_users_may_have_rows_of_one_id(store: AnyStore) {
    put_users(&store).await;
    put(&store, 2).await;
    put(&store, 1).await;
    let theirs = read(&store, 2).await;
    for owner in [1, 2] {
        let (session, token, _) = rows(owner);
        let found = store.principal_of(REALM, user_id(owner), session_id(1)).await.found("a session").session;
        assert_eq!(found, session, "a session of another user with the same id is found");
        let found = store.token(REALM, user_id(owner), token_id(1)).await.found("a token");
        assert_eq!(found, token, "a token of another user with the same id is found");
    }
    let (user, id) = (user_id(1), session_id(1));
    store.touch(user, id, at(60)).await.answer();
    commit_at(&store, NOW, [Write::CountTry { user, id: token_id(1) }]).await;
    commit_at(&store, NOW, [Write::ConsumeToken { user, id: token_id(1) }]).await;
    commit_at(&store, NOW, [Write::ConsumeAttempt { user, id: attempt_id(1) }]).await;
    commit_at(&store, NOW, [Write::RotateRefresh { user, id, from: None }]).await;
    let version = read(&store, 1).await.2.version;
    commit_at(&store, NOW, [Write::PutAttempt(Attempt { version, ..rows(1).2 })]).await;
    commit_at(&store, NOW, [Write::EndSession { user, id }]).await;
    assert_eq!(read(&store, 2).await, theirs, "a write hit the row of another user with the same id");
    let ended = store.principal_of(REALM, user, id).await.found("a session").session.ended_at;
    assert_eq!(ended, Some(NOW), "the user's own session did not end");
}

/// The same with secrets: a rotation gives the new one to the session of its user.
pub async fn a_rotation_is_of_one_user(store: AnyStore) {
    put_users(&store).await;
    put(&store, 2).await;
    put(&store, 1).await;
    let theirs = read(&store, 2).await;
    commit(&store, [rotation(1, 1)]).await;
    let opened = store.principal(REALM, digest("rotated")).await.found("a session").session;
    assert_eq!((opened.user, opened.id), (user_id(1), session_id(1)), "a rotation was of another user's session");
    assert_eq!(read(&store, 2).await, theirs, "a rotation hit the session of another user with the same id");
}
