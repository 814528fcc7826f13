//! What only PostgreSQL can get wrong: locks, numbers that become visible late, connections that are lost.

#![cfg(feature = "postgres")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

mod support;

use std::time::Duration;

use futures_util::future::join_all;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use support::rows::*;
use support::{Database, postgres, without_postgres};
use tokio::time::timeout;
use usermgmt_core::id::RealmId;
use usermgmt_core::model::{Subject, UserFilter};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{
    ChangeStore as _, CommitStore as _, Guard, MembershipStore as _, OutboxStore as _, StoreErrorKind, UserStore as _,
    Write,
};
use usermgmt_sqlx::{Apply as _, Postgres};

/// Long enough for a statement that waits for nobody, on a busy machine.
const A_MOMENT: Duration = Duration::from_millis(300);

async fn with_member(store: &Postgres) -> Write {
    store.commit(changes([Write::PutOrg(org(1))])).await.unwrap();
    store.commit(changes(member(1))).await.unwrap();
    let there = store.membership(org_id(1), user_id(1)).await.unwrap().unwrap();
    Write::DeleteMembership { org: org_id(1), user: user_id(1), version: there.version }
}

/// Under an authority: one write that moves nothing it rests on, for which locks are shared, and one that does.
fn acts() -> [Write; 2] {
    [Write::PutJob(job(1)), Write::PutUser(user(2))]
}

#[tokio::test]
async fn a_removal_waits_for_the_commit_that_rests_on_the_membership() {
    if without_postgres() {
        return;
    }
    for act in acts() {
        let (_database, store) = postgres().await;
        let removal = with_member(&store).await;
        let mut acting = store.pool().begin().await.unwrap();
        let act = changes([Write::StillAuthorised(authority(1)), act]);
        let applied = plan(act).0.apply(&mut acting).await.unwrap();
        let other = store.clone();
        let mut removing = tokio::spawn(async move { other.commit(changes([removal])).await });
        assert!(timeout(A_MOMENT, &mut removing).await.is_err(), "it slipped in between the check and the commit");
        acting.commit().await.unwrap();
        applied.acknowledge();
        removing.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_commit_waits_for_the_removal_of_its_authority_and_is_refused() {
    if without_postgres() {
        return;
    }
    for act in acts() {
        let (_database, store) = postgres().await;
        let removal = with_member(&store).await;
        let mut removing = store.pool().begin().await.unwrap();
        let applied = plan(changes([removal])).0.apply(&mut removing).await.unwrap();
        let other = store.clone();
        let act = changes([Write::StillAuthorised(authority(1)), act]);
        let mut acting = tokio::spawn(async move { other.commit(act).await });
        assert!(timeout(A_MOMENT, &mut acting).await.is_err(), "it did not wait for what is being decided");
        removing.commit().await.unwrap();
        applied.acknowledge();
        assert_eq!(acting.await.unwrap().unwrap_err().kind(), StoreErrorKind::Refused(Guard::Authority));
        assert_eq!(store.user(RealmId::DEFAULT, user_id(2)).await.unwrap(), None);
        assert!(store.pending_jobs(RealmId::DEFAULT, PageRequest::first(1)).await.unwrap().items.is_empty());
    }
}

/// Two that only rest on the same authority do not wait for each other.
#[tokio::test]
async fn commits_under_one_authority_run_beside_each_other() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    with_member(&store).await;
    let mut first = store.pool().begin().await.unwrap();
    let act = |number| changes([Write::StillAuthorised(authority(1)), Write::PutJob(job(number))]);
    let applied = plan(act(1)).0.apply(&mut first).await.unwrap();
    timeout(A_MOMENT * 10, store.commit(act(2))).await.unwrap().unwrap();
    first.commit().await.unwrap();
    applied.acknowledge();
}

fn moves(number: u128) -> Write {
    Write::MoveAuthEpoch { user: user_id(number), from: 0 }
}

async fn with_users(store: &Postgres, count: u128) {
    store.commit(changes((1..=count).map(|number| Write::PutUser(user(number))))).await.unwrap();
}

async fn subjects(store: &Postgres, after: u64) -> Vec<Subject> {
    store.changes(after, 100).await.unwrap().items.into_iter().map(|change| change.subject).collect()
}

#[tokio::test]
async fn a_number_that_becomes_visible_late_is_not_passed_over() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    with_users(&store, 2).await;
    let mut late = store.pool().begin().await.unwrap();
    let applied = plan(changes([moves(1)])).0.apply(&mut late).await.unwrap();
    store.commit(changes([moves(2)])).await.unwrap();
    let before = store.change_place().await.unwrap();
    let seen = store.changes(0, 100).await.unwrap();
    assert_eq!(seen.items.iter().map(|change| change.subject).collect::<Vec<_>>(), [Subject::User(user_id(2))]);
    assert_eq!((seen.settled, before), (0, 0), "the place went on behind a number that is still to come");
    late.commit().await.unwrap();
    applied.acknowledge();
    assert_eq!(subjects(&store, 0).await, [Subject::User(user_id(1)), Subject::User(user_id(2))]);
}

