//! API keys, as programs and their owners use them.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::limits::{API_KEY_LIFE, API_KEYS_PER_OWNER, STEP_UP_FRESH};
use usermgmt_core::model::AuditKind;
use usermgmt_service::ApiKeys;
use usermgmt_tests::app::token;
use usermgmt_tests::{Agent, App, Person, Reply, cells};

use crate::team::{Team, id_of, newcomer};
use crate::tokens::{native, text};

cells!(
    a_member_makes_a_key_for_a_program,
    a_key_of_an_organization_outlives_whoever_made_it,
    a_key_is_replaced_while_programs_are_told,
    a_key_is_shown_once_and_listed_after,
    what_cannot_be_a_key_is_named,
    an_owner_has_so_many_keys,
    keys_are_made_with_a_recent_proof,
    a_key_that_was_found_elsewhere_is_ended_by_its_text,
    a_notice_undoes_a_key,
    keys_are_off_unless_switched_on,
    a_person_makes_and_ends_keys_on_pages,
    an_administrator_sees_and_ends_the_keys_of_an_organization,
);

pub(crate) async fn with_keys(app: App) -> App {
    app.configured(|builder| builder.api_keys(ApiKeys::default()).permissions(["thing:read", "thing:write"])).await
}

/// A program that presents this.
pub(crate) fn program(app: &App, secret: &str) -> Agent {
    native(app).with("authorization", &format!("Bearer {secret}"))
}

pub(crate) fn wanted(name: &str, scopes: &[&str]) -> Value {
    json!({ "name": name, "scopes": scopes })
}

/// A key of this person: secret and id.
pub(crate) async fn own_key(person: &mut Person, scopes: &[&str]) -> (String, String) {
    let made = person.agent.post("/auth/me/api-keys", wanted("robot", scopes)).await.expect(201);
    parts(&made)
}

/// A key of the organisation, made by this person.
pub(crate) async fn org_key(team: &Team, person: &mut Person, scopes: &[&str]) -> (String, String) {
    parts(&team.post(person, "/api-keys", wanted("robot", scopes)).await.expect(201))
}

pub(crate) fn parts(made: &Reply) -> (String, String) {
    (text(made, "secret"), made.json()["key"]["id"].as_str().unwrap().to_owned())
}

async fn a_member_makes_a_key_for_a_program(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let (secret, id) = own_key(&mut ann, &["thing:read"]).await;
    assert!(secret.starts_with("umk_00_") && id.starts_with("key_"));

    let mut robot = program(&app, &secret);
    let user = id_of(&app, &ann).await;
    let told = format!("feed of {} for {user}", team.id);
    for path in ["/host/feed".to_owned(), format!("/host/orgs/{}/feed", team.id)] {
        assert_eq!(robot.get(&path).await.expect(200).body, told);
    }
    assert_eq!(robot.get("/host/key").await.expect(200).body, format!("key robot of {user}"));
    let refused = robot.post("/host/feed", json!({})).await.expect(403);
    assert_eq!(refused.json()["challenge"], json!({ "permission": "thing:write" }));
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"insufficient_scope\""));
    // What asks for a person is not for keys, whatever the scopes.
    for path in ["/host/things", "/host/whoami", "/host/me", "/host/active", "/auth/me", "/auth/organizations"] {
        assert_eq!(robot.get(path).await.expect(403).code(), "api_key_not_accepted", "{path}");
    }
    // And what asks for a key is not for people.
    assert_eq!(ann.agent.get("/host/key").await.expect(401).code(), "api_key_required");
    assert_eq!(ann.agent.get("/host/feed").await.expect(200).body, told);

    let events = app.events(Some(team.id)).await;
    let made = events.iter().find(|event| event.kind == AuditKind::ApiKeyMade).expect("an event");
    assert_eq!((&made.detail["key"], made.subject), (&json!(id), Some(user)));
    assert!(!made.detail.to_string().contains(&secret) && !made.detail.to_string().contains(&secret[11..]));
    app.report.requirement(67);
    app.report.requirement(204);
}

