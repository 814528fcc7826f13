//! Ida signs up without a password and signs in by her fingerprint; Max adds a passkey to his password. The examples have
//! no passkeys, so an application of its own does. The authenticator is Chromium's own, without a finger.

use std::net::TcpListener;

use serde_json::{Value, json};
use usermgmt_core::MemoryStore;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{Passkeys, UserMgmt};
use usermgmt_tests::cell::Framework;
use usermgmt_tests::host;

use super::{MAX, Scene, mail};
use crate::browser::Browser;
use crate::command::Own;
use crate::fault::{Fault, Result, ensure};
use crate::patience::until;

const IDA: &str = "ida@example.test";
const FACTORS: &str = "/auth/account/factors";
const ACCOUNT: &str = "/auth/account";

/// The authenticator of a device.
struct Authenticator<'a> {
    browser: &'a Browser,
    id: String,
}

impl<'a> Authenticator<'a> {
    async fn in_device(browser: &'a Browser) -> Result<Self> {
        let added = browser.command(Own::add_authenticator()).await?;
        let id = added.as_str().map(str::to_owned).ok_or_else(|| Fault::new(format!("no authenticator: {added}")))?;
        Ok(Self { browser, id })
    }

    /// With what another one has kept.
    async fn with(browser: &'a Browser, credentials: &[Value]) -> Result<Self> {
        let own = Self::in_device(browser).await?;
        for credential in credentials {
            browser.command(Own::add_credential(&own.id, credential)).await?;
        }
        Ok(own)
    }

    async fn credentials(&self) -> Result<Vec<Value>> {
        let kept = self.browser.command(Own::credentials(&self.id)).await?;
        Ok(kept.as_array().cloned().unwrap_or_default())
    }

    /// Takes it out of the device; what it has kept is the answer.
    async fn take_out(self) -> Result<Vec<Value>> {
        let kept = self.credentials().await?;
        self.browser.command(Own::remove_authenticator(&self.id)).await?;
        Ok(kept)
    }
}

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    let keys = KeyRing::generate(&OsRandom).map_err(|error| Fault::new(error.to_string()))?;
    let passkeys = Passkeys::default().sign_up().offer();
    let auth = UserMgmt::builder(MemoryStore::new(), &origin, keys).product("Example").passkeys(passkeys).home(ACCOUNT);
    let auth = auth.build().await.map_err(|error| Fault::new(error.to_string()))?;
    let server = host::start(Framework::Axum, listener, auth).await;
    let ida = scene.stage.browser_at("ida", &origin).await?;
    let max = scene.stage.browser_at("max", &origin).await?;
    let played = match scene.teller.look().scripts {
        true => with_scripts(scene, &ida, &max).await,
        false => without(scene, &ida).await,
    };
    server.stop().await;
    played
}

async fn sign_up(scene: &Scene<'_>, browser: &Browser) -> Result<()> {
    browser.open("/auth/sign-up").await?;
    scene.teller.shot(browser, "passkey-sign-up").await?;
    browser.fill("Your name", "Ida Nib").await?;
    browser.fill("E-mail address", IDA).await?;
    browser.press("Sign up without a password").await?;
    mail::open(scene, browser, IDA).await?;
    let link = mail::link(browser).await?;
    browser.open(&link).await?;
    browser.press("Sign in").await?;
    browser.is_headed("Make your passkey").await
}

async fn without(scene: &Scene<'_>, browser: &Browser) -> Result<()> {
    scene
        .teller
        .step("without JavaScript the page of the passkey leads to a password", async {
            sign_up(scene, browser).await?;
            browser.reads("Passkeys need JavaScript").await?;
            browser.follow("Set a password instead").await?;
            browser.is_at("/auth/forgot").await
        })
        .await?;
    scene.teller.shot(browser, "passkey-no-script").await
}

async fn with_scripts(scene: &Scene<'_>, ida: &Browser, max: &Browser) -> Result<()> {
    first_passkey(scene, ida).await?;
    second_factor(scene, max).await
}

