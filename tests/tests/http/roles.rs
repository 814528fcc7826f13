//! Roles that organisations make, what they give, and what nobody can give themselves.

use serde_json::{Value, json};
use usermgmt_core::limits::{RIGHTS_PER_ROLE, ROLES_PER_ORG};
use usermgmt_core::model::RoleKey;
use usermgmt_core::permission::OWN;
use usermgmt_core::policy::AuthPolicy;
use usermgmt_service::{ManageMembers, ManagePolicy, ManageRoles, RoleInput};
use usermgmt_tests::{App, Person, cells};

use crate::team::{Team, account, client, id_of, keys, permit, refusal, things, with_keepers, word};

cells!(
    organizations_make_roles_of_their_own,
    what_a_role_may_be_is_bounded,
    nobody_gives_what_they_do_not_hold,
    an_admin_makes_no_owner,
    a_removed_role_does_not_come_back,
    a_decision_is_explained,
);

async fn put(team: &Team, person: &mut Person, key: &str, rights: &[&str]) -> usermgmt_tests::Reply {
    team.post(person, &format!("/roles{key}"), json!({ "name": "A role", "rights": rights })).await
}

async fn organizations_make_roles_of_their_own(app: App) {
    let app = with_keepers(app).await;
    let team = Team::of(&app, "ann").await;
    let (mut ann, mut bob) = (team.owner.clone(), team.member(&app, "bob", &["member"]).await);
    let listed = team.get(&mut ann, "/roles").await.expect(200).json();
    let role =
        |listed: &Value, key: &str| listed["items"].as_array().unwrap().iter().find(|role| role["key"] == key).cloned();
    for (key, rights) in
        [("owner", json!(["*"])), ("admin", json!(["*"])), ("member", json!([])), ("keeper", json!(["thing:*"]))]
    {
        assert_eq!(role(&listed, key).unwrap(), json!({ "key": key, "rights": rights, "custom": false }));
    }
    let permissions = listed["permissions"].as_array().unwrap();
    for known in ["thing:read", "thing:write", "member:read", "role:manage", OWN] {
        assert!(permissions.contains(&json!(known)), "{known}");
    }
    app.report.requirement(213);

    let key = team.role(&mut ann, "Press & PR", &["thing:write", "thing:read", "thing:read"]).await;
    assert!(key.starts_with("press-pr-"), "{key}");
    let listed = team.get(&mut ann, "/roles").await.expect(200).json();
    let expected = json!({ "key": key, "name": "Press & PR", "rights": ["thing:read", "thing:write"], "custom": true });
    assert_eq!(role(&listed, &key), Some(expected));
    team.set_roles(&app, &mut ann, &bob, &[&key]).await.expect(200);
    // Whoever has the role has its rights at the next request.
    for (rights, may) in [
        (&["thing:read"][..], (200, 403)),
        (&["thing:*"], (200, 200)),
        (&["thing:write"], (403, 200)),
        (&["*"], (200, 200)),
        (&["organization:*", "member:read"], (403, 403)),
        (&[], (403, 403)),
    ] {
        put(&team, &mut ann, &format!("/{key}"), rights).await.expect(200);
        assert_eq!(things(&mut bob).await, may, "{rights:?}");
    }
    put(&team, &mut ann, &format!("/{key}"), &["*"]).await.expect(200);
    assert_eq!(word(&team.post(&mut bob, "/delete", json!({})).await), "403 permission_missing", "`*` does not own");
    team.post(&mut ann, &format!("/roles/{key}/remove"), json!({})).await.expect(200);
    assert_eq!(things(&mut bob).await, (403, 403));
    assert_eq!(team.roles(&app, &bob).await, [key.as_str()], "it is no role any more, and gives nothing");
    assert_eq!(word(&team.post(&mut ann, &format!("/roles/{key}/remove"), json!({})).await), "404 not_found");

    // By direct calls, of a member and of the application.
    let (may, rights) = (permit::<ManageRoles>(&app, &ann).await, [String::from("thing:read")]);
    let input = RoleInput { key: None, name: "Guide", rights: &rights };
    let by_app = app.auth.organizations("test");
    let made = app.auth.orgs().put_role(&client(), &may, input).await.unwrap();
    for name in ["Guide", " guide "] {
        let refused = by_app.put_role(team.id, RoleInput { name, ..input }).await;
        assert_eq!(refusal(refused), "not acceptable: `name` is taken", "two of one name could not be told apart");
    }
    by_app.put_role(team.id, RoleInput { key: Some(&made), ..input }).await.unwrap();
    by_app.remove_role(team.id, &made).await.unwrap();
    let second = by_app.put_role(team.id, input).await.unwrap();
    assert_ne!(made, second, "a name may come again, a key does not");
    assert_eq!(refusal(by_app.remove_role(team.id, &made).await), "not_found");
    for number in [153, 154, 155] {
        app.report.requirement(number);
    }
}

