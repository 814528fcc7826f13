//! Many writers at once.

#![cfg(any(feature = "sqlite", feature = "postgres"))]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot be prepared has failed"
)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use support::rows::*;
use usermgmt_core::id::RealmId;
use usermgmt_core::model::{MemberFilter, UserFilter};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{Committed, Guard, Store, StoreError, StoreErrorKind, Write};

const WRITERS: u128 = 100;

/// Runs the commits at once, each in a task of its own; answers what each said and how long it took.
async fn at_once<S: Store + Clone>(
    stores: &[S],
    changes: impl Fn(u128) -> usermgmt_core::store::ChangeSet,
) -> Vec<(Result<Committed, StoreError>, Duration)> {
    let barrier = Arc::new(tokio::sync::Barrier::new(usize::try_from(WRITERS).unwrap()));
    let tasks = (0..WRITERS).zip(stores.iter().cycle()).map(|(number, store)| {
        let (store, changes, barrier) = (store.clone(), changes(number), Arc::clone(&barrier));
        tokio::spawn(async move {
            barrier.wait().await;
            let begun = Instant::now();
            (store.commit(changes).await, begun.elapsed())
        })
    });
    join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

fn print(what: &str, took: impl Iterator<Item = Duration>) {
    let mut took: Vec<_> = took.collect();
    took.sort_unstable();
    println!("{what}: median {:?}, longest {:?}", took.get(took.len() / 2).unwrap(), took.last().unwrap());
}

/// Independent commits all succeed; nobody is told that the database is busy.
async fn all_succeed<S: Store + Clone>(name: &str, stores: &[S]) {
    let done = at_once(stores, sign_up).await;
    for (result, _) in &done {
        result.as_ref().unwrap();
    }
    print(name, done.iter().map(|(_, took)| *took));
    let users =
        stores.first().unwrap().users(RealmId::DEFAULT, &UserFilter::default(), PageRequest::first(200)).await.unwrap();
    assert_eq!(users.items.len(), usize::try_from(WRITERS).unwrap());
}

/// Of many commits made from the same version one succeeds; the others are told.
async fn one_wins<S: Store + Clone>(stores: &[S]) {
    let store = stores.first().unwrap();
    store.commit(changes([Write::PutOrg(org(1))])).await.unwrap();
    let read = store.org(RealmId::DEFAULT, org_id(1)).await.unwrap().unwrap();
    let done = at_once(stores, |_| changes([Write::PutOrg(read.clone())])).await;
    let won = done.iter().filter(|(result, _)| result.is_ok()).count();
    let lost = done
        .iter()
        .filter(|(result, _)| result.as_ref().is_err_and(|failure| failure.kind() == StoreErrorKind::Conflict));
    assert_eq!((won, lost.count()), (1, usize::try_from(WRITERS).unwrap() - 1));
}

/// Members of one organisation act at once, each under its own authority and each moving the organisation, which is
/// the usual shape. Whoever meets a conflict reads again and tries again, as a flow does.
async fn an_anchor_takes_turns<S: Store + Clone>(store: &S) {
    const MEMBERS: u128 = 12;
    store.commit(changes([Write::PutOrg(org(1))])).await.unwrap();
    for number in 1..=MEMBERS {
        store.commit(changes(member(number))).await.unwrap();
    }
    let begun = Instant::now();
    let tasks = (1..=MEMBERS).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            store.commit(changes([Write::PutUser(user(1000 + number))])).await.unwrap();
            for tries in 1..100 {
                let mut anchor = store.org(RealmId::DEFAULT, org_id(1)).await.unwrap().unwrap();
                anchor.members += 1;
                let writes = [
                    Write::StillAuthorised(authority(number)),
                    Write::PutOrg(anchor),
                    Write::PutMembership(membership(1, 1000 + number)),
                ];
                match store.commit(changes(writes)).await {
                    Ok(_) => return tries,
                    Err(failure) => assert_eq!(failure.kind(), StoreErrorKind::Conflict, "{failure:?}"),
                }
            }
            panic!("so many conflicts are no conflicts: they come from the locks");
        })
    });
    let tries: u32 = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    println!("{MEMBERS} members moved one organisation in {:?} with {tries} commits", begun.elapsed());
    let anchor = store.org(RealmId::DEFAULT, org_id(1)).await.unwrap().unwrap();
    let members = store.members(org_id(1), &MemberFilter::default(), PageRequest::first(200)).await.unwrap().items;
    assert_eq!((u128::from(anchor.members), members.len()), (1 + MEMBERS, 2 * usize::try_from(MEMBERS).unwrap()));
}

