//! What mutants do to commits.

use async_trait::async_trait;
use time::{Duration, OffsetDateTime};
use usermgmt_core::id::{CommitId, RealmId, SessionId, UserId};
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{
    AuditEvent, Identifier, Membership, OrgStatus, PasswordCredential, Profile, Session, Token, User, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::port::OsRandom;
use usermgmt_core::store::{
    ChangeSet, CommitStore, Committed, Guard, MembershipStore, OrgStore, OutboxStore, Result, SessionStore,
    SigningKeyStore, StillAuthorised, StillMember, StoreError, StoreErrorKind, TokenStore, UniqueKey, UserStore, Write,
};

use super::{Bug, Mutant};

fn again(changes: &ChangeSet, at: OffsetDateTime, writes: impl IntoIterator<Item = Write>) -> ChangeSet {
    let id = CommitId::new(&OsRandom, at).expect("the random generator works");
    writes.into_iter().fold(ChangeSet::new(id, changes.realm(), at), ChangeSet::with)
}

pub(super) fn kept(changes: &ChangeSet, writes: impl IntoIterator<Item = Write>) -> ChangeSet {
    writes.into_iter().fold(ChangeSet::new(changes.id(), changes.realm(), changes.at()), ChangeSet::with)
}

pub(super) async fn let_others_run() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

const fn is_guard(write: &Write) -> bool {
    matches!(write, Write::StillAuthorised(_))
}

#[async_trait]
impl CommitStore for Mutant {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        if self.has(Bug::IdsUniqueEverywhere) && self.takes_an_id_of_another_user(&changes) {
            return Err(StoreError::new(StoreErrorKind::Duplicate(UniqueKey::Id)));
        }
        self.remember(&changes);
        let id = changes.id();
        let end = self.commit_with_bug(changes).await;
        match end {
            Err(error) if self.has(Bug::NamesNoKey) && matches!(error.kind(), StoreErrorKind::Duplicate(_)) => {
                Err(StoreError::new(StoreErrorKind::Duplicate(UniqueKey::Id)))
            }
            Err(error) => {
                self.memory().failed.insert(id);
                Err(error)
            }
            Ok(mut committed) => {
                for (_, left) in &mut committed.tries_left {
                    *left += u32::from(self.has(Bug::AnswersTriesBefore));
                }
                Ok(committed)
            }
        }
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        let failed = self.has(Bug::RemembersFailedCommits) && self.memory().failed.contains(&id);
        Ok(failed || self.inner.committed(id).await?)
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        self.inner.key_check().await
    }
}

impl Mutant {
    fn remember(&self, changes: &ChangeSet) {
        let mut memory = self.memory();
        for write in changes.writes() {
            match write {
                Write::PutOrg(org) => drop(memory.orgs.insert(org.id)),
                Write::PutUser(user) => drop(memory.users.insert(user.id)),
                Write::Audit(event) => drop(memory.events.entry(event.id).or_insert_with(|| event.clone())),
                Write::PutToken(token) => drop(memory.tokens.insert(token.id, token.user)),
                Write::PutAttempt(attempt) if attempt.version == Version::NEW => {
                    memory.attempts.insert(attempt.id, attempt.user);
                }
                Write::PutSession(session) => {
                    memory.owners.entry(session.id).or_insert(session.user);
                    memory.digests.entry((session.user, session.id)).or_insert(session.digest);
                }
                _ => {}
            }
        }
    }

