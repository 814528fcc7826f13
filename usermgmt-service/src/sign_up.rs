//! Sign-up, and another mail for an address that is not proven yet.

use serde_json::Map;
use usermgmt_core::contact::Contact;
use usermgmt_core::error::{Check, Error, FieldError};
use usermgmt_core::flow::sign_up;
use usermgmt_core::model::{AddressPurpose, FactorKinds, Facts, SignUpRequest};
use usermgmt_core::password::Password;
use usermgmt_core::port::{BotPurpose, Candidate, Enrichment};
use usermgmt_core::secret::{Bearer, BearerKind, Digest};
use usermgmt_core::text;
use usermgmt_core::username::Username;

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::disposable::{self, Fate};
use crate::limits::Meter;
use crate::usernames::{Kept, Usernames};

/// What somebody enters who signs up.
#[derive(Clone, Debug, Default)]
pub struct SignUp<'a> {
    /// E-mail address, or a phone number where there are such.
    pub email: &'a str,
    /// Password, 8 to 256 characters. Not looked at where the application has none.
    pub password: Secret<'a>,
    /// Name, 1 to 64 characters.
    pub name: &'a str,
    /// Username, where there are such.
    pub username: Option<&'a str>,
    /// Name of the organisation to make once the address is proven, if one is wanted.
    pub organization: Option<&'a str>,
    /// Whether to make a passkey behind the mail that proves the address, instead of a password. Only where
    /// [`Settings::has_passkey_sign_up`](crate::Settings::has_passkey_sign_up).
    pub passkey: bool,
    /// Further fields, as the application has declared them; kept in the user's own metadata.
    pub fields: Vec<(&'a str, &'a str)>,
}

/// A text that does not print.
#[derive(Clone, Copy, Default)]
pub struct Secret<'a>(pub &'a str);

impl std::fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl<'a> From<&'a str> for Secret<'a> {
    fn from(text: &'a str) -> Self {
        Self(text)
    }
}

/// The request was taken. Whether the address is known cannot be told from this: if there is something to say to its
/// owner, mail is on its way.
#[derive(Clone, Debug)]
#[must_use]
pub struct Accepted {
    /// The secret that names the browser from now on: the mailed code works only there.
    pub browser: Bearer,
}

/// The names of a person that a password may not hold.
fn with_username(name: &str, username: Option<&Username>) -> String {
    username.map_or_else(|| name.to_owned(), |username| format!("{name} {}", username.canonical()))
}

impl UserMgmt {
    /// Signs somebody up.
    ///
    /// Costs one hash and one commit and answers the same, whether the address is known or not. A username is kept for
    /// the sign-up until its mailed link is over, and is the account's once the address is proven in the same browser.
    ///
    /// # Errors
    /// Invalid fields (`email`, `password`, `name`, `username`, `organization`; a username that is taken with others that
    /// are free), too many attempts, a bot check that was not passed, or an
    /// outage.
    pub async fn sign_up(&self, client: &Client, input: SignUp<'_>) -> Result<Accepted, Error> {
        let mut check = Check::default();
        let contact = check.take(self.sign_up_contact("email", input.email));
        let name = check.take(text::name("name", input.name));
        let organization = input.organization.map(str::trim).filter(|name| !name.is_empty());
        let organization = organization.map(|name| text::name("organization", name)).transpose();
        let organization = check.take(organization).flatten();
        let username = check.take(self.entered_username(input.username)).flatten();
        // Where there are no passwords, one that nobody knows keeps its place until the address is proven.
        let passwordless = !self.settings().has_passwords() || (input.passkey && self.settings().has_passkey_sign_up());
        let nobodys = Bearer::mint(BearerKind::Browser, self.random())?;
        let typed = if passwordless { nobodys.expose() } else { input.password.0 };
        let password = Password::new(typed).and_then(|password| {
            match (&contact, &name) {
                _ if passwordless => {}
                (Some(contact), Some(name)) => {
                    let names = with_username(&contact.beside(name), username.as_ref());
                    self.check_password_rules(&password, contact.email(), &names, FactorKinds::NONE)?;
                }
                _ => self.settings().password_rules.check_length(&password, false)?,
            }
            Ok(password)
        });
        let password = check.take(password.map_err(|error| FieldError::password("password", error)));
        let email = contact.as_ref().and_then(Contact::email);
        let fate = email.map_or(Fate::Welcome, |email| self.0.parts.abuse.disposable.fate(email));
        if fate == Fate::Refused {
            check.take::<()>(Err(FieldError::new("email", FieldError::DISPOSABLE)));
        }
        check.end()?;
        let (Some(contact), Some(name), Some(password)) = (contact, name, password) else {
            return Err(FieldError::new("email", FieldError::REQUIRED).into());
        };
        let meter = Meter::new(self, client);
        let mut mails = meter.messages(contact.canonical());
        mails.extend(contact.email().map(|email| meter.mailbox(&disposable::folded(email))));
        let mut charges = vec![meter.sign_up()];
        charges.extend_from_slice(&mails);
        meter.take(&charges, self.now()).await?;
        self.pass_bot_check(client, &meter, BotPurpose::SignUp, &mails).await?;
        if !passwordless
            && let Err(error) =
                self.check_new_password("password", &password, Some(&contact), &name, &[], FactorKinds::NONE).await
        {
            // No mail was asked for yet: whoever chooses another password need not wait.
            meter.give_back(&mails, self.now()).await?;
            return Err(error);
        }
        let facts = match self.facts(client, &input, &contact, &name, organization.as_deref()).await {
            Ok(facts) => facts,
            Err(error) => {
                meter.give_back(&mails, self.now()).await?;
                return Err(error.into());
            }
        };
        // The browser that keeps a username is the one that may enter it again.
        let mut client = client.clone();
        client.browser = Some(self.browser(&client)?);
        let client = &client;
        let kept = match &username {
            None => None,
            Some(username) => match self.keep_for_sign_up(client, &meter, username).await? {
                Some(kept) => Some(kept),
                None => {
                    meter.give_back(&mails, self.now()).await?;
                    return Err(self.taken(client, &meter, username, &name).await);
                }
            },
        };
        let promised = async {
            let password = self.hasher().hash(&password).await?;
            let (locale, held) = (Some(self.texts().best(&client.languages)), fate == Fate::Held);
            let entered = SignUpRequest { name, organization, password, passwordless, username, locale, facts, held };
            self.request(client, contact, AddressPurpose::SignUp(entered)).await
        };
        match promised.await {
            Ok(accepted) => {
                self.refusals().see_sign_up(client, self.now());
                Ok(accepted)
            }
            Err(error) => {
                self.let_go(&meter, kept).await;
                Err(error)
            }
        }
    }

