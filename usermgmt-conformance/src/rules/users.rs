//! Users, their identifiers and passwords are kept as they were put.

use usermgmt_core::model::{
    Identifier, IdentifierKind, PasswordCredential, Unproven, User, UserKind, UserStatus, Version,
};
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::AnyStore;
use crate::kit::{
    Answer, Found, MICRO, NOW, REALM, at, commit, digest, fails, identifier, other_realm, pairs, password, user,
    user_id,
};

const FIRST: Version = Version::NEW.next();

/// Every column of a user comes back as it was put, and the version is the first.
pub async fn a_user_is_returned_as_it_was_put(store: AnyStore) {
    for (number, (status, kind)) in (1..).zip(pairs(UserStatus::ALL, UserKind::ALL)) {
        let locale = (number == 1).then(|| "de-AT".to_owned());
        let put = User { status, kind, locale, auth_epoch: 5, created_at: at(-7), ..user(number) };
        commit(&store, [Write::PutUser(put.clone())]).await;
        let read = store.user(REALM, put.id).await.found("a user");
        assert_eq!(read, User { version: FIRST, ..put }, "a new user does not come back as it was put");
    }
}

/// A replacing put changes every column that it may change.
pub async fn a_user_can_be_replaced(store: AnyStore) {
    commit(&store, [Write::PutUser(user(1))]).await;
    let read = store.user(REALM, user_id(1)).await.found("a user");
    let mut edited =
        User { name: "Other".to_owned(), locale: Some("fr".to_owned()), status: UserStatus::Suspended, ..read };
    for kind in UserKind::ALL.iter().rev().copied() {
        edited.kind = kind;
        commit(&store, [Write::PutUser(edited.clone())]).await;
        edited.version = edited.version.next();
        let read = store.user(REALM, user_id(1)).await.found("a user");
        assert_eq!(read, edited, "a replacing put of a user did not set what it may set");
    }
}

/// Every column of an identifier comes back as it was put.
pub async fn an_identifier_is_returned_as_it_was_put(store: AnyStore) {
    let open = Identifier {
        display: "Somebody@Example.test".to_owned(),
        canonical_version: u16::MAX,
        primary: false,
        verified_at: None,
        created_at: at(-7),
        ..identifier(1, "a@example.test")
    };
    let proven = Identifier {
        verified_at: Some(at(5)),
        undeliverable_at: Some(at(6) + MICRO),
        ..identifier(1, "b@example.test")
    };
    let writes = [Write::PutUser(user(1)), Write::PutIdentifier(open.clone()), Write::PutIdentifier(proven.clone())];
    commit(&store, writes).await;
    let wanted = [Identifier { version: FIRST, ..open }, Identifier { version: FIRST, ..proven }];
    let read = store.identifiers(user_id(1)).await.answer();
    assert_eq!(read, wanted, "new identifiers do not come back as they were put");
}

/// A replacing put of an identifier changes what is shown, whether it is primary, when it was proven, and since when
/// mail to it comes back.
pub async fn an_identifier_can_be_replaced(store: AnyStore) {
    let put = Identifier { verified_at: None, primary: false, ..identifier(1, "a@example.test") };
    commit(&store, [Write::PutUser(user(1)), Write::PutIdentifier(put.clone())]).await;
    let mut edited = Identifier {
        display: "A@example.test".to_owned(),
        canonical_version: 2,
        primary: true,
        verified_at: Some(at(9)),
        version: FIRST,
        ..put
    };
    for undeliverable_at in [None, Some(at(10) + MICRO), Some(at(11)), None] {
        edited.undeliverable_at = undeliverable_at;
        commit(&store, [Write::PutIdentifier(edited.clone())]).await;
        edited.version = edited.version.next();
        let read = store.identifiers(user_id(1)).await.answer();
        assert_eq!(read, [edited.clone()], "a replacing put of an identifier did not set what it may set");
    }
}

/// The identifiers of a user are ordered by the bytes of their canonical form, not by some language's alphabet.
pub async fn identifiers_are_listed_in_byte_order(store: AnyStore) {
    let ordered = ["Z@example.test", "_@example.test", "a-a@example.test", "aa@example.test", "é@example.test"];
    commit(&store, [Write::PutUser(user(1))]).await;
    for canonical in ordered.iter().rev() {
        commit(&store, [Write::PutIdentifier(identifier(1, canonical))]).await;
    }
    let read = store.identifiers(user_id(1)).await.answer();
    let read: Vec<_> = read.iter().map(|identifier| identifier.canonical.as_str()).collect();
    assert_eq!(read, ordered, "identifiers are not listed in the byte order of their canonical forms");
}

/// A password comes back as it was put, with and without a claim that is still unproven, with and without earlier
/// passwords in their order; absent and empty differ.
pub async fn a_password_is_returned_as_it_was_put(store: AnyStore) {
    let claims = [
        None,
        Some(Unproven { browser: digest("browser"), organization: None }),
        Some(Unproven { browser: digest("browser"), organization: Some(String::new()) }),
        Some(Unproven { browser: digest("other"), organization: Some("Ümläut & Sons".to_owned()) }),
    ];
    for (number, unproven) in (1..).zip(claims) {
        let previous = (1..number).rev().map(|earlier| password(earlier).hash).collect();
        let must_change = number % 2 == 0;
        let put = PasswordCredential { unproven, previous, must_change, changed_at: at(3), ..password(number) };
        commit(&store, [Write::PutUser(user(number)), Write::PutPassword(put.clone())]).await;
        let read = store.password(put.user).await.found("a password");
        assert_eq!(read, PasswordCredential { version: FIRST, ..put }, "a password does not come back as it was put");
    }
}

