//! Members come, change and go.

use serde_json::json;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::{Flow, Result, mailed};
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::limits::ROLES_PER_MEMBER;
use usermgmt_core::model::{
    Actor, AuditEvent, AuditKind, CustomRole, IdentifierKind, MailKind, Membership, MembershipStatus, Org, RoleKey,
    UserStatus, Version,
};
use usermgmt_core::permission::Roles;
use usermgmt_core::proof::{Permit, Principal};
use usermgmt_core::store::{ChangeSet, StillAuthorised, Write};

use crate::authority::{By, anchored, put_anchored};
use crate::{AddMembers, ManageMembers, OwnOrganization};

/// Roles as they were asked for: each known in this organisation, none twice.
fn chosen(code: &Roles, custom: &[CustomRole], roles: &[RoleKey]) -> Result<Vec<RoleKey>> {
    let mut chosen: Vec<RoleKey> = Vec::new();
    for role in roles {
        if !code.knows(role) && !custom.iter().any(|own| own.key == *role) {
            return Err(FieldError::new("roles", FieldError::UNKNOWN).into());
        }
        if !chosen.contains(role) {
            chosen.push(role.clone());
        }
    }
    if chosen.is_empty() {
        return Err(FieldError::new("roles", FieldError::REQUIRED).into());
    }
    if chosen.len() > ROLES_PER_MEMBER {
        return Err(FieldError::new("roles", FieldError::TOO_MANY).into());
    }
    Ok(chosen)
}

fn told<P>(
    flow: &Flow<'_>,
    by: By<'_, P>,
    kind: AuditKind,
    subject: UserId,
    detail: serde_json::Value,
) -> Result<Write> {
    let event = flow.event(kind, by.actor())?;
    Ok(flow.record(AuditEvent { org: Some(by.org()), subject: Some(subject), detail, ..event }))
}

/// Works out that a user becomes a member with these roles; the user is told by mail.
///
/// # Errors
/// [`Refused::NotFound`] for nobody, or somebody who may not use their account; [`Refused::AlreadyMember`];
/// [`Refused::SeatsTaken`]; [`Refused::RightsExceeded`] for roles with rights that the caller does not hold; invalid
/// `roles`.
pub async fn add_member(flow: &Flow<'_>, by: By<'_, AddMembers>, user: UserId, roles: &[RoleKey]) -> Result<ChangeSet> {
    let org = by.read(flow).await?;
    let roles = chosen(by.roles(), &org.roles, roles)?;
    by.holds(&org.roles, &roles)?;
    let changes = by.changes(flow)?;
    join(flow, changes, by.actor(), org, user, roles).await
}

/// Checks whether the permit's holder may make somebody a member with these roles, before anybody looks who that is.
/// Answers the change set to promise it in, and the roles.
///
/// # Errors
/// As [`add_member`], but nothing about the user.
pub async fn ask_to_add(
    flow: &Flow<'_>,
    permit: &Permit<AddMembers>,
    roles: &[RoleKey],
) -> Result<(ChangeSet, Vec<RoleKey>)> {
    let by = By::from(permit);
    let org = by.read(flow).await?;
    let roles = chosen(by.roles(), &org.roles, roles)?;
    by.holds(&org.roles, &roles)?;
    if org.seats.is_some_and(|seats| org.members >= seats) {
        return Err(Refused::SeatsTaken.into());
    }
    Ok((by.changes(flow)?, roles))
}

/// Works out, as the worker, that whoever has proven this address becomes a member, as somebody with the right to it has
/// asked. Answers nothing to do if nobody has, or they cannot.
///
/// # Errors
/// As the store.
pub async fn add_by_email(
    flow: &Flow<'_>,
    email: &EmailAddress,
    asked: &StillAuthorised,
    roles: &[RoleKey],
) -> Result<ChangeSet> {
    let nothing = || flow.changes().map_err(Into::into);
    let Some(member) = asked.member else { return nothing() };
    let found = flow.store.sign_in_record(flow.realm, IdentifierKind::Email, email.canonical()).await?;
    let found = found.filter(|record| record.identifier.verified_at.is_some());
    let Some(org) = flow.store.org(flow.realm, member.org).await? else { return nothing() };
    let Some(record) = found else { return nothing() };
    let changes = flow.changes()?.with(Write::StillAuthorised(*asked));
    let actor = Actor::User { user: asked.user, session: Some(asked.session) };
    match join(flow, changes, actor, org, record.user.id, roles.to_vec()).await {
        Err(Error::Refused(_)) => nothing(),
        other => other,
    }
}

