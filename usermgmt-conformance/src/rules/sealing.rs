//! Seals: the chain that shows when an event was removed, moved or put in.

use usermgmt_core::id::{OrgId, RealmId};
use usermgmt_core::model::{AuditEvent, Seal};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, Write};

use super::paging::pages;
use crate::AnyStore;
use crate::kit::{ALL_EVENTS, Answer, REALM, commit, event, event_id, fails, org_id, other_realm, seal};

const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;

/// Seals events of organisation 1, from this number on.
fn sealing(from: u64, events: &[u128]) -> Write {
    sealing_of(REALM, Some(org_id(1)), from, events)
}

fn sealing_of(realm: RealmId, org: Option<OrgId>, from: u64, events: &[u128]) -> Write {
    let seals = events.iter().zip(from + 1..).map(|(number, place)| (event_id(*number), seal(place))).collect();
    Write::SealEvents { realm, org, from, seals }
}

fn of(org: u128, number: u128) -> AuditEvent {
    AuditEvent { org: Some(org_id(org)), ..event(number) }
}

/// Events 1 to 5 of organisation 1, 11 of organisation 2, 21 of the realm.
async fn events(store: &AnyStore) {
    let all = (1..=5).map(|number| of(1, number)).chain([of(2, 11), event(21)]);
    commit(store, all.map(Write::Audit).collect::<Vec<_>>()).await;
}

async fn head(store: &AnyStore, org: Option<u128>) -> Option<Seal> {
    store.chain_head(REALM, org.map(org_id)).await.answer()
}

/// The sealed events of organisation 1 behind a number: which, and where in the chain.
async fn sealed(store: &AnyStore, after: u64, limit: u32) -> Vec<(u128, Option<Seal>)> {
    let events = store.sealed_events(REALM, Some(org_id(1)), after, limit).await.answer();
    events.into_iter().map(|event| (event.id.as_uuid().as_u128(), event.seal)).collect()
}

async fn open(store: &AnyStore, org: Option<u128>, limit: u32) -> Vec<u128> {
    let events = store.unsealed_events(REALM, org.map(org_id), limit).await.answer();
    events.iter().map(|event| event.id.as_uuid().as_u128()).collect()
}

/// How many events of organisations 1 and 2 and of the realm are not sealed.
async fn all_open(store: &AnyStore) -> usize {
    open(store, Some(1), 9).await.len() + open(store, Some(2), 9).await.len() + open(store, None, 9).await.len()
}

/// A seal is written on its event and changes nothing else of it; the last one is kept beside the chain.
pub async fn a_seal_is_written_on_its_event(store: AnyStore) {
    events(&store).await;
    assert_eq!(head(&store, Some(1)).await, None, "a chain that has no seal has an end");
    commit(&store, [sealing(0, &[3, 1])]).await;
    let read = store.events(REALM, Some(org_id(1)), &ALL_EVENTS, PageRequest::first(9)).await.answer().items;
    let with = |number, place| AuditEvent { seal: Some(seal(place)), ..of(1, number) };
    let wanted = [of(1, 5), of(1, 4), with(3, 1), of(1, 2), with(1, 2)];
    assert_eq!(read, wanted, "not exactly the events that were named have their seals");
    assert_eq!(head(&store, Some(1)).await, Some(seal(2)), "the end of the chain is not its last seal");
    for other in [Some(2), None] {
        assert_eq!(head(&store, other).await, None, "sealing moved the end of another chain");
    }
}

/// A chain grows from its present end, and from no other; the end that stands stays.
pub async fn a_chain_is_sealed_from_its_present_end(store: AnyStore) {
    events(&store).await;
    let why = "a chain was sealed from an end that it does not have";
    fails(&store, CONFLICT, why, [sealing(1, &[1])]).await;
    assert_eq!(head(&store, Some(1)).await, None, "{why}");
    commit(&store, [sealing(0, &[1, 2])]).await;
    for (wrong, events) in [(0, [3].as_slice()), (1, &[3]), (3, &[3]), (0, &[]), (1, &[]), (3, &[])] {
        fails(&store, CONFLICT, why, [sealing(wrong, events)]).await;
    }
    assert_eq!(all_open(&store).await, 5, "a sealing that met a conflict sealed something");
    assert_eq!(head(&store, Some(1)).await, Some(seal(2)), "a sealing that met a conflict moved the end");
    commit(&store, [sealing(2, &[])]).await;
    commit(&store, [sealing(2, &[3, 4])]).await;
    commit(&store, [sealing(4, &[5])]).await;
    let wanted: Vec<_> = (1..=5).map(|place| (u128::from(place), Some(seal(place)))).collect();
    assert_eq!(sealed(&store, 0, 9).await, wanted, "a chain that was sealed in parts is not whole");
    assert_eq!(head(&store, Some(1)).await, Some(seal(5)), "the end of the chain is not its last seal");
}

