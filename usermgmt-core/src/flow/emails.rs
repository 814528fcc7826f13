//! The addresses of an account: adding, proving, removing, choosing the primary one.
//!
//! An address that is asked for stands nowhere until it is proven, so nobody can keep its owner from it. The answer to
//! the request is the same for a free address and one that belongs to somebody.

use serde_json::json;

use super::{Flow, Result, mailed};
use crate::address::{CANONICAL_VERSION, EmailAddress};
use crate::error::{FieldError, Refused};
use crate::id::UserId;
use crate::limits;
use crate::model::{
    Actor, AddressRequest, AuditKind, Identifier, IdentifierKind, MailKind, SignInRecord, Token, TokenKind, User,
    UserStatus, Version,
};
use crate::proof::Principal;
use crate::store::{ChangeSet, Write};

/// A wish for another address.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Whose account it is for.
    pub user: UserId,
    /// Whether it is to take the place of the primary one.
    pub replaces_primary: bool,
    /// Whether the holder of the primary address must approve.
    pub needs_approval: bool,
}

fn actor(user: UserId) -> Actor {
    Actor::User { user, session: None }
}

/// Acts on a wish for another address, as the worker.
///
/// # Errors
/// As the store.
pub async fn fulfil(
    flow: &Flow<'_>,
    request: &AddressRequest,
    wish: Wish,
    known: Option<SignInRecord>,
) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    let user = flow.store.user(flow.realm, wish.user).await?;
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else { return Ok(changes) };
    if let Some(known) = known.filter(|known| known.identifier.verified_at.is_some()) {
        // The owner is told, unless it is the same person.
        if let Some(to) = mailed::recipient(&known.identifier).filter(|_| known.user.id != user.id) {
            mailed::write_to(flow, &mut changes, MailKind::EmailTaken, &known.user, to, None)?;
        }
        return Ok(changes);
    }
    let emails = mailed::emails(flow, user.id).await?;
    let approver = mailed::primary(&emails).filter(|_| wish.needs_approval).and_then(mailed::recipient);
    let (kind, mail, to) = match approver {
        Some(primary) => (TokenKind::ApproveEmail, MailKind::ApproveEmail, primary),
        None => (TokenKind::AddEmail, MailKind::AddEmail, request.email.clone()),
    };
    let token = flow.token(kind, user.id, &request.email, Some(request.browser))?;
    let token = Token { replaces_primary: wish.replaces_primary, ..token };
    for kind in [TokenKind::ApproveEmail, TokenKind::AddEmail] {
        changes.push(Write::RevokeTokens { user: user.id, kind });
    }
    changes.push(flow.audit(AuditKind::EmailAddRequested, actor(user.id), user.id, json!({}))?);
    mailed::write_with(flow, &mut changes, mail, &user, to, token)?;
    Ok(changes)
}

/// Works out the approval by the holder of the primary address: now the new one is written to.
///
/// # Errors
/// [`Refused::LinkInvalid`] if the account may not be used, or as the store.
pub async fn plan_approval(flow: &Flow<'_>, token: &Token) -> Result<ChangeSet> {
    let (user, _) = mailed::holder(flow, token).await?;
    let to = EmailAddress::parse(&token.display).map_err(|_| Refused::LinkInvalid)?;
    let next = flow.token(TokenKind::AddEmail, user.id, &to, token.browser)?;
    let next = Token { replaces_primary: token.replaces_primary, ..next };
    let mut changes = flow.changes()?.with(Write::ConsumeToken { id: token.id });
    changes.push(flow.audit(AuditKind::EmailAddApproved, actor(user.id), user.id, json!({}))?);
    mailed::write_with(flow, &mut changes, MailKind::AddEmail, &user, to, next)?;
    Ok(changes)
}