async fn join(
    flow: &Flow<'_>,
    mut changes: ChangeSet,
    actor: Actor,
    org: Org,
    user: UserId,
    roles: Vec<RoleKey>,
) -> Result<ChangeSet> {
    let user = flow.store.user(flow.realm, user).await?.filter(|user| user.status == UserStatus::Active);
    let user = user.ok_or(Refused::NotFound)?;
    if flow.store.membership(org.id, user.id).await?.is_some() {
        return Err(Refused::AlreadyMember.into());
    }
    let membership = Membership {
        org: org.id,
        user: user.id,
        roles,
        status: MembershipStatus::Active,
        rights_version: Membership::first_rights(flow.now),
        created_at: flow.now,
        version: Version::NEW,
    };
    let detail = json!({ "roles": membership.roles });
    let event = flow.event(AuditKind::MemberAdded, actor)?;
    changes.push(flow.record(AuditEvent { org: Some(org.id), subject: Some(user.id), detail, ..event }));
    let contacts = mailed::contacts(flow, user.id).await?;
    if let Some(Contact::Email(to)) = mailed::primary(&contacts).and_then(mailed::recipient) {
        mailed::write_about(flow, &mut changes, MailKind::MemberAdded, &user, to, org.id)?;
    }
    put_anchored(flow, &mut changes, org, None, Some(&membership))?;
    changes.push(Write::PutMembership(membership));
    Ok(changes)
}

/// A membership that another member, or the application, is about to change.
async fn found<P>(flow: &Flow<'_>, by: By<'_, P>, user: UserId) -> Result<(Org, Membership)> {
    let org = by.read(flow).await?;
    let membership = flow.store.membership(org.id, user).await?.ok_or(Refused::NotFound)?;
    by.holds(&org.roles, &membership.roles)?;
    Ok((org, membership))
}

/// Works out other roles of a member. They take effect at the member's next request. The same ones again change nothing
/// and leave no event.
///
/// # Errors
/// [`Refused::NotFound`]; [`Refused::RightsExceeded`] if the present or the new roles give rights that the caller does
/// not hold; [`Refused::LastOwner`]; invalid `roles`.
pub async fn set_roles(
    flow: &Flow<'_>,
    by: By<'_, ManageMembers>,
    user: UserId,
    roles: &[RoleKey],
) -> Result<ChangeSet> {
    let (org, before) = found(flow, by, user).await?;
    let roles = chosen(by.roles(), &org.roles, roles)?;
    by.holds(&org.roles, &roles)?;
    if roles == before.roles {
        return by.changes(flow);
    }
    let after = Membership { roles, ..before.clone() };
    let detail = json!({ "from": before.roles, "to": after.roles });
    let audit = told(flow, by, AuditKind::RolesChanged, user, detail)?;
    let mut changes = by.changes(flow)?.with(audit);
    put_anchored(flow, &mut changes, org, Some(&before), Some(&after))?;
    Ok(changes.with(Write::PutMembership(after)).with(Write::MoveRights { org: by.org(), user: Some(user) }))
}

/// Works out that a membership is suspended, or in force again. What is so already leaves no event.
///
/// # Errors
/// As [`set_roles`]; [`Refused::SeatsTaken`].
pub async fn set_member_status(
    flow: &Flow<'_>,
    by: By<'_, ManageMembers>,
    user: UserId,
    status: MembershipStatus,
) -> Result<ChangeSet> {
    let (org, before) = found(flow, by, user).await?;
    if status == before.status {
        return by.changes(flow);
    }
    let after = Membership { status, ..before.clone() };
    let detail = json!({ "from": before.status, "to": status });
    let audit = told(flow, by, AuditKind::MembershipStatusChanged, user, detail)?;
    let mut changes = by.changes(flow)?.with(audit);
    put_anchored(flow, &mut changes, org, Some(&before), Some(&after))?;
    Ok(changes.with(Write::PutMembership(after)).with(Write::MoveRights { org: by.org(), user: Some(user) }))
}

