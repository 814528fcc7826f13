//! The same random history against the reference store and against ours: the same answers, the same rows.

#![cfg(any(feature = "sqlite", feature = "postgres"))]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be prepared has failed")]

mod generate;
#[path = "../support/mod.rs"]
mod support;

use time::{Duration, OffsetDateTime, macros::datetime};
use usermgmt_core::MemoryStore;
use usermgmt_core::id::*;
use usermgmt_core::model::*;
use usermgmt_core::page::PageRequest;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::*;
use uuid::Uuid;

/// Steps of one history. Enough to meet every write in most of its cases.
const STEPS: usize = 250;

/// How many things of each kind there are: few, so that writes meet.
const KINDS: u64 = 3;

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_answers_like_the_reference() {
    for seed in 1..=6 {
        let (_folder, store) = support::sqlite().await;
        History::new(seed, store).run().await;
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres_answers_like_the_reference() {
    if support::without_postgres() {
        return;
    }
    for seed in 1..=3 {
        let (_database, store) = support::postgres().await;
        History::new(seed, store).run().await;
    }
}

/// Filters of users, from none to one that lets hardly anybody through.
fn filters() -> Vec<UserFilter> {
    let begins = |prefix: &str| UserFilter { identifier_prefix: Some(prefix.to_owned()), ..UserFilter::default() };
    let (status, kind) = (Some(UserStatus::Active), Some(UserKind::Admin));
    vec![
        UserFilter::default(),
        UserFilter { kind, ..UserFilter::default() },
        begins(""),
        begins("b"),
        begins("%"),
        begins("a@x\0"),
        UserFilter { status, ..begins("B@") },
    ]
}

/// Filters of members, likewise.
fn member_filters() -> Vec<MemberFilter> {
    let begins = |prefix: &str| MemberFilter { identifier_prefix: Some(prefix.to_owned()), ..MemberFilter::default() };
    let status = Some(MembershipStatus::Suspended);
    vec![
        MemberFilter::default(),
        MemberFilter { status, ..MemberFilter::default() },
        begins(""),
        begins("b"),
        begins("a@x\0"),
        MemberFilter { status, ..begins("a") },
    ]
}

/// Filters of events, likewise.
fn event_filters(now: OffsetDateTime) -> Vec<AuditFilter> {
    let (kind, user) = (AuditKind::ALL.get(5).copied(), Some(UserId::from_uuid(uuid(1))));
    let (since, until) = (Some(now - Duration::seconds(60)), Some(now - Duration::seconds(9)));
    vec![
        AuditFilter::default(),
        AuditFilter { kind, ..AuditFilter::default() },
        AuditFilter { user, ..AuditFilter::default() },
        AuditFilter { since, until, ..AuditFilter::default() },
        AuditFilter { user, until, ..AuditFilter::default() },
    ]
}

struct History<S> {
    seed: u64,
    random: u64,
    now: OffsetDateTime,
    commits: u128,
    succeeded: usize,
    reference: MemoryStore,
    store: S,
}

fn uuid(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

fn digest(number: u64) -> Digest {
    Digest::of(&number.to_be_bytes())
}

/// A secret of this row of a user: no two rows have the same, like what is random.
fn secret(user: UserId, row: &impl ToString, number: u64) -> Digest {
    Digest::of(format!("{user} {} {number}", row.to_string()).as_bytes())
}

/// Ids of tokens are of one user each: which of two is the newer must be clear.
fn token_id(user: u64, number: u64) -> TokenId {
    TokenId::from_uuid(uuid(user * KINDS + number))
}

impl<S: Store> History<S> {
    fn new(seed: u64, store: S) -> Self {
        let begins = [datetime!(1925-03-01 0:00 UTC), datetime!(2026-11-21 0:00 UTC), datetime!(8025-01-01 0:00 UTC)];
        let now = begins[usize::try_from(seed).unwrap() % begins.len()];
        // Another factor than the step of `below`: else each history would be the one before it, one number later.
        let random = seed.wrapping_mul(0xd134_2543_de82_ef95);
        Self { seed, random, now, commits: 0, succeeded: 0, reference: MemoryStore::new(), store }
    }

    /// A number below `bound`: splitmix64, so that a seed is a history.
    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn any(&mut self) -> u64 {
        self.below(KINDS)
    }

    fn often(&mut self) -> bool {
        self.below(8) > 0
    }

    fn kind_of_name(&mut self) -> IdentifierKind {
        if self.often() { IdentifierKind::Email } else { IdentifierKind::ALL[usize::try_from(self.below(3)).unwrap()] }
    }

    fn user(&mut self) -> UserId {
        UserId::from_uuid(uuid(self.any()))
    }

    fn org(&mut self) -> OrgId {
        OrgId::from_uuid(uuid(self.any()))
    }

    fn realm(&mut self) -> RealmId {
        if self.often() { RealmId::DEFAULT } else { RealmId::from_uuid(uuid(7)) }
    }

    fn soon(&mut self) -> OffsetDateTime {
        self.now + Duration::microseconds(i64::try_from(self.below(4_000_000)).unwrap())
    }

    /// Mostly the version that stands, so that most writes go through.
    fn version(&mut self, present: Option<Version>) -> Version {
        if self.often() { present.unwrap_or(Version::NEW) } else { Version::from_u64(self.below(4)) }
    }

    fn text(&mut self) -> String {
        ["", "Ann", "ann", "Žofie 🦉", "it's 100% \"quoted\"; --", "line\nbreak "]
            [usize::try_from(self.below(6)).unwrap()]
        .to_owned()
    }

    fn proofs(&mut self) -> Vec<Proof> {
        (0..self.below(3))
            .map(|_| Proof { method: Method::ALL[usize::try_from(self.below(2)).unwrap()], at: self.now })
            .collect()
    }

    async fn run(mut self) {
        self.found().await;
        for step in 0..STEPS {
            let passes = self.below(1_500_000);
            self.now += Duration::microseconds(i64::try_from(passes).unwrap());
            let place = format!("seed {}, step {step}", self.seed);
            match self.below(12) {
                0 => self.lease(&place).await,
                1 => self.charge(&place).await,
                2 => self.touch().await,
                3 if self.below(8) == 0 => self.sweep(&place).await,
                _ => self.commit(&place).await,
            }
            // Reading everything costs far more than the step itself.
            if step % 5 == 4 {
                self.compare(&place).await;
            }
        }
        assert!(self.succeeded > STEPS / 5, "a history in which little happens shows nothing");
    }

    /// Users and organisations that children may refer to: the reference checks no reference.
    async fn found(&mut self) {
        let mut writes = Vec::new();
        for number in 0..KINDS {
            let user = self.any_user(UserId::from_uuid(uuid(number)), Version::NEW);
            let org = self.any_org(OrgId::from_uuid(uuid(number)), Version::NEW);
            writes.extend([Write::PutUser(user), Write::PutOrg(org)]);
        }
        self.apply("the beginning", writes).await;
    }

    async fn commit(&mut self, place: &str) {
        let count = 1 + self.below(3);
        let mut writes = Vec::new();
        for _ in 0..count {
            writes.push(self.write().await);
        }
        self.apply(place, writes).await;
    }

    async fn apply(&mut self, place: &str, writes: Vec<Write>) {
        // Now and then an id that was used before.
        self.commits += u128::from(self.below(40) > 0);
        let id = CommitId::from_uuid(Uuid::from_u128(self.commits));
        let mut changes = ChangeSet::new(id, RealmId::DEFAULT, self.now);
        writes.into_iter().for_each(|write| changes.push(write));
        let wanted = self.reference.commit(changes.clone()).await.map_err(|error| error.kind());
        let got = self.store.commit(changes.clone()).await;
        assert_eq!(
            got.as_ref().map_err(StoreError::kind),
            wanted.as_ref().map_err(|kind| *kind),
            "{place}: {changes:?} {got:?}"
        );
        self.succeeded += usize::from(got.is_ok());
        assert_eq!(self.store.committed(id).await.unwrap(), self.reference.committed(id).await.unwrap(), "{place}");
    }

    async fn lease(&mut self, place: &str) {
        let (realm, worker) = (self.realm(), WorkerId::from_uuid(uuid(self.below(2))));
        let (until, limit) = (self.soon(), u32::try_from(self.below(3)).unwrap());
        let wanted = self.reference.lease(realm, worker, self.now, until, limit).await.unwrap();
        assert_eq!(self.store.lease(realm, worker, self.now, until, limit).await.unwrap(), wanted, "{place}");
    }

    async fn charge(&mut self, place: &str) {
        // Back in time, too: a window must then be cut.
        let now = if self.often() { self.now } else { self.now - Duration::seconds(20) };
        let key = |number: u64| ThrottleKey::from_bytes([u8::try_from(number).unwrap(); 32]);
        if self.below(4) == 0 {
            let keys: Vec<_> = (0..self.below(3)).map(key).collect();
            self.reference.refund(&keys, now).await.unwrap();
            self.store.refund(&keys, now).await.unwrap();
            return;
        }
        let mut charges = Vec::new();
        for number in [2, 0, 1] {
            if self.below(2) == 0 {
                let (limit, window) = (
                    u32::try_from(self.below(5)).unwrap(),
                    Duration::seconds(1 + i64::try_from(self.below(9)).unwrap()),
                );
                charges.push(Charge { key: key(number), limit, window });
            }
        }
        let wanted = self.reference.charge(&charges, now).await.unwrap();
        assert_eq!(self.store.charge(&charges, now).await.unwrap(), wanted, "{place}: {charges:?}");
    }

    async fn touch(&mut self) {
        let (user, id, seen_at) = (self.user(), SessionId::from_uuid(uuid(self.any())), self.soon());
        self.reference.touch(user, id, seen_at).await.unwrap();
        self.store.touch(user, id, seen_at).await.unwrap();
    }

    async fn sweep(&mut self, place: &str) {
        let before = SweepBefore { spent: self.now, commits: self.now - Duration::seconds(9), throttle: self.now };
        let wanted = self.reference.sweep(before, 10_000).await.unwrap();
        assert_eq!(self.store.sweep(before, 10_000).await.unwrap(), wanted, "{place}");
    }

    async fn compare(&self, place: &str) {
        macro_rules! same {
            ($($read:tt)*) => {
                assert_eq!(self.store.$($read)*.await.unwrap(), self.reference.$($read)*.await.unwrap(), "{place}");
            };
        }
        for realm in [RealmId::DEFAULT, RealmId::from_uuid(uuid(7))] {
            for (owner, number) in (0..KINDS * KINDS).map(|pair| (pair / KINDS, pair % KINDS)) {
                let (user, stranger) = (UserId::from_uuid(uuid(owner)), UserId::from_uuid(uuid(number)));
                let token = token_id(owner, number);
                same!(token(realm, user, token));
                same!(token(realm, stranger, token));
                for kind in TokenKind::ALL.iter().copied() {
                    same!(token_by_digest(realm, kind, secret(user, &token, 0)));
                    same!(token_of_browser(realm, kind, digest(number)));
                }
                same!(attempt(realm, secret(user, &AttemptId::from_uuid(uuid(number)), 0)));
                let session = SessionId::from_uuid(uuid(number));
                same!(principal_of(realm, user, session));
                for turn in 0..2 {
                    same!(principal(realm, secret(user, &session, turn)));
                }
            }
            for number in 0..KINDS {
                same!(factor_by_credential(realm, digest(number)));
            }
            same!(signing_keys(realm));
            same!(users_among(realm, &[1, 0, 3, 1].map(|number| UserId::from_uuid(uuid(number)))));
            for filter in filters() {
                same!(users(realm, &filter, PageRequest::first(2)));
            }
            same!(orgs(realm, PageRequest::first(2)));
            same!(orgs(realm, PageRequest::first(2).after(OrgId::from_uuid(uuid(1)))));
            same!(pending_jobs(realm, PageRequest::first(2)));
            same!(pending_jobs(realm, PageRequest::first(9).after(OutboxId::from_uuid(uuid(0)))));
        }
        for number in 0..KINDS {
            let (user, org) = (UserId::from_uuid(uuid(number)), OrgId::from_uuid(uuid(number)));
            same!(user(RealmId::DEFAULT, user));
            same!(identifiers(user));
            same!(factors(user));
            same!(password(user));
            same!(profile(user));
            same!(live_tokens(user, self.now));
            same!(org(RealmId::DEFAULT, org));
            same!(policy(org));
            same!(org_profile(org));
            same!(org_by_slug(RealmId::DEFAULT, &format!("slug-of-{org}")));
            for filter in member_filters() {
                same!(members(org, &filter, PageRequest::first(1)));
                same!(members(org, &filter, PageRequest::first(9).after(UserId::from_uuid(uuid(0)))));
            }
            same!(memberships_of(user, PageRequest::first(2)));
            same!(sessions(user, self.now, PageRequest::first(1)));
            same!(sessions(user, self.now, PageRequest::first(5).after(SessionId::from_uuid(uuid(2)))));
            same!(event(RealmId::DEFAULT, Some(org), EventId::from_uuid(uuid(number))));
            same!(membership(org, UserId::from_uuid(uuid(0))));
            same!(member(org, UserId::from_uuid(uuid(0))));
        }
        for canonical in ["a@x", "A@x", "b@x", "B@x"] {
            for kind in IdentifierKind::ALL.iter().copied() {
                same!(sign_in_record(RealmId::DEFAULT, kind, canonical));
            }
        }
        for org in [None, Some(OrgId::from_uuid(uuid(0))), Some(OrgId::from_uuid(uuid(1)))] {
            for filter in event_filters(self.now) {
                same!(events(RealmId::DEFAULT, org, &filter, PageRequest::first(50)));
                same!(events(
                    RealmId::DEFAULT,
                    org,
                    &filter,
                    PageRequest::first(3).after(EventId::from_uuid(uuid(15)))
                ));
            }
            same!(sealed_events(RealmId::DEFAULT, org, 0, 99));
            same!(sealed_events(RealmId::DEFAULT, org, 2, 2));
            same!(unsealed_events(RealmId::DEFAULT, org, 99));
            same!(chain_head(RealmId::DEFAULT, org));
        }
        same!(unsealed_orgs(RealmId::DEFAULT, PageRequest::first(99)));
        same!(key_check());
        // Numbers may have gaps, so only their order is compared.
        let facts =
            |changes: Changes| changes.items.into_iter().map(|change| (change.subject, change.at)).collect::<Vec<_>>();
        let (got, wanted) =
            (self.store.changes(0, 9_999).await.unwrap(), self.reference.changes(0, 9_999).await.unwrap());
        assert_eq!(facts(got), facts(wanted), "{place}");
    }
}
