//! Text messages by the HTTP interface of the application's provider: one POST for each message.

mod template;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use usermgmt_core::limits;
use usermgmt_core::port::{Sms, SmsError, SmsSender};

use crate::Secret;
use crate::outbound::{self, Fault};
use template::Template;

/// Longest wait for a connection.
const CONNECT_TIME_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for the whole answer. The lease of a job is longer, so no second try begins meanwhile.
const TIME_LIMIT: Duration = Duration::from_secs(20);
const _: () = assert!(TIME_LIMIT.as_secs() < limits::LEASE.unsigned_abs().as_secs());
/// Longest answer that is read, so that the connection can be used again. What it says is not looked at.
const ANSWER_MAX_BYTES: usize = 16 * 1024;
/// The usual name of the header by which a provider tells a second try from a second message.
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// What is wrong with us rather than with the message, and can be repaired: credentials, balance, rights, address.
const OURS: [StatusCode; 4] =
    [StatusCode::UNAUTHORIZED, StatusCode::PAYMENT_REQUIRED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
/// What may work a while later although it begins with a 4 (RFC 9110 section 15.5.9, RFC 8470 section 5.2, RFC 6585
/// section 4).
const LATER: [StatusCode; 3] = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY, StatusCode::TOO_MANY_REQUESTS];

/// Why a provider cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmsConfigError {
    /// The address is neither `https://` nor `http://` on this machine, or the HTTP client cannot be set up.
    #[error("the provider of text messages cannot be reached like that: {0}")]
    Client(#[source] Fault),
    /// The template holds `{…}` that is none of `{to}`, `{to_digits}`, `{text}` and `{id}`, or it lacks the number or the
    /// text.
    #[error("the template must hold `{{to}}` or `{{to_digits}}`, and `{{text}}`, and no other `{{…}}` but `{{id}}`")]
    Template,
    /// A name or a value cannot stand in a header (RFC 9110 section 5).
    #[error("a header for the provider of text messages is malformed")]
    Header,
}

/// Hands text messages to a provider by HTTPS.
///
/// Providers differ in the names of their fields, so you show how a message looks. In the values, `{to}` is the number
/// in E.164 (`+12025550143`), `{to_digits}` the same without the `+`, `{text}` the text and `{id}` the id of the message.
/// They are filled in behind the parser: whatever the text is, it stays the value it stands in.
///
/// With a form and a name and password:
///
/// ```
/// use usermgmt_service::{HttpSms, Secret};
///
/// let provider = HttpSms::form(
///     "https://api.provider.example/accounts/AC42/messages",
///     [("To", "{to}"), ("From", "+12025550100"), ("Body", "{text}")],
/// )?
/// .basic_auth("AC42", Secret("from the environment"));
/// assert!(!format!("{provider:?}").contains("AC42"));
/// # Ok::<(), usermgmt_service::SmsConfigError>(())
/// ```
///
/// With JSON and a token:
///
/// ```
/// use usermgmt_service::{HttpSms, Secret};
///
/// let template = r#"{ "from": "Example", "to": ["{to_digits}"], "content": "{text}", "reference": "{id}" }"#;
/// let provider = HttpSms::json("https://api.provider.example/messages", template)?.bearer(Secret("a token"))?;
/// # Ok::<(), usermgmt_service::SmsConfigError>(())
/// ```
///
/// The header `Idempotency-Key` carries the id, the same on each try: a provider that knows it texts nobody twice when
/// its answer was lost. A connection may take 5 seconds, the answer 20. Redirects are not followed.
///
/// Status 2xx means sent; what the answer says besides is not looked at. [`SmsError::Permanent`] is what the provider
/// says for good about this message: 4xx, but for 408, 425 and 429, which may work later, and 401, 402, 403 and 404,
/// which are about your account there and not about the message. These, everything else, and no answer are
/// [`SmsError::Temporary`]. Errors say the status, never the answer, in which providers repeat numbers and texts.
#[derive(Clone)]
pub struct HttpSms {
    client: Client,
    url: Url,
    template: Template,
    basic_auth: Option<(String, String)>,
    headers: HeaderMap,
    idempotency: HeaderName,
    time_limit: Duration,
}

