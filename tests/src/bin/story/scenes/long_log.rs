//! A list that is longer than one page.

use serde_json::json;

use super::Scene;
use super::organizations::program;
use crate::browser::Browser;
use crate::fault::{Fault, Result, ensure};

const LOG: &str = "/auth/organization/audit";
/// Entries on one page.
const PAGE: usize = 50;
/// What a change of the organization's settings is called.
const CHANGED: &str = "Organization changed";

pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("a program changes the organization more often than one page of its log shows", fill(scene, max))
        .await?;
    teller
        .step("the log shows the newest entries, and a way to older ones", async {
            max.open(LOG).await?;
            full(max).await?;
            ensure(max.links_saying(&["To the newest"]).await? == 0, || "the first page leads to itself".into())
        })
        .await?;
    teller.shot(max, "audit-first-page").await?;
    teller
        .step("the next pages go on where it ends, down to the beginning of the organization", async {
            let text = max.text().await?;
            ensure(!text.contains("Organization made"), || "the beginning stands on the first page".into())?;
            while max.links_saying(&["Older ones"]).await? > 0 {
                full(max).await?;
                max.follow("Older ones").await?;
                max.is_headed("Audit log").await?;
            }
            let rest = entries(max).await?;
            ensure((1..PAGE).contains(&rest), || format!("{rest} entries on the last page"))?;
            max.reads("Organization made").await
        })
        .await?;
    teller.shot(max, "audit-last-page").await?;
    teller
        .step("and a way leads back to the newest", async {
            max.follow("To the newest").await?;
            ensure(max.place().await?.trim_end_matches('?') == LOG, || "it is not the first page".into())?;
            full(max).await
        })
        .await?;
    teller
        .step("a search is kept from page to page, and given up by one click", async {
            max.unfold("Search").await?;
            max.choose("What", CHANGED).await?;
            max.press("Show").await?;
            full(max).await?;
            max.follow("Older ones").await?;
            let chosen = max.value("What").await?;
            ensure(chosen == "org.updated", || format!("it looks for “{chosen}”"))?;
            let rest = entries(max).await?;
            ensure((1..PAGE).contains(&rest), || format!("{rest} entries on the last page"))?;
            teller.shot(max, "audit-search-last-page").await?;
            max.follow("To the newest").await?;
            let chosen = max.value("What").await?;
            ensure(chosen == "org.updated", || format!("it looks for “{chosen}”"))?;
            max.follow("Show everything").await?;
            max.is_at(LOG).await?;
            ensure(max.links_saying(&["Show everything"]).await? == 0, || "it is still searched".into())
        })
        .await
}

/// Changes the settings of the organization, which only programs do.
async fn fill(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let mut program = program(scene, max).await?;
    let me = program.get("/auth/me").await.json();
    let org = me.pointer("/organization/id").and_then(serde_json::Value::as_str);
    let org = org.ok_or_else(|| Fault::new(format!("nowhere: {me}")))?;
    for round in 0..=PAGE {
        let settings = json!({ "settings": { "round": round } });
        let done = program.post(&format!("/auth/organizations/{org}"), settings).await;
        ensure(done.status == 200, || format!("{} {}", done.status, done.body))?;
    }
    Ok(())
}

/// How many entries are shown: each says from which address.
async fn entries(browser: &Browser) -> Result<usize> {
    Ok(browser.text().await?.matches("127.0.0.1").count())
}

async fn full(browser: &Browser) -> Result<()> {
    let shown = entries(browser).await?;
    ensure(shown == PAGE, || format!("{shown} entries are shown"))
}
