//! Proving a second factor: as a step of a sign-in, or again in a running session.
//!
//! Guesses at codes are counted by account, over all sign-ins, sessions, addresses and kinds of code, and counted
//! before they are compared: of any number at once no more than three are looked at.

use std::sync::Arc;

use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::flow::second_factor::{self, Shown, Trust};
use usermgmt_core::flow::sent_code::{self, Asking};
use usermgmt_core::flow::sign_in::{self, Next};
use usermgmt_core::flow::{mailed, sign_in::Facts};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{Actor, Attempt, AuditKind, Factor, FactorKind, MailKind, Method, Proof, Token, User};
use usermgmt_core::proof::Principal;
use usermgmt_core::recovery_code::RecoveryCode;
use usermgmt_core::secret::{Bearer, BearerKind};
use zeroize::Zeroizing;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::{Tries, committing};
use crate::limits::Meter;
use crate::sign_in::SignInOutcome;
use crate::sign_up::Secret;

/// A step of a sign-in was done by a second factor.
#[derive(Clone, Debug)]
pub struct SecondFactorProven {
    /// Where the sign-in stands.
    pub outcome: SignInOutcome,
    /// The secret by which this device is trusted from now on, for its cookie, if that was asked for.
    pub trusted: Option<Bearer>,
}

/// A code as somebody types it, in a form that can be one.
pub(crate) enum Typed {
    /// Six digits: of an application, or of a code that was sent.
    Digits(Zeroizing<String>),
    /// A recovery code.
    Recovery(RecoveryCode),
}

impl Typed {
    /// Reads it; whatever can be no code is the caller's mistake and costs no try.
    pub(crate) fn parse(field: &'static str, text: &str) -> Result<Self, FieldError> {
        if text.trim().is_empty() {
            return Err(FieldError::new(field, FieldError::REQUIRED));
        }
        if text.len() <= 16 {
            let digits: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| *c != ' ').collect());
            if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Ok(Self::Digits(digits));
            }
        }
        RecoveryCode::parse(text).map(Self::Recovery).ok_or(FieldError::new(field, FieldError::MALFORMED))
    }
}

