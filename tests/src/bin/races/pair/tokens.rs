//! Races about what programs present, and about what may be presented how often.

use serde_json::json;
use usermgmt_core::limits::WRONG_PASSWORDS_PER_PAIR;
use usermgmt_core::model::KeyOwner;
use usermgmt_core::refresh::RefreshToken;
use usermgmt_tests::{Agent, Reply};

use super::people::PASSWORD;
use super::{Pair, Racer, word};

/// A client that sends nothing by itself: no cookie, no origin.
fn native(pair: &Pair, process: usize) -> Agent {
    let mut agent = pair.agent(process);
    agent.headers.remove("origin");
    agent
}

fn bearing(pair: &Pair, process: usize, secret: &str) -> Agent {
    native(pair, process).with("authorization", &format!("Bearer {secret}"))
}

fn text(reply: &Reply, name: &str) -> String {
    reply.json()[name].as_str().expect("a text").to_owned()
}

async fn refresh(pair: &Pair, process: usize, token: &str) -> Reply {
    native(pair, process).post("/auth/refresh", json!({ "refresh_token": token })).await
}

/// The number of the refresh token that is good, if the session runs.
async fn generation(pair: &Pair, token: &RefreshToken) -> Option<u32> {
    let record = pair.store.principal_of(pair.auth.realm(), token.user(), token.session()).await.unwrap();
    let session = record.expect("a session").session;
    session.refresh.filter(|_| session.ended_at.is_none()).map(|refresh| refresh.generation)
}

pub(super) async fn refreshes(pair: &Pair) {
    let ann = pair.person("tabs").await;
    let mut agent = pair.browser(&ann).await;
    let begun = agent.post("/auth/tokens/begin", json!({ "keeper": "caller" })).await.expect(200);
    let first = text(&begun, "refresh_token");
    let read = RefreshToken::parse(&pair.keys, &first).unwrap();
    let body = json!({ "refresh_token": first });
    let tabs = (0..20).map(|_| Racer::post(&native(pair, 0), "/auth/refresh", body.clone())).collect();
    let replies = pair.race("commit", tabs).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "no tab is signed out");
    let second = text(&replies[0], "refresh_token");
    assert!(second != first && replies.iter().all(|reply| text(reply, "refresh_token") == second), "one successor");
    assert_eq!(generation(pair, &read).await, Some(2), "one rotation counts");
    for (place, reply) in replies.iter().enumerate().take(4) {
        bearing(pair, place, &text(reply, "access_token")).get("/auth/me").await.expect(200);
    }
    // The family goes on with the successor; whoever comes with the first one then has copied it.
    let third = text(&refresh(pair, 1, &second).await.expect(200), "refresh_token");
    refresh(pair, 0, &first).await.expect(401);
    refresh(pair, 1, &third).await.expect(401);
    assert_eq!(pair.running(ann.id).await, 0, "the session has ended");
}

pub(super) async fn keys(pair: &Pair) {
    let ann = pair.person("robots").await;
    pair.auth.organizations("race").create(ann.id, "Acme").await.unwrap();
    let mut agent = pair.browser(&ann).await;
    let wanted = json!({ "name": "robot", "scopes": ["thing:read"] });
    let made = agent.post("/auth/me/api-keys", wanted).await.expect(201);
    let (secret, id) = (text(&made, "secret"), made.json()["key"]["id"].as_str().unwrap().to_owned());
    let used = |place| Racer { body: None, ..Racer::post(&bearing(pair, place, &secret), "/host/key", json!({})) };
    let mut racers: Vec<_> = (0..19).map(used).collect();
    racers.push(Racer::post(&agent, format!("/auth/me/api-keys/{id}/end"), json!({})));
    let replies = pair.race("commit,touch_api_key", racers).await;
    assert!(replies.iter().all(|reply| reply.status == 200), "who came before the end was served");
    let key = pair.store.api_key(KeyOwner::User(ann.id), id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(key.expires_at, Some(pair.auth.now()), "the end stands");
    assert_eq!(key.used_at, Some(pair.auth.now()), "and that it was used");
    for process in [0, 1] {
        bearing(pair, process, &secret).get("/host/key").await.expect(401);
    }
}

pub(super) async fn guesses(pair: &Pair) {
    let ann = pair.person("guessed").await;
    let attempts = if pair.round().is_multiple_of(100) { 500 } else { 40 };
    let body = json!({ "email": ann.email, "password": "not the password" });
    let guess = |_| Racer { strict: true, ..Racer::post(&pair.agent(0), "/auth/sign-in", body.clone()) };
    let used = "SELECT coalesce(sum(used), 0)::bigint FROM usermgmt_throttle";
    let before = pair.number(used).await;
    let replies = pair.race("charge", (0..attempts).map(guess).collect()).await;
    let said = |wanted: &str| replies.iter().filter(|reply| word(reply) == wanted).count();
    let looked_at = said("401 invalid_credentials");
    assert_eq!(looked_at, WRONG_PASSWORDS_PER_PAIR as usize, "as many as the limit says, not one more");
    assert_eq!(looked_at + said("429 too_many_attempts"), attempts);
    // By pair of account and place, by account, and by place: nobody who was refused is counted.
    assert_eq!(pair.number(used).await - before, 3 * i64::from(WRONG_PASSWORDS_PER_PAIR));
    // Without the limit the right one passes.
    pair.agent(1).post("/auth/sign-in", json!({ "email": ann.email, "password": PASSWORD })).await.expect(200);
}
