//! Two nodes on one PostgreSQL: `nodes [--bus postgres|redis] [--rounds N]`.
//!
//! Two processes of one application, as behind a balancer. A member is removed through the one; how long does the other
//! still let them in? First with the bus, then while it is cut, then after it has come back. Time is real here: this is
//! a measurement, and a bound that it exceeds ends it with an error.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test program: what is unexpected ends it, figures are its output, it starts processes, and time is real"
)]

#[path = "nodes/cut.rs"]
mod cut;
#[path = "nodes/node.rs"]
mod node;

use std::time::{Duration, Instant};

use serde_json::json;
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits::CACHE_LIFE;
use usermgmt_core::model::RoleKey;
use usermgmt_service::{NewUser, UserMgmt};
use usermgmt_sqlx::Postgres;
use usermgmt_tests::Agent;
use usermgmt_tests::cell::left_out;
use usermgmt_tests::report::Report;
use usermgmt_tests::stores::Database;

use crate::cut::Line;
use crate::node::{Node, ORIGIN};

/// What both nodes take for the public origin stands in `node.rs`; people have this password.
const PASSWORD: &str = "blowfish under moonlight";
/// What may be added to a bound on a busy machine: a request and a read of the database.
const SLACK: Duration = Duration::from_secs(2);
/// The longest pause of a process before it looks for a lost bus again, which `bus.rs` of the service says.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Both nodes and this process.
const PROCESSES: usize = 3;
/// Removals while the bus is cut: each takes seconds.
const CUT_ROUNDS: u32 = 4;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--node") {
        return node::run(&args[1..]).await;
    }
    let (mut buses, mut rounds) = (vec!["postgres", "redis"], 200_u32);
    for pair in args.chunks(2) {
        match pair {
            [name, bus] if name == "--bus" && (bus == "postgres" || bus == "redis") => buses.retain(|kept| kept == bus),
            [name, number] if name == "--rounds" && number.parse::<u32>().is_ok_and(|number| number > 0) => {
                rounds = number.parse().unwrap();
            }
            _ => {
                println!("usage: nodes [--bus postgres|redis] [--rounds N]");
                std::process::exit(2);
            }
        }
    }
    for bus in buses {
        if left_out("postgres") || left_out(bus) {
            println!("!!! left out: two nodes with the bus on {bus} !!!");
            continue;
        }
        measure(bus, rounds).await;
        let report = Report::new("nodes", "postgres", "axum");
        report.requirement(208);
        report.write();
    }
}

