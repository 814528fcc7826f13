//! The settings of a mailer, checked before it exists.

use std::fmt;
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Duration;

use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;
use url::{Host, Url};
use usermgmt_core::address::{EmailAddress, EmailError};

use super::connection::Security;
use super::{SmtpMailer, mailable, message};
use crate::Secret;

/// Longest wait for one step of the conversation.
const TIME_LIMIT: Duration = Duration::from_secs(30);
/// How long nothing is tried after the server could not be reached.
const REST: Duration = Duration::from_secs(30);
/// Conversations at once.
const CONNECTIONS: u32 = 4;

/// Why a mailer cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpConfigError {
    /// The server is not written as `smtp://host[:port]` or `smtps://host[:port]`. Credentials do not belong there:
    /// addresses of servers end up in logs.
    #[error("the mail server must be `smtp://host[:port]` (STARTTLS) or `smtps://host[:port]` (TLS), and nothing more")]
    Server,
    /// One of our own addresses is malformed.
    #[error("`{0}` is no address to send from or to be answered at: {1}")]
    Address(String, EmailError),
    /// The name of the sender has control characters, line separators or looks like an encoded word (RFC 2047).
    #[error("the name of the sender has characters that do not belong in a name")]
    Name,
    /// The name for `EHLO` is no host name.
    #[error("`{0}` is no host name to greet the server with")]
    EhloName(String),
    /// The root certificate is not PEM, or is no certificate.
    #[error("the root certificate cannot be read")]
    Certificate,
    /// Credentials would cross the network in clear.
    #[error("credentials are never sent in clear: use TLS, or leave them out")]
    CredentialsInClear,
}

/// How to reach the mail server, and who we are. Made by [`SmtpMailer::builder`].
#[derive(Clone)]
#[must_use]
pub struct SmtpBuilder {
    server: String,
    from: String,
    from_name: String,
    reply_to: Option<String>,
    return_path: Option<String>,
    credentials: Option<Credentials>,
    roots: Vec<Vec<u8>>,
    plaintext: bool,
    ehlo_name: Option<String>,
    connections: u32,
    time_limit: Duration,
    rest: Duration,
}

impl SmtpBuilder {
    pub(super) fn new(server: String, from: String) -> Self {
        Self {
            server,
            from,
            from_name: String::new(),
            reply_to: None,
            return_path: None,
            credentials: None,
            roots: Vec::new(),
            plaintext: false,
            ehlo_name: None,
            connections: CONNECTIONS,
            time_limit: TIME_LIMIT,
            rest: REST,
        }
    }

    /// The name beside the address in `From`, as readers see it. Without it they see the address alone.
    pub fn from_name(mut self, name: impl Into<String>) -> Self {
        self.from_name = name.into();
        self
    }

