//! Zoë's addresses: another one is added, the primary one is replaced, and the old address takes it back.

use super::profile::THIRD;
use super::sign_in::enter;
use super::{Person, Scene, ZOE, mail};
use crate::fault::{Result, ensure};

/// The address that she adds.
const ADDED: &str = "zoe@heron.example.test";
/// The address by which somebody replaces her primary one.
const REPLACING: &str = "z.quill@elsewhere.example.test";
/// Her password after the undo; it stays.
pub(super) const FOURTH: &str = "an umbrella full of oranges";
/// The mail that asks for her approval.
const MAY_BE_ADDED: &str = "be added to your account";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    ask(scene).await?;
    approve(scene).await?;
    prove(scene).await?;
    choose(scene).await?;
    replace(scene).await?;
    undo(scene).await
}

/// The page that asks for another address.
async fn ask(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, .. } = scene;
    teller
        .step("the account page leads to the addresses", async {
            first.open("/auth/account").await?;
            host.let_proofs_age().await?;
            first.follow_containing("Add, remove").await?;
            first.is_headed("E-mail addresses").await?;
            first.reads(ZOE.email).await?;
            first.reads("Primary").await?;
            teller.shot(first, "addresses-stale").await?;
            first.follow("Confirm that it is you").await?;
            first.fill("Password", THIRD).await?;
            // Without the script she would be signed out here: the session has a new secret with the first press.
            first.press_impatiently("Confirm").await?;
            first.is_headed("E-mail addresses").await
        })
        .await?;
    teller.shot(first, "addresses").await?;
    teller
        .step("a bad address is named at its field and kept", async {
            first.fill("E-mail address", "zoe at heron").await?;
            first.tick("It replaces my primary address").await?;
            first.press("Add address").await?;
            let error = first.error_at("E-mail address").await?;
            ensure(error.contains("name@example.com"), || format!("the address is wrong because: {error}"))?;
            let kept = first.value("E-mail address").await?;
            ensure(kept == "zoe at heron", || format!("the address field holds “{kept}”"))
        })
        .await?;
    teller.shot(first, "addresses-wrong").await?;
    teller
        .step("a good one waits until the present primary address approves it", async {
            first.fill("E-mail address", ADDED).await?;
            first.tick("It replaces my primary address").await?;
            first.press("Add address").await?;
            first.reads("We have sent a mail to your primary address.").await?;
            first.reads_some_time(ADDED).await?;
            first.reads("Waits").await?;
            teller.shot(first, "addresses-asked").await?;
            first.reload().await?;
            first.reads("Waits").await
        })
        .await?;
    teller
        .step("asking again at once is no use, and the page says so", async {
            first.fill("E-mail address", ADDED).await?;
            first.press("Add address").await?;
            first.reads("Too many attempts. Please try again").await?;
            first.reads("If you pressed the button twice, everything is fine").await
        })
        .await?;
    teller.shot(first, "addresses-again").await
}

async fn approve(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, second, .. } = scene;
    let link = teller
        .step("the mail to the primary address asks for the approval, on another device too", async {
            mail::open_about(scene, second, ZOE.email, MAY_BE_ADDED).await?;
            second.reads(ADDED).await?;
            teller.shot(second, "mail-approve").await?;
            let link = mail::link(second).await?;
            second.follow_containing("?token=").await?;
            ensure(second.place().await? == "/auth/emails/approve", || "the token stays in the address bar".into())?;
            second.is_headed("Approve an e-mail address").await?;
            second.reads(ADDED).await.map(|()| link)
        })
        .await?;
    teller.shot(second, "approve").await?;
    teller
        .step("its button leads to the addresses, where the new one waits for its own proof", async {
            second.press("Approve this address").await?;
            second.is_at("/auth/account/emails").await?;
            second.reads("Approved.").await?;
            second.reads_some_time("Waits").await
        })
        .await?;
    teller.shot(second, "approved").await?;
    teller
        .step("the used link says so and leads back", async {
            second.open(&link).await?;
            second.is_headed("This link does not work any more").await?;
            teller.shot(second, "approve-dead").await?;
            second.follow("E-mail addresses").await?;
            second.is_at("/auth/account/emails").await
        })
        .await
}

async fn prove(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the new address has got its mail", mail::open_about(scene, first, ADDED, "Confirm this e-mail address"))
        .await?;
    teller.shot(first, "mail-added").await?;
    let (link, code) = (mail::link(first).await?, mail::code(first).await?);
    if teller.look().by_link() {
        teller
            .step("its link opens a page with a button", async {
                first.open(&link).await?;
                ensure(first.place().await? == "/auth/emails/verify", || "the token stays in the address bar".into())?;
                first.is_headed("Confirm your new address").await?;
                first.reads(ADDED).await
            })
            .await?;
        teller.shot(first, "prove").await?;
        teller.step("the button confirms the address", first.press("Confirm address")).await?;
    } else {
        teller
            .step("a wrong code is refused", async {
                first.open("/auth/account/emails").await?;
                first.fill("Code from the mail", if code == "123456" { "654321" } else { "123456" }).await?;
                first.press("Confirm address").await?;
                first.reads("This code is wrong").await
            })
            .await?;
        teller.shot(first, "prove-code-wrong").await?;
        teller
            .step("the right one confirms the address", async {
                first.fill("Code from the mail", &code).await?;
                first.press("Confirm address").await
            })
            .await?;
    }
    teller
        .step("the address belongs to the account now", async {
            first.is_at("/auth/account/emails").await?;
            first.reads("The address is confirmed and belongs to your account now.").await?;
            first.reads(ADDED).await
        })
        .await?;
    teller.shot(first, "addresses-two").await
}

