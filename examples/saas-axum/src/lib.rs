//! Projects per organisation: a small application with usermgmt inside.
//!
//! | file | what to look at |
//! |---|---|
//! | [`permissions`] | what can be permitted, as types, and what each role is given |
//! | [`routes`] | handlers whose signature is their policy |
//! | [`projects`] | queries that take the proof of a check, so that they cannot be called without one |
//! | [`workspaces`] | the application's rows and usermgmt's in one transaction |
//! | [`settings`] | where it listens and keeps its data |

pub mod failure;
pub mod pages;
pub mod permissions;
pub mod projects;
pub mod routes;
pub mod settings;
pub mod workspaces;

use std::path::Path;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use sqlx::SqlitePool;
use usermgmt::sqlx::Sqlite;
use usermgmt::{Builder, KeyRing, UserMgmt};

/// Where the routes and pages of usermgmt are.
pub const AUTH: &str = "/auth";

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
    /// Opens, or on first use makes, what is kept in `folder`: the database, the key file and the mailbox.
    ///
    /// # Errors
    /// Says which of them cannot be used.
    pub async fn open(
        folder: &Path,
        origin: &str,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
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
        .route("/orgs/{org}/projects/{id}/delete", get(routes::confirm).post(routes::delete))
        .route("/workspaces", get(routes::to_home).post(workspaces::create))
        .route("/projects.css", get(pages::style))
        .fallback(routes::not_found);
    usermgmt::axum::attach(app, AUTH, &shared.auth).with_state(shared)
}
