//! Putting it together. What has no safe default is an argument of [`UserMgmt::builder`]; the rest are methods.

mod error;

use std::path::Path;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use usermgmt_core::id::RealmId;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits::CONFLICT_TRIES;
use usermgmt_core::password::PasswordRules;
use usermgmt_core::permission::{RoleError, Roles};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::port::{
    Bus, Clock, Hooks, Mailer, NoHooks, OsRandom, PasswordHasher, Random, Runtime, SmsSender, SystemClock,
};
use usermgmt_core::store::{Store, StoreErrorKind, UniqueKey, Write};
use usermgmt_sessions::SessionRules;

pub use error::ConfigError;

use crate::api_keys::ApiKeys;
use crate::breach::BreachCheck;
use crate::handle::Parts;
use crate::hasher::{Argon2Pool, HashCost};
use crate::limits::Limits;
use crate::mail::{Brand, Templates};
use crate::mailbox::DevMailbox;
use crate::metrics;
use crate::runtime::TokioRuntime;
use crate::settings::{Origin, Settings, SignUpField, TrustedProxies};
use crate::texts::{TextError, Texts};
use crate::{Client, UserMgmt};

/// Optional settings; see the methods. [`build`](Self::build) checks all of it.
#[must_use = "call `build` to start"]
pub struct Builder {
    store: Arc<dyn Store>,
    keys: KeyRing,
    pub(crate) settings: Result<Settings, ConfigError>,
    realm: RealmId,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    hasher: Option<Arc<dyn PasswordHasher>>,
    mailer: Option<Arc<dyn Mailer>>,
    sms_sender: Option<Arc<dyn SmsSender>>,
    hooks: Arc<dyn Hooks>,
    bus: Option<Arc<dyn Bus>>,
    pub(crate) abuse: crate::abuse::Abuse,
    mailbox: Option<DevMailbox>,
    runtime: Arc<dyn Runtime>,
    roles: Result<Roles, RoleError>,
    texts: Result<Texts, TextError>,
    templates: Vec<(String, String)>,
    workers: bool,
    #[cfg(feature = "tokens")]
    tokens: Option<crate::tokens::AccessTokens>,
    #[cfg(feature = "imported-hashes")]
    firebase: Option<crate::FirebaseScrypt>,
}

impl UserMgmt {
    /// Begins with what has no safe default: where data is kept, the origin that browsers see, and the root keys.
    pub fn builder(store: impl Store, origin: &str, keys: KeyRing) -> Builder {
        let settings = Origin::parse(origin).map(Settings::new);
        Builder {
            store: Arc::new(store),
            keys,
            settings: settings.ok_or_else(|| ConfigError::Origin(origin.to_owned())),
            realm: RealmId::DEFAULT,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            hasher: None,
            mailer: None,
            sms_sender: None,
            hooks: Arc::new(NoHooks),
            bus: None,
            abuse: crate::abuse::Abuse::default(),
            mailbox: None,
            runtime: Arc::new(TokioRuntime),
            roles: Ok(Roles::default()),
            texts: Texts::standard(),
            templates: Vec::new(),
            workers: true,
            #[cfg(feature = "tokens")]
            tokens: None,
            #[cfg(feature = "imported-hashes")]
            firebase: None,
        }
    }
}

impl Builder {
    /// Switches access tokens on: for other services, and for clients that hold no cookies. Requests may then carry
    /// `Authorization: Bearer` instead of a cookie.
    #[cfg(feature = "tokens")]
    pub fn tokens(mut self, tokens: crate::tokens::AccessTokens) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// The project of Firebase whose users were imported with [`ImportedHash::firebase`](crate::ImportedHash::firebase).
    #[cfg(feature = "imported-hashes")]
    pub fn firebase_scrypt(mut self, project: crate::FirebaseScrypt) -> Self {
        self.firebase = Some(project);
        self
    }

    /// Switches API keys on, by which programs call: a request may carry one as `Authorization: Bearer`. Only handlers
    /// that ask for `Access` or for the key's holder are open to them.
    pub fn api_keys(self, keys: ApiKeys) -> Self {
        self.set(|settings| settings.api_keys = Some(keys))
    }

    /// Takes everything that was proven before this time for nothing: sessions that began earlier have ended, tokens
    /// that were issued and API keys that were made earlier are refused. For the day on which a backup was restored, which brings ended sessions
    /// back to life.
    pub fn sessions_since(self, since: OffsetDateTime) -> Self {
        self.set(|settings| settings.sessions_since = Some(since))
    }

