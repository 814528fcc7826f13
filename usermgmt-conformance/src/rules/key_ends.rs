//! The end of API keys, how many live, and their sweep.

use time::{Duration, OffsetDateTime};
use usermgmt_core::model::ApiKey;
use usermgmt_core::store::{StoreErrorKind, SweepBefore, Write};

use super::api_keys::{acting, are, end, ending, listed, put};
use crate::AnyStore;
use crate::kit::{
    Answer, MICRO, NOW, REALM, api_key, api_key_id, at, commit, commit_at, digest, fails, fails_at, org_id, org_key,
    user_id,
};

const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;

async fn is_there(store: &AnyStore, key: &ApiKey) -> bool {
    store.api_key(key.owner, key.id).await.answer().is_some()
}

/// A key ends when it is told to, at the commit's time if that is later, and at its own end if that is earlier: nothing
/// makes it live longer.
pub async fn an_end_is_set_and_only_comes_nearer(store: AnyStore) {
    let now = at(100);
    // When it ends, when it is told to, when it then ends.
    let cases = [
        (None, at(200), at(200)),
        (None, now, now),
        (None, now - MICRO, now),
        (None, NOW, now),
        (Some(at(300)), at(200), at(200)),
        (Some(at(300)), NOW, now),
        (Some(at(300)), at(300) + MICRO, at(300)),
        (Some(at(300)), at(9_999), at(300)),
        (Some(now + MICRO), now, now),
        (Some(now + MICRO), at(200), now + MICRO),
    ];
    let other = ApiKey { used_at: Some(at(3)), ..api_key(99, 1) };
    put(&store, std::slice::from_ref(&other)).await;
    for (number, (before, told, wanted)) in (1..).zip(cases) {
        for key in [acting(api_key(number, 1), 1), org_key(number, 1)] {
            let key = ApiKey { expires_at: before, used_at: Some(at(7)), ..key };
            commit(&store, [Write::PutApiKey(key.clone())]).await;
            commit_at(&store, now, [end(&key, told)]).await;
            let why = format!("a key that ends at {before:?} and at {now} is told to end at {told}");
            are(&store, &[ending(key, wanted)], &why).await;
        }
    }
    are(&store, &[other], "the end of one API key changed another").await;
}

/// A key that is over, at its very end too, or that is not there, cannot be ended: the commit meets a conflict.
pub async fn a_key_that_is_over_does_not_end_again(store: AnyStore) {
    let now = at(100);
    let over = [ending(api_key(1, 1), now), ending(org_key(2, 1), now), ending(api_key(3, 1), at(-5))];
    let last = ending(api_key(4, 1), now + MICRO);
    put(&store, &over).await;
    commit(&store, [Write::PutApiKey(last.clone())]).await;
    for told in [NOW, now, at(200)] {
        for key in &over {
            fails_at(&store, now, CONFLICT, "an API key that is over was ended again", [end(key, told)]).await;
        }
        for missing in [api_key(9, 1), api_key(1, 9), org_key(9, 1)] {
            fails_at(&store, now, CONFLICT, "an API key that is not there was ended", [end(&missing, told)]).await;
        }
    }
    are(&store, &over, "a conflict changed an API key").await;
    let twice = [end(&last, now), end(&last, now)];
    fails_at(&store, now, CONFLICT, "an API key was ended twice in one commit", twice).await;
    are(&store, std::slice::from_ref(&last), "a conflict changed an API key").await;
    commit_at(&store, now, [end(&last, now)]).await;
    fails_at(&store, now, CONFLICT, "an API key was ended twice", [end(&last, now)]).await;
    are(&store, &[ending(last, now)], "an API key does not live until its end").await;
}

