//! Errors of flows: the caller's mistake, a refusal, and an outage are three different things.

use std::error::Error as StdError;
use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::address::EmailError;
use crate::keys::KeyError;
use crate::model::Method;
use crate::password::PasswordError;
use crate::phone::PhoneError;
use crate::policy::Demand;
use crate::port::{HashError, RandomError};
use crate::store::{Guard, StoreError, StoreErrorKind, UniqueKey};
use crate::username::UsernameError;

/// Why a flow did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's mistake: the input is not acceptable. Nothing was written.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A rule says no. Nothing was written.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It could not be found out. Try again later; this is never an answer about the caller.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// One field and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct FieldError {
    /// Name of the field, as in the request.
    pub field: &'static str,
    /// Stable code.
    pub code: &'static str,
}

impl FieldError {
    /// The field must be there.
    pub const REQUIRED: &'static str = "required";
    /// The value is too long.
    pub const TOO_LONG: &'static str = "too_long";
    /// The value is too short.
    pub const TOO_SHORT: &'static str = "too_short";
    /// The value is not of the expected form.
    pub const MALFORMED: &'static str = "malformed";
    /// The value holds characters that may not be used (control, bidirectional or invisible characters, NUL).
    pub const FORBIDDEN_CHARACTER: &'static str = "forbidden_character";

    /// The value belongs to somebody else already. Said of addresses only to callers with an administrator's authority.
    pub const TAKEN: &'static str = "taken";
    /// A word that the application keeps for itself.
    pub const RESERVED: &'static str = "reserved";

    /// Nothing of this name is known here.
    pub const UNKNOWN: &'static str = "unknown";
    /// There would be more of them than there may be.
    pub const TOO_MANY: &'static str = "too_many";

    /// The address is one of those that are made to be thrown away.
    pub const DISPOSABLE: &'static str = "disposable";
    /// The primary address cannot be removed, only replaced by another one.
    pub const PRIMARY: &'static str = "primary";
    /// The password is wrong. Said only to somebody who is signed in, about their own.
    pub const WRONG: &'static str = "wrong";

    /// An error of this field.
    #[must_use]
    pub const fn new(field: &'static str, code: &'static str) -> Self {
        Self { field, code }
    }

    /// The error of an e-mail field.
    #[must_use]
    pub const fn email(field: &'static str, error: EmailError) -> Self {
        let code = match error {
            EmailError::Missing => Self::REQUIRED,
            EmailError::Malformed => Self::MALFORMED,
            EmailError::TooLong => Self::TOO_LONG,
            EmailError::Domain => "domain",
        };
        Self { field, code }
    }

    /// The error of a field with a phone number.
    #[must_use]
    pub const fn phone(field: &'static str, error: PhoneError) -> Self {
        let code = match error {
            PhoneError::Missing => "needs_number",
            PhoneError::Malformed => Self::MALFORMED_NUMBER,
            PhoneError::CountryMissing => "needs_country_code",
            PhoneError::Invalid => "no_such_number",
            PhoneError::Kind => "not_texted",
        };
        Self { field, code }
    }

    /// The error of a field with a username.
    #[must_use]
    pub const fn username(field: &'static str, error: UsernameError) -> Self {
        let code = match error {
            UsernameError::Missing => Self::REQUIRED,
            UsernameError::TooLong => Self::TOO_LONG,
            UsernameError::TooShort => Self::TOO_SHORT,
            UsernameError::Malformed => Self::MALFORMED,
            UsernameError::Character => Self::FORBIDDEN_CHARACTER,
            UsernameError::Misleading => "misleading",
            UsernameError::Reserved => Self::RESERVED,
        };
        Self { field, code }
    }

    /// The error of a password field.
    #[must_use]
    pub const fn password(field: &'static str, error: PasswordError) -> Self {
        let code = match error {
            PasswordError::Missing => Self::REQUIRED,
            PasswordError::TooLong => Self::TOO_LONG,
            PasswordError::Nul => Self::FORBIDDEN_CHARACTER,
            PasswordError::TooShort => Self::TOO_SHORT,
            PasswordError::ContainsName => "contains_name",
            PasswordError::ContainsAddress => "contains_email",
            PasswordError::ContainsProduct => "contains_product",
            PasswordError::ContainsDeniedWord => "contains_denied_word",
            PasswordError::NonAlphabeticMissing => "needs_non_alphabetic",
            PasswordError::MixedCaseMissing => "needs_mixed_case",
            PasswordError::DigitMissing => "needs_digit",
            PasswordError::SymbolMissing => "needs_symbol",
            PasswordError::Common => "common",
            PasswordError::TooGuessable => "too_guessable",
            PasswordError::Breached => "breached",
            PasswordError::Reused => "reused",
        };
        Self { field, code }
    }

