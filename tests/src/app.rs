//! A running application in one cell.

use std::net::SocketAddr;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use usermgmt_core::id::OrgId;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::{AuditEvent, AuditFilter};
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::{Clock as _, ManualClock, OsRandom};
use usermgmt_core::store::Store;
use usermgmt_service::{Builder, DevMailbox, HashCost, KeptMail, UserMgmt};

use crate::agent::Agent;
use crate::cell::Cell;
use crate::host::{self, Server};
use crate::report::Report;
use crate::stores::FreshStore;

/// What stands between an application and its store.
pub type Wrap = Box<dyn FnOnce(Arc<dyn Store>) -> Arc<dyn Store> + Send>;

/// What a test changes before the application starts.
pub struct Setup {
    /// The origin, if it is not that of the loopback address.
    pub origin: Option<String>,
    pub configure: Box<dyn FnOnce(Builder) -> Builder + Send>,
    /// Puts something between the application and its store.
    pub wrap: Wrap,
}

impl Default for Setup {
    fn default() -> Self {
        Self { origin: None, configure: Box::new(|builder| builder), wrap: Box::new(|store| store) }
    }
}

/// A running application, as a test sees it.
pub struct App {
    pub cell: Cell,
    pub report: Report,
    pub auth: UserMgmt,
    pub clock: Arc<ManualClock>,
    pub store: FreshStore,
    pub keys: KeyRing,
    pub mailbox: DevMailbox,
    server: Server,
    origin: String,
}

impl App {
    pub async fn start(cell: Cell, report: Report) -> Self {
        let store = FreshStore::of(cell, report.test()).await;
        let clock = ManualClock::at(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap());
        let keys = KeyRing::generate(&OsRandom).unwrap();
        Self::assemble(cell, report, Setup::default(), store, Arc::new(clock), keys).await
    }

    async fn assemble(
        cell: Cell,
        report: Report,
        setup: Setup,
        store: FreshStore,
        clock: Arc<ManualClock>,
        keys: KeyRing,
    ) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let origin =
            setup.origin.unwrap_or_else(|| format!("http://localhost:{}", listener.local_addr().unwrap().port()));
        let mailbox = DevMailbox::default();
        let behind = (setup.wrap)(store.store.clone());
        let builder = UserMgmt::builder(behind, &origin, keys.clone())
            .product("Example")
            .clock(clock.clone())
            .mailer(mailbox.clone())
            .hash_cost(HashCost::insecure_for_tests())
            .role("reader", ["thing:read"])
            .role("member", [])
            .without_workers();
        let auth = (setup.configure)(builder).build().await.expect("the application starts");
        let server = host::start(cell.framework, listener, auth.clone()).await;
        Self { cell, report, auth, clock, store, keys, mailbox, server, origin }
    }

    /// The same application, started anew on the same store with another setup.
    pub async fn restart(mut self, setup: Setup) -> Self {
        self.server.stop().await;
        self.store.reopen().await;
        Self::assemble(self.cell, self.report, setup, self.store, self.clock, self.keys).await
    }

    /// The same application with other settings.
    pub async fn configured(self, configure: impl FnOnce(Builder) -> Builder + Send + 'static) -> Self {
        self.restart(Setup { configure: Box::new(configure), ..Setup::default() }).await
    }

    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A new browser.
    #[must_use]
    pub fn agent(&self) -> Agent {
        Agent::new(self.server.address(), &self.origin)
    }

    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Does what was promised: mails are written and handed over.
    pub async fn work(&self) {
        self.auth.run_until_idle().await.expect("the work is done");
    }

    /// The mails to an address, newest first.
    #[must_use]
    pub fn mails(&self, to: &str) -> Vec<KeptMail> {
        self.mailbox.mails().into_iter().filter(|mail| mail.to.eq_ignore_ascii_case(to)).collect()
    }

    /// The newest mail to an address.
    #[must_use]
    pub fn mail(&self, to: &str) -> KeptMail {
        self.mails(to).into_iter().next().unwrap_or_else(|| panic!("no mail to {to}"))
    }

    /// The newest 200 events of an organisation, or of none, the oldest first.
    pub async fn events(&self, org: Option<OrgId>) -> Vec<AuditEvent> {
        let (newest, filter) = (PageRequest::first(200), AuditFilter::default());
        let found = self.store.store.events(self.auth.realm(), org, &filter, newest).await.unwrap();
        found.items.into_iter().rev().collect()
    }

    /// Everything that is stored, without what every request may move.
    pub async fn state(&self) -> Option<String> {
        let dump = self.store.dump().await?;
        Some(dump.lines().filter(|line| !line.starts_with("usermgmt_throttle")).collect::<Vec<_>>().join("\n"))
    }
}

/// A path of the route table with ids in it of what does not exist.
#[must_use]
pub fn filled(path: &str) -> String {
    let nothing = |kind: &str| format!("{kind}_{:032x}", 1);
    let path = path.replace("{session}", &nothing("ses")).replace("{organization}", &nothing("org"));
    let path = path
        .replace("{user}", &nothing("usr"))
        .replace("{role}", "none")
        .replace("{mail}", "none")
        .replace("{key}", &nothing("key"))
        .replace("{factor}", &nothing("fct"));
    format!("/auth{path}")
}

/// The link in a mail, as path and query.
#[must_use]
pub fn link(mail: &KeptMail) -> String {
    let url = mail.text.lines().find(|line| line.starts_with("http")).expect("the mail has a link");
    let url = url::Url::parse(url).unwrap();
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// The token of the link in a mail.
#[must_use]
pub fn token(mail: &KeptMail) -> String {
    link(mail).split_once("token=").expect("the link has a token").1.to_owned()
}

/// The code in a mail.
#[must_use]
pub fn code(mail: &KeptMail) -> String {
    let is_code = |line: &&str| matches!(line.trim().len(), 6 | 8) && line.trim().bytes().all(|b| b.is_ascii_digit());
    mail.text.lines().find(is_code).expect("the mail has a code").trim().to_owned()
}
