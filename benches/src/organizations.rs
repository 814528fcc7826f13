//! Whether organisations cost more when they are large or many, and whether the sealer keeps up.

use std::sync::Arc;
use std::time::Instant;

use sqlx::{AssertSqlSafe, SqlitePool};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::MemberFilter;
use usermgmt_core::page::PageRequest;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Bearer;
use usermgmt_core::store::SessionStore as _;
use usermgmt_service::{Client, HashCost, OrgChange, ReadMembers, Verified};

use crate::measure::{Cost, paired};
use crate::report::{Report, row, us};
use crate::world::{self, World};

/// How much more than in a small system anything may cost in a large one.
const LINE: f64 = 1.5;
/// Events of one organisation that the sealer must keep up with, a second.
const SEALED: f64 = 1_000.0;

/// A system with so many organisations, of which two have so many members.
struct Scale {
    world: World,
    session: Bearer,
    /// The session that changes its organisation, and its secret with it.
    switched: Mutex<Arc<Principal>>,
    orgs: [OrgId; 2],
    middle: UserId,
}

pub(crate) fn run(report: &mut Report) {
    let (members, orgs) = (report.volume(10_000, 1_000), report.volume(100_000, 2_000));
    let (rounds, ops) = (report.volume(30, 3), report.volume(50, 10));
    report.note("SQLite, one at a time, without a cache: every step asks the store.");
    let runtime = world::single();
    let small = runtime.block_on(Scale::new(100, 100));
    let large = runtime.block_on(Scale::new(members, orgs));
    let mut lines = vec![row(["step", "small", "large"])];
    for (name, step) in STEPS {
        let (mut low, mut high) = (Cost::default(), Cost::default());
        for _ in 0..rounds {
            for (cost, scale) in [(&mut low, &small), (&mut high, &large)] {
                cost.round(ops, |ops| (0..ops).for_each(|_| step(scale, &runtime)));
            }
        }
        lines.push(vec![name.to_owned(), us(low.median_cpu()), us(high.median_cpu())]);
        let cpu = paired(&high.cpu, &low.cpu, |high, low| high / low);
        let wall = paired(&high.wall, &low.wall, |high, low| high / low);
        let what = format!("{name}, {members} members and {orgs} organisations beside 100 and 100");
        let line = format!("≤ {LINE} ×");
        report.judge(&what, format!("{cpu:.2} × CPU, {wall:.2} × wall"), &line, cpu <= LINE && wall <= LINE);
    }
    report.table(&lines);
    sealing(report, &small, &runtime);
}

/// A name and what it does once.
type Step = (&'static str, fn(&Scale, &Runtime));

const STEPS: [Step; 4] = [
    ("first page of members", |scale, runtime| runtime.block_on(scale.page(None))),
    ("page from the middle", |scale, runtime| runtime.block_on(scale.page(Some(scale.middle)))),
    ("permission check", |scale, runtime| runtime.block_on(scale.check())),
    ("switch and back", |scale, runtime| runtime.block_on(scale.switch())),
];

impl Scale {
    async fn new(members: usize, orgs: usize) -> Self {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder).await;
        let ann = world.user("ann@example.test", Some(world::PASSWORD)).await;
        // Before there is an organisation: with two of them a sign-in would ask which.
        let (_, checked) = world.sign_in("ann@example.test").await;
        let (_, switched) = world.sign_in("ann@example.test").await;
        let all = world.auth.organizations("benchmark");
        let own = [all.create(ann, "Heron").await, all.create(ann, "Wren").await].map(|org| org.expect("made"));
        let ids = seed(world.store.pool(), members, orgs, &own.map(|org| org.to_string())).await;
        let middle = ids.parse().expect("an id");
        let session = world.auth.orgs().enter(&Client::default(), &checked, own[0]).await.expect("entered");
        Self { world, session, switched: Mutex::new(switched), orgs: own, middle }
    }

    async fn principal(&self) -> Arc<Principal> {
        let record = self.world.store.principal(self.world.auth.realm(), self.session.digest()).await;
        let record = record.expect("an answer").expect("a session");
        Arc::new(Principal::establish(record, self.world.auth.now()).expect("signed in"))
    }

    async fn check(&self) {
        let scope = self.world.auth.scope(&self.principal().await).expect("a member");
        drop(scope.permit::<ReadMembers>().expect("an owner may"));
    }

    async fn page(&self, after: Option<UserId>) {
        let scope = self.world.auth.scope(&self.principal().await).expect("a member");
        let page = after.map_or_else(|| PageRequest::first(50), |after| PageRequest::first(50).after(after));
        let found = scope.members(&MemberFilter::default(), page).await.expect("an answer");
        assert_eq!(found.items.len(), 50, "a whole page");
    }

    async fn switch(&self) {
        let mut principal = self.switched.lock().await;
        for org in [self.orgs[1], self.orgs[0]] {
            let auth = &self.world.auth;
            let secret = auth.orgs().enter(&Client::default(), &principal, org).await.expect("entered");
            *principal = auth.principal(&secret).await.expect("an answer").expect("signed in");
        }
    }
}

