//! What the published rules do not ask: keys and their lives, outages, what is not ours.

mod support;

use std::time::Instant;

use redis::AsyncCommands as _;
use support::State;
use time::{Duration, OffsetDateTime};
use usermgmt_core::port::Bus as _;
use usermgmt_core::store::{Charge, StoreErrorKind, ThrottleKey, ThrottleStore as _};
use usermgmt_redis::{RedisBus, RedisThrottle, Servers};

/// A time of the application; no clock is looked at.
const NOW: OffsetDateTime = match OffsetDateTime::from_unix_timestamp(1_800_000_000) {
    Ok(time) => time,
    Err(_) => OffsetDateTime::UNIX_EPOCH,
};

const fn charge(number: u8, limit: u32, seconds: i64) -> Charge {
    Charge { key: ThrottleKey::from_bytes([number; 32]), limit, window: Duration::seconds(seconds) }
}

fn key(name: &str, number: u8) -> String {
    format!("usermgmt:{{{name}}}:throttle:{}", format!("{number:02x}").repeat(32))
}

#[tokio::test]
async fn every_key_dies_a_minute_after_its_window() {
    if support::without_redis() {
        return;
    }
    let (name, mut redis) = (support::name(), support::redis().await);
    let throttle = RedisThrottle::new(&support::servers(), &name).unwrap();
    assert_eq!(throttle.charge(&[charge(1, 2, 60), charge(2, 2, 3_600)], NOW).await.unwrap(), None);
    let life = async |redis: &mut redis::aio::MultiplexedConnection, number| {
        redis.pttl::<_, i64>(key(&name, number)).await.unwrap()
    };
    for (number, seconds) in [(1, 121_000), (2, 3_661_000)] {
        let left = life(&mut redis, number).await;
        assert!((seconds - 5_000..=seconds).contains(&left), "{left} of {seconds} ms");
    }
    // A use, a refund and a window that is cut leave no key that lives for ever.
    assert_eq!(throttle.charge(&[charge(1, 2, 60)], NOW + Duration::seconds(50)).await.unwrap(), None);
    throttle.refund(&[charge(1, 2, 60).key, charge(9, 1, 1).key], NOW + Duration::seconds(50)).await.unwrap();
    let left = life(&mut redis, 1).await;
    assert!((66_000..=71_000).contains(&left), "{left}");
    assert_eq!(redis.get::<_, String>(key(&name, 1)).await.unwrap(), "1 1800000060 0");
    throttle.charge(&[charge(2, 9, 3_600)], NOW - Duration::days(1)).await.unwrap();
    assert!((3_656_000..=3_661_000).contains(&life(&mut redis, 2).await));
    assert!(!redis.exists::<_, bool>(key(&name, 9)).await.unwrap(), "a refund has made a counter");
}

