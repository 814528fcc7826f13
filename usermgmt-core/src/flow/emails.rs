//! The addresses of an account: adding, proving, removing, choosing the primary one.
//!
//! An address that is asked for stands nowhere until it is proven, so nobody can keep its owner from it. The answer to
//! the request is the same for a free address and one that belongs to somebody.

use serde_json::json;

use super::{Flow, Result, mailed};
use crate::contact::Contact;
use crate::error::{FieldError, Refused};
use crate::id::UserId;
use crate::limits;
use crate::model::{
    Actor, AddressRequest, AuditKind, Identifier, IdentifierKind, MailKind, SignInRecord, Token, TokenKind, User,
    UserStatus,
};
use crate::proof::Principal;
use crate::store::{ChangeSet, Write};

/// A wish for another address.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// Whose account it is for.
    pub user: UserId,
    /// The account's epoch when it was asked for.
    pub auth_epoch: u64,
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
    // A wish of before a reset is not granted after it.
    let may = |user: &User| user.status == UserStatus::Active && user.auth_epoch == wish.auth_epoch;
    let Some(user) = user.filter(may) else { return Ok(changes) };
    let known = known.filter(|known| known.identifier.verified_at.is_some());
    let (own, owner) = match known {
        Some(known) if known.user.id == user.id => (Some(known.identifier), None),
        other => (None, other),
    };
    // Of the own addresses only one whose mail came back needs another proof, and nobody has to approve it.
    if own.as_ref().is_some_and(|own| own.undeliverable_at.is_none()) {
        return Ok(changes);
    }
    let contacts = mailed::contacts(flow, user.id).await?;
    let asks = wish.needs_approval && own.is_none();
    // Who has no address is asked by nobody: a text carries no link.
    let approver = mailed::primary_of(&contacts, IdentifierKind::Email).filter(|_| asks).and_then(mailed::recipient);
    mailed::meet(&mut changes, &user);
    for kind in [TokenKind::ApproveEmail, TokenKind::AddEmail] {
        changes.push(Write::RevokeTokens { user: user.id, kind });
    }
    changes.push(flow.audit(AuditKind::EmailAddRequested, actor(user.id), user.id, json!({}))?);
    let kind = if approver.is_some() { TokenKind::ApproveEmail } else { TokenKind::AddEmail };
    let token = flow.token(kind, user.id, &request.to, Some(request.browser))?;
    let token = Token { replaces_primary: wish.replaces_primary, ..token };
    match approver {
        Some(primary) => mailed::write_with(flow, &mut changes, MailKind::ApproveEmail, &user, primary, token)?,
        None => ask_for_proof(flow, &mut changes, &user, request.to.clone(), token, owner)?,
    }
    Ok(changes)
}

/// Adds the token that proves an address, and the mail that carries it. If the address belongs to somebody else, that
/// person is told instead and the token reaches nobody: to whoever asked, both look the same.
fn ask_for_proof(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    user: &User,
    to: Contact,
    token: Token,
    owner: Option<SignInRecord>,
) -> Result<()> {
    let Some(owner) = owner else {
        return mailed::write_with(flow, changes, MailKind::AddEmail, user, to, token);
    };
    changes.push(Write::PutToken(token));
    match mailed::recipient(&owner.identifier) {
        Some(to) => {
            let notice = about(to.kind(), MailKind::EmailTaken, MailKind::PhoneTaken);
            mailed::write_to(flow, changes, notice, &owner.user, to, None)
        }
        None => Ok(()),
    }
}

/// The notice that is about this kind of identifier.
fn about(kind: IdentifierKind, email: MailKind, phone: MailKind) -> MailKind {
    if kind == IdentifierKind::Phone { phone } else { email }
}