async fn a_key_of_an_organization_outlives_whoever_made_it(app: App) {
    let app = with_keys(app).await;
    let mut team = Team::of(&app, "olga").await;
    let mut adam = team.member(&app, "adam", &["admin"]).await;
    let (secret, id) = org_key(&team, &mut adam, &["thing:read", "member:read"]).await;
    let mut robot = program(&app, &secret);
    assert_eq!(robot.get("/host/feed").await.expect(200).body, format!("feed of {} for nobody", team.id));
    let members = robot.get(&team.path("/members")).await.expect(200).json();
    assert_eq!(members["items"].as_array().unwrap().len(), 2);
    assert_eq!(members["items"][0]["email"], Value::Null, "to see addresses is another right");
    robot.get(&team.path("/audit")).await.expect(403);

    let adams = id_of(&app, &adam).await;
    let removed = format!("/members/{adams}/remove");
    let mut owner = team.owner.clone();
    team.post(&mut owner, &removed, json!({})).await.expect(200);
    robot.get("/host/feed").await.expect(200);
    let listed = team.get(&mut owner, "/api-keys").await.expect(200).json();
    assert_eq!((&listed["items"][0]["made_by"], &listed["items"][0]["live"]), (&json!(adams), &json!(true)));
    team.post(&mut team.owner.clone(), &format!("/api-keys/{id}/end"), json!({})).await.expect(200);
    let refused = robot.get("/host/feed").await.expect(401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    team.owner.agent.get("/auth/me").await.expect(200);
}

async fn a_key_is_replaced_while_programs_are_told(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let (old, id) = own_key(&mut ann, &["thing:read"]).await;
    app.advance(Duration::minutes(5));
    let path = |id: &str| format!("/auth/me/api-keys/{id}/rotate");
    for (hours, status) in [(169, 422), (168, 200)] {
        let rotated = ann.agent.post(&path(&id), json!({ "overlap_hours": hours })).await.expect(status);
        if status == 422 {
            assert_eq!(rotated.json()["fields"][0]["field"], "overlap");
            continue;
        }
        let (new, next) = parts(&rotated);
        let life = rotated.json()["key"]["expires_at"].as_str().unwrap().to_owned();
        assert!(life.starts_with("2027-04-15"), "as long as the first was meant to: {life}");
        program(&app, &old).get("/host/feed").await.expect(200);
        program(&app, &new).get("/host/feed").await.expect(200);
        app.advance(Duration::hours(168) - Duration::SECOND);
        program(&app, &old).get("/host/feed").await.expect(200);
        app.advance(Duration::SECOND);
        program(&app, &old).get("/host/feed").await.expect(401);
        program(&app, &new).get("/host/feed").await.expect(200);

        ann.sign_in().await.expect(200);
        ann.agent.post(&path(&id), json!({})).await.expect(404);
        let at_once = ann.agent.post(&path(&next), json!({})).await.expect(200);
        program(&app, &new).get("/host/feed").await.expect(401);
        program(&app, &parts(&at_once).0).get("/host/feed").await.expect(200);
    }
    app.advance(API_KEY_LIFE);
    let listed = newcomer_list(&app, &ann).await;
    assert!(listed.iter().all(|key| key["live"] == false), "{listed:?}");
}

/// The keys of somebody whose sessions have ended meanwhile.
async fn newcomer_list(app: &App, person: &Person) -> Vec<Value> {
    let mut again = person.elsewhere(app);
    again.sign_in().await.expect(200);
    again.agent.get("/auth/me/api-keys").await.expect(200).json()["items"].as_array().unwrap().clone()
}

async fn a_key_is_shown_once_and_listed_after(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let made = ann.agent.post("/auth/me/api-keys", wanted("  Nightly build ", &["thing:read"])).await.expect(201);
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let secret = text(&made, "secret");
    let listed = ann.agent.get("/auth/me/api-keys").await.expect(200);
    assert!(!listed.body.contains(&secret[11..]), "the secret is shown again");
    let item = &listed.json()["items"][0];
    assert_eq!((&item["name"], &item["beginning"]), (&json!("Nightly build"), &json!(&secret[..11])));
    assert_eq!((&item["used_at"], &item["scopes"]), (&Value::Null, &json!(["thing:read"])));
    // Uses are written to the minute.
    let mut robot = program(&app, &secret);
    let mut seen = Vec::new();
    for _ in 0..3 {
        app.advance(Duration::seconds(40));
        robot.get("/host/feed").await.expect(200);
        seen.push(ann.agent.get("/auth/me/api-keys").await.expect(200).json()["items"][0]["used_at"].clone());
    }
    assert!(seen[0].is_string() && seen[0] == seen[1] && seen[1] != seen[2], "{seen:?}");
    // Nobody else sees it.
    let mut bob = team.member(&app, "bob", &["member"]).await;
    assert_eq!(bob.agent.get("/auth/me/api-keys").await.expect(200).json()["items"], json!([]));
    team.get(&mut bob, "/api-keys").await.expect(403);
    let id = item["id"].as_str().unwrap();
    bob.agent.post(&format!("/auth/me/api-keys/{id}/end"), json!({})).await.expect(404);
    ann.agent.post(&format!("/auth/me/api-keys/{id}/end"), json!({})).await.expect(200);
    ann.agent.post(&format!("/auth/me/api-keys/{id}/end"), json!({})).await.expect(404);
    robot.get("/host/feed").await.expect(401);
}

async fn what_cannot_be_a_key_is_named(app: App) {
    let app = with_keys(app).await;
    let mut team = Team::of(&app, "olga").await;
    let long = vec!["thing:read"; 65];
    for (body, fields) in [
        (json!({}), json!([["name", "required"], ["scopes", "required"]])),
        (wanted("x", &[]), json!([["scopes", "required"]])),
        (wanted("x", &["thing:fly"]), json!([["scopes", "unknown"]])),
        (wanted("x", &["organization:own"]), json!([["scopes", "unknown"]])),
        (wanted("x", &long), json!([["scopes", "too_many"]])),
        (wanted("a\u{202e}b", &["thing:read"]), json!([["name", "forbidden_character"]])),
        (json!({ "name": "x", "scopes": ["thing:read"], "days": 367 }), json!([["life", "too_long"]])),
        (json!({ "name": "x", "scopes": ["thing:read"], "days": 0 }), json!([["life", "too_short"]])),
        (json!({ "name": "x", "scopes": ["thing:read"], "endless": true }), json!([["life", "too_long"]])),
    ] {
        let refused = team.owner.agent.post("/auth/me/api-keys", body.clone()).await.expect(422).json();
        let named: Vec<_> =
            refused["fields"].as_array().unwrap().iter().map(|error| json!([error["field"], error["code"]])).collect();
        assert_eq!(json!(named), fields, "{body}");
    }
    for body in [
        json!({ "name": "x", "scopes": ["thing:read"], "days": 1, "endless": true }),
        json!({ "name": "x", "scopes": ["thing:read"], "owner": "usr_1" }),
        json!({ "name": "x", "scopes": ["thing:read"], "days": -1 }),
    ] {
        team.owner.agent.post("/auth/me/api-keys", body).await.expect(400);
    }
    // Somebody in no organisation has no rights, so the key says who calls and nothing more.
    let mut nina = newcomer(&app, "nina").await;
    nina.agent.post("/auth/me/api-keys", wanted("x", &["thing:read"])).await.expect(403);
    let (secret, _) = own_key(&mut nina, &[]).await;
    let mut robot = program(&app, &secret);
    robot.get("/host/key").await.expect(200);
    assert_eq!(robot.get("/host/feed").await.expect(403).code(), "organization_required");
}

async fn an_owner_has_so_many_keys(app: App) {
    let app = with_keys(app).await;
    let mut team = Team::of(&app, "olga").await;
    let mut last = String::new();
    for _ in 0..API_KEYS_PER_OWNER {
        last = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await.1;
    }
    let mut owner = team.owner.clone();
    let refused = team.post(&mut owner, "/api-keys", wanted("one more", &["thing:read"])).await.expect(422);
    assert_eq!(refused.json()["fields"][0]["code"], "too_many");
    // One can be replaced all the same, and one that has ended gives its place.
    team.post(&mut owner, &format!("/api-keys/{last}/rotate"), json!({})).await.expect(200);
    let page = team.get(&mut owner, "/api-keys").await.expect(200).json();
    let next = page["next_cursor"].as_str().expect("a second page");
    let rest = team.get(&mut owner, &format!("/api-keys?cursor={next}")).await.expect(200).json();
    assert_eq!(page["items"].as_array().unwrap().len() + rest["items"].as_array().unwrap().len(), 100);
    // The clock stands still, so any of them may stand last: also the one that was replaced.
    let live = rest["items"].as_array().unwrap().iter().find(|key| key["live"] == true);
    let id = live.unwrap()["id"].as_str().unwrap();
    team.post(&mut owner, &format!("/api-keys/{id}/end"), json!({})).await.expect(200);
    org_key(&team, &mut owner, &["thing:read"]).await;
    team.owner = owner;
}

async fn keys_are_made_with_a_recent_proof(app: App) {
    let app = with_keys(app).await;
    let mut team = Team::of(&app, "olga").await;
    let (_, id) = own_key(&mut team.owner, &["thing:read"]).await;
    let (_, of_org) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    app.advance(STEP_UP_FRESH);
    let mut owner = team.owner.clone();
    for path in ["/auth/me/api-keys".to_owned(), format!("/auth/me/api-keys/{id}/rotate")]
        .into_iter()
        .chain([team.path("/api-keys"), team.path(&format!("/api-keys/{of_org}/rotate"))])
    {
        assert_eq!(owner.agent.post(&path, json!({})).await.expect(403).code(), "step_up_required", "{path}");
    }
    // To end one must be quick.
    owner.agent.post(&format!("/auth/me/api-keys/{id}/end"), json!({})).await.expect(200);
    team.post(&mut owner, &format!("/api-keys/{of_org}/end"), json!({})).await.expect(200);
}

async fn a_key_that_was_found_elsewhere_is_ended_by_its_text(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let (secret, _) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    let keys = app.auth.api_keys().unwrap();
    assert!(!keys.end_leaked(&secret[..54], "found in a repository").await.unwrap());
    assert!(keys.end_leaked(&secret, "found in a repository").await.unwrap());
    assert!(!keys.end_leaked(&secret, "found in a repository").await.unwrap());
    program(&app, &secret).get("/host/feed").await.expect(401);
    let ended = app.events(Some(team.id)).await.into_iter().find(|event| event.kind == AuditKind::ApiKeyEnded);
    assert!(format!("{:?}", ended.expect("an event").actor).contains("found in a repository"));
}

async fn a_notice_undoes_a_key(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let (secret, _) = own_key(&mut ann, &["thing:read"]).await;
    let (kept, _) = org_key(&team, &mut team.owner.clone(), &["thing:read"]).await;
    app.work().await;
    let mail = app.mails(&ann.email).into_iter().find(|mail| mail.subject.contains("API key")).expect("a notice");
    assert!(!mail.text.contains(&secret[11..]));
    app.agent().post("/auth/secure", json!({ "token": token(&mail) })).await.expect(200);
    program(&app, &secret).get("/host/feed").await.expect(401);
    program(&app, &kept).get("/host/feed").await.expect(200);
    // No mail for keys of an organisation: its audit log tells of them.
    assert!(app.mails(&team.owner.email).iter().all(|mail| !mail.subject.contains("API key")));
}

async fn keys_are_off_unless_switched_on(app: App) {
    let mut ann = Person::signed_in(&app, "ann").await;
    ann.agent.get("/auth/me/api-keys").await.expect(404);
    ann.agent.post("/auth/me/api-keys", wanted("robot", &["thing:read"])).await.expect(404);
    // The header is none of ours then: a page that is open to everybody stays so.
    program(&app, "umk_00_x").get("/host/whoami").await.expect(200);
    program(&app, "umk_00_x").get("/auth/me").await.expect(401);
}

/// The secret that a page shows.
fn shown(page: &Reply) -> String {
    let from = page.body.find("umk_00_").expect("a secret");
    page.body[from..].chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')).collect()
}

async fn a_person_makes_and_ends_keys_on_pages(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let account = ann.agent.navigate("/auth/account").await.expect(200);
    assert!(account.body.contains("/account/api-keys\""));
    let page = ann.agent.navigate("/auth/account/api-keys").await.expect(200);
    assert!(page.body.contains("There are no keys.") && page.body.contains("right:thing:read"));
    assert!(!page.body.contains("right:thing:write"), "a right that she does not have");
    let action = "/auth/account/api-keys";
    let fields = [("key_name", "Nightly build"), ("days", "30"), ("right:thing:read", "yes")];
    let made = ann.agent.fill(&page, action, &fields).await.expect(200);
    let secret = shown(&made);
    assert_eq!((secret.len(), made.header("cache-control")), (55, Some("no-store")));
    assert!(made.body.contains("valid for 30 more days") && made.body.contains("not used yet"));
    program(&app, &secret).get("/host/feed").await.expect(200);
    // Sent again, it makes no second one; and nothing shows the secret again.
    let again = ann.agent.fill(&page, action, &fields).await.expect(422);
    assert!(again.body.contains("There is a key of this name already") && !again.body.contains(&secret));
    let page = ann.agent.navigate(action).await.expect(200);
    assert!(page.body.contains("used just now") && !page.body.contains(&secret[11..]));
    for (fields, text) in [
        (&[("key_name", ""), ("right:thing:read", "yes")][..], "Please fill this in."),
        (&[("key_name", "x")], "Please choose at least one right."),
        (&[("key_name", "x"), ("days", "soon"), ("right:thing:read", "yes")], "Please enter a number of days."),
        (&[("key_name", "x"), ("days", "367"), ("right:thing:read", "yes")], "An API key may not live that long here."),
    ] {
        let refused = ann.agent.fill(&page, action, fields).await.expect(422);
        assert!(refused.body.contains(text), "{text}");
    }
    let forged = [("key_name", "x"), ("right:thing:write", "yes")];
    ann.agent.fill(&page, action, &forged).await.expect(403);
    let listed = ann.agent.get("/auth/me/api-keys").await.expect(200).json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(page.body.contains(&id));
    let end = format!("{action}/{id}/end");
    for _ in 0..2 {
        let ended = ann.agent.fill(&page, &end, &[]).await.expect(303);
        assert_eq!(ended.header("location"), Some("/auth/account/api-keys?notice=ended"));
    }
    let page = ann.agent.navigate("/auth/account/api-keys?notice=ended").await.expect(200);
    assert!(page.body.contains("The key is ended.") && !page.body.contains(&id));
    program(&app, &secret).get("/host/feed").await.expect(401);
    // Later the form asks for a proof first.
    app.advance(STEP_UP_FRESH);
    let page = ann.agent.navigate(action).await.expect(200);
    assert!(page.body.contains("/step-up?return_to=%2Fauth%2Faccount%2Fapi-keys") && !page.body.contains("key_name"));
}

async fn an_administrator_sees_and_ends_the_keys_of_an_organization(app: App) {
    let app = with_keys(app).await;
    let team = Team::of(&app, "olga").await;
    let mut ann = team.member(&app, "ann", &["reader"]).await;
    let (of_ann, id) = own_key(&mut ann, &["thing:read"]).await;
    ann.agent.navigate("/auth/organization/api-keys").await.expect(403);
    let mut olga = team.owner.clone();
    let path = "/auth/organization/api-keys";
    let organization = olga.agent.navigate("/auth/organization").await.expect(200);
    let way = "/organization/api-keys\"";
    assert!(organization.body.contains(way) && !ann.agent.navigate("/auth/organization").await.body.contains(way));
    let page = olga.agent.navigate(path).await.expect(200);
    assert!(page.body.contains("of ann"), "whose it is");
    let org = team.id.to_string();
    let fields = [("organization", org.as_str()), ("key_name", "Billing"), ("right:thing:write", "yes")];
    let made = olga.agent.fill(&page, path, &fields).await.expect(200);
    let secret = shown(&made);
    program(&app, &secret).post("/host/feed", json!({})).await.expect(200);
    let end = format!("/auth/organization/members/{}/api-keys/{id}/end", id_of(&app, &ann).await);
    olga.agent.fill(&page, &end, &[("organization", org.as_str())]).await.expect(303);
    program(&app, &of_ann).get("/host/feed").await.expect(401);
    program(&app, &secret).post("/host/feed", json!({})).await.expect(200);
}