    /// The username that was entered, as far as there are such.
    fn entered_username(&self, text: Option<&str>) -> Result<Option<Username>, FieldError> {
        match text.map(str::trim).filter(|text| !text.is_empty()) {
            Some(_) if !self.settings().usernames.is_on() => Err(FieldError::new("username", FieldError::UNKNOWN)),
            Some(text) => self.new_username(text).map(Some),
            None if self.settings().usernames == Usernames::Required => {
                Err(FieldError::new("username", FieldError::REQUIRED))
            }
            None => Ok(None),
        }
    }

    async fn keep_for_sign_up(
        &self,
        client: &Client,
        meter: &Meter<'_>,
        name: &Username,
    ) -> Result<Option<Kept>, Error> {
        let holder = client.browser.as_ref().map_or(Digest::of(b""), Bearer::digest);
        self.keep(client, meter, name, holder.as_bytes(), None).await
    }

    /// What the person entered beside, and what the application adds, or refuses.
    async fn facts(
        &self,
        client: &Client,
        input: &SignUp<'_>,
        contact: &Contact,
        name: &str,
        organization: Option<&str>,
    ) -> Result<Facts, FieldError> {
        let mut own = Map::new();
        for field in &self.settings().sign_up_fields {
            let value = input.fields.iter().find(|(name, _)| *name == field.name).map_or("", |(_, value)| value.trim());
            match value {
                "" if field.required => return Err(FieldError::new(field.name, FieldError::REQUIRED)),
                "" => continue,
                value => own.insert(field.name.to_owned(), text::line(field.name, value)?.into()),
            };
        }
        let (email, address) = (contact.display(), client.address());
        let candidate = Candidate { email, name, organization, fields: &own, address };
        let Enrichment { public, private } = self.0.parts.hooks.before_sign_up(candidate).await?;
        Ok(Facts { own, public, private })
    }

    /// Asks for another link and code for an address, or another code for a number, that is not proven yet.
    ///
    /// Costs one commit and answers the same, whether the address is known or not.
    ///
    /// # Errors
    /// An invalid `email`, too many attempts (one mail a minute, five an hour), or an outage.
    pub async fn request_verification(&self, client: &Client, email: &str) -> Result<Accepted, Error> {
        let contact = self.contact("email", email)?;
        let meter = Meter::new(self, client);
        let mut charges = vec![meter.sign_up()];
        charges.extend(meter.messages(contact.canonical()));
        meter.take(&charges, self.now()).await?;
        let by_mail = AddressPurpose::SignIn { label: client.label.as_deref().and_then(text::label) };
        let purpose = if self.settings().has_passwords() { AddressPurpose::Verify } else { by_mail };
        self.request(client, contact, purpose).await
    }

    pub(crate) async fn request(
        &self,
        client: &Client,
        to: Contact,
        purpose: AddressPurpose,
    ) -> Result<Accepted, Error> {
        let browser = self.browser(client)?;
        let digest = browser.digest();
        committing!(self, client, |flow| { (sign_up::request(&flow, to.clone(), digest, purpose.clone())?, ()) })?;
        Ok(Accepted { browser })
    }

    /// The browser's secret, or a new one.
    pub(crate) fn browser(&self, client: &Client) -> Result<Bearer, Error> {
        match &client.browser {
            Some(browser) => Ok(browser.clone()),
            None => Ok(Bearer::mint(BearerKind::Browser, self.random())?),
        }
    }
}