impl UserMgmt {
    /// Proves the second factor that a sign-in waits for: by a code of an authenticator application, by one that was sent
    /// for this sign-in, or by a recovery code. With `trust` none is asked for on this device for 30 days, until password
    /// or factors change.
    ///
    /// # Errors
    /// An invalid `code`, [`Refused::CodeInvalid`], [`Refused::AttemptExpired`] also for an attempt that waits for
    /// something else, too many wrong codes (three in 15 minutes, whoever gave them), or an outage.
    pub async fn prove_second_factor(
        &self,
        client: &Client,
        attempt: &Bearer,
        code: Secret<'_>,
        trust: bool,
    ) -> Result<SecondFactorProven, Error> {
        let typed = Typed::parse("code", code.0)?;
        let state = self.awaiting(client, attempt).await?;
        let user = state.1.user.id;
        let meter = Meter::new(self, client);
        self.charge_codes(client, &meter, user).await?;
        let show = |flow: &Flow<'_>, factors: &[Factor], sent: Option<&Token>| {
            self.shown(flow, factors, &typed, sent).inspect_err(|error| self.note_code(client, error))
        };
        let proven = self.prove(client, attempt, state, trust, show).await?;
        meter.give_back(&meter.wrong_second_factor(user), self.now()).await?;
        Ok(proven)
    }

    /// Does the step of a sign-in by what `show` finds right, and goes on.
    pub(crate) async fn prove(
        &self,
        client: &Client,
        attempt: &Bearer,
        mut state: (Attempt, Facts),
        trust: bool,
        show: impl Fn(&Flow<'_>, &[Factor], Option<&Token>) -> Result<Shown, Error>,
    ) -> Result<SecondFactorProven, Error> {
        let secret = if trust { Some(Bearer::mint(BearerKind::TrustedDevice, self.random())?) } else { None };
        let trust = secret.as_ref().map(|secret| Trust { secret, label: client.label.as_deref() });
        let mut tries = Tries::default();
        let attempt_after = loop {
            let flow = self.flow(client);
            let (found, facts) = state;
            let factors = self.store().factors(facts.user.id).await?;
            let sent = self.sent(&flow, &facts.user, Asking::Attempt(found.id)).await?;
            let shown = show(&flow, &factors, sent.as_ref())?;
            let (changes, after) = second_factor::plan_step(&flow, found, &facts.user, &factors, shown, trust).await?;
            match self.commit_raw(changes).await {
                Ok(_) => break after,
                Err(error) if tries.again(&error) => state = self.awaiting(client, attempt).await?,
                Err(error) => return Err(error.into()),
            }
        };
        Ok(SecondFactorProven { outcome: self.advance(client, attempt_after).await?, trusted: secret })
    }

    /// Proves again by a second factor. The session goes on under a new secret, which is the answer.
    ///
    /// # Errors
    /// An invalid `code`, [`Refused::CodeInvalid`], too many wrong codes, [`Refused::AuthorityChanged`], or an outage.
    pub async fn step_up_by_code(
        &self,
        client: &Client,
        principal: &Arc<Principal>,
        code: Secret<'_>,
    ) -> Result<Bearer, Error> {
        let typed = Typed::parse("code", code.0)?;
        let meter = Meter::new(self, client);
        self.charge_codes(client, &meter, principal.user()).await?;
        let secret = committing!(self, client, |flow| {
            let user = self.own(principal).await?;
            let factors = self.store().factors(user.id).await?;
            let sent = self.sent(&flow, &user, Asking::Session(principal.session())).await?;
            let shown = self.shown(&flow, &factors, &typed, sent.as_ref());
            let shown = shown.inspect_err(|error| self.note_code(client, error))?;
            second_factor::plan_step_up(&flow, principal, &user, shown).await?
        })?;
        meter.give_back(&meter.wrong_second_factor(principal.user()), self.now()).await?;
        Ok(secret)
    }

    /// The attempt that waits for a second factor.
    pub(crate) async fn awaiting(&self, client: &Client, secret: &Bearer) -> Result<(Attempt, Facts), Error> {
        let attempt = self.find_attempt(client, secret).await?;
        let facts = sign_in::facts(&self.flow(client), &attempt).await?;
        match self.next(attempt.clone(), &facts)? {
            Next::SecondFactor(_) => Ok((attempt, facts)),
            _ => Err(Refused::AttemptExpired.into()),
        }
    }

    /// Adds the proof of a device that is trusted in place of a second factor.
    pub(crate) async fn with_trust(
        &self,
        flow: &Flow<'_>,
        client: &Client,
        attempt: &mut Attempt,
        facts: &Facts,
    ) -> Result<(), Error> {
        let factors = facts.user.factors;
        if client.trusted.is_empty() || !factors.has_second() || !factors.contains(FactorKind::TrustedDevice) {
            return Ok(());
        }
        let factors = self.store().factors(facts.user.id).await?;
        if second_factor::is_trusted(flow, &factors, &client.trusted) {
            attempt.proofs.push(Proof { method: Method::TrustedDevice, at: flow.now });
        }
        Ok(())
    }

    /// The live code that was sent for this, to somebody who takes such.
    async fn sent(&self, flow: &Flow<'_>, user: &User, asking: Asking) -> Result<Option<Token>, Error> {
        if user.factors.iter().any(FactorKind::is_sent_code) {
            sent_code::live(flow, user.id, asking).await
        } else {
            Ok(None)
        }
    }

    /// Looks whether a typed code is right; `sent` is the one that was sent for this. The caller has counted the try.
    pub(crate) fn shown(
        &self,
        flow: &Flow<'_>,
        factors: &[Factor],
        typed: &Typed,
        sent: Option<&Token>,
    ) -> Result<Shown, Error> {
        match typed {
            Typed::Recovery(code) => Shown::recovery_code(flow, factors, code),
            Typed::Digits(code) => {
                if let Some(shown) = sent.and_then(|sent| Shown::sent_code(flow, factors, sent, code).ok()) {
                    return Ok(shown);
                }
                #[cfg(feature = "totp")]
                for factor in factors.iter().filter(|own| own.kind() == FactorKind::Totp && own.is_in_force(flow.now)) {
                    if let Some(step) = crate::totp::step(self.keys(), factor, code, flow.now)? {
                        let resealed = crate::totp::resealed(self.keys(), self.random(), factor)?;
                        return Shown::totp(flow, factor, step, resealed);
                    }
                }
                Err(Refused::CodeInvalid.into())
            }
        }
    }

    pub(crate) fn note_code(&self, client: &Client, error: &Error) {
        if let Error::Refused(refused) = error {
            self.refusals().note(AuditKind::SecondFactorRefused, client, refused.code(), self.now());
        }
    }

    /// Counts a try. Whoever gives so many wrong codes knows the password: the owner is told, once a day.
    pub(crate) async fn charge_codes(&self, client: &Client, meter: &Meter<'_>, user: UserId) -> Result<(), Error> {
        let now = self.now();
        let Some(throttled) = meter.passes(&meter.wrong_second_factor(user), now).await? else { return Ok(()) };
        if meter.passes(&[meter.second_factor_warning(user)], now).await?.is_none() {
            committing!(self, client, |flow| {
                let user = self.store().user(self.realm(), user).await?.ok_or(Refused::AttemptExpired)?;
                let actor = Actor::System { reason: "wrong codes".into() };
                let detail = serde_json::json!({});
                let audit = flow.audit(AuditKind::SecondFactorGuessed, actor, user.id, detail)?;
                let mut changes = flow.changes()?.with(audit);
                if let Some(primary) = mailed::primary(&mailed::contacts(&flow, user.id).await?) {
                    mailed::notify(&flow, &mut changes, MailKind::SecondFactorGuessed, &user, primary).await?;
                }
                (changes, ())
            })?;
        }
        Err(meter.refuse(&throttled, now))
    }
}

/// The first code of a factor that is enrolled: six digits, and no recovery code.
#[cfg(any(feature = "totp", feature = "sent-codes"))]
pub(crate) fn digits(code: Secret<'_>) -> Result<Zeroizing<String>, FieldError> {
    match Typed::parse("code", code.0)? {
        Typed::Digits(code) => Ok(code),
        Typed::Recovery(_) => Err(FieldError::new("code", FieldError::MALFORMED)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_a_code_is_taken_for_one() {
        let kind = |text: &str| match Typed::parse("code", text) {
            Ok(Typed::Digits(code)) => code.to_string(),
            Ok(Typed::Recovery(_)) => "recovery".to_owned(),
            Err(error) => error.code.to_owned(),
        };
        assert_eq!((kind("000123"), kind(" 000 123 ")), ("000123".into(), "000123".into()));
        assert_eq!(kind("abcd-efgh-jkmn-pqrs"), "recovery");
        assert_eq!((kind(""), kind("  ")), ("required".into(), "required".into()));
        let long = "1".repeat(100_000);
        for wrong in ["123", "+00123", "000123\n", "0x7b", "٠٠٠١٢٣", "0001234", "1e5000", long.as_str()] {
            assert_eq!(kind(wrong), "malformed", "{wrong:.20}");
        }
    }
}