/// A member is removed while acting: whichever comes first, nothing of a removed member is committed after it.
async fn authority_ends_before_it_is_used<S: Store + Clone>(store: &S) {
    store.commit(changes([Write::PutOrg(org(1))])).await.unwrap();
    for number in 1..=20 {
        store.commit(changes(member(number))).await.unwrap();
        let there = store.membership(org_id(1), user_id(number)).await.unwrap().unwrap();
        let act = changes([Write::StillAuthorised(authority(number)), Write::PutUser(user(1000 + number))]);
        let removal = Write::DeleteMembership { org: org_id(1), user: user_id(number), version: there.version };
        let (acted, removed) = tokio::join!(store.commit(act), store.commit(changes([removal])));
        removed.unwrap();
        if let Err(failure) = acted {
            assert_eq!(failure.kind(), StoreErrorKind::Refused(Guard::Authority));
        }
        let late = changes([Write::StillAuthorised(authority(number)), Write::PutUser(user(2000 + number))]);
        assert_eq!(store.commit(late).await.unwrap_err().kind(), StoreErrorKind::Refused(Guard::Authority));
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use crate::support::sqlite;

    #[tokio::test(flavor = "multi_thread")]
    async fn all_succeed() {
        let (_folder, store) = sqlite().await;
        super::all_succeed("100 parallel commits, SQLite", &[store]).await;
    }

    /// As two processes do, which share the file and nothing else.
    #[tokio::test(flavor = "multi_thread")]
    async fn all_succeed_from_two_processes() {
        let (folder, store) = sqlite().await;
        let other = usermgmt_sqlx::Sqlite::open(folder.path().join("test.db")).await.unwrap();
        super::all_succeed("100 parallel commits of two stores, SQLite", &[store, other]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_wins() {
        super::one_wins(&[sqlite().await.1]).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_anchor_takes_turns() {
        let (_folder, store) = sqlite().await;
        super::an_anchor_takes_turns(&store).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn authority_ends_before_it_is_used() {
        let (_folder, store) = sqlite().await;
        super::authority_ends_before_it_is_used(&store).await;
    }

    /// A commit and the session check beside it, one after the other: printed, not judged.
    #[tokio::test]
    async fn latency() {
        let (_folder, store) = sqlite().await;
        super::latency("SQLite", &store).await;
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use crate::support::{postgres, without_postgres};

    #[tokio::test(flavor = "multi_thread")]
    async fn all_succeed() {
        if !without_postgres() {
            let (_database, store) = postgres().await;
            super::all_succeed("100 parallel commits, PostgreSQL", &[store]).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_wins() {
        if !without_postgres() {
            let (_database, store) = postgres().await;
            super::one_wins(&[store]).await;
        }
    }

    /// Locks are taken as strongly as they will be needed, in one order: nobody has to be broken up as a deadlock.
    #[tokio::test(flavor = "multi_thread")]
    async fn an_anchor_takes_turns_without_deadlocks() {
        if !without_postgres() {
            let (database, store) = postgres().await;
            super::an_anchor_takes_turns(&store).await;
            let name = database.options().get_database().unwrap().to_owned();
            let deadlocks = sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = $1");
            let deadlocks: i64 = deadlocks.bind(name).fetch_one(store.pool()).await.unwrap();
            assert_eq!(deadlocks, 0);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn authority_ends_before_it_is_used() {
        if !without_postgres() {
            let (_database, store) = postgres().await;
            super::authority_ends_before_it_is_used(&store).await;
        }
    }

    #[tokio::test]
    async fn latency() {
        if !without_postgres() {
            let (_database, store) = postgres().await;
            super::latency("PostgreSQL", &store).await;
        }
    }
}

async fn latency<S: Store>(name: &str, store: &S) {
    store.commit(changes([Write::PutOrg(org(1))])).await.unwrap();
    let mut took = Vec::new();
    for number in 1..=300 {
        let begun = Instant::now();
        store.commit(sign_up(number)).await.unwrap();
        took.push(begun.elapsed());
    }
    print(&format!("one commit of five rows, {name}"), took.drain(..));
    for number in 1..=300 {
        let begun = Instant::now();
        assert!(store.principal(RealmId::DEFAULT, digest(number)).await.unwrap().is_some());
        took.push(begun.elapsed());
    }
    print(&format!("one session check, {name}"), took.drain(..));
    let charges = |number: u8| {
        [1, 2].map(|kind| usermgmt_core::store::Charge {
            key: usermgmt_core::store::ThrottleKey::from_bytes([number.wrapping_mul(kind); 32]),
            limit: 100_000,
            window: time::Duration::HOUR,
        })
    };
    for number in 1..=250 {
        let begun = Instant::now();
        assert!(store.charge(&charges(number), NOW).await.unwrap().is_none());
        took.push(begun.elapsed());
    }
    print(&format!("one charge on two counters, {name}"), took.drain(..));
}
