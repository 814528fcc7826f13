//! A change of password by somebody who is signed in.

use std::sync::Arc;

use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, FieldError, Refused};
use usermgmt_core::flow::{change_password, mailed};
use usermgmt_core::model::AuditKind;
use usermgmt_core::password::Password;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Bearer;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::Tries;
use crate::limits::Meter;
use crate::reset_password::previous;
use crate::sign_up::Secret;

/// What somebody enters who changes the password.
#[derive(Clone, Debug)]
pub struct ChangePassword<'a> {
    /// The present password.
    pub present: Secret<'a>,
    /// The new one.
    pub new: Secret<'a>,
    /// Whether all other sessions end. Recommended.
    pub end_others: bool,
}

impl UserMgmt {
    /// Changes the password. The session goes on under a new secret, which is the answer; the owner is told by mail.
    ///
    /// # Errors
    /// Invalid fields: `password` (the present one, also with the code `wrong`) and `new_password`; too many attempts;
    /// [`Refused::AuthorityChanged`]; or an outage.
    pub async fn change_password(
        &self,
        client: &Client,
        principal: &Arc<Principal>,
        input: ChangePassword<'_>,
    ) -> Result<Bearer, Error> {
        self.settings().passwords()?;
        let present = Password::new(input.present.0).map_err(|error| FieldError::password("password", error))?;
        let new = Password::new(input.new.0).map_err(|error| FieldError::password("new_password", error))?;
        let meter = Meter::new(self, client);
        let guesses = [meter.wrong_step_up(principal.user())];
        meter.take(&[meter.step_up(principal.user()), guesses[0]], self.now()).await?;
        let mut stored = self.store().password(principal.user()).await?;
        let verdict = self.hasher().verify(&present, stored.as_ref().map(|stored| &stored.hash)).await?;
        if !verdict.matches {
            self.refusals().note(AuditKind::StepUpRefused, client, "invalid_credentials", self.now());
            return Err(FieldError::new("password", FieldError::WRONG).into());
        }
        meter.give_back(&guesses, self.now()).await?;
        let proven = stored.as_ref().map(|stored| stored.hash.clone());

        let mut user = self.store().user(self.realm(), principal.user()).await?.ok_or(Refused::AuthorityChanged)?;
        let contacts = mailed::contacts(&self.flow(client), user.id).await?;
        let contact = mailed::primary(&contacts).and_then(Contact::of);
        let former = previous(stored.as_ref());
        self.check_new_password("new_password", &new, contact.as_ref(), &user.name, &former, user.factors).await?;
        let hash = self.hasher().hash(&new).await?;
        let rules = (self.settings().password_rules.history, input.end_others);
        let mut tries = Tries::default();
        loop {
            let flow = self.flow(client);
            let plan = change_password::plan(&flow, principal, &user, stored.as_ref(), hash.clone(), rules).await?;
            match self.commit_raw(plan.0).await {
                Ok(_) => return Ok(plan.1),
                Err(error) if tries.again(&error) => {}
                Err(error) => return Err(error.into()),
            }
            stored = self.store().password(user.id).await?;
            user = self.store().user(self.realm(), user.id).await?.ok_or(Refused::AuthorityChanged)?;
            // What was proven is the password that stood then; a hash that was only renewed is proven no longer either.
            if stored.as_ref().map(|stored| &stored.hash) != proven.as_ref() {
                return Err(Refused::AuthorityChanged.into());
            }
        }
    }
}
