//! Checks that whoever sends a form is no program: a proof of work, or the service of a third party.

use std::fmt;

use async_trait::async_trait;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::Random;
use crate::keys::KeyRing;

/// What the check is asked for. An answer that was given for one is none for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BotPurpose {
    /// Somebody signs up.
    SignUp,
    /// Somebody signs in.
    SignIn,
    /// Somebody asks for a mail that sets a new password.
    Forgot,
}

impl BotPurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::SignUp, Self::SignIn, Self::Forgot];

    /// Stable word: what a third party calls the action.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::SignIn => "sign_in",
            Self::Forgot => "forgot",
        }
    }

    /// The purpose of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// One use of a check.
#[derive(Clone, Copy)]
pub struct BotCall<'a> {
    /// What for.
    pub purpose: BotPurpose,
    /// From which address, as established by the trusted proxies.
    pub address: Option<&'a str>,
    /// Host of the application's origin, without port.
    pub host: &'a str,
    /// Whether there is reason for more than the usual: an alarm, or many failures from this place.
    pub raised: bool,
    /// The time.
    pub now: OffsetDateTime,
    /// The root keys, for checks that sign their challenges.
    pub keys: &'a KeyRing,
    /// Randomness.
    pub random: &'a dyn Random,
}

impl fmt::Debug for BotCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { purpose, raised, .. } = self;
        f.debug_struct("BotCall").field("purpose", purpose).field("raised", raised).finish_non_exhaustive()
    }
}

/// What a client must solve.
#[derive(Clone, Debug, PartialEq)]
pub struct BotChallenge {
    /// The challenge, as its solver reads it.
    pub challenge: Value,
    /// How long a solution is accepted.
    pub life: Duration,
}

/// What the check says about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BotVerdict {
    /// The answer is good, once: whoever asked remembers it until then.
    Passed {
        /// What names this answer: it cannot be presented a second time.
        id: [u8; 32],
        /// Until when the check itself would accept it again.
        until: OffsetDateTime,
    },
    /// The answer is not good, for the reason named by this word: for metrics and the log, not for the caller.
    Failed(&'static str),
}

/// It could not be found out whether an answer is good. Never an answer about the caller.
#[derive(Debug, thiserror::Error)]
#[error("the bot check did not answer: {0}")]
pub struct BotCheckError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl BotCheckError {
    /// Why there is no answer.
    pub fn because(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// A script that pages load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BotScript {
    /// One of [`BotWidget::own`], served from the application's own origin.
    Own(&'static str),
    /// One of a third party, by its URL.
    At(String),
}

/// How the check looks on a page: one element within the form and one script. Nothing of it stands on a page that does
/// not ask for the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotWidget {
    /// Stable word for the kind of check, for clients that are no browser.
    pub kind: &'static str,
    /// Names of the form fields in which the script puts the answer; the first that is filled in counts.
    pub fields: &'static [&'static str],
    /// Class of the element.
    pub class: &'static str,
    /// Its further attributes, such as `data-sitekey`.
    pub attributes: Vec<(&'static str, String)>,
    /// The script.
    pub script: BotScript,
    /// Scripts that are served from the application's own origin: name and source.
    pub own: &'static [(&'static str, &'static str)],
    /// What the page's Content-Security-Policy must allow besides: directive and sources.
    pub policy: &'static [(&'static str, &'static str)],
}

/// Checks that whoever sends a form is no program. Whoever asks bounds the time; an implementation bounds the size of
/// what it reads.
#[async_trait]
pub trait BotCheck: Send + Sync + 'static {
    /// How it looks on a page.
    fn widget(&self) -> &BotWidget;

    /// A new challenge; `None` if the client gets it from somebody else. Must be cheap: anybody may ask.
    ///
    /// # Errors
    /// [`BotCheckError`], such as when the random generator fails.
    fn challenge(&self, call: &BotCall<'_>) -> Result<Option<BotChallenge>, BotCheckError>;

    /// Judges an answer. It need not remember answers.
    ///
    /// # Errors
    /// [`BotCheckError`] if it cannot be found out.
    async fn verify(&self, call: &BotCall<'_>, answer: &str) -> Result<BotVerdict, BotCheckError>;
}
