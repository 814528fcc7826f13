//! Sign-in by a mailed link or code.
//!
//! The request is answered before anybody looks whether the address is known, as at sign-up. Whoever uses link or code
//! reads the mail of the address, so an address that was not proven yet is by it. What somebody else had set up for
//! that address before is void: only in the browser that set it does a password survive.

use serde_json::json;

use super::{Flow, Result, mailed, organization, usernames};
use crate::error::Refused;
use crate::id::UserId;
use crate::model::{
    Actor, AddressRequest, AuditKind, Identifier, Job, MailKind, PasswordCredential, SignInRecord, Token, TokenKind,
    UserStatus,
};
use crate::secret::{Bearer, Digest};
use crate::store::{ChangeSet, Write};

/// Acts on a request for a mail that signs in, as the worker. There is one such link for an account at a time.
///
/// # Errors
/// Fails when the random generator fails.
pub fn fulfil(
    flow: &Flow<'_>,
    request: &AddressRequest,
    label: Option<&str>,
    known: Option<SignInRecord>,
) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    // No mail to somebody who may not come in by it, nor to an address that is nobody's.
    let Some(SignInRecord { identifier, user, .. }) = known.filter(|known| known.user.status == UserStatus::Active)
    else {
        return Ok(changes);
    };
    let Some(to) = mailed::recipient(&identifier) else { return Ok(changes) };
    changes.push(flow.audit(AuditKind::SignInMailRequested, Actor::Anonymous, user.id, json!({}))?);
    let token = flow.token(TokenKind::SignIn, user.id, &to, Some(request.browser))?;
    let token = Token { label: label.map(str::to_owned), ..token };
    changes.push(Write::RevokeTokens { user: user.id, kind: TokenKind::SignIn });
    mailed::write_with(flow, &mut changes, MailKind::SignIn, &user, to, token)?;
    Ok(changes)
}

/// Adds the first mail to somebody who has signed up without a password.
///
/// # Errors
/// Fails when the random generator fails.
pub(super) fn welcome(
    flow: &Flow<'_>,
    changes: ChangeSet,
    request: &AddressRequest,
    user: UserId,
    locale: Option<String>,
) -> Result<ChangeSet> {
    let token = flow.token(TokenKind::SignIn, user, &request.to, Some(request.browser))?;
    let mail = Job::Mail { mail: MailKind::SignIn, to: request.to.clone(), user, token: Some(token.id), locale };
    Ok(changes
        .with(Write::RevokeTokens { user, kind: TokenKind::SignIn })
        .with(Write::PutToken(token))
        .with(flow.job(mail)?))
}

/// The token of a link that may be over, for whoever wants another one to the same address.
///
/// # Errors
/// [`Refused::LinkInvalid`] for what was never such a link, or was swept by now.
pub async fn over(flow: &Flow<'_>, link: &Bearer) -> Result<Token> {
    let token = flow.store.token_by_digest(flow.realm, TokenKind::SignIn, link.digest()).await?;
    Ok(token.ok_or(Refused::LinkInvalid)?)
}

/// Whom a live token signs in.
#[derive(Clone, Debug)]
pub struct Found {
    /// The token.
    pub token: Token,
    /// The account.
    pub record: SignInRecord,
    /// Its usernames.
    pub names: Vec<Identifier>,
}

impl Found {
    /// The username that was entered at sign-up, and the browser that it was kept for until now.
    #[must_use]
    pub fn entered(&self) -> Option<(&Identifier, Digest)> {
        usernames::entered(&self.names, &self.record)
    }

    fn is_setter(&self, browser: Digest) -> bool {
        let unproven = self.record.password.as_ref().and_then(|password| password.unproven.as_ref());
        unproven.is_some_and(|setter| setter.browser.matches(&browser))
    }
}

/// Finds whom a live token signs in.
///
/// # Errors
/// [`Refused::LinkInvalid`] if they may not use their account, or the address is not theirs any more.
pub async fn found(flow: &Flow<'_>, token: Token) -> Result<Found> {
    let record = mailed::known(flow, &token.canonical).await?;
    let theirs = |record: &SignInRecord| record.user.id == token.user && record.user.status == UserStatus::Active;
    let record = record.filter(theirs).ok_or(Refused::LinkInvalid)?;
    let names = usernames::of(flow, record.user.id).await?;
    Ok(Found { token, record, names })
}

/// Works out the first proof of a sign-in: the token is used up and its address is proven, in one commit. Of any number
/// of simultaneous uses one commits. `passwords`: whether the application has such.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan(flow: &Flow<'_>, found: &Found, browser: Digest, passwords: bool) -> Result<ChangeSet> {
    let Found { token, record, names } = found;
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    if record.identifier.verified_at.is_none() {
        prove(flow, &mut changes, record, browser, passwords)?;
        usernames::prove(flow, &mut changes, names, found.is_setter(browser));
    }
    Ok(changes)
}

/// The address is proven. What was set up for it survives in the browser that did so; elsewhere the password is void,
/// and whatever was begun with it. So is everywhere one that nobody knows.
fn prove(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    record: &SignInRecord,
    browser: Digest,
    passwords: bool,
) -> Result<()> {
    let SignInRecord { identifier, user, password } = record;
    let actor = || Actor::User { user: user.id, session: None };
    changes.push(Write::RevokeTokens { user: user.id, kind: TokenKind::VerifyEmail });
    changes.push(Write::PutIdentifier(Identifier {
        verified_at: Some(flow.now),
        undeliverable_at: None,
        ..identifier.clone()
    }));
    changes.push(flow.audit(AuditKind::EmailVerified, actor(), user.id, json!({ "by": "sign_in" }))?);
    let Some(password) = password else { return Ok(()) };
    match password.unproven.clone().filter(|setter| setter.browser.matches(&browser)) {
        Some(own) => {
            changes.push(match passwords && !password.is_nobodys() {
                true => Write::PutPassword(PasswordCredential { unproven: None, ..password.clone() }),
                false => Write::DeletePassword { user: user.id, version: password.version },
            });
            if let Some(name) = own.organization {
                organization::with_owner(flow, changes, actor(), user.id, name)?;
            }
        }
        None => {
            changes.push(Write::DeletePassword { user: user.id, version: password.version });
            changes.push(Write::MoveAuthEpoch { user: user.id, from: user.auth_epoch });
            changes.push(flow.audit(AuditKind::UnprovenPasswordVoided, actor(), user.id, json!({}))?);
            // Whoever has set it here and opened the mail elsewhere learns why it is wrong; so does a victim.
            if let Some(to) = mailed::recipient(identifier).filter(|_| passwords && !password.is_nobodys()) {
                mailed::write_to(flow, changes, MailKind::PasswordVoided, user, to, None)?;
            }
        }
    }
    Ok(())
}