    pub(crate) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        if let Ok(settings) = &mut self.settings {
            change(settings);
        }
        self
    }

    /// Name of the application, as pages and mails say it.
    pub fn product(self, name: impl Into<String>) -> Self {
        self.set(|settings| settings.product = name.into())
    }

    /// The path that somebody lands on after signing in. Default `/`.
    pub fn home(self, path: impl Into<String>) -> Self {
        self.set(|settings| settings.home = path.into())
    }

    /// Gives each organisation a host of its own below that of the origin, by its slug: `acme.app.example.com`. What is
    /// asked there must concern that organisation: extractors check the host against the path and against the session,
    /// which lives on each host for itself unless it is
    /// [shared](Self::share_sessions_trusting_every_host_of). The name server and the certificate must answer for all of them, and a proxy
    /// must pass the header `Host` on. Links in mails lead to the origin. Default: off.
    pub fn organization_hosts(self) -> Self {
        self.set(|settings| settings.organization_hosts = true)
    }

    /// Whose forwarding headers are believed. Default: nobody's.
    pub fn trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.set(|settings| settings.trusted_proxies = proxies)
    }

    /// What a new password must be. Default: 8 to 256 characters, none of the common ones, without the person's name
    /// and address and the application's name.
    pub fn password_rules(self, rules: PasswordRules) -> Self {
        self.set(|settings| settings.password_rules = rules)
    }

    /// Looks new passwords up among those known from breaches. Default: no source is asked, the built-in list of
    /// common passwords is all.
    pub fn breach_check(self, check: BreachCheck) -> Self {
        self.set(|settings| settings.breach_check = check)
    }

    /// What a password hash costs. Default: Argon2id with 19 MiB, 2 passes, 1 lane.
    pub fn hash_cost(self, cost: HashCost) -> Self {
        self.set(|settings| settings.hash_cost = cost)
    }

    /// How many hashes run at once. Default: as many as cores.
    pub fn hash_threads(self, threads: usize) -> Self {
        self.set(|settings| settings.hash_threads = threads)
    }

    /// How long sessions live and how many a user may have.
    pub fn session_rules(self, rules: SessionRules) -> Self {
        self.set(|settings| settings.sessions = rules)
    }

    /// How long a proof counts as recent. Default: 10 minutes.
    pub fn step_up_fresh(self, fresh: Duration) -> Self {
        self.set(|settings| settings.step_up_fresh = fresh)
    }

    /// What the application demands of every session that enters an organisation. Default: nothing in particular.
    pub fn policy(self, policy: AuthPolicy) -> Self {
        self.set(|settings| settings.policy = policy)
    }

    /// Asks for a second factor only where a policy demands it and before sensitive actions, also of those who have one.
    /// Default: whoever has one is asked for it at every sign-in.
    pub fn second_factor_on_demand(self) -> Self {
        self.set(|settings| settings.second_factor_on_demand = true)
    }

    /// How much is allowed. Default: the numbers of the manual.
    pub fn limits(self, limits: Limits) -> Self {
        self.set(|settings| settings.limits = limits)
    }

    /// How long this process may not have heard what another one committed. Default: 5 seconds. With zero every
    /// session check asks the store's change sequence, at about the cost of one indexed read.
    pub fn cache_life(self, life: Duration) -> Self {
        self.set(|settings| settings.cache_life = life)
    }

    /// Wakes the other processes on this store after each commit that they must hear of, and is woken by them: they then
    /// read the change sequence at once instead of within [`cache_life`](Self::cache_life), which stays the bound
    /// whenever the bus is down. No request waits for the bus or fails with it, and starting does not either. It is
    /// joined [without workers](Self::without_workers), too: a process that leaves the work to others still answers
    /// requests. Default: none.
    pub fn bus(mut self, bus: impl Bus) -> Self {
        self.bus = Some(Arc::new(bus));
        self
    }

    /// Adds an address once it is proven itself, without asking the holder of the primary one. The primary one is told
    /// all the same, with a link to undo it for seven days. Default: it is asked.
    pub fn email_change_without_approval(self) -> Self {
        self.set(|settings| settings.email_change_needs_approval = false)
    }

    /// Lets forms ask whether an address is free, limited in rate. This says who has an account. Default: off.
    pub fn availability_check(self) -> Self {
        self.set(|settings| settings.availability_check = true)
    }

    /// Gives a role these rights (`project:delete`, `project:*`, `*`). Owner and admin have `*` unless set.
    pub fn role<'a>(mut self, role: &str, rights: impl IntoIterator<Item = &'a str>) -> Self {
        self.roles = self.roles.and_then(|mut roles| roles.set(role, rights).map(|()| roles));
        self
    }

    /// Makes permissions known from which organisations may build roles of their own: [`Permission::KEY`] of each.
    /// Those that [`role`](Self::role) names are known already.
    ///
    /// [`Permission::KEY`]: usermgmt_core::permission::Permission::KEY
    pub fn permissions<'a>(mut self, keys: impl IntoIterator<Item = &'a str>) -> Self {
        self.roles = self.roles.and_then(|mut roles| roles.register(keys).map(|()| roles));
        self
    }

    /// Code of the application that flows call. Default: none.
    pub fn hooks(mut self, hooks: impl Hooks) -> Self {
        self.hooks = Arc::new(hooks);
        self
    }

    /// Asks for a further field at sign-up.
    pub fn sign_up_field(self, field: SignUpField) -> Self {
        self.set(|settings| settings.sign_up_fields.push(field))
    }

    /// How mails look, and where they lead for help. Default: plain, and nowhere.
    pub fn brand(self, brand: Brand) -> Self {
        self.set(|settings| settings.brand = brand)
    }

    /// Puts a template of the application (in the language of Jinja) in the place of ours: `mail.html` and `mail.txt`
    /// for all mails, or for one kind alone such as `reset_password.html`. It is given the values that ours use:
    /// `subject`, `greeting`, `intro`, `link`, `button`, `code`, `code_intro`, `notes`, `links`, `farewell`,
    /// `language`, `brand`. Values are escaped in `.html`.
    pub fn mail_template(mut self, name: &str, source: &str) -> Self {
        self.templates.push((name.to_owned(), source.to_owned()));
        self
    }

    /// Overrides texts of pages and mails: Fluent messages in the language of this tag.
    pub fn texts(mut self, language: &str, fluent: &str) -> Self {
        self.texts = self.texts.and_then(|mut texts| texts.add(language, fluent).map(|()| texts));
        self
    }

    /// The realm this handle works in. Default: the one realm of an application that does not separate its users.
    ///
    /// Names (addresses, numbers, usernames) are unique in their realm. For names that are unique per organisation, each
    /// organisation has a realm and a handle of its own on the same store: nothing of one is reached from another, and
    /// one person has as many accounts as they have organisations. Each handle has its own cache and workers, so this is
    /// for tens or hundreds of organisations in a process, not for tens of thousands.
    pub fn realm(mut self, realm: RealmId) -> Self {
        self.realm = realm;
        self
    }

    /// Hands mail over for delivery. Default on localhost: the development mailbox.
    pub fn mailer(mut self, mailer: impl Mailer) -> Self {
        self.mailer = Some(Arc::new(mailer));
        self
    }

    /// Hands texts to phones over for delivery, where the application has phone numbers. Default on localhost: the
    /// development mailbox.
    pub fn sms_sender(mut self, sender: impl SmsSender) -> Self {
        self.sms_sender = Some(Arc::new(sender));
        self
    }

    /// Keeps the mails of the development mailbox in this folder, so that they outlive a restart. Localhost only.
    pub fn dev_mailbox(mut self, folder: impl AsRef<Path>) -> Self {
        self.mailbox = Some(DevMailbox::in_folder(folder));
        self
    }

    /// The clock. Default: the operating system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Randomness. Default: the operating system's.
    pub fn random(mut self, random: impl Random) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// The password hasher. Default: Argon2id on as many threads as cores.
    pub fn hasher(mut self, hasher: impl PasswordHasher) -> Self {
        self.hasher = Some(Arc::new(hasher));
        self
    }

    /// Tasks and timers. Default: tokio.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Arc::new(runtime);
        self
    }

    /// Starts no background worker: nothing is mailed until [`UserMgmt::work`] is called. For tests, and for processes
    /// that leave the work to others.
    pub fn without_workers(mut self) -> Self {
        self.workers = false;
        self
    }

    /// Checks the settings, recognises (or, empty on localhost, marks) the store, and starts the worker.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong; nothing is started then.
    pub async fn build(self) -> Result<UserMgmt, ConfigError> {
        metrics::describe();
        let settings = self.settings?;
        let numbers = [
            (settings.sessions.idle.is_positive(), "the idle timeout must be longer than nothing"),
            (settings.sessions.idle_visit.is_positive(), "the idle timeout of a visit must be longer than nothing"),
            (settings.sessions.absolute.is_positive(), "the absolute timeout must be longer than nothing"),
            (settings.sessions.per_user > 0, "a user needs at least one session"),
            (settings.step_up_fresh.is_positive(), "a proof must count as recent for some time"),
            (!settings.cache_life.is_negative(), "the cache cannot live a negative time"),
            (settings.breach_check.is_valid(), "a source of breached passwords needs some time to answer"),
            (
                cfg!(feature = "zxcvbn") || settings.password_rules.min_score.is_none(),
                "a score of passwords needs the feature `zxcvbn`",
            ),
        ];
        settings.password_rules.validate().map_err(ConfigError::Number)?;
        if let Some((_, sentence)) = numbers.iter().find(|(holds, _)| !holds) {
            return Err(ConfigError::Number(sentence));
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let standard = ["email", "password", "name", "username", "organization", "passkey", "return_to"];
        if settings.sign_up_fields.iter().any(|field| !field.name.bytes().all(plain) || standard.contains(&field.name))
        {
            return Err(ConfigError::Number(
                "a field of the sign-up has a name of its own, in letters, digits and `_`",
            ));
        }
        #[cfg(feature = "tokens")]
        if let Some(wrong) = self.tokens.as_ref().and_then(crate::tokens::AccessTokens::check) {
            return Err(ConfigError::Number(wrong));
        }
        if let Some(wrong) = settings.api_keys.and_then(|keys| keys.check()) {
            return Err(ConfigError::Number(wrong));
        }
        if !settings.brand.is_valid() {
            return Err(ConfigError::Brand);
        }
        if !settings.home.starts_with('/') || settings.home.starts_with("//") || settings.home.contains('\\') {
            return Err(ConfigError::Home);
        }
        crate::origins::check(&settings)?;
        crate::shared_sessions::check(&settings)?;
        let mailbox = settings.origin.is_local().then(|| self.mailbox.unwrap_or_default());
        let mailer = match (self.mailer, &mailbox) {
            (Some(mailer), _) => mailer,
            (None, Some(mailbox)) => Arc::new(mailbox.clone()),
            (None, None) => return Err(ConfigError::NoMailer),
        };
        let development = || mailbox.clone().map(|mailbox| Arc::new(mailbox) as Arc<dyn SmsSender>);
        let sms_sender = self.sms_sender.or_else(development);
        #[cfg(feature = "phones")]
        crate::phones::check(&settings, sms_sender.is_some())?;
        #[cfg(feature = "sent-codes")]
        crate::sent_code::check(&settings, sms_sender.is_some())?;
        let hasher: Arc<dyn PasswordHasher> = match self.hasher {
            Some(hasher) => hasher,
            None => {
                let pool = Argon2Pool::new(settings.hash_cost, settings.hash_threads, self.random.clone());
                let pool = pool.map_err(|_| ConfigError::Hasher)?;
                #[cfg(feature = "imported-hashes")]
                let pool = pool.with_firebase(self.firebase);
                Arc::new(pool)
            }
        };
        #[cfg(feature = "passkeys")]
        let passkeys = crate::passkey::Party::new(&settings)?;
        let auth = UserMgmt::assemble(Parts {
            store: self.store,
            settings,
            realm: self.realm,
            keys: self.keys,
            clock: self.clock,
            random: self.random,
            hasher,
            mailer,
            sms_sender,
            hooks: self.hooks,
            bus: self.bus,
            abuse: self.abuse,
            mailbox,
            runtime: self.runtime,
            roles: {
                let mut roles = self.roles?;
                roles.register(crate::PERMISSIONS)?;
                roles
            },
            texts: self.texts?,
            templates: Templates::new(&self.templates)?,
            #[cfg(feature = "tokens")]
            tokens: self.tokens,
            #[cfg(feature = "passkeys")]
            passkeys,
        });
        recognise(&auth).await?;
        #[cfg(feature = "tokens")]
        if let Some(tokens) = auth.tokens() {
            tokens.tend_keys().await.map_err(ConfigError::Start)?;
        }
        auth.join_bus();
        if self.workers {
            auth.start_worker();
        }
        Ok(auth)
    }
}

