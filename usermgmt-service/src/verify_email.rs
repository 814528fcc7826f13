//! Proof of an address.

use usermgmt_core::address::EmailAddress;
use usermgmt_core::error::{Check, Error, FieldError, Refused};
use usermgmt_core::flow::verify_email::{self, Entered, Found, Preview, Verified};
use usermgmt_core::model::AuditKind;
use usermgmt_core::password::{Password, PasswordHash};
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{StoreErrorKind, Write};
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
        Ok(self.find_link(client, link).await?.preview())
    }

    async fn find_link(&self, client: &Client, link: Secret<'_>) -> Result<Found, Error> {
        let refuse = |client: &Client| self.refusals().note(AuditKind::VerificationRefused, client, "link", self.now());
        let Some(link) = Bearer::parse(BearerKind::VerifyLink, link.0) else {
            refuse(client);
            return Err(Refused::LinkInvalid.into());
        };
        let browser = client.browser.as_ref().map(Bearer::digest);
        verify_email::find_link(&self.flow(client), &link, browser).await.inspect_err(|error| {
            if matches!(error, Error::Refused(_)) {
                refuse(client);
            }
        })
    }

    /// Counts the try, durably, and only then compares.
    async fn find_code(&self, client: &Client, typed: Secret<'_>) -> Result<Found, Error> {
        let refuse = || {
            self.refusals().note(AuditKind::VerificationRefused, client, "code", self.now());
            Error::from(Refused::CodeInvalid)
        };
        let Some(browser) = &client.browser else { return Err(refuse()) };
        let flow = self.flow(client);
        let found = match verify_email::find_code(&flow, browser.digest()).await {
            Err(Error::Refused(_)) => return Err(refuse()),
            other => other?,
        };
        let meter = Meter::new(self, client);
        let guesses = [meter.wrong_code(found.user())];
        meter.take(&guesses, flow.now).await?;
        let count = flow.changes()?.with(Write::CountTry { id: found.token().id });
        self.commit_raw(count).await.map_err(|error| match error.kind() {
            StoreErrorKind::Refused(_) => refuse(),
            _ => error.into(),
        })?;
        if !verify_email::code_matches(&flow, &found, typed.0) {
            return Err(refuse());
        }
        meter.give_back(&guesses, flow.now).await?;
        Ok(found)
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

        let mut found = match input.proof {
            AddressProof::Link(link) => self.find_link(client, link).await?,
            AddressProof::Code(code) => self.find_code(client, code).await?,
        };
        let rules = &self.settings().password_rules;
        let mut hash: Option<PasswordHash> = None;
        let mut tries = Tries::default();
        loop {
            if let Some(password) = password.as_ref().filter(|_| found.preview().needs_password && hash.is_none()) {
                let email = EmailAddress::parse(found.canonical()).map_err(|_| Refused::LinkInvalid)?;
                self.check_new_password("password", password, &email, &found.preview().name, &[]).await?;
                hash = Some(self.hasher().hash(password).await?);
            }
            let flow = self.flow(client);
            let entered =
                Entered { password: password.as_ref(), hash: hash.clone(), organization: organization.clone() };
            let (changes, verified) = verify_email::plan(&flow, &found, rules, entered)?;
            match self.commit_raw(changes).await {
                Ok(_) => return Ok(verified),
                Err(error) if tries.again(&error) => {}
                Err(error) => return Err(error.into()),
            }
            // Somebody was faster, or the account has changed: look again.
            let browser = client.browser.as_ref().map(Bearer::digest);
            let flow = self.flow(client);
            found = match input.proof {
                AddressProof::Link(link) => self.find_link(client, link).await?,
                AddressProof::Code(_) => verify_email::find_again(&flow, &found, browser).await?,
            };
        }
    }
}
