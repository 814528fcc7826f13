//! Two nodes on one database behind the proxy, and who uses them.

use std::net::TcpListener;
use std::sync::Arc;

use serde_json::json;
use usermgmt_core::id::OrgId;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::RoleKey;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{Builder, DevMailbox, HashCost, Limits, NewUser, UserMgmt};
use usermgmt_sqlx::{Postgres, PostgresBus};
use usermgmt_tests::cluster::Cluster;
use usermgmt_tests::host::{self, Server};
use usermgmt_tests::{Agent, Framework};

use crate::traffic::{self, Seen};

/// What browsers see, whichever node answers.
pub(crate) const ORIGIN: &str = "http://localhost:8080";
pub(crate) const PASSWORD: &str = "blowfish under moonlight";

/// How many of each kind.
const PRESENT: usize = 16;
const COMING: usize = 3;

/// The nodes, and the people who were there before.
pub(crate) struct Scene {
    keys: KeyRing,
    auths: Vec<UserMgmt>,
    pub(crate) nodes: Vec<Server>,
    pub(crate) org: OrgId,
    owner: Agent,
    present: Vec<(Agent, String)>,
    coming: Vec<String>,
    guests: Vec<(String, String)>,
    signed_out: Agent,
    removed: Agent,
}

/// What every process says alike.
pub(crate) fn settings(builder: Builder) -> Builder {
    let builder = builder.limits(Limits::insecure_for_tests()).hash_cost(HashCost::insecure_for_tests());
    builder.role("reader", ["thing:read"]).role("member", []).mailer(DevMailbox::default())
}

impl Scene {
    /// Both nodes reach the database through this port; so many guests will be members for a while.
    pub(crate) async fn set(port: u16, database: &str, guests: usize) -> Self {
        let url = Cluster::url(port, database);
        let keys = KeyRing::generate(&OsRandom).unwrap();
        let (mut auths, mut nodes) = (Vec::new(), Vec::new());
        for framework in Framework::ALL {
            let store = Postgres::connect(&url).await.unwrap();
            let builder = settings(UserMgmt::builder(store, ORIGIN, keys.clone()));
            let auth = builder.bus(PostgresBus::connect(&url).unwrap()).build().await.unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            nodes.push(host::start(framework, listener, auth.clone()).await);
            auths.push(auth);
        }
        let auth = &auths[0];
        let create = async |name: &str| {
            let email = format!("{name}@example.test");
            let new = NewUser { email: &email, name, password: Some(PASSWORD.into()), email_is_verified: true };
            (auth.users("outage").create(new).await.unwrap(), email)
        };
        let sign_in = async |email: &str| {
            let mut agent = Agent::new(nodes[0].address(), ORIGIN);
            agent.post("/auth/sign-in", json!({ "email": email, "password": PASSWORD })).await.expect(200);
            agent
        };
        let (owner, owner_email) = create("owner").await;
        let org = auth.organizations("outage").create(owner, "Team").await.unwrap();
        let reader = [RoleKey::new("reader")];
        let mut present = Vec::new();
        for number in 0..PRESENT {
            let (user, email) = create(&format!("present{number}")).await;
            auth.organizations("outage").add_member(org, user, &reader).await.unwrap();
            present.push((sign_in(&email).await, user.to_string()));
        }
        let mut coming = Vec::new();
        for number in 0..COMING {
            coming.push(create(&format!("coming{number}")).await.1);
        }
        let mut others = Vec::new();
        for number in 0..guests {
            let (user, email) = create(&format!("guest{number}")).await;
            others.push((user.to_string(), email));
        }
        let (_, email) = create("signed-out").await;
        let signed_out = sign_in(&email).await;
        signed_out.clone().post("/auth/sign-out", json!({})).await;
        let (user, email) = create("removed").await;
        auth.organizations("outage").add_member(org, user, &reader).await.unwrap();
        let removed = sign_in(&email).await;
        removed.clone().get("/host/things").await.expect(200);
        let owner = sign_in(&owner_email).await;
        let path = format!("/auth/organizations/{org}/members/{user}/remove");
        owner.clone().post(&path, json!({})).await.expect(200);
        Self { keys, auths, nodes, org, owner, present, coming, guests: others, signed_out, removed }
    }

    /// Somebody new, at one of the nodes.
    pub(crate) fn visitor(&self, number: usize) -> Agent {
        Agent::new(self.nodes[number % self.nodes.len()].address(), ORIGIN)
    }

    /// Lets everybody begin; they end when `seen` says so.
    pub(crate) fn begin(self: &Arc<Self>, seen: &Arc<Seen>) -> tokio::task::JoinSet<()> {
        let mut everybody = tokio::task::JoinSet::new();
        macro_rules! begin {
            (|$scene:ident, $seen:ident| $what:expr) => {{
                let ($scene, $seen) = (self.clone(), seen.clone());
                everybody.spawn(async move { $what.await });
            }};
        }
        for number in 0..self.present.len() {
            begin!(|scene, seen| {
                let (agent, user) = scene.present[number].clone();
                async move { traffic::present(&seen, &scene, agent, &user).await }
            });
        }
        for number in 0..self.coming.len() {
            begin!(|scene, seen| async move { traffic::comes_and_goes(&seen, &scene, &scene.coming[number]).await });
        }
        for half in 0..2 {
            begin!(|scene, seen| async move {
                let guests = scene.guests.iter().skip(half).step_by(2).cloned().collect::<Vec<_>>();
                traffic::manages(&seen, &scene, scene.owner.clone(), &guests).await;
            });
            begin!(|scene, seen| async move { traffic::signs_up(&seen, &scene).await });
            begin!(|scene, seen| async move { traffic::founds(&seen, &scene, scene.present[half].0.clone()).await });
            begin!(|scene, seen| async move { traffic::passes_by(&seen, &scene).await });
        }
        begin!(|scene, seen| async move {
            traffic::gone(&seen, &scene, scene.signed_out.clone(), scene.removed.clone()).await
        });
        everybody
    }

    /// Stops the nodes; what was promised is finished by a process that begins after all this.
    pub(crate) async fn end(self, database: &Cluster, name: &str) {
        for node in self.nodes {
            node.stop().await;
        }
        for auth in self.auths {
            auth.shutdown().await;
        }
        // A worker that was cut off keeps its lease for a minute.
        let free = "UPDATE usermgmt_outbox SET lease_worker = NULL, lease_until = NULL, due_at = 0";
        database.execute(name, free).await;
        let store = Postgres::connect(&Cluster::url(database.port(), name)).await.unwrap();
        let builder = settings(UserMgmt::builder(store.clone(), ORIGIN, self.keys)).without_workers();
        let auth = builder.build().await.unwrap();
        auth.run_until_idle().await.unwrap();
        auth.shutdown().await;
        store.close().await;
    }
}