    /// Where answers go (`Reply-To`, RFC 5322 section 3.6.2), if not to the sender.
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.reply_to = Some(address.into());
        self
    }

    /// Where bounces go (`MAIL FROM`, RFC 5321 section 3.3), if not to the sender.
    pub fn return_path(mut self, address: impl Into<String>) -> Self {
        self.return_path = Some(address.into());
        self
    }

    /// Name and password at the server (RFC 4954, PLAIN or LOGIN). Sent over TLS only.
    pub fn credentials(mut self, name: impl Into<String>, password: Secret<'_>) -> Self {
        self.credentials = Some(Credentials::new(name.into(), password.0.to_owned()));
        self
    }

    /// Trusts this certificate authority (PEM) besides the public ones of Mozilla's list: for a relay of your own.
    pub fn root_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Sends links and codes in clear. Whoever listens on the way can use them: for a relay on the same machine, or a
    /// network that is encrypted below. Needs `smtp://`; refused together with credentials unless the server is on the
    /// loopback address.
    pub fn dangerous_plaintext(mut self) -> Self {
        self.plaintext = true;
        self
    }

    /// The name to greet the server with (RFC 5321 section 4.1.1.1). Default: the domain of the sender.
    pub fn ehlo_name(mut self, name: impl Into<String>) -> Self {
        self.ehlo_name = Some(name.into());
        self
    }

    /// Conversations at once, and idle connections kept for half a minute, 1 to 64. Default: 4.
    pub fn connections(mut self, connections: u32) -> Self {
        self.connections = connections.clamp(1, 64);
        self
    }

    /// Longest wait for one step: to connect, to negotiate TLS, and for each reply. Default: 30 seconds. A whole
    /// hand-over is broken off after 50 seconds in any case: after 60 the job's lease ends and another worker takes it.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// How long nothing is tried once the server could not be reached or did not answer; mails due meanwhile are put
    /// off at once, so that a server that hangs does not hold the worker for each of them. Default: 30 seconds.
    pub fn rest_after_failure(mut self, rest: Duration) -> Self {
        self.rest = rest;
        self
    }

    /// Checks the settings. Connects nowhere.
    ///
    /// # Errors
    /// [`SmtpConfigError`] says what is wrong.
    pub fn build(self) -> Result<SmtpMailer, SmtpConfigError> {
        let server = Server::parse(&self.server, self.plaintext).ok_or(SmtpConfigError::Server)?;
        if self.plaintext && self.credentials.is_some() && !server.is_loopback() {
            return Err(SmtpConfigError::CredentialsInClear);
        }
        if !message::is_name(&self.from_name) {
            return Err(SmtpConfigError::Name);
        }
        let from = own_address(&self.from)?;
        let ehlo_name = self.ehlo_name.unwrap_or_else(|| from.domain().to_owned());
        if !matches!(Host::parse(&ehlo_name), Ok(Host::Domain(name)) if name == ehlo_name.to_ascii_lowercase()) {
            return Err(SmtpConfigError::EhloName(ehlo_name));
        }
        let security = match (self.plaintext, server.implicit_tls) {
            (true, _) => Security::DangerousPlaintext,
            (false, true) => Security::ImplicitTls(tls(&server.name, &self.roots)?),
            (false, false) => Security::StartTls(tls(&server.name, &self.roots)?),
        };
        let name = (!self.from_name.trim().is_empty()).then(|| self.from_name.trim().to_owned());
        Ok(SmtpMailer {
            return_path: self.return_path.map_or_else(|| Ok(from.clone()), |address| own_address(&address))?,
            reply_to: self.reply_to.map(|address| own_address(&address)).transpose()?,
            from: Mailbox::new(name, from),
            server: (server.name, server.port),
            security,
            credentials: self.credentials,
            ehlo_name: ClientId::Domain(ehlo_name),
            time_limit: self.time_limit,
            rest: self.rest,
            permits: Semaphore::new(usize::try_from(self.connections).unwrap_or(1)),
            idle: Mutex::default(),
            resting: Mutex::default(),
        })
    }
}

impl fmt::Debug for SmtpBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpBuilder").field("server", &self.server).field("from", &self.from).finish_non_exhaustive()
    }
}

struct Server {
    name: String,
    port: u16,
    implicit_tls: bool,
}

impl Server {
    fn parse(text: &str, plaintext: bool) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        let plain = url.username().is_empty() && url.password().is_none() && bare;
        let (implicit_tls, port) = match url.scheme() {
            "smtp" => (false, 587),
            "smtps" if !plaintext => (true, 465),
            _ => return None,
        };
        let name = match Host::parse(url.host_str()?).ok()? {
            Host::Domain(name) if !name.is_empty() => name,
            Host::Domain(_) => return None,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        plain.then(|| Self { name, port: url.port().unwrap_or(port), implicit_tls })
    }

