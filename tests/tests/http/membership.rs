//! Members change and go: what they may, whether they are in, who answers, how many there are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Value, json};
use usermgmt_core::model::{MembershipStatus, Org};
use usermgmt_core::port::Hooks;
use usermgmt_service::{AddMembers, ManageMembers, OwnOrganization};
use usermgmt_tests::{App, Person, cells};

use crate::team::{
    Team, account, client, id_of, keys, newcomer, permit, principal, refusal, things, with_keepers, word,
};

cells!(
    roles_add_up_and_count_at_the_next_request,
    whoever_is_suspended_is_out_at_the_next_request,
    whoever_was_removed_begins_anew,
    somebody_always_answers_for_the_organization,
    ownership_is_handed_over,
    seats_are_counted,
    the_application_hears_how_many_members_there_are,
);

async fn roles_add_up_and_count_at_the_next_request(app: App) {
    let app = with_keepers(app).await;
    let team = Team::of(&app, "ann").await;
    let mut owner = team.owner.clone();
    let writer = team.role(&mut owner, "Writer", &["thing:write"]).await;
    let mut bob = team.member(&app, "bob", &["member"]).await;
    let secret = bob.agent.cookies["um_session"].clone();
    assert_eq!(things(&mut bob).await, (403, 403));
    for (roles, may) in [
        (vec!["reader"], (200, 403)),
        (vec!["reader", &writer], (200, 200)),
        (vec![&writer], (403, 200)),
        (vec!["member", "reader"], (200, 403)),
        (vec!["admin"], (200, 200)),
        (vec!["member"], (403, 403)),
    ] {
        team.set_roles(&app, &mut owner, &bob, &roles).await.expect(200);
        assert_eq!(things(&mut bob).await, may, "{roles:?}");
        assert_eq!(bob.agent.cookies["um_session"], secret, "without signing out or in");
    }
    // A right that was checked before the change commits nothing after it.
    team.set_roles(&app, &mut owner, &bob, &["admin"]).await.expect(200);
    let stale = permit::<AddMembers>(&app, &bob).await;
    team.set_roles(&app, &mut owner, &bob, &["member"]).await.expect(200);
    let late = app
        .auth
        .orgs()
        .add_member(&client(), &stale, id_of(&app, &account(&app, "eve").await).await, &keys(&["reader"]))
        .await;
    assert_eq!(refusal(late), "authority_changed");

    // What one is in one organisation says nothing about another.
    let second = Team::of(&app, "sam").await;
    second.join(&app, &bob, &["admin"]).await;
    assert_eq!(things(&mut bob).await, (403, 403));
    second.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await, (200, 200));
    let mut sam = second.owner.clone();
    second.set_roles(&app, &mut sam, &bob, &["reader"]).await.expect(200);
    assert_eq!((things(&mut bob).await, team.roles(&app, &bob).await), ((200, 403), vec!["member".to_owned()]));
    for number in [117, 155, 156, 208] {
        app.report.requirement(number);
    }
}

async fn whoever_is_suspended_is_out_at_the_next_request(app: App) {
    let team = Team::of(&app, "ann").await;
    let other = Team::of(&app, "sam").await;
    let mut owner = team.owner.clone();
    let mut bob = team.member(&app, "bob", &["reader"]).await;
    other.join(&app, &bob, &["reader"]).await;
    assert_eq!(things(&mut bob).await.0, 200);
    let suspended = team.act(&app, &mut owner, "suspend", &bob, json!({})).await.expect(200);
    assert_eq!(suspended.json(), json!({ "status": "suspended" }));
    assert_eq!(bob.agent.get("/host/things").await.expect(403).code(), "organization_required");
    assert_eq!(word(&team.get(&mut bob, "").await), "404 not_found");
    assert_eq!(word(&team.enter(&mut bob).await), "404 not_found");
    assert!(bob.is_signed_in().await);
    let mine = bob.agent.get("/auth/organizations").await.expect(200).json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1, "{mine}");
    other.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await.0, 200, "the other organisation is as it was");

    team.act(&app, &mut owner, "reactivate", &bob, json!({})).await.expect(200);
    team.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await, (200, 403));
    assert_eq!(team.roles(&app, &bob).await, ["reader"]);
    assert_eq!(word(&team.act(&app, &mut bob, "suspend", &owner, json!({})).await), "403 permission_missing");
    for verb in ["suspend", "reactivate", "remove", "roles"] {
        let body = if verb == "roles" { json!({ "roles": ["reader"] }) } else { json!({}) };
        let missing = team.post(&mut owner, &format!("/members/usr_{:032x}/{verb}", 1), body.clone()).await.expect(404);
        let no_member = team.act(&app, &mut owner, verb, &other.owner, body).await.expect(404);
        assert_eq!(missing.outward(), no_member.outward(), "{verb}");
    }
    app.report.requirement(117);
    app.report.requirement(208);
}

