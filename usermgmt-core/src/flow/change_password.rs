//! A new password, by somebody who is signed in and has just proven the present one.

use serde_json::json;

use super::sign_in::Facts;
use super::{Flow, Result, factors, mailed, reset_password};
use crate::model::{Actor, Attempt, AuditKind, MailKind, PasswordCredential, User};
use crate::password::PasswordHash;
use crate::proof::Principal;
use crate::secret::{Bearer, BearerKind};
use crate::store::{ChangeSet, Write};

/// Works out a change of password. The acting session goes on under a new secret; with `end_others` every other one
/// ends.
///
/// # Errors
/// As the store.
pub async fn plan(
    flow: &Flow<'_>,
    principal: &Principal,
    user: &User,
    former: Option<&PasswordCredential>,
    hash: PasswordHash,
    (history, end_others): (u8, bool),
) -> Result<(ChangeSet, Bearer)> {
    let secret = Bearer::mint(BearerKind::Session, flow.random)?;
    let actor = Actor::User { user: user.id, session: Some(principal.session()) };
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
    for kind in reset_password::ENDED {
        changes.push(Write::RevokeTokens { user: user.id, kind });
    }
    changes.push(Write::PutPassword(reset_password::renewed(flow, user, former, hash, history)));
    factors::distrust(&mut changes, user);
    mailed::meet(&mut changes, user);
    if end_others {
        changes.push(Write::MoveAuthEpoch { user: user.id, from: principal.auth_epoch() });
    }
    changes.push(principal.rotation(
        secret.digest(),
        principal.proofs().to_vec(),
        principal.auth_epoch() + u64::from(end_others),
    ));
    changes.push(flow.audit(AuditKind::PasswordChanged, actor, user.id, json!({ "ended_others": end_others }))?);
    if let Some(primary) = mailed::primary(&mailed::contacts(flow, user.id).await?) {
        mailed::notify(flow, &mut changes, MailKind::PasswordChanged, user, primary).await?;
    }
    Ok((changes, secret))
}

/// Works out the new password that a sign-in waits for. The sign-in goes on, in the attempt that is answered; whatever
/// else was begun with the former password ends, since others may know that one.
///
/// # Errors
/// As the store.
pub async fn plan_step(
    flow: &Flow<'_>,
    attempt: Attempt,
    facts: &Facts,
    hash: PasswordHash,
    history: u8,
) -> Result<(ChangeSet, Attempt)> {
    let user = &facts.user;
    let actor = Actor::User { user: user.id, session: None };
    let mut changes = flow.changes()?;
    for kind in reset_password::ENDED {
        changes.push(Write::RevokeTokens { user: user.id, kind });
    }
    changes.push(Write::PutPassword(reset_password::renewed(flow, user, facts.password.as_ref(), hash, history)));
    factors::distrust(&mut changes, user);
    mailed::meet(&mut changes, user);
    changes.push(Write::MoveAuthEpoch { user: user.id, from: user.auth_epoch });
    let attempt = Attempt { auth_epoch: user.auth_epoch + 1, ..attempt };
    changes.push(Write::PutAttempt(attempt.clone()));
    changes.push(flow.audit(AuditKind::PasswordChanged, actor, user.id, json!({ "ended_others": true }))?);
    // Whoever knew the former password may have been faster than the owner.
    if let Some(primary) = mailed::primary(&mailed::contacts(flow, user.id).await?) {
        mailed::notify(flow, &mut changes, MailKind::PasswordChanged, user, primary).await?;
    }
    Ok((changes, attempt))
}
