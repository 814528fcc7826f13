//! What mutants do to sessions, jobs, changes, limits and upkeep.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::{OutboxId, RealmId, SessionId, UserId, WorkerId};
use usermgmt_core::model::{Changes, OutboxRow, PrincipalRecord, Session, SigningKey, Subject};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{
    ChangeStore, Charge, MaintenanceStore, OutboxStore, Result, SessionStore, SigningKeyStore, SweepBefore,
    ThrottleKey, ThrottleStore, Throttled, UserStore,
};

use super::{Bug, Mutant, first};

impl Mutant {
    async fn principal_with_bug(&self, realm: RealmId, digest: Digest) -> Result<Option<PrincipalRecord>> {
        let Some(mut record) = self.inner.principal(realm, digest).await? else { return Ok(None) };
        if self.has(Bug::TakesAnyAddress) {
            let identifiers = self.inner.identifiers(record.user.id).await?;
            record.email = identifiers.into_iter().next().map(|row| row.display);
        }
        if self.memory().revived.contains(&record.session.id) {
            record.session.ended_at = None;
        }
        if let Some(seen_at) = self.memory().seen.get(&record.session.id) {
            record.session.seen_at = *seen_at;
        }
        Ok(Some(record).filter(|record| !(self.has(Bug::HidesEndedSessions) && record.session.ended_at.is_some())))
    }
}

#[async_trait]
impl SigningKeyStore for Mutant {
    async fn signing_keys(&self, realm: RealmId) -> Result<Vec<SigningKey>> {
        let mut found = Vec::new();
        for realm in self.realms(realm) {
            found.extend(self.inner.signing_keys(realm).await?);
        }
        if self.has(Bug::NewestKeysFirst) {
            found.reverse();
        }
        Ok(found)
    }
}

#[async_trait]
impl SessionStore for Mutant {
    async fn principal(&self, realm: RealmId, digest: Digest) -> Result<Option<PrincipalRecord>> {
        first!(self, realm, |realm| self.principal_with_bug(realm, digest).await)
    }

    async fn principal_of(&self, realm: RealmId, user: UserId, session: SessionId) -> Result<Option<PrincipalRecord>> {
        let user = self.owner(Bug::FindsAnybodysRow, session).unwrap_or(user);
        for realm in self.realms(realm) {
            let Some(record) = self.inner.principal_of(realm, user, session).await? else { continue };
            if self.has(Bug::ForgetsTheRestById) {
                return Ok(Some(PrincipalRecord { email: None, org: None, ..record }));
            }
            return self.principal_with_bug(realm, record.session.digest).await;
        }
        Ok(None)
    }

    async fn sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>> {
        let now = if self.has(Bug::ListsExpiredSessions) { OffsetDateTime::UNIX_EPOCH } else { now };
        self.inner.sessions(user, now, page).await
    }

    async fn touch(&self, user: UserId, id: SessionId, seen_at: OffsetDateTime) -> Result<()> {
        if self.has(Bug::TouchRevives) {
            self.memory().revived.insert(id);
        }
        if self.has(Bug::TouchMovesBack) {
            self.memory().seen.insert(id, seen_at);
        }
        let user = self.owner(Bug::TouchesAnybodysSession, id).unwrap_or(user);
        self.inner.touch(user, id, seen_at).await
    }
}

