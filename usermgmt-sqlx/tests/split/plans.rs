//! How PostgreSQL carries out the statements that the suite has sent: by an index, and in one part where they name the
//! user or the organisation.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};
use usermgmt_core::id::RealmId;

use crate::{Statements, split};

/// Statements that look into more than one part, by a piece of their text, and why.
const MANY: &[(&str, &str)] = &[
    ("usermgmt_session.digest = $2", "whose session it is, only the secret says"),
    ("usermgmt_session.id = $3", "the session says which organisation it is joined with: one part when it runs"),
    ("FROM usermgmt_token WHERE digest = $1", "whose link it is, only the secret says"),
    ("FROM usermgmt_token WHERE browser = $1", "whose code it is, only the browser says"),
    ("FROM usermgmt_attempt WHERE digest = $1", "whose attempt it is, only the secret says"),
    ("usermgmt_api_key.digest = $1", "whose key it is, only the secret says"),
    ("FROM usermgmt_api_key WHERE org_id = $1", "keys of members that act in an organisation, for its administrators"),
    ("FROM usermgmt_api_key WHERE expires_at < $1", "upkeep goes through all parts"),
    ("FROM usermgmt_factor WHERE expires_at < $1", "upkeep goes through all parts"),
    ("FROM usermgmt_credential JOIN usermgmt_factor", "whose credential it is, only the row that is found first says"),
    ("FROM usermgmt_identifier JOIN usermgmt_user", "the name says which user: one part of each when it runs"),
    ("FROM usermgmt_slug JOIN usermgmt_org", "the slug says which organisation: one part when it runs"),
    ("WHERE org_id = $1 AND user_id > $2", "each member says which user: one part for each when it runs"),
    ("WHERE usermgmt_membership.org_id = $1 AND usermgmt_membership.status = 'active'", "each member says which user"),
    ("usermgmt_membership.user_id = $1", "the organisations of a user are anywhere"),
    ("FROM usermgmt_user WHERE realm = $1", "lists of a realm, for administrators"),
    ("FROM usermgmt_org WHERE realm = $1", "lists of a realm, for administrators"),
    ("WITH RECURSIVE open", "the sealer looks for work in all chains"),
    ("WHERE spent_at < $1", "upkeep goes through all parts"),
];

/// What has a handful of rows at most.
const SMALL: [&str; 3] = ["usermgmt_key_check", "usermgmt_signing_key", "usermgmt_change_number_seq"];

/// The parts of each table that a plan names, and the tables that it reads from end to end.
fn parts(plan: &[String]) -> (BTreeMap<String, BTreeSet<String>>, Vec<String>) {
    let (mut parts, mut whole) = (BTreeMap::<_, BTreeSet<_>>::new(), Vec::new());
    for line in plan.iter().filter(|line| !line.contains("(never executed)")) {
        let on = line.split(" on ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let Some(name) = on.filter(|name| name.starts_with("usermgmt_")) else { continue };
        if line.contains("Seq Scan") {
            whole.push(name.to_owned());
        }
        if let Some((table, part)) = name.rsplit_once("_p").filter(|(_, part)| part.parse::<usize>().is_ok()) {
            parts.entry(table.to_owned()).or_default().insert(part.to_owned());
        }
    }
    (parts, whole)
}

async fn explain(
    connection: &mut PgConnection,
    how: &str,
    statement: &str,
    types: &[String],
    values: &[String],
) -> Vec<String> {
    let types = if types.is_empty() { String::new() } else { format!("({})", types.join(", ")) };
    connection.execute(AssertSqlSafe(format!("PREPARE looked_at {types} AS {statement}"))).await.unwrap();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let explain = format!("EXPLAIN ({how}) EXECUTE looked_at {values}");
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *connection).await.unwrap();
    connection.execute("DEALLOCATE looked_at").await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// A value of this type that no row has.
fn value(of: &str) -> String {
    match of {
        "text" => "'usr_nobody'",
        "bytea" => "'\\x00'",
        "bigint" | "integer" | "smallint" => "1",
        "boolean" => "true",
        "jsonb" => "'[]'",
        other => panic!("what is a value of {other}?"),
    }
    .to_owned()
}

fn find<'s>(statements: &'s Statements, piece: &str) -> (&'s str, &'s [String]) {
    let mut found = statements.iter().filter(|(statement, _)| statement.contains(piece));
    match (found.next(), found.next()) {
        (Some((statement, types)), None) => (statement, types),
        other => panic!("not one statement has {piece:?}: {other:?}"),
    }
}

pub(crate) async fn are_as_they_should_be(pool: &PgPool, statements: &Statements) {
    let realm = format!("'{}'", RealmId::DEFAULT);
    let volume = include_str!("volume.sql").replace("$REALM", &realm);
    pool.execute(AssertSqlSafe(volume)).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();

    let (mut wrong, mut many) = (Vec::new(), BTreeSet::new());
    for (statement, types) in statements {
        let values: Vec<_> = types.iter().map(|of| value(of)).collect();
        let plan = explain(&mut connection, "COSTS OFF", statement, types, &values).await;
        let (parts, whole) = parts(&plan);
        if whole.iter().any(|table| !SMALL.contains(&table.as_str())) {
            wrong.push(format!("reads a table from end to end: {statement}\n{}", plan.join("\n")));
        }
        if parts.values().any(|parts| parts.len() > 1) {
            match MANY.iter().find(|(piece, _)| statement.contains(piece)) {
                Some((piece, _)) => drop(many.insert(*piece)),
                None => wrong.push(format!("looks into many parts: {statement}\n{}", plan.join("\n"))),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let listed: BTreeSet<_> = MANY.iter().map(|(piece, _)| *piece).collect();
    assert_eq!(many, listed, "a statement is excused for nothing");

    // The two forms of the session check, for a session that is there: what it is joined with is in one part. Of a user
    // who is known the planner may as well look for the few memberships in all parts.
    let (user, session) = ("'usr_00000000000000000000000000000007'", "'ses_00000000000000000000000000000007'");
    let by_secret = vec![realm.clone(), "sha256('7'::bytea)".to_owned()];
    let by_id = vec![realm.clone(), user.to_owned(), session.to_owned()];
    for (piece, values, in_parts) in
        [("usermgmt_session.digest = $2", by_secret, split::PARTS), ("usermgmt_session.id = $3", by_id, 1)]
    {
        let (statement, types) = find(statements, piece);
        let how = "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF";
        let plan = explain(&mut connection, how, statement, types, &values).await;
        let (parts, _) = parts(&plan);
        let found = |table: &str| parts.get(table).map_or(0, BTreeSet::len);
        let looked = (found("usermgmt_session"), found("usermgmt_user"), found("usermgmt_org"));
        assert_eq!(looked, (in_parts, 1, 1), "{}", plan.join("\n"));
        assert!(plan[0].contains("rows=1 "), "the session was not found: {}", plan.join("\n"));
    }
}
