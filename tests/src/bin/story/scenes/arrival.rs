//! Zoë comes as a stranger and signs up, with mistakes first.

use super::{Scene, ZOE, mail};
use crate::fault::{Result, ensure};

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, .. } = scene;
    if let Some(home) = host.home() {
        teller.step("the home page greets a stranger", first.open(home)).await?;
        teller.shot(first, "home").await?;
    }
    teller
        .step("a page for members leads a stranger to the sign-in page", async {
            first.open(host.members_only()).await?;
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
            first.fill("E-mail address", ZOE.email).await?;
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
    pending(scene).await?;
    if teller.look().by_link() { by_link(scene).await } else { by_code(scene).await }
}

async fn sign_up_wrongly(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("a bad address and a short password are named at their fields", async {
            first.fill("Your name", ZOE.name).await?;
            first.fill("E-mail address", "zoe at example").await?;
            first.fill("Password", "short").await?;
            first.fill("Organization (optional)", ZOE.organization).await?;
            first.press("Create account").await?;
            first.reads("Please correct what is marked below.").await?;
            let (email, password) = (first.error_at("E-mail address").await?, first.error_at("Password").await?);
            ensure(email.contains("name@example.com"), || format!("the address is wrong because: {email}"))?;
            ensure(password.contains("at least 8 characters"), || format!("the password is wrong because: {password}"))
        })
        .await?;
    teller.shot(first, "sign-up-wrong").await?;
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
        .await
}

/// Nobody is signed in before the address is proven.
async fn pending(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, second, .. } = scene;
    // Where the code is used, the sign-in that waits is begun in the same browser and then goes on by itself.
    let browser = if teller.look().by_link() { second } else { first };
    teller
        .step("before that, a wrong password says nothing about the address", async {
            browser.open(host.members_only()).await?;
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
            browser.open(host.members_only()).await?;
            browser.is_at("/auth/sign-in").await
        })
        .await
}

async fn by_link(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller.step("the mail is in the development mailbox", mail::open(scene, first, ZOE.email)).await?;
    teller.shot(first, "mail").await?;
    let link = mail::link(first).await?;
    teller
        .step("its link opens a page with a button, and leaves the address bar", async {
            first.follow_containing("/auth/verify?token=").await?;
            ensure(first.place().await? == "/auth/verify", || "the token stays in the address bar".into())?;
            first.is_headed("Confirm your e-mail address").await?;
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
            first.open(&link).await?;
            first.is_headed("This link does not work any more").await
        })
        .await?;
    teller.shot(first, "dead-link").await
}

async fn by_code(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, .. } = scene;
    teller.step("the mail is in the development mailbox", mail::open(scene, first, ZOE.email)).await?;
    teller.shot(first, "mail").await?;
    let code = mail::code(first).await?;
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
            first.fill("Code from the mail", &code).await?;
            first.press("Confirm address").await?;
            first.is_at(host.members_only()).await
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