#[tokio::test]
async fn a_number_that_never_comes_is_passed_over() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    with_users(&store, 2).await;
    let mut never = store.pool().begin().await.unwrap();
    let applied = plan(changes([moves(1)])).0.apply(&mut never).await.unwrap();
    store.commit(changes([moves(2)])).await.unwrap();
    never.rollback().await.unwrap();
    drop(applied);
    assert_eq!(subjects(&store, 0).await, [Subject::User(user_id(2))]);
}

/// The order of transaction ids is not that of numbers, and a transaction that concerns nobody holds nothing up.
#[tokio::test]
async fn an_older_transaction_may_take_a_later_number() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    with_users(&store, 2).await;
    let mut older = store.pool().begin().await.unwrap();
    older.execute("CREATE TABLE import (line TEXT)").await.unwrap();
    store.commit(changes([moves(2)])).await.unwrap();
    let seen = store.changes(0, 100).await.unwrap();
    assert_eq!(seen.items.len(), 1, "somebody else's long transaction keeps a revocation from the other nodes");
    let applied = plan(changes([moves(1)])).0.apply(&mut older).await.unwrap();
    older.commit().await.unwrap();
    applied.acknowledge();
    assert_eq!(subjects(&store, seen.settled).await, [Subject::User(user_id(1))], "its change was passed over");
}

/// Whoever reads on from the last number it was given sees every change once, whatever the writers' timing.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_follows_misses_nothing() {
    const WRITERS: u128 = 8;
    const EACH: u128 = 25;
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    with_users(&store, WRITERS * EACH).await;
    let writing = join_all((0..WRITERS).map(|writer| {
        let store = store.clone();
        tokio::spawn(async move {
            for number in 0..EACH {
                let mut transaction = store.pool().begin().await.unwrap();
                let writes = changes([moves(1 + writer * EACH + number)]);
                let applied = plan(writes).0.apply(&mut transaction).await.unwrap();
                // Of various length, so that they end in another order than they began.
                for _ in 0..(number * 7 + writer * 3) % 5 {
                    transaction.execute("SELECT pg_sleep(0.001)").await.unwrap();
                }
                if number % 6 == 5 {
                    transaction.rollback().await.unwrap();
                } else {
                    transaction.commit().await.unwrap();
                    applied.acknowledge();
                }
            }
        })
    }));
    let writing = tokio::spawn(writing);
    let (mut seen, mut after) = (Vec::new(), 0);
    loop {
        let ended = writing.is_finished();
        let read = store.changes(after, 7).await.unwrap();
        let items = read.items;
        assert!(items.is_sorted_by_key(|change| change.number) && items.iter().all(|change| change.number > after));
        if items.is_empty() && ended {
            break;
        }
        after = read.settled;
        seen.extend(items.into_iter().map(|change| change.subject));
    }
    writing.await.unwrap().into_iter().for_each(Result::unwrap);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), usize::try_from(WRITERS * 21).unwrap(), "a change was missed");
}

/// Ends, from another connection, the backend that is in `pg_sleep`.
async fn end_the_sleeper(store: &Postgres) {
    let name = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND wait_event = 'PgSleep'";
    while sqlx::query(name).fetch_optional(store.pool()).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }
}

