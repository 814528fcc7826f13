//! A role that Zoë holds is removed while she uses what it gives.

use super::members::{PROJECT, ROLE, TEAM};
use super::ownership::CHOICE;
use super::sign_in::confirm;
use super::{Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    add_again(scene, max).await?;
    use_it(scene).await?;
    remove(scene, max).await?;
    refused(scene, max).await
}

/// Comes to the page of Max's organization, by the choice.
pub(super) async fn enter_team(browser: &Browser) -> Result<()> {
    browser.open(CHOICE).await?;
    browser.press_containing(TEAM).await?;
    browser.is_at("/auth/organization").await?;
    browser.is_headed(TEAM).await
}

async fn add_again(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    let old = first.cookie("um_session").await?;
    teller
        .step("whoever was removed is added again, with two roles", async {
            max.open("/auth/organization/members").await?;
            max.fill("E-mail address", ZOE.email).await?;
            max.tick(ROLE).await?;
            teller.shot(max, "members-two-roles").await?;
            max.press("Add member").await?;
            max.reads("If there is an account with this address, it is a member in a moment").await?;
            max.reads_some_time(ZOE.name).await?;
            max.reads(ROLE).await
        })
        .await?;
    teller
        .step("she switches to it, under a new session secret, and sees both", async {
            enter_team(first).await?;
            ensure(first.cookie("um_session").await? != old, || "the secret is the same".into())?;
            first.reads("Member").await?;
            first.reads(ROLE).await
        })
        .await?;
    teller.shot(first, "organization-two-roles").await
}

/// What the role gives stands open in her browsers.
async fn use_it(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("she uses what her role gives", async {
            first.follow_containing("Who did what").await?;
            first.is_headed("Audit log").await?;
            enter_team(second).await?;
            second.open("/").await?;
            second.follow(&format!("Delete {PROJECT}")).await?;
            // Her other device has not heard of her for long.
            confirm(second, ZOE.password).await?;
            second.is_headed_only(&format!("Delete {PROJECT}?")).await
        })
        .await
}

async fn remove(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("removing a role asks first, and says what becomes of those who have it", async {
            max.open("/auth/organization/roles").await?;
            max.follow(&format!("Change {ROLE}")).await?;
            max.reads("Whoever has this role loses what it gives and keeps their other roles.").await?;
            max.unfold("I want to remove this role").await?;
            teller.shot(max, "role-remove").await?;
            max.press("Remove role").await?;
            max.is_headed("Roles").await?;
            max.reads("The role is removed.").await?;
            for kept in ["Administrator", "Member", "Owner"] {
                max.reads(kept).await?;
            }
            let roles = max.links_saying(&["Change"]).await?;
            ensure(roles == 0, || format!("{roles} roles can be changed"))
        })
        .await?;
    teller.shot(max, "role-removed").await?;
    teller
        .step("going back to press once more does no harm", async {
            max.back().await?;
            max.open("/auth/organization/members").await?;
            let text = max.text().await?;
            ensure(!text.contains(ROLE), || format!("the role is still there: {text}"))
        })
        .await
}

async fn refused(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, second, .. } = scene;
    teller
        .step("what she could do by it is refused at her next click", async {
            first.press("Check the log").await?;
            first.is_headed("You may not do this").await?;
            first.reads("You do not have the right to do this here.").await?;
            teller.shot(first, "role-gone").await?;
            second.press("Delete project").await?;
            second.is_headed("You may not do this").await?;
            teller.shot(second, "role-gone-application").await?;
            max.open("/").await?;
            max.reads(PROJECT).await
        })
        .await?;
    teller
        .step("what her other role gives is still hers, and no way leads where she may not go", async {
            first.open("/auth/organization").await?;
            first.is_headed(TEAM).await?;
            first.reads("Member").await?;
            first.never_reads("Audit log").await?;
            let text = first.text().await?;
            ensure(!text.contains(ROLE), || format!("the role is still there: {text}"))
        })
        .await?;
    teller.shot(first, "role-gone-organization").await
}
