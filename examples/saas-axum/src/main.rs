//! Starts the application, tells where it is, and ends it in good order. With the word `verify-audit` it looks instead
//! whether somebody has touched the audit log.

use std::net::SocketAddr;
use std::process::ExitCode;

use saas_axum::{Shared, app};
use saas_common::exporter;
use saas_common::program::{self, Fault};
use saas_common::settings::Settings;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    program::main("saas-axum", run, verify_audit).await
}

async fn run(settings: Settings) -> Result<(), Fault> {
    let listener = settings.listen()?;
    let origin = settings.origin(&listener)?;
    exporter::start(&settings)?;
    let shared = Shared::open(&settings, &origin, |builder| builder).await?;
    program::greet(&settings, &origin, listener.local_addr()?);

    listener.set_nonblocking(true)?;
    // With the address of each connection: limits count by it.
    let app = app(shared.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(TcpListener::from_std(listener)?, app);
    server.with_graceful_shutdown(program::asked_to_end()).await?;

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
