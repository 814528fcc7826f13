//! The bus over pub/sub.

mod support;

use std::time::Duration;

use support::State;
use tokio::time::timeout;
use usermgmt_core::port::Bus as _;
use usermgmt_redis::RedisBus;

/// Within this time something comes that comes at all. No measure of speed.
const COMES: Duration = Duration::from_secs(20);
/// How long is waited for what must not come.
const STAYS_AWAY: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_wake_reaches_every_node_of_its_deployment_and_no_other() {
    if support::without_redis() {
        return;
    }
    let (name, other) = (support::name(), support::name());
    let node = |name: &str| RedisBus::new(&support::servers(), name).unwrap();
    let (here, there, elsewhere) = (node(&name), node(&name), node(&other));
    let mut own = here.listen().await.unwrap();
    let mut far = there.listen().await.unwrap();
    let mut foreign = elsewhere.listen().await.unwrap();
    for _ in 0..100 {
        here.wake().await.unwrap();
    }
    for wakes in [&mut own, &mut far] {
        timeout(COMES, wakes.next()).await.unwrap().unwrap();
    }
    assert!(timeout(STAYS_AWAY, foreign.next()).await.is_err());
}

#[tokio::test]
async fn a_lost_connection_is_said_and_the_next_one_brings_wakes() {
    if support::without_redis() {
        return;
    }
    let (line, servers) = support::line().await;
    let name = support::name();
    let (behind, sender) =
        (RedisBus::new(&servers, &name).unwrap(), RedisBus::new(&support::servers(), &name).unwrap());
    let mut wakes = behind.listen().await.unwrap();
    line.set(State::Cut);
    let lost = timeout(COMES, wakes.next()).await.unwrap().unwrap_err();
    assert!(std::error::Error::source(&lost).is_some());
    assert!(behind.listen().await.is_err() && behind.wake().await.is_err());
    line.set(State::Up);
    let mut wakes = behind.listen().await.unwrap();
    sender.wake().await.unwrap();
    timeout(COMES, wakes.next()).await.unwrap().unwrap();
    behind.wake().await.unwrap();
    timeout(COMES, wakes.next()).await.unwrap().unwrap();
}
