//! Mailed links and codes: how they are found again, and whom a change is told.

use serde_json::json;

use super::{Flow, Result, mailed_secrets};
use crate::address::EmailAddress;
use crate::contact::Contact;
use crate::error::Refused;
use crate::id::{OrgId, UserId};
use crate::model::{
    Actor, AuditKind, Identifier, IdentifierKind, Job, MailKind, SignInRecord, Token, TokenKind, User, UserStatus,
};
use crate::secret::{Bearer, Digest};
use crate::store::{ChangeSet, Write};

/// The live token of this kind behind a link. Changes nothing. The link is derived again: a root key that has left the
/// ring, perhaps because it leaked, takes its links along.
///
/// # Errors
/// [`Refused::LinkInvalid`] for a link that is not live, or is one of another kind.
pub async fn by_link(flow: &Flow<'_>, kind: TokenKind, link: &Bearer) -> Result<Token> {
    let token = flow.store.token_by_digest(flow.realm, kind, link.digest()).await?;
    let made = |token: &Token| mailed_secrets(flow.keys, token).is_some_and(|(own, _)| own.digest() == link.digest());
    Ok(token.filter(|token| token.is_live(flow.now) && made(token)).ok_or(Refused::LinkInvalid)?)
}

/// The live token of this kind whose code this browser asked for. Changes nothing; the caller must count the try,
/// durably, before it compares.
///
/// # Errors
/// [`Refused::CodeInvalid`] if there is none.
pub async fn by_browser(flow: &Flow<'_>, kind: TokenKind, browser: Digest) -> Result<Token> {
    let token = flow.store.token_of_browser(flow.realm, kind, browser).await?;
    Ok(token.filter(|token| token.code_is_live(flow.now)).ok_or(Refused::CodeInvalid)?)
}

/// The same token once more, after a conflict. Its code was compared already; it must still live.
///
/// # Errors
/// `dead` if it does not.
pub async fn again(flow: &Flow<'_>, before: &Token, dead: Refused) -> Result<Token> {
    let token = flow.store.token(flow.realm, before.user, before.id).await?;
    Ok(token.filter(|token| token.is_live(flow.now)).ok_or(dead)?)
}

/// Whether the typed code is the token's.
#[must_use]
pub fn code_matches(flow: &Flow<'_>, token: &Token, typed: &str) -> bool {
    mailed_secrets(flow.keys, token).is_some_and(|(_, code)| code.matches(typed))
}

/// The user of a token with all their addresses and numbers. A token of somebody who may not use their account is dead.
///
/// # Errors
/// [`Refused::LinkInvalid`].
pub async fn holder(flow: &Flow<'_>, token: &Token) -> Result<(User, Vec<Identifier>)> {
    let user = flow.store.user(flow.realm, token.user).await?;
    let user = user.filter(|user| user.status == UserStatus::Active).ok_or(Refused::LinkInvalid)?;
    let contacts = contacts(flow, user.id).await?;
    Ok((user, contacts))
}

/// Who has this address or number, by its canonical form, as sign-ins find it.
///
/// # Errors
/// As the store.
pub async fn known(flow: &Flow<'_>, canonical: &str) -> Result<Option<SignInRecord>> {
    Ok(flow.store.sign_in_record(flow.realm, IdentifierKind::signs_in_by(canonical), canonical).await?)
}

/// The addresses and phone numbers of a user.
///
/// # Errors
/// As the store.
pub async fn contacts(flow: &Flow<'_>, user: UserId) -> Result<Vec<Identifier>> {
    let mut all = flow.store.identifiers(user).await?;
    all.retain(|identifier| identifier.kind.is_contact());
    Ok(all)
}

/// Where a user is told of changes: the proven primary address, else the proven primary phone number. A mail can carry
/// more, and the way to undo the change.
#[must_use]
pub fn primary(contacts: &[Identifier]) -> Option<&Identifier> {
    primary_of(contacts, IdentifierKind::Email).or_else(|| primary_of(contacts, IdentifierKind::Phone))
}