    async fn commit_with_bug(&self, changes: ChangeSet) -> Result<Committed> {
        let changes = self.twisted_keys(changes).await?;
        let changes = self.twisted_factors(changes).await?;
        let mut writes = Vec::new();
        for write in changes.writes().iter().cloned() {
            writes.extend(self.twisted(write).await?);
        }
        let (guards, rest): (Vec<_>, Vec<_>) = writes.iter().cloned().partition(is_guard);
        match self.bug {
            Bug::AppliesHalf => {
                let mut committed = self.inner.commit(kept(&changes, [])).await?;
                for write in kept(&changes, writes).into_ordered() {
                    let one = self.inner.commit(again(&changes, changes.at(), [write])).await?;
                    committed.tries_left.extend(one.tries_left);
                }
                Ok(committed)
            }
            Bug::ForgetsGuard => self.inner.commit(kept(&changes, rest)).await,
            Bug::ChecksGuardAfterwards => {
                let committed = self.inner.commit(kept(&changes, rest)).await?;
                self.inner.commit(again(&changes, changes.at(), guards)).await?;
                Ok(committed)
            }
            Bug::ChecksGuardWithoutHolding => {
                self.inner.commit(again(&changes, changes.at(), guards)).await?;
                let_others_run().await;
                self.inner.commit(kept(&changes, rest)).await
            }
            Bug::ForgetsCommitIds => {
                let committed = self.inner.commit(again(&changes, changes.at(), writes)).await?;
                // Remembered for whoever asks, but no obstacle to whoever commits again.
                let _ = self.inner.commit(kept(&changes, [])).await;
                Ok(committed)
            }
            Bug::ConsumesAtExpiry => {
                let early = changes.at() - Duration::MICROSECOND;
                let consumes = writes.iter().any(|write| matches!(write, Write::ConsumeToken { .. }));
                let at = if consumes { early } else { changes.at() };
                self.inner.commit(again(&changes, at, writes)).await
            }
            Bug::ConsumesTwiceInARace => {
                for write in &writes {
                    if let Write::ConsumeToken { user, id } = write {
                        let found = self.inner.token(changes.realm(), *user, *id).await?;
                        let live = found.is_some_and(|row| row.is_live(changes.at()));
                        if !live {
                            return Err(StoreError::new(StoreErrorKind::Refused(Guard::Token)));
                        }
                    }
                }
                let_others_run().await;
                match self.inner.commit(kept(&changes, writes.clone())).await {
                    Err(error) if error.kind() == StoreErrorKind::Refused(Guard::Token) => {
                        let rest = writes.into_iter().filter(|write| !matches!(write, Write::ConsumeToken { .. }));
                        self.inner.commit(kept(&changes, rest)).await
                    }
                    end => end,
                }
            }
            _ => self.inner.commit(kept(&changes, writes)).await,
        }
    }

    pub(super) fn text(&self, text: String) -> String {
        match self.bug {
            Bug::TrimsTexts => text.trim().to_owned(),
            Bug::CutsLongTexts => text.chars().take(255).collect(),
            Bug::CutsAtNul => text.split('\0').next().unwrap_or_default().to_owned(),
            _ => text,
        }
    }

    fn optional(&self, text: Option<String>) -> Option<String> {
        text.filter(|text| !(self.has(Bug::TakesEmptyForAbsent) && text.is_empty()))
    }

    fn time(&self, time: OffsetDateTime) -> OffsetDateTime {
        let nanos = time.nanosecond();
        let cut = match self.bug {
            Bug::CutsTimesToMillis => nanos - nanos % 1_000_000,
            Bug::CutsTimesToSeconds => 0,
            _ => nanos,
        };
        time.replace_nanosecond(cut).unwrap_or(time)
    }