#[async_trait]
impl OutboxStore for Mutant {
    async fn lease(
        &self,
        realm: RealmId,
        worker: WorkerId,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<OutboxRow>> {
        match self.bug {
            Bug::LeasesTwice => {
                self.inner.lease(realm, worker, now, until, limit).await?;
                let mut all = self.inner.pending_jobs(realm, PageRequest::first(limit)).await?.items;
                all.iter_mut().for_each(|row| row.lease = Some((worker, until)));
                Ok(all)
            }
            Bug::LeasesBeforeDue => self.inner.lease(realm, worker, now + Duration::MILLISECOND, until, limit).await,
            Bug::LeasesOtherRealms => {
                let mut leased = self.inner.lease(realm, worker, now, until, limit).await?;
                for other in Self::both_realms().into_iter().filter(|other| *other != realm) {
                    leased.extend(self.inner.lease(other, worker, now, until, limit).await?);
                }
                Ok(leased)
            }
            _ => self.inner.lease(realm, worker, now, until, limit).await,
        }
    }

    async fn pending_jobs(&self, realm: RealmId, page: PageRequest<OutboxId>) -> Result<Page<OutboxRow, OutboxId>> {
        self.inner.pending_jobs(realm, page).await
    }
}

#[async_trait]
impl ChangeStore for Mutant {
    async fn changes(&self, after: u64, limit: u32) -> Result<Changes> {
        let swept = self.memory().swept_up_to;
        let mut changes = self.inner.changes(after + swept, limit).await?;
        changes.items.iter_mut().for_each(|change| change.number -= swept);
        changes.settled -= swept;
        if self.has(Bug::ForgetsChanges) {
            changes.items.retain(|change| !matches!(change.subject, Subject::Member(..)));
        }
        if self.has(Bug::PassesOverLateNumbers) {
            // Every fourth number becomes visible only after a later one has been read.
            let mut memory = self.memory();
            let late = |number: u64| number % 4 == 2;
            let last = changes.items.last().map_or(0, |change| change.number);
            changes
                .items
                .retain(|change| !late(change.number) || change.number == last || !memory.hidden.insert(change.number));
        }
        Ok(changes)
    }

    async fn change_place(&self) -> Result<u64> {
        let place = self.inner.change_place().await?;
        Ok(if self.has(Bug::SaysAPlaceTooFar) { place + 1 } else { place })
    }
}

#[async_trait]
impl ThrottleStore for Mutant {
    async fn charge(&self, charges: &[Charge], now: OffsetDateTime) -> Result<Option<Throttled>> {
        match self.bug {
            Bug::ComparesBeforeCounting => {
                let used = |key: &ThrottleKey| self.memory().used.get(key).copied().unwrap_or(0);
                let over = charges.iter().find(|charge| used(&charge.key) >= charge.limit);
                if let Some(over) = over {
                    return Ok(Some(Throttled { key: over.key, until: now + over.window }));
                }
                tokio::task::yield_now().await;
                for charge in charges {
                    *self.memory().used.entry(charge.key).or_default() += 1;
                }
                Ok(None)
            }
            Bug::CountsRefusedUses => {
                let mut refused = None;
                for charge in charges {
                    refused = refused.or(self.inner.charge(std::slice::from_ref(charge), now).await?);
                }
                Ok(refused)
            }
            _ => self.inner.charge(charges, now).await,
        }
    }

    async fn refund(&self, keys: &[ThrottleKey], now: OffsetDateTime) -> Result<()> {
        if self.has(Bug::RefundsTwice) {
            self.inner.refund(keys, now).await?;
        }
        self.inner.refund(keys, now).await
    }
}

#[async_trait]
impl MaintenanceStore for Mutant {
    async fn sweep(&self, before: SweepBefore, limit: u32) -> Result<u64> {
        let (before, limit) = match self.bug {
            Bug::SweepsLiveRows => (SweepBefore { spent: before.spent + Duration::MICROSECOND, ..before }, limit),
            Bug::SweepsWithoutLimit => (before, u32::MAX),
            _ => (before, limit),
        };
        let last = self.inner.change_place().await?;
        let keys = self.known_keys().await?;
        let gone = self.inner.sweep(before, limit).await?;
        let gone = self.swept_keys(keys, gone).await?;
        if self.has(Bug::UsesNumbersAgain) && self.inner.changes(0, 1).await?.items.is_empty() {
            self.memory().swept_up_to = last;
        }
        Ok(gone)
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }
}