/// The proven primary identifier of this kind.
pub(super) fn primary_of(contacts: &[Identifier], kind: IdentifierKind) -> Option<&Identifier> {
    contacts.iter().find(|contact| contact.kind == kind && contact.primary && contact.verified_at.is_some())
}

/// The stored address or number as one to write to. No message goes to what somebody has typed just now instead.
#[must_use]
pub fn recipient(identifier: &Identifier) -> Option<Contact> {
    Contact::of(identifier).filter(|_| identifier.undeliverable_at.is_none())
}

/// Takes an address that somebody else has entered and never proven from them: what nobody has proven keeps nobody
/// from what is theirs. What they had begun with it leads nowhere any more.
///
/// # Errors
/// As the store.
pub async fn claim(flow: &Flow<'_>, changes: &mut ChangeSet, canonical: &str, user: UserId) -> Result<()> {
    let known = known(flow, canonical).await?;
    if let Some(known) = known.filter(|known| known.user.id != user && known.identifier.verified_at.is_none()) {
        let Identifier { realm, kind, canonical, user, version, .. } = known.identifier;
        changes.push(Write::DeleteIdentifier { realm, kind, canonical, user, version });
        changes.push(Write::RevokeTokens { user, kind: TokenKind::VerifyEmail });
        let reason = Actor::System { reason: "somebody else has proven the address".into() };
        changes.push(flow.audit(AuditKind::EmailRemoved, reason, user, json!({}))?);
    }
    Ok(())
}

/// Makes a change set one that meets the other changes of who may use the account, whichever commits first: the second
/// of them runs again. What ends everything that was begun carries it, and what begins something by mail.
pub fn meet(changes: &mut ChangeSet, user: &User) {
    changes.push(Write::PutUser(user.clone()));
}

/// Adds a message without link to a change set.
///
/// # Errors
/// Fails when the random generator fails.
pub fn write_to(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    mail: MailKind,
    user: &User,
    to: Contact,
    token: Option<&Token>,
) -> Result<()> {
    let (token, locale) = (token.map(|token| token.id), user.locale.clone());
    changes.push(flow.job(Job::Mail { mail, to, user: user.id, token, locale })?);
    Ok(())
}

/// Adds a mail about an organisation to a change set.
///
/// # Errors
/// Fails when the random generator fails.
pub fn write_about(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    mail: MailKind,
    user: &User,
    to: EmailAddress,
    org: OrgId,
) -> Result<()> {
    changes.push(flow.job(Job::OrgMail { mail, to, user: user.id, org, locale: user.locale.clone() })?);
    Ok(())
}

/// Adds a token and the mail that carries it to a change set.
///
/// # Errors
/// Fails when the random generator fails.
pub fn write_with(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    mail: MailKind,
    user: &User,
    to: Contact,
    token: Token,
) -> Result<()> {
    write_to(flow, changes, mail, user, to, Some(&token))?;
    changes.push(Write::PutToken(token));
    Ok(())
}

/// Adds the notice of a change to a change set, with a link by which the owner of this address can undo it. A text to a
/// phone only tells.
///
/// As long as a link lives that brings back another address, no new one is given: whoever has just taken an account
/// over could otherwise undo what its owner does about it.
///
/// # Errors
/// As the store.
pub async fn notify(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    mail: MailKind,
    user: &User,
    primary: &Identifier,
) -> Result<()> {
    let Some(to) = recipient(primary) else { return Ok(()) };
    if to.email().is_none() {
        return write_to(flow, changes, mail, user, to, None);
    }
    let live = flow.store.live_tokens(user.id, flow.now).await?;
    let disputed =
        live.iter().any(|token| token.kind == TokenKind::SecureAccount && token.canonical != primary.canonical);
    if disputed {
        return write_to(flow, changes, mail, user, to, None);
    }
    let token = flow.token(TokenKind::SecureAccount, user.id, &to, None)?;
    write_with(flow, changes, mail, user, to, token)
}
