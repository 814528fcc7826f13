//! Work that a commit promises: it is done at least once, and never for a commit that did not happen.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::words;
use crate::address::EmailAddress;
use crate::id::{OutboxId, RealmId, TokenId, UserId, WorkerId};
use crate::password::PasswordHash;
use crate::secret::Digest;

words! {
    /// Which mail.
    MailKind {
        /// Asks the reader to prove the address; carries link and code.
        VerifyEmail = "verify_email",
        /// Tells the owner that somebody signed up with an address that has an account already.
        AlreadyRegistered = "already_registered",
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
    /// Preferred language.
    pub locale: Option<String>,
}

/// Why somebody asks for a mail to an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "snake_case")]
pub enum AddressPurpose {
    /// To sign up.
    SignUp(SignUpRequest),
    /// To get another link and code for an address that is not proven yet.
    Verify,
}

/// A request that concerns an address, known or unknown: the request is answered before anybody looks, so the answer
/// cannot tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressRequest {
    /// The address as typed.
    pub email: EmailAddress,
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
    /// Send a mail. Holds no secret: link and code are derived from the token when it is sent.
    Mail {
        /// Which mail.
        mail: MailKind,
        /// To whom.
        to: EmailAddress,
        /// Whose account it concerns.
        user: UserId,
        /// The token whose link and code it carries.
        token: Option<TokenId>,
        /// Language of the mail.
        locale: Option<String>,
    },
}

impl Job {
    /// A stable word for this kind of job, for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AddressRequest(_) => "address_request",
            Self::Mail { .. } => "mail",
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
