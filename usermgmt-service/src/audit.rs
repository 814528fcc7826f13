//! The audit log: sealed, verified, erased, taken out.

use usermgmt_core::audit::{self, Broken, Checkpoint, Fault, Follower};
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{EventId, OrgId};
use usermgmt_core::keys::Purpose;
use usermgmt_core::model::{Actor, AuditEvent, AuditFilter, AuditKind, Seal};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::proof::Permit;
use usermgmt_core::store::{StoreErrorKind, Write};
use usermgmt_orgs::ReadAudit;

use crate::UserMgmt;
use crate::client::Client;

/// Events that are sealed in one commit.
const SEALED_AT_ONCE: u32 = 500;
/// Rounds of sealing before a verification; under so much load the rest is younger than the verification.
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

    /// Seals what is not sealed yet, up to 500 events; answers how many were taken up. The background worker does this.
    ///
    /// Several sealers do not disturb each other: whoever comes second leaves it to the first.
    ///
    /// # Errors
    /// An outage.
    pub async fn seal(&self) -> Result<usize, Error> {
        let open = self.store().unsealed_events(self.realm(), SEALED_AT_ONCE).await?;
        let client = Client::default();
        let mut sealed = 0;
        for chain in open.chunk_by(|one, other| one.org == other.org) {
            let Some(org) = chain.first().map(|event| event.org) else { continue };
            let head = self.store().chain_head(self.realm(), org).await?;
            let seals = audit::seal(self.keys(), head.as_ref(), chain);
            if seals.is_empty() {
                continue;
            }
            let (from, count) = (head.map_or(0, |seal| seal.number), seals.len());
            let write = Write::SealEvents { realm: self.realm(), org, from, seals };
            match self.commit_raw(self.flow(&client).changes()?.with(write)).await {
                Ok(_) => sealed += count,
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                // The place is taken by what no sealer has put there. Others go on; a verification names it.
                Err(error) if matches!(error.kind(), StoreErrorKind::Duplicate(_)) => {
                    tracing::error!(?org, %error, "somebody has touched the audit log: it cannot be sealed");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(sealed)
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
        let (store, realm) = (self.auth.store(), self.auth.realm());
        for _ in 0..SEALED_FIRST {
            if self.auth.seal().await? == 0 {
                break;
            }
        }
        let mut follower = Follower::new(self.auth.keys(), checkpoint);
        // Read first: what is sealed while we follow lies behind it.
        let head = store.chain_head(realm, self.org).await?;
        let end = head.as_ref().map_or(0, |seal: &Seal| seal.number);
        loop {
            let place = follower.end().number;
            for event in store.sealed_events(realm, self.org, place, FOLLOWED_AT_ONCE).await? {
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
                    return Ok(Verified::Broken(broken));
                }
            }
            if follower.end().number == place {
                break;
            }
        }
        Ok(match follower.finish(head.as_ref()) {
            Ok(checkpoint) => Verified::Whole { checkpoint },
            Err(broken) => Verified::Broken(broken),
        })
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

fn misplaced(number: u64, event: &AuditEvent) -> Verified {
    Verified::Broken(Broken { fault: Fault::Misplaced, number: Some(number), event: Some(event.id) })
}
