//! Counters of limits.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::store::{Charge, Result, StoreError, ThrottleKey, ThrottleStore, Throttled};

use super::Store;
use super::cells::Cells;
use super::wire::Wire;
use crate::error::{at_commit, error};
use crate::value::{self, micros, span};

const TABLE: &str = "usermgmt_throttle";

/// What a charge allows, by key: in the order of keys, so that two charges on the same counters never wait for each
/// other crosswise.
type Wanted = BTreeMap<ThrottleKey, Allowance>;

#[derive(Clone, Copy)]
struct Allowance {
    limit: i64,
    /// When a window that began now would end; no window may end later.
    ends_at: i64,
    /// Place in the list of charges: of two that stay closed equally long the later one is named.
    place: usize,
}

/// The refusing counter that stays closed the longest, so far.
#[derive(Default)]
struct Verdict(Option<(i64, usize, ThrottleKey)>);

impl Verdict {
    fn refuse(&mut self, key: ThrottleKey, allowance: &Allowance, until: i64) {
        self.0 = self.0.max(Some((until, allowance.place, key)));
    }

    fn throttled(self) -> Result<Option<Throttled>> {
        let Some((until, _, key)) = self.0 else { return Ok(None) };
        let until = value::time(until).ok_or_else(|| StoreError::corrupt(TABLE, "ends_at"))?;
        Ok(Some(Throttled { key, until }))
    }
}

#[async_trait]
impl ThrottleStore for Store {
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>> {
        let now = micros(now);
        let mut wanted = Wanted::new();
        for (place, charge) in charges.iter().enumerate() {
            let ends_at = now.saturating_add(span(charge.window));
            let new = Allowance { limit: charge.limit.into(), ends_at, place };
            let one = wanted.entry(charge.key).or_insert(new);
            *one = Allowance { limit: one.limit.min(new.limit), ends_at: one.ends_at.min(new.ends_at), place };
        }
        // Whoever floods a closed door must not make the database write: first look.
        let (closed, late) = self.closed(&wanted, now).await?;
        let closed = closed.throttled()?;
        if closed.is_some() {
            self.cut(&late).await?;
        }
        if closed.is_some() || wanted.is_empty() {
            return Ok(closed);
        }
        let mut transaction = self.begin().await?;
        match transaction.limit().on(count(transaction.wire(), &wanted, now)).await.and_then(Verdict::throttled) {
            Ok(None) => {
                transaction.commit().await.map_err(at_commit)?;
                Ok(None)
            }
            // Rolled back, so that a refused use is counted nowhere.
            refused => {
                transaction.rollback().await.ok();
                refused
            }
        }
    }

    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        let mut transaction = self.begin().await?;
        transaction.limit().on(give_back(transaction.wire(), &keys, micros(now))).await?;
        transaction.commit().await.map_err(at_commit)
    }
}

impl Store {
    /// Which counters are closed at this moment, and which end too late because the clock went back; without writing
    /// or locking anything.
    async fn closed(&self, wanted: &Wanted, now: i64) -> Result<(Verdict, Wanted)> {
        let (mut verdict, mut late) = (Verdict::default(), Wanted::new());
        for (key, allowance) in wanted {
            let read = query("SELECT used, ends_at FROM usermgmt_throttle WHERE key = $1 AND ends_at > $2");
            let (used, ends_at) = match self.row(read.bind(key.as_bytes().as_slice()).bind(now)).await? {
                Some(row) => counter(&mut Cells::new(&row))?,
                None => (0, allowance.ends_at),
            };
            if ends_at > allowance.ends_at {
                late.insert(*key, *allowance);
            }
            if used >= allowance.limit {
                verdict.refuse(*key, allowance, ends_at.min(allowance.ends_at));
            }
        }
        Ok((verdict, late))
    }

    /// Ends windows where they would end if they began now: a refusal must not leave them to the clock that went back.
    async fn cut(&self, late: &Wanted) -> Result<()> {
        if late.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        transaction.limit().on(end_earlier(transaction.wire(), late)).await?;
        transaction.commit().await.map_err(at_commit)
    }
}

async fn give_back(mut wire: Wire<'_>, keys: &[ThrottleKey], now: i64) -> Result<()> {
    for key in keys {
        let update = query("UPDATE usermgmt_throttle SET used = used - 1 WHERE key = $1 AND ends_at > $2 AND used > 0");
        wire.execute(update.bind(key.as_bytes().as_slice()).bind(now)).await?;
    }
    Ok(())
}

async fn end_earlier(mut wire: Wire<'_>, late: &Wanted) -> Result<()> {
    for (key, allowance) in late {
        let update = query("UPDATE usermgmt_throttle SET ends_at = $2 WHERE key = $1 AND ends_at > $2");
        wire.execute(update.bind(key.as_bytes().as_slice()).bind(allowance.ends_at)).await?;
    }
    Ok(())
}

/// Counts one use on every counter. Each statement locks its counter until the transaction ends, so what it returns is
/// exactly how many uses there have been, this one included; if that is too many anywhere, the caller rolls back.
async fn count(mut wire: Wire<'_>, wanted: &Wanted, now: i64) -> Result<Verdict> {
    let mut verdict = Verdict::default();
    for (key, allowance) in wanted {
        let upsert = query(
            "INSERT INTO usermgmt_throttle (key, used, ends_at) VALUES ($1, 1, $2) ON CONFLICT (key) DO UPDATE SET \
             used = CASE WHEN usermgmt_throttle.ends_at > $3 THEN usermgmt_throttle.used + 1 ELSE 1 END, \
             ends_at = CASE WHEN usermgmt_throttle.ends_at > $3 AND usermgmt_throttle.ends_at < $2 \
             THEN usermgmt_throttle.ends_at ELSE $2 END RETURNING used, ends_at",
        );
        let upsert = upsert.bind(key.as_bytes().as_slice()).bind(allowance.ends_at).bind(now);
        let row = wire.row(upsert).await?.ok_or_else(|| error(sqlx::Error::RowNotFound))?;
        let (used, ends_at) = counter(&mut Cells::new(&row))?;
        if used > allowance.limit {
            verdict.refuse(*key, allowance, ends_at);
        }
    }
    Ok(verdict)
}

fn counter(cells: &mut Cells<'_>) -> Result<(i64, i64)> {
    cells.of(TABLE);
    Ok((cells.cell("used")?, cells.cell("ends_at")?))
}
