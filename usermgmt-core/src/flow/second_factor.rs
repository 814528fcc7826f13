//! A second factor is proven: as a step of a sign-in, or again in a running session.
//!
//! Every proof is used up by a put of the factor at the version that was read, so of any number of simultaneous uses of
//! one code exactly one succeeds (RFC 6238 section 5.2; OWASP ASVS 5.0, 6.5.1).

use serde_json::json;

use super::{Flow, Result, factors, mailed, sent_code, step_up};
use crate::error::Refused;
use crate::limits;
use crate::model::{
    Actor, Answered, Attempt, AuditKind, Factor, FactorData, FactorKind, MailKind, Method, Proof, Token, TokenKind,
    User,
};
use crate::proof::Principal;
use crate::recovery_code::RecoveryCode;
use crate::sealed::Sealed;
use crate::secret::{Bearer, Digest};
use crate::store::{ChangeSet, Write};

/// A right second proof, not used up yet. It can be had only from a check.
///
/// ```compile_fail
/// use usermgmt_core::flow::second_factor::Shown;
/// fn forge(factor: usermgmt_core::model::Factor) -> Shown { Shown { factor } }
/// ```
#[derive(Clone, Debug)]
pub struct Shown {
    /// The factor as it will be stored.
    factor: Factor,
}

impl Shown {
    /// A code of this step of time was right. `resealed` is the same secret under the current root key, if it lies under
    /// another one.
    ///
    /// # Errors
    /// [`Refused::CodeInvalid`] if a code of it or of a later one was accepted before.
    pub fn totp(flow: &Flow<'_>, factor: &Factor, step: u64, resealed: Option<Sealed>) -> Result<Self> {
        let FactorData::Totp { secret, last_step } = &factor.data else { return Err(Refused::CodeInvalid.into()) };
        if !factor.is_in_force(flow.now) || last_step.is_some_and(|last| step <= last) {
            return Err(Refused::CodeInvalid.into());
        }
        let secret = resealed.unwrap_or_else(|| secret.clone());
        let data = FactorData::Totp { secret, last_step: Some(step) };
        Ok(Self { factor: Factor { data, used_at: Some(flow.now), ..factor.clone() } })
    }

    /// Looks for a recovery code among those that are left.
    ///
    /// # Errors
    /// [`Refused::CodeInvalid`] if it is none of them.
    pub fn recovery_code(flow: &Flow<'_>, factors: &[Factor], code: &RecoveryCode) -> Result<Self> {
        let spent = factors.iter().find_map(|factor| {
            let FactorData::RecoveryCodes { left } = &factor.data else { return None };
            let spent = code.found(flow.keys, factor.user, factor.id, left)?;
            let left = left.iter().filter(|other| **other != spent).copied().collect();
            let data = FactorData::RecoveryCodes { left };
            Some(Factor { data, used_at: Some(flow.now), ..factor.clone() })
        });
        Ok(Self { factor: spent.filter(|factor| factor.is_in_force(flow.now)).ok_or(Refused::CodeInvalid)? })
    }

    /// Looks whether it is the code that was sent, which [`sent_code::live`] has found.
    ///
    /// # Errors
    /// [`Refused::CodeInvalid`] if it is not, or the factor that it was sent for is in force no more.
    pub fn sent_code(flow: &Flow<'_>, factors: &[Factor], sent: &Token, typed: &str) -> Result<Self> {
        let meant = |factor: &&Factor| factor.is_in_force(flow.now) && sent_code::is_of(factor, sent);
        let factor = factors.iter().find(meant).filter(|_| mailed::code_matches(flow, sent, typed));
        let factor = factor.ok_or(Refused::CodeInvalid)?;
        Ok(Self { factor: Factor { used_at: Some(flow.now), ..factor.clone() } })
    }

    /// A passkey has answered a challenge. `credential` is what is kept of it from now on.
    ///
    /// # Errors
    /// [`Refused::PasskeyInvalid`] if it has answered this challenge before, or is none that is in force.
    pub fn passkey(
        flow: &Flow<'_>,
        factor: &Factor,
        credential: serde_json::Value,
        challenge: Answered,
    ) -> Result<Self> {
        let FactorData::Passkey { handle, asked, answered, .. } = &factor.data else {
            return Err(Refused::PasskeyInvalid.into());
        };
        let is_new = answered.iter().all(|earlier| earlier.challenge != challenge.challenge);
        if !factor.is_in_force(flow.now) || flow.now >= challenge.until || !is_new {
            return Err(Refused::PasskeyInvalid.into());
        }
        let mut answered: Vec<_> = answered.iter().filter(|earlier| flow.now < earlier.until).copied().collect();
        answered.push(challenge);
        let data = FactorData::Passkey { credential, handle: *handle, asked: *asked, answered };
        Ok(Self { factor: Factor { data, used_at: Some(flow.now), ..factor.clone() } })
    }

    /// What the proof is called.
    #[must_use]
    pub fn method(&self) -> Option<Method> {
        self.factor.kind().method()
    }

