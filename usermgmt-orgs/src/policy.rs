//! What an organisation demands of sessions.

use serde_json::json;
use usermgmt_core::error::Refused;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::model::{Actor, AuditKind};
use usermgmt_core::policy::{AuthPolicy, evaluate};
use usermgmt_core::proof::Permit;
use usermgmt_core::store::{ChangeSet, Write};

use crate::ManagePolicy;

/// Works out a new policy of the permit's organisation. Whoever sets it must already comply.
///
/// # Errors
/// [`Refused::PolicyUnmet`] if the caller's own session does not satisfy the new policy.
pub async fn set_policy(flow: &Flow<'_>, permit: &Permit<ManagePolicy>, policy: AuthPolicy) -> Result<ChangeSet> {
    let (scope, principal) = (permit.scope(), permit.scope().principal());
    let demands = evaluate(&policy, principal.evidence(scope.roles()), flow.now);
    if !demands.is_empty() {
        return Err(Refused::PolicyUnmet(demands).into());
    }
    let (_, from) = flow.store.policy(scope.org()).await?.ok_or(Refused::NotFound)?;
    let actor = Actor::User { user: principal.user(), session: Some(principal.session()) };
    let detail = json!({ "policy": policy });
    let id = flow.changes()?.id();
    Ok(scope.changes(id, flow.now).with(Write::PutPolicy { org: scope.org(), policy, from }).with(flow.audit_in(
        scope.org(),
        AuditKind::PolicyChanged,
        actor,
        detail,
    )?))
}
