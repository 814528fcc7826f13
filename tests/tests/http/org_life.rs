//! The life of an organisation: made, named, furnished, barred, deleted, restored.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::id::OrgId;
use usermgmt_core::limits::ORG_RESTORABLE;
use usermgmt_core::model::{AuditKind, OrgStatus, UserStatus};
use usermgmt_core::page::PageRequest;
use usermgmt_service::{Metadata, OrgChange, OwnOrganization};
use usermgmt_tests::{App, Person, cells};

use crate::team::{Team, account, client, id_of, keys, newcomer, permit, principal, refusal, things, word};

cells!(
    an_organization_is_made_and_named,
    addresses_of_organizations_are_unique_and_plain,
    settings_and_metadata_reach_whom_they_are_for,
    whoever_is_in_a_deleted_organization_is_out,
    an_owner_restores_it_within_thirty_days,
    a_recent_proof_is_asked_for,
    the_application_manages_organizations,
);

async fn slug(team: &Team, person: &mut Person, wanted: &str) -> Result<(), Value> {
    let reply = team.post(person, "", json!({ "slug": wanted })).await;
    if reply.status == 200 { Ok(()) } else { Err(reply.expect(422).json()["fields"].clone()) }
}

async fn restorable(app: &App, person: &Person) -> Vec<OrgId> {
    let caller = principal(app, person).await;
    let found = app.auth.orgs().restorable(&caller, PageRequest::first(9)).await.unwrap();
    found.items.iter().map(|org| org.id).collect()
}

async fn an_organization_is_made_and_named(app: App) {
    let mut ann = newcomer(&app, "ann").await;
    for (name, code) in [("", "required"), ("a\0b", "forbidden_character"), (&*"x".repeat(65), "too_long")] {
        let refused = ann.agent.post("/auth/organizations", json!({ "name": name })).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": "name", "code": code }]));
    }
    let made = ann.agent.post("/auth/organizations", json!({ "name": " Quill & Söhne " })).await.expect(201).json();
    let team = Team { id: made["id"].as_str().unwrap().parse().unwrap(), owner: ann.clone() };
    assert_eq!(word(&team.get(&mut ann, "").await), "403 wrong_org", "to make one is not to enter it");
    team.enter(&mut ann).await.expect(200);
    let org = team.get(&mut ann, "").await.expect(200).json();
    let first = org["slug"].as_str().unwrap().to_owned();
    assert!(first.starts_with("quill-sohne-"), "{first}");
    let expected = json!({
        "id": team.id, "name": "Quill & Söhne", "slug": first, "roles": ["owner"], "members": 1, "seats": null,
        "public": {}, "settings": {}, "created_at": org["created_at"],
    });
    assert_eq!(org, expected);
    assert_eq!(ann.agent.get(&format!("/auth/organizations/{first}")).await.expect(200).json(), org, "by either name");

    let mut bob = team.member(&app, "bob", &["member"]).await;
    team.post(&mut ann, "", json!({ "name": "Quill Ltd", "slug": "Quill" })).await.expect(200);
    for (address, status) in
        [(team.path(""), 200), ("/auth/organizations/quill".into(), 200), (format!("/auth/organizations/{first}"), 404)]
    {
        assert_eq!(bob.agent.get(&address).await.status.as_u16(), status, "{address}");
    }
    assert_eq!(bob.agent.get("/auth/me").await.json()["organization"]["name"], "Quill Ltd");
    // An id that names one thing by its address and another by its id cannot be made up: nothing else reads like one.
    assert!(slug(&team, &mut ann, &team.id.to_string()).await.is_err());
    for body in [json!({ "name": "X" }), json!({ "slug": "mine" }), json!({ "settings": {} }), json!({})] {
        assert_eq!(word(&team.post(&mut bob, "", body).await), "403 permission_missing");
    }
    for body in [json!({ "seats": 5 }), json!({ "public": {} }), json!({ "status": "active" }), json!({ "name": 1 })] {
        assert_eq!(word(&team.post(&mut ann, "", body).await), "400 malformed_request");
    }
    let refused = team.post(&mut ann, "", json!({ "name": "", "slug": "-", "settings": [] })).await.expect(422);
    assert_eq!(refused.json()["fields"].as_array().unwrap().len(), 3, "all at once");
    assert_eq!(team.get(&mut ann, "").await.json()["name"], "Quill Ltd");
}

