//! Factors besides the password: what comes back, whose they are, and credentials that nobody else may have.

use time::macros::datetime;
use usermgmt_core::model::{Answered, Factor, FactorData, FactorKind, FactorKinds, User, Version};
use usermgmt_core::sealed::Sealed;
use usermgmt_core::store::{StoreErrorKind, SweepBefore, UniqueKey, Write};

use crate::kit::{
    Answer, Found, MICRO, NOW, REALM, at, commit, commits, commits_once, digest, factor, fails, one_winner,
    other_realm, passkey, user, user_id,
};
use crate::{AnyStore, Profile};

const FIRST: Version = Version::NEW.next();
const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;
const TAKEN: StoreErrorKind = StoreErrorKind::Duplicate(UniqueKey::Credential);

/// Puts users 1 and 2 and these factors.
async fn put(store: &AnyStore, factors: &[Factor]) {
    let users = [1, 2].map(|number| Write::PutUser(user(number)));
    commit(store, users.into_iter().chain(factors.iter().cloned().map(Write::PutFactor))).await;
}

async fn numbers(store: &AnyStore, user: u128) -> Vec<u128> {
    let factors = store.factors(user_id(user)).await.answer();
    factors.iter().map(|factor| factor.id.as_uuid().as_u128()).collect()
}

fn stored(factor: &Factor) -> Factor {
    Factor { version: FIRST, ..factor.clone() }
}

fn delete(factor: &Factor, version: Version) -> Write {
    Write::DeleteFactor { user: factor.user, id: factor.id, version }
}

/// Every column of a factor comes back as it was put, whatever its kind, in the order of ids, also of one that has
/// ended or was never confirmed; the user keeps which kinds there are.
pub async fn a_factor_is_returned_as_it_was_put(store: AnyStore) {
    let rich = Factor {
        name: "Schlüssel „blau“ 🔑".to_owned(),
        confirmed_at: None,
        used_at: Some(at(-60) - MICRO),
        expires_at: Some(at(60) + MICRO),
        created_at: datetime!(1969-07-20 20:17:40.000001 UTC),
        data: FactorData::Totp {
            secret: Sealed { key_id: "root".to_owned(), bytes: vec![0, 255, 7] },
            last_step: Some(u64::MAX),
        },
        ..factor(3, 1)
    };
    let codes = Factor { data: FactorData::RecoveryCodes { left: vec![digest("b"), digest("a")] }, ..factor(2, 1) };
    let device = Factor { data: FactorData::TrustedDevice { digest: digest("device") }, ..factor(5, 1) };
    let all = [factor(1, 1), codes, rich, passkey(4, 1), device];
    put(&store, &all).await;
    let read = store.factors(user_id(1)).await.answer();
    assert_eq!(read, all.each_ref().map(stored), "factors do not come back as they were put, by id");
    let kinds: FactorKinds = all.iter().map(Factor::kind).collect();
    commit(&store, [Write::PutUser(User { factors: kinds, version: FIRST, ..user(1) })]).await;
    assert_eq!(store.user(REALM, user_id(1)).await.found("a user").factors, kinds, "kinds of factors were lost");
}

/// A factor is replaced from the version that was read, with everything but its kind and its credential; a new one of
/// an id that is there, and one from an older version, is refused.
pub async fn a_factor_is_replaced_from_its_version(store: AnyStore) {
    put(&store, &[factor(1, 1), passkey(2, 1)]).await;
    let used = Factor {
        name: "Other".to_owned(),
        credential: Some(digest("another")),
        used_at: Some(NOW),
        data: FactorData::Passkey {
            credential: serde_json::json!({ "counter": 8 }),
            handle: handle(),
            asked: false,
            answered: vec![Answered { challenge: digest("challenge"), until: at(300) }],
        },
        version: FIRST,
        ..passkey(2, 1)
    };
    commit(&store, [Write::PutFactor(used.clone())]).await;
    let wanted = Factor { credential: passkey(2, 1).credential, version: FIRST.next(), ..used.clone() };
    let read = store.factors(user_id(1)).await.answer();
    assert_eq!(read, [stored(&factor(1, 1)), wanted], "a factor was not replaced as it was put");
    let free = store.factor_by_credential(REALM, digest("another")).await.answer();
    assert_eq!(free, None, "a replacing put has given a factor another credential");
    let other_kind = Factor { data: codes(), version: FIRST, ..factor(1, 1) };
    for (why, wrong) in [
        ("a factor was replaced from an older version", used),
        ("a factor has become one of another kind", other_kind),
        ("a factor that is not there was replaced", Factor { version: FIRST, ..factor(9, 1) }),
    ] {
        fails(&store, CONFLICT, why, [Write::PutFactor(wrong)]).await;
    }
    fails(&store, CONFLICT, "a factor was put a second time", [Write::PutFactor(factor(1, 1))]).await;
}

