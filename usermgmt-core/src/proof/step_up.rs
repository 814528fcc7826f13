//! A recent proof.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::Principal;
use crate::error::Refused;
use crate::policy::AuthPolicy;

/// Proof that the principal has proven who they are a short while ago.
///
/// ```compile_fail
/// use usermgmt_core::proof::{Principal, StepUp};
/// fn forge(principal: std::sync::Arc<Principal>) -> StepUp { StepUp(principal) }
/// ```
#[derive(Clone, Debug)]
pub struct StepUp(Arc<Principal>);

impl StepUp {
    /// Checks that the last proof that is strong enough is younger than `within`, or than the policies allow if that is
    /// less: on an account with a second factor a proof by one, else by password (NIST SP 800-63B-4 section 5.2), or by
    /// mail where the application has nothing else to ask for (`by_mail`). The age is that of the proof itself: activity,
    /// refresh and rotation do not make it younger. A proof from the future (the clock went back) does not count.
    ///
    /// # Errors
    /// [`Refused::StepUpRequired`].
    pub fn check(
        principal: &Arc<Principal>,
        policy: &AuthPolicy,
        within: Duration,
        now: OffsetDateTime,
        by_mail: bool,
    ) -> Result<Self, Refused> {
        let org = principal.org().map(|standing| &standing.policy);
        let within = org.map_or(within, |org| org.freshness(within));
        let fresh = principal.stepped_up_at(by_mail).is_some_and(|at| {
            let age = now - at;
            !age.is_negative() && age < policy.freshness(within)
        });
        if fresh { Ok(Self(principal.clone())) } else { Err(Refused::StepUpRequired(principal.step_up_methods())) }
    }

    /// Who.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.0
    }
}