#[tokio::test]
async fn deployments_do_not_count_each_others_uses() {
    if support::without_redis() {
        return;
    }
    for _ in 0..2 {
        let throttle = RedisThrottle::new(&support::servers(), &support::name()).unwrap();
        assert_eq!(throttle.charge(&[charge(1, 1, 60)], NOW).await.unwrap(), None);
        assert!(throttle.charge(&[charge(1, 1, 60)], NOW).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn two_nodes_count_together_and_know_a_script_that_the_server_forgot() {
    if support::without_redis() {
        return;
    }
    let (name, mut redis) = (support::name(), support::redis().await);
    let node = || RedisThrottle::new(&support::servers(), &name).unwrap();
    let nodes = [node(), node()];
    assert_eq!(nodes[0].charge(&[charge(1, 3, 60)], NOW).await.unwrap(), None);
    redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut redis).await.unwrap();
    assert_eq!(nodes[1].charge(&[charge(1, 3, 60)], NOW).await.unwrap(), None);
    assert_eq!(nodes[0].charge(&[charge(1, 3, 60)], NOW).await.unwrap(), None);
    let refused = nodes[1].charge(&[charge(1, 3, 60)], NOW).await.unwrap().unwrap();
    assert_eq!((refused.key, refused.until), (charge(1, 3, 60).key, NOW + Duration::MINUTE));
}

#[tokio::test]
async fn what_is_not_ours_is_corrupt_and_counts_nothing() {
    if support::without_redis() {
        return;
    }
    let (name, mut redis) = (support::name(), support::redis().await);
    let throttle = RedisThrottle::new(&support::servers(), &name).unwrap();
    for bad in ["", "1", "1 2", "1 2 ", "one two three", "1 2 3 4", "-1 2 3", "1 2 -3"] {
        redis.set::<_, _, ()>(key(&name, 2), bad).await.unwrap();
        let error = throttle.charge(&[charge(1, 5, 60), charge(2, 5, 60)], NOW).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{bad:?}");
        assert_eq!(throttle.refund(&[charge(2, 5, 60).key], NOW).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
    }
    assert!(!redis.exists::<_, bool>(key(&name, 1)).await.unwrap(), "a use was counted");
}

#[tokio::test]
async fn an_outage_is_said_in_bounded_time_and_ends_by_itself() {
    if support::without_redis() {
        return;
    }
    let (line, servers) = support::line().await;
    let throttle = RedisThrottle::new(&servers, &support::name()).unwrap();
    assert_eq!(throttle.charge(&[charge(1, 9, 60)], NOW).await.unwrap(), None);
    for state in [State::Cut, State::Silent] {
        line.set(state);
        let begun = Instant::now();
        let asked = [(); 8].map(|()| throttle.charge(&[], NOW));
        for asked in asked {
            assert_eq!(asked.await.unwrap(), None, "what nothing limits needs no Redis");
        }
        let asked = [(); 8].map(|()| async { throttle.charge(&[charge(1, 9, 60)], NOW).await.unwrap_err().kind() });
        for kind in futures_util::future::join_all(asked).await {
            assert_eq!(kind, StoreErrorKind::Unavailable);
        }
        let refund = throttle.refund(&[charge(1, 9, 60).key], NOW).await;
        assert_eq!(refund.unwrap_err().kind(), StoreErrorKind::Unavailable);
        assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
        // The connection that is silent stays so: it is given up, not waited for.
        line.set(State::Up);
        assert_eq!(throttle.charge(&[charge(1, 90, 60)], NOW).await.unwrap(), None, "{state:?}");
    }
}

#[tokio::test]
async fn a_lost_connection_costs_nobody_an_error() {
    if support::without_redis() {
        return;
    }
    let (line, servers) = support::line().await;
    let throttle = RedisThrottle::new(&servers, &support::name()).unwrap();
    assert_eq!(throttle.charge(&[charge(1, 9, 60)], NOW).await.unwrap(), None);
    line.set(State::Cut);
    tokio::time::timeout(std::time::Duration::from_secs(5), async {
        line.set(State::Up);
        assert_eq!(throttle.charge(&[charge(1, 9, 60)], NOW).await.unwrap(), None);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_user_with_the_documented_rights_will_do() {
    if support::without_redis() {
        return;
    }
    let (name, mut redis) = (support::name(), support::redis().await);
    let mut user = redis::cmd("ACL");
    user.arg(&["SETUSER", &name, "on", ">secret"]);
    user.arg(&[format!("~usermgmt:{{{name}}}:*"), format!("&usermgmt:{{{name}}}:*")]);
    user.arg(&["+evalsha", "+script|load", "+get", "+set", "+publish", "+subscribe"]);
    user.query_async::<()>(&mut redis).await.unwrap();
    let as_user = support::url().replace("redis://", &format!("redis://{name}:secret@"));
    let servers = Servers::one(&as_user).unwrap();
    redis::cmd("SCRIPT").arg("FLUSH").query_async::<()>(&mut redis).await.unwrap();
    let throttle = RedisThrottle::new(&servers, &name).unwrap();
    assert_eq!(throttle.charge(&[charge(1, 9, 60)], NOW).await.unwrap(), None);
    throttle.refund(&[charge(1, 9, 60).key], NOW).await.unwrap();
    let bus = RedisBus::new(&servers, &name).unwrap();
    let mut wakes = bus.listen().await.unwrap();
    bus.wake().await.unwrap();
    wakes.next().await.unwrap();
    let elsewhere = RedisThrottle::new(&servers, "somebody-else").unwrap();
    let refused = elsewhere.charge(&[charge(1, 9, 60)], NOW).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Unavailable, "no right is no answer");
}

#[tokio::test]
async fn no_server_is_no_answer() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let servers = Servers::one(&format!("redis://{nobody}")).unwrap();
    let throttle = RedisThrottle::new(&servers, "nobody").unwrap();
    let error = throttle.charge(&[charge(1, 9, 60)], NOW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(std::error::Error::source(&error).is_some());
}
