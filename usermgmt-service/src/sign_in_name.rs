//! The name that somebody enters who signs in: an address, or a phone number or a username where there are such.

use time::OffsetDateTime;
use usermgmt_core::address::EmailAddress;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Error, FieldError};
use usermgmt_core::flow::usernames;
use usermgmt_core::model::{AddressPurpose, Job, NameRequest, SignInRecord};
use usermgmt_core::store::Charge;
use usermgmt_core::username::SignInName;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;
use crate::sign_up::Accepted;

/// Whom somebody means who signs in.
pub(crate) struct Meant {
    name: SignInName,
    /// Who has that username. Names are public, so it may be looked up before limits are charged; an address may not.
    named: Option<SignInRecord>,
}

impl Meant {
    /// What counters of this account are keyed by: the name that was typed, so that known and unknown ones are limited
    /// alike, and a name that is locked does not give away which address belongs to it.
    pub(crate) fn key(&self) -> &str {
        self.name.canonical()
    }

    /// What a device knows the account by.
    pub(crate) fn device_key(&self) -> &str {
        self.named.as_ref().map_or(self.key(), |record| &record.identifier.canonical)
    }

    /// The name as it was typed.
    pub(crate) fn into_name(self) -> SignInName {
        self.name
    }
}

impl UserMgmt {
    /// Reads the name that was entered in this field.
    pub(crate) fn sign_in_name(&self, field: &'static str, text: &str) -> Result<SignInName, FieldError> {
        #[cfg(feature = "phones")]
        if let Some(phone) = self.phone(field, text)? {
            return Ok(SignInName::Contact(phone.into()));
        }
        SignInName::parse(field, text, self.settings().usernames.is_on())
    }

    /// Reads the address or number that was entered in this field by somebody who is to be reached there.
    pub(crate) fn contact(&self, field: &'static str, text: &str) -> Result<Contact, FieldError> {
        #[cfg(feature = "phones")]
        if let Some(phone) = self.phone(field, text)? {
            return Ok(Contact::Phone(phone));
        }
        let email = EmailAddress::parse(text).map_err(|error| FieldError::email(field, error))?;
        Ok(Contact::Email(email))
    }

    /// Reads what somebody signs up with.
    pub(crate) fn sign_up_contact(&self, field: &'static str, text: &str) -> Result<Contact, FieldError> {
        #[cfg(feature = "phones")]
        if let Some(phone) = self.only_phone(field, text) {
            return phone;
        }
        self.contact(field, text)
    }

    /// Whom a name means, as far as it is to be known before limits are charged.
    pub(crate) async fn meant(&self, client: &Client, name: SignInName) -> Result<Meant, Error> {
        let named = match &name {
            SignInName::Username(username) => usernames::behind(&self.flow(client), username).await?,
            SignInName::Contact(_) => None,
        };
        Ok(Meant { name, named })
    }

    /// The account that is meant, if there is one.
    pub(crate) async fn account_of(&self, meant: &Meant) -> Result<Option<SignInRecord>, Error> {
        Ok(match &meant.name {
            SignInName::Username(_) => meant.named.clone(),
            name => self.store().sign_in_record(self.realm(), name.kind(), name.canonical()).await?,
        })
    }

    /// Counts a wrong password on the account, whichever of its names was typed, until it turns out to be right. `None`
    /// once there were too many: then no password is right, and the answer is that of a wrong one. A limit that said so
    /// would say which names are of one account: an address, locked by guesses at a username, would be known to exist.
    /// The owner is told. Unknown names are counted likewise, for equal work.
    pub(crate) async fn guess(
        &self,
        client: &Client,
        meter: &Meter<'_>,
        meant: &Meant,
        record: Option<&SignInRecord>,
        now: OffsetDateTime,
    ) -> Result<Option<Vec<Charge>>, Error> {
        if !self.settings().usernames.is_on() {
            return Ok(Some(Vec::new()));
        }
        let charge = match record {
            Some(record) => meter.wrong_password_by_names(record.user.id.as_uuid().as_bytes()),
            None => meter.wrong_password_by_names(meant.key().as_bytes()),
        };
        if meter.passes(&[charge], now).await?.is_some() {
            self.warn_owner(client, meter, meant.name.clone()).await?;
            return Ok(None);
        }
        Ok(Some(vec![charge]))
    }

    /// Asks for a mail by either kind of name. Costs one commit and answers the same, whether it is known or not.
    pub(crate) async fn request_by_name(
        &self,
        client: &Client,
        name: SignInName,
        purpose: AddressPurpose,
    ) -> Result<Accepted, Error> {
        let username = match name {
            SignInName::Contact(contact) => return self.request(client, contact, purpose).await,
            SignInName::Username(username) => username,
        };
        let browser = self.browser(client)?;
        let request = NameRequest { username, browser: browser.digest(), purpose };
        committing!(self, client, |flow| { (flow.changes()?.with(flow.job(Job::NameRequest(request.clone()))?), ()) })?;
        Ok(Accepted { browser })
    }
}
