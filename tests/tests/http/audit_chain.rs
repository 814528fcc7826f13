//! Nobody changes the audit log unnoticed.

use serde_json::{Value, json};
use time::Duration;
use usermgmt_core::audit::Checkpoint;
use usermgmt_core::id::OrgId;
use usermgmt_core::model::{AuditFilter, AuditKind};
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::OsRandom;
use usermgmt_service::{OrgChange, Verified};
use usermgmt_tests::app::Setup;
use usermgmt_tests::{App, cells};

use crate::team::{account, id_of};

cells!(
    whoever_touches_the_log_is_found_out,
    a_lost_end_shows_against_what_was_kept_elsewhere,
    an_event_that_cannot_be_read_is_found_and_keeps_nobody_waiting,
    erased_events_and_new_keys_leave_it_whole,
);

/// The log of an organisation with six events, one a second, sealed.
async fn log(app: &App, name: &str) -> OrgId {
    let owner = id_of(app, &account(app, name).await).await;
    let by_app = app.auth.organizations("the old system");
    let org = by_app.create(owner, name).await.unwrap();
    for number in 3..=6 {
        app.advance(Duration::SECOND);
        let name = format!("{name} {number}");
        by_app.update(org, OrgChange { name: Some(&name), ..OrgChange::default() }).await.unwrap();
    }
    assert_eq!(verdict(app, org).await["status"], "whole");
    org
}

async fn verdict(app: &App, org: OrgId) -> Value {
    json!(app.auth.audit_log(Some(org)).verify(None).await.unwrap())
}

/// What a verification says is wrong, and where.
fn fault(verdict: &Value) -> (String, u64) {
    assert_eq!(verdict["status"], "broken", "{verdict}");
    (verdict["fault"].as_str().unwrap().to_owned(), verdict["number"].as_u64().unwrap())
}

async fn end(app: &App, org: OrgId) -> Checkpoint {
    match app.auth.audit_log(Some(org)).verify(None).await.unwrap() {
        Verified::Whole { checkpoint } => checkpoint,
        broken => panic!("{broken:?}"),
    }
}

/// Adds a row that is like the one at a place, under another id and at another place.
fn copied(org: OrgId, from: u64, to: &str) -> String {
    let columns = "realm, org_id, kind, outcome, actor, actor_user_id, actor_session_id, actor_reason, subject_id, \
                   address, detail, salt, erased, key_id, tag, happened_at, seal_key_id, seal_mac";
    format!(
        "insert into usermgmt_audit (chain, id, seal_number, {columns}) select chain, 'evt_7fffffffffff7000800000000000000{from}', \
         {to}, {columns} from usermgmt_audit where chain = '{org}' and seal_number = {from}"
    )
}

async fn whoever_touches_the_log_is_found_out(app: App) {
    let untouched = log(&app, "untouched").await;
    if app.store.dump().await.is_none() {
        return;
    }
    let set = |what: &str| vec![format!("update usermgmt_audit set {what} where chain = '$' and seal_number = 3")];
    let cut = String::from("delete from usermgmt_audit where chain = '$' and seal_number = ");
    let moved = |from: &str, to: &str| {
        format!("update usermgmt_audit set seal_number = {to} where chain = '$' and seal_number = {from}")
    };
    let replaced = ["usermgmt_audit", "usermgmt_audit_head"].map(|table| {
        [
            format!("delete from {table} where chain = '$'"),
            format!("update {table} set chain = '$' where chain = '{untouched}'"),
        ]
    });
    let tag_of_another = "tag = (select tag from usermgmt_audit where chain = '$' and seal_number = 4)";
    let unsealed =
        "update usermgmt_audit set seal_key_id = null, seal_mac = null where chain = '$' and seal_number is null";
    for (name, statements, expected) in [
        ("outcome", set("outcome = 'refused'"), ("altered", 3)),
        ("detail", set("detail = '{\"from\":\"nobody\"}'"), ("altered", 3)),
        ("address", set("address = '203.0.113.1'"), ("altered", 3)),
        ("time", set("happened_at = happened_at - 1000000"), ("altered", 3)),
        ("reason", set("actor_reason = 'somebody else'"), ("altered", 3)),
        ("kind", set("kind = 'member.removed'"), ("altered", 3)),
        ("subject", set("subject_id = 'usr_00000000000000000000000000000001'"), ("altered", 3)),
        ("tag", set(tag_of_another), ("altered", 3)),
        ("key", set("seal_key_id = 'other'"), ("unknown_key", 3)),
        ("unreadable", set("kind = 'of.no.kind'"), ("altered", 3)),
        ("seal", set("seal_number = null, seal_key_id = null, seal_mac = null"), ("missing", 3)),
        ("deleted", vec![format!("{cut}3")], ("missing", 3)),
        ("first", vec![format!("{cut}1")], ("missing", 1)),
        ("last", vec![format!("{cut}6")], ("cut_off", 6)),
        ("swapped", vec![moved("3", "-1"), moved("4", "3"), moved("-1", "4")], ("misplaced", 3)),
        ("head", vec!["delete from usermgmt_audit_head where chain = '$'".into()], ("misplaced", 1)),
        ("inserted", vec!["copy null".into(), unsealed.into()], ("altered", 7)),
        ("appended", vec!["copy 7".into()], ("misplaced", 7)),
        ("another's", replaced.concat(), ("misplaced", 1)),
    ] {
        let org = log(&app, name).await;
        for sql in statements {
            let sql = sql.strip_prefix("copy ").map(|to| copied(org, 3, to)).unwrap_or(sql);
            app.store.execute(&sql.replace('$', &org.to_string())).await;
        }
        assert_eq!(fault(&verdict(&app, org).await), (expected.0.to_owned(), expected.1), "{name}");
        // And what happens afterwards does not mend it.
        let more = OrgChange { name: Some("More"), ..OrgChange::default() };
        app.auth.organizations("test").update(org, more).await.unwrap();
        assert_eq!(fault(&verdict(&app, org).await).1, expected.1, "{name}");
    }
    app.report.case("AU-04");
    let whole = log(&app, "whole").await;
    assert_eq!(end(&app, whole).await.number, 6);
    app.report.twin("AU-04");
    app.report.requirement(211);
}