async fn addresses_of_organizations_are_unique_and_plain(app: App) {
    let (team, other) = (Team::of(&app, "ann").await, Team::of(&app, "sam").await);
    let (mut ann, mut sam) = (team.owner.clone(), other.owner.clone());
    slug(&team, &mut ann, "acme").await.unwrap();
    slug(&team, &mut ann, "acme").await.expect("one's own is no other's");
    for (wanted, code) in [
        ("acme", "taken"),
        ("ACME ", "taken"),
        ("admin", "reserved"),
        ("www", "reserved"),
        ("", "required"),
        ("a", "malformed"),
        ("-a1", "malformed"),
        ("a--b", "malformed"),
        ("ac.me", "malformed"),
        ("bücher", "malformed"),
        ("a/b", "malformed"),
        (&"a".repeat(49), "too_long"),
        ("аcme", "malformed"),
    ] {
        let expected = json!([{ "field": "slug", "code": code }]);
        assert_eq!(slug(&other, &mut sam, wanted).await, Err(expected), "{wanted}");
    }
    let by_app = app.auth.organizations("test");
    let taken = by_app.update(other.id, OrgChange { slug: Some("acme"), ..OrgChange::default() }).await;
    assert_eq!(refusal(taken), "not acceptable: `slug` is taken");
    // Nobody else's address opens anything, and a deleted organisation keeps its own.
    let theirs = sam.agent.get("/auth/organizations/acme").await.expect(404);
    assert_eq!(theirs.outward(), sam.agent.get("/auth/organizations/acme-2").await.expect(404).outward());
    team.post(&mut ann, "/delete", json!({})).await.expect(200);
    assert!(slug(&other, &mut sam, "acme").await.is_err());
    by_app.update(team.id, OrgChange { slug: Some("acme-gone"), ..OrgChange::default() }).await.unwrap();
    slug(&other, &mut sam, "acme").await.unwrap();
    assert_eq!(by_app.by_slug("acme").await.unwrap().id, other.id);
    assert_eq!(refusal(by_app.by_slug("ACME-2").await), "not_found");
}

async fn settings_and_metadata_reach_whom_they_are_for(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let mut bob = team.member(&app, "bob", &["member"]).await;
    team.post(&mut ann, "", json!({ "settings": { "theme": "dark" } })).await.expect(200);
    let by_app = app.auth.organizations("billing");
    let metadata =
        Metadata { public: Some(json!({ "plan": "gold" })), private: Some(json!({ "risk": "canary-of-private" })) };
    by_app.set_metadata(team.id, metadata).await.unwrap();
    let seen = team.get(&mut bob, "").await.expect(200).json();
    assert_eq!((&seen["settings"], &seen["public"]), (&json!({ "theme": "dark" }), &json!({ "plan": "gold" })));
    // Each keeps what the other writes.
    team.post(&mut ann, "", json!({ "settings": { "theme": "light" } })).await.expect(200);
    by_app.set_metadata(team.id, Metadata { public: Some(json!({})), private: None }).await.unwrap();
    let profile = by_app.profile(team.id).await.unwrap();
    assert_eq!([&profile.settings, &profile.public], [&json!({ "theme": "light" }), &json!({})]);
    assert_eq!(profile.private["risk"], "canary-of-private");
    let tails = ["", "/members", "/roles", "/audit", "/audit/verify", "/explain?permission=thing:read"];
    let own = ["/auth/me", "/auth/organizations", "/auth/account", "/host/me"].map(String::from);
    for target in tails.map(|tail| team.path(tail)).into_iter().chain(own) {
        for navigates in [false, true] {
            let reply = if navigates { ann.agent.navigate(&target).await } else { ann.agent.get(&target).await };
            assert!(!format!("{} {:?}", reply.body, reply.headers).contains("canary"), "{target}");
            assert!(reply.status.is_success(), "{target} {}", reply.status);
        }
    }
    let export = team.post(&mut ann, "/audit/export", json!({})).await.expect(200).body;
    assert!(!export.contains("canary") && !export.contains("light"), "what was written is not in the log");
    app.report.requirement(17);
    let long = json!({ "a": "x".repeat(16 * 1024) });
    for (settings, code) in [(json!([]), "malformed"), (json!("x"), "malformed"), (long, "too_long")] {
        let refused = team.post(&mut ann, "", json!({ "settings": settings })).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": "settings", "code": code }]));
    }
    let refused = by_app.set_metadata(team.id, Metadata { public: Some(json!(1)), private: Some(json!([])) }).await;
    assert_eq!(refusal(refused), "not acceptable: `public` is malformed `private` is malformed");
}

