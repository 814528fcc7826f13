//! Zoë becomes a member of Max's organization, is given more by a role of its own, and is removed again.

use super::sign_in::{enter, sign_in};
use super::stranger::CHOSEN;
use super::{MAX, Person, Scene, ZOE, audit_log, mail};
use crate::browser::Browser;
use crate::fault::{Result, ensure};

pub(super) const TEAM: &str = MAX.organization;
/// The role that Max makes. Nothing of its name is more than text.
pub(super) const ROLE: &str = "Keeper of <b>ink</b>";
/// What Max adds in the example.
pub(super) const PROJECT: &str = "Inkpot";

/// Answers with the browser that Max uses from here on.
pub(super) async fn play(scene: &Scene<'_>) -> Result<Browser> {
    let max = scene.stage.browser_elsewhere("max").await?;
    add(scene, &max).await?;
    arrive(scene, &max).await?;
    give(scene, &max).await?;
    let left_open = use_it(scene).await?;
    remove(scene, &max, &left_open).await?;
    audit_log::play(scene, &max).await?;
    Ok(max)
}

/// Max adds her by her address, with mistakes first.
async fn add(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("an owner's account page leads to the organization and its members", async {
            enter(max, &Person { password: CHOSEN, ..MAX }).await?;
            max.follow_containing("Members, roles").await?;
            max.is_headed(TEAM).await?;
            max.reads("You are the only owner.").await?;
            teller.shot(max, "organization-alone").await?;
            max.follow_containing("Add, change and remove").await?;
            max.is_headed("Members").await
        })
        .await?;
    teller.shot(max, "members-alone").await?;
    teller
        .step("a bad address and no role are named at their fields, and nothing entered is lost", async {
            max.fill("E-mail address", "zoe at example").await?;
            max.press("Add member").await?;
            let error = max.error_at("E-mail address").await?;
            ensure(error.contains("name@example.com"), || format!("the address is wrong because: {error}"))?;
            max.fill("E-mail address", ZOE.email).await?;
            max.tick("Member").await?;
            max.press("Add member").await?;
            let error = max.error_at("Member").await?;
            ensure(error.contains("at least one role"), || format!("the roles are wrong because: {error}"))?;
            let kept = max.value("E-mail address").await?;
            ensure(kept == ZOE.email, || format!("the address field holds “{kept}”"))
        })
        .await?;
    teller.shot(max, "members-wrong").await?;
    teller
        .step("a button that is pressed twice adds her once", async {
            max.tick("Member").await?;
            max.press_twice("Add member").await?;
            max.reads("If there is an account with this address, it is a member in a moment").await?;
            teller.shot(max, "members-asked").await?;
            max.open("/auth/organization/members").await?;
            max.reads_some_time(ZOE.name).await?;
            let rows = max.links_saying(&[ZOE.name]).await?;
            ensure(rows == 1, || format!("she stands there {rows} times"))
        })
        .await?;
    teller
        .step("the list shows whom one looks for", async {
            max.unfold("Search").await?;
            max.fill("Address begins with", "ZOE").await?;
            max.press("Show").await?;
            ensure(max.links_saying(&[MAX.name]).await? == 0, || "it shows others too".into())?;
            max.reads(ZOE.name).await?;
            max.follow("Show everything").await?;
            max.reads(MAX.name).await
        })
        .await?;
    teller.shot(max, "members").await
}

/// She gets the mail, signs in, and chooses where to work.
async fn arrive(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller.step("she is told by mail", mail::open_about(scene, first, ZOE.email, "You are a member of")).await?;
    teller.shot(first, "mail-member").await?;
    teller
        .step("at sign-in she chooses among her organizations, and is a member with a role", async {
            first.reads(TEAM).await?;
            first.open("/auth/sign-in?return_to=%2Fauth%2Forganization").await?;
            sign_in(first, &ZOE).await?;
            first.is_headed("Choose an organization").await?;
            for organization in [TEAM, ZOE.organization] {
                first.reads(organization).await?;
            }
            teller.shot(first, "choose-with-team").await?;
            first.press_containing(TEAM).await?;
            first.is_at("/auth/organization").await?;
            first.is_headed(TEAM).await?;
            first.reads("Member").await?;
            first.never_reads("Audit log").await
        })
        .await?;
    teller.shot(first, "organization-member").await?;
    teller
        .step("what her role does not give is refused, with a way on", async {
            for closed in ["/auth/organization/audit", "/auth/organization/members", "/auth/organization/roles/new"] {
                first.open(closed).await?;
                first.is_headed("You may not do this").await?;
            }
            first.follow("Switch organization").await?;
            first.is_headed("Choose an organization").await
        })
        .await?;
    teller
        .step("the application shows her what is of this organization, and nothing to delete it by", async {
            max.open("/").await?;
            max.fill("New project", PROJECT).await?;
            max.press("Add project").await?;
            first.open("/").await?;
            first.reads(PROJECT).await?;
            first.never_reads("Feather").await?;
            let ways = first.links_saying(&["Delete"]).await?;
            ensure(ways == 0, || format!("{ways} ways to delete"))
        })
        .await
}

