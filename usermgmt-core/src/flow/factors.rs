//! The factors of an account besides the password: enrolling, confirming, removing.
//!
//! Every change of them meets the user's row, ends the other sessions and every trust in devices, and tells the owner
//! with a link to undo it (OWASP ASVS 5.0, 7.4.3 and 6.3.7).

use serde_json::json;
use time::OffsetDateTime;

use super::{Flow, Result, mailed, sign_in, step_up};
use crate::error::{FieldError, Refused};
use crate::id::FactorId;
use crate::limits;
use crate::model::{
    Actor, Attempt, AuditKind, Factor, FactorData, FactorKind, FactorKinds, MailKind, Method, Proof, RoleKey, Token,
    User, Version,
};
use crate::policy::AuthPolicy;
use crate::proof::Principal;
use crate::recovery_code::RecoveryCode;
use crate::sealed::Sealed;
use crate::secret::{Bearer, BearerKind, Digest};
use crate::store::{ChangeSet, Write};

/// Who changes factors: somebody signed in, or somebody who must enrol one to sign in.
#[derive(Clone, Debug)]
pub enum Holder<'a> {
    /// Signed in, having just proven it.
    Session(&'a Principal),
    /// In a sign-in that waits for it.
    Attempt(Box<Attempt>),
}

/// In what a holder goes on after a change.
#[derive(Clone, Debug)]
pub enum Renewed {
    /// The session under a new secret.
    Session(Bearer),
    /// The attempt.
    Attempt(Box<Attempt>),
}

impl Renewed {
    /// The new secret of the session.
    ///
    /// # Errors
    /// [`Refused::AuthorityChanged`] if an attempt goes on.
    pub fn session(self) -> Result<Bearer> {
        match self {
            Self::Session(secret) => Ok(secret),
            Self::Attempt(_) => Err(Refused::AuthorityChanged.into()),
        }
    }

    /// The attempt.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`] if a session goes on.
    pub fn attempt(self) -> Result<Attempt> {
        match self {
            Self::Attempt(attempt) => Ok(*attempt),
            Self::Session(_) => Err(Refused::AttemptExpired.into()),
        }
    }
}

impl Holder<'_> {
    fn actor(&self, user: &User) -> Actor {
        let session = match self {
            Self::Session(principal) => Some(principal.session()),
            Self::Attempt(_) => None,
        };
        Actor::User { user: user.id, session }
    }

    /// Begins a change set with this holder's authority.
    pub(super) fn begin(&self, flow: &Flow<'_>) -> Result<ChangeSet> {
        let changes = flow.changes()?;
        Ok(match self {
            Self::Session(principal) => changes.with(Write::StillAuthorised(principal.authority())),
            Self::Attempt(_) => changes,
        })
    }
}

/// A factor that is not in force yet.
///
/// # Errors
/// Fails when the random generator fails.
pub(super) fn new(flow: &Flow<'_>, user: &User, name: String, data: FactorData) -> Result<Factor> {
    Ok(Factor {
        user: user.id,
        id: FactorId::new(flow.random, flow.now)?,
        realm: flow.realm,
        name,
        credential: None,
        data,
        confirmed_at: None,
        used_at: None,
        expires_at: None,
        created_at: flow.now,
        version: Version::NEW,
    })
}

/// The kinds of those that were confirmed.
fn kinds<'a>(factors: impl IntoIterator<Item = &'a Factor>) -> FactorKinds {
    let confirmed = factors.into_iter().filter(|factor| factor.confirmed_at.is_some());
    confirmed.map(Factor::kind).collect()
}

/// Works out the first half of an enrolment: the secret is stored and counts for nothing until a code of it was given.
/// What was begun before and not confirmed ends. `seal` seals the secret for the factor's id.
///
/// # Errors
/// Fails when the random generator fails, or as `seal`.
pub fn plan_totp(
    flow: &Flow<'_>,
    holder: &Holder<'_>,
    user: &User,
    factors: &[Factor],
    seal: impl FnOnce(FactorId) -> Result<Sealed>,
) -> Result<(ChangeSet, FactorId)> {
    let mut changes = holder.begin(flow)?;
    end_begun(&mut changes, factors, FactorKind::Totp);
    let id = FactorId::new(flow.random, flow.now)?;
    let data = FactorData::Totp { secret: seal(id)?, last_step: None };
    let factor = new(flow, user, String::new(), data)?;
    changes.push(Write::PutFactor(Factor { id, expires_at: Some(flow.now + limits::ENROLMENT_LIFE), ..factor }));
    Ok((changes, id))
}

