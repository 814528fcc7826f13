//! The proxy in front of the database: leads to one server or another, or swallows everything.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where the line leads; `None` swallows what comes, and closes nothing.
type Way = Option<u16>;

/// A TCP proxy on a port of its own.
pub(crate) struct Line {
    port: u16,
    way: Arc<watch::Sender<Way>>,
}

impl Line {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = Self { port: listener.local_addr().unwrap().port(), way: Arc::new(watch::Sender::new(Some(port))) };
        let way = line.way.clone();
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let way = way.subscribe();
                tokio::spawn(async move {
                    // A server that is away refuses: then so does the line, by closing.
                    let leads_to = *way.borrow();
                    let Some(port) = leads_to else { return swallow(near).await };
                    let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(carry(near_in, far_out, way.clone(), port), carry(far_in, near_out, way, port));
                });
            }
        });
        line
    }

    /// Where it listens.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Leads to another server from now on. Connections to the former one are cut.
    pub(crate) fn lead_to(&self, port: u16) {
        self.way.send_replace(Some(port));
    }

    /// Swallows everything from now on. Connections of this time never come back to life.
    pub(crate) fn swallow(&self) {
        self.way.send_replace(None);
    }
}

/// Carries bytes in one direction for as long as the line leads there.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>, port: u16) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read,
            // The value must not stay borrowed while we wait.
            swallowed = async { way.wait_for(|way| *way != Some(port)).await.is_ok_and(|way| way.is_none()) } => {
                if swallowed {
                    std::future::pending::<()>().await;
                }
                return;
            }
        };
        match read {
            Ok(count) if count > 0 && to.write_all(&bytes[..count]).await.is_ok() => {}
            _ => return drop(to.shutdown().await),
        }
    }
}

/// Takes everything and says nothing.
async fn swallow(mut near: TcpStream) {
    let mut bytes = vec![0; 16 * 1024];
    while near.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}
