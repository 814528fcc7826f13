//! Metrics: every name, and what is counted under it.
//!
//! They go through the facade `metrics`: without a recorder nothing is kept and nothing is
//! paid. Install the recorder before [`build`](crate::Builder::build): names are described there, and what is counted on
//! every request is registered there once.
//!
//! Labels hold words of this code only, never what somebody has sent: so their number is bounded, and no address, id or
//! secret can stand in them.

use std::time::{Duration, Instant};

use ::metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use usermgmt_core::model::{AuditEvent, AuditKind, AuditOutcome, OutboxRow};
use usermgmt_core::port::BotPurpose;
use usermgmt_core::store::{StoreError, StoreErrorKind, Write};

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often which values were met.
    Histogram,
}

impl MetricKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A metric. What ends with `_seconds` is in seconds, all else is a number of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, by the conventions of Prometheus.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub meaning: &'static str,
}

/// Writes a constant for each name, and the list of all.
macro_rules! table {
    ($($kind:ident $constant:ident = $name:literal [$($label:literal)*] $meaning:literal;)+) => {
        $(#[doc = $meaning] pub const $constant: &str = $name;)+

        /// Every metric of this system.
        pub const ALL: &[Metric] = &[
            $(Metric { name: $name, kind: MetricKind::$kind, labels: &[$($label),*], meaning: $meaning }),+
        ];
    };
}

table! {
    Counter EVENTS = "usermgmt_events_total" ["kind" "outcome"]
        "Audit events that were committed, and refusals as they happen.";
    Counter COMMITS = "usermgmt_commits_total" ["result"] "Change sets that were given to the store.";
    Histogram COMMIT_SECONDS = "usermgmt_commit_seconds" []
        "Time of a commit, with the questions that follow a lost connection.";
    Counter COMMIT_RETRIES = "usermgmt_commit_retries_total" []
        "Flows that ran again because somebody else had committed first.";
    Counter SESSION_CHECKS = "usermgmt_session_checks_total" ["from" "found"]
        "Session checks, by where the answer came from.";
    Counter SESSION_MINUTES = "usermgmt_session_minutes_total" []
        "Minutes in which a session was used, after its first one: 60 times its rate is how many are in use.";
    Counter CHANGE_READS = "usermgmt_change_reads_total" [] "Readings of the change sequence.";
    Counter CHANGES_HEARD = "usermgmt_changes_heard_total" [] "Changes that these readings brought.";
    Counter CACHE_EMPTIED = "usermgmt_cache_emptied_total" []
        "Times that the whole cache was forgotten: at the start, and when too much was missed.";
    Histogram HASH_SECONDS = "usermgmt_hash_seconds" [] "Time of one password hash, without the wait before it.";
    Gauge HASH_WAITING = "usermgmt_hash_queue_length" [] "Password hashes that wait for a thread.";
    Counter HASH_BUSY = "usermgmt_hash_busy_total" [] "Password hashes refused because the queue was full.";
    Counter THROTTLED = "usermgmt_throttled_total" ["limit"] "Uses that were refused because a limit was passed.";
    Counter PASSKEY_OFFERS = "usermgmt_passkey_offers_total" ["result"] "Offers of a passkey after a sign-in, shown and declined.";
    Counter BOT_CHECKS = "usermgmt_bot_checks_total" ["purpose" "result"] "Bot checks that were asked for, and how they ended.";
    Counter JOBS = "usermgmt_jobs_total" ["kind" "result"] "Tries of jobs of the outbox.";
    Histogram JOB_SECONDS = "usermgmt_job_seconds" ["kind"] "Time of one try of a job.";
    Histogram JOB_LAG_SECONDS = "usermgmt_job_lag_seconds" [] "How late a job was taken after it was due.";
    Counter MAILS = "usermgmt_mails_total" ["mail" "result"] "Mails that were handed to the mailer.";
    Histogram MAIL_SECONDS = "usermgmt_mail_seconds" [] "Time that the mailer took for a mail.";
    Counter BUS_WAKES_SENT = "usermgmt_bus_wakes_sent_total" [] "Wakes that were sent to the other processes.";
    Counter BUS_WAKES_HEARD = "usermgmt_bus_wakes_heard_total" [] "Wakes that were received, one's own included.";
    Counter BUS_CONNECTIONS = "usermgmt_bus_connections_total" []
        "Connections to the bus: the first one, and each after a loss.";
    Counter BUS_FAILURES = "usermgmt_bus_failures_total" ["side"] "Failures of the bus.";
    Counter TOKENS_ISSUED = "usermgmt_tokens_issued_total" ["kind"] "Access tokens and refresh tokens given out.";
    Counter SIGNING_KEYS_MADE = "usermgmt_signing_keys_made_total" []
        "Keys made to sign access tokens; one in a rotation.";
    Counter HTTP_REQUESTS = "usermgmt_http_requests_total" ["route" "method" "status"]
        "Requests to our own routes, by the template of the path.";
    Histogram HTTP_REQUEST_SECONDS = "usermgmt_http_request_seconds" ["route" "method"]
        "Time until such a request was answered.";
}

/// Gives name, unit and meaning of each metric to the recorder.
pub(crate) fn describe() {
    for metric in ALL {
        let unit = if metric.name.ends_with("_seconds") { Unit::Seconds } else { Unit::Count };
        match metric.kind {
            MetricKind::Counter => describe_counter!(metric.name, unit, metric.meaning),
            MetricKind::Gauge => describe_gauge!(metric.name, unit, metric.meaning),
            MetricKind::Histogram => describe_histogram!(metric.name, unit, metric.meaning),
        }
    }
}

/// Session checks. They are many and cheap, so their counters are looked up once: an answer from the cache costs one
/// atomic addition, or one comparison where there is no recorder.
pub(crate) struct SessionChecks {
    pub(crate) cached: Counter,
    pub(crate) read: Counter,
    pub(crate) nobody: Counter,
    pub(crate) failed: Counter,
    pub(crate) minutes: Counter,
}

impl SessionChecks {
    pub(crate) fn register() -> Self {
        Self {
            cached: counter!(SESSION_CHECKS, "from" => "cache", "found" => "yes"),
            read: counter!(SESSION_CHECKS, "from" => "store", "found" => "yes"),
            nobody: counter!(SESSION_CHECKS, "from" => "store", "found" => "no"),
            failed: counter!(SESSION_CHECKS, "from" => "store", "found" => "unknown"),
            minutes: counter!(SESSION_MINUTES),
        }
    }
}

/// The pool of hashing threads.
#[derive(Clone)]
pub(crate) struct Hashing {
    pub(crate) seconds: Histogram,
    pub(crate) waiting: Gauge,
    pub(crate) busy: Counter,
}

impl Hashing {
    pub(crate) fn register() -> Self {
        Self { seconds: histogram!(HASH_SECONDS), waiting: gauge!(HASH_WAITING), busy: counter!(HASH_BUSY) }
    }
}

/// Something happened, or was refused.
pub(crate) fn event(kind: AuditKind, outcome: AuditOutcome) {
    counter!(EVENTS, "kind" => kind.as_str(), "outcome" => outcome.as_str()).increment(1);
}

/// The audit events of a change set that was committed.
pub(crate) fn events<'a>(events: impl IntoIterator<Item = &'a AuditEvent>) {
    events.into_iter().for_each(|one| event(one.kind, one.outcome));
}

