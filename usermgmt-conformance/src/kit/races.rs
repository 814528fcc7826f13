//! Racers.

use tokio::task::JoinSet;
use usermgmt_core::store::{Committed, Result, StoreErrorKind, Write};

use super::changes;
use crate::{AnyStore, Call, Rendezvous};

/// Commits, and again as long as another commit was in the way: what the contract tells callers to do on a conflict.
/// Answers how it ended; a conflict that never ends is an error of the store.
pub async fn insist(store: &AnyStore, writes: &[Write]) -> Result<Committed, StoreErrorKind> {
    for _ in 0..500 {
        match store.commit(changes(writes.iter().cloned())).await {
            Err(error) if error.kind() == StoreErrorKind::Conflict => tokio::task::yield_now().await,
            end => return end.map_err(|error| error.kind()),
        }
    }
    panic!("a commit that nothing stands in the way of meets a conflict without end: {writes:?}")
}

/// Runs what each racer does, all at once, and answers how each ended, by racer.
pub async fn race<T, F>(racers: usize, racer: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut set = JoinSet::new();
    for number in 0..racers {
        let running = racer(number);
        set.spawn(async move { (number, running.await) });
    }
    let mut ended = set.join_all().await;
    ended.sort_by_key(|(number, _)| *number);
    ended.into_iter().map(|(_, end)| end).collect()
}

/// All racers commit these writes at once; answers how each ended, conflicts resolved.
pub async fn commits(
    store: &AnyStore,
    racers: usize,
    writes: impl Fn(u128) -> Vec<Write>,
) -> Vec<Option<StoreErrorKind>> {
    at_once(store, racers, |held, number| {
        let writes = writes(number);
        async move { insist(&held, &writes).await.err() }
    })
    .await
}

/// The same, each with one try: for what must not be repeated on a conflict, because whoever runs the whole flow again
/// reads anew and sees that it is done.
pub async fn commits_once(
    store: &AnyStore,
    racers: usize,
    writes: impl Fn(u128) -> Vec<Write>,
) -> Vec<Option<StoreErrorKind>> {
    at_once(store, racers, |held, number| {
        let writes = writes(number);
        async move { held.commit(changes(writes)).await.err().map(|error| error.kind()) }
    })
    .await
}

/// Runs what each racer does with a store whose commits wait until every racer has come to one.
async fn at_once<F>(store: &AnyStore, racers: usize, racer: impl Fn(AnyStore, u128) -> F) -> Vec<Option<StoreErrorKind>>
where
    F: Future<Output = Option<StoreErrorKind>> + Send + 'static,
{
    let held: AnyStore = Rendezvous::of(store.clone(), Call::Commit, racers);
    race(racers, |number| racer(held.clone(), number as u128 + 1)).await
}

/// Exactly one racer must have won, and each loser been told why.
pub fn one_winner(ends: &[Option<StoreErrorKind>], losers: StoreErrorKind, what: &str) -> u128 {
    let winners = ends.iter().filter(|end| end.is_none()).count();
    assert_eq!(winners, 1, "{what}: exactly one of {} must win, but {winners} did", ends.len());
    let told = ends.iter().flatten().all(|end| *end == losers);
    assert!(told, "{what}: whoever comes too late must be told {losers:?}: {ends:?}");
    ends.iter().position(Option::is_none).map_or(0, |winner| winner as u128 + 1)
}
