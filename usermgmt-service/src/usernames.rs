//! Usernames: whether there are such, and how people get one.

use usermgmt_core::address::EmailAddress;
use usermgmt_core::error::{Error, FieldError, Invalid, Refused};
use usermgmt_core::flow::usernames;
use usermgmt_core::id::UserId;
use usermgmt_core::limits::{USERNAME_KEPT, USERNAME_MAX_CHARS, USERNAME_SUGGESTIONS};
use usermgmt_core::model::{Actor, AddressPurpose, Identifier};
use usermgmt_core::port::BotPurpose;
use usermgmt_core::proof::{Principal, StepUp};
use usermgmt_core::secret::{Bearer, Digest};
use usermgmt_core::store::{Charge, Write};
use usermgmt_core::username::Username;

use crate::UserMgmt;
use crate::builder::Builder;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;
use crate::sign_up::Accepted;
use crate::users::Users;

/// Names that are looked at, at most, to find some that are free.
const TRIES: usize = 16;

/// Whether people have usernames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Usernames {
    /// Nobody has one.
    #[default]
    Off,
    /// Whoever wants one has one.
    Optional,
    /// Whoever signs up chooses one. Whoever has none, from the time before or because another browser proved the
    /// address, is asked to choose one on the account page and signs in by address until then.
    Required,
}

impl Usernames {
    /// Whether people can have one.
    #[must_use]
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

/// Whether a username is free.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsernameAvailability {
    /// Whether it is.
    pub available: bool,
    /// Others that are, if it is not.
    pub suggestions: Vec<String>,
}

impl Builder {
    /// Lets people choose a username and sign in by it as well as by their address. Names are public: whether one is taken
    /// is said to everybody. Default: off.
    pub fn usernames(self, usernames: Usernames) -> Self {
        self.set(|settings| settings.usernames = usernames)
    }

    /// Names that nobody may choose, beside those that the library keeps from everybody (`admin`, `support`, …): those of
    /// the application's own pages, of the company. What only looks like one of them is kept, too.
    pub fn reserved_usernames<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.set(|settings| settings.reserved_usernames.extend(names.into_iter().map(str::to_owned)))
    }
}

/// A name that is kept for somebody while it is on its way to an account.
pub(crate) struct Kept(Vec<Charge>);

impl UserMgmt {
    /// Reads a username that somebody wants to have.
    pub(crate) fn new_username(&self, text: &str) -> Result<Username, FieldError> {
        let name = Username::parse(text).and_then(|name| {
            name.check(&self.settings().reserved_usernames)?;
            Ok(name)
        });
        name.map_err(|error| FieldError::username("username", error))
    }

    fn has_usernames(&self) -> Result<(), Refused> {
        if self.settings().usernames.is_on() { Ok(()) } else { Err(Refused::NotFound) }
    }

    /// The username of the principal, if they have one.
    ///
    /// # Errors
    /// [`Refused::NotFound`] where there are no usernames, or an outage.
    pub async fn username(&self, principal: &Principal) -> Result<Option<String>, Error> {
        self.has_usernames()?;
        let client = Client::default();
        let rows = usernames::of(&self.flow(&client), principal.user()).await?;
        Ok(usernames::present(&rows).map(|row| row.display.clone()))
    }

    /// Whether a username is free, for forms that ask before they are sent, with others that are if it is not.
    ///
    /// # Errors
    /// An invalid `username`; [`Refused::NotFound`] where there are none; too many attempts; or an outage.
    pub async fn is_username_available(&self, client: &Client, text: &str) -> Result<UsernameAvailability, Error> {
        self.has_usernames()?;
        let name = self.new_username(text)?;
        let meter = Meter::new(self, client);
        meter.take(&[meter.availability()], self.now()).await?;
        let available = self.is_free(client, &meter, &name).await?;
        let suggestions = if available { Vec::new() } else { self.suggest(client, &meter, &name, "").await? };
        Ok(UsernameAvailability { available, suggestions })
    }

