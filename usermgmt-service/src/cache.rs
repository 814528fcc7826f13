//! Principals, kept for a moment, never stale by accident.
//!
//! Every entry carries the generation that was current *before* its read began. Whatever changes somebody's standing
//! moves the generation and notes it for that subject. An entry whose generation is older than the note of any of its
//! subjects is not served: so an insert that comes after an invalidation, but was read before it, is dropped however
//! the two interleave.
//!
//! What other processes commit is heard from the store's change sequence: nothing is answered from here unless this
//! process has heard it to the end within the cache's life. That is one read for all entries, and it finds nothing as
//! long as nothing changes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use moka::sync::Cache;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::{SessionId, UserId};
use usermgmt_core::limits;
use usermgmt_core::model::Subject;
use usermgmt_core::proof::Principal;
use usermgmt_core::secret::Digest;

/// A moment of the cache; taken before a read, given back with what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(u64);

/// A principal in the cache.
#[derive(Debug)]
pub struct Entry {
    principal: Arc<Principal>,
    generation: Generation,
    /// Up to this generation nothing concerned this entry: spares looking at the notes again.
    cleared: AtomicU64,
    read_at: OffsetDateTime,
    /// Last activity, in unix seconds.
    seen_at: AtomicI64,
}

impl Entry {
    /// The principal.
    #[must_use]
    pub const fn principal(&self) -> &Arc<Principal> {
        &self.principal
    }

    /// The last activity known here.
    #[must_use]
    pub fn seen_at(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.seen_at.load(Ordering::Relaxed)).unwrap_or(self.principal.seen_at())
    }

    /// Whether activity at `now` should be written; true for one caller only, at most once a minute.
    #[must_use]
    pub fn claim_touch(&self, now: OffsetDateTime) -> bool {
        let (seen, now) = (self.seen_at.load(Ordering::Relaxed), now.unix_timestamp());
        now - seen >= limits::ACTIVITY_INTERVAL.whole_seconds()
            && self.seen_at.compare_exchange(seen, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn subjects(&self) -> [Option<Subject>; 4] {
        // Also one that the principal may not enter: whoever comes back to it is let in at once.
        let (user, org) = (self.principal.user(), self.principal.acts_in());
        [
            Some(Subject::User(user)),
            Some(Subject::Session(self.principal.session())),
            org.map(Subject::Org),
            org.map(|org| Subject::Member(org, user)),
        ]
    }
}

/// The cache of one process.
#[derive(Debug)]
pub struct PrincipalCache {
    entries: Cache<Digest, Arc<Entry>>,
    /// Where the entries of sessions stand that something else than their secret proves.
    by_session: Cache<(UserId, SessionId), Digest>,
    generation: AtomicU64,
    moved: RwLock<Notes>,
    heard: RwLock<Option<Heard>>,
    life: Duration,
}

/// How far the change sequence was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Everything up to this number.
    pub place: u64,
    /// Everything that was committed before this time.
    pub at: OffsetDateTime,
}

#[derive(Debug, Default)]
struct Notes {
    /// The generation at which each subject last moved.
    moved: HashMap<Subject, (u64, OffsetDateTime)>,
    /// Nothing that was read before this generation stands.
    floor: u64,
    /// The next time at which old notes are thrown away.
    tidy_at: Option<OffsetDateTime>,
}

impl PrincipalCache {
    /// An empty cache that answers only if the change sequence was heard within `life`.
    #[must_use]
    pub fn new(entries: u64, life: Duration) -> Self {
        Self {
            entries: Cache::new(entries),
            by_session: Cache::new(entries),
            generation: AtomicU64::new(1),
            moved: RwLock::default(),
            heard: RwLock::default(),
            life,
        }
    }

    /// How far the change sequence was heard, and whether that is recent enough to answer from here.
    #[must_use]
    pub fn heard(&self, now: OffsetDateTime) -> (Option<Heard>, bool) {
        let heard = *self.heard.read().unwrap_or_else(PoisonError::into_inner);
        let age = heard.map(|heard| now - heard.at);
        (heard, age.is_some_and(|age| age < self.life && !age.is_negative()))
    }