/// Fills the database with what nobody need make one by one; answers a member from the middle.
async fn seed(pool: &SqlitePool, members: usize, orgs: usize, own: &[String; 2]) -> String {
    let run = async |sql: String| {
        sqlx::query(AssertSqlSafe(sql)).execute(pool).await.expect("seeded");
    };
    let count = |n: usize| format!("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {n})");
    let realm = "(SELECT realm FROM usermgmt_user LIMIT 1)";
    let user = "'usr_' || printf('%032x', i)";
    run(format!(
        "{} INSERT INTO usermgmt_user (id, realm, name, status, kind, factors, auth_epoch, created_at, version) \
         SELECT {user}, {realm}, 'Member ' || i, 'active', 'user', '', 1, i, 1 FROM n",
        count(members)
    ))
    .await;
    run(format!(
        "{} INSERT INTO usermgmt_identifier (realm, kind, canonical, display, canonical_version, user_id, is_primary, \
         verified_at, created_at, version) SELECT {realm}, 'email', 'member' || i || '@example.test', \
         'member' || i || '@example.test', 1, {user}, 1, i, i, 1 FROM n",
        count(members)
    ))
    .await;
    for org in own {
        run(format!(
            "{} INSERT INTO usermgmt_membership (org_id, user_id, roles, status, rights_version, created_at, version) \
             SELECT '{org}', {user}, '[\"member\"]', 'active', 1, i, 1 FROM n",
            count(members)
        ))
        .await;
    }
    run(format!("UPDATE usermgmt_org SET members = {members} + 1")).await;
    run(format!(
        "{} INSERT INTO usermgmt_org (id, realm, slug, name, status, owners, members, roles, policy, rights_version, \
         policy_epoch, created_at, version) SELECT 'org_' || printf('%032x', i), {realm}, 'org-' || i, 'Org ' || i, \
         'active', 1, 1, '[]', '{{}}', 1, 1, i, 1 FROM n",
        count(orgs)
    ))
    .await;
    run(format!(
        "{} INSERT INTO usermgmt_slug (org_id, realm, slug) SELECT 'org_' || printf('%032x', i), {realm}, 'org-' || i \
         FROM n",
        count(orgs)
    ))
    .await;
    run(format!(
        "{} INSERT INTO usermgmt_membership (org_id, user_id, roles, status, rights_version, created_at, version) \
         SELECT 'org_' || printf('%032x', i), 'usr_' || printf('%032x', 1 + i % {members}), '[\"owner\"]', 'active', 1, \
         i, 1 FROM n",
        count(orgs)
    ))
    .await;
    for upkeep in ["ANALYZE", "PRAGMA wal_checkpoint(TRUNCATE)"] {
        run(upkeep.to_owned()).await;
    }
    format!("usr_{:032x}", members / 2 - 1)
}

/// Commits of one organisation as fast as they go, the sealer beside them.
fn sealing(report: &mut Report, scale: &Scale, runtime: &Runtime) {
    let events = report.volume(5_000, 300);
    let (auth, org) = (&scale.world.auth, scale.orgs[0]);
    let begun = Instant::now();
    runtime.block_on(async {
        for number in 0..events {
            let name = format!("Heron {number}");
            let change = OrgChange { name: Some(&name), ..OrgChange::default() };
            auth.organizations("benchmark").update(org, change).await.expect("no conflict");
        }
    });
    let committing = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    let sealed = runtime.block_on(async {
        let mut sealed = 0;
        loop {
            let more = auth.seal().await.expect("no conflict");
            if more == 0 {
                return sealed;
            }
            sealed += more;
        }
    });
    let rate = sealed as f64 / begun.elapsed().as_secs_f64();
    let whole = runtime.block_on(auth.audit_log(Some(org)).verify(None)).expect("an answer");
    assert!(matches!(whole, Verified::Whole { checkpoint } if checkpoint.number > events as u64), "{whole:?}");
    let made = events as f64 / committing;
    let measured = format!("{rate:.0} a second sealed, {made:.0} a second committed");
    report.judge("events of one organisation", measured, &format!("≥ {SEALED:.0} a second"), rate >= SEALED);
}
