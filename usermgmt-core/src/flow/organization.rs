//! The making of an organisation.

use serde_json::json;

use super::{Flow, Result};
use crate::id::OrgId;
use crate::model::{Actor, AuditKind, Membership, MembershipStatus, Org, OrgStatus, RoleKey, User, Version};
use crate::policy::AuthPolicy;
use crate::store::{ChangeSet, Write};

/// Adds the making of an organisation with one owner to a change set.
///
/// # Errors
/// Fails when the random generator fails.
pub fn with_owner(flow: &Flow<'_>, changes: &mut ChangeSet, owner: &User, name: String) -> Result<OrgId> {
    let id = OrgId::new(flow.random, flow.now)?;
    changes.push(Write::PutOrg(Org {
        id,
        realm: flow.realm,
        name,
        status: OrgStatus::Active,
        owners: 1,
        members: 1,
        policy: AuthPolicy::default(),
        rights_version: 1,
        policy_epoch: 1,
        created_at: flow.now,
        version: Version::NEW,
    }));
    changes.push(Write::PutMembership(Membership {
        org: id,
        user: owner.id,
        roles: vec![RoleKey::new(RoleKey::OWNER)],
        status: MembershipStatus::Active,
        rights_version: Membership::first_rights(flow.now),
        created_at: flow.now,
        version: Version::NEW,
    }));
    let actor = || Actor::User { user: owner.id, session: None };
    changes.push(flow.audit_in(id, AuditKind::OrgCreated, actor(), json!({}))?);
    changes.push(flow.audit_in(
        id,
        AuditKind::MemberAdded,
        actor(),
        json!({ "user": owner.id, "roles": ["owner"] }),
    )?);
    Ok(id)
}
