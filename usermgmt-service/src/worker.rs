//! The worker: does what commits have promised.
//!
//! Jobs are leased, so that any number of workers in any number of processes share them; a job is finished in the
//! same commit that makes its effect true. A mail is handed over before its job is finished: after a crash in between
//! it is handed over again under the same id.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde_json::json;
use time::{Duration, OffsetDateTime};
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::{mailed_secrets, sign_up, usernames};
use usermgmt_core::id::{OrgId, WorkerId};
use usermgmt_core::limits;
use usermgmt_core::model::{Actor, AuditEvent, AuditKind, AuditOutcome, Job, MailKind, OutboxRow, TokenKind};
use usermgmt_core::port::MailError;
use usermgmt_core::store::{ChangeSet, Guard, StoreErrorKind, SweepBefore, Write};

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::Tries;
use crate::mail::Draft;
use crate::metrics::{self, JobEnd};

/// Jobs leased at once.
const BATCH: u32 = 16;
/// Longest rest of an idle worker.
const REST: std::time::Duration = std::time::Duration::from_secs(10);
/// Rest after a round that failed.
const REST_AFTER_FAILURE: std::time::Duration = std::time::Duration::from_secs(2);
/// Rows of each kind that one round of sweeping removes.
const SWEEP_BATCH: u32 = 1_000;
/// First pause before a mail is tried again; it doubles with each try.
const FIRST_PAUSE: Duration = Duration::seconds(5);
/// Longest pause before a mail is tried again: so late at most does a mail come once the server is back.
const LONGEST_PAUSE: Duration = Duration::hours(1);

/// How long to wait after so many tries.
fn pause(tries: u32) -> Duration {
    (FIRST_PAUSE * 2_i32.saturating_pow(tries.saturating_sub(1).min(20))).min(LONGEST_PAUSE)
}

/// The word for how a mail was handed over.
const fn outcome(sent: &Result<(), MailError>) -> &'static str {
    match sent {
        Ok(()) => "sent",
        Err(MailError::Temporary(_)) => "later",
        Err(_) => "refused",
    }
}

/// Counts that a message was handed over, and how long it took.
pub(crate) async fn timed(
    kind: MailKind,
    handing: impl Future<Output = Result<(), MailError>>,
) -> Result<(), MailError> {
    let begun = Instant::now();
    let sent = handing.await;
    metrics::mail(kind.as_str(), outcome(&sent), begun.elapsed());
    sent
}

impl UserMgmt {
    /// Does one round of work: up to 16 jobs, and the noted refusals. Answers how many jobs were taken.
    ///
    /// # Errors
    /// An outage; what was taken and not finished is taken again when its lease ends.
    pub async fn work(&self) -> Result<usize, Error> {
        self.work_while(|| true).await
    }

    /// The same as long as it goes on. What was taken and not begun is given back, so that another process need not
    /// wait for the end of a lease.
    async fn work_while(&self, goes_on: impl Fn() -> bool + Send) -> Result<usize, Error> {
        let client = Client::default();
        let flow = self.flow(&client);
        self.refusals().write(&flow, |changes| async { Ok(self.commit_counted(changes).await.map(drop)?) }).await?;
        let worker = WorkerId::new(self.random(), flow.now)?;
        let rows = self.store().lease(self.realm(), worker, flow.now, flow.now + limits::LEASE, BATCH).await?;
        let taken = rows.len();
        metrics::jobs_leased(&rows, flow.now);
        let mut rows = rows.into_iter();
        while goes_on() {
            let Some(row) = rows.next() else { return Ok(taken) };
            let (id, kind, begun) = (row.id, row.job.kind(), Instant::now());
            let performed = self.perform(worker, row).await;
            metrics::job_took(kind, begun);
            match performed {
                // Others write the same rows again and again: make room for them, and try once more.
                Err(Error::Refused(Refused::Conflict)) => {
                    self.close(kind, Write::RetryJob { id, worker, due_at: self.now() }, None).await?;
                }
                Err(error) => {
                    metrics::job_ended(kind, JobEnd::Failed);
                    return Err(error);
                }
                Ok(()) => {}
            }
        }
        let back: Vec<_> = rows.map(|row| Write::RetryJob { id: row.id, worker, due_at: row.due_at }).collect();
        if !back.is_empty() {
            let changes = back.into_iter().fold(flow.changes()?, ChangeSet::with);
            self.commit_raw(changes).await?;
        }
        Ok(taken)
    }

