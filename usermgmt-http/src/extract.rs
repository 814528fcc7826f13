//! The checks behind the extractors of every adapter.
//!
//! An adapter's extractor fetches the [`Memo`] that is kept with the request (see [`crate::adapter`]) and calls one of
//! these.

use std::sync::Arc;

use serde_json::json;
use time::Duration;
use usermgmt_service::core::model::{AuditKind, Method};
use usermgmt_service::core::permission::Permission;
use usermgmt_service::core::proof::{Access, KeyHolder, MultiFactor, OrgScope, Permit, Principal, StepUp};
#[cfg(feature = "tokens")]
use usermgmt_service::jwt::Verified;
use usermgmt_service::{Refused, UserMgmt};

#[cfg(feature = "tokens")]
use crate::authenticate::not_a_token;
use crate::authenticate::{Head, Identity, Memo};
use crate::problem::Problem;

/// Name of the path parameter that names an organisation.
pub const ORG_PARAM: &str = "org";

/// Who is signed in, if anybody is. A program with an API key is neither somebody nor nobody.
///
/// # Errors
/// 403 for an API key; 503.
pub fn maybe_user(memo: &Memo) -> Result<Option<Arc<Principal>>, Problem> {
    match memo.clone()? {
        Identity::Nobody => Ok(None),
        Identity::User(principal) => Ok(Some(principal)),
        Identity::Key(_) => Err(Problem::KEY_NOT_ACCEPTED),
    }
}

/// Who is signed in.
///
/// # Errors
/// 401 if nobody is; 403 for an API key.
pub fn current_user(auth: &UserMgmt, memo: &Memo) -> Result<Arc<Principal>, Problem> {
    maybe_user(memo)?.ok_or_else(|| Problem::refused(&Refused::Unauthenticated, auth.now()))
}

/// The API key that was presented.
///
/// # Errors
/// 401 if none was.
pub fn key_holder(memo: &Memo) -> Result<KeyHolder, Problem> {
    match memo.clone()? {
        Identity::Key(holder) => Ok(holder),
        Identity::Nobody | Identity::User(_) => Err(Problem::KEY_REQUIRED),
    }
}

/// A permission, by a member who is signed in or by an API key.
///
/// # Errors
/// As [`permit`]; for an API key 404 for an organisation that it does not act in, 403 `insufficient_scope` if neither it
/// nor its owner has the permission.
pub async fn access<P: Permission>(
    auth: &UserMgmt,
    head: &Head<'_>,
    memo: &Memo,
    named: Option<&str>,
) -> Result<Access<P>, Problem> {
    match memo.clone()? {
        Identity::Key(holder) => {
            key_right(auth, head, &holder, named, P::KEY)?;
            holder.permit().map(Access::Key).map_err(|refused| Problem::refused(&refused, auth.now()))
        }
        Identity::Nobody | Identity::User(_) => permit(auth, head, memo, named).await.map(Access::Member),
    }
}

/// Makes sure that an API key may use the right with this key, in the organisation that is named.
///
/// # Errors
/// As [`access`].
pub fn key_right(
    auth: &UserMgmt,
    head: &Head<'_>,
    holder: &KeyHolder,
    named: Option<&str>,
    key: &'static str,
) -> Result<(), Problem> {
    let refused = |refused| Problem::refused(&refused, auth.now());
    let org = holder.org().ok_or_else(|| refused(Refused::NoActiveOrg))?.to_string();
    let mut names = head.organization(auth).into_iter().chain(named);
    if !names.all(|name| name == org || Some(name) == holder.org_slug()) {
        return Err(refused(Refused::NotFound));
    }
    if holder.may(key) {
        return Ok(());
    }
    auth.refusals().note(AuditKind::PermissionRefused, &head.client(auth), key, auth.now());
    Err(Problem { challenge: Some(json!({ "permission": key })), ..Problem::INSUFFICIENT_SCOPE })
}

/// What an access token says, without asking the store whether its session still runs.
///
/// # Errors
/// 401, also where access tokens are not switched on; 503.
#[cfg(feature = "tokens")]
pub async fn claims(auth: &UserMgmt, head: &Head<'_>) -> Result<Verified, Problem> {
    let (Some(tokens), Some(text)) = (auth.tokens(), head.bearer()) else { return Err(Problem::INVALID_TOKEN) };
    tokens.verify(text).await.map_err(|error| not_a_token(auth, head, error))
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
    auth.step_up(&principal, within).map_err(|refused| challenge(auth, &refused))
}

/// Two factors, proven in this session whenever.
///
/// # Errors
/// 401; 403 `step_up_required` with a challenge, or `policy_unmet` for an account that has no second factor yet.
pub fn multi_factor(auth: &UserMgmt, memo: &Memo) -> Result<MultiFactor, Problem> {
    let principal = current_user(auth, memo)?;
    auth.multi_factor(&principal).map_err(|refused| challenge(auth, &refused))
}

/// The problem that asks for a proof, by what the application has: where there are no passwords, a mail in their place.
pub(crate) fn challenge(auth: &UserMgmt, refused: &Refused) -> Problem {
    let passwords = auth.settings().has_passwords();
    let there = |method: &Method| if *method == Method::Password && !passwords { Method::Email } else { *method };
    match refused {
        Refused::StepUpRequired(methods) => {
            let refused = Refused::StepUpRequired(methods.iter().map(there).collect());
            Problem::refused(&refused, auth.now())
        }
        other => Problem::refused(other, auth.now()),
    }
}
