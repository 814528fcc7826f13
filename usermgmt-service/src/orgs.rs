//! Organisations, by somebody signed in.

use std::sync::Arc;

use usermgmt_core::address::EmailAddress;
use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::{Job, Membership, MembershipStatus, Org, OrgStatus, RoleKey};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::permission::Permission;
use usermgmt_core::planned::Planned;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::proof::{Permit, Principal, StepUp};
use usermgmt_core::secret::Bearer;
use usermgmt_orgs::{
    AddMembers, By, Explanation, ManageMembers, ManageOrganization, ManagePolicy, ManageRoles, OrgChange,
    OwnOrganization, ReadMembers, RoleInput,
};

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;

/// Calls that concern organisations; see [`UserMgmt::orgs`].
#[derive(Clone, Copy, Debug)]
pub struct Orgs<'a>(&'a UserMgmt);

impl UserMgmt {
    /// Organisations, with the authority of somebody signed in.
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
        self,
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
    /// An invalid `name`, [`Refused::AuthorityChanged`], or an outage.
    pub async fn create(self, client: &Client, principal: &Principal, name: &str) -> Result<OrgId, Error> {
        committing!(self.0, client, |flow| usermgmt_orgs::create(&flow, principal, name).await?)
    }

    /// The organisations that the principal may enter, with their membership in each.
    ///
    /// # Errors
    /// An outage.
    pub async fn of(
        self,
        principal: &Principal,
        page: PageRequest<OrgId>,
    ) -> Result<Page<(Org, Membership), OrgId>, Error> {
        let mut found = self.all_of(principal, page).await?;
        found.items.retain(|(org, membership)| {
            org.status == OrgStatus::Active && membership.status == MembershipStatus::Active
        });
        Ok(found)
    }

    /// The deleted organisations that the principal owns and can still restore.
    ///
    /// # Errors
    /// An outage.
    pub async fn restorable(self, principal: &Principal, page: PageRequest<OrgId>) -> Result<Page<Org, OrgId>, Error> {
        let now = self.0.now();
        let found = self.all_of(principal, page).await?;
        let restorable = found.items.into_iter().filter(|(org, membership)| {
            usermgmt_orgs::is_restorable_by_owner(org, now) && usermgmt_orgs::is_owner(membership)
        });
        Ok(Page { items: restorable.map(|(org, _)| org).collect(), next: found.next })
    }

    async fn all_of(
        self,
        principal: &Principal,
        page: PageRequest<OrgId>,
    ) -> Result<Page<(Org, Membership), OrgId>, Error> {
        let mut found = self.0.store().memberships_of(principal.user(), page).await?;
        found.items.retain(|(org, _)| org.realm == self.0.realm());
        Ok(found)
    }

    /// Makes the session act in another organisation of the principal. It goes on under a new secret, which is the
    /// answer.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that is not the principal's, [`Refused::PolicyUnmet`], or an outage.
    pub async fn enter(self, client: &Client, principal: &Arc<Principal>, org: OrgId) -> Result<Bearer, Error> {
        let policy = &self.0.settings().policy;
        committing!(self.0, client, |flow| usermgmt_orgs::enter(&flow, principal, org, policy).await?)
    }

    /// Sets what the permit's organisation demands of sessions that enter it. Passwords are switched off by `methods` that
    /// do not list them, once every active member has a passkey or another factor that counts.
    ///
    /// # Errors
    /// [`Refused::PolicyUnmet`] if the caller does not comply themselves, [`Refused::MembersStranded`] if a member could
    /// not, [`Refused::AuthorityChanged`], or an outage.
    pub async fn set_policy(
        self,
        client: &Client,
        permit: &Permit<ManagePolicy>,
        policy: &AuthPolicy,
    ) -> Result<(), Error> {
        let open = self.0.settings().open_to_everybody();
        committing!(self.0, client, |flow| (usermgmt_orgs::set_policy(&flow, permit, policy.clone(), &open).await?, ()))
    }