async fn what_a_role_may_be_is_bounded(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let before = app.state().await;
    for right in [
        "thing:write",
        "member:fly",
        "membr:*",
        "",
        "*:*",
        "*:read",
        "thing:re*",
        OWN,
        "thing:read ",
        "THING:READ",
        "thing:read,*",
    ] {
        let refused = put(&team, &mut ann, "", &[right]).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": "rights", "code": "unknown" }]), "{right}");
    }
    let too_many = vec!["thing:read"; RIGHTS_PER_ROLE + 1];
    for (name, rights, field, code) in [
        ("", &["thing:read"][..], "name", "required"),
        ("a\u{202e}b", &["thing:read"], "name", "forbidden_character"),
        ("Many", &too_many, "rights", "too_many"),
    ] {
        let refused = team.post(&mut ann, "/roles", json!({ "name": name, "rights": rights })).await.expect(422);
        assert_eq!(refused.json()["fields"], json!([{ "field": field, "code": code }]), "{name}");
    }
    for body in [
        json!({ "name": "X", "rights": "*" }),
        json!({ "name": "X", "key": "owner" }),
        json!({ "name": "X", "rights": [{}] }),
    ] {
        team.post(&mut ann, "/roles", body).await.expect(400);
    }
    for key in ["owner", "admin", "member", "none", "none-234567"] {
        assert_eq!(word(&put(&team, &mut ann, &format!("/{key}"), &["*"]).await), "404 not_found", "{key}");
        assert_eq!(word(&team.post(&mut ann, &format!("/roles/{key}/remove"), json!({})).await), "404 not_found");
    }
    assert_eq!(app.state().await, before);
    for number in 0..ROLES_PER_ORG {
        team.role(&mut ann, &format!("Role {number}"), &["thing:read"]).await;
    }
    let refused = put(&team, &mut ann, "", &["thing:read"]).await.expect(422);
    assert_eq!(refused.json()["fields"], json!([{ "field": "name", "code": "too_many" }]));
    app.report.requirement(154);
}