async fn whoever_was_removed_begins_anew(app: App) {
    let team = Team::of(&app, "ann").await;
    let other = Team::of(&app, "sam").await;
    let mut owner = team.owner.clone();
    let mut bob = team.member(&app, "bob", &["admin"]).await;
    other.join(&app, &bob, &["reader"]).await;
    let old = permit::<ManageMembers>(&app, &bob).await;
    let mut elsewhere = bob.elsewhere(&app);
    elsewhere.sign_in().await.expect(200);
    elsewhere.agent.post("/auth/sign-in/organization", json!({ "organization": team.id })).await.expect(200);
    assert_eq!((things(&mut bob).await, things(&mut elsewhere).await), ((200, 200), (200, 200)));
    team.act(&app, &mut owner, "remove", &bob, json!({})).await.expect(200);
    for person in [&mut bob, &mut elsewhere] {
        assert_eq!(person.agent.get("/host/things").await.expect(403).code(), "organization_required");
        assert_eq!(word(&team.get(person, "/members").await), "404 not_found");
        assert!(person.is_signed_in().await);
    }
    other.enter(&mut elsewhere).await.expect(200);
    assert_eq!(things(&mut elsewhere).await, (200, 403));
    // Back with less: nothing of before counts again, whether it was kept in a session or in a handler.
    app.advance(time::Duration::SECOND);
    team.add(&mut owner, &bob.email, &["reader"]).await.expect(202);
    app.work().await;
    let owner_id = id_of(&app, &owner).await;
    let late = app.auth.orgs().set_roles(&client(), &old, owner_id, &keys(&["member"])).await;
    assert!(["authority_changed", "rights_exceeded"].contains(&refusal(late).as_str()));
    let bob_id = id_of(&app, &bob).await;
    let raised = app.auth.orgs().set_roles(&client(), &old, bob_id, &keys(&["admin"])).await;
    assert_eq!(refusal(raised), "authority_changed");
    assert_eq!(team.roles(&app, &bob).await, ["reader"]);
    app.report.case("OR-15");
    assert_eq!(things(&mut bob).await, (200, 403), "a session that stayed there is back at its next request");
    team.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await, (200, 403));
    app.report.twin("OR-15");
    for number in [117, 156, 208] {
        app.report.requirement(number);
    }

    // Who wants to go, goes.
    team.post(&mut bob, "/leave", json!({})).await.expect(200);
    assert!(team.membership(&app, &bob).await.is_none() && bob.is_signed_in().await);
    assert_eq!(word(&team.post(&mut bob, "/leave", json!({})).await), "404 not_found");
    assert_eq!(word(&team.enter(&mut bob).await), "404 not_found");
}

