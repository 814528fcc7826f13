//! The handle.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use time::OffsetDateTime;
use tokio::sync::Notify;
use usermgmt_core::flow::Flow;
use usermgmt_core::id::RealmId;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::limits as numbers;
use usermgmt_core::permission::Roles;
use usermgmt_core::port::{Bus, Clock, Hooks, Mailer, PasswordHasher, Random, Runtime, SmsSender};
use usermgmt_core::proof::ScopeRules;
use usermgmt_core::store::Store;

use crate::abuse::Abuse;
use crate::bus::Line;
use crate::cache::PrincipalCache;
use crate::client::Client;
use crate::mailbox::DevMailbox;
use crate::metrics::SessionChecks;
use crate::refusals::Refusals;
use crate::settings::Settings;
use crate::texts::Texts;

/// The path under which routes are mounted unless the application says otherwise.
const DEFAULT_PREFIX: &str = "/auth";

/// User management. Cheap to clone; every clone is the same system.
#[derive(Clone)]
pub struct UserMgmt(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) cache: PrincipalCache,
    pub(crate) rules: ScopeRules,
    pub(crate) refusals: Refusals,
    pub(crate) bus: Line,
    pub(crate) wake: Arc<Notify>,
    pub(crate) stopping: AtomicBool,
    pub(crate) stopped: Arc<Notify>,
    pub(crate) working: AtomicBool,
    pub(crate) checks: SessionChecks,
    #[cfg(feature = "tokens")]
    pub(crate) key_stand: crate::signing::KeyStand,
    prefix: OnceLock<String>,
}

pub(crate) struct Parts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) settings: Settings,
    pub(crate) realm: RealmId,
    pub(crate) keys: KeyRing,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) hasher: Arc<dyn PasswordHasher>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) sms_sender: Option<Arc<dyn SmsSender>>,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) bus: Option<Arc<dyn Bus>>,
    pub(crate) mailbox: Option<DevMailbox>,
    pub(crate) abuse: Abuse,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) roles: Roles,
    pub(crate) texts: Texts,
    pub(crate) templates: crate::mail::Templates,
    #[cfg(feature = "tokens")]
    pub(crate) tokens: Option<crate::tokens::AccessTokens>,
    #[cfg(feature = "passkeys")]
    pub(crate) passkeys: Option<Arc<crate::passkey::Party>>,
}

impl Drop for Inner {
    /// The last handle is gone: the worker wakes, finds nothing to work for and ends.
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

impl UserMgmt {
    pub(crate) fn assemble(parts: Parts) -> Self {
        let rules = ScopeRules {
            store: parts.store.clone(),
            roles: Arc::new(parts.roles.clone()),
            policy: Arc::new(parts.settings.policy.clone()),
        };
        Self(Arc::new(Inner {
            cache: PrincipalCache::new(numbers::CACHE_ENTRIES, parts.settings.cache_life),
            rules,
            refusals: Refusals::new(parts.hooks.clone()),
            bus: Line::default(),
            wake: Arc::default(),
            stopping: AtomicBool::new(false),
            stopped: Arc::default(),
            working: AtomicBool::new(false),
            checks: SessionChecks::register(),
            #[cfg(feature = "tokens")]
            key_stand: crate::signing::KeyStand::default(),
            prefix: OnceLock::new(),
            parts,
        }))
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    /// The texts of pages and mails.
    #[must_use]
    pub fn texts(&self) -> &Texts {
        &self.0.parts.texts
    }

    /// What each role gives.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.0.parts.roles
    }

    /// The development mailbox; exists only on a localhost origin.
    #[must_use]
    pub fn dev_mailbox(&self) -> Option<&DevMailbox> {
        self.0.parts.mailbox.as_ref()
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> RealmId {
        self.0.parts.realm
    }

    /// The root keys.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.0.parts.keys
    }

    /// The store. Reads and writes on it pass by every rule of this crate: for the application's reports, not for
    /// its handlers.
    #[must_use]
    pub fn store(&self) -> &dyn Store {
        self.0.parts.store.as_ref()
    }

    /// Randomness.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        self.0.parts.random.as_ref()
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.0.parts.clock.now()
    }

    /// Notes refusals; a worker writes them to the audit log.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.0.refusals
    }

    /// What decides about entering organisations and about rights.
    #[must_use]
    pub fn scope_rules(&self) -> &ScopeRules {
        &self.0.rules
    }

    /// The path under which the routes are mounted, without a slash at the end: links in mails lead there.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.prefix.get().map_or(DEFAULT_PREFIX, String::as_str)
    }

    /// Whether an adapter has mounted the routes.
    #[must_use]
    pub fn is_mounted(&self) -> bool {
        self.0.prefix.get().is_some()
    }

    /// Says where the routes are mounted; adapters call it. `false` if they are mounted elsewhere already.
    #[must_use]
    pub fn mount(&self, prefix: &str) -> bool {
        self.0.prefix.get_or_init(|| prefix.trim_end_matches('/').to_owned()) == prefix.trim_end_matches('/')
    }

    pub(crate) fn hasher(&self) -> &dyn PasswordHasher {
        self.0.parts.hasher.as_ref()
    }

    pub(crate) fn flow<'a>(&'a self, client: &'a Client) -> Flow<'a> {
        self.flow_at(client, self.now())
    }

    pub(crate) fn flow_at<'a>(&'a self, client: &'a Client, now: OffsetDateTime) -> Flow<'a> {
        Flow {
            store: self.store(),
            realm: self.realm(),
            now,
            random: self.random(),
            keys: self.keys(),
            address: client.address(),
        }
    }
}

impl std::fmt::Debug for UserMgmt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserMgmt").field("origin", &self.settings().origin.as_str()).finish_non_exhaustive()
    }
}
