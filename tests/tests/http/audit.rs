//! The audit log: what it holds, and who reads it.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use time::Duration;
use time::format_description::well_known::Rfc3339;
use usermgmt_core::id::{CommitId, EventId};
use usermgmt_core::model::{Actor, AuditEvent, AuditFilter, AuditKind, AuditOutcome};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_service::TrustedProxies;
use usermgmt_tests::{App, Person, Reply, cells};

use crate::team::{Team, account, id_of, principal, word};

cells!(
    every_act_leaves_its_event,
    a_flood_of_refusals_is_a_few_events,
    the_address_is_the_trusted_one,
    the_log_is_filtered_and_paged,
    the_log_is_taken_out_as_lines,
);

/// The events of an organisation, or of none, that were not there before.
async fn new_events(app: &App, team: &Team, known: &mut BTreeSet<EventId>) -> Vec<AuditEvent> {
    app.work().await;
    let mut all = app.events(Some(team.id)).await;
    all.extend(app.events(None).await);
    all.into_iter().filter(|event| known.insert(event.id)).collect()
}

async fn every_act_leaves_its_event(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let (bob, eve) = (team.member(&app, "bob", &["member"]).await, account(&app, "eve").await);
    let (bob_id, eve_id) = (id_of(&app, &bob).await, id_of(&app, &eve).await);
    let role = team.role(&mut ann, "Guide", &["thing:read"]).await;
    let (member, mut known) = (format!("/members/{bob_id}"), BTreeSet::new());
    new_events(&app, &team, &mut known).await;
    let none = || json!({});
    for (tail, body, kind, subject) in [
        (String::new(), json!({ "name": "New name" }), "org.updated", None),
        ("/members".into(), json!({ "email": eve.email, "roles": ["reader"] }), "member.added", Some(eve_id)),
        (format!("{member}/roles"), json!({ "roles": ["reader"] }), "member.roles_changed", Some(bob_id)),
        (format!("{member}/suspend"), none(), "member.status_changed", Some(bob_id)),
        (format!("{member}/reactivate"), none(), "member.status_changed", Some(bob_id)),
        ("/roles".into(), json!({ "name": "Other", "rights": [] }), "org.role_changed", None),
        (format!("/roles/{role}"), json!({ "name": "Guide", "rights": [] }), "org.role_changed", None),
        (format!("/roles/{role}/remove"), none(), "org.role_removed", None),
        ("/audit/export".into(), none(), "org.audit_exported", None),
        (
            "/audit/export".into(),
            json!({ "cursor": "evt_ffffffffffffffffffffffffffffffff" }),
            "org.audit_exported",
            None,
        ),
        (format!("/members/{eve_id}/remove"), none(), "member.removed", Some(eve_id)),
        ("/delete".into(), none(), "org.deleted", None),
        ("/restore".into(), none(), "org.restored", None),
        ("/enter".into(), none(), "session.org_entered", None),
        ("/transfer".into(), json!({ "user": bob_id }), "member.ownership_transferred", Some(bob_id)),
        ("/leave".into(), none(), "member.left", Some(id_of(&app, &ann).await)),
    ] {
        app.advance(Duration::SECOND);
        let me = principal(&app, &ann).await;
        let reply = team.post(&mut ann, &tail, body).await;
        assert!(reply.status.is_success(), "{tail} {} {}", reply.status, reply.body);
        let events = new_events(&app, &team, &mut known).await;
        let [event] = events.as_slice() else { panic!("{tail} leaves {events:?}") };
        assert_eq!((event.kind.as_str(), event.subject, event.org), (kind, subject, Some(team.id)), "{tail}");
        assert_eq!(event.actor, Actor::User { user: me.user(), session: Some(me.session()) }, "{tail}: who");
        assert_eq!((event.at, event.address.as_deref()), (app.now(), Some("127.0.0.1")), "{tail}: when and where");
        assert_eq!(event.outcome.as_str(), "success", "{tail}");
    }
    let made = ann.agent.post("/auth/organizations", json!({ "name": "Second" })).await.expect(201).json();
    let second = made["id"].as_str().unwrap().parse().unwrap();
    let kinds: BTreeSet<_> = app.events(Some(second)).await.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["member.added", "org.created"]));
    app.report.twin("AU-06");

    // What was refused for want of a right is counted, and written as one event.
    let mut eve = eve;
    team.join(&app, &eve, &["reader"]).await;
    eve.sign_in().await.expect(200);
    new_events(&app, &team, &mut known).await;
    for _ in 0..3 {
        team.post(&mut eve, "/roles", json!({ "name": "Mine", "rights": ["*"] })).await.expect(403);
    }
    let events = new_events(&app, &team, &mut known).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.kind.as_str(), event.outcome.as_str()), ("refused.permission", "refused"));
    assert_eq!((&event.detail["reason"], &event.detail["times"]), (&json!("role:manage"), &json!(3)));
    assert_eq!(event.address.as_deref(), Some("127.0.0.1"));
    app.report.case("AU-06");
}

