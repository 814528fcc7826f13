//! Races about an account: its proofs, its password, its addresses, the number of its sessions.

use futures_util::future::join_all;
use serde_json::json;
use usermgmt_core::model::{AuditKind, TokenKind};
use usermgmt_core::page::PageRequest;
use usermgmt_service::{AddEmail, AddressProof, Client};
use usermgmt_tests::Agent;

use super::people::{PASSWORD, Person, email};
use super::{Pair, Racer, node, winner, word};

/// What whoever comes too late with a link is told.
const LATE: [&str; 2] = ["410 link_invalid", "409 conflict"];

/// Somebody who has signed up in this browser and not proven the address: the browser, the address, the link.
async fn signed_up(pair: &Pair) -> (Agent, String, String) {
    let (mut agent, email) = (pair.agent(0), email("newcomer"));
    let body = json!({ "email": email, "password": PASSWORD, "name": "Ann", "organization": "Acme" });
    agent.post("/auth/sign-up", body).await.expect(202);
    let link = pair.mailed_token(&email).await;
    (agent, email, link)
}

/// Twenty times the same request.
fn twenty(agent: &Agent, target: &str, body: &serde_json::Value) -> Vec<Racer> {
    (0..20).map(|_| Racer::post(agent, target, body.clone())).collect()
}

pub(super) async fn links(pair: &Pair) {
    let (agent, email, link) = signed_up(pair).await;
    let replies = pair.race("commit", twenty(&agent, "/auth/verify", &json!({ "token": link }))).await;
    winner(&replies, &LATE);
    let account = pair.auth.users("race").by_email(&email).await.unwrap();
    assert!(account.identifier.verified_at.is_some());
    assert_eq!(pair.happened(account.user.id, AuditKind::EmailVerified).await, 1);
    let orgs = pair.store.memberships_of(account.user.id, PageRequest::first(10)).await.unwrap();
    assert_eq!(orgs.items.len(), 1, "one proof makes one organisation");
}

pub(super) async fn attempts(pair: &Pair) {
    let (mut agent, email, link) = signed_up(pair).await;
    agent.post("/auth/sign-in", json!({ "email": email, "password": PASSWORD })).await.expect(200);
    assert!(agent.cookies.contains_key("um_attempt"), "the sign-in waits for the proof");
    agent.post("/auth/verify", json!({ "token": link })).await.expect(200);
    let replies = pair.race("commit", twenty(&agent, "/auth/sign-in/continue", &json!({}))).await;
    let won = winner(&replies, &["401 attempt_expired", "409 conflict"]);
    let user = pair.auth.users("race").by_email(&email).await.unwrap().user.id;
    assert_eq!(pair.running(user).await, 1);
    assert!(replies[won].cookies().iter().any(|cookie| cookie.starts_with("um_session=")));
}

pub(super) async fn codes(pair: &Pair) {
    const TRIES: i64 = usermgmt_core::limits::CODE_TRIES as i64;
    let (agent, email, link) = signed_up(pair).await;
    let code = pair.mailed_code(&email);
    let wrong = if code == "123456" { "654321" } else { "123456" };
    let user = pair.auth.users("race").by_email(&email).await.unwrap().user.id;
    let right = pair.round() as usize % 20;
    let tries = (0..20).map(|place| if place == right { code.as_str() } else { wrong });
    let tries = tries.map(|code| Racer::post(&agent, "/auth/verify", json!({ "code": code }))).collect();
    let commits = "SELECT count(*) FROM usermgmt_commit";
    let before = pair.number(commits).await;
    let replies = pair.race("commit", tries).await;
    let won: Vec<_> = replies.iter().map(|reply| reply.status.is_success()).collect();
    // Each look at the code is a commit that counts it, and the one that finds it right proves by another.
    let looks = pair.number(commits).await - before - won.iter().map(|won| i64::from(*won)).sum::<i64>();
    assert!((1..=TRIES).contains(&looks), "{looks} guesses were looked at");
    assert!(won.iter().enumerate().all(|(place, won)| !won || place == right), "only the right code proves");
    assert!(replies.iter().all(|reply| ["200", "422 code_invalid"].contains(&word(reply).as_str())));
    let live = pair.store.live_tokens(user, pair.auth.now()).await.unwrap();
    let live = live.iter().find(|token| token.kind == TokenKind::VerifyEmail);
    assert_eq!(live.is_none(), won[right], "whoever proved has used the token up");
    if let Some(token) = live {
        assert_eq!((looks, token.tries_left), (TRIES, 0));
        let mut late = pair.at(&agent, 1);
        late.post("/auth/verify", json!({ "code": code })).await.expect(422);
        // The link is no guess: it goes on.
        late.post("/auth/verify", json!({ "token": link })).await.expect(200);
    }
    assert_eq!(pair.happened(user, AuditKind::EmailVerified).await, 1);
}

