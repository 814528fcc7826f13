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
        let counted: Vec<_> = charges.iter().map(|charge| (charge.key, present(charge))).collect();
        let refusing = charges.iter().zip(&counted).filter(|(charge, (_, counter))| counter.used >= charge.limit);
        if let Some((key, closed)) = refusing.map(|(_, counted)| *counted).max_by_key(|(_, counter)| counter.ends_at) {
            // A window that was cut because the clock went back stays cut.
            for (key, counter) in &counted {
                counters.entry(*key).and_modify(|kept| kept.ends_at = kept.ends_at.min(counter.ends_at));
            }
            return Ok(Some(Throttled { key, until: closed.ends_at }));
        }
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
