//! What cached sessions take in memory.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use sqlx::Connection as _;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::{OrgId, SessionId, UserId};
use usermgmt_core::limits::CACHE_ENTRIES;
use usermgmt_core::port::{Clock as _, ManualClock, OsRandom, SystemClock};
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::SessionStore as _;
use usermgmt_service::{HashCost, UserMgmt};

use crate::measure::live_bytes;
use crate::report::{Report, row};
use crate::seed::{self, Secrets, Volume};
use crate::world::{self, World};

/// By what the program knows that it is to fill its memory.
pub(crate) const WORD: &str = "hold";

const MIB: f64 = 1_048_576.0;
/// Sessions that are checked before anything is measured, so that the database has its buffers.
const WARM: usize = 500;

/// What is held, by name: first the baseline.
const WAYS: [(&str, &str); 3] = [
    ("plain", "a HashMap of digest to five ids and times (baseline)"),
    ("principals", "a HashMap of digest to Arc<Principal>"),
    ("cache", "the cache of UserMgmt"),
];

pub(crate) fn run(report: &mut Report) {
    let users = report.volume(100_000, 2_000);
    report.note(&format!(
        "{users} sessions of as many people in {} organisations, on SQLite, each checked once. Each way of keeping them",
        users / 1_000
    ));
    report.note("has a process of its own. Allocated: bytes asked for and not freed. Resident: growth of VmRSS.");
    let runtime = world::single();
    let clock = Arc::new(ManualClock::at(SystemClock.now()));
    let folder = runtime.block_on(async {
        let world = World::new(HashCost::insecure_for_tests(), |builder| builder.clock(clock.clone())).await;
        seed::fill(&world, Volume { users, orgs: users / 1_000 }).await;
        world.close().await
    });
    let mut table = vec![row(["a session in", "allocated", "× baseline", "resident", "× baseline", "held"])];
    let mut base = None;
    let mut tell = |name: &str, held: Held| {
        let base = base.get_or_insert(held);
        let each = |bytes: f64| format!("{:.0} B", bytes / users as f64);
        table.push(vec![
            name.to_owned(),
            each(held.allocated),
            format!("{:.1}", held.allocated / base.allocated),
            each(held.resident),
            format!("{:.1}", held.resident / base.resident),
            held.sessions.to_string(),
        ]);
        held
    };
    let now = micros(clock.now());
    let [plain, _, cache] = WAYS.map(|(word, name)| tell(name, Held::by_child(word, folder.path(), users, now)));
    // Those that refresh tokens carry can also be found by their ids.
    runtime.block_on(with_refresh_tokens(folder.path()));
    let refreshed = tell("the same, with refresh tokens", Held::by_child("cache", folder.path(), users, now));
    report.table(&table);
    for (name, held) in [("cached sessions", cache), ("cached sessions with refresh tokens", refreshed)] {
        let (allocated, resident) = (held.per_100_000(users).0, held.per_100_000(users).1);
        let ratio = held.allocated / plain.allocated;
        report.state(
            &format!("memory per 100,000 {name}"),
            format!("{allocated:.1} MiB allocated, {resident:.1} MiB resident, {ratio:.1} × plain rows in a HashMap"),
        );
    }
    let bound = refreshed.per_100_000(users).1 * CACHE_ENTRIES as f64 / 100_000.0;
    let what = format!("the most that the cache takes ({CACHE_ENTRIES} sessions, all with refresh tokens)");
    report.state(&what, format!("{bound:.0} MiB resident"));
    let all = [cache, refreshed].iter().all(|held| held.sessions == users);
    let found = format!("{} and {} of {users}", cache.sessions, refreshed.sessions);
    report.judge("sessions that are answered with the store closed, so were in the cache", found, "all", all);
}

/// What a process held.
#[derive(Clone, Copy)]
struct Held {
    allocated: f64,
    resident: f64,
    sessions: usize,
}

