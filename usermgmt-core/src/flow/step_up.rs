//! A further proof in a running session.

use serde_json::json;

use super::{Flow, Result};
use crate::model::{Actor, AuditKind, Method, Proof};
use crate::proof::Principal;
use crate::secret::{Bearer, BearerKind};
use crate::store::{ChangeSet, Write};

/// Most proofs that a session remembers; the oldest give way.
const PROOFS_KEPT: usize = 8;

/// Works out a step-up: the proof is added to the session, whose secret rotates because its rights have grown.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan(flow: &Flow<'_>, principal: &Principal, method: Method) -> Result<(ChangeSet, Bearer)> {
    let secret = Bearer::mint(BearerKind::Session, flow.random)?;
    let mut proofs = principal.proofs().to_vec();
    proofs.push(Proof { method, at: flow.now });
    let surplus = proofs.len().saturating_sub(PROOFS_KEPT);
    proofs.drain(..surplus);
    let actor = Actor::User { user: principal.user(), session: Some(principal.session()) };
    let changes = flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(Write::RotateSession {
            user: principal.user(),
            id: principal.session(),
            from: principal.digest(),
            to: secret.digest(),
            proofs,
            org: principal.org().map(|standing| standing.org),
            auth_epoch: principal.auth_epoch(),
        })
        .with(flow.audit(AuditKind::SteppedUp, actor, principal.user(), json!({ "method": method.as_str() }))?);
    Ok((changes, secret))
}
