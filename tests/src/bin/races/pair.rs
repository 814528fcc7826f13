//! Races between two processes on one PostgreSQL, over HTTP: one serves with Axum, the other with Actix.
//!
//! Each process holds its half of the racers where they are about to write. Once both say that all stand there,
//! everybody acts on what nobody has changed yet, and both are let go. Who has won is read from the database.

#[path = "pair/account.rs"]
mod account;
#[path = "pair/gate.rs"]
mod gate;
#[path = "pair/level.rs"]
mod level;
#[path = "pair/node.rs"]
pub(crate) mod node;
#[path = "pair/orgs.rs"]
mod orgs;
#[path = "pair/people.rs"]
mod people;
#[path = "pair/seats.rs"]
mod seats;
#[path = "pair/tokens.rs"]
mod tokens;

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _, join};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::store::Store;
use usermgmt_service::{DevMailbox, UserMgmt};
use usermgmt_sqlx::Postgres;
use usermgmt_tests::report::Report;
use usermgmt_tests::stores::FreshStore;
use usermgmt_tests::{Agent, Framework, Reply, StoreKind};

use self::gate::HELD;
pub(crate) use self::level::{LEVELS, Level};
use self::node::{MANY, Node, ORIGIN, PATIENCE};

/// A race: its name, the cases of the catalogue that it shows, and how one round runs.
pub(crate) struct Race {
    name: &'static str,
    cases: &'static [&'static str],
    run: for<'p> fn(&'p Pair) -> BoxFuture<'p, ()>,
}

macro_rules! race {
    ($run:path, [$($case:literal)*], $name:literal) => {
        Race { name: $name, cases: &[$($case),*], run: |pair| Box::pin($run(pair)) }
    };
}

pub(crate) const ALL: &[Race] = &[
    race!(account::links, ["OT-03"], "twenty uses of one link have one winner"),
    race!(account::attempts, [], "twenty uses of one attempt give one session"),
    race!(account::codes, ["OT-01"], "twenty tries of one code: three are looked at"),
    race!(account::resets, ["RS-02"], "twenty uses of one reset link set one password"),
    race!(account::sign_in_links, ["RS-02"], "twenty uses of one link that signs in give one session"),
    race!(account::addresses, [], "one address proven for two accounts belongs to one"),
    race!(account::primary, [], "an address is made the primary one, or removed, never both"),
    race!(account::sessions, ["SE-11"], "twenty sign-ins at once stay within five sessions"),
    race!(tokens::refreshes, ["JW-17"], "twenty uses of one refresh token: one rotation, all go on"),
    race!(tokens::keys, ["AK-07"], "an API key that is used while it ends stays ended"),
    race!(tokens::guesses, ["RL-02"], "forty wrong passwords at once, at times 500: ten are looked at"),
    race!(orgs::leaving, ["OR-02"], "of two owners who leave at once one stays"),
    race!(orgs::demoting, ["OR-02"], "of two owners who demote each other one stays"),
    race!(orgs::deleting, ["OR-02"], "an owner is demoted, or has deleted it, never both"),
    race!(orgs::slugs, [], "one slug wanted by two organisations"),
    race!(seats::returning, ["OR-09"], "twenty suspended members want the last seat: one gets it"),
    race!(seats::additions, ["OR-09"], "twenty additions for the last seat, two workers: one gets it"),
];

/// Two processes of one application on one database, and this one, which sets scenes and looks at what has come of it.
pub(crate) struct Pair {
    fresh: FreshStore,
    /// The database as this process sees it.
    pub(crate) store: Arc<dyn Store>,
    look: sqlx::PgPool,
    pub(crate) keys: KeyRing,
    pub(crate) auth: UserMgmt,
    pub(crate) mailbox: DevMailbox,
    nodes: [Node; 2],
    round: Mutex<u32>,
    answers: Mutex<Vec<String>>,
    crowds: [OnceCell<seats::Crowd>; 2],
    _folder: TempDir,
}

/// A request of a racer.
pub(crate) struct Racer {
    pub(crate) agent: Agent,
    pub(crate) target: String,
    /// What is posted; without it the request is a GET.
    pub(crate) body: Option<Value>,
    /// Where guesses are limited as by default.
    pub(crate) strict: bool,
}

impl Racer {
    pub(crate) fn post(agent: &Agent, target: impl Into<String>, body: Value) -> Self {
        Self { agent: agent.clone(), target: target.into(), body: Some(body), strict: false }
    }

    async fn run(mut self, address: SocketAddr) -> Reply {
        self.agent = self.agent.at(address);
        match self.body {
            Some(body) => self.agent.post(&self.target, body).await,
            None => self.agent.get(&self.target).await,
        }
    }
}

impl Pair {
    pub(crate) async fn start(level: Level) -> Self {
        let fresh = FreshStore::new(StoreKind::Postgres).await;
        level.set(&fresh).await;
        let url = fresh.postgres_url().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("app.key");
        let keys = KeyRing::from_file_or_create(&key).unwrap();
        let store: Arc<dyn Store> = Arc::new(Postgres::connect_migrated(&url).await.unwrap());
        let mailbox = DevMailbox::default();
        let builder = UserMgmt::builder(store.clone(), ORIGIN, keys.clone()).mailer(mailbox.clone());
        let auth = node::settings(builder, MANY).build().await.unwrap();
        let nodes = [Node::start(&url, &key, Framework::Axum).await, Node::start(&url, &key, Framework::Actix).await];
        let look = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect_lazy(&url).unwrap();
        Self {
            fresh,
            store,
            look,
            keys,
            auth,
            mailbox,
            nodes,
            round: Mutex::default(),
            answers: Mutex::default(),
            crowds: [const { OnceCell::const_new() }; 2],
            _folder: folder,
        }
    }

