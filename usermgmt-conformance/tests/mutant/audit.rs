//! What mutants do to the audit log.

use std::collections::BTreeSet;

use async_trait::async_trait;
use time::Duration;
use usermgmt_core::id::{EventId, OrgId, RealmId};
use usermgmt_core::model::{Actor, AuditEvent, AuditFilter, Seal};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{AuditStore, Result, Write};

use super::{Bug, Mutant, first};

/// More than any rule puts.
const ALL: u32 = 10_000;

impl Mutant {
    /// What becomes of sealing; nothing if a bug finds nothing to seal.
    pub(super) async fn twisted_seals(&self, write: Write) -> Result<Option<Write>> {
        let Write::SealEvents { realm, org, mut from, mut seals } = write else { return Ok(Some(write)) };
        match self.bug {
            Bug::SealsFromAnyEnd => from = self.inner.chain_head(realm, org).await?.map_or(0, |seal| seal.number),
            Bug::SealsAgain => {
                let sealed = self.inner.sealed_events(realm, org, 0, ALL).await?;
                seals.retain(|(id, _)| sealed.iter().all(|event| event.id != *id));
            }
            Bug::SealsForeignEvents => {
                let mine = self.inner.unsealed_events(realm, org, ALL).await?;
                let mine = |id: &EventId| mine.iter().any(|event| event.id == *id);
                seals.retain(|(id, _)| mine(id));
            }
            _ => {}
        }
        Ok(Some(Write::SealEvents { realm, org, from, seals }))
    }

    /// What becomes of erasing; nothing if a bug takes it for done.
    pub(super) fn twisted_erasure(&self, write: Write) -> Option<Write> {
        let Write::EraseEvent { realm, org, id, commitment } = write else { return Some(write) };
        let mut memory = self.memory();
        let place = memory.events.get(&id).filter(|_| self.has(Bug::ErasesForeignEvents));
        let (realm, org) = place.map_or((realm, org), |event| (event.realm, event.org));
        let again = !memory.erased.insert(id) && self.has(Bug::ErasesAgain);
        (!again).then_some(Write::EraseEvent { realm, org, id, commitment })
    }

    /// An event as a read shows it.
    fn shown_event(&self, mut event: AuditEvent) -> AuditEvent {
        let memory = self.memory();
        let Some(whole) = memory.events.get(&event.id).filter(|_| event.erased.is_some()) else { return event };
        match self.bug {
            Bug::ErasingKeepsAddress => event.address.clone_from(&whole.address),
            Bug::ErasingKeepsSalt => event.salt = whole.salt,
            Bug::ErasingTakesTheSeal => event.seal = None,
            _ => {}
        }
        event
    }
}

/// Whether an event passes a filter that a bug has forgotten in part.
fn is_by_actor(event: &AuditEvent, filter: &AuditFilter) -> bool {
    filter.user.is_none_or(|user| matches!(event.actor, Actor::User { user: actor, .. } if actor == user))
}

#[async_trait]
impl AuditStore for Mutant {
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        filter: &AuditFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>> {
        let asked = filter.clone();
        let filter = match self.bug {
            Bug::EventsForgetKind => AuditFilter { kind: None, ..asked },
            Bug::EventsForgetUser => AuditFilter { user: None, ..asked },
            Bug::EventsForgetTime => AuditFilter { since: None, until: None, ..asked },
            Bug::EventsUntilIncluded => {
                AuditFilter { until: filter.until.map(|until| until + Duration::MICROSECOND), ..asked }
            }
            _ => asked,
        };
        let mut found = self.inner.events(realm, org, &filter, page).await?;
        if self.has(Bug::ForgetsOrgOfEvents) {
            let others: Vec<_> = self.memory().orgs.iter().copied().filter(|other| Some(*other) != org).collect();
            for other in others {
                found.items.extend(self.inner.events(realm, Some(other), &filter, page).await?.items);
            }
            found.items.sort_by_key(|row| std::cmp::Reverse(row.id));
        }
        match self.bug {
            Bug::EventsForgetSubject => found.items.retain(|event| is_by_actor(event, &filter)),
            Bug::ListsOldestEventsFirst => found.items.reverse(),
            _ => {}
        }
        found.items = found.items.into_iter().map(|event| self.shown_event(event)).collect();
        Ok(self.page(found, |row| row.id))
    }

    async fn event(&self, realm: RealmId, org: Option<OrgId>, id: EventId) -> Result<Option<AuditEvent>> {
        if self.has(Bug::FindsEventsOfAnyOrg) {
            let place = self.memory().events.get(&id).map(|event| (event.realm, event.org));
            let (realm, org) = place.unwrap_or((realm, org));
            return self.inner.event(realm, org, id).await;
        }
        let found: Result<Option<AuditEvent>> = first!(self, realm, |realm| self.inner.event(realm, org, id).await);
        Ok(found?.map(|event| self.shown_event(event)))
    }

    async fn unsealed_orgs(&self, realm: RealmId, page: PageRequest<OrgId>) -> Result<Page<OrgId, OrgId>> {
        let mut found = self.inner.unsealed_orgs(realm, page).await?;
        if self.has(Bug::ListsSealedOrgs) {
            found.items = self
                .memory()
                .events
                .values()
                .filter_map(|event| event.org)
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect();
        }
        Ok(self.page(found, |org| *org))
    }

    async fn unsealed_events(&self, realm: RealmId, org: Option<OrgId>, limit: u32) -> Result<Vec<AuditEvent>> {
        let mut found = Vec::new();
        for realm in self.realms(realm) {
            found.extend(self.inner.unsealed_events(realm, org, ALL).await?);
        }
        match self.bug {
            Bug::UnsealedBackwards => found.reverse(),
            Bug::UnsealedOfAnyChain => {
                let others: BTreeSet<_> = self.memory().events.values().map(|event| event.org).collect();
                for other in others.into_iter().filter(|other| *other != org) {
                    found.extend(self.inner.unsealed_events(realm, other, ALL).await?);
                }
            }
            Bug::UnsealedKeepsSealed => found.extend(self.inner.sealed_events(realm, org, 0, ALL).await?),
            _ => {}
        }
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn sealed_events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>> {
        let after = if self.has(Bug::SealedFromItsOwnNumber) { after.saturating_sub(1) } else { after };
        let mut found = Vec::new();
        for realm in self.realms(realm) {
            found.extend(self.inner.sealed_events(realm, org, after, limit).await?);
        }
        Ok(found.into_iter().map(|event| self.shown_event(event)).collect())
    }

    async fn chain_head(&self, realm: RealmId, org: Option<OrgId>) -> Result<Option<Seal>> {
        if self.has(Bug::EndStaysBehind) {
            let first = self.inner.sealed_events(realm, org, 0, 1).await?;
            return Ok(first.into_iter().find_map(|event| event.seal));
        }
        first!(self, realm, |realm| self.inner.chain_head(realm, org).await)
    }
}
