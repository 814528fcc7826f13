//! Races for an address.

use usermgmt_core::model::{Identifier, IdentifierKind, UserFilter, Version};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, UniqueKey, Write};

use crate::kit::{Answer, Found, REALM, commit, commits, commits_once, identifier, job, one_winner, user, user_id};
use crate::{AnyStore, Profile};

const ADDRESS: &str = "a@example.test";

/// Many sign up with one address at once: one row, and everybody else is told that it is taken.
pub async fn one_identifier_is_inserted_once(store: AnyStore, profile: Profile) {
    let ends = commits(&store, profile.racers, |number| {
        vec![Write::PutUser(user(number)), Write::PutIdentifier(identifier(number, ADDRESS))]
    })
    .await;
    let taken = StoreErrorKind::Duplicate(UniqueKey::Identifier);
    let winner = one_winner(&ends, taken, "sign-ups with one address");
    let users = store.users(REALM, &UserFilter::default(), PageRequest::first(200)).await.answer().items;
    let users: Vec<_> = users.iter().map(|row| row.id).collect();
    assert_eq!(users, [user_id(winner)], "a sign-up that came too late left its user behind");
    let record = store.sign_in_record(REALM, IdentifierKind::Email, ADDRESS).await.found("an identifier");
    assert_eq!(record.user.id, user_id(winner), "the address belongs to somebody who was told that it is taken");
}

/// Many users add one address at once: it becomes that of one, and everybody else is told that it is taken.
pub async fn one_identifier_is_added_once(store: AnyStore, profile: Profile) {
    let racers = profile.racers as u128;
    commit(&store, (1..=racers).map(|number| Write::PutUser(user(number)))).await;
    let added = |number| Identifier { primary: false, ..identifier(number, ADDRESS) };
    let ends =
        commits(&store, profile.racers, |number| vec![Write::PutIdentifier(added(number)), Write::PutJob(job(number))])
            .await;
    let taken = StoreErrorKind::Duplicate(UniqueKey::Identifier);
    let winner = one_winner(&ends, taken, "users who add one address");
    for number in 1..=racers {
        let mine = store.identifiers(user_id(number)).await.answer().len();
        assert_eq!(mine, usize::from(number == winner), "not exactly the winner has the address");
    }
    let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
    let jobs: Vec<_> = jobs.iter().map(|row| row.id).collect();
    assert_eq!(jobs, [job(winner).id], "an address that was added too late did its work all the same");
}

/// One version of an address removed by many who read it: one wins, all others meet a conflict.
pub async fn one_removal_wins(store: AnyStore, profile: Profile) {
    commit(&store, [Write::PutUser(user(1)), Write::PutIdentifier(identifier(1, ADDRESS))]).await;
    let ends = commits_once(&store, profile.racers, |number| {
        let (kind, canonical, version) = (IdentifierKind::Email, ADDRESS.to_owned(), Version::NEW.next());
        let removal = Write::DeleteIdentifier { realm: REALM, kind, canonical, user: user_id(1), version };
        vec![removal, Write::PutJob(job(number))]
    })
    .await;
    let winner = one_winner(&ends, StoreErrorKind::Conflict, "removals of one address");
    let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
    let jobs: Vec<_> = jobs.iter().map(|row| row.id).collect();
    assert_eq!(jobs, [job(winner).id], "a removal that came too late did its work all the same");
    assert_eq!(store.identifiers(user_id(1)).await.answer(), [], "an address that was removed is still there");
}
