//! Codes that are sent as a second factor: by text to a number that was enrolled for it, or by mail to the primary
//! address.
//!
//! These are the out-of-band authenticators of NIST SP 800-63B-4 section 3.1.3, the weak ones among them. A code belongs
//! to what asked for it, one sign-in, session or enrolment (OWASP ASVS 5.0, 6.6.2), lives ten minutes (6.5.5), and dies
//! when the next one is sent or when it is used.

use serde_json::json;

use super::factors::{self, Holder, Renewed};
use super::{Flow, Result, mailed};
use crate::contact::Contact;
use crate::error::Refused;
use crate::id::{AttemptId, FactorId, SessionId, UserId};
use crate::limits;
use crate::model::{
    Actor, AuditKind, Factor, FactorData, FactorKind, IdentifierKind, MailKind, Token, TokenKind, User,
};
use crate::recovery_code::RecoveryCode;
use crate::secret::Digest;
use crate::store::{ChangeSet, Write};

/// What a code is sent for. It is good for nothing else.
#[derive(Clone, Copy, Debug)]
pub enum Asking {
    /// A sign-in.
    Attempt(AttemptId),
    /// A step-up in a session.
    Session(SessionId),
    /// An enrolment.
    Enrolment(FactorId),
}

impl Asking {
    fn digest(self) -> Digest {
        let named = match self {
            Self::Attempt(id) => format!("attempt {id}"),
            Self::Session(id) => format!("session {id}"),
            Self::Enrolment(id) => format!("enrolment {id}"),
        };
        Digest::of(named.as_bytes())
    }
}

/// Where codes of a factor go: its number, or the proven primary address of the account.
///
/// # Errors
/// [`Refused::NotFound`] if its codes are not sent, or there is no address that takes mail; or as the store.
pub async fn recipient(flow: &Flow<'_>, user: UserId, data: &FactorData) -> Result<Contact> {
    let to = match data {
        FactorData::SmsCode { number } => Some(Contact::Phone(number.clone())),
        FactorData::EmailCode => {
            let contacts = mailed::contacts(flow, user).await?;
            mailed::primary_of(&contacts, IdentifierKind::Email).and_then(mailed::recipient)
        }
        _ => None,
    };
    Ok(to.ok_or(Refused::NotFound)?)
}

/// Works out that a code is sent; the one before is void. `kind` is that of the factor.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan(flow: &Flow<'_>, user: &User, kind: FactorKind, to: Contact, asking: Asking) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    send(flow, &mut changes, user, kind, to, asking)?;
    Ok(changes)
}

fn send(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    user: &User,
    kind: FactorKind,
    to: Contact,
    asking: Asking,
) -> Result<()> {
    let token = flow.token(TokenKind::SecondFactor, user.id, &to, Some(asking.digest()))?;
    changes.push(Write::RevokeTokens { user: user.id, kind: TokenKind::SecondFactor });
    let actor = Actor::User { user: user.id, session: None };
    changes.push(flow.audit(AuditKind::SecondFactorCodeSent, actor, user.id, json!({ "kind": kind.as_str() }))?);
    mailed::write_with(flow, changes, MailKind::SecondFactorCode, user, to, token)
}

/// The live code that was sent to this user for this, if there is one.
///
/// # Errors
/// As the store.
pub async fn live(flow: &Flow<'_>, user: UserId, asking: Asking) -> Result<Option<Token>> {
    let token = flow.store.token_of_browser(flow.realm, TokenKind::SecondFactor, asking.digest()).await?;
    Ok(token.filter(|token| token.user == user && token.code_is_live(flow.now)))
}

/// Whether codes of this factor go where this one went: a number that was replaced meanwhile shows nothing.
pub(super) fn is_of(factor: &Factor, token: &Token) -> bool {
    match &factor.data {
        FactorData::SmsCode { number } => number.canonical() == token.canonical,
        FactorData::EmailCode => IdentifierKind::signs_in_by(&token.canonical) == IdentifierKind::Email,
        _ => false,
    }
}

/// Works out the first half of an enrolment: a code is sent, and the factor counts for nothing until it was entered. What
/// was begun before and not confirmed ends.
///
/// # Errors
/// As [`recipient`], or when the random generator fails.
pub fn plan_enrolment(
    flow: &Flow<'_>,
    holder: &Holder<'_>,
    user: &User,
    all: &[Factor],
    data: FactorData,
    to: Contact,
) -> Result<(ChangeSet, FactorId)> {
    let kind = data.kind();
    let mut changes = holder.begin(flow)?;
    factors::end_begun(&mut changes, all, kind);
    let factor = factors::new(flow, user, String::new(), data)?;
    let id = factor.id;
    changes.push(Write::PutFactor(Factor { expires_at: Some(flow.now + limits::ENROLMENT_LIFE), ..factor }));
    send(flow, &mut changes, user, kind, to, Asking::Enrolment(id))?;
    Ok((changes, id))
}

/// Works out the second half: the code that was sent is entered. The factor that it replaces goes, and with the first one
/// come recovery codes, which are answered to be shown once.
///
/// # Errors
/// [`Refused::CodeInvalid`], or as the store.
pub async fn plan_confirmation(
    flow: &Flow<'_>,
    holder: Holder<'_>,
    user: &User,
    all: &[Factor],
    begun: Factor,
    typed: &str,
) -> Result<(ChangeSet, Renewed, Vec<RecoveryCode>)> {
    let token = live(flow, user.id, Asking::Enrolment(begun.id)).await?.ok_or(Refused::CodeInvalid)?;
    if !is_of(&begun, &token) || !mailed::code_matches(flow, &token, typed) {
        return Err(Refused::CodeInvalid.into());
    }
    let now = Some(flow.now);
    let confirmed = Factor { confirmed_at: now, used_at: now, expires_at: None, ..begun };
    let changes = holder.begin(flow)?.with(Write::RevokeTokens { user: user.id, kind: TokenKind::SecondFactor });
    factors::put_in_force(flow, changes, holder, user, all, confirmed).await
}
