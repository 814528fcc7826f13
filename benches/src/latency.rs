//! Whether other requests suffer while sign-ins saturate the machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use usermgmt_service::HashCost;

use crate::client::{self, Statuses};
use crate::probe;
use crate::report::{Report, ms, row};
use crate::serve::Served;
use crate::stats::{median, quantile};
use crate::world::{self, PASSWORD, World, address};

/// Sign-ins at a time.
const AT_A_TIME: usize = 64;
/// People who sign in.
const PEOPLE: usize = 256;

/// What else goes on.
const LOADS: [&str; 3] = ["nothing", "a CPU burner", "64 sign-ins at a time"];

pub(crate) fn run(report: &mut Report) {
    let rounds = report.volume(8, 1);
    let lasting = Duration::from_secs(report.volume(4, 1) as u64);
    let people = report.volume(PEOPLE, 32);
    report.note(
        "The server is a process of its own (SQLite, default cost, default runtime); this process sends GET /auth/me",
    );
    report.note("over two kept connections at a fixed pace (500 a second) and times each one from when it was due.");
    report.note(
        "The burner is as many threads as hash passwords, inside the server, that only use their core: what remains",
    );
    report.note(
        "between it and the sign-ins is ours, not the scheduler's. Loads in turn; p99 of each round, then the median.",
    );
    let (folder, cookie) = world::runtime().block_on(async {
        let world = World::new(HashCost::default(), |builder| builder).await;
        for number in 0..people {
            world.user(&address("u", number), Some(PASSWORD)).await;
        }
        let (session, _) = world.member("ann@example.test").await;
        let cookie = session.expose().to_owned();
        (world.close().await, cookie)
    });
    let mut server = Served::start(folder.path());
    let request = format!("GET /auth/me HTTP/1.1\r\nhost: localhost:3000\r\ncookie: um_session={cookie}\r\n\r\n");
    let mut times = LOADS.map(|_| Vec::<Vec<f64>>::new());
    let mut answers = Statuses::new();
    let _ = probe::run(server.address, request.as_bytes(), Duration::from_millis(500));
    for _ in 0..rounds {
        times[0].push(probe::run(server.address, request.as_bytes(), lasting));
        server.burn();
        times[1].push(probe::run(server.address, request.as_bytes(), lasting));
        server.rest();
        let stop = Arc::new(AtomicBool::new(false));
        let (until, at) = (stop.clone(), server.address);
        let load =
            std::thread::spawn(move || world::single().block_on(client::sign_ins_until(at, AT_A_TIME, people, until)));
        std::thread::sleep(Duration::from_millis(300));
        times[2].push(probe::run(server.address, request.as_bytes(), lasting));
        stop.store(true, Ordering::Relaxed);
        for (status, count) in load.join().expect("the load") {
            *answers.entry(status).or_default() += count;
        }
    }

    let p99 = |load: usize| median(&times[load].iter().map(|round| quantile(round, 0.99)).collect::<Vec<_>>());
    let mut table = vec![row(["beside", "p50", "p99 (median of rounds)", "p99 of all", "slowest", "requests"])];
    for (load, name) in LOADS.iter().enumerate() {
        let all = times[load].concat();
        table.push(vec![
            (*name).to_owned(),
            ms(median(&all)),
            ms(p99(load)),
            ms(quantile(&all, 0.99)),
            ms(quantile(&all, 1.0)),
            all.len().to_string(),
        ]);
    }
    report.table(&table);
    report.note(&format!("sign-ins meanwhile, by status: {}", client::describe(&answers)));
    let (idle, burner, busy) = (p99(0), p99(1), p99(2));
    let line = (2.0 * idle).max(1.5 * burner);
    report.judge(
        "p99 of /auth/me beside 64 sign-ins at a time",
        format!("{} ({:.2} × idle, {:.2} × burner)", ms(busy), busy / idle, busy / burner),
        &format!("≤ {} = max(2 × idle, 1.5 × burner)", ms(line)),
        busy <= line,
    );
    // Other work on the machine disturbs all three; where it outweighs the burner, nothing was compared.
    let what = "p99 of /auth/me beside nothing, to know that the run is worth something";
    report.judge(what, ms(idle), "< beside a burner", idle < burner);
    report.state("p99 of /auth/me beside a burner", ms(burner));
}
