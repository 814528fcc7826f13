//! What only members with a permission see and do; and the application is killed in the middle.

use super::{Scene, ZOE};
use crate::fault::{Result, ensure};

pub(super) const KEPT: &str = "Ink & <b>Paper</b>";
const DELETED: &str = "Moonlight";

pub(super) async fn play(scene: &mut Scene<'_>) -> Result<()> {
    scene.closed = add(scene).await?;
    restart(scene).await?;
    delete(scene).await
}

/// Adds two projects; answers with the path of their page.
async fn add(scene: &Scene<'_>) -> Result<String> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("the home page shows the projects of the organization: none yet", async {
            first.open("/").await?;
            first.reads(&format!("Hello, {}", ZOE.name)).await?;
            first.reads(&format!("Projects of {}", ZOE.organization)).await?;
            first.reads("No project yet.").await
        })
        .await?;
    teller.shot(first, "projects-none").await?;
    teller
        .step("projects are added, and shown as they were typed", async {
            for name in [DELETED, KEPT] {
                first.fill("New project", name).await?;
                first.press("Add project").await?;
                first.reads(name).await?;
            }
            Ok(())
        })
        .await?;
    teller.shot(first, "projects").await?;
    teller
        .step("loading the page again adds none", async {
            first.reload().await?;
            let shown = first.text().await?.matches(KEPT).count();
            ensure(shown == 1, || format!("“{KEPT}” is shown {shown} times"))
        })
        .await?;
    first.place().await
}

async fn restart(scene: &Scene<'_>) -> Result<()> {
    let Scene { host, teller, first, .. } = scene;
    teller
        .step("killed and started again: still signed in, everything is there", async {
            host.restart().await?;
            first.reload().await?;
            first.reads(&format!("Hello, {}", ZOE.name)).await?;
            first.reads(KEPT).await
        })
        .await
}

async fn delete(scene: &Scene<'_>) -> Result<()> {
    let Scene { teller, first, second, closed, .. } = scene;
    teller
        .step("deleting asks first", async {
            first.follow(&format!("Delete {DELETED}")).await?;
            first.is_headed_only(&format!("Delete {DELETED}?")).await
        })
        .await?;
    teller.shot(first, "delete").await?;
    teller
        .step("a project is deleted, the other one stays", async {
            first.press("Delete project").await?;
            ensure(&first.place().await? == closed, || "the browser is not led back".into())?;
            first.never_reads(DELETED).await?;
            first.reads(KEPT).await
        })
        .await?;
    teller
        .step("a stranger sees nothing of it", async {
            second.open(closed).await?;
            second.is_at("/auth/sign-in").await?;
            second.never_reads("Paper").await
        })
        .await
}
