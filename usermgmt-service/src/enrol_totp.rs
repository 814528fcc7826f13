//! Enrolling an authenticator application: by somebody signed in, or as a step of a sign-in that demands one.

use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::flow::factors::{self, Holder, Renewed};
use usermgmt_core::id::FactorId;
use usermgmt_core::model::User;
use usermgmt_core::proof::StepUp;
use usermgmt_core::recovery_code::RecoveryCode;
use usermgmt_core::secret::Bearer;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::factors::FactorAdded;
use crate::limits::Meter;
use crate::second_factor::digits;
use crate::sign_in::SignInOutcome;
use crate::sign_up::Secret;
use crate::totp::{self, TotpSecret};

/// An enrolment that waits for its first code.
#[derive(Debug)]
pub struct TotpEnrolment {
    /// Its id, for the confirmation.
    pub id: FactorId,
    /// What the application takes in.
    pub secret: TotpSecret,
}

impl UserMgmt {
    /// Begins to enrol an authenticator application. It counts for nothing until [`confirm_totp`](Self::confirm_totp);
    /// one that is in force stays so until then.
    ///
    /// # Errors
    /// Too many changes, [`Refused::AuthorityChanged`], or an outage.
    pub async fn begin_totp(&self, client: &Client, proof: &StepUp) -> Result<TotpEnrolment, Error> {
        let principal = proof.principal();
        self.charge_factor_mail(client, principal).await?;
        self.begin_enrolment(client, || async {
            Ok((Holder::Session(principal), self.own(principal).await?, principal.email().map(str::to_owned)))
        })
        .await
    }

    /// The same for a sign-in that demands a second factor of somebody who has none.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`] also for an attempt that waits for something else, too many tries, or an outage.
    pub async fn begin_totp_at_sign_in(&self, client: &Client, attempt: &Bearer) -> Result<TotpEnrolment, Error> {
        let (found, _) = self.enrolling(client, attempt).await?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(found.user)], self.now()).await?;
        self.begin_enrolment(client, || async {
            let (found, facts) = self.enrolling(client, attempt).await?;
            Ok((Holder::Attempt(Box::new(found)), facts.user, Some(facts.identifier.display)))
        })
        .await
    }

    async fn begin_enrolment<'a, F>(&self, client: &Client, read: impl Fn() -> F) -> Result<TotpEnrolment, Error>
    where
        F: Future<Output = Result<(Holder<'a>, User, Option<String>), Error>>,
    {
        let secret = totp::generate(self.random())?;
        let (id, account) = committing!(self, client, |flow| {
            let (holder, user, email) = read().await?;
            let all = self.store().factors(user.id).await?;
            let seal = |id| totp::seal(self.keys(), self.random(), (user.id, id), secret.as_slice());
            let (changes, id) = factors::plan_totp(&flow, &holder, &user, &all, seal)?;
            (changes, (id, email.unwrap_or_else(|| user.name.clone())))
        })?;
        Ok(TotpEnrolment { id, secret: totp::shown(secret.as_slice(), &self.settings().product, &account)? })
    }

    /// What an enrolment that waits for its first code shows, once more.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it does not wait any more, or an outage.
    pub async fn begun_totp(&self, client: &Client, proof: &StepUp, id: FactorId) -> Result<TotpSecret, Error> {
        let user = self.own(proof.principal()).await?;
        self.secret_of(&self.flow(client), &user, proof.principal().email(), id).await
    }

    /// The same in a sign-in.
    ///
    /// # Errors
    /// [`Refused::AttemptExpired`], [`Refused::NotFound`] if it does not wait any more, or an outage.
    pub async fn begun_totp_at_sign_in(
        &self,
        client: &Client,
        attempt: &Bearer,
        id: FactorId,
    ) -> Result<TotpSecret, Error> {
        let (_, facts) = self.enrolling(client, attempt).await?;
        self.secret_of(&self.flow(client), &facts.user, Some(&facts.identifier.display), id).await
    }

    async fn secret_of(
        &self,
        flow: &Flow<'_>,
        user: &User,
        email: Option<&str>,
        id: FactorId,
    ) -> Result<TotpSecret, Error> {
        let begun = factors::begun(flow, &self.store().factors(user.id).await?, id)?;
        let secret = totp::open(self.keys(), &begun)?;
        totp::shown(&secret, &self.settings().product, email.unwrap_or(&user.name))
    }

    /// Puts an authenticator application in force by its first code, in place of one that was before. The other
    /// sessions end, the owner is told by mail, and this session goes on under a new secret.
    ///
    /// # Errors
    /// An invalid `code`, [`Refused::CodeInvalid`], [`Refused::NotFound`] for an enrolment that does not wait any more,
    /// too many tries, [`Refused::AuthorityChanged`], or an outage.
    pub async fn confirm_totp(
        &self,
        client: &Client,
        proof: &StepUp,
        id: FactorId,
        code: Secret<'_>,
    ) -> Result<FactorAdded<Bearer>, Error> {
        let code = digits(code)?;
        let principal = proof.principal();
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(principal.user())], self.now()).await?;
        let (renewed, recovery_codes) = committing!(self, client, |flow| {
            let user = self.own(principal).await?;
            self.confirmed(&flow, client, Holder::Session(principal), &user, id, &code).await?
        })?;
        Ok(FactorAdded { next: renewed.session()?, recovery_codes })
    }

    /// The same in a sign-in, which goes on with it.
    ///
    /// # Errors
    /// As [`confirm_totp`](Self::confirm_totp), and [`Refused::AttemptExpired`].
    pub async fn confirm_totp_at_sign_in(
        &self,
        client: &Client,
        attempt: &Bearer,
        id: FactorId,
        code: Secret<'_>,
    ) -> Result<FactorAdded<SignInOutcome>, Error> {
        let code = digits(code)?;
        let (found, _) = self.enrolling(client, attempt).await?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(found.user)], self.now()).await?;
        let (renewed, recovery_codes) = committing!(self, client, |flow| {
            let (found, facts) = self.enrolling(client, attempt).await?;
            self.confirmed(&flow, client, Holder::Attempt(Box::new(found)), &facts.user, id, &code).await?
        })?;
        Ok(FactorAdded { next: self.advance(client, renewed.attempt()?).await?, recovery_codes })
    }

    async fn confirmed(
        &self,
        flow: &Flow<'_>,
        client: &Client,
        holder: Holder<'_>,
        user: &User,
        id: FactorId,
        code: &str,
    ) -> Result<(usermgmt_core::store::ChangeSet, (Renewed, Vec<RecoveryCode>)), Error> {
        let all = self.store().factors(user.id).await?;
        let begun = factors::begun(flow, &all, id)?;
        let step = totp::step(self.keys(), &begun, code, flow.now)?.ok_or_else(|| {
            let refused = Error::from(Refused::CodeInvalid);
            self.note_code(client, &refused);
            refused
        })?;
        let planned = factors::plan_confirmation(flow, holder, user, &all, begun, step).await?;
        let (changes, renewed, codes) = planned;
        Ok((changes, (renewed, codes)))
    }
}
