//! Zoë gives a program an API key, and ends it.

use usermgmt_tests::Agent;

use super::projects::KEPT;
use super::{Scene, ZOE};
use crate::fault::{Result, ensure};

const NAME: &str = "Nightly <export>";

pub(super) async fn play(scene: &Scene<'_>) -> Result<()> {
    let mut program = make(scene).await?;
    uses(scene, &mut program).await?;
    end(scene, &mut program).await?;
    of_the_organization(scene).await
}

async fn status(scene: &Scene<'_>, program: &mut Agent) -> u16 {
    program.get(&format!("{}.json", scene.closed)).await.status.as_u16()
}

/// Makes a key; answers with the program that holds it.
async fn make(scene: &Scene<'_>) -> Result<Agent> {
    let Scene { host, teller, first, .. } = scene;
    teller
        .step("the account page leads to the keys: none yet", async {
            first.open("/auth/account").await?;
            first.follow_containing("API keys").await?;
            first.is_headed("API keys").await?;
            first.reads("There are no keys.").await
        })
        .await?;
    teller
        .step("a key needs a name and a right, and what was entered stays", async {
            first.fill("Days that it is valid for (empty: as usual)", "30").await?;
            first.press("Make key").await?;
            first.error_at("Name of the key").await?;
            let days = first.value("Days that it is valid for (empty: as usual)").await?;
            ensure(days == "30", || format!("the days are “{days}”"))
        })
        .await?;
    teller.shot(first, "api-keys-wrong").await?;
    teller
        .step("the key is shown, this once", async {
            first.fill("Name of the key", NAME).await?;
            first.tick("See projects").await?;
            first.press("Make key").await?;
            first.reads("it is shown only this once").await?;
            first.reads(NAME).await?;
            first.reads("not used yet").await
        })
        .await?;
    teller.shot(first, "api-keys-made").await?;
    let secret = first.value("Key").await?;
    teller
        .step("on the page that is opened anew it is not there", async {
            first.open("/auth/account/api-keys").await?;
            first.reads(NAME).await?;
            let source = first.source().await?;
            ensure(!source.contains(&secret), || "the page shows the key".into())
        })
        .await?;
    let host = host.agent().without(http::header::ORIGIN);
    Ok(host.with("authorization", &format!("Bearer {secret}")))
}

async fn uses(scene: &Scene<'_>, program: &mut Agent) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the program reads her projects, and nothing else of hers", async {
            let told = program.get(&format!("{}.json", scene.closed)).await;
            let name = told.json().pointer("/items/0/name").cloned();
            ensure(name.as_ref().is_some_and(|name| name == KEPT), || format!("the program reads {}", told.body))?;
            let me = program.get("/auth/me").await;
            ensure(me.status == 403 && me.code() == "api_key_not_accepted", || format!("the program reads {}", me.body))
        })
        .await?;
    teller
        .step("the list says that it was used", async {
            first.reload().await?;
            first.reads("used just now").await
        })
        .await
}

async fn end(scene: &Scene<'_>, program: &mut Agent) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("it is ended by a button that is pressed twice, and the program is out at once", async {
            first.press_twice(&format!("End the key {NAME}")).await?;
            first.reads("The key is ended.").await?;
            first.reads("ended").await?;
            let status = status(scene, program).await;
            ensure(status == 401, || format!("the program is answered {status}"))
        })
        .await?;
    teller.shot(first, "api-keys-ended").await
}

async fn of_the_organization(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the keys of the organization are another list, in which hers stands too", async {
            first.open("/auth/organization").await?;
            first.follow_containing("For programs of the organization").await?;
            first.is_headed("API keys").await?;
            first.reads(ZOE.organization).await?;
            first.reads(&format!("of {}", ZOE.name)).await
        })
        .await?;
    teller.shot(first, "api-keys-organization").await
}
