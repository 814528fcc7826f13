//! Who is asking.

use time::{Duration, OffsetDateTime};

use crate::id::{OrgId, RealmId, SessionId, UserId};
use crate::model::{
    CustomRole, FactorKinds, MembershipStatus, Method, OrgStatus, PrincipalRecord, Proof, Refresh, RoleKey, UserKind,
    UserStatus,
};
use crate::policy::{AuthPolicy, Evidence};
use crate::secret::Digest;
use crate::store::{StillAuthorised, StillMember, Write};

/// Why a session gives no principal. For the operator; the outside sees one answer for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSignedIn {
    /// Ended by its holder or an administrator.
    #[error("the session was ended")]
    Ended,
    /// Past its absolute end.
    #[error("the session has expired")]
    Expired,
    /// Unused for too long.
    #[error("the session was idle for too long")]
    Idle,
    /// Everything of its epoch was revoked.
    #[error("the session was revoked")]
    Revoked,
    /// The user is not active.
    #[error("the user is not active")]
    UserInactive,
}

/// Where the session's organisation places its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrgStanding {
    /// The organisation.
    pub org: OrgId,
    /// Its name.
    pub name: String,
    /// Its name in addresses.
    pub slug: String,
    /// The user's roles in it.
    pub roles: Vec<RoleKey>,
    /// Those of them that the organisation has made itself.
    pub custom: Vec<CustomRole>,
    /// What it demands of sessions.
    pub policy: AuthPolicy,
    /// The versions under which this was read.
    pub versions: StillMember,
}

/// A signed-in user, by way of one session. Obtained only from a session that was checked.
///
/// ```compile_fail
/// use usermgmt_core::proof::Principal;
/// fn forge(other: Principal) -> Principal { Principal { ..other } }
/// ```
#[derive(Clone, Debug)]
pub struct Principal {
    realm: RealmId,
    session: SessionId,
    digest: Digest,
    user: UserId,
    name: String,
    email: Option<String>,
    locale: Option<String>,
    kind: UserKind,
    factors: FactorKinds,
    proofs: Vec<Proof>,
    auth_epoch: u64,
    persistent: bool,
    idle: Duration,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
    seen_at: OffsetDateTime,
    acts_in: Option<OrgId>,
    refresh: Option<Refresh>,
    org: Option<OrgStanding>,
}

impl Principal {
    /// The refresh token that carries the session, if one does.
    #[must_use]
    pub const fn refresh(&self) -> Option<Refresh> {
        self.refresh
    }

    /// Whether the session acted in an organisation that the principal may not enter any more.
    #[must_use]
    pub const fn has_lost_org(&self) -> bool {
        self.acts_in.is_some() && self.org.is_none()
    }

    /// The organisation that the session acts in, whether the principal may enter it or not.
    #[must_use]
    pub const fn acts_in(&self) -> Option<OrgId> {
        self.acts_in
    }

    /// Checks a session.
    ///
    /// # Errors
    /// [`NotSignedIn`] says why it gives no principal.
    pub fn establish(record: PrincipalRecord, now: OffsetDateTime) -> Result<Self, NotSignedIn> {
        let PrincipalRecord { session, user, email, org } = record;
        if session.ended_at.is_some() {
            return Err(NotSignedIn::Ended);
        }
        if session.auth_epoch != user.auth_epoch || session.user != user.id {
            return Err(NotSignedIn::Revoked);
        }
        if user.status != UserStatus::Active {
            return Err(NotSignedIn::UserInactive);
        }
        let org = org
            .filter(|(org, membership)| {
                org.status == OrgStatus::Active && membership.status == MembershipStatus::Active
            })
            .map(|(org, membership)| OrgStanding {
                versions: StillMember {
                    org: org.id,
                    member_rights: membership.rights_version,
                    org_rights: org.rights_version,
                    policy_epoch: org.policy_epoch,
                },
                org: org.id,
                name: org.name,
                slug: org.slug,
                custom: org.roles.into_iter().filter(|role| membership.roles.contains(&role.key)).collect(),
                roles: membership.roles,
                policy: org.policy,
            });
        let principal = Self {
            realm: session.realm,
            session: session.id,
            digest: session.digest,
            user: user.id,
            name: user.name,
            email,
            locale: user.locale,
            kind: user.kind,
            factors: user.factors,
            proofs: session.proofs,
            auth_epoch: session.auth_epoch,
            persistent: session.persistent,
            idle: session.idle,
            created_at: session.created_at,
            expires_at: session.expires_at,
            seen_at: session.seen_at,
            refresh: session.refresh,
            acts_in: session.org,
            org,
        };
        principal.still_lives(session.seen_at, now).map(|()| principal)
    }

