//! Max suspends Zoë, who works on in an organization of her own, and lets her in again.

use super::members::TEAM;
use super::role_end::enter_team;
use super::{MAX, Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    suspend(scene, max).await?;
    kept_out(scene).await?;
    reactivate(scene, max).await
}

async fn suspend(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("the page of a member says what suspending means", async {
            max.open("/auth/organization/members").await?;
            max.follow_containing(ZOE.name).await?;
            max.is_headed(ZOE.name).await?;
            max.reads("Status Active").await?;
            max.reads("Suspended members keep their place and their roles, but have no access.").await
        })
        .await?;
    teller.shot(max, "member-active").await?;
    teller
        .step("a button that is pressed twice suspends her, and the page shows it", async {
            max.press_twice("Suspend").await?;
            max.is_headed(ZOE.name).await?;
            max.reads("This membership is suspended.").await?;
            max.reads("Status Suspended").await?;
            max.reads("This person has no access at the moment. Their roles are kept.").await
        })
        .await?;
    teller.shot(max, "member-suspended").await?;
    teller
        .step("the list of members shows it, and finds whoever is suspended", async {
            max.follow("Back to the members").await?;
            let marked = max.links_saying(&[ZOE.name, "Suspended"]).await?;
            ensure(marked == 1, || format!("{marked} members are shown as suspended"))?;
            max.unfold("Search").await?;
            max.choose("Status", "Suspended").await?;
            max.press("Show").await?;
            max.reads(ZOE.name).await?;
            ensure(max.links_saying(&[MAX.name]).await? == 0, || "it shows others too".into())
        })
        .await?;
    teller.shot(max, "members-suspended").await
}

async fn kept_out(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("her next click in that organization is refused, and it is not offered to her", async {
            first.is_at("/auth/organization").await?;
            first.reload().await?;
            first.is_at("/auth/choose-organization").await?;
            first.is_headed("Choose an organization").await?;
            first.never_reads(TEAM).await
        })
        .await?;
    teller.shot(first, "suspended").await?;
    teller
        .step("she stays signed in, and works in another organization", async {
            first.press_containing("Feather").await?;
            first.is_at("/auth/organization").await?;
            first.is_headed(ZOE.organization).await?;
            first.reads("Owner").await?;
            first.open("/").await?;
            first.reads(&format!("Projects of {}", ZOE.organization)).await
        })
        .await?;
    teller.shot(first, "suspended-elsewhere").await
}

async fn reactivate(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the membership is put in force again", async {
            max.follow_containing(ZOE.name).await?;
            max.press("Reactivate").await?;
            max.reads("This membership is in force again.").await?;
            max.reads("Status Active").await
        })
        .await?;
    teller.shot(max, "member-reactivated").await?;
    teller
        .step("and she gets in again, with the role that she had", async {
            enter_team(first).await?;
            first.reads("Your roles Member").await
        })
        .await?;
    teller.shot(first, "reactivated").await
}