fn handle() -> uuid::Uuid {
    uuid::Uuid::from_u128(7)
}

fn codes() -> FactorData {
    FactorData::RecoveryCodes { left: Vec::new() }
}

/// A factor that is presented by a credential is found by it, in its realm; nobody else can have the same there, and
/// somebody in another realm can.
pub async fn a_credential_is_one_factors_in_its_realm(store: AnyStore) {
    put(&store, &[factor(1, 1), passkey(2, 1)]).await;
    let credential = passkey(2, 1).credential;
    let theirs = Factor { credential, ..passkey(3, 2) };
    let again = Factor { credential, ..passkey(3, 1) };
    fails(&store, TAKEN, "two users have one credential", [Write::PutFactor(theirs.clone())]).await;
    fails(&store, TAKEN, "one user has one credential twice", [Write::PutFactor(again)]).await;
    let elsewhere = Factor { realm: other_realm(), ..theirs };
    let stranger = User { realm: other_realm(), ..user(3) };
    let elsewhere = Factor { user: user_id(3), ..elsewhere };
    commit(&store, [Write::PutUser(stranger), Write::PutFactor(elsewhere.clone())]).await;
    let credential = credential.unwrap_or_else(|| digest("none"));
    for (realm, wanted) in [(REALM, stored(&passkey(2, 1))), (other_realm(), stored(&elsewhere))] {
        let found = store.factor_by_credential(realm, credential).await.found("a factor");
        assert_eq!(found, wanted, "not the factor of this realm and credential");
    }
    let none = store.factor_by_credential(REALM, digest("none")).await.answer();
    assert_eq!(none, None, "a factor was made up for a credential that nobody has");
}

/// A factor is removed from the version that was read, by its owner alone; then it is not found, and its credential can
/// come again.
pub async fn a_factor_that_was_removed_is_gone(store: AnyStore) {
    let (one, other) = (factor(1, 1), passkey(2, 1));
    put(&store, &[one.clone(), other.clone(), factor(2, 2)]).await;
    for (why, wrong) in [
        ("a factor was removed from an older version", delete(&one, Version::NEW)),
        ("a factor was removed from a version that is to come", delete(&other, FIRST.next())),
        ("a factor of somebody else was removed", Write::DeleteFactor { user: user_id(2), id: one.id, version: FIRST }),
        ("a factor that is not there was removed", delete(&factor(9, 1), FIRST)),
    ] {
        fails(&store, CONFLICT, why, [wrong]).await;
    }
    let credential = other.credential.unwrap_or_else(|| digest("none"));
    assert!(store.factor_by_credential(REALM, credential).await.answer().is_some(), "a refused removal was half done");
    commit(&store, [delete(&other, FIRST)]).await;
    assert_eq!((numbers(&store, 1).await, numbers(&store, 2).await), (vec![1], vec![2]), "not exactly one has gone");
    assert_eq!(store.factor_by_credential(REALM, credential).await.answer(), None, "a removed factor is found");
    let again = Factor { credential: Some(credential), ..passkey(3, 2) };
    commit(&store, [Write::PutFactor(again.clone())]).await;
    let found = store.factor_by_credential(REALM, credential).await.found("a factor");
    assert_eq!(found, stored(&again), "a credential does not come again");
}

