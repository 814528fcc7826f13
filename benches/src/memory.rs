//! Peak memory under many sign-ins at once.

use usermgmt_service::HashCost;

use crate::client::{self, sign_in_request};
use crate::report::{Report, cores, row};
use crate::serve::Served;
use crate::world::{self, PASSWORD, World, address};

/// Sign-ins at once.
const AT_ONCE: usize = 500;
/// People who exist; as many addresses again belong to nobody.
const PEOPLE: usize = 50;
const MIB: f64 = 1_048_576.0;
/// What sign-ins may need besides the blocks of the hashes.
const MARGIN_MIB: f64 = 64.0;
/// Memory of one hash at the default cost.
const HASH_MIB: f64 = 19.0;

pub(crate) fn run(report: &mut Report) {
    let waves = report.volume(5, 1);
    report.note(&format!(
        "A server in a process of its own (SQLite, default cost). {AT_ONCE} open connections send a sign-in each at"
    ));
    report.note(
        "once, half of them for addresses that belong to nobody; then again. At rest: after start, before any hash.",
    );
    let folder = world::runtime().block_on(async {
        let world = World::new(HashCost::default(), |builder| builder).await;
        for number in 0..PEOPLE {
            world.user(&address("u", number), Some(PASSWORD)).await;
        }
        world.close().await
    });
    let server = Served::start(folder.path());
    let (Some(base), Some(start_peak)) = (server.memory("VmRSS"), server.memory("VmHWM")) else {
        report.note("left out: this system has no /proc/…/status");
        return;
    };
    let mut table = vec![row(["after", "peak (VmHWM)", "now (VmRSS)", "answers by status"])];
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / MIB);
    table.push(vec!["start, at rest".into(), mib(start_peak), mib(base), String::new()]);
    let runtime = world::single();
    let mut peak = 0;
    for wave in 1..=waves {
        let requests = (0..AT_ONCE).map(|number| {
            let class = if number % 2 == 0 { "u" } else { "x" };
            sign_in_request(&address(class, number / 2 % PEOPLE), PASSWORD)
        });
        let statuses = runtime.block_on(client::wave(server.address, requests.collect()));
        peak = server.memory("VmHWM").unwrap_or(0);
        let now = server.memory("VmRSS").unwrap_or(0);
        let refused = statuses.get(&503).copied().unwrap_or(0);
        let odd: usize = statuses.iter().filter(|(status, _)| ![200, 401, 503].contains(status)).map(|one| one.1).sum();
        assert_eq!(odd, 0, "answers that nobody expects: {}", client::describe(&statuses));
        table.push(vec![format!("wave {wave}"), mib(peak), mib(now), client::describe(&statuses)]);
        if wave == 1 {
            report.state("sign-ins of the first 500 at once answered with 503", refused.to_string());
        }
    }
    report.table(&table);
    let hashers = server.threads("usermgmt-hash");
    let line = base as f64 / MIB + cores() as f64 * HASH_MIB + MARGIN_MIB;
    let peak_mib = peak as f64 / MIB;
    report.judge(
        "peak memory under 500 sign-ins at once",
        format!("{peak_mib:.1} MiB (base {})", mib(base)),
        &format!("≤ {line:.1} MiB = base + cores × 19 + 64"),
        peak_mib <= line,
    );
    let what = "threads that hash, so hashes at once";
    report.judge(what, hashers.to_string(), &format!("≤ {} cores", cores()), (1..=cores()).contains(&hashers));
}
