//! Keyset pages: neither gap nor repeat, also while rows come and go.

use std::fmt::Debug;

use usermgmt_core::id::{OrgId, SessionId, UserId};
use usermgmt_core::model::{
    ApiKey, AuditEvent, AuditFilter, AuditKind, KeyOwner, Org, OrgStatus, OutboxRow, Session, UserFilter, Version,
};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::store::{Result, Write};

use crate::AnyStore;
use crate::kit::{
    ALL_EVENTS, ALL_MEMBERS, Answer, NOW, REALM, api_key, api_key_id, at, commit, commit_at, event, event_id, job,
    job_id, membership, org, org_id, org_key, other_realm, session, session_id, user, user_id, worker,
};

/// Reads a whole list in pages, and checks each page for itself.
async fn walk<T, K, F>(limit: u32, read: impl Fn(PageRequest<K>) -> F, key: impl Fn(&T) -> K) -> Vec<K>
where
    K: Copy + PartialEq + Debug,
    F: Future<Output = Result<Page<T, K>>>,
{
    let mut keys = Vec::new();
    let mut request = PageRequest::first(limit);
    loop {
        let page = read(request).await.answer();
        let on_page: Vec<_> = page.items.iter().map(&key).collect();
        assert!(on_page.len() <= limit as usize, "a page has more rows than asked for");
        for key in &on_page {
            assert!(!keys.contains(key), "a list read in pages of {limit} shows {key:?} twice");
            keys.push(*key);
        }
        let Some(next) = page.next else { return keys };
        assert_eq!(on_page.len(), limit as usize, "a page that is not the last must be full");
        assert_eq!(Some(&next), on_page.last(), "a page must continue behind its last row");
        request = PageRequest::first(limit).after(next);
    }
}

/// Walks a list with pages of several lengths; all must give the same rows in the same order.
pub(super) async fn pages<T, K, F>(
    wanted: &[K],
    read: impl Fn(PageRequest<K>) -> F + Copy,
    key: impl Fn(&T) -> K + Copy,
) where
    K: Copy + PartialEq + Debug,
    F: Future<Output = Result<Page<T, K>>>,
{
    for limit in [1, 2, 3, 6, 7, 200] {
        let keys = walk(limit, read, key).await;
        assert_eq!(keys, wanted, "a list read in pages of {limit} has a gap, a repeat or another order");
    }
    let last = wanted.last().copied().unwrap_or_else(|| panic!("a list to page through"));
    let behind = read(PageRequest::first(3).after(last)).await.answer();
    assert!(behind.items.is_empty() && behind.next.is_none(), "there is a page behind the last row");
}

/// Six numbers, neither in order nor without gaps.
const NUMBERS: [u128; 6] = [40, 10, 60, 30, 20, 50];
const SORTED: [u128; 6] = [10, 20, 30, 40, 50, 60];

/// The users of a realm, by id.
pub async fn users_are_paged_by_id(store: AnyStore) {
    commit(&store, NUMBERS.map(|number| Write::PutUser(user(number)))).await;
    let filter = UserFilter::default();
    pages(&SORTED.map(user_id), |page| store.users(REALM, &filter, page), |row| row.id).await;
}

/// The members of an organisation, by user id.
pub async fn members_are_paged_by_user(store: AnyStore) {
    put_members(&store, &NUMBERS).await;
    pages(&SORTED.map(user_id), |page| store.members(org_id(1), &ALL_MEMBERS, page), |row| row.user.id).await;
}

async fn put_members(store: &AnyStore, users: &[u128]) {
    commit(store, [Write::PutOrg(org(1)), Write::PutOrg(org(2))]).await;
    for number in users {
        commit(store, [Write::PutUser(user(*number)), Write::PutMembership(membership(1, *number))]).await;
    }
}

/// The organisations of a user, by organisation id.
pub async fn memberships_of_a_user_are_paged_by_organisation(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutUser(user(2))]).await;
    for number in NUMBERS {
        let mine = Write::PutMembership(membership(number, 1));
        let other = Write::PutMembership(membership(number, 2));
        commit(&store, [Write::PutOrg(org(number)), mine, other]).await;
    }
    pages(&SORTED.map(org_id), |page| store.memberships_of(user_id(1), page), |(org, _)| org.id).await;
}

