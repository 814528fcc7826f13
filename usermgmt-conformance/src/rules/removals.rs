//! Identifiers and passwords that are removed.

use usermgmt_core::id::RealmId;
use usermgmt_core::model::{Identifier, IdentifierKind, PasswordCredential, User, Version};
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, REALM, commit, digest, fails, identifier, other_realm, password, session, user, user_id,
};

const ADDRESS: &str = "a@example.test";
const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;
const FIRST: Version = Version::NEW.next();

/// Removes an address in its first version.
fn removal(realm: RealmId, canonical: &str, user: u128) -> Write {
    let (kind, canonical) = (IdentifierKind::Email, canonical.to_owned());
    Write::DeleteIdentifier { realm, kind, canonical, user: user_id(user), version: FIRST }
}

async fn holder(store: &AnyStore, canonical: &str) -> Option<User> {
    store.sign_in_record(REALM, IdentifierKind::Email, canonical).await.answer().map(|record| record.user)
}

async fn owned(store: &AnyStore, user: u128) -> Vec<String> {
    store.identifiers(user_id(user)).await.answer().into_iter().map(|row| row.canonical).collect()
}

async fn begin(store: &AnyStore) {
    commit(store, [1, 2].map(|number| Write::PutUser(user(number)))).await;
    commit(store, [Write::PutIdentifier(identifier(1, ADDRESS)), Write::PutPassword(password(1))]).await;
}

/// An identifier is removed as that of its user only; whoever names another user meets a conflict, and it stays.
pub async fn an_identifier_is_removed_by_its_user_only(store: AnyStore) {
    begin(&store).await;
    let why = "an identifier was removed that belongs to somebody else";
    fails(&store, CONFLICT, why, [removal(REALM, ADDRESS, 2)]).await;
    let why = "an identifier was removed for a user who does not exist";
    fails(&store, CONFLICT, why, [removal(REALM, ADDRESS, 9)]).await;
    let kept = [Identifier { version: FIRST, ..identifier(1, ADDRESS) }];
    assert_eq!(store.identifiers(user_id(1)).await.answer(), kept, "a refused removal changed the identifier");
    commit(&store, [removal(REALM, ADDRESS, 1)]).await;
}

/// Exactly the identifier is removed that is named: not one like it, and not the same in another realm.
pub async fn exactly_the_identifier_that_is_named_is_removed(store: AnyStore) {
    begin(&store).await;
    let there = other_realm();
    let foreign = Identifier { realm: there, ..identifier(3, ADDRESS) };
    commit(&store, [Write::PutUser(User { realm: there, ..user(3) }), Write::PutIdentifier(foreign)]).await;
    let more = ["A@example.test", "a@example.test ", "a@example.testx"];
    commit(&store, more.map(|canonical| Write::PutIdentifier(identifier(1, canonical)))).await;
    for unknown in ["", "%", "a@example.tes", "a@EXAMPLE.test", " a@example.test"] {
        let why = format!("an identifier that nobody has was removed: {unknown:?}");
        fails(&store, CONFLICT, &why, [removal(REALM, unknown, 1)]).await;
    }
    let why = "an identifier was removed from a realm in which its user is not";
    fails(&store, CONFLICT, why, [removal(there, ADDRESS, 1)]).await;
    fails(&store, CONFLICT, why, [removal(REALM, ADDRESS, 3)]).await;
    commit(&store, [removal(REALM, ADDRESS, 1)]).await;
    assert_eq!(owned(&store, 1).await, more, "not exactly the identifier that was named was removed");
    assert_eq!(owned(&store, 3).await, [ADDRESS], "an identifier of another realm was removed");
}

/// A removed identifier leads nowhere: no sign-in, no list, no address in the session check. User and password stay.
pub async fn a_removed_identifier_is_gone(store: AnyStore) {
    begin(&store).await;
    let other = Identifier { primary: false, ..identifier(1, "b@example.test") };
    commit(&store, [Write::PutIdentifier(other), Write::PutSession(session(1, 1))]).await;
    commit(&store, [removal(REALM, ADDRESS, 1)]).await;
    assert_eq!(holder(&store, ADDRESS).await, None, "somebody signs in with an address that was removed");
    assert_eq!(owned(&store, 1).await, ["b@example.test"], "not exactly the other address is left");
    let record = store.principal(REALM, digest("session 1")).await.found("a session");
    assert_eq!(record.email, None, "the session check shows an address that was removed");
    assert_eq!(record.user, User { version: FIRST, ..user(1) }, "removing an identifier changed its user");
    let kept = Some(PasswordCredential { version: FIRST, ..password(1) });
    assert_eq!(store.password(user_id(1)).await.answer(), kept, "removing an identifier changed the password");
}