    /// Changes name, slug or settings.
    ///
    /// # Errors
    /// Invalid `name`, `slug` (also one that is `taken`) or `settings`; [`Refused::AuthorityChanged`]; an outage.
    pub async fn update(
        self,
        client: &Client,
        permit: &Permit<ManageOrganization>,
        change: OrgChange<'_>,
    ) -> Result<(), Error> {
        committing!(self.0, client, |flow| (usermgmt_orgs::update(&flow, By::from(permit), change).await?, ()))
    }

    /// Deletes the organisation: at the next request nobody is in it any more. An owner can restore it for 30 days.
    ///
    /// # Errors
    /// [`Refused::StepUpRequired`] for a proof of another session, [`Refused::AuthorityChanged`], or an outage.
    pub async fn delete(self, client: &Client, permit: &Permit<OwnOrganization>, fresh: &StepUp) -> Result<(), Error> {
        same_session(permit, fresh)?;
        committing!(self.0, client, |flow| (usermgmt_orgs::delete(&flow, By::from(permit)).await?, ()))
    }

    /// Brings a deleted organisation back, as one of its owners.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for one that is not the caller's, not deleted, or deleted too long ago; an outage.
    pub async fn restore(self, client: &Client, fresh: &StepUp, org: OrgId) -> Result<(), Error> {
        let principal = fresh.principal();
        committing!(self.0, client, |flow| (usermgmt_orgs::restore_own(&flow, principal, org).await?, ()))
    }

    /// Leaves an organisation; it need not be the one that the session acts in.
    ///
    /// # Errors
    /// [`Refused::NotFound`]; [`Refused::LastOwner`]; an outage.
    pub async fn leave(self, client: &Client, principal: &Principal, org: OrgId) -> Result<(), Error> {
        committing!(self.0, client, |flow| (usermgmt_orgs::leave(&flow, principal, org).await?, ()))
    }

    /// Lets another member answer for the organisation; the caller becomes an admin of it.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for somebody who is no active member; [`Refused::StepUpRequired`] for a proof of another
    /// session; [`Refused::AuthorityChanged`]; an outage.
    pub async fn transfer(
        self,
        client: &Client,
        permit: &Permit<OwnOrganization>,
        fresh: &StepUp,
        heir: UserId,
    ) -> Result<(), Error> {
        same_session(permit, fresh)?;
        committing!(self.0, client, |flow| (usermgmt_orgs::transfer(&flow, By::from(permit), heir).await?, ()))
    }

    /// Makes a user a member; the user is told by mail.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::AlreadyMember`], [`Refused::SeatsTaken`], [`Refused::RightsExceeded`], invalid
    /// `roles`, [`Refused::AuthorityChanged`], or an outage.
    pub async fn add_member(
        self,
        client: &Client,
        permit: &Permit<AddMembers>,
        user: UserId,
        roles: &[RoleKey],
    ) -> Result<(), Error> {
        committing!(self.0, client, |flow| {
            (usermgmt_orgs::add_member(&flow, By::from(permit), user, roles).await?, ())
        })
    }

    /// Makes whoever has proven this address a member, if somebody has. The answer and its work are the same for every
    /// address; the worker looks it up.
    ///
    /// # Errors
    /// Invalid `email` or `roles`; [`Refused::RightsExceeded`]; [`Refused::SeatsTaken`]; too many attempts; an outage.
    pub async fn add_member_by_email(
        self,
        client: &Client,
        permit: &Permit<AddMembers>,
        email: &str,
        roles: &[RoleKey],
    ) -> Result<(), Error> {
        let email = EmailAddress::parse(email).map_err(|error| FieldError::email("email", error))?;
        let meter = Meter::new(self.0, client);
        meter.take(&[meter.additions(permit.scope().principal().user())], self.0.now()).await?;
        committing!(self.0, client, |flow| {
            let (changes, roles) = usermgmt_orgs::ask_to_add(&flow, permit, roles).await?;
            let (authority, address) = (permit.scope().authority(), client.address().map(str::to_owned));
            (changes.with(flow.job(Job::AddMember { email: email.clone(), roles, authority, address })?), ())
        })
    }

