//! A real little mail server: RFC 5321 over TCP with STARTTLS (RFC 3207) and AUTH PLAIN, which misbehaves on demand.

mod certificates;
mod taken;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use certificates::certificates;

/// What is waited for comes within this time or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the server does with who connects from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// Takes every mail.
    Accept,
    /// Greets with 421 and hangs up.
    Busy,
    /// Greets with 554: no mail here.
    NoService,
    /// Accepts connections and never says a word, until [`SmtpServer::release`].
    Hang,
    /// Says nothing to `RCPT TO`, until [`SmtpServer::release`].
    HangAtRecipient,
    /// 451 to `RCPT TO`.
    Greylist,
    /// 550 to `RCPT TO`.
    RefuseRecipient,
    /// 550 to `MAIL FROM`.
    RefuseSender,
    /// Hangs up in the middle of the message.
    DropInData,
    /// 554 to the message.
    RefuseMessage,
    /// Keeps the message, and hangs up before it has said so.
    DropAfterDot,
    /// Does not offer STARTTLS: it has none, or somebody on the way took it out.
    NoStartTls,
    /// Offers STARTTLS and takes the offer back.
    RefuseStartTls,
    /// Somebody on the way appends replies in clear to the one to STARTTLS.
    InjectAfterStartTls,
    /// Shows this certificate.
    Certificate(Shown),
}

/// Which certificate the server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Of the right name, by the authority that is trusted.
    Right,
    /// Of another name.
    AnotherName,
    /// By an authority that nobody knows.
    AnotherAuthority,
    /// Its time is over.
    Expired,
}

/// A message that the server has taken.
#[derive(Clone, Debug)]
pub struct Taken {
    pub from: String,
    pub recipients: Vec<String>,
    /// The bytes between `DATA` and the final dot, dots still stuffed.
    pub raw: Vec<u8>,
    pub encrypted: bool,
    pub authenticated: bool,
}

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub connections: usize,
    /// Every line but those of messages, in the order of arrival, whether it came encrypted.
    pub lines: Vec<(bool, String)>,
    pub taken: Vec<Taken>,
    /// Somebody broke the rules of the protocol.
    pub violated: bool,
}

/// The server. It ends with this value's runtime.
#[derive(Clone)]
pub struct SmtpServer(Arc<Inner>);

struct Inner {
    address: SocketAddr,
    implicit_tls: bool,
    authority: String,
    certificates: HashMap<Shown, Arc<rustls::ServerConfig>>,
    behaviour: Mutex<Behaviour>,
    seen: watch::Sender<Seen>,
    release: watch::Sender<()>,
    reserved: Mutex<Option<TcpSocket>>,
    password: &'static str,
}

impl SmtpServer {
    /// A server that takes mail.
    pub async fn start() -> Self {
        let server = Self::down();
        server.up();
        server
    }

    /// A server with TLS from the first byte.
    pub async fn start_with_implicit_tls() -> Self {
        let server = Self::new(true);
        server.up();
        server
    }

    /// A server that is down: its port is reserved, and refuses connections until [`up`](Self::up).
    #[must_use]
    pub fn down() -> Self {
        Self::new(false)
    }

    fn new(implicit_tls: bool) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let (authority, certificates) = certificates();
        Self(Arc::new(Inner {
            address: socket.local_addr().unwrap(),
            implicit_tls,
            authority,
            certificates,
            behaviour: Mutex::new(Behaviour::Accept),
            seen: watch::Sender::default(),
            release: watch::Sender::default(),
            reserved: Mutex::new(Some(socket)),
            password: "postbox key",
        }))
    }

    /// Comes up.
    pub fn up(&self) {
        let socket = self.0.reserved.lock().unwrap().take().expect("the server was down");
        let listener = socket.listen(64).unwrap();
        tokio::spawn(serve(listener, self.0.clone()));
    }

    /// Where it is, as `SmtpMailer::builder` takes it.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.0.implicit_tls { "smtps" } else { "smtp" };
        format!("{scheme}://localhost:{}", self.0.address.port())
    }

    /// The certificate of the authority to trust, as PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// The password of everybody.
    #[must_use]
    pub fn password(&self) -> &'static str {
        self.0.password
    }

    /// Treats whoever connects from now on like this.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.0.behaviour.lock().unwrap() = behaviour;
    }

    /// Hangs up on all who hang.
    pub fn release(&self) {
        self.0.release.send_replace(());
    }

    #[must_use]
    pub fn seen(&self) -> Seen {
        let seen = self.0.seen.borrow().clone();
        assert!(!seen.violated, "the client broke the rules of the protocol");
        seen
    }

    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.seen().taken
    }

    /// Waits until the server has seen this.
    pub async fn until(&self, what: &str, is_seen: impl FnMut(&Seen) -> bool) {
        let mut seen = self.0.seen.subscribe();
        let came = tokio::time::timeout(PATIENCE, seen.wait_for(is_seen)).await;
        assert!(came.is_ok(), "the mail server never saw {what}");
    }
}

async fn serve(listener: TcpListener, server: Arc<Inner>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (server, behaviour) = (server.clone(), *server.behaviour.lock().unwrap());
        let released = server.release.subscribe();
        server.seen.send_modify(|seen| seen.connections += 1);
        tokio::spawn(async move {
            let talk = tokio::spawn({
                let server = server.clone();
                async move { greet(stream, &server, behaviour, released).await }
            });
            // A client that hangs up is no failure; one that breaks the rules ends the talk by a panic.
            let violated = talk.await.is_err();
            server.seen.send_modify(|seen| seen.violated |= violated);
        });
    }
}

