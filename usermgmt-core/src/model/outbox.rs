//! Work that a commit promises: it is done at least once, and never for a commit that did not happen.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{RoleKey, words};
use crate::address::EmailAddress;
use crate::contact::Contact;
use crate::id::{OrgId, OutboxId, RealmId, TokenId, UserId, WorkerId};
use crate::password::PasswordHash;
use crate::secret::Digest;
use crate::store::StillAuthorised;
use crate::username::Username;

words! {
    /// Which mail.
    MailKind {
        /// Asks the reader to prove the address; carries link and code.
        VerifyEmail = "verify_email",
        /// Tells the owner that somebody signed up with an address that has an account already.
        AlreadyRegistered = "already_registered",
        /// Carries link and code that set a new password.
        ResetPassword = "reset_password",
        /// Tells that the password was changed, with a link to undo it.
        PasswordChanged = "password_changed",
        /// Tells that support has begun a reset, with a link to stop it.
        SupportReset = "support_reset",
        /// Tells that somebody guesses the password.
        AccountLocked = "account_locked",
        /// Asks the holder of the primary address to approve another one.
        ApproveEmail = "approve_email",
        /// Asks the reader to prove an address that is added to an account; carries link and code.
        AddEmail = "add_email",
        /// Tells the owner that somebody wanted to add their address to another account.
        EmailTaken = "email_taken",
        /// Tells that an address was added, with a link to undo it.
        EmailAdded = "email_added",
        /// Tells that an address was removed.
        EmailRemoved = "email_removed",
        /// Tells that a phone number was added, with a link to undo it.
        PhoneAdded = "phone_added",
        /// Tells that a phone number was removed.
        PhoneRemoved = "phone_removed",
        /// Tells the owner that somebody wanted to add their phone number to another account.
        PhoneTaken = "phone_taken",
        /// Tells that another address is the primary one, with a link to undo it.
        PrimaryEmailChanged = "primary_email_changed",
        /// Tells that a session was ended because a refresh token of it came twice, with a link to do more.
        SessionStolen = "session_stolen",
        /// Tells that somebody signed in on an unknown device, with a link to undo it.
        NewDevice = "new_device",
        /// Tells that somebody signed in in a country that is new for the account, with a link to undo it.
        NewCountry = "new_country",
        /// Tells that an API key was made, with a link to undo it.
        ApiKeyMade = "api_key_made",
        /// Tells that a second factor was added, with a link to undo it.
        FactorAdded = "factor_added",
        /// Tells that a second factor was removed, with a link to undo it.
        FactorRemoved = "factor_removed",
        /// Tells that new recovery codes were made, with a link to undo it.
        RecoveryCodesMade = "recovery_codes_made",
        /// Tells that a recovery code was used, with a link to undo it.
        RecoveryCodeUsed = "recovery_code_used",
        /// Tells that somebody guesses codes of the second factor: the password is known to them.
        SecondFactorGuessed = "second_factor_guessed",
        /// Tells that support will let all second factors be removed, with a link to stop it.
        FactorResetBegun = "factor_reset_begun",
        /// Carries the link that removes all second factors.
        RemoveFactors = "remove_factors",
        /// Tells that all factors were removed, with a link to undo it.
        FactorsRemoved = "factors_removed",
        /// Tells that the reader is a member of an organisation now.
        MemberAdded = "member_added",
        /// Carries link and code that sign in.
        SignIn = "sign_in",
        /// Carries a code that is the second factor, or makes it one.
        SecondFactorCode = "second_factor_code",
        /// Tells whoever has signed in by mail that a password was void which another browser had set for the address.
        PasswordVoided = "password_voided",
        /// Says by which username the reader signs in.
        ForgottenUsername = "forgotten_username",
        /// Tells that the username was set or changed, with a link to undo it.
        UsernameChanged = "username_changed",
    }
}

/// What somebody who signs up has entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUpRequest {
    /// Name of the person.
    pub name: String,
    /// Name of the organisation to make, if one is wanted.
    pub organization: Option<String>,
    /// The password, hashed.
    pub password: PasswordHash,
    /// Whether nobody knows the password: the application has none, and who proves the address signs in by that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub passwordless: bool,
    /// The username that is kept for the account, if one was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Username>,
    /// Preferred language.
    pub locale: Option<String>,
    /// Metadata of the profile to make: what the person entered beside, and what the application added.
    #[serde(default, skip_serializing_if = "Facts::is_empty")]
    pub facts: Facts,
    /// Whether the account is inactive until the application sets it active.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
}

