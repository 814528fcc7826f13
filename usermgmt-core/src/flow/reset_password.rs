//! A forgotten password: a link and a code by mail, and a new password with either.
//!
//! The request is answered before anybody looks whether the address is known, as at sign-up. Whoever sets the new
//! password is not signed in by it, and everything that was begun with the old one ends.

use serde_json::json;

use super::second_factor::Shown;
use super::{Flow, Result, factors, mailed, sign_up};
use crate::error::Refused;
use crate::model::{
    Actor, AddressRequest, AuditKind, Identifier, IdentifierKind, MailKind, PasswordCredential, SignInRecord, Token,
    TokenKind, User, UserStatus, Version,
};
use crate::password::PasswordHash;
use crate::store::{ChangeSet, Write};

/// Kinds of token that end with a new password. The undo of an earlier change stays with the owner of the address it
/// was mailed to.
pub const ENDED: [TokenKind; 6] = [
    TokenKind::VerifyEmail,
    TokenKind::ResetPassword,
    TokenKind::ApproveEmail,
    TokenKind::AddEmail,
    TokenKind::SignIn,
    TokenKind::SecondFactor,
];

/// Acts on a request for a new password, as the worker. Whoever has an address is mailed there although they have asked by
/// their number: numbers are easier to take over.
///
/// # Errors
/// As the store.
pub async fn fulfil(flow: &Flow<'_>, request: &AddressRequest, known: Option<SignInRecord>) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    // No mail to somebody who may not come back by it, nor to an address that is nobody's.
    let Some(SignInRecord { identifier, user, .. }) = known.filter(|known| known.user.status == UserStatus::Active)
    else {
        return Ok(changes);
    };
    changes.push(flow.audit(AuditKind::PasswordResetRequested, Actor::Anonymous, user.id, json!({}))?);
    if identifier.verified_at.is_none() {
        // The proof of the address sets the password.
        return sign_up::ask_for_proof(flow, changes, request, user.id, user.locale);
    }
    let contacts = match identifier.kind {
        IdentifierKind::Phone => mailed::contacts(flow, user.id).await?,
        _ => Vec::new(),
    };
    let reached = mailed::primary_of(&contacts, IdentifierKind::Email).unwrap_or(&identifier);
    let Some(to) = mailed::recipient(reached) else { return Ok(changes) };
    let token = flow.token(TokenKind::ResetPassword, user.id, &to, Some(request.browser))?;
    changes.push(Write::RevokeTokens { user: user.id, kind: TokenKind::ResetPassword });
    mailed::write_with(flow, &mut changes, MailKind::ResetPassword, &user, to, token)?;
    Ok(changes)
}

/// What a live token acts on.
#[derive(Clone, Debug)]
pub struct Found {
    /// The token.
    pub token: Token,
    /// Whose password is set.
    pub user: User,
    /// The addresses of the user.
    pub emails: Vec<Identifier>,
    /// The password that is replaced.
    pub password: Option<PasswordCredential>,
}

/// Finds what a live token acts on.
///
/// # Errors
/// [`Refused::LinkInvalid`] if its user may not use the account, or the address is no longer proven to be theirs.
pub async fn found(flow: &Flow<'_>, token: Token) -> Result<Found> {
    let (user, emails) = mailed::holder(flow, &token).await?;
    let theirs = emails.iter().any(|email| email.canonical == token.canonical && email.verified_at.is_some());
    if !theirs {
        return Err(Refused::LinkInvalid.into());
    }
    let password = flow.store.password(user.id).await?;
    Ok(Found { token, user, emails, password })
}

/// Works out a reset: the token is used up, and a second proof where the account has a second factor (two independent
/// proofs, so that whoever reads the mail alone changes nothing); the password set, everything that was begun with the
/// old one ended, the owner told, in one commit.
///
/// # Errors
/// [`Refused::SecondFactorRequired`], or as the store.
pub async fn plan(
    flow: &Flow<'_>,
    found: &Found,
    second: Option<Shown>,
    hash: PasswordHash,
    history: u8,
) -> Result<ChangeSet> {
    let Found { token, user, emails, password } = found;
    let actor = Actor::User { user: user.id, session: None };
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    match second {
        Some(shown) => _ = shown.spend(flow, &mut changes, user).await?,
        None if user.factors.is_asked() => {
            let mut methods = user.factors.methods();
            methods.retain(|method| !method.is_sent_code());
            return Err(Refused::SecondFactorRequired(methods).into());
        }
        None => {}
    }
    for kind in ENDED {
        changes.push(Write::RevokeTokens { user: user.id, kind });
    }
    changes.push(Write::PutPassword(renewed(flow, user, password.as_ref(), hash, history)));
    factors::distrust(&mut changes, user);
    mailed::meet(&mut changes, user);
    changes.push(Write::MoveAuthEpoch { user: user.id, from: user.auth_epoch });
    changes.push(Write::EndApiKeys { user: user.id, org: None });
    changes.push(flow.audit(AuditKind::PasswordReset, actor, user.id, json!({}))?);
    if let Some(primary) = mailed::primary(emails) {
        mailed::notify(flow, &mut changes, MailKind::PasswordChanged, user, primary).await?;
    }
    Ok(changes)
}

/// The password that takes the place of a former one, which is remembered as far as the rules ask.
#[must_use]
pub fn renewed(
    flow: &Flow<'_>,
    user: &User,
    former: Option<&PasswordCredential>,
    hash: PasswordHash,
    history: u8,
) -> PasswordCredential {
    let previous = former.into_iter().flat_map(|former| std::iter::once(&former.hash).chain(&former.previous));
    PasswordCredential {
        user: user.id,
        hash,
        unproven: None,
        previous: previous.take(usize::from(history)).cloned().collect(),
        must_change: false,
        changed_at: flow.now,
        version: former.map_or(Version::NEW, |former| former.version),
    }
}