    /// Gives the principal this username. One of before stays with the account for a while, and can be signed in by.
    ///
    /// # Errors
    /// An invalid `username`, also with the code `taken`, and then with others that are free; [`Refused::NotFound`] where
    /// there are none; too many attempts; [`Refused::AuthorityChanged`]; or an outage.
    pub async fn choose_username(&self, client: &Client, proof: &StepUp, text: &str) -> Result<(), Error> {
        self.has_usernames()?;
        let name = self.new_username(text)?;
        let principal = proof.principal();
        let user = principal.user();
        let meter = Meter::new(self, client);
        meter.take(&[meter.availability(), meter.account_mail(user)], self.now()).await?;
        let Some(kept) = self.keep(client, &meter, &name, user.as_uuid().as_bytes(), Some(user)).await? else {
            return Err(self.taken(client, &meter, &name, principal.name()).await);
        };
        let chosen: Result<(), Error> = committing!(self, client, |flow| {
            let user = self.store().user(self.realm(), user).await?.ok_or(Refused::AuthorityChanged)?;
            let changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
            let actor = Actor::User { user: user.id, session: Some(principal.session()) };
            (usernames::plan_choice(&flow, changes, actor, &user, &name).await?, ())
        });
        // From now on the row keeps it, or nothing does.
        self.let_go(&meter, Some(kept)).await;
        chosen
    }

    /// Asks for a mail that says which username belongs to an address.
    ///
    /// Costs one commit and answers the same, whether the address is known or not.
    ///
    /// # Errors
    /// An invalid `email`; [`Refused::NotFound`] where there are no usernames; too many attempts (one mail a minute, five
    /// an hour); a bot check that was not passed; or an outage.
    pub async fn request_username(&self, client: &Client, email: &str) -> Result<Accepted, Error> {
        self.has_usernames()?;
        let email = EmailAddress::parse(email).map_err(|error| FieldError::email("email", error))?;
        let meter = Meter::new(self, client);
        let mails = meter.messages(email.canonical());
        let mut charges = vec![meter.sign_up()];
        charges.extend_from_slice(&mails);
        meter.take(&charges, self.now()).await?;
        self.pass_bot_check(client, &meter, BotPurpose::Forgot, &mails).await?;
        self.request(client, email.into(), AddressPurpose::Username).await
    }

    /// Keeps a name for its holder until it stands with an account; `None` if it belongs to somebody else. Of any number
    /// who want it at once one gets it. It is kept equally long whether the holder's sign-up makes an account or not, so
    /// that nobody can tell by it.
    pub(crate) async fn keep(
        &self,
        client: &Client,
        meter: &Meter<'_>,
        name: &Username,
        holder: &[u8],
        user: Option<UserId>,
    ) -> Result<Option<Kept>, Error> {
        let [kept, held] = meter.kept_username(&name.look(), holder);
        let now = self.now();
        let mine = if meter.passes(&[kept, held], now).await?.is_none() {
            vec![kept, held]
        } else if meter.passes(&[held], now).await?.is_some() {
            // It is kept for the same holder, who has come back to correct something else.
            Vec::new()
        } else {
            meter.give_back(&[held], now).await?;
            return Ok(None);
        };
        if usernames::is_taken(&self.flow(client), name, user).await? {
            meter.give_back(&mine, now).await?;
            return Ok(None);
        }
        Ok(Some(Kept(mine)))
    }

    /// What was begun with the name came to nothing: others may have it.
    pub(crate) async fn let_go(&self, meter: &Meter<'_>, kept: Option<Kept>) {
        let charges = kept.map(|kept| kept.0).unwrap_or_default();
        // What was to be said about the name is settled; at worst it stays kept until its time is over.
        if let Err(error) = meter.give_back(&charges, self.now()).await {
            tracing::warn!(%error, "a username stays kept for nobody");
        }
    }

    /// The proof of an address has settled whose the name is that was entered with it: nothing has to keep it any more.
    pub(crate) async fn release(&self, client: &Client, entered: Option<(&Identifier, Digest)>) {
        let now = self.now();
        // What is older may be kept for somebody else by now.
        let entered = entered.filter(|(name, _)| now - name.created_at < USERNAME_KEPT);
        let name = entered.and_then(|(name, browser)| Some((Username::parse(&name.canonical).ok()?, browser)));
        let Some((name, browser)) = name else { return };
        let meter = Meter::new(self, client);
        let kept = meter.kept_username(&name.look(), browser.as_bytes());
        self.let_go(&meter, Some(Kept(kept.to_vec()))).await;
    }

