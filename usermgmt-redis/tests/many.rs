//! Several Redis servers: a Cluster, and a master that sentinels watch. They are started here and not by xtask, because
//! what is shown is that one of them dies.

#![cfg(all(feature = "cluster", feature = "sentinel"))]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "test code: what is unexpected ends the test, and servers are started to be killed"
)]

mod support;

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{AsyncCommands as _, Client, cmd};
use time::OffsetDateTime;
use usermgmt_core::port::Bus as _;
use usermgmt_core::store::{Charge, ThrottleKey, ThrottleStore as _};
use usermgmt_redis::{RedisBus, RedisThrottle, Servers};

/// Within this time something comes that comes at all. No measure of speed.
const COMES: Duration = Duration::from_secs(60);

/// Running servers in a folder of their own; all end with it.
struct Farm {
    program: PathBuf,
    folder: PathBuf,
    running: Vec<(u16, Child)>,
}

impl Farm {
    fn new(kind: &str) -> Self {
        let program = std::env::var_os("USERMGMT_TEST_REDIS_SERVER").unwrap_or_else(|| "redis-server".into());
        let folder = std::env::temp_dir().join(format!("usermgmt-{kind}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self { program: program.into(), folder, running: Vec::new() }
    }

    /// Starts one with a configuration of its own; answers its port.
    fn start(&mut self, port: u16, settings: &str, sentinel: bool) -> u16 {
        let file = self.folder.join(format!("{port}.conf"));
        let own = format!(
            "port {port}\nbind 127.0.0.1\nprotected-mode no\ndir {}\nlogfile {port}.log\n",
            self.folder.display()
        );
        std::fs::write(&file, format!("{own}{settings}\n")).unwrap();
        let mut command = Command::new(&self.program);
        command.arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        if sentinel {
            command.arg("--sentinel");
        }
        self.running.push((port, command.spawn().unwrap()));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < COMES, "a server does not start");
            std::thread::yield_now();
        }
        port
    }

