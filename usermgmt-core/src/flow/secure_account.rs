//! "That was not me": the owner of an address undoes what was changed behind their back.
//!
//! Everything that is signed in ends, the password is void, addresses that came since go, the address that the notice
//! went to is the primary one again, and a mail to it sets a new password.

use serde_json::json;
use time::OffsetDateTime;

use super::{Flow, Result, factors, mailed, usernames};
use crate::contact::Contact;
use crate::error::Refused;
use crate::model::{Actor, AuditKind, Identifier, MailKind, Token, TokenKind, User};
use crate::store::{ChangeSet, Write};

/// Works out the undo. Answers the address that the mail goes to; where the application has no `passwords` there is none
/// to set, and no mail.
///
/// # Errors
/// [`Refused::LinkInvalid`] if the account may not be used, or as the store.
pub async fn plan(flow: &Flow<'_>, token: &Token, passwords: bool) -> Result<(ChangeSet, String)> {
    let (user, contacts) = mailed::holder(flow, token).await?;
    let to = token.contact().ok_or(Refused::LinkInvalid)?;
    let actor = Actor::User { user: user.id, session: None };
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    for kind in TokenKind::ALL {
        changes.push(Write::RevokeTokens { user: user.id, kind: *kind });
    }
    changes.push(Write::MoveAuthEpoch { user: user.id, from: user.auth_epoch });
    changes.push(Write::EndApiKeys { user: user.id, org: None });
    if let Some(password) = flow.store.password(user.id).await? {
        changes.push(Write::DeletePassword { user: user.id, version: password.version });
    }
    // The owner may use any of several notices, the latest perhaps: what came since the first of them goes.
    let live = flow.store.live_tokens(user.id, flow.now).await?;
    let undoes = |other: &&Token| other.kind == TokenKind::SecureAccount && other.canonical == token.canonical;
    let since = live.iter().filter(undoes).map(|other| other.created_at).fold(token.created_at, OffsetDateTime::min);
    mailed::claim(flow, &mut changes, &token.canonical, user.id).await?;
    let (user, factors) = factors::undo_since(flow, &mut changes, &user, since).await?;
    mailed::meet(&mut changes, &user);
    usernames::undo_since(flow, &mut changes, user.id, since).await?;
    let removed = bring_back(flow, &mut changes, (token, since), (&user, &to), contacts);
    let detail = json!({ "removed_addresses": removed, "removed_factors": factors });
    changes.push(flow.audit(AuditKind::AccountSecured, actor, user.id, detail)?);
    let shown = to.display().to_owned();
    if passwords {
        let reset = flow.token(TokenKind::ResetPassword, user.id, &to, None)?;
        mailed::write_with(flow, &mut changes, MailKind::ResetPassword, &user, to, reset)?;
    }
    Ok((changes, shown))
}

/// Makes the token's address the primary one again and removes what came since; answers how many addresses went.
fn bring_back(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    (token, since): (&Token, OffsetDateTime),
    (user, to): (&User, &Contact),
    contacts: Vec<Identifier>,
) -> usize {
    let (mut removed, mut there) = (0, false);
    for contact in contacts {
        if contact.canonical == token.canonical {
            there = true;
            let verified_at = contact.verified_at.or(Some(flow.now));
            changes.push(Write::PutIdentifier(Identifier { primary: true, verified_at, ..contact }));
        } else if contact.verified_at.is_none_or(|at| at >= since) {
            removed += 1;
            let Identifier { realm, kind, canonical, user, version, .. } = contact;
            changes.push(Write::DeleteIdentifier { realm, kind, canonical, user, version });
        } else if contact.primary && contact.kind == to.kind() {
            changes.push(Write::PutIdentifier(Identifier { primary: false, ..contact }));
        }
    }
    if !there {
        changes.push(Write::PutIdentifier(flow.identifier(to, user.id, Some(flow.now))));
    }
    removed
}