impl HttpSms {
    /// A provider that takes JSON of this shape.
    ///
    /// # Errors
    /// [`SmsConfigError`] says what is wrong with address or template.
    pub fn json(url: &str, template: &str) -> Result<Self, SmsConfigError> {
        Self::new(url, Template::json(template)?)
    }

    /// A provider that takes a form with these fields.
    ///
    /// # Errors
    /// [`SmsConfigError`] says what is wrong with address or fields.
    pub fn form<'a>(url: &str, fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, SmsConfigError> {
        Self::new(url, Template::form(fields)?)
    }

    fn new(url: &str, template: Template) -> Result<Self, SmsConfigError> {
        let (url, client) = outbound::client(url).map_err(SmsConfigError::Client)?;
        let client = client.connect_timeout(CONNECT_TIME_LIMIT).build();
        Ok(Self {
            client: client.map_err(|error| SmsConfigError::Client(error.into()))?,
            url,
            template,
            basic_auth: None,
            headers: HeaderMap::new(),
            idempotency: HeaderName::from_static(IDEMPOTENCY_KEY),
            time_limit: TIME_LIMIT,
        })
    }

    /// Name and password at the provider (RFC 7617).
    #[must_use]
    pub fn basic_auth(self, name: impl Into<String>, password: Secret<'_>) -> Self {
        Self { basic_auth: Some((name.into(), password.0.to_owned())), ..self }
    }

    /// A token of the provider (RFC 6750).
    ///
    /// # Errors
    /// Fails when the token holds characters that cannot stand in a header.
    pub fn bearer(self, token: Secret<'_>) -> Result<Self, SmsConfigError> {
        self.header("authorization", Secret(&format!("Bearer {}", token.0)))
    }

    /// A header that goes along with each message.
    ///
    /// # Errors
    /// Fails when name or value cannot stand in a header.
    pub fn header(mut self, name: &str, value: Secret<'_>) -> Result<Self, SmsConfigError> {
        let mut value = HeaderValue::from_str(value.0).map_err(|_| SmsConfigError::Header)?;
        value.set_sensitive(true);
        self.headers.insert(header_name(name)?, value);
        Ok(self)
    }

    /// The header that carries the id of the message, if the provider has another name for it than `Idempotency-Key`.
    ///
    /// # Errors
    /// Fails when this cannot be the name of a header.
    pub fn idempotency_header(self, name: &str) -> Result<Self, SmsConfigError> {
        Ok(Self { idempotency: header_name(name)?, ..self })
    }

    /// How long the whole answer may take. Default: 20 seconds; longer than that is never waited.
    #[must_use]
    pub fn time_limit(self, time_limit: Duration) -> Self {
        Self { time_limit: time_limit.min(TIME_LIMIT), ..self }
    }
}

fn header_name(name: &str) -> Result<HeaderName, SmsConfigError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| SmsConfigError::Header)
}

impl fmt::Debug for HttpSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Paths and queries can name the account, or hold its key.
        f.debug_struct("HttpSms").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

#[async_trait]
impl SmsSender for HttpSms {
    async fn send(&self, sms: &Sms) -> Result<(), SmsError> {
        let mut request = self
            .client
            .post(self.url.clone())
            .timeout(self.time_limit)
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, self.template.content_type())
            .header(self.idempotency.clone(), sms.id.to_string())
            .body(self.template.fill(sms));
        if let Some((name, password)) = &self.basic_auth {
            request = request.basic_auth(name, Some(password));
        }
        let response = request.send().await.map_err(|error| SmsError::Temporary(reason(&error).into()))?;
        let status = response.status();
        // The status has decided: an answer that breaks off, or never ends, does not make a second text.
        drop(outbound::body(response, ANSWER_MAX_BYTES).await);
        let said = format!("the provider said {}", status.as_u16());
        if status.is_success() {
            Ok(())
        } else if status.is_client_error() && !OURS.contains(&status) && !LATER.contains(&status) {
            Err(SmsError::Permanent(said))
        } else {
            Err(SmsError::Temporary(said))
        }
    }
}

/// Words of our own: those of the library hold the address, and so perhaps a key.
fn reason(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "the provider did not answer in time"
    } else if error.is_connect() {
        "the provider could not be reached, or did not show a certificate of its name"
    } else {
        "the provider broke the connection off, or did not speak HTTP"
    }
}

#[cfg(test)]
mod tests;