    /// Not the form of a phone number.
    pub const MALFORMED_NUMBER: &'static str = "malformed_number";
    /// A phone number of a country where the application sends no texts.
    pub const COUNTRY: &'static str = "country";

    /// Every code that a field error can have.
    pub const CODES: &'static [&'static str] = &[
        Self::REQUIRED,
        Self::TOO_LONG,
        Self::TOO_SHORT,
        Self::MALFORMED,
        Self::FORBIDDEN_CHARACTER,
        Self::TAKEN,
        Self::RESERVED,
        Self::UNKNOWN,
        Self::TOO_MANY,
        Self::DISPOSABLE,
        Self::PRIMARY,
        Self::WRONG,
        "domain",
        "misleading",
        Self::COUNTRY,
        "needs_number",
        Self::MALFORMED_NUMBER,
        "needs_country_code",
        "no_such_number",
        "not_texted",
        "contains_name",
        "contains_email",
        "contains_product",
        "contains_denied_word",
        "needs_non_alphabetic",
        "needs_mixed_case",
        "needs_digit",
        "needs_symbol",
        "common",
        "too_guessable",
        "breached",
        "reused",
    ];
}

/// Input that is not acceptable: every field that is wrong, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    fields: Vec<FieldError>,
    suggestions: Vec<String>,
}

impl Invalid {
    /// One wrong field.
    #[must_use]
    pub fn field(error: FieldError) -> Self {
        Self { fields: vec![error], suggestions: Vec::new() }
    }

    /// One wrong field, with values that would do.
    #[must_use]
    pub fn suggesting(error: FieldError, suggestions: Vec<String>) -> Self {
        Self { suggestions, ..Self::field(error) }
    }

    /// The wrong fields.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// Values that would do in place of the one that is wrong, where there are such.
    #[must_use]
    pub fn suggestions(&self) -> &[String] {
        &self.suggestions
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not acceptable:")?;
        self.fields.iter().try_for_each(|error| write!(f, " `{}` is {}", error.field, error.code))
    }
}

impl StdError for Invalid {}

/// Collects field errors, so that a person sees all of them at once.
#[derive(Debug, Default)]
pub struct Check(Vec<FieldError>);

impl Check {
    /// Takes the value, or notes the error and goes on.
    pub fn take<T>(&mut self, result: Result<T, FieldError>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    /// Ends the check.
    ///
    /// # Errors
    /// [`Invalid`] if anything was noted.
    pub fn end(self) -> Result<(), Invalid> {
        if self.0.is_empty() { Ok(()) } else { Err(Invalid { fields: self.0, suggestions: Vec::new() }) }
    }
}

/// A rule that says no. Every kind has a stable [`code`](Self::code).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// Nobody is signed in.
    Unauthenticated,
    /// Address and password do not belong together.
    InvalidCredentials,
    /// The account may not be used. Said only after a right first proof.
    AccountUnavailable,
    /// Too many tries. The same for known and unknown accounts.
    TooManyAttempts {
        /// When it is worth trying again.
        until: OffsetDateTime,
    },
    /// Whoever asks must show first that they are no program.
    BotCheckRequired,
    /// What was to show it is wrong, was used before or has expired.
    BotCheckFailed,
    /// The link was used, replaced or has expired.
    LinkInvalid,
    /// The link works only in the browser that asked for it.
    OtherBrowser,
    /// The code is wrong, was used, replaced or has expired.
    CodeInvalid,
    /// The sign-in that this step belongs to has expired or was completed.
    AttemptExpired,
    /// The last proof is too old or too weak for this: prove it again, by one of these.
    StepUpRequired(Vec<Method>),
    /// The organisation's policy demands more than this session has.
    PolicyUnmet(Vec<Demand>),
    /// The caller's roles in this organisation do not give this right.
    PermissionMissing(&'static str),
    /// The organisation is one of the caller's, but not the one the session acts in.
    WrongOrg,
    /// The session acts in no organisation.
    NoActiveOrg,
    /// There is nothing of this name, or it belongs to somebody else.
    NotFound,
    /// The roles give rights, or gave rights, that the caller does not hold.
    RightsExceeded,
    /// Somebody must answer for the organisation: this was its last active owner.
    LastOwner,
    /// The user is a member already.
    AlreadyMember,
    /// As many members are active as there may be.
    SeatsTaken,
    /// The account has a second factor, and a proof by one of these must come along.
    SecondFactorRequired(Vec<Method>),
    /// A policy demands a second factor, and this was the last one.
    FactorRequired,
    /// Members of the organisation could not sign in under the policy: each needs a factor that counts first.
    MembersStranded,
    /// The passkey is none of this account, or has not answered the challenge that it was given.
    PasskeyInvalid,
    /// The authenticator has a passkey that is registered already.
    PasskeyKnown,
    /// Nothing would be left to sign in by.
    LastSignInMethod,
    /// The caller's authority ended between check and commit.
    AuthorityChanged,
    /// Others changed the same thing again and again meanwhile.
    Conflict,
}

impl Refused {
    /// Every code, in the order of the kinds.
    pub const CODES: &'static [&'static str] = &[
        "unauthenticated",
        "invalid_credentials",
        "account_unavailable",
        "too_many_attempts",
        "bot_check_required",
        "bot_check_failed",
        "link_invalid",
        "other_browser",
        "code_invalid",
        "attempt_expired",
        "step_up_required",
        "policy_unmet",
        "permission_missing",
        "wrong_org",
        "organization_required",
        "not_found",
        "rights_exceeded",
        "last_owner",
        "already_member",
        "seats_taken",
        "second_factor_required",
        "factor_required",
        "members_stranded",
        "passkey_invalid",
        "passkey_known",
        "last_sign_in_method",
        "authority_changed",
        "conflict",
    ];