    /// Gives a member other roles; they count at the member's next request.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::RightsExceeded`], [`Refused::LastOwner`], invalid `roles`,
    /// [`Refused::AuthorityChanged`], or an outage.
    pub async fn set_roles(
        self,
        client: &Client,
        permit: &Permit<ManageMembers>,
        user: UserId,
        roles: &[RoleKey],
    ) -> Result<(), Error> {
        committing!(self.0, client, |flow| {
            (usermgmt_orgs::set_roles(&flow, By::from(permit), user, roles).await?, ())
        })
    }

    /// Suspends a membership, or puts it in force again.
    ///
    /// # Errors
    /// As [`set_roles`](Self::set_roles); [`Refused::SeatsTaken`].
    pub async fn set_member_status(
        self,
        client: &Client,
        permit: &Permit<ManageMembers>,
        user: UserId,
        status: MembershipStatus,
    ) -> Result<(), Error> {
        committing!(self.0, client, |flow| {
            (usermgmt_orgs::set_member_status(&flow, By::from(permit), user, status).await?, ())
        })
    }

    /// Removes a member. Whatever the member is signed in with goes on, but not in this organisation.
    ///
    /// # Errors
    /// [`Refused::NotFound`], [`Refused::RightsExceeded`], [`Refused::LastOwner`], [`Refused::AuthorityChanged`], or an
    /// outage.
    pub async fn remove_member(
        self,
        client: &Client,
        permit: &Permit<ManageMembers>,
        user: UserId,
    ) -> Result<(), Error> {
        committing!(self.0, client, |flow| (usermgmt_orgs::remove_member(&flow, By::from(permit), user).await?, ()))
    }

    /// Makes or changes a role of the organisation; answers its key.
    ///
    /// # Errors
    /// Invalid `name` or `rights`; [`Refused::NotFound`]; [`Refused::RightsExceeded`]; [`Refused::AuthorityChanged`];
    /// an outage.
    pub async fn put_role(
        self,
        client: &Client,
        permit: &Permit<ManageRoles>,
        input: RoleInput<'_>,
    ) -> Result<RoleKey, Error> {
        committing!(self.0, client, |flow| usermgmt_orgs::put_role(&flow, By::from(permit), input).await?)
    }

    /// Removes a role of the organisation; whoever had it keeps their others.
    ///
    /// # Errors
    /// [`Refused::NotFound`]; [`Refused::RightsExceeded`]; [`Refused::AuthorityChanged`]; an outage.
    pub async fn remove_role(self, client: &Client, permit: &Permit<ManageRoles>, key: &RoleKey) -> Result<(), Error> {
        committing!(self.0, client, |flow| (usermgmt_orgs::remove_role(&flow, By::from(permit), key).await?, ()))
    }

    /// Explains why the principal may do something in the organisation that the session acts in, or may not: by roles
    /// and by policy.
    ///
    /// # Errors
    /// An invalid `permission` (one that nobody registered), [`Refused::NoActiveOrg`], or an outage.
    pub async fn explain(self, principal: &Principal, permission: &str) -> Result<Explanation, Error> {
        let client = Client::default();
        usermgmt_orgs::explain_own(&self.0.flow(&client), self.0.scope_rules(), principal, permission).await
    }

    /// Explains why a member may do something here or may not, as far as roles decide it.
    ///
    /// # Errors
    /// An invalid `permission`, [`Refused::NotFound`] for anybody who is no member, or an outage.
    pub async fn explain_member(
        self,
        permit: &Permit<ReadMembers>,
        user: UserId,
        permission: &str,
    ) -> Result<Explanation, Error> {
        let scope = permit.scope();
        let (org, member) = (scope.read().await?, scope.member(user).await?);
        Ok(usermgmt_orgs::explain(self.0.roles(), &org, &member.membership, permission)?)
    }
}

fn same_session<P: Permission>(permit: &Permit<P>, fresh: &StepUp) -> Result<(), Refused> {
    let principal = permit.scope().principal();
    let same = principal.session() == fresh.principal().session();
    if same { Ok(()) } else { Err(Refused::StepUpRequired(principal.step_up_methods())) }
}
