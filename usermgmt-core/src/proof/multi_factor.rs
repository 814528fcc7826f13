//! A session of two factors.

use std::sync::Arc;

use super::Principal;
use crate::error::Refused;
use crate::model::{Method, Proof};
use crate::policy::{AuthPolicy, Demand};

/// Proof that the principal's session was proven by two factors, or by one that counts as two.
///
/// ```compile_fail
/// use usermgmt_core::proof::{MultiFactor, Principal};
/// fn forge(principal: std::sync::Arc<Principal>) -> MultiFactor { MultiFactor(principal) }
/// ```
#[derive(Clone, Debug)]
pub struct MultiFactor(Arc<Principal>);

impl MultiFactor {
    /// Checks that the session's proofs show two factors, as [`AuthPolicy::shows_two`] says it for the policy of the
    /// application (`policy`) and that of the principal's organisation together (NIST SP 800-63B-4 section 2.2). It asks
    /// for no age: that is what [`StepUp`](super::StepUp) is for.
    ///
    /// # Errors
    /// [`Refused::StepUpRequired`] with the methods one of which would do, if the account has one;
    /// [`Refused::PolicyUnmet`] with [`Demand::SecondFactor`] if a factor must be enrolled first.
    pub fn check(principal: &Arc<Principal>, policy: &AuthPolicy) -> Result<Self, Refused> {
        let merged = principal.org().map(|standing| policy.strictest(&standing.policy));
        let policy = merged.as_ref().unwrap_or(policy);
        let counted = policy.counted(principal.proofs());
        if policy.shows_two(&counted) {
            return Ok(Self(principal.clone()));
        }
        // One that would not do, such as the same passkey again, would lead round in circles.
        let would_do = |method: &Method| {
            let further = Proof { method: *method, at: principal.authenticated_at() };
            policy.counts(*method) && policy.shows_two(&[counted.as_slice(), &[further]].concat())
        };
        let mut methods = principal.factors().methods();
        methods.extend(principal.step_up_methods().into_iter().filter(|method| *method == Method::Password));
        methods.retain(would_do);
        Err(if methods.is_empty() {
            Refused::PolicyUnmet(vec![Demand::SecondFactor])
        } else {
            Refused::StepUpRequired(methods)
        })
    }

    /// Who.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.0
    }
}
