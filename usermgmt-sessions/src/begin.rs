//! A session begins.

use time::Duration;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::id::SessionId;
use usermgmt_core::limits;
use usermgmt_core::model::{Actor, AuditKind, Session};
use usermgmt_core::page::PageRequest;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::proof::{Grant, Principal};
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{ChangeSet, Write};

/// How long sessions live and how many a user may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRules {
    /// Rest after which a remembered session ends.
    pub idle: Duration,
    /// Rest after which a session of one visit ends.
    pub idle_visit: Duration,
    /// Age at which every session ends.
    pub absolute: Duration,
    /// Sessions of one user; the one that was made first gives way. At most [`limits::PAGE_MAX`].
    pub per_user: u32,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self {
            idle: limits::SESSION_IDLE,
            idle_visit: limits::SESSION_IDLE_VISIT,
            absolute: limits::SESSION_ABSOLUTE,
            per_user: limits::SESSIONS_PER_USER,
        }
    }
}

impl SessionRules {
    /// The lifetimes under a policy: `(idle, absolute)`, each the shorter of rule and policy.
    #[must_use]
    pub fn lifetimes(&self, persistent: bool, policy: &AuthPolicy) -> (Duration, Duration) {
        let shorter = |rule: Duration, policy: Option<u32>| {
            policy.map_or(rule, |seconds| rule.min(Duration::seconds(seconds.into())))
        };
        let idle = if persistent { self.idle } else { self.idle_visit };
        (shorter(idle, policy.session_idle_seconds), shorter(self.absolute, policy.session_absolute_seconds))
    }
}

/// The device that a session begins on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Device<'a> {
    /// What it calls itself.
    pub label: Option<&'a str>,
    /// The session it had before; that one ends, whoever it belonged to.
    pub replaces: Option<&'a Principal>,
}

/// Turns a grant into a session with a new secret. A stored attempt is used up in the same commit, so one sign-in
/// gives one session.
///
/// # Errors
/// As the store.
pub async fn begin(
    flow: &Flow<'_>,
    grant: &Grant,
    rules: &SessionRules,
    device: Device<'_>,
) -> Result<(ChangeSet, Session, Bearer)> {
    let secret = Bearer::mint(BearerKind::Session, flow.random)?;
    let (idle, absolute) = rules.lifetimes(grant.is_persistent(), grant.policy());
    let session = Session {
        id: SessionId::new(flow.random, flow.now)?,
        realm: flow.realm,
        user: grant.user(),
        digest: secret.digest(),
        org: grant.org(),
        proofs: grant.proofs().to_vec(),
        auth_epoch: grant.auth_epoch(),
        persistent: grant.is_persistent(),
        idle,
        expires_at: flow.now + absolute,
        created_at: flow.now,
        seen_at: flow.now,
        ended_at: None,
        label: device.label.and_then(usermgmt_core::text::label),
        address: flow.address.map(str::to_owned),
        refresh: None,
    };
    let mut changes = flow.changes()?;
    if let Some(attempt) = grant.stored_attempt() {
        changes.push(Write::ConsumeAttempt { user: grant.user(), id: attempt });
    }
    if let Some(former) = device.replaces {
        changes.push(Write::EndSession { user: former.user(), id: former.session() });
    }
    let actor = || Actor::User { user: session.user, session: Some(session.id) };
    let methods: Vec<_> = session.proofs.iter().map(|proof| proof.method.as_str()).collect();
    let detail = serde_json::json!({ "methods": methods, "org": session.org });
    changes.push(flow.audit(AuditKind::SignedIn, actor(), session.user, detail)?);

    let running = flow.store.sessions(session.user, flow.now, PageRequest::first(rules.per_user)).await?.items;
    let replaced = device.replaces.map(Principal::session);
    let others = running.iter().filter(|other| Some(other.id) != replaced);
    // The newest come first: whoever stands at the last place has no place beside the new one.
    for surplus in others.skip(usize::try_from(rules.per_user.saturating_sub(1)).unwrap_or(usize::MAX)) {
        changes.push(Write::EndSession { user: session.user, id: surplus.id });
        let detail = serde_json::json!({ "session": surplus.id });
        changes.push(flow.audit(AuditKind::SessionEvicted, actor(), session.user, detail)?);
    }
    changes.push(Write::PutSession(session.clone()));
    // Others may sign in at the same moment, and have seen the same sessions.
    changes.push(Write::MaxSessions { user: session.user, max: rules.per_user });
    Ok((changes, session, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_of_rule_and_policy_counts() {
        let rules = SessionRules::default();
        assert_eq!(rules.lifetimes(true, &AuthPolicy::default()), (Duration::days(7), Duration::days(30)));
        assert_eq!(rules.lifetimes(false, &AuthPolicy::default()), (Duration::days(1), Duration::days(30)));
        let strict = AuthPolicy {
            session_idle_seconds: Some(900),
            session_absolute_seconds: Some(99_999_999),
            ..AuthPolicy::default()
        };
        assert_eq!(rules.lifetimes(true, &strict), (Duration::minutes(15), Duration::days(30)));
    }
}