/// A replacing put of a password changes hash, claim, earlier passwords, whether it must be changed, and time.
pub async fn a_password_can_be_replaced(store: AnyStore) {
    let claim = Unproven { browser: digest("browser"), organization: None };
    let put = PasswordCredential { unproven: Some(claim), ..password(1) };
    commit(&store, [Write::PutUser(user(1)), Write::PutPassword(put)]).await;
    let mut edited = PasswordCredential { hash: password(2).hash, changed_at: at(60), version: FIRST, ..password(1) };
    for (must_change, earlier) in [(true, vec![3, 1]), (false, vec![1]), (true, vec![])] {
        edited.must_change = must_change;
        edited.previous = earlier.into_iter().map(|number| password(number).hash).collect();
        commit(&store, [Write::PutPassword(edited.clone())]).await;
        edited.version = edited.version.next();
        let read = store.password(user_id(1)).await.found("a password");
        assert_eq!(read, edited, "a replacing put of a password did not set what it may set");
    }
}

/// The sign-in record holds the identifier that was presented, its user, and the user's password if there is one.
pub async fn a_sign_in_record_joins_identifier_user_and_password(store: AnyStore) {
    let initial = |number| PasswordCredential {
        previous: vec![password(number + 1).hash],
        must_change: true,
        ..password(number)
    };
    let writes = [
        Write::PutUser(user(1)),
        Write::PutIdentifier(identifier(1, "a@example.test")),
        Write::PutIdentifier(Identifier { primary: false, ..identifier(1, "b@example.test") }),
        Write::PutPassword(initial(1)),
        Write::PutUser(user(2)),
        Write::PutIdentifier(identifier(2, "c@example.test")),
    ];
    commit(&store, writes).await;
    for (canonical, owner, has_password) in
        [("a@example.test", 1, true), ("b@example.test", 1, true), ("c@example.test", 2, false)]
    {
        let record = store.sign_in_record(REALM, IdentifierKind::Email, canonical).await.found("an identifier");
        assert_eq!(record.identifier.canonical, canonical, "the sign-in record holds another identifier");
        assert_eq!(record.user, User { version: FIRST, ..user(owner) }, "the sign-in record holds another user");
        let wanted = has_password.then(|| PasswordCredential { version: FIRST, ..initial(owner) });
        assert_eq!(record.password, wanted, "the sign-in record holds another password");
    }
    let unknown = store.sign_in_record(REALM, IdentifierKind::Email, "d@example.test").await.answer();
    assert_eq!(unknown, None, "a sign-in record was made up for an identifier that nobody has");
}

/// An identifier belongs to one user; whoever puts it for another is told that it is taken.
pub async fn an_identifier_belongs_to_one_user(store: AnyStore) {
    let writes =
        [Write::PutUser(user(1)), Write::PutUser(user(2)), Write::PutIdentifier(identifier(1, "a@example.test"))];
    commit(&store, writes).await;
    let taken = StoreErrorKind::Duplicate(UniqueKey::Identifier);
    let why = "an identifier that another user has must be a duplicate";
    fails(&store, taken, why, [Write::PutIdentifier(identifier(2, "a@example.test"))]).await;
    let record = store.sign_in_record(REALM, IdentifierKind::Email, "a@example.test").await.found("an identifier");
    assert_eq!(record.user.id, user_id(1), "an identifier went over to another user");
    assert_eq!(store.identifiers(user_id(2)).await.answer(), [], "an identifier has two users");
}

/// The same identifier may exist once in each realm.
pub async fn an_identifier_is_unique_within_its_realm_only(store: AnyStore) {
    let there = other_realm();
    let writes = [
        Write::PutUser(user(1)),
        Write::PutIdentifier(identifier(1, "a@example.test")),
        Write::PutUser(User { realm: there, ..user(2) }),
        Write::PutIdentifier(Identifier { realm: there, verified_at: Some(NOW), ..identifier(2, "a@example.test") }),
    ];
    commit(&store, writes).await;
    for (realm, owner) in [(REALM, 1), (there, 2)] {
        let record = store.sign_in_record(realm, IdentifierKind::Email, "a@example.test").await.found("an identifier");
        assert_eq!(record.user.id, user_id(owner), "an identifier of one realm leads to a user of another");
    }
}

/// Each kind of identifier is unique for itself: the same text of another kind is another name, of whoever has it, and
/// stays when the first one goes.
pub async fn identifiers_of_several_kinds_are_apart(store: AnyStore) {
    for (number, kind) in (1..).zip(IdentifierKind::ALL.iter().copied()) {
        let row = Identifier { kind, ..identifier(number, "sam") };
        commit(&store, [Write::PutUser(user(number)), Write::PutIdentifier(row)]).await;
    }
    for (number, kind) in (1..).zip(IdentifierKind::ALL.iter().copied()) {
        let record = store.sign_in_record(REALM, kind, "sam").await.found("an identifier");
        assert_eq!(record.identifier.kind, kind, "an identifier has another kind");
        assert_eq!(record.user.id, user_id(number), "an identifier of one kind leads to the user of another");
    }
    let (realm, kind, canonical) = (REALM, IdentifierKind::Email, "sam".to_owned());
    commit(&store, [Write::DeleteIdentifier { realm, kind, canonical, user: user_id(1), version: FIRST }]).await;
    for (number, kind) in (1..).zip(IdentifierKind::ALL.iter().copied()) {
        let left = store.sign_in_record(REALM, kind, "sam").await.answer().map(|record| record.user.id);
        assert_eq!(left, (number > 1).then(|| user_id(number)), "a removal did not hit its own kind alone");
    }
}
