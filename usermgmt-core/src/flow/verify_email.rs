//! Proof of an address, by link or by code.
//!
//! A password that was set before the proof survives only if the proof completes in the browser that set it.
//! Elsewhere whoever proves the address sets a new one, so nobody can prepare an account for somebody else's address
//! and wait for the click.

use serde_json::json;

use super::{Flow, Result, mailed_secrets};
use crate::error::{FieldError, Refused};
use crate::id::{OrgId, UserId};
use crate::model::{
    Actor, AuditKind, Identifier, IdentifierKind, Membership, MembershipStatus, Org, OrgStatus, PasswordCredential,
    RoleKey, SignInRecord, Token, TokenKind, User, Version,
};
use crate::password::{Password, PasswordHash, PasswordRules};
use crate::policy::AuthPolicy;
use crate::secret::{Bearer, Digest};
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

    /// Canonical form of the address.
    #[must_use]
    pub fn canonical(&self) -> &str {
        &self.token.canonical
    }
}

/// Finds what a link acts on. Changes nothing.
///
/// # Errors
/// [`Refused::LinkInvalid`] for a link that is not live.
pub async fn find_link(flow: &Flow<'_>, link: &Bearer, browser: Option<Digest>) -> Result<Found> {
    let token = flow.store.token_by_digest(flow.realm, TokenKind::VerifyEmail, link.digest()).await?;
    let token = token.filter(|token| token.is_live(flow.now)).ok_or(Refused::LinkInvalid)?;
    Ok(found(flow, token, browser).await?.ok_or(Refused::LinkInvalid)?)
}

/// Finds the live code that this browser asked for. Changes nothing; the caller must count the try, durably, before
/// it compares.
///
/// # Errors
/// [`Refused::CodeInvalid`] if there is none.
pub async fn find_code(flow: &Flow<'_>, browser: Digest) -> Result<Found> {
    let token = flow.store.token_of_browser(flow.realm, TokenKind::VerifyEmail, browser).await?;
    let token = token.filter(|token| token.code_is_live(flow.now)).ok_or(Refused::CodeInvalid)?;
    Ok(found(flow, token, Some(browser)).await?.ok_or(Refused::CodeInvalid)?)
}

/// Finds what was found before once more, after a conflict. The code was compared already; its token must still live.
///
/// # Errors
/// [`Refused::CodeInvalid`] if it does not.
pub async fn find_again(flow: &Flow<'_>, before: &Found, browser: Option<Digest>) -> Result<Found> {
    let token = flow.store.token(flow.realm, before.token.id).await?;
    let token = token.filter(|token| token.is_live(flow.now)).ok_or(Refused::CodeInvalid)?;
    Ok(found(flow, token, browser).await?.ok_or(Refused::CodeInvalid)?)
}

/// Whether the typed code is the token's.
#[must_use]
pub fn code_matches(flow: &Flow<'_>, found: &Found, typed: &str) -> bool {
    mailed_secrets(flow.keys, &found.token).is_some_and(|(_, code)| code.matches(typed))
}

async fn found(flow: &Flow<'_>, token: Token, browser: Option<Digest>) -> Result<Option<Found>> {
    let record = flow.store.sign_in_record(flow.realm, IdentifierKind::Email, &token.canonical).await?;
    // The account is the token's; an address that has moved to another account meanwhile is not proven by it.
    let record = record.filter(|record| record.user.id == token.user && record.identifier.verified_at.is_none());
    Ok(record.map(|record| {
        let setter = record.password.as_ref().and_then(|password| password.unproven.as_ref());
        let same_browser = setter.zip(browser).is_some_and(|(setter, browser)| setter.browser.matches(&browser));
        Found { token, record, same_browser }
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
    let Found { token, record, same_browser } = found;
    let user = record.user.id;
    let actor = || Actor::User { user, session: None };
    let mut changes = flow.changes()?.with(Write::ConsumeToken { id: token.id });
    changes.push(Write::RevokeTokens { user, kind: TokenKind::VerifyEmail });
    changes.push(Write::PutIdentifier(Identifier {
        verified_at: Some(flow.now),
        undeliverable_at: None,
        ..record.identifier.clone()
    }));
    changes.push(flow.audit(AuditKind::EmailVerified, actor(), user, json!({}))?);

    let mut organization = found.preview().organization;
    match &record.password {
        Some(password) if *same_browser => {
            changes.push(Write::PutPassword(PasswordCredential { unproven: None, ..password.clone() }));
        }
        former => {
            let (Some(password), Some(hash)) = (entered.password, entered.hash) else {
                return Err(FieldError::new("password", FieldError::REQUIRED).into());
            };
            let email = crate::address::EmailAddress::parse(&record.identifier.canonical)
                .map_err(|error| FieldError::email("email", error))?;
            rules
                .check(password, &email, &record.user.name)
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
    let org = organization.map(|name| first_organization(flow, &mut changes, &record.user, name)).transpose()?;
    Ok((changes, Verified { user, org }))
}

/// Adds the making of an organisation with one owner to a change set.
///
/// # Errors
/// Fails when the random generator fails.
pub fn first_organization(flow: &Flow<'_>, changes: &mut ChangeSet, owner: &User, name: String) -> Result<OrgId> {
    let id = OrgId::new(flow.random, flow.now)?;
    changes.push(Write::PutOrg(Org {
        id,
        realm: flow.realm,
        name,
        status: OrgStatus::Active,
        owners: 1,
        members: 1,
        policy: AuthPolicy::default(),
        rights_version: 1,
        policy_epoch: 1,
        created_at: flow.now,
        version: Version::NEW,
    }));
    changes.push(Write::PutMembership(Membership {
        org: id,
        user: owner.id,
        roles: vec![RoleKey::new(RoleKey::OWNER)],
        status: MembershipStatus::Active,
        rights_version: Membership::first_rights(flow.now),
        created_at: flow.now,
        version: Version::NEW,
    }));
    let actor = || Actor::User { user: owner.id, session: None };
    changes.push(flow.audit_in(id, AuditKind::OrgCreated, actor(), json!({}))?);
    changes.push(flow.audit_in(
        id,
        AuditKind::MemberAdded,
        actor(),
        json!({ "user": owner.id, "roles": ["owner"] }),
    )?);
    Ok(id)
}
