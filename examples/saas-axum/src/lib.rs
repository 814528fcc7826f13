//! Projects per organisation: a small application with usermgmt inside, on axum and SQLite. Its twin `saas-actix` is the
//! same on actix-web and PostgreSQL; compare them line by line.
//!
//! | file | what to look at |
//! |---|---|
//! | [`routes`] | handlers whose signature is their policy |
//! | [`projects`] | queries that take the proof of a check, so that they cannot be called without one |
//! | [`workspaces`] | the application's rows and usermgmt's in one transaction |
//! | [`answer`] | pages and failures in the words of the framework |
//! | [`saas_common`] | permissions, pages, settings: what knows neither framework nor database |

pub mod answer;
pub mod projects;
pub mod routes;
pub mod workspaces;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use saas_common::program::Fault;
use saas_common::settings::Settings;
use saas_common::{AUTH, permissions};
use sqlx::SqlitePool;
use usermgmt::sqlx::Sqlite;
use usermgmt::{ApiKeys, Builder, KeyRing, UserMgmt};

/// What every handler can ask for. `FromRef` is how the extractors find the handle in it.
#[derive(Clone, FromRef)]
pub struct Shared {
    /// User management.
    pub auth: UserMgmt,
    /// The database: the application's tables and those of usermgmt.
    pub db: SqlitePool,
    store: Sqlite,
}

impl Shared {
    /// Opens, or on first use makes, what is kept: the database, the key file and the mailbox.
    ///
    /// # Errors
    /// Says which of them cannot be used.
    pub async fn open(
        settings: &Settings,
        origin: &str,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self, Fault> {
        let folder = &settings.data;
        std::fs::create_dir_all(folder)?;
        let store = Sqlite::open(folder.join("app.db")).await?;
        let db = store.pool().clone();
        // After those of usermgmt, to which ours refer. Each side keeps its own record of migrations.
        sqlx::migrate!().run(&db).await?;
        let keys = KeyRing::from_file_or_create(folder.join("app.key"))?;
        let builder = UserMgmt::builder(store.clone(), origin, keys)
            .product("Projects")
            // Mails of a localhost origin stay here; a public one would need `.mailer(…)`.
            .dev_mailbox(folder.join("app.mail"))
            .role("member", permissions::OF_MEMBERS)
            .permissions(permissions::OF_OWN_ROLES)
            .api_keys(ApiKeys::default())
            .texts("en", permissions::NAMES)
            .texts("de", permissions::NAMES_DE);
        Ok(Self { auth: configure(builder).build().await?, db, store })
    }

    /// Ends in good order: the mail at hand is finished, what is promised beyond it stands in the database.
    pub async fn close(self) {
        self.auth.shutdown().await;
        self.store.close().await;
    }
}

/// The application, ready to be served.
pub fn app(shared: Shared) -> Router {
    let app = Router::new()
        .route("/", get(routes::home))
        .route("/orgs/{org}/projects", get(routes::list).post(routes::create))
        .route("/orgs/{org}/projects.json", get(routes::data))
        .route("/orgs/{org}/projects/{id}/delete", get(routes::confirm).post(routes::delete))
        .route("/workspaces", get(routes::to_home).post(workspaces::create))
        .route("/projects.css", get(routes::style))
        .fallback(routes::not_found);
    usermgmt::axum::attach(app, AUTH, &shared.auth).with_state(shared)
}
