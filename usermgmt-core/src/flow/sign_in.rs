//! The sign-in machine.
//!
//! Every method of proof feeds the same machine; its answer says what is still needed or that the sign-in is
//! complete. An attempt is stored only after a first right proof. Pending is signed out.

use serde_json::json;
use time::OffsetDateTime;

use super::{Flow, Result};
use crate::error::Refused;
use crate::id::{AttemptId, OrgId, UserId};
use crate::limits;
use crate::model::{
    Actor, Attempt, AttemptPurpose, AuditKind, FactorKinds, Identifier, IdentifierKind, Membership, MembershipStatus,
    Method, Org, OrgStatus, PasswordCredential, Proof, RoleKey, SignInRecord, User, UserStatus, Version,
};
use crate::page::PageRequest;
use crate::policy::{AuthPolicy, Demand, Evidence, evaluate};
use crate::proof::{ChooseOrg, EnrolFactor, EnrolPasskey, Grant, NewPassword, Pending, ProveFactor, VerifyAddress};
use crate::secret::{Bearer, BearerKind, Digest};
use crate::store::{ChangeSet, Write};

/// What a sign-in needs next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Nothing: it is complete.
    Complete(Grant),
    /// The address must be proven.
    VerifyAddress(Pending<VerifyAddress>),
    /// A second factor must be proven.
    SecondFactor(Pending<ProveFactor>),
    /// A new password must be set.
    NewPassword(Pending<NewPassword>),
    /// A second factor must be enrolled.
    EnrolFactor(Pending<EnrolFactor>),
    /// The first passkey must be made: the account has nothing to sign in by.
    EnrolPasskey(Pending<EnrolPasskey>),
    /// The person belongs to several organisations and must choose one of these.
    ChooseOrg(Pending<ChooseOrg>, Vec<(OrgId, String)>),
}

/// An organisation that somebody may enter.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// Id.
    pub org: OrgId,
    /// Name.
    pub name: String,
    /// What it demands.
    pub policy: AuthPolicy,
    /// The roles in it.
    pub roles: Vec<RoleKey>,
}

/// What the application has laid down for sign-ins.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Its own policy.
    pub policy: &'a AuthPolicy,
    /// Whether a second factor is asked for only where a policy demands it and before sensitive actions, also of those
    /// who have one.
    pub second_factor_on_demand: bool,
    /// Whether an account without a password needs a passkey: people may sign up without a password, and no mail signs
    /// in.
    pub passkey_or_password: bool,
    /// Whether a password must be changed now.
    pub due: &'a dyn Fn(&PasswordCredential) -> bool,
}

/// The facts that decide about an attempt, read anew at every step.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Who is signing in.
    pub user: User,
    /// The identifier they used.
    pub identifier: Identifier,
    /// The organisations they may enter.
    pub orgs: Vec<Entrance>,
    /// The password of the account.
    pub password: Option<PasswordCredential>,
}

/// What a browser brings to a sign-in.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Digest of the browser.
    pub browser: Digest,
    /// Whether to stay signed in when the browser closes.
    pub persistent: bool,
}

/// Begins an attempt with a right first proof; not stored yet. Answers with its bearer secret.
///
/// # Errors
/// Fails when the random generator fails.
pub fn begin(flow: &Flow<'_>, record: &SignInRecord, method: Method, entry: Entry) -> Result<(Attempt, Bearer)> {
    let secret = Bearer::mint(BearerKind::Attempt, flow.random)?;
    let attempt = Attempt {
        id: AttemptId::new(flow.random, flow.now)?,
        realm: flow.realm,
        purpose: AttemptPurpose::SignIn,
        user: record.user.id,
        digest: secret.digest(),
        browser: entry.browser,
        proofs: vec![Proof { method, at: flow.now }],
        canonical: record.identifier.canonical.clone(),
        org: None,
        persistent: entry.persistent,
        auth_epoch: record.user.auth_epoch,
        consumed_at: None,
        expires_at: flow.now + limits::ATTEMPT_LIFE,
        created_at: flow.now,
        version: Version::NEW,
    };
    Ok((attempt, secret))
}

/// Finds a stored attempt by what the browser presents.
///
/// # Errors
/// [`Refused::AttemptExpired`] if it is not live or belongs to another browser.
pub async fn find(flow: &Flow<'_>, secret: &Bearer, browser: Digest) -> Result<Attempt> {
    let attempt = flow.store.attempt(flow.realm, secret.digest()).await?;
    let live = |attempt: &Attempt| {
        attempt.consumed_at.is_none() && flow.now < attempt.expires_at && attempt.browser.matches(&browser)
    };
    Ok(attempt.filter(live).ok_or(Refused::AttemptExpired)?)
}

/// Reads the facts that decide about an attempt.
///
/// # Errors
/// [`Refused::AttemptExpired`] if the account it began with is no longer behind that identifier.
pub async fn facts(flow: &Flow<'_>, attempt: &Attempt) -> Result<Facts> {
    let kind = IdentifierKind::signs_in_by(&attempt.canonical);
    let record = flow.store.sign_in_record(flow.realm, kind, &attempt.canonical).await?;
    let record = record.filter(|record| record.user.id == attempt.user).ok_or(Refused::AttemptExpired)?;
    facts_of(flow, record).await
}