    /// Forgets these subjects, which the change sequence named up to `to`.
    pub fn hear(&self, subjects: &[Subject], to: Heard) {
        self.forget(subjects, to.at);
        let mut heard = self.heard.write().unwrap_or_else(PoisonError::into_inner);
        // Of several that listen at a time none takes back what another has heard.
        if heard.is_none_or(|before| to.place >= before.place) {
            *heard = Some(to);
        }
    }

    /// Forgets everything, also what is being read just now, and listens from `from` on.
    pub fn begin(&self, from: Heard) {
        let mut notes = self.moved.write().unwrap_or_else(PoisonError::into_inner);
        notes.floor = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        notes.moved.clear();
        drop(notes);
        self.entries.invalidate_all();
        *self.heard.write().unwrap_or_else(PoisonError::into_inner) = Some(from);
    }

    /// The present moment. Take it before reading what will be inserted.
    #[must_use]
    pub fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::SeqCst))
    }

    /// The entry of this digest, unless it is too old or one of its subjects has moved since it was read.
    #[must_use]
    pub fn get(&self, digest: &Digest, now: OffsetDateTime) -> Option<Arc<Entry>> {
        let entry = self.entries.get(digest)?;
        let age = now - entry.read_at;
        if age >= limits::CACHE_REREAD || age.is_negative() || !self.stands(&entry) {
            self.entries.invalidate(digest);
            return None;
        }
        Some(entry)
    }

    /// The entry of this session of this user, likewise.
    #[cfg(feature = "tokens")]
    #[must_use]
    pub fn get_by_session(&self, user: UserId, session: SessionId, now: OffsetDateTime) -> Option<Arc<Entry>> {
        self.get(&self.by_session.get(&(user, session))?, now)
    }

    fn stands(&self, entry: &Entry) -> bool {
        let present = self.generation.load(Ordering::SeqCst);
        if entry.cleared.load(Ordering::Relaxed) == present {
            return true;
        }
        let notes = self.moved.read().unwrap_or_else(PoisonError::into_inner);
        let moved = |subject| notes.moved.get(&subject).is_some_and(|(at, _)| *at > entry.generation.0);
        let stands = entry.generation.0 >= notes.floor && !entry.subjects().into_iter().flatten().any(moved);
        if stands {
            entry.cleared.store(present, Ordering::Relaxed);
        }
        stands
    }

    /// Keeps a principal that was read after `generation` was taken.
    pub fn insert(&self, principal: Principal, generation: Generation, now: OffsetDateTime) -> Arc<Entry> {
        let entry = Arc::new(Entry {
            generation,
            cleared: AtomicU64::new(generation.0),
            read_at: now,
            seen_at: AtomicI64::new(principal.seen_at().unix_timestamp()),
            principal: Arc::new(principal),
        });
        if self.stands(&entry) {
            self.entries.insert(entry.principal.digest(), entry.clone());
            if entry.principal.refresh().is_some() {
                let key = (entry.principal.user(), entry.principal.session());
                self.by_session.insert(key, entry.principal.digest());
            }
        }
        entry
    }

    /// Forgets everything about these subjects. Call it after the commit that moved them.
    pub fn forget(&self, subjects: &[Subject], now: OffsetDateTime) {
        if subjects.is_empty() {
            return;
        }
        let mut notes = self.moved.write().unwrap_or_else(PoisonError::into_inner);
        let generation = self.generation.fetch_add(1, Ordering::SeqCst) + 1;
        notes.moved.extend(subjects.iter().map(|subject| (*subject, (generation, now))));
        // A note is needed as long as an entry read before it can live, and a read that began before it can take.
        let keep = limits::CACHE_REREAD * 5;
        if notes.tidy_at.is_none_or(|at| now >= at || now < at - keep * 2) {
            notes.moved.retain(|_, (_, at)| now - *at < keep);
            notes.tidy_at = Some(now + keep);
        }
    }
}