async fn a_lost_end_shows_against_what_was_kept_elsewhere(app: App) {
    let (short, gone) = (log(&app, "short").await, log(&app, "gone").await);
    let kept = [end(&app, short).await, end(&app, gone).await];
    let verify = async |org, kept| json!(app.auth.audit_log(Some(org)).verify(Some(kept)).await.unwrap());
    assert_eq!(verify(short, kept[0]).await["status"], "whole");
    assert_eq!(fault(&verify(short, kept[1]).await), ("misplaced".into(), 6), "the end of another log is none of this");
    if app.store.dump().await.is_none() {
        return;
    }
    let before = "select $ from usermgmt_audit where chain = usermgmt_audit_head.chain and seal_number = 5";
    for sql in [
        format!("delete from usermgmt_audit where chain = '{short}' and seal_number = 6"),
        format!(
            "update usermgmt_audit_head set number = 5, key_id = ({}), mac = ({}) where chain = '{short}'",
            before.replace('$', "seal_key_id"),
            before.replace('$', "seal_mac")
        ),
        format!("delete from usermgmt_audit where chain = '{gone}'"),
        format!("delete from usermgmt_audit_head where chain = '{gone}'"),
    ] {
        app.store.execute(&sql).await;
    }
    // No chain can show the loss of its end with the record of it: this is what checkpoints are for.
    assert_eq!([end(&app, short).await.number, end(&app, gone).await.number], [5, 0]);
    assert_eq!(fault(&verify(short, kept[0]).await), ("cut_off".into(), 6));
    assert_eq!(fault(&verify(gone, kept[1]).await), ("cut_off".into(), 1));
    let by_app = app.auth.organizations("test");
    by_app.update(short, OrgChange { name: Some("Another sixth"), ..OrgChange::default() }).await.unwrap();
    assert_eq!(fault(&verify(short, kept[0]).await), ("misplaced".into(), 6), "nor does another event stand in for it");
    app.report.case("AU-04");
}

async fn an_event_that_cannot_be_read_is_found_and_keeps_nobody_waiting(app: App) {
    let (touched, other) = (log(&app, "touched").await, log(&app, "other").await);
    if app.store.dump().await.is_none() {
        return;
    }
    let unsealed = "update usermgmt_audit set seal_key_id = null, seal_mac = null, kind = 'of.no.kind' \
                    where seal_number is null and chain = '$'";
    for sql in [copied(touched, 3, "null"), unsealed.replace('$', &touched.to_string())] {
        app.store.execute(&sql).await;
    }
    for org in [touched, other] {
        let more = OrgChange { name: Some("More"), ..OrgChange::default() };
        app.auth.organizations("test").update(org, more).await.unwrap();
    }
    let verdict = verdict(&app, touched).await;
    assert_eq!((&verdict["fault"], &verdict["number"]), (&json!("altered"), &Value::Null), "{verdict}");
    app.auth.seal().await.unwrap();
    assert_eq!(end(&app, other).await.number, 7, "the chains of others are sealed as ever");
    app.report.case("AU-04");
}

async fn erased_events_and_new_keys_leave_it_whole(app: App) {
    let org = log(&app, "acme").await;
    let old = end(&app, org).await;
    let events = app.events(Some(org)).await;
    let audit = app.auth.audit_log(Some(org));
    audit.erase(events[3].id).await.unwrap();
    assert!(audit.erase(events[3].id).await.is_err(), "once");
    assert!(app.auth.audit_log(None).erase(events[4].id).await.is_err(), "it is of another log");
    let erased = app.events(Some(org)).await.remove(3);
    assert_eq!((&erased.detail, json!(erased.actor)["reason"].as_str()), (&json!({}), Some("")));
    assert!(erased.erased.is_some() && erased.kind == events[3].kind && erased.at == events[3].at);
    if let Some(state) = app.state().await {
        assert!(!state.lines().any(|line| line.contains(&erased.id.to_string()) && line.contains("acme 4")));
    }
    assert_eq!(end(&app, org).await, old);

    let mut app = app;
    app.keys = app.keys.rotated(&OsRandom).unwrap();
    let app = app.restart(Setup::default()).await;
    let by_app = app.auth.organizations("after the new key");
    app.advance(Duration::SECOND);
    by_app.delete(org).await.unwrap();
    app.work().await;
    let end = end(&app, org).await;
    assert_eq!(end.number, 7);
    let kept = app.auth.audit_log(Some(org)).verify(Some(old)).await.unwrap();
    assert_eq!(kept, Verified::Whole { checkpoint: end });
    let events = app.events(Some(org)).await;
    assert_eq!(events.len(), 7, "what a deleted organisation has done stays");
    let seal = |number: usize| &events[number].seal.as_ref().unwrap().key_id;
    assert!(seal(5) != seal(6) && events[6].kind == AuditKind::OrgDeleted);
    let filter = AuditFilter { since: Some(app.now() + Duration::SECOND), ..AuditFilter::default() };
    let none = app.auth.audit_log(Some(org)).events(&filter, PageRequest::first(9)).await.unwrap();
    assert!(none.items.is_empty());
    app.report.requirement(211);
}
