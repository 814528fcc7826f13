//! A way to PostgreSQL that counts how often the client waits for the server: the simple queries and the `Sync`
//! messages that it sends (PostgreSQL's protocol, section 55.2). Nothing is changed on the way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Before the first message that has a type, the client may ask for TLS.
const TLS_REQUEST: u32 = 80_877_103;

/// The way, open for as long as the runtime runs.
pub(crate) struct RoundTrips {
    pub(crate) port: u16,
    count: Arc<AtomicUsize>,
}

impl RoundTrips {
    /// A way to this server.
    pub(crate) async fn to(server: &str) -> Self {
        let server: SocketAddr = server.parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
        let port = listener.local_addr().expect("an address").port();
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(server).await.expect("the server is there");
                client.set_nodelay(true).expect("no delay");
                upstream.set_nodelay(true).expect("no delay");
                let (mut from_client, to_client) = client.into_split();
                let (from_server, mut to_server) = upstream.into_split();
                let counted = counted.clone();
                // Either half ends when its side hangs up.
                tokio::spawn(async move { pass(&mut from_client, &mut to_server, &counted).await });
                tokio::spawn(back(from_server, to_client));
            }
        });
        Self { port, count }
    }

    /// How many there have been.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> std::io::Result<u64> {
    tokio::io::copy(&mut from, &mut to).await
}

/// Passes the client's messages on, one by one.
async fn pass(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, count: &AtomicUsize) -> std::io::Result<()> {
    loop {
        let length = from.read_u32().await?;
        let mut rest = vec![0; usize::try_from(length).unwrap_or(4).saturating_sub(4)];
        from.read_exact(&mut rest).await?;
        to.write_all(&[length.to_be_bytes().as_slice(), &rest].concat()).await?;
        if rest.first_chunk() != Some(&TLS_REQUEST.to_be_bytes()) {
            break;
        }
    }
    loop {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut message = vec![kind];
        message.extend(length.to_be_bytes());
        message.resize(usize::try_from(length).unwrap_or(4) + 1, 0);
        from.read_exact(&mut message[5..]).await?;
        to.write_all(&message).await?;
        if matches!(kind, b'Q' | b'S') {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}
