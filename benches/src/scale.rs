//! Whether a million users and sessions cost more than a thousand.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;
use usermgmt_core::model::MemberFilter;
use usermgmt_core::page::PageRequest;
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::port::{Clock as _, ManualClock, OsRandom, PasswordHasher as _, SystemClock};
use usermgmt_core::proof::OrgScope;
use usermgmt_service::{Argon2Pool, HashCost, UserMgmt};

use crate::measure::{Cost, paired};
use crate::postgres::Database;
use crate::report::{Report, cores, row, us};
use crate::seed::{self, Fill, Seeded, Volume, email};
use crate::stats::{Order, median};
use crate::world::{self, PASSWORD, World};

/// How much more than in a small system anything may cost in a large one.
const LINE: f64 = 1.5;
/// Members on a page.
const PAGE: usize = 50;

/// What is measured.
const STEPS: [&str; 4] =
    ["sign-in without its hash", "session check, uncached", "first page of members", "last whole page of members"];

/// A system with so many people, and what its measurements need.
struct Scale<S> {
    world: World<S>,
    clock: Arc<ManualClock>,
    seeded: Seeded,
    /// The users in random order, and how many of them have signed in.
    order: Vec<usize>,
    signed_in: usize,
    /// Owners of organisations, each with the organisation's number.
    scopes: Vec<(usize, OrgScope)>,
}

/// The cheapest hash, which every sign-in here pays.
struct Hash {
    pool: Argon2Pool,
    password: Password,
    stored: PasswordHash,
}

pub(crate) fn run(report: &mut Report) {
    let small = Volume { users: report.volume(1_000, 200), orgs: report.volume(10, 2) };
    let large = Volume { users: report.volume(1_000_000, 5_000), orgs: report.volume(100, 5) };
    report.note(&format!(
        "{} users, each with an address, a password, a session and a membership in one of {} organisations, beside",
        large.users, large.orgs
    ));
    report.note(&format!(
        "{} in {}. One at a time, users at random, none twice in a round. The time stands still: nobody's activity is due",
        small.users, small.orgs
    ));
    report.note("to be written. Sign-ins pay the cheapest hash; what it costs alone in the same round is taken off.");

    let runtime = world::single();
    let configure = |clock: &Arc<ManualClock>| {
        let clock = clock.clone();
        move |builder: usermgmt_service::Builder| builder.clock(clock)
    };
    let on_sqlite = |volume: Volume| {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let world = runtime.block_on(World::new(HashCost::insecure_for_tests(), configure(&clock)));
        runtime.block_on(Scale::new(world, clock, volume))
    };
    compare(report, "SQLite", &runtime, [on_sqlite(small), on_sqlite(large)]);

    let (Some(first), Some(second)) = (Database::new(report), Database::new(report)) else { return };
    report.note("PostgreSQL on this machine: CPU is that of this process alone, the wall has both sides.");
    let on_postgres = |database: &Database, volume: Volume| {
        let clock = Arc::new(ManualClock::at(SystemClock.now()));
        let world = World::on_postgres(&database.url, HashCost::insecure_for_tests(), configure(&clock));
        let world = runtime.block_on(world);
        runtime.block_on(Scale::new(world, clock, volume))
    };
    compare(report, "PostgreSQL", &runtime, [on_postgres(&first, small), on_postgres(&second, large)]);
}

/// Measures the steps in both systems in turn.
fn compare<S: Fill>(report: &mut Report, store: &str, runtime: &Runtime, mut scales: [Scale<S>; 2]) {
    // Nobody signs in twice: the small system has no more users.
    let (rounds, ops) = (report.volume(24, 3), report.volume(40, 10));
    let (checks, pages) = (report.volume(200, 20), report.volume(20, 5));
    let hash = runtime.block_on(Hash::new());
    let mut hashes = Cost::default();
    let mut costs: [[Cost; 2]; 4] = Default::default();
    for round in 0..=rounds {
        let mut once: [[Cost; 2]; 4] = Default::default();
        let mut hashing = Cost::default();
        hashing.round(ops, |ops| runtime.block_on(hash.verify(ops)));
        for (place, scale) in scales.iter_mut().enumerate() {
            once[0][place].round(ops, |ops| runtime.block_on(scale.sign_in(ops)));
            let (fresh, users) = (runtime.block_on(scale.fresh()), scale.at_random(round, checks));
            once[1][place].round(checks, |_| runtime.block_on(scale.check(&fresh, &users)));
            let orgs = scale.orgs_at_random(round, pages);
            once[2][place].round(pages, |_| runtime.block_on(scale.pages(&orgs, false)));
            once[3][place].round(pages, |_| runtime.block_on(scale.pages(&orgs, true)));
        }
        // The first round prepares statements and is not counted.
        if round > 0 {
            hashes.extend(hashing);
            for (all, one) in costs.iter_mut().zip(once) {
                all.iter_mut().zip(one).for_each(|(all, one)| all.extend(one));
            }
        }
    }
    let less = |of: &[f64], hash: &[f64]| -> Vec<f64> { of.iter().zip(hash).map(|(of, hash)| of - hash).collect() };
    for cost in &mut costs[0] {
        (cost.cpu, cost.wall) = (less(&cost.cpu, &hashes.cpu), less(&cost.wall, &hashes.wall));
    }

    let (small, large) = (scales[0].seeded.volume.users, scales[1].seeded.volume.users);
    let head = [format!("CPU, {small}"), format!("CPU, {large}"), format!("wall, {small}"), format!("wall, {large}")];
    let mut table = vec![row([&format!("one of, {store}"), &head[0], &head[1], &head[2], &head[3]])];
    table.push(row(["the cheapest hash, taken off", &us(hashes.median_cpu()), "", &us(hashes.median_wall()), ""]));
    for (name, [low, high]) in STEPS.iter().zip(&costs) {
        let cells = [&low.cpu, &high.cpu, &low.wall, &high.wall].map(|values| us(median(values)));
        table.push([vec![(*name).to_owned()], cells.to_vec()].concat());
        let cpu = paired(&high.cpu, &low.cpu, |high, low| high / low);
        let wall = paired(&high.wall, &low.wall, |high, low| high / low);
        let what = format!("{name}, {large} users beside {small}, {store}");
        let line = format!("≤ {LINE} ×");
        report.judge(&what, format!("{cpu:.2} × CPU, {wall:.2} × wall"), &line, cpu <= LINE && wall <= LINE);
    }
    report.table(&table);
}

