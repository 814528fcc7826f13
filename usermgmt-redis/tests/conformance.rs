//! A store whose limits are counted in Redis proves itself with the published suite, whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot be prepared has failed")]

mod support;

use usermgmt_core::MemoryStore;
use usermgmt_redis::{RedisThrottle, RedisThrottled};

async fn fresh() -> ((), RedisThrottled<MemoryStore>) {
    let throttle = RedisThrottle::new(&support::servers(), &support::name()).unwrap();
    ((), RedisThrottled::new(MemoryStore::new(), throttle))
}

usermgmt_conformance::store_tests!(fresh, name = "redis", counters_expire = true, unless = support::without_redis);
