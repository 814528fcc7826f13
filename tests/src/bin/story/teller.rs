//! Tells the steps, takes the pictures.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::browser::Browser;
use crate::fault::{Fault, Result};
use crate::options::{Look, Options};
use crate::process;

/// A step that takes longer hangs. It is no measure of speed.
const HANGS_AFTER: Duration = Duration::from_secs(60);
/// For pictures of a failure.
const KEEPS_WITHIN: Duration = Duration::from_secs(10);

/// The teller of one run.
pub(crate) struct Teller {
    look: Look,
    shots: Option<PathBuf>,
    /// Where pictures of failures go.
    failures: PathBuf,
    /// The steps that were taken.
    steps: Mutex<Vec<String>>,
    pictures: AtomicUsize,
}

impl Teller {
    pub(crate) fn new(options: &Options, look: Look) -> Result<Self> {
        let beside = process::beside()?;
        let target = beside.parent().ok_or_else(|| Fault::new("there is no target directory"))?;
        if let Some(shots) = &options.shots {
            std::fs::create_dir_all(shots)?;
        }
        Ok(Self {
            look,
            shots: options.shots.clone(),
            failures: target.join("usermgmt").join("story").join(options.example.cell.framework.name()),
            steps: Mutex::default(),
            pictures: AtomicUsize::new(0),
        })
    }

    pub(crate) const fn look(&self) -> Look {
        self.look
    }

    /// The steps so far, in their order.
    pub(crate) fn steps(&self) -> Vec<String> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says something of this run; others may be told at the same time.
    pub(crate) fn say(&self, what: &str) {
        println!("{:<12} {what}", self.look.slug());
    }

    /// One step of the story.
    pub(crate) async fn step<T>(&self, what: &str, done: impl Future<Output = Result<T>>) -> Result<T> {
        let answer = tokio::time::timeout(HANGS_AFTER, done).await;
        let answer = answer.unwrap_or_else(|_| Err(Fault::new("it hangs"))).map_err(|fault| fault.during(what))?;
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
        self.say(&format!("✓ {what}"));
        Ok(answer)
    }

    /// A picture of the page that is open, if pictures are wanted.
    pub(crate) async fn shot(&self, browser: &Browser, name: &str) -> Result<()> {
        let Some(shots) = &self.shots else { return Ok(()) };
        let number = self.pictures.fetch_add(1, Ordering::Relaxed) + 1;
        let path = shots.join(format!("{}-{number:03}-{name}.png", self.look.slug()));
        Ok(std::fs::write(path, browser.picture().await?)?)
    }

    /// Keeps what a browser shows when something has gone wrong.
    pub(crate) async fn keep_what_is_seen(&self, name: &str, browser: &Browser) {
        let kept = tokio::time::timeout(KEEPS_WITHIN, self.try_to_keep(name, browser)).await;
        if let Err(fault) = kept.unwrap_or_else(|_| Err(Fault::new("the browser hangs"))) {
            self.say(&format!("{name}: nothing could be kept: {fault}"));
        }
    }

    async fn try_to_keep(&self, name: &str, browser: &Browser) -> Result<()> {
        std::fs::create_dir_all(&self.failures)?;
        let base = self.failures.join(format!("{}-{name}", self.look.slug()));
        let (page, picture) = (base.with_extension("html"), base.with_extension("png"));
        std::fs::write(&page, browser.source().await?)?;
        std::fs::write(&picture, browser.picture().await?)?;
        self.say(&format!("{name} was showing {} ({})", picture.display(), page.display()));
        Ok(())
    }
}
