//! Organisations and rights.

use std::collections::BTreeSet;

use serde_json::json;
use usermgmt_core::id::{CommitId, OrgId, UserId};
use usermgmt_core::model::Method;
use usermgmt_core::model::{Membership, MembershipStatus, RoleKey, Version};
use usermgmt_core::policy::{AuthPolicy, SecondFactor};
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_tests::{App, Person, cells};

cells!(
    rights_come_from_roles_and_are_denied_otherwise,
    an_organization_is_one_record,
    other_organizations_do_not_exist,
    a_stricter_policy_is_asked_for_at_the_door
);

/// Makes somebody a member by a commit of the test's own: invitations are another story.
async fn join(app: &App, org: &str, user: &str, roles: &[&str]) {
    let (org, user): (OrgId, UserId) = (org.parse().unwrap(), user.parse().unwrap());
    let id = CommitId::new(app.auth.random(), app.now()).unwrap();
    let membership = Membership {
        org,
        user,
        roles: roles.iter().map(|role| RoleKey::new(*role)).collect(),
        status: MembershipStatus::Active,
        rights_version: Membership::first_rights(app.now()),
        created_at: app.now(),
        version: Version::NEW,
    };
    let changes = ChangeSet::new(id, app.auth.realm(), app.now()).with(Write::PutMembership(membership));
    app.store.store.commit(changes).await.unwrap();
}

async fn an_organization_is_one_record(app: App) {
    let ann = Person::signed_in(&app, "ann").await;
    let user = app.auth.users("test").by_email(&ann.email).await.unwrap().user.id;
    let by_app = app.auth.organizations("test");
    app.work().await;
    let Some(mut before) = app.state().await else { return };
    for number in 0..12 {
        by_app.create(user, &format!("Number {number}")).await.unwrap();
        app.work().await;
        let now = app.state().await.unwrap();
        let old: BTreeSet<_> = before.lines().collect();
        let new = now.lines().filter(|line| !old.contains(line)).filter_map(|line| line.split(':').next());
        // Besides the log and what a commit leaves for a day. The slug stands beside the record, as an index would.
        let kept = new.filter(|table| !["audit", "change", "commit"].iter().any(|passing| table.contains(passing)));
        assert_eq!(
            kept.collect::<Vec<_>>(),
            ["usermgmt_membership", "usermgmt_org", "usermgmt_slug"],
            "number {number}"
        );
        before = now;
    }
    app.report.requirement(121);
}

async fn rights_come_from_roles_and_are_denied_otherwise(app: App) {
    let mut owner = Person::signed_in(&app, "owner").await;
    let org = owner.org().await;
    let path = format!("/host/orgs/{org}/things");
    owner.agent.get(&path).await.expect(200);
    owner.agent.post(&path, json!({})).await.expect(200);
    for (role, may_read) in [("reader", true), ("member", false), ("unheard-of", false)] {
        let mut person = Person { organization: None, ..Person::new(&app, role) };
        person.sign_up().await.expect(202);
        app.work().await;
        let token = usermgmt_tests::app::token(&app.mail(&person.email));
        person.agent.post("/auth/verify", json!({ "token": token })).await.expect(200);
        let user = app.auth.users("test").by_email(&person.email).await.unwrap().user.id.to_string();
        join(&app, &org, &user, &[role]).await;
        person.sign_in().await.expect(200);
        let read = person.agent.get(&path).await;
        assert_eq!(read.status.as_u16(), if may_read { 200 } else { 403 }, "{role}");
        let write = person.agent.post(&path, json!({})).await.expect(403);
        assert_eq!(write.code(), "permission_missing");
        assert_eq!(write.json()["challenge"]["permission"], "thing:write");
        assert_eq!(person.agent.get("/host/active").await.expect(200).body, format!("acting in {org}"));
    }
    for number in [153, 159, 160, 213] {
        app.report.requirement(number);
    }
}

async fn other_organizations_do_not_exist(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let mut bob = Person::signed_in(&app, "bob").await;
    let (own, foreign) = (ann.org().await, bob.org().await);
    for (method, tail) in [("GET", "things"), ("POST", "things"), ("POST", "things/remove")] {
        let call = |agent: &usermgmt_tests::Agent, org: &str| {
            let (mut agent, path) = (agent.clone(), format!("/host/orgs/{org}/{tail}"));
            async move { if method == "GET" { agent.get(&path).await } else { agent.post(&path, json!({})).await } }
        };
        call(&ann.agent, &own).await.expect(200);
        let theirs = call(&ann.agent, &foreign).await.expect(404);
        let missing = call(&ann.agent, "org_00000000000000000000000000000009").await.expect(404);
        let nonsense = call(&ann.agent, "nonsense").await.expect(404);
        assert_eq!(theirs.outward(), missing.outward());
        assert_eq!(theirs.outward(), nonsense.outward());
    }
    // One of my own that is not the active one is another matter.
    let second = ann.agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(ann.agent.get(&format!("/host/orgs/{second}/things")).await.expect(403).code(), "wrong_org");
    ann.agent.post(&format!("/auth/organizations/{second}/enter"), json!({})).await.expect(200);
    ann.agent.get(&format!("/host/orgs/{second}/things")).await.expect(200);
    assert_eq!(ann.agent.get(&format!("/host/orgs/{own}/things")).await.expect(403).code(), "wrong_org");
    for wrong in [foreign.as_str(), "org_00000000000000000000000000000009", "nonsense"] {
        ann.agent.post(&format!("/auth/organizations/{wrong}/enter"), json!({})).await.expect(404);
    }
    let mine = ann.agent.get("/auth/organizations").await.expect(200).json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 2);
    assert!(!mine.to_string().contains(&foreign));
}

async fn a_stricter_policy_is_asked_for_at_the_door(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    let org = ann.org().await;
    let path = format!("/host/orgs/{org}/things");
    ann.agent.get(&path).await.expect(200);
    // The owner sets a policy by the direct call; one they do not meet themselves is refused.
    let secret = usermgmt_core::secret::Bearer::parse(
        usermgmt_core::secret::BearerKind::Session,
        &ann.agent.cookies["um_session"],
    )
    .unwrap();
    let principal = app.auth.principal(&secret).await.unwrap().unwrap();
    let permit = app.auth.scope(&principal).unwrap().permit::<usermgmt_service::ManagePolicy>().unwrap();
    let client = usermgmt_service::Client::default();
    let two = AuthPolicy { second_factor: SecondFactor::Everybody, ..AuthPolicy::default() };
    assert!(app.auth.orgs().set_policy(&client, &permit, &two).await.is_err());
    let short = AuthPolicy {
        methods: Some([Method::Password].into()),
        session_absolute_seconds: Some(3_600),
        ..AuthPolicy::default()
    };
    app.auth.orgs().set_policy(&client, &permit, &short).await.unwrap();
    ann.agent.get(&path).await.expect(200);
    app.advance(time::Duration::seconds(3_600));
    let refused = ann.agent.get(&path).await.expect(403);
    assert_eq!(
        (refused.code().as_str(), &refused.json()["challenge"]["demands"]),
        ("policy_unmet", &json!(["reauthentication"]))
    );
    assert!(ann.is_signed_in().await, "asked, not thrown out");
    ann.agent.post("/auth/step-up", json!({ "password": ann.password })).await.expect(200);
    ann.agent.get(&path).await.expect(200);
}
