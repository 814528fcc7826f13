//! An API key that was checked. A key is no person: it gives no [`Principal`](super::Principal), so nothing that asks
//! for one can be done with it.

use std::marker::PhantomData;
use std::sync::Arc;

use time::OffsetDateTime;

use super::{Permit, ScopeRules};
use crate::error::Refused;
use crate::id::{ApiKeyId, EventId, OrgId, UserId};
use crate::model::{
    ApiKey, ApiKeyRecord, AuditEvent, AuditFilter, KeyOwner, MemberFilter, MemberRecord, MembershipStatus, OrgStatus,
    UserStatus,
};
use crate::page::{Page, PageRequest};
use crate::permission::{OWN, Permission, covers};
use crate::store::Result as StoreResult;

/// Why a key gives nothing. Outside, all of these are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyEnded {
    /// It was revoked or has expired.
    #[error("the key has ended")]
    Ended,
    /// Its user is not there or may not be used.
    #[error("the user of the key is not active")]
    UserInactive,
    /// The organisation is not there or may not be used.
    #[error("the organisation of the key is not active")]
    OrgInactive,
    /// Its user is no active member of the organisation any more.
    #[error("the user of the key is no active member")]
    MemberInactive,
    /// The organisation lets no keys of members in.
    #[error("the organisation lets no keys of its members in")]
    PolicyUnmet,
}

/// Proof that a program has presented a living API key. What it may do is what the key's scopes name and its owner has
/// at this moment.
///
/// ```compile_fail
/// use usermgmt_core::proof::KeyHolder;
/// fn forge(other: KeyHolder) -> KeyHolder { KeyHolder(other.0) }
/// ```
#[derive(Clone)]
pub struct KeyHolder(Arc<Held>);

struct Held {
    rules: ScopeRules,
    record: ApiKeyRecord,
}

impl KeyHolder {
    /// Checks a key.
    ///
    /// # Errors
    /// [`KeyEnded`] says why it gives nothing.
    pub fn establish(record: ApiKeyRecord, rules: &ScopeRules, now: OffsetDateTime) -> Result<Self, KeyEnded> {
        if !record.key.is_live(now) {
            return Err(KeyEnded::Ended);
        }
        let is_user = matches!(record.key.owner, KeyOwner::User(_));
        if is_user && record.user.as_ref().is_none_or(|user| user.status != UserStatus::Active) {
            return Err(KeyEnded::UserInactive);
        }
        if record.key.org.is_some() {
            let org = record.org.as_ref().filter(|org| org.status == OrgStatus::Active).ok_or(KeyEnded::OrgInactive)?;
            let member = record.membership.as_ref();
            if is_user && member.is_none_or(|member| member.status != MembershipStatus::Active) {
                return Err(KeyEnded::MemberInactive);
            }
            if is_user && rules.policy.strictest(&org.policy).bars_member_keys {
                return Err(KeyEnded::PolicyUnmet);
            }
        }
        Ok(Self(Arc::new(Held { rules: rules.clone(), record })))
    }

    /// The key.
    #[must_use]
    pub fn id(&self) -> ApiKeyId {
        self.key().id
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.key().name
    }

    /// To whom it belongs.
    #[must_use]
    pub fn owner(&self) -> KeyOwner {
        self.key().owner
    }

    /// Whose key it is, if a user's.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.key().owner {
            KeyOwner::User(user) => Some(user),
            KeyOwner::Org(_) => None,
        }
    }

    /// When it ends, if it does by itself.
    #[must_use]
    pub fn expires_at(&self) -> Option<OffsetDateTime> {
        self.key().expires_at
    }

    /// The organisation that it acts in.
    #[must_use]
    pub fn org(&self) -> Option<OrgId> {
        self.key().org
    }

    /// The slug of that organisation.
    #[must_use]
    pub fn org_slug(&self) -> Option<&str> {
        self.0.record.org.as_ref().map(|org| org.slug.as_str())
    }

    /// The rights that it names.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.key().scopes
    }

    fn key(&self) -> &ApiKey {
        &self.0.record.key
    }

    /// Whether it may use the right with this key: one of its scopes names it, and its owner has it. Nobody's key owns
    /// an organisation.
    #[must_use]
    pub fn may(&self, key: &str) -> bool {
        let named = key != OWN && self.scopes().iter().any(|scope| covers(scope, key));
        named
            && match (&self.0.record.org, &self.0.record.membership, self.key().owner) {
                (Some(_), _, KeyOwner::Org(_)) => true,
                (Some(org), Some(member), KeyOwner::User(_)) => {
                    self.0.rules.roles.held(&org.roles, &member.roles).give(key)
                }
                _ => false,
            }
    }

    /// Proof that the key may use this right in its organisation.
    ///
    /// # Errors
    /// [`Refused::NoActiveOrg`] for a key that acts in none, [`Refused::PermissionMissing`] with the permission's key.
    pub fn permit<P: Permission>(&self) -> Result<KeyPermit<P>, Refused> {
        let org = self.org().ok_or(Refused::NoActiveOrg)?;
        if !self.may(P::KEY) {
            return Err(Refused::PermissionMissing(P::KEY));
        }
        Ok(KeyPermit { holder: self.clone(), org, permission: PhantomData })
    }
}

