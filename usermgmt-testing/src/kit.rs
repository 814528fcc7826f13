//! What a test holds in its hand, and usermgmt that goes by it.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use time::{Duration, OffsetDateTime};
use usermgmt_http::service::core::id::OrgId;
use usermgmt_http::service::core::keys::KeyRing;
use usermgmt_http::service::core::port::{ManualClock, OsRandom};
use usermgmt_http::service::core::store::Store;
use usermgmt_http::service::{BreachCheck, Builder, HashCost, MemoryStore, UserMgmt};

use crate::{Browser, CapturedMail, Mailbox, Persona};

/// The origin of [`TestAuth::start`].
const ORIGIN: &str = "http://localhost:3000";
/// When the clock of a test begins: 2027-01-15 08:00:00 UTC.
const BEGINNING: i64 = 1_800_000_000;

/// A clock and a mailbox. Clones are the same ones: an application that is started anew with the same kit goes on at the
/// same time.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The clock; it stands until it is moved.
    pub clock: Arc<ManualClock>,
    /// Every mail that was sent.
    pub mailbox: Mailbox,
    pub(crate) browsers: Arc<AtomicU32>,
    #[cfg(feature = "totp")]
    pub(crate) authenticators: crate::authenticator::Drawer,
}

impl Default for Kit {
    fn default() -> Self {
        Self::new()
    }
}

impl Kit {
    /// A clock that stands at eight o'clock on 15 January 2027, and an empty mailbox.
    #[must_use]
    pub fn new() -> Self {
        let beginning = OffsetDateTime::from_unix_timestamp(BEGINNING).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        Self {
            clock: Arc::new(ManualClock::at(beginning)),
            mailbox: Mailbox::default(),
            browsers: Arc::default(),
            #[cfg(feature = "totp")]
            authenticators: Arc::default(),
        }
    }

    /// The application's own settings, with what a test needs in place of what it must not touch: this clock and
    /// mailbox, hashes that cost next to nothing, no worker in the background, no question to a source of breached
    /// passwords. Call it last, so that nothing takes its place. Everything else stays as the application has it, a bot
    /// check included.
    pub fn prepare(&self, builder: Builder) -> Builder {
        builder
            .clock(self.clock.clone())
            .mailer(self.mailbox.clone())
            .sms_sender(self.mailbox.clone())
            .hash_cost(HashCost::insecure_for_tests())
            .breach_check(BreachCheck::default())
            .without_workers()
    }

    /// The kit over what the application has built from [`prepare`](Self::prepare).
    #[must_use]
    pub fn over(&self, auth: UserMgmt) -> TestAuth {
        TestAuth { auth, kit: self.clone() }
    }
}

/// usermgmt in a test. It is the handle, with the time and the mail in the test's hand.
#[derive(Clone, Debug)]
pub struct TestAuth {
    auth: UserMgmt,
    pub(crate) kit: Kit,
}

impl Deref for TestAuth {
    type Target = UserMgmt;

    fn deref(&self) -> &UserMgmt {
        &self.auth
    }
}

impl TestAuth {
    /// usermgmt over an empty store in memory, at `http://localhost:3000`, with these settings.
    ///
    /// # Panics
    /// If the settings make no sense.
    pub async fn start(configure: impl FnOnce(Builder) -> Builder) -> Self {
        Self::start_on(MemoryStore::new(), configure).await
    }

    /// The same over a store of the test's choice. A [`MemoryStore`] of which the test keeps a clone can be taken down
    /// by [`MemoryStore::set_unavailable`].
    ///
    /// # Panics
    /// If the settings make no sense.
    pub async fn start_on(store: impl Store, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let kit = Kit::new();
        let keys = KeyRing::generate(&OsRandom).expect("the operating system gives randomness");
        let builder = kit.prepare(configure(UserMgmt::builder(store, ORIGIN, keys)));
        let auth = builder.build().await.unwrap_or_else(|wrong| panic!("usermgmt does not start: {wrong}"));
        kit.over(auth)
    }

    /// The handle, for the application.
    #[must_use]
    pub fn handle(&self) -> UserMgmt {
        self.auth.clone()
    }

    /// The clock and the mailbox.
    #[must_use]
    pub const fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.kit.clock.advance(by);
    }

    /// Does the work that was promised so far: mails are written and handed over.
    ///
    /// # Panics
    /// If the store is down.
    pub async fn run_workers(&self) {
        self.auth.run_until_idle().await.unwrap_or_else(|error| panic!("the work is not done: {error}"));
    }

    /// Does the work that was promised so far, and answers the newest mail to this address, or text to this number (`+` and
    /// digits).
    ///
    /// # Panics
    /// If there is none.
    pub async fn mail_to(&self, address: &str) -> CapturedMail {
        self.run_workers().await;
        let newest = self.kit.mailbox.to(address).pop();
        newest.unwrap_or_else(|| panic!("no mail to {address}, only to {:?}", self.kit.mailbox.recipients()))
    }

    /// The browser of a stranger, at an address of its own.
    #[must_use]
    pub fn browser(&self) -> Browser {
        let number = self.kit.browsers.fetch_add(1, Ordering::SeqCst);
        Browser::new(&self.auth, number)
    }

    /// An organisation of this name, with an owner of its own whom nobody has to know.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn organization(&self, name: &str) -> OrgId {
        let owner: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let owner = self.sign_in_as(Persona::new(format!("owner-of-{owner}")).owner_of(name)).await;
        owner.org.unwrap_or_else(|| panic!("no organisation `{name}`"))
    }
}
