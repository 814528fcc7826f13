//! Erasing: the payload of an event goes, what proves the event stays.

use usermgmt_core::id::{OrgId, RealmId};
use usermgmt_core::model::{Actor, AuditEvent};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, Answer, REALM, commit, event, event_id, fails, org_id, other_realm, seal, session_id, user_id,
};

const COMMITMENT: [u8; 32] = [5; 32];

fn erase(realm: RealmId, org: Option<OrgId>, number: u128, commitment: [u8; 32]) -> Write {
    Write::EraseEvent { realm, org, id: event_id(number), commitment }
}

/// Three events of organisation 1 with something in every column, by a system, a user and nobody; newest first.
fn rich() -> [AuditEvent; 3] {
    let user = Actor::User { user: user_id(1), session: Some(session_id(1)) };
    let actors = [Actor::Anonymous, user, Actor::System { reason: "why".to_owned() }];
    let numbers = [3, 2, 1];
    let rows = numbers.into_iter().zip(actors).map(|(number, actor)| AuditEvent {
        org: Some(org_id(1)),
        actor,
        subject: Some(user_id(2)),
        address: Some("203.0.113.7".to_owned()),
        detail: serde_json::json!({ "name": "Ann" }),
        ..event(number)
    });
    let mut rows = rows.collect::<Vec<_>>().into_iter();
    std::array::from_fn(|_| rows.next().expect("as many rows as numbers"))
}

async fn read(store: &AnyStore) -> Vec<AuditEvent> {
    store.events(REALM, Some(org_id(1)), &ALL_EVENTS, PageRequest::first(9)).await.answer().items
}

/// Address, reason, detail and salt of an erased event are gone and their commitment is there; everything else stays,
/// tag and seal included, and the other events stay whole.
pub async fn an_erased_event_loses_its_payload(store: AnyStore) {
    let org = Some(org_id(1));
    let seals = vec![(event_id(1), seal(1)), (event_id(3), seal(2))];
    commit(&store, rich().map(Write::Audit)).await;
    commit(&store, [Write::SealEvents { realm: REALM, org, from: 0, seals }]).await;
    let mut wanted = read(&store).await;
    for number in [1, 2, 3] {
        commit(&store, [erase(REALM, org, number, COMMITMENT)]).await;
        for event in wanted.iter_mut().filter(|event| event.id == event_id(number)) {
            (event.address, event.detail, event.salt) = (None, serde_json::json!({}), [0; 16]);
            event.erased = Some(COMMITMENT);
            if let Actor::System { reason } = &mut event.actor {
                reason.clear();
            }
        }
        assert_eq!(read(&store).await, wanted, "erasing event {number} left its payload, or took more than that");
    }
    let sealed = store.sealed_events(REALM, org, 0, 9).await.answer();
    let sealed: Vec<_> = sealed.into_iter().map(|event| (event.id, event.seal, event.tag)).collect();
    let wanted = [(1, 1), (3, 2)].map(|(number, place)| (event_id(number), Some(seal(place)), event(number).tag));
    assert_eq!(sealed, wanted, "erasing took a tag or a seal");
}

/// An event is erased once: the commitment that stands stays.
pub async fn an_event_is_erased_once(store: AnyStore) {
    let org = Some(org_id(1));
    commit(&store, rich().map(Write::Audit)).await;
    commit(&store, [erase(REALM, org, 2, COMMITMENT)]).await;
    let once = read(&store).await;
    for again in [COMMITMENT, [6; 32]] {
        let why = "an event was erased twice";
        fails(&store, StoreErrorKind::Conflict, why, [erase(REALM, org, 2, again)]).await;
        assert_eq!(read(&store).await, once, "{why}");
    }
}

/// An event of another organisation or realm, or one that is not there, is not erased.
pub async fn an_event_of_another_chain_is_not_erased(store: AnyStore) {
    commit(&store, rich().map(Write::Audit)).await;
    for (realm, org, number) in [
        (REALM, None, 1),
        (REALM, Some(org_id(2)), 1),
        (other_realm(), Some(org_id(1)), 1),
        (other_realm(), None, 1),
        (REALM, Some(org_id(1)), 9),
    ] {
        let why = "an event of another chain was erased";
        fails(&store, StoreErrorKind::Conflict, why, [erase(realm, org, number, COMMITMENT)]).await;
    }
    assert_eq!(read(&store).await, rich(), "an event was erased although the commit failed");
}

/// An event can be sealed after it was erased.
pub async fn an_erased_event_can_be_sealed(store: AnyStore) {
    let org = Some(org_id(1));
    commit(&store, rich().map(Write::Audit)).await;
    commit(&store, [erase(REALM, org, 2, COMMITMENT)]).await;
    let seals = vec![(event_id(2), seal(1))];
    commit(&store, [Write::SealEvents { realm: REALM, org, from: 0, seals }]).await;
    let sealed = store.sealed_events(REALM, org, 0, 9).await.answer();
    let sealed: Vec<_> = sealed.into_iter().map(|event| (event.id, event.seal, event.erased)).collect();
    assert_eq!(sealed, [(event_id(2), Some(seal(1)), Some(COMMITMENT))], "an erased event was not sealed as it is");
}
