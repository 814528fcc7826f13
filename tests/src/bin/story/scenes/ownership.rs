//! What only an owner does: another name, the end of an organization, and its return.

use super::sign_in::{confirm, enter};
use super::{Scene, ZOE};
use crate::fault::{Result, ensure};

/// Another name of the organization that is deleted.
const RENAMED: &str = "Night Owls & Friends";
/// The choice that leads to the organization's page.
pub(super) const CHOICE: &str = "/auth/choose-organization?return_to=%2Fauth%2Forganization";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, second, .. } = scene;
    teller
        .step("an owner renames the organization; what is wrong is named at its field", async {
            first.follow_containing("Work in another one").await?;
            first.is_headed("Choose an organization").await?;
            first.open(CHOICE).await?;
            first.press_containing("Night Owls").await?;
            first.is_at("/auth/organization").await?;
            first.fill("Name of the organization", "").await?;
            first.fill("Short name", "no spaces, please").await?;
            first.press("Save").await?;
            let error = first.error_at("Name of the organization").await?;
            ensure(error.contains("name of the organization"), || format!("the name is wrong because: {error}"))?;
            let kept = first.value("Short name").await?;
            ensure(kept == "no spaces, please", || format!("the short name is “{kept}”"))?;
            teller.shot(first, "organization-wrong").await?;
            first.fill("Name of the organization", RENAMED).await?;
            first.fill("Short name", "night-owls").await?;
            first.press("Save").await?;
            first.is_headed(RENAMED).await
        })
        .await?;
    teller.shot(first, "organization-changed").await?;
    teller
        .step("a form that was left open changes nothing once another organization is entered", async {
            enter(second, &ZOE).await?;
            second.open("/auth/organization").await?;
            second.fill("Name of the organization", "Wrong").await?;
            second.press_in_another_tab(CHOICE, "Night Owls").await?;
            second.press("Save").await?;
            second.reads("You are working in another organization.").await?;
            teller.shot(second, "wrong-organization").await?;
            second.open("/auth/organization").await?;
            second.is_headed(RENAMED).await
        })
        .await?;
    teller
        .step("deleting asks first; the organization is gone for everybody", async {
            host.let_proofs_age().await?;
            first.reload().await?;
            teller.shot(first, "organization-stale").await?;
            first.follow("Confirm that it is you, to delete the organization").await?;
            confirm(first, ZOE.password).await?;
            first.is_at("/auth/organization").await?;
            first.unfold("I want to delete it").await?;
            first.press("Delete this organization").await?;
            first.is_headed("Choose an organization").await?;
            first.reads("The organization is deleted.").await?;
            teller.shot(first, "organization-deleted").await?;
            second.reload().await?;
            second.is_at("/auth/choose-organization").await
        })
        .await?;
    teller
        .step("its owner restores it and enters it again", async {
            first.press(&format!("Restore {RENAMED}")).await?;
            first.reads("The organization is back.").await?;
            first.open(CHOICE).await?;
            first.press_containing("Night Owls").await?;
            first.is_headed(RENAMED).await
        })
        .await
}
