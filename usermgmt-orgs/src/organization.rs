//! The organisation itself: name, address, settings, seats, its end and its return.

use serde_json::{Value, json};
use time::OffsetDateTime;
use usermgmt_core::error::{Check, FieldError, Refused};
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::id::OrgId;
use usermgmt_core::limits::ORG_RESTORABLE;
use usermgmt_core::model::{Actor, AuditKind, Job, Membership, MembershipStatus, Org, OrgProfile, OrgStatus, RoleKey};
use usermgmt_core::proof::Principal;
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_core::text;

use crate::authority::By;
use crate::{ManageOrganization, OwnOrganization};

/// What changes about an organisation; what is `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrgChange<'a> {
    /// Name to show, 1 to 64 characters.
    pub name: Option<&'a str>,
    /// Name in addresses.
    pub slug: Option<&'a str>,
    /// Settings that every member sees: a JSON object of at most 16 KiB.
    pub settings: Option<&'a Value>,
}

/// Whether this organisation is deleted and the application can still restore it.
#[must_use]
pub fn is_restorable(org: &Org, now: OffsetDateTime) -> bool {
    org.deleted_at.is_some_and(|at| now < at + ORG_RESTORABLE)
}

/// Whether an owner can: only if no application has deleted it, which suspends it too.
#[must_use]
pub fn is_restorable_by_owner(org: &Org, now: OffsetDateTime) -> bool {
    org.status == OrgStatus::Deleted && is_restorable(org, now)
}

/// Whether this membership makes its user answer for the organisation.
#[must_use]
pub fn is_owner(membership: &Membership) -> bool {
    membership.status == MembershipStatus::Active && membership.roles.iter().any(|role| role.as_str() == RoleKey::OWNER)
}

async fn profile_of(flow: &Flow<'_>, org: OrgId) -> Result<OrgProfile> {
    Ok(flow.store.org_profile(org).await?.unwrap_or_else(|| OrgProfile::empty(org)))
}

/// Works out another name, address or other settings.
///
/// # Errors
/// Invalid `name`, `slug` or `settings`. A slug that another organisation has shows as a duplicate at the commit.
pub async fn update(flow: &Flow<'_>, by: By<'_, ManageOrganization>, change: OrgChange<'_>) -> Result<ChangeSet> {
    let mut check = Check::default();
    let name = change.name.map(|name| text::name("name", name)).transpose();
    let name = check.take(name).flatten();
    let slug = change.slug.map(|slug| text::slug("slug", slug)).transpose();
    let slug = check.take(slug).flatten();
    let settings = change.settings.map(|value| text::object("settings", value.clone())).transpose();
    let settings = check.take(settings).flatten();
    check.end()?;
    let org = by.read(flow).await?;
    let mut changes = by.changes(flow)?;
    let mut detail = json!({ "settings": settings.is_some() });
    if let Some(settings) = settings {
        let profile = profile_of(flow, org.id).await?;
        changes.push(Write::PutOrgProfile(OrgProfile { settings, ..profile }));
    }
    let renamed = Org {
        name: name.unwrap_or_else(|| org.name.clone()),
        slug: slug.unwrap_or_else(|| org.slug.clone()),
        ..org.clone()
    };
    if renamed != org {
        detail = json!({
            "from": { "name": org.name, "slug": org.slug },
            "to": { "name": renamed.name, "slug": renamed.slug },
            "settings": detail.get("settings"),
        });
        changes.push(Write::PutOrg(renamed));
    }
    changes.push(flow.audit_in(org.id, AuditKind::OrgUpdated, by.actor(), detail)?);
    Ok(changes)
}

/// Works out other metadata, which the application writes.
///
/// # Errors
/// Invalid `public` or `private`; [`Refused::NotFound`].
pub async fn set_metadata(
    flow: &Flow<'_>,
    by: By<'_, ManageOrganization>,
    public: Option<Value>,
    private: Option<Value>,
) -> Result<ChangeSet> {
    let mut check = Check::default();
    let public = check.take(public.map(|value| text::object("public", value)).transpose()).flatten();
    let private = check.take(private.map(|value| text::object("private", value)).transpose()).flatten();
    check.end()?;
    let org = by.read(flow).await?;
    let profile = profile_of(flow, org.id).await?;
    let detail = json!({ "public": public.is_some(), "private": private.is_some() });
    let profile = OrgProfile {
        public: public.unwrap_or_else(|| profile.public.clone()),
        private: private.unwrap_or_else(|| profile.private.clone()),
        ..profile
    };
    let audit = flow.audit_in(org.id, AuditKind::OrgUpdated, by.actor(), detail)?;
    Ok(by.changes(flow)?.with(Write::PutOrgProfile(profile)).with(audit))
}

