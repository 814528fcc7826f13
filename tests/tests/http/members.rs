//! Members are added, and listed.

use serde_json::{Value, json};
use usermgmt_core::limits::ADDITIONS_PER_USER;
use usermgmt_core::model::{MembershipStatus, UserStatus};
use usermgmt_core::page::PageRequest;
use usermgmt_service::{AddMembers, NewUser, RoleInput};
use usermgmt_tests::{App, cells};

use crate::team::{Team, account, client, id_of, keys, newcomer, permit, refusal, things, word};

cells!(
    whoever_has_proven_the_address_becomes_a_member,
    a_wish_dies_with_the_authority_of_who_asked,
    wishes_are_limited,
    members_are_added_by_direct_calls,
    the_list_is_filtered_and_paged,
);

async fn whoever_has_proven_the_address_becomes_a_member(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut bob = newcomer(&app, "bob").await;
    let (users, unproven, barred) = (app.auth.users("test"), "una@example.test", account(&app, "sue").await);
    let new = NewUser { email: unproven, name: "Una", password: None, email_is_verified: false };
    users.create(new).await.unwrap();
    users.set_status(id_of(&app, &barred).await, UserStatus::Suspended).await.unwrap();
    let mut owner = team.owner.clone();
    let mut answers = Vec::new();
    for email in [bob.email.as_str(), "nobody@example.test", unproven, &barred.email, &team.owner.email] {
        answers.push(team.add(&mut owner, email, &["reader"]).await.expect(202).outward());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!(things(&mut bob).await.0, 403, "not before the worker has looked");
    app.work().await;
    assert_eq!(team.roles(&app, &bob).await, ["reader"]);
    assert!(app.mail(&bob.email).text.contains("Team of tests"));
    for email in ["nobody@example.test", unproven, &barred.email, &owner.email] {
        assert!(app.mails(email).is_empty(), "{email}");
    }
    let members = team.get(&mut owner, "/members").await.expect(200).json();
    assert_eq!(members["items"].as_array().unwrap().len(), 2, "{members}");
    team.enter(&mut bob).await.expect(200);
    assert_eq!(things(&mut bob).await, (200, 403));
    assert_eq!(team.roles(&app, &owner).await, ["owner"], "to be added again changes nothing");

    for (body, field, code) in [
        (json!({ "email": "", "roles": ["reader"] }), "email", "required"),
        (json!({ "email": "nonsense", "roles": ["reader"] }), "email", "malformed"),
        (json!({ "email": bob.email }), "roles", "required"),
        (json!({ "email": bob.email, "roles": ["unheard-of"] }), "roles", "unknown"),
    ] {
        let refused = team.post(&mut owner, "/members", body).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": field, "code": code }]));
    }
    assert_eq!(word(&team.add(&mut bob, "x@example.test", &["reader"]).await), "403 permission_missing");
}

async fn a_wish_dies_with_the_authority_of_who_asked(app: App) {
    let team = Team::of(&app, "ann").await;
    let users = app.auth.users("test");
    for end in ["demoted", "suspended", "removed", "signed out", "barred", "nothing"] {
        let (mut admin, wanted) =
            (team.member(&app, &format!("adm-{}", &end[..3]), &["admin"]).await, format!("w-{}", &end[..3]));
        let wanted = account(&app, &wanted).await;
        team.add(&mut admin, &wanted.email, &["reader"]).await.expect(202);
        let mut owner = team.owner.clone();
        match end {
            "demoted" => drop(team.set_roles(&app, &mut owner, &admin, &["member"]).await.expect(200)),
            "suspended" => drop(team.act(&app, &mut owner, "suspend", &admin, json!({})).await.expect(200)),
            "removed" => drop(team.act(&app, &mut owner, "remove", &admin, json!({})).await.expect(200)),
            "signed out" => drop(admin.agent.post("/auth/sign-out", json!({})).await.expect(200)),
            "barred" => users.set_status(id_of(&app, &admin).await, UserStatus::Suspended).await.unwrap(),
            _ => {}
        }
        app.work().await;
        assert_eq!(team.membership(&app, &wanted).await.is_some(), end == "nothing", "{end}");
        assert_eq!(app.mails(&wanted.email).is_empty(), end != "nothing", "{end}");
        let jobs = app.store.store.pending_jobs(app.auth.realm(), PageRequest::first(9)).await;
        assert!(jobs.unwrap().items.is_empty(), "{end}: done, and not tried for ever");
    }
    app.report.requirement(208);
}

async fn wishes_are_limited(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut owner = team.owner.clone();
    for number in 0..ADDITIONS_PER_USER {
        team.add(&mut owner, &format!("n{number}@example.test"), &["reader"]).await.expect(202);
    }
    let refused = team.add(&mut owner, "n0@example.test", &["reader"]).await.expect(429);
    assert_eq!(refused.code(), "too_many_attempts");
    let mut other = team.member(&app, "adm", &["admin"]).await;
    team.add(&mut other, "n0@example.test", &["reader"]).await.expect(202);
    app.advance(time::Duration::HOUR);
    team.add(&mut owner, "n0@example.test", &["reader"]).await.expect(202);
}

async fn members_are_added_by_direct_calls(app: App) {
    let team = Team::of(&app, "ann").await;
    let (bob, cid) = (account(&app, "bob").await, account(&app, "cid").await);
    let (bob_id, cid_id) = (id_of(&app, &bob).await, id_of(&app, &cid).await);
    let (orgs, may) = (app.auth.orgs(), permit::<AddMembers>(&app, &team.owner).await);
    orgs.add_member(&client(), &may, bob_id, &keys(&["reader", "reader", "member"])).await.unwrap();
    assert_eq!(team.roles(&app, &bob).await, ["reader", "member"]);
    let by_app = app.auth.organizations("the old system");
    by_app.add_member(team.id, cid_id, &keys(&["admin"])).await.unwrap();
    app.work().await;
    for person in [&bob, &cid] {
        assert!(app.mail(&person.email).text.contains("Team of tests"), "by either way the person is told");
    }
    let actors: Vec<_> = team.events(&app, "member.added").await.iter().map(|event| json!(event.actor)).collect();
    assert!(actors.iter().any(|actor| actor["reason"] == "the old system"), "{actors:?}");
    let owner = json!(id_of(&app, &team.owner).await);
    assert!(actors.iter().any(|actor| actor["user"] == owner), "{actors:?}");

    let nobody = "usr_00000000000000000000000000000001".parse().unwrap();
    app.auth
        .users("test")
        .set_status(id_of(&app, &account(&app, "sue").await).await, UserStatus::Suspended)
        .await
        .unwrap();
    let sue = app.auth.users("test").by_email("sue@example.test").await.unwrap().user.id;
    for (user, roles, expected) in [
        (bob_id, &["reader"][..], "already_member"),
        (nobody, &["reader"], "not_found"),
        (sue, &["reader"], "not_found"),
        (nobody, &["unheard-of"], "not acceptable: `roles` is unknown"),
        (nobody, &[], "not acceptable: `roles` is required"),
    ] {
        let roles = keys(roles);
        assert_eq!(refusal(orgs.add_member(&client(), &may, user, &roles).await), expected);
        assert_eq!(refusal(by_app.add_member(team.id, user, &roles).await), expected);
    }
    let many: Vec<_> = (0..17).map(|number| format!("r{number}")).collect();
    for name in &many {
        let right = [String::from("thing:read")];
        let input = RoleInput { key: None, name, rights: &right };
        by_app.put_role(team.id, input).await.unwrap();
    }
    let org = by_app.get(team.id).await.unwrap();
    let all: Vec<_> = org.roles.iter().map(|role| role.key.clone()).collect();
    let refused = by_app.set_roles(team.id, cid_id, &all).await;
    assert_eq!(refusal(refused), "not acceptable: `roles` is too_many");
    by_app.set_roles(team.id, cid_id, &all[..16]).await.unwrap();
}

async fn the_list_is_filtered_and_paged(app: App) {
    let team = Team::of(&app, "ann").await;
    let (users, by_app) = (app.auth.users("test"), app.auth.organizations("test"));
    let mut everybody = vec![json!(id_of(&app, &team.owner).await)];
    for number in 0..54 {
        let email = format!("m{number:02}@example.test");
        let new = NewUser { email: &email, name: "Member", password: None, email_is_verified: true };
        let user = users.create(new).await.unwrap();
        by_app.add_member(team.id, user, &keys(&["reader"])).await.unwrap();
        if number < 3 {
            by_app.set_member_status(team.id, user, MembershipStatus::Suspended).await.unwrap();
        }
        everybody.push(json!(user));
    }
    let mut owner = team.owner.clone();
    let mut list = async |query: &str| team.get(&mut owner, &format!("/members{query}")).await;
    let items = |page: &Value| page["items"].as_array().unwrap().clone();
    let first = list("").await.expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    let second = list(&format!("?cursor={cursor}")).await.expect(200).json();
    assert_eq!((items(&first).len(), items(&second).len(), &second["next_cursor"]), (50, 5, &Value::Null));
    let mut seen: Vec<_> = items(&first).into_iter().chain(items(&second)).map(|item| item["user"].clone()).collect();
    seen.sort_by_key(Value::to_string);
    everybody.sort_by_key(Value::to_string);
    assert_eq!(seen, everybody, "each once");

    for (query, count) in [
        ("?status=suspended", 3),
        ("?status=suspended&email=m01", 1),
        ("?email=M0", 10),
        ("?email=ann@", 1),
        ("?email=%25", 0),
        ("?email=m__", 0),
        ("?email=example", 0),
    ] {
        assert_eq!(items(&list(query).await.expect(200).json()).len(), count, "{query}");
    }
    let ann = items(&list("?email=ann@").await.json())[0].clone();
    for (field, value) in [("email", "ann@example.test"), ("status", "active"), ("account_status", "active")] {
        assert_eq!(ann[field], value);
    }
    assert_eq!(ann["roles"], json!(["owner"]));
    for query in [
        "?status=gone",
        "?cursor=x",
        "?cursor=org_00000000000000000000000000000001",
        "?name=x",
        "?status=active&status=active",
    ] {
        assert_eq!(list(query).await.expect(400).code(), "malformed_request", "{query}");
    }
}