/// All keys of a user end at once, wherever they act, or those that act in one organisation.
pub async fn keys_of_a_user_end_at_once(store: AnyStore) {
    let keys = [api_key(1, 1), acting(api_key(2, 1), 1), acting(api_key(3, 1), 2), ending(api_key(4, 1), at(900))];
    put(&store, &keys).await;
    let [plain, first, second, timed] = keys;
    commit_at(&store, at(50), [Write::EndApiKeys { user: user_id(1), org: Some(org_id(2)) }]).await;
    let second = ending(second, at(50));
    let why = "not exactly the API keys in the organisation have ended";
    are(&store, &[plain.clone(), first.clone(), second.clone(), timed.clone()], why).await;
    commit_at(&store, at(60), [Write::EndApiKeys { user: user_id(1), org: None }]).await;
    let all = [ending(plain, at(60)), ending(first, at(60)), second, ending(timed, at(60))];
    are(&store, &all, "not exactly the API keys that were left have ended").await;
}

/// Ending all keys of a user leaves alone those of organisations, those of other users, those that are over, and one
/// that is put in the same commit. That none ends is no error.
pub async fn keys_that_end_at_once_spare_the_rest(store: AnyStore) {
    let now = at(50);
    let spared = [
        org_key(1, 1),
        acting(api_key(2, 2), 1),
        api_key(3, 2),
        ending(acting(api_key(4, 1), 1), now),
        ending(acting(api_key(5, 1), 1), at(-5)),
    ];
    put(&store, &spared).await;
    let ended = acting(api_key(6, 1), 1);
    let writes = |number| [Write::PutApiKey(acting(api_key(number, 1), 1)), Write::PutApiKey(api_key(number + 10, 1))];
    commit(&store, [Write::PutApiKey(ended.clone())]).await;
    for (number, org) in [(7, Some(org_id(1))), (8, None)] {
        let all = Write::EndApiKeys { user: user_id(1), org };
        commit_at(&store, now, writes(number).into_iter().chain([all])).await;
        are(&store, &spared, "ending the API keys of a user reached one that is none of them, or is over").await;
        let fresh = [acting(api_key(number, 1), 1), api_key(number + 10, 1)];
        are(&store, &fresh, "an API key ended in the commit that puts it").await;
        are(&store, &[ending(ended.clone(), now)], "an API key of the user did not end").await;
    }
    for org in [None, Some(org_id(1)), Some(org_id(9))] {
        commit_at(&store, now, [Write::EndApiKeys { user: user_id(9), org }]).await;
        commit_at(&store, at(60), [Write::EndApiKeys { user: user_id(1), org }]).await;
        commit_at(&store, at(70), [Write::EndApiKeys { user: user_id(1), org }]).await;
    }
    are(&store, &spared, "ending the API keys of a user once more reached one that is none of them, or is over").await;
}

/// A demanded number counts the keys that live at the time of the commit, after everything else of the commit.
pub async fn more_living_keys_than_demanded_conflict(store: AnyStore) {
    let now = at(50);
    put(&store, &[]).await;
    for base in [api_key(0, 1), org_key(0, 1)] {
        let owner = base.owner;
        let key = |number: u128| ApiKey {
            id: api_key_id(number),
            digest: digest(&format!("{number} {owner}")),
            ..base.clone()
        };
        let demand = |max| Write::MaxApiKeys { owner, max };
        commit_at(&store, now, [demand(0)]).await;
        let over = [ending(key(3), now), ending(key(4), at(-5))];
        let keys = [key(1), ending(key(2), now + MICRO)].into_iter().chain(over);
        commit(&store, keys.map(Write::PutApiKey)).await;
        commit_at(&store, now, [demand(2)]).await;
        let why = "more API keys live than were demanded";
        fails_at(&store, now, CONFLICT, why, [demand(1)]).await;
        fails_at(&store, now, CONFLICT, why, [demand(2), Write::PutApiKey(key(5))]).await;
        fails_at(&store, now, CONFLICT, why, [demand(0), end(&key(1), now)]).await;
        // A key that is told to end later still lives.
        fails_at(&store, now, CONFLICT, why, [demand(2), end(&key(1), at(60)), Write::PutApiKey(key(5))]).await;
        assert_eq!(listed(&store, owner).await, [4, 3, 2, 1], "a conflict left something behind");
        are(&store, &[key(1)], "a conflict left something behind").await;
        commit_at(&store, now, [demand(2), end(&key(1), now), Write::PutApiKey(key(5))]).await;
        commit_at(&store, now, [demand(2), Write::PutApiKey(ending(key(6), now))]).await;
        commit_at(&store, now + MICRO, [demand(1)]).await;
        are(&store, &[ending(key(1), now), key(5)], "one API key did not take the place of another").await;
    }
}