impl<S: Fill> Scale<S> {
    async fn new(world: World<S>, clock: Arc<ManualClock>, volume: Volume) -> Self {
        let begun = Instant::now();
        let seeded = seed::fill(&world, volume).await;
        println!("   {} users seeded in {:.0} s", volume.users, begun.elapsed().as_secs_f64());
        let mut order: Vec<usize> = (0..volume.users).collect();
        Order::new(volume.users as u64).shuffle(&mut order);
        let mut scopes = Vec::new();
        for org in 0..volume.orgs {
            let owner = world.auth.principal(&seeded.secret(Volume::owner(org))).await;
            let owner = owner.expect("an answer").expect("signed in");
            assert_eq!(owner.user(), seeded.users[Volume::owner(org)]);
            scopes.push((org, world.auth.scope(&owner).expect("a member")));
        }
        let scale = Self { world, clock, seeded, order, signed_in: 0, scopes };
        scale.prove().await;
        scale
    }

    /// That pages are what was seeded: right members in their order, on the first page and on the last whole one.
    async fn prove(&self) {
        for (org, scope) in &self.scopes {
            let members = self.seeded.members(*org);
            assert!(members.len() >= PAGE * 2, "two whole pages");
            for (page, expected) in
                [(self.page(*org, false), &members[..PAGE]), (self.page(*org, true), last(&members))]
            {
                let found = scope.members(&MemberFilter::default(), page).await.expect("an answer");
                let found: Vec<_> = found.items.iter().map(|item| item.user.id).collect();
                assert_eq!(found, expected, "the page has the members that were seeded");
            }
        }
    }

    /// Signs in people who have not yet.
    async fn sign_in(&mut self, ops: usize) {
        let next = self.order.iter().skip(self.signed_in).take(ops);
        let mut done = 0;
        for number in next {
            let (_, principal) = self.world.sign_in(&email(*number)).await;
            assert_eq!(principal.user(), self.seeded.users[*number]);
            assert!(principal.org().is_some(), "the session acts in the one organisation");
            done += 1;
        }
        assert_eq!(done, ops, "nobody signs in twice");
        self.signed_in += ops;
    }

    /// A process that knows no session yet and asks the store at every check.
    async fn fresh(&self) -> UserMgmt {
        let clock = self.clock.clone();
        let life = time::Duration::ZERO;
        let world = self.world.again(self.world.store.clone(), |builder| builder.clock(clock).cache_life(life)).await;
        // The first check of a process finds out where the change sequence stands.
        let stranger = self.seeded.secret(usize::MAX);
        assert!(world.auth.principal(&stranger).await.expect("an answer").is_none());
        world.auth
    }

    /// Users of this round, none twice.
    fn at_random(&self, round: usize, count: usize) -> Vec<usize> {
        let begin = round * count % (self.order.len() - count + 1);
        self.order[begin..begin + count].to_vec()
    }

    async fn check(&self, fresh: &UserMgmt, users: &[usize]) {
        for number in users {
            let found = fresh.principal(&self.seeded.secret(*number)).await.expect("an answer");
            assert_eq!(found.expect("signed in").user(), self.seeded.users[*number]);
        }
    }

    /// Organisations of this round, at random.
    fn orgs_at_random(&self, round: usize, count: usize) -> Vec<(usize, PageRequest<usermgmt_core::id::UserId>)> {
        let mut orgs: Vec<usize> = (0..count).map(|number| (round * count + number) % self.scopes.len()).collect();
        Order::new(round as u64).shuffle(&mut orgs);
        orgs.into_iter().map(|org| (org, self.page(org, true))).collect()
    }

    /// The first page, or the last whole one.
    fn page(&self, org: usize, last: bool) -> PageRequest<usermgmt_core::id::UserId> {
        let first = PageRequest::first(PAGE as u32);
        if !last {
            return first;
        }
        let members = self.seeded.members(org);
        first.after(members[members.len() - PAGE - 1])
    }

    async fn pages(&self, orgs: &[(usize, PageRequest<usermgmt_core::id::UserId>)], last: bool) {
        for (org, deep) in orgs {
            let page = if last { *deep } else { PageRequest::first(PAGE as u32) };
            let found = self.scopes[*org].1.members(&MemberFilter::default(), page).await.expect("an answer");
            assert_eq!(found.items.len(), PAGE, "a whole page");
        }
    }
}

/// The last page of these that is whole.
fn last<T>(members: &[T]) -> &[T] {
    &members[members.len() - PAGE..]
}

impl Hash {
    async fn new() -> Self {
        let pool = Argon2Pool::new(HashCost::insecure_for_tests(), cores(), Arc::new(OsRandom)).expect("a hasher");
        let password = Password::new(PASSWORD).expect("a password");
        let stored = pool.hash(&password).await.expect("a hash");
        Self { pool, password, stored }
    }

    async fn verify(&self, ops: usize) {
        for _ in 0..ops {
            assert!(self.pool.verify(&self.password, Some(&self.stored)).await.expect("a verdict").matches);
        }
    }
}
