//! The traffic: people of every kind at both nodes, each of whom knows what may be answered.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usermgmt_tests::{Agent, Reply};

use crate::scene::{PASSWORD, Scene};

/// What became of one request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) what: &'static str,
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    pub(crate) unavailable: bool,
}

/// What was acknowledged, to be found in the database afterwards.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// Addresses that were promised a mail.
    pub(crate) signed_up: Vec<String>,
    /// Names of organisations.
    pub(crate) made: Vec<String>,
    /// Names of organisations of which it is not known whether they were made.
    pub(crate) perhaps_made: Vec<String>,
    /// Members by number, and whether they are in.
    pub(crate) members: Vec<(String, bool)>,
    /// How many members were added and removed.
    pub(crate) moved: u32,
    /// How many sessions were ended.
    pub(crate) signed_out: u32,
}

/// Everything that was seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) asked: Mutex<Vec<Asked>>,
    pub(crate) wrong: Mutex<Vec<String>>,
    pub(crate) acknowledged: Mutex<Acknowledged>,
    ended: AtomicBool,
    number: AtomicU32,
}

impl Seen {
    /// Ends the traffic: everybody finishes what they do.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    fn goes_on(&self) -> bool {
        !self.ended.load(Ordering::SeqCst)
    }

    fn next(&self) -> u32 {
        self.number.fetch_add(1, Ordering::SeqCst)
    }

    /// Notes what became of a request. Outages are told as outages: 503 with the time to try again.
    fn note(&self, what: &'static str, begun: Instant, reply: Reply) -> Option<Reply> {
        let unavailable = reply.status == 503;
        self.asked.lock().unwrap().push(Asked { what, begun, took: begun.elapsed(), unavailable });
        if !unavailable {
            return Some(reply);
        }
        if reply.header("retry-after").is_none() {
            self.wrong(what, "503 without Retry-After", &reply);
        }
        None
    }

    fn wrong(&self, what: &str, why: &str, reply: &Reply) {
        let body: String = reply.body.chars().take(200).collect();
        self.wrong.lock().unwrap().push(format!("{what}: {why}: {} {body}", reply.status));
    }

    fn expect(&self, what: &'static str, right: bool, reply: &Reply) {
        if !right {
            self.wrong(what, "a wrong answer", reply);
        }
    }

    async fn get(&self, what: &'static str, agent: &mut Agent, path: &str) -> Option<Reply> {
        let begun = Instant::now();
        let reply = agent.get(path).await;
        self.note(what, begun, reply)
    }

    async fn page(&self, what: &'static str, agent: &mut Agent, path: &str) -> Option<Reply> {
        let begun = Instant::now();
        let reply = agent.navigate(path).await;
        self.note(what, begun, reply)
    }

    async fn post(&self, what: &'static str, agent: &mut Agent, path: &str, body: Value) -> Option<Reply> {
        let begun = Instant::now();
        let reply = agent.post(path, body).await;
        self.note(what, begun, reply)
    }
}

/// Between two requests of one person.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(3)).await;
}

/// Somebody who is signed in and a member: never anonymous, never refused.
pub(crate) async fn present(seen: &Seen, scene: &Scene, agent: Agent, user: &str) {
    let mut at = scene.nodes.iter().map(|node| agent.at(node.address())).collect::<Vec<_>>();
    let mut turn = 0;
    while seen.goes_on() {
        turn += 1;
        let nodes = at.len();
        let agent = &mut at[turn % nodes];
        match turn % 4 {
            0 => {
                if let Some(reply) = seen.get("session check", agent, "/host/whoami").await {
                    seen.expect("session check", reply.status == 200 && reply.body.contains(user), &reply);
                }
            }
            1 => {
                if let Some(reply) = seen.get("session check", agent, "/auth/me").await {
                    seen.expect("session check", reply.status == 200, &reply);
                }
            }
            2 => {
                if let Some(reply) = seen.get("right", agent, "/host/things").await {
                    seen.expect("right", reply.status == 200, &reply);
                }
            }
            _ => {
                if let Some(reply) = seen.page("own page", agent, "/auth/account").await {
                    seen.expect("own page", reply.status == 200, &reply);
                }
            }
        }
        pause().await;
    }
}

/// Whose session has ended, and whose membership: never let in.
pub(crate) async fn gone(seen: &Seen, scene: &Scene, signed_out: Agent, removed: Agent) {
    let mut turn = 0;
    while seen.goes_on() {
        turn += 1;
        let address = scene.nodes[turn % scene.nodes.len()].address();
        if let Some(reply) = seen.get("ended session", &mut signed_out.at(address), "/host/whoami").await {
            seen.expect("ended session", reply.status == 200 && reply.body == "nobody", &reply);
        }
        if let Some(reply) = seen.get("ended membership", &mut removed.at(address), "/host/things").await {
            seen.expect("ended membership", [401, 403, 404].contains(&reply.status.as_u16()), &reply);
        }
        pause().await;
    }
}

