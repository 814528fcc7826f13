//! Stores that break one rule each: the store in memory behind a wrapper that does one thing wrong.

mod api_keys;
mod audit;
mod commit;
mod factors;
mod orgs;
mod rest;
mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use time::OffsetDateTime;
use usermgmt_core::MemoryStore;
use usermgmt_core::id::{AttemptId, CommitId, EventId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId};
use usermgmt_core::model::{Attempt, AuditEvent, CustomRole, Factor, Token, TokenKind};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{AttemptStore, Result, ThrottleKey, TokenStore};

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
    GuardForgetsDeletion,
    ForgetsCommitIds,
    RemembersFailedCommits,
    ReplacesEpochs,
    NamesNoKey,
    ConsumesTwiceInARace,
    ConsumesAtExpiry,
    AnswersTriesBefore,
    EndsAnybodysSession,
    HitsAnybodysRow,
    CountsAnybodysTry,
    RotatesAnybodysSession,
    MovesAnybodysChain,
    CompletesAnybodysAttempt,
    IdsUniqueEverywhere,
    RotatesToTheSameSecret,
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
    TakesSlugsTwice,
    SlugsUniqueEverywhere,
    OwnSlugIsTaken,
    FreesSlugsOfTheDeleted,
    ForgetsSeats,
    IgnoresOrgProfileVersion,
    MixesFactsOfOrgs,
    ReplacesRoles,
    SetsRolesFromAnyRights,
    SetsRolesSilently,
    SealsFromAnyEnd,
    SealsAgain,
    SealsForeignEvents,
    ErasesAgain,
    ErasesForeignEvents,
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
    FindsEventsOfAnyOrg,
    ForgetsRealmOfSlugs,
    ListsOrgsOfAnyRealm,
    ListsMembersOfAnyOrg,
    FindsMembersOfAnyOrg,
    ForgetsMemberFilter,
    FindsMembersWithoutBeside,
    EmptyMemberPrefixWantsAName,
    MemberPrefixAsPattern,
    ListsOldestEventsFirst,
    EventsForgetKind,
    EventsForgetUser,
    EventsForgetSubject,
    EventsForgetTime,
    EventsUntilIncluded,
    UnsealedBackwards,
    UnsealedOfAnyChain,
    ListsSealedOrgs,
    UnsealedKeepsSealed,
    SealedFromItsOwnNumber,
    EndStaysBehind,
    ErasingKeepsAddress,
    ErasingKeepsSalt,
    ErasingTakesTheSeal,
    PagesInclusively,
    ForgetsTheEndOfAList,
    SortsByAlphabet,
    TakesAnyAddress,
    KindsAreOne,
    FindsByLooks,
    FindsMembersByLooks,
    HidesEndedSessions,
    ForgetsTheRestById,
    NewestKeysFirst,
    RotatesRefreshFromAny,
    RotatesRefreshOfTheEnded,
    ReplacesSigningKeys,
    DeletesAllSigningKeys,
    ListsExpiredSessions,
    TouchRevives,
    TouchMovesBack,
    TouchesAnybodysSession,
    FindsAnybodysRow,
    AmongInTheOrderAsked,
    AmongTakesTheFirst,
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
    // API keys.
    SortsScopes,
    ForgetsKeyMaker,
    ReplacesKeys,
    KeyIdsUniqueEverywhere,
    KeysOfAnyRealm,
    KeysWantMembership,
    KeysTakeAnyMembership,
    KeysTakeAnyMember,
    KeysShowTheirMaker,
    KeysHideTheEnded,
    KeysAppendChanges,
    ListsLivingKeysOnly,
    ListsOldestKeysFirst,
    ListsKeysByOrg,
    ListsKeysOfAnyOwner,
    ListsKeysOfAnyOrg,
    ListsOwnKeysOfOrgsOnly,
    ListsKeysOfMembersOnly,
    FindsKeysOfAnyOwner,
    EndsKeysLater,
    EndsKeysInThePast,
    EndsKeysAtOnce,
    EndsKeysThatAreOver,
    EndsKeysAtTheirEnd,
    EndsMissingKeys,
    EndsKeysOfAnyOwner,
    EndsKeysTwiceInARace,
    EndsKeysFromWhatWasRead,
    EndsKeysItPuts,
    EndsKeysOfAllUsers,
    EndsKeysInAllOrgs,
    EndsKeysOutsideOrgs,
    EndsKeysOfOrgsToo,
    EndsAllKeysAgain,
    EndsAtLeastOneKey,
    IgnoresMaxKeys,
    MaxKeysCountsTheEnded,
    MaxKeysCountsByOrg,
    MaxKeysCountsAll,
    MaxKeysCountsBefore,
    MaxKeysCountsInARace,
    UseMovesBack,
    UseRevivesKeys,
    UseForgetsTheFirst,
    UseWantsAKey,
    UsesKeysOfAnyOwner,
    SweepsKeysWithoutEnd,
    SweepsKeysById,
    SweepsNoKeys,
    // Factors.
    ReplacesFactorsOfAnyVersion,
    ForgetsUseOfFactors,
    ForgetsKindsOfFactors,
    RegistersCredentialsTwice,
    FindsFactorsOfAnyRealm,
    FindsRemovedFactors,
    ListsFactorsOfAnyUser,
    ListsFactorsBackwards,
    RemovesFactorsOfAnyVersion,
    RemovesFactorsOfAnyUser,
    RemovesFactorsOfAllKinds,
    RemovesFactorsOfAll,
    RemovesOneFactor,
}

/// What some bugs need to remember.
#[derive(Default)]
pub(crate) struct Memory {
    orgs: BTreeSet<OrgId>,
    users: BTreeSet<UserId>,
    events: BTreeMap<EventId, AuditEvent>,
    erased: BTreeSet<EventId>,
    roles: BTreeMap<OrgId, Vec<CustomRole>>,
    tokens: BTreeMap<TokenId, UserId>,
    attempts: BTreeMap<AttemptId, UserId>,
    digests: BTreeMap<(UserId, SessionId), Digest>,
    jobs: BTreeSet<OutboxId>,
    owners: BTreeMap<SessionId, UserId>,
    failed: BTreeSet<CommitId>,
    revived: BTreeSet<SessionId>,
    seen: BTreeMap<SessionId, OffsetDateTime>,
    hidden: BTreeSet<u64>,
    swept_up_to: u64,
    used: BTreeMap<ThrottleKey, u32>,
    keys: api_keys::KeyMemory,
    removed: Vec<Factor>,
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

usermgmt_core::forward_reads!([] Mutant, |this| this.inner, |call| (), PolicyStore);

#[async_trait]
impl TokenStore for Mutant {
    async fn token(&self, realm: RealmId, user: UserId, id: TokenId) -> Result<Option<Token>> {
        let owner = self.memory().tokens.get(&id).copied().filter(|_| self.has(Bug::FindsAnybodysRow));
        let user = owner.unwrap_or(user);
        first!(self, realm, |realm| self.inner.token(realm, user, id).await)
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
            for id in ids.into_keys() {
                all.extend(self.inner.token(RealmId::DEFAULT, user, id).await?);
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