/// A removed identifier is free: for another user, and, once that one has given it up, for the first again. It then is
/// a new row.
pub async fn a_removed_identifier_is_free(store: AnyStore) {
    begin(&store).await;
    for (from, to) in [(1, 2), (2, 1)] {
        commit(&store, [removal(REALM, ADDRESS, from)]).await;
        let late = Identifier { version: FIRST, ..identifier(from, ADDRESS) };
        fails(&store, CONFLICT, "an identifier that was removed was replaced", [Write::PutIdentifier(late)]).await;
        commit(&store, [Write::PutIdentifier(identifier(to, ADDRESS))]).await;
        let read = store.identifiers(user_id(to)).await.answer();
        let wanted = [Identifier { version: FIRST, ..identifier(to, ADDRESS) }];
        assert_eq!(read, wanted, "an identifier that was free does not come back as it was put");
        assert_eq!(holder(&store, ADDRESS).await.map(|row| row.id), Some(user_id(to)), "not its new user signs in");
        assert_eq!(owned(&store, from).await, [""; 0], "an identifier that was removed is still there");
        let taken = StoreErrorKind::Duplicate(UniqueKey::Identifier);
        let why = "an identifier that is taken again was put for its former user";
        fails(&store, taken, why, [Write::PutIdentifier(identifier(from, ADDRESS))]).await;
    }
}

/// One change set may remove an identifier and put another: another form of it, the same for somebody else, or the
/// same once more.
pub async fn an_identifier_moves_in_one_commit(store: AnyStore) {
    begin(&store).await;
    let other = "A.a@example.test";
    commit(&store, [removal(REALM, ADDRESS, 1), Write::PutIdentifier(identifier(1, other))]).await;
    assert_eq!(holder(&store, ADDRESS).await, None, "the former form is still found");
    assert_eq!(owned(&store, 1).await, [other], "an address did not move from one form to another");
    commit(&store, [removal(REALM, other, 1), Write::PutIdentifier(identifier(2, other))]).await;
    assert_eq!(owned(&store, 1).await, [""; 0], "an address that went over to another user is still there");
    assert_eq!(owned(&store, 2).await, [other], "an address did not go over to another user");
    let open = Identifier { verified_at: None, ..identifier(2, other) };
    commit(&store, [removal(REALM, other, 2), Write::PutIdentifier(open.clone())]).await;
    let read = store.identifiers(user_id(2)).await.answer();
    assert_eq!(read, [Identifier { version: FIRST, ..open }], "an address was not begun anew");
}

/// A removed password is gone, and nothing else is; a new one may then be put.
pub async fn a_removed_password_is_gone_and_can_return(store: AnyStore) {
    begin(&store).await;
    commit(&store, [Write::PutPassword(password(2))]).await;
    for _ in 0..2 {
        commit(&store, [Write::DeletePassword { user: user_id(1), version: FIRST }]).await;
        assert_eq!(store.password(user_id(1)).await.answer(), None, "a password that was removed is still there");
        let record = store.sign_in_record(REALM, IdentifierKind::Email, ADDRESS).await.found("an identifier");
        assert_eq!(record.password, None, "somebody signs in with a password that was removed");
        assert_eq!(record.user, User { version: FIRST, ..user(1) }, "removing a password changed its user");
        let late = PasswordCredential { version: FIRST, ..password(1) };
        fails(&store, CONFLICT, "a password that was removed was replaced", [Write::PutPassword(late)]).await;
        let anew = PasswordCredential { hash: password(3).hash, must_change: true, ..password(1) };
        commit(&store, [Write::PutPassword(anew.clone())]).await;
        let read = store.password(user_id(1)).await.found("a password");
        assert_eq!(read, PasswordCredential { version: FIRST, ..anew }, "a new password was not begun anew");
    }
    assert!(store.password(user_id(2)).await.answer().is_some(), "the password of somebody else was removed");
}
