//! Starts the application, tells where it is, and ends it in good order.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that a person starts in a terminal")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use saas_axum::settings::Settings;
use saas_axum::{AUTH, Shared, app};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("saas-axum does not start: {failed}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failed> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let listener = listen(&settings).await?;
    // The origin is what browsers see: cookies belong to it and links in mails begin with it.
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    let shared = Shared::open(&settings.data, &origin, |builder| builder).await?;

    println!("Listening on {origin}");
    println!("  mails    {origin}{AUTH}/dev/mailbox");
    println!("  data     {}", settings.data.join("app.db").display());
    if !settings.bind.is_loopback() {
        println!("  Others can reach {}: they can read the mails, too. Do not leave it so.", settings.bind);
    }
    println!("  Ctrl-C ends it; sessions and data are there again after the next start.");

    // With the address of each connection: limits count by it.
    let service = app(shared.clone()).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(asked_to_end()).await?;
    shared.close().await;
    println!("Ended.");
    Ok(())
}

async fn listen(settings: &Settings) -> Result<TcpListener, Failed> {
    let address = SocketAddr::new(settings.bind, settings.port);
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => format!(
            "port {} is taken by another program. Stop that one, or choose another port: PORT={}",
            settings.port,
            settings.port.saturating_add(1)
        )
        .into(),
        _ => format!("cannot listen at {address}: {error}").into(),
    })
}

/// Waits for Ctrl-C, or for what a supervisor sends.
async fn asked_to_end() {
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminated) => tokio::select! {
                () = interrupted => {}
                _ = terminated.recv() => {}
            },
            Err(_) => interrupted.await,
        }
    }
    #[cfg(not(unix))]
    interrupted.await;
}
