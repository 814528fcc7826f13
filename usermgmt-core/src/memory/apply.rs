//! Applying a change set to the tables.

use std::sync::Arc;

use time::OffsetDateTime;

use super::tables::{Table, Tables};
use crate::id::{EventId, OrgId, RealmId, TokenId, UserId};
use crate::model::{
    Actor, Change, KeyOwner, MembershipStatus, Org, OrgStatus, Refresh, Seal, Session, Token, UserStatus, Version,
};
use crate::store::{
    ChangeSet, Committed, Guard, Result, StillAuthorised, StoreError, StoreErrorKind, SweepBefore, UniqueKey, Write,
};

const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;

fn ensure(holds: bool, otherwise: StoreErrorKind) -> Result<()> {
    if holds { Ok(()) } else { Err(StoreError::new(otherwise)) }
}

fn refused(guard: Guard) -> StoreErrorKind {
    StoreErrorKind::Refused(guard)
}

fn duplicate(key: UniqueKey) -> StoreErrorKind {
    StoreErrorKind::Duplicate(key)
}

/// The row that may be changed, if it is there.
fn row<'a, K: Ord, V: Clone>(table: &'a mut Table<K, V>, key: &K, otherwise: StoreErrorKind) -> Result<&'a mut V> {
    table.get_mut(key).map(Arc::make_mut).ok_or_else(|| StoreError::new(otherwise))
}

/// The present row, if the version that was read is still the one that stands.
pub(super) fn expect<'a, K: Ord, V>(
    table: &'a Table<K, V>,
    key: &K,
    seen: Version,
    version: impl Fn(&V) -> Version,
) -> Result<Option<&'a Arc<V>>> {
    let present = table.get(key);
    ensure(present.map_or(Version::NEW, |row| version(row)) == seen, CONFLICT)?;
    Ok(present)
}

fn insert<K: Ord, V>(table: &mut Table<K, V>, key: K, row: V) -> Result<()> {
    ensure(table.insert(key, Arc::new(row)).is_none(), duplicate(UniqueKey::Id))
}

impl Tables {
    pub(super) fn apply(&mut self, changes: ChangeSet) -> Result<Committed> {
        let (id, now, subjects) = (changes.id(), changes.at(), changes.subjects());
        ensure(self.commits.insert(id, now).is_none(), duplicate(UniqueKey::Id))?;
        let mut committed = Committed::default();
        for write in changes.into_ordered() {
            self.write(write, now, &mut committed)?;
        }
        for subject in subjects {
            self.last_change += 1;
            self.changes.push(Change { number: self.last_change, subject, at: now });
        }
        Ok(committed)
    }

