//! The database goes away in the middle of traffic: `outage [--rounds N] [--gap SECONDS]`.
//!
//! Two nodes of one application, one under each framework, on a PostgreSQL behind a proxy, and people of every kind who
//! know what they may be answered. The server is stopped, killed, replaced by the one that followed it, or the line to
//! it swallows everything. While it is away whatever needs it is answered with 503 and the time to try again, never as
//! anonymous, never let in whose access has ended; once it is back so is the service, by itself; and in the end
//! everything that was acknowledged is in the database, and nothing by halves. Before that, a replica lags. Time is real here: this is a
//! measurement, and a bound that it exceeds ends it with an error.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test program: what is unexpected ends it, figures are its output, and time is real"
)]

#[path = "outage/judge.rs"]
mod judge;
#[path = "outage/line.rs"]
mod line;
#[path = "outage/scene.rs"]
mod scene;
#[path = "outage/stale.rs"]
mod stale;
#[path = "outage/traffic.rs"]
mod traffic;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgPoolOptions;
use usermgmt_core::id::{CommitId, RealmId};
use usermgmt_core::port::OsRandom;
use usermgmt_core::store::{ChangeSet, ChangeStore as _, CommitStore as _, StoreErrorKind};
use usermgmt_sqlx::Postgres;
use usermgmt_tests::cell::left_out;
use usermgmt_tests::cluster::{Cluster, Stop};
use usermgmt_tests::report::Report;

use crate::line::Line;
use crate::scene::Scene;
use crate::traffic::{Asked, Seen};

/// The database of the application.
const DATABASE: &str = "app";
/// How soon the service is back after the server is: two seconds, and what may be added on a busy machine, where ten
/// new connections compete with all who have waited.
const RECOVERY: Duration = Duration::from_secs(2 + SLACK);
const SLACK: u64 = 4;
/// The same when the line swallowed everything: requests that wait on it wait to their end, five seconds for a
/// connection or ten for an answer, and hold the pool's connections so long.
const RECOVERY_FROM_SILENCE: Duration = Duration::from_secs(15 + SLACK);
/// How long any request may take: what the manual states.
const LONGEST: Duration = Duration::from_secs(30);
/// Traffic before the first outage.
const BEFORE: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (mut rounds, mut gap) = (10_u32, 10_u64);
    for pair in args.chunks(2) {
        match pair {
            [name, number] if name == "--rounds" && number.parse::<u32>().is_ok_and(|number| number > 0) => {
                rounds = number.parse().unwrap();
            }
            [name, seconds] if name == "--gap" && seconds.parse::<u64>().is_ok_and(|seconds| seconds > 0) => {
                gap = seconds.parse().unwrap();
            }
            _ => {
                println!("usage: outage [--rounds N] [--gap SECONDS]");
                std::process::exit(2);
            }
        }
    }
    if left_out("postgres") {
        println!("!!! left out: outages of PostgreSQL !!!");
        return;
    }
    let gap = Duration::from_secs(gap);
    println!("{rounds} outages of each kind, {gap:?} each, two nodes");
    println!(
        "{:<34} {:>5} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9}",
        "", "times", "asked/s", "in gap", "503", "back p50", "back max", "longest"
    );
    let mut primary = Cluster::new().await;
    primary.execute("postgres", "CREATE DATABASE app").await;
    stale::reads(&primary).await;
    let run = Run::begin(&primary, rounds).await;
    restarts(&run, &mut primary, rounds, gap).await;
    silences(&run, &primary, rounds, gap).await;
    let primary = fail_overs(&run, primary, rounds, gap).await;
    run.end(&primary).await;
    for framework in ["axum", "actix"] {
        let report = Report::new("outage", "postgres", framework);
        report.requirement(203);
        report.case("FO-06");
        report.twin("FO-06");
        report.write();
    }
}

/// The server is stopped and started again.
async fn restarts(run: &Run, server: &mut Cluster, rounds: u32, gap: Duration) {
    for (how, name) in [(Stop::Fast, "stopped"), (Stop::Immediate, "stopped at once"), (Stop::Kill, "killed")] {
        let mut figures = Figures::begin(run);
        for _ in 0..rounds {
            let gone = Instant::now();
            server.stop(how).await;
            tokio::time::sleep(gap).await;
            server.start().await;
            figures.add(gone, RECOVERY).await;
        }
        figures.print(name);
    }
}

/// The server is killed, and the one that followed it takes its place; the last one of them is answered.
async fn fail_overs(run: &Run, mut primary: Cluster, rounds: u32, gap: Duration) -> Cluster {
    let mut figures = Figures::begin(run);
    for _ in 0..rounds {
        let follower = primary.follower().await;
        primary.wait_for_follower(DATABASE).await;
        let gone = Instant::now();
        primary.stop(Stop::Kill).await;
        tokio::time::sleep(gap / 2).await;
        // The proxy is early: it leads to a server that takes no writes yet, and may not know the last ones.
        run.line.lead_to(follower.port());
        let begun = Instant::now();
        reads_only(follower.port()).await;
        tokio::time::sleep((gap / 2).saturating_sub(begun.elapsed())).await;
        follower.promote().await;
        figures.add(gone, RECOVERY).await;
        primary = follower;
    }
    figures.print("replaced by its follower");
    primary
}

