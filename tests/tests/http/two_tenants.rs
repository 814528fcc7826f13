//! Two organisations that do whatever comes to mind.

use serde_json::json;
use usermgmt_core::id::UserId;
use usermgmt_core::model::{AuditFilter, MemberFilter, MembershipStatus, RoleKey};
use usermgmt_core::page::PageRequest;
use usermgmt_service::{
    AddMembers, Error, Limits, ManageMembers, ManageOrganization, ManageRoles, OrgChange, RoleInput,
};
use usermgmt_tests::{App, Person, StoreKind, cells};

use crate::team::{Dice, Team, account, client, id_of, permit, principal};

cells!(whatever_two_organizations_do_they_do_not_meet);

/// Everything that somebody can read of the organisation that they act in.
async fn readable(app: &App, person: &Person) -> String {
    let (me, page) = (principal(app, person).await, PageRequest::first(200));
    let scope = app.auth.scope(&me).unwrap();
    let members = scope.members(&MemberFilter::default(), PageRequest::first(200)).await.unwrap();
    let events = scope.events(&AuditFilter::default(), PageRequest::first(200)).await.unwrap();
    let (org, profile) = (scope.read().await.unwrap(), scope.profile().await.unwrap());
    let (mine, why) =
        (app.auth.orgs().of(&me, page).await.unwrap(), app.auth.orgs().explain(&me, "thing:read").await.unwrap());
    format!("{members:?} {events:?} {org:?} {profile:?} {mine:?} {why:?}")
}

/// One random act of an owner upon their own organisation, or in vain upon another's. Answers names that it made.
async fn act(app: &App, team: &Team, word: &str, dice: &mut Dice, known: &[String]) -> Vec<String> {
    let (orgs, me) = (app.auth.orgs(), &team.owner);
    let user =
        known.iter().filter_map(|id| id.parse::<UserId>().ok()).nth(dice.below(8)).unwrap_or(id_of(app, me).await);
    let role = RoleKey::new(known.iter().rev().find(|name| name.contains("role-")).map_or("reader", String::as_str));
    let roles = [RoleKey::new(dice.pick(&["reader", "admin", "member"])), role.clone()];
    let (members, rights) = (permit::<ManageMembers>(app, me).await, [String::from(dice.pick(&["thing:read", "*"]))]);
    let (named, text) = (format!("{word} role"), format!("{word}-{}", dice.below(1_000)));
    let status = dice.pick(&[MembershipStatus::Active, MembershipStatus::Suspended]);
    let may = permit::<ManageRoles>(app, me).await;
    let mut made = Vec::new();
    let outcome: Result<(), Error> = match dice.below(9) {
        0 | 1 => {
            let number =
                app.auth.users("test").list(&Default::default(), PageRequest::first(200)).await.unwrap().items.len();
            let new = account(app, &format!("{word}-{number}")).await;
            made = vec![id_of(app, &new).await.to_string(), new.email.clone()];
            orgs.add_member_by_email(&client(), &permit::<AddMembers>(app, me).await, &new.email, &roles[..1]).await
        }
        2 => orgs.set_roles(&client(), &members, user, &roles).await,
        3 => orgs.set_member_status(&client(), &members, user, status).await,
        4 => orgs.remove_member(&client(), &members, user).await,
        5 => {
            let input = RoleInput { key: None, name: &named, rights: &rights };
            orgs.put_role(&client(), &may, input).await.map(|key| made.push(key.as_str().to_owned()))
        }
        6 => {
            let input = RoleInput { key: Some(&role), name: &named, rights: &rights };
            orgs.put_role(&client(), &may, input).await.map(drop)
        }
        7 => orgs.remove_role(&client(), &may, &role).await,
        _ => {
            let settings = json!({ "of": text });
            let change = OrgChange { name: Some(&text), slug: Some(&text), settings: Some(&settings) };
            orgs.update(&client(), &permit::<ManageOrganization>(app, me).await, change).await
        }
    };
    assert!(!matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    made
}

async fn whatever_two_organizations_do_they_do_not_meet(app: App) {
    let mut dice = Dice::new();
    let limits = Limits { additions_per_user: u32::MAX, ..Limits::default() };
    let app = app.configured(move |builder| builder.limits(limits)).await;
    let sides = ["aye", "bee"];
    let teams = [Team::of(&app, "aye-own").await, Team::of(&app, "bee-own").await];
    let mut names = teams.each_ref().map(|team| vec![team.id.to_string(), team.owner.email.clone()]);
    for side in 0..2 {
        names[side].push(id_of(&app, &teams[side].owner).await.to_string());
    }
    let mut last = [String::new(), String::new()];
    for _ in 0..if app.cell.store == StoreKind::Memory { 300 } else { 60 } {
        let side = dice.below(2);
        // One act in four is tried upon what belongs to the other.
        let target = if dice.below(4) == 0 { 1 - side } else { side };
        let known: Vec<_> = names[target].iter().skip(3 * usize::from(target == side)).cloned().collect();
        let made = act(&app, &teams[side], sides[side], &mut dice, &known).await;
        names[side].extend(made);
        app.work().await;
        for reader in 0..2 {
            let read = readable(&app, &teams[reader].owner).await;
            let other = sides[1 - reader];
            let marks = [format!("{other}-"), format!("{other} role")];
            let met = names[1 - reader].iter().chain(&marks).find(|name| read.contains(name.as_str()));
            assert_eq!(met, None, "{read}");
            assert!(
                reader == side || last[reader].is_empty() || last[reader] == read,
                "{} has changed {read}",
                sides[side]
            );
            last[reader] = read;
        }
    }
    assert!(names.iter().all(|names| names.len() > 3), "{names:?}");
    app.report.requirement(122);
}
