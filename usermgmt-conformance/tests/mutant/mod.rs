//! Stores that break one rule each: the store in memory behind a wrapper that does one thing wrong.

mod commit;
mod rest;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use usermgmt_core::MemoryStore;
use usermgmt_core::id::{CommitId, EventId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId};
use usermgmt_core::model::{Attempt, AuditEvent, Membership, Org, Token, TokenKind};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{AttemptStore, AuditStore, MembershipStore, OrgStore, Result, ThrottleKey, TokenStore};

/// What a mutant does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Nothing: the wrapper itself breaks no rule.
    None,
    // Commits.
    IgnoresVersions,
    AppliesHalf,
    ForgetsGuard,
    ChecksGuardAfterwards,
    ChecksGuardWithoutHolding,
    GuardForgetsMember,
    GuardForgetsMemberRights,
    GuardForgetsOrgRights,
    GuardForgetsPolicy,
    GuardMindsEveryEdit,
    ForgetsCommitIds,
    RemembersFailedCommits,
    ReplacesEpochs,
    NamesNoKey,
    ConsumesTwiceInARace,
    ConsumesAtExpiry,
    AnswersTriesBefore,
    EndsAnybodysSession,
    SettlesForAnybody,
    MovesRightsOfNobody,
    MovesFromAnyEpoch,
    RotatesFromAnySecret,
    MovesAnyKeyCheck,
    CompletesTwice,
    RevokesForEverybody,
    IgnoresTakenIds,
    SortsRoles,
    DeletesAnybodysIdentifier,
    DeletesWhatIsGone,
    IgnoresProfileVersion,
    IgnoresMaxSessions,
    ForgetsMustChange,
    // Texts and times.
    FoldsCase,
    TrimsTexts,
    CutsLongTexts,
    CutsAtNul,
    TakesEmptyForAbsent,
    KeepsNumbersAsFloats,
    CutsTimesToMillis,
    CutsTimesToSeconds,
    // Reads.
    ForgetsRealm,
    ForgetsOrgOfMembers,
    ForgetsOrgOfEvents,
    PagesInclusively,
    ForgetsTheEndOfAList,
    SortsByAlphabet,
    TakesAnyAddress,
    HidesEndedSessions,
    ListsExpiredSessions,
    TouchRevives,
    TouchMovesBack,
    ForgetsFilter,
    PrefixAsPattern,
    PrefixEndsAtLastCharacter,
    EmptyPrefixWantsAName,
    LiveTokensIncludesDead,
    ForgetsKindOfToken,
    // The rest.
    LeasesTwice,
    LeasesBeforeDue,
    LeasesOtherRealms,
    ForgetsChanges,
    PassesOverLateNumbers,
    SaysAPlaceTooFar,
    UsesNumbersAgain,
    ComparesBeforeCounting,
    CountsRefusedUses,
    RefundsTwice,
    SweepsLiveRows,
    SweepsWithoutLimit,
}

/// What some bugs need to remember.
#[derive(Default)]
pub(crate) struct Memory {
    orgs: BTreeSet<OrgId>,
    users: BTreeSet<UserId>,
    tokens: BTreeSet<TokenId>,
    digests: BTreeMap<SessionId, Digest>,
    jobs: BTreeSet<OutboxId>,
    owners: BTreeMap<SessionId, UserId>,
    failed: BTreeSet<CommitId>,
    revived: BTreeSet<SessionId>,
    seen: BTreeMap<SessionId, OffsetDateTime>,
    hidden: BTreeSet<u64>,
    swept_up_to: u64,
    used: BTreeMap<ThrottleKey, u32>,
}

/// A store in memory with one bug.
pub(crate) struct Mutant {
    inner: MemoryStore,
    bug: Bug,
    memory: Mutex<Memory>,
}