    /// Works until nothing is due, and seals what has happened.
    ///
    /// # Errors
    /// As [`work`](Self::work).
    pub async fn run_until_idle(&self) -> Result<(), Error> {
        self.run_while(|| true).await
    }

    async fn run_while(&self, goes_on: impl Fn() -> bool + Send + Sync) -> Result<(), Error> {
        while goes_on() && self.work_while(&goes_on).await? > 0 {}
        while goes_on() && self.seal().await? > 0 {}
        Ok(())
    }

    /// Removes what nothing needs any more: spent tokens, ended sessions, old counters. Answers how many rows went.
    ///
    /// # Errors
    /// An outage.
    pub async fn sweep(&self) -> Result<u64, Error> {
        let now = self.now();
        let (spent, commits) = (now - limits::SWEEP_AFTER, now - limits::COMMIT_MEMORY);
        Ok(self.store().sweep(SweepBefore { spent, commits, throttle: now }, SWEEP_BATCH).await?)
    }

    async fn perform(&self, worker: WorkerId, row: OutboxRow) -> Result<(), Error> {
        tracing::debug!(id = %row.id, kind = row.job.kind(), tries = row.tries, "job");
        match row.job.clone() {
            Job::AddressRequest(_) | Job::NameRequest(_) | Job::AddMember { .. } => self.conclude(worker, &row).await,
            Job::Mail { mail, to, user, token, locale } => {
                let Some(owner) = self.store().user(self.realm(), user).await? else {
                    return self.finish(worker, &row).await;
                };
                let token = match token {
                    Some(id) => match self.store().token(self.realm(), user, id).await? {
                        None => return self.finish(worker, &row).await,
                        found => found,
                    },
                    None => None,
                };
                let now = self.now();
                let live = token.as_ref().filter(|token| token.is_live(now));
                let secrets = live.and_then(|token| {
                    let (link, code) = mailed_secrets(self.keys(), token)?;
                    // A mail that is late brings the link alone.
                    Some((link, token.code_is_live(now).then_some(code)))
                });
                // What has expired or was used is not worth a mail any more; a notice is one without its link too.
                if token.as_ref().is_some_and(|token| token.kind != TokenKind::SecureAccount) && secrets.is_none() {
                    return self.finish(worker, &row).await;
                }
                let username = match mail {
                    MailKind::ForgottenUsername | MailKind::UsernameChanged => {
                        usernames::present(&self.store().identifiers(user).await?).map(|name| name.display.clone())
                    }
                    _ => None,
                };
                // Somebody without a username signs in by address.
                let address = (mail == MailKind::ForgottenUsername).then(|| to.display().to_owned());
                let about = username.or(address).or(token.as_ref().map(|token| token.display.clone()));
                let about = about.as_deref();
                let language = self.texts().best(&locale.into_iter().collect::<Vec<_>>());
                let draft =
                    Draft { id: row.id, kind: mail, to, name: &owner.name, about, language: &language, secrets };
                self.send(worker, &row, draft).await
            }
            Job::OrgMail { mail, to, user, org, locale } => {
                let (store, realm) = (self.store(), self.realm());
                let (Some(owner), Some(org)) = (store.user(realm, user).await?, store.org(realm, org).await?) else {
                    return self.finish(worker, &row).await;
                };
                let (name, about) = (owner.name.as_str(), Some(org.name.as_str()));
                let language = self.texts().best(&locale.into_iter().collect::<Vec<_>>());
                let draft =
                    Draft { id: row.id, kind: mail, to: to.into(), name, about, language: &language, secrets: None };
                self.send(worker, &row, draft).await
            }
            Job::MembersChanged { org } => self.tell_of_members(worker, &row, org).await,
        }
    }

