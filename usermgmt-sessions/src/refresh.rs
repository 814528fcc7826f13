//! A session goes on by refresh tokens instead of a cookie (RFC 9700 section 4.14).

use serde_json::json;
use time::Duration;
use usermgmt_core::error::Refused;
use usermgmt_core::flow::{Flow, Result, mailed};
use usermgmt_core::model::{Actor, AuditKind, MailKind, Refresh};
use usermgmt_core::proof::Principal;
use usermgmt_core::refresh::RefreshToken;
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{ChangeSet, Write};

fn actor(principal: &Principal) -> Actor {
    Actor::User { user: principal.user(), session: Some(principal.session()) }
}

/// Works out that refresh tokens carry the principal's session from now on. Its cookie is worth nothing any more: two
/// ways in would be two to lose.
///
/// # Errors
/// [`Refused::Conflict`] for a session that they carry already.
pub fn begin_refresh(flow: &Flow<'_>, principal: &Principal) -> Result<(ChangeSet, RefreshToken)> {
    if principal.refresh().is_some() {
        return Err(Refused::Conflict.into());
    }
    // Nobody ever sees this one.
    let unknown = Bearer::mint(BearerKind::Session, flow.random)?;
    let rotation = principal.rotation(unknown.digest(), principal.proofs().to_vec(), principal.auth_epoch());
    let changes = flow
        .changes()?
        .with(Write::StillAuthorised(principal.authority()))
        .with(rotation)
        .with(Write::RotateRefresh { user: principal.user(), id: principal.session(), from: None })
        .with(flow.audit(AuditKind::RefreshBegun, actor(principal), principal.user(), json!({}))?);
    Ok((changes, RefreshToken::derive(flow.keys, principal.user(), principal.session(), 1)))
}

/// What a presented refresh token leads to.
#[derive(Debug)]
pub enum Refreshed {
    /// The session goes on with this token; the change set says so, if there is something to say.
    On(Box<Principal>, RefreshToken, Option<ChangeSet>),
    /// The token was used before by somebody: the session ends, and its owner is told.
    Reused(ChangeSet),
}

/// Works out what a presented refresh token leads to: its successor. The direct predecessor of the present token gives
/// the same successor for `leeway` after its use, because tabs ask at the same moment and answers get lost. Whatever is
/// older was copied, by the holder's backup or by somebody else: the session ends.
///
/// # Errors
/// [`Refused::Unauthenticated`] for a session that has ended, expired, or was never carried so.
pub async fn refresh(flow: &Flow<'_>, token: &RefreshToken, leeway: Duration) -> Result<Refreshed> {
    let record = flow.store.principal_of(flow.realm, token.user(), token.session()).await?;
    let record = record.ok_or(Refused::Unauthenticated)?;
    let principal = Principal::establish(record, flow.now).map_err(|_| Refused::Unauthenticated)?;
    let Refresh { generation, rotated_at } = principal.refresh().ok_or(Refused::Unauthenticated)?;
    let (user, session) = (principal.user(), principal.session());
    let successor = |generation| RefreshToken::derive(flow.keys, user, session, generation);
    if token.generation() == generation {
        let rotation = Write::RotateRefresh { user, id: session, from: Some(generation) };
        let changes = flow.changes()?.with(Write::StillAuthorised(principal.authority())).with(rotation);
        return Ok(Refreshed::On(Box::new(principal), successor(generation.saturating_add(1)), Some(changes)));
    }
    let is_parent = token.generation().checked_add(1) == Some(generation);
    if is_parent && flow.now - rotated_at <= leeway {
        return Ok(Refreshed::On(Box::new(principal), successor(generation), None));
    }
    let detail = json!({ "presented": token.generation(), "present": generation });
    let mut changes = flow.changes()?.with(Write::EndSession { user, id: session }).with(flow.audit(
        AuditKind::RefreshReused,
        actor(&principal),
        user,
        detail,
    )?);
    if let Some(user) = flow.store.user(flow.realm, user).await? {
        let contacts = mailed::contacts(flow, user.id).await?;
        if let Some(primary) = mailed::primary(&contacts) {
            mailed::notify(flow, &mut changes, MailKind::SessionStolen, &user, primary).await?;
        }
    }
    Ok(Refreshed::Reused(changes))
}

/// Works out that the session of a refresh token ends, whichever of its chain that is (RFC 7009). Nothing for a token
/// of a session that runs no more.
///
/// # Errors
/// As the store.
pub async fn revoke(flow: &Flow<'_>, token: &RefreshToken) -> Result<Option<ChangeSet>> {
    let found = flow.store.principal_of(flow.realm, token.user(), token.session()).await?;
    let Some(record) = found else { return Ok(None) };
    let session = record.session;
    if session.refresh.is_none() || session.ended_at.is_some() {
        return Ok(None);
    }
    let actor = Actor::User { user: session.user, session: Some(session.id) };
    let audit = flow.audit(AuditKind::SignedOut, actor, session.user, json!({}))?;
    Ok(Some(flow.changes()?.with(Write::EndSession { user: session.user, id: session.id }).with(audit)))
}
