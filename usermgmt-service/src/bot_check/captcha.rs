//! Turnstile, hCaptcha and reCAPTCHA as bot checks: the browser gets a token from the third party, and we ask the third
//! party what it is worth.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Client, Url};
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use usermgmt_core::limits;
use usermgmt_core::port::{BotCall, BotChallenge, BotCheck, BotCheckError, BotScript, BotVerdict, BotWidget};
use usermgmt_core::secret::Digest;

use crate::outbound::{self, Fault};

/// Longest token that is passed on (Turnstile: 2,048 characters; hCaptcha and reCAPTCHA may need more).
const TOKEN_MAX_BYTES: usize = 8 * 1024;
/// Longest answer that is read.
const ANSWER_MAX_BYTES: usize = 16 * 1024;
/// How far ahead of ours the third party's clock may be.
const CLOCK_LEEWAY: Duration = Duration::MINUTE;

/// Codes that say that the token is not good. Every other code says that we, or they, have a problem.
const NOT_GOOD: [&str; 7] = [
    "missing-input-response",
    "invalid-input-response",
    "timeout-or-duplicate",
    "expired-input-response",
    "already-seen-response",
    "invalid-or-already-seen-response",
    "browser-error",
];

/// A check cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("no bot check: {0}")]
pub struct CaptchaError(#[source] Fault);

/// The check of a third party, by its `siteverify` protocol.
///
/// The browser loads the third party's script on the pages that ask for the check, and on no other; the third party so
/// sees the browser's address and whatever its script can see of that page. Our side sends the token, the secret and the
/// client's address, by HTTPS. A token counts once, for the application's own host, for five minutes, and where the third
/// party says so for one purpose only. What is wrong with the secret, or with the third party, is an outage and not a
/// refusal.
///
/// ```
/// use usermgmt_service::{BotProtection, Captcha};
///
/// let protection = BotProtection::always(Captcha::turnstile("1x00000000000000000000AA", "the secret")?);
/// # Ok::<(), usermgmt_service::CaptchaError>(())
/// ```
#[derive(Clone)]
pub struct Captcha {
    client: Client,
    url: Url,
    secret: Arc<str>,
    site_key: String,
    hosts: Vec<String>,
    names_action: bool,
    min_score: f64,
    widget: BotWidget,
}

impl Captcha {
    /// Cloudflare Turnstile. The widget follows the colour scheme of the browser, as our pages do.
    ///
    /// # Errors
    /// Fails when the HTTP client cannot be set up.
    pub fn turnstile(site_key: &str, secret: &str) -> Result<Self, CaptchaError> {
        let widget = BotWidget {
            kind: "turnstile",
            fields: &["cf-turnstile-response", "bot_check"],
            class: "cf-turnstile",
            attributes: vec![("data-sitekey", site_key.to_owned()), ("data-theme", "auto".to_owned())],
            script: BotScript::At("https://challenges.cloudflare.com/turnstile/v0/api.js".into()),
            own: &[],
            policy: &[
                ("script-src", "https://challenges.cloudflare.com"),
                ("frame-src", "https://challenges.cloudflare.com"),
            ],
        };
        let url = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
        Ok(Self { names_action: true, ..Self::new(site_key, secret, url, widget)? })
    }

    /// hCaptcha.
    ///
    /// # Errors
    /// Fails when the HTTP client cannot be set up.
    pub fn hcaptcha(site_key: &str, secret: &str) -> Result<Self, CaptchaError> {
        let widget = BotWidget {
            kind: "hcaptcha",
            fields: &["h-captcha-response", "g-recaptcha-response", "bot_check"],
            class: "h-captcha",
            attributes: vec![("data-sitekey", site_key.to_owned())],
            script: BotScript::At("https://js.hcaptcha.com/1/api.js".into()),
            own: &[],
            policy: &[
                ("script-src", "https://hcaptcha.com https://*.hcaptcha.com"),
                ("frame-src", "https://hcaptcha.com https://*.hcaptcha.com"),
                ("style-src", "https://hcaptcha.com https://*.hcaptcha.com"),
                ("connect-src", "https://hcaptcha.com https://*.hcaptcha.com"),
            ],
        };
        Self::new(site_key, secret, "https://api.hcaptcha.com/siteverify", widget)
    }

    /// reCAPTCHA: version 2 on our pages; tokens of version 3 from an application of your own are judged by
    /// [`min_score`](Self::min_score) and by their action, which must be the purpose's word (`sign_up`, `sign_in`,
    /// `forgot`).
    ///
    /// # Errors
    /// Fails when the HTTP client cannot be set up.
    pub fn recaptcha(site_key: &str, secret: &str) -> Result<Self, CaptchaError> {
        let widget = BotWidget {
            kind: "recaptcha",
            fields: &["g-recaptcha-response", "bot_check"],
            class: "g-recaptcha",
            attributes: vec![("data-sitekey", site_key.to_owned())],
            script: BotScript::At("https://www.google.com/recaptcha/api.js".into()),
            own: &[],
            policy: &[
                ("script-src", "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/"),
                ("frame-src", "https://www.google.com/recaptcha/ https://recaptcha.google.com/recaptcha/"),
            ],
        };
        Self::new(site_key, secret, "https://www.google.com/recaptcha/api/siteverify", widget)
    }

    fn new(site_key: &str, secret: &str, url: &str, widget: BotWidget) -> Result<Self, CaptchaError> {
        let (url, client) = outbound(url)?;
        Ok(Self {
            client,
            url,
            secret: secret.into(),
            site_key: site_key.to_owned(),
            hosts: Vec::new(),
            names_action: false,
            min_score: 0.5,
            widget,
        })
    }

    /// Asks at this address instead: a proxy of your own, or another region of the third party.
    ///
    /// # Errors
    /// Fails when the address is neither `https://` nor `http://` on this machine.
    pub fn verified_at(self, url: &str) -> Result<Self, CaptchaError> {
        let (url, client) = outbound(url)?;
        Ok(Self { url, client, ..self })
    }

    /// Hosts whose tokens are taken. Default: that of the application's origin.
    #[must_use]
    pub fn hosts<T: Into<String>>(self, hosts: impl IntoIterator<Item = T>) -> Self {
        Self { hosts: hosts.into_iter().map(Into::into).collect(), ..self }
    }

    /// Least score of a token that has one, from 0 (a program) to 1 (a person). Default: 0.5.
    #[must_use]
    pub fn min_score(self, min_score: f64) -> Self {
        Self { min_score, ..self }
    }

    /// A further attribute of the widget, such as `data-theme` or `data-size`.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.widget.attributes.retain(|(known, _)| *known != name);
        self.widget.attributes.push((name, value.into()));
        self
    }

    async fn ask(&self, call: &BotCall<'_>, token: &str) -> Result<Answer, Fault> {
        let fields = [("secret", &*self.secret), ("response", token), ("sitekey", &self.site_key)];
        let fields = fields.into_iter().chain(call.address.map(|address| ("remoteip", address)));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(self.url.clone()).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        // Some say 400 together with what is wrong with the token.
        let status = response.status();
        let body = outbound::body(response, ANSWER_MAX_BYTES).await?;
        match serde_json::from_slice(&body) {
            Ok(answer) if !status.is_server_error() && !status.is_redirection() => Ok(answer),
            _ => Err(format!("status {}, and no answer", status.as_u16()).into()),
        }
    }

    /// What an answer is worth; `Err` for one that says nothing about the token.
    fn judge(&self, call: &BotCall<'_>, answer: &Answer) -> Result<Option<&'static str>, String> {
        if !answer.success {
            let unknown = answer.error_codes.iter().find(|code| !NOT_GOOD.contains(&code.as_str()));
            return match unknown {
                None if answer.error_codes.is_empty() => Err("it said no, and not why".into()),
                None => Ok(Some("token")),
                Some(code) => Err(code.chars().take(64).collect()),
            };
        }
        let hostname = answer.hostname.as_deref().unwrap_or_default();
        let is_host =
            if self.hosts.is_empty() { hostname == call.host } else { self.hosts.iter().any(|h| h == hostname) };
        // Version 3 of reCAPTCHA is told by its score.
        let names_action = self.names_action || answer.score.is_some();
        let made_at = answer.challenge_ts.as_deref().and_then(moment);
        let age = made_at.map(|made_at| call.now - made_at);
        Ok(match age {
            _ if !is_host => Some("host"),
            _ if names_action && answer.action.as_deref() != Some(call.purpose.as_str()) => Some("action"),
            _ if answer.score.is_some_and(|score| score < self.min_score) => Some("score"),
            Some(age) if age < limits::CAPTCHA_AGE && age > -CLOCK_LEEWAY => None,
            _ => Some("age"),
        })
    }
}

/// What `siteverify` answers.
#[derive(Deserialize)]
struct Answer {
    success: bool,
    #[serde(default)]
    challenge_ts: Option<String>,
    #[serde(default)]
    hostname: Option<String>,
    #[serde(default)]
    action: Option<String>,
    #[serde(default)]
    score: Option<f64>,
    #[serde(default, rename = "error-codes")]
    error_codes: Vec<String>,
}

fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()
}

