//! The development mailbox: mails that go nowhere and can be read in the browser, on a localhost origin only.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use usermgmt_core::port::{Mail, MailError, Mailer, Sms, SmsError, SmsSender};

/// Mails that are kept; the oldest give way.
const KEPT: usize = 200;

/// A mail in the development mailbox. It holds links and codes in clear: that is what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptMail {
    /// The message's idempotency id.
    pub id: String,
    /// The recipient, as typed.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: Option<String>,
}

/// Keeps mails in memory or, if told so, in a folder, one JSON file each: then they outlive a restart, and every process
/// that shares the folder shows them.
#[derive(Clone, Debug)]
pub struct DevMailbox(Arc<Place>);

#[derive(Debug)]
enum Place {
    Memory(Mutex<VecDeque<KeptMail>>),
    Folder(PathBuf),
}

impl Default for DevMailbox {
    fn default() -> Self {
        Self(Arc::new(Place::Memory(Mutex::default())))
    }
}

impl DevMailbox {
    /// A mailbox whose mails stand in this folder. Mails that are there already are shown.
    #[must_use]
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        Self(Arc::new(Place::Folder(folder.as_ref().to_owned())))
    }

    /// The mails, newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<KeptMail> {
        match &*self.0 {
            Place::Memory(mails) => {
                mails.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
            }
            Place::Folder(folder) => read(folder),
        }
    }

    fn put(&self, kept: KeptMail) -> std::io::Result<()> {
        let mails = match &*self.0 {
            Place::Folder(folder) => return keep(folder, &kept),
            Place::Memory(mails) => mails,
        };
        let mut mails = mails.lock().unwrap_or_else(PoisonError::into_inner);
        // The same message sent again after a crash is the same mail.
        mails.retain(|mail| mail.id != kept.id);
        mails.push_back(kept);
        if mails.len() > KEPT {
            mails.pop_front();
        }
        Ok(())
    }

    /// One mail.
    #[must_use]
    pub fn mail(&self, id: &str) -> Option<KeptMail> {
        self.mails().into_iter().find(|mail| mail.id == id)
    }
}

/// The newest mails in a folder, newest first: ids grow with time, and a file is called by the id.
fn read(folder: &Path) -> Vec<KeptMail> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    files.sort();
    let newest = files.iter().rev().take(KEPT);
    newest.filter_map(|path| serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()).collect()
}

/// Writes whole or not at all: a file appears under its name only once it is complete.
fn keep(folder: &Path, mail: &KeptMail) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let (path, draft) = (folder.join(format!("{}.json", mail.id)), folder.join(format!("{}.draft", mail.id)));
    std::fs::write(&draft, serde_json::to_vec_pretty(mail)?)?;
    std::fs::rename(draft, path)
}

#[async_trait]
impl Mailer for DevMailbox {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let kept = KeptMail {
            id: mail.id.to_string(),
            to: mail.to.display().to_owned(),
            subject: mail.subject.clone(),
            text: mail.expose_text().to_owned(),
            html: mail.expose_html().map(str::to_owned),
        };
        self.put(kept).map_err(|error| MailError::Temporary(error.to_string()))
    }
}

/// A text lies among the mails: its first line is the subject.
#[async_trait]
impl SmsSender for DevMailbox {
    async fn send(&self, sms: &Sms) -> Result<(), SmsError> {
        let text = sms.expose_text();
        let kept = KeptMail {
            id: sms.id.to_string(),
            to: sms.to.canonical().to_owned(),
            subject: text.lines().next().unwrap_or_default().to_owned(),
            text: text.to_owned(),
            html: None,
        };
        self.put(kept).map_err(|error| SmsError::Temporary(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use usermgmt_core::address::EmailAddress;
    use usermgmt_core::id::OutboxId;
    use usermgmt_core::port::OsRandom;

    use super::*;

    async fn send(mailbox: &DevMailbox, second: i64, subject: &str) -> String {
        let id = OutboxId::new(&OsRandom, OffsetDateTime::from_unix_timestamp(second).unwrap()).unwrap();
        let to = EmailAddress::parse("ann@example.com").unwrap();
        let mail = Mail::new(id, to, subject.to_owned(), "text".to_owned(), None);
        Mailer::send(mailbox, &mail).await.unwrap();
        Mailer::send(mailbox, &mail).await.unwrap();
        id.to_string()
    }

    #[tokio::test]
    async fn every_process_on_one_folder_shows_the_mails_of_all() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (DevMailbox::in_folder(folder.path()), DevMailbox::in_folder(folder.path()));
        let first = send(&one, 1, "first").await;
        send(&other, 2, "second").await;
        for mailbox in [one, other, DevMailbox::in_folder(folder.path())] {
            let subjects: Vec<_> = mailbox.mails().into_iter().map(|mail| mail.subject).collect();
            assert_eq!(subjects, ["second", "first"]);
            assert_eq!(mailbox.mail(&first).unwrap().subject, "first");
        }
    }
}
