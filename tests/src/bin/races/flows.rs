//! Races of whole flows. Every racer has read before the first one commits.

use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};
use time::OffsetDateTime;
use usermgmt_conformance::{Call, Rendezvous};
use usermgmt_core::error::Error;
use usermgmt_core::keys::KeyRing;
use usermgmt_core::model::UserStatus;
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::{ManualClock, OsRandom};
use usermgmt_core::secret::Bearer;
use usermgmt_core::store::Store;
use usermgmt_service::{
    AddressProof, Builder, Client, DevMailbox, HashCost, Limits, ProveAddress, SignIn, SignInOutcome, SignUp, UserMgmt,
};
use usermgmt_tests::StoreKind;
use usermgmt_tests::app::token;
use usermgmt_tests::report::Report;
use usermgmt_tests::stores::FreshStore;

#[path = "account.rs"]
mod account;
#[path = "orgs.rs"]
mod orgs;

pub(crate) struct Race {
    pub(crate) name: &'static str,
    pub(crate) run: fn(StoreKind, Report) -> BoxFuture<'static, ()>,
}

pub(crate) const ALL: &[Race] = &[
    Race { name: "a hundred sign-ups of one address leave one account", run: |k, r| Box::pin(sign_ups(k, r)) },
    Race { name: "twenty uses of one link have one winner", run: |k, r| Box::pin(links(k, r)) },
    Race { name: "twenty uses of one attempt give one session", run: |k, r| Box::pin(attempts(k, r)) },
    Race { name: "twenty uses of one reset link set one password", run: |k, r| Box::pin(account::resets(k, r)) },
    Race { name: "one address proven for two accounts belongs to one", run: |k, r| Box::pin(account::addresses(k, r)) },
    Race { name: "twenty sign-ins at once stay within five sessions", run: |k, r| Box::pin(account::sessions(k, r)) },
    Race { name: "of two owners who leave at once one stays", run: |k, r| Box::pin(orgs::leaving(k, r)) },
    Race { name: "of two owners who demote each other one stays", run: |k, r| Box::pin(orgs::demoting(k, r)) },
    Race { name: "an owner is demoted, or has deleted it, never both", run: |k, r| Box::pin(orgs::deleting(k, r)) },
    Race { name: "twenty who want the last seat: one gets it", run: |k, r| Box::pin(orgs::seats(k, r)) },
    Race { name: "a role is changed while it is used", run: |k, r| Box::pin(orgs::roles_in_use(k, r)) },
    Race { name: "a member who is removed twice goes once", run: |k, r| Box::pin(orgs::removals(k, r)) },
    Race { name: "one slug wanted by two organisations", run: |k, r| Box::pin(orgs::slugs(k, r)) },
    Race { name: "suspended between check and commit: nothing is committed", run: |k, r| Box::pin(suspended(k, r)) },
    Race { name: "a stale read inserted after an invalidation is dropped", run: |k, r| Box::pin(stale_insert(k, r)) },
    Race { name: "a password changed meanwhile is not renewed back", run: |k, r| Box::pin(rehash(k, r)) },
];

/// One system; several handles can look at one store through different glasses.
struct World {
    store: FreshStore,
    keys: KeyRing,
    clock: Arc<ManualClock>,
    mailbox: DevMailbox,
}

const EMAIL: &str = "ann@example.test";
const PASSWORD: &str = "blowfish under moonlight";

impl World {
    async fn new(kind: StoreKind) -> Self {
        Self {
            store: FreshStore::new(kind).await,
            keys: KeyRing::generate(&OsRandom).unwrap(),
            clock: Arc::new(ManualClock::at(OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap())),
            mailbox: DevMailbox::default(),
        }
    }

    async fn auth(&self) -> UserMgmt {
        self.auth_on(self.store.store.clone(), HashCost::insecure_for_tests()).await
    }

    async fn auth_on(&self, store: Arc<dyn Store>, cost: HashCost) -> UserMgmt {
        self.auth_with(store, cost, |builder| builder).await
    }