/// Works out how many active members there may be. Fewer than there are removes nobody; it lets nobody in.
///
/// # Errors
/// [`Refused::NotFound`]; an invalid `seats`: at least one.
pub async fn set_seats(flow: &Flow<'_>, by: By<'_, ManageOrganization>, seats: Option<u32>) -> Result<ChangeSet> {
    if seats == Some(0) {
        return Err(FieldError::new("seats", FieldError::TOO_SHORT).into());
    }
    let org = by.read(flow).await?;
    let detail = json!({ "from": org.seats, "to": seats });
    let audit = flow.audit_in(org.id, AuditKind::SeatsChanged, by.actor(), detail)?;
    Ok(by.changes(flow)?.with(Write::PutOrg(Org { seats, ..org })).with(audit))
}

/// Works out that an organisation is barred, or in use again.
///
/// # Errors
/// [`Refused::NotFound`], also for a deleted one.
pub async fn set_status(flow: &Flow<'_>, by: By<'_, OwnOrganization>, barred: bool) -> Result<ChangeSet> {
    let org = not_deleted(flow, by).await?;
    let status = if barred { OrgStatus::Suspended } else { OrgStatus::Active };
    let detail = json!({ "from": org.status, "to": status });
    let audit = flow.audit_in(org.id, AuditKind::OrgStatusChanged, by.actor(), detail)?;
    Ok(by.changes(flow)?.with(Write::PutOrg(Org { status, ..org })).with(audit))
}

async fn not_deleted(flow: &Flow<'_>, by: By<'_, OwnOrganization>) -> Result<Org> {
    let org = by.read(flow).await?;
    if org.deleted_at.is_some() { Err(Refused::NotFound.into()) } else { Ok(org) }
}

/// Works out that an organisation is deleted: nobody can enter any more, whoever is in it is out at the next request.
/// It can be restored for 30 days. What the application has deleted is suspended too: no owner restores it.
///
/// # Errors
/// [`Refused::NotFound`] for one that is deleted already.
pub async fn delete(flow: &Flow<'_>, by: By<'_, OwnOrganization>) -> Result<ChangeSet> {
    let org = not_deleted(flow, by).await?;
    let status = match by {
        By::Permit(_) => OrgStatus::Deleted,
        By::Application { .. } => OrgStatus::Suspended,
    };
    let audit = flow.audit_in(org.id, AuditKind::OrgDeleted, by.actor(), json!({}))?;
    let job = flow.job(Job::MembersChanged { org: org.id })?;
    let gone = Org { status, deleted_at: Some(flow.now), ..org };
    Ok(by.changes(flow)?.with(Write::PutOrg(gone)).with(audit).with(job))
}

/// Works out that a deleted organisation is back, as one of its owners wishes.
///
/// # Errors
/// [`Refused::NotFound`] for one that is not the principal's own, is not deleted, or was so too long ago.
pub async fn restore_own(flow: &Flow<'_>, principal: &Principal, org: OrgId) -> Result<ChangeSet> {
    if !flow.store.membership(org, principal.user()).await?.is_some_and(|membership| is_owner(&membership)) {
        return Err(Refused::NotFound.into());
    }
    let actor = Actor::User { user: principal.user(), session: Some(principal.session()) };
    let changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
    let org = flow.store.org(flow.realm, org).await?.filter(|org| is_restorable_by_owner(org, flow.now));
    restored(flow, changes, actor, Org { status: OrgStatus::Active, ..org.ok_or(Refused::NotFound)? })
}

/// Works out that a deleted organisation is back, as the application wishes. One that the application has deleted comes
/// back suspended, as it was from then on.
///
/// # Errors
/// [`Refused::NotFound`] for one that is not deleted, or was so too long ago.
pub async fn restore(flow: &Flow<'_>, by: By<'_, OwnOrganization>) -> Result<ChangeSet> {
    let org = by.read(flow).await?;
    if !is_restorable(&org, flow.now) {
        return Err(Refused::NotFound.into());
    }
    let status = if org.status == OrgStatus::Deleted { OrgStatus::Active } else { org.status };
    restored(flow, by.changes(flow)?, by.actor(), Org { status, ..org })
}

fn restored(flow: &Flow<'_>, changes: ChangeSet, actor: Actor, org: Org) -> Result<ChangeSet> {
    let audit = flow.audit_in(org.id, AuditKind::OrgRestored, actor, json!({ "to": org.status }))?;
    let job = flow.job(Job::MembersChanged { org: org.id })?;
    Ok(changes.with(Write::PutOrg(Org { deleted_at: None, ..org })).with(audit).with(job))
}