/// Metadata of a profile to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Entered by the person.
    pub own: serde_json::Map<String, serde_json::Value>,
    /// Added by the application, for everybody.
    pub public: serde_json::Map<String, serde_json::Value>,
    /// Added by the application, for no client.
    pub private: serde_json::Map<String, serde_json::Value>,
}

impl Facts {
    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.public.is_empty() && self.private.is_empty()
    }
}

/// Why somebody asks for a mail to an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum AddressPurpose {
    /// To sign up.
    SignUp(SignUpRequest),
    /// To get another link and code for an address that is not proven yet.
    Verify,
    /// To get a link and code that set a new password.
    Reset,
    /// To get a link and code that sign in.
    SignIn {
        /// What the device that asks calls itself.
        label: Option<String>,
    },
    /// To warn the owner of an account whose password somebody guesses.
    Locked,
    /// To be told the username of the account.
    Username,
    /// To add it to an account.
    AddEmail {
        /// Whose account.
        user: UserId,
        /// The account's epoch when it was asked for: once everything was revoked, the wish is void too.
        auth_epoch: u64,
        /// Whether it is to take the place of the primary address.
        replaces_primary: bool,
        /// Whether the holder of the primary address must approve.
        needs_approval: bool,
    },
}

/// A request that concerns an address, known or unknown: the request is answered before anybody looks, so the answer
/// cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRequest {
    /// The address or phone number as typed.
    #[serde(rename = "email")]
    pub to: Contact,
    /// Digest of the browser that asks.
    pub browser: Digest,
    /// What for.
    #[serde(flatten)]
    pub purpose: AddressPurpose,
}

/// A request by username that concerns the primary address of whoever has it, if somebody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameRequest {
    /// The name as typed.
    pub username: Username,
    /// Digest of the browser that asks.
    pub browser: Digest,
    /// What for.
    #[serde(flatten)]
    pub purpose: AddressPurpose,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum Job {
    /// Look up the address and act on it.
    AddressRequest(AddressRequest),
    /// Look up the username and act on the primary address of its holder.
    NameRequest(NameRequest),
    /// Send a mail, or a text where it goes to a phone number. Holds no secret: link and code are derived from the token
    /// when it is sent.
    Mail {
        /// Which mail.
        mail: MailKind,
        /// To whom.
        to: Contact,
        /// Whose account it concerns.
        user: UserId,
        /// The token whose link and code it carries.
        token: Option<TokenId>,
        /// Language of the mail.
        locale: Option<String>,
    },
    /// Send a mail about an organisation.
    OrgMail {
        /// Which mail.
        mail: MailKind,
        /// To whom.
        to: EmailAddress,
        /// Whose account it concerns.
        user: UserId,
        /// The organisation.
        org: OrgId,
        /// Language of the mail.
        locale: Option<String>,
    },
    /// Make whoever has this address a member, if somebody has: the request is answered before anybody looks.
    AddMember {
        /// The address as typed.
        email: EmailAddress,
        /// The roles to give.
        roles: Vec<RoleKey>,
        /// Who asked, in which organisation, and under which versions of rights: if they have moved, nothing happens.
        authority: StillAuthorised,
        /// From which address it was asked for, for the audit log.
        #[serde(default)]
        address: Option<String>,
    },
    /// Tell the application how many members are active, after that has changed.
    MembersChanged {
        /// The organisation.
        org: OrgId,
    },
}

impl Job {
    /// A stable word for this kind of job, for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddressRequest(_) => "address_request",
            Self::NameRequest(_) => "name_request",
            Self::Mail { .. } => "mail",
            Self::OrgMail { .. } => "org_mail",
            Self::AddMember { .. } => "add_member",
            Self::MembersChanged { .. } => "members_changed",
        }
    }
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Id; the idempotency id of what it leads to.
    pub id: OutboxId,
    /// The realm it belongs to.
    pub realm: RealmId,
    /// What to do.
    pub job: Job,
    /// Not before then.
    pub due_at: OffsetDateTime,
    /// Tries so far, the present one included once leased.
    pub tries: u32,
    /// Who works on it, until when.
    pub lease: Option<(WorkerId, OffsetDateTime)>,
    /// When it was given up; it stays for inspection.
    pub dead_at: Option<OffsetDateTime>,
    /// When it was promised.
    pub created_at: OffsetDateTime,
}
