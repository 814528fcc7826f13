//! Outgoing mail.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::address::EmailAddress;
use crate::id::OutboxId;

/// A mail, ready to send. Its bodies can hold links and codes, so they do not print.
#[derive(Clone)]
pub struct Mail {
    /// Idempotency id: the same on every try of the same message.
    pub id: OutboxId,
    /// The one recipient.
    pub to: EmailAddress,
    /// The subject, one line.
    pub subject: String,
    text: SecretString,
    html: Option<SecretString>,
}

impl Mail {
    /// A mail with a plain text body.
    #[must_use]
    pub fn new(id: OutboxId, to: EmailAddress, subject: String, text: String, html: Option<String>) -> Self {
        Self { id, to, subject, text: text.into(), html: html.map(SecretString::from) }
    }

    /// The text part, links and codes included.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        self.text.expose_secret()
    }

    /// The HTML part, links and codes included.
    #[must_use]
    pub fn expose_html(&self) -> Option<&str> {
        self.html.as_ref().map(ExposeSecret::expose_secret)
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a mail was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// May work later: the server is down, busy or greylists.
    #[error("the mail could not be handed over yet: {0}")]
    Temporary(String),
    /// Will never work: the address is refused for good.
    #[error("the mail was refused: {0}")]
    Permanent(String),
}

/// Hands mail over for delivery. May be called again for the same id after a crash.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Hands over one mail.
    ///
    /// # Errors
    /// [`MailError::Temporary`] leads to another try later, [`MailError::Permanent`] to none.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}