async fn nobody_gives_what_they_do_not_hold(app: App) {
    let app = with_keepers(app).await;
    let (team, other) = (Team::of(&app, "ann").await, Team::of(&app, "sam").await);
    let mut ann = team.owner.clone();
    let rights = ["member:*", "role:manage", "thing:read"];
    let lead = team.role(&mut ann, "Lead", &rights).await;
    let writer = team.role(&mut ann, "Writer", &["thing:write"]).await;
    let foreign = other.role(&mut other.owner.clone(), "Lead", &["thing:read"]).await;
    let mut lia = team.member(&app, "lia", &[&lead]).await;
    let eve = account(&app, "eve").await;
    let adm = team.member(&app, "adm", &["admin"]).await;
    let (bob, own) = (team.member(&app, "bob", &["member"]).await, lia.clone());
    let before = app.state().await;
    for on in [&own, &bob] {
        for role in ["admin", "owner", "keeper", writer.as_str()] {
            assert_eq!(word(&team.set_roles(&app, &mut lia, on, &[role]).await), "403 rights_exceeded", "{role}");
            assert_eq!(word(&team.set_roles(&app, &mut lia, on, &["reader", role]).await), "403 rights_exceeded");
        }
        for text in
            ["owner,admin", "*", "unheard-of", foreign.as_str(), "Owner", " owner", "owner\n", "", "thing:write"]
        {
            let refused = team.set_roles(&app, &mut lia, on, &[text]).await.expect(422);
            assert_eq!(refused.json()["fields"], json!([{ "field": "roles", "code": "unknown" }]), "{text}");
        }
        for body in [
            json!({ "roles": "owner" }),
            json!({ "roles": ["reader"], "rights": ["*"] }),
            json!({ "roles": [["owner"]] }),
        ] {
            team.act(&app, &mut lia, "roles", on, body).await.expect(400);
        }
    }
    for role in ["admin", "owner", "keeper"] {
        let reply = team.post(&mut lia, "/members", json!({ "email": eve.email, "roles": [role] })).await;
        assert_eq!(word(&reply), "403 rights_exceeded", "{role}");
    }
    // A role is no way around: a new one, one's own with more in it, a copy, one that gives more than one has.
    for rights in [
        &["*"][..],
        &["thing:write"],
        &["thing:*"],
        &["thing:read", "organization:manage"],
        &["audit:read"],
        &["role:*"],
    ] {
        for key in [String::new(), format!("/{lead}"), format!("/{writer}")] {
            assert_eq!(word(&put(&team, &mut lia, &key, rights).await), "403 rights_exceeded", "{key} {rights:?}");
        }
    }
    assert_eq!(word(&put(&team, &mut lia, &format!("/{writer}"), &[]).await), "403 rights_exceeded", "nor less");
    assert_eq!(word(&team.post(&mut lia, &format!("/roles/{writer}/remove"), json!({})).await), "403 rights_exceeded");
    // Nothing is taken from somebody who holds more.
    for on in [&adm, &team.owner] {
        for (verb, body) in [("remove", json!({})), ("suspend", json!({})), ("roles", json!({ "roles": ["reader"] }))] {
            assert_eq!(word(&team.act(&app, &mut lia, verb, on, body).await), "403 rights_exceeded", "{verb}");
        }
    }
    let (may, roles) = (permit::<ManageMembers>(&app, &lia).await, permit::<ManageRoles>(&app, &lia).await);
    let direct = app.auth.orgs().set_roles(&client(), &may, id_of(&app, &lia).await, &keys(&["admin"])).await;
    assert_eq!(refusal(direct), "rights_exceeded");
    let (key, all) = (RoleKey::new(&lead), [String::from("*")]);
    let input = RoleInput { key: Some(&key), name: "Lead", rights: &all };
    assert_eq!(refusal(app.auth.orgs().put_role(&client(), &roles, input).await), "rights_exceeded");
    assert_eq!(app.state().await, before);
    app.report.case("OR-03");

    team.set_roles(&app, &mut lia, &bob, &["reader"]).await.expect(200);
    let copy = team.role(&mut lia, "Second lead", &rights).await;
    team.set_roles(&app, &mut lia, &bob, &[&copy]).await.expect(200);
    put(&team, &mut lia, &format!("/{copy}"), &["thing:read"]).await.expect(200);
    team.act(&app, &mut lia, "suspend", &bob, json!({})).await.expect(200);
    app.report.twin("OR-03");
}

async fn an_admin_makes_no_owner(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut adm = team.member(&app, "adm", &["admin"]).await;
    let (bob, own) = (team.member(&app, "bob", &["member"]).await, adm.clone());
    let before = app.state().await;
    for on in [&own, &bob] {
        assert_eq!(word(&team.set_roles(&app, &mut adm, on, &["owner"]).await), "403 rights_exceeded");
    }
    let by_mail = team.post(&mut adm, "/members", json!({ "email": "x@example.test", "roles": ["owner"] })).await;
    assert_eq!(word(&by_mail), "403 rights_exceeded");
    put(&team, &mut adm, "", &[OWN]).await.expect(422);
    for tail in ["/transfer", "/delete"] {
        let body = if tail == "/transfer" { json!({ "user": id_of(&app, &adm).await }) } else { json!({}) };
        assert_eq!(word(&team.post(&mut adm, tail, body).await), "403 permission_missing", "{tail}");
    }
    assert_eq!(app.state().await, before);
    app.report.case("OR-03");
    // A role with the word for it, made where nobody checks, owns nothing either.
    let all = ["*", "organization:*"].map(String::from);
    let input = RoleInput { key: None, name: "Owner", rights: &all };
    let sly = app.auth.organizations("test").put_role(team.id, input).await.unwrap();
    team.set_roles(&app, &mut adm, &own, &[sly.as_str()]).await.expect(200);
    assert_eq!(word(&team.post(&mut adm, "/delete", json!({})).await), "403 permission_missing");
    team.set_roles(&app, &mut team.owner.clone(), &bob, &["owner"]).await.expect(200);
    app.report.twin("OR-03");
}