/// The live sessions of a user, newest id first; those that are not live take no room on a page.
pub async fn sessions_are_paged_newest_first(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    commit(&store, NUMBERS.map(|number| Write::PutSession(session(number, 1)))).await;
    let over = |number| Session { ended_at: Some(NOW), ..session(number, 1) };
    commit(&store, [15, 25, 35, 65].map(|number| Write::PutSession(over(number)))).await;
    let mut newest_first = SORTED.map(session_id);
    newest_first.reverse();
    pages(&newest_first, |page| store.sessions(user_id(1), NOW, page), |row| row.id).await;
}

/// Pending jobs, by id.
pub async fn pending_jobs_are_paged_by_id(store: AnyStore) {
    commit(&store, NUMBERS.map(|number| Write::PutJob(job(number)))).await;
    pages(&SORTED.map(job_id), |page| store.pending_jobs(REALM, page), |row| row.id).await;
}

/// The organisations of a realm, by id, whatever their status.
pub async fn orgs_are_paged_by_id(store: AnyStore) {
    for (number, status) in NUMBERS.into_iter().zip(OrgStatus::ALL.iter().copied().cycle()) {
        commit(&store, [Write::PutOrg(Org { status, ..org(number) })]).await;
    }
    commit(&store, [Write::PutOrg(Org { realm: other_realm(), ..org(35) })]).await;
    pages(&SORTED.map(org_id), |page| store.orgs(REALM, page), |row| row.id).await;
}

/// Audit events, newest id first, also through a filter.
pub async fn events_are_paged_newest_first(store: AnyStore) {
    commit(&store, NUMBERS.map(|number| Write::Audit(event(number)))).await;
    let mut newest_first = SORTED.map(event_id);
    newest_first.reverse();
    pages(&newest_first, |page| store.events(REALM, None, &ALL_EVENTS, page), |row| row.id).await;
    let others = [15, 45, 65].map(|number| AuditEvent { kind: AuditKind::SignedOut, ..event(number) });
    commit(&store, others.map(Write::Audit)).await;
    let filter = AuditFilter { kind: Some(event(10).kind), ..ALL_EVENTS };
    pages(&newest_first, |page| store.events(REALM, None, &filter, page), |row| row.id).await;
}

/// API keys, newest id first: those of a user, those of an organisation, and all that act in it, living or not.
pub async fn api_keys_are_paged_newest_first(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1)), Write::PutUser(user(2)), Write::PutOrg(org(1))]).await;
    let acting = |number, user| ApiKey { org: Some(org_id(1)), ..api_key(number, user) };
    for number in NUMBERS {
        let over = ApiKey { expires_at: Some(NOW), ..org_key(number + 5, 1) };
        commit(&store, [acting(number, 1), over, api_key(number + 1, 2)].map(Write::PutApiKey)).await;
    }
    let newest_first = |mut numbers: Vec<u128>| {
        numbers.sort_unstable();
        numbers.into_iter().rev().map(api_key_id).collect::<Vec<_>>()
    };
    let (mine, of_org) = (newest_first(SORTED.to_vec()), newest_first(SORTED.map(|number| number + 5).to_vec()));
    for (owner, wanted) in [(KeyOwner::User(user_id(1)), mine), (KeyOwner::Org(org_id(1)), of_org)] {
        pages(&wanted, |page| store.api_keys(owner, page), |row| row.id).await;
    }
    let all = newest_first(SORTED.iter().flat_map(|number| [*number, number + 5]).collect());
    pages(&all, |page| store.api_keys_in(org_id(1), page), |row| row.id).await;
}

/// The longest page that can be asked for is answered whole.
pub async fn the_longest_page_is_whole(store: AnyStore) {
    commit(&store, (1..=205).map(|number| Write::Audit(event(number)))).await;
    let page = store.events(REALM, None, &ALL_EVENTS, PageRequest::first(u32::MAX)).await.answer();
    assert_eq!((page.items.len(), page.next), (200, Some(event_id(6))), "the longest page is not whole");
    let rest = PageRequest::first(u32::MAX).after(event_id(6));
    let rest = store.events(REALM, None, &ALL_EVENTS, rest).await.answer();
    assert_eq!((rest.items.len(), rest.next), (5, None), "the page behind the longest page is not the rest");
}

async fn two_members(store: &AnyStore, after: Option<UserId>) -> (Vec<UserId>, Option<UserId>) {
    let first = PageRequest::first(2);
    let request = after.map_or(first, |key| PageRequest::first(2).after(key));
    let page = store.members(org_id(1), &ALL_MEMBERS, request).await.answer();
    (page.items.iter().map(|row| row.user.id).collect(), page.next)
}

