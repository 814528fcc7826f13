//! Why the system does not start.

use usermgmt_core::error::Error;
use usermgmt_core::keys::KeyError;
use usermgmt_core::permission::RoleError;
use usermgmt_core::store::StoreError;

use crate::mail::TemplateError;
use crate::texts::TextError;

/// Why the system does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The origin is neither HTTPS nor localhost, or has a path.
    #[error("`{0}` is no public origin: expected `https://host[:port]`, or `http://localhost[:port]` for development")]
    Origin(String),
    /// An origin of a list does not go with the other settings.
    #[error("the origin `{origin}` cannot be listed: {wrong}")]
    OriginList {
        /// The origin.
        origin: String,
        /// Why.
        wrong: &'static str,
    },
    /// Sessions cannot be shared by the hosts of a domain.
    #[error("sessions cannot be shared by the hosts of `{domain}`: {wrong}")]
    SessionDomain {
        /// The domain.
        domain: String,
        /// Why.
        wrong: &'static str,
    },
    /// The key file does not exist and the origin is public.
    #[error(
        "the key file does not exist; one is created only on a localhost origin: generate it once and keep it safe"
    )]
    KeyMissing,
    /// The store has data that was written with another key.
    #[error("the store was written with a root key that this ring does not have; restore the right key file")]
    WrongKey,
    /// The key file cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No way to send mail, outside development.
    #[error("a public origin needs a mailer: call `mailer(…)`")]
    NoMailer,
    /// No way to send texts, outside development.
    #[error("a public origin with phone numbers needs a way to send texts: call `sms_sender(…)`")]
    NoSmsSender,
    /// A role is malformed.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A text is malformed.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A mail template is malformed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A URL or colour of the brand is none.
    #[error("the brand's URLs must be `https`, its colour `#rrggbb`")]
    Brand,
    /// The domain of passkeys is none, or an origin does not lie in it.
    #[error("passkeys belong to a domain, and every origin must be in it: `{0}` does not go with the origins")]
    Passkeys(String),
    /// Codes are sent as a second factor to where messages sign in.
    #[error("{0} sign in already, so codes in them are no second factor: whoever reads one of them reads both")]
    SentCodes(&'static str),
    /// A number makes no sense.
    #[error("{0}")]
    Number(&'static str),
    /// The home path is not a path of the application.
    #[error("`home` must be a path that begins with a single `/`")]
    Home,
    /// The hasher cannot be started.
    #[error("the password hasher cannot be started")]
    Hasher,
    /// The store cannot be reached.
    #[error("the store cannot be reached")]
    Store(#[from] StoreError),
    /// Randomness or the store failed while starting.
    #[error("starting failed: {0}")]
    Start(Error),
}
