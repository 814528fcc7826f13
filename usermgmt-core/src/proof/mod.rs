//! Proofs: values that can be had only from a check. A function that needs the check takes the value.

mod api_key;
mod grant;
mod multi_factor;
mod permit;
mod principal;
mod scope;
mod step_up;

pub use api_key::{Access, KeyEnded, KeyHolder, KeyPermit};
pub use grant::{ChooseOrg, EnrolFactor, EnrolPasskey, Grant, NewPassword, Pending, ProveFactor, Step, VerifyAddress};
pub use multi_factor::MultiFactor;
pub use permit::Permit;
pub use principal::{NotSignedIn, OrgStanding, Principal};
pub use scope::{OrgScope, ScopeRules};
pub use step_up::StepUp;