async fn first_passkey(scene: &Scene<'_>, browser: &Browser) -> Result<()> {
    let teller = scene.teller;
    let authenticator = Authenticator::in_device(browser).await?;
    teller.step("Ida signs up without a password; her mail leads to the passkey", sign_up(scene, browser)).await?;
    teller.shot(browser, "passkey-first").await?;
    teller
        .step("one press makes it, and she is signed in", async {
            browser.press("Make a passkey").await?;
            browser.comes_to(ACCOUNT).await?;
            let kept = authenticator.credentials().await?;
            let is_resident = |one: &Value| one.get("isResidentCredential") == Some(&json!(true));
            ensure(kept.len() == 1 && kept.iter().all(is_resident), || format!("the authenticator keeps {kept:?}"))
        })
        .await?;
    teller
        .step("the next sign-in is filled in by the browser: nothing to type, nothing to press", async {
            browser.open(ACCOUNT).await?;
            browser.press_containing("Sign out").await?;
            browser.pass_by("/auth/sign-in").await?;
            browser.comes_to(ACCOUNT).await?;
            browser.reads(IDA).await
        })
        .await?;
    let kept = authenticator.take_out().await?;
    teller
        .step("a copy of the key that was used before is found out by its counter", async {
            browser.press_containing("Sign out").await?;
            browser.open("/auth/sign-in").await?;
            teller.shot(browser, "passkey-sign-in").await?;
            let mut older = kept.clone();
            older.iter_mut().for_each(|one| one["signCount"] = json!(0));
            let copy = Authenticator::with(browser, &older).await?;
            browser.pass_by("/auth/sign-in").await?;
            browser.comes_to("/auth/sign-in/passkey").await?;
            browser.reads("This passkey is not right here").await?;
            copy.take_out().await.map(drop)
        })
        .await?;
    teller.shot(browser, "passkey-copied").await?;
    let authenticator = Authenticator::with(browser, &kept).await?;
    teller
        .step("the real one still signs in, is named, and cannot be removed: it is the only way in", async {
            browser.press_here("Sign in with a passkey").await?;
            browser.comes_to(ACCOUNT).await?;
            browser.open(FACTORS).await?;
            browser.unfold("Rename").await?;
            browser.fill("Name of the passkey", "Ida’s laptop").await?;
            browser.press("Save name").await?;
            browser.reads("Ida’s laptop").await?;
            browser.press("Remove").await?;
            browser.reads("This is your only way to sign in").await
        })
        .await?;
    teller.shot(browser, "passkey-list").await?;
    authenticator.take_out().await.map(drop)
}

async fn second_factor(scene: &Scene<'_>, browser: &Browser) -> Result<()> {
    let teller = scene.teller;
    teller
        .step("Max signs up with a password, and is offered a passkey once", async {
            browser.open("/auth/sign-up").await?;
            browser.fill("Your name", MAX.name).await?;
            browser.fill("E-mail address", MAX.email).await?;
            browser.fill("Password", MAX.password).await?;
            browser.press("Create account").await?;
            mail::open(scene, browser, MAX.email).await?;
            let link = mail::link(browser).await?;
            browser.open(&link).await?;
            browser.press_containing("Confirm").await?;
            password(browser).await?;
            browser.is_headed("Sign in faster next time").await
        })
        .await?;
    teller.shot(browser, "passkey-offer").await?;
    let authenticator = Authenticator::in_device(browser).await?;
    teller
        .step("he adds one as a second factor, and gets recovery codes", async {
            browser.press("Not now").await?;
            browser.open(FACTORS).await?;
            browser.tick("Ask for it after my password, too").await?;
            browser.press("Make a passkey").await?;
            browser.is_headed("Your recovery codes").await?;
            browser.follow("I have kept them safe").await?;
            browser.reads("also asked for after the password").await
        })
        .await?;
    let kept = authenticator.take_out().await?;
    teller
        .step("his password alone is not enough any more; without his device he can use a code", async {
            browser.open(ACCOUNT).await?;
            browser.press_containing("Sign out").await?;
            password(browser).await?;
            browser.is_headed("Show that it is you").await?;
            browser.reads("Confirm with your passkey").await?;
            let strange = Authenticator::in_device(browser).await?;
            browser.press_here("Use my passkey").await?;
            let told = || async { Ok(browser.text().await?.contains("Nothing was done").then_some(())) };
            until(|| "nothing is said".to_owned(), told).await?;
            strange.take_out().await.map(drop)
        })
        .await?;
    teller.shot(browser, "passkey-second-factor").await?;
    let authenticator = Authenticator::with(browser, &kept).await?;
    teller
        .step("with it, one press is enough", async {
            browser.press("Use my passkey").await?;
            browser.comes_to(ACCOUNT).await
        })
        .await?;
    teller
        .step("he removes it, and the password is enough again", async {
            browser.open(FACTORS).await?;
            browser.press("Remove").await?;
            browser.reads("Removed.").await?;
            browser.never_reads("also asked for after the password").await
        })
        .await?;
    authenticator.take_out().await.map(drop)
}

/// Signs in by password on the page for it.
async fn password(browser: &Browser) -> Result<()> {
    browser.open("/auth/sign-in").await?;
    super::sign_in::sign_in(browser, &MAX).await
}