/// Completes a record that was already read to the facts that decide.
///
/// # Errors
/// As the store.
pub async fn facts_of(flow: &Flow<'_>, record: SignInRecord) -> Result<Facts> {
    let orgs = entrances(flow, record.user.id).await?;
    Ok(Facts { user: record.user, identifier: record.identifier, orgs, password: record.password })
}

/// The organisations that a user may enter.
pub(super) async fn entrances(flow: &Flow<'_>, user: UserId) -> Result<Vec<Entrance>> {
    let page = flow.store.memberships_of(user, PageRequest::first(limits::PAGE_MAX)).await?;
    let may_enter = |(org, membership): &(Org, Membership)| {
        org.realm == flow.realm && org.status == OrgStatus::Active && membership.status == MembershipStatus::Active
    };
    let entrance = |(org, membership): (Org, Membership)| Entrance {
        org: org.id,
        name: org.name,
        policy: org.policy,
        roles: membership.roles,
    };
    Ok(page.items.into_iter().filter(may_enter).map(entrance).collect())
}

/// Decides what an attempt needs next. Pure: no clock, no store.
///
/// A second factor comes before everything that changes the account: whoever has only stolen a password must not get to
/// choose the next one.
///
/// # Errors
/// [`Refused::AccountUnavailable`] for an account that may not be used, [`Refused::AttemptExpired`] if everything of
/// its epoch was revoked since it began.
pub fn next(
    attempt: Attempt,
    facts: &Facts,
    terms: Terms<'_>,
    now: OffsetDateTime,
) -> std::result::Result<Next, Refused> {
    if attempt.auth_epoch != facts.user.auth_epoch || attempt.proofs.is_empty() {
        return Err(Refused::AttemptExpired);
    }
    if facts.user.status != UserStatus::Active {
        return Err(Refused::AccountUnavailable);
    }
    if facts.identifier.verified_at.is_none() {
        return Ok(Next::VerifyAddress(Pending::needs(attempt)));
    }
    let by_mail_alone = attempt.proofs.iter().all(|proof| !proof.method.is_beyond_messages());
    let has_neither = facts.password.is_none() && !facts.user.factors.has_passkey();
    if terms.passkey_or_password && by_mail_alone && has_neither {
        return Ok(Next::EnrolPasskey(Pending::needs(attempt)));
    }
    // What its holder has enrolled is asked for whatever methods a policy lists; only trusted devices can be barred.
    let is_shown = |policy: &AuthPolicy| policy.shows_two(&attempt.proofs);
    let open = open_methods(&attempt, facts.user.factors);
    let is_asked = facts.user.factors.is_asked() && !terms.second_factor_on_demand && !open.is_empty();
    if is_asked && !is_shown(terms.policy) {
        return Ok(Next::SecondFactor(Pending::needs(attempt)));
    }
    let by_password = attempt.proofs.iter().any(|proof| proof.method == Method::Password);
    if by_password && facts.password.as_ref().is_some_and(terms.due) {
        return Ok(Next::NewPassword(Pending::needs(attempt)));
    }
    let chosen = match (facts.orgs.as_slice(), attempt.org) {
        ([], _) => None,
        ([only], _) => Some(only),
        (several, chosen) => match several.iter().find(|entrance| Some(entrance.org) == chosen) {
            Some(entrance) => Some(entrance),
            None => return Ok(Next::ChooseOrg(Pending::needs(attempt), facts.offers())),
        },
    };
    let policy = chosen.map_or_else(|| terms.policy.clone(), |chosen| terms.policy.strictest(&chosen.policy));
    let evidence = Evidence {
        proofs: &attempt.proofs,
        created_at: attempt.created_at,
        roles: chosen.map(|chosen| chosen.roles.as_slice()).unwrap_or_default(),
    };
    let is_demanded = evaluate(&policy, evidence, now).contains(&Demand::SecondFactor);
    if is_demanded && (is_shown(&policy) || !open.iter().any(|method| policy.counts(*method))) {
        return Ok(Next::EnrolFactor(Pending::needs(attempt)));
    }
    if is_demanded || (is_asked && !is_shown(&policy)) {
        return Ok(Next::SecondFactor(Pending::needs(attempt)));
    }
    let chosen = chosen.map(|chosen| chosen.org);
    Ok(Next::Complete(Grant::complete(attempt, chosen, policy)))
}

/// By what a second proof can be given: not by what was given already. Recovery codes stand in for something; where
/// there is nothing left, they do not.
#[must_use]
pub fn open_methods(attempt: &Attempt, factors: FactorKinds) -> Vec<Method> {
    let mut open = factors.methods();
    let is_new = |method: &Method| attempt.proofs.iter().all(|proof| proof.method != *method);
    open.retain(|method| is_new(method) && method.adds_to(&attempt.proofs));
    if open.iter().all(|method| *method == Method::RecoveryCode) {
        open.clear();
    }
    open
}

impl Facts {
    /// Id and name of the organisations to choose from.
    #[must_use]
    pub fn offers(&self) -> Vec<(OrgId, String)> {
        self.orgs.iter().map(|entrance| (entrance.org, entrance.name.clone())).collect()
    }
}

/// Stores a pending attempt.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan_pending(flow: &Flow<'_>, attempt: Attempt, needs: &'static str) -> Result<ChangeSet> {
    let actor = Actor::User { user: attempt.user, session: None };
    let audit = flow.audit(AuditKind::SignInPending, actor, attempt.user, json!({ "needs": needs }))?;
    Ok(flow.changes()?.with(Write::PutAttempt(attempt)).with(audit))
}
