//! Sign-in policies as data, and the one pure function that decides by them.
//!
//! Several policies apply at once: the application's, the organisation's, later a role's. They are merged field by
//! field and the strictest wins; what a policy leaves open, it does not demand.
//!
//! | field | merged by |
//! |---|---|
//! | `methods` | intersection |
//! | `second_factor` | everybody before roles, roles united |
//! | `bars_trusted_devices`, `bars_sent_codes`, `passkey_is_one_factor` | either |
//! | `session_idle_seconds`, `session_absolute_seconds` | minimum |
//! | `step_up_seconds` | minimum |
//! | `bars_member_keys` | either |

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::model::{Method, Proof, RoleKey};

/// What is demanded of a session. An absent field demands nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthPolicy {
    /// Only proofs by these methods count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub methods: Option<BTreeSet<Method>>,
    /// Who must have proven a second factor.
    #[serde(skip_serializing_if = "SecondFactor::is_optional")]
    pub second_factor: SecondFactor,
    /// Whether a trusted device does not stand in for the second factor.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bars_trusted_devices: bool,
    /// Whether codes that are sent by text or mail are no second factor: whoever has to show one enrols a stronger one.
    /// Demanded where accounts are worth a SIM swap.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bars_sent_codes: bool,
    /// Whether a passkey alone is one factor. By default it is two, for its holder was verified on the device that has
    /// it: by a fingerprint, a face or a PIN (NIST SP 800-63B-4 section 3.1.7).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub passkey_is_one_factor: bool,
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

/// Who must have proven a second factor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactor {
    /// Nobody must; whoever has one is asked for it.
    #[default]
    Optional,
    /// Whoever has one of these roles in the organisation.
    Roles(BTreeSet<RoleKey>),
    /// Everybody.
    Everybody,
}

impl SecondFactor {
    const fn is_optional(&self) -> bool {
        matches!(self, Self::Optional)
    }

    fn strictest(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Everybody, _) | (_, Self::Everybody) => Self::Everybody,
            (Self::Optional, one) | (one, Self::Optional) => one.clone(),
            (Self::Roles(a), Self::Roles(b)) => Self::Roles(a.union(b).cloned().collect()),
        }
    }

    fn demands(&self, roles: &[RoleKey]) -> bool {
        match self {
            Self::Optional => false,
            Self::Roles(strict) => roles.iter().any(|role| strict.contains(role)),
            Self::Everybody => true,
        }
    }
}

impl AuthPolicy {
    /// Whether proofs by this method count.
    #[must_use]
    pub fn counts(&self, method: Method) -> bool {
        let trusted = method == Method::TrustedDevice;
        let barred = (trusted && self.bars_trusted_devices) || (method.is_sent_code() && self.bars_sent_codes);
        !barred && (trusted || self.methods.as_ref().is_none_or(|allowed| allowed.contains(&method)))
    }

    /// Those of these proofs that count.
    #[must_use]
    pub fn counted(&self, proofs: &[Proof]) -> Vec<Proof> {
        proofs.iter().filter(|proof| self.counts(proof.method)).copied().collect()
    }

    /// Whether these proofs show two factors, or one that counts as two: what policies mean by a second factor, and
    /// [`MultiFactor`](crate::proof::MultiFactor) with them.
    #[must_use]
    pub fn shows_two(&self, proofs: &[Proof]) -> bool {
        let beside = |proof: &Proof| !matches!(proof.method, Method::Passkey | Method::TrustedDevice);
        proofs.iter().any(|proof| match proof.method {
            Method::TrustedDevice => !self.bars_trusted_devices,
            Method::Passkey => !self.passkey_is_one_factor || proofs.iter().any(beside),
            method if method.is_sent_code() => !self.bars_sent_codes && method.adds_to(proofs),
            method => method.is_second_factor(),
        })
    }

    /// The policy that demands what either of the two demands.
    #[must_use]
    pub fn strictest(&self, other: &Self) -> Self {
        Self {
            methods: match (&self.methods, &other.methods) {
                (Some(a), Some(b)) => Some(a.intersection(b).copied().collect()),
                (one, None) | (None, one) => one.clone(),
            },
            second_factor: self.second_factor.strictest(&other.second_factor),
            bars_trusted_devices: self.bars_trusted_devices || other.bars_trusted_devices,
            bars_sent_codes: self.bars_sent_codes || other.bars_sent_codes,
            passkey_is_one_factor: self.passkey_is_one_factor || other.passkey_is_one_factor,
            session_idle_seconds: smaller(self.session_idle_seconds, other.session_idle_seconds),
            session_absolute_seconds: smaller(self.session_absolute_seconds, other.session_absolute_seconds),
            step_up_seconds: smaller(self.step_up_seconds, other.step_up_seconds),
            bars_member_keys: self.bars_member_keys || other.bars_member_keys,
        }
    }

    /// Whether a second factor is demanded of somebody with these roles.
    #[must_use]
    pub fn demands_second_factor(&self, roles: &[RoleKey]) -> bool {
        self.second_factor.demands(roles)
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
    /// The roles of its user in the organisation that the policy is about.
    pub roles: &'a [RoleKey],
}

/// Something a policy demands and a session lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Nothing was proven by a method that counts: sign in by another one.
    AllowedMethod,
    /// A second factor must be proven in addition, or enrolled first.
    SecondFactor,
    /// The last proof is too long ago for this policy: prove again.
    Reauthentication,
}

