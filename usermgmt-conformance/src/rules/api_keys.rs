//! API keys: the composed read, lists, owners, use.

use time::OffsetDateTime;
use time::macros::datetime;
use usermgmt_core::model::{
    ApiKey, ApiKeyRecord, KeyOwner, Membership, MembershipStatus, Org, OrgStatus, User, UserStatus, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, MICRO, NOW, REALM, api_key, api_key_id, at, changes_at, commit, commit_at, digest, fails, fails_at,
    membership, org, org_id, org_key, other_realm, user, user_id,
};

const FIRST: Version = Version::NEW.next();
const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;

/// Puts users 1 and 2, organisations 1 and 2 in which both are members, and these keys.
pub(super) async fn put(store: &AnyStore, keys: &[ApiKey]) {
    let users = [1, 2].map(|number| Write::PutUser(user(number)));
    let orgs = [1, 2].map(|number| Write::PutOrg(org(number)));
    let members = [(1, 1), (1, 2), (2, 1), (2, 2)].map(|(org, user)| Write::PutMembership(membership(org, user)));
    let keys = keys.iter().cloned().map(Write::PutApiKey);
    commit(store, users.into_iter().chain(orgs).chain(members).chain(keys)).await;
}

async fn read(store: &AnyStore, key: &ApiKey) -> ApiKey {
    store.api_key(key.owner, key.id).await.found("an API key")
}

async fn record(store: &AnyStore, key: &ApiKey) -> ApiKeyRecord {
    store.api_key_record(REALM, key.digest).await.found("an API key")
}

/// Demands that each key is as it is here, whichever read shows it.
pub(super) async fn are(store: &AnyStore, wanted: &[ApiKey], why: &str) {
    for key in wanted {
        assert_eq!(&read(store, key).await, key, "{why}");
        assert_eq!(&record(store, key).await.key, key, "{why} (by its secret)");
        let listed = store.api_keys(key.owner, PageRequest::first(50)).await.answer().items;
        assert_eq!(listed.iter().find(|row| row.id == key.id), Some(key), "{why} (among the keys of its owner)");
    }
}

pub(super) async fn listed(store: &AnyStore, owner: KeyOwner) -> Vec<u128> {
    let page = store.api_keys(owner, PageRequest::first(50)).await.answer();
    page.items.iter().map(|row| row.id.as_uuid().as_u128()).collect()
}

/// The key as it acts in an organisation.
pub(super) fn acting(key: ApiKey, org: u128) -> ApiKey {
    ApiKey { org: Some(org_id(org)), ..key }
}

/// The key as it ends at this time.
pub(super) fn ending(key: ApiKey, at: OffsetDateTime) -> ApiKey {
    ApiKey { expires_at: Some(at), ..key }
}

pub(super) fn end(key: &ApiKey, at: OffsetDateTime) -> Write {
    Write::EndApiKey { owner: key.owner, id: key.id, at }
}

/// Every column of a key comes back as it was put, whoever owns it, also of one that was used or has ended.
pub async fn a_key_is_returned_as_it_was_put(store: AnyStore) {
    let scopes = ["project:*", "api:use", "billing:read", "api:use"].map(str::to_owned).to_vec();
    let rich = ApiKey {
        name: "Gerät „Küche“ 📱".to_owned(),
        beginning: "um_key_ä".to_owned(),
        scopes,
        made_by: Some(user_id(2)),
        created_at: datetime!(1969-07-20 20:17:40.000001 UTC),
        expires_at: Some(at(60) + MICRO),
        used_at: Some(at(-60) - MICRO),
        ..api_key(2, 1)
    };
    let bare = ApiKey {
        name: String::new(),
        beginning: String::new(),
        scopes: Vec::new(),
        made_by: None,
        expires_at: Some(at(-9)),
        ..acting(api_key(3, 1), 2)
    };
    let used = ApiKey { used_at: Some(NOW), made_by: Some(user_id(2)), ..org_key(4, 2) };
    let all = [api_key(1, 2), rich, bare, used, ending(org_key(5, 1), at(5))];
    put(&store, &all).await;
    are(&store, &all, "an API key does not come back as it was put").await;
    for key in all.iter().filter(|key| key.org.is_some()) {
        let acting = store.api_keys_in(key.org.unwrap_or(org_id(9)), PageRequest::first(50)).await.answer().items;
        assert!(acting.contains(key), "an API key is not listed in its organisation as it was put: {key:?}");
    }
    let unknown = store.api_key_record(REALM, digest("unknown")).await.answer();
    assert_eq!(unknown, None, "an API key was made up for a digest that nobody has");
    let unknown = store.api_key(all[0].owner, api_key_id(9)).await.answer();
    assert_eq!(unknown, None, "an API key was made up for an id that nobody has");
}

