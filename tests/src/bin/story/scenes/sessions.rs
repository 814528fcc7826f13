//! Zoë's devices: seen, ended one by one, ended all at once.

use super::projects::KEPT;
use super::sign_in::sign_in;
use super::{Scene, ZOE};
use crate::fault::{Fault, Result, ensure};

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    step_up(scene).await?;
    let Scene { teller, first, second, closed, .. } = scene;
    teller
        .step("a second browser signs in and stays signed in", async {
            second.open(closed).await?;
            second.is_at("/auth/sign-in").await?;
            second.tick("Stay signed in").await?;
            sign_in(second, &ZOE).await?;
            second.is_at(closed).await
        })
        .await?;
    teller
        .step("the account page lists both sessions and marks its own", async {
            first.open("/auth/account").await?;
            first.is_headed("Your account").await?;
            first.reads(ZOE.organization).await?;
            first.reads(ZOE.email).await?;
            first.reads("This device").await?;
            let rows = first.text().await?.matches("Chromium on Linux").count()
                + first.text().await?.matches("Chrome on Linux").count();
            ensure(rows == 2, || format!("{rows} sessions are listed"))
        })
        .await?;
    teller.shot(first, "account").await?;
    teller
        .step("the other session is ended there", async {
            first.press_beside("End", "Linux").await?;
            first.reads("That session has ended. The device is signed out.").await
        })
        .await?;
    teller.shot(first, "session-ended").await?;
    teller
        .step("and the second browser's next click leads to the sign-in page", async {
            second.reload().await?;
            second.is_at("/auth/sign-in").await
        })
        .await
}

/// Proving again who one is: the session goes on under a new secret, the old one is dead.
async fn step_up(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, second, closed, .. } = scene;
    let old = first.cookie("um_session").await?.ok_or_else(|| Fault::new("nobody is signed in"))?.0;
    teller
        .step("what asks for a recent proof leads to the password first, and a wrong one is refused", async {
            host.let_proofs_age().await?;
            first.open(closed).await?;
            first.follow(&format!("Delete {KEPT}")).await?;
            first.is_at("/auth/step-up").await?;
            first.is_headed("Please confirm that it is you").await?;
            first.reads(ZOE.email).await?;
            first.fill("Password", "not this one").await?;
            first.press("Confirm").await?;
            first.is_headed("Please confirm that it is you").await
        })
        .await?;
    teller.shot(first, "step-up").await?;
    teller
        .step("and with the right one leads on, under a new session secret", async {
            first.fill("Password", ZOE.password).await?;
            first.press("Confirm").await?;
            first.is_headed_only(&format!("Delete {KEPT}?")).await?;
            let new = first.cookie("um_session").await?;
            ensure(new.is_some_and(|(value, _)| value != old), || "the secret is the same".into())
        })
        .await?;
    teller
        .step("the old secret opens nothing, in a cookie or in an address", async {
            second.open("/auth/sign-in").await?;
            second.plant("um_session", &old).await?;
            second.open("/auth/account").await?;
            second.is_at("/auth/sign-in").await?;
            second.remove("um_session").await?;
            let (secret, _) = first.cookie("um_session").await?.unwrap_or_default();
            second.open(&format!("/auth/account?um_session={secret}")).await?;
            second.is_at("/auth/sign-in").await
        })
        .await
}

/// Everything is ended; nothing private is left on any screen.
pub(super) async fn play_the_end(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, closed, .. } = scene;
    teller
        .step("signing out everywhere leads to the sign-in page", async {
            first.open("/auth/account").await?;
            first.reads(ZOE.email).await?;
            first.press("Sign out everywhere").await?;
            first.is_at("/auth/sign-in").await?;
            first.reads("You are signed out everywhere, on this device too.").await
        })
        .await?;
    teller.shot(first, "signed-out").await?;
    teller
        .step("the button “back” brings nothing private back", async {
            first.back().await?;
            first.is_at("/auth/sign-in").await?;
            first.never_reads("Quill").await
        })
        .await?;
    teller
        .step("the second browser's next click leads to the sign-in page", async {
            second.reload().await?;
            second.is_at("/auth/sign-in").await?;
            second.never_reads("Quill").await
        })
        .await?;
    teller
        .step("and its button “back” brings nothing private back either", async {
            second.back().await?;
            second.never_reads("Quill").await
        })
        .await?;
    teller
        .step("pages for members are closed again", async {
            first.open(closed).await?;
            first.is_at("/auth/sign-in").await
        })
        .await
}