async fn somebody_always_answers_for_the_organization(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let mut adm = team.member(&app, "adm", &["admin"]).await;
    let ann_id = id_of(&app, &ann).await;
    let by_app = app.auth.organizations("test");
    let attempts = async |ann: &mut Person| {
        let mut words = vec![
            word(&team.set_roles(&app, ann, &team.owner, &["admin"]).await),
            word(&team.act(&app, ann, "suspend", &team.owner, json!({})).await),
            word(&team.act(&app, ann, "remove", &team.owner, json!({})).await),
            word(&team.post(ann, "/leave", json!({})).await),
        ];
        words.push(format!("409 {}", refusal(by_app.set_roles(team.id, ann_id, &keys(&["admin"])).await)));
        let suspended = by_app.set_member_status(team.id, ann_id, MembershipStatus::Suspended).await;
        words.push(format!("409 {}", refusal(suspended)));
        words.push(format!("409 {}", refusal(by_app.remove_member(team.id, ann_id).await)));
        words
    };
    let before = app.state().await;
    assert_eq!(attempts(&mut ann).await, vec!["409 last_owner"; 7]);
    assert_eq!(app.state().await, before);
    // One who is suspended does not answer for it.
    let bob = team.member(&app, "bob", &["owner"]).await;
    team.act(&app, &mut ann, "suspend", &bob, json!({})).await.expect(200);
    assert_eq!(attempts(&mut ann).await, vec!["409 last_owner"; 7]);
    // An admin can do nothing to an owner.
    for (verb, body) in [
        ("remove", json!({})),
        ("suspend", json!({})),
        ("reactivate", json!({})),
        ("roles", json!({ "roles": ["member"] })),
    ] {
        assert_eq!(word(&team.act(&app, &mut adm, verb, &bob, body).await), "403 rights_exceeded", "{verb}");
    }
    team.act(&app, &mut ann, "reactivate", &bob, json!({})).await.expect(200);
    team.set_roles(&app, &mut ann, &team.owner, &["reader"]).await.expect(200);
    assert_eq!(things(&mut ann).await, (200, 403));
    let org = by_app.get(team.id).await.unwrap();
    assert_eq!((org.owners, org.members), (1, 3));
}

async fn ownership_is_handed_over(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let (mut bob, mut adm) = (team.member(&app, "bob", &["reader"]).await, team.member(&app, "adm", &["admin"]).await);
    let (ann_id, bob_id) = (id_of(&app, &ann).await, id_of(&app, &bob).await);
    let transfer = async |person: &mut Person, to: Value| team.post(person, "/transfer", json!({ "user": to })).await;
    assert_eq!(transfer(&mut adm, json!(bob_id)).await.expect(403).code(), "permission_missing");
    for wrong in [
        json!(format!("usr_{:032x}", 1)),
        json!("nonsense"),
        json!(ann_id),
        json!(id_of(&app, &account(&app, "eve").await).await),
    ] {
        assert_eq!(word(&transfer(&mut ann, wrong.clone()).await), "404 not_found", "{wrong}");
    }
    team.act(&app, &mut ann, "suspend", &bob, json!({})).await.expect(200);
    assert_eq!(word(&transfer(&mut ann, json!(bob_id)).await), "404 not_found", "who is suspended cannot answer");
    team.act(&app, &mut ann, "reactivate", &bob, json!({})).await.expect(200);
    app.advance(time::Duration::minutes(11));
    assert_eq!(word(&transfer(&mut ann, json!(bob_id)).await), "403 step_up_required");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    // The proof of one session is none for another.
    let fresh = app.auth.step_up(&principal(&app, &newcomer(&app, "sam").await).await, None).unwrap();
    let own = permit::<OwnOrganization>(&app, &ann).await;
    let foreign = app.auth.orgs().transfer(&client(), &own, &fresh, bob_id).await;
    assert_eq!(refusal(foreign), "step_up_required");
    transfer(&mut ann, json!(bob_id)).await.expect(200);
    assert_eq!(team.roles(&app, &bob).await, ["reader", "owner"]);
    assert_eq!(team.roles(&app, &ann).await, ["admin"]);
    assert_eq!(word(&transfer(&mut ann, json!(ann_id)).await), "403 permission_missing", "at the next request");
    assert_eq!(word(&team.set_roles(&app, &mut ann, &bob, &["reader"]).await), "403 rights_exceeded");
    bob.agent.post("/auth/step-up", json!({ "password": bob.password })).await.expect(200);
    transfer(&mut bob, json!(ann_id)).await.expect(200);
    let org = app.auth.organizations("test").get(team.id).await.unwrap();
    assert_eq!((org.owners, org.members), (1, 3));
}