    async fn auth_with(
        &self,
        store: Arc<dyn Store>,
        cost: HashCost,
        configure: impl FnOnce(Builder) -> Builder,
    ) -> UserMgmt {
        let builder = UserMgmt::builder(store, "http://localhost:1", self.keys.clone())
            .clock(self.clock.clone())
            .mailer(self.mailbox.clone())
            .hash_cost(cost)
            .hash_threads(4)
            .limits(Limits::insecure_for_tests())
            .without_workers();
        configure(builder).build().await.unwrap()
    }

    async fn sign_up(&self, auth: &UserMgmt) -> Client {
        let entered = SignUp {
            email: EMAIL,
            password: PASSWORD.into(),
            name: "Ann",
            organization: Some("Acme"),
            ..SignUp::default()
        };
        let accepted = auth.sign_up(&Client::default(), entered).await.unwrap();
        Client::default().with_browser(accepted.browser)
    }

    async fn verified(&self, auth: &UserMgmt) -> Client {
        let client = self.sign_up(auth).await;
        auth.run_until_idle().await.unwrap();
        let link = token(&self.mailbox.mails()[0]);
        auth.prove_address(&client, prove(&link)).await.unwrap();
        client
    }

    async fn signed_in(&self, auth: &UserMgmt) -> Bearer {
        let client = self.verified(auth).await;
        session(sign_in(auth, &client).await)
    }
}

fn prove(link: &str) -> ProveAddress<'_> {
    ProveAddress { proof: AddressProof::Link(link.into()), password: None, organization: None }
}

async fn sign_in(auth: &UserMgmt, client: &Client) -> SignInOutcome {
    auth.sign_in(client, SignIn { email: EMAIL, password: PASSWORD.into(), remember: false }).await.unwrap()
}

fn session(outcome: SignInOutcome) -> Bearer {
    match outcome {
        SignInOutcome::Complete(signed_in) => signed_in.session,
        SignInOutcome::Pending { step, .. } => panic!("pending: {}", step.word()),
    }
}

async fn sign_ups(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    join_all((0..100).map(|_| world.sign_up(&auth))).await;
    // Eight workers see no account and write one at the same moment.
    let racing =
        world.auth_on(Rendezvous::of(world.store.store.clone(), Call::Lease, 8), HashCost::insecure_for_tests()).await;
    let worked = join_all((0..8).map(|_| racing.work())).await;
    assert!(worked.into_iter().all(|round| round.is_ok()));
    auth.run_until_idle().await.unwrap();
    let users = auth.users("race").list(&Default::default(), PageRequest::first(10)).await.unwrap();
    assert_eq!(users.items.len(), 1);
    assert_eq!(world.store.store.identifiers(users.items[0].id).await.unwrap().len(), 1);
    report.requirement(1);
}

async fn links(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    let client = world.sign_up(&auth).await;
    auth.run_until_idle().await.unwrap();
    let link = token(&world.mailbox.mails()[0]);
    let racing = world
        .auth_on(Rendezvous::of(world.store.store.clone(), Call::Commit, 20), HashCost::insecure_for_tests())
        .await;
    let uses = join_all((0..20).map(|_| racing.prove_address(&client, prove(&link)))).await;
    let winners: Vec<_> = uses.iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    for lost in uses.iter().filter_map(|used| used.as_ref().err()) {
        assert!(
            matches!(lost, Error::Refused(refused) if matches!(refused.code(), "link_invalid" | "conflict")),
            "{lost}"
        );
    }
    let orgs = world.store.store.memberships_of(winners[0].user, PageRequest::first(10)).await.unwrap();
    assert_eq!(orgs.items.len(), 1, "one proof makes one organisation");
    report.case("OT-03");
    report.twin("OT-03");
}