/// Works out the approval by the holder of the primary address: now the new one is written to, or its owner if it
/// belongs to somebody else.
///
/// # Errors
/// [`Refused::LinkInvalid`] if the account may not be used, or as the store.
pub async fn plan_approval(flow: &Flow<'_>, token: &Token) -> Result<ChangeSet> {
    let (user, _) = mailed::holder(flow, token).await?;
    let to = token.contact().ok_or(Refused::LinkInvalid)?;
    let next = flow.token(TokenKind::AddEmail, user.id, &to, token.browser)?;
    let next = Token { replaces_primary: token.replaces_primary, ..next };
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    changes.push(flow.audit(AuditKind::EmailAddApproved, actor(user.id), user.id, json!({}))?);
    let owner = mailed::known(flow, &token.canonical).await?;
    let owner = owner.filter(|known| known.identifier.verified_at.is_some() && known.user.id != user.id);
    ask_for_proof(flow, &mut changes, &user, to, next, owner)?;
    Ok(changes)
}

/// Works out the proof of an added address. Whoever entered it before and has not proven it loses it.
///
/// # Errors
/// [`Refused::LinkInvalid`] if the account may not be used or has all the addresses it may have, or the address is
/// somebody else's; or as the store. A commit that meets the address elsewhere is a duplicate.
pub async fn plan_proof(flow: &Flow<'_>, token: &Token) -> Result<ChangeSet> {
    let (user, contacts) = mailed::holder(flow, token).await?;
    let contact = token.contact().ok_or(Refused::LinkInvalid)?;
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    if let Some(own) = contacts.iter().find(|own| own.canonical == token.canonical) {
        let verified_at = own.verified_at.or(Some(flow.now));
        changes.push(Write::PutIdentifier(Identifier { verified_at, undeliverable_at: None, ..own.clone() }));
        changes.push(flow.audit(AuditKind::EmailVerified, actor(user.id), user.id, json!({}))?);
        return Ok(changes);
    }
    let former = mailed::primary_of(&contacts, contact.kind());
    let primary = token.replaces_primary || former.is_none();
    let stay = contacts.len() - usize::from(primary && former.is_some());
    if stay >= limits::EMAILS_PER_USER {
        return Err(Refused::LinkInvalid.into());
    }
    if let Some(other) = mailed::known(flow, &token.canonical).await? {
        if other.identifier.verified_at.is_some() {
            return Err(Refused::LinkInvalid.into());
        }
        changes.push(delete(&other.identifier));
        changes.push(Write::RevokeTokens { user: other.user.id, kind: TokenKind::VerifyEmail });
        let reason = Actor::System { reason: "somebody else has proven the address".into() };
        changes.push(flow.audit(AuditKind::EmailRemoved, reason, other.user.id, json!({}))?);
    }
    mailed::meet(&mut changes, &user);
    changes.push(Write::PutIdentifier(Identifier { primary, ..flow.identifier(&contact, user.id, Some(flow.now)) }));
    let detail = json!({ "replaces_primary": primary });
    changes.push(flow.audit(AuditKind::EmailAdded, actor(user.id), user.id, detail)?);
    if let Some(told) = mailed::primary(&contacts) {
        let email = if primary { MailKind::PrimaryEmailChanged } else { MailKind::EmailAdded };
        let notice = about(contact.kind(), email, MailKind::PhoneAdded);
        mailed::notify(flow, &mut changes, notice, &user, told).await?;
    }
    former.filter(|_| primary).into_iter().for_each(|former| changes.push(delete(former)));
    Ok(changes)
}

