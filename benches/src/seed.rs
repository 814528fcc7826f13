//! People in bulk, as the library would have made them.
//!
//! One person is made and signed in through the library; everybody else gets copies of that person's rows, with ids,
//! addresses, digests and an organisation of their own. So rows have what the library writes, whatever that is.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _, SqliteConnection};
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::{OrgId, SessionId, UserId};
use usermgmt_core::keys::{KeyRing, Purpose, PurposeKey};
use usermgmt_core::model::AuditKind;
use usermgmt_core::port::OsRandom;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::Store;
use usermgmt_sqlx::{Postgres, Sqlite};

use crate::world::World;

/// People that are written at a time.
const BATCH: usize = 10_000;

/// How many.
#[derive(Clone, Copy)]
pub(crate) struct Volume {
    pub(crate) users: usize,
    /// Among which the users are dealt out by teams.
    pub(crate) orgs: usize,
}

/// People of one organisation who come one after the other, as they are invited.
const TEAM: usize = 10;

impl Volume {
    /// To which organisation a user belongs.
    fn org_of(self, number: usize) -> usize {
        number / TEAM % self.orgs
    }

    /// Which user owns an organisation: its first.
    pub(crate) const fn owner(org: usize) -> usize {
        org * TEAM
    }
}

/// Who was written. Users are numbered from 0.
pub(crate) struct Seeded {
    pub(crate) volume: Volume,
    pub(crate) users: Vec<UserId>,
    secrets: Secrets,
}

/// The secrets of the users' sessions: each can be made again from the user's number.
pub(crate) struct Secrets(PurposeKey);

impl Secrets {
    pub(crate) fn of(keys: &KeyRing) -> Self {
        Self(keys.derive(Purpose::MailedToken))
    }

    pub(crate) fn of_user(&self, number: usize) -> Bearer {
        Bearer::derive(BearerKind::Session, &self.0, &number.to_string())
    }
}

impl Seeded {
    /// The secret of a user's session.
    pub(crate) fn secret(&self, number: usize) -> Bearer {
        self.secrets.of_user(number)
    }

    /// The members of an organisation, in the order of their ids.
    pub(crate) fn members(&self, org: usize) -> Vec<UserId> {
        let numbered = self.users.iter().enumerate();
        numbered.filter(|(number, _)| self.volume.org_of(*number) == org).map(|(_, user)| *user).collect()
    }
}

/// Address of a user.
pub(crate) fn email(number: usize) -> String {
    format!("u{number:07}@example.test")
}

/// A store that can be filled past the library.
pub(crate) trait Fill: Store + Clone {
    /// A connection to write on. References are not checked: every row has its own.
    async fn filler(&self) -> Filler;
}

impl Fill for Sqlite {
    async fn filler(&self) -> Filler {
        let options = self.pool().connect_options();
        let options = options.as_ref().clone().foreign_keys(false).pragma("cache_size", "-262144");
        let options = options.pragma("wal_autocheckpoint", "50000");
        Filler::Sqlite(SqliteConnection::connect_with(&options).await.expect("a connection"))
    }
}

impl Fill for Postgres {
    async fn filler(&self) -> Filler {
        let options = self.pool().connect_options();
        let mut connection = PgConnection::connect_with(&options).await.expect("a connection");
        connection.execute("SET session_replication_role = replica").await.expect("the owner of the server");
        Filler::Postgres(connection)
    }
}

/// A connection for statements that both databases understand.
pub(crate) enum Filler {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Filler {
    pub(crate) async fn run(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => drop(sqlx::query(sql).execute(connection).await.expect("seeded")),
            Self::Postgres(connection) => drop(sqlx::query(sql).execute(connection).await.expect("seeded")),
        }
    }

