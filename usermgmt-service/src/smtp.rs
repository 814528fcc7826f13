//! Mail by SMTP (RFC 5321), through the relay of the application's mail provider.
//!
//! Every hand-over is encrypted or does not happen: a server that offers no STARTTLS, takes the offer back or shows a
//! certificate of another name gets neither credentials nor mail, and the mail stays in the outbox. Nothing here tries
//! again: the worker does, in growing pauses, and each try of a mail carries the same `Message-ID`.

mod builder;
mod connection;
mod message;

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lettre::Address;
use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::Semaphore;
use usermgmt_core::address::{EmailAddress, EmailError};
use usermgmt_core::limits;
use usermgmt_core::port::{Mail, MailError, Mailer};

pub use builder::{SmtpBuilder, SmtpConfigError};
use connection::{Failure, Idle, Security, Why};

/// What is left of a job's lease when its hand-over is broken off: the worker's time to note it.
const LEASE_MARGIN: time::Duration = time::Duration::seconds(10);

/// Hands mail to a server by SMTP.
///
/// The text and the HTML part go out as `multipart/alternative`, marked as written by a machine (RFC 3834), with a
/// `Message-ID` made of the mail's id: if the server takes a mail and its answer is lost, the next try is the same
/// message to whoever compares ids.
///
/// [`MailError::Permanent`] is what the server says for good about this recipient or this message: 5xx to `RCPT TO`,
/// `DATA` or the message. All else may be repaired and is [`MailError::Temporary`]: no connection, no TLS, no answer in
/// time, 4xx, and 5xx about ourselves: at the greeting, to our credentials or to our own address. Errors say the step and
/// the codes of the reply, never its text, in which servers repeat addresses.
///
/// ```
/// use usermgmt_service::{Secret, SmtpMailer};
///
/// let password = "from the environment";
/// let mailer = SmtpMailer::builder("smtp://smtp.example.com", "accounts@example.com")
///     .from_name("Example")
///     .credentials("accounts@example.com", Secret(password))
///     .build()?;
/// assert!(!format!("{mailer:?}").contains(password));
/// # Ok::<(), usermgmt_service::SmtpConfigError>(())
/// ```
pub struct SmtpMailer {
    server: (String, u16),
    security: Security,
    credentials: Option<Credentials>,
    ehlo_name: ClientId,
    from: Mailbox,
    reply_to: Option<Address>,
    return_path: Address,
    time_limit: Duration,
    rest: Duration,
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
    /// Nothing is tried before then.
    resting: Mutex<Option<Instant>>,
}

impl SmtpMailer {
    /// A mailer for this server, which sends from this address.
    ///
    /// `smtp://host[:port]` begins in clear and demands STARTTLS (RFC 3207; port 587 unless named), `smtps://host[:port]`
    /// is TLS from the first byte (RFC 8314; port 465 unless named). TLS 1.2 or newer; the certificate must be of `host`
    /// and lead to a root of Mozilla's list or a [`root_certificate`](SmtpBuilder::root_certificate).
    pub fn builder(server: impl Into<String>, from: impl Into<String>) -> SmtpBuilder {
        SmtpBuilder::new(server.into(), from.into())
    }

    fn rests(&self) -> bool {
        let until = *self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn rest(&self) {
        *self.resting.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(self.rest);
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("server", &self.server).field("from", &self.from).finish_non_exhaustive()
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let unmailable = |_| MailError::Permanent("the address cannot be mailed to".into());
        let to = mailable(&mail.to).map_err(unmailable)?;
        let message = message::compose(mail, &self.from, self.reply_to.as_ref(), &to)?;
        if self.rests() {
            return Err(MailError::Temporary("the mail server could not be reached a moment ago".into()));
        }
        let whole = (limits::LEASE - LEASE_MARGIN).unsigned_abs();
        let handed_over = tokio::time::timeout(whole, self.hand_over(to, &message)).await;
        let failure = match handed_over {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::whole_time_limit(),
        };
        if failure.step.is_before_mail() || matches!(failure.why, Why::TimeLimit) {
            self.rest();
        }
        Err(failure.into())
    }
}

/// The local part as it was typed, for only its own server knows what it means, and the domain as A-labels: so no server
/// needs SMTPUTF8.
fn mailable(address: &EmailAddress) -> Result<Address, EmailError> {
    let local = address.display().split('@').next().unwrap_or_default();
    Address::new(local, address.domain()).map_err(|_| EmailError::Malformed)
}
