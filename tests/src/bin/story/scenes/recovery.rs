//! Zoë forgets her password on one device and sets a new one on another; later somebody else sets one.

use super::addresses::FOURTH;
use super::sign_in::enter;
use super::{Person, Scene, ZOE, mail};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

/// The password that is set by the mail.
const FIFTH: &str = "walnuts on a frozen river";
/// And the one after “This was not me”.
const SIXTH: &str = "the clock behind the curtain";
/// Nobody has this address.
const NOBODY: &str = "nobody@example.test";
/// The mail that sets a new password; one has come when the account was made safe.
const SET_A_NEW: &str = "Set a new password";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let laptop = scene.stage.browser_elsewhere("laptop").await?;
    forget(scene).await?;
    reset(scene, &laptop).await?;
    not_me(scene, &laptop).await
}

async fn forget(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, second, .. } = scene;
    // She has signed up within this minute.
    host.let_pauses_pass().await?;
    teller
        .step("the sign-in page leads to a new password and back", async {
            enter(second, &Person { password: FOURTH, ..ZOE }).await?;
            first.open("/auth/sign-in").await?;
            first.follow("Forgot your password?").await?;
            first.is_headed("Set a new password").await?;
            first.follow("Sign in").await?;
            first.is_headed("Sign in").await?;
            first.follow("Forgot your password?").await
        })
        .await?;
    teller.shot(first, "forgot").await?;
    teller
        .step("a bad address is named at its field and kept", async {
            first.fill("E-mail address", "zoe at example").await?;
            first.press("Send the mail").await?;
            let error = first.error_at("E-mail address").await?;
            ensure(error.contains("name@example.com"), || format!("the address is wrong because: {error}"))?;
            let kept = first.value("E-mail address").await?;
            ensure(kept == "zoe at example", || format!("the address field holds “{kept}”"))
        })
        .await?;
    teller.shot(first, "forgot-wrong").await?;
    teller
        .step("an address that nobody has is answered like any other", async {
            first.fill("E-mail address", NOBODY).await?;
            first.press("Send the mail").await?;
            first.is_at("/auth/reset").await?;
            first.reads("If there is an account with this address, a mail is on its way.").await
        })
        .await?;
    teller
        .step("the right one leads to the page that waits for the mail, and it can be loaded again", async {
            first.follow("Send a new mail").await?;
            first.fill("E-mail address", ZOE.email_otherwise).await?;
            first.press("Send the mail").await?;
            for _ in 0..2 {
                first.is_at("/auth/reset").await?;
                first.is_headed("Choose a new password").await?;
                first.reads("If there is an account with this address, a mail is on its way.").await?;
                first.reads(ZOE.email_otherwise).await?;
                first.reload().await?;
            }
            Ok(())
        })
        .await?;
    teller.shot(first, "reset-waits").await?;
    teller
        .step("a button that is pressed twice sends one mail, and the page says that all is well", async {
            second.open("/auth/forgot").await?;
            second.fill("E-mail address", ZOE.email).await?;
            second.press_twice("Send the mail").await?;
            second.reads("Too many attempts. Please try again").await?;
            second.reads("If you pressed the button twice, everything is fine").await?;
            teller.shot(second, "forgot-twice").await?;
            let mails = mail::count(second, NOBODY).await?;
            ensure(mails == 0, || format!("{mails} mails to nobody"))?;
            second.open("/auth/account").await
        })
        .await
}

async fn reset(scene: &Scene<'_>, laptop: &Browser) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller.step("the mail is read on another device", mail::open_again(scene, laptop, ZOE.email, SET_A_NEW, 2)).await?;
    teller.shot(laptop, "mail-reset").await?;
    let (link, code) = (mail::link(laptop).await?, mail::code(laptop).await?);
    let browser = if teller.look().by_link() { laptop } else { first };
    if teller.look().by_link() {
        teller
            .step("its link works there, and leaves the address bar", async {
                laptop.follow_containing("?token=").await?;
                ensure(laptop.place().await? == "/auth/reset", || "the token stays in the address bar".into())?;
                laptop.is_headed("Choose a new password").await?;
                laptop.reads(ZOE.email).await
            })
            .await?;
        teller.shot(laptop, "reset").await?;
    } else {
        teller
            .step("a wrong code is refused, and the address stays", async {
                first.fill("Code from the mail", if code == "123456" { "654321" } else { "123456" }).await?;
                first.fill("New password", FIFTH).await?;
                first.press("Set the new password").await?;
                first.reads("This code is wrong").await?;
                first.reads(ZOE.email_otherwise).await
            })
            .await?;
        teller.shot(first, "reset-code-wrong").await?;
        first.fill("Code from the mail", &code).await?;
    }
    teller
        .step("a short password is refused at its field and uses nothing up", async {
            browser.fill("New password", "short").await?;
            browser.press("Set the new password").await?;
            let error = browser.error_at("New password").await?;
            ensure(error.contains("at least 8 characters"), || format!("the password is wrong because: {error}"))
        })
        .await?;
    teller.shot(browser, "reset-short").await?;
    teller
        .step("a good one is set, by a button that is pressed twice", async {
            browser.fill("New password", FIFTH).await?;
            browser.press_twice("Set the new password").await
        })
        .await?;
    teller.shot(browser, "reset-done").await?;
    teller
        .step("the next click of the device that was signed in leads to the sign-in page", async {
            second.reload().await?;
            second.is_at("/auth/sign-in").await
        })
        .await?;
    teller
        .step("the used link says so and leads to a new one", async {
            laptop.open(&link).await?;
            laptop.is_headed("This link does not work any more").await?;
            teller.shot(laptop, "reset-dead").await?;
            laptop.follow("Get a new link").await?;
            laptop.is_at("/auth/forgot").await
        })
        .await?;
    teller
        .step("only the new password signs in", async {
            second.fill("E-mail address", ZOE.email).await?;
            second.fill("Password", FOURTH).await?;
            second.press("Sign in").await?;
            second.reads("This e-mail address and this password do not belong together.").await?;
            enter(second, &Person { password: FIFTH, ..ZOE }).await
        })
        .await
}

async fn not_me(scene: &Scene<'_>, laptop: &Browser) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("the notice of the change has a link for whoever did not do it", async {
            // Two changes and the reset of the scenes before, and this one.
            mail::open_again(scene, first, ZOE.email, "was changed", 4).await?;
            first.reads("If it was not you").await?;
            first.follow_containing("?token=").await?;
            ensure(first.place().await? == "/auth/secure", || "the token stays in the address bar".into())?;
            first.is_headed("Was that not you?").await?;
            first.reload().await?;
            first.is_headed("Was that not you?").await
        })
        .await?;
    teller.shot(first, "not-me").await?;
    teller
        .step("pressed, it signs the other device out", async {
            first.press("Make my account safe").await?;
            first.reads("Your account is safe again").await?;
            second.reload().await?;
            second.is_at("/auth/sign-in").await
        })
        .await?;
    teller
        .step("and leads on to a new password, with which everything is well", async {
            mail::open_again(scene, laptop, ZOE.email, SET_A_NEW, 3).await?;
            laptop.follow_containing("?token=").await?;
            laptop.fill("New password", SIXTH).await?;
            laptop.press("Set the new password").await?;
            laptop.is_at("/auth/sign-in").await?;
            laptop.reads("Your new password is set").await?;
            teller.shot(laptop, "new-password-set").await?;
            enter(laptop, &Person { password: SIXTH, ..ZOE }).await
        })
        .await
}
