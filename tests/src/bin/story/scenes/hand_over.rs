//! Max hands his organization over to Zoë; somebody always answers for it.

use super::members::TEAM;
use super::sign_in::confirm;
use super::stranger::CHOSEN;
use super::{MAX, Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

const HAND_OVER: &str = "Hand the organization over";
const LEAVE: &str = "Leave this organization";
const DELETE: &str = "Delete this organization";

pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    choose(scene, max).await?;
    hand_over(scene, max).await?;
    last_owner(scene, max).await
}

/// Proves again who one is, for too much time has passed, before the organization is handed over.
pub(super) async fn prove(scene: &Scene<'_>, browser: &Browser, password: &str) -> Result<()> {
    let Scene { host, teller, .. } = scene;
    host.let_proofs_age().await?;
    browser.reload().await?;
    ensure(!browser.has_button(HAND_OVER).await?, || "it can be handed over without a proof".into())?;
    teller.shot(browser, "hand-over-stale").await?;
    browser.follow("Confirm that it is you").await?;
    confirm(browser, password).await?;
    browser.is_at("/auth/organization").await
}

/// Makes somebody the owner in one's own place.
pub(super) async fn give(browser: &Browser, heir: &str) -> Result<()> {
    browser.choose_saying("New owner", heir).await?;
    browser.press(HAND_OVER).await?;
    browser.is_headed(TEAM).await?;
    browser.reads("The organization is handed over. You are an administrator now.").await
}

async fn choose(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("the owner is told what a hand-over means, before it", async {
            max.open("/auth/organization").await?;
            prove(scene, max, CHOSEN).await?;
            max.reads("Somebody else becomes an owner and answers for the organization.").await?;
            max.reads("You stay as an administrator.").await?;
            max.reads("You are the only owner.").await?;
            max.choose_saying("New owner", ZOE.name).await
        })
        .await?;
    teller.shot(max, "hand-over").await
}

async fn hand_over(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("handed over: the old owner is an administrator, and only an owner's ways are gone", async {
            give(max, ZOE.name).await?;
            teller.shot(max, "handed-over").await?;
            max.reload().await?;
            max.reads("Your roles Administrator").await?;
            for gone in [HAND_OVER, DELETE] {
                ensure(!max.has_button(gone).await?, || format!("“{gone}” is still there"))?;
            }
            max.reads("Add, change and remove").await?;
            max.unfold("I want to leave").await?;
            ensure(max.has_button(LEAVE).await?, || "an administrator cannot leave".into())
        })
        .await?;
    teller.shot(max, "handed-over-left").await?;
    teller
        .step("the new owner's next click shows what is hers now", async {
            first.is_at("/auth/organization").await?;
            first.reload().await?;
            first.is_headed(TEAM).await?;
            let text = first.text().await?;
            let roles = text.split("Your roles ").nth(1).and_then(|rest| rest.split(" Members ").next());
            ensure(roles.is_some_and(|roles| roles.contains("Owner")), || format!("she is no owner: {text}"))?;
            for own in ["Hand over", "Delete", "Audit log", "Name of the organization"] {
                first.reads(own).await?;
            }
            Ok(())
        })
        .await?;
    teller.shot(first, "handed-over-owner").await
}

/// The only owner cannot leave: neither by the page nor by a form that was made before.
async fn last_owner(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the only owner is told why she cannot leave", async {
            first.reads("You are the only owner. Hand the organization over before you leave, or delete it.").await?;
            ensure(!first.has_button(LEAVE).await?, || "she can leave".into())
        })
        .await?;
    teller
        .step("she makes another one an owner as well, and could leave", async {
            first.open("/auth/organization/members").await?;
            first.follow_containing(MAX.name).await?;
            first.tick("Owner").await?;
            first.press("Save").await?;
            first.reads("The roles are saved.").await?;
            teller.shot(first, "member-second-owner").await?;
            first.open("/auth/organization").await?;
            first.unfold("I want to leave").await?;
            ensure(first.has_button(LEAVE).await?, || "she cannot leave".into())
        })
        .await?;
    teller.shot(first, "leave-asks").await?;
    teller
        .step("but the other one gives it up before she presses, and her page says what is in the way", async {
            max.open("/auth/organization/members").await?;
            max.follow_containing(MAX.name).await?;
            max.tick("Owner").await?;
            max.press("Save").await?;
            max.reads("The roles are saved.").await?;
            teller.shot(max, "member-self").await?;
            first.press(LEAVE).await?;
            first.is_headed_only(TEAM).await?;
            first.reads("Somebody must answer for the organization. Please make somebody else an owner first.").await?;
            ensure(!first.has_button(LEAVE).await?, || "the button is still there".into())
        })
        .await?;
    teller.shot(first, "leave-last-owner").await
}
