//! Somebody with access to the database changes an entry of the log, and the check shows it.

use super::Scene;
use crate::browser::Browser;
use crate::fault::Result;

pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { host, teller, .. } = scene;
    host.touch_the_log("203.0.113.7").await?;
    teller
        .step("an entry that was changed in the database looks like any other", async {
            max.open("/auth/organization/audit?kind=member.left").await?;
            max.reads("from 203.0.113.7").await
        })
        .await?;
    teller
        .step("but the check says that the log is not whole, and where", async {
            max.press("Check the log").await?;
            max.is_headed("The log is not whole").await?;
            max.reads("An entry was changed, or was not written by the application.").await?;
            max.reads("Please tell whoever runs this application.").await
        })
        .await?;
    teller.shot(max, "audit-touched").await?;
    teller
        .step("put right again, it is whole again", async {
            host.touch_the_log("127.0.0.1").await?;
            max.reload().await?;
            max.is_headed("The log is whole").await
        })
        .await
}
