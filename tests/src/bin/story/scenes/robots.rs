//! Somebody meets the bot check: a proof of work, with nothing to click. The examples ask nobody for one, so an
//! application of its own does.

use std::net::TcpListener;
use std::time::Instant;

use usermgmt_core::MemoryStore;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{BotProtection, ProofOfWork, UserMgmt};
use usermgmt_tests::cell::Framework;
use usermgmt_tests::host;

use super::{MAX, Scene};
use crate::browser::Browser;
use crate::fault::{Fault, Result, ensure};
use crate::patience::until;

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    let keys = KeyRing::generate(&OsRandom).map_err(|error| Fault::new(error.to_string()))?;
    let protection = BotProtection::always(ProofOfWork::new());
    let auth = UserMgmt::builder(MemoryStore::new(), &origin, keys).product("Example").bot_check(protection);
    let auth = auth.build().await.map_err(|error| Fault::new(error.to_string()))?;
    let server = host::start(Framework::Axum, listener, auth).await;
    let browser = scene.stage.browser_at("guarded", &origin).await?;
    let played =
        if scene.teller.look().scripts { with_scripts(scene, &browser).await } else { without(scene, &browser).await };
    server.stop().await;
    played
}

async fn enter(browser: &Browser) -> Result<()> {
    browser.open("/auth/sign-up").await?;
    browser.fill("Your name", MAX.name).await?;
    browser.fill("E-mail address", MAX.email).await?;
    browser.fill("Password", MAX.password).await
}

async fn with_scripts(scene: &Scene<'_>, browser: &Browser) -> Result<()> {
    let teller = scene.teller;
    teller
        .step("the check runs by itself while the form is filled in", async {
            let begun = Instant::now();
            enter(browser).await?;
            until(
                || "the check does not end".to_owned(),
                || async { Ok(browser.text().await?.contains("Checked. You can go on.").then_some(())) },
            )
            .await?;
            teller.say(&format!("  the form was filled in and checked after {} ms", begun.elapsed().as_millis()));
            Ok(())
        })
        .await?;
    teller.shot(browser, "bot-check-done").await?;
    teller
        .step("whoever passed it is let through", async {
            browser.press("Create account").await?;
            browser.is_headed("Check your mail").await
        })
        .await?;
    teller
        .step("whoever is quicker than the check waits for it", async {
            browser.open("/auth/forgot").await?;
            browser.fill("E-mail address", "somebody@example.test").await?;
            let begun = Instant::now();
            browser.press("Send the mail").await?;
            teller.say(&format!("  the next page came after {} ms", begun.elapsed().as_millis()));
            let place = browser.place().await?;
            ensure(place.starts_with("/auth/reset"), || format!("is at {place}"))
        })
        .await
}

async fn without(scene: &Scene<'_>, browser: &Browser) -> Result<()> {
    let teller = scene.teller;
    teller
        .step("without JavaScript the form says what it needs", async {
            enter(browser).await?;
            browser.reads("This form needs JavaScript").await
        })
        .await?;
    teller.shot(browser, "bot-check-no-script").await?;
    teller
        .step("and whoever sends it all the same is told why nothing happens", async {
            browser.press("Create account").await?;
            browser.reads("we check that you are a person").await?;
            let kept = browser.value("E-mail address").await?;
            ensure(kept == MAX.email, || format!("the address field holds “{kept}”"))
        })
        .await
}
