//! What mutants do to API keys.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use time::OffsetDateTime;
use usermgmt_core::id::{ApiKeyId, CommitId, OrgId, RealmId, SessionId, UserId};
use usermgmt_core::model::{ApiKey, ApiKeyRecord, KeyOwner, MemberFilter};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::port::OsRandom;
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{
    ApiKeyStore, ChangeSet, CommitStore, MembershipStore, Result, StoreError, StoreErrorKind, UserStore, Write,
};

use super::commit::{kept, let_others_run};
use super::{Bug, Mutant, first};

type Place = (KeyOwner, ApiKeyId);

/// What some bugs need to remember about keys.
#[derive(Default)]
pub(super) struct KeyMemory {
    /// Every key that was ever put.
    known: BTreeSet<Place>,
    /// Ends that are shown instead of the true ones.
    ends: BTreeMap<Place, Option<OffsetDateTime>>,
    /// Marks of use that are shown instead of the true ones.
    uses: BTreeMap<Place, OffsetDateTime>,
    /// Keys that are not shown.
    gone: BTreeSet<Place>,
    /// The time of the last commit.
    now: Option<OffsetDateTime>,
}

fn conflict<T>() -> Result<T> {
    Err(StoreError::new(StoreErrorKind::Conflict))
}

const fn place(key: &ApiKey) -> Place {
    (key.owner, key.id)
}

impl Mutant {
    fn shown_key(&self, mut key: ApiKey) -> Option<ApiKey> {
        let memory = self.memory();
        let keys = &memory.keys;
        if let Some(end) = keys.ends.get(&place(&key)) {
            key.expires_at = *end;
        }
        if let Some(used) = keys.uses.get(&place(&key)) {
            key.used_at = Some(*used);
        }
        let is_over = keys.now.is_some_and(|now| !key.is_live(now));
        let hidden = keys.gone.contains(&place(&key)) || (is_over && self.bug == Bug::KeysHideTheEnded);
        (!hidden).then_some(key)
    }

    /// Every key that is there, newest id first.
    pub(super) async fn known_keys(&self) -> Result<Vec<ApiKey>> {
        let (known, mut found) = (self.memory().keys.known.clone(), Vec::new());
        for (owner, id) in known {
            found.extend(self.inner.api_key(owner, id).await?);
        }
        found.sort_by_key(|key| std::cmp::Reverse(key.id));
        Ok(found)
    }

    async fn present(&self, owner: KeyOwner, id: ApiKeyId) -> Result<Option<ApiKey>> {
        Ok(self.inner.api_key(owner, id).await?.and_then(|key| self.shown_key(key)))
    }

    fn keys_page(&self, mut found: Page<ApiKey, ApiKeyId>) -> Page<ApiKey, ApiKeyId> {
        let now = self.memory().keys.now;
        found.items = found.items.into_iter().filter_map(|key| self.shown_key(key)).collect();
        if self.has(Bug::ListsLivingKeysOnly) {
            found.items.retain(|key| now.is_none_or(|now| key.is_live(now)));
        }
        if self.has(Bug::ListsOldestKeysFirst) {
            found.items.reverse();
        }
        self.page(found, |key| key.id)
    }

    /// The change set with what becomes of its writes of keys.
    pub(super) async fn twisted_keys(&self, changes: ChangeSet) -> Result<ChangeSet> {
        let mut writes = Vec::new();
        for write in changes.writes().iter().cloned() {
            if let Write::PutApiKey(key) = &write {
                self.memory().keys.known.insert(place(key));
            }
            writes.extend(self.twisted_key(&changes, write).await?);
        }
        self.memory().keys.now = Some(changes.at());
        Ok(kept(&changes, writes))
    }