/// A key is only ever inserted: a second one of the same owner and id is a duplicate, and the first stays.
pub async fn a_key_is_never_replaced(store: AnyStore) {
    let keys = [api_key(1, 1), org_key(1, 1)];
    put(&store, &keys).await;
    for key in &keys {
        let again = ApiKey { digest: digest("fresh"), name: "Other".to_owned(), ..key.clone() };
        let why = "a second API key of one owner and id must be a duplicate of `Id`";
        fails(&store, StoreErrorKind::Duplicate(UniqueKey::Id), why, [Write::PutApiKey(again)]).await;
    }
    are(&store, &keys, "an API key was replaced").await;
}

/// The composed read joins the key with its owner, the organisation that it acts in, and the owner's membership there.
pub async fn a_key_joins_user_organisation_and_membership(store: AnyStore) {
    let key = acting(api_key(1, 2), 2);
    put(&store, &[key.clone(), acting(api_key(2, 1), 1)]).await;
    commit(&store, [Write::MoveRights { org: org_id(2), user: Some(user_id(2)) }]).await;
    let wanted = ApiKeyRecord {
        key: key.clone(),
        user: Some(User { version: FIRST, ..user(2) }),
        org: Some(Org { version: FIRST, ..org(2) }),
        membership: Some(Membership { version: FIRST, rights_version: 1, ..membership(2, 2) }),
    };
    assert_eq!(record(&store, &key).await, wanted, "an API key is not joined with user, organisation and membership");
}

/// A key of a user in no organisation has neither organisation nor membership, whatever the user is a member of; a key
/// of an organisation has neither user nor membership, whoever made it.
pub async fn a_key_may_lack_user_organisation_and_membership(store: AnyStore) {
    let (mine, of_org) = (api_key(1, 1), ApiKey { made_by: Some(user_id(1)), ..org_key(2, 1) });
    put(&store, &[mine.clone(), of_org.clone()]).await;
    let user = Some(User { version: FIRST, ..user(1) });
    let wanted = ApiKeyRecord { key: mine.clone(), user, org: None, membership: None };
    assert_eq!(record(&store, &mine).await, wanted, "a key in no organisation must have its user and nothing else");
    let org = Some(Org { version: FIRST, ..org(1) });
    let wanted = ApiKeyRecord { key: of_org.clone(), user: None, org, membership: None };
    assert_eq!(record(&store, &of_org).await, wanted, "a key of an organisation must have it and nothing else");
}

/// A key whose owner has lost the membership is still read, with user and organisation.
pub async fn a_key_survives_a_lost_membership(store: AnyStore) {
    let key = acting(api_key(1, 1), 1);
    put(&store, std::slice::from_ref(&key)).await;
    commit(&store, [Write::DeleteMembership { org: org_id(1), user: user_id(1), version: FIRST }]).await;
    let wanted = ApiKeyRecord {
        key: key.clone(),
        user: Some(User { version: FIRST, ..user(1) }),
        org: Some(Org { version: FIRST, ..org(1) }),
        membership: None,
    };
    assert_eq!(record(&store, &key).await, wanted, "a key without membership must have its user and organisation");
}

/// The query does not decide: keys that have ended, barred users, suspended memberships and organisations that are gone
/// are read as they are.
pub async fn a_key_is_read_whatever_its_state(store: AnyStore) {
    let keys = [acting(api_key(1, 1), 1), ending(acting(api_key(2, 1), 1), at(-5)), ending(org_key(3, 1), at(1))];
    put(&store, &keys).await;
    let writes = [
        Write::PutUser(User { status: UserStatus::Suspended, version: FIRST, ..user(1) }),
        Write::PutMembership(Membership { status: MembershipStatus::Suspended, version: FIRST, ..membership(1, 1) }),
        Write::PutOrg(Org { status: OrgStatus::Deleted, deleted_at: Some(at(7)), version: FIRST, ..org(1) }),
        end(&keys[0], at(8)),
    ];
    commit_at(&store, at(8), writes).await;
    let ended = [ending(keys[0].clone(), at(8)), keys[1].clone(), keys[2].clone()];
    are(&store, &ended, "an API key that has ended is not read as it is").await;
    assert_eq!(listed(&store, keys[0].owner).await, [2, 1], "API keys that have ended are not listed");
    let acting = store.api_keys_in(org_id(1), PageRequest::first(9)).await.answer().items.len();
    assert_eq!(acting, 3, "API keys that have ended are not listed in their organisation");
    for key in &ended[..2] {
        let found = record(&store, key).await;
        let status = found.user.map(|user| user.status);
        assert_eq!(status, Some(UserStatus::Suspended), "the owner of an API key is not read as it is");
        let status = found.membership.map(|row| row.status);
        assert_eq!(status, Some(MembershipStatus::Suspended), "a suspended membership is not read as it is");
        let status = found.org.map(|org| org.status);
        assert_eq!(status, Some(OrgStatus::Deleted), "an organisation that is gone is not read as it is");
    }
}