/// What was begun of this kind and not confirmed ends.
pub(super) fn end_begun(changes: &mut ChangeSet, factors: &[Factor], kind: FactorKind) {
    for begun in factors.iter().filter(|factor| factor.kind() == kind && factor.confirmed_at.is_none()) {
        changes.push(Write::DeleteFactor { user: begun.user, id: begun.id, version: begun.version });
    }
}

/// The enrolment that waits for its first code.
///
/// # Errors
/// [`Refused::NotFound`] if there is none (any more).
pub fn begun(flow: &Flow<'_>, factors: &[Factor], id: FactorId) -> Result<Factor> {
    let waits = |factor: &&Factor| {
        factor.id == id && factor.confirmed_at.is_none() && factor.expires_at.is_some_and(|end| flow.now < end)
    };
    Ok(factors.iter().find(waits).cloned().ok_or(Refused::NotFound)?)
}

/// Works out the second half of an enrolment: a code of this step was right. The factor that it replaces goes, and with
/// the first one come recovery codes, which are answered to be shown once.
///
/// # Errors
/// As the store.
pub async fn plan_confirmation(
    flow: &Flow<'_>,
    holder: Holder<'_>,
    user: &User,
    factors: &[Factor],
    begun: Factor,
    step: u64,
) -> Result<(ChangeSet, Renewed, Vec<RecoveryCode>)> {
    let FactorData::Totp { secret, .. } = &begun.data else { return Err(Refused::NotFound.into()) };
    let data = FactorData::Totp { secret: secret.clone(), last_step: Some(step) };
    let now = Some(flow.now);
    let confirmed = Factor { data, confirmed_at: now, used_at: now, expires_at: None, ..begun };
    let changes = holder.begin(flow)?;
    put_in_force(flow, changes, holder, user, factors, confirmed).await
}

/// A factor of which there is one of its kind: the one that it replaces goes.
pub(super) async fn put_in_force(
    flow: &Flow<'_>,
    mut changes: ChangeSet,
    holder: Holder<'_>,
    user: &User,
    factors: &[Factor],
    confirmed: Factor,
) -> Result<(ChangeSet, Renewed, Vec<RecoveryCode>)> {
    let kind = confirmed.kind();
    for factor in factors.iter().filter(|factor| factor.kind() == kind && factor.id != confirmed.id) {
        changes.push(Write::DeleteFactor { user: user.id, id: factor.id, version: factor.version });
    }
    let kept = factors.iter().filter(|factor| factor.kind() != kind).cloned().collect();
    add(flow, changes, holder, user, kept, confirmed, true).await
}

/// A passkey that was made.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// SHA-256 of its credential id.
    pub credential: Digest,
    /// What WebAuthn keeps of it.
    pub kept: serde_json::Value,
    /// By which name the authenticator knows the account.
    pub handle: uuid::Uuid,
    /// What its owner calls it.
    pub name: String,
    /// Whether it is asked for after every other first proof.
    pub asked: bool,
}

/// Works out that a passkey is in force. Recovery codes come with it if it is asked for, or was demanded to sign in.
///
/// # Errors
/// [`FieldError::TOO_MANY`](crate::error::FieldError::TOO_MANY) beyond [`limits::PASSKEYS`], or as the store.
pub async fn plan_passkey(
    flow: &Flow<'_>,
    holder: Holder<'_>,
    user: &User,
    factors: &[Factor],
    made: NewPasskey,
    with_codes: bool,
) -> Result<(ChangeSet, Renewed, Vec<RecoveryCode>)> {
    let NewPasskey { credential, kept, handle, name, asked } = made;
    if factors.iter().filter(|factor| factor.kind().is_passkey()).count() >= limits::PASSKEYS {
        return Err(FieldError::new("passkey", FieldError::TOO_MANY).into());
    }
    let data = FactorData::Passkey { credential: kept, handle, asked, answered: Vec::new() };
    let (factor, now) = (new(flow, user, name, data)?, Some(flow.now));
    let made = Factor { credential: Some(credential), confirmed_at: now, used_at: now, ..factor };
    let changes = holder.begin(flow)?;
    add(flow, changes, holder, user, factors.to_vec(), made, asked || with_codes).await
}

