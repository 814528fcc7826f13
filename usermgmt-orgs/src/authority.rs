//! By whose authority an organisation is changed.

use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{Actor, CustomRole, Job, Membership, MembershipStatus, Org, RoleKey};
use usermgmt_core::permission::{Rights, Roles};
use usermgmt_core::proof::Permit;
use usermgmt_core::store::{ChangeSet, Write};

/// A member who may, or the application itself for a stated reason.
#[derive(Debug)]
pub enum By<'a, P> {
    /// A member with this permission; what it changes commits only while that stands.
    Permit(&'a Permit<P>),
    /// The application's own code, which may everything.
    Application {
        /// The organisation.
        org: OrgId,
        /// Why, for the audit log.
        reason: &'a str,
        /// The roles of the application's code.
        roles: &'a Roles,
    },
}

impl<P> Clone for By<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for By<'_, P> {}

impl<'a, P> From<&'a Permit<P>> for By<'a, P> {
    fn from(permit: &'a Permit<P>) -> Self {
        Self::Permit(permit)
    }
}

impl<'a, P> By<'a, P> {
    pub(crate) fn org(self) -> OrgId {
        match self {
            Self::Permit(permit) => permit.scope().org(),
            Self::Application { org, .. } => org,
        }
    }

    pub(crate) fn actor(self) -> Actor {
        match self {
            Self::Permit(permit) => {
                let principal = permit.scope().principal();
                Actor::User { user: principal.user(), session: Some(principal.session()) }
            }
            Self::Application { reason, .. } => Actor::System { reason: reason.to_owned() },
        }
    }

    pub(crate) fn roles(self) -> &'a Roles {
        match self {
            Self::Permit(permit) => permit.scope().code_roles(),
            Self::Application { roles, .. } => roles,
        }
    }

    /// Begins a change set that commits only while the authority stands.
    pub(crate) fn changes(self, flow: &Flow<'_>) -> Result<ChangeSet, Error> {
        let empty = flow.changes()?;
        Ok(match self {
            Self::Permit(permit) => permit.scope().changes(empty.id(), flow.now),
            Self::Application { .. } => empty,
        })
    }

    /// The organisation as it is now.
    pub(crate) async fn read(self, flow: &Flow<'_>) -> Result<Org, Error> {
        Ok(flow.store.org(flow.realm, self.org()).await?.ok_or(Refused::NotFound)?)
    }

    /// Makes sure that nobody gives, or takes from others, what they do not hold themselves.
    pub(crate) fn holds(self, custom: &[CustomRole], roles: &[RoleKey]) -> Result<(), Refused> {
        match self {
            Self::Permit(permit) => self.includes(permit.scope().rights(), custom, roles),
            Self::Application { .. } => Ok(()),
        }
    }

    fn includes(self, own: Rights<'_>, custom: &[CustomRole], roles: &[RoleKey]) -> Result<(), Refused> {
        if own.include(self.roles().held(custom, roles)) { Ok(()) } else { Err(Refused::RightsExceeded) }
    }
}

/// Adds an organisation to a change set whose membership changes, and what the application is told if the number of
/// active members changes with it.
pub(crate) fn put_anchored(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    org: Org,
    before: Option<&Membership>,
    after: Option<&Membership>,
) -> Result<(), Error> {
    let (id, members) = (org.id, org.members);
    let org = anchored(org, before, after)?;
    if org.members != members {
        changes.push(flow.job(Job::MembersChanged { org: id })?);
    }
    changes.push(Write::PutOrg(org));
    Ok(())
}

/// Seats and owners that a membership counts for.
fn weight(membership: Option<&Membership>) -> (u32, u32) {
    let active = membership.filter(|membership| membership.status == MembershipStatus::Active);
    let owner = active.filter(|membership| membership.roles.iter().any(|role| role.as_str() == RoleKey::OWNER));
    (u32::from(active.is_some()), u32::from(owner.is_some()))
}

/// The organisation after one of its memberships has changed. It is the anchor of "at least one owner" and of the
/// number of seats: its row is part of every such commit, so that two of them cannot pass each other by.
pub(crate) fn anchored(org: Org, before: Option<&Membership>, after: Option<&Membership>) -> Result<Org, Refused> {
    let ((members_before, owners_before), (members_after, owners_after)) = (weight(before), weight(after));
    let owners = org.owners.saturating_sub(owners_before) + owners_after;
    let members = org.members.saturating_sub(members_before) + members_after;
    if owners == 0 {
        return Err(Refused::LastOwner);
    }
    if members > org.members && org.seats.is_some_and(|seats| members > seats) {
        return Err(Refused::SeatsTaken);
    }
    Ok(Org { owners, members, ..org })
}
