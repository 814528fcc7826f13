//! The rows of a new organisation, written by hand on one connection: the same statements in the same order as the
//! library sends them. Included once for each database.

use sqlx::{Connection as _, Row as _};
use usermgmt_core::id::{CommitId, EventId, OrgId, OutboxId};
use usermgmt_core::proof::Principal;
use usermgmt_service::UserMgmt;

use super::{AUTHORITY, BEGIN, CHANGE, Connection};

/// Makes one.
pub(crate) async fn by_hand(auth: &UserMgmt, connection: &mut Connection, principal: &Principal) {
    let (now, random) = (auth.now(), auth.random());
    let micros = i64::try_from(now.unix_timestamp_nanos() / 1_000).expect("a time");
    let org = OrgId::new(random, now).expect("randomness").to_string();
    let (user, realm) = (principal.user().to_string(), auth.realm().to_string());
    let mut write = connection.begin_with(BEGIN).await.expect("a transaction");
    let commit = CommitId::new(random, now).expect("randomness").to_string();
    let remember = sqlx::query("INSERT INTO usermgmt_commit (id, committed_at) VALUES ($1, $2)").bind(commit);
    remember.bind(micros).execute(&mut *write).await.expect("written");
    let authority = principal.authority();
    assert!(authority.member.is_none(), "making an organisation rests on no membership");
    let standing = sqlx::query(AUTHORITY)
        .bind(authority.user.to_string())
        .bind(i64::try_from(authority.auth_epoch).expect("a number"))
        .bind(authority.session.to_string());
    assert!(standing.fetch_optional(&mut *write).await.expect("an answer").is_some(), "the authority stands");
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
    let job = OutboxId::new(random, now).expect("randomness").to_string();
    let insert = sqlx::query(
        "INSERT INTO usermgmt_outbox (id, realm, kind, job, due_at, tries, created_at) \
         VALUES ($1, $2, 'members_changed', $3, $4, 0, $4)",
    );
    let insert = insert.bind(job).bind(&realm).bind(format!(r#"{{"job":"members_changed","org":"{org}"}}"#));
    insert.bind(micros).execute(&mut *write).await.expect("written");
    let insert = sqlx::query(CHANGE).bind(&user).bind(None::<&str>).bind(&org).bind(micros);
    insert.execute(&mut *write).await.expect("written");
    write.commit().await.expect("committed");
}

/// How many rows each of these tables has.
pub(crate) async fn rows(connection: &mut Connection, tables: &[&str]) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        counts.push(sqlx::query(sql).fetch_one(&mut *connection).await.expect("a count").get(0));
    }
    counts
}
