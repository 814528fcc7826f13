//! Keys that sign access tokens.

use usermgmt_core::id::RealmId;
use usermgmt_core::model::SigningKey;
use usermgmt_core::sealed::Sealed;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{Answer, REALM, at, commit, fails, other_realm, signing_key};

async fn numbers(store: &AnyStore, realm: RealmId) -> Vec<u32> {
    store.signing_keys(realm).await.answer().iter().map(|key| key.number).collect()
}

/// Every column of a signing key comes back as it was put; keys are read by number.
pub async fn a_signing_key_is_returned_as_it_was_put(store: AnyStore) {
    let other = SigningKey {
        kid: "Ünï".to_owned(),
        private: Sealed { key_id: String::new(), bytes: (0..=255).collect() },
        created_at: at(-5),
        signs_from: at(900),
        ..signing_key(u32::MAX)
    };
    commit(&store, [other.clone(), signing_key(2), signing_key(1)].map(Write::PutSigningKey)).await;
    let read = store.signing_keys(REALM).await.answer();
    assert_eq!(read, [signing_key(1), signing_key(2), other], "signing keys do not come back as they were put");
}

/// A number is given once in a realm: the second that makes the next key is told so, and the first one's stays.
pub async fn a_signing_key_is_never_replaced(store: AnyStore) {
    let there = SigningKey { realm: other_realm(), ..signing_key(1) };
    commit(&store, [signing_key(1), there].map(Write::PutSigningKey)).await;
    let again = SigningKey { kid: "another".to_owned(), ..signing_key(1) };
    let duplicate = StoreErrorKind::Duplicate(UniqueKey::Id);
    fails(&store, duplicate, "a signing key was replaced", [Write::PutSigningKey(again)]).await;
    assert_eq!(store.signing_keys(REALM).await.answer(), [signing_key(1)], "a signing key was replaced");
}

/// Keys go up to a number, in their realm; none that goes is no error.
pub async fn signing_keys_go_up_to_a_number(store: AnyStore) {
    let there = SigningKey { realm: other_realm(), ..signing_key(1) };
    let mine = [1, 2, 3, 4].map(signing_key);
    commit(&store, mine.into_iter().chain([there]).map(Write::PutSigningKey).collect::<Vec<_>>()).await;
    for (up_to, left) in [(0, vec![1, 2, 3, 4]), (2, vec![3, 4]), (2, vec![3, 4]), (3, vec![4])] {
        commit(&store, [Write::DeleteSigningKeys { realm: REALM, up_to }]).await;
        assert_eq!(numbers(&store, REALM).await, left, "not exactly the keys up to {up_to} are gone");
    }
    assert_eq!(numbers(&store, other_realm()).await, [1], "a signing key of another realm is gone");
    let both = [Write::PutSigningKey(signing_key(5)), Write::DeleteSigningKeys { realm: REALM, up_to: 5 }];
    commit(&store, both).await;
    assert_eq!(numbers(&store, REALM).await, [5], "a key that is put in the commit that removes old ones is gone too");
}