/// The secret of a key opens it in its realm and in no other.
pub async fn a_key_of_another_realm_is_not_found(store: AnyStore) {
    let there = other_realm();
    let keys = [api_key(1, 3), org_key(2, 3)].map(|key| ApiKey { realm: there, ..key });
    let parents = [
        Write::PutUser(User { realm: there, ..user(3) }),
        Write::PutOrg(Org { realm: there, ..org(3) }),
        Write::PutMembership(membership(3, 3)),
    ];
    commit(&store, parents.into_iter().chain(keys.clone().map(Write::PutApiKey))).await;
    put(&store, &[api_key(1, 1)]).await;
    for key in keys {
        let elsewhere = store.api_key_record(REALM, key.digest).await.answer();
        assert_eq!(elsewhere, None, "an API key of another realm is found");
        let found = store.api_key_record(there, key.digest).await.found("an API key of another realm").key;
        assert_eq!(found, key, "an API key is not found in its own realm");
    }
    let elsewhere = store.api_key_record(there, api_key(1, 1).digest).await.answer();
    assert_eq!(elsewhere, None, "an API key of the default realm is found in another one");
}

/// The keys of an owner are listed newest first: wherever they act, and nobody else's.
pub async fn keys_are_listed_by_owner(store: AnyStore) {
    let keys = [
        acting(api_key(3, 1), 2),
        api_key(7, 1),
        ending(acting(api_key(1, 1), 1), at(-1)),
        acting(api_key(4, 2), 1),
        org_key(6, 1),
        org_key(2, 1),
        org_key(5, 2),
    ];
    put(&store, &keys).await;
    let [user, org] = [keys[0].owner, keys[4].owner];
    for (owner, wanted) in [(user, vec![7, 3, 1]), (org, vec![6, 2]), (keys[3].owner, vec![4])] {
        assert_eq!(listed(&store, owner).await, wanted, "not exactly the API keys of {owner:?} are listed");
    }
    let nobody = [KeyOwner::User(user_id(9)), KeyOwner::Org(org_id(9))];
    for owner in nobody {
        assert!(listed(&store, owner).await.is_empty(), "API keys are listed for an owner who is not there");
    }
}

/// The keys that act in an organisation are listed newest first: its own and those of its members, but neither those of
/// another organisation nor what members own elsewhere.
pub async fn keys_are_listed_by_organisation(store: AnyStore) {
    let keys = [
        acting(api_key(5, 1), 1),
        org_key(2, 1),
        acting(api_key(3, 2), 1),
        api_key(7, 1),
        acting(api_key(6, 1), 2),
        org_key(8, 2),
        org_key(9, 1),
    ];
    put(&store, &keys).await;
    for (number, wanted) in [(1, vec![9, 5, 3, 2]), (2, vec![8, 6]), (3, vec![])] {
        let page = store.api_keys_in(org_id(number), PageRequest::first(50)).await.answer();
        let ids: Vec<_> = page.items.iter().map(|row| row.id.as_uuid().as_u128()).collect();
        assert_eq!(ids, wanted, "not exactly the API keys that act in the organisation are listed");
    }
}

