//! Audit events: who did what, when, from where, and how it ended.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::words;
use crate::id::{EventId, OrgId, RealmId, SessionId, UserId};

words! {
    /// What happened. The words are stable: reports and alarms are built on them.
    AuditKind {
        /// An account was made; its address is not proven yet.
        SignedUp = "user.signed_up",
        /// An account was made that is inactive until the application sets it active: its address is made to be thrown away.
        SignUpHeld = "user.sign_up_held",
        /// Somebody signed up with an address that has an account; its owner was told.
        SignUpRepeated = "user.sign_up_repeated",
        /// Another proof of an address was asked for.
        VerificationRequested = "user.verification_requested",
        /// An address was proven.
        EmailVerified = "user.email_verified",
        /// A password that was set before the proof was replaced, since the proof came from elsewhere.
        UnprovenPasswordReplaced = "user.unproven_password_replaced",
        /// A new password was asked for by mail.
        PasswordResetRequested = "user.password_reset_requested",
        /// A password was set by a mailed link or code.
        PasswordReset = "user.password_reset",
        /// A mail that signs in was asked for.
        SignInMailRequested = "user.sign_in_mail_requested",
        /// A password that was set before the proof is void, since a mailed link or code signed in elsewhere.
        UnprovenPasswordVoided = "user.unproven_password_voided",
        /// Support has begun a reset.
        SupportResetBegun = "user.support_reset_begun",
        /// A password was changed by somebody signed in.
        PasswordChanged = "user.password_changed",
        /// A password was given by an administrator or the application; it must be changed at the next sign-in.
        TemporaryPasswordSet = "user.temporary_password_set",
        /// So many wrong passwords that strange devices must wait; the owner was told.
        PasswordGuessed = "user.password_guessed",
        /// A second factor was added.
        FactorAdded = "user.factor_added",
        /// A second factor was removed.
        FactorRemoved = "user.factor_removed",
        /// A passkey got another name.
        PasskeyNamed = "user.passkey_named",
        /// The counter of a passkey did not move on: it may have been copied. Nobody was let in by it.
        PasskeyCounterRegressed = "user.passkey_counter_regressed",
        /// A new set of recovery codes was made; those of before are void.
        RecoveryCodesMade = "user.recovery_codes_made",
        /// A recovery code was used up.
        RecoveryCodeUsed = "user.recovery_code_used",
        /// A device is trusted in place of a second factor.
        DeviceTrusted = "user.device_trusted",
        /// No device is trusted any more.
        DevicesDistrusted = "user.devices_distrusted",
        /// So many wrong codes of second factors that all codes must wait; the owner was told.
        SecondFactorGuessed = "user.second_factor_guessed",
        /// A code was sent that is the second factor, or makes it one. Detail: `kind`.
        SecondFactorCodeSent = "user.second_factor_code_sent",
        /// Support has begun to remove all factors of somebody who has lost them.
        FactorResetBegun = "user.factor_reset_begun",
        /// All factors were removed.
        FactorsReset = "user.factors_reset",
        /// The owner of an address undid a change: sessions ended, the password void.
        AccountSecured = "user.account_secured",
        /// Another address was asked for.
        EmailAddRequested = "user.email_add_requested",
        /// The holder of the primary address approved another one.
        EmailAddApproved = "user.email_add_approved",
        /// An address was added.
        EmailAdded = "user.email_added",
        /// An address was removed.
        EmailRemoved = "user.email_removed",
        /// Another address became the primary one.
        PrimaryEmailChanged = "user.primary_email_changed",
        /// The username of an account was asked for by mail.
        UsernameRequested = "user.username_requested",
        /// A username was given to an account, or another one.
        UsernameSet = "user.username_set",
        /// The usernames of an account were taken from it.
        UsernameRemoved = "user.username_removed",
        /// Mail to an address comes back.
        EmailUndeliverable = "user.email_undeliverable",
        /// What a user may do in the application as a whole changed.
        UserKindChanged = "user.kind_changed",
        /// A sign-in began with a right first proof and needs more.
        SignInPending = "session.pending",
        /// A session began.
        SignedIn = "session.started",
        /// A session began on a device that the account does not know.
        NewDevice = "session.new_device",
        /// A session began in a country where the account has none before.
        NewCountry = "session.new_country",
        /// A session ended at its holder's wish.
        SignedOut = "session.ended",
        /// All sessions of a user ended.
        SignedOutEverywhere = "session.ended_everywhere",
        /// Somebody proved again who they are.
        SteppedUp = "session.stepped_up",
        /// A session entered an organisation.
        OrgEntered = "session.org_entered",
        /// The oldest session gave way to a new one.
        SessionEvicted = "session.evicted",
        /// A session is carried by refresh tokens from now on.
        RefreshBegun = "session.refresh_begun",
        /// A refresh token came a second time: its session was ended, for somebody else may have the token too.
        RefreshReused = "session.refresh_reused",
        /// An API key was made.
        ApiKeyMade = "api_key.made",
        /// Another API key takes the place of one.
        ApiKeyRotated = "api_key.rotated",
        /// An API key was ended.
        ApiKeyEnded = "api_key.ended",
        /// The keys that sign access tokens were thrown away and made anew.
        SigningKeysReplaced = "system.signing_keys_replaced",
        /// A password hash was made anew at a higher cost.
        PasswordRehashed = "user.password_rehashed",
        /// The password became too short when the second factor went, and must be changed.
        PasswordOutgrown = "user.password_outgrown",
        /// Facts about a user changed that decide nothing.
        UserUpdated = "user.updated",
        /// The status of a user changed.
        UserStatusChanged = "user.status_changed",
        /// An organisation was made.
        OrgCreated = "org.created",
        /// Name, address or settings of an organisation changed.
        OrgUpdated = "org.updated",
        /// An organisation was deleted; it can be restored.
        OrgDeleted = "org.deleted",
        /// A deleted organisation is back.
        OrgRestored = "org.restored",
        /// An organisation was barred, or is no more.
        OrgStatusChanged = "org.status_changed",
        /// How many members an organisation may have changed.
        SeatsChanged = "org.seats_changed",
        /// A role of an organisation was made or changed.
        RoleChanged = "org.role_changed",
        /// A role of an organisation was removed.
        RoleRemoved = "org.role_removed",
        /// The policy of an organisation changed.
        PolicyChanged = "org.policy_changed",
        /// Roles of a member changed.
        RolesChanged = "member.roles_changed",
        /// Somebody became a member.
        MemberAdded = "member.added",
        /// Somebody is a member no more.
        MemberRemoved = "member.removed",
        /// Somebody has left an organisation.
        MemberLeft = "member.left",
        /// A membership was suspended or is in force again.
        MembershipStatusChanged = "member.status_changed",
        /// Somebody else answers for an organisation.
        OwnershipTransferred = "member.ownership_transferred",
        /// The audit log of an organisation was taken out.
        AuditExported = "org.audit_exported",
        /// A sign-in was refused.
        SignInRefused = "refused.sign_in",
        /// A link or code was refused.
        VerificationRefused = "refused.verification",
        /// A second factor was refused.
        SecondFactorRefused = "refused.second_factor",
        /// An answer of a passkey was refused.
        PasskeyRefused = "refused.passkey",
        /// A proof in a running session was refused.
        StepUpRefused = "refused.step_up",
        /// A limit was reached.
        LimitReached = "refused.limit",
        /// A state change was asked for by another site.
        CsrfRefused = "refused.cross_site",
        /// Whoever asked did not show that they are no program.
        BotCheckRefused = "refused.bot_check",
        /// A right was missing.
        PermissionRefused = "refused.permission",
        /// A session cookie that nobody was given was presented.
        UnknownSession = "refused.unknown_session",
        /// An API key that nobody was given, or that has ended, was presented.
        ApiKeyRefused = "refused.api_key",
        /// A request carried two cookies of one name; neither was believed.
        AmbiguousCookie = "refused.ambiguous_cookie",
        /// Forwarding headers arrived although no proxy is trusted.
        UntrustedForwarding = "warning.untrusted_forwarding",
        /// So many sign-ins fail at a process within a minute, wherever they come from, that somebody tries stolen or
        /// guessed passwords: the moment to ask for more than a password.
        GuessingSuspected = "warning.guessing_suspected",
        /// So many accounts are tried from one place within ten minutes that somebody tries stolen passwords there.
        StuffingSuspected = "warning.stuffing_suspected",
        /// So many accounts fail once or twice within ten minutes, wherever they are tried from, that somebody tries the same
        /// few passwords on all of them.
        SprayingSuspected = "warning.spraying_suspected",
        /// So many session secrets come that nobody was given that somebody guesses them.
        SessionGuessingSuspected = "warning.session_guessing_suspected",
        /// So many sign-ups come within ten minutes, from one place or from all, that a program makes them.
        MassSignUpSuspected = "warning.mass_sign_up_suspected",
        /// A message was given up after its last try.
        MessageGivenUp = "warning.message_given_up",
    }
}

