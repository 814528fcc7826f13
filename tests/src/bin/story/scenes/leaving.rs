//! Zoë hands the organization back and leaves it.

use super::hand_over::{give, prove};
use super::members::TEAM;
use super::ownership::CHOICE;
use super::{MAX, Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("she hands the organization back", async {
            first.open("/auth/organization").await?;
            prove(scene, first, ZOE.password).await?;
            give(first, MAX.name).await
        })
        .await?;
    teller
        .step("leaving asks first, and says what it means", async {
            first.reads("You lose access at once. Somebody who adds members can add you again.").await?;
            first.unfold("I want to leave").await
        })
        .await?;
    teller.shot(first, "leave").await?;
    teller
        .step("a button that is pressed twice leaves once, and she sees her other organizations", async {
            first.press_twice("Leave this organization").await?;
            first.is_at("/auth/choose-organization").await?;
            first.reads("You have left the organization.").await?;
            first.never_reads(TEAM).await?;
            for own in [ZOE.organization, "Night Owls"] {
                first.reads(own).await?;
            }
            Ok(())
        })
        .await?;
    teller.shot(first, "left").await?;
    teller
        .step("she is still signed in, and works on in her own", async {
            first.open("/auth/account").await?;
            first.is_headed("Your account").await?;
            first.reads(ZOE.email).await?;
            first.reads("None at the moment").await?;
            teller.shot(first, "left-account").await?;
            first.follow("Switch").await?;
            first.is_headed("Choose an organization").await?;
            first.open(CHOICE).await?;
            first.press_containing("Feather").await?;
            first.is_at("/auth/organization").await?;
            first.is_headed(ZOE.organization).await
        })
        .await?;
    teller
        .step("the members and the log say so", async {
            max.open("/auth/organization/members").await?;
            ensure(max.links_saying(&[ZOE.name]).await? == 0, || "she is still among the members".into())?;
            max.open("/auth/organization/audit").await?;
            for happened in
                ["Member left", "Organization handed over", "Membership suspended", "Membership reactivated"]
            {
                max.reads(happened).await?;
            }
            max.reads("Role removed").await
        })
        .await?;
    teller.shot(max, "audit-left").await
}