/// Decides whether evidence satisfies a policy; an empty list means yes. Pure: no clock, no store.
#[must_use]
pub fn evaluate(policy: &AuthPolicy, evidence: Evidence<'_>, now: OffsetDateTime) -> Vec<Demand> {
    let counted = policy.counted(evidence.proofs);
    let latest = counted.iter().map(|proof| proof.at).max();
    let lasted = now - latest.unwrap_or(evidence.created_at);

    let mut demands = Vec::new();
    if counted.is_empty() {
        demands.push(Demand::AllowedMethod);
    } else if policy.demands_second_factor(evidence.roles) && !policy.shows_two(&counted) {
        demands.push(Demand::SecondFactor);
    }
    if seconds(policy.session_absolute_seconds).is_some_and(|most| lasted >= most) {
        demands.push(Demand::Reauthentication);
    }
    demands
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::sample::select;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
    }

    fn password_at(seconds: i64) -> Proof {
        Proof { method: Method::Password, at: at(seconds) }
    }

    fn demands(policy: &AuthPolicy, proofs: &[Proof], now: i64) -> Vec<Demand> {
        evaluate(policy, Evidence { proofs, created_at: at(0), roles: &[RoleKey::new("admin")] }, at(now))
    }

    #[test]
    fn an_empty_policy_demands_a_proof_and_nothing_more() {
        assert_eq!(demands(&AuthPolicy::default(), &[password_at(0)], 1_000_000), []);
        assert_eq!(demands(&AuthPolicy::default(), &[], 1), [Demand::AllowedMethod]);
    }

    #[test]
    fn each_demand_is_met_by_exactly_what_it_names() {
        let two = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
        let by = |method| Proof { method, at: at(5) };
        let email = by(Method::Email);
        assert_eq!(demands(&two, &[password_at(0), password_at(9)], 10), [Demand::SecondFactor]);
        assert_eq!(demands(&two, &[password_at(0), email], 10), [Demand::SecondFactor], "a mailbox resets passwords");
        for second in [Method::Otp, Method::RecoveryCode, Method::TrustedDevice, Method::SmsCode, Method::EmailCode] {
            assert_eq!(demands(&two, &[password_at(0), by(second)], 10), []);
        }
        let passkey = by(Method::Passkey);
        assert_eq!(demands(&two, &[passkey], 10), [], "its holder was verified");
        let one = AuthPolicy { passkey_is_one_factor: true, ..two.clone() };
        assert_eq!(demands(&one, &[passkey], 10), [Demand::SecondFactor]);
        assert_eq!(demands(&one, &[passkey, by(Method::TrustedDevice)], 10), [], "as beside any other first proof");
        assert_eq!(demands(&one, &[password_at(0), passkey], 10), []);
        assert_eq!(demands(&one, &[passkey, by(Method::Otp)], 10), []);
        for (first, code) in [(Method::Email, Method::EmailCode), (Method::Sms, Method::SmsCode)] {
            assert_eq!(demands(&two, &[by(first), by(code)], 10), [Demand::SecondFactor], "one mailbox, one phone");
        }
        assert_eq!(demands(&two, &[email, by(Method::SmsCode)], 10), []);
        let no_sent = AuthPolicy { bars_sent_codes: true, ..two.clone() };
        assert_eq!(demands(&no_sent, &[password_at(0), by(Method::SmsCode)], 10), [Demand::SecondFactor]);
        let no_devices = AuthPolicy { bars_trusted_devices: true, ..two.clone() };
        assert_eq!(demands(&no_devices, &[password_at(0), by(Method::TrustedDevice)], 10), [Demand::SecondFactor]);
        let no_codes = AuthPolicy { methods: Some([Method::Password].into()), ..two };
        assert_eq!(demands(&no_codes, &[password_at(0), by(Method::Otp)], 10), [Demand::SecondFactor]);
        for (role, demanded) in [("admin", true), ("owner", false)] {
            let second_factor = SecondFactor::Roles([RoleKey::new(role)].into());
            let by_role = AuthPolicy { second_factor, ..AuthPolicy::default() };
            assert_eq!(!demands(&by_role, &[password_at(0)], 10).is_empty(), demanded, "{role}");
        }

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
            a in any_policy(), b in any_policy(), age in 0_i64..200, further in proptest::option::of(select(Method::ALL)),
        ) {
            let mut proofs = vec![password_at(0)];
            proofs.extend(further.map(|method| Proof { method, at: at(0) }));
            let merged = demands(&a.strictest(&b), &proofs, age);
            let either = !demands(&a, &proofs, age).is_empty() || !demands(&b, &proofs, age).is_empty();
            // Merging can only be stricter: two method lists that each leave one method may leave none together.
            proptest::prop_assert!(!either || !merged.is_empty());
            proptest::prop_assert_eq!(a.strictest(&b), b.strictest(&a));
            proptest::prop_assert_eq!(a.strictest(&a), a);
        }
    }

    fn any_policy() -> impl proptest::strategy::Strategy<Value = AuthPolicy> {
        use proptest::{collection::btree_set, option, prelude::Strategy as _};
        (
            option::of(btree_set(select(Method::ALL), 0..3)),
            select(vec![
                SecondFactor::Optional,
                SecondFactor::Roles([RoleKey::new("admin")].into()),
                SecondFactor::Roles([RoleKey::new("owner")].into()),
                SecondFactor::Everybody,
            ]),
            option::of(0_u32..200),
            option::of(0_u32..200),
            option::of(0_u32..200),
            proptest::prelude::any::<(bool, bool, bool, bool)>(),
        )
            .prop_map(|(methods, second_factor, idle, absolute, step_up, bars)| {
                let (bars_trusted_devices, bars_sent_codes, bars_member_keys, passkey_is_one_factor) = bars;
                AuthPolicy {
                    methods,
                    second_factor,
                    bars_trusted_devices,
                    bars_sent_codes,
                    passkey_is_one_factor,
                    session_idle_seconds: idle,
                    session_absolute_seconds: absolute,
                    step_up_seconds: step_up,
                    bars_member_keys,
                }
            })
    }
}