pub(super) async fn resets(pair: &Pair) {
    let ann = pair.person("forgetful").await;
    let before = pair.store.password(ann.id).await.unwrap().unwrap();
    drop(pair.auth.request_password_reset(&Client::default(), &ann.email).await.unwrap());
    let link = pair.mailed_token(&ann.email).await;
    let password = |place: usize| format!("moonlight over blowfish {place}");
    let body = |place| json!({ "token": link, "password": password(place) });
    let uses = (0..20).map(|place| Racer::post(&pair.agent(0), "/auth/reset", body(place))).collect();
    let won = winner(&pair.race("commit", uses).await, &LATE);
    let stored = pair.store.password(ann.id).await.unwrap().unwrap();
    assert_eq!(stored.version.as_u64(), before.version.as_u64() + 1, "the password was set once");
    assert_eq!(pair.happened(ann.id, AuditKind::PasswordReset).await, 1);
    for (place, status) in [(won, 200), ((won + 1) % 20, 401), ((won + 10) % 20, 401)] {
        let body = json!({ "email": ann.email, "password": password(place) });
        pair.agent(place).post("/auth/sign-in", body).await.expect(status);
    }
}

pub(super) async fn sign_in_links(pair: &Pair) {
    let ann = pair.person("by-mail").await;
    drop(pair.auth.request_sign_in_mail(&Client::default(), &ann.email).await.unwrap());
    let link = pair.mailed_token(&ann.email).await;
    let won = pair.race("commit", twenty(&pair.agent(0), "/auth/sign-in/mailed", &json!({ "token": link }))).await;
    winner(&won, &LATE);
    assert_eq!(pair.running(ann.id).await, 1, "one link gives one session");
    assert_eq!(pair.happened(ann.id, AuditKind::SignedIn).await, 1);
}

/// A link that proves another address for somebody who is signed in; the browser too.
async fn asked(pair: &Pair, person: &Person, wanted: &str, replaces_primary: bool) -> (Agent, String) {
    let session = pair.session(person).await;
    let principal = pair.auth.principal(&session).await.unwrap().unwrap();
    let fresh = pair.auth.step_up(&principal, None).unwrap();
    drop(pair.auth.add_email(&Client::default(), &fresh, AddEmail { email: wanted, replaces_primary }).await.unwrap());
    let mut agent = pair.agent(0);
    agent.cookies.insert("um_session".into(), session.expose().to_owned());
    (agent, pair.mailed_token(wanted).await)
}

pub(super) async fn addresses(pair: &Pair) {
    let wanted = email("wanted");
    let people = [pair.person("ann").await, pair.person("bob").await];
    let mut uses = Vec::new();
    for person in &people {
        let (_, link) = asked(pair, person, &wanted, true).await;
        uses.push(Racer::post(&pair.agent(0), "/auth/emails/verify", json!({ "token": link })));
    }
    let won = winner(&pair.race("commit", uses).await, &LATE);
    let owner = pair.auth.users("race").by_email(&wanted).await.unwrap();
    assert!(owner.identifier.primary && owner.identifier.verified_at.is_some());
    assert_eq!(owner.user.id, people[won].id);
    let kept = pair.store.identifiers(people[1 - won].id).await.unwrap();
    assert_eq!(
        (kept.len(), kept[0].canonical.as_str()),
        (1, people[1 - won].email.as_str()),
        "and the other keeps its own"
    );
}

pub(super) async fn primary(pair: &Pair) {
    let (ann, second) = (pair.person("ann").await, email("second"));
    let (agent, link) = asked(pair, &ann, &second, false).await;
    pair.auth.prove_added_email(&Client::default(), AddressProof::Link(link.as_str().into())).await.unwrap();
    let body = json!({ "email": second });
    let uses = ["primary", "remove"].map(|verb| Racer::post(&agent, format!("/auth/me/emails/{verb}"), body.clone()));
    let won = winner(&pair.race("commit", uses.into()).await, &["422 primary", "404 not_found", "409 conflict"]);
    let kept = pair.store.identifiers(ann.id).await.unwrap();
    let primary: Vec<_> = kept.iter().filter(|email| email.primary).map(|email| email.canonical.as_str()).collect();
    assert_eq!(primary, [if won == 0 { &second } else { &ann.email }]);
    assert_eq!(kept.len(), 2 - won);
}

pub(super) async fn sessions(pair: &Pair) {
    let ann = pair.person("everywhere").await;
    let body = json!({ "email": ann.email, "password": PASSWORD });
    let replies = pair.race("commit", twenty(&pair.agent(0), "/auth/sign-in", &body)).await;
    // The third: a session that gave way to later ones before its own answer.
    let known = ["200", "409 conflict", "401 attempt_expired"];
    assert!(replies.iter().all(|reply| known.contains(&word(reply).as_str())));
    let running = pair.running(ann.id).await;
    assert!((1..=node::SESSIONS as usize).contains(&running), "{running} sessions run");
    let inside = join_all(replies.iter().enumerate().map(|(place, reply)| async move {
        let cookies = reply.cookies();
        let Some(cookie) = cookies.iter().find_map(|cookie| cookie.strip_prefix("um_session=")) else { return false };
        let mut agent = pair.agent(place);
        agent.cookies.insert("um_session".into(), cookie.split(';').next().unwrap().to_owned());
        agent.get("/auth/me").await.status.is_success()
    }));
    let inside = inside.await.into_iter().filter(|inside| *inside).count();
    assert_eq!(inside, running, "whoever runs a session was told so");
}