async fn whoever_is_in_a_deleted_organization_is_out(app: App) {
    let (team, other) = (Team::of(&app, "ann").await, Team::of(&app, "sam").await);
    let mut ann = team.owner.clone();
    let mut bob = team.member(&app, "bob", &["reader"]).await;
    other.join(&app, &bob, &["reader"]).await;
    let cid = account(&app, "cid").await;
    team.post(&mut ann, "/members", json!({ "email": cid.email, "roles": ["reader"] })).await.expect(202);
    let stale = permit::<OwnOrganization>(&app, &ann).await;
    let fresh = app.auth.step_up(&principal(&app, &ann).await, None).unwrap();
    assert_eq!(things(&mut bob).await.0, 200);
    team.post(&mut ann, "/delete", json!({})).await.expect(200);
    app.work().await;
    assert!(team.membership(&app, &cid).await.is_none(), "what was promised before is not done after");
    for person in [&mut ann, &mut bob] {
        assert!(person.is_signed_in().await);
        assert_eq!(person.agent.get("/host/things").await.expect(403).code(), "organization_required");
        for tail in ["", "/members", "/roles", "/audit"] {
            assert_eq!(word(&team.get(person, tail).await), "403 wrong_org", "{tail}: theirs, and not entered");
        }
        assert_eq!(word(&team.enter(person).await), "404 not_found");
        let mine = person.agent.get("/auth/organizations").await.expect(200).body;
        assert!(!mine.contains(&team.id.to_string()));
    }
    let again = app.auth.orgs().delete(&client(), &stale, &fresh).await;
    assert!(["authority_changed", "not_found"].contains(&refusal(again).as_str()));
    other.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await, (200, 403));
    let mut anew = ann.elsewhere(&app);
    anew.sign_in().await.expect(200);
    assert!(anew.agent.get("/auth/me").await.expect(200).json()["organization"].is_null());
    app.report.requirement(208);
}

async fn an_owner_restores_it_within_thirty_days(app: App) {
    let (team, other) = (Team::of(&app, "ann").await, Team::of(&app, "sam").await);
    let mut ann = team.owner.clone();
    let (mut bob, mut adm) = (team.member(&app, "bob", &["reader"]).await, team.member(&app, "adm", &["admin"]).await);
    let mut late = team.member(&app, "late", &["owner"]).await;
    team.act(&app, &mut ann, "suspend", &late, json!({})).await.expect(200);
    assert_eq!(word(&team.post(&mut ann, "/restore", json!({})).await), "404 not_found", "what was never deleted");
    team.post(&mut ann, "/delete", json!({})).await.expect(200);
    for person in [&mut bob, &mut adm, &mut late, &mut other.owner.clone()] {
        let theirs = team.post(person, "/restore", json!({})).await.expect(404);
        let missing = person.agent.post(&format!("/auth/organizations/org_{:032x}/restore", 1), json!({})).await;
        assert_eq!(theirs.outward(), missing.outward());
        assert_eq!(restorable(&app, person).await, []);
    }
    assert_eq!(restorable(&app, &ann).await, [team.id]);

    app.advance(ORG_RESTORABLE - Duration::SECOND);
    ann = ann.elsewhere(&app);
    ann.sign_in().await.expect(200);
    team.post(&mut ann, "/restore", json!({})).await.expect(200);
    assert_eq!(word(&team.post(&mut ann, "/restore", json!({})).await), "404 not_found");
    team.enter(&mut ann).await.expect(200);
    bob = bob.elsewhere(&app);
    bob.sign_in().await.expect(200);
    assert_eq!(things(&mut bob).await, (200, 403), "everybody is back as they were");
    assert_eq!(team.membership(&app, &late).await.unwrap().status.as_str(), "suspended");

    team.post(&mut ann, "/delete", json!({})).await.expect(200);
    app.advance(ORG_RESTORABLE);
    ann = ann.elsewhere(&app);
    ann.sign_in().await.expect(200);
    assert_eq!(word(&team.post(&mut ann, "/restore", json!({})).await), "404 not_found");
    assert_eq!(restorable(&app, &ann).await, []);
    assert_eq!(refusal(app.auth.organizations("test").restore(team.id).await), "not_found");
}

async fn a_recent_proof_is_asked_for(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let bob = team.member(&app, "bob", &["reader"]).await;
    let heir = json!({ "user": id_of(&app, &bob).await });
    app.advance(Duration::minutes(11));
    let before = app.state().await;
    for (tail, body) in [("/delete", json!({})), ("/transfer", heir.clone()), ("/restore", json!({}))] {
        let refused = team.post(&mut ann, tail, body).await.expect(403);
        assert_eq!(
            (refused.code().as_str(), &refused.json()["challenge"]["step_up"]["methods"]),
            ("step_up_required", &json!(["pwd"]))
        );
    }
    // Somebody else's proof is none of hers.
    let fresh = app.auth.step_up(&principal(&app, &newcomer(&app, "eve").await).await, None).unwrap();
    let own = permit::<OwnOrganization>(&app, &ann).await;
    assert_eq!(refusal(app.auth.orgs().delete(&client(), &own, &fresh).await), "step_up_required");
    assert!(before.is_none() || team.get(&mut ann, "").await.status == 200);
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    team.post(&mut ann, "/delete", json!({})).await.expect(200);
    app.advance(Duration::minutes(11));
    assert_eq!(word(&team.post(&mut ann, "/restore", json!({})).await), "403 step_up_required");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    team.post(&mut ann, "/restore", json!({})).await.expect(200);
    app.report.requirement(73);
    app.report.requirement(214);
}

