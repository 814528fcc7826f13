//! The addresses of an account.

use time::OffsetDateTime;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::flow::{emails, mailed};
use usermgmt_core::limits;
use usermgmt_core::model::{AddressPurpose, TokenKind};
use usermgmt_core::proof::{Principal, StepUp};
use usermgmt_core::store::{StoreErrorKind, Write};

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;
use crate::sign_up::{Accepted, Secret};
use crate::verify_email::AddressProof;

/// An address of an account, as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EmailItem {
    /// The address as typed; or a phone number, where there are such.
    pub email: String,
    /// Whether mails go there.
    pub primary: bool,
    /// Whether it was proven. One that was not is waiting for it, and can be asked for again.
    pub verified: bool,
    /// Whether it waits for the holder of the primary address to approve it; only then it is written to.
    pub awaits_approval: bool,
    /// Whether mail to it comes back.
    pub undeliverable: bool,
    /// Whether it can be removed: the primary address cannot, but be replaced; the last phone number can, beside an address.
    pub removable: bool,
    /// When it was added or asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// A wish for another address.
#[derive(Clone, Copy, Debug)]
pub struct AddEmail<'a> {
    /// The address.
    pub email: &'a str,
    /// Whether it takes the place of the primary one, which then goes.
    pub replaces_primary: bool,
}

impl UserMgmt {
    /// The addresses of the principal, the primary one first, those that wait for their proof last.
    ///
    /// # Errors
    /// An outage.
    pub async fn emails(&self, principal: &Principal) -> Result<Vec<EmailItem>, Error> {
        let client = Client::default();
        let flow = self.flow(&client);
        let contacts = mailed::contacts(&flow, principal.user()).await?;
        let mut items: Vec<_> = contacts
            .iter()
            .map(|email| EmailItem {
                removable: emails::is_removable(&contacts, email),
                email: email.display.clone(),
                primary: email.primary,
                verified: email.verified_at.is_some(),
                awaits_approval: false,
                undeliverable: email.undeliverable_at.is_some(),
                created_at: email.created_at,
            })
            .collect();
        items.sort_by_key(|item| (!item.primary, item.created_at));
        let waiting = self.store().live_tokens(principal.user(), self.now()).await?;
        let waits = |kind| matches!(kind, TokenKind::ApproveEmail | TokenKind::AddEmail);
        items.extend(waiting.into_iter().filter(|token| waits(token.kind)).map(|token| EmailItem {
            email: token.display,
            primary: false,
            verified: false,
            awaits_approval: token.kind == TokenKind::ApproveEmail,
            undeliverable: false,
            removable: true,
            created_at: token.created_at,
        }));
        Ok(items)
    }

    /// Asks for another address. It counts once it is proven; before that the holder of the primary one must approve,
    /// unless the application has switched that off. Costs one commit and answers the same, whether the address is
    /// free or not.
    ///
    /// # Errors
    /// An invalid `email`; too many attempts; or an outage.
    pub async fn add_email(&self, client: &Client, proof: &StepUp, input: AddEmail<'_>) -> Result<Accepted, Error> {
        let contact = self.contact("email", input.email)?;
        let user = proof.principal().user();
        let meter = Meter::new(self, client);
        let mut charges = vec![meter.account_mail(user)];
        charges.extend(meter.messages(contact.canonical()));
        meter.take(&charges, self.now()).await?;
        let purpose = AddressPurpose::AddEmail {
            user,
            auth_epoch: proof.principal().auth_epoch(),
            replaces_primary: input.replaces_primary,
            needs_approval: self.settings().email_change_needs_approval,
        };
        self.request(client, contact, purpose).await
    }

    /// The holder of the primary address approves another one, by the link in the mail; now the new one is written to.
    /// Answers the new address.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, or an outage.
    pub async fn approve_email(&self, client: &Client, link: Secret<'_>) -> Result<String, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let token = self.mailed_link(client, TokenKind::ApproveEmail, link).await?;
        committing!(self, client, |flow| (emails::plan_approval(&flow, &token).await?, ()))?;
        Ok(token.display)
    }

    /// Proves an added address by link, or by code in the browser that asked for it. Answers the address.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`] or [`Refused::CodeInvalid`], too many attempts, or an outage.
    pub async fn prove_added_email(&self, client: &Client, proof: AddressProof<'_>) -> Result<String, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let token = self.mailed(client, TokenKind::AddEmail, proof).await?;
        for _ in 0..limits::CONFLICT_TRIES {
            let changes = emails::plan_proof(&self.flow(client), &token).await?;
            match self.commit_raw(changes).await {
                Ok(_) => return Ok(token.display),
                // Somebody else has entered or proven it meanwhile: look again.
                Err(error) if Self::is_taken(&error) => {}
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) if matches!(error.kind(), StoreErrorKind::Refused(_)) => {
                    return Err(Refused::LinkInvalid.into());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::Conflict.into())
    }

    /// Removes an address of the principal; what waits for its proof is forgotten.
    ///
    /// # Errors
    /// An invalid `email`, also with the code `primary`; [`Refused::NotFound`]; or an outage.
    pub async fn remove_email(&self, client: &Client, proof: &StepUp, email: &str) -> Result<(), Error> {
        let email = self.contact("email", email)?;
        let principal = proof.principal();
        let waiting = self.store().live_tokens(principal.user(), self.now()).await?;
        let waits = |kind| matches!(kind, TokenKind::ApproveEmail | TokenKind::AddEmail);
        if waiting.iter().any(|token| waits(token.kind) && token.canonical == email.canonical()) {
            return committing!(self, client, |flow| {
                let revoke = |kind| Write::RevokeTokens { user: principal.user(), kind };
                let changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
                (changes.with(revoke(TokenKind::ApproveEmail)).with(revoke(TokenKind::AddEmail)), ())
            });
        }
        committing!(self, client, |flow| { (emails::plan_removal(&flow, principal, email.canonical()).await?, ()) })
    }

    /// Makes another proven address of the principal the primary one. The former one is told, with a link to undo it.
    ///
    /// # Errors
    /// An invalid `email`, [`Refused::NotFound`], too many attempts, or an outage.
    pub async fn make_email_primary(&self, client: &Client, proof: &StepUp, email: &str) -> Result<(), Error> {
        let email = self.contact("email", email)?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.account_mail(proof.principal().user())], self.now()).await?;
        committing!(self, client, |flow| {
            (emails::plan_primary(&flow, proof.principal(), email.canonical()).await?, ())
        })
    }

    /// Whether an address is free, for forms that ask before they are sent. Off unless the application has switched it
    /// on, because it says who has an account.
    ///
    /// # Errors
    /// [`Refused::NotFound`] if it is off, an invalid `email`, too many attempts, or an outage.
    pub async fn is_email_available(&self, client: &Client, email: &str) -> Result<bool, Error> {
        if !self.settings().availability_check {
            return Err(Refused::NotFound.into());
        }
        let contact = self.contact("email", email)?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.availability()], self.now()).await?;
        let known = self.store().sign_in_record(self.realm(), contact.kind(), contact.canonical()).await?;
        Ok(known.is_none_or(|known| known.identifier.verified_at.is_none()))
    }
}
