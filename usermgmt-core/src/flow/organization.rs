//! The making of an organisation.

use serde_json::json;

use super::{Flow, Result};
use crate::id::{OrgId, UserId};
use crate::model::{Actor, AuditEvent, AuditKind, Job, Membership, MembershipStatus, Org, OrgStatus, RoleKey, Version};
use crate::policy::AuthPolicy;
use crate::store::{ChangeSet, Write};
use crate::text;

/// Adds the making of an organisation with one owner to a change set.
///
/// # Errors
/// Fails when the random generator fails.
pub fn with_owner(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    actor: Actor,
    owner: UserId,
    name: String,
) -> Result<OrgId> {
    let id = OrgId::new(flow.random, flow.now)?;
    changes.push(Write::PutOrg(Org {
        id,
        realm: flow.realm,
        slug: text::slug_of(&name, flow.random)?,
        name,
        status: OrgStatus::Active,
        deleted_at: None,
        owners: 1,
        members: 1,
        seats: None,
        roles: Vec::new(),
        policy: AuthPolicy::default(),
        rights_version: 1,
        policy_epoch: 1,
        created_at: flow.now,
        version: Version::NEW,
    }));
    changes.push(Write::PutMembership(Membership {
        org: id,
        user: owner,
        roles: vec![RoleKey::new(RoleKey::OWNER)],
        status: MembershipStatus::Active,
        rights_version: Membership::first_rights(flow.now),
        created_at: flow.now,
        version: Version::NEW,
    }));
    changes.push(flow.audit_in(id, AuditKind::OrgCreated, actor.clone(), json!({}))?);
    let added = flow.event(AuditKind::MemberAdded, actor)?;
    let detail = json!({ "roles": [RoleKey::OWNER] });
    changes.push(flow.record(AuditEvent { org: Some(id), subject: Some(owner), detail, ..added }));
    changes.push(flow.job(Job::MembersChanged { org: id })?);
    Ok(id)
}