    /// Plays all races in so many rounds, and says of each when it is over how long it took.
    pub(crate) async fn play(&self, level: Level, rounds: u32, report: &Report, over: impl Fn(&str, Duration)) {
        for race in ALL {
            let begun = Instant::now();
            for round in 0..rounds {
                *self.round.lock().unwrap() = round;
                self.answers.lock().unwrap().clear();
                if AssertUnwindSafe((race.run)(self)).catch_unwind().await.is_err() {
                    let answers = self.answers.lock().unwrap().join(", ");
                    panic!("LOST: {}; two processes, {level}, round {round}; answers: [{answers}]", race.name);
                }
            }
            for case in race.cases {
                report.case(case);
                report.twin(case);
            }
            over(race.name, begun.elapsed());
        }
    }

    /// Ends both processes.
    pub(crate) async fn stop(self) {
        for node in self.nodes {
            node.stop().await;
        }
        self.look.close().await;
        drop(self.fresh);
    }

    /// Number of this round.
    pub(crate) fn round(&self) -> u32 {
        *self.round.lock().unwrap()
    }

    /// Somebody without cookies, at either process.
    pub(crate) fn agent(&self, process: usize) -> Agent {
        Agent::new(self.nodes[process % 2].address, ORIGIN)
    }

    /// The same browser, led to either process.
    pub(crate) fn at(&self, agent: &Agent, process: usize) -> Agent {
        agent.at(self.nodes[process % 2].address)
    }

    /// What stands in the database, as a number.
    pub(crate) async fn number(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.look).await.unwrap()
    }

    /// Sends all requests at once, one half to each process (they take turns, and rounds do), lets everybody stand
    /// before these calls of the store, then lets everybody go. Answers in the order of the racers.
    ///
    /// A racer who is answered without ever having come there ends the round: nobody waits for ever.
    pub(crate) async fn race(&self, calls: &str, racers: Vec<Racer>) -> Vec<Reply> {
        let first = self.round() as usize;
        let at = |place: usize| (place + first) % 2;
        for (place, node) in self.nodes.iter().enumerate() {
            let callers = (0..racers.len()).filter(|racer| at(*racer) == place).count();
            node.say(&format!("hold {calls} {callers}")).await;
            node.hears("holding").await;
        }
        let sent = racers.into_iter().enumerate().map(|(place, racer)| {
            let node = &self.nodes[at(place)];
            let address = if racer.strict { node.strict } else { node.address };
            let request = tokio::spawn(racer.run(address));
            async move { (place, request.await.expect("an answer")) }
        });
        let mut sent: FuturesUnordered<_> = sent.collect();
        let mut replies = Vec::new();
        let [one, other] = &self.nodes;
        tokio::select! {
            biased;
            _ = join(one.hears(HELD), other.hears(HELD)) => {}
            early = sent.next() => panic!("a racer was answered before anybody wrote: {}", word(&early.expect("racers").1)),
        }
        for place in [first, first + 1] {
            self.nodes[place % 2].say("go").await;
        }
        for node in &self.nodes {
            node.hears("going").await;
        }
        let all = async {
            while let Some(reply) = sent.next().await {
                replies.push(reply);
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("everybody is answered");
        replies.sort_by_key(|(place, _)| *place);
        let replies: Vec<_> = replies.into_iter().map(|(_, reply)| reply).collect();
        let mut answers = self.answers.lock().unwrap();
        answers.extend(replies.iter().map(word));
        drop(answers);
        assert!(replies.iter().all(|reply| reply.status.as_u16() < 500), "a race is no outage");
        replies
    }

    /// One round of the workers of both processes, each held before its first commit.
    pub(crate) async fn work_at_once(&self) {
        for node in &self.nodes {
            node.say("hold commit 1").await;
            node.hears("holding").await;
            node.say("work").await;
        }
        join(self.nodes[0].hears(HELD), self.nodes[1].hears(HELD)).await;
        for node in &self.nodes {
            node.say("go").await;
            node.hears("going").await;
        }
        self.worked().await;
    }

    /// One round of the worker of each process, with nobody in the way.
    pub(crate) async fn work(&self) {
        for node in &self.nodes {
            node.say("work").await;
        }
        self.worked().await;
    }

    async fn worked(&self) {
        for node in &self.nodes {
            let said = tokio::time::timeout(PATIENCE, node.says()).await.expect("a worker hangs");
            let done = said.strip_prefix("worked ").is_some_and(|jobs| jobs.parse::<u32>().is_ok());
            assert!(done, "{said}");
        }
    }
}

/// What an answer comes to.
pub(crate) fn word(reply: &Reply) -> String {
    let status = reply.status.as_u16();
    let Ok(problem) = serde_json::from_str::<Value>(&reply.body) else { return status.to_string() };
    let code = problem["fields"][0]["code"].as_str().or_else(|| problem["code"].as_str());
    code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}

/// The place of the only one who has won; all others have heard one of these.
pub(crate) fn winner(replies: &[Reply], losers: &[&str]) -> usize {
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().enumerate().partition(|(_, reply)| reply.status.is_success());
    assert_eq!(won.len(), 1, "exactly one wins");
    assert!(lost.iter().all(|(_, reply)| losers.contains(&word(reply).as_str())), "whoever loses is told so");
    won[0].0
}
