//! Proof of an address, by link or by code.
//!
//! A password that was set before the proof survives only if the proof completes in the browser that set it.
//! Elsewhere whoever proves the address sets a new one, so nobody can prepare an account for somebody else's address
//! and wait for the click.

use serde_json::json;

use super::{Flow, Result, mailed, organization, usernames};
use crate::contact::Contact;
use crate::error::{FieldError, Refused};
use crate::id::{OrgId, UserId};
use crate::model::{Actor, AuditKind, Identifier, PasswordCredential, SignInRecord, Token, TokenKind, Version};
use crate::password::{Password, PasswordHash, PasswordRules};
use crate::secret::Digest;
use crate::store::{ChangeSet, Write};

/// What the holder of a live link sees before using it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The address, as typed.
    pub email: String,
    /// Name of the person, as entered at sign-up.
    pub name: String,
    /// Name of the organisation that the proof will make.
    pub organization: Option<String>,
    /// Whether a new password must be set, because another browser (or nobody) set the present one.
    pub needs_password: bool,
}

/// What somebody enters who proves an address in another browser than the one that signed up.
#[derive(Debug, Default)]
pub struct Entered<'a> {
    /// The new password.
    pub password: Option<&'a Password>,
    /// Its hash.
    pub hash: Option<PasswordHash>,
    /// Another name for the organisation.
    pub organization: Option<String>,
}

/// A live token with the account it acts on.
#[derive(Clone, Debug)]
pub struct Found {
    token: Token,
    record: SignInRecord,
    names: Vec<Identifier>,
    same_browser: bool,
}

impl Found {
    /// What to show.
    #[must_use]
    pub fn preview(&self) -> Preview {
        let unproven = self.record.password.as_ref().and_then(|password| password.unproven.as_ref());
        Preview {
            email: self.record.identifier.display.clone(),
            name: self.record.user.name.clone(),
            organization: unproven.and_then(|unproven| unproven.organization.clone()),
            needs_password: !self.same_browser,
        }
    }

    /// Whose account it is.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.record.user.id
    }

    /// The token.
    #[must_use]
    pub const fn token(&self) -> &Token {
        &self.token
    }

    /// The username that was entered at sign-up, and the browser that it was kept for until now.
    #[must_use]
    pub fn entered(&self) -> Option<(&Identifier, Digest)> {
        usernames::entered(&self.names, &self.record)
    }
}

/// What a live token acts on; `None` if its address is proven by now, or belongs to another account. Changes nothing.
///
/// # Errors
/// As the store.
pub async fn found(flow: &Flow<'_>, token: Token, browser: Option<Digest>) -> Result<Option<Found>> {
    let record = mailed::known(flow, &token.canonical).await?;
    // The account is the token's; an address that has moved to another account meanwhile is not proven by it.
    let record = record.filter(|record| record.user.id == token.user && record.identifier.verified_at.is_none());
    let Some(record) = record else { return Ok(None) };
    let names = usernames::of(flow, record.user.id).await?;
    Ok(Some({
        let setter = record.password.as_ref().and_then(|password| password.unproven.as_ref());
        let same_browser = setter.zip(browser).is_some_and(|(setter, browser)| setter.browser.matches(&browser));
        Found { token, record, names, same_browser }
    }))
}

/// What the proof made true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The user.
    pub user: UserId,
    /// The organisation that was made, if one was asked for.
    pub org: Option<OrgId>,
}

/// Works out the proof of an address: the token is used up, the address proven, the organisation made, in one commit.
///
/// # Errors
/// An invalid `password` field if a new password is needed and missing or breaks the rules.
pub fn plan(
    flow: &Flow<'_>,
    found: &Found,
    rules: &PasswordRules,
    entered: Entered<'_>,
) -> Result<(ChangeSet, Verified)> {
    let Found { token, record, names, same_browser } = found;
    let user = record.user.id;
    let actor = || Actor::User { user, session: None };
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    changes.push(Write::RevokeTokens { user, kind: TokenKind::VerifyEmail });
    changes.push(Write::PutIdentifier(Identifier {
        verified_at: Some(flow.now),
        undeliverable_at: None,
        ..record.identifier.clone()
    }));
    changes.push(flow.audit(AuditKind::EmailVerified, actor(), user, json!({}))?);

    usernames::prove(flow, &mut changes, names, *same_browser);

    let mut organization = found.preview().organization;
    match &record.password {
        Some(password) if *same_browser => {
            changes.push(Write::PutPassword(PasswordCredential { unproven: None, ..password.clone() }));
        }
        former => {
            let (Some(password), Some(hash)) = (entered.password, entered.hash) else {
                return Err(FieldError::new("password", FieldError::REQUIRED).into());
            };
            let contact = Contact::of(&record.identifier).ok_or(Refused::LinkInvalid)?;
            rules
                .check(password, contact.email(), &contact.beside(&record.user.name))
                .map_err(|error| FieldError::password("password", error))?;
            let version = former.as_ref().map_or(Version::NEW, |former| former.version);
            changes.push(Write::PutPassword(PasswordCredential {
                user,
                hash,
                unproven: None,
                previous: Vec::new(),
                must_change: false,
                changed_at: flow.now,
                version,
            }));
            // Whoever knew the former password has lost it, and with it everything begun by it.
            changes.push(Write::MoveAuthEpoch { user, from: record.user.auth_epoch });
            changes.push(flow.audit(AuditKind::UnprovenPasswordReplaced, actor(), user, json!({}))?);
            organization = entered.organization.or(organization);
        }
    }
    let owner = record.user.id;
    let actor = Actor::User { user: owner, session: None };
    let org = organization.map(|name| organization::with_owner(flow, &mut changes, actor, owner, name)).transpose()?;
    Ok((changes, Verified { user, org }))
}
