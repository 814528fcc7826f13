//! A session changes the organisation it acts in.

use serde_json::json;
use usermgmt_core::error::Refused;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{Actor, AuditKind, MembershipStatus, OrgStatus};
use usermgmt_core::policy::{AuthPolicy, evaluate};
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{ChangeSet, Write};

/// Works out that the session acts in another organisation from now on. Its rights change, so its secret rotates.
///
/// # Errors
/// [`Refused::NotFound`] for an organisation that is not the principal's, existing or not; [`Refused::PolicyUnmet`]
/// if it demands more than this session has.
pub async fn enter(
    flow: &Flow<'_>,
    principal: &Principal,
    id: OrgId,
    app_policy: &AuthPolicy,
) -> Result<(ChangeSet, Bearer)> {
    let membership = flow.store.membership(id, principal.user()).await?;
    let membership = membership.filter(|membership| membership.status == MembershipStatus::Active);
    let membership = membership.ok_or(Refused::NotFound)?;
    let org = flow.store.org(flow.realm, id).await?;
    let org = org.filter(|org| org.status == OrgStatus::Active).ok_or(Refused::NotFound)?;
    let demands = evaluate(&app_policy.strictest(&org.policy), principal.evidence(&membership.roles), flow.now);
    if !demands.is_empty() {
        return Err(Refused::PolicyUnmet(demands).into());
    }
    let secret = Bearer::mint(BearerKind::Session, flow.random)?;
    let actor = Actor::User { user: principal.user(), session: Some(principal.session()) };
    let changes = flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(Write::RotateSession {
            user: principal.user(),
            id: principal.session(),
            from: principal.digest(),
            to: secret.digest(),
            proofs: principal.proofs().to_vec(),
            org: Some(id),
            auth_epoch: principal.auth_epoch(),
        })
        .with(flow.audit_in(id, AuditKind::OrgEntered, actor, json!({}))?);
    Ok((changes, secret))
}
