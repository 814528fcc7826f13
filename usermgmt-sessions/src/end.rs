//! A session ends.

use serde_json::json;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::id::SessionId;
use usermgmt_core::model::{Actor, AuditKind};
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{ChangeSet, Write};

fn actor(principal: &Principal) -> Actor {
    Actor::User { user: principal.user(), session: Some(principal.session()) }
}

/// Ends the principal's own session.
///
/// # Errors
/// Fails when the random generator fails.
pub fn sign_out(flow: &Flow<'_>, principal: &Principal) -> Result<ChangeSet> {
    Ok(flow.changes()?.with(Write::EndSession { user: principal.user(), id: principal.session() }).with(flow.audit(
        AuditKind::SignedOut,
        actor(principal),
        principal.user(),
        json!({}),
    )?))
}

/// Ends another session of the principal. One of somebody else is left alone, like one that does not exist.
///
/// # Errors
/// Fails when the random generator fails.
pub fn end_one(flow: &Flow<'_>, principal: &Principal, id: SessionId) -> Result<ChangeSet> {
    Ok(flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(Write::EndSession { user: principal.user(), id })
        .with(flow.audit(AuditKind::SignedOut, actor(principal), principal.user(), json!({ "session": id }))?))
}

/// Ends every session of the principal, by one row: the epoch moves and all older sessions are dead. With `keep`, the
/// acting session is made anew in the same commit, with a new secret.
///
/// # Errors
/// Fails when the random generator fails.
pub fn end_all(flow: &Flow<'_>, principal: &Principal, keep: bool) -> Result<(ChangeSet, Option<Bearer>)> {
    let user = principal.user();
    let changes = flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(Write::MoveAuthEpoch { user, from: principal.auth_epoch() })
        .with(flow.audit(AuditKind::SignedOutEverywhere, actor(principal), user, json!({ "kept_own": keep }))?);
    if !keep {
        return Ok((changes.with(Write::EndSession { user, id: principal.session() }), None));
    }
    let secret = Bearer::mint(BearerKind::Session, flow.random)?;
    let rotation = principal.rotation(secret.digest(), principal.proofs().to_vec(), principal.auth_epoch() + 1);
    Ok((changes.with(rotation), Some(secret)))
}