    fn kill(&mut self, port: u16) {
        let (_, child) = self.running.iter_mut().find(|(one, _)| *one == port).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Farm {
    fn drop(&mut self) {
        for (_, child) in &mut self.running {
            drop(child.kill());
            drop(child.wait());
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// A port that is free; below those that a cluster would need beside it (ten thousand above its own).
fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if port < 50_000 {
            return port;
        }
    }
}

fn charge(number: u8) -> Charge {
    Charge { key: ThrottleKey::from_bytes([number; 32]), limit: 1_000, window: time::Duration::HOUR }
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

async fn ask(port: u16, words: &[&str]) -> String {
    let mut connection = Client::open(url(port)).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut command = cmd(words[0]);
    command.arg(&words[1..]);
    let answer: redis::Value = command.query_async(&mut connection).await.unwrap();
    format!("{answer:?}")
}

/// One use before the failover and one after it, which may count twice because its connection was lost.
fn is_kept(counter: &str) -> bool {
    counter.starts_with("2 ") || counter.starts_with("3 ")
}

/// Tries until it works; an outage in between is what is shown to end by itself.
async fn until<F: Future<Output = bool>>(what: &str, mut tried: impl FnMut() -> F) {
    let begun = Instant::now();
    while !tried().await {
        assert!(begun.elapsed() < COMES, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_counts_in_one_slot_and_outlives_its_master() {
    if support::without_redis() {
        return;
    }
    let mut farm = Farm::new("cluster");
    let ports: Vec<u16> = (0..4)
        .map(|_| {
            let port = free_port();
            let own = format!("cluster-port {}", free_port());
            let nodes = format!("cluster-config-file {port}.nodes\ncluster-node-timeout 1000");
            farm.start(
                port,
                &format!("cluster-enabled yes\n{own}\n{nodes}\nsave \"\"\ncluster-require-full-coverage no"),
                false,
            )
        })
        .collect();
    // Three masters, and a replica of the one that will hold the counters.
    let name = support::name();
    let slot = {
        let answer = ask(ports[0], &["CLUSTER", "KEYSLOT", &format!("usermgmt:{{{name}}}:throttle:x")]).await;
        answer.trim_start_matches("int(").trim_end_matches(')').parse::<u32>().unwrap()
    };
    for (number, port) in ports.iter().take(3).enumerate() {
        let (from, to) = ([0, 5_461, 10_923][number], [5_460, 10_922, 16_383][number]);
        ask(*port, &["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]).await;
        ask(*port, &["CONFIG", "SET", "cluster-announce-ip", "127.0.0.1"]).await;
        ask(*port, &["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]).await;
    }
    let bus_port = async |port: u16| {
        let file = std::fs::read_to_string(farm.folder.join(format!("{port}.conf"))).unwrap();
        file.lines().find_map(|line| line.strip_prefix("cluster-port ")).unwrap().to_owned()
    };
    for port in &ports[1..] {
        ask(ports[0], &["CLUSTER", "MEET", "127.0.0.1", &port.to_string(), &bus_port(*port).await]).await;
    }
    let master = ports[if slot <= 5_460 {
        0
    } else if slot <= 10_922 {
        1
    } else {
        2
    }];
    for port in &ports {
        until("the cluster forms", async || {
            let info = ask(*port, &["CLUSTER", "INFO"]).await;
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:4")
        })
        .await;
    }
    let id = ask(master, &["CLUSTER", "MYID"]).await;
    let id: String = id.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    let id = &id[id.len() - 40..];
    ask(ports[3], &["CLUSTER", "REPLICATE", id]).await;
    until("the replica follows", async || {
        ask(ports[3], &["INFO", "replication"]).await.contains("master_link_status:up")
    })
    .await;

    let urls: Vec<_> = ports.iter().map(|port| url(*port)).collect();
    let servers = Servers::cluster(urls.iter().map(String::as_str)).unwrap();
    let throttle = RedisThrottle::new(&servers, &name).unwrap();
    let now = OffsetDateTime::UNIX_EPOCH;
    let many: Vec<_> = (0..50).map(charge).collect();
    assert_eq!(throttle.charge(&many, now).await.unwrap(), None, "counters of fifty different things, in one script");
    throttle.refund(&[many[0].key], now).await.unwrap();

    let (here, there) = (RedisBus::new(&servers, &name).unwrap(), RedisBus::new(&servers, &name).unwrap());
    let mut wakes = here.listen().await.unwrap();
    there.wake().await.unwrap();
    tokio::time::timeout(COMES, wakes.next()).await.unwrap().unwrap();

    // Copies are made after the answer: what is to be kept must have arrived.
    until("the replica has it", async || ask(ports[3], &["DBSIZE"]).await == "int(50)").await;
    farm.kill(master);
    until("the replica counts on", async || throttle.charge(&many, now).await.is_ok()).await;
    let mut replica = Client::open(url(ports[3])).unwrap().get_multiplexed_async_connection().await.unwrap();
    let counter = format!("usermgmt:{{{name}}}:throttle:{}", "07".repeat(32));
    assert!(is_kept(&replica.get::<_, String>(counter).await.unwrap()), "what was counted before is kept");
    until("the bus carries again", async || {
        let Ok(mut wakes) = here.listen().await else { return false };
        there.wake().await.is_ok()
            && tokio::time::timeout(Duration::from_secs(1), wakes.next()).await.is_ok_and(|woken| woken.is_ok())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sentinels_name_as_master_is_used() {
    if support::without_redis() {
        return;
    }
    let mut farm = Farm::new("sentinel");
    let master = farm.start(free_port(), "save \"\"", false);
    let replica = farm.start(free_port(), &format!("save \"\"\nreplicaof 127.0.0.1 {master}"), false);
    until("the replica follows", async || {
        ask(replica, &["INFO", "replication"]).await.contains("master_link_status:up")
    })
    .await;
    let watch = format!(
        "sentinel monitor lab 127.0.0.1 {master} 1\nsentinel down-after-milliseconds lab 500\nsentinel failover-timeout lab 3000"
    );
    let sentinel = farm.start(free_port(), &watch, true);
    until("the sentinel knows the replica", async || {
        ask(sentinel, &["SENTINEL", "REPLICAS", "lab"]).await.contains(&replica.to_string())
    })
    .await;

    let (name, now) = (support::name(), OffsetDateTime::UNIX_EPOCH);
    let servers = Servers::sentinel([url(sentinel).as_str()], "lab", "redis://any").unwrap();
    let throttle = RedisThrottle::new(&servers, &name).unwrap();
    assert_eq!(throttle.charge(&[charge(7)], now).await.unwrap(), None);
    let (here, there) = (RedisBus::new(&servers, &name).unwrap(), RedisBus::new(&servers, &name).unwrap());
    let mut wakes = here.listen().await.unwrap();
    there.wake().await.unwrap();
    tokio::time::timeout(COMES, wakes.next()).await.unwrap().unwrap();
    let counter = format!("usermgmt:{{{name}}}:throttle:{}", "07".repeat(32));
    until("the replica has it", async || ask(replica, &["EXISTS", &counter]).await == "int(1)").await;

    farm.kill(master);
    assert!(tokio::time::timeout(COMES, wakes.next()).await.unwrap().is_err(), "the lost connection is said");
    until("the new master counts on", async || throttle.charge(&[charge(7)], now).await.is_ok()).await;
    // A new connection: whoever becomes master ends those it had.
    let kept = ask(replica, &["GET", &counter]).await;
    // In words, it stands between quotation marks.
    assert!(is_kept(kept.split('"').nth(1).unwrap_or(&kept)), "what was counted before is kept: {kept}");
    until("the bus carries again", async || {
        let Ok(mut wakes) = here.listen().await else { return false };
        there.wake().await.is_ok()
            && tokio::time::timeout(Duration::from_secs(1), wakes.next()).await.is_ok_and(|woken| woken.is_ok())
    })
    .await;
}
