//! Zoë changes her profile and her password.

use super::sign_in::enter;
use super::{Person, Scene, ZOE, mail};
use crate::fault::{Result, ensure};

/// Her password after the first change.
const SECOND: &str = "three otters and a kettle";
/// And after the second one; it stays.
pub(super) const THIRD: &str = "rain on the tin lighthouse";
const OTHER_NAME: &str = "Zoë Quill-Heron";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("both browsers sign in", async {
            enter(first, &ZOE).await?;
            enter(second, &ZOE).await
        })
        .await?;
    profile(scene).await?;
    password(scene).await
}

async fn profile(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the account page leads to the profile and back", async {
            first.follow_containing("Name, language").await?;
            first.is_headed("Profile").await?;
            first.follow("Back to your account").await?;
            first.is_headed("Your account").await?;
            first.follow_containing("Name, language").await?;
            let name = first.value("Your name").await?;
            ensure(name == ZOE.name, || format!("the name is “{name}”"))
        })
        .await?;
    teller.shot(first, "profile").await?;
    teller
        .step("what is wrong is named at each field, and nothing entered is lost", async {
            first.fill("Your name", "").await?;
            first.fill("Time zone (optional)", "in the middle of nowhere").await?;
            first.fill("Contact (optional)", "+43 1 234567").await?;
            first.fill("Picture (optional)", "http://example.test/zoe.png").await?;
            first.press("Save").await?;
            first.reads("Please correct what is marked below.").await?;
            for (label, said) in
                [("Your name", "your name"), ("Time zone (optional)", "Vienna"), ("Picture (optional)", "https")]
            {
                let error = first.error_at(label).await?;
                ensure(error.contains(said), || format!("“{label}” is wrong because: {error}"))?;
            }
            let kept = first.value("Contact (optional)").await?;
            ensure(kept == "+43 1 234567", || format!("the contact is “{kept}”"))
        })
        .await?;
    teller.shot(first, "profile-wrong").await?;
    teller
        .step("it is saved, and the account page shows it", async {
            first.fill("Your name", OTHER_NAME).await?;
            first.choose("Language", "English").await?;
            first.fill("Time zone (optional)", "Europe/Vienna").await?;
            first.fill("Picture (optional)", "https://example.test/zoe.png").await?;
            first.press("Save").await?;
            first.is_at("/auth/account").await?;
            first.reads("Your profile is saved.").await?;
            first.reads(OTHER_NAME).await
        })
        .await?;
    teller.shot(first, "profile-saved").await?;
    teller
        .step("the profile keeps it, and what is emptied, by a button that is pressed twice, is gone", async {
            first.open("/auth/account/profile").await?;
            for (label, value) in [("Language", "en"), ("Time zone (optional)", "Europe/Vienna")] {
                let kept = first.value(label).await?;
                ensure(kept == value, || format!("“{label}” holds “{kept}”"))?;
            }
            first.fill("Contact (optional)", "").await?;
            first.choose("Language", "As in your browser").await?;
            // On a small screen the second press may hit a link of the page that has come.
            first.press_twice("Save").await?;
            first.open("/auth/account/profile").await?;
            for label in ["Language", "Contact (optional)"] {
                let kept = first.value(label).await?;
                ensure(kept.is_empty(), || format!("“{label}” holds “{kept}”"))?;
            }
            Ok(())
        })
        .await
}

async fn password(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, second, .. } = scene;
    teller
        .step("a wrong present password is named at its field", async {
            first.open("/auth/account").await?;
            first.follow_containing("Change it").await?;
            first.is_headed("Password").await?;
            teller.shot(first, "password").await?;
            first.fill("Present password", "not this one").await?;
            first.fill("New password", SECOND).await?;
            first.press("Change password").await?;
            let error = first.error_at("Present password").await?;
            ensure(error == "This is not your present password.", || format!("it is wrong because: {error}"))
        })
        .await?;
    teller.shot(first, "password-wrong").await?;
    teller
        .step("and so is a new one that is short", async {
            first.fill("Present password", ZOE.password).await?;
            first.fill("New password", "short").await?;
            first.press("Change password").await?;
            let error = first.error_at("New password").await?;
            ensure(error.contains("at least 8 characters"), || format!("it is wrong because: {error}"))
        })
        .await?;
    teller.shot(first, "password-short").await?;
    teller
        .step("a new one can leave the other devices signed in", async {
            first.fill("Present password", ZOE.password).await?;
            first.fill("New password", SECOND).await?;
            first.tick("Stay signed in on other devices").await?;
            first.press("Change password").await?;
            first.is_at("/auth/account").await?;
            first.reads("Your password is changed.").await?;
            second.reload().await?;
            second.is_at("/auth/account").await
        })
        .await?;
    teller.shot(first, "password-changed").await?;
    teller
        .step("or sign them out; this one stays signed in", async {
            host.let_pauses_pass().await?;
            first.open("/auth/account/password").await?;
            first.fill("Present password", SECOND).await?;
            first.fill("New password", THIRD).await?;
            first.press("Change password").await?;
            first.reads("Your password is changed.").await?;
            second.reload().await?;
            second.is_at("/auth/sign-in").await?;
            first.reload().await?;
            first.is_at("/auth/account").await
        })
        .await?;
    teller
        .step("only the new password signs in", async {
            second.fill("E-mail address", ZOE.email).await?;
            second.fill("Password", SECOND).await?;
            second.press("Sign in").await?;
            second.reads("This e-mail address and this password do not belong together.").await?;
            enter(second, &Person { password: THIRD, ..ZOE }).await
        })
        .await?;
    teller.step("each change was told by mail", mail::open_again(scene, second, ZOE.email, "was changed", 2)).await?;
    teller.shot(second, "mail-password-changed").await
}
