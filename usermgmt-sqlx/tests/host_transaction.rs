//! A plan applied in the application's transaction: both become true together, or neither.

#![cfg(any(feature = "sqlite", feature = "postgres"))]

mod support;

use std::sync::atomic::Ordering;

use support::rows::{changes, org, org_id, plan, user};
use usermgmt_core::id::RealmId;
use usermgmt_core::model::Version;
use usermgmt_core::store::{CommitStore as _, OrgStore as _, StoreErrorKind, UserStore as _, Write};
use usermgmt_sqlx::Apply as _;

macro_rules! host_transaction_tests {
    ($fresh:ident, $begin:literal, $left_out:expr) => {
        async fn workspaces(store: &Store) -> i64 {
            sqlx::query_scalar("SELECT count(*) FROM workspace").fetch_one(store.pool()).await.unwrap()
        }

        async fn begin(store: &Store) -> sqlx::Transaction<'static, Database> {
            sqlx::query("CREATE TABLE IF NOT EXISTS workspace (org_id TEXT NOT NULL REFERENCES usermgmt_org (id))")
                .execute(store.pool())
                .await
                .unwrap();
            store.pool().begin_with($begin).await.unwrap()
        }

        async fn insert(transaction: &mut sqlx::Transaction<'static, Database>, number: u128) {
            let insert = sqlx::query("INSERT INTO workspace (org_id) VALUES ($1)").bind(org_id(number).to_string());
            insert.execute(&mut **transaction).await.unwrap();
        }

        #[tokio::test]
        async fn both_become_true_together() {
            if $left_out {
                return;
            }
            let (_guard, store) = $fresh().await;
            let mut transaction = begin(&store).await;
            let changes = changes([Write::PutUser(user(1)), Write::PutOrg(org(1))]);
            let commit = changes.id();
            let (plan, caches) = plan(changes);
            let applied = plan.apply(&mut transaction).await.unwrap();
            insert(&mut transaction, 1).await;
            assert_eq!(store.org(RealmId::DEFAULT, org_id(1)).await.unwrap(), None, "seen before the commit");
            transaction.commit().await.unwrap();
            assert_eq!(caches.0.load(Ordering::SeqCst), 0);
            assert_eq!(applied.acknowledge(), "done");
            assert_eq!(caches.0.load(Ordering::SeqCst), 1);
            assert!(store.org(RealmId::DEFAULT, org_id(1)).await.unwrap().is_some());
            assert!(store.committed(commit).await.unwrap());
            assert_eq!(workspaces(&store).await, 1);
        }

        #[tokio::test]
        async fn a_rollback_takes_both_back() {
            if $left_out {
                return;
            }
            let (_guard, store) = $fresh().await;
            let mut transaction = begin(&store).await;
            let changes = changes([Write::PutOrg(org(1))]);
            let commit = changes.id();
            let applied = plan(changes).0.apply(&mut transaction).await.unwrap();
            insert(&mut transaction, 1).await;
            transaction.rollback().await.unwrap();
            drop(applied);
            assert_eq!(store.org(RealmId::DEFAULT, org_id(1)).await.unwrap(), None);
            assert!(!store.committed(commit).await.unwrap());
            assert_eq!(workspaces(&store).await, 0);
        }

        #[tokio::test]
        async fn a_plan_that_fails_leaves_nothing_and_the_application_may_go_on() {
            if $left_out {
                return;
            }
            let (_guard, store) = $fresh().await;
            let mut transaction = begin(&store).await;
            let first = plan(changes([Write::PutOrg(org(1))])).0.apply(&mut transaction).await.unwrap();
            let mut stale = org(2);
            stale.version = Version::from_u64(7);
            let failing = changes([Write::PutUser(user(1)), Write::PutOrg(stale)]);
            let commit = failing.id();
            let failure = plan(failing).0.apply(&mut transaction).await.err().unwrap();
            assert_eq!(failure.kind(), StoreErrorKind::Conflict);
            insert(&mut transaction, 1).await;
            transaction.commit().await.unwrap();
            first.acknowledge();
            assert!(
                store
                    .users(
                        RealmId::DEFAULT,
                        &usermgmt_core::model::UserFilter::default(),
                        usermgmt_core::page::PageRequest::first(1)
                    )
                    .await
                    .unwrap()
                    .items
                    .is_empty()
            );
            assert!(!store.committed(commit).await.unwrap());
            assert_eq!(workspaces(&store).await, 1);
        }

        #[tokio::test]
        async fn several_plans_may_share_a_transaction() {
            if $left_out {
                return;
            }
            let (_guard, store) = $fresh().await;
            let mut transaction = begin(&store).await;
            let mut applied = Vec::new();
            let plans = [
                vec![Write::PutOrg(org(1))],
                vec![Write::MoveRights { org: org_id(1), user: None }],
                vec![Write::MoveRights { org: org_id(1), user: None }],
            ];
            for writes in plans {
                applied.push(plan(changes(writes)).0.apply(&mut transaction).await.unwrap());
            }
            transaction.commit().await.unwrap();
            assert!(applied.into_iter().all(|applied| applied.acknowledge() == "done"));
            let changes = usermgmt_core::store::ChangeStore::changes(&store, 0, 9).await.unwrap();
            assert_eq!(changes.items.len(), 2);
        }
    };
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use crate::support::sqlite;

    type Database = sqlx::Sqlite;
    type Store = usermgmt_sqlx::Sqlite;

    host_transaction_tests!(sqlite, "BEGIN IMMEDIATE", false);
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use crate::support::{postgres, without_postgres};

    type Database = sqlx::Postgres;
    type Store = usermgmt_sqlx::Postgres;

    host_transaction_tests!(postgres, "BEGIN", without_postgres());
}
