//! Asking for a bot check: when, of whom, and what an outage of it means.

use std::sync::Arc;

use moka::sync::Cache;
use time::{Duration, OffsetDateTime};
use usermgmt_core::error::{Error, Refused, Unavailable};
use usermgmt_core::limits;
use usermgmt_core::model::AuditKind;
use usermgmt_core::port::{BotCall, BotChallenge, BotCheck, BotCheckError, BotPurpose, BotVerdict, BotWidget};
use usermgmt_core::store::Charge;

use crate::UserMgmt;
use crate::client::Client;
use crate::limits::Meter;
use crate::metrics;

#[cfg(feature = "captcha")]
mod captcha;
#[cfg(feature = "proof-of-work")]
mod proof_of_work;

#[cfg(feature = "captcha")]
pub use captcha::{Captcha, CaptchaError};
#[cfg(feature = "proof-of-work")]
pub use proof_of_work::ProofOfWork;

/// How long a check may take: somebody waits for it.
const TIME_LIMIT: Duration = Duration::seconds(5);

/// From when on the check is asked for: after so many uses from one address prefix within an hour
/// ([`limits::RISK_WINDOW`]). It is asked for besides while there is an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BotRisk {
    /// Sign-ins that failed.
    pub failed_sign_ins: u32,
    /// Sign-ups.
    pub sign_ups: u32,
    /// Requests for a new password.
    pub forgotten: u32,
}

impl Default for BotRisk {
    fn default() -> Self {
        Self {
            failed_sign_ins: limits::RISK_FAILED_SIGN_INS,
            sign_ups: limits::RISK_SIGN_UPS,
            forgotten: limits::RISK_FORGOTTEN,
        }
    }
}

impl BotRisk {
    const fn of(&self, purpose: BotPurpose) -> u32 {
        match purpose {
            BotPurpose::SignUp => self.sign_ups,
            BotPurpose::SignIn => self.failed_sign_ins,
            BotPurpose::Forgot => self.forgotten,
        }
    }
}

/// Whether whoever signs up, signs in or asks for a new password must show first that they are no program; by which
/// check, and when. Default: never.
#[derive(Clone, Default)]
pub struct BotProtection(Option<Asked>);

#[derive(Clone)]
struct Asked {
    check: Arc<dyn BotCheck>,
    /// `None`: always.
    risk: Option<BotRisk>,
    purposes: Vec<BotPurpose>,
    fail_open: bool,
    time_limit: Duration,
    /// Places of which the counters said that they must do the check, until when: pages show it there at once. The
    /// counters decide; this is what this process has seen of them.
    seen: Cache<(BotPurpose, Vec<u8>), OffsetDateTime>,
}

impl BotProtection {
    /// Everybody is asked, each time.
    #[must_use]
    pub fn always(check: impl BotCheck) -> Self {
        Self::asking(Arc::new(check), None)
    }

    /// Who comes from a place of which much was seen, and everybody while there is an alarm.
    #[must_use]
    pub fn by_risk(check: impl BotCheck, risk: BotRisk) -> Self {
        Self::asking(Arc::new(check), Some(risk))
    }

    fn asking(check: Arc<dyn BotCheck>, risk: Option<BotRisk>) -> Self {
        let seen = Cache::new(u64::try_from(limits::ALARM_PLACES).unwrap_or(u64::MAX));
        let purposes = BotPurpose::ALL.to_vec();
        Self(Some(Asked { check, risk, purposes, fail_open: false, time_limit: TIME_LIMIT, seen }))
    }

    fn with(mut self, change: impl FnOnce(&mut Asked)) -> Self {
        if let Some(asked) = &mut self.0 {
            change(asked);
        }
        self
    }

    /// Asks for these purposes only. Default: all.
    #[must_use]
    pub fn only(self, purposes: &[BotPurpose]) -> Self {
        self.with(|asked| asked.purposes = purposes.to_vec())
    }

    /// Lets everybody pass while the check is out of order. Default: nobody passes, the answer is 503.
    #[must_use]
    pub fn fail_open(self) -> Self {
        self.with(|asked| asked.fail_open = true)
    }

    /// How long the check may take, at least a millisecond; longer is an outage. Default: 5 seconds.
    #[must_use]
    pub fn time_limit(self, time_limit: Duration) -> Self {
        self.with(|asked| asked.time_limit = time_limit.max(Duration::MILLISECOND))
    }

    fn asked(&self, purpose: BotPurpose) -> Option<&Asked> {
        self.0.as_ref().filter(|asked| asked.purposes.contains(&purpose))
    }
}

impl std::fmt::Debug for BotProtection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            None => f.write_str("BotProtection(never)"),
            Some(asked) => f
                .debug_struct("BotProtection")
                .field("kind", &asked.check.widget().kind)
                .field("risk", &asked.risk)
                .field("fail_open", &asked.fail_open)
                .finish_non_exhaustive(),
        }
    }
}

impl Asked {
    /// Whether this process knows that the check will be asked for.
    fn is_expected(&self, auth: &UserMgmt, client: &Client, purpose: BotPurpose) -> bool {
        self.risk.is_none() || self.is_raised(auth, client, purpose)
    }

    /// Whether there is an alarm, or a risk that this process has seen.
    fn is_raised(&self, auth: &UserMgmt, client: &Client, purpose: BotPurpose) -> bool {
        let now = auth.now();
        let seen = self.seen.get(&(purpose, client.address_prefix())).is_some_and(|until| now < until);
        seen || auth.refusals().is_alarmed(purpose, now)
    }