    fn write(&mut self, write: Write, now: OffsetDateTime, committed: &mut Committed) -> Result<()> {
        match write {
            Write::StillAuthorised(authority) => ensure(self.stands(&authority), refused(Guard::Authority)),
            Write::PutKeyCheck(check) => {
                ensure(self.key_check.replace(check).is_none(), duplicate(UniqueKey::KeyCheck))
            }
            Write::MoveKeyCheck { from, to } => {
                let present = self.key_check.replace(to);
                ensure(present.is_some_and(|check| check.key_id == from), StoreErrorKind::Conflict)
            }
            Write::PutUser(mut user) => {
                let present = expect(&self.users, &user.id, user.version, |row| row.version)?;
                if let Some(present) = present {
                    user.auth_epoch = present.auth_epoch;
                }
                user.version = user.version.next();
                self.users.insert(user.id, Arc::new(user));
                Ok(())
            }
            Write::MoveAuthEpoch { user, from } => {
                let user = row(&mut self.users, &user, CONFLICT)?;
                ensure(user.auth_epoch == from, CONFLICT)?;
                user.auth_epoch += 1;
                Ok(())
            }
            Write::PutIdentifier(mut identifier) => {
                let key = (identifier.realm, identifier.kind, identifier.canonical.clone());
                let taken = self.identifiers.get(&key).is_some_and(|present| present.user != identifier.user);
                let fresh = identifier.version == Version::NEW && self.identifiers.contains_key(&key);
                ensure(!taken && !fresh, duplicate(UniqueKey::Identifier))?;
                expect(&self.identifiers, &key, identifier.version, |row| row.version)?;
                identifier.version = identifier.version.next();
                self.identifiers.insert(key, Arc::new(identifier));
                Ok(())
            }
            Write::PutPassword(mut password) => {
                expect(&self.passwords, &password.user, password.version, |row| row.version)?;
                password.version = password.version.next();
                self.passwords.insert(password.user, Arc::new(password));
                Ok(())
            }
            Write::DeleteIdentifier { realm, kind, canonical, user, version } => {
                let key = (realm, kind, canonical);
                let present = expect(&self.identifiers, &key, version, |row| row.version)?;
                ensure(present.is_some_and(|row| row.user == user), CONFLICT)?;
                self.identifiers.remove(&key);
                Ok(())
            }
            Write::DeletePassword { user, version } => {
                expect(&self.passwords, &user, version, |row| row.version)?;
                ensure(self.passwords.remove(&user).is_some(), CONFLICT)
            }
            Write::PutProfile(mut profile) => {
                expect(&self.profiles, &profile.user, profile.version, |row| row.version)?;
                profile.version = profile.version.next();
                self.profiles.insert(profile.user, Arc::new(profile));
                Ok(())
            }
            Write::PutOrg(mut org) => {
                let twin = |row: &Org| row.realm == org.realm && row.slug == org.slug && row.id != org.id;
                ensure(!self.orgs.values().any(|row| twin(row)), duplicate(UniqueKey::OrgSlug))?;
                if let Some(present) = expect(&self.orgs, &org.id, org.version, |row| row.version)? {
                    org.roles.clone_from(&present.roles);
                    org.policy = present.policy.clone();
                    org.rights_version = present.rights_version;
                    org.policy_epoch = present.policy_epoch;
                }
                org.version = org.version.next();
                self.orgs.insert(org.id, Arc::new(org));
                Ok(())
            }
            Write::PutPolicy { org, policy, from } => {
                let org = row(&mut self.orgs, &org, CONFLICT)?;
                ensure(org.policy_epoch == from, CONFLICT)?;
                org.policy = policy;
                org.policy_epoch += 1;
                Ok(())
            }
            Write::PutOrgProfile(mut profile) => {
                expect(&self.org_profiles, &profile.org, profile.version, |row| row.version)?;
                profile.version = profile.version.next();
                self.org_profiles.insert(profile.org, Arc::new(profile));
                Ok(())
            }
            Write::PutRoles { org, roles, from } => {
                let org = row(&mut self.orgs, &org, CONFLICT)?;
                ensure(org.rights_version == from, CONFLICT)?;
                org.roles = roles;
                org.rights_version += 1;
                Ok(())
            }
            Write::PutMembership(mut membership) => {
                let key = (membership.org, membership.user);
                if let Some(present) = expect(&self.memberships, &key, membership.version, |row| row.version)? {
                    membership.rights_version = present.rights_version;
                }
                membership.version = membership.version.next();
                self.memberships.insert(key, Arc::new(membership));
                Ok(())
            }
            Write::DeleteMembership { org, user, version } => {
                expect(&self.memberships, &(org, user), version, |row| row.version)?;
                ensure(self.memberships.remove(&(org, user)).is_some(), CONFLICT)
            }
            Write::MoveRights { org, user: Some(user) } => {
                row(&mut self.memberships, &(org, user), CONFLICT)?.rights_version += 1;
                Ok(())
            }
            Write::MoveRights { org, user: None } => {
                row(&mut self.orgs, &org, CONFLICT)?.rights_version += 1;
                Ok(())
            }
            Write::RevokeTokens { user, kind } => {
                let wanted =
                    |token: &&mut Arc<Token>| token.user == user && token.kind == kind && token.consumed_at.is_none();
                for token in self.tokens.values_mut().filter(wanted) {
                    Arc::make_mut(token).consumed_at = Some(now);
                }
                Ok(())
            }
            Write::CountTry { user, id } => self.count_try(user, id, now, committed),
            Write::ConsumeToken { user, id } => {
                let token = row(&mut self.tokens, &(user, id), refused(Guard::Token))?;
                ensure(token.is_live(now), refused(Guard::Token))?;
                token.consumed_at = Some(now);
                Ok(())
            }
            Write::PutToken(token) => insert(&mut self.tokens, (token.user, token.id), token),
            Write::ConsumeAttempt { user, id } => {
                let attempt = row(&mut self.attempts, &(user, id), refused(Guard::Attempt))?;
                let live = attempt.consumed_at.is_none() && now < attempt.expires_at;
                ensure(live, refused(Guard::Attempt))?;
                attempt.consumed_at = Some(now);
                attempt.version = attempt.version.next();
                Ok(())
            }
            Write::PutAttempt(mut attempt) => {
                let key = (attempt.user, attempt.id);
                expect(&self.attempts, &key, attempt.version, |row| row.version)?;
                attempt.version = attempt.version.next();
                self.attempts.insert(key, Arc::new(attempt));
                Ok(())
            }
            Write::EndSession { user, id } => {
                let session = self.sessions.get_mut(&(user, id)).filter(|row| row.ended_at.is_none());
                if let Some(session) = session {
                    Arc::make_mut(session).ended_at = Some(now);
                }
                Ok(())
            }
            Write::RotateSession { user, id, from, to, proofs, org, auth_epoch } => {
                let session = row(&mut self.sessions, &(user, id), refused(Guard::Session))?;
                let running = session.ended_at.is_none() && session.digest == from && from != to;
                ensure(running, refused(Guard::Session))?;
                (session.digest, session.proofs, session.org) = (to, proofs, org);
                session.auth_epoch = auth_epoch;
                self.session_digests.remove(&(from, user, id));
                self.session_digests.insert((to, user, id));
                Ok(())
            }
            Write::RotateRefresh { user, id, from } => {
                let session = row(&mut self.sessions, &(user, id), CONFLICT)?;
                let stands = session.ended_at.is_none() && session.refresh.map(|refresh| refresh.generation) == from;
                ensure(stands, CONFLICT)?;
                let generation = from.unwrap_or(0).checked_add(1).ok_or(StoreError::new(CONFLICT))?;
                session.refresh = Some(Refresh { generation, rotated_at: now });
                Ok(())
            }
            Write::PutSigningKey(key) => insert(&mut self.signing_keys, (key.realm, key.number), key),
            Write::DeleteSigningKeys { realm, up_to } => {
                self.signing_keys.retain(|(owner, number), _| *owner != realm || *number > up_to);
                Ok(())
            }
            Write::PutSession(session) => {
                self.session_digests.insert((session.digest, session.user, session.id));
                insert(&mut self.sessions, (session.user, session.id), session)
            }
            Write::MaxSessions { user, max } => {
                let epoch = self.users.get(&user).map(|user| user.auth_epoch);
                let running = |row: &&Arc<Session>| {
                    row.user == user
                        && Some(row.auth_epoch) == epoch
                        && row.ended_at.is_none()
                        && row.expires_at > now
                        && now - row.seen_at < row.idle
                };
                let count = self.sessions.values().filter(running).count();
                ensure(u32::try_from(count).is_ok_and(|count| count <= max), CONFLICT)
            }
            Write::PutApiKey(key) => insert(&mut self.api_keys, (key.owner, key.id), key),
            Write::EndApiKey { owner, id, at } => {
                let key = row(&mut self.api_keys, &(owner, id), CONFLICT)?;
                ensure(key.is_live(now), CONFLICT)?;
                let end = at.max(now);
                key.expires_at = Some(key.expires_at.map_or(end, |present| present.min(end)));
                Ok(())
            }
            Write::EndApiKeys { user, org } => {
                for key in self.api_keys.values_mut() {
                    let is_meant = key.owner == KeyOwner::User(user) && (org.is_none() || key.org == org);
                    if is_meant && key.is_live(now) {
                        Arc::make_mut(key).expires_at = Some(now);
                    }
                }
                Ok(())
            }
            Write::MaxApiKeys { owner, max } => {
                let count = self.api_keys.values().filter(|key| key.owner == owner && key.is_live(now)).count();
                ensure(u32::try_from(count).is_ok_and(|count| count <= max), CONFLICT)
            }
            Write::PutFactor(factor) => self.put_factor(factor),
            Write::DeleteFactor { user, id, version } => self.delete_factor(user, id, version),
            Write::DeleteFactors { user, kind } => self.delete_factors(user, kind),
            Write::FinishJob { id, worker } => {
                self.leased(id, worker)?;
                self.outbox.remove(&id);
                Ok(())
            }
            Write::RetryJob { id, worker, due_at } => {
                self.leased(id, worker)?;
                let job = row(&mut self.outbox, &id, refused(Guard::Lease))?;
                (job.lease, job.due_at) = (None, due_at);
                Ok(())
            }
            Write::GiveUpJob { id, worker } => {
                self.leased(id, worker)?;
                let job = row(&mut self.outbox, &id, refused(Guard::Lease))?;
                (job.lease, job.dead_at) = (None, Some(now));
                Ok(())
            }
            Write::PutJob(job) => insert(&mut self.outbox, job.id, job),
            Write::Audit(event) => insert(&mut self.audit, event.id, event),
            Write::EraseEvent { realm, org, id, commitment } => {
                let event = row(&mut self.audit, &id, CONFLICT)?;
                ensure(event.realm == realm && event.org == org && event.erased.is_none(), CONFLICT)?;
                (event.erased, event.salt, event.address) = (Some(commitment), [0; 16], None);
                event.detail = serde_json::json!({});
                if let Actor::System { reason } = &mut event.actor {
                    reason.clear();
                }
                Ok(())
            }
            Write::SealEvents { realm, org, from, seals } => self.seal(realm, org, from, seals),
        }
    }

