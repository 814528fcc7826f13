//! Projects per organisation: a small application with usermgmt inside, on actix-web and PostgreSQL. Its twin `saas-axum`
//! is the same on axum and SQLite; compare them line by line.
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

use actix_web::web::{self, Data, ServiceConfig};
use saas_common::program::Fault;
use saas_common::settings::Settings;
use saas_common::{AUTH, permissions};
use sqlx::PgPool;
use usermgmt::sqlx::{Postgres, PostgresBus};
use usermgmt::{ApiKeys, Builder, KeyRing, UserMgmt};

/// What every handler can ask for.
#[derive(Clone)]
pub struct Shared {
    /// User management.
    pub auth: UserMgmt,
    /// The database: the application's tables and those of usermgmt.
    pub db: PgPool,
    store: Postgres,
}

impl Shared {
    /// Opens, or on first use makes, what is kept: the tables, the key file and the mailbox.
    ///
    /// # Errors
    /// Says which of them cannot be used.
    pub async fn open(
        settings: &Settings,
        origin: &str,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> Result<Self, Fault> {
        let (folder, url) = (&settings.data, settings.database_url()?);
        std::fs::create_dir_all(folder)?;
        let store = Postgres::connect(url).await?;
        let db = store.pool().clone();
        // After those of usermgmt, to which ours refer. Each side keeps its own record of migrations.
        sqlx::migrate!().run(&db).await?;
        let keys = KeyRing::from_file_or_create(folder.join("app.key"))?;
        let builder = UserMgmt::builder(store.clone(), origin, keys)
            .product("Projects")
            // Wakes the other processes on this database, so that they do not wait for their cache's end.
            .bus(PostgresBus::connect(url)?)
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

/// The application, ready to be served: for `App::configure`.
pub fn app(shared: &Shared) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let shared = shared.clone();
    move |app| {
        app.service(web::resource("/").get(routes::home))
            .service(web::resource("/orgs/{org}/projects").get(routes::list).post(routes::create))
            .service(web::resource("/orgs/{org}/projects.json").get(routes::data))
            .service(web::resource("/orgs/{org}/projects/{id}/delete").get(routes::confirm).post(routes::delete))
            .service(web::resource("/workspaces").get(routes::to_home).post(workspaces::create))
            .service(web::resource("/projects.css").get(routes::style))
            .default_service(web::to(routes::not_found))
            .configure(usermgmt::actix::attach(AUTH, &shared.auth))
            .app_data(Data::new(shared));
    }
}