/// Works out another name of a passkey.
///
/// # Errors
/// [`Refused::NotFound`] if there is no such passkey.
pub fn plan_name(
    flow: &Flow<'_>,
    principal: &Principal,
    factors: &[Factor],
    id: FactorId,
    name: String,
) -> Result<ChangeSet> {
    let named = factors.iter().find(|factor| factor.id == id && factor.kind().is_passkey()).ok_or(Refused::NotFound)?;
    let actor = Actor::User { user: named.user, session: Some(principal.session()) };
    let audit = flow.audit(AuditKind::PasskeyNamed, actor, named.user, json!({ "factor": id }))?;
    let named = Factor { name, ..named.clone() };
    Ok(Holder::Session(principal).begin(flow)?.with(Write::PutFactor(named)).with(audit))
}

/// What every new factor brings: with the first one come recovery codes, where they are wanted.
async fn add(
    flow: &Flow<'_>,
    mut changes: ChangeSet,
    holder: Holder<'_>,
    user: &User,
    mut kept: Vec<Factor>,
    added: Factor,
    with_codes: bool,
) -> Result<(ChangeSet, Renewed, Vec<RecoveryCode>)> {
    let mut codes = Vec::new();
    if with_codes && !kinds(&kept).contains(FactorKind::RecoveryCodes) {
        let (set, made) = recovery_codes(flow, user)?;
        changes.push(Write::PutFactor(set.clone()));
        kept.push(set);
        codes = made;
    }
    let detail = json!({ "factor": added.id, "kind": added.kind().as_str() });
    let proof = added.kind().method().map(|method| Proof { method, at: flow.now });
    kept.push(added.clone());
    changes.push(Write::PutFactor(added));
    changes.push(flow.audit(AuditKind::FactorAdded, holder.actor(user), user.id, detail)?);
    let renewed = changed(flow, &mut changes, holder, user, &kept, proof, MailKind::FactorAdded).await?;
    Ok((changes, renewed, codes))
}

/// Works out the removal of a factor. Recovery codes go with the last second factor. `by_mail`: whether mails sign in.
///
/// # Errors
/// [`Refused::NotFound`] if there is no such second factor, [`Refused::FactorRequired`] if it is the last one that
/// counts and a policy demands one, [`Refused::LastSignInMethod`] if nothing would be left to sign in by, or as the store.
pub async fn plan_removal(
    flow: &Flow<'_>,
    principal: &Principal,
    user: &User,
    factors: &[Factor],
    id: FactorId,
    app: &AuthPolicy,
    by_mail: bool,
) -> Result<(ChangeSet, Bearer)> {
    let meant = |factor: &&Factor| factor.id == id && factor.kind().is_second();
    let removed = factors.iter().find(meant).ok_or(Refused::NotFound)?;
    let mut kept: Vec<Factor> = factors.iter().filter(|factor| factor.id != id).cloned().collect();
    if removed.kind().is_passkey() && !kinds(&kept).has_passkey() && !by_mail {
        // The row of the user is put below: of two that remove the last two at once, the second looks again.
        flow.store.password(user.id).await?.ok_or(Refused::LastSignInMethod)?;
    }
    let holder = Holder::Session(principal);
    let mut changes = holder.begin(flow)?;
    changes.push(Write::DeleteFactor { user: user.id, id, version: removed.version });
    if is_lacking(flow, user, app, kinds(&kept)).await? {
        return Err(Refused::FactorRequired.into());
    }
    if !kinds(&kept).has_second() {
        changes.push(Write::DeleteFactors { user: user.id, kind: FactorKind::RecoveryCodes });
        kept.retain(|factor| factor.kind() != FactorKind::RecoveryCodes);
    }
    let detail = json!({ "factor": id, "kind": removed.kind().as_str() });
    changes.push(flow.audit(AuditKind::FactorRemoved, holder.actor(user), user.id, detail)?);
    let renewed = changed(flow, &mut changes, holder, user, &kept, None, MailKind::FactorRemoved).await?;
    renewed.session().map(|secret| (changes, secret))
}