    /// Stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidCredentials => "invalid_credentials",
            Self::AccountUnavailable => "account_unavailable",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::BotCheckRequired => "bot_check_required",
            Self::BotCheckFailed => "bot_check_failed",
            Self::LinkInvalid => "link_invalid",
            Self::OtherBrowser => "other_browser",
            Self::CodeInvalid => "code_invalid",
            Self::AttemptExpired => "attempt_expired",
            Self::StepUpRequired(_) => "step_up_required",
            Self::PolicyUnmet(_) => "policy_unmet",
            Self::PermissionMissing(_) => "permission_missing",
            Self::WrongOrg => "wrong_org",
            Self::NoActiveOrg => "organization_required",
            Self::NotFound => "not_found",
            Self::RightsExceeded => "rights_exceeded",
            Self::LastOwner => "last_owner",
            Self::AlreadyMember => "already_member",
            Self::SeatsTaken => "seats_taken",
            Self::SecondFactorRequired(_) => "second_factor_required",
            Self::FactorRequired => "factor_required",
            Self::MembersStranded => "members_stranded",
            Self::PasskeyInvalid => "passkey_invalid",
            Self::PasskeyKnown => "passkey_known",
            Self::LastSignInMethod => "last_sign_in_method",
            Self::AuthorityChanged => "authority_changed",
            Self::Conflict => "conflict",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl StdError for Refused {}

/// Something that is needed does not work, or not in time.
#[derive(Debug)]
pub struct Unavailable {
    code: &'static str,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Unavailable {
    /// How long to wait before it is worth trying again.
    pub const RETRY_AFTER: Duration = Duration::seconds(2);

    /// Something needed does not work.
    pub fn because(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { code: "unavailable", source: Some(source.into()) }
    }

    /// Stable code: `unavailable`, or `busy` when too much is asked at once.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl StdError for Unavailable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as &(dyn StdError + 'static))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error.kind() {
            StoreErrorKind::Conflict => Refused::Conflict.into(),
            StoreErrorKind::Duplicate(UniqueKey::OrgSlug) => FieldError::new("slug", FieldError::TAKEN).into(),
            StoreErrorKind::Duplicate(UniqueKey::Credential) => Refused::PasskeyKnown.into(),
            StoreErrorKind::Refused(guard) => match guard {
                Guard::Authority | Guard::Session => Refused::AuthorityChanged,
                Guard::Token => Refused::LinkInvalid,
                Guard::Tries => Refused::CodeInvalid,
                Guard::Attempt => Refused::AttemptExpired,
                Guard::Lease => Refused::Conflict,
            }
            .into(),
            _ => Unavailable::because(error).into(),
        }
    }
}

impl From<HashError> for Error {
    fn from(error: HashError) -> Self {
        let code = if error == HashError::Busy { "busy" } else { "unavailable" };
        Unavailable { code, source: Some(error.into()) }.into()
    }
}

impl From<RandomError> for Error {
    fn from(error: RandomError) -> Self {
        Unavailable::because(error).into()
    }
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Unavailable::because(error).into()
    }
}

impl From<FieldError> for Error {
    fn from(error: FieldError) -> Self {
        Invalid::field(error).into()
    }
}
