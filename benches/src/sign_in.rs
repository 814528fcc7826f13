//! Sign-ins per core, beside what hashing alone would allow.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::Router;
use cpu_time::{ProcessTime, ThreadTime};
use tokio::runtime::Runtime;
use usermgmt_core::limits::{ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES};
use usermgmt_service::HashCost;

use crate::client;
use crate::measure::paired;
use crate::report::{Report, cores, ms, row};
use crate::stats::median;
use crate::world::{self, PASSWORD, World, address};

/// Sign-ins in flight.
const IN_FLIGHT: usize = 64;
/// The share of a sign-in's CPU that must be its hash.
const LINE: f64 = 0.9;

/// CPU and wall time of one operation, in nanoseconds, a round each.
#[derive(Default)]
struct Rounds {
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, ops: usize, cpu: f64, wall: f64) {
        self.cpu.push(cpu / ops as f64);
        self.wall.push(wall / ops as f64);
    }
}

pub(crate) fn run(report: &mut Report) {
    let (rounds, ops) = (report.volume(8, 1), report.volume(256, 64));
    let people = report.volume(256, 64);
    report.note(&format!(
        "SQLite, {people} people, Argon2id at the default cost, {IN_FLIGHT} sign-ins in flight, rounds in turn."
    ));
    report.note(
        "Baseline: the argon2 crate by itself on as many threads as cores, memory used again; CPU of those threads.",
    );
    report.note("Sign-ins: CPU of the whole process; over HTTP without the thread that is the client.");
    let runtime = world::runtime();
    let world = runtime.block_on(async {
        let world = World::new(HashCost::default(), |builder| builder).await;
        for number in 0..people {
            world.user(&address("u", number), Some(PASSWORD)).await;
        }
        Arc::new(world)
    });
    let server = runtime.block_on(serve(&world));

    let (mut hashes, mut direct, mut over_http) = (Rounds::default(), Rounds::default(), Rounds::default());
    for round in 0..=rounds {
        let costs = [hashes_alone(ops), directly(&runtime, &world, people, ops), through_sockets(server, people, ops)];
        // The first round fills caches and is not counted.
        if round > 0 {
            for (rounds, (cpu, wall)) in [&mut hashes, &mut direct, &mut over_http].into_iter().zip(costs) {
                rounds.add(ops, cpu, wall);
            }
        }
    }

    let hash = median(&hashes.cpu);
    let mut table = vec![row(["one of", "CPU", "hash / CPU", "per second and core", "of 1 / hash", "wall"])];
    for (name, rounds) in [("hash (baseline)", &hashes), ("sign-in, direct", &direct), ("sign-in, HTTP", &over_http)] {
        let per_core = 1e9 / (median(&rounds.wall) * cores() as f64);
        table.push(vec![
            name.into(),
            ms(median(&rounds.cpu)),
            format!("{:.3}", paired(&hashes.cpu, &rounds.cpu, |hash, cpu| hash / cpu)),
            format!("{per_core:.1}"),
            format!("{:.3}", per_core * hash / 1e9),
            ms(median(&rounds.wall)),
        ]);
    }
    report.table(&table);
    report.note("\"Of 1 / hash\" is by the wall clock: other work on this machine lowers it, also in the first line.");
    for (name, rounds) in [("direct", &direct), ("over HTTP", &over_http)] {
        let share = paired(&hashes.cpu, &rounds.cpu, |hash, cpu| hash / cpu);
        let what = format!("sign-ins per core, {name}, of 1 / hash CPU");
        report.judge(&what, format!("{share:.3}"), "≥ 0.9", share >= LINE);
    }
    report.state("hash at the default cost, CPU", ms(hash));
}

async fn serve(world: &World) -> SocketAddr {
    let app: Router = usermgmt_axum::attach(Router::new(), "/auth", &world.auth).with_state(world.auth.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
    address
}

/// CPU and wall time of hashing alone.
fn hashes_alone(ops: usize) -> (f64, f64) {
    let (started, threads) = (Instant::now(), cores());
    let workers: Vec<_> = (0..threads).map(|_| std::thread::spawn(move || hash_many(ops.div_ceil(threads)))).collect();
    let cpu = workers.into_iter().map(|worker| worker.join().expect("hashed")).sum();
    (cpu, started.elapsed().as_nanos() as f64)
}

fn hash_many(ops: usize) -> f64 {
    let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, None).expect("the default cost");
    let mut blocks = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let (mut output, started) = ([0; 32], ThreadTime::now());
    for number in 0..ops {
        let salt = (number as u128).to_be_bytes();
        argon2.hash_password_into_with_memory(PASSWORD.as_bytes(), &salt, &mut output, &mut blocks).expect("a hash");
    }
    started.elapsed().as_nanos() as f64
}

fn directly(runtime: &Runtime, world: &Arc<World>, people: usize, ops: usize) -> (f64, f64) {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    runtime.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        let lane = || {
            let (world, next) = (world.clone(), next.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= ops {
                        break;
                    }
                    world.sign_in(&address("u", number % people)).await;
                }
            })
        };
        for lane in (0..IN_FLIGHT).map(|_| lane()).collect::<Vec<_>>() {
            lane.await.expect("signed in");
        }
    });
    (cpu.elapsed().as_nanos() as f64, wall.elapsed().as_nanos() as f64)
}

fn through_sockets(server: SocketAddr, people: usize, ops: usize) -> (f64, f64) {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let client = std::thread::spawn(move || {
        let own = ThreadTime::now();
        world::single().block_on(client::sign_ins(server, IN_FLIGHT, ops, people));
        own.elapsed().as_nanos() as f64
    });
    let own = client.join().expect("signed in");
    (cpu.elapsed().as_nanos() as f64 - own, wall.elapsed().as_nanos() as f64)
}