impl Held {
    /// Has a process of its own hold them and tell.
    fn by_child(way: &str, folder: &Path, users: usize, now: i64) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.arg(WORD).arg(way).arg(folder).arg(users.to_string()).arg(now.to_string());
        let output = command.output().expect("a child");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stdout).expect("numbers");
        let mut numbers = told.split_whitespace().map(|number| number.parse::<f64>().expect("a number"));
        let mut next = || numbers.next().expect("three numbers");
        Self { allocated: next(), resident: next(), sessions: next() as usize }
    }

    /// MiB allocated and resident.
    fn per_100_000(self, users: usize) -> (f64, f64) {
        let scaled = |bytes: f64| bytes / users as f64 * 100_000.0 / MIB;
        (scaled(self.allocated), scaled(self.resident))
    }
}

async fn with_refresh_tokens(folder: &Path) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("bench.db"));
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
    let update = sqlx::query("UPDATE usermgmt_session SET refresh_generation = 1, refreshed_at = created_at");
    update.execute(&mut connection).await.expect("updated");
    connection.close().await.expect("closed");
}

/// The child: holds the sessions of this folder in this way, and says what that took.
pub(crate) fn hold(args: &[String]) {
    let [way, folder, users, now] = args else { panic!("way, folder, users, time") };
    let users: usize = users.parse().expect("a number");
    let now = OffsetDateTime::from_unix_timestamp_nanos(now.parse::<i128>().expect("a time") * 1_000);
    let clock = Arc::new(ManualClock::at(now.expect("a time")));
    let runtime = world::single();
    runtime.block_on(async {
        let world = World::open(Path::new(folder), HashCost::insecure_for_tests(), |builder| {
            builder.without_workers().clock(clock.clone()).cache_life(Duration::HOUR)
        })
        .await;
        let secrets = Secrets::of(world.auth.keys());
        let warm = world.again(world.store.clone(), |builder| builder.clock(clock.clone())).await;
        check(&warm.auth, &secrets, WARM.min(users)).await;
        drop(warm);
        let before = (live_bytes(), resident());
        let tell = |sessions: usize, after: (usize, u64)| {
            println!("{} {} {sessions}", after.0 - before.0, after.1.saturating_sub(before.1));
        };
        match way.as_str() {
            "plain" => {
                let mut map = HashMap::new();
                for number in 0..users {
                    map.insert(secrets.of_user(number).digest(), Plain::new(clock.now()));
                }
                let after = (live_bytes(), resident());
                tell(black_box(map).len(), after);
            }
            "principals" => {
                let mut map: HashMap<Digest, Arc<Principal>> = HashMap::new();
                for number in 0..users {
                    let digest = secrets.of_user(number).digest();
                    let record = world.store.principal(world.auth.realm(), digest).await.expect("an answer");
                    let principal = Principal::establish(record.expect("a session"), clock.now()).expect("signed in");
                    map.insert(digest, Arc::new(principal));
                }
                let after = (live_bytes(), resident());
                tell(black_box(map).len(), after);
            }
            _ => {
                check(&world.auth, &secrets, users).await;
                let after = (live_bytes(), resident());
                // Whoever is still known has been in the cache.
                world.store.close().await;
                let mut known = 0;
                for number in 0..users {
                    known += usize::from(world.auth.principal(&secrets.of_user(number)).await.is_ok());
                }
                tell(known, after);
            }
        }
    });
}

async fn check(auth: &UserMgmt, secrets: &Secrets, users: usize) {
    for number in 0..users {
        let principal = auth.principal(&secrets.of_user(number)).await.expect("an answer");
        assert!(principal.expect("signed in").org().is_some(), "the session acts in its organisation");
    }
}

/// The least that a check could live with: who, where, and until when.
struct Plain {
    _user: UserId,
    _session: SessionId,
    _org: OrgId,
    _seen_at: i64,
    _expires_at: i64,
}

impl Plain {
    fn new(now: OffsetDateTime) -> Self {
        Self {
            _user: UserId::new(&OsRandom, now).expect("randomness"),
            _session: SessionId::new(&OsRandom, now).expect("randomness"),
            _org: OrgId::new(&OsRandom, now).expect("randomness"),
            _seen_at: micros(now),
            _expires_at: micros(now),
        }
    }
}

/// What is resident of this process, in bytes; 0 where there is no such file.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).and_then(|kib| kib.parse::<u64>().ok());
    kib.unwrap_or(0) * 1_024
}

fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000).expect("a time")
}