    async fn ask(&self, auth: &UserMgmt, call: &BotCall<'_>, answer: &str) -> Result<BotVerdict, BotCheckError> {
        let runtime = auth.0.parts.runtime.as_ref();
        tokio::select! {
            biased;
            verdict = self.check.verify(call, answer) => verdict,
            () = runtime.wait(self.time_limit.unsigned_abs()) => Err(BotCheckError::because("it took too long")),
        }
    }
}

impl UserMgmt {
    fn bot_call<'a>(&'a self, client: &'a Client, purpose: BotPurpose, raised: bool) -> BotCall<'a> {
        let host = self.settings().origin.host();
        let host = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let host = host.map_or_else(|| self.settings().origin.host(), |(host, _)| host);
        let (keys, random) = (self.keys(), self.random());
        BotCall { purpose, address: client.address(), host, raised, now: self.now(), keys, random }
    }

    /// The bot check, if one is set up for this purpose.
    #[must_use]
    pub fn bot_check(&self, purpose: BotPurpose) -> Option<&BotWidget> {
        self.0.parts.abuse.bot_protection.asked(purpose).map(|asked| asked.check.widget())
    }

    /// The bot check, if one is set up and this process knows that this client will be asked for it. By risk, another
    /// process may know more: then the request is refused with [`Refused::BotCheckRequired`] and comes again with it.
    #[must_use]
    pub fn expected_bot_check(&self, client: &Client, purpose: BotPurpose) -> Option<&BotWidget> {
        let asked = self.0.parts.abuse.bot_protection.asked(purpose)?;
        asked.is_expected(self, client, purpose).then(|| asked.check.widget())
    }

    /// A challenge to solve for this purpose; `None` if there is no check, or it gives its challenges itself.
    ///
    /// # Errors
    /// An outage.
    pub fn bot_challenge(&self, client: &Client, purpose: BotPurpose) -> Result<Option<BotChallenge>, Error> {
        let Some(asked) = self.0.parts.abuse.bot_protection.asked(purpose) else { return Ok(None) };
        let raised = asked.is_raised(self, client, purpose);
        let challenge = asked.check.challenge(&self.bot_call(client, purpose, raised));
        challenge.map_err(|error| Unavailable::because(error).into())
    }

    /// Lets a request pass that needs no check or brings a good answer; asks after the limits and before the work. What
    /// was `taken` from limits that count the work is given back if it does not pass. Answers with what to give back
    /// besides when the request turns out to be of no risk.
    pub(crate) async fn pass_bot_check(
        &self,
        client: &Client,
        meter: &Meter<'_>,
        purpose: BotPurpose,
        taken: &[Charge],
    ) -> Result<Option<Charge>, Error> {
        let Some(asked) = self.0.parts.abuse.bot_protection.asked(purpose) else { return Ok(None) };
        let now = self.now();
        let mut counted = None;
        let mut raised = self.refusals().is_alarmed(purpose, now);
        if let Some(risk) = &asked.risk {
            let charge = meter.risk(purpose, risk.of(purpose));
            match meter.passes(&[charge], now).await? {
                None if !raised => return Ok(Some(charge)),
                None => counted = Some(charge),
                Some(throttled) => {
                    raised = true;
                    asked.seen.insert((purpose, client.address_prefix()), throttled.until);
                }
            }
        }
        match self.judge(asked, client, meter, purpose, raised).await {
            Ok(()) => Ok(counted),
            Err(error) => {
                meter.give_back(taken, now).await?;
                Err(error)
            }
        }
    }

    async fn judge(
        &self,
        asked: &Asked,
        client: &Client,
        meter: &Meter<'_>,
        purpose: BotPurpose,
        raised: bool,
    ) -> Result<(), Error> {
        let call = self.bot_call(client, purpose, raised);
        let now = call.now;
        let refuse = |refused: Refused, reason: &'static str| {
            metrics::bot_check(purpose, reason);
            self.refusals().note(AuditKind::BotCheckRefused, client, reason, now);
            Err(refused.into())
        };
        let Some(answer) = client.bot_answer.as_deref() else { return refuse(Refused::BotCheckRequired, "missing") };
        match asked.ask(self, &call, answer).await {
            Ok(BotVerdict::Failed(reason)) => {
                tracing::debug!(reason, "an answer to the bot check is not good");
                refuse(Refused::BotCheckFailed, "failed")
            }
            // Whoever is first has it: of any number of simultaneous uses of one answer one passes.
            Ok(BotVerdict::Passed { id, until }) if until > now => {
                if meter.passes(&[meter.bot_answer(&id, until - now)], now).await?.is_some() {
                    return refuse(Refused::BotCheckFailed, "used_before");
                }
                metrics::bot_check(purpose, "passed");
                Ok(())
            }
            Ok(BotVerdict::Passed { .. }) => refuse(Refused::BotCheckFailed, "failed"),
            Err(error) if asked.fail_open => {
                metrics::bot_check(purpose, "out_of_order");
                tracing::warn!(error = %error, "the bot check is out of order, and everybody passes");
                Ok(())
            }
            Err(error) => {
                metrics::bot_check(purpose, "out_of_order");
                tracing::warn!(error = %error, "the bot check is out of order, and nobody passes");
                Err(Unavailable::because(error).into())
            }
        }
    }
}