/// Makes sure that store and key ring belong together, and that the store is marked by the current key.
async fn recognise(auth: &UserMgmt) -> Result<(), ConfigError> {
    for _ in 0..CONFLICT_TRIES {
        let present = auth.store().key_check().await?;
        if let Some(check) = &present {
            if auth.keys().to_be_created().is_some() || !auth.keys().recognises(check) {
                return Err(ConfigError::WrongKey);
            }
            if check.key_id == auth.keys().current_id() {
                return Ok(());
            }
        } else if auth.keys().to_be_created().is_some() {
            if !auth.settings().origin.is_local() {
                return Err(ConfigError::KeyMissing);
            }
            auth.keys().create_file()?;
        }
        let client = Client::default();
        let changes = auth.flow(&client).changes().map_err(|error| ConfigError::Start(error.into()))?;
        let check = auth.keys().check_value();
        let mark = match present {
            Some(present) => Write::MoveKeyCheck { from: present.key_id, to: check },
            None => Write::PutKeyCheck(check),
        };
        match auth.commit_raw(changes.with(mark)).await {
            Ok(_) => return Ok(()),
            // Another process was first: see whether it has the same key.
            Err(error) if error.kind() == StoreErrorKind::Duplicate(UniqueKey::KeyCheck) => {}
            Err(error) if error.kind() == StoreErrorKind::Conflict => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ConfigError::WrongKey)
}
