//! Organisations, by direct call with the application's own authority.

use serde_json::Value;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::{MemberFilter, MemberRecord, MembershipStatus, Org, OrgProfile, RoleKey};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_orgs::{By, OrgChange, RoleInput};

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::manage_users::Metadata;

/// Calls with the application's authority over every organisation; see [`UserMgmt::organizations`].
#[derive(Clone, Debug)]
pub struct Organizations<'a> {
    auth: &'a UserMgmt,
    reason: String,
}

impl UserMgmt {
    /// Organisations, with the authority of the application itself. The reason stands in every audit event that follows.
    #[must_use]
    pub fn organizations(&self, reason: impl Into<String>) -> Organizations<'_> {
        Organizations { auth: self, reason: reason.into() }
    }
}

/// Commits what the application does to one organisation.
macro_rules! by_application {
    ($self:ident, $org:expr, |$flow:ident, $by:ident| $plan:expr) => {{
        let client = Client::default();
        committing!($self.auth, &client, |$flow| {
            let $by = By::Application { org: $org, reason: &$self.reason, roles: $self.auth.roles() };
            $plan
        })
    }};
}

impl Organizations<'_> {
    /// Makes an organisation with this user as its one owner.
    ///
    /// # Errors
    /// An invalid `name`; [`Refused::NotFound`] for an owner who may not use the system; an outage.
    pub async fn create(&self, owner: UserId, name: &str) -> Result<OrgId, Error> {
        let client = Client::default();
        committing!(self.auth, &client, |flow| usermgmt_orgs::create_for(&flow, owner, name, &self.reason).await?)
    }

    /// An organisation.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn get(&self, org: OrgId) -> Result<Org, Error> {
        Ok(self.auth.store().org(self.auth.realm(), org).await?.ok_or(Refused::NotFound)?)
    }

    /// The organisation with this slug.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn by_slug(&self, slug: &str) -> Result<Org, Error> {
        Ok(self.auth.store().org_by_slug(self.auth.realm(), slug).await?.ok_or(Refused::NotFound)?)
    }

    /// All organisations, the deleted ones included, by id.
    ///
    /// # Errors
    /// An outage.
    pub async fn list(&self, page: PageRequest<OrgId>) -> Result<Page<Org, OrgId>, Error> {
        Ok(self.auth.store().orgs(self.auth.realm(), page).await?)
    }

    /// The facts about an organisation, private metadata included.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn profile(&self, org: OrgId) -> Result<OrgProfile, Error> {
        self.get(org).await?;
        Ok(self.auth.store().org_profile(org).await?.unwrap_or_else(|| OrgProfile::empty(org)))
    }

    /// The members of an organisation that the filter lets through, by id.
    ///
    /// # Errors
    /// [`Refused::NotFound`], or an outage.
    pub async fn members(
        &self,
        org: OrgId,
        filter: &MemberFilter,
        page: PageRequest<UserId>,
    ) -> Result<Page<MemberRecord, UserId>, Error> {
        self.get(org).await?;
        Ok(self.auth.store().members(org, filter, page).await?)
    }

    /// Changes name, slug or settings.
    ///
    /// # Errors
    /// Invalid `name`, `slug` (also one that is `taken`) or `settings`; [`Refused::NotFound`]; an outage.
    pub async fn update(&self, org: OrgId, change: OrgChange<'_>) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::update(&flow, by, change).await?, ()))
    }

    /// Writes the metadata of an organisation.
    ///
    /// # Errors
    /// Invalid `public` or `private`; [`Refused::NotFound`]; an outage.
    pub async fn set_metadata(&self, org: OrgId, change: Metadata) -> Result<(), Error> {
        let Metadata { public, private } = change;
        let copies = || (Option::<Value>::clone(&public), Option::<Value>::clone(&private));
        by_application!(self, org, |flow, by| {
            let (public, private) = copies();
            (usermgmt_orgs::set_metadata(&flow, by, public, private).await?, ())
        })
    }

    /// Sets how many active members there may be; `None` for any number. Fewer than there are removes nobody.
    ///
    /// # Errors
    /// An invalid `seats`; [`Refused::NotFound`]; an outage.
    pub async fn set_seats(&self, org: OrgId, seats: Option<u32>) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::set_seats(&flow, by, seats).await?, ()))
    }

    /// Bars an organisation: at the next request nobody is in it any more.
    ///
    /// # Errors
    /// [`Refused::NotFound`], also for a deleted one; an outage.
    pub async fn suspend(&self, org: OrgId) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::set_status(&flow, by, true).await?, ()))
    }

    /// Lets a barred organisation be used again.
    ///
    /// # Errors
    /// As [`suspend`](Self::suspend).
    pub async fn reactivate(&self, org: OrgId) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::set_status(&flow, by, false).await?, ()))
    }

    /// Deletes an organisation; it can be restored for 30 days, but not by its owners, as what they have deleted
    /// themselves.
    ///
    /// # Errors
    /// [`Refused::NotFound`]; an outage.
    pub async fn delete(&self, org: OrgId) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::delete(&flow, by).await?, ()))
    }

    /// Brings a deleted organisation back. One that [`delete`](Self::delete) has deleted comes back suspended;
    /// [`reactivate`](Self::reactivate) lets its members in.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that is not deleted, or was so too long ago; an outage.
    pub async fn restore(&self, org: OrgId) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::restore(&flow, by).await?, ()))
    }

    /// Makes a user a member; the user is told by mail.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::AlreadyMember`], [`Refused::SeatsTaken`], invalid `roles`, or an outage.
    pub async fn add_member(&self, org: OrgId, user: UserId, roles: &[RoleKey]) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::add_member(&flow, by, user, roles).await?, ()))
    }

    /// Gives a member other roles.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::LastOwner`], invalid `roles`, or an outage.
    pub async fn set_roles(&self, org: OrgId, user: UserId, roles: &[RoleKey]) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::set_roles(&flow, by, user, roles).await?, ()))
    }

    /// Suspends a membership, or puts it in force again.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::LastOwner`], [`Refused::SeatsTaken`], or an outage.
    pub async fn set_member_status(&self, org: OrgId, user: UserId, status: MembershipStatus) -> Result<(), Error> {
        by_application!(self, org, |flow, by| {
            (usermgmt_orgs::set_member_status(&flow, by, user, status).await?, ())
        })
    }

    /// Removes a member.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::LastOwner`], or an outage.
    pub async fn remove_member(&self, org: OrgId, user: UserId) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::remove_member(&flow, by, user).await?, ()))
    }

    /// Makes or changes a role of an organisation; answers its key.
    ///
    /// # Errors
    /// Invalid `name` or `rights`; [`Refused::NotFound`]; an outage.
    pub async fn put_role(&self, org: OrgId, input: RoleInput<'_>) -> Result<RoleKey, Error> {
        by_application!(self, org, |flow, by| usermgmt_orgs::put_role(&flow, by, input).await?)
    }

    /// Removes a role of an organisation.
    ///
    /// # Errors
    /// [`Refused::NotFound`]; an outage.
    pub async fn remove_role(&self, org: OrgId, key: &RoleKey) -> Result<(), Error> {
        by_application!(self, org, |flow, by| (usermgmt_orgs::remove_role(&flow, by, key).await?, ()))
    }
}