/// Works out a new set of recovery codes, which are answered to be shown once; those of before are void.
///
/// # Errors
/// [`Refused::NotFound`] without a second factor that they could stand in for, or as the store.
pub async fn plan_recovery_codes(
    flow: &Flow<'_>,
    principal: &Principal,
    user: &User,
    factors: &[Factor],
) -> Result<(ChangeSet, Bearer, Vec<RecoveryCode>)> {
    let mut kept: Vec<Factor> =
        factors.iter().filter(|factor| factor.kind() != FactorKind::RecoveryCodes).cloned().collect();
    if !kinds(&kept).has_second() {
        return Err(Refused::NotFound.into());
    }
    let holder = Holder::Session(principal);
    let mut changes = holder.begin(flow)?;
    changes.push(Write::DeleteFactors { user: user.id, kind: FactorKind::RecoveryCodes });
    let (set, codes) = recovery_codes(flow, user)?;
    changes.push(Write::PutFactor(set.clone()));
    kept.push(set);
    changes.push(flow.audit(AuditKind::RecoveryCodesMade, holder.actor(user), user.id, json!({}))?);
    let renewed = changed(flow, &mut changes, holder, user, &kept, None, MailKind::RecoveryCodesMade).await?;
    renewed.session().map(|secret| (changes, secret, codes))
}

/// Works out that no device is trusted any more.
///
/// # Errors
/// Fails when the random generator fails.
pub fn plan_distrust(flow: &Flow<'_>, principal: &Principal, user: &User) -> Result<ChangeSet> {
    let holder = Holder::Session(principal);
    let mut changes = holder.begin(flow)?;
    distrust(&mut changes, user);
    let factors = user.factors.without(FactorKind::TrustedDevice);
    changes.push(Write::PutUser(User { factors, ..user.clone() }));
    changes.push(flow.audit(AuditKind::DevicesDistrusted, holder.actor(user), user.id, json!({}))?);
    Ok(changes)
}

/// Ends every trust in devices: they are trusted in place of a proof, and what is proven has changed.
pub(super) fn distrust(changes: &mut ChangeSet, user: &User) {
    if user.factors.contains(FactorKind::TrustedDevice) {
        changes.push(Write::DeleteFactors { user: user.id, kind: FactorKind::TrustedDevice });
    }
}

/// Removes every factor that has come since a time, and with the last second factor the recovery codes; answers the
/// user as it will be stored, and how many went.
///
/// # Errors
/// As the store.
pub async fn undo_since(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    user: &User,
    since: OffsetDateTime,
) -> Result<(User, usize)> {
    if user.factors.is_empty() {
        return Ok((user.clone(), 0));
    }
    let (gone, mut kept): (Vec<_>, Vec<_>) = flow
        .store
        .factors(user.id)
        .await?
        .into_iter()
        .filter(|factor| factor.kind() != FactorKind::TrustedDevice)
        .partition(|factor| factor.created_at >= since);
    distrust(changes, user);
    for factor in &gone {
        changes.push(Write::DeleteFactor { user: user.id, id: factor.id, version: factor.version });
    }
    if !kinds(&kept).has_second() {
        for factor in kept.iter().filter(|factor| factor.kind() == FactorKind::RecoveryCodes) {
            changes.push(Write::DeleteFactor { user: user.id, id: factor.id, version: factor.version });
        }
        kept.retain(|factor| factor.kind() != FactorKind::RecoveryCodes);
    }
    Ok((User { factors: kinds(&kept), ..user.clone() }, gone.len()))
}