    /// What becomes of one write.
    async fn twisted(&self, write: Write) -> Result<Vec<Write>> {
        let write = match write {
            Write::MaxSessions { .. } if self.has(Bug::IgnoresMaxSessions) => return Ok(Vec::new()),
            Write::PutUser(user) => {
                let present = self.inner.user(user.realm, user.id).await?;
                let user = User {
                    name: self.text(user.name),
                    locale: self.optional(user.locale),
                    created_at: self.time(user.created_at),
                    version: self.version(user.version, present.as_ref().map(|row| row.version)),
                    ..user
                };
                let epochs = present.map_or(user.auth_epoch, |row| row.auth_epoch)..user.auth_epoch;
                let moves = epochs.filter(|_| self.has(Bug::ReplacesEpochs));
                let moves = moves.map(|from| Write::MoveAuthEpoch { user: user.id, from }).collect::<Vec<_>>();
                return Ok([Write::PutUser(user)].into_iter().chain(moves).collect());
            }
            Write::PutIdentifier(row) => Write::PutIdentifier(Identifier {
                canonical: self.text(self.key(&row.canonical)),
                display: self.text(row.display),
                ..row
            }),
            Write::PutPassword(row) => {
                let present = self.inner.password(row.user).await?.map(|row| row.version);
                let must_change = row.must_change && !self.has(Bug::ForgetsMustChange);
                Write::PutPassword(PasswordCredential {
                    must_change,
                    version: self.version(row.version, present),
                    ..row
                })
            }
            Write::PutProfile(row) => {
                let present = self.inner.profile(row.user).await?.map(|row| row.version);
                let newest = present.filter(|_| self.has(Bug::IgnoresProfileVersion));
                let version = newest.unwrap_or(self.version(row.version, present));
                Write::PutProfile(Profile {
                    picture: self.optional(row.picture),
                    contact: self.optional(row.contact),
                    version,
                    ..row
                })
            }
            Write::PutOrg(row) => return self.twisted_org(row).await,
            Write::PutOrgProfile(row) => self.twisted_org_profile(row).await?,
            Write::PutRoles { .. } => return Ok(Vec::from_iter(self.twisted_roles(write).await?)),
            Write::SealEvents { .. } => return Ok(Vec::from_iter(self.twisted_seals(write).await?)),
            Write::EraseEvent { .. } => return Ok(Vec::from_iter(self.twisted_erasure(write))),
            Write::PutMembership(mut row) => {
                if self.has(Bug::SortsRoles) {
                    row.roles.sort();
                }
                let present = self.inner.membership(row.org, row.user).await?.map(|row| row.version);
                Write::PutMembership(Membership { version: self.version(row.version, present), ..row })
            }
            Write::PutSession(row) => Write::PutSession(Session {
                label: self.optional(row.label),
                seen_at: self.time(row.seen_at),
                expires_at: self.time(row.expires_at),
                ..row
            }),
            Write::PutToken(row) => Write::PutToken(Token { expires_at: self.time(row.expires_at), ..row }),
            Write::Audit(row) if self.has(Bug::KeepsNumbersAsFloats) => {
                let numbers = row.detail.as_array().cloned().unwrap_or_default();
                let floats = numbers.iter().map(|number| number.as_f64().map_or(number.clone(), Into::into));
                let detail = if numbers.is_empty() { row.detail.clone() } else { floats.collect() };
                Write::Audit(AuditEvent { detail, ..row })
            }
            Write::EndSession { user, id } if self.has(Bug::EndsAnybodysSession) => {
                Write::EndSession { user: self.owner(Bug::EndsAnybodysSession, id).unwrap_or(user), id }
            }
            Write::FinishJob { id, worker } if self.has(Bug::SettlesForAnybody) => {
                let realm = RealmId::DEFAULT;
                let jobs = self.inner.pending_jobs(realm, PageRequest::first(200)).await?.items;
                let holder = jobs.iter().find(|row| row.id == id).and_then(|row| row.lease).map(|(holder, _)| holder);
                Write::FinishJob { id, worker: holder.unwrap_or(worker) }
            }
            Write::MoveRights { org, user: Some(user) } if self.has(Bug::MovesRightsOfNobody) => {
                let there = self.inner.membership(org, user).await?.is_some();
                return Ok(Vec::from_iter(there.then_some(Write::MoveRights { org, user: Some(user) })));
            }
            Write::DeleteMembership { org, user, version } => {
                let present = self.inner.membership(org, user).await?.map(|row| row.version);
                Write::DeleteMembership { org, user, version: self.version(version, present) }
            }
            Write::DeleteIdentifier { realm, kind, canonical, user, version } => {
                let canonical = self.key(&canonical);
                let found = self.inner.sign_in_record(realm, kind, &canonical).await?.map(|record| record.identifier);
                if found.is_none() && self.has(Bug::DeletesWhatIsGone) {
                    return Ok(Vec::new());
                }
                let version = self.version(version, found.as_ref().map(|row| row.version));
                let holder = found.filter(|_| self.has(Bug::DeletesAnybodysIdentifier)).map(|row| row.user);
                Write::DeleteIdentifier { realm, kind, canonical, user: holder.unwrap_or(user), version }
            }
            Write::DeletePassword { user, version } => {
                let present = self.inner.password(user).await?.map(|row| row.version);
                Write::DeletePassword { user, version: self.version(version, present) }
            }
            Write::MoveAuthEpoch { user, from } if self.has(Bug::MovesFromAnyEpoch) => {
                let present = self.inner.user(RealmId::DEFAULT, user).await?;
                Write::MoveAuthEpoch { user, from: present.map_or(from, |row| row.auth_epoch) }
            }
            Write::RotateSession { user, id, from, to, proofs, org, auth_epoch }
                if self.has(Bug::RotatesFromAnySecret) =>
            {
                let present = self.memory().digests.insert((user, id), to);
                Write::RotateSession { user, id, from: present.unwrap_or(from), to, proofs, org, auth_epoch }
            }
            Write::RotateSession { from, to, .. } if self.has(Bug::RotatesToTheSameSecret) && from == to => {
                return Ok(Vec::new());
            }
            Write::RotateSession { user, id, from, to, proofs, org, auth_epoch } => {
                let user = self.owner(Bug::RotatesAnybodysSession, id).unwrap_or(user);
                Write::RotateSession { user, id, from, to, proofs, org, auth_epoch }
            }
            Write::RotateRefresh { user, id, from } if self.has(Bug::MovesAnybodysChain) => {
                Write::RotateRefresh { user: self.owner(Bug::MovesAnybodysChain, id).unwrap_or(user), id, from }
            }
            Write::RotateRefresh { user, id, from } if self.has(Bug::RotatesRefreshFromAny) => {
                let present = self.inner.principal_of(RealmId::DEFAULT, user, id).await?;
                let present = present.map(|record| record.session.refresh.map(|refresh| refresh.generation));
                Write::RotateRefresh { user, id, from: present.unwrap_or(from) }
            }
            Write::RotateRefresh { user, id, .. } if self.has(Bug::RotatesRefreshOfTheEnded) => {
                let found = self.inner.principal_of(RealmId::DEFAULT, user, id).await?;
                let ended = found.is_some_and(|record| record.session.ended_at.is_some());
                return Ok(Vec::from_iter((!ended).then_some(write)));
            }
            Write::PutSigningKey(key) if self.has(Bug::ReplacesSigningKeys) => {
                let taken = self.inner.signing_keys(key.realm).await?.iter().any(|other| other.number == key.number);
                return Ok(Vec::from_iter((!taken).then_some(Write::PutSigningKey(key))));
            }
            Write::DeleteSigningKeys { realm, .. } if self.has(Bug::DeletesAllSigningKeys) => {
                Write::DeleteSigningKeys { realm, up_to: u32::MAX }
            }
            Write::MoveKeyCheck { from, to } if self.has(Bug::MovesAnyKeyCheck) => {
                let present = self.inner.key_check().await?;
                Write::MoveKeyCheck { from: present.map_or(from, |check| check.key_id), to }
            }
            Write::ConsumeAttempt { .. } if self.has(Bug::CompletesTwice) => return Ok(Vec::new()),
            Write::ConsumeAttempt { user, id } if self.has(Bug::CompletesAnybodysAttempt) => {
                let owner = self.memory().attempts.get(&id).copied();
                Write::ConsumeAttempt { user: owner.unwrap_or(user), id }
            }
            Write::ConsumeToken { user, id } if self.has(Bug::HitsAnybodysRow) => {
                let owner = self.memory().tokens.get(&id).copied();
                Write::ConsumeToken { user: owner.unwrap_or(user), id }
            }
            Write::CountTry { user, id } if self.has(Bug::CountsAnybodysTry) => {
                let owner = self.memory().tokens.get(&id).copied();
                Write::CountTry { user: owner.unwrap_or(user), id }
            }
            Write::RevokeTokens { kind, .. } if self.has(Bug::RevokesForEverybody) => {
                let users = self.memory().users.clone();
                return Ok(users.into_iter().map(|user| Write::RevokeTokens { user, kind }).collect());
            }
            Write::PutJob(row) if self.has(Bug::IgnoresTakenIds) => {
                let fresh = self.memory().jobs.insert(row.id);
                return Ok(Vec::from_iter(fresh.then_some(Write::PutJob(row))));
            }
            Write::StillAuthorised(authority) => Write::StillAuthorised(self.softened(authority).await?),
            other => other,
        };
        Ok(vec![write])
    }