words! {
    /// How it ended.
    Outcome {
        /// Done.
        Success = "success",
        /// Refused.
        Refused = "refused",
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "actor", rename_all = "snake_case")]
pub enum Actor {
    /// Somebody who is not signed in.
    Anonymous,
    /// A user, by way of a session where there is one.
    User {
        /// Who.
        user: UserId,
        /// In which session.
        session: Option<SessionId>,
    },
    /// The system itself, or the application's own code, for the reason given.
    System {
        /// Why.
        reason: String,
    },
}

/// How an event proves that the application wrote it so; see [`audit`](crate::audit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTag {
    /// Id of the root key that made it.
    pub key_id: String,
    /// MAC over everything but the payload (address, reason and detail), and over the payload's commitment.
    pub mac: [u8; 32],
}

/// How an event is bound into the tamper-evident chain of its organisation (of its realm where there is none). Events
/// are inserted unsealed; a sealer adds this later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Place in the chain, from 1, without gaps.
    pub number: u64,
    /// Id of the root key that made it.
    pub key_id: String,
    /// MAC over the event's tag and the previous seal.
    pub mac: [u8; 32],
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Id.
    pub id: EventId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// The organisation it belongs to, if any.
    pub org: Option<OrgId>,
    /// What happened.
    pub kind: AuditKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: Actor,
    /// To whom it was done, if that is another than the actor.
    pub subject: Option<UserId>,
    /// From which address, as established by the trusted proxies.
    pub address: Option<String>,
    /// Further facts; never a secret.
    pub detail: serde_json::Value,
    /// Random salt of the payload's commitment, so that an erased payload cannot be guessed from it.
    pub salt: [u8; 16],
    /// The payload's commitment, once address, reason and detail were erased.
    pub erased: Option<[u8; 32]>,
    /// What proves that the application wrote it.
    pub tag: EventTag,
    /// When.
    pub at: OffsetDateTime,
    /// Its place in the chain, once sealed.
    pub seal: Option<Seal>,
}

/// Which events a list holds; an empty filter lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of this kind.
    pub kind: Option<AuditKind>,
    /// Only done by this user, or to this user.
    pub user: Option<UserId>,
    /// Only at this time or later.
    pub since: Option<OffsetDateTime>,
    /// Only before this time.
    pub until: Option<OffsetDateTime>,
}