    async fn twisted_key(&self, changes: &ChangeSet, write: Write) -> Result<Vec<Write>> {
        let is_of_key = matches!(write, Write::PutApiKey(_) | Write::EndApiKey { .. } | Write::EndApiKeys { .. });
        let appended = (is_of_key && self.has(Bug::KeysAppendChanges)).then(|| Write::EndSession {
            user: UserId::new(&OsRandom, changes.at()).expect("the random generator works"),
            id: SessionId::new(&OsRandom, changes.at()).expect("the random generator works"),
        });
        let mut twisted = match write {
            Write::PutApiKey(key) => self.twisted_put(changes, key).await?,
            Write::EndApiKey { owner, id, at } => self.twisted_end(changes.at(), owner, id, at).await?,
            Write::EndApiKeys { user, org } => self.twisted_ends(changes.at(), user, org).await?,
            Write::MaxApiKeys { owner, max } => self.twisted_max(changes, owner, max).await?,
            other => vec![other],
        };
        twisted.extend(appended);
        Ok(twisted)
    }

    async fn twisted_put(&self, changes: &ChangeSet, mut key: ApiKey) -> Result<Vec<Write>> {
        let ends_too = |write: &Write| match write {
            Write::EndApiKeys { user, org } => key.owner == KeyOwner::User(*user) && (org.is_none() || *org == key.org),
            _ => false,
        };
        match self.bug {
            Bug::SortsScopes => key.scopes.sort(),
            Bug::ForgetsKeyMaker => key.made_by = None,
            Bug::EndsKeysItPuts if changes.writes().iter().any(ends_too) => key.expires_at = Some(changes.at()),
            Bug::ReplacesKeys if self.inner.api_key(key.owner, key.id).await?.is_some() => return Ok(Vec::new()),
            Bug::KeyIdsUniqueEverywhere
                if self.memory().keys.known.iter().any(|(owner, id)| *id == key.id && *owner != key.owner) =>
            {
                return conflict();
            }
            _ => {}
        }
        Ok(vec![Write::PutApiKey(key)])
    }

    async fn twisted_end(
        &self,
        now: OffsetDateTime,
        owner: KeyOwner,
        id: ApiKeyId,
        at: OffsetDateTime,
    ) -> Result<Vec<Write>> {
        let present = self.present(owner, id).await?;
        let is_live = present.as_ref().is_some_and(|key| key.is_live(now));
        let end = present.as_ref().and_then(|key| key.expires_at);
        let write = |owner, at| vec![Write::EndApiKey { owner, id, at }];
        let shows = |end| {
            self.memory().keys.ends.insert((owner, id), Some(end));
        };
        match self.bug {
            Bug::EndsKeysLater if is_live => shows(at.max(now)),
            Bug::EndsKeysInThePast if is_live => shows(end.map_or(at, |end| end.min(at))),
            Bug::EndsKeysAtOnce => return Ok(write(owner, now)),
            Bug::EndsKeysThatAreOver if present.is_some() && !is_live => return Ok(Vec::new()),
            Bug::EndsKeysAtTheirEnd if end == Some(now) => return Ok(Vec::new()),
            Bug::EndsMissingKeys if present.is_none() => return Ok(Vec::new()),
            Bug::EndsKeysOfAnyOwner => {
                let found = self.known_keys().await?.into_iter().find(|key| key.id == id).map(|key| key.owner);
                return Ok(write(if present.is_some() { owner } else { found.unwrap_or(owner) }, at));
            }
            Bug::EndsKeysTwiceInARace if is_live => {
                let_others_run().await;
                let still = self.present(owner, id).await?.is_some_and(|key| key.is_live(now));
                return Ok(if still { write(owner, at) } else { Vec::new() });
            }
            Bug::EndsKeysFromWhatWasRead if is_live => {
                let_others_run().await;
                shows(end.map_or(at, |end| end.min(at)).max(now));
                return Ok(Vec::new());
            }
            _ => {}
        }
        Ok(write(owner, at))
    }

