//! Slugs: the name of an organisation in addresses, unique in its realm.

use usermgmt_core::model::{Org, OrgStatus, Version};
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use super::texts::KEYS;
use crate::AnyStore;
use crate::kit::{Answer, Found, REALM, at, commit, fails, org, org_id, other_realm};

const FIRST: Version = Version::NEW.next();
const TAKEN: StoreErrorKind = StoreErrorKind::Duplicate(UniqueKey::OrgSlug);

fn called(number: u128, slug: &str) -> Org {
    Org { slug: slug.to_owned(), ..org(number) }
}

/// A new organisation whose slug another one of its realm has is a duplicate of `OrgSlug`.
pub async fn a_taken_slug_is_named(store: AnyStore) {
    commit(&store, [Write::PutOrg(called(1, "acme"))]).await;
    let why = "a new organisation with a taken slug must be a duplicate of `OrgSlug`";
    fails(&store, TAKEN, why, [Write::PutOrg(called(2, "acme"))]).await;
    assert_eq!(store.org(REALM, org_id(2)).await.answer(), None, "an organisation was made although its slug is taken");
    let read = store.org_by_slug(REALM, "acme").await.found("an organisation");
    assert_eq!(read.id, org_id(1), "a duplicate took the slug over");
}

/// Two new organisations of one commit cannot share a slug either.
pub async fn a_slug_is_not_taken_twice_in_one_commit(store: AnyStore) {
    let both = [Write::PutOrg(called(1, "acme")), Write::PutOrg(called(2, "acme"))];
    fails(&store, TAKEN, "one commit took a slug twice", both).await;
    assert_eq!(store.org_by_slug(REALM, "acme").await.answer(), None, "a commit that failed left an organisation");
}

/// A slug is unique in its realm: another realm may have the same.
pub async fn a_slug_is_unique_within_its_realm_only(store: AnyStore) {
    let there = Org { realm: other_realm(), ..called(2, "acme") };
    commit(&store, [Write::PutOrg(called(1, "acme"))]).await;
    commit(&store, [Write::PutOrg(there)]).await;
    for (realm, number) in [(REALM, 1), (other_realm(), 2)] {
        let read = store.org_by_slug(realm, "acme").await.found("an organisation");
        assert_eq!((read.id, read.realm), (org_id(number), realm), "a slug leads into another realm");
    }
}

/// An organisation that was deleted, or barred, keeps its slug: nobody else gets it.
pub async fn a_slug_of_a_deleted_org_is_taken(store: AnyStore) {
    let deleted = Org { status: OrgStatus::Deleted, deleted_at: Some(at(1)), ..called(1, "acme") };
    let barred = Org { status: OrgStatus::Suspended, ..called(2, "barred") };
    commit(&store, [Write::PutOrg(deleted), Write::PutOrg(barred)]).await;
    for (number, slug) in [(1, "acme"), (2, "barred")] {
        let why = "the slug of an organisation that cannot be entered was given away";
        fails(&store, TAKEN, why, [Write::PutOrg(called(3, slug))]).await;
        let read = store.org_by_slug(REALM, slug).await.found("an organisation that cannot be entered");
        assert_eq!(read.id, org_id(number), "a slug leads to another organisation");
    }
}

/// A rename to a slug that another organisation has is a duplicate of `OrgSlug`; a rename to a free one gives the old
/// one up.
pub async fn a_rename_to_a_taken_slug_is_named(store: AnyStore) {
    commit(&store, [Write::PutOrg(called(1, "acme")), Write::PutOrg(called(2, "other"))]).await;
    let rename = |slug, version| [Write::PutOrg(Org { version, ..called(2, slug) })];
    fails(&store, TAKEN, "a rename took a slug away from another organisation", rename("acme", FIRST)).await;
    commit(&store, rename("free", FIRST)).await;
    let read = store.org_by_slug(REALM, "free").await.found("a renamed organisation");
    assert_eq!((read.id, read.version), (org_id(2), FIRST.next()), "a slug leads to another organisation");
    assert_eq!(store.org_by_slug(REALM, "other").await.answer(), None, "an organisation is found by its old slug");
    commit(&store, [Write::PutOrg(called(3, "other"))]).await;
}

/// An edit that keeps the slug is no duplicate of itself.
pub async fn an_org_keeps_its_own_slug(store: AnyStore) {
    commit(&store, [Write::PutOrg(called(1, "acme"))]).await;
    let edited = Org { name: "Other".to_owned(), version: FIRST, ..called(1, "acme") };
    commit(&store, [Write::PutOrg(edited)]).await;
    let read = store.org_by_slug(REALM, "acme").await.found("an organisation");
    assert_eq!((read.name.as_str(), read.version), ("Other", FIRST.next()), "an edit that keeps the slug was not made");
}

/// Slugs that differ in any byte are different and found exactly: case, trailing space, accents and the like make no
/// two the same.
pub async fn slugs_that_differ_in_any_byte_are_different(store: AnyStore) {
    commit(&store, (1..).zip(KEYS).map(|(number, key)| Write::PutOrg(called(number, key)))).await;
    for (number, key) in (1..).zip(KEYS) {
        let read = store.org_by_slug(REALM, key).await.found(key);
        assert_eq!((read.id, read.slug.as_str()), (org_id(number), key), "the slug leads to another organisation");
        fails(&store, TAKEN, "a slug was taken twice", [Write::PutOrg(called(99, key))]).await;
    }
    for similar in ["A@example.test ", "CAF\u{c9}", "a%", "cafe ", " cafe", "Strasse", "\0", "cafe\0"] {
        let found = store.org_by_slug(REALM, similar).await.answer();
        assert_eq!(found, None, "{similar:?} was found although only a similar slug exists");
    }
}

/// What is found by its slug is what is found by its id, whole.
pub async fn an_org_is_found_by_its_slug(store: AnyStore) {
    for number in 1..=3 {
        commit(&store, [Write::PutOrg(org(number))]).await;
    }
    for number in 1..=3 {
        let read = store.org_by_slug(REALM, &org(number).slug).await.found("an organisation");
        let wanted = store.org(REALM, org_id(number)).await.found("an organisation");
        assert_eq!(read, wanted, "an organisation found by its slug is not the one found by its id");
    }
    assert_eq!(store.org_by_slug(other_realm(), "org-1").await.answer(), None, "a slug of another realm is found");
    assert_eq!(store.org_by_slug(REALM, "org-4").await.answer(), None, "a slug that nobody has is found");
}
