//! Reads on a replica that lags: what may be a moment old is, and nothing else.

use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::{AuditFilter, AuditKind, MemberFilter, RoleKey};
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{Client, NewUser, SignIn, SignInOutcome, UserMgmt};
use usermgmt_sqlx::Postgres;
use usermgmt_tests::cluster::{Cluster, Stop};

use crate::scene::{ORIGIN, PASSWORD, settings};

const DATABASE: &str = "stale";
/// Within this time a replica catches up that does so at all.
const CATCHES_UP: Duration = Duration::from_secs(30);

/// Lets a replica lag, and be away.
pub(crate) async fn reads(primary: &Cluster) {
    primary.execute("postgres", "CREATE DATABASE stale").await;
    let mut follower = primary.follower().await;
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let url = Cluster::url(primary.port(), DATABASE);
    let replica = PgPoolOptions::new().connect_lazy(&Cluster::url(follower.port(), DATABASE)).unwrap();
    let store = Postgres::connect(&url).await.unwrap().with_replica(replica);
    let process = async || {
        let builder = settings(UserMgmt::builder(store.clone(), ORIGIN, keys.clone()));
        builder.without_workers().build().await.unwrap()
    };
    let auth = process().await;
    let create = async |email| {
        let new = NewUser { email, name: "Person", password: Some(PASSWORD.into()), email_is_verified: true };
        auth.users("stale").create(new).await.unwrap()
    };
    let sign_in = async |email| {
        let entered = SignIn { email, password: PASSWORD.into(), remember: false };
        match auth.sign_in(&Client::default(), entered).await.unwrap() {
            SignInOutcome::Complete(signed_in) => *signed_in,
            other => panic!("{other:?}"),
        }
    };
    let (owner, member) = (create("owner@example.test").await, create("member@example.test").await);
    let org = auth.organizations("stale").create(owner, "Team").await.unwrap();
    auth.organizations("stale").add_member(org, member, &[RoleKey::new("reader")]).await.unwrap();
    let (removed, leaving) = (sign_in("member@example.test").await, sign_in("owner@example.test").await);
    assert!(auth.scope(&removed.principal).is_ok());
    caught_up(primary, &follower).await;
    follower.execute(DATABASE, "SELECT pg_wal_replay_pause()").await;

    auth.organizations("stale").remove_member(org, member).await.unwrap();
    auth.sign_out(&Client::default(), &leaving.principal).await.unwrap();
    let listed = async || {
        let (filter, page) = (AuditFilter::default(), PageRequest::first(50));
        let page = auth.audit_log(Some(org)).events(&filter, page).await.unwrap();
        page.items.iter().any(|event| event.kind == AuditKind::MemberRemoved)
    };
    assert!(!listed().await, "the page was not read on the replica");
    // Here, and in a process that has nothing in memory.
    for process in [auth.clone(), process().await] {
        let principal = process.principal(&removed.session).await.unwrap().unwrap();
        assert!(process.scope(&principal).is_err(), "a removed member was let in");
        assert!(process.principal(&leaving.session).await.unwrap().is_none(), "an ended session was let in");
    }
    // What a person has just done they see, and the chain is followed where it is sealed.
    let members =
        auth.organizations("stale").members(org, &MemberFilter::default(), PageRequest::first(9)).await.unwrap();
    assert_eq!(members.items.len(), 1, "the list of members is old");
    auth.audit_log(Some(org)).verify(None).await.unwrap();

    follower.execute(DATABASE, "SELECT pg_wal_replay_resume()").await;
    let begun = Instant::now();
    while !listed().await {
        assert!(begun.elapsed() < CATCHES_UP, "the replica does not catch up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    follower.stop(Stop::Kill).await;
    let begun = Instant::now();
    assert!(listed().await, "the primary answers when the replica is away");
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(6), "{waited:?}");
    println!(
        "a replica that lags: its page lacks the last event, every check refuses at once; away: {waited:.2?} once"
    );
    auth.shutdown().await;
    store.close().await;
}

/// Waits until the follower has what the primary has.
async fn caught_up(primary: &Cluster, follower: &Cluster) {
    let place = primary.ask("postgres", "pg_current_wal_lsn()").await;
    let there = format!("pg_last_wal_replay_lsn() >= '{place}'::pg_lsn");
    let begun = Instant::now();
    while follower.ask("postgres", &there).await != "true" {
        assert!(begun.elapsed() < CATCHES_UP, "the replica does not catch up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
