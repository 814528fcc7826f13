//! Sessions and what was proven in them.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::{Membership, Org, User, words};
use crate::id::{OrgId, RealmId, SessionId, UserId};
use crate::secret::Digest;

words! {
    /// How something was proven. The words are those of RFC 8176 where it has one.
    Method {
        /// A password.
        Password = "pwd",
        /// A link or code that was mailed.
        Email = "email",
        /// A code that was sent to a phone. It is weak: numbers move to other people's cards (NIST SP 800-63B-4 section
        /// 3.1.3.3). A policy bars it by [`AuthPolicy::methods`](crate::policy::AuthPolicy::methods).
        Sms = "sms",
        /// A time-based code of an application (RFC 6238).
        Otp = "otp",
        /// A recovery code.
        RecoveryCode = "recovery_code",
        /// A passkey, by which its holder was verified on the device that has it (WebAuthn).
        Passkey = "pop",
        /// A device that is trusted in place of a second factor. It is no proof by itself.
        TrustedDevice = "trusted_device",
        /// A code that was sent to a phone beside another proof.
        SmsCode = "sms_code",
        /// A code that was mailed beside another proof.
        EmailCode = "email_code",
    }
}

impl Method {
    /// Whether it can stand beside a first proof as a second factor: it shows something that neither the password nor
    /// the mailbox gives (OWASP ASVS 5.0, 6.3.3).
    #[must_use]
    pub const fn is_second_factor(self) -> bool {
        matches!(self, Self::Otp | Self::RecoveryCode | Self::Passkey | Self::TrustedDevice) || self.is_sent_code()
    }

    /// Whether it is a code that is sent as a second factor. Such are weak: numbers move to other people's cards, and
    /// mailboxes are opened by passwords (NIST SP 800-63B-4 sections 3.1.3.1 and 3.1.3.3).
    #[must_use]
    pub const fn is_sent_code(self) -> bool {
        matches!(self, Self::SmsCode | Self::EmailCode)
    }

    /// Whether it shows something that none of these proofs does. Two messages to one mailbox, or to one phone, show one
    /// thing: whoever reads one of them reads the other.
    #[must_use]
    pub fn adds_to(self, proofs: &[Proof]) -> bool {
        let others = |alike: &[Self]| {
            let shows = |proof: &Proof| proof.method != Self::TrustedDevice && !alike.contains(&proof.method);
            proofs.iter().any(shows)
        };
        match self {
            Self::SmsCode => others(&[Self::Sms, Self::SmsCode]),
            Self::EmailCode => others(&[Self::Email, Self::EmailCode]),
            _ => true,
        }
    }

    /// Whether a fresh proof by it opens sensitive actions, on an account that has a second factor or not. A mail that
    /// was read proves no more than a mailbox, and a trusted device nothing about who sits before it.
    #[must_use]
    pub const fn steps_up(self, has_second_factor: bool) -> bool {
        match self {
            Self::Otp | Self::RecoveryCode | Self::Passkey | Self::SmsCode | Self::EmailCode => true,
            Self::Password => !has_second_factor,
            Self::Email | Self::Sms | Self::TrustedDevice => false,
        }
    }

    /// Whether it proves more than that somebody reads the messages to an address or a phone. By those a password can be
    /// replaced too, so they are no second proof beside one, and none that sensitive actions take.
    #[must_use]
    pub const fn is_beyond_messages(self) -> bool {
        !matches!(self, Self::Email | Self::Sms | Self::EmailCode | Self::SmsCode)
    }
}

/// One proof: what was proven and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How.
    pub method: Method,
    /// When the proof was given, which is what freshness is measured from.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// A signed-in user on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Public id; stays when the secret rotates.
    pub id: SessionId,
    /// The realm it is valid in.
    pub realm: RealmId,
    /// Who.
    pub user: UserId,
    /// Digest of the bearer secret.
    pub digest: Digest,
    /// The organisation the session acts in, if one was chosen.
    pub org: Option<OrgId>,
    /// What was proven, in the order it was proven.
    pub proofs: Vec<Proof>,
    /// The user's `auth_epoch` when the session was made; a session of an older epoch is dead.
    pub auth_epoch: u64,
    /// Whether the cookie outlives the browser.
    pub persistent: bool,
    /// Ends after this long without activity.
    pub idle: Duration,
    /// Ends then, whatever happens.
    pub expires_at: OffsetDateTime,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// Last activity, written at most once a minute.
    pub seen_at: OffsetDateTime,
    /// When it was ended before its time.
    pub ended_at: Option<OffsetDateTime>,
    /// What the device calls itself, cut to 256 code points.
    pub label: Option<String>,
    /// The address it was made from.
    pub address: Option<String>,
    /// The refresh token that carries it, if one does and no cookie.
    pub refresh: Option<Refresh>,
}

/// Which refresh token of a session is good. They form a chain: each use makes the next one (RFC 9700 section 4.14.2).
/// None is stored; each is derived from the session's id and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Number of the token that is good, from 1.
    pub generation: u32,
    /// When it became so.
    pub rotated_at: OffsetDateTime,
}

impl Session {
    /// When something was last proven in this session: the `auth_time` of OpenID Connect. A rotation is no proof.
    #[must_use]
    pub fn authenticated_at(&self) -> OffsetDateTime {
        self.proofs.iter().map(|proof| proof.at).max().unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// What the session check needs to know, in one composed read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrincipalRecord {
    /// The session, also when it has ended or expired: the rules decide, not the query.
    pub session: Session,
    /// The user.
    pub user: User,
    /// The user's primary e-mail address as typed, if there is one.
    pub email: Option<String>,
    /// The organisation of the session with the user's membership in it; `None` when the session has none or the
    /// user is no member (any more).
    pub org: Option<(Org, Membership)>,
}
