//! Organisations.

use std::sync::Arc;

use usermgmt_core::error::Error;
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{Membership, MembershipStatus, Org, OrgStatus};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::planned::Planned;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::proof::{Permit, Principal};
use usermgmt_core::secret::Bearer;
use usermgmt_orgs::ManagePolicy;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;

/// Calls that concern organisations; see [`UserMgmt::orgs`].
#[derive(Clone, Copy, Debug)]
pub struct Orgs<'a>(&'a UserMgmt);

impl UserMgmt {
    /// Organisations.
    #[must_use]
    pub const fn orgs(&self) -> Orgs<'_> {
        Orgs(self)
    }
}

impl Orgs<'_> {
    /// Works out a new organisation with the principal as its one owner. Commit it, or on a SQL store apply it inside
    /// a transaction of the application, so that the application's own rows become true with it or not at all.
    ///
    /// # Errors
    /// An invalid `name`, or an outage.
    pub async fn plan_create(
        &self,
        client: &Client,
        principal: &Principal,
        name: &str,
    ) -> Result<Planned<OrgId>, Error> {
        let (changes, id) = usermgmt_orgs::create(&self.0.flow(client), principal, name).await?;
        Ok(self.0.planned(changes, id))
    }

    /// Makes an organisation with the principal as its one owner.
    ///
    /// # Errors
    /// An invalid `name`, [`AuthorityChanged`](usermgmt_core::Refused::AuthorityChanged), or an outage.
    pub async fn create(&self, client: &Client, principal: &Principal, name: &str) -> Result<OrgId, Error> {
        committing!(self.0, client, |flow| usermgmt_orgs::create(&flow, principal, name).await?)
    }

    /// The organisations that the principal may enter, with their membership in each.
    ///
    /// # Errors
    /// An outage.
    pub async fn of(
        &self,
        principal: &Principal,
        page: PageRequest<OrgId>,
    ) -> Result<Page<(Org, Membership), OrgId>, Error> {
        let mut found = self.0.store().memberships_of(principal.user(), page).await?;
        found.items.retain(|(org, membership)| {
            org.realm == self.0.realm()
                && org.status == OrgStatus::Active
                && membership.status == MembershipStatus::Active
        });
        Ok(found)
    }

    /// Makes the session act in another organisation of the principal. It goes on under a new secret, which is the
    /// answer.
    ///
    /// # Errors
    /// [`NotFound`](usermgmt_core::Refused::NotFound) for one that is not the principal's,
    /// [`PolicyUnmet`](usermgmt_core::Refused::PolicyUnmet), or an outage.
    pub async fn enter(&self, client: &Client, principal: &Arc<Principal>, org: OrgId) -> Result<Bearer, Error> {
        let policy = &self.0.settings().policy;
        committing!(self.0, client, |flow| usermgmt_orgs::enter(&flow, principal, org, policy).await?)
    }

    /// Sets what the permit's organisation demands of sessions that enter it.
    ///
    /// # Errors
    /// [`PolicyUnmet`](usermgmt_core::Refused::PolicyUnmet) if the caller does not comply themselves,
    /// [`AuthorityChanged`](usermgmt_core::Refused::AuthorityChanged), or an outage.
    pub async fn set_policy(
        &self,
        client: &Client,
        permit: &Permit<ManagePolicy>,
        policy: &AuthPolicy,
    ) -> Result<(), Error> {
        committing!(self.0, client, |flow| (usermgmt_orgs::set_policy(&flow, permit, policy.clone()).await?, ()))
    }
}
