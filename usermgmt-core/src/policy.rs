//! Sign-in policies as data, and the one pure function that decides by them.
//!
//! Several policies apply at once: the application's, the organisation's, later a role's. They are merged field by
//! field and the strictest wins; what a policy leaves open, it does not demand.
//!
//! | field | merged by |
//! |---|---|
//! | `methods` | intersection |
//! | `min_methods` | maximum |
//! | `session_idle_seconds`, `session_absolute_seconds` | minimum |
//! | `step_up_seconds` | minimum |
//! | `bars_member_keys` | either |

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::model::{Method, Proof};

/// What is demanded of a session. An absent field demands nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthPolicy {
    /// Only proofs by these methods count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<Method>>,
    /// At least this many different methods must have been proven.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_methods: Option<u8>,
    /// A session that begins under this policy may rest at most this long. Applied when the session is made, not by
    /// [`evaluate`]: whoever asks is active at that moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_idle_seconds: Option<u32>,
    /// The last proof of a session may be at most this old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_absolute_seconds: Option<u32>,
    /// A proof counts as recent for at most this long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_up_seconds: Option<u32>,
    /// Whether API keys of members are not let in. Keys of the organisation itself are.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bars_member_keys: bool,
}

impl AuthPolicy {
    /// The policy that demands what either of the two demands.
    #[must_use]
    pub fn strictest(&self, other: &Self) -> Self {
        Self {
            methods: match (&self.methods, &other.methods) {
                (Some(a), Some(b)) => Some(a.intersection(b).copied().collect()),
                (one, None) | (None, one) => one.clone(),
            },
            min_methods: self.min_methods.max(other.min_methods),
            session_idle_seconds: smaller(self.session_idle_seconds, other.session_idle_seconds),
            session_absolute_seconds: smaller(self.session_absolute_seconds, other.session_absolute_seconds),
            step_up_seconds: smaller(self.step_up_seconds, other.step_up_seconds),
            bars_member_keys: self.bars_member_keys || other.bars_member_keys,
        }
    }

    /// How long a proof counts as recent, given how long the caller would like.
    #[must_use]
    pub fn freshness(&self, wanted: Duration) -> Duration {
        seconds(self.step_up_seconds).map_or(wanted, |allowed| allowed.min(wanted))
    }
}

fn smaller(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

fn seconds(value: Option<u32>) -> Option<Duration> {
    value.map(|value| Duration::seconds(value.into()))
}

/// How a session was authenticated, as far as policies ask.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What was proven.
    pub proofs: &'a [Proof],
    /// When the session began.
    pub created_at: OffsetDateTime,
}

/// Something a policy demands and a session lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Nothing was proven by a method that counts: sign in by another one.
    AllowedMethod,
    /// Another method must be proven in addition.
    AnotherMethod,
    /// The last proof is too long ago for this policy: prove again.
    Reauthentication,
}

/// Decides whether evidence satisfies a policy; an empty list means yes. Pure: no clock, no store.
#[must_use]
pub fn evaluate(policy: &AuthPolicy, evidence: Evidence<'_>, now: OffsetDateTime) -> Vec<Demand> {
    let counted: Vec<Proof> = evidence
        .proofs
        .iter()
        .filter(|proof| policy.methods.as_ref().is_none_or(|allowed| allowed.contains(&proof.method)))
        .copied()
        .collect();
    let distinct = counted.iter().map(|proof| proof.method).collect::<BTreeSet<_>>().len();
    let latest = counted.iter().map(|proof| proof.at).max();
    let lasted = now - latest.unwrap_or(evidence.created_at);

    let mut demands = Vec::new();
    if counted.is_empty() {
        demands.push(Demand::AllowedMethod);
    } else if policy.min_methods.is_some_and(|least| distinct < usize::from(least)) {
        demands.push(Demand::AnotherMethod);
    }
    if seconds(policy.session_absolute_seconds).is_some_and(|most| lasted >= most) {
        demands.push(Demand::Reauthentication);
    }
    demands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
    }

    fn password_at(seconds: i64) -> Proof {
        Proof { method: Method::Password, at: at(seconds) }
    }

    fn demands(policy: &AuthPolicy, proofs: &[Proof], now: i64) -> Vec<Demand> {
        evaluate(policy, Evidence { proofs, created_at: at(0) }, at(now))
    }

    #[test]
    fn an_empty_policy_demands_a_proof_and_nothing_more() {
        assert_eq!(demands(&AuthPolicy::default(), &[password_at(0)], 1_000_000), []);
        assert_eq!(demands(&AuthPolicy::default(), &[], 1), [Demand::AllowedMethod]);
    }

    #[test]
    fn each_demand_is_met_by_exactly_what_it_names() {
        let two = AuthPolicy { min_methods: Some(2), ..AuthPolicy::default() };
        let email = Proof { method: Method::Email, at: at(5) };
        assert_eq!(demands(&two, &[password_at(0), password_at(9)], 10), [Demand::AnotherMethod]);
        assert_eq!(demands(&two, &[password_at(0), email], 10), []);

        let only_email = AuthPolicy { methods: Some([Method::Email].into()), ..AuthPolicy::default() };
        assert_eq!(demands(&only_email, &[password_at(0)], 1), [Demand::AllowedMethod]);

        let short = AuthPolicy { session_absolute_seconds: Some(60), ..AuthPolicy::default() };
        assert_eq!(demands(&short, &[password_at(0)], 59), []);
        assert_eq!(demands(&short, &[password_at(0)], 60), [Demand::Reauthentication]);
        assert_eq!(demands(&short, &[password_at(0), password_at(50)], 60), [], "a new proof starts anew");
    }

    proptest::proptest! {
        #[test]
        fn the_merged_policy_demands_what_either_demands(
            a in any_policy(), b in any_policy(), age in 0_i64..200, two in proptest::bool::ANY,
        ) {
            let mut proofs = vec![password_at(0)];
            proofs.extend(two.then_some(Proof { method: Method::Email, at: at(0) }));
            let merged = demands(&a.strictest(&b), &proofs, age);
            let either = !demands(&a, &proofs, age).is_empty() || !demands(&b, &proofs, age).is_empty();
            // Merging can only be stricter: two method lists that each leave one method may leave none together.
            proptest::prop_assert!(!either || !merged.is_empty());
            proptest::prop_assert_eq!(a.strictest(&b), b.strictest(&a));
            proptest::prop_assert_eq!(a.strictest(&a), a);
        }
    }

    fn any_policy() -> impl proptest::strategy::Strategy<Value = AuthPolicy> {
        use proptest::{collection::btree_set, option, prelude::Strategy as _, sample::select};
        (
            option::of(btree_set(select(Method::ALL), 0..3)),
            option::of(0_u8..3),
            option::of(0_u32..200),
            option::of(0_u32..200),
            option::of(0_u32..200),
            proptest::prelude::any::<bool>(),
        )
            .prop_map(|(methods, min_methods, idle, absolute, step_up, bars_member_keys)| AuthPolicy {
                methods,
                min_methods,
                session_idle_seconds: idle,
                session_absolute_seconds: absolute,
                step_up_seconds: step_up,
                bars_member_keys,
            })
    }
}
