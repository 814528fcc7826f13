//! Chains of refresh tokens.

use usermgmt_core::model::{Refresh, Session};
use usermgmt_core::store::{StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{Answer, Found, REALM, at, changes_at, commit, commit_at, fails, session, session_id, user, user_id};

const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;

async fn put(store: &AnyStore) {
    commit(store, [Write::PutUser(user(1)), Write::PutSession(session(1, 1)), Write::PutSession(session(2, 1))]).await;
}

async fn read(store: &AnyStore, number: u128) -> Session {
    store.principal_of(REALM, user_id(1), session_id(number)).await.found("a session").session
}

fn rotate(number: u128, from: Option<u32>) -> Write {
    Write::RotateRefresh { user: user_id(1), id: session_id(number), from }
}

/// A chain begins with number 1 and grows by one; number and time are all that changes.
pub async fn a_chain_of_refresh_tokens_grows_by_one(store: AnyStore) {
    put(&store).await;
    for (number, from) in (1..).zip([None, Some(1), Some(2)]) {
        let now = at(i64::from(number) * 50);
        commit_at(&store, now, [rotate(1, from)]).await;
        let refresh = Some(Refresh { generation: number, rotated_at: now });
        let wanted = Session { refresh, ..session(1, 1) };
        assert_eq!(read(&store, 1).await, wanted, "not exactly number and time of the chain have changed");
    }
    assert_eq!(read(&store, 2).await, session(2, 1), "the chain of another session has moved");
}

/// A chain moves from the number it has and from no other: of several that start from one number, one wins.
pub async fn a_chain_moves_from_its_present_number(store: AnyStore) {
    put(&store).await;
    let why = "a chain moved from a number that it does not have";
    for from in [Some(0), Some(1), Some(u32::MAX)] {
        fails(&store, CONFLICT, why, [rotate(1, from)]).await;
    }
    fails(&store, CONFLICT, "a chain moved for a session that is not there", [rotate(9, None)]).await;
    commit(&store, [rotate(1, None)]).await;
    commit(&store, [rotate(1, Some(1))]).await;
    for from in [None, Some(0), Some(1), Some(3)] {
        fails(&store, CONFLICT, why, [rotate(1, from)]).await;
    }
    let generation = read(&store, 1).await.refresh.map(|refresh| refresh.generation);
    assert_eq!(generation, Some(2), "{why}");
}

/// The chain of a session that has ended does not move, and does not bring it back.
pub async fn a_chain_ends_with_its_session(store: AnyStore) {
    put(&store).await;
    commit(&store, [rotate(1, None)]).await;
    commit(&store, [Write::EndSession { user: user_id(1), id: session_id(1) }]).await;
    let before = read(&store, 1).await;
    for (number, from) in [(1, Some(1)), (1, None)] {
        fails(&store, CONFLICT, "the chain of a session that has ended moved", [rotate(number, from)]).await;
    }
    let both = [Write::EndSession { user: user_id(1), id: session_id(2) }, rotate(2, None)];
    fails(&store, CONFLICT, "a chain moved in the commit that ends its session", both).await;
    assert_eq!(read(&store, 1).await, before, "a rotation that met a conflict changed the session");
}

/// Moving a chain on changes nobody's standing: nothing is appended to the change sequence.
pub async fn a_chain_that_moves_appends_nothing(store: AnyStore) {
    put(&store).await;
    let changes = changes_at(at(1), [rotate(1, None)]);
    assert!(changes.subjects().is_empty(), "a chain that moves makes a principal wrong");
    let place = store.change_place().await.answer();
    commit(&store, [rotate(1, None)]).await;
    let appended = store.changes(place, 9).await.answer().items;
    assert!(appended.is_empty(), "a chain that moves was appended to the change sequence: {appended:?}");
}