    /// The one text that this finds.
    async fn text(&mut self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query(sql).fetch_one(connection).await.expect("a row").get(0),
            Self::Postgres(connection) => sqlx::query(sql).fetch_one(connection).await.expect("a row").get(0),
        }
    }

    /// Takes a batch of people, as JSON.
    async fn take(&mut self, people: String) {
        let done = match self {
            Self::Sqlite(connection) => {
                let insert = sqlx::query(
                    "INSERT INTO bench_seed SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), \
                     value ->> 4, value ->> 5, value ->> 6 FROM json_each($1)",
                );
                insert.bind(people).execute(connection).await.map(|done| done.rows_affected())
            }
            Self::Postgres(connection) => {
                let insert = sqlx::query(
                    "INSERT INTO bench_seed SELECT (v ->> 0)::bigint, v ->> 1, v ->> 2, decode(v ->> 3, 'hex'), \
                     v ->> 4, v ->> 5, (v ->> 6)::bigint FROM jsonb_array_elements($1::text::jsonb) AS e (v)",
                );
                insert.bind(people).execute(connection).await.map(|done| done.rows_affected())
            }
        };
        assert!(done.expect("seeded") > 0);
    }

    /// What a database that has grown for months has had long ago.
    async fn tidy(&mut self) {
        match self {
            Self::Sqlite(_) => {
                self.run("ANALYZE").await;
                self.run("PRAGMA wal_checkpoint(TRUNCATE)").await;
            }
            Self::Postgres(_) => {
                self.run("VACUUM ANALYZE").await;
                self.run("CHECKPOINT").await;
            }
        }
    }
}

/// Fills a system with so many people who are signed in.
pub(crate) async fn fill<S: Fill>(world: &World<S>, volume: Volume) -> Seeded {
    let owned = Volume::owner(volume.orgs);
    assert!(
        owned <= BATCH && volume.users.is_multiple_of(owned),
        "the first batch makes the organisations, equally large"
    );
    let (_, template) = world.member("template@example.test").await;
    let (now, random) = (world.auth.now(), OsRandom);
    let secrets = Secrets::of(world.auth.keys());
    let orgs: Vec<_> = (0..volume.orgs).map(|_| OrgId::new(&random, now).expect("randomness")).collect();
    let mut filler = world.store.filler().await;
    let copies = copies(&mut filler, &template, volume).await;
    filler.run(
        "CREATE TABLE bench_seed (number BIGINT, user_id TEXT, session_id TEXT, digest BYTEA, org_id TEXT, email TEXT, \
         created_at BIGINT)",
    )
    .await;
    let mut users = Vec::with_capacity(volume.users);
    for first in (0..volume.users).step_by(BATCH) {
        let mut people = Vec::with_capacity(BATCH);
        for number in first..volume.users.min(first + BATCH) {
            // Everybody came a moment after the one before.
            let came = now - Duration::milliseconds((volume.users - number) as i64);
            let user = UserId::new(&random, came).expect("randomness");
            let session = SessionId::new(&random, came).expect("randomness");
            let digest = secrets.of_user(number).digest();
            let digest: String = digest.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let org = orgs[volume.org_of(number)];
            people.push(json!([number, user, session, digest, org, email(number), micros(came)]));
            users.push(user);
        }
        filler.run("BEGIN").await;
        filler.take(json!(people).to_string()).await;
        for copy in &copies {
            filler.run(copy).await;
        }
        filler.run("DELETE FROM bench_seed").await;
        filler.run("COMMIT").await;
    }
    filler.run("DROP TABLE bench_seed").await;
    filler.tidy().await;
    Seeded { volume, users, secrets }
}

