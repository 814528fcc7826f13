//! What an organisation demands of sessions.

use serde_json::json;
use usermgmt_core::error::Refused;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::model::{Actor, AuditKind, FactorKind, FactorKinds, Method};
use usermgmt_core::policy::{AuthPolicy, evaluate};
use usermgmt_core::proof::Permit;
use usermgmt_core::store::{ChangeSet, Write};

use crate::ManagePolicy;

/// Works out a new policy of the permit's organisation. Whoever sets it must already comply, and nobody may be stranded:
/// where none of the ways counts that are open to everybody (`open`: password, messages that sign in), each active
/// member must have a factor that does. Who joins later, or gives the last such factor up, is told at the door.
///
/// # Errors
/// [`Refused::PolicyUnmet`] if the caller's own session does not satisfy the new policy, [`Refused::MembersStranded`] if
/// some member could not.
pub async fn set_policy(
    flow: &Flow<'_>,
    permit: &Permit<ManagePolicy>,
    policy: AuthPolicy,
    open: &[Method],
) -> Result<ChangeSet> {
    let (scope, principal) = (permit.scope(), permit.scope().principal());
    let demands = evaluate(&policy, principal.evidence(scope.roles()), flow.now);
    if !demands.is_empty() {
        return Err(Refused::PolicyUnmet(demands).into());
    }
    if !open.iter().any(|method| policy.counts(*method)) {
        let counts = |kind: &FactorKind| kind.is_second() && kind.method().is_some_and(|method| policy.counts(method));
        let counting: FactorKinds = FactorKind::ALL.iter().copied().filter(counts).collect();
        if flow.store.member_without(scope.org(), counting).await?.is_some() {
            return Err(Refused::MembersStranded.into());
        }
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
