//! What only SQLite can get wrong.

#![cfg(feature = "sqlite")]

mod support;

use std::time::Duration;

use sqlx::Executor as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use support::rows::*;
use support::sqlite;
use usermgmt_core::id::RealmId;
use usermgmt_core::model::UserFilter;
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{CommitStore as _, SessionStore as _, StoreErrorKind, UserStore as _, Write};
use usermgmt_sqlx::{Apply as _, Sqlite};

#[tokio::test]
async fn a_writer_that_never_ends_is_a_conflict_and_nothing_is_written() {
    let (folder, store) = sqlite().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join("test.db"));
    let pool = SqlitePoolOptions::new().connect_with(options.busy_timeout(Duration::from_millis(20))).await.unwrap();
    let impatient = Sqlite::from_pool(pool);
    let endless = store.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(impatient.commit(sign_up(1)).await.unwrap_err().kind(), StoreErrorKind::Conflict);
    endless.rollback().await.unwrap();
    assert!(
        store.users(RealmId::DEFAULT, &UserFilter::default(), PageRequest::first(1)).await.unwrap().items.is_empty()
    );
    impatient.commit(sign_up(1)).await.unwrap();
}

/// The write-ahead log lets readers see the last commit while the next is being made.
#[tokio::test]
async fn readers_do_not_wait_for_a_writer() {
    let (_folder, store) = sqlite().await;
    store.commit(sign_up(1)).await.unwrap();
    let mut writing = store.pool().begin_with("BEGIN IMMEDIATE").await.unwrap();
    let applied = plan(changes([Write::MoveAuthEpoch { user: user_id(1), from: 0 }])).0;
    let applied = applied.apply(&mut writing).await.unwrap();
    let seen = store.principal(RealmId::DEFAULT, digest(1)).await.unwrap().unwrap();
    assert_eq!(seen.user.auth_epoch, 0);
    writing.commit().await.unwrap();
    applied.acknowledge();
    assert_eq!(store.principal(RealmId::DEFAULT, digest(1)).await.unwrap().unwrap().user.auth_epoch, 1);
}

/// With samples of values SQLite would prepare most of our reads anew for each call.
#[tokio::test]
async fn analysing_through_the_pool_collects_no_samples() {
    let (_folder, store) = sqlite().await;
    store.commit(sign_up(1)).await.unwrap();
    store.pool().execute("ANALYZE").await.unwrap();
    let count = |query| sqlx::query_scalar::<_, i64>(query).fetch_one(store.pool());
    assert_ne!(count("SELECT count(*) FROM sqlite_stat1").await.unwrap(), 0);
    assert_eq!(count("SELECT count(*) FROM sqlite_stat4").await.unwrap(), 0);
}

/// A call that is given up half way (the client went away) neither leaves half a commit nor the others waiting.
#[tokio::test(flavor = "multi_thread")]
async fn commits_that_are_given_up_leave_nothing_behind() {
    let (_folder, store) = sqlite().await;
    for number in 1..=60 {
        let patience = Duration::from_micros(15 * u64::try_from(number).unwrap());
        let _ = tokio::time::timeout(patience, store.commit(sign_up(number))).await;
    }
    store.commit(sign_up(1000)).await.unwrap();
    for number in 1..=60 {
        let user = store.user(RealmId::DEFAULT, user_id(number)).await.unwrap();
        let session = store.principal(RealmId::DEFAULT, digest(number)).await.unwrap();
        assert_eq!(user.is_some(), session.is_some(), "half of commit {number} is there");
    }
}

#[tokio::test]
async fn a_stored_row_that_makes_no_sense_is_corrupt() {
    for (statement, place) in [
        ("UPDATE usermgmt_session SET proofs = '[{}]'", "usermgmt_session.proofs"),
        ("UPDATE usermgmt_session SET digest = x'00'", "usermgmt_session.digest"),
        ("UPDATE usermgmt_session SET expires_at = 9223372036854775807", "usermgmt_session.expires_at"),
        ("UPDATE usermgmt_session SET label = NULL, realm = 'usr_1'", "usermgmt_session.realm"),
        ("UPDATE usermgmt_user SET status = 'asleep'", "usermgmt_user.status"),
        ("UPDATE usermgmt_user SET version = 0", "usermgmt_user.version"),
        ("UPDATE usermgmt_user SET created_at = -9223372036854775807", "usermgmt_user.created_at"),
    ] {
        let (_folder, store) = sqlite().await;
        store.commit(sign_up(1)).await.unwrap();
        store.pool().execute(statement).await.unwrap();
        let failure = match store.user(RealmId::DEFAULT, user_id(1)).await {
            Err(failure) => failure,
            Ok(_) => store.sessions(user_id(1), NOW, PageRequest::first(1)).await.unwrap_err(),
        };
        assert_eq!(failure.kind(), StoreErrorKind::Corrupt);
        let source = std::error::Error::source(&failure).unwrap().to_string();
        assert!(source.contains(place), "{source} should name {place}");
    }
}
