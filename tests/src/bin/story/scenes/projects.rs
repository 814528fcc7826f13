//! What only members with a permission see and do; and the application is killed in the middle.

use super::{Scene, ZOE};
use crate::fault::Result;

pub(super) async fn play(scene: &mut Scene<'_>) -> Result<()> {
    let Scene { teller, first, .. } = &*scene;
    if scene.host.home().is_none() {
        return teller
            .step("a page behind a permission of the organization is open", async {
                first.open(scene.host.members_only()).await?;
                first.reads("things of org_").await
            })
            .await;
    }
    Ok(())
}
