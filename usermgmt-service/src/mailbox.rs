//! The development mailbox: mails that go nowhere and can be read in the browser, on a localhost origin only.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use usermgmt_core::port::{Mail, MailError, Mailer};

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

/// Keeps mails in memory and, if told so, in a folder, one JSON file each, so that they outlive a restart.
#[derive(Clone, Debug, Default)]
pub struct DevMailbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    mails: Mutex<VecDeque<KeptMail>>,
    folder: Option<PathBuf>,
}

impl DevMailbox {
    /// A mailbox whose mails stand in this folder too. Mails that are there already are shown.
    #[must_use]
    pub fn in_folder(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref().to_owned();
        let mut mails: Vec<_> = read(&folder);
        mails.sort_by(|a, b| a.id.cmp(&b.id));
        let surplus = mails.len().saturating_sub(KEPT);
        mails.drain(..surplus);
        Self(Arc::new(Inner { mails: Mutex::new(mails.into()), folder: Some(folder) }))
    }

    /// The mails, newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<KeptMail> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }

    /// One mail.
    #[must_use]
    pub fn mail(&self, id: &str) -> Option<KeptMail> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|mail| mail.id == id).cloned()
    }
}

fn read(folder: &Path) -> Vec<KeptMail> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let files =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
    files.filter_map(|path| serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()).collect()
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
        if let Some(folder) = &self.0.folder {
            keep(folder, &kept).map_err(|error| MailError::Temporary(error.to_string()))?;
        }
        let mut mails = self.0.mails.lock().unwrap_or_else(PoisonError::into_inner);
        // The same message sent again after a crash is the same mail.
        mails.retain(|mail| mail.id != kept.id);
        mails.push_back(kept);
        if mails.len() > KEPT {
            mails.pop_front();
        }
        Ok(())
    }
}
