//! Making a passkey: by somebody signed in, or as a step of a sign-in. Naming one.

use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::Flow;
use usermgmt_core::flow::factors::{self, Holder, Renewed};
use usermgmt_core::flow::sign_in::{self, Next};
use usermgmt_core::id::FactorId;
use usermgmt_core::model::{Attempt, User};
use usermgmt_core::proof::{Principal, StepUp};
use usermgmt_core::recovery_code::RecoveryCode;
use usermgmt_core::secret::{Bearer, Digest};
use usermgmt_core::store::ChangeSet;
use usermgmt_core::text;

use super::ceremony::{For, PasskeyAnswer, PasskeyChallenge, Registration, Remembered, parsed};
use crate::client::Client;
use crate::commit::committing;
use crate::factors::FactorAdded;
use crate::limits::Meter;
use crate::{SignInOutcome, UserMgmt};

/// A passkey that was made, and what its owner says of it.
#[derive(Clone, Copy, Debug)]
pub struct NewPasskey<'a> {
    /// What the authenticator has answered.
    pub answer: PasskeyAnswer<'a>,
    /// What to call it, at most 64 characters; blank: as the device calls itself.
    pub name: &'a str,
    /// Whether to ask for it after every other first proof, as a second factor.
    pub as_second_factor: bool,
}

/// Who makes a passkey in a sign-in, and why.
struct Enrolling {
    attempt: Attempt,
    user: User,
    email: String,
    /// Whether a policy demands a second factor; else the account has nothing to sign in by.
    demanded: bool,
}

impl UserMgmt {
    /// Asks an authenticator to make a passkey for somebody who is signed in.
    ///
    /// # Errors
    /// Too many tries, [`Refused::AuthorityChanged`], [`Refused::NotFound`] where passkeys are not switched on, or an
    /// outage.
    pub async fn begin_passkey(&self, client: &Client, proof: &StepUp) -> Result<PasskeyChallenge, Error> {
        self.party()?;
        let principal = proof.principal();
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(principal.user())], self.now()).await?;
        let (user, all) = self.user_with_factors(principal).await?;
        let email = principal.email().unwrap_or(&user.name);
        self.registration(client, &For::new_passkey(&Holder::Session(principal)), &user, email, &all)
    }

    /// The same in a sign-in that waits for it.
    ///
    /// # Errors
    /// As [`begin_passkey`](Self::begin_passkey), and [`Refused::AttemptExpired`] also for an attempt that waits for
    /// something else.
    pub async fn begin_passkey_at_sign_in(&self, client: &Client, attempt: &Bearer) -> Result<PasskeyChallenge, Error> {
        self.party()?;
        let Enrolling { attempt, user, email, .. } = self.making_passkey(client, attempt).await?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.step_up(user.id)], self.now()).await?;
        let all = self.store().factors(user.id).await?;
        let purpose = For::new_passkey(&Holder::Attempt(Box::new(attempt)));
        self.registration(client, &purpose, &user, &email, &all)
    }

    /// Takes in a passkey. The other sessions end, the owner is told by mail, and this session goes on under a new secret.
    ///
    /// # Errors
    /// An invalid `credential` or `name`, too many passkeys, [`Refused::PasskeyInvalid`], [`Refused::PasskeyKnown`] for one
    /// that is registered already (with whomever), too many changes, [`Refused::AuthorityChanged`], or an outage.
    pub async fn add_passkey(
        &self,
        client: &Client,
        proof: &StepUp,
        made: NewPasskey<'_>,
    ) -> Result<FactorAdded<Bearer>, Error> {
        self.party()?;
        let principal = proof.principal();
        self.charge_factor_mail(client, principal).await?;
        let (renewed, recovery_codes) = committing!(self, client, |flow| {
            let user = self.own(principal).await?;
            self.made(&flow, client, Holder::Session(principal), &user, made, false).await?
        })?;
        Ok(FactorAdded { next: renewed.session()?, recovery_codes })
    }

    /// The same in a sign-in, which goes on with it.
    ///
    /// # Errors
    /// As [`add_passkey`](Self::add_passkey), and [`Refused::AttemptExpired`].
    pub async fn add_passkey_at_sign_in(
        &self,
        client: &Client,
        attempt: &Bearer,
        made: NewPasskey<'_>,
    ) -> Result<FactorAdded<SignInOutcome>, Error> {
        self.party()?;
        let (renewed, recovery_codes) = committing!(self, client, |flow| {
            let Enrolling { attempt: found, user, demanded, .. } = self.making_passkey(client, attempt).await?;
            self.made(&flow, client, Holder::Attempt(Box::new(found)), &user, made, demanded).await?
        })?;
        Ok(FactorAdded { next: self.advance(client, renewed.attempt()?).await?, recovery_codes })
    }

    /// Gives a passkey another name.
    ///
    /// # Errors
    /// An invalid `name`, [`Refused::NotFound`], [`Refused::AuthorityChanged`], or an outage.
    pub async fn name_passkey(
        &self,
        client: &Client,
        principal: &Principal,
        id: FactorId,
        name: &str,
    ) -> Result<(), Error> {
        let name = text::name("name", name)?;
        committing!(self, client, |flow| {
            let all = self.store().factors(principal.user()).await?;
            (factors::plan_name(&flow, principal, &all, id, name.clone())?, ())
        })
    }

    async fn made(
        &self,
        flow: &Flow<'_>,
        client: &Client,
        holder: Holder<'_>,
        user: &User,
        made: NewPasskey<'_>,
        with_codes: bool,
    ) -> Result<(ChangeSet, (Renewed, Vec<RecoveryCode>)), Error> {
        let answer = parsed(made.answer.credential)?;
        let name = match made.name.trim() {
            "" => client.label.as_deref().and_then(text::label).unwrap_or_default(),
            name => text::name("name", name)?,
        };
        let purpose = For::new_passkey(&holder);
        let asked: Remembered<Registration> = self.unsealed(client, &purpose, made.answer.ceremony)?;
        // Every new factor moves the epoch: of any number of answers to one challenge one is taken in.
        if asked.state.auth_epoch != user.auth_epoch {
            return Err(Refused::PasskeyInvalid.into());
        }
        let passkey = self.party()?.registered(&answer, &asked.state).map_err(|error| {
            tracing::debug!(%error, "a passkey is not taken in");
            Refused::PasskeyInvalid
        })?;
        let made = factors::NewPasskey {
            credential: Digest::of(passkey.cred_id().as_ref()),
            kept: serde_json::to_value(&passkey).map_err(|_| FieldError::new("credential", FieldError::MALFORMED))?,
            handle: asked.state.handle,
            name,
            asked: made.as_second_factor,
        };
        let all = self.store().factors(user.id).await?;
        let (changes, renewed, codes) = factors::plan_passkey(flow, holder, user, &all, made, with_codes).await?;
        Ok((changes, (renewed, codes)))
    }

    /// The attempt that waits for a passkey, or for a factor that one can be.
    async fn making_passkey(&self, client: &Client, secret: &Bearer) -> Result<Enrolling, Error> {
        let attempt = self.find_attempt(client, secret).await?;
        let facts = sign_in::facts(&self.flow(client), &attempt).await?;
        let demanded = match self.next(attempt.clone(), &facts)? {
            Next::EnrolFactor(_) => true,
            Next::EnrolPasskey(_) => false,
            _ => return Err(Refused::AttemptExpired.into()),
        };
        Ok(Enrolling { attempt, user: facts.user, email: facts.identifier.display, demanded })
    }
}
