//! On tokio's paused time: waiting costs nothing and comes out the same each time.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use tokio::time::{Instant, advance};
use usermgmt_core::MemoryStore;
use usermgmt_core::id::{OrgId, RealmId};
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::{Org, OrgStatus, Version};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::port::{LocalBus, OsRandom};
use usermgmt_core::store::{Store, StoreError, StoreErrorKind, Write};

use super::*;
use crate::{Client, NewUser, SignIn, SignInOutcome};

/// Counts how often the change sequence is asked.
#[derive(Clone)]
struct Asked(MemoryStore, Arc<AtomicU32>);

impl Asked {
    fn times(&self) -> u32 {
        self.1.swap(0, Ordering::SeqCst)
    }
}

usermgmt_core::forward_store!([] Asked, |this| this.0, |call| if call.starts_with("change") {
    this.1.fetch_add(1, Ordering::SeqCst);
});

/// A bus that is counted, can be slow and can be deaf.
#[derive(Clone, Default)]
struct Strange {
    wakes: Arc<AtomicU32>,
    listens: Arc<Mutex<Vec<Instant>>>,
    refuses: Arc<AtomicBool>,
    /// Wakes never return.
    hangs: Arc<AtomicBool>,
    /// While somebody holds this, wakes wait.
    gate: Arc<tokio::sync::Mutex<()>>,
}