/// Works out the proof of an added address.
///
/// # Errors
/// [`Refused::LinkInvalid`] if the account may not be used or has all the addresses it may have, or as the store. A
/// commit that meets the address elsewhere is a duplicate.
pub async fn plan_proof(flow: &Flow<'_>, token: &Token) -> Result<ChangeSet> {
    let (user, emails) = mailed::holder(flow, token).await?;
    if emails.len() >= limits::EMAILS_PER_USER {
        return Err(Refused::LinkInvalid.into());
    }
    let mut changes = flow.changes()?.with(Write::ConsumeToken { id: token.id });
    let former = mailed::primary(&emails);
    let primary = token.replaces_primary || former.is_none();
    changes.push(Write::PutIdentifier(Identifier {
        realm: flow.realm,
        kind: IdentifierKind::Email,
        canonical: token.canonical.clone(),
        display: token.display.clone(),
        canonical_version: CANONICAL_VERSION,
        user: user.id,
        primary,
        verified_at: Some(flow.now),
        undeliverable_at: None,
        created_at: flow.now,
        version: Version::NEW,
    }));
    let detail = json!({ "replaces_primary": primary });
    changes.push(flow.audit(AuditKind::EmailAdded, actor(user.id), user.id, detail)?);
    if let Some(former) = former {
        let mail = if primary { MailKind::PrimaryEmailChanged } else { MailKind::EmailAdded };
        mailed::notify(flow, &mut changes, mail, &user, former).await?;
        if primary {
            changes.push(delete(former));
        }
    }
    Ok(changes)
}

/// Works out the removal of an address of the principal.
///
/// # Errors
/// [`Refused::NotFound`] for one that is not theirs; an invalid `email` for the primary one, which can only be replaced;
/// or as the store.
pub async fn plan_removal(flow: &Flow<'_>, principal: &Principal, canonical: &str) -> Result<ChangeSet> {
    let (user, emails) = own(flow, principal).await?;
    let email = emails.iter().find(|email| email.canonical == canonical).ok_or(Refused::NotFound)?;
    if email.primary {
        return Err(FieldError::new("email", FieldError::PRIMARY).into());
    }
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority())).with(delete(email));
    changes.push(flow.audit(AuditKind::EmailRemoved, session_of(principal), user.id, json!({}))?);
    // Whoever holds the removed address learns of it, and can undo nothing by it.
    if let Some(to) = mailed::recipient(email) {
        mailed::write_to(flow, &mut changes, MailKind::EmailRemoved, &user, to, None)?;
    }
    if let Some(primary) = mailed::primary(&emails) {
        mailed::notify(flow, &mut changes, MailKind::EmailRemoved, &user, primary).await?;
    }
    Ok(changes)
}

/// Works out another primary address of the principal, one of the proven ones.
///
/// # Errors
/// [`Refused::NotFound`] for one that is not theirs and proven, or as the store.
pub async fn plan_primary(flow: &Flow<'_>, principal: &Principal, canonical: &str) -> Result<ChangeSet> {
    let (user, emails) = own(flow, principal).await?;
    let chosen = emails.iter().find(|email| email.canonical == canonical && email.verified_at.is_some());
    let chosen = chosen.ok_or(Refused::NotFound)?;
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
    if chosen.primary {
        return Ok(changes);
    }
    for former in emails.iter().filter(|email| email.primary) {
        changes.push(Write::PutIdentifier(Identifier { primary: false, ..former.clone() }));
    }
    changes.push(Write::PutIdentifier(Identifier { primary: true, ..chosen.clone() }));
    changes.push(flow.audit(AuditKind::PrimaryEmailChanged, session_of(principal), user.id, json!({}))?);
    if let Some(former) = mailed::primary(&emails) {
        mailed::notify(flow, &mut changes, MailKind::PrimaryEmailChanged, &user, former).await?;
    }
    Ok(changes)
}

/// Works out that mail to an address comes back: nothing is sent to it any more. `None` if that is known already.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan_bounce(flow: &Flow<'_>, record: &SignInRecord, actor: Actor) -> Result<Option<ChangeSet>> {
    if record.identifier.undeliverable_at.is_some() {
        return Ok(None);
    }
    let identifier = Identifier { undeliverable_at: Some(flow.now), ..record.identifier.clone() };
    let audit = flow.audit(AuditKind::EmailUndeliverable, actor, record.user.id, json!({}))?;
    Ok(Some(flow.changes()?.with(Write::PutIdentifier(identifier)).with(audit)))
}

async fn own(flow: &Flow<'_>, principal: &Principal) -> Result<(User, Vec<Identifier>)> {
    let user = flow.store.user(flow.realm, principal.user()).await?.ok_or(Refused::NotFound)?;
    let emails = mailed::emails(flow, user.id).await?;
    Ok((user, emails))
}

fn session_of(principal: &Principal) -> Actor {
    Actor::User { user: principal.user(), session: Some(principal.session()) }
}

fn delete(email: &Identifier) -> Write {
    let Identifier { realm, kind, canonical, user, version, .. } = email.clone();
    Write::DeleteIdentifier { realm, kind, canonical, user, version }
}