/// Lets a commit sleep: at the insert of its id, or (deferred) within COMMIT itself.
async fn sleep_at(store: &Postgres, timing: &str) {
    let function = "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS \
                    $$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$";
    store.pool().execute(function).await.unwrap();
    let trigger = format!(
        "CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON usermgmt_commit {timing} FOR EACH ROW EXECUTE FUNCTION doze()"
    );
    store.pool().execute(AssertSqlSafe(trigger)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_in_commit_leaves_the_outcome_unknown() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    sleep_at(&store, "DEFERRABLE INITIALLY DEFERRED").await;
    let changes = changes([Write::PutUser(user(1))]);
    let id = changes.id();
    let (committed, ()) = tokio::join!(store.commit(changes), end_the_sleeper(&store));
    assert_eq!(committed.unwrap_err().kind(), StoreErrorKind::OutcomeUnknown);
    assert!(!store.committed(id).await.unwrap(), "it can be asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_lost_before_commit_means_unavailable_and_nothing_written() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    sleep_at(&store, "NOT DEFERRABLE").await;
    let changes = changes([Write::PutUser(user(1))]);
    let id = changes.id();
    let (committed, ()) = tokio::join!(store.commit(changes), end_the_sleeper(&store));
    assert_eq!(committed.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(!store.committed(id).await.unwrap());
    assert!(
        store.users(RealmId::DEFAULT, &UserFilter::default(), PageRequest::first(1)).await.unwrap().items.is_empty()
    );
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_is_unavailable() {
    if without_postgres() {
        return;
    }
    let failure = Postgres::connect("postgres://nobody@127.0.0.1:1/nothing").await.unwrap_err();
    assert_eq!(failure.kind(), StoreErrorKind::Unavailable);
    let (_database, store) = postgres().await;
    store.close().await;
    assert_eq!(store.commit(changes([])).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.user(RealmId::DEFAULT, user_id(1)).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_stored_row_that_makes_no_sense_is_corrupt() {
    if without_postgres() {
        return;
    }
    let (_database, store) = postgres().await;
    store.commit(changes([Write::PutUser(user(1))])).await.unwrap();
    store.pool().execute("UPDATE usermgmt_user SET status = 'asleep'").await.unwrap();
    let failure = store.user(RealmId::DEFAULT, user_id(1)).await.unwrap_err();
    assert_eq!(failure.kind(), StoreErrorKind::Corrupt);
    assert!(std::error::Error::source(&failure).unwrap().to_string().contains("usermgmt_user.status"));
}

/// A role that may read and write rows and nothing else, in a schema of ours alone.
#[tokio::test]
async fn a_restricted_role_can_run_the_store() {
    if without_postgres() {
        return;
    }
    let database = Database::empty().await;
    let admin = PgPoolOptions::new().max_connections(2).connect_with(database.options()).await.unwrap();
    let role = format!("{}_run", database.options().get_database().unwrap());
    for statement in [
        "CREATE SCHEMA auth".to_owned(),
        format!("CREATE ROLE {role} LOGIN"),
        format!("GRANT USAGE ON SCHEMA auth TO {role}"),
    ] {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let in_schema = database.options().options([("search_path", "auth")]);
    let migrating = Postgres::from_pool(PgPoolOptions::new().connect_with(in_schema.clone()).await.unwrap());
    migrating.migrate().await.unwrap();
    for statement in [
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA auth TO {role}"),
        format!("REVOKE INSERT, UPDATE, DELETE ON auth._usermgmt_migrations FROM {role}"),
        format!("GRANT USAGE, SELECT ON SEQUENCE auth.usermgmt_change_number_seq TO {role}"),
    ] {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let restricted = PgPoolOptions::new().connect_with(in_schema.username(&role)).await.unwrap();
    let store = Postgres::from_pool(restricted);
    assert_eq!(store.schema().await.unwrap(), usermgmt_sqlx::Schema::Current);
    let act = with_member(&store).await;
    store.commit(changes([Write::StillAuthorised(authority(1)), act])).await.unwrap();
    assert_eq!(store.changes(0, 9).await.unwrap().items.len(), 2);
    store.pool().execute("CREATE TABLE auth.mine (x INT)").await.unwrap_err();
    store.close().await;
    // A process of this role starts, and does not try to migrate.
    let mut url = database.options().username(&role).to_url_lossy();
    url.query_pairs_mut().append_pair("options", "-c search_path=auth");
    Postgres::connect_migrated(url.as_str()).await.unwrap().close().await;
    migrating.close().await;
    for statement in [format!("DROP OWNED BY {role}"), format!("DROP ROLE {role}")] {
        admin.execute(AssertSqlSafe(statement)).await.unwrap();
    }
}
