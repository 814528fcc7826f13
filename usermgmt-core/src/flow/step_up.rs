//! A further proof in a running session.

use serde_json::json;

use super::{Flow, Result};
use crate::model::{Actor, AuditKind, Method, Proof};
use crate::proof::Principal;
use crate::secret::{Bearer, BearerKind};
use crate::store::{ChangeSet, Write};

/// Most proofs that a session remembers.
const PROOFS_KEPT: usize = 8;

/// Leaves the latest proofs. The latest of each method stays, so that what was proven once is not forgotten over what is
/// proven often.
pub(super) fn cut(proofs: &mut Vec<Proof>) {
    let repeated = |proofs: &[Proof]| {
        let again =
            |place: usize, proof: &Proof| proofs.iter().skip(place + 1).any(|later| later.method == proof.method);
        proofs.iter().enumerate().position(|(place, proof)| again(place, proof))
    };
    while proofs.len() > PROOFS_KEPT {
        proofs.remove(repeated(proofs).unwrap_or(0));
    }
}

/// Works out a step-up: the proof is added to the session, whose secret rotates because its rights have grown.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan(flow: &Flow<'_>, principal: &Principal, method: Method) -> Result<(ChangeSet, Bearer)> {
    let secret = Bearer::mint(BearerKind::Session, flow.random)?;
    let mut proofs = principal.proofs().to_vec();
    proofs.push(Proof { method, at: flow.now });
    cut(&mut proofs);
    let actor = Actor::User { user: principal.user(), session: Some(principal.session()) };
    let changes = flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(principal.rotation(secret.digest(), proofs, principal.auth_epoch()))
        .with(flow.audit(AuditKind::SteppedUp, actor, principal.user(), json!({ "method": method.as_str() }))?);
    Ok((changes, secret))
}