    /// The refusal of a name that is taken, with others that are not.
    pub(crate) async fn taken(&self, client: &Client, meter: &Meter<'_>, name: &Username, person: &str) -> Error {
        let error = FieldError::new("username", FieldError::TAKEN);
        match self.suggest(client, meter, name, person).await {
            Ok(free) => Invalid::suggesting(error, free).into(),
            Err(outage) => outage,
        }
    }

    async fn is_free(&self, client: &Client, meter: &Meter<'_>, name: &Username) -> Result<bool, Error> {
        // Whoever asks may hold it already.
        let holder = client.browser.as_ref().map_or(Digest::of(b""), Bearer::digest);
        let kept = self.keep(client, meter, name, holder.as_bytes(), None).await?;
        let is_free = kept.is_some();
        self.let_go(meter, kept).await;
        Ok(is_free)
    }

    /// Names like the one that is taken, and like the person's, that are free.
    async fn suggest(
        &self,
        client: &Client,
        meter: &Meter<'_>,
        taken: &Username,
        person: &str,
    ) -> Result<Vec<String>, Error> {
        let mut free: Vec<String> = Vec::new();
        let words: Vec<_> = person.split_whitespace().map(str::to_lowercase).collect();
        let mut candidates: Vec<_> = ["_", ".", ""].iter().map(|between| words.join(between)).collect();
        for place in 0..TRIES {
            // More digits the longer nothing is found.
            candidates.push(format!("{}{}", beginning(taken.canonical()), self.digits(2 + place / 4)?));
        }
        for candidate in candidates {
            let Ok(name) = self.new_username(&candidate) else { continue };
            if !free.contains(&candidate) && self.is_free(client, meter, &name).await? {
                free.push(candidate);
            }
            if free.len() == USERNAME_SUGGESTIONS {
                break;
            }
        }
        Ok(free)
    }

    /// Random digits without those that look like letters.
    fn digits(&self, count: usize) -> Result<String, Error> {
        let mut bytes = [0; 8];
        self.random().fill(&mut bytes)?;
        Ok(bytes.iter().take(count).map(|byte| char::from(b'2' + byte % 8)).collect())
    }
}

/// As much of a name as leaves room for digits.
fn beginning(name: &str) -> String {
    let short: String = name.chars().take(USERNAME_MAX_CHARS - 6).collect();
    short.trim_end_matches(['.', '_', '-']).to_owned()
}

impl Users<'_> {
    /// Gives a user this username, a reserved one too, or takes all usernames from them. The user is told of another one.
    ///
    /// # Errors
    /// An invalid `username`, also with the code `taken`; [`Refused::NotFound`]; or an outage.
    pub async fn set_username(&self, id: UserId, name: Option<&str>) -> Result<(), Error> {
        let name = name.map(given).transpose()?;
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            let (user, changes) = (self.get(id).await?, self.changes(&flow)?);
            let changes = match &name {
                Some(name) => usernames::plan_choice(&flow, changes, self.actor(), &user, name).await?,
                None => usernames::plan_removal(&flow, changes, self.actor(), &user).await?,
            };
            (changes, ())
        })
    }

    /// The user with this username, however it is written; also one of before.
    ///
    /// # Errors
    /// An invalid `username`, [`Refused::NotFound`], or an outage.
    pub async fn by_username(&self, name: &str) -> Result<UserId, Error> {
        let name = Username::parse(name).map_err(|error| FieldError::username("username", error))?;
        let client = Client::default();
        let found = usernames::behind(&self.auth.flow(&client), &name).await?;
        Ok(found.map(|record| record.user.id).ok_or(Refused::NotFound)?)
    }
}

/// Reads a username that somebody with authority gives: a reserved one may be it.
pub(crate) fn given(text: &str) -> Result<Username, FieldError> {
    use usermgmt_core::username::UsernameError;
    let name = Username::parse(text).and_then(|name| match name.check(&[]) {
        Ok(()) | Err(UsernameError::Reserved) => Ok(name),
        Err(error) => Err(error),
    });
    name.map_err(|error| FieldError::username("username", error))
}