impl Mutant {
    pub(crate) fn with(bug: Bug) -> Self {
        Self { inner: MemoryStore::new(), bug, memory: Mutex::default() }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == bug
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The two realms of the rules.
    fn both_realms() -> [RealmId; 2] {
        let other = "rlm_00000000000000000000000000000002".parse();
        [RealmId::DEFAULT, other.unwrap_or(RealmId::DEFAULT)]
    }

    /// The realms in which a read looks.
    fn realms(&self, asked: RealmId) -> Vec<RealmId> {
        if self.has(Bug::ForgetsRealm) { Self::both_realms().into() } else { vec![asked] }
    }

    fn key(&self, canonical: &str) -> String {
        if self.has(Bug::FoldsCase) { canonical.to_lowercase() } else { canonical.to_owned() }
    }

    /// A request that also answers the row it continues behind.
    fn request<K: Copy>(&self, request: PageRequest<K>, before: impl Fn(K) -> Option<K>) -> PageRequest<K> {
        match request.key() {
            Some(key) if self.has(Bug::PagesInclusively) => {
                let first = PageRequest::first(request.limit());
                before(*key).map_or(first, |key| first.after(key))
            }
            _ => request,
        }
    }

    fn page<T, K>(&self, mut page: Page<T, K>, key: impl Fn(&T) -> K) -> Page<T, K> {
        if self.has(Bug::ForgetsTheEndOfAList) {
            page.next = page.items.last().map(key);
        }
        page
    }
}

/// The first of these reads that finds something.
macro_rules! first {
    ($self:ident, $asked:ident, |$realm:ident| $read:expr) => {{
        for $realm in $self.realms($asked) {
            let found = $read?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }};
}
pub(crate) use first;

#[async_trait]
impl OrgStore for Mutant {
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>> {
        first!(self, realm, |realm| self.inner.org(realm, id).await)
    }
}

#[async_trait]
impl MembershipStore for Mutant {
    async fn membership(&self, org: OrgId, user: UserId) -> Result<Option<Membership>> {
        if self.has(Bug::ForgetsOrgOfMembers) {
            let any = self.inner.memberships_of(user, PageRequest::first(1)).await?;
            return Ok(any.items.into_iter().next().map(|(_, membership)| membership));
        }
        self.inner.membership(org, user).await
    }

    async fn members(&self, org: OrgId, page: PageRequest<UserId>) -> Result<Page<Membership, UserId>> {
        let page =
            self.request(page, |key| format!("usr_{:032x}", key.as_uuid().as_u128().saturating_sub(1)).parse().ok());
        Ok(self.page(self.inner.members(org, page).await?, |row| row.user))
    }

    async fn memberships_of(&self, user: UserId, page: PageRequest<OrgId>) -> Result<Page<(Org, Membership), OrgId>> {
        self.inner.memberships_of(user, page).await
    }
}

usermgmt_core::forward_reads!([] Mutant, |this| this.inner, |call| (), PolicyStore);

#[async_trait]
impl TokenStore for Mutant {
    async fn token(&self, realm: RealmId, id: TokenId) -> Result<Option<Token>> {
        first!(self, realm, |realm| self.inner.token(realm, id).await)
    }

    async fn token_by_digest(&self, realm: RealmId, kind: TokenKind, digest: Digest) -> Result<Option<Token>> {
        if self.has(Bug::ForgetsKindOfToken) {
            for kind in TokenKind::ALL.iter().copied() {
                if let Some(found) = self.inner.token_by_digest(realm, kind, digest).await? {
                    return Ok(Some(found));
                }
            }
        }
        first!(self, realm, |realm| self.inner.token_by_digest(realm, kind, digest).await)
    }

    async fn live_tokens(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Token>> {
        if self.has(Bug::LiveTokensIncludesDead) {
            let (ids, mut all) = (self.memory().tokens.clone(), Vec::new());
            for id in ids {
                all.extend(self.inner.token(RealmId::DEFAULT, id).await?.filter(|token| token.user == user));
            }
            return Ok(all);
        }
        self.inner.live_tokens(user, now).await
    }

    async fn token_of_browser(&self, realm: RealmId, kind: TokenKind, browser: Digest) -> Result<Option<Token>> {
        self.inner.token_of_browser(realm, kind, browser).await
    }
}

#[async_trait]
impl AttemptStore for Mutant {
    async fn attempt(&self, realm: RealmId, digest: Digest) -> Result<Option<Attempt>> {
        first!(self, realm, |realm| self.inner.attempt(realm, digest).await)
    }
}

#[async_trait]
impl AuditStore for Mutant {
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        page: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>> {
        let mut found = self.inner.events(realm, org, page).await?;
        if self.has(Bug::ForgetsOrgOfEvents) {
            let others: Vec<_> = self.memory().orgs.iter().copied().filter(|other| Some(*other) != org).collect();
            for other in others {
                found.items.extend(self.inner.events(realm, Some(other), page).await?.items);
            }
            found.items.sort_by_key(|row| row.id);
        }
        Ok(found)
    }
}