/// A follower is no store: neither for writes, nor for what may not be stale.
async fn reads_only(port: u16) {
    let url = Cluster::url(port, DATABASE);
    assert_eq!(Postgres::connect(&url).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let store = Postgres::from_pool(PgPoolOptions::new().connect(&url).await.unwrap());
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let changes = ChangeSet::new(CommitId::new(&OsRandom, now).unwrap(), RealmId::DEFAULT, now);
    assert_eq!(store.commit(changes).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.changes(0, 1).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(store.change_place().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    store.close().await;
}

/// The line swallows everything, and closes nothing.
async fn silences(run: &Run, server: &Cluster, rounds: u32, gap: Duration) {
    let mut figures = Figures::begin(run);
    for _ in 0..rounds {
        let gone = Instant::now();
        run.line.swallow();
        tokio::time::sleep(gap).await;
        run.line.lead_to(server.port());
        figures.add(gone, RECOVERY_FROM_SILENCE).await;
    }
    figures.print("a line that swallows everything");
}

/// Nodes with traffic.
struct Run {
    line: Line,
    scene: Arc<Scene>,
    seen: Arc<Seen>,
    everybody: tokio::task::JoinSet<()>,
}

impl Run {
    async fn begin(cluster: &Cluster, rounds: u32) -> Self {
        let line = Line::to(cluster.port()).await;
        let scene = Arc::new(Scene::set(line.port(), DATABASE, 20 + 20 * rounds as usize).await);
        let seen = Arc::new(Seen::default());
        let everybody = scene.begin(&seen);
        let run = Self { line, scene, seen, everybody };
        tokio::time::sleep(BEFORE).await;
        assert!(run.seen.asked.lock().unwrap().iter().all(|asked| !asked.unavailable), "an outage before the outage");
        run
    }

    async fn end(mut self, cluster: &Cluster) {
        self.seen.end();
        while let Some(ended) = self.everybody.join_next().await {
            ended.expect("nobody among the people fails");
        }
        let Ok(scene) = Arc::try_unwrap(self.scene) else { panic!("somebody still looks at the scene") };
        scene.end(cluster, DATABASE).await;
        println!("    {}", judge::judge(&self.seen, cluster, DATABASE).await);
    }
}

/// What several outages of one kind have shown.
struct Figures<'a> {
    run: &'a Run,
    begun: Instant,
    before: usize,
    /// How long after the server was back the first write was acknowledged, and somebody began who was still told that
    /// it is away: the later of both.
    back: Vec<Duration>,
    asked: usize,
    unavailable: usize,
    longest: Duration,
}

impl<'a> Figures<'a> {
    fn begin(run: &'a Run) -> Self {
        let before = run.seen.asked.lock().unwrap().len();
        let (asked, unavailable, longest) = (0, 0, Duration::ZERO);
        Self { run, begun: Instant::now(), before, back: Vec::new(), asked, unavailable, longest }
    }

    /// Takes one outage up, which is over at this moment, once nobody has met it for a while.
    async fn add(&mut self, gone: Instant, bound: Duration) {
        let over = Instant::now();
        let is_write = |asked: &&Asked| ["sign-in", "sign-up", "organisation"].contains(&asked.what);
        let back = loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let asked = self.run.seen.asked.lock().unwrap();
            let after = || asked.iter().filter(|asked| asked.begun > over);
            let written = after().filter(is_write).filter(|asked| !asked.unavailable);
            let written = written.map(|asked| asked.begun + asked.took).min();
            let last = after().filter(|asked| asked.unavailable).map(|asked| asked.begun).max();
            let back = written.map(|written| last.map_or(written, |last| last.max(written)));
            assert!(back.unwrap_or_else(Instant::now) - over < bound, "not back {:?} after the server", over.elapsed());
            // Those who began meanwhile may still wait to be told.
            if let Some(back) = back.filter(|back| back.elapsed() > bound.min(Duration::from_secs(5))) {
                break back - over;
            }
        };
        self.back.push(back);
        self.back.sort_unstable();
        let asked = self.run.seen.asked.lock().unwrap();
        let met: Vec<_> = asked.iter().filter(|asked| asked.begun + asked.took > gone && asked.begun < over).collect();
        let unavailable = met.iter().filter(|asked| asked.unavailable).count();
        assert!(unavailable > 0, "nobody has met the outage");
        (self.asked, self.unavailable) = (self.asked + met.len(), self.unavailable + unavailable);
        let longest = met.iter().max_by_key(|asked| asked.took).expect("somebody asked");
        assert!(longest.took < LONGEST, "{} took {:?}", longest.what, longest.took);
        self.longest = self.longest.max(longest.took);
    }

    fn print(&self, name: &str) {
        let half = self.back[(self.back.len() - 1) / 2].as_secs_f64();
        let most = self.back[self.back.len() - 1].as_secs_f64();
        let asked = self.run.seen.asked.lock().unwrap().len() - self.before;
        let rate = f64::from(u32::try_from(asked).unwrap()) / self.begun.elapsed().as_secs_f64();
        println!(
            "{name:<34} {:>5} {rate:>8.0} {:>8} {:>8} {half:>7.2} s {most:>7.2} s {:>7.2} s",
            self.back.len(),
            self.asked,
            self.unavailable,
            self.longest.as_secs_f64()
        );
    }
}
