//! The judge: reads the database and the letters, knows the specification, uses nothing of the library.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sqlx::Row as _;
use usermgmt_tests::breaches::BREACHES;

/// What the judge has seen.
#[derive(Clone, Copy, Default)]
pub(crate) struct Verdict {
    pub(crate) runs: u32,
    pub(crate) mails: u32,
    pub(crate) doubled: u32,
}

impl Verdict {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.mails += other.mails;
        self.doubled += other.doubled;
    }
}

/// The same for what this script does.
const OWN_BREACHES: &[(&str, &str)] = &[
    (
        "a user without audit event",
        "SELECT count(*) FROM usermgmt_user u WHERE NOT EXISTS (SELECT 1 FROM usermgmt_audit a WHERE a.kind = 'user.signed_up' AND a.subject_id = u.id)",
    ),
    (
        "a proven address with a live token",
        "SELECT count(*) FROM usermgmt_identifier i JOIN usermgmt_token t ON t.user_id = i.user_id WHERE i.verified_at IS NOT NULL AND t.consumed_at IS NULL",
    ),
    (
        "a used token without its effect",
        "SELECT count(*) FROM usermgmt_token t JOIN usermgmt_identifier i ON i.user_id = t.user_id WHERE t.consumed_at IS NOT NULL AND i.verified_at IS NULL",
    ),
    (
        "a proven address without its audit event",
        "SELECT count(*) FROM usermgmt_identifier i WHERE i.verified_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM usermgmt_audit a WHERE a.kind = 'user.email_verified' AND a.subject_id = i.user_id)",
    ),
    (
        "a proven address without the organisation that was asked for",
        "SELECT count(*) FROM usermgmt_identifier i WHERE i.verified_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM usermgmt_membership m JOIN usermgmt_org o ON o.id = m.org_id WHERE m.user_id = i.user_id AND o.name = 'Own')",
    ),
    (
        "a proven address with an unproven password",
        "SELECT count(*) FROM usermgmt_identifier i JOIN usermgmt_password p ON p.user_id = i.user_id WHERE i.verified_at IS NOT NULL AND p.unproven_browser IS NOT NULL",
    ),
    (
        "a workspace without organisation",
        "SELECT count(*) FROM workspace w WHERE NOT EXISTS (SELECT 1 FROM usermgmt_org o WHERE o.id = w.org_id)",
    ),
    (
        "an organisation without its workspace",
        "SELECT count(*) FROM usermgmt_org o WHERE o.name = 'Workspace' AND NOT EXISTS (SELECT 1 FROM workspace w WHERE w.org_id = o.id)",
    ),
];

/// Judges one run, or ends the program with what is wrong.
pub(crate) async fn judge(url: &str, dir: &Path) -> Verdict {
    let database = Eyes::open(url).await;
    for (breach, count) in BREACHES.iter().chain(OWN_BREACHES) {
        assert_eq!(database.count(count).await, 0, "found: {breach}");
    }
    let letters = std::fs::read_to_string(dir.join("letters")).unwrap_or_default();
    let letters: Vec<serde_json::Value> =
        letters.lines().map(|line| serde_json::from_str(line).expect("a letter is whole")).collect();
    let mut copies: BTreeMap<String, u32> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for letter in &letters {
        *copies.entry(letter["id"].to_string()).or_default() += 1;
        told.insert(letter["to"].as_str().unwrap().to_owned());
    }
    let known: BTreeSet<_> = database.addresses().await.into_iter().collect();
    assert_eq!(told, known, "every account got its mail, and nobody else got one");
    assert!(copies.values().all(|copies| *copies <= 2), "one crash cannot make three copies");
    let doubled = copies.values().filter(|copies| **copies > 1).count();
    Verdict { runs: 1, mails: u32::try_from(letters.len()).unwrap(), doubled: u32::try_from(doubled).unwrap() }
}

enum Eyes {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

impl Eyes {
    async fn open(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(sqlx::SqlitePool::connect(url).await.unwrap())
        } else {
            Self::Postgres(sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(url).await.unwrap())
        }
    }

    async fn count(&self, sql: &'static str) -> i64 {
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
            Self::Postgres(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
        }
    }

    async fn addresses(&self) -> Vec<String> {
        let sql = "SELECT canonical FROM usermgmt_identifier";
        match self {
            Self::Sqlite(pool) => {
                sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
            Self::Postgres(pool) => {
                sqlx::query(sql).fetch_all(pool).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        }
    }
}
