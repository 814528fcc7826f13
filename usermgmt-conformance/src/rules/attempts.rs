//! Attempts: sign-ins that have begun, completed once.

use usermgmt_core::model::{Attempt, Method, Proof, Version};
use usermgmt_core::store::{Guard, StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, MICRO, REALM, at, attempt, attempt_id, commit, commit_at, digest, fails_at, org, org_id, proof,
    refuses, user, user_id,
};

const FIRST: Version = Version::NEW.next();
const OVER: StoreErrorKind = StoreErrorKind::Refused(Guard::Attempt);

fn consume(number: u128) -> [Write; 1] {
    [Write::ConsumeAttempt { user: user_id(1), id: attempt_id(number) }]
}

async fn put(store: &AnyStore, attempts: &[Attempt]) {
    let parents = [Write::PutUser(user(1)), Write::PutOrg(org(1))];
    commit(store, parents.into_iter().chain(attempts.iter().cloned().map(Write::PutAttempt))).await;
}

async fn read(store: &AnyStore, put: &Attempt) -> Attempt {
    store.attempt(REALM, put.digest).await.found("an attempt")
}

/// Every column of an attempt comes back as it was put, live or not.
pub async fn an_attempt_is_returned_as_it_was_put(store: AnyStore) {
    let rich = Attempt {
        browser: digest("other browser"),
        proofs: vec![proof(9), Proof { method: Method::Email, at: at(-3) }, proof(5)],
        canonical: "other@example.test".to_owned(),
        org: Some(org_id(1)),
        persistent: true,
        auth_epoch: 7,
        consumed_at: Some(at(4)),
        expires_at: at(2),
        created_at: at(-7),
        ..attempt(2, 1)
    };
    let all = [attempt(1, 1), rich, Attempt { proofs: Vec::new(), ..attempt(3, 1) }];
    put(&store, &all).await;
    for put in all {
        let wanted = Attempt { version: FIRST, ..put };
        assert_eq!(read(&store, &wanted).await, wanted, "an attempt does not come back as it was put");
    }
    let unknown = store.attempt(REALM, digest("unknown")).await.answer();
    assert_eq!(unknown, None, "an attempt was made up for a digest that nobody has");
}

/// A replacing put adds proofs and a choice; a new secret replaces the old one.
pub async fn an_attempt_can_be_replaced(store: AnyStore) {
    put(&store, &[attempt(1, 1)]).await;
    let edited = Attempt {
        digest: digest("another secret"),
        proofs: vec![proof(0), Proof { method: Method::Email, at: at(30) }],
        org: Some(org_id(1)),
        persistent: true,
        expires_at: at(900),
        version: FIRST,
        ..attempt(1, 1)
    };
    commit(&store, [Write::PutAttempt(edited.clone())]).await;
    let wanted = Attempt { version: FIRST.next(), ..edited };
    assert_eq!(read(&store, &wanted).await, wanted, "a replacing put of an attempt did not set what it may set");
    let old = store.attempt(REALM, attempt(1, 1).digest).await.answer();
    assert_eq!(old, None, "an attempt is still found by the secret that it no longer has");
}

/// An attempt is completed once, at the time of the commit.
pub async fn an_attempt_is_consumed_once(store: AnyStore) {
    put(&store, &[attempt(1, 1), attempt(2, 1)]).await;
    commit_at(&store, at(5), consume(1)).await;
    assert_eq!(read(&store, &attempt(1, 1)).await.consumed_at, Some(at(5)), "an attempt does not say when it ended");
    fails_at(&store, at(6), OVER, "an attempt that was completed must not be completed again", consume(1)).await;
    assert_eq!(read(&store, &attempt(1, 1)).await.consumed_at, Some(at(5)), "a refused completion changed the attempt");
    assert_eq!(read(&store, &attempt(2, 1)).await.consumed_at, None, "completing one attempt completed another");
    refuses(&store, Guard::Attempt, "an attempt that does not exist cannot be completed", consume(9)).await;
}

/// An attempt lives while the commit's time is before `expires_at`, and not at that very time.
pub async fn an_attempt_can_be_consumed_until_it_expires(store: AnyStore) {
    put(&store, &[attempt(1, 1), attempt(2, 1)]).await;
    let end = attempt(1, 1).expires_at;
    fails_at(&store, end, OVER, "at `expires_at` an attempt is no longer live", consume(1)).await;
    fails_at(&store, end + MICRO, OVER, "an attempt that has expired must not be completed", consume(1)).await;
    commit_at(&store, end - MICRO, consume(2)).await;
}

/// Completing moves the version, so whoever read the attempt before cannot bring it back to life.
pub async fn a_completed_attempt_cannot_be_brought_back(store: AnyStore) {
    put(&store, &[attempt(1, 1)]).await;
    commit_at(&store, at(5), consume(1)).await;
    let stale = Attempt { version: FIRST, ..attempt(1, 1) };
    let why = "an attempt that was completed meanwhile was replaced from the version before";
    fails_at(&store, at(6), StoreErrorKind::Conflict, why, [Write::PutAttempt(stale)]).await;
    fails_at(&store, at(6), OVER, "a completed attempt lives again", consume(1)).await;
}