/// Works out the removal of an address of the principal.
///
/// # Errors
/// [`Refused::NotFound`] for one that is not theirs; an invalid `email` for the primary one, which can only be replaced;
/// or as the store.
pub async fn plan_removal(flow: &Flow<'_>, principal: &Principal, canonical: &str) -> Result<ChangeSet> {
    let (user, contacts) = own(flow, principal).await?;
    let email = contacts.iter().find(|email| email.canonical == canonical).ok_or(Refused::NotFound)?;
    if !is_removable(&contacts, email) {
        return Err(FieldError::new("email", FieldError::PRIMARY).into());
    }
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority())).with(delete(email));
    changes.push(flow.audit(AuditKind::EmailRemoved, session_of(principal), user.id, json!({}))?);
    let notice = about(email.kind, MailKind::EmailRemoved, MailKind::PhoneRemoved);
    // Whoever holds the removed address learns of it, and can undo nothing by it.
    if let Some(to) = mailed::recipient(email) {
        mailed::write_to(flow, &mut changes, notice, &user, to, None)?;
    }
    if let Some(primary) = mailed::primary(&contacts).filter(|primary| primary.canonical != canonical) {
        mailed::notify(flow, &mut changes, notice, &user, primary).await?;
    }
    Ok(changes)
}

/// Whether one of these addresses and numbers can be removed: no primary one, but the last number beside an address.
#[must_use]
pub fn is_removable(contacts: &[Identifier], contact: &Identifier) -> bool {
    let is_last = contacts.iter().filter(|other| other.kind == contact.kind).count() == 1;
    let is_phone = contact.kind == IdentifierKind::Phone;
    !contact.primary || (is_phone && is_last && mailed::primary_of(contacts, IdentifierKind::Email).is_some())
}

/// Works out another primary address of the principal, one of the proven ones.
///
/// # Errors
/// [`Refused::NotFound`] for one that is not theirs and proven, or as the store.
pub async fn plan_primary(flow: &Flow<'_>, principal: &Principal, canonical: &str) -> Result<ChangeSet> {
    let (user, contacts) = own(flow, principal).await?;
    let chosen = contacts.iter().find(|email| email.canonical == canonical && email.verified_at.is_some());
    let chosen = chosen.ok_or(Refused::NotFound)?;
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
    if chosen.primary {
        return Ok(changes);
    }
    for former in contacts.iter().filter(|email| email.primary && email.kind == chosen.kind) {
        changes.push(Write::PutIdentifier(Identifier { primary: false, ..former.clone() }));
    }
    changes.push(Write::PutIdentifier(Identifier { primary: true, ..chosen.clone() }));
    changes.push(flow.audit(AuditKind::PrimaryEmailChanged, session_of(principal), user.id, json!({}))?);
    // Which of the numbers is the primary one changes nothing for anybody: none is told of it.
    if let Some(former) = mailed::primary_of(&contacts, chosen.kind).filter(|_| chosen.kind == IdentifierKind::Email) {
        mailed::notify(flow, &mut changes, MailKind::PrimaryEmailChanged, &user, former).await?;
    }
    Ok(changes)
}

/// Works out that mail to an address comes back: nothing is sent to it any more. Adds to a change set that carries the
/// authority of whoever says so. `None` if that is known already.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan_bounce(
    flow: &Flow<'_>,
    changes: ChangeSet,
    record: &SignInRecord,
    actor: Actor,
) -> Result<Option<ChangeSet>> {
    if record.identifier.undeliverable_at.is_some() {
        return Ok(None);
    }
    let identifier = Identifier { undeliverable_at: Some(flow.now), ..record.identifier.clone() };
    let audit = flow.audit(AuditKind::EmailUndeliverable, actor, record.user.id, json!({}))?;
    Ok(Some(changes.with(Write::PutIdentifier(identifier)).with(audit)))
}

async fn own(flow: &Flow<'_>, principal: &Principal) -> Result<(User, Vec<Identifier>)> {
    let user = flow.store.user(flow.realm, principal.user()).await?.ok_or(Refused::NotFound)?;
    let contacts = mailed::contacts(flow, user.id).await?;
    Ok((user, contacts))
}

fn session_of(principal: &Principal) -> Actor {
    Actor::User { user: principal.user(), session: Some(principal.session()) }
}

fn delete(email: &Identifier) -> Write {
    let Identifier { realm, kind, canonical, user, version, .. } = email.clone();
    Write::DeleteIdentifier { realm, kind, canonical, user, version }
}
