//! Mails and texts that go nowhere.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use url::Url;
use usermgmt_http::service::core::port::{Mail, MailError, Mailer, Sms, SmsError, SmsSender};

/// A mail, or a text to a phone, as it was handed over, links and codes in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedMail {
    id: String,
    /// The recipient, as typed; a phone number as `+` and digits.
    pub to: String,
    /// The subject; of a text the first line.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
}

impl CapturedMail {
    /// The links in it, in their order: each stands on a line of its own in the text part.
    #[must_use]
    pub fn links(&self) -> Vec<Url> {
        let lines = self.text.lines().map(str::trim).filter(|line| line.starts_with("http"));
        lines.filter_map(|line| Url::parse(line).ok()).collect()
    }

    /// Path and query of its first link: what a browser at the application's origin asks for.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    pub fn link(&self) -> String {
        let link = self.links().into_iter().next();
        let link = link.unwrap_or_else(|| panic!("no link in this mail: {}", self.text));
        link.query().map_or_else(|| link.path().to_owned(), |query| format!("{}?{query}", link.path()))
    }

    /// The token in its first link.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    pub fn token(&self) -> String {
        let links = self.links();
        let mut pairs = links.iter().take(1).flat_map(Url::query_pairs);
        let token = pairs.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned());
        token.unwrap_or_else(|| panic!("no link with a token in this mail: {}", self.text))
    }

    /// The code in it: the line that is nothing but six or eight digits, or what a text ends with.
    ///
    /// # Panics
    /// If it has none.
    #[must_use]
    pub fn code(&self) -> String {
        let is_code = |line: &&str| matches!(line.len(), 6 | 8) && line.bytes().all(|byte| byte.is_ascii_digit());
        let texted = self.text.rsplit('#').next().filter(|_| self.html.is_none());
        let code = self.text.lines().map(str::trim).chain(texted).find(is_code);
        code.unwrap_or_else(|| panic!("no code in this mail: {}", self.text)).to_owned()
    }
}

/// Keeps every mail. Clones are the same mailbox.
#[derive(Clone, Debug, Default)]
pub struct Mailbox(Arc<Mutex<Vec<CapturedMail>>>);

impl Mailbox {
    fn kept(&self) -> MutexGuard<'_, Vec<CapturedMail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The mails that were handed over, oldest first. What is promised is handed over by
    /// [`TestAuth::run_workers`](crate::TestAuth::run_workers).
    #[must_use]
    pub fn mails(&self) -> Vec<CapturedMail> {
        self.kept().clone()
    }

    /// Those to this address, oldest first.
    #[must_use]
    pub fn to(&self, address: &str) -> Vec<CapturedMail> {
        self.kept().iter().filter(|mail| mail.to.eq_ignore_ascii_case(address)).cloned().collect()
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        self.kept().clear();
    }

    fn keep(&self, new: CapturedMail) {
        let mut kept = self.kept();
        // The same message sent again is the same mail.
        kept.retain(|mail| mail.id != new.id);
        kept.push(new);
    }

    pub(crate) fn recipients(&self) -> Vec<String> {
        self.kept().iter().map(|mail| mail.to.clone()).collect()
    }
}

#[async_trait]
impl SmsSender for Mailbox {
    async fn send(&self, sms: &Sms) -> Result<(), SmsError> {
        let text = sms.expose_text().to_owned();
        self.keep(CapturedMail {
            id: sms.id.to_string(),
            to: sms.to.canonical().to_owned(),
            subject: text.lines().next().unwrap_or_default().to_owned(),
            text,
            html: None,
        });
        Ok(())
    }
}

#[async_trait]
impl Mailer for Mailbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.keep(CapturedMail {
            id: mail.id.to_string(),
            to: mail.to.display().to_owned(),
            subject: mail.subject.clone(),
            text: mail.expose_text().to_owned(),
            html: mail.expose_html().map(str::to_owned),
        });
        Ok(())
    }
}
