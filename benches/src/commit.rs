//! Making an organisation, beside hand-written SQL that leaves the same rows.

use std::sync::Arc;

use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Row as _, Sqlite, SqlitePool};
use usermgmt_core::id::{CommitId, EventId, OrgId};
use usermgmt_core::proof::Principal;
use usermgmt_service::{Client, HashCost, UserMgmt};

use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::world::{self, World};

/// Tables that either way writes to.
const TABLES: [&str; 6] =
    ["usermgmt_commit", "usermgmt_org", "usermgmt_slug", "usermgmt_membership", "usermgmt_audit", "usermgmt_change"];

pub(crate) fn run(report: &mut Report) {
    let (rounds, ops) = (report.volume(30, 3), report.volume(100, 20));
    report.note(
        "SQLite, one at a time. By hand: one transaction with the same statements, ids and rows, in the order in which",
    );
    report.note("the library sends them, its check of the caller's authority included; no types, no retry, no proof.");
    let runtime = world::single();
    let (world, principal) = runtime.block_on(async {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder).await;
        let (_, principal) = world.member("ann@example.test").await;
        (world, principal)
    });
    // A connection of its own for writing, as the store has one.
    let writer = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
    let options = world.store.pool().connect_options();
    let pool = &runtime.block_on(writer.connect_with(options.as_ref().clone())).expect("a connection");
    let before = runtime.block_on(rows(pool));
    runtime.block_on(by_library(&world.auth, &principal));
    let between = runtime.block_on(rows(pool));
    runtime.block_on(by_hand(&world.auth, pool, &principal));
    let after = runtime.block_on(rows(pool));
    let left: Vec<i64> = between.iter().zip(&before).map(|(after, before)| after - before).collect();
    let same: Vec<i64> = after.iter().zip(&between).map(|(after, before)| after - before).collect();
    assert_eq!(left, same, "both ways leave the same rows in {TABLES:?}");

    let (mut hand, mut library) = (Cost::default(), Cost::default());
    for _ in 0..rounds {
        hand.round(ops, |ops| {
            runtime.block_on(async {
                for _ in 0..ops {
                    by_hand(&world.auth, pool, &principal).await;
                }
            });
        });
        library.round(ops, |ops| {
            runtime.block_on(async {
                for _ in 0..ops {
                    by_library(&world.auth, &principal).await;
                }
            });
        });
    }
    let line = |name: &str, cost: &Cost| {
        let allocations = format!("{:.0}", cost.median_allocations());
        vec![name.to_owned(), us(cost.median_cpu()), us(cost.median_wall()), allocations]
    };
    let cpu = paired(&library.cpu, &hand.cpu, |library, hand| library / hand);
    let wall = paired(&library.wall, &hand.wall, |library, hand| library / hand);
    report.table(&[
        row(["an organisation", "CPU", "wall", "allocations"]),
        line("by hand (baseline)", &hand),
        line("orgs().create", &library),
    ]);
    let what = "making an organisation beside the same rows by hand";
    report.state(
        what,
        format!("{cpu:.2} × CPU, {wall:.2} × wall ({} beside {})", us(library.median_cpu()), us(hand.median_cpu())),
    );
}

async fn rows(pool: &SqlitePool) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        counts.push(sqlx::query(sql).fetch_one(pool).await.expect("a count").get(0));
    }
    counts
}

async fn by_library(auth: &UserMgmt, principal: &Arc<Principal>) {
    auth.orgs().create(&Client::default(), principal, "Quill & Co").await.expect("an organisation");
}

async fn by_hand(auth: &UserMgmt, pool: &SqlitePool, principal: &Principal) {
    let (now, random) = (auth.now(), auth.random());
    let micros = i64::try_from(now.unix_timestamp_nanos() / 1_000).expect("a time");
    let org = OrgId::new(random, now).expect("randomness").to_string();
    let (user, realm) = (principal.user().to_string(), auth.realm().to_string());
    let known = sqlx::query(
        "SELECT id, realm, name, locale, status, auth_epoch, created_at, version FROM usermgmt_user WHERE id = $1 AND realm = $2",
    );
    assert!(known.bind(&user).bind(&realm).fetch_optional(pool).await.expect("an answer").is_some());

    let mut write = pool.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
    let commit = CommitId::new(random, now).expect("randomness").to_string();
    let remember = sqlx::query("INSERT INTO usermgmt_commit (id, committed_at) VALUES ($1, $2)").bind(commit);
    remember.bind(micros).execute(&mut *write).await.expect("written");
    let standing = authority(principal).fetch_optional(&mut *write).await.expect("an answer");
    assert!(standing.is_some(), "the caller's authority stands");
    let insert = sqlx::query(
        "INSERT INTO usermgmt_org (id, realm, slug, name, status, owners, members, roles, policy, rights_version, \
         policy_epoch, created_at, version) VALUES ($1, $2, $1, $3, 'active', 1, 1, '[]', '{}', 1, 1, $4, 1)",
    );
    let insert = insert.bind(&org).bind(&realm).bind("Quill & Co").bind(micros);
    insert.execute(&mut *write).await.expect("written");
    let insert = sqlx::query("INSERT INTO usermgmt_slug (org_id, realm, slug) VALUES ($1, $2, $1)");
    insert.bind(&org).bind(&realm).execute(&mut *write).await.expect("written");
    let insert = sqlx::query(
        "INSERT INTO usermgmt_membership (org_id, user_id, roles, status, rights_version, created_at, version) \
         VALUES ($1, $2, '[\"owner\"]', 'active', $3, $3, 1)",
    );
    insert.bind(&org).bind(&user).bind(micros).execute(&mut *write).await.expect("written");
    for (kind, detail) in [("org.created", "{}"), ("member.added", r#"{"roles":["owner"]}"#)] {
        let mut salt = [0_u8; 16];
        random.fill(&mut salt).expect("randomness");
        let event = EventId::new(random, now).expect("randomness").to_string();
        let insert = sqlx::query(
            "INSERT INTO usermgmt_audit (chain, id, realm, org_id, kind, outcome, actor, actor_user_id, detail, salt, \
             happened_at, key_id, tag) VALUES ($1, $2, $3, $1, $4, 'success', 'user', $5, $6, $7, $8, '', $7)",
        );
        let insert = insert.bind(&org).bind(event).bind(&realm).bind(kind).bind(&user).bind(detail);
        insert.bind(salt.as_slice()).bind(micros).execute(&mut *write).await.expect("written");
    }
    let insert = sqlx::query("INSERT INTO usermgmt_change (org_id, user_id, changed_at) VALUES ($1, $2, $3)");
    insert.bind(&org).bind(&user).bind(micros).execute(&mut *write).await.expect("written");
    write.commit().await.expect("committed");
}

/// The check that the library makes in the same transaction.
fn authority(principal: &Principal) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    let authority = principal.authority();
    assert!(authority.member.is_none(), "making an organisation rests on no membership");
    sqlx::query(
        "SELECT 1 FROM usermgmt_user JOIN usermgmt_session ON usermgmt_session.user_id = usermgmt_user.id \
         WHERE usermgmt_user.id = $1 AND usermgmt_user.auth_epoch = $2 AND usermgmt_user.status = 'active' \
         AND usermgmt_session.id = $3 AND usermgmt_session.auth_epoch = $2 AND usermgmt_session.ended_at IS NULL",
    )
    .bind(authority.user.to_string())
    .bind(i64::try_from(authority.auth_epoch).expect("a number"))
    .bind(authority.session.to_string())
}
