//! Roles that an organisation makes for itself, and why a decision is what it is.

use serde::Serialize;
use serde_json::json;
use usermgmt_core::error::{Check, FieldError, Refused};
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::limits::{RIGHTS_PER_ROLE, ROLES_PER_ORG};
use usermgmt_core::model::{AuditKind, CustomRole, Membership, MembershipStatus, Org, RoleKey};
use usermgmt_core::permission::Roles;
use usermgmt_core::policy::{Demand, evaluate};
use usermgmt_core::proof::{Principal, ScopeRules};
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_core::text;

use crate::ManageRoles;
use crate::authority::By;

/// What a role shall be.
#[derive(Clone, Copy, Debug)]
pub struct RoleInput<'a> {
    /// The role to change; a new one without.
    pub key: Option<&'a RoleKey>,
    /// Name to show, 1 to 64 characters.
    pub name: &'a str,
    /// The rights that it gives.
    pub rights: &'a [String],
}

/// Works out a role of the organisation, new or changed. Whoever has it has the new rights at the next request.
///
/// A role's key is made with it and never given again, so that nobody who once had a role has one that is made later.
///
/// # Errors
/// Invalid `name` (also one that another role has: nobody could tell them apart), `rights` (of permissions that nobody
/// registered) or number of roles; [`Refused::NotFound`] for a
/// key that is none of the organisation's; [`Refused::RightsExceeded`] if the role gives, or gave, rights that the
/// caller does not hold.
pub async fn put_role(flow: &Flow<'_>, by: By<'_, ManageRoles>, input: RoleInput<'_>) -> Result<(ChangeSet, RoleKey)> {
    let mut check = Check::default();
    let name = check.take(text::name("name", input.name));
    check.take(known(by.roles(), input.rights));
    check.end()?;
    let mut org = by.read(flow).await?;
    let named = name.as_deref().unwrap_or_default().to_lowercase();
    if org.roles.iter().any(|other| other.name.to_lowercase() == named && Some(&other.key) != input.key) {
        return Err(FieldError::new("name", FieldError::TAKEN).into());
    }
    let key = match input.key {
        Some(key) => key.clone(),
        None => RoleKey::new(text::slug_of(input.name, flow.random)?),
    };
    let mut rights = input.rights.to_vec();
    rights.sort_unstable();
    rights.dedup();
    let role = CustomRole { key: key.clone(), name: name.unwrap_or_default(), rights };
    let held = std::slice::from_ref(&key);
    let before = org.roles.iter().position(|known| known.key == key);
    match (before, input.key) {
        (Some(_), Some(_)) => by.holds(&org.roles, held)?,
        (None, None) if org.roles.len() >= ROLES_PER_ORG => {
            return Err(FieldError::new("name", FieldError::TOO_MANY).into());
        }
        (None, None) => {}
        _ => return Err(Refused::NotFound.into()),
    }
    by.holds(std::slice::from_ref(&role), held)?;
    let from = before.and_then(|place| org.roles.get(place)).map(|role| role.rights.clone());
    let detail = json!({ "role": key, "name": role.name, "from": from, "to": role.rights });
    match before.and_then(|place| org.roles.get_mut(place)) {
        Some(place) => *place = role,
        None => org.roles.push(role),
    }
    let audit = flow.audit_in(org.id, AuditKind::RoleChanged, by.actor(), detail)?;
    let put = Write::PutRoles { org: org.id, roles: org.roles, from: org.rights_version };
    Ok((by.changes(flow)?.with(put).with(audit), key))
}

fn known(roles: &Roles, rights: &[String]) -> Result<(), FieldError> {
    if rights.len() > RIGHTS_PER_ROLE {
        return Err(FieldError::new("rights", FieldError::TOO_MANY));
    }
    let all = rights.iter().all(|right| roles.is_known(right));
    if all { Ok(()) } else { Err(FieldError::new("rights", FieldError::UNKNOWN)) }
}

/// Works out that the organisation has a role no more; whoever has it keeps their others.
///
/// # Errors
/// [`Refused::NotFound`]; [`Refused::RightsExceeded`] if it gives rights that the caller does not hold.
pub async fn remove_role(flow: &Flow<'_>, by: By<'_, ManageRoles>, key: &RoleKey) -> Result<ChangeSet> {
    let mut org = by.read(flow).await?;
    let place = org.roles.iter().position(|role| role.key == *key).ok_or(Refused::NotFound)?;
    by.holds(&org.roles, std::slice::from_ref(key))?;
    let role = org.roles.remove(place);
    let detail = json!({ "role": role.key, "name": role.name, "from": role.rights });
    let audit = flow.audit_in(org.id, AuditKind::RoleRemoved, by.actor(), detail)?;
    let put = Write::PutRoles { org: org.id, roles: org.roles, from: org.rights_version };
    Ok(by.changes(flow)?.with(put).with(audit))
}

/// Why a permission is given or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The permission that was asked about.
    pub permission: String,
    /// The answer.
    pub allowed: bool,
    /// Whether the membership is in force.
    pub active: bool,
    /// The member's roles, each with its rights.
    pub roles: Vec<RoleRights>,
    /// The role and its right that give the permission.
    pub because: Option<Because>,
    /// What the policy of application and organisation still demands of the session; only known of one's own.
    pub demands: Vec<Demand>,
}

/// A role and what it gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleRights {
    /// Key.
    pub role: RoleKey,
    /// Its rights; empty also for a role that is no more.
    pub rights: Vec<String>,
}

/// Which right of which role gives a permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Because {
    /// The role.
    pub role: RoleKey,
    /// Its right, such as `project:*`.
    pub right: String,
}

/// Explains a decision about a member.
///
/// # Errors
/// An invalid `permission`: one that nobody registered.
pub fn explain(roles: &Roles, org: &Org, membership: &Membership, permission: &str) -> Result<Explanation, FieldError> {
    if !roles.permissions().any(|known| known == permission) {
        return Err(FieldError::new("permission", FieldError::UNKNOWN));
    }
    let rights_of = |role: &RoleKey| {
        let held = roles.held(&org.roles, std::slice::from_ref(role));
        RoleRights { role: role.clone(), rights: held.iter().map(|(_, right)| right.to_owned()).collect() }
    };
    let because = roles.held(&org.roles, &membership.roles).because(permission);
    let active = membership.status == MembershipStatus::Active;
    Ok(Explanation {
        permission: permission.to_owned(),
        allowed: active && because.is_some(),
        active,
        roles: membership.roles.iter().map(rights_of).collect(),
        because: because.map(|(role, right)| Because { role: role.clone(), right: right.to_owned() }),
        demands: Vec::new(),
    })
}

/// Explains a decision about a session in the organisation that it acts in, policy included.
///
/// # Errors
/// An invalid `permission`, [`Refused::NoActiveOrg`], or as the store.
pub async fn explain_own(
    flow: &Flow<'_>,
    rules: &ScopeRules,
    principal: &Principal,
    permission: &str,
) -> Result<Explanation> {
    let standing = principal.org().ok_or(Refused::NoActiveOrg)?;
    let org = flow.store.org(flow.realm, standing.org).await?.ok_or(Refused::NoActiveOrg)?;
    let membership = flow.store.membership(standing.org, principal.user()).await?.ok_or(Refused::NoActiveOrg)?;
    let demands = evaluate(&rules.policy.strictest(&org.policy), principal.evidence(&membership.roles), flow.now);
    let explanation = explain(&rules.roles, &org, &membership, permission)?;
    Ok(Explanation { allowed: explanation.allowed && demands.is_empty(), demands, ..explanation })
}