/// All factors of a kind of one user go at once; other kinds and other users are spared, and none is no error.
pub async fn factors_of_a_kind_go_at_once(store: AnyStore) {
    put(&store, &[factor(1, 1), passkey(2, 1), passkey(3, 1), factor(4, 2), passkey(5, 2)]).await;
    commit(&store, [Write::DeleteFactors { user: user_id(1), kind: FactorKind::Passkey }]).await;
    assert_eq!((numbers(&store, 1).await, numbers(&store, 2).await), (vec![1], vec![4, 5]), "not exactly those went");
    for (number, user, there) in [(2, 1, false), (3, 1, false), (5, 2, true)] {
        let credential = passkey(number, user).credential.unwrap_or_else(|| digest("none"));
        let found = store.factor_by_credential(REALM, credential).await.answer().is_some();
        assert_eq!(found, there, "credentials do not go and stay with their factors");
    }
    commit(&store, [Write::DeleteFactors { user: user_id(1), kind: FactorKind::Passkey }]).await;
}

/// Factors of another user are not listed.
pub async fn factors_belong_to_one_user(store: AnyStore) {
    put(&store, &[factor(1, 1), factor(1, 2), passkey(2, 2)]).await;
    assert_eq!((numbers(&store, 1).await, numbers(&store, 2).await), (vec![1], vec![1, 2]), "not exactly their own");
    assert!(numbers(&store, 9).await.is_empty(), "somebody who is not there has factors");
}

/// Factors that have ended by themselves before `spent` are swept, in steps; those without an end, those that end then
/// or later and those with a credential stay.
pub async fn factors_that_have_ended_are_swept(store: AnyStore) {
    let spent = at(1_000);
    let ending = |number, end| Factor { expires_at: Some(end), ..factor(number, 1) };
    let kept = Factor { expires_at: Some(spent - MICRO), ..passkey(5, 1) };
    put(&store, &[factor(1, 1), ending(2, spent - MICRO), ending(3, spent), ending(4, at(0)), kept]).await;
    let never = datetime!(1990-01-01 00:00 UTC);
    let before = SweepBefore { spent, commits: never, throttle: never };
    assert_eq!(store.sweep(before, 1).await.answer(), 1, "more was swept than was asked for");
    assert_eq!(store.sweep(before, 10).await.answer(), 1, "not exactly what has ended was swept");
    assert_eq!(numbers(&store, 1).await, [1, 3, 5], "not exactly what has ended was swept");
}

/// One factor used by many at once, all from what they read: one wins.
pub async fn one_use_of_a_factor_wins(store: AnyStore, profile: Profile) {
    put(&store, &[factor(1, 1)]).await;
    let ends = commits_once(&store, profile.racers, |number| {
        let data = FactorData::Totp { secret: sealed(), last_step: Some(u64::try_from(number).unwrap_or(0)) };
        vec![Write::PutFactor(Factor { data, version: FIRST, ..factor(1, 1) })]
    })
    .await;
    let winner = one_winner(&ends, CONFLICT, "uses of one factor");
    let read = store.factors(user_id(1)).await.answer();
    let last_step = Some(u64::try_from(winner).unwrap_or(0));
    let data: Vec<_> = read.into_iter().map(|factor| factor.data).collect();
    assert_eq!(data, [FactorData::Totp { secret: sealed(), last_step }], "not the winner's use stands");
}

/// One credential registered by many at once, for different users: one wins.
pub async fn one_registration_of_a_credential_wins(store: AnyStore, profile: Profile) {
    let racers = profile.racers as u128;
    commit(&store, (1..=racers).map(|number| Write::PutUser(user(number)))).await;
    let ends = commits(&store, profile.racers, |number| {
        vec![Write::PutFactor(Factor { credential: Some(digest("one")), ..passkey(1, number) })]
    })
    .await;
    let winner = one_winner(&ends, TAKEN, "registrations of one credential");
    let found = store.factor_by_credential(REALM, digest("one")).await.found("a factor");
    assert_eq!(found.user, user_id(winner), "the credential is not the winner's");
    for number in 1..=racers {
        assert_eq!(!numbers(&store, number).await.is_empty(), number == winner, "a loser has a factor");
    }
}

fn sealed() -> Sealed {
    Sealed { key_id: "root".to_owned(), bytes: vec![1] }
}