async fn the_application_manages_organizations(app: App) {
    let by_app = app.auth.organizations("the console");
    let (mut ann, sue) = (account(&app, "ann").await, account(&app, "sue").await);
    let (ann_id, sue_id) = (id_of(&app, &ann).await, id_of(&app, &sue).await);
    app.auth.users("test").set_status(sue_id, UserStatus::Suspended).await.unwrap();
    let nobody = "usr_00000000000000000000000000000001".parse().unwrap();
    for (owner, name, expected) in
        [(sue_id, "X", "not_found"), (nobody, "X", "not_found"), (ann_id, "", "not acceptable: `name` is required")]
    {
        assert_eq!(refusal(by_app.create(owner, name).await), expected);
    }
    let mut made = Vec::new();
    for number in 0..3 {
        app.advance(Duration::SECOND);
        made.push(by_app.create(ann_id, &format!("Number {number}")).await.unwrap());
    }
    by_app.delete(made[1]).await.unwrap();
    let first = by_app.list(PageRequest::first(2)).await.unwrap();
    let rest = by_app.list(PageRequest::first(2).after(first.next.unwrap())).await.unwrap();
    let listed: Vec<_> = first.items.iter().chain(&rest.items).map(|org| (org.id, org.status)).collect();
    let status = |number| if number == 1 { OrgStatus::Suspended } else { OrgStatus::Active };
    assert_eq!(listed, (0..3).map(|number| (made[number], status(number))).collect::<Vec<_>>());
    let org = by_app.get(made[0]).await.unwrap();
    assert_eq!(by_app.by_slug(&org.slug).await.unwrap(), org);
    by_app.delete(made[2]).await.unwrap();
    ann.sign_in().await.expect(200);
    let team = Team { id: made[0], owner: ann.clone() };
    let mut bob = team.member(&app, "bob", &["reader"]).await;
    assert_eq!(things(&mut bob).await.0, 200);
    by_app.suspend(team.id).await.unwrap();
    for person in [&mut ann, &mut bob] {
        assert_eq!(person.agent.get("/host/things").await.expect(403).code(), "organization_required");
        assert_eq!(word(&team.enter(person).await), "404 not_found");
    }
    assert_eq!(word(&team.post(&mut ann, "/restore", json!({})).await), "404 not_found", "nobody lets themselves in");
    assert_eq!(word(&team.post(&mut ann, "/delete", json!({})).await), "403 wrong_org");
    by_app.reactivate(team.id).await.unwrap();
    team.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await.0, 200);

    let missing = "org_00000000000000000000000000000001".parse().unwrap();
    for refused in [
        by_app.suspend(made[1]).await,
        by_app.reactivate(made[1]).await,
        by_app.delete(made[1]).await,
        by_app.restore(made[0]).await,
        by_app.suspend(missing).await,
        by_app.set_seats(missing, None).await,
        by_app.remove_member(missing, ann_id).await,
        by_app.set_roles(missing, ann_id, &keys(&["reader"])).await,
        by_app.profile(missing).await.map(drop),
    ] {
        assert_eq!(refusal(refused), "not_found");
    }
    // What the application has deleted no owner takes back, and it comes back as it was: out of use.
    let of_app = Team { id: made[1], owner: ann.clone() };
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    assert_eq!(word(&of_app.post(&mut ann, "/restore", json!({})).await), "404 not_found");
    by_app.restore(made[1]).await.unwrap();
    assert_eq!(by_app.get(made[1]).await.unwrap().status, OrgStatus::Suspended);
    assert_eq!(word(&of_app.enter(&mut ann).await), "404 not_found");
    by_app.reactivate(made[1]).await.unwrap();
    of_app.enter(&mut ann).await.expect(200);
    let events = app.events(Some(made[1])).await;
    let by_console = events.iter().filter(|event| json!(event.actor)["reason"] == "the console");
    let kinds: BTreeSet<_> = by_console.map(|event| event.kind.as_str()).collect();
    let wanted = [
        AuditKind::OrgCreated,
        AuditKind::MemberAdded,
        AuditKind::OrgDeleted,
        AuditKind::OrgRestored,
        AuditKind::OrgStatusChanged,
    ];
    assert_eq!(kinds, wanted.map(AuditKind::as_str).into());
    assert_eq!(events.len(), wanted.len() + 1, "and the owner has entered");
}
