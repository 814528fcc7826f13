//! An organisation that was entered: the only door to its data.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{OrgStanding, Permit, Principal};
use crate::error::{Error, Refused};
use crate::id::{CommitId, EventId, OrgId, UserId};
use crate::model::{AuditEvent, AuditFilter, MemberFilter, MemberRecord, MembershipStatus, Org, OrgProfile, RoleKey};
use crate::page::{Page, PageRequest};
use crate::permission::{Permission, Rights, Roles};
use crate::policy::{AuthPolicy, evaluate};
use crate::store::{ChangeSet, Result as StoreResult, StillAuthorised, Store, Write};

/// What decides about entering and about rights: the same for every request of a process.
#[derive(Clone)]
pub struct ScopeRules {
    /// The store behind the scopes.
    pub store: Arc<dyn Store>,
    /// What each role gives.
    pub roles: Arc<Roles>,
    /// The application's own policy.
    pub policy: Arc<AuthPolicy>,
}

/// Proof that the principal has entered this organisation: is an active member, acts in it, and satisfies its policy.
///
/// It is a snapshot; a change set that [`changes`](Self::changes) begins is refused if the authority has ended since.
///
/// ```compile_fail
/// use usermgmt_core::proof::OrgScope;
/// fn forge(other: OrgScope) -> OrgScope { OrgScope(other.0) }
/// ```
#[derive(Clone)]
pub struct OrgScope(Arc<Entered>);

struct Entered {
    rules: ScopeRules,
    principal: Arc<Principal>,
    standing: OrgStanding,
}

impl OrgScope {
    /// Enters the organisation that the session acts in.
    ///
    /// # Errors
    /// [`Refused::NoActiveOrg`] or [`Refused::PolicyUnmet`].
    pub fn enter(rules: &ScopeRules, principal: &Arc<Principal>, now: OffsetDateTime) -> Result<Self, Refused> {
        let standing = principal.org().ok_or(Refused::NoActiveOrg)?;
        let demands = evaluate(&rules.policy.strictest(&standing.policy), principal.evidence(&standing.roles), now);
        if !demands.is_empty() {
            return Err(Refused::PolicyUnmet(demands));
        }
        Ok(Self(Arc::new(Entered { rules: rules.clone(), principal: principal.clone(), standing: standing.clone() })))
    }

    /// Enters the organisation with this id or slug, for a route or a host that names one.
    ///
    /// # Errors
    /// As [`enter_named`](Self::enter_named).
    pub async fn enter_text(
        rules: &ScopeRules,
        principal: &Arc<Principal>,
        named: &str,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        if principal.org().is_some_and(|standing| standing.slug == named) {
            return Ok(Self::enter(rules, principal, now)?);
        }
        // No slug reads like an id.
        let id = match named.parse::<OrgId>() {
            Ok(id) => Some(id),
            Err(_) => rules.store.org_by_slug(principal.realm(), named).await?.map(|org| org.id),
        };
        Self::enter_named(rules, principal, id.ok_or(Refused::NotFound)?, now).await
    }

    /// Enters the organisation with this id, for a route that names one.
    ///
    /// # Errors
    /// As [`enter`](Self::enter); [`Refused::WrongOrg`] for another organisation of the principal, and
    /// [`Refused::NotFound`] for any other, existing or not.
    pub async fn enter_named(
        rules: &ScopeRules,
        principal: &Arc<Principal>,
        org: OrgId,
        now: OffsetDateTime,
    ) -> Result<Self, Error> {
        if principal.org().is_some_and(|standing| standing.org == org) {
            return Ok(Self::enter(rules, principal, now)?);
        }
        let membership = rules.store.membership(org, principal.user()).await?;
        let mine = membership.is_some_and(|membership| membership.status == MembershipStatus::Active);
        Err(if mine { Refused::WrongOrg } else { Refused::NotFound }.into())
    }

    /// The organisation.
    #[must_use]
    pub fn org(&self) -> OrgId {
        self.0.standing.org
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.standing.name
    }

    /// Its name in addresses.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.0.standing.slug
    }

    pub(super) fn rules(&self) -> &ScopeRules {
        &self.0.rules
    }

    /// Who has entered.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// The principal's roles here.
    #[must_use]
    pub fn roles(&self) -> &[RoleKey] {
        &self.0.standing.roles
    }

    /// Whether the principal's roles give the right with this key.
    #[must_use]
    pub fn may(&self, key: &str) -> bool {
        self.rights().give(key)
    }

    /// Everything that the principal's roles give.
    #[must_use]
    pub fn rights(&self) -> Rights<'_> {
        self.0.rules.roles.held(&self.0.standing.custom, &self.0.standing.roles)
    }

    /// The roles of the application's code.
    #[must_use]
    pub fn code_roles(&self) -> &Roles {
        &self.0.rules.roles
    }

    /// Proof that the principal's roles give this right.
    ///
    /// # Errors
    /// [`Refused::PermissionMissing`] with the permission's key.
    pub fn permit<P: Permission>(&self) -> Result<Permit<P>, Refused> {
        if self.may(P::KEY) { Ok(Permit::granted(self.clone())) } else { Err(Refused::PermissionMissing(P::KEY)) }
    }

    /// The members of this organisation that the filter lets through.
    ///
    /// # Errors
    /// As the store.
    pub async fn members(
        &self,
        filter: &MemberFilter,
        page: PageRequest<UserId>,
    ) -> StoreResult<Page<MemberRecord, UserId>> {
        self.0.rules.store.members(self.org(), filter, page).await
    }

    /// One member of this organisation, as the list shows them.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for anybody else, existing or not; or as the store.
    pub async fn member(&self, user: UserId) -> Result<MemberRecord, Error> {
        Ok(self.0.rules.store.member(self.org(), user).await?.ok_or(Refused::NotFound)?)
    }

    /// The organisation itself, as it is now.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it is gone meanwhile; or as the store.
    pub async fn read(&self) -> Result<Org, Error> {
        Ok(self.0.rules.store.org(self.0.principal.realm(), self.org()).await?.ok_or(Refused::NotFound)?)
    }

    /// The facts about this organisation, if any were written.
    ///
    /// # Errors
    /// As the store.
    pub async fn profile(&self) -> StoreResult<Option<OrgProfile>> {
        self.0.rules.store.org_profile(self.org()).await
    }

    /// The audit events of this organisation that the filter lets through, newest first.
    ///
    /// # Errors
    /// As the store.
    pub async fn events(
        &self,
        filter: &AuditFilter,
        page: PageRequest<EventId>,
    ) -> StoreResult<Page<AuditEvent, EventId>> {
        self.0.rules.store.events(self.0.principal.realm(), Some(self.org()), filter, page).await
    }

    /// What application and organisation together demand of sessions.
    #[must_use]
    pub fn policy(&self) -> AuthPolicy {
        self.0.rules.policy.strictest(&self.0.standing.policy)
    }

    /// The authority that this scope stands for.
    #[must_use]
    pub fn authority(&self) -> StillAuthorised {
        StillAuthorised { member: Some(self.0.standing.versions), ..self.0.principal.authority() }
    }

    /// Begins a change set that commits only while this authority still stands.
    pub fn changes(&self, id: CommitId, at: OffsetDateTime) -> ChangeSet {
        ChangeSet::new(id, self.0.principal.realm(), at).with(Write::StillAuthorised(self.authority()))
    }
}

impl std::fmt::Debug for OrgScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OrgScope({} as {})", self.org(), self.principal().user())
    }
}
