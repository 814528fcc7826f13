//! Counters in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use time::OffsetDateTime;

use super::MemoryStore;
use crate::store::{Charge, Result, ThrottleKey, ThrottleStore, Throttled};

#[derive(Clone, Copy)]
pub(super) struct Counter {
    pub(super) used: u32,
    pub(super) ends_at: OffsetDateTime,
}

pub(super) type Counters = BTreeMap<ThrottleKey, Counter>;

#[async_trait]
impl ThrottleStore for MemoryStore {
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>> {
        let mut counters = self.counters()?;
        let present = |charge: &Charge| {
            let fresh = Counter { used: 0, ends_at: now + charge.window };
            let counter = counters.get(&charge.key).filter(|counter| counter.ends_at > now).unwrap_or(&fresh);
            Counter { ends_at: counter.ends_at.min(now + charge.window), ..*counter }
        };
        let refusing = charges.iter().map(|charge| (charge, present(charge)));
        let refusing = refusing.filter(|(charge, counter)| counter.used >= charge.limit);
        if let Some((charge, counter)) = refusing.max_by_key(|(_, counter)| counter.ends_at) {
            return Ok(Some(Throttled { key: charge.key, until: counter.ends_at }));
        }
        let counted: Vec<_> = charges.iter().map(|charge| (charge.key, present(charge))).collect();
        counters.extend(counted.into_iter().map(|(key, counter)| (key, Counter { used: counter.used + 1, ..counter })));
        Ok(None)
    }

    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()> {
        let mut counters = self.counters()?;
        for key in keys {
            if let Some(counter) = counters.get_mut(key).filter(|counter| counter.ends_at > now) {
                counter.used = counter.used.saturating_sub(1);
            }
        }
        Ok(())
    }
}
