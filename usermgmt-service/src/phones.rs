//! Phone numbers: whether people have accounts by them.

use usermgmt_core::contact::Contact;
use usermgmt_core::error::FieldError;
use usermgmt_core::phone::{self, PhoneNumber};
use usermgmt_core::port::Country;

use crate::UserMgmt;
use crate::builder::{Builder, ConfigError};
use crate::settings::Settings;

/// Phone numbers as names of accounts. Who sends the texts says [`Builder::sms_sender`].
///
/// Each text costs, and some numbers pay whoever owns them: numbers of premium services are never texted, others only in
/// the countries that are named here, and texts to one number, to a block of numbers, from one client and in all are
/// limited (see [`Limits`](crate::Limits)).
///
/// A number is weaker than an address: it moves to whoever talks the phone company into a new card, and comes back to
/// somebody else some months after it was given up (NIST SP 800-63B-4 section 3.1.3.3). A code that was texted therefore
/// never counts as a second factor, and a [policy](usermgmt_core::policy::AuthPolicy::methods) that does not list
/// [`Method::Sms`](usermgmt_core::model::Method::Sms) takes none as the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phones {
    countries: Vec<Country>,
    only: bool,
    sign_in: bool,
    alone: bool,
}

impl Phones {
    /// Numbers of these countries, beside e-mail addresses: people sign up with either. A number that is typed without
    /// its country code is one of the first country.
    #[must_use]
    pub fn in_countries(countries: impl IntoIterator<Item = Country>) -> Self {
        Self { countries: countries.into_iter().collect(), only: false, sign_in: false, alone: false }
    }

    /// Numbers of every country, whatever a text there costs. They are typed with their country code.
    #[must_use]
    pub fn in_every_country_at_any_cost() -> Self {
        Self::in_countries([])
    }

    /// Lets people sign up with a number alone, and no more with an e-mail address.
    #[must_use]
    pub fn only(self) -> Self {
        Self { only: true, ..self }
    }

    /// Lets people sign in by a code that is texted to their number, beside their password.
    #[must_use]
    pub fn sign_in_by_code(self) -> Self {
        Self { sign_in: true, ..self }
    }

    /// Takes passwords away: people sign up without one, and sign in by a code. As there is nothing else to ask for,
    /// sensitive actions take a recent code for a proof. Where people may sign up with an address, too,
    /// [`Builder::magic_link`] must say how they sign in.
    #[must_use]
    pub fn without_passwords(self) -> Self {
        Self { alone: true, sign_in: true, ..self }
    }

    /// Whether people sign up with nothing but a number.
    #[must_use]
    pub const fn is_only(&self) -> bool {
        self.only
    }

    /// Whether there are no passwords.
    #[must_use]
    pub const fn is_alone(&self) -> bool {
        self.alone
    }

    /// Reads a number that somebody types.
    pub(crate) fn read(&self, field: &'static str, text: &str) -> Result<PhoneNumber, FieldError> {
        let number = PhoneNumber::parse(text, self.countries.first().copied());
        let number = number.map_err(|error| FieldError::phone(field, error))?;
        let is_there = |country: Country| self.countries.contains(&country);
        let is_reached = self.countries.is_empty() || number.country().is_some_and(is_there);
        if is_reached { Ok(number) } else { Err(FieldError::new(field, FieldError::COUNTRY)) }
    }
}

/// Whether texts can be sent, if there are phones. Reads the numbering plans, which takes some 50 ms, before anybody waits
/// for it.
pub(crate) fn check(settings: &Settings, has_sender: bool) -> Result<(), ConfigError> {
    let Some(phones) = &settings.phones else { return Ok(()) };
    if !has_sender {
        return Err(ConfigError::NoSmsSender);
    }
    if phones.alone && !phones.only && settings.magic_link.is_none() {
        return Err(ConfigError::Number(
            "without passwords, whoever has an address needs a mail that signs in: call `magic_link`, or take numbers only",
        ));
    }
    // Whatever it is, it was looked up.
    drop(PhoneNumber::parse("2025550100", phones.countries.first().copied().or_else(|| Country::parse("US"))));
    Ok(())
}

impl Builder {
    /// Lets people have an account by their phone number: it is proven by a code in a text, signs in as an address does,
    /// and sets a new password. Default: off.
    pub fn phones(self, phones: Phones) -> Self {
        self.set(|settings| settings.phones = Some(phones))
    }
}

impl Settings {
    /// Whether codes that are texted sign in: also where nobody has a password.
    #[must_use]
    pub fn has_sign_in_texts(&self) -> bool {
        self.phones.as_ref().is_some_and(|phones| phones.sign_in || !self.has_passwords())
    }
}

impl UserMgmt {
    /// Reads what may be a number; `None` for what can only be another name.
    pub(crate) fn phone(&self, field: &'static str, text: &str) -> Result<Option<PhoneNumber>, FieldError> {
        let Some(phones) = &self.settings().phones else { return Ok(None) };
        let alone = phones.only && !self.settings().usernames.is_on() && !text.contains('@');
        if phone::is_meant(text) || alone { phones.read(field, text).map(Some) } else { Ok(None) }
    }

    /// Reads the number of somebody who signs up where there are no addresses, whatever it looks like.
    pub(crate) fn only_phone(&self, field: &'static str, text: &str) -> Option<Result<Contact, FieldError>> {
        let phones = self.settings().phones.as_ref().filter(|phones| phones.only)?;
        Some(phones.read(field, text).map(Contact::Phone))
    }
}

#[cfg(test)]
mod tests {
    use usermgmt_core::MemoryStore;
    use usermgmt_core::keys::KeyRing;
    use usermgmt_core::port::OsRandom;

    use super::*;
    use crate::{DevMailbox, MagicLink};

    fn builder(origin: &str) -> Builder {
        let keys = KeyRing::generate(&OsRandom).unwrap();
        UserMgmt::builder(MemoryStore::new(), origin, keys).mailer(DevMailbox::default()).without_workers()
    }

    #[tokio::test]
    async fn what_leads_nowhere_does_not_start() {
        let (local, public) = ("http://localhost:3000", "https://app.example.com");
        let phones = || Phones::in_countries(Country::parse("US"));
        assert!(matches!(builder(public).phones(phones()).build().await, Err(ConfigError::NoSmsSender)));
        let alone = || phones().without_passwords();
        assert!(matches!(builder(local).phones(alone()).build().await, Err(ConfigError::Number(_))));
        for starts in [
            builder(local).phones(phones()),
            builder(public).phones(phones()).sms_sender(DevMailbox::default()),
            builder(local).phones(alone().only()),
            builder(local).phones(alone()).magic_link(MagicLink::code_only()),
        ] {
            assert!(starts.build().await.is_ok());
        }
    }
}