    fn is_loopback(&self) -> bool {
        self.name == "localhost" || self.name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

fn tls(name: &str, roots: &[Vec<u8>]) -> Result<TlsParameters, SmtpConfigError> {
    let mut builder = TlsParameters::builder(name.to_owned()).certificate_store(CertificateStore::WebpkiRoots);
    for pem in roots {
        // A file without a certificate in it would be read as "no root" in silence.
        let is_there = pem.windows(BEGIN.len()).any(|window| window == BEGIN);
        let root = Certificate::from_pem(pem).ok().filter(|_| is_there).ok_or(SmtpConfigError::Certificate)?;
        builder = builder.add_root_certificate(root);
    }
    builder.build_rustls().map_err(|_| SmtpConfigError::Certificate)
}

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

fn own_address(text: &str) -> Result<Address, SmtpConfigError> {
    let refused = |error| SmtpConfigError::Address(text.to_owned(), error);
    mailable(&EmailAddress::parse(text).map_err(refused)?).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: SmtpBuilder) -> SmtpConfigError {
        builder.build().expect_err("the settings are wrong")
    }

    #[test]
    fn servers_are_named_by_scheme_host_and_port_alone() {
        for (text, name, port) in [
            ("smtp://mail.example.com", "mail.example.com", 587),
            ("smtp://mail.example.com:2525/", "mail.example.com", 2525),
            ("smtps://mail.example.com", "mail.example.com", 465),
            ("smtps://[::1]", "::1", 465),
            ("smtp://127.0.0.1", "127.0.0.1", 587),
        ] {
            let mailer = SmtpMailer::builder(text, "a@example.com").build().unwrap();
            assert_eq!(mailer.server, (name.to_owned(), port), "{text}");
            assert!(matches!(mailer.security, Security::StartTls(_) | Security::ImplicitTls(_)), "{text}");
        }
        for bad in [
            "mail.example.com",
            "mail.example.com:587",
            "smtp://",
            "smtp://user:pass@mail.example.com",
            "smtp://mail.example.com?tls=opportunistic",
            "smtp://mail.example.com/ehlo",
            "http://mail.example.com",
            "smtp://mail example.com",
            "smtp://mail.example.com\r\nX: y",
        ] {
            assert_eq!(refused(SmtpMailer::builder(bad, "a@example.com")), SmtpConfigError::Server, "{bad}");
        }
    }

    #[test]
    fn encryption_is_given_up_by_name_only_and_never_with_credentials_on_a_network() {
        let near = SmtpMailer::builder("smtp://localhost", "a@example.com").dangerous_plaintext();
        assert!(near.clone().credentials("u", Secret("p")).build().is_ok());
        let far = SmtpMailer::builder("smtp://mail.example.com", "a@example.com").dangerous_plaintext();
        assert!(far.clone().build().is_ok());
        assert_eq!(refused(far.credentials("u", Secret("p"))), SmtpConfigError::CredentialsInClear);
        let both = SmtpMailer::builder("smtps://mail.example.com", "a@example.com").dangerous_plaintext();
        assert_eq!(refused(both), SmtpConfigError::Server);
    }

    #[test]
    fn our_own_addresses_and_names_inject_nothing() {
        let builder = |from: &str| SmtpMailer::builder("smtp://mail.example.com", from);
        for bad in ["", "a", "a@x.org\r\nBcc: b@evil.org", "a@x.org,b@evil.org", "A <a@x.org>", "a\0@x.org"] {
            assert!(matches!(refused(builder(bad)), SmtpConfigError::Address(..)), "{bad:?}");
            let (reply, bounce) = (builder("a@x.org").reply_to(bad), builder("a@x.org").return_path(bad));
            assert!(matches!(refused(reply), SmtpConfigError::Address(..)), "{bad:?}");
            assert!(matches!(refused(bounce), SmtpConfigError::Address(..)), "{bad:?}");
        }
        for bad in ["a\r\nBcc: b@evil.org", "a\nb", "a\0", "a\u{2028}b", "=?utf-8?q?a=0Ab?="] {
            assert_eq!(refused(builder("a@x.org").from_name(bad)), SmtpConfigError::Name, "{bad:?}");
        }
        for bad in ["a b", "a\r\nMAIL FROM:<b@evil.org>", "", "127.0.0.1"] {
            assert!(matches!(refused(builder("a@x.org").ehlo_name(bad)), SmtpConfigError::EhloName(_)), "{bad:?}");
        }
    }

    #[test]
    fn a_root_that_is_none_is_not_passed_over() {
        for bad in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let builder = SmtpMailer::builder("smtp://mail.example.com", "a@example.com").root_certificate(bad);
            assert_eq!(refused(builder), SmtpConfigError::Certificate, "{bad:?}");
        }
    }
}
