//! Step-up: somebody who is signed in proves again who they are.

use std::sync::Arc;

use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::step_up;
use usermgmt_core::model::{AuditKind, Method};
use usermgmt_core::password::Password;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Bearer;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;
use crate::sign_up::Secret;

impl UserMgmt {
    /// Whether there is a password to prove again by.
    ///
    /// # Errors
    /// An outage.
    pub async fn has_password(&self, principal: &Principal) -> Result<bool, Error> {
        Ok(self.store().password(principal.user()).await?.is_some())
    }

    /// Proves again by password. The session goes on under a new secret, which is the answer.
    ///
    /// # Errors
    /// An invalid `password`, [`Refused::InvalidCredentials`], [`Refused::SecondFactorRequired`] for an account that has
    /// a second factor, too many attempts, [`Refused::AuthorityChanged`], or an outage.
    pub async fn step_up_by_password(
        &self,
        client: &Client,
        principal: &Arc<Principal>,
        password: Secret<'_>,
    ) -> Result<Bearer, Error> {
        self.settings().passwords()?;
        let password = Password::new(password.0).map_err(|error| FieldError::password("password", error))?;
        if principal.factors().is_asked() {
            // It would open nothing.
            return Err(Refused::SecondFactorRequired(principal.step_up_methods()).into());
        }
        let meter = Meter::new(self, client);
        let guesses = [meter.wrong_step_up(principal.user())];
        let charges = [meter.step_up(principal.user()), guesses[0]];
        meter.take(&charges, self.now()).await?;
        let stored = self.store().password(principal.user()).await?;
        let verdict = self.hasher().verify(&password, stored.as_ref().map(|stored| &stored.hash)).await?;
        if !verdict.matches {
            self.refusals().note(AuditKind::StepUpRefused, client, "invalid_credentials", self.now());
            return Err(Refused::InvalidCredentials.into());
        }
        meter.give_back(&guesses, self.now()).await?;
        committing!(self, client, |flow| step_up::plan(&flow, principal, Method::Password)?)
    }
}