/// A change set was given to the store.
pub(crate) fn commit<T>(result: &Result<T, StoreError>, begun: Instant) {
    let result = match result.as_ref().map_err(StoreError::kind) {
        Ok(_) => "ok",
        Err(StoreErrorKind::Conflict) => "conflict",
        Err(StoreErrorKind::Duplicate(_)) => "duplicate",
        Err(StoreErrorKind::Refused(_)) => "refused",
        Err(StoreErrorKind::OutcomeUnknown) => "unknown",
        Err(StoreErrorKind::Unavailable) => "unavailable",
        Err(StoreErrorKind::Corrupt) => "corrupt",
        Err(StoreErrorKind::Unsupported) => "unsupported",
        Err(_) => "other",
    };
    counter!(COMMITS, "result" => result).increment(1);
    histogram!(COMMIT_SECONDS).record(begun.elapsed());
}

/// A flow runs again.
pub(crate) fn commit_retry() {
    counter!(COMMIT_RETRIES).increment(1);
}

/// The change sequence was read.
pub(crate) fn changes_heard(number: usize) {
    counter!(CHANGE_READS).increment(1);
    counter!(CHANGES_HEARD).increment(u64::try_from(number).unwrap_or(u64::MAX));
}

/// The whole cache was forgotten.
pub(crate) fn cache_emptied() {
    counter!(CACHE_EMPTIED).increment(1);
}

