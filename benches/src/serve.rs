//! A server in a process of its own, and how the measuring process speaks to it: this program starts itself with the
//! word [`WORD`] and a folder. The child says its port on standard output and obeys one word a line on standard input;
//! when that ends, it ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use usermgmt_service::HashCost;

use crate::report::cores;
use crate::world::{self, World};

/// By what the program knows that it is the child.
pub(crate) const WORD: &str = "serve";

/// Serves the system in this folder until standard input ends.
pub(crate) fn run(folder: &Path) {
    let runtime = world::runtime();
    let address = runtime.block_on(async {
        let world = World::open(folder, HashCost::default(), |builder| builder).await;
        let app: Router = usermgmt_axum::attach(Router::new(), "/auth", &world.auth).with_state(world.auth.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let address = listener.local_addr().expect("an address");
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await.expect("serves") });
        address
    });
    println!("{address}");
    let mut burning: Option<Burner> = None;
    for line in std::io::stdin().lines() {
        match line.expect("a line").as_str() {
            "burn" => burning = Some(Burner::light()),
            _ => drop(burning.take()),
        }
    }
}

/// As many threads as hash passwords, doing nothing but using their core.
struct Burner(Arc<AtomicBool>, Vec<std::thread::JoinHandle<u64>>);

impl Burner {
    fn light() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let burn = |seed: usize| {
            let stop = stop.clone();
            std::thread::spawn(move || {
                let mut value = seed as u64 + 1;
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..10_000 {
                        value = std::hint::black_box(value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
                    }
                }
                value
            })
        };
        let threads = (0..cores()).map(burn).collect();
        Self(stop, threads)
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            thread.join().expect("a burner");
        }
    }
}

/// The child, as its parent sees it.
pub(crate) struct Served {
    child: Child,
    input: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn start(folder: &Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.arg(WORD).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a child");
        let mut line = String::new();
        let output = child.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("its address");
        let address = line.trim().parse().expect("an address");
        let input = child.stdin.take();
        Self { child, input, address }
    }

    /// Lights the burner.
    pub(crate) fn burn(&mut self) {
        self.say("burn\n");
    }

    /// Puts it out.
    pub(crate) fn rest(&mut self) {
        self.say("rest\n");
    }

    fn say(&mut self, word: &str) {
        let input = self.input.as_mut().expect("its input");
        input.write_all(word.as_bytes()).expect("it reads");
        std::thread::sleep(Duration::from_millis(100));
    }

    /// A number of its `/proc/…/status`, in bytes; `None` where there is no such file.
    pub(crate) fn memory(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
    }

    /// How many of its threads have a name that begins so.
    pub(crate) fn threads(&self, name: &str) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let comms = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
        comms.filter(|comm| comm.starts_with(name)).count()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.input.take());
        if self.child.wait().is_err() {
            println!("   the child did not end");
        }
    }
}
