//! Where a sign-in stands.

use std::marker::PhantomData;

use crate::id::{AttemptId, OrgId, UserId};
use crate::model::{Attempt, Proof};
use crate::policy::AuthPolicy;

/// Proof that a sign-in is complete. Only this can become a session.
///
/// ```compile_fail
/// use usermgmt_core::proof::Grant;
/// fn forge(attempt: usermgmt_core::model::Attempt) -> Grant {
///     Grant { attempt, org: None, policy: Default::default() }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Grant {
    attempt: Attempt,
    org: Option<OrgId>,
    policy: AuthPolicy,
}

impl Grant {
    pub(crate) const fn complete(attempt: Attempt, org: Option<OrgId>, policy: AuthPolicy) -> Self {
        Self { attempt, org, policy }
    }

    /// What application and organisation demand of the session.
    #[must_use]
    pub const fn policy(&self) -> &AuthPolicy {
        &self.policy
    }

    /// Who has signed in.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.attempt.user
    }

    /// What was proven.
    #[must_use]
    pub fn proofs(&self) -> &[Proof] {
        &self.attempt.proofs
    }

    /// The organisation that the session will act in.
    #[must_use]
    pub const fn org(&self) -> Option<OrgId> {
        self.org
    }

    /// The user's epoch when the sign-in began.
    #[must_use]
    pub const fn auth_epoch(&self) -> u64 {
        self.attempt.auth_epoch
    }

    /// Whether the person asked to be remembered.
    #[must_use]
    pub const fn is_persistent(&self) -> bool {
        self.attempt.persistent
    }

    /// The stored attempt to consume, if the sign-in took more than one step.
    #[must_use]
    pub fn stored_attempt(&self) -> Option<AttemptId> {
        (self.attempt.version != crate::model::Version::NEW).then_some(self.attempt.id)
    }
}

/// A step that a sign-in may still need.
pub trait Step: Send + Sync + 'static {
    /// Stable word for this step.
    const WORD: &'static str;
}

/// The address must be proven.
#[derive(Clone, Copy, Debug)]
pub struct VerifyAddress;

impl Step for VerifyAddress {
    const WORD: &'static str = "verify_address";
}

/// A new password must be set: the present one is too old, or was given by somebody else.
#[derive(Clone, Copy, Debug)]
pub struct NewPassword;

impl Step for NewPassword {
    const WORD: &'static str = "new_password";
}

/// A second factor must be proven.
#[derive(Clone, Copy, Debug)]
pub struct ProveFactor;

impl Step for ProveFactor {
    const WORD: &'static str = "second_factor";
}

/// A second factor is demanded and the account has none that counts: one must be enrolled.
#[derive(Clone, Copy, Debug)]
pub struct EnrolFactor;

impl Step for EnrolFactor {
    const WORD: &'static str = "enrol_factor";
}

/// The account has nothing to sign in by: its first passkey must be made.
#[derive(Clone, Copy, Debug)]
pub struct EnrolPasskey;

impl Step for EnrolPasskey {
    const WORD: &'static str = "enrol_passkey";
}

/// An organisation must be chosen.
#[derive(Clone, Copy, Debug)]
pub struct ChooseOrg;

impl Step for ChooseOrg {
    const WORD: &'static str = "choose_organization";
}

/// Proof that a sign-in has begun with a right first proof and needs the step `S`. Pending is signed out: this opens
/// nothing but that step.
///
/// ```compile_fail
/// use usermgmt_core::proof::{Pending, VerifyAddress};
/// fn forge(attempt: usermgmt_core::model::Attempt) -> Pending<VerifyAddress> {
///     Pending { attempt, step: std::marker::PhantomData }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Pending<S> {
    attempt: Attempt,
    step: PhantomData<fn() -> S>,
}

impl<S: Step> Pending<S> {
    pub(crate) const fn needs(attempt: Attempt) -> Self {
        Self { attempt, step: PhantomData }
    }

    /// The attempt.
    #[must_use]
    pub const fn attempt(&self) -> &Attempt {
        &self.attempt
    }
}