    /// Whose session it is: the first user's who had one of this id, for a store with this bug.
    pub(super) fn owner(&self, bug: Bug, session: SessionId) -> Option<UserId> {
        self.memory().owners.get(&session).copied().filter(|_| self.has(bug))
    }

    fn takes_an_id_of_another_user(&self, changes: &ChangeSet) -> bool {
        let memory = self.memory();
        changes.writes().iter().any(|write| match write {
            Write::PutSession(row) => memory.owners.get(&row.id).is_some_and(|owner| *owner != row.user),
            _ => false,
        })
    }

    /// The version of a write, or, if versions are ignored, whatever the row has.
    pub(super) fn version(&self, seen: Version, present: Option<Version>) -> Version {
        if self.has(Bug::IgnoresVersions) { present.unwrap_or(Version::NEW) } else { seen }
    }

    /// An authority as it would have to be to pass in one respect.
    async fn softened(&self, authority: StillAuthorised) -> Result<StillAuthorised> {
        let Some(member) = authority.member else { return Ok(authority) };
        let realm = RealmId::DEFAULT;
        let org = self.inner.org(realm, member.org).await?;
        let membership = self.inner.membership(member.org, authority.user).await?;
        let member = match (self.bug, org, membership) {
            (Bug::GuardForgetsMember, ..) => None,
            (Bug::GuardForgetsMemberRights, _, Some(row)) => {
                Some(StillMember { member_rights: row.rights_version, ..member })
            }
            (Bug::GuardForgetsOrgRights, Some(row), _) => {
                Some(StillMember { org_rights: row.rights_version, ..member })
            }
            (Bug::GuardForgetsPolicy, Some(row), _) => Some(StillMember { policy_epoch: row.policy_epoch, ..member }),
            (Bug::GuardForgetsDeletion, Some(row), _) if row.status == OrgStatus::Deleted => None,
            (Bug::GuardMindsEveryEdit, Some(row), _) if row.version != Version::NEW.next() => {
                Some(StillMember { org_rights: u64::MAX, ..member })
            }
            _ => Some(member),
        };
        Ok(StillAuthorised { member, ..authority })
    }
}
