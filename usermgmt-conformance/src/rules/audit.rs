//! The audit log: events as they were put, each where it belongs.

use serde_json::{Value, json};
use usermgmt_core::model::{Actor, AuditEvent, AuditKind, AuditOutcome};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::Write;

use crate::AnyStore;
use crate::kit::{Answer, NOW, REALM, at, commit, event, event_id, member, org, org_id, session_id, user, user_id};

async fn read(store: &AnyStore, org: Option<u128>) -> Vec<AuditEvent> {
    store.events(REALM, org.map(org_id), PageRequest::first(200)).await.answer().items
}

/// Every column of an event comes back as it was put, for every kind, outcome and actor.
pub async fn an_event_is_returned_as_it_was_put(store: AnyStore) {
    member(&store).await;
    let actors = [
        Actor::Anonymous,
        Actor::User { user: user_id(1), session: Some(session_id(1)) },
        Actor::User { user: user_id(1), session: None },
        Actor::System { reason: "nightly „sweep“\n".to_owned() },
    ];
    let kinds = AuditKind::ALL.iter().copied();
    let events: Vec<_> = (1..)
        .zip(kinds.zip(actors.iter().cycle()))
        .map(|(number, (kind, actor))| AuditEvent {
            kind,
            actor: actor.clone(),
            outcome: if number % 2 == 0 { AuditOutcome::Refused } else { AuditOutcome::Success },
            subject: (number % 3 == 0).then(|| user_id(1)),
            address: (number % 2 == 0).then(|| "203.0.113.7".to_owned()),
            salt: [u8::try_from(number % 256).unwrap_or(0); 16],
            at: at(i64::try_from(number).unwrap_or(0)),
            ..event(number)
        })
        .collect();
    commit(&store, events.iter().cloned().map(Write::Audit)).await;
    assert_eq!(read(&store, None).await, events, "events do not come back as they were put");
}

/// The detail of an event is any JSON value, and comes back equal.
pub async fn the_detail_of_an_event_is_any_json(store: AnyStore) {
    let details = [
        Value::Null,
        json!({}),
        json!([]),
        json!(""),
        json!(false),
        json!([i64::MIN, i64::MAX, u64::MAX, 0, -1, 9_007_199_254_740_993_u64]),
        json!([0.5, -2.25, 1.5e-3]),
        json!({"a": {"b": [{"c": null}, [], {}, [[[]]]]}, "": "", "A": 1, "ä": "ß ı İ Å \u{212b} 🦀"}),
        json!({"quotes": "\" ' \\ / % _ $1 ? \r\n\t", "text": "null", "number": "12"}),
    ];
    let events: Vec<_> = (1..).zip(details).map(|(number, detail)| AuditEvent { detail, ..event(number) }).collect();
    commit(&store, events.iter().cloned().map(Write::Audit)).await;
    for (read, put) in read(&store, None).await.iter().zip(&events) {
        assert_eq!(read.detail, put.detail, "the detail of an event does not come back as it was put");
    }
    assert_eq!(read(&store, None).await.len(), events.len(), "an event with an unusual detail is missing");
}

/// The events of an organisation are its own; `None` asks for those outside any organisation, not for all.
pub async fn events_belong_to_one_organisation_or_to_none(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutOrg(org(1)), Write::PutOrg(org(2))]).await;
    let of = |number, org: Option<u128>| AuditEvent { org: org.map(org_id), at: NOW, ..event(number) };
    let events = [of(1, None), of(2, Some(1)), of(3, Some(2)), of(4, Some(1)), of(5, None)];
    commit(&store, events.into_iter().map(Write::Audit)).await;
    for (org, wanted) in [(None, vec![1, 5]), (Some(1), vec![2, 4]), (Some(2), vec![3]), (Some(3), vec![])] {
        let ids: Vec<_> = read(&store, org).await.into_iter().map(|event| event.id).collect();
        let wanted: Vec<_> = wanted.into_iter().map(event_id).collect();
        assert_eq!(ids, wanted, "the events of organisation {org:?} are not exactly its own");
    }
}