async fn greet(
    stream: TcpStream,
    server: &Inner,
    behaviour: Behaviour,
    mut released: watch::Receiver<()>,
) -> std::io::Result<()> {
    let shown = if let Behaviour::Certificate(shown) = behaviour { shown } else { Shown::Right };
    let tls = TlsAcceptor::from(server.certificates[&shown].clone());
    if behaviour == Behaviour::Hang {
        let _ = released.changed().await;
        return Ok(());
    }
    if server.implicit_tls {
        let stream = tls.accept(stream).await?;
        let mut talk = Talk { stream: BufReader::new(stream), server, behaviour, encrypted: true, released };
        talk.say("220 mail.example ready").await?;
        return talk.converse().await.map(drop);
    }
    let mut talk = Talk { stream: BufReader::new(stream), server, behaviour, encrypted: false, released };
    match behaviour {
        Behaviour::Busy => return talk.say("421 4.3.2 mail.example too busy").await,
        Behaviour::NoService => return talk.say("554 5.3.2 no mail here").await,
        _ => talk.say("220 mail.example ready").await?,
    }
    if talk.converse().await? == End::StartTls {
        let released = talk.released;
        let stream = tls.accept(talk.stream.into_inner()).await?;
        Talk { stream: BufReader::new(stream), server, behaviour, encrypted: true, released }.converse().await?;
    }
    Ok(())
}

#[derive(PartialEq)]
enum End {
    Closed,
    StartTls,
}

struct Talk<'a, S> {
    stream: BufReader<S>,
    server: &'a Inner,
    behaviour: Behaviour,
    encrypted: bool,
    released: watch::Receiver<()>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    async fn converse(&mut self) -> std::io::Result<End> {
        let (mut from, mut recipients, mut authenticated) = (String::new(), Vec::new(), false);
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(End::Closed);
            }
            assert!(line.ends_with("\r\n") && line.len() <= 512, "no command line: {line:?}");
            let line = line.trim_end().to_owned();
            self.server.seen.send_modify(|seen| seen.lines.push((self.encrypted, line.clone())));
            let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" => {
                    let offers = !self.encrypted && self.behaviour != Behaviour::NoStartTls;
                    let last = if offers { "250 STARTTLS" } else { "250 AUTH PLAIN" };
                    self.say(&format!("250-mail.example\r\n250-ENHANCEDSTATUSCODES\r\n{last}")).await?;
                }
                "STARTTLS" => match self.behaviour {
                    Behaviour::RefuseStartTls => self.say("454 4.7.0 TLS not available").await?,
                    Behaviour::InjectAfterStartTls => {
                        let replies = "250-mail.example\r\n250 AUTH PLAIN\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken";
                        self.say(&format!("220 go\r\n{replies}")).await?;
                        return Ok(End::StartTls);
                    }
                    _ => {
                        self.say("220 go ahead").await?;
                        return Ok(End::StartTls);
                    }
                },
                "AUTH" => {
                    let plain = line.strip_prefix("AUTH PLAIN ").unwrap_or_default();
                    let told = base64::engine::general_purpose::STANDARD.decode(plain).unwrap_or_default();
                    authenticated = told.ends_with(format!("\0{}", self.server.password).as_bytes());
                    self.say(if authenticated { "235 2.7.0 welcome" } else { "535 5.7.8 who are you" }).await?;
                }
                "MAIL" if self.behaviour == Behaviour::RefuseSender => self.say("550 5.7.1 not you").await?,
                "MAIL" => {
                    from = path(&line);
                    self.say("250 2.1.0 ok").await?;
                }
                "RCPT" => match self.behaviour {
                    Behaviour::Greylist => self.say("451 4.7.1 come back later").await?,
                    Behaviour::RefuseRecipient => {
                        self.say(&format!("550 5.1.1 <{}> is unknown", path(&line))).await?;
                    }
                    Behaviour::HangAtRecipient => {
                        let _ = self.released.changed().await;
                        return Ok(End::Closed);
                    }
                    _ => {
                        recipients.push(path(&line));
                        self.say("250 2.1.5 ok").await?;
                    }
                },
                "DATA" => {
                    self.say("354 go ahead").await?;
                    let Some(raw) = self.message().await? else { return Ok(End::Closed) };
                    if self.behaviour == Behaviour::RefuseMessage {
                        self.say("554 5.7.1 we do not want this").await?;
                        continue;
                    }
                    let (encrypted, recipients) = (self.encrypted, std::mem::take(&mut recipients));
                    let taken = Taken { from: std::mem::take(&mut from), recipients, raw, encrypted, authenticated };
                    self.server.seen.send_modify(|seen| seen.taken.push(taken));
                    if self.behaviour == Behaviour::DropAfterDot {
                        return Ok(End::Closed);
                    }
                    self.say("250 2.0.0 taken").await?;
                }
                "NOOP" | "RSET" => self.say("250 2.0.0 ok").await?,
                "QUIT" => {
                    self.say("221 2.0.0 bye").await?;
                    return Ok(End::Closed);
                }
                _ => self.say("502 5.5.1 what").await?,
            }
        }
    }

    /// What comes until CRLF, dot, CRLF and nothing else; `None` if the server hangs up in the middle.
    async fn message(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n.\r\n") {
            raw.push(self.stream.read_u8().await?);
            if self.behaviour == Behaviour::DropInData && raw.len() > 100 {
                return Ok(None);
            }
        }
        raw.truncate(raw.len() - 5);
        let bare = |pair: &[u8]| (pair[1] == b'\n') != (pair[0] == b'\r');
        assert!(!raw.windows(2).any(bare), "a bare CR or LF: {:?}", String::from_utf8_lossy(&raw));
        assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() < 999), "a line is too long");
        Ok(Some(raw))
    }
}

/// What stands in the angle brackets.
fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.strip_suffix('>'));
    path.unwrap_or_else(|| panic!("no path, or something after it: {line:?}")).to_owned()
}
