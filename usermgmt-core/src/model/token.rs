//! Mailed links and codes.

use time::{Duration, OffsetDateTime};

use super::words;
use crate::contact::Contact;
use crate::id::{RealmId, TokenId, UserId};
use crate::limits;
use crate::secret::{BearerKind, CODE_DIGITS, Digest, SIGN_IN_CODE_DIGITS};

words! {
    /// What a mailed token is for. A token of one kind is nothing at the door of another.
    TokenKind {
        /// Proves that the holder reads the mail of an address.
        VerifyEmail = "verify_email",
        /// Sets a new password.
        ResetPassword = "reset_password",
        /// Lets the holder of the primary address approve that another one is added.
        ApproveEmail = "approve_email",
        /// Proves an address that is added to an account.
        AddEmail = "add_email",
        /// Undoes a change that its owner did not want: ends all sessions, voids the password, brings back an address.
        SecureAccount = "secure_account",
        /// Removes all second factors of somebody who has lost them and has asked support for help.
        RemoveFactors = "remove_factors",
        /// Signs in.
        SignIn = "sign_in",
        /// A code that is sent as a second factor. Its link is sent to nobody.
        SecondFactor = "second_factor",
    }
}

/// One mailed link with its code. Single use: whoever consumes it first wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Id; link and code are derived from it.
    pub id: TokenId,
    /// The realm it is valid in.
    pub realm: RealmId,
    /// What it is for.
    pub kind: TokenKind,
    /// Whose account it acts on; nothing else that is presented can say otherwise.
    pub user: UserId,
    /// Digest of the link's secret.
    pub digest: Digest,
    /// Id of the root key that link and code are derived under.
    pub key_id: String,
    /// Digest of the browser that asked for it; the code works only there. Of a second factor, digest of the sign-in,
    /// session or enrolment that it belongs to.
    pub browser: Option<Digest>,
    /// Canonical form of the address that the token is about: the one it proves, adds or brings back.
    pub canonical: String,
    /// The same as typed.
    pub display: String,
    /// What the device that asked for it calls itself, where whoever opens the link elsewhere is to be told.
    pub label: Option<String>,
    /// Whether the address takes the place of the primary one.
    pub replaces_primary: bool,
    /// Wrong codes that are still allowed.
    pub tries_left: u32,
    /// The code is dead from then on.
    pub code_expires_at: OffsetDateTime,
    /// The link is dead from then on.
    pub expires_at: OffsetDateTime,
    /// When it was used or revoked; then it is dead.
    pub consumed_at: Option<OffsetDateTime>,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

impl TokenKind {
    /// The kind of bearer secret in its link.
    #[must_use]
    pub const fn bearer(self) -> BearerKind {
        match self {
            Self::VerifyEmail => BearerKind::VerifyLink,
            Self::ResetPassword => BearerKind::ResetLink,
            Self::ApproveEmail => BearerKind::ApproveLink,
            Self::AddEmail => BearerKind::AddLink,
            Self::SecureAccount => BearerKind::SecureLink,
            Self::RemoveFactors => BearerKind::RemoveFactorsLink,
            Self::SignIn => BearerKind::SignInLink,
            Self::SecondFactor => BearerKind::SentCode,
        }
    }

    /// How long its link lives.
    #[must_use]
    pub const fn life(self) -> Duration {
        match self {
            Self::VerifyEmail | Self::ApproveEmail | Self::AddEmail | Self::RemoveFactors => limits::VERIFY_LINK_LIFE,
            Self::ResetPassword => limits::RESET_LINK_LIFE,
            Self::SecureAccount => limits::UNDO_LIFE,
            Self::SignIn => limits::SIGN_IN_LINK_LIFE,
            Self::SecondFactor => limits::CODE_LIFE,
        }
    }

    /// Digits of its code: more where the code alone signs in.
    #[must_use]
    pub const fn code_digits(self) -> usize {
        match self {
            Self::SignIn => SIGN_IN_CODE_DIGITS,
            Self::VerifyEmail
            | Self::ApproveEmail
            | Self::AddEmail
            | Self::ResetPassword
            | Self::SecureAccount
            | Self::RemoveFactors
            | Self::SecondFactor => CODE_DIGITS,
        }
    }
}

impl Token {
    /// The address or number that it is about.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        Contact::stored(&self.canonical, &self.display)
    }

    /// Whether the link can still be used.
    #[must_use]
    pub fn is_live(&self, now: OffsetDateTime) -> bool {
        self.consumed_at.is_none() && now < self.expires_at
    }

    /// Whether the code can still be used.
    #[must_use]
    pub fn code_is_live(&self, now: OffsetDateTime) -> bool {
        self.is_live(now) && now < self.code_expires_at && self.tries_left > 0
    }
}
