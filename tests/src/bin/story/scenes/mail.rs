//! Reading mail in the development mailbox.

use super::Scene;
use crate::browser::Browser;
use crate::fault::{Fault, Result};

const MAILBOX: &str = "/auth/dev/mailbox";

/// Opens the newest mail to an address, as soon as it has come.
pub(super) async fn open(scene: &Scene<'_>, browser: &Browser, to: &str) -> Result<()> {
    open_again(scene, browser, to, "", 1).await
}

/// Opens the newest mail about something to an address, as soon as there are as many of them.
pub(super) async fn open_again(
    scene: &Scene<'_>,
    browser: &Browser,
    to: &str,
    about: &str,
    count: usize,
) -> Result<()> {
    let wanted = [to, about];
    browser.open(MAILBOX).await?;
    browser.is_headed("Development mailbox").await?;
    browser.follow_until("Look again", &wanted, count).await?;
    scene.teller.shot(browser, "mailbox").await?;
    browser.follow_saying(&wanted).await?;
    browser.reads(to).await?;
    browser.reads(about).await
}

/// Opens the first mail about something to an address.
pub(super) async fn open_about(scene: &Scene<'_>, browser: &Browser, to: &str, about: &str) -> Result<()> {
    open_again(scene, browser, to, about, 1).await
}

/// How many mails to an address lie there.
pub(super) async fn count(browser: &Browser, to: &str) -> Result<usize> {
    browser.open(MAILBOX).await?;
    let text = browser.text().await?.to_lowercase();
    Ok(text.matches(&format!("to {}", to.to_lowercase())).count())
}

/// The link in the mail that is open.
pub(super) async fn link(browser: &Browser) -> Result<String> {
    let text = browser.text().await?;
    let link = text.split_whitespace().find(|word| word.contains("?token="));
    let (_, path) =
        link.and_then(|link| link.split_once("/auth/")).ok_or_else(|| Fault::new("the mail has no link"))?;
    Ok(format!("/auth/{path}"))
}

/// The code in the mail that is open.
pub(super) async fn code(browser: &Browser) -> Result<String> {
    let text = browser.text().await?;
    let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
    text.split_whitespace().find(is_code).map(str::to_owned).ok_or_else(|| Fault::new("the mail has no code"))
}
