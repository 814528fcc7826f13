//! Proof of an address.

use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::flow::mailed;
use usermgmt_core::flow::verify_email::{self, Entered, Found, Preview, Verified};
use usermgmt_core::model::{FactorKinds, Token, TokenKind};
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::secret::Bearer;
use usermgmt_core::text;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::Tries;
use crate::limits::Meter;
use crate::sign_up::Secret;

/// How somebody proves an address.
#[derive(Clone, Copy, Debug)]
pub enum AddressProof<'a> {
    /// By the mailed link.
    Link(Secret<'a>),
    /// By the mailed code, in the browser that asked for it.
    Code(Secret<'a>),
}

impl AddressProof<'_> {
    /// The refusal of one that is not live.
    pub(crate) const fn dead(&self) -> Refused {
        match self {
            Self::Link(_) => Refused::LinkInvalid,
            Self::Code(_) => Refused::CodeInvalid,
        }
    }
}

/// What somebody enters who proves an address.
#[derive(Clone, Debug)]
pub struct ProveAddress<'a> {
    /// The proof.
    pub proof: AddressProof<'a>,
    /// A new password; needed if another browser set the present one.
    pub password: Option<Secret<'a>>,
    /// Another name for the organisation; heard only where a new password is needed.
    pub organization: Option<&'a str>,
}

impl UserMgmt {
    /// What a link is about. Changes nothing: mail scanners may look as often as they like.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`], too many attempts, or an outage.
    pub async fn preview_link(&self, client: &Client, link: Secret<'_>) -> Result<Preview, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        Ok(self.find(client, AddressProof::Link(link)).await?.preview())
    }

    /// What a link or code acts on.
    async fn find(&self, client: &Client, proof: AddressProof<'_>) -> Result<Found, Error> {
        let token = self.mailed(client, TokenKind::VerifyEmail, proof).await?;
        self.found(client, token, proof).await
    }

    async fn found(&self, client: &Client, token: Token, proof: AddressProof<'_>) -> Result<Found, Error> {
        let browser = client.browser.as_ref().map(Bearer::digest);
        let found = verify_email::found(&self.flow(client), token, browser).await?;
        Ok(found.ok_or(proof.dead())?)
    }

    /// Proves an address: of any number of simultaneous uses of one link exactly one succeeds.
    ///
    /// # Errors
    /// [`Refused::LinkInvalid`] or [`Refused::CodeInvalid`]; an invalid `password`, if one is needed or given; too
    /// many attempts; or an outage. A link is not used up by an invalid password.
    pub async fn prove_address(&self, client: &Client, input: ProveAddress<'_>) -> Result<Verified, Error> {
        let meter = Meter::new(self, client);
        meter.take(&[meter.verification()], self.now()).await?;
        let mut check = Check::default();
        let password = input.password.map(|text| Password::new(text.0)).transpose();
        let password = check.take(password.map_err(|error| FieldError::password("password", error))).flatten();
        let organization = input.organization.map(str::trim).filter(|name| !name.is_empty());
        let organization = organization.map(|name| text::name("organization", name)).transpose();
        let organization = check.take(organization).flatten();
        check.end()?;

        let mut found = self.find(client, input.proof).await?;
        let rules = &self.settings().password_rules;
        let mut hash: Option<PasswordHash> = None;
        let mut tries = Tries::default();
        loop {
            if let Some(password) = password.as_ref().filter(|_| found.preview().needs_password && hash.is_none()) {
                let contact = found.token().contact().ok_or(Refused::LinkInvalid)?;
                self.check_new_password(
                    "password",
                    password,
                    Some(&contact),
                    &found.preview().name,
                    &[],
                    FactorKinds::NONE,
                )
                .await?;
                hash = Some(self.hasher().hash(password).await?);
            }
            let flow = self.flow(client);
            let entered =
                Entered { password: password.as_ref(), hash: hash.clone(), organization: organization.clone() };
            let (changes, verified) = verify_email::plan(&flow, &found, rules, entered)?;
            match self.commit_raw(changes).await {
                Ok(_) => {
                    self.release(client, found.entered()).await;
                    return Ok(verified);
                }
                Err(error) if tries.again(&error) => {}
                Err(error) => return Err(error.into()),
            }
            // Somebody was faster, or the account has changed: look again. A code was compared and counted already.
            let token = mailed::again(&self.flow(client), found.token(), input.proof.dead()).await?;
            found = self.found(client, token, input.proof).await?;
        }
    }
}
