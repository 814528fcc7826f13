//! What a person sees in the terminal.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that a person starts in a terminal")]

use std::future::Future;
use std::net::SocketAddr;
use std::process::ExitCode;

use tracing_subscriber::EnvFilter;
use usermgmt::{PageRequest, UserMgmt, Verified};

use crate::AUTH;
use crate::settings::Settings;

/// What ends the program: one sentence.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Does what the command line asks for: without a word it runs, with `verify-audit` it looks whether somebody has
/// touched the audit log.
pub async fn main<R, V>(name: &str, run: impl FnOnce(Settings) -> R, verify: impl FnOnce(Settings) -> V) -> ExitCode
where
    R: Future<Output = Result<(), Fault>>,
    V: Future<Output = Result<(), Fault>>,
{
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match (Settings::read(|name| std::env::var(name).ok()), std::env::args().nth(1).as_deref()) {
        (Err(nonsense), _) => Err(nonsense.into()),
        (Ok(settings), None) => run(settings).await,
        (Ok(settings), Some("verify-audit")) => verify(settings).await,
        (_, Some(word)) => Err(format!("`{word}`? Say nothing to start it, or `verify-audit`").into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprint!("{name}: {fault}");
            let mut cause = fault.source();
            while let Some(deeper) = cause {
                eprint!(": {deeper}");
                cause = deeper.source();
            }
            eprintln!();
            ExitCode::FAILURE
        }
    }
}

/// Tells where it is.
pub fn greet(settings: &Settings, origin: &str, address: SocketAddr) {
    println!("Listening on {origin}");
    if settings.origin.is_some() {
        println!("  behind   {address}");
    }
    println!("  mails    {origin}{AUTH}/dev/mailbox");
    println!("  data     {}", settings.data.display());
    if let Some(metrics) = settings.metrics {
        println!("  metrics  http://{metrics}/metrics");
    }
    if !settings.bind.is_loopback() {
        println!("  Others can reach {}: they can read the mails, too. Do not leave it so.", settings.bind);
    }
    println!("  Ctrl-C ends it; sessions and data are there again after the next start.");
}

/// Tells that it has ended in good order.
pub fn part() {
    println!("Ended.");
}

/// Waits for Ctrl-C, or for what a supervisor sends.
pub async fn asked_to_end() {
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

/// Follows the audit log of every organization, and that of what belongs to none, to its end.
///
/// # Errors
/// Says that somebody has touched one of them, or that it could not be found out.
pub async fn verify_audit(auth: &UserMgmt) -> Result<(), Fault> {
    let (all, mut touched) = (auth.organizations("verification of the audit log"), false);
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
        match auth.audit_log(org).verify(None).await? {
            Verified::Whole { checkpoint } => println!("whole    {:>6} events  {name}", checkpoint.number),
            Verified::Broken(broken) => {
                touched = true;
                println!("TOUCHED  {:?} at {:?}  {name}", broken.fault, broken.number);
            }
        }
    }
    if touched { Err("somebody has touched the audit log".into()) } else { Ok(()) }
}
