//! The checks behind the extractors of every adapter.
//!
//! An adapter's extractor fetches the [`Memo`] that is kept with the request (see [`crate::adapter`]) and calls one of
//! these.

use std::sync::Arc;

use time::Duration;
use usermgmt_service::core::model::AuditKind;
use usermgmt_service::core::permission::Permission;
use usermgmt_service::core::proof::{OrgScope, Permit, Principal, StepUp};
use usermgmt_service::{Refused, UserMgmt};

use crate::authenticate::{Head, Memo};
use crate::problem::Problem;

/// Name of the path parameter that names an organisation.
pub const ORG_PARAM: &str = "org";

/// Who is signed in.
///
/// # Errors
/// 401 if nobody is.
pub fn current_user(auth: &UserMgmt, memo: &Memo) -> Result<Arc<Principal>, Problem> {
    memo.clone()?.ok_or_else(|| Problem::refused(&Refused::Unauthenticated, auth.now()))
}

/// The organisation that the session acts in. Where the route names one by its parameter `org`, as id or slug, or the
/// host does, it must be that one.
///
/// # Errors
/// 401; 404 for an organisation that is not the caller's, existing or not; 403 for one of the caller's that is not the
/// active one, for none, or for a policy that is not met; 503.
pub async fn active_org(
    auth: &UserMgmt,
    head: &Head<'_>,
    memo: &Memo,
    named: Option<&str>,
) -> Result<OrgScope, Problem> {
    let principal = current_user(auth, memo)?;
    let mut scope = auth.scope(&principal).map_err(Into::into);
    // Whatever names an organisation must name the one that the session acts in.
    for name in head.organization(auth).into_iter().chain(named) {
        scope = auth.scope_named(&principal, name).await;
        if scope.is_err() {
            break;
        }
    }
    scope.map_err(|error| Problem::of(error, auth.now()))
}

/// A right in the organisation.
///
/// # Errors
/// As [`active_org`]; 403 with the permission's name if the right is missing.
pub async fn permit<P: Permission>(
    auth: &UserMgmt,
    head: &Head<'_>,
    memo: &Memo,
    named: Option<&str>,
) -> Result<Permit<P>, Problem> {
    let scope = right(auth, head, memo, named, P::KEY).await?;
    scope.permit().map_err(|refused| Problem::refused(&refused, auth.now()))
}

/// The organisation, if the caller has the right with this key in it.
///
/// # Errors
/// As [`permit`].
pub async fn right(
    auth: &UserMgmt,
    head: &Head<'_>,
    memo: &Memo,
    named: Option<&str>,
    key: &'static str,
) -> Result<OrgScope, Problem> {
    let scope = active_org(auth, head, memo, named).await?;
    if scope.may(key) {
        return Ok(scope);
    }
    auth.refusals().note(AuditKind::PermissionRefused, &head.client(auth), key, auth.now());
    Err(Problem::refused(&Refused::PermissionMissing(key), auth.now()))
}

/// A recent proof: within the given seconds, or the configured time.
///
/// # Errors
/// 401, or 403 `step_up_required` with a challenge.
pub fn step_up(auth: &UserMgmt, memo: &Memo, seconds: Option<u32>) -> Result<StepUp, Problem> {
    let principal = current_user(auth, memo)?;
    let within = seconds.map(|seconds| Duration::seconds(seconds.into()));
    auth.step_up(&principal, within).map_err(|refused| Problem::refused(&refused, auth.now()))
}
