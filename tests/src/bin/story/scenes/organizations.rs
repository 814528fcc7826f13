//! A second organization: chosen on the account page, and at sign-in.

use usermgmt_tests::Agent;

use super::sign_in::sign_in;
use super::{Scene, ZOE};
use crate::browser::Browser;
use crate::fault::Result;

const OTHER: &str = "Night Owls";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, closed, .. } = scene;
    teller.step("a second organization is made", make(scene)).await?;
    teller
        .step("the account page leads to the choice", async {
            first.open("/auth/account").await?;
            first.reads(ZOE.organization).await?;
            first.follow("Switch").await?;
            first.is_headed("Choose an organization").await?;
            first.reads(OTHER).await
        })
        .await?;
    teller.shot(first, "choose-organization").await?;
    teller
        .step("the other one is entered, and only what is its own can be seen", async {
            first.press_containing(OTHER).await?;
            first.open("/auth/account").await?;
            first.reads(OTHER).await?;
            first.never_reads("Feather").await?;
            first.open("/").await?;
            first.never_reads("Feather").await?;
            first.never_reads("Paper").await
        })
        .await?;
    teller
        .step("signing in on the second browser asks which one", async {
            second.open(closed).await?;
            sign_in(second, &ZOE).await?;
            second.is_at("/auth/choose-organization").await?;
            second.is_headed("Choose an organization").await
        })
        .await?;
    teller.shot(second, "choose-at-sign-in").await?;
    teller
        .step("and the choice leads to the page that was wanted", async {
            second.press_containing("Feather").await?;
            second.is_at(closed).await
        })
        .await
}

async fn make(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    first.open("/").await?;
    first.unfold("Make another organization").await?;
    teller.shot(first, "new-organization").await?;
    first.fill("Name of the organization", OTHER).await?;
    first.press("Make organization").await?;
    first.is_headed("Choose an organization").await
}

/// A program with the cookies of a browser.
pub(super) async fn program(scene: &Scene<'_>, browser: &Browser) -> Result<Agent> {
    let mut agent = scene.host.agent();
    for name in ["um_session", "um_browser"] {
        let (value, _) = browser.cookie(name).await?.unwrap_or_default();
        agent.cookies.insert(name.to_owned(), value);
    }
    Ok(agent)
}
