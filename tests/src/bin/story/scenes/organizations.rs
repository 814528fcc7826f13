//! A second organization: chosen on the account page, and at sign-in.

use serde_json::json;

use super::sign_in::sign_in;
use super::{Scene, ZOE};
use crate::fault::{Result, ensure};

const OTHER: &str = "Night Owls";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, second, .. } = scene;
    teller
        .step("a second organization is made", async {
            // There is no page for it yet.
            let mut agent = host.agent();
            for name in ["um_session", "um_browser"] {
                let (value, _) = first.cookie(name).await?.unwrap_or_default();
                agent.cookies.insert(name.to_owned(), value);
            }
            let made = agent.post("/auth/organizations", json!({ "name": OTHER })).await;
            ensure(made.status == 201, || format!("{} {}", made.status, made.body))
        })
        .await?;
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
            first.open(host.members_only()).await?;
            first.never_reads("Feather").await
        })
        .await?;
    teller
        .step("signing in on the second browser asks which one", async {
            second.open(host.members_only()).await?;
            sign_in(second, &ZOE).await?;
            second.is_at("/auth/choose-organization").await?;
            second.is_headed("Choose an organization").await
        })
        .await?;
    teller.shot(second, "choose-at-sign-in").await?;
    teller
        .step("and the choice leads to the page that was wanted", async {
            second.press_containing("Feather").await?;
            second.is_at(host.members_only()).await
        })
        .await
}