fn outbound(url: &str) -> Result<(Url, Client), CaptchaError> {
    let (url, client) = outbound::client(url).map_err(CaptchaError)?;
    Ok((url, client.build().map_err(|error| CaptchaError(error.into()))?))
}

impl std::fmt::Debug for Captcha {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Captcha").field("kind", &self.widget.kind).finish_non_exhaustive()
    }
}

#[async_trait]
impl BotCheck for Captcha {
    fn widget(&self) -> &BotWidget {
        &self.widget
    }

    fn challenge(&self, _: &BotCall<'_>) -> Result<Option<BotChallenge>, BotCheckError> {
        Ok(None)
    }

    async fn verify(&self, call: &BotCall<'_>, answer: &str) -> Result<BotVerdict, BotCheckError> {
        if answer.len() > TOKEN_MAX_BYTES {
            return Ok(BotVerdict::Failed("malformed"));
        }
        let said = self.ask(call, answer).await.map_err(BotCheckError::because)?;
        Ok(match self.judge(call, &said).map_err(BotCheckError::because)? {
            Some(reason) => BotVerdict::Failed(reason),
            // So long the third party itself may take it again.
            None => BotVerdict::Passed {
                id: *Digest::of(answer.as_bytes()).as_bytes(),
                until: call.now + limits::CAPTCHA_AGE + CLOCK_LEEWAY,
            },
        })
    }
}

#[cfg(test)]
mod tests;
