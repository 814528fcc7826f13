//! The audit log: sealed, verified, erased, taken out.

use usermgmt_core::audit::{self, Broken, Checkpoint, Fault, Follower};
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{EventId, OrgId};
use usermgmt_core::keys::Purpose;
use usermgmt_core::limits::PAGE_MAX;
use usermgmt_core::model::{Actor, AuditEvent, AuditFilter, AuditKind, Seal};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::proof::Permit;
use usermgmt_core::store::{StoreError, StoreErrorKind, Write};
use usermgmt_orgs::ReadAudit;

use crate::UserMgmt;
use crate::client::Client;
use crate::limits::Meter;

/// Events that are sealed in one commit.
const SEALED_AT_ONCE: u32 = 500;
/// Rounds of sealing a chain before it is verified; under so much load the rest is younger than the verification.
const SEALED_FIRST: u32 = 100;
/// Events that are verified at once.
const FOLLOWED_AT_ONCE: u32 = 500;

/// What following a chain to its end has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Verified {
    /// Every event is as it was written, in its place.
    Whole {
        /// The end of the chain. Keep it elsewhere and give it to the next verification.
        checkpoint: Checkpoint,
    },
    /// Somebody has touched it.
    Broken(Broken),
}

/// Calls that concern one chain of audit events; see [`UserMgmt::audit_log`] and [`UserMgmt::audit_log_of`].
#[derive(Clone, Copy, Debug)]
pub struct AuditLog<'a> {
    auth: &'a UserMgmt,
    org: Option<OrgId>,
}

impl UserMgmt {
    /// The audit log of an organisation, or with `None` of what belongs to no organisation, with the authority of the
    /// application itself.
    #[must_use]
    pub const fn audit_log(&self, org: Option<OrgId>) -> AuditLog<'_> {
        AuditLog { auth: self, org }
    }

    /// The audit log of the permit's organisation.
    #[must_use]
    pub fn audit_log_of(&self, permit: &Permit<ReadAudit>) -> AuditLog<'_> {
        AuditLog { auth: self, org: Some(permit.scope().org()) }
    }

    /// Follows the log of the permit's organisation as [`AuditLog::verify`] does. It reads every event, so an
    /// organisation's members may do so 30 times an hour together.
    ///
    /// # Errors
    /// Too many attempts, or an outage.
    pub async fn verify_audit(
        &self,
        client: &Client,
        permit: &Permit<ReadAudit>,
        checkpoint: Option<Checkpoint>,
    ) -> Result<Verified, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.audit_checks(permit.scope().org())], self.now()).await?;
        self.audit_log_of(permit).verify(checkpoint).await
    }

    /// Writes down that the permit's holder takes the organisation's log out.
    ///
    /// # Errors
    /// [`Refused::AuthorityChanged`], or an outage.
    pub async fn audit_exported(&self, client: &Client, permit: &Permit<ReadAudit>) -> Result<(), Error> {
        let (flow, scope) = (self.flow(client), permit.scope());
        let (user, session) = (scope.principal().user(), scope.principal().session());
        let actor = Actor::User { user, session: Some(session) };
        let event = flow.audit_in(scope.org(), AuditKind::AuditExported, actor, serde_json::json!({}))?;
        let changes = scope.changes(flow.changes()?.id(), flow.now).with(event);
        self.commit_raw(changes).await?;
        Ok(())
    }

    /// Seals what is not sealed yet, up to 500 events of each chain; answers how many. The background worker does this.
    ///
    /// Several sealers do not disturb each other: whoever comes second leaves it to the first. A chain that somebody has
    /// touched may be impossible to seal; it keeps no other waiting, and a verification names what is wrong.
    ///
    /// # Errors
    /// An outage.
    pub async fn seal(&self) -> Result<usize, Error> {
        let mut sealed = self.seal_chain(None).await?.count();
        let mut page = PageRequest::first(PAGE_MAX);
        loop {
            let found = self.store().unsealed_orgs(self.realm(), page).await?;
            for org in found.items {
                sealed += self.seal_chain(Some(org)).await?.count();
            }
            let Some(next) = found.next else { return Ok(sealed) };
            page = PageRequest::first(PAGE_MAX).after(next);
        }
    }

    async fn seal_chain(&self, org: Option<OrgId>) -> Result<Sealing, Error> {
        let touched = |error: StoreError| {
            tracing::error!(?org, %error, "somebody has touched the audit log: it cannot be sealed");
            Ok(Sealing::Touched)
        };
        let store = self.store();
        let open = match store.unsealed_events(self.realm(), org, SEALED_AT_ONCE).await {
            Ok(open) if open.is_empty() => return Ok(Sealing::Done(0)),
            Ok(open) => open,
            Err(error) if error.kind() == StoreErrorKind::Corrupt => return touched(error),
            Err(error) => return Err(error.into()),
        };
        let head = match store.chain_head(self.realm(), org).await {
            Err(error) if error.kind() == StoreErrorKind::Corrupt => return touched(error),
            head => head?,
        };
        let seals = audit::seal(self.keys(), head.as_ref(), &open);
        let (from, count) = (head.map_or(0, |seal| seal.number), seals.len());
        let write = Write::SealEvents { realm: self.realm(), org, from, seals };
        match self.commit_raw(self.flow(&Client::default()).changes()?.with(write)).await {
            Ok(_) => Ok(Sealing::Done(count)),
            Err(error) if error.kind() == StoreErrorKind::Conflict => Ok(Sealing::Done(0)),
            // The place is taken by what no sealer has put there.
            Err(error) if matches!(error.kind(), StoreErrorKind::Duplicate(_)) => touched(error),
            Err(error) => Err(error.into()),
        }
    }
}

