//! The audit log: events as they were put, each where it belongs.

use serde_json::{Value, json};
use usermgmt_core::model::{Actor, AuditEvent, AuditFilter, AuditKind, AuditOutcome, EventTag};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::Write;

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, Answer, MICRO, NOW, REALM, at, commit, event, event_id, member, org, org_id, other_realm, session_id,
    user, user_id,
};

async fn read(store: &AnyStore, org: Option<u128>) -> Vec<AuditEvent> {
    store.events(REALM, org.map(org_id), &ALL_EVENTS, PageRequest::first(200)).await.answer().items
}

/// The events of the realm that a filter lets through, by number.
async fn found(store: &AnyStore, filter: AuditFilter) -> Vec<u128> {
    let page = store.events(REALM, None, &filter, PageRequest::first(200)).await.answer();
    assert_eq!(page.next, None, "a list that fits on one page goes on");
    page.items.iter().map(|row| row.id.as_uuid().as_u128()).collect()
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
            erased: (number % 5 == 0).then_some([6; 32]),
            tag: EventTag { key_id: format!("key {number}"), mac: [u8::try_from(number % 256).unwrap_or(0); 32] },
            at: at(i64::try_from(number).unwrap_or(0)),
            ..event(number)
        })
        .collect();
    commit(&store, events.iter().cloned().map(Write::Audit)).await;
    let newest_first: Vec<_> = events.into_iter().rev().collect();
    assert_eq!(read(&store, None).await, newest_first, "events do not come back as they were put");
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
    for (read, put) in read(&store, None).await.iter().rev().zip(&events) {
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
    for (org, wanted) in [(None, vec![5, 1]), (Some(1), vec![4, 2]), (Some(2), vec![3]), (Some(3), vec![])] {
        let ids: Vec<_> = read(&store, org).await.into_iter().map(|event| event.id).collect();
        let wanted: Vec<_> = wanted.into_iter().map(event_id).collect();
        assert_eq!(ids, wanted, "the events of organisation {org:?} are not exactly its own");
    }
}

/// One event is read by its id, whole, and only in the organisation or realm that it belongs to.
pub async fn an_event_is_read_by_its_id(store: AnyStore) {
    let rich = AuditEvent { subject: Some(user_id(1)), detail: json!({ "a": [1] }), ..event(1) };
    let of_org = AuditEvent { org: Some(org_id(1)), ..event(2) };
    commit(&store, [rich.clone(), of_org.clone()].map(Write::Audit)).await;
    for event in [rich, of_org] {
        for (realm, org) in [(REALM, None), (REALM, Some(1)), (REALM, Some(2)), (other_realm(), None)] {
            let org = org.map(org_id);
            let read = store.event(realm, org, event.id).await.answer();
            let wanted = Some(event.clone()).filter(|event| (event.realm, event.org) == (realm, org));
            assert_eq!(read, wanted, "an event is not read by its id exactly where it belongs");
        }
    }
    assert_eq!(store.event(REALM, None, event_id(9)).await.answer(), None, "an event that nobody put is read");
}

/// Events are listed newest id first, whenever they were put and whenever they happened.
pub async fn events_are_listed_newest_first(store: AnyStore) {
    for (number, seconds) in [(3, 9), (1, 5), (4, -2), (2, 7)] {
        commit(&store, [Write::Audit(AuditEvent { at: at(seconds), ..event(number) })]).await;
    }
    assert_eq!(found(&store, ALL_EVENTS).await, [4, 3, 2, 1], "events are not listed newest id first");
}

/// A filter by kind lets through exactly the events of that kind.
pub async fn events_are_filtered_by_kind(store: AnyStore) {
    let kinds = [AuditKind::SignedIn, AuditKind::SignedOut, AuditKind::SignedIn, AuditKind::SignInRefused];
    let events = (1..).zip(kinds).map(|(number, kind)| Write::Audit(AuditEvent { kind, ..event(number) }));
    commit(&store, events.collect::<Vec<_>>()).await;
    for (kind, wanted) in [
        (AuditKind::SignedIn, vec![3, 1]),
        (AuditKind::SignedOut, vec![2]),
        (AuditKind::SignInRefused, vec![4]),
        (AuditKind::OrgCreated, vec![]),
    ] {
        let filter = AuditFilter { kind: Some(kind), ..ALL_EVENTS };
        assert_eq!(found(&store, filter).await, wanted, "not exactly the events of {kind:?} were let through");
    }
}

/// A filter by user lets through what the user did and what was done to the user, and nothing else.
pub async fn events_are_filtered_by_user(store: AnyStore) {
    let by = |number| Actor::User { user: user_id(number), session: None };
    let system = || Actor::System { reason: user_id(1).to_string() };
    let events = [
        (by(1), None),
        (by(2), Some(1)),
        (by(2), Some(2)),
        (Actor::Anonymous, Some(1)),
        (system(), None),
        (by(1), Some(2)),
        (by(1), Some(1)),
        (Actor::Anonymous, None),
    ];
    let events = (1..).zip(events).map(|(number, (actor, subject))| {
        Write::Audit(AuditEvent { actor, subject: subject.map(user_id), ..event(number) })
    });
    commit(&store, events.collect::<Vec<_>>()).await;
    for (user, wanted) in [(1, vec![7, 6, 4, 2, 1]), (2, vec![6, 3, 2]), (3, vec![])] {
        let filter = AuditFilter { user: Some(user_id(user)), ..ALL_EVENTS };
        assert_eq!(found(&store, filter).await, wanted, "not exactly the events of user {user} were let through");
    }
}

/// A filter by time lets through from `since` on, that very time included, and before `until`, that very time not.
pub async fn events_are_filtered_by_time(store: AnyStore) {
    let times = [NOW - MICRO, NOW, NOW + MICRO, at(1)];
    let events = (1..).zip(times).map(|(number, at)| Write::Audit(AuditEvent { at, ..event(number) }));
    commit(&store, events.collect::<Vec<_>>()).await;
    for (since, until, wanted) in [
        (Some(NOW), None, vec![4, 3, 2]),
        (Some(NOW + MICRO), None, vec![4, 3]),
        (None, Some(NOW), vec![1]),
        (None, Some(NOW + MICRO), vec![2, 1]),
        (Some(NOW), Some(at(1)), vec![3, 2]),
        (Some(NOW), Some(NOW), vec![]),
        (Some(at(1)), Some(NOW), vec![]),
    ] {
        let read = found(&store, AuditFilter { since, until, ..ALL_EVENTS }).await;
        assert_eq!(read, wanted, "not exactly the events from {since:?} before {until:?} were let through");
    }
}

/// All parts of a filter must hold, and the events are still those of one organisation.
pub async fn all_parts_of_an_audit_filter_must_hold(store: AnyStore) {
    let one = |number| AuditEvent { at: at(5), subject: Some(user_id(1)), ..event(number) };
    let events = [
        one(1),
        AuditEvent { kind: AuditKind::SignedOut, ..one(2) },
        AuditEvent { subject: Some(user_id(2)), ..one(3) },
        AuditEvent { at: at(4), ..one(4) },
        AuditEvent { at: at(6), ..one(5) },
        AuditEvent { org: Some(org_id(1)), ..one(6) },
        AuditEvent { realm: other_realm(), ..one(7) },
        one(8),
    ];
    commit(&store, events.map(Write::Audit)).await;
    let (kind, user, since, until) = (Some(one(1).kind), Some(user_id(1)), Some(at(5)), Some(at(6)));
    let read = found(&store, AuditFilter { kind, user, since, until }).await;
    assert_eq!(read, [8, 1], "a part of a filter was ignored");
}