/// Max makes a role and gives it to her.
async fn give(scene: &Scene<'_>, max: &Browser) -> Result<()> {
    let Scene { teller, .. } = scene;
    teller
        .step("a role without a name is refused at its field, and its rights stay ticked", async {
            max.open("/auth/organization").await?;
            max.follow_containing("roles of your own").await?;
            max.is_headed("Roles").await?;
            max.follow("New role").await?;
            max.is_headed("New role").await?;
            max.tick("Read the audit log").await?;
            max.tick("Delete projects").await?;
            max.press("Save").await?;
            let error = max.error_at("Name of the role").await?;
            ensure(error.contains("name for the role"), || format!("the name is wrong because: {error}"))
        })
        .await?;
    teller.shot(max, "role-wrong").await?;
    teller
        .step("a button that is pressed twice makes one role", async {
            max.fill("Name of the role", ROLE).await?;
            max.press_twice("Save").await?;
            max.open("/auth/organization/roles").await?;
            max.reads(ROLE).await?;
            let roles = max.links_saying(&["Change"]).await?;
            ensure(roles == 1, || format!("{roles} roles can be changed"))
        })
        .await?;
    teller.shot(max, "roles").await?;
    teller
        .step("it is given on the page of the member, which says what each role gives", async {
            max.follow(&format!("Change {ROLE}")).await?;
            max.is_headed(ROLE).await?;
            teller.shot(max, "role").await?;
            max.open("/auth/organization/members").await?;
            max.follow_containing(ZOE.name).await?;
            max.is_headed(ZOE.name).await?;
            teller.shot(max, "member").await?;
            max.follow("Hand over").await?;
            max.is_headed(TEAM).await?;
            let heir = max.value("New owner").await?;
            ensure(heir.starts_with("usr_"), || format!("the new owner is “{heir}”"))?;
            max.choose("New owner", "Please choose").await?;
            max.press("Hand the organization over").await?;
            let error = max.error_at("New owner").await?;
            ensure(error.contains("takes the organization over"), || format!("the heir is wrong because: {error}"))?;
            teller.shot(max, "hand-over-to-nobody").await?;
            max.open("/auth/organization/members").await?;
            max.follow_containing(ZOE.name).await?;
            max.tick(ROLE).await?;
            max.press("Save").await?;
            max.reads("The roles are saved.").await?;
            max.reads("Read the audit log").await
        })
        .await?;
    teller.shot(max, "member-roles").await
}

/// Her new right works at her next click. Answers with the page that she leaves open.
async fn use_it(scene: &Scene<'_>) -> Result<String> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("her next click shows what the new role gives", async {
            first.open("/auth/organization").await?;
            first.follow_containing("Who did what").await?;
            first.is_headed("Audit log").await?;
            first.reads("Roles of a member changed").await?;
            first.open("/").await?;
            first.follow(&format!("Delete {PROJECT}")).await?;
            first.is_headed_only(&format!("Delete {PROJECT}?")).await?;
            first.place().await
        })
        .await
}

/// Max removes her while her page is open.
async fn remove(scene: &Scene<'_>, max: &Browser, left_open: &str) -> Result<()> {
    let Scene { teller, first, .. } = scene;
    teller
        .step("removing asks first, and pressing once more afterwards does no harm", async {
            max.unfold("Remove from the organization").await?;
            teller.shot(max, "member-remove").await?;
            max.press("Remove member").await?;
            max.reads("That person is a member no more.").await?;
            max.never_reads(ZOE.name).await?;
            max.back().await?;
            max.open("/auth/organization/members").await
        })
        .await?;
    teller
        .step("her next click in that organization is refused", async {
            ensure(first.place().await? == left_open, || "her page is gone".into())?;
            first.press("Delete project").await?;
            first.is_headed("There is nothing here").await?;
            teller.shot(first, "member-no-more").await?;
            max.open("/").await?;
            max.reads(PROJECT).await
        })
        .await?;
    teller
        .step("but she stays signed in, and works on in her own", async {
            first.open("/auth/organization").await?;
            first.is_at("/auth/choose-organization").await?;
            first.never_reads(TEAM).await?;
            first.press_containing("Feather").await?;
            first.is_at("/auth/organization").await?;
            first.is_headed(ZOE.organization).await?;
            first.reads("Owner").await
        })
        .await?;
    teller.shot(first, "organization-own").await
}