async fn measure(bus: &str, rounds: u32) {
    let database = Database::migrated("").await;
    let mut line = Line::new(bus, &database.url).await;
    let folder = tempfile::tempdir().unwrap();
    let mut scene = Scene::set(&database.url, &line, folder.path()).await;
    println!("\nbus on {bus}, {} and {} on one PostgreSQL, {rounds} removals", scene.a.address, scene.b.address);
    println!("{:<48} {:>9} {:>9} {:>9} {:>6}", "", "p50 ms", "p99 ms", "max ms", "times");

    let mut with = Figures::default();
    for round in 0..rounds {
        scene.let_in().await;
        // Removals at any moment after another wake, not in step with it.
        tokio::time::sleep(Duration::from_millis(u64::from(round * 7 % 60))).await;
        with.add(scene.remove().await);
    }
    with.print("answer of A to the first refusal of B");
    assert!(with.longest() < CACHE_LIFE.unsigned_abs(), "with the bus it is faster than without");

    let (mut without, mut back) = (Figures::default(), Figures::default());
    for round in 0..CUT_ROUNDS {
        scene.let_in().await;
        line.cut().await;
        // B has looked at any moment of the life of its cache.
        for _ in 0..=round * 4 {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(scene.b_lets_in().await, "B goes on without the bus");
        }
        without.add(scene.remove().await);
        line.mend().await;
        let begun = Instant::now();
        while line.listening().await < PROCESSES {
            assert!(begun.elapsed() < LONGEST_PAUSE + SLACK, "recovery without a restart");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        back.add(begun.elapsed());
    }
    without.print(&format!("the same, {}", line.how()));
    back.print("the bus is there to all processes listen again");
    let bound = CACHE_LIFE.unsigned_abs() + SLACK;
    assert!(without.longest() < bound, "{:?} is more than the bound", without.longest());

    let mut after = Figures::default();
    for _ in 0..rounds.min(50) {
        scene.let_in().await;
        after.add(scene.remove().await);
    }
    after.print("the first case again, nothing was restarted");
    assert!(after.longest() < CACHE_LIFE.unsigned_abs(), "the bus carries again");
    scene.end().await;
}

/// Two nodes, an owner at the one, a member at the other.
struct Scene {
    a: Node,
    b: Node,
    /// A third process, which joins the bus too: it brings the member back.
    third: UserMgmt,
    org: OrgId,
    member: UserId,
    owner_at_a: Agent,
    member_at_b: Agent,
}

impl Scene {
    async fn set(database: &str, line: &Line, folder: &std::path::Path) -> Self {
        let key = folder.join("app.key");
        let third = {
            let keys = KeyRing::from_file_or_create(&key).unwrap();
            let store = Postgres::connect(database).await.unwrap();
            let builder = node::settings(UserMgmt::builder(store, ORIGIN, keys));
            builder.bus(node::bus(&line.spec())).without_workers().build().await.unwrap()
        };
        let create = async |email| {
            let new = NewUser { email, name: "Person", password: Some(PASSWORD.into()), email_is_verified: true };
            third.users("nodes").create(new).await.unwrap()
        };
        let (owner, member) = (create("owner@example.test").await, create("member@example.test").await);
        let org = third.organizations("nodes").create(owner, "Team").await.unwrap();
        third.organizations("nodes").add_member(org, member, &[RoleKey::new("reader")]).await.unwrap();
        let (a, b) = (Node::start(database, &line.spec(), &key), Node::start(database, &line.spec(), &key));
        let signed_in = async |email: &str, node: &Node| {
            let mut agent = Agent::new(node.address, ORIGIN);
            agent.post("/auth/sign-in", json!({ "email": email, "password": PASSWORD })).await.expect(200);
            agent
        };
        let owner_at_a = signed_in("owner@example.test", &a).await;
        let member_at_b = signed_in("member@example.test", &b).await;
        Self { a, b, third, org, member, owner_at_a, member_at_b }
    }

    async fn b_lets_in(&self) -> bool {
        let reply = self.member_at_b.clone().get("/host/things").await;
        match reply.status.as_u16() {
            200 => true,
            401 | 403 | 404 => false,
            other => panic!("{other} {}", reply.body),
        }
    }

    /// The member is one, and B knows it.
    async fn let_in(&mut self) {
        let orgs = self.third.organizations("nodes");
        match orgs.add_member(self.org, self.member, &[RoleKey::new("reader")]).await {
            Ok(()) => {}
            Err(error) => assert_eq!(error.to_string(), "already_member"),
        }
        let begun = Instant::now();
        let path = format!("/auth/organizations/{}/enter", self.org);
        while !self.b_lets_in().await {
            // Whoever comes back into an organisation enters it anew.
            drop(self.member_at_b.post(&path, json!({})).await);
            assert!(
                begun.elapsed() < LONGEST_PAUSE + SLACK + CACHE_LIFE.unsigned_abs(),
                "B has not heard of a new member"
            );
        }
    }

    /// Removes the member through A; how long after the answer B refuses.
    async fn remove(&self) -> Duration {
        let path = format!("/auth/organizations/{}/members/{}/remove", self.org, self.member);
        let reply = self.owner_at_a.clone().post(&path, json!({})).await;
        assert!(reply.status.is_success(), "{} {}", reply.status, reply.body);
        let answered = Instant::now();
        while self.b_lets_in().await {
            assert!(answered.elapsed() < Duration::from_secs(60), "B never hears of it");
        }
        answered.elapsed()
    }

    async fn end(self) {
        self.third.shutdown().await;
        self.a.stop();
        self.b.stop();
    }
}

#[derive(Default)]
struct Figures(Vec<Duration>);

impl Figures {
    fn add(&mut self, took: Duration) {
        self.0.push(took);
        self.0.sort_unstable();
    }

    fn longest(&self) -> Duration {
        self.0[self.0.len() - 1]
    }

    /// The smallest that so many of a hundred do not exceed.
    fn percentile(&self, percent: usize) -> f64 {
        let place = (self.0.len() * percent).div_ceil(100).max(1) - 1;
        self.0[place].as_secs_f64() * 1_000.0
    }

    fn print(&self, what: &str) {
        let (half, most, all) = (self.percentile(50), self.percentile(99), self.percentile(100));
        println!("{what:<48} {half:>9.1} {most:>9.1} {all:>9.1} {:>6}", self.0.len());
    }
}
