//! One conversation with the server, step by step, each within the time limit.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use usermgmt_core::port::MailError;

use super::SmtpMailer;

/// How long an idle connection is kept; servers wait longer (RFC 5321 section 4.5.3.2.7 asks for five minutes).
const IDLE: Duration = Duration::from_secs(30);
/// How long a farewell may take; nothing depends on it.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection that waits for the next mail, since when.
pub(super) type Idle = (Instant, AsyncSmtpConnection);

pub(super) enum Security {
    StartTls(TlsParameters),
    ImplicitTls(TlsParameters),
    DangerousPlaintext,
}

/// Where in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    Tls,
    Authenticate,
    MailFrom,
    RcptTo,
    Data,
    Message,
}

impl Step {
    /// Whether the failure has nothing to do with the mail.
    pub(super) const fn is_before_mail(self) -> bool {
        matches!(self, Self::Connect | Self::Tls | Self::Authenticate)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connecting",
            Self::Tls => "TLS",
            Self::Authenticate => "AUTH",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::Message => "the message",
        })
    }
}

/// Why a step failed.
#[derive(Debug)]
pub(super) enum Why {
    TimeLimit,
    /// The server says no: reply code and enhanced status code (RFC 3463), if it gives one.
    Reply(u16, Option<String>),
    /// The connection is not encrypted and cannot be.
    NotEncrypted,
    /// The connection broke, or what came over it is not SMTP.
    Broken(String),
}

#[derive(Debug)]
pub(super) struct Failure {
    pub(super) step: Step,
    pub(super) why: Why,
}

impl Failure {
    pub(super) const fn whole_time_limit() -> Self {
        Self { step: Step::Message, why: Why::TimeLimit }
    }

    fn new(step: Step, error: &SmtpError) -> Self {
        let why = match error.status() {
            Some(code) => {
                let text = error.source().map(ToString::to_string).unwrap_or_default();
                Why::Reply(code.into(), text.split_whitespace().next().filter(|word| is_enhanced(word)).map(Into::into))
            }
            // Its text may repeat what the server sent.
            None if error.is_response() => Why::Broken("the connection ended, or the reply is no SMTP".into()),
            None => Why::Broken(error.to_string()),
        };
        Self { step, why }
    }

    /// Whether the server has spoken for good about this recipient or message. 530, 534, 535 and 538 are about our
    /// credentials (RFC 4954 section 6), wherever they come.
    fn is_permanent(&self) -> bool {
        let about_the_mail = matches!(self.step, Step::RcptTo | Step::Data | Step::Message);
        matches!(self.why, Why::Reply(500..=599, _)) && about_the_mail && !self.is_about_credentials()
    }

    const fn is_about_credentials(&self) -> bool {
        matches!(self.why, Why::Reply(530 | 534 | 535 | 538, _))
    }
}

impl From<Failure> for MailError {
    fn from(failure: Failure) -> Self {
        let step = failure.step;
        let text = match &failure.why {
            Why::TimeLimit => format!("{step}: no answer in time"),
            Why::Reply(code, Some(status)) => format!("{step}: {code} {status}"),
            Why::Reply(code, None) => format!("{step}: {code}"),
            Why::NotEncrypted => format!("{step}: the server offers no encryption"),
            Why::Broken(reason) => format!("{step}: {reason}"),
        };
        if failure.is_permanent() { Self::Permanent(text) } else { Self::Temporary(text) }
    }
}