async fn a_flood_of_refusals_is_a_few_events(app: App) {
    let team = Team::of(&app, "ann").await;
    let (mut ann, mut bob) = (team.owner.clone(), team.member(&app, "bob", &["admin"]).await);
    let (mut known, before) = (BTreeSet::new(), app.events(None).await.len());
    new_events(&app, &team, &mut known).await;
    let mut stranger = app.agent();
    stranger.cookies.insert("um_session".into(), format!("ums_{}", "A".repeat(43)));
    for number in 0..200 {
        stranger.get("/auth/me").await.expect(401);
        let own = bob.clone();
        let greedy = team.set_roles(&app, &mut bob, &own, &["owner"]).await;
        assert_eq!(word(&greedy), "403 rights_exceeded");
        if number == 100 {
            team.post(&mut ann, "", json!({ "name": "Renamed" })).await.expect(200);
        }
    }
    let of_team = new_events(&app, &team, &mut known).await;
    let real: Vec<_> = of_team.iter().filter(|event| event.org == Some(team.id)).collect();
    assert_eq!(real.len(), 1, "what was done in between stands for itself: {of_team:?}");
    let all = app.events(None).await;
    let told: Vec<_> = all.iter().filter(|event| event.outcome == AuditOutcome::Refused).collect();
    let times = |kind: &str, reason: &str| {
        let mine = told.iter().filter(|event| event.kind.as_str() == kind && event.detail["reason"] == reason);
        mine.map(|event| event.detail["times"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(times("refused.permission", "rights_exceeded"), [200], "{told:?}");
    assert!(all.len() <= before + 3, "{all:?}");
    app.report.case("AU-08");
    app.report.twin("AU-08");
}

async fn the_address_is_the_trusted_one(app: App) {
    let claimed = "198.51.100.9, 203.0.113.50";
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    let last = async |app: &App| team.events(app, "org.updated").await.pop().unwrap().address;
    let rename = json!({ "name": "New name" });
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "true-client-ip"] {
        app.advance(Duration::SECOND);
        ann.agent.with(name, claimed).post(&team.path(""), rename.clone()).await.expect(200);
        assert_eq!(last(&app).await.as_deref(), Some("127.0.0.1"), "{name}");
    }
    app.report.case("AU-05");
    let app = app.configured(|builder| builder.trusted_proxies(TrustedProxies::Hops(1))).await;
    ann = ann.elsewhere(&app);
    ann.agent = ann.agent.with("x-forwarded-for", claimed);
    ann.sign_in().await.expect(200);
    app.advance(Duration::SECOND);
    team.post(&mut ann, "", rename).await.expect(200);
    assert_eq!(last(&app).await.as_deref(), Some("203.0.113.50"), "the hop that the proxy saw, not what was claimed");
    app.report.twin("AU-05");
}

async fn the_log_is_filtered_and_paged(app: App) {
    let (team, other) = (Team::of(&app, "ann").await, Team::of(&app, "sam").await);
    let (mut ann, mut bob) = (team.owner.clone(), team.member(&app, "bob", &["admin"]).await);
    let bob_id = id_of(&app, &bob).await;
    let started = app.now();
    for number in 0..55 {
        app.advance(Duration::SECOND);
        team.post(&mut bob, "", json!({ "name": format!("Name {number}") })).await.expect(200);
        other.post(&mut other.owner.clone(), "", json!({ "name": format!("Sam's {number}") })).await.expect(200);
    }
    app.work().await;
    let mut ask = async |query: &str| team.get(&mut ann, &format!("/audit{query}")).await;
    let items = |page: &Value| page["items"].as_array().unwrap().clone();
    let first = ask("").await.expect(200).json();
    let second = ask(&format!("?cursor={}", first["next_cursor"].as_str().unwrap())).await.expect(200).json();
    assert_eq!((items(&first).len(), items(&second).len(), &second["next_cursor"]), (50, 8, &Value::Null));
    let all: Vec<_> = items(&first).into_iter().chain(items(&second)).collect();
    assert!(all.iter().all(|event| !event.to_string().contains("Sam's")), "only what happened here");
    let places: BTreeSet<_> = all.iter().map(|event| event["seal"].as_u64().unwrap()).collect();
    assert_eq!(places, (1..=58).collect(), "each once");
    let newest = &all[0];
    let expected = json!({
        "id": newest["id"], "kind": "org.updated", "outcome": "success", "subject": null, "address": "127.0.0.1",
        "by": { "actor": "user", "user": bob_id, "session": principal(&app, &bob).await.session() },
        "detail": newest["detail"], "at": app.now().format(&Rfc3339).unwrap(), "erased": false, "seal": newest["seal"],
    });
    assert_eq!(*newest, expected, "the newest first");
    assert_eq!(newest["detail"]["to"]["name"], "Name 54");
    app.report.requirement(167);

    let at = |second: i64| (started + Duration::seconds(second)).format(&Rfc3339).unwrap();
    for (query, count) in [
        ("?kind=org.created".to_owned(), 1),
        ("?kind=member.removed".into(), 0),
        (format!("?kind=member.added&user={bob_id}"), 1),
        (format!("?user={}", id_of(&app, &other.owner).await), 0),
        (format!("?since={}", at(54)), 2),
        (format!("?since={}&until={}", at(2), at(4)), 2),
        (format!("?until={}", at(1)), 3),
        (format!("?until={}", at(-1)), 0),
    ] {
        assert_eq!(items(&ask(&query).await.expect(200).json()).len(), count, "{query}");
    }
    for query in
        ["?kind=nonsense", "?user=x", "?since=yesterday", "?cursor=1", "?org=x", "?kind=org.created&kind=org.created"]
    {
        assert_eq!(ask(query).await.expect(400).code(), "malformed_request", "{query}");
    }
    // Sign-ins belong to no organisation; the application reads them.
    let filter = AuditFilter { kind: Some(AuditKind::SignedIn), user: Some(bob_id), ..AuditFilter::default() };
    let found = app.auth.audit_log(None).events(&filter, PageRequest::first(9)).await.unwrap();
    assert_eq!(found.items.len(), 1);
    app.report.requirement(166);
}

async fn the_log_is_taken_out_as_lines(app: App) {
    let team = Team::of(&app, "ann").await;
    let mut ann = team.owner.clone();
    // What people enter, and what the application says, cannot end a line, begin a formula or forge a record.
    let forged = "{\"kind\":\"org.deleted\"}";
    let names =
        ["=HYPERLINK(\"http://evil.example\")", "+1+cmd|' /C calc'!A0", "@SUM(1)", "\",\"kind\":\"forged", forged];
    for name in names {
        app.advance(Duration::SECOND);
        team.role(&mut ann, name, &["thing:read"]).await;
    }
    for name in ["a\nb", "a\r\nb", "a\u{2028}b"] {
        team.post(&mut ann, "/roles", json!({ "name": name, "rights": [] })).await.expect(422);
    }
    let reason = format!("support\r\n{forged}\u{2028}{forged}");
    app.auth.organizations(&reason).set_seats(team.id, Some(9)).await.unwrap();
    app.advance(Duration::SECOND);
    let export = async |ann: &mut Person, body: Value| team.post(ann, "/audit/export", body).await;
    let reply = export(&mut ann, json!({})).await.expect(200);
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"audit.ndjson\""));
    assert_eq!((reply.header("x-content-type-options"), reply.header("next-cursor")), (Some("nosniff"), None));
    let read = |body: &str| body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    let lines = read(&reply.body);
    let events = app.events(Some(team.id)).await;
    assert_eq!(lines.len(), events.len(), "one line for each event, the export's own included");
    assert!(reply.body.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    for (line, event) in lines.iter().zip(events.iter().rev()) {
        assert_eq!((&line["id"], line["kind"].as_str()), (&json!(event.id), Some(event.kind.as_str())));
    }
    assert!(names.iter().all(|name| lines.iter().any(|line| line["detail"]["name"] == *name)), "as they were entered");
    assert!(lines.iter().any(|line| line["by"]["reason"] == reason));
    for case in ["AU-01", "AU-07"] {
        app.report.case(case);
        app.report.twin(case);
    }
    assert_eq!(read(&export(&mut ann, json!({ "kind": "org.created" })).await.expect(200).body).len(), 1);
    for body in [json!({ "kind": "x" }), json!({ "cursor": "x" }), json!({ "org": "x" }), json!({ "since": 1 })] {
        assert_eq!(word(&export(&mut ann, body).await), "400 malformed_request");
    }

    // A long log goes on where the answer before it ended.
    let flow_at = app.now();
    for part in 0..6_u8 {
        let id = CommitId::new(app.auth.random(), flow_at).unwrap();
        let mut changes = ChangeSet::new(id, app.auth.realm(), flow_at);
        for _ in 0..180 {
            let id = EventId::new(app.auth.random(), flow_at + Duration::seconds(part.into())).unwrap();
            let mut event = AuditEvent { id, seal: None, ..events[0].clone() };
            event.tag = usermgmt_core::audit::tag(&app.keys, &event);
            changes.push(Write::Audit(event));
        }
        app.store.store.commit(changes).await.unwrap();
    }
    app.advance(Duration::MINUTE);
    let first = export(&mut ann, json!({})).await.expect(200);
    let cursor = first.header("next-cursor").unwrap().to_owned();
    let second = export(&mut ann, json!({ "cursor": cursor })).await.expect(200);
    assert_eq!(second.header("next-cursor"), None);
    let ids = |reply: &Reply| read(&reply.body).iter().map(|line| line["id"].to_string()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&first).len(), 1_000);
    assert!(ids(&first).is_disjoint(&ids(&second)) && ids(&second).len() >= 80, "{}", ids(&second).len());
    app.report.requirement(166);
    app.report.requirement(211);
}