    /// Tells the application how many members there are now, until it has understood.
    async fn tell_of_members(&self, worker: WorkerId, row: &OutboxRow, org: OrgId) -> Result<(), Error> {
        let Some(org) = self.store().org(self.realm(), org).await? else { return self.finish(worker, row).await };
        match self.0.parts.hooks.members_changed(&org).await {
            Ok(()) => self.finish(worker, row).await,
            Err(error) => {
                tracing::warn!(id = %row.id, %error, "the application is told of members again later");
                self.retry(worker, row).await
            }
        }
    }

    /// Commits what a job leads to, together with its end.
    async fn conclude(&self, worker: WorkerId, row: &OutboxRow) -> Result<(), Error> {
        let asked_from = match &row.job {
            Job::AddMember { address, .. } => address.as_deref().and_then(|address| address.parse().ok()),
            _ => None,
        };
        let client = asked_from.map_or_else(Client::default, Client::at);
        let mut tries = Tries::default();
        loop {
            let flow = self.flow(&client);
            let changes = match &row.job {
                Job::AddressRequest(request) => sign_up::fulfil(&flow, request).await?,
                Job::NameRequest(request) => match usernames::addressed(&flow, request).await? {
                    Some(request) => sign_up::fulfil(&flow, &request).await?,
                    None => flow.changes()?,
                },
                Job::AddMember { email, roles, authority, .. } => {
                    usermgmt_orgs::add_by_email(&flow, email, authority, roles).await?
                }
                // Others change nothing by themselves.
                Job::Mail { .. } | Job::OrgMail { .. } | Job::MembersChanged { .. } => flow.changes()?,
            };
            match self.commit_raw(changes.with(Write::FinishJob { id: row.id, worker })).await {
                Ok(_) => {
                    metrics::job_ended(row.job.kind(), JobEnd::Done);
                    return Ok(());
                }
                Err(error) if tries.again(&error) => {}
                // Whoever asked for it may not do so any more: it is done without effect.
                Err(error) if error.kind() == StoreErrorKind::Refused(Guard::Authority) => {
                    return self.finish(worker, row).await;
                }
                // Another worker has it: its business now.
                Err(error) if matches!(error.kind(), StoreErrorKind::Refused(_)) => {
                    metrics::job_ended(row.job.kind(), JobEnd::Lost);
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn send(&self, worker: WorkerId, row: &OutboxRow, draft: Draft<'_>) -> Result<(), Error> {
        let kind: MailKind = draft.kind;
        // The jobs before it took so long that another worker has it by now, or takes it next: it would go out twice.
        if row.lease.is_none_or(|(_, until)| until <= self.now()) {
            metrics::job_ended(row.job.kind(), JobEnd::Lost);
            return Ok(());
        }
        let sent = match &draft.to {
            Contact::Email(to) => match self.write_mail(to.clone(), &draft) {
                Ok(mail) => timed(kind, self.0.parts.mailer.send(&mail)).await,
                Err(error) => Err(MailError::Temporary(error.to_string())),
            },
            Contact::Phone(to) => self.text(to.clone(), &draft).await,
        };
        match sent {
            Ok(()) => self.finish(worker, row).await,
            Err(MailError::Temporary(reason)) if row.tries < limits::OUTBOX_TRIES => {
                tracing::warn!(id = %row.id, kind = kind.as_str(), reason, "a message is tried again later");
                self.retry(worker, row).await
            }
            Err(error) => {
                tracing::error!(id = %row.id, kind = kind.as_str(), %error, "a message was given up");
                let client = Client::default();
                let flow = self.flow(&client);
                let detail = json!({ "job": row.id, "mail": kind.as_str(), "tries": row.tries });
                let system = Actor::System { reason: "the message could not be handed over".into() };
                let event = flow.event(AuditKind::MessageGivenUp, system)?;
                let event = AuditEvent { outcome: AuditOutcome::Refused, detail, ..event };
                let event = flow.record(event);
                self.close(row.job.kind(), Write::GiveUpJob { id: row.id, worker }, Some(event)).await
            }
        }
    }

    async fn finish(&self, worker: WorkerId, row: &OutboxRow) -> Result<(), Error> {
        self.close(row.job.kind(), Write::FinishJob { id: row.id, worker }, None).await
    }

    async fn retry(&self, worker: WorkerId, row: &OutboxRow) -> Result<(), Error> {
        let due_at = self.now() + pause(row.tries);
        self.close(row.job.kind(), Write::RetryJob { id: row.id, worker, due_at }, None).await
    }

    async fn close(&self, kind: &'static str, write: Write, beside: Option<Write>) -> Result<(), Error> {
        let end = JobEnd::of(&write);
        let client = Client::default();
        let mut changes = self.flow(&client).changes()?.with(write);
        beside.into_iter().for_each(|write| changes.push(write));
        match self.commit_raw(changes).await {
            // The lease ended meanwhile and another worker has the job.
            Err(error) if matches!(error.kind(), StoreErrorKind::Refused(_)) => metrics::job_ended(kind, JobEnd::Lost),
            other => {
                other?;
                metrics::job_ended(kind, end);
            }
        }
        Ok(())
    }

    /// Starts the background worker. It ends when the last handle is dropped or on [`shutdown`](Self::shutdown).
    pub(crate) fn start_worker(&self) {
        let (weak, wake) = (Arc::downgrade(&self.0), self.0.wake.clone());
        let runtime = self.0.parts.runtime.clone();
        let timer = runtime.clone();
        self.0.working.store(true, Ordering::SeqCst);
        runtime.spawn(Box::pin(async move {
            let mut swept_at = None;
            // A permit that was given meanwhile is kept, so no promise is slept through.
            while let Some(auth) = weak.upgrade().map(Self) {
                if !auth.goes_on() {
                    auth.0.working.store(false, Ordering::SeqCst);
                    auth.0.stopped.notify_waiters();
                    return;
                }
                let rest = auth.round(&mut swept_at).await;
                drop(auth);
                tokio::select! {
                    () = wake.notified() => {}
                    () = timer.wait(rest) => {}
                }
            }
        }));
    }

    /// Whether nobody has asked the background worker to stop.
    fn goes_on(&self) -> bool {
        !self.0.stopping.load(Ordering::SeqCst)
    }

    /// One round of the background worker; answers how long to rest.
    async fn round(&self, swept_at: &mut Option<OffsetDateTime>) -> std::time::Duration {
        let now = self.now();
        if swept_at.is_none_or(|at| now - at >= Duration::HOUR) {
            *swept_at = Some(now);
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "sweeping failed");
            }
            #[cfg(feature = "tokens")]
            if let Some(tokens) = self.tokens()
                && let Err(error) = tokens.tend_keys().await
            {
                tracing::warn!(%error, "the keys of access tokens could not be tended");
            }
        }
        match self.run_while(|| self.goes_on()).await {
            Ok(()) => REST,
            Err(error) => {
                tracing::warn!(%error, "a round of work failed");
                REST_AFTER_FAILURE
            }
        }
    }

    /// Stops the background worker after the job at hand and waits for it: what it has taken and not begun it gives back.
    /// Then leaves the bus, having woken the others once more if something was appended. Requests are still answered;
    /// what they promise is done by another process or after the next start.
    pub async fn shutdown(&self) {
        let stopped = self.0.stopped.notified();
        tokio::pin!(stopped);
        stopped.as_mut().enable();
        self.0.stopping.store(true, Ordering::SeqCst);
        self.0.wake.notify_one();
        if self.0.working.load(Ordering::SeqCst) {
            stopped.await;
        }
        self.0.bus.leave().await;
    }
}