async fn seats_are_counted(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let by_app = app.auth.organizations("billing");
    let bob = team.member(&app, "bob", &["reader"]).await;
    assert_eq!(refusal(by_app.set_seats(team.id, Some(0)).await), "not acceptable: `seats` is too_short");
    by_app.set_seats(team.id, Some(2)).await.unwrap();
    assert_eq!(team.get(&mut ann, "").await.expect(200).json()["seats"], 2);
    let cid = account(&app, "cid").await;
    assert_eq!(word(&team.add(&mut ann, &cid.email, &["reader"]).await), "409 seats_taken");
    assert_eq!(refusal(by_app.add_member(team.id, id_of(&app, &cid).await, &keys(&["reader"])).await), "seats_taken");
    // Who is suspended leaves the seat; it is taken when they want it back.
    team.act(&app, &mut ann, "suspend", &bob, json!({})).await.expect(200);
    team.join(&app, &cid, &["reader"]).await;
    assert_eq!(word(&team.act(&app, &mut ann, "reactivate", &bob, json!({})).await), "409 seats_taken");
    // Fewer than there are: nobody goes, nobody comes, the others live on.
    by_app.set_seats(team.id, Some(1)).await.unwrap();
    team.set_roles(&app, &mut ann, &cid, &["member"]).await.expect(200);
    team.act(&app, &mut ann, "suspend", &cid, json!({})).await.expect(200);
    assert_eq!(word(&team.act(&app, &mut ann, "reactivate", &cid, json!({})).await), "409 seats_taken");
    by_app.set_seats(team.id, None).await.unwrap();
    for person in [&bob, &cid] {
        team.act(&app, &mut ann, "reactivate", person, json!({})).await.expect(200);
    }
    // A seat that is gone when the worker looks is not given.
    by_app.set_seats(team.id, Some(4)).await.unwrap();
    let dan = account(&app, "dan").await;
    team.add(&mut ann, &dan.email, &["reader"]).await.expect(202);
    by_app.set_seats(team.id, Some(3)).await.unwrap();
    app.work().await;
    assert!(team.membership(&app, &dan).await.is_none());
    assert_eq!(by_app.get(team.id).await.unwrap().members, 3);
}

/// Hears of members, and fails when it is told to.
#[derive(Clone, Default)]
struct Billing(Arc<Mutex<Vec<u32>>>, Arc<AtomicBool>);

#[async_trait]
impl Hooks for Billing {
    async fn members_changed(&self, org: &Org) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap().push(org.members);
        if self.1.load(Ordering::SeqCst) { Err("the bill cannot be written".into()) } else { Ok(()) }
    }
}

async fn the_application_hears_how_many_members_there_are(app: App) {
    let (billing, hooks) = (Billing::default(), Billing::default());
    let hooks = Billing(billing.0.clone(), hooks.1.clone());
    let failing = hooks.1.clone();
    let app = app.configured(move |builder| builder.hooks(hooks)).await;
    let heard = || std::mem::take(&mut *billing.0.lock().unwrap());
    let team = Team::of(&app, "ann").await;
    app.work().await;
    assert_eq!(heard().last(), Some(&1), "an organisation was made");
    let mut ann = team.owner.clone();
    let bob = team.member(&app, "bob", &["reader"]).await;
    assert_eq!(heard(), [0; 0], "not before the commit, nor in it");
    app.work().await;
    assert_eq!(heard(), [2]);
    failing.store(true, Ordering::SeqCst);
    team.act(&app, &mut ann, "suspend", &bob, json!({})).await.expect(200);
    app.work().await;
    app.work().await;
    assert_eq!(heard(), [1], "tried once, then after a pause");
    failing.store(false, Ordering::SeqCst);
    app.advance(time::Duration::minutes(1));
    app.work().await;
    assert_eq!(heard(), [1], "and again until it is understood");
    app.advance(time::Duration::hours(2));
    app.work().await;
    assert_eq!(heard(), [0; 0]);
    team.act(&app, &mut ann, "reactivate", &bob, json!({})).await.expect(200);
    team.set_roles(&app, &mut ann, &bob, &["member"]).await.expect(200);
    team.act(&app, &mut ann, "remove", &bob, json!({})).await.expect(200);
    assert_eq!(word(&team.act(&app, &mut ann, "remove", &bob, json!({})).await), "404 not_found");
    app.work().await;
    assert_eq!(heard(), [1, 1], "how things stand now; roles change no bill, a refusal neither");
    let by_app = app.auth.organizations("test");
    by_app.delete(team.id).await.unwrap();
    app.work().await;
    by_app.restore(team.id).await.unwrap();
    app.work().await;
    assert_eq!(heard(), [1, 1], "and of its end and its return");
    app.report.requirement(128);
}
