//! Systems to measure: a store in a folder of its own, people, sessions.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::UserStatus;
use usermgmt_core::port::OsRandom;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Bearer;
use usermgmt_core::store::Store;
use usermgmt_service::{Builder, Client, HashCost, Limits, NewUser, SignIn, SignInOutcome, SignUp, UserMgmt};
use usermgmt_sqlx::{Postgres, Sqlite};

pub(crate) const ORIGIN: &str = "http://localhost:3000";
pub(crate) const PASSWORD: &str = "blowfish under moonlight";
pub(crate) const WRONG: &str = "blowfish under moonshine";

/// A runtime as an application has it.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}

/// A runtime on the calling thread, where nothing but the measured work runs.
pub(crate) fn single() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A system on a database of its own: SQLite in a folder unless said otherwise.
pub(crate) struct World<S = Sqlite> {
    pub(crate) auth: UserMgmt,
    pub(crate) store: S,
    /// Removed with the world, if it is its own.
    pub(crate) folder: Option<TempDir>,
}

impl World {
    /// In a new folder, without limits, without workers, hashing at this cost.
    pub(crate) async fn new(cost: HashCost, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let world = Self::open(folder.path(), cost, |builder| configure(builder.without_workers())).await;
        Self { folder: Some(folder), ..world }
    }

    /// In this folder, with a worker.
    pub(crate) async fn open(folder: &Path, cost: HashCost, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let store = Sqlite::open(folder.join("bench.db")).await.expect("a database");
        let keys = KeyRing::from_file_or_create(folder.join("bench.key")).expect("a key");
        let builder =
            UserMgmt::builder(store.clone(), ORIGIN, keys).limits(Limits::insecure_for_tests()).hash_cost(cost);
        let auth = configure(builder).build().await.expect("the system starts");
        Self { auth, store, folder: None }
    }

    /// The folder, once everything in it is closed.
    pub(crate) async fn close(self) -> TempDir {
        drop(self.auth);
        self.store.close().await;
        self.folder.expect("a folder of its own")
    }
}

impl World<Postgres> {
    /// On the database of this URL, without limits, without workers, hashing at this cost.
    pub(crate) async fn on_postgres(url: &str, cost: HashCost, configure: impl FnOnce(Builder) -> Builder) -> Self {
        let store = Postgres::connect(url).await.expect("a database");
        let keys = KeyRing::generate(&OsRandom).expect("a key");
        let builder =
            UserMgmt::builder(store.clone(), ORIGIN, keys).limits(Limits::insecure_for_tests()).hash_cost(cost);
        let auth = configure(builder.without_workers()).build().await.expect("the system starts");
        Self { auth, store, folder: None }
    }
}

impl<S: Store + Clone> World<S> {
    /// The same data by way of another store or as another process sees it: with an empty cache.
    pub(crate) async fn by(&self, store: S) -> Self {
        self.again(store, |builder| builder).await
    }

    /// The same, configured.
    pub(crate) async fn again(&self, store: S, configure: impl FnOnce(Builder) -> Builder) -> Self {
        // The ring as it is read again: one that has made its file is for an empty store only.
        let keys = KeyRing::parse(&self.auth.keys().expose(), "the first system").expect("a key");
        let builder = UserMgmt::builder(store.clone(), ORIGIN, keys).limits(Limits::insecure_for_tests());
        let builder = builder.hash_cost(HashCost::insecure_for_tests()).without_workers();
        let auth = configure(builder).build().await.expect("the system starts");
        Self { auth, store, folder: None }
    }
}

impl<S> World<S> {
    pub(crate) async fn user(&self, email: &str, password: Option<&str>) -> usermgmt_core::id::UserId {
        let password = password.map(Into::into);
        let user = NewUser { email, name: "Zoë Quill", password, email_is_verified: true };
        self.auth.users("benchmark").create(user).await.expect("a user")
    }

    pub(crate) async fn suspended(&self, email: &str) {
        let id = self.user(email, Some(PASSWORD)).await;
        self.auth.users("benchmark").set_status(id, UserStatus::Suspended).await.expect("suspended");
    }

    /// Somebody who has signed up and not proven the address.
    pub(crate) async fn unverified(&self, email: &str) {
        let input = SignUp {
            email,
            password: PASSWORD.into(),
            name: "Zoë Quill",
            organization: Some("Quill & Co"),
            ..SignUp::default()
        };
        let _ = self.auth.sign_up(&Client::default(), input).await.expect("accepted");
        self.auth.run_until_idle().await.expect("the work is done");
    }

    /// Signs somebody in who has an account.
    pub(crate) async fn sign_in(&self, email: &str) -> (Bearer, Arc<Principal>) {
        let input = SignIn { email, password: PASSWORD.into(), remember: true };
        match self.auth.sign_in(&Client::default(), input).await.expect("signed in") {
            SignInOutcome::Complete(signed_in) => (signed_in.session, signed_in.principal),
            SignInOutcome::Pending { step, .. } => panic!("the sign-in still needs {step:?}"),
        }
    }

    /// Somebody with an organisation, signed in and acting in it.
    pub(crate) async fn member(&self, email: &str) -> (Bearer, Arc<Principal>) {
        self.user(email, Some(PASSWORD)).await;
        let (_, founder) = self.sign_in(email).await;
        self.auth.orgs().create(&Client::default(), &founder, "Quill & Co").await.expect("an organisation");
        let (session, principal) = self.sign_in(email).await;
        assert!(principal.org().is_some(), "the session acts in the organisation");
        (session, principal)
    }
}

/// Address number so and so; all have the same length.
pub(crate) fn address(class: &str, number: usize) -> String {
    format!("{class}{number:04}@example.test")
}
