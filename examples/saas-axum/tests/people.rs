//! People who use the example, on axum and SQLite.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use saas_axum::{Shared, app};
use saas_common::settings::Settings;
use usermgmt_testing::{Application, Kit, TestAuth};

#[path = "../../saas-common/tests/people/mod.rs"]
mod people;

/// The application with the kit in it, and what must live as long.
async fn opened() -> Option<(TestAuth, impl Application, impl Sized)> {
    let (kit, folder) = (Kit::new(), tempfile::tempdir().unwrap());
    let variable = |name: &str| (name == "DATA_DIR").then(|| folder.path().display().to_string());
    let settings = Settings::read(variable).unwrap();
    let shared = Shared::open(&settings, "http://localhost:3000", |builder| kit.prepare(builder)).await.unwrap();
    Some((kit.over(shared.auth.clone()), app(shared), folder))
}