async fn a_removed_role_does_not_come_back(app: App) {
    let team = Team::of(&app, "ann").await;
    let (mut ann, mut bob) = (team.owner.clone(), team.member(&app, "bob", &["member"]).await);
    let old = team.role(&mut ann, "Helper", &["thing:read"]).await;
    team.set_roles(&app, &mut ann, &bob, &["member", &old]).await.expect(200);
    assert_eq!(things(&mut bob).await.0, 200);
    team.post(&mut ann, &format!("/roles/{old}/remove"), json!({})).await.expect(200);
    let new = team.role(&mut ann, "Helper", &["thing:read", "member:manage"]).await;
    assert_ne!(new, old);
    assert_eq!(things(&mut bob).await.0, 403, "who had the old one does not have the new one");
    assert_eq!(word(&put(&team, &mut ann, &format!("/{old}"), &["thing:read"]).await), "404 not_found");
    let cid = account(&app, "cid").await;
    let refused = team.post(&mut ann, "/members", json!({ "email": cid.email, "roles": [old] })).await.expect(422);
    assert_eq!(refused.json()["fields"][0]["code"], "unknown");
    team.set_roles(&app, &mut ann, &bob, &["member", &new]).await.expect(200);
    assert_eq!(things(&mut bob).await.0, 200);
}

async fn a_decision_is_explained(app: App) {
    let app = with_keepers(app).await;
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let press = team.role(&mut ann, "Press", &["thing:*"]).await;
    let mut bob = team.member(&app, "bob", &["member", "reader", &press]).await;
    let bob_id = id_of(&app, &bob).await;
    let own = team.get(&mut bob, "/explain?permission=thing:write").await.expect(200).json();
    let roles = json!([
        { "role": "member", "rights": [] }, { "role": "reader", "rights": ["thing:read"] },
        { "role": press, "rights": ["thing:*"] },
    ]);
    let because = json!({ "role": press, "right": "thing:*" });
    let expected = json!({
        "permission": "thing:write", "allowed": true, "active": true, "roles": roles, "because": because, "demands": [],
    });
    assert_eq!(own, expected);
    let tail = |permission: &str| format!("/members/{bob_id}/explain?permission={permission}");
    assert_eq!(team.get(&mut ann, &tail("thing:write")).await.expect(200).json(), expected);
    let denied = team.get(&mut bob, "/explain?permission=role:manage").await.expect(200).json();
    assert_eq!((&denied["allowed"], &denied["because"]), (&json!(false), &Value::Null));
    let reader = team.get(&mut bob, "/explain?permission=thing:read").await.expect(200).json();
    assert_eq!(reader["because"], json!({ "role": "reader", "right": "thing:read" }));
    for text in ["", "thing:raed", "thing:*", "*"] {
        for path in [format!("/explain?permission={text}"), tail(text)] {
            let unknown = team.get(&mut ann, &path).await.expect(422).json();
            assert_eq!(unknown["fields"], json!([{ "field": "permission", "code": "unknown" }]), "{text}");
        }
    }
    // Others ask only with the right to see members, and only about members.
    assert_eq!(word(&team.get(&mut bob, &tail("thing:read")).await), "403 permission_missing");
    let eve = id_of(&app, &account(&app, "eve").await).await;
    let stranger = team.get(&mut ann, &format!("/members/{eve}/explain?permission=x:y")).await.expect(404);
    let nobody = team.get(&mut ann, &format!("/members/usr_{:032x}/explain?permission=x:y", 1)).await.expect(404);
    assert_eq!(stranger.outward(), nobody.outward());
    team.act(&app, &mut ann, "suspend", &bob, json!({})).await.expect(200);
    let barred = team.get(&mut ann, &tail("thing:write")).await.expect(200).json();
    assert_eq!((&barred["allowed"], &barred["active"], &barred["because"]), (&json!(false), &json!(false), &because));

    // What the policy still demands is part of the answer.
    let hour = AuthPolicy { session_absolute_seconds: Some(3_600), ..AuthPolicy::default() };
    let may = permit::<ManagePolicy>(&app, &ann).await;
    app.auth.orgs().set_policy(&client(), &may, &hour).await.unwrap();
    app.advance(time::Duration::HOUR);
    team.get(&mut ann, "/members").await.expect(403);
    let explained = team.get(&mut ann, "/explain?permission=thing:read").await.expect(200).json();
    assert_eq!(explained["demands"], json!(["reauthentication"]));
    assert!(
        explained["allowed"] == false && explained["because"].is_object(),
        "the role gives it, the policy does not"
    );
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    let met = team.get(&mut ann, "/explain?permission=thing:read").await.expect(200).json();
    assert_eq!((&met["allowed"], &met["demands"]), (&json!(true), &json!([])));
    app.report.requirement(216);
}