    async fn twisted_ends(&self, now: OffsetDateTime, user: UserId, org: Option<OrgId>) -> Result<Vec<Write>> {
        let all = Write::EndApiKeys { user, org };
        let known = self.known_keys().await?;
        let mine = |key: &&ApiKey| key.owner == KeyOwner::User(user) && (org.is_none() || key.org == org);
        let ends = |key: &ApiKey| Write::EndApiKey { owner: key.owner, id: key.id, at: now };
        Ok(match self.bug {
            Bug::EndsKeysOfAllUsers => {
                let users = self.memory().users.clone();
                users.into_iter().map(|user| Write::EndApiKeys { user, org }).collect()
            }
            Bug::EndsKeysInAllOrgs => vec![Write::EndApiKeys { user, org: None }],
            Bug::EndsKeysOutsideOrgs if org.is_none() => {
                known.iter().filter(mine).filter(|key| key.org.is_none() && key.is_live(now)).map(ends).collect()
            }
            Bug::EndsKeysOfOrgsToo => {
                let of_org =
                    known.iter().filter(|key| org.is_some() && key.owner == org.map_or(key.owner, KeyOwner::Org));
                of_org.filter(|key| key.is_live(now)).map(ends).chain([all]).collect()
            }
            Bug::EndsAllKeysAgain => {
                for key in known.iter().filter(mine) {
                    self.memory().keys.ends.insert(place(key), Some(now));
                }
                vec![all]
            }
            Bug::EndsAtLeastOneKey if !known.iter().filter(mine).any(|key| key.is_live(now)) => return conflict(),
            _ => vec![all],
        })
    }

    async fn twisted_max(&self, changes: &ChangeSet, owner: KeyOwner, max: u32) -> Result<Vec<Write>> {
        let (now, known) = (changes.at(), self.known_keys().await?);
        let living = known.iter().filter(|key| key.owner == owner && key.is_live(now)).count();
        let puts = changes.writes().iter().filter(|write| matches!(write, Write::PutApiKey(key) if key.owner == owner));
        let demand = |count: usize, rest| if count > max as usize { conflict() } else { Ok(rest) };
        let same = vec![Write::MaxApiKeys { owner, max }];
        match self.bug {
            Bug::IgnoresMaxKeys => Ok(Vec::new()),
            Bug::MaxKeysCountsTheEnded => {
                demand(known.iter().filter(|key| key.owner == owner).count() + puts.count(), same)
            }
            Bug::MaxKeysCountsByOrg => {
                let in_org = |key: &&ApiKey| key.org.map(KeyOwner::Org) == Some(owner) && key.is_live(now);
                demand(known.iter().filter(in_org).count(), same)
            }
            Bug::MaxKeysCountsAll => demand(known.iter().filter(|key| key.is_live(now)).count(), same),
            Bug::MaxKeysCountsBefore => demand(living, Vec::new()),
            Bug::MaxKeysCountsInARace => {
                let rest = demand(living + puts.count(), Vec::new());
                let_others_run().await;
                rest
            }
            _ => Ok(same),
        }
    }

    /// What becomes of a sweep: the keys that were there, and how many rows have gone.
    pub(super) async fn swept_keys(&self, before: Vec<ApiKey>, gone: u64) -> Result<u64> {
        let left: BTreeSet<_> = self.known_keys().await?.iter().map(place).collect();
        let (stayed, went): (Vec<_>, Vec<_>) = before.into_iter().partition(|key| left.contains(&place(key)));
        match self.bug {
            Bug::SweepsKeysWithoutEnd => {
                let endless = stayed.iter().filter(|key| key.expires_at.is_none()).map(place);
                self.memory().keys.gone.extend(endless);
            }
            Bug::SweepsKeysById => {
                let same = stayed.iter().filter(|key| went.iter().any(|other| other.id == key.id)).map(place);
                self.memory().keys.gone.extend(same);
            }
            Bug::SweepsNoKeys => {
                let back = went.iter().cloned().map(Write::PutApiKey);
                let now = self.memory().keys.now.unwrap_or(OffsetDateTime::UNIX_EPOCH);
                let id = CommitId::new(&OsRandom, now).expect("the random generator works");
                self.inner.commit(back.fold(ChangeSet::new(id, RealmId::DEFAULT, now), ChangeSet::with)).await?;
                return Ok(gone - went.len() as u64);
            }
            _ => {}
        }
        Ok(gone)
    }

