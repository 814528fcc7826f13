//! Races for API keys: for their end, and for the last place that is free.

use usermgmt_core::model::{ApiKey, KeyOwner};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{StoreErrorKind, Write};

use crate::kit::{
    Answer, Found, NOW, REALM, api_key, api_key_id, at, changes, commit, commit_at, commits, commits_once, digest, job,
    one_winner, org, org_key, race, user, user_id,
};
use crate::{AnyStore, Call, Profile, Rendezvous};

async fn begin(store: &AnyStore) {
    commit(store, [Write::PutUser(user(1)), Write::PutOrg(org(1))]).await;
}

/// One key ended by many at once: one wins, all others meet a conflict.
pub async fn one_end_of_a_key_wins(store: AnyStore, profile: Profile) {
    begin(&store).await;
    let key = api_key(1, 1);
    commit(&store, [Write::PutApiKey(key.clone())]).await;
    let ends = commits_once(&store, profile.racers, |number| {
        vec![Write::EndApiKey { owner: key.owner, id: key.id, at: NOW }, Write::PutJob(job(number))]
    })
    .await;
    let winner = one_winner(&ends, StoreErrorKind::Conflict, "ends of one API key");
    let jobs = store.pending_jobs(REALM, PageRequest::first(200)).await.answer().items;
    let jobs: Vec<_> = jobs.iter().map(|row| row.id).collect();
    assert_eq!(jobs, [job(winner).id], "an end that came too late did its work all the same");
    let ended = store.api_key(key.owner, key.id).await.found("an API key").expires_at;
    assert_eq!(ended, Some(NOW), "an API key that was ended lives");
}

/// One key told by many to end, each at another time to come: all are heard, and the earliest stands.
pub async fn a_key_ends_at_the_earliest_of_all(store: AnyStore, profile: Profile) {
    begin(&store).await;
    let racers = u128::try_from(profile.racers).unwrap_or(u128::MAX);
    // Told upwards and downwards: a store that keeps what it was told last is right once by luck.
    for (id, is_down) in [(1, false), (2, true)] {
        let key = org_key(id, 1);
        commit(&store, [Write::PutApiKey(key.clone())]).await;
        let told =
            |number: u128| at(500 + i64::try_from(if is_down { racers + 1 - number } else { number }).unwrap_or(0));
        let ends = commits(&store, profile.racers, |number| {
            vec![Write::EndApiKey { owner: key.owner, id: key.id, at: told(number) }]
        })
        .await;
        assert!(ends.iter().all(Option::is_none), "a key that lives can always be told to end: {ends:?}");
        let ended = store.api_key(key.owner, key.id).await.found("an API key").expires_at;
        let earliest = Some(at(501));
        assert_eq!(ended, earliest, "an API key does not end at the earliest time that it was told");
    }
}

/// Many keys are made at once, each under the demand that no more live than there are places, for a user and for an
/// organisation: exactly as many live as may. One place is the hardest: a store that counts what others have committed,
/// without making them wait, gives it to everybody who begins before the first has ended.
pub async fn limits_of_keys_hold_under_a_race(store: AnyStore, profile: Profile) {
    for (round, places) in [(1, 1), (2, profile.racers / 2), (3, 1)] {
        commit(&store, [Write::PutUser(user(round)), Write::PutOrg(org(round))]).await;
        for base in [api_key(1, round), org_key(1, round)] {
            limit_holds(&store, profile.racers, base, places).await;
        }
    }
}

async fn limit_holds(store: &AnyStore, racers: usize, base: ApiKey, places: usize) {
    let (owner, max) = (base.owner, u32::try_from(places).unwrap_or(u32::MAX));
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, racers);
    let ends = race(racers, |number| {
        let held = held.clone();
        let (id, digest) = (api_key_id(number as u128 + 1), digest(&format!("racer {number} of {owner}")));
        let key = Write::PutApiKey(ApiKey { id, digest, ..base.clone() });
        async move { makes(&held, &[Write::MaxApiKeys { owner, max }, key], owner, places).await }
    })
    .await;
    let made = ends.iter().filter(|made| **made).count();
    let living = living(store, owner).await;
    assert_eq!(living, places, "keys made at the same time: exactly as many must live as were demanded");
    assert_eq!(made, living, "a racer who was told of a conflict made a key all the same, or the other way round");
}

/// Commits until it succeeds or no place is free: a store may answer a conflict also when another commit was in the way.
async fn makes(store: &AnyStore, writes: &[Write], owner: KeyOwner, places: usize) -> bool {
    for _ in 0..500 {
        match store.commit(changes(writes.iter().cloned())).await.map_err(|error| error.kind()) {
            Ok(_) => return true,
            Err(StoreErrorKind::Conflict) if living(store, owner).await >= places => return false,
            Err(StoreErrorKind::Conflict) => tokio::task::yield_now().await,
            Err(kind) => panic!("a key that is one too many must be a conflict, and not {kind:?}"),
        }
    }
    panic!("a key for which there is a place meets a conflict without end")
}

async fn living(store: &AnyStore, owner: KeyOwner) -> usize {
    let keys = store.api_keys(owner, PageRequest::first(200)).await.answer().items;
    keys.iter().filter(|key| key.is_live(NOW)).count()
}

/// A key that is used while it ends stays over, and shows its latest use.
pub async fn use_does_not_race_an_end(store: AnyStore, profile: Profile) {
    begin(&store).await;
    let key = ApiKey { expires_at: Some(at(900)), ..api_key(1, 1) };
    commit(&store, [Write::PutApiKey(key.clone())]).await;
    let used = |number: usize| at(i64::try_from(number).unwrap_or(0));
    race(profile.racers, |number| {
        let (store, owner, id) = (store.clone(), key.owner, key.id);
        async move {
            if number % 4 == 0 {
                commit_at(&store, at(500), [Write::EndApiKeys { user: user_id(1), org: None }]).await;
            } else {
                store.touch_api_key(owner, id, used(number)).await.answer();
            }
        }
    })
    .await;
    let read = store.api_key(key.owner, key.id).await.found("an API key");
    assert_eq!(read.expires_at, Some(at(500)), "use at the same time brought an API key back");
    let last = (0..profile.racers).filter(|number| number % 4 != 0).max().map(used);
    assert_eq!(read.used_at, last, "of several uses at the same time the latest must be shown");
}
