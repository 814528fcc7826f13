//! Refusals, noted without standing in anybody's way.
//!
//! Under attack there are many of them, so they are counted in memory by kind, reason and place, and a worker writes
//! one audit event for each count. The number of counts is bounded; what does not fit is counted together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use time::OffsetDateTime;
use usermgmt_core::error::Error;
use usermgmt_core::flow::Flow;
use usermgmt_core::limits;
use usermgmt_core::model::{Actor, AuditEvent, AuditKind, AuditOutcome};
use usermgmt_core::store::ChangeSet;

use crate::client::Client;
use crate::metrics;

/// Counts kept between two writes.
const COUNTS: usize = 1_024;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    kind: AuditKind,
    reason: &'static str,
    address: Option<String>,
}

#[derive(Clone, Copy)]
struct Count {
    times: u64,
    first: OffsetDateTime,
    last: OffsetDateTime,
}

impl Count {
    /// Adds what was counted before.
    fn add(&mut self, earlier: Self) {
        self.times += earlier.times;
        self.first = self.first.min(earlier.first);
    }
}

/// Refusals since the last write.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Place, Count>>, Mutex<Guesses>);

/// Failed sign-ins within the present minute.
#[derive(Default)]
struct Guesses {
    since: Option<OffsetDateTime>,
    count: u32,
}

impl Guesses {
    /// Counts one; answers whether it is the one that raises the alarm.
    fn count(&mut self, now: OffsetDateTime) -> bool {
        if self.since.is_none_or(|since| (now - since).abs() >= limits::MINUTE) {
            *self = Self { since: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count == limits::GUESSES_ALARM
    }
}

impl Refusals {
    /// Notes one refusal.
    pub fn note(&self, kind: AuditKind, client: &Client, reason: &'static str, now: OffsetDateTime) {
        tracing::debug!(target: "usermgmt::refused", kind = kind.as_str(), reason);
        metrics::event(kind, AuditOutcome::Refused);
        let alarm =
            kind == AuditKind::SignInRefused && self.1.lock().unwrap_or_else(PoisonError::into_inner).count(now);
        if alarm {
            tracing::warn!("very many sign-ins fail: somebody is guessing passwords");
            self.note(AuditKind::GuessingSuspected, &Client::default(), "many failed sign-ins", now);
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = Place { kind, reason, address: client.address().map(str::to_owned) };
        if counts.len() >= COUNTS && !counts.contains_key(&place) {
            place.address = None;
        }
        let count = counts.entry(place).or_insert(Count { times: 0, first: now, last: now });
        count.times += 1;
        count.last = now;
    }

    /// Writes all counts as audit events of one change set, by `commit`. What could not be written is kept.
    ///
    /// # Errors
    /// As the store, and when the random generator fails.
    pub(crate) async fn write<F: Future<Output = Result<(), Error>>>(
        &self,
        flow: &Flow<'_>,
        commit: impl FnOnce(ChangeSet) -> F,
    ) -> Result<(), Error> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(());
        }
        let written = match events(flow, &counts) {
            Ok(changes) => commit(changes).await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for (place, count) in counts.into_iter().take(COUNTS) {
                kept.entry(place).and_modify(|newer| newer.add(count)).or_insert(count);
            }
        }
        written
    }
}

fn events(flow: &Flow<'_>, counts: &HashMap<Place, Count>) -> Result<ChangeSet, Error> {
    let mut changes = flow.changes()?;
    for (place, count) in counts {
        let detail = json!({
            "reason": place.reason,
            "times": count.times,
            "first": count.first.unix_timestamp(),
            "last": count.last.unix_timestamp(),
        });
        changes.push(flow.record(AuditEvent {
            outcome: AuditOutcome::Refused,
            address: place.address.clone(),
            detail,
            ..flow.event(place.kind, Actor::Anonymous)?
        }));
    }
    Ok(changes)
}

impl std::fmt::Debug for Refusals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Refusals")
    }
}