/// Signs in with the right password and out again, which holds at once; and tries a wrong password.
pub(crate) async fn comes_and_goes(seen: &Seen, scene: &Scene, email: &str) {
    while seen.goes_on() {
        let number = seen.next() as usize;
        let mut agent = scene.visitor(number);
        let right = json!({ "email": email, "password": PASSWORD });
        let Some(reply) = seen.post("sign-in", &mut agent, "/auth/sign-in", right).await else { continue };
        seen.expect("sign-in", reply.status == 200, &reply);
        if let Some(reply) = seen.get("session check", &mut agent, "/host/whoami").await {
            seen.expect("session check", reply.body.starts_with("user "), &reply);
        }
        let ended = agent.clone();
        if let Some(reply) = seen.post("sign-out", &mut agent, "/auth/sign-out", json!({})).await {
            seen.expect("sign-out", reply.status.is_success(), &reply);
            seen.acknowledged.lock().unwrap().signed_out += 1;
            if let Some(reply) = seen.get("ended session", &mut ended.clone(), "/host/whoami").await {
                seen.expect("ended session", reply.body == "nobody", &reply);
            }
        }
        let wrong = json!({ "email": email, "password": "not the password" });
        if let Some(reply) = seen.post("wrong password", &mut scene.visitor(number), "/auth/sign-in", wrong).await {
            seen.expect("wrong password", reply.status == 401, &reply);
        }
        pause().await;
    }
}

/// New people, each of whom is promised a mail.
pub(crate) async fn signs_up(seen: &Seen, scene: &Scene) {
    while seen.goes_on() {
        let number = seen.next();
        let email = format!("new{number}@example.test");
        let body = json!({ "email": email, "password": PASSWORD, "name": "New" });
        let mut visitor = scene.visitor(number as usize);
        if let Some(reply) = seen.post("sign-up", &mut visitor, "/auth/sign-up", body).await {
            seen.expect("sign-up", reply.status == 202, &reply);
            seen.acknowledged.lock().unwrap().signed_up.push(email);
        }
        pause().await;
    }
}

/// Makes organisations.
pub(crate) async fn founds(seen: &Seen, scene: &Scene, agent: Agent) {
    while seen.goes_on() {
        let number = seen.next();
        let name = format!("Founded {number}");
        let mut agent = agent.at(scene.nodes[number as usize % scene.nodes.len()].address());
        match seen.post("organisation", &mut agent, "/auth/organizations", json!({ "name": name })).await {
            Some(reply) => {
                seen.expect("organisation", reply.status == 201, &reply);
                seen.acknowledged.lock().unwrap().made.push(name);
            }
            None => seen.acknowledged.lock().unwrap().perhaps_made.push(name),
        }
        pause().await;
    }
}

/// Adds a member by address and removes them, until it is not known what became of it.
pub(crate) async fn manages(seen: &Seen, scene: &Scene, owner: Agent, guests: &[(String, String)]) {
    let members = format!("/auth/organizations/{}/members", scene.org);
    for (user, email) in guests {
        let mut state = Some(false);
        while seen.goes_on() {
            let mut agent = owner.at(scene.nodes[seen.next() as usize % scene.nodes.len()].address());
            let body = json!({ "email": email, "roles": ["reader"] });
            let Some(reply) = seen.post("member added", &mut agent, &members, body).await else {
                state = None;
                break;
            };
            seen.expect("member added", reply.status == 202, &reply);
            state = Some(true);
            // The promise is kept by a worker.
            let removal = format!("{members}/{user}/remove");
            while state == Some(true) && seen.goes_on() {
                match seen.post("member removed", &mut agent, &removal, json!({})).await {
                    None => state = None,
                    Some(reply) if reply.status.is_success() => {
                        state = Some(false);
                        seen.acknowledged.lock().unwrap().moved += 2;
                    }
                    Some(reply) => {
                        seen.expect("member removed", reply.status == 404, &reply);
                        tokio::time::sleep(Duration::from_millis(30)).await;
                    }
                }
            }
            if state.is_none() {
                break;
            }
        }
        match state {
            Some(is_member) => seen.acknowledged.lock().unwrap().members.push((user.clone(), is_member)),
            // Nobody knows about this one; the next one begins when the database is back.
            None => {
                while seen.goes_on() && seen.get("members", &mut owner.clone(), &members).await.is_none() {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
        if !seen.goes_on() {
            return;
        }
    }
}

/// Pages that are for everybody need no store.
pub(crate) async fn passes_by(seen: &Seen, scene: &Scene) {
    while seen.goes_on() {
        let mut visitor = scene.visitor(seen.next() as usize);
        let begun = Instant::now();
        let reply = visitor.navigate("/auth/sign-in").await;
        seen.expect("page for everybody", reply.status == 200, &reply);
        drop(seen.note("page for everybody", begun, reply));
        pause().await;
    }
}