/// A demanded number counts neither the keys of another owner nor what only acts in the same organisation.
pub async fn a_demanded_number_counts_keys_of_the_owner_alone(store: AnyStore) {
    let keys = [
        acting(api_key(1, 1), 1),
        acting(api_key(2, 1), 2),
        api_key(3, 1),
        org_key(4, 1),
        org_key(5, 1),
        acting(api_key(6, 2), 1),
        org_key(7, 2),
    ];
    put(&store, &keys).await;
    let counts = [(keys[0].owner, 3), (keys[3].owner, 2), (keys[5].owner, 1), (keys[6].owner, 1)];
    for (owner, living) in counts {
        commit(&store, [Write::MaxApiKeys { owner, max: living }]).await;
        let why = "an API key of the owner is not counted";
        fails(&store, CONFLICT, why, [Write::MaxApiKeys { owner, max: living - 1 }]).await;
    }
}

/// A sweep of keys that removes what ended before this time.
fn before(spent: OffsetDateTime) -> SweepBefore {
    let never = NOW - Duration::days(9_999);
    SweepBefore { spent, commits: never, throttle: never }
}

/// Keys go that ended before `spent`; those of that very time stay, those that live, and those without an end, however
/// long ago they were made or used.
pub async fn keys_that_are_over_are_swept(store: AnyStore) {
    let spent = at(1_000);
    let old = |key| ApiKey { created_at: at(-9_999), used_at: Some(at(-9_000)), ..key };
    let goes = [api_key(1, 1), acting(api_key(2, 1), 1), org_key(3, 1)].map(|key| ending(key, spent - MICRO));
    // Under the id of one that goes: a key is named by its owner and its id.
    let twins = [org_key(1, 2), api_key(3, 2)].map(old);
    let stays = [
        ending(api_key(4, 1), spent),
        ending(org_key(5, 1), spent),
        ending(api_key(6, 1), spent + MICRO),
        old(api_key(7, 1)),
        old(acting(api_key(8, 1), 1)),
        old(org_key(9, 1)),
    ];
    put(&store, &[&goes[..], &twins, &stays].concat()).await;
    assert_eq!(
        store.sweep(before(spent), 1_000).await.answer(),
        3,
        "not exactly the API keys that are over were swept"
    );
    for key in &goes {
        assert!(!is_there(&store, key).await, "an API key that is over was not swept");
        let secret = store.api_key_record(REALM, key.digest).await.answer();
        assert_eq!(secret, None, "the secret of an API key that was swept still finds it");
    }
    are(&store, &twins, "an API key went with one of another owner under the same id").await;
    are(&store, &stays, "an API key was swept that must stay").await;
    commit(&store, [Write::PutApiKey(api_key(1, 1))]).await;
}

/// A sweep removes at most `limit` keys at once, and goes on at the next call until none is left.
pub async fn keys_are_swept_in_steps(store: AnyStore) {
    let keys: Vec<_> = (1..=5).flat_map(|number| [api_key(number, 1), org_key(number, 1)]).collect();
    let keys: Vec<_> = keys.into_iter().map(|key| ending(key, at(1))).collect();
    put(&store, &keys).await;
    commit(&store, [Write::PutApiKey(api_key(9, 1))]).await;
    let mut left = keys.len();
    for step in [3, 3, 3, 1, 0] {
        let gone = store.sweep(before(at(2)), 3).await.answer();
        left -= usize::try_from(gone).unwrap_or(0);
        assert_eq!(gone, step, "a sweep of API keys does not go in steps of its limit");
        let there = listed(&store, api_key(1, 1).owner).await.len() + listed(&store, org_key(1, 1).owner).await.len();
        assert_eq!(there, left + 1, "a sweep does not remove as many API keys as it says");
    }
}