/// What has become of sealing one chain.
enum Sealing {
    Done(usize),
    /// Somebody has touched the chain: what is to be sealed cannot be read, or its place is taken.
    Touched,
}

impl Sealing {
    const fn count(&self) -> usize {
        match self {
            Self::Done(count) => *count,
            Self::Touched => 0,
        }
    }
}

impl AuditLog<'_> {
    /// The events that the filter lets through, newest first.
    ///
    /// # Errors
    /// An outage.
    pub async fn events(
        &self,
        filter: &AuditFilter,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>, Error> {
        Ok(self.auth.store().events(self.auth.realm(), self.org, filter, page).await?)
    }

    /// Follows the chain from its beginning to its end and names the first thing that is wrong. Reads every event;
    /// holds 500 of them at once.
    ///
    /// Events that are not sealed yet, a few seconds old, are sealed first.
    ///
    /// # Errors
    /// An outage.
    pub async fn verify(&self, checkpoint: Option<Checkpoint>) -> Result<Verified, Error> {
        let touched = self.seal_first().await?;
        let mut follower = Follower::new(self.auth.keys(), checkpoint);
        let verdict = match self.follow(&mut follower).await? {
            // What is not sealed yet is no part of the chain: that somebody has touched it is found last.
            Ok(_) if touched => Err(Broken { fault: Fault::Altered, number: None, event: None }),
            verdict => verdict,
        };
        Ok(verdict.map_or_else(Verified::Broken, |checkpoint| Verified::Whole { checkpoint }))
    }

    /// Seals what is there; answers whether something is in the way of it.
    async fn seal_first(&self) -> Result<bool, Error> {
        for _ in 0..SEALED_FIRST {
            match self.auth.seal_chain(self.org).await? {
                Sealing::Done(0) => return Ok(false),
                Sealing::Done(_) => {}
                Sealing::Touched => return Ok(true),
            }
        }
        Ok(false)
    }

    async fn follow(&self, follower: &mut Follower<'_>) -> Result<Result<Checkpoint, Broken>, Error> {
        let (store, realm) = (self.auth.store(), self.auth.realm());
        // Read first: what is sealed while we follow lies behind it.
        let head = match store.chain_head(realm, self.org).await {
            Err(error) if error.kind() == StoreErrorKind::Corrupt => {
                return Ok(Err(Broken { fault: Fault::Altered, number: None, event: None }));
            }
            head => head?,
        };
        let end = head.as_ref().map_or(0, |seal: &Seal| seal.number);
        loop {
            let place = follower.end().number;
            let Some(events) = self.sealed_behind(place).await? else {
                return Ok(Err(Broken { fault: Fault::Altered, number: Some(place + 1), event: None }));
            };
            for event in events {
                let number = event.seal.as_ref().map_or(0, |seal| seal.number);
                if number > end {
                    // Sealed meanwhile, and so is the end that is recorded; or nobody has recorded it.
                    let recorded = store.chain_head(realm, self.org).await?.map_or(0, |seal| seal.number);
                    if number > recorded {
                        return Ok(misplaced(end + 1, &event));
                    }
                    break;
                }
                // Another chain would be whole too.
                if (event.realm, event.org) != (realm, self.org) {
                    return Ok(misplaced(follower.end().number + 1, &event));
                }
                if let Err(broken) = follower.next(&event) {
                    return Ok(Err(broken));
                }
            }
            if follower.end().number == place {
                return Ok(follower.finish(head.as_ref()));
            }
        }
    }

    /// The next events of the chain as far as they can be read; nothing if already the first one cannot.
    async fn sealed_behind(&self, place: u64) -> Result<Option<Vec<AuditEvent>>, Error> {
        for limit in [FOLLOWED_AT_ONCE, 1] {
            match self.auth.store().sealed_events(self.auth.realm(), self.org, place, limit).await {
                Err(error) if error.kind() == StoreErrorKind::Corrupt => {}
                events => return Ok(Some(events?)),
            }
        }
        Ok(None)
    }

    /// Erases address, reason and detail of an event, as privacy may demand. The chain stays whole.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for an event that is not there, or was altered: that must be looked into first.
    pub async fn erase(&self, id: EventId) -> Result<(), Error> {
        let (store, realm) = (self.auth.store(), self.auth.realm());
        let found = store.event(realm, self.org, id).await?.filter(|event| event.erased.is_none());
        let event = found.ok_or(Refused::NotFound)?;
        audit::check_tag(self.auth.keys(), &event).map_err(|_| Refused::NotFound)?;
        let key = self.auth.keys().derive_with(&event.tag.key_id, Purpose::Audit).ok_or(Refused::NotFound)?;
        let commitment = audit::commitment(&key, &event);
        let client = Client::default();
        let write = Write::EraseEvent { realm, org: self.org, id, commitment };
        self.auth.commit_raw(self.auth.flow(&client).changes()?.with(write)).await?;
        Ok(())
    }
}

const fn misplaced(number: u64, event: &AuditEvent) -> Result<Checkpoint, Broken> {
    Err(Broken { fault: Fault::Misplaced, number: Some(number), event: Some(event.id) })
}