    /// Whether the session still lives at `now`, given its last activity. For a principal that was kept in a cache.
    ///
    /// # Errors
    /// [`NotSignedIn::Expired`] or [`NotSignedIn::Idle`].
    pub fn still_lives(&self, seen_at: OffsetDateTime, now: OffsetDateTime) -> Result<(), NotSignedIn> {
        if now >= self.expires_at {
            return Err(NotSignedIn::Expired);
        }
        if now - seen_at.max(self.seen_at) >= self.idle {
            return Err(NotSignedIn::Idle);
        }
        Ok(())
    }

    /// The realm.
    #[must_use]
    pub const fn realm(&self) -> RealmId {
        self.realm
    }

    /// The session.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Digest of the session's secret; what a rotation starts from.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The user's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The user's primary e-mail address as typed, if there is one.
    #[must_use]
    pub fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }

    /// The user's preferred language, if known.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.locale.as_deref()
    }

    /// What the user may do in the application as a whole.
    #[must_use]
    pub const fn kind(&self) -> UserKind {
        self.kind
    }

    /// The factors of the account, as of this check.
    #[must_use]
    pub const fn factors(&self) -> FactorKinds {
        self.factors
    }

    /// By what the holder can prove again who they are, strongly enough for sensitive actions.
    #[must_use]
    pub fn step_up_methods(&self) -> Vec<Method> {
        if self.factors.is_asked() {
            return self.factors.methods();
        }
        let passkey = self.factors.has_passkey().then_some(Method::Passkey);
        passkey.into_iter().chain([Method::Password]).collect()
    }

    /// When something was last proven that is strong enough for sensitive actions; with `by_mail` a message is, on an
    /// account without a second factor. What counts is decided by the factors that the account has now, not by those it
    /// had when the session began.
    #[must_use]
    pub fn stepped_up_at(&self, by_mail: bool) -> Option<OffsetDateTime> {
        let has_second = self.factors.is_asked();
        let mailed = |method: Method| by_mail && !has_second && !method.is_beyond_messages();
        let strong = |proof: &&Proof| proof.method.steps_up(has_second) || mailed(proof.method);
        self.proofs.iter().filter(strong).map(|proof| proof.at).max()
    }

    /// What was proven in this session.
    #[must_use]
    pub fn proofs(&self) -> &[Proof] {
        &self.proofs
    }

    /// When something was last proven: the `auth_time` of OpenID Connect.
    #[must_use]
    pub fn authenticated_at(&self) -> OffsetDateTime {
        self.proofs.iter().map(|proof| proof.at).max().unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The epoch the session belongs to.
    #[must_use]
    pub const fn auth_epoch(&self) -> u64 {
        self.auth_epoch
    }

    /// Whether the session's cookie outlives the browser.
    #[must_use]
    pub const fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// When the session began.
    #[must_use]
    pub const fn created_at(&self) -> OffsetDateTime {
        self.created_at
    }

    /// The session's absolute end.
    #[must_use]
    pub const fn expires_at(&self) -> OffsetDateTime {
        self.expires_at
    }

    /// The session's last activity when the principal was read.
    #[must_use]
    pub const fn seen_at(&self) -> OffsetDateTime {
        self.seen_at
    }

    /// The organisation the session acts in, if the user is (still) a member of it.
    #[must_use]
    pub const fn org(&self) -> Option<&OrgStanding> {
        self.org.as_ref()
    }

    /// What policies of an organisation ask about in which the holder has these roles.
    #[must_use]
    pub fn evidence<'a>(&'a self, roles: &'a [RoleKey]) -> Evidence<'a> {
        Evidence { proofs: &self.proofs, created_at: self.created_at, roles }
    }

    /// The write by which the session goes on under another secret, with these proofs, in this epoch of its user.
    #[must_use]
    pub fn rotation(&self, to: Digest, proofs: Vec<Proof>, auth_epoch: u64) -> Write {
        Write::RotateSession {
            user: self.user,
            id: self.session,
            from: self.digest,
            to,
            proofs,
            org: self.org.as_ref().map(|standing| standing.org),
            auth_epoch,
        }
    }

    /// The authority that a change set of this principal carries.
    #[must_use]
    pub const fn authority(&self) -> StillAuthorised {
        StillAuthorised { session: self.session, user: self.user, auth_epoch: self.auth_epoch, member: None }
    }
}