    fn stands(&self, authority: &StillAuthorised) -> bool {
        let session = self
            .sessions
            .get(&(authority.user, authority.session))
            .is_some_and(|session| session.ended_at.is_none() && session.auth_epoch == authority.auth_epoch);
        let user = self
            .users
            .get(&authority.user)
            .is_some_and(|user| user.status == UserStatus::Active && user.auth_epoch == authority.auth_epoch);
        let member = authority.member.is_none_or(|member| {
            let org = self.orgs.get(&member.org).is_some_and(|org| {
                org.status == OrgStatus::Active
                    && org.rights_version == member.org_rights
                    && org.policy_epoch == member.policy_epoch
            });
            let membership = self.memberships.get(&(member.org, authority.user)).is_some_and(|membership| {
                membership.status == MembershipStatus::Active && membership.rights_version == member.member_rights
            });
            org && membership
        });
        session && user && member
    }

    fn seal(&mut self, realm: RealmId, org: Option<OrgId>, from: u64, seals: Vec<(EventId, Seal)>) -> Result<()> {
        let head = self.chain_heads.get(&(realm, org)).map_or(0, |seal| seal.number);
        ensure(head == from, CONFLICT)?;
        for (id, seal) in seals {
            let event = row(&mut self.audit, &id, CONFLICT)?;
            ensure(event.realm == realm && event.org == org && event.seal.is_none(), CONFLICT)?;
            event.seal = Some(seal.clone());
            self.chain_heads.insert((realm, org), Arc::new(seal));
        }
        Ok(())
    }

