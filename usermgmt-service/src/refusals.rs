//! Refusals, noted without standing in anybody's way.
//!
//! Under attack there are many of them, so they are counted in memory by kind, reason and place, and a worker writes
//! one audit event for each count. The number of counts is bounded; what does not fit is counted together. What many of
//! them look like together is looked at at once; see `detect.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use time::OffsetDateTime;
use usermgmt_core::error::Error;
use usermgmt_core::flow::Flow;
use usermgmt_core::model::{Actor, AuditEvent, AuditKind, AuditOutcome};
use usermgmt_core::port::{Alarm, BotPurpose, Hooks};
use usermgmt_core::store::ChangeSet;

use crate::client::Client;
use crate::detect::{Detector, Raised};
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

/// Refusals since the last write, and what they look like together.
pub struct Refusals {
    counts: Mutex<HashMap<Place, Count>>,
    detector: Detector,
    hooks: Arc<dyn Hooks>,
}

impl Refusals {
    pub(crate) fn new(hooks: Arc<dyn Hooks>) -> Self {
        Self { counts: Mutex::default(), detector: Detector::default(), hooks }
    }

    /// Notes one refusal.
    pub fn note(&self, kind: AuditKind, client: &Client, reason: &'static str, now: OffsetDateTime) {
        self.count(kind, client, reason, now);
        if kind == AuditKind::UnknownSession {
            self.alarm(&self.detector.bogus_session(&client.address_prefix(), now), client, now);
        }
    }

    /// Notes a sign-in that failed for this account, whether there is such an account or not.
    pub(crate) fn note_sign_in(&self, client: &Client, account: &str, reason: &'static str, now: OffsetDateTime) {
        self.count(AuditKind::SignInRefused, client, reason, now);
        self.alarm(&self.detector.failed_sign_in(&client.address_prefix(), account, now), client, now);
    }

    /// Looks at a sign-up that was taken: many of them are not what they seem.
    pub(crate) fn see_sign_up(&self, client: &Client, now: OffsetDateTime) {
        self.alarm(&self.detector.sign_up(&client.address_prefix(), now), client, now);
    }

    /// Whether there was an alarm a short while ago that concerns this.
    pub(crate) fn is_alarmed(&self, purpose: BotPurpose, now: OffsetDateTime) -> bool {
        self.detector.is_alarmed(purpose, now)
    }

    fn alarm(&self, raised: &[Raised], client: &Client, now: OffsetDateTime) {
        for Raised { kind, of_place, reason } in raised {
            let nobody = Client::default();
            let client = if *of_place { client } else { &nobody };
            tracing::warn!(kind = kind.as_str(), reason, "this looks like an attack");
            self.count(*kind, client, reason, now);
            self.hooks.on_alarm(&Alarm { kind: *kind, address: client.address(), at: now });
        }
    }

    fn count(&self, kind: AuditKind, client: &Client, reason: &'static str, now: OffsetDateTime) {
        tracing::debug!(target: "usermgmt::refused", kind = kind.as_str(), reason);
        metrics::event(kind, AuditOutcome::Refused);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
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
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(());
        }
        let written = match events(flow, &counts) {
            Ok(changes) => commit(changes).await,
            Err(error) => Err(error),
        };
        if written.is_err() {
            let mut kept = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
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
