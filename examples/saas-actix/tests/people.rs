//! People who use the example, on actix-web and PostgreSQL.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use actix_web::App;
use actix_web::test::init_service;
use saas_actix::{Shared, app};
use saas_common::settings::Settings;
use usermgmt_testing::{Application, Kit, TestAuth, actix};
use usermgmt_tests::StoreKind;
use usermgmt_tests::stores::FreshStore;

#[path = "../../saas-common/tests/people/mod.rs"]
mod people;

/// The application with the kit in it, and what must live as long; `None` if the database was left out on purpose.
async fn opened() -> Option<(TestAuth, impl Application, impl Sized)> {
    if StoreKind::Postgres.is_left_out() {
        return None;
    }
    let (kit, folder) = (Kit::new(), tempfile::tempdir().unwrap());
    let database = FreshStore::new(StoreKind::Postgres).await;
    let variable = |name: &str| match name {
        "DATA_DIR" => Some(folder.path().display().to_string()),
        "DATABASE_URL" => database.postgres_url().map(str::to_owned),
        _ => None,
    };
    let settings = Settings::read(variable).unwrap();
    let shared = Shared::open(&settings, "http://localhost:3000", |builder| kit.prepare(builder)).await.unwrap();
    let service = init_service(App::new().configure(app(&shared))).await;
    Some((kit.over(shared.auth.clone()), actix::app(service), (folder, database)))
}
