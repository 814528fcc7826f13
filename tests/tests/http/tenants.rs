//! Nothing of one organisation is reached from another.

use http::Method;
use serde_json::{Value, json};
use usermgmt_core::id::UserId;
use usermgmt_core::model::{AuditFilter, MemberFilter, MembershipStatus, RoleKey};
use usermgmt_core::page::PageRequest;
use usermgmt_http::{Representation, Route, routes};
use usermgmt_service::{AddMembers, ManageMembers, ManageRoles, OwnOrganization, ReadMembers, RoleInput};
use usermgmt_tests::{App, Person, Reply, cells};

use crate::api_keys::{org_key, own_key, with_keys};
use crate::team::{Team, account, client, id_of, keys, newcomer, permit, principal, refusal, word};

cells!(
    ids_of_another_organization_are_those_of_nothing,
    every_route_works_for_whom_it_is_for,
    direct_calls_reach_no_other_organization,
    one_of_mine_is_entered_first,
    cursors_of_another_organization_show_nothing,
    lists_show_what_their_reader_may_see,
);

/// Every JSON route that names an organisation, with a body that works, in an order in which one owner can try them.
const OURS: [(&str, &str, &str); 27] = [
    ("GET", "", ""),
    ("POST", "", r#"{"name":"Renamed"}"#),
    ("GET", "/explain", ""),
    ("GET", "/members", ""),
    ("POST", "/members", r#"{"email":"nobody@example.test","roles":["{role}"]}"#),
    ("POST", "/members/{user}/roles", r#"{"roles":["reader","{role}"]}"#),
    ("POST", "/members/{user}/suspend", "{}"),
    ("POST", "/members/{user}/reactivate", "{}"),
    ("GET", "/members/{user}/explain", ""),
    ("GET", "/roles", ""),
    ("POST", "/roles", r#"{"name":"Other","rights":["thing:read"]}"#),
    ("POST", "/roles/{role}", r#"{"name":"Guide","rights":["thing:read"]}"#),
    ("POST", "/roles/{role}/remove", "{}"),
    ("GET", "/audit", ""),
    ("POST", "/audit/export", r#"{"user":"{user}"}"#),
    ("GET", "/audit/verify", ""),
    ("GET", "/api-keys", ""),
    ("POST", "/api-keys", r#"{"name":"robot","scopes":["thing:read"]}"#),
    ("POST", "/api-keys/{key}/rotate", r#"{"overlap_hours":1}"#),
    ("POST", "/api-keys/{key}/end", "{}"),
    ("POST", "/members/{user}/api-keys/{key}/end", "{}"),
    ("POST", "/delete", "{}"),
    ("POST", "/restore", "{}"),
    ("POST", "/enter", "{}"),
    ("POST", "/transfer", r#"{"user":"{user}"}"#),
    ("POST", "/leave", "{}"),
    ("POST", "/members/{user}/remove", "{}"),
];

/// What a request can name.
#[derive(Clone)]
struct Ids {
    organization: String,
    user: String,
    role: String,
    session: String,
    /// Keys of the organisation and of the user.
    keys: [String; 2],
}

impl Ids {
    fn nothing() -> Self {
        let none = |kind: &str| format!("{kind}_{:032x}", 1);
        Self {
            organization: none("org"),
            user: none("usr"),
            role: "bee-none-234567".into(),
            session: none("ses"),
            keys: [none("key"), none("key")],
        }
    }

    fn in_org(&self, organization: &str) -> Self {
        Self { organization: organization.to_owned(), ..self.clone() }
    }

    fn put(&self, text: &str) -> String {
        let text = text.replace("{organization}", &self.organization).replace("{user}", &self.user);
        let [of_org, of_user] = &self.keys;
        let key = if text.contains("/members/") { of_user } else { of_org };
        text.replace("{role}", &self.role).replace("{session}", &self.session).replace("{key}", key)
    }
}

fn body_of(route: &Route) -> &'static str {
    let Some(tail) = route.path.strip_prefix("/organizations/{organization}") else { return "{}" };
    let found = OURS.iter().find(|(method, path, _)| *path == tail && *method == route.method.as_str());
    found.unwrap_or_else(|| panic!("{route:?} names an organisation and is not tried here")).2
}

/// The same request with other names in it. A form is sent from a page of this browser.
async fn ask(person: &mut Person, route: &Route, ids: &Ids, page: &Reply) -> Reply {
    let asked = if route.path.ends_with("/explain") { "?permission=thing:read" } else { "" };
    let path = format!("/auth{}{asked}", ids.put(route.path));
    match (route.method == Method::GET, route.representation) {
        (true, Representation::Json) => person.agent.get(&path).await,
        (true, Representation::Page) => person.agent.navigate(&path).await,
        (false, Representation::Json) => {
            person.agent.post(&path, serde_json::from_str(&ids.put(body_of(route))).unwrap()).await
        }
        (false, Representation::Page) => person.agent.fill(page, &path, &[]).await,
        (_, Representation::OAuth) => panic!("{route:?} names nothing of an organisation"),
    }
}

/// Owner, admin and member, with a role of their own.
async fn people(app: &App, word: &str) -> (Team, [Person; 3], Ids) {
    let team = Team::of(app, &format!("{word}-own")).await;
    let mut owner = team.owner.clone();
    let role = team.role(&mut owner, &format!("{word} role"), &["thing:read"]).await;
    let admin = team.member(app, &format!("{word}-adm"), &["admin"]).await;
    let mut member = team.member(app, &format!("{word}-mem"), &["member", "reader"]).await;
    let keys = [org_key(&team, &mut owner, &["thing:read"]).await.1, own_key(&mut member, &["thing:read"]).await.1];
    let session = principal(app, &member).await.session().to_string();
    let ids =
        Ids { organization: team.id.to_string(), user: id_of(app, &member).await.to_string(), role, session, keys };
    (team, [owner, admin, member], ids)
}

/// What an attacker can compare, without the names that they sent.
fn seen(reply: &Reply, sent: &Ids) -> String {
    let Ids { organization, user, role, session, keys: [of_org, of_user] } = sent;
    let all = format!("{:?}", reply.outward());
    [organization, user, role, session, of_org, of_user]
        .iter()
        .fold(all, |all, name| all.replace(name.as_str(), "SENT"))
}

async fn ids_of_another_organization_are_those_of_nothing(app: App) {
    let app = with_keys(app).await;
    let (own, actors, _) = people(&app, "aye").await;
    let (other, _, foreign) = people(&app, "bee").await;
    let slug = app.auth.organizations("test").get(other.id).await.unwrap().slug;
    let (nothing, own_id, mut tried) = (Ids::nothing(), own.id.to_string(), 0);
    for mut actor in actors.into_iter().chain([newcomer(&app, "stranger").await]) {
        let page = actor.agent.navigate("/auth/step-up").await.expect(200);
        let before = app.state().await;
        for route in routes().iter().filter(|route| route.path.contains('{') && !route.path.contains("{mail}")) {
            let mut pairs = vec![(foreign.clone(), nothing.clone())];
            if route.path.contains("{organization}") {
                pairs.push((foreign.in_org(&slug), nothing.in_org(&beside(&slug))));
            }
            // In one's own organisation, what another one has.
            let more =
                ["{user}", "{role}"].iter().any(|name| route.path.contains(name) || body_of(route).contains(name));
            if more && !route.path.contains("/audit/") {
                pairs.push((foreign.in_org(&own_id), nothing.in_org(&own_id)));
            }
            for (theirs, missing) in pairs {
                let replies =
                    [ask(&mut actor, route, &theirs, &page).await, ask(&mut actor, route, &missing, &page).await];
                assert_eq!(seen(&replies[0], &theirs), seen(&replies[1], &missing), "{route:?} {}", actor.email);
                let status = replies[0].status;
                assert!(status.is_client_error() || status == 303, "{route:?} {status} {}", replies[0].body);
                tried += 1;
            }
        }
        assert_eq!(app.state().await, before, "{}", actor.email);
        // Where a body names an organisation.
        let mut chooser = actor.elsewhere(&app);
        chooser.sign_in().await.expect(200);
        let mut choose = async |organization: &str| {
            chooser.agent.post("/auth/sign-in/organization", json!({ "organization": organization })).await.outward()
        };
        assert_eq!(choose(&foreign.organization).await, choose(&nothing.organization).await);
    }
    assert!(tried > 4 * 50, "{tried}");
    app.report.case("OR-01");
    app.report.requirement(122);
}

async fn every_route_works_for_whom_it_is_for(app: App) {
    let app = with_keys(app).await;
    let (team, [mut owner, _, _], ids) = people(&app, "aye").await;
    let named = |method: &str, tail: &str| {
        let path = format!("/organizations/{{organization}}{tail}");
        let found = routes().iter().find(|route| route.path == path && route.method.as_str() == method);
        found.unwrap_or_else(|| panic!("{method} {path} is no route"))
    };
    let page = owner.agent.navigate("/auth/step-up").await.expect(200);
    for (method, tail, _) in OURS {
        let route = named(method, tail);
        if tail == "/members/{user}/remove" {
            // Ownership has gone to the member meanwhile.
            continue;
        }
        let reply = ask(&mut owner, route, &ids, &page).await;
        assert_eq!(reply.status.as_u16(), route.success, "{route:?} {}", reply.body);
    }
    let heir = &mut Person { agent: app.agent(), ..Person::new(&app, "aye-mem") };
    heir.sign_in().await.expect(200);
    let adm = account(&app, "last").await;
    team.join(&app, &adm, &["reader"]).await;
    team.act(&app, heir, "remove", &adm, json!({})).await.expect(200);
    let ours = routes().iter().filter(|route| route.path.contains("{organization}"));
    assert_eq!(ours.map(body_of).count(), OURS.len(), "each is in the list");
    app.report.twin("OR-01");
}

async fn direct_calls_reach_no_other_organization(app: App) {
    let app = with_keys(app).await;
    let (own, [owner, _, _], _) = people(&app, "aye").await;
    let (other, _, ids) = people(&app, "bee").await;
    let (orgs, me) = (app.auth.orgs(), principal(&app, &owner).await);
    let scope = app.auth.scope(&me).unwrap();
    let (may, see) = (permit::<ManageMembers>(&app, &owner).await, permit::<ReadMembers>(&app, &owner).await);
    let (make, own_it) = (permit::<ManageRoles>(&app, &owner).await, permit::<OwnOrganization>(&app, &owner).await);
    let (add, fresh) = (permit::<AddMembers>(&app, &owner).await, app.auth.step_up(&me, None).unwrap());
    let before = app.state().await;
    let mut words = Vec::new();
    for ids in [ids.clone(), Ids::nothing()] {
        let (user, org) = (ids.user.parse::<UserId>().unwrap(), ids.organization.parse().unwrap());
        let (role, rights) = (RoleKey::new(&ids.role), [String::from("thing:read")]);
        let input = RoleInput { key: Some(&role), name: "X", rights: &rights };
        let held = std::slice::from_ref(&role);
        words.push(vec![
            refusal(orgs.set_roles(&client(), &may, user, &keys(&["reader"])).await),
            refusal(orgs.set_member_status(&client(), &may, user, MembershipStatus::Suspended).await),
            refusal(orgs.remove_member(&client(), &may, user).await),
            refusal(orgs.transfer(&client(), &own_it, &fresh, user).await),
            refusal(orgs.explain_member(&see, user, "thing:read").await),
            refusal(orgs.put_role(&client(), &make, input).await),
            refusal(orgs.remove_role(&client(), &make, &role).await),
            refusal(orgs.add_member(&client(), &add, me.user(), held).await),
            refusal(orgs.set_roles(&client(), &may, me.user(), held).await),
            refusal(orgs.enter(&client(), &me, org).await),
            refusal(orgs.leave(&client(), &me, org).await),
            refusal(orgs.restore(&client(), &fresh, org).await),
            refusal(app.auth.scope_of(&me, org).await),
            refusal(scope.member(user).await),
        ]);
        let by_user = AuditFilter { user: Some(user), ..AuditFilter::default() };
        assert_eq!(scope.events(&by_user, PageRequest::first(9)).await.unwrap().items, []);
    }
    assert_eq!(words[0], words[1]);
    assert!(words[0].iter().all(|word| word == "not_found" || word.ends_with("`roles` is unknown")), "{words:?}");
    let filter = MemberFilter { identifier_prefix: Some("bee".into()), status: None };
    assert_eq!(scope.members(&filter, PageRequest::first(9)).await.unwrap().items, []);
    let slug = app.auth.organizations("test").get(other.id).await.unwrap().slug;
    assert_eq!(refusal(app.auth.scope_named(&me, &slug).await), "not_found");
    assert_eq!(app.state().await, before);
    app.report.case("OR-01");
    let filter = MemberFilter { identifier_prefix: Some("aye".into()), status: None };
    assert_eq!(scope.members(&filter, PageRequest::first(9)).await.unwrap().items.len(), 3);
    assert_eq!(app.auth.scope_of(&me, own.id).await.unwrap().org(), own.id);
    app.report.twin("OR-01");
}

async fn one_of_mine_is_entered_first(app: App) {
    let app = with_keys(app).await;
    let (first, [mut owner, _, _], _) = people(&app, "aye").await;
    let (second, _, ids) = people(&app, "bee").await;
    second.join(&app, &owner, &["owner"]).await;
    let page = owner.agent.navigate("/auth/step-up").await.expect(200);
    let before = app.state().await;
    let by_id_alone = ["/enter", "/leave", "/restore"];
    for route in routes().iter().filter(|route| route.path.contains("{organization}")) {
        if by_id_alone.iter().any(|tail| route.path.ends_with(tail)) {
            continue;
        }
        assert_eq!(word(&ask(&mut owner, route, &ids, &page).await), "403 wrong_org", "{route:?}");
    }
    assert_eq!(app.state().await, before);
    let mut old = owner.clone();
    second.enter(&mut owner).await.expect(200);
    assert_ne!(owner.agent.cookies["um_session"], old.agent.cookies["um_session"], "under a new secret");
    assert!(owner.is_signed_in().await && !old.is_signed_in().await);
    second.get(&mut owner, "/members").await.expect(200);
    assert_eq!(word(&first.get(&mut owner, "/members").await), "403 wrong_org");
    app.report.case("OR-01");
    app.report.twin("OR-01");
    app.report.requirement(119);
}

/// An id that nobody has, beside one that somebody has.
fn beside(id: &str) -> String {
    let (rest, last) = id.split_at(id.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}

async fn cursors_of_another_organization_show_nothing(app: App) {
    let app = with_keys(app).await;
    let (own, [mut owner, _, _], _) = people(&app, "aye").await;
    app.advance(time::Duration::SECOND);
    let (other, _, theirs) = people(&app, "bee").await;
    app.advance(time::Duration::SECOND);
    own.member(&app, "aye-late", &["reader"]).await;
    let event = app.events(Some(other.id)).await[0].id.to_string();
    let (mut seen, before) = (String::new(), app.state().await);
    for (tail, name, id) in
        [("/members", "cursor", &theirs.user), ("/audit", "cursor", &event), ("/audit", "user", &theirs.user)]
    {
        let found = own.get(&mut owner, &format!("{tail}?{name}={id}")).await.expect(200);
        let made_up = own.get(&mut owner, &format!("{tail}?{name}={}", beside(id))).await.expect(200);
        assert_eq!(found.outward(), made_up.outward(), "{tail} {name}");
        seen.push_str(&found.body);
    }
    let list = owner.agent.get(&format!("/auth/organizations?cursor={}", theirs.organization)).await.expect(200);
    let made_up =
        owner.agent.get(&format!("/auth/organizations?cursor={}", beside(&theirs.organization))).await.expect(200);
    assert_eq!(list.outward(), made_up.outward());
    assert_eq!(app.state().await, before);
    let export =
        async |person: &mut Person, body: Value| own.post(person, "/audit/export", body).await.expect(200).body;
    seen.push_str(&list.body);
    seen.push_str(&export(&mut owner, json!({ "cursor": event })).await);
    assert_eq!(export(&mut owner, json!({ "user": theirs.user })).await, "");
    for id in [&theirs.organization, &theirs.user, &theirs.role, &theirs.session, &event, &String::from("bee-")] {
        assert!(!seen.contains(id.as_str()), "{id} in {seen}");
    }
    for (tail, kind) in [("/members", &theirs.organization), ("/audit", &theirs.user)] {
        assert_eq!(word(&own.get(&mut owner, &format!("{tail}?cursor={kind}")).await), "400 malformed_request");
    }
    app.report.case("OR-20");
    let page =
        own.get(&mut owner, &format!("/members?cursor={}", id_of(&app, &own.owner).await)).await.expect(200).json();
    assert!(!page["items"].as_array().unwrap().is_empty(), "one's own cursor goes on");
    app.report.twin("OR-20");
}

async fn lists_show_what_their_reader_may_see(app: App) {
    let app = with_keys(app).await;
    let (team, [mut owner, admin, mut member], ids) = people(&app, "aye").await;
    let auditing = team.role(&mut owner, "Auditing", &["audit:read"]).await;
    let mut auditor = team.member(&app, "auditor", &[&auditing]).await;
    team.set_roles(&app, &mut owner, &member, &["reader"]).await.expect(200);
    for person in [&mut member, &mut auditor] {
        let mut seen = 0;
        for route in routes().iter().filter(|route| {
            route.method == Method::GET && !route.path.contains("{mail}") && !route.path.starts_with("/dev")
        }) {
            let reply = person.agent.get(&format!("/auth{}", ids.put(route.path))).await;
            for other in [&owner.email, &admin.email] {
                assert!(!reply.body.contains(other.as_str()), "{route:?} shows {other}");
            }
            seen += u32::from(reply.status.is_success());
        }
        assert!(seen > 10, "{seen}");
        for tail in ["/members?email=aye", "/members", "/roles", &format!("/members/{}/explain", ids.user)] {
            assert_eq!(word(&team.get(person, tail).await), "403 permission_missing", "{tail}");
        }
    }
    assert_eq!(word(&team.get(&mut member, "/audit").await), "403 permission_missing");
    app.report.case("OR-19");
    assert!(team.get(&mut owner, "/members").await.expect(200).body.contains(&admin.email));
    let log = team.get(&mut auditor, "/audit").await.expect(200).json();
    assert!(log["items"].as_array().unwrap().len() >= 4);
    app.report.twin("OR-19");
}
