//! Outgoing text messages.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use crate::id::OutboxId;
use crate::phone::PhoneNumber;

/// A text message, ready to send. It can hold a code, so its text does not print, and neither does the number.
#[derive(Clone)]
pub struct Sms {
    /// Idempotency id: the same on every try of the same message.
    pub id: OutboxId,
    /// The one recipient.
    pub to: PhoneNumber,
    text: SecretString,
}

impl Sms {
    /// A text message.
    #[must_use]
    pub fn new(id: OutboxId, to: PhoneNumber, text: String) -> Self {
        Self { id, to, text: text.into() }
    }

    /// The text, codes included.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        self.text.expose_secret()
    }
}

impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a text message was not handed over. The reasons hold neither the number nor the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmsError {
    /// May work later: the provider is down, busy or limits the rate.
    #[error("the text message could not be handed over yet: {0}")]
    Temporary(String),
    /// Will never work: the provider refuses the message.
    #[error("the text message was refused: {0}")]
    Permanent(String),
}

/// Hands text messages over for delivery. May be called again for the same id after a crash.
#[async_trait]
pub trait SmsSender: Send + Sync + 'static {
    /// Hands over one text message.
    ///
    /// # Errors
    /// [`SmsError::Temporary`] leads to another try later, [`SmsError::Permanent`] to none.
    async fn send(&self, sms: &Sms) -> Result<(), SmsError>;
}
