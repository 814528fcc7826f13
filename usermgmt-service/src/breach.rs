//! Asking a source of breached passwords, within a time limit, with a rule for its outage.

use std::sync::Arc;

use time::Duration;
use usermgmt_core::error::{Error, Unavailable};
use usermgmt_core::password::Password;
use usermgmt_core::port::{BreachDigest, BreachError, BreachPrefix, BreachRange, BreachSource, Runtime};

#[cfg(feature = "hibp")]
mod hibp;

#[cfg(feature = "hibp")]
pub use hibp::{HaveIBeenPwned, SourceError};

/// How long a source may take: somebody waits for the answer.
const TIME_LIMIT: Duration = Duration::seconds(2);

/// What becomes of a new password when the source of breaches does not answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOutage {
    /// It is accepted, and the outage is logged as a warning. The built-in list of common passwords has been applied
    /// all the same.
    #[default]
    Accept,
    /// It is not accepted: the answer is 503, try again.
    Refuse,
}

/// Whether and how new passwords are looked up among those known from breaches (NIST SP 800-63B-4 section 3.1.1.2;
/// OWASP ASVS 5.0, 6.2.12). Default: no source is asked, the built-in list of common passwords is all.
#[derive(Clone)]
pub struct BreachCheck {
    source: Option<Arc<dyn BreachSource>>,
    on_outage: OnOutage,
    time_limit: Duration,
}

impl Default for BreachCheck {
    fn default() -> Self {
        Self { source: None, on_outage: OnOutage::default(), time_limit: TIME_LIMIT }
    }
}

impl BreachCheck {
    /// Asks this source about each new password that passed all else. The source learns five hexadecimal digits of a
    /// digest.
    #[must_use]
    pub fn by(source: impl BreachSource) -> Self {
        Self { source: Some(Arc::new(source)), ..Self::default() }
    }

    /// What becomes of a new password when the source does not answer. Default: [`OnOutage::Accept`].
    #[must_use]
    pub fn on_outage(self, on_outage: OnOutage) -> Self {
        Self { on_outage, ..self }
    }

    /// How long the source may take; longer is an outage. Default: 2 seconds.
    #[must_use]
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// Whether the numbers make sense.
    pub(crate) fn is_valid(&self) -> bool {
        self.time_limit.is_positive()
    }

    /// Whether this password is known from a breach, as far as can be found out.
    pub(crate) async fn is_known(&self, runtime: &dyn Runtime, password: &Password) -> Result<bool, Error> {
        let Some(source) = &self.source else { return Ok(false) };
        let digest = BreachDigest::of(password);
        match (self.ask(source.as_ref(), runtime, &digest.prefix()).await, self.on_outage) {
            (Ok(range), _) => Ok(digest.count_in(&range) > 0),
            (Err(error), OnOutage::Accept) => {
                tracing::warn!(error = %error, "a new password was not looked up among breached ones, and is accepted");
                Ok(false)
            }
            (Err(error), OnOutage::Refuse) => {
                tracing::warn!(error = %error, "a new password was not looked up among breached ones, and is refused");
                Err(Unavailable::because(error).into())
            }
        }
    }

    async fn ask(
        &self,
        source: &dyn BreachSource,
        runtime: &dyn Runtime,
        prefix: &BreachPrefix,
    ) -> Result<BreachRange, BreachError> {
        tokio::select! {
            biased;
            answer = source.range(prefix) => answer,
            () = runtime.wait(self.time_limit.unsigned_abs()) => Err(BreachError::because("it took too long")),
        }
    }
}

impl std::fmt::Debug for BreachCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (asks, on_outage) = (self.source.is_some(), self.on_outage);
        f.debug_struct("BreachCheck").field("asks", &asks).field("on_outage", &on_outage).finish_non_exhaustive()
    }
}