#[async_trait]
impl Bus for Strange {
    async fn wake(&self) -> Result<(), BusError> {
        self.wakes.fetch_add(1, Ordering::SeqCst);
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        drop(self.gate.lock().await);
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Wakes>, BusError> {
        self.listens.lock().unwrap().push(Instant::now());
        if self.refuses.load(Ordering::SeqCst) { Err(BusError::because("refused")) } else { Ok(Box::new(Deaf)) }
    }
}

struct Deaf;

#[async_trait]
impl Wakes for Deaf {
    async fn next(&mut self) -> Result<(), BusError> {
        std::future::pending().await
    }
}

async fn process(store: impl Store, bus: impl Bus) -> UserMgmt {
    let keys = KeyRing::generate(&OsRandom).unwrap();
    let builder = UserMgmt::builder(store, "http://localhost:1", keys).bus(bus);
    let auth = builder.without_workers().build().await.unwrap();
    let org = Org {
        id: org(),
        realm: RealmId::DEFAULT,
        name: "Org".into(),
        slug: "org".into(),
        status: OrgStatus::Active,
        deleted_at: None,
        owners: 1,
        members: 1,
        seats: None,
        roles: Vec::new(),
        policy: AuthPolicy::default(),
        rights_version: 0,
        policy_epoch: 0,
        created_at: auth.now(),
        version: Version::NEW,
    };
    let client = Client::default();
    let changes = auth.flow(&client).changes().unwrap().with(Write::PutOrg(org));
    // By its own way, so that nobody is woken for it.
    auth.store().commit(changes).await.unwrap();
    settle().await;
    auth
}

fn org() -> OrgId {
    "org_00000000000000000000000000000001".parse().unwrap()
}

/// Commits what other processes must hear of.
async fn append(auth: &UserMgmt) {
    let client = Client::default();
    let changes = auth.flow(&client).changes().unwrap();
    auth.commit_raw(changes.with(Write::MoveRights { org: org(), user: None })).await.unwrap();
}

/// Lets time pass, and whatever happens in it.
async fn pass(time: Duration) {
    crate::TokioRuntime.wait(time).await;
}

/// Lets background tasks do what they can without time passing.
async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_commits_makes_two_wakes() {
    let bus = LocalBus::default();
    let auth = process(MemoryStore::new(), bus.clone()).await;
    for _ in 0..1_000 {
        append(&auth).await;
        tokio::task::yield_now().await;
    }
    settle().await;
    assert_eq!(bus.sent(), 1, "the first at once");
    advance(EVERY * 3).await;
    settle().await;
    assert_eq!(bus.sent(), 2, "and one for all that came meanwhile");
    advance(EVERY * 10).await;
    settle().await;
    assert_eq!(bus.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_commit_during_a_wake_causes_one_more() {
    let bus = Strange::default();
    let auth = process(MemoryStore::new(), bus.clone()).await;
    let held = bus.gate.lock().await;
    for _ in 0..5 {
        append(&auth).await;
        settle().await;
    }
    assert_eq!(bus.wakes.load(Ordering::SeqCst), 1, "one is under way");
    drop(held);
    settle().await;
    advance(EVERY * 2).await;
    settle().await;
    assert_eq!(bus.wakes.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_for_others_wakes_nobody() {
    let bus = LocalBus::default();
    let auth = process(MemoryStore::new(), bus.clone()).await;
    let client = Client::default();
    auth.commit_raw(auth.flow(&client).changes().unwrap()).await.unwrap();
    advance(EVERY * 2).await;
    settle().await;
    assert_eq!(bus.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_hangs_keeps_no_commit_waiting_and_is_asked_again() {
    let bus = Strange::default();
    bus.hangs.store(true, Ordering::SeqCst);
    let auth = process(MemoryStore::new(), bus.clone()).await;
    let begun = Instant::now();
    for _ in 0..10 {
        append(&auth).await;
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    settle().await;
    bus.hangs.store(false, Ordering::SeqCst);
    tokio::time::timeout(PATIENCE + FIRST_PAUSE + EVERY, async {
        while bus.wakes.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
            advance(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("it is asked again after its time and a pause");
}

#[tokio::test(start_paused = true)]
async fn the_sequence_is_heard_when_woken_and_after_each_connection() {
    let (bus, store) = (LocalBus::default(), Asked(MemoryStore::new(), Arc::default()));
    let auth = process(store.clone(), bus.clone()).await;
    assert_eq!(store.times(), 1, "after the first connection");
    advance(EVERY * 2).await;
    settle().await;
    bus.wake().await.unwrap();
    settle().await;
    assert_eq!(store.times(), 1);
    advance(EVERY * 2).await;
    settle().await;
    bus.cut();
    settle().await;
    bus.mend();
    assert_eq!(store.times(), 0, "nobody knows of anything");
    advance(FIRST_PAUSE).await;
    settle().await;
    assert_eq!(store.times(), 1, "what was missed");
    drop(auth);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_wakes_makes_few_readings() {
    let (bus, store) = (LocalBus::default(), Asked(MemoryStore::new(), Arc::default()));
    let _auth = process(store.clone(), bus.clone()).await;
    advance(EVERY * 2).await;
    settle().await;
    store.times();
    for _ in 0..1_000 {
        bus.wake().await.unwrap();
        tokio::task::yield_now().await;
    }
    advance(EVERY * 2).await;
    settle().await;
    assert_eq!(store.times(), 2, "one at once, one for the rest");
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_a_bound() {
    let bus = Strange::default();
    bus.refuses.store(true, Ordering::SeqCst);
    let _auth = process(MemoryStore::new(), bus.clone()).await;
    pass(Duration::from_secs(300)).await;
    let tries = bus.listens.lock().unwrap().clone();
    let pauses: Vec<_> = tries.windows(2).map(|two| two[1] - two[0]).collect();
    assert!(pauses[0] >= FIRST_PAUSE / 2 && pauses[0] < FIRST_PAUSE * 2, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE + Duration::from_millis(2)), "{pauses:?}");
    assert!(pauses[8..].iter().all(|pause| *pause >= LONGEST_PAUSE / 2), "{pauses:?}");
    assert!(pauses[8..].windows(2).any(|two| two[0] != two[1]), "by chance, not all alike: {pauses:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_dead_without_saying_so_is_replaced() {
    let bus = Strange::default();
    let _auth = process(MemoryStore::new(), bus.clone()).await;
    pass(SILENCE / 2).await;
    assert_eq!((bus.listens.lock().unwrap().len(), bus.wakes.load(Ordering::SeqCst)), (1, 0));
    pass(SILENCE * 3 / 2 + ECHO + FIRST_PAUSE).await;
    assert!(bus.wakes.load(Ordering::SeqCst) >= 1, "everybody was woken, to see whether it comes back");
    assert!(bus.listens.lock().unwrap().len() >= 2);
    // A bus that carries is not given up.
    let (local, store) = (LocalBus::default(), Asked(MemoryStore::new(), Arc::default()));
    let _other = process(store.clone(), local.clone()).await;
    pass(SILENCE * 15).await;
    assert!((10..=15).contains(&local.sent()), "{}", local.sent());
    assert_eq!(u64::from(store.times()), local.sent() + 1, "one connection all the time");
}

#[tokio::test(start_paused = true)]
async fn shutdown_wakes_the_others_once_more_and_leaves() {
    let bus = LocalBus::default();
    let auth = process(MemoryStore::new(), bus.clone()).await;
    append(&auth).await;
    auth.shutdown().await;
    assert_eq!(bus.sent(), 1, "nothing was slept through");
    append(&auth).await;
    pass(SILENCE * 3).await;
    assert_eq!(bus.sent(), 1, "and then it has left");
    auth.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn shutdown_does_not_wait_for_a_bus_that_is_down() {
    let bus = Strange::default();
    bus.refuses.store(true, Ordering::SeqCst);
    bus.hangs.store(true, Ordering::SeqCst);
    let auth = process(MemoryStore::new(), bus.clone()).await;
    append(&auth).await;
    settle().await;
    let begun = Instant::now();
    auth.shutdown().await;
    assert!(begun.elapsed() <= PATIENCE * 2, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_bus_is_left_with_the_last_handle() {
    let (bus, alive) = (LocalBus::default(), Arc::new(()));
    struct Held(LocalBus, #[expect(dead_code, reason = "it is counted")] Arc<()>);
    #[async_trait]
    impl Bus for Held {
        async fn wake(&self) -> Result<(), BusError> {
            self.0.wake().await
        }
        async fn listen(&self) -> Result<Box<dyn Wakes>, BusError> {
            self.0.listen().await
        }
    }
    let auth = process(MemoryStore::new(), Held(bus.clone(), alive.clone())).await;
    drop(auth.clone());
    settle().await;
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(auth);
    settle().await;
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// A store that another server has taken over, once it is told so.
#[derive(Clone)]
struct Succeeded(MemoryStore, Arc<AtomicBool>);

usermgmt_core::forward_store!([] Succeeded, |this| this.0, |call| if call == "changes" && this.1.load(Ordering::SeqCst) {
    return Err(StoreError::new(StoreErrorKind::Conflict));
});

#[tokio::test]
async fn after_a_change_of_servers_everything_is_forgotten() {
    let store = Succeeded(MemoryStore::new(), Arc::default());
    let auth = process(store.clone(), LocalBus::default()).await;
    let client = Client::default();
    let new = NewUser {
        email: "a@example.test",
        name: "A",
        password: Some("blowfish under moonlight".into()),
        email_is_verified: true,
    };
    auth.users("test").create(new).await.unwrap();
    let entered = SignIn { email: "a@example.test", password: "blowfish under moonlight".into(), remember: false };
    let SignInOutcome::Complete(signed_in) = auth.sign_in(&client, entered).await.unwrap() else { panic!("pending") };
    let here = || auth.principal(&signed_in.session);
    assert!(here().await.unwrap().is_some());
    // Ended on the server that has taken over, under a number that was read on the former one already.
    let (user, id) = (signed_in.principal.user(), signed_in.principal.session());
    let end = auth.flow(&client).changes().unwrap().with(Write::EndSession { user, id });
    auth.store().commit(end).await.unwrap();
    assert!(here().await.unwrap().is_some(), "from the cache, or the test shows nothing");
    store.1.store(true, Ordering::SeqCst);
    auth.hear(auth.now()).await.unwrap();
    assert!(here().await.unwrap().is_none());
}