/// Works out that somebody is a member no more. Their sessions go on without the organisation.
///
/// # Errors
/// [`Refused::NotFound`]; [`Refused::RightsExceeded`] if the member holds rights that the caller does not;
/// [`Refused::LastOwner`].
pub async fn remove_member(flow: &Flow<'_>, by: By<'_, ManageMembers>, user: UserId) -> Result<ChangeSet> {
    let (org, before) = found(flow, by, user).await?;
    let audit = told(flow, by, AuditKind::MemberRemoved, user, json!({ "roles": before.roles }))?;
    let mut changes = by.changes(flow)?.with(audit);
    put_anchored(flow, &mut changes, org, Some(&before), None)?;
    Ok(changes
        .with(Write::DeleteMembership { org: by.org(), user, version: before.version })
        .with(Write::EndApiKeys { user, org: Some(by.org()) }))
}

/// Works out that the principal leaves an organisation, entered or not.
///
/// # Errors
/// [`Refused::NotFound`] for an organisation that is not the principal's; [`Refused::LastOwner`].
pub async fn leave(flow: &Flow<'_>, principal: &Principal, org: OrgId) -> Result<ChangeSet> {
    let user = principal.user();
    let before = flow.store.membership(org, user).await?.ok_or(Refused::NotFound)?;
    let org = flow.store.org(flow.realm, org).await?.ok_or(Refused::NotFound)?;
    let actor = Actor::User { user, session: Some(principal.session()) };
    let detail = json!({ "roles": before.roles });
    let audit =
        AuditEvent { org: Some(org.id), subject: Some(user), detail, ..flow.event(AuditKind::MemberLeft, actor)? };
    let mut changes = flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(Write::DeleteMembership { org: org.id, user, version: before.version })
        .with(Write::EndApiKeys { user, org: Some(org.id) })
        .with(flow.record(audit));
    put_anchored(flow, &mut changes, org, Some(&before), None)?;
    Ok(changes)
}

/// Works out that another member answers for the organisation from now on; the caller becomes an admin.
///
/// # Errors
/// [`Refused::NotFound`] for somebody who is no active member, and for the caller.
pub async fn transfer(flow: &Flow<'_>, by: By<'_, OwnOrganization>, heir: UserId) -> Result<ChangeSet> {
    let (org, before) = found(flow, by, heir).await?;
    let Actor::User { user: giver, .. } = by.actor() else { return Err(Refused::NotFound.into()) };
    if giver == heir || before.status != MembershipStatus::Active {
        return Err(Refused::NotFound.into());
    }
    let own = flow.store.membership(org.id, giver).await?.ok_or(Refused::NotFound)?;
    let owner = RoleKey::new(RoleKey::OWNER);
    let (mut heirs, mut givers) = (before.clone(), own.clone());
    if !heirs.roles.contains(&owner) {
        heirs.roles.push(owner.clone());
    }
    givers.roles.retain(|role| *role != owner);
    let admin = RoleKey::new(RoleKey::ADMIN);
    if !givers.roles.contains(&admin) {
        givers.roles.push(admin);
    }
    let audit = told(flow, by, AuditKind::OwnershipTransferred, heir, json!({}))?;
    let org = anchored(org, Some(&before), Some(&heirs))?;
    let org = anchored(org, Some(&own), Some(&givers))?;
    let mut changes = by.changes(flow)?.with(Write::PutOrg(org)).with(audit);
    for membership in [heirs, givers] {
        changes.push(Write::MoveRights { org: membership.org, user: Some(membership.user) });
        changes.push(Write::PutMembership(membership));
    }
    Ok(changes)
}
