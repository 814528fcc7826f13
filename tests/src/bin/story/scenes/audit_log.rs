//! The log of an organization tells what has happened there, and nobody has touched it.

use super::organizations::program;
use super::{MAX, Scene, ZOE};
use crate::browser::Browser;
use crate::fault::{Fault, Result, ensure};

/// Max looks at what the scene before has left.
pub(super) async fn play(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("the audit log says who did what to whom", async {
            max.open("/auth/organization").await?;
            max.follow_containing("Who did what").await?;
            max.is_headed("Audit log").await?;
            for happened in ["Member added", "Role made or changed", "Roles of a member changed", "Member removed"] {
                max.reads(happened).await?;
            }
            max.reads(&format!("By {} to {}", MAX.name, ZOE.name)).await
        })
        .await?;
    teller.shot(max, "audit").await?;
    teller
        .step("it can be looked through by what has happened, and by whom", async {
            max.unfold("Search").await?;
            max.choose("What", "Member removed").await?;
            max.press("Show").await?;
            let shown = max.text().await?.matches("127.0.0.1").count();
            ensure(shown == 1, || format!("{shown} entries are shown"))?;
            max.choose("What", "Everything").await?;
            max.choose("Who", MAX.name).await?;
            max.press("Show").await?;
            max.reads("Member removed").await
        })
        .await?;
    teller
        .step("and the check says that it is whole", async {
            max.press("Check the log").await?;
            max.is_headed("The log is whole").await?;
            let text = max.text().await?;
            let counted = text.split(" entries were checked").next().and_then(|before| before.split(' ').next_back());
            let counted: u32 = counted.and_then(|count| count.parse().ok()).ok_or_else(|| Fault::new(text.clone()))?;
            ensure(counted >= 6, || format!("{counted} entries were checked"))
        })
        .await?;
    teller.shot(max, "audit-whole").await?;
    teller
        .step("what is downloaded has a line for each entry", async {
            const LOG: &str = "/auth/organization/audit";
            max.follow("Back to the audit log").await?;
            let source = max.source().await?;
            let organization =
                source.split("name=\"organization\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
            let organization = organization.ok_or_else(|| Fault::new("the form does not say of which organization"))?;
            let mut program = program(scene, max).await?;
            let file = program.submit(LOG, &format!("{LOG}/export"), &[("organization", organization)]).await;
            let kind = file.header("content-disposition").unwrap_or_default();
            ensure(kind.starts_with("attachment"), || format!("{} {kind} {}", file.status, file.body))?;
            let lines = file.body.lines().count();
            ensure(lines >= 6 && file.body.contains("\"member.removed\""), || format!("it has {lines} lines"))?;
            max.reload().await?;
            max.reads("Audit log downloaded").await
        })
        .await
}