/// `d.d.d` (RFC 3463 section 2).
fn is_enhanced(word: &str) -> bool {
    word.len() <= 9 && word.split('.').count() == 3 && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

impl SmtpMailer {
    /// Hands one message to one recipient.
    pub(super) async fn hand_over(&self, to: Address, message: &[u8]) -> Result<(), Failure> {
        let closed = |_| Failure { step: Step::Connect, why: Why::Broken("the mailer is closed".into()) };
        let _permit = self.permits.acquire().await.map_err(closed)?;
        let mut connection = match self.reuse().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        match self.converse(&mut connection, to, message).await {
            Ok(()) => {
                self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), connection));
                Ok(())
            }
            Err(failure) => {
                if matches!(failure.why, Why::Reply(..)) {
                    // What the server thinks of a farewell changes nothing.
                    drop(tokio::time::timeout(FAREWELL, connection.quit()).await);
                }
                Err(failure)
            }
        }
    }

    async fn converse(&self, connection: &mut AsyncSmtpConnection, to: Address, message: &[u8]) -> Result<(), Failure> {
        let (from, limit) = (Some(self.return_path.clone()), self.time_limit);
        within(limit, Step::MailFrom, connection.command(Mail::new(from, Vec::new()))).await?;
        within(limit, Step::RcptTo, connection.command(Rcpt::new(to, Vec::new()))).await?;
        within(limit, Step::Data, connection.command(Data)).await?;
        within(limit, Step::Message, connection.message(message)).await?;
        Ok(())
    }

    /// An idle connection that still answers.
    async fn reuse(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let (since, mut connection) = idle?;
            let answers = async { Ok::<_, SmtpError>(connection.test_connected().await) };
            if since.elapsed() < IDLE && within(self.time_limit, Step::Connect, answers).await.unwrap_or(false) {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let (limit, hello) = (self.time_limit, &self.ehlo_name);
        let mut connection = match &self.security {
            Security::ImplicitTls(tls) => {
                let (host, port) = &self.server;
                let address = (host.as_str(), *port);
                let connecting =
                    AsyncSmtpConnection::connect_tokio1(address, Some(limit), hello, Some(tls.clone()), None);
                within(limit, Step::Connect, connecting).await?
            }
            Security::StartTls(tls) => {
                let stream = Box::new(LineByLine(self.tcp().await?));
                let greeting = AsyncSmtpConnection::connect_with_transport(stream, hello);
                let mut connection = within(limit, Step::Connect, greeting).await?;
                if !connection.can_starttls() {
                    return Err(Failure { step: Step::Tls, why: Why::NotEncrypted });
                }
                within(limit, Step::Tls, connection.starttls(tls.clone(), hello)).await?;
                connection
            }
            Security::DangerousPlaintext => {
                let stream = Box::new(self.tcp().await?);
                within(limit, Step::Connect, AsyncSmtpConnection::connect_with_transport(stream, hello)).await?
            }
        };
        if !connection.is_encrypted() && !matches!(self.security, Security::DangerousPlaintext) {
            return Err(Failure { step: Step::Tls, why: Why::NotEncrypted });
        }
        if let Some(credentials) = &self.credentials {
            within(limit, Step::Authenticate, connection.auth(DEFAULT_MECHANISMS, credentials)).await?;
        }
        Ok(connection)
    }

    /// The addresses of the server in turn, each with its share of the time: one that swallows packets must not keep us
    /// from the next.
    async fn tcp(&self) -> Result<TcpStream, Failure> {
        let (step, (host, port)) = (Step::Connect, &self.server);
        let broken = |error: io::Error| Failure { step, why: Why::Broken(error.to_string()) };
        let lookup = tokio::time::timeout(self.time_limit, tokio::net::lookup_host((host.as_str(), *port))).await;
        let found: Vec<SocketAddr> =
            lookup.map_err(|_| Failure { step, why: Why::TimeLimit })?.map_err(broken)?.collect();
        let share = self.time_limit / u32::try_from(found.len()).unwrap_or(1).max(1);
        let mut last = Failure { step, why: Why::Broken("the host name has no address".into()) };
        for address in found {
            match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = broken(error),
                Err(_) => last = Failure { step, why: Why::TimeLimit },
            }
        }
        Err(last)
    }
}

async fn within<T>(
    limit: Duration,
    step: Step,
    work: impl Future<Output = Result<T, SmtpError>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done.map_err(|error| Failure::new(step, &error)),
        Err(_) => Err(Failure { step, why: Why::TimeLimit }),
    }
}

/// A connection that gives no more than one line at a time. Whoever reads it ahead, as lettre does, can then hold
/// nothing that came in clear behind the reply to STARTTLS: it reaches TLS, which refuses it, instead of passing for the
/// replies of the encrypted server (RFC 3207 section 4.2; CVE-2011-0411 is the server's side of it).
#[derive(Debug)]
struct LineByLine(TcpStream);

/// Longest piece at a time, in bytes.
const PIECE: usize = 512;

impl AsyncRead for LineByLine {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut piece = [0; PIECE];
        let mut ahead = ReadBuf::new(&mut piece);
        ready!(self.0.poll_peek(cx, &mut ahead))?;
        let seen = ahead.filled();
        let line = seen.iter().position(|byte| *byte == b'\n').map_or(seen.len(), |at| at + 1);
        let Some(space) = piece.get_mut(..line.min(buf.remaining())).filter(|space| !space.is_empty()) else {
            return Poll::Ready(Ok(()));
        };
        let mut taken = ReadBuf::new(space);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut taken))?;
        buf.put_slice(taken.filled());
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for LineByLine {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for LineByLine {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}