/// An event is sealed once; a sealing that names a sealed one writes nothing.
pub async fn an_event_is_sealed_once(store: AnyStore) {
    events(&store).await;
    commit(&store, [sealing(0, &[1, 2])]).await;
    for again in [[3, 2].as_slice(), &[1, 3], &[1], &[3, 3]] {
        fails(&store, CONFLICT, "an event was sealed twice", [sealing(2, again)]).await;
        assert_eq!(head(&store, Some(1)).await, Some(seal(2)), "a sealing that met a conflict moved the end");
        let wanted = [(1, Some(seal(1))), (2, Some(seal(2)))];
        assert_eq!(sealed(&store, 0, 9).await, wanted, "a sealing that met a conflict sealed something");
    }
}

/// An event of another chain, of another realm, or one that is not there, is not sealed, and neither is any beside it.
pub async fn an_event_of_another_chain_is_not_sealed(store: AnyStore) {
    events(&store).await;
    let there = AuditEvent { realm: other_realm(), ..of(3, 31) };
    commit(&store, [Write::Audit(there)]).await;
    for stranger in [11, 21, 31, 99] {
        let why = "an event of another chain was sealed";
        fails(&store, CONFLICT, why, [sealing(0, &[1, stranger])]).await;
        fails(&store, CONFLICT, why, [sealing_of(REALM, None, 0, &[1])]).await;
        fails(&store, CONFLICT, why, [sealing_of(other_realm(), Some(org_id(1)), 0, &[1])]).await;
    }
    assert_eq!(all_open(&store).await, 7, "a sealing that met a conflict sealed something");
    for org in [None, Some(1), Some(2)] {
        assert_eq!(head(&store, org).await, None, "a sealing that met a conflict moved an end");
    }
}

/// Chains are numbered each for itself, that of the realm among them.
pub async fn each_chain_has_numbers_of_its_own(store: AnyStore) {
    events(&store).await;
    let writes = [sealing(0, &[1, 2]), sealing_of(REALM, Some(org_id(2)), 0, &[11]), sealing_of(REALM, None, 0, &[21])];
    commit(&store, writes).await;
    let ends = [head(&store, Some(1)).await, head(&store, Some(2)).await, head(&store, None).await];
    assert_eq!(ends, [Some(seal(2)), Some(seal(1)), Some(seal(1))], "chains do not each have their own end");
    let others = store.sealed_events(REALM, None, 0, 9).await.answer();
    let others: Vec<_> = others.iter().map(|event| event.id).collect();
    assert_eq!(others, [event_id(21)], "not exactly the chain of the realm is read");
}

/// Sealed events are read by their number in the chain, behind one and up to a limit.
pub async fn sealed_events_are_read_by_number(store: AnyStore) {
    events(&store).await;
    commit(&store, [sealing(0, &[4, 2, 5, 1])]).await;
    for (after, limit, wanted) in [
        (0, 9, [4, 2, 5, 1].as_slice()),
        (0, 3, &[4, 2, 5]),
        (1, 2, &[2, 5]),
        (3, 9, &[1]),
        (4, 9, &[]),
        (u64::MAX, 9, &[]),
        (0, 0, &[]),
    ] {
        let read: Vec<_> = sealed(&store, after, limit).await.into_iter().map(|(number, _)| number).collect();
        assert_eq!(read, wanted, "{limit} sealed events behind {after} are not those");
    }
}

/// Unsealed events of one chain are read by id, up to a limit.
pub async fn unsealed_events_are_read_by_chain(store: AnyStore) {
    let there = AuditEvent { realm: other_realm(), ..event(7) };
    let all = [of(2, 4), of(1, 5), of(2, 2), event(3), of(1, 1), event(6), there];
    commit(&store, all.map(Write::Audit)).await;
    for (org, chain) in [(Some(1), [1, 5]), (Some(2), [2, 4]), (None, [3, 6])] {
        for (limit, wanted) in [(0, &chain[..0]), (1, &chain[..1]), (2, &chain[..]), (9, &chain[..])] {
            let read = open(&store, org, limit).await;
            assert_eq!(read, wanted, "{limit} unsealed events of one chain are not its first ones");
        }
    }
    commit(&store, [sealing(0, &[1])]).await;
    assert_eq!(open(&store, Some(1), 9).await, [5], "not exactly the events without a seal are read");
    assert_eq!(open(&store, Some(2), 9).await, [2, 4], "sealing one chain has sealed another");
}

/// The organisations with unsealed events are listed once each, by id and paged; the realm is none of them.
pub async fn organisations_with_unsealed_events_are_listed(store: AnyStore) {
    let there = AuditEvent { realm: other_realm(), ..of(9, 90) };
    let all = [of(3, 31), of(1, 1), event(50), of(1, 2), of(2, 21), of(3, 32), there];
    commit(&store, all.map(Write::Audit)).await;
    pages(&[1, 2, 3].map(org_id), |page| store.unsealed_orgs(REALM, page), |org| *org).await;
    commit(&store, [sealing(0, &[1]), sealing_of(REALM, Some(org_id(2)), 0, &[21])]).await;
    let read = store.unsealed_orgs(REALM, PageRequest::first(9)).await.answer().items;
    assert_eq!(read, [1, 3].map(org_id), "not exactly the organisations with unsealed events are listed");
    let elsewhere = store.unsealed_orgs(other_realm(), PageRequest::first(9)).await.answer().items;
    assert_eq!(elsewhere, [org_id(9)], "not exactly the organisations of the realm are listed");
}