impl std::fmt::Debug for KeyHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyHolder({} of {})", self.id(), self.owner())
    }
}

/// Proof that an API key may use the permission `P` in its organisation.
///
/// ```compile_fail
/// use usermgmt_core::id::OrgId;
/// use usermgmt_core::proof::{KeyHolder, KeyPermit};
/// usermgmt_core::permission!(pub DeleteProject = "project:delete");
/// fn forge(holder: KeyHolder, org: OrgId) -> KeyPermit<DeleteProject> {
///     KeyPermit { holder, org, permission: std::marker::PhantomData }
/// }
/// ```
///
/// It is no [`Permit`], which only a person has:
///
/// ```compile_fail
/// use usermgmt_core::proof::{KeyPermit, Permit};
/// usermgmt_core::permission!(pub DeleteProject = "project:delete");
/// fn delete(permit: &Permit<DeleteProject>) {}
/// fn sneak(permit: &KeyPermit<DeleteProject>) { delete(permit) }
/// ```
pub struct KeyPermit<P> {
    holder: KeyHolder,
    org: OrgId,
    permission: PhantomData<fn() -> P>,
}

impl<P> KeyPermit<P> {
    /// The key.
    #[must_use]
    pub const fn holder(&self) -> &KeyHolder {
        &self.holder
    }

    /// The organisation in which the right is held.
    #[must_use]
    pub const fn org(&self) -> OrgId {
        self.org
    }
}

impl<P> Clone for KeyPermit<P> {
    fn clone(&self) -> Self {
        Self { holder: self.holder.clone(), org: self.org, permission: PhantomData }
    }
}

impl<P> std::fmt::Debug for KeyPermit<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPermit({:?})", self.holder)
    }
}

/// The permission `P` in an organisation, held by a member who is signed in or by an API key: for what programs may do
/// as well as people.
pub enum Access<P> {
    /// A member, in person.
    Member(Permit<P>),
    /// A program.
    Key(KeyPermit<P>),
}

impl<P> Access<P> {
    /// The organisation in which the right is held.
    #[must_use]
    pub fn org(&self) -> OrgId {
        match self {
            Self::Member(permit) => permit.scope().org(),
            Self::Key(permit) => permit.org(),
        }
    }

    /// On whose behalf: the member, or the user whose key it is; nobody's for a key of the organisation.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Member(permit) => Some(permit.scope().principal().user()),
            Self::Key(permit) => permit.holder().user(),
        }
    }

    /// Whether the right with this key is held, too.
    #[must_use]
    pub fn may(&self, key: &str) -> bool {
        match self {
            Self::Member(permit) => permit.scope().may(key),
            Self::Key(permit) => permit.holder().may(key),
        }
    }

    /// The members of the organisation that the filter lets through.
    ///
    /// # Errors
    /// As the store.
    pub async fn members(
        &self,
        filter: &MemberFilter,
        page: PageRequest<UserId>,
    ) -> StoreResult<Page<MemberRecord, UserId>> {
        self.rules().store.members(self.org(), filter, page).await
    }

    /// The audit events of the organisation that the filter lets through, newest first.
    ///
    /// # Errors
    /// As the store.
    pub async fn events(
        &self,
        filter: &AuditFilter,
        page: PageRequest<EventId>,
    ) -> StoreResult<Page<AuditEvent, EventId>> {
        let realm = match self {
            Self::Member(permit) => permit.scope().principal().realm(),
            Self::Key(permit) => permit.holder().key().realm,
        };
        self.rules().store.events(realm, Some(self.org()), filter, page).await
    }

    fn rules(&self) -> &ScopeRules {
        match self {
            Self::Member(permit) => permit.scope().rules(),
            Self::Key(permit) => &permit.holder.0.rules,
        }
    }
}

impl<P> Clone for Access<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Member(permit) => Self::Member(permit.clone()),
            Self::Key(permit) => Self::Key(permit.clone()),
        }
    }
}

impl<P> std::fmt::Debug for Access<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Member(permit) => permit.fmt(f),
            Self::Key(permit) => permit.fmt(f),
        }
    }
}
