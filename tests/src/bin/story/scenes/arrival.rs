//! Zoë comes as a stranger and signs up, with mistakes first.

use super::{Scene, ZOE, mail};
use crate::fault::{Result, ensure};

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, closed, .. } = scene;
    teller
        .step("the home page greets a stranger", async {
            first.open("/").await?;
            first.is_headed_only("Projects of your team").await?;
            first.follow("Sign up").await?;
            first.is_headed("Create your account").await?;
            first.back().await?;
            first.is_at("/").await
        })
        .await?;
    teller.shot(first, "home").await?;
    teller
        .step("a page for members leads a stranger to the sign-in page", async {
            first.open(closed).await?;
            first.is_at("/auth/sign-in").await?;
            first.is_headed("Sign in").await
        })
        .await?;
    teller.shot(first, "sign-in").await?;
    teller
        .step("the sign-in page leads to the sign-up page", async {
            first.follow("Sign up").await?;
            first.is_headed("Create your account").await
        })
        .await?;
    teller.shot(first, "sign-up").await?;
    sign_up_wrongly(scene).await?;
    teller
        .step("signing up right leads to the page that waits for the mail", async {
            first.fill("Password", ZOE.password).await?;
            first.press("Create account").await?;
            first.is_at("/auth/verify").await?;
            first.is_headed("Check your mail").await?;
            first.reads(ZOE.email).await
        })
        .await?;
    teller.shot(first, "check-mail").await?;
    teller
        .step("loading that page again shows it again and sends nothing", async {
            first.reload().await?;
            first.is_headed("Check your mail").await?;
            first.reads(ZOE.email).await
        })
        .await?;
    teller.step("the mail is in the development mailbox", mail::open(scene, first, ZOE.email)).await?;
    teller.shot(first, "mail").await?;
    let (link, code) = (mail::link(first).await?, mail::code(first).await?);
    pending(scene).await?;
    if teller.look().by_link() { by_link(scene, &link).await } else { by_code(scene, &code).await }
}

async fn sign_up_wrongly(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("a bad address is named at its field", async {
            first.fill("Your name", ZOE.name).await?;
            first.fill("E-mail address", "zoe at example").await?;
            first.fill("Password", "short").await?;
            first.fill("Organization (optional)", ZOE.organization).await?;
            first.press("Create account").await?;
            first.reads("Please correct what is marked below.").await?;
            let error = first.error_at("E-mail address").await?;
            ensure(error.contains("name@example.com"), || format!("the address is wrong because: {error}"))
        })
        .await?;
    teller.shot(first, "sign-up-bad-address").await?;
    teller
        .step("what was entered is still there, but not the password", async {
            for (label, value) in [
                ("Your name", ZOE.name),
                ("E-mail address", "zoe at example"),
                ("Password", ""),
                ("Organization (optional)", ZOE.organization),
            ] {
                let kept = first.value(label).await?;
                ensure(kept == value, || format!("“{label}” holds “{kept}”"))?;
            }
            Ok(())
        })
        .await?;
    teller
        .step("a short password is named at its field", async {
            first.fill("E-mail address", ZOE.email).await?;
            first.fill("Password", "short").await?;
            first.press("Create account").await?;
            let error = first.error_at("Password").await?;
            ensure(error.contains("at least 8 characters"), || format!("the password is wrong because: {error}"))
        })
        .await?;
    teller.shot(first, "sign-up-short-password").await
}

/// Nobody is signed in before the address is proven.
async fn pending(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, closed, .. } = scene;
    // Where the code is used, the sign-in that waits is begun in the same browser and then goes on by itself.
    let browser = if teller.look().by_link() { second } else { first };
    teller
        .step("before that, a wrong password says nothing about the address", async {
            browser.open(closed).await?;
            browser.fill("E-mail address", ZOE.email).await?;
            browser.fill("Password", "not this one").await?;
            browser.press("Sign in").await?;
            browser.reads("This e-mail address and this password do not belong together.").await
        })
        .await?;
    teller
        .step("and the right one leads to the proof of the address, not into the application", async {
            browser.fill("Password", ZOE.password).await?;
            browser.press("Sign in").await?;
            browser.is_at("/auth/verify").await?;
            browser.reads("Your password is right. Before you can go on").await?;
            ensure(browser.cookie("um_session").await?.is_none(), || "there is a session already".into())
        })
        .await?;
    teller.shot(browser, "pending").await?;
    teller
        .step("pages for members stay closed", async {
            browser.open(closed).await?;
            browser.is_at("/auth/sign-in").await
        })
        .await
}

async fn by_link(scene: &Scene<'_>, link: &str) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("its link opens a page with a button, and leaves the address bar", async {
            first.follow_containing("/auth/verify?token=").await?;
            ensure(first.place().await? == "/auth/verify", || "the token stays in the address bar".into())?;
            first.is_headed("Confirm your address").await?;
            first.reads(ZOE.email).await
        })
        .await?;
    teller.shot(first, "verify").await?;
    teller
        .step("the button proves the address and leads to the sign-in page", async {
            first.press("Confirm address").await?;
            first.is_at("/auth/sign-in").await?;
            first.reads("Your e-mail address is confirmed. You can sign in now.").await
        })
        .await?;
    teller.shot(first, "verified").await?;
    teller
        .step("the used link says so", async {
            first.open(link).await?;
            first.is_headed("This link does not work any more").await
        })
        .await?;
    teller.shot(first, "dead-link").await
}

async fn by_code(scene: &Scene<'_>, code: &str) -> Result<()> {
    let Scene { teller, first, closed, .. } = scene;
    teller
        .step("a wrong code is refused", async {
            first.open("/auth/verify").await?;
            first.fill("Code from the mail", if code == "123456" { "654321" } else { "123456" }).await?;
            first.press("Confirm address").await?;
            first.reads("This code is wrong").await
        })
        .await?;
    teller.shot(first, "code-wrong").await?;
    teller
        .step("the right one proves the address, and the sign-in that waited is complete", async {
            first.fill("Code from the mail", code).await?;
            first.press("Confirm address").await?;
            first.is_at(closed).await
        })
        .await?;
    teller
        .step("signing out leads to the sign-in page", async {
            first.open("/auth/account").await?;
            first.press("Sign out").await?;
            first.is_at("/auth/sign-in").await?;
            first.reads("You are signed out on this device.").await
        })
        .await
}