/// Works out that every factor goes, by the link that support has sent after its waiting time. The next sign-in asks
/// for none, or enrols one where a policy demands it. Answers the address that the link went to.
///
/// # Errors
/// [`Refused::LinkInvalid`] if the account may not be used, or as the store.
pub async fn plan_reset(flow: &Flow<'_>, token: &Token) -> Result<(ChangeSet, String)> {
    let (user, contacts) = mailed::holder(flow, token).await?;
    let mut changes = flow.changes()?.with(Write::ConsumeToken { user: token.user, id: token.id });
    for factor in flow.store.factors(user.id).await? {
        changes.push(Write::DeleteFactor { user: user.id, id: factor.id, version: factor.version });
    }
    changes.push(Write::PutUser(User { factors: FactorKinds::NONE, ..user.clone() }));
    changes.push(Write::MoveAuthEpoch { user: user.id, from: user.auth_epoch });
    let actor = Actor::User { user: user.id, session: None };
    changes.push(flow.audit(AuditKind::FactorsReset, actor, user.id, json!({}))?);
    if let Some(primary) = mailed::primary(&contacts) {
        mailed::notify(flow, &mut changes, MailKind::FactorsRemoved, &user, primary).await?;
    }
    Ok((changes, token.display.clone()))
}

/// A new set of recovery codes, in force.
fn recovery_codes(flow: &Flow<'_>, user: &User) -> Result<(Factor, Vec<RecoveryCode>)> {
    let codes: Vec<_> = (0..limits::RECOVERY_CODES)
        .map(|_| RecoveryCode::generate(flow.random))
        .collect::<std::result::Result<_, _>>()?;
    let set = new(flow, user, String::new(), FactorData::RecoveryCodes { left: Vec::new() })?;
    let left = codes.iter().map(|code| code.digest(flow.keys, user.id, set.id)).collect();
    Ok((Factor { data: FactorData::RecoveryCodes { left }, confirmed_at: Some(flow.now), ..set }, codes))
}

/// Whether a policy demands a second factor of this user, and none of these counts under it: the application's policy,
/// or that of an organisation.
async fn is_lacking(flow: &Flow<'_>, user: &User, app: &AuthPolicy, kept: FactorKinds) -> Result<bool> {
    let counts = |policy: &AuthPolicy| {
        kept.methods().iter().any(|method| *method != Method::RecoveryCode && policy.counts(*method))
    };
    let lacks = |policy: &AuthPolicy, roles: &[RoleKey]| policy.demands_second_factor(roles) && !counts(policy);
    let entrances = sign_in::entrances(flow, user.id).await?;
    Ok(lacks(app, &[]) || entrances.iter().any(|entry| lacks(&app.strictest(&entry.policy), &entry.roles)))
}

/// What every change of factors carries: the other sessions end, no device is trusted any more, the owner is told.
async fn changed(
    flow: &Flow<'_>,
    changes: &mut ChangeSet,
    holder: Holder<'_>,
    user: &User,
    factors: &[Factor],
    proof: Option<Proof>,
    mail: MailKind,
) -> Result<Renewed> {
    distrust(changes, user);
    let kinds = kinds(factors.iter().filter(|factor| factor.kind() != FactorKind::TrustedDevice));
    changes.push(Write::PutUser(User { factors: kinds, ..user.clone() }));
    let contacts = mailed::contacts(flow, user.id).await?;
    if let Some(primary) = mailed::primary(&contacts) {
        mailed::notify(flow, changes, mail, user, primary).await?;
    }
    let epoch = match &holder {
        Holder::Session(principal) => principal.auth_epoch(),
        Holder::Attempt(attempt) => attempt.auth_epoch,
    };
    changes.push(Write::MoveAuthEpoch { user: user.id, from: epoch });
    Ok(match holder {
        Holder::Session(principal) => {
            let secret = Bearer::mint(BearerKind::Session, flow.random)?;
            let mut proofs = principal.proofs().to_vec();
            proofs.extend(proof);
            step_up::cut(&mut proofs);
            changes.push(principal.rotation(secret.digest(), proofs, epoch + 1));
            Renewed::Session(secret)
        }
        Holder::Attempt(mut attempt) => {
            attempt.proofs.extend(proof);
            attempt.auth_epoch += 1;
            changes.push(Write::PutAttempt((*attempt).clone()));
            Renewed::Attempt(attempt)
        }
    })
}