/// A limit was passed.
pub(crate) fn throttled(limit: &'static str) {
    counter!(THROTTLED, "limit" => limit).increment(1);
}

/// An offer of a passkey was `shown` or `declined`; those that were taken are events of the audit log.
#[cfg(feature = "passkeys")]
pub fn passkey_offer(result: &'static str) {
    counter!(PASSKEY_OFFERS, "result" => result).increment(1);
}

/// A bot check was asked for.
pub(crate) fn bot_check(purpose: BotPurpose, result: &'static str) {
    counter!(BOT_CHECKS, "purpose" => purpose.as_str(), "result" => result).increment(1);
}

/// How a try of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobEnd {
    Done,
    Retried,
    GivenUp,
    /// Another worker has it.
    Lost,
    /// An outage; it is taken again when its lease ends.
    Failed,
}

impl JobEnd {
    /// The end that a write makes true.
    pub(crate) const fn of(write: &Write) -> Self {
        match write {
            Write::RetryJob { .. } => Self::Retried,
            Write::GiveUpJob { .. } => Self::GivenUp,
            _ => Self::Done,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Retried => "retried",
            Self::GivenUp => "given_up",
            Self::Lost => "lost",
            Self::Failed => "failed",
        }
    }
}

/// A try of a job ended.
pub(crate) fn job_ended(kind: &'static str, end: JobEnd) {
    counter!(JOBS, "kind" => kind, "result" => end.as_str()).increment(1);
}

/// A try of a job took this long.
pub(crate) fn job_took(kind: &'static str, begun: Instant) {
    histogram!(JOB_SECONDS, "kind" => kind).record(begun.elapsed());
}

/// Jobs were taken.
pub(crate) fn jobs_leased(rows: &[OutboxRow], now: time::OffsetDateTime) {
    let lag = histogram!(JOB_LAG_SECONDS);
    rows.iter().for_each(|row| lag.record((now - row.due_at).as_seconds_f64().max(0.0)));
}

/// A mail was handed over, or was not taken.
pub(crate) fn mail(kind: &'static str, result: &'static str, took: Duration) {
    counter!(MAILS, "mail" => kind, "result" => result).increment(1);
    histogram!(MAIL_SECONDS).record(took);
}

/// The others were woken.
pub(crate) fn bus_wake_sent() {
    counter!(BUS_WAKES_SENT).increment(1);
}

/// A wake came in.
pub(crate) fn bus_wake_heard() {
    counter!(BUS_WAKES_HEARD).increment(1);
}

/// The bus is connected.
pub(crate) fn bus_connected() {
    counter!(BUS_CONNECTIONS).increment(1);
}

/// The bus failed, while sending or while listening.
pub(crate) fn bus_failed(side: &'static str) {
    counter!(BUS_FAILURES, "side" => side).increment(1);
}

/// A token was given out.
#[cfg(feature = "tokens")]
pub(crate) fn token_issued(kind: &'static str) {
    counter!(TOKENS_ISSUED, "kind" => kind).increment(1);
}

/// A signing key was made.
#[cfg(feature = "tokens")]
pub(crate) fn signing_key_made() {
    counter!(SIGNING_KEYS_MADE).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        for metric in ALL {
            let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            assert!(metric.name.starts_with("usermgmt_") && plain(metric.name), "{}", metric.name);
            assert!(metric.labels.iter().all(|label| plain(label)), "{}", metric.name);
            assert_eq!(metric.kind == MetricKind::Counter, metric.name.ends_with("_total"), "{}", metric.name);
            assert_eq!(metric.kind == MetricKind::Histogram, metric.name.ends_with("_seconds"), "{}", metric.name);
            assert_eq!(ALL.iter().filter(|other| other.name == metric.name).count(), 1, "{}", metric.name);
        }
    }
}