/// Members who come and go while the list is read make neither gap nor repeat: whoever was there all the time is seen
/// exactly once, and the key of a row that is gone still says where to continue.
pub async fn a_list_is_read_on_while_rows_come_and_go(store: AnyStore) {
    put_members(&store, &SORTED).await;
    let version = Version::NEW.next();
    let leave = |number| Write::DeleteMembership { org: org_id(1), user: user_id(number), version };
    let (page, next) = two_members(&store, None).await;
    assert_eq!(page, [10, 20].map(user_id), "the first page is not the first two members");
    // Those who were seen leave, the one whose key we hold among them; somebody comes before, somebody behind.
    commit(&store, [leave(10), leave(20)]).await;
    for comes in [5, 35] {
        commit(&store, [Write::PutUser(user(comes)), Write::PutMembership(membership(1, comes))]).await;
    }
    let (page, next) = two_members(&store, next).await;
    assert_eq!(page, [30, 35].map(user_id), "rows that came and went made a gap or a repeat");
    commit(&store, [leave(35), leave(50)]).await;
    let (page, next) = two_members(&store, next).await;
    assert_eq!(page, [40, 60].map(user_id), "rows that went made a gap or a repeat");
    assert_eq!(next, None, "the list does not end with its last row");
}

/// The same for sessions, newest first: new ones come in front, ended ones go.
pub async fn sessions_are_read_on_while_they_begin_and_end(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    commit(&store, SORTED.map(|number| Write::PutSession(session(number, 1)))).await;
    let end = |number| Write::EndSession { user: user_id(1), id: session_id(number) };
    let two = async |after: Option<SessionId>| {
        let request = after.map_or(PageRequest::first(2), |key| PageRequest::first(2).after(key));
        let page = store.sessions(user_id(1), NOW, request).await.answer();
        (page.items.iter().map(|row| row.id).collect::<Vec<_>>(), page.next)
    };
    let (page, next) = two(None).await;
    assert_eq!(page, [60, 50].map(session_id), "the first page is not the two newest sessions");
    commit_at(&store, NOW, [end(50), end(30), Write::PutSession(session(70, 1))]).await;
    let (page, next) = two(next).await;
    assert_eq!(page, [40, 20].map(session_id), "sessions that began and ended made a gap or a repeat");
    let (page, next) = two(next).await;
    assert_eq!((page, next), (vec![session_id(10)], None), "the list does not end with the oldest session");
}

/// The same for jobs: finished ones go, new ones come behind.
pub async fn jobs_are_read_on_while_they_are_done(store: AnyStore) {
    let aged = |number: u128| OutboxRow { due_at: at(i64::try_from(number).unwrap_or(0) - 100), ..job(number) };
    commit(&store, SORTED.map(|number| Write::PutJob(aged(number)))).await;
    let page = store.pending_jobs(REALM, PageRequest::first(2)).await.answer();
    assert_eq!(page.next, Some(job_id(20)), "the first page does not end with the second job");
    store.lease(REALM, worker(1), NOW, NOW + time::Duration::MINUTE, 2).await.answer();
    let done = [10, 20].map(|number| Write::FinishJob { id: job_id(number), worker: worker(1) });
    commit(&store, done).await;
    commit(&store, [Write::PutJob(job(70)), Write::PutJob(job(5))]).await;
    let rest = store.pending_jobs(REALM, PageRequest::first(9).after(job_id(20))).await.answer();
    let rest: Vec<_> = rest.items.iter().map(|row| row.id).collect();
    assert_eq!(rest, [30, 40, 50, 60, 70].map(job_id), "jobs that came and went made a gap or a repeat");
}

/// A user who is in an organisation of each side of the key is paged by organisation, not by when they came.
pub async fn a_key_that_never_existed_says_where_to_continue(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    for number in NUMBERS {
        commit(&store, [Write::PutOrg(org(number)), Write::PutMembership(membership(number, 1))]).await;
    }
    for (after, wanted) in [(0, 10), (39, 40), (40, 50), (41, 50)] {
        let page = store.memberships_of(user_id(1), PageRequest::first(1).after(org_id(after))).await.answer();
        let orgs: Vec<OrgId> = page.items.iter().map(|(org, _)| org.id).collect();
        assert_eq!(orgs, [org_id(wanted)], "a page does not continue behind its key");
    }
}