/// A key belongs to its owner: under the same id another owner has another one, or none, and reaches no other.
pub async fn a_key_of_another_owner_is_another_row(store: AnyStore) {
    let mut keys = [api_key(1, 1), api_key(1, 2), org_key(1, 1), org_key(1, 2), api_key(2, 1), org_key(3, 1)];
    put(&store, &keys).await;
    are(&store, &keys, "API keys of several owners under one id are not kept apart").await;
    let strangers = [(keys[1].owner, 2), (keys[2].owner, 2), (keys[0].owner, 3), (keys[3].owner, 3)];
    for (owner, number) in strangers {
        let id = api_key_id(number);
        assert_eq!(store.api_key(owner, id).await.answer(), None, "an API key of another owner is found");
        store.touch_api_key(owner, id, at(60)).await.answer();
        let why = "an API key of another owner was ended";
        fails(&store, CONFLICT, why, [Write::EndApiKey { owner, id, at: NOW }]).await;
    }
    are(&store, &keys, "an API key was changed by another owner").await;
    store.touch_api_key(keys[0].owner, keys[0].id, at(5)).await.answer();
    store.touch_api_key(keys[2].owner, keys[2].id, at(6)).await.answer();
    commit(&store, [end(&keys[0], at(60)), end(&keys[2], at(70))]).await;
    (keys[0].used_at, keys[0].expires_at) = (Some(at(5)), Some(at(60)));
    (keys[2].used_at, keys[2].expires_at) = (Some(at(6)), Some(at(70)));
    are(&store, &keys, "not exactly the API key of the owner who was named was used and ended").await;
}

/// Use moves the mark forward, never back, and marks nothing else; using what does not exist is no error.
pub async fn use_moves_the_mark_forward_only(store: AnyStore) {
    put(&store, &[]).await;
    for key in [ending(acting(api_key(1, 1), 1), at(900)), org_key(1, 1)] {
        let other = ApiKey { id: api_key_id(2), digest: digest(&format!("other {}", key.owner)), ..key.clone() };
        commit(&store, [key.clone(), other.clone()].map(Write::PutApiKey)).await;
        for (used, wanted) in [(at(60), at(60)), (at(30), at(60)), (NOW, at(60)), (at(60) + MICRO, at(60) + MICRO)] {
            store.touch_api_key(key.owner, key.id, used).await.answer();
            let read = read(&store, &key).await.used_at;
            assert_eq!(read, Some(wanted), "the mark of use did not move as it should");
        }
        let marked = ApiKey { used_at: Some(at(60) + MICRO), ..key.clone() };
        are(&store, &[marked, other], "use changed more than the mark of its key").await;
        store.touch_api_key(key.owner, api_key_id(9), at(60)).await.answer();
    }
    store.touch_api_key(KeyOwner::User(user_id(9)), api_key_id(1), at(60)).await.answer();
}

/// Use neither brings back a key that is over nor makes one live longer.
pub async fn use_never_revives_a_key(store: AnyStore) {
    let keys = [ending(api_key(1, 1), at(50)), ending(org_key(2, 1), at(-5)), api_key(3, 1)];
    put(&store, &keys).await;
    commit_at(&store, at(40), [end(&keys[2], NOW)]).await;
    let wanted = [keys[0].clone(), keys[1].clone(), ending(keys[2].clone(), at(40))];
    for key in &wanted {
        store.touch_api_key(key.owner, key.id, at(60)).await.answer();
        let kept = read(&store, key).await.expires_at;
        assert_eq!(kept, key.expires_at, "use changed the end of an API key");
        fails_at(&store, at(60), CONFLICT, "an API key that is over lives after its use", [end(key, at(60))]).await;
    }
    let owner = keys[0].owner;
    commit_at(&store, at(60), [Write::MaxApiKeys { owner, max: 0 }]).await;
}

/// No write of a key makes a principal wrong: nothing is appended to the change sequence.
pub async fn a_write_of_a_key_appends_nothing(store: AnyStore) {
    put(&store, &[acting(api_key(1, 1), 1), org_key(2, 1)]).await;
    let writes = || {
        [
            Write::PutApiKey(api_key(3, 1)),
            Write::PutApiKey(org_key(4, 1)),
            end(&acting(api_key(1, 1), 1), at(60)),
            end(&org_key(2, 1), NOW),
            Write::EndApiKeys { user: user_id(1), org: None },
            Write::EndApiKeys { user: user_id(2), org: Some(org_id(1)) },
            Write::MaxApiKeys { owner: api_key(1, 1).owner, max: 9 },
        ]
    };
    for write in writes() {
        let shown = format!("{write:?}");
        assert!(changes_at(NOW, [write]).subjects().is_empty(), "a write of an API key has a subject: {shown}");
    }
    let place = store.change_place().await.answer();
    for write in writes() {
        commit(&store, [write]).await;
    }
    store.touch_api_key(api_key(3, 1).owner, api_key_id(3), at(60)).await.answer();
    let appended = store.changes(place, 9).await.answer().items;
    assert!(appended.is_empty(), "a write of an API key was appended to the change sequence: {appended:?}");
}