    async fn record_with_bug(&self, realm: RealmId, digest: Digest) -> Result<Option<ApiKeyRecord>> {
        let Some(mut record) = self.inner.api_key_record(realm, digest).await? else { return Ok(None) };
        let Some(key) = self.shown_key(record.key) else { return Ok(None) };
        let (owner, org) = (record.user.as_ref().map(|user| user.id), key.org);
        match (self.bug, owner, org) {
            (Bug::KeysWantMembership, Some(_), Some(_)) if record.membership.is_none() => return Ok(None),
            (Bug::KeysTakeAnyMembership, Some(user), _) => {
                let all = self.inner.memberships_of(user, PageRequest::first(1)).await?.items;
                record.membership = all.into_iter().next().map(|(_, membership)| membership);
            }
            (Bug::KeysTakeAnyMember, _, Some(org)) => {
                let all = self.inner.members(org, &MemberFilter::default(), PageRequest::first(1)).await?.items;
                record.membership = all.into_iter().next().map(|row| row.membership);
            }
            (Bug::KeysShowTheirMaker, None, _) => {
                if let Some(maker) = key.made_by {
                    record.user = self.inner.user(realm, maker).await?;
                }
            }
            _ => {}
        }
        Ok(Some(ApiKeyRecord { key, ..record }))
    }
}

#[async_trait]
impl ApiKeyStore for Mutant {
    async fn api_key_record(&self, realm: RealmId, digest: Digest) -> Result<Option<ApiKeyRecord>> {
        if self.has(Bug::KeysOfAnyRealm) {
            for realm in Self::both_realms() {
                if let Some(found) = self.record_with_bug(realm, digest).await? {
                    return Ok(Some(found));
                }
            }
        }
        first!(self, realm, |realm| self.record_with_bug(realm, digest).await)
    }

    async fn api_key(&self, owner: KeyOwner, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let found = self.present(owner, id).await?;
        if found.is_none() && self.has(Bug::FindsKeysOfAnyOwner) {
            return Ok(self.known_keys().await?.into_iter().find(|key| key.id == id));
        }
        Ok(found)
    }

    async fn api_keys(&self, owner: KeyOwner, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>> {
        let found = match (self.bug, owner) {
            (Bug::ListsKeysByOrg, KeyOwner::Org(org)) => self.inner.api_keys_in(org, page).await?,
            (Bug::ListsKeysOfAnyOwner, _) => Page { items: self.known_keys().await?, next: None },
            _ => self.inner.api_keys(owner, page).await?,
        };
        Ok(self.keys_page(found))
    }

    async fn api_keys_in(&self, org: OrgId, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>> {
        let mut found = match self.bug {
            Bug::ListsKeysOfAnyOrg => Page { items: self.known_keys().await?, next: None },
            _ => self.inner.api_keys_in(org, page).await?,
        };
        match self.bug {
            Bug::ListsOwnKeysOfOrgsOnly => found.items.retain(|key| key.owner == KeyOwner::Org(org)),
            Bug::ListsKeysOfMembersOnly => found.items.retain(|key| key.owner != KeyOwner::Org(org)),
            _ => {}
        }
        Ok(self.keys_page(found))
    }

    async fn touch_api_key(&self, owner: KeyOwner, id: ApiKeyId, used_at: OffsetDateTime) -> Result<()> {
        let present = self.present(owner, id).await?;
        match self.bug {
            Bug::UseMovesBack => drop(self.memory().keys.uses.insert((owner, id), used_at)),
            Bug::UseRevivesKeys => drop(self.memory().keys.ends.insert((owner, id), None)),
            Bug::UseForgetsTheFirst if present.as_ref().is_some_and(|key| key.used_at.is_none()) => return Ok(()),
            Bug::UseWantsAKey if present.is_none() => return conflict(),
            Bug::UsesKeysOfAnyOwner => {
                for key in self.known_keys().await?.iter().filter(|key| key.id == id) {
                    self.inner.touch_api_key(key.owner, id, used_at).await?;
                }
            }
            _ => {}
        }
        self.inner.touch_api_key(owner, id, used_at).await
    }
}
