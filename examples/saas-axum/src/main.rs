//! Starts the application, tells where it is, and ends it in good order. With the word `verify-audit` it looks instead
//! whether somebody has touched the audit log.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that a person starts in a terminal")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use saas_axum::settings::Settings;
use saas_axum::{AUTH, Shared, app};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;
use usermgmt::{PageRequest, Verified};

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match std::env::args().nth(1).as_deref() {
        None => run().await,
        Some("verify-audit") => verify_audit().await,
        Some(word) => Err(format!("`{word}`? Say nothing to start it, or `verify-audit`").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("saas-axum: {failed}");
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

/// Follows the audit log of every organization, and that of what belongs to none, to its end.
async fn verify_audit() -> Result<(), Failed> {
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let shared = Shared::open(&settings.data, "http://localhost", |builder| builder.without_workers()).await?;
    let (all, mut touched) = (shared.auth.organizations("verification of the audit log"), false);
    let mut logs = vec![(None, "no organization".to_owned())];
    let mut page = PageRequest::first(200);
    loop {
        let found = all.list(page).await?;
        logs.extend(found.items.into_iter().map(|org| (Some(org.id), org.name)));
        let Some(next) = found.next else { break };
        page = PageRequest::first(200).after(next);
    }
    for (org, name) in logs {
        // The end of each log, kept elsewhere, would show the loss of an end, too.
        match shared.auth.audit_log(org).verify(None).await? {
            Verified::Whole { checkpoint } => println!("whole    {:>6} events  {name}", checkpoint.number),
            Verified::Broken(broken) => {
                touched = true;
                println!("TOUCHED  {:?} at {:?}  {name}", broken.fault, broken.number);
            }
        }
    }
    shared.close().await;
    if touched { Err("somebody has touched the audit log".into()) } else { Ok(()) }
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