    /// Adds its use to a change set; answers the proof. The owner is told of a recovery code that is used.
    pub(super) async fn spend(self, flow: &Flow<'_>, changes: &mut ChangeSet, user: &User) -> Result<Proof> {
        let method = self.method().ok_or(Refused::CodeInvalid)?;
        if let FactorData::RecoveryCodes { left } = &self.factor.data {
            let actor = Actor::User { user: user.id, session: None };
            let detail = json!({ "left": left.len() });
            changes.push(flow.audit(AuditKind::RecoveryCodeUsed, actor, user.id, detail)?);
            let contacts = mailed::contacts(flow, user.id).await?;
            if let Some(primary) = mailed::primary(&contacts) {
                mailed::notify(flow, changes, MailKind::RecoveryCodeUsed, user, primary).await?;
            }
        }
        if self.factor.kind().is_sent_code() {
            changes.push(Write::RevokeTokens { user: user.id, kind: TokenKind::SecondFactor });
        }
        changes.push(Write::PutFactor(self.factor));
        Ok(Proof { method, at: flow.now })
    }
}

/// Whether this browser is one of the user's trusted devices.
#[must_use]
pub fn is_trusted(flow: &Flow<'_>, factors: &[Factor], presented: &[Bearer]) -> bool {
    let presented: Vec<Digest> = presented.iter().map(Bearer::digest).collect();
    factors.iter().filter(|factor| factor.is_in_force(flow.now)).any(|factor| match &factor.data {
        FactorData::TrustedDevice { digest } => presented.iter().any(|own| own.matches(digest)),
        _ => false,
    })
}

/// A device to be trusted from now on.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// The secret in its cookie.
    pub secret: &'a Bearer,
    /// What it calls itself.
    pub label: Option<&'a str>,
}

/// Works out the step of a sign-in: the proof is used up and stands in the attempt that is answered. With `trust` no
/// second factor is asked for on this device for a while.
///
/// # Errors
/// As the store.
pub async fn plan_step(
    flow: &Flow<'_>,
    attempt: Attempt,
    user: &User,
    factors: &[Factor],
    shown: Shown,
    trust: Option<Trust<'_>>,
) -> Result<(ChangeSet, Attempt)> {
    let mut changes = flow.changes()?;
    let proof = shown.spend(flow, &mut changes, user).await?;
    if let Some(trust) = trust {
        trusting(flow, &mut changes, user, factors, trust)?;
    }
    let mut proofs = attempt.proofs.clone();
    proofs.push(proof);
    let attempt = Attempt { proofs, ..attempt };
    changes.push(Write::PutAttempt(attempt.clone()));
    Ok((changes, attempt))
}

/// Works out the first proof of a sign-in by a passkey: its challenge is used up.
///
/// # Errors
/// As the store.
pub async fn plan_first(flow: &Flow<'_>, user: &User, shown: Shown) -> Result<ChangeSet> {
    let mut changes = flow.changes()?;
    shown.spend(flow, &mut changes, user).await?;
    Ok(changes)
}

/// Works out a step-up by a second factor.
///
/// # Errors
/// As the store.
pub async fn plan_step_up(
    flow: &Flow<'_>,
    principal: &Principal,
    user: &User,
    shown: Shown,
) -> Result<(ChangeSet, Bearer)> {
    let method = shown.method().ok_or(Refused::CodeInvalid)?;
    let (mut changes, secret) = step_up::plan(flow, principal, method)?;
    shown.spend(flow, &mut changes, user).await?;
    Ok((changes, secret))
}

fn trusting(flow: &Flow<'_>, changes: &mut ChangeSet, user: &User, factors: &[Factor], trust: Trust<'_>) -> Result<()> {
    let mut devices: Vec<&Factor> =
        factors.iter().filter(|factor| factor.kind() == FactorKind::TrustedDevice).collect();
    devices.sort_by_key(|device| device.created_at);
    let surplus = (devices.len() + 1).saturating_sub(limits::TRUSTED_DEVICES);
    for device in devices.into_iter().take(surplus) {
        changes.push(Write::DeleteFactor { user: user.id, id: device.id, version: device.version });
    }
    let label = trust.label.and_then(crate::text::label).unwrap_or_default();
    let data = FactorData::TrustedDevice { digest: trust.secret.digest() };
    let device = factors::new(flow, user, label, data)?;
    let expires_at = Some(flow.now + limits::TRUSTED_DEVICE_LIFE);
    changes.push(Write::PutFactor(Factor { confirmed_at: Some(flow.now), expires_at, ..device }));
    // Whoever ends all trust meanwhile ends this one too: the second of the two runs again.
    changes.push(Write::PutUser(User { factors: user.factors.with(FactorKind::TrustedDevice), ..user.clone() }));
    let actor = Actor::User { user: user.id, session: None };
    changes.push(flow.audit(AuditKind::DeviceTrusted, actor, user.id, json!({}))?);
    Ok(())
}
