//! Chromium, steered through chromedriver.

use std::time::Duration;

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::browser::Browser;
use crate::fault::Result;
use crate::options::Look;
use crate::process::{Program, Running};

/// No sandbox because tests run as root in containers; the rest keeps the browser from talking to anybody else.
const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en-US",
];
/// What browsers say that their person reads, if nothing else is asked for.
const ENGLISH: &str = "en-US,en";
/// A browser that does not close by itself goes with the driver.
const CLOSES_WITHIN: Duration = Duration::from_secs(5);

/// A running chromedriver.
pub(crate) struct Chromedriver {
    address: String,
    program: Running,
}

impl Chromedriver {
    /// Starts it on a port that it chooses.
    pub(crate) async fn start() -> Result<Self> {
        let path = std::env::var_os("USERMGMT_TEST_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
        let mut program = Program::start("chromedriver", Command::new(path).arg("--port=0"))?;
        let port = |line: &str| line.split_once("successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok();
        let port = program.says(port).await?;
        Ok(Self { address: format!("http://localhost:{port}"), program: program.unheard() })
    }

    /// Where one run is played.
    pub(crate) fn stage<'a>(&'a self, look: Look, origin: &str) -> Stage<'a> {
        Stage { driver: self, look, origin: origin.to_owned(), open: Mutex::default() }
    }

    pub(crate) async fn stop(self) {
        self.program.stop().await;
    }
}

/// The browsers of one run, each with a profile of its own.
pub(crate) struct Stage<'a> {
    driver: &'a Chromedriver,
    look: Look,
    origin: String,
    open: Mutex<Vec<(String, Browser, Client, TempDir)>>,
}

impl Stage<'_> {
    /// Opens another browser.
    pub(crate) async fn browser(&self, name: &str) -> Result<Browser> {
        self.browser_with(name, self.look, ENGLISH).await
    }

    /// Opens a browser at another application.
    pub(crate) async fn browser_at(&self, name: &str, origin: &str) -> Result<Browser> {
        self.open_browser(name, self.look, ENGLISH, origin).await
    }

    /// Opens a browser whose person reads another language, in the words of `Accept-Language`.
    pub(crate) async fn browser_reading(&self, name: &str, languages: &str) -> Result<Browser> {
        self.browser_with(name, self.look, languages).await
    }

    /// Opens a browser at another device: at a desk if the run is played on a phone, and the other way round.
    pub(crate) async fn browser_elsewhere(&self, name: &str) -> Result<Browser> {
        self.browser_with(name, self.look.elsewhere(), ENGLISH).await
    }

    async fn browser_with(&self, name: &str, look: Look, languages: &str) -> Result<Browser> {
        self.open_browser(name, look, languages, &self.origin).await
    }

    async fn open_browser(&self, name: &str, look: Look, languages: &str, origin: &str) -> Result<Browser> {
        let profile = tempfile::tempdir()?;
        let mut wanted = Capabilities::new();
        wanted.insert("goog:chromeOptions".into(), options(look, languages, &profile).into());
        wanted.insert("goog:loggingPrefs".into(), json!({ "browser": "ALL" }));
        let connecting =
            ClientBuilder::new(HttpConnector::new()).capabilities(wanted).connect(&self.driver.address).await;
        let client = connecting?;
        let browser = Browser::new(client.clone(), origin, look);
        self.open.lock().await.push((name.to_owned(), browser.clone(), client, profile));
        browser.make_sure_of_scripts().await.map_err(|fault| fault.during("JavaScript is not as it was ordered"))?;
        browser.dim_the_light().await?;
        Ok(browser)
    }

    /// What is open at this moment.
    pub(crate) async fn open(&self) -> Vec<(String, Browser)> {
        let open = self.open.lock().await;
        open.iter().map(|(name, browser, ..)| (name.clone(), browser.clone())).collect()
    }

    /// Closes every browser.
    pub(crate) async fn close(self) {
        for (_, _, client, _) in self.open.into_inner() {
            let _ = tokio::time::timeout(CLOSES_WITHIN, client.close()).await;
        }
    }
}

/// How the browser is started.
fn options(look: Look, languages: &str, profile: &TempDir) -> Map<String, Value> {
    let (width, height) = look.size();
    let mut flags: Vec<_> = FLAGS.into_iter().map(str::to_owned).collect();
    flags.push(format!("--user-data-dir={}", profile.path().display()));
    flags.push(format!("--window-size={width},{height}"));
    let mut preferences = Map::new();
    preferences.insert("intl.accept_languages".into(), json!(languages));
    if !look.scripts {
        preferences.insert("profile.managed_default_content_settings.javascript".into(), json!(2));
    }
    let mut options = Map::new();
    options.insert("args".into(), json!(flags));
    options.insert("prefs".into(), preferences.into());
    if let Ok(path) = std::env::var("USERMGMT_TEST_CHROMIUM") {
        options.insert("binary".into(), json!(path));
    }
    if look.phone {
        // A window cannot be as narrow as a phone; this is the developer tools' way to be one. Without scripts
        // chromedriver waits forever for the end of a touch.
        let touch = look.scripts;
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 2, "touch": touch, "mobile": true });
        options.insert("mobileEmulation".into(), json!({ "deviceMetrics": metrics }));
    }
    options
}