async fn attempts(kind: StoreKind, _: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    let client = world.sign_up(&auth).await;
    auth.run_until_idle().await.unwrap();
    let SignInOutcome::Pending { attempt: Some(attempt), .. } = sign_in(&auth, &client).await else {
        panic!("not pending")
    };
    let link = token(&world.mailbox.mails()[0]);
    auth.prove_address(&client, prove(&link)).await.unwrap();
    let racing = world
        .auth_on(Rendezvous::of(world.store.store.clone(), Call::Commit, 20), HashCost::insecure_for_tests())
        .await;
    let resumed = join_all((0..20).map(|_| racing.resume(&client, &attempt))).await;
    assert_eq!(resumed.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let user = auth.users("race").by_email(EMAIL).await.unwrap().user.id;
    let sessions = world.store.store.sessions(user, auth.now(), PageRequest::first(50)).await.unwrap();
    assert_eq!(sessions.items.len(), 1);
}

async fn suspended(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    let secret = world.signed_in(&auth).await;
    let principal = auth.principal(&secret).await.unwrap().unwrap();
    let (meanwhile, user) = (auth.clone(), principal.user());
    let interruption = async move { meanwhile.users("race").set_status(user, UserStatus::Suspended).await.unwrap() };
    let between = Rendezvous::interrupted(world.store.store.clone(), Call::Commit, interruption);
    let racing = world.auth_on(between, HashCost::insecure_for_tests()).await;
    let refused = racing.orgs().create(&Client::default(), &principal, "Too late").await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(refused) if refused.code() == "authority_changed"), "{refused}");
    let orgs = world.store.store.memberships_of(user, PageRequest::first(10)).await.unwrap();
    assert_eq!(orgs.items.len(), 1);
    report.requirement(208);
}

async fn stale_insert(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    let secret = world.signed_in(&auth).await;
    let principal = auth.principal(&secret).await.unwrap().unwrap();
    // The read of the racing handle is done before the sign-out and answered after it.
    let slot: Arc<std::sync::OnceLock<UserMgmt>> = Arc::default();
    let (ending, leaving) = (slot.clone(), principal.clone());
    let interruption = async move {
        let auth = ending.get().unwrap();
        auth.sign_out_everywhere(&Client::default(), &leaving, false).await.unwrap();
    };
    let late = Rendezvous::interrupted(world.store.store.clone(), Call::Principal, interruption);
    let racing = world.auth_on(late, HashCost::insecure_for_tests()).await;
    assert!(slot.set(racing.clone()).is_ok());
    // That one request came before the sign-out; the next ones must see it.
    drop(racing.principal(&secret).await.unwrap());
    assert!(racing.principal(&secret).await.unwrap().is_none(), "a stale entry was served");
    report.case("SE-02");
    report.twin("SE-02");
}

async fn rehash(kind: StoreKind, report: Report) {
    let world = World::new(kind).await;
    let auth = world.auth().await;
    let client = world.verified(&auth).await;
    let user = auth.users("race").by_email(EMAIL).await.unwrap().user.id;
    let store = world.store.store.clone();
    let changed = store.clone();
    let (keys, now) = (world.keys.clone(), auth.now());
    let interruption = async move {
        // Somebody sets another password between the comparison and the renewal.
        let password = changed.password(user).await.unwrap().unwrap();
        let flow = usermgmt_core::flow::Flow {
            store: &changed,
            realm: usermgmt_core::id::RealmId::DEFAULT,
            now,
            random: &OsRandom,
            keys: &keys,
            address: None,
        };
        let hash =
            usermgmt_core::password::PasswordHash::from_phc("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$bmV3".into());
        let write =
            usermgmt_core::store::Write::PutPassword(usermgmt_core::model::PasswordCredential { hash, ..password });
        changed.commit(flow.changes().unwrap().with(write)).await.unwrap();
    };
    let between = Rendezvous::interrupted(store.clone(), Call::Commit, interruption);
    let racing = world.auth_on(between, HashCost::new(7_168, 5, 1).unwrap()).await;
    drop(sign_in(&racing, &client).await);
    let kept = store.password(user).await.unwrap().unwrap();
    assert!(kept.hash.expose().ends_with("bmV3"), "the old password came back");
    report.case("PW-06");
    report.twin("PW-06");
}
