//! Starts the application, tells where it is, and ends it in good order. With the word `verify-audit` it looks instead
//! whether somebody has touched the audit log.

use std::process::ExitCode;

use actix_web::{App, HttpServer};
use saas_actix::{Shared, app};
use saas_common::exporter;
use saas_common::program::{self, Fault};
use saas_common::settings::Settings;

#[actix_web::main]
async fn main() -> ExitCode {
    program::main("saas-actix", run, verify_audit).await
}

async fn run(settings: Settings) -> Result<(), Fault> {
    let listener = settings.listen()?;
    let origin = settings.origin(&listener)?;
    exporter::start(&settings)?;
    let shared = Shared::open(&settings, &origin, |builder| builder).await?;
    program::greet(&settings, &origin, listener.local_addr()?);

    let served = shared.clone();
    let server = HttpServer::new(move || App::new().configure(app(&served))).listen(listener)?;
    server.shutdown_signal(program::asked_to_end()).run().await?;

    shared.close().await;
    program::part();
    Ok(())
}

async fn verify_audit(settings: Settings) -> Result<(), Fault> {
    let shared = Shared::open(&settings, "http://localhost", |builder| builder.without_workers()).await?;
    let verified = program::verify_audit(&shared.auth).await;
    shared.close().await;
    verified
}