async fn choose(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("it signs in like the other one", async {
            second.open("/auth/account").await?;
            second.press("Sign out").await?;
            enter(second, &Person { email: ADDED, password: THIRD, ..ZOE }).await
        })
        .await?;
    teller
        .step("it is made the primary one, and the former one is again", async {
            for email in [ADDED, ZOE.email] {
                first.press(&format!("Make {email} the primary address")).await?;
                first.reads("This is your primary address now. The former one was told.").await?;
            }
            Ok(())
        })
        .await?;
    teller.shot(first, "addresses-primary").await?;
    teller
        .step("it is removed, and going back to press once more does no harm", async {
            let remove = format!("Remove {ADDED}");
            first.press(&remove).await?;
            first.reads("The address is removed.").await?;
            first.never_reads(ADDED).await?;
            first.back().await?;
            if first.has_button(&remove).await? {
                first.press(&remove).await?;
            }
            first.open("/auth/account/emails").await?;
            first.never_reads(ADDED).await
        })
        .await
}

/// Somebody at her desk replaces the primary address.
async fn replace(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("an address that replaces the primary one is asked for and approved", async {
            first.fill("E-mail address", REPLACING).await?;
            first.tick("It replaces my primary address").await?;
            first.press("Add address").await?;
            mail::open_about(scene, first, ZOE.email, REPLACING).await?;
            first.follow_containing("?token=").await?;
            first.press("Approve this address").await?;
            first.reads("Approved.").await
        })
        .await?;
    teller
        .step("once it is proven, it is the only one", async {
            mail::open_about(scene, first, REPLACING, "Confirm this e-mail address").await?;
            first.follow_containing("?token=").await?;
            first.press("Confirm address").await?;
            first.is_at("/auth/account/emails").await?;
            first.reads(REPLACING).await?;
            first.never_reads(ZOE.email).await
        })
        .await?;
    teller.shot(first, "addresses-replaced").await
}

/// The link in the notice to the old address.
async fn undo(scene: &Scene<'_>) -> Result<()> {
    let Scene { stage, teller, first, second, .. } = scene;
    let elsewhere = stage.browser_elsewhere("elsewhere").await?;
    let link = teller
        .step("the old address was told, and its link asks whether it was her", async {
            // The change to another primary address and back has told it before.
            mail::open_again(scene, &elsewhere, ZOE.email, "has another e-mail address", 2).await?;
            teller.shot(&elsewhere, "mail-primary-changed").await?;
            let link = mail::link(&elsewhere).await?;
            elsewhere.follow_containing("?token=").await?;
            ensure(elsewhere.place().await? == "/auth/secure", || "the token stays in the address bar".into())?;
            elsewhere.is_headed("Was that not you?").await?;
            elsewhere.reads(ZOE.email).await.map(|()| link)
        })
        .await?;
    teller.shot(&elsewhere, "secure").await?;
    teller
        .step("its button makes the account safe", async {
            elsewhere.press("Make my account safe").await?;
            elsewhere.is_at("/auth/sign-in").await?;
            elsewhere.reads("Your account is safe again").await
        })
        .await?;
    teller.shot(&elsewhere, "secured").await?;
    teller
        .step("everybody is signed out, and the password is void", async {
            for browser in [first, second] {
                browser.open("/auth/account").await?;
                browser.is_at("/auth/sign-in").await?;
            }
            first.fill("E-mail address", ZOE.email).await?;
            first.fill("Password", THIRD).await?;
            first.press("Sign in").await?;
            first.reads("This e-mail address and this password do not belong together.").await
        })
        .await?;
    teller
        .step("the used link says so and leads to a new password", async {
            elsewhere.open(&link).await?;
            elsewhere.is_headed("This link does not work any more").await?;
            teller.shot(&elsewhere, "secure-dead").await?;
            elsewhere.follow("Set a new password").await?;
            elsewhere.is_at("/auth/forgot").await
        })
        .await?;
    teller
        .step("the mail that came with it sets a new password", async {
            mail::open_about(scene, &elsewhere, ZOE.email, "Set a new password").await?;
            elsewhere.follow_containing("?token=").await?;
            elsewhere.is_at("/auth/reset").await?;
            elsewhere.fill("New password", FOURTH).await?;
            elsewhere.press("Set the new password").await?;
            elsewhere.reads("Your new password is set").await
        })
        .await?;
    teller
        .step("and the account has its old address again, without the other one", async {
            enter(&elsewhere, &Person { password: FOURTH, ..ZOE }).await?;
            elsewhere.open("/auth/account/emails").await?;
            elsewhere.reads(ZOE.email).await?;
            elsewhere.never_reads(REPLACING).await
        })
        .await?;
    teller.shot(&elsewhere, "addresses-undone").await
}