/// The statements that copy the rows of one person for everybody in the batch.
async fn copies(filler: &mut Filler, template: &Principal, volume: Volume) -> Vec<String> {
    let (user, session) = (template.user(), template.session());
    let org = template.org().expect("a member").org;
    let signed_in = AuditKind::SignedIn.as_str();
    let found = format!("FROM usermgmt_audit WHERE actor_session_id = '{session}' AND kind = '{signed_in}'");
    let chain = filler.text(&format!("SELECT chain {found}")).await;
    let event = filler.text(&format!("SELECT id {found}")).await;
    let members = volume.users / volume.orgs;
    let is_owner = format!("s.number % {TEAM} = 0 AND s.number < {}", Volume::owner(volume.orgs));
    vec![
        format!(
            "INSERT INTO usermgmt_user (id, realm, name, locale, status, kind, factors, auth_epoch, created_at, version) \
             SELECT s.user_id, t.realm, t.name, t.locale, t.status, t.kind, t.factors, t.auth_epoch, s.created_at, \
             t.version \
             FROM bench_seed s CROSS JOIN usermgmt_user t WHERE t.id = '{user}'"
        ),
        format!(
            "INSERT INTO usermgmt_identifier (realm, kind, canonical, display, canonical_version, user_id, is_primary, \
             verified_at, undeliverable_at, created_at, version) SELECT t.realm, t.kind, s.email, s.email, \
             t.canonical_version, s.user_id, t.is_primary, t.verified_at, t.undeliverable_at, s.created_at, t.version \
             FROM bench_seed s CROSS JOIN usermgmt_identifier t WHERE t.user_id = '{user}'"
        ),
        format!(
            "INSERT INTO usermgmt_password (user_id, hash, unproven_browser, unproven_organization, previous, \
             must_change, changed_at, version) SELECT s.user_id, t.hash, t.unproven_browser, t.unproven_organization, \
             t.previous, t.must_change, t.changed_at, t.version FROM bench_seed s CROSS JOIN usermgmt_password t \
             WHERE t.user_id = '{user}'"
        ),
        format!(
            "INSERT INTO usermgmt_profile (user_id, origin, picture, contact, time_zone, public, private, own, version) \
             SELECT s.user_id, t.origin, t.picture, t.contact, t.time_zone, t.public, t.private, t.own, t.version \
             FROM bench_seed s CROSS JOIN usermgmt_profile t WHERE t.user_id = '{user}'"
        ),
        format!(
            "INSERT INTO usermgmt_org (id, realm, slug, name, status, deleted_at, owners, members, seats, roles, policy, \
             rights_version, policy_epoch, created_at, version) SELECT s.org_id, t.realm, 'org-' || s.number, t.name, \
             t.status, t.deleted_at, 1, {members}, t.seats, t.roles, t.policy, t.rights_version, t.policy_epoch, \
             t.created_at, t.version FROM bench_seed s CROSS JOIN usermgmt_org t WHERE t.id = '{org}' \
             AND {is_owner}"
        ),
        format!(
            "INSERT INTO usermgmt_slug (org_id, realm, slug) SELECT s.org_id, t.realm, 'org-' || s.number \
             FROM bench_seed s CROSS JOIN usermgmt_slug t WHERE t.org_id = '{org}' AND {is_owner}"
        ),
        format!(
            "INSERT INTO usermgmt_membership (org_id, user_id, roles, status, rights_version, created_at, version) \
             SELECT s.org_id, s.user_id, CASE WHEN {is_owner} THEN t.roles ELSE '[\"member\"]' END, t.status, \
             t.rights_version, s.created_at, t.version FROM bench_seed s CROSS JOIN usermgmt_membership t \
             WHERE t.org_id = '{org}' AND t.user_id = '{user}'"
        ),
        format!(
            "INSERT INTO usermgmt_session (user_id, id, realm, digest, org_id, proofs, auth_epoch, persistent, \
             idle_micros, expires_at, created_at, seen_at, ended_at, label, address, refresh_generation, refreshed_at) \
             SELECT s.user_id, s.session_id, t.realm, s.digest, s.org_id, t.proofs, t.auth_epoch, t.persistent, \
             t.idle_micros, t.expires_at, t.created_at, t.seen_at, t.ended_at, t.label, t.address, \
             t.refresh_generation, t.refreshed_at FROM bench_seed s CROSS JOIN usermgmt_session t \
             WHERE t.user_id = '{user}' AND t.id = '{session}'"
        ),
        // Of each sign-in there is an event; it was sealed long ago. Nobody verifies these seals.
        format!(
            "INSERT INTO usermgmt_audit (chain, id, realm, org_id, kind, outcome, actor, actor_user_id, \
             actor_session_id, actor_reason, subject_id, address, detail, salt, erased, key_id, tag, happened_at, \
             seal_number, seal_key_id, seal_mac) SELECT t.chain, 'evt_' || substr(s.session_id, 5), t.realm, t.org_id, \
             t.kind, t.outcome, t.actor, s.user_id, s.session_id, t.actor_reason, \
             CASE WHEN t.subject_id IS NULL THEN NULL ELSE s.user_id END, t.address, t.detail, t.salt, t.erased, \
             t.key_id, t.tag, s.created_at, s.number + 1000, t.key_id, t.tag FROM bench_seed s \
             CROSS JOIN usermgmt_audit t WHERE t.chain = '{chain}' AND t.id = '{event}'"
        ),
    ]
}

fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000).expect("a time")
}
