//! Max is impatient, and reads his mail on another device than the one he signs up on.

use super::sign_in::sign_in;
use super::{MAX, Person, Scene, mail};
use crate::fault::{Result, ensure};

/// The password that he chooses on the other device.
pub(super) const CHOSEN: &str = "a lighthouse made of paper";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { stage, teller, first, second, .. } = scene;
    sign_up_twice(scene).await?;
    let third = stage.browser("third").await?;
    teller
        .step("the link, opened in another browser, asks for a new password", async {
            mail::open(scene, first, MAX.email).await?;
            third.open(&mail::link(first).await?).await?;
            ensure(third.place().await? == "/auth/verify", || "the token stays in the address bar".into())?;
            third.is_headed("Confirm and choose a password").await?;
            third.reads(MAX.email).await?;
            third.reads("You opened this link in another browser").await
        })
        .await?;
    teller.shot(&third, "verify-elsewhere").await?;
    teller
        .step("a short one is refused at its field, and the link still works", async {
            third.fill("New password", "short").await?;
            third.press("Confirm and set password").await?;
            let error = third.error_at("New password").await?;
            ensure(error.contains("at least 8 characters"), || format!("the password is wrong because: {error}"))
        })
        .await?;
    teller.shot(&third, "verify-elsewhere-wrong").await?;
    teller
        .step("a good one proves the address", async {
            third.fill("New password", CHOSEN).await?;
            third.press("Confirm and set password").await?;
            third.is_at("/auth/sign-in").await?;
            third.reads("Your e-mail address is confirmed. You can sign in now.").await
        })
        .await?;
    teller
        .step("the password from the sign-up is dropped", async {
            second.open("/auth/sign-in").await?;
            sign_in(second, &MAX).await?;
            second.reads("This e-mail address and this password do not belong together.").await
        })
        .await?;
    teller
        .step("the chosen one signs in, and the organization is there", async {
            third.open("/auth/account").await?;
            sign_in(&third, &Person { password: CHOSEN, ..MAX }).await?;
            third.is_at("/auth/account").await?;
            third.reads(MAX.organization).await
        })
        .await
}

async fn sign_up_twice(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("a sign-up whose button is pressed twice does no harm", async {
            first.open("/auth/sign-up").await?;
            first.fill("Your name", MAX.name).await?;
            first.fill("E-mail address", MAX.email).await?;
            first.fill("Password", MAX.password).await?;
            first.fill("Organization (optional)", MAX.organization).await?;
            first.press_twice("Create account").await?;
            let text = first.text().await?;
            let said = ["Check your mail", "If you pressed the button twice, everything is fine"];
            ensure(said.iter().any(|said| text.contains(said)), || format!("it says: {text}"))
        })
        .await?;
    teller.shot(first, "sign-up-twice").await?;
    teller
        .step("nor does another one with the same address, typed otherwise", async {
            second.open("/auth/sign-up").await?;
            second.fill("Your name", "Somebody else").await?;
            second.fill("E-mail address", MAX.email_otherwise).await?;
            second.fill("Password", "quite another password").await?;
            second.press("Create account").await?;
            second.reads("Too many attempts. Please try again").await
        })
        .await?;
    teller.shot(second, "sign-up-again").await?;
    teller
        .step("there is one account and one mail", async {
            mail::open(scene, first, MAX.email).await?;
            let mails = mail::count(first, MAX.email).await?;
            ensure(mails == 1, || format!("{mails} mails"))
        })
        .await
}