    fn count_try(&mut self, user: UserId, id: TokenId, now: OffsetDateTime, committed: &mut Committed) -> Result<()> {
        let token = row(&mut self.tokens, &(user, id), refused(Guard::Tries))?;
        ensure(token.code_is_live(now), refused(Guard::Tries))?;
        token.tries_left -= 1;
        committed.tries_left.push((id, token.tries_left));
        Ok(())
    }

    fn leased(&self, id: crate::id::OutboxId, worker: crate::id::WorkerId) -> Result<()> {
        let held = self.outbox.get(&id).is_some_and(|row| row.lease.is_some_and(|(holder, _)| holder == worker));
        ensure(held, refused(Guard::Lease))
    }

    pub(super) fn sweep(&mut self, before: SweepBefore, limit: u32) -> u64 {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut swept = 0;
        let spent = before.spent;
        let digests: Vec<_> = self
            .sessions
            .values()
            .filter(|row| row.ended_at.unwrap_or(row.expires_at).min(row.expires_at) < spent)
            .take(limit)
            .map(|row| (row.digest, row.user, row.id))
            .collect();
        for key in digests {
            self.session_digests.remove(&key);
            let (_, user, id) = key;
            swept += u64::from(self.sessions.remove(&(user, id)).is_some());
        }
        swept +=
            prune(&mut self.tokens, limit, |row| row.consumed_at.unwrap_or(row.expires_at).min(row.expires_at) < spent);
        swept += prune(&mut self.attempts, limit, |row| {
            row.consumed_at.unwrap_or(row.expires_at).min(row.expires_at) < spent
        });
        swept += prune(&mut self.factors, limit, |row| {
            row.credential.is_none() && row.expires_at.is_some_and(|end| end < spent)
        });
        swept += prune(&mut self.api_keys, limit, |row| row.expires_at.is_some_and(|end| end < spent));
        let commits: Vec<_> =
            self.commits.iter().filter(|(_, at)| **at < before.commits).take(limit).map(|(id, _)| *id).collect();
        for id in commits {
            swept += u64::from(self.commits.remove(&id).is_some());
        }
        let kept = self.changes.len();
        let mut left = limit;
        self.changes.retain(|change| {
            let goes = change.at < before.commits && left > 0;
            left -= usize::from(goes);
            !goes
        });
        swept + u64::try_from(kept - self.changes.len()).unwrap_or(0)
    }
}

fn prune<K: Ord + Copy, V>(table: &mut Table<K, V>, limit: usize, goes: impl Fn(&V) -> bool) -> u64 {
    let keys: Vec<_> = table.iter().filter(|(_, row)| goes(row)).take(limit).map(|(key, _)| *key).collect();
    keys.into_iter().map(|key| u64::from(table.remove(&key).is_some())).sum()
}
