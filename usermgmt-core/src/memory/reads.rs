//! Reads in memory.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use time::OffsetDateTime;
use uuid::Uuid;

use super::MemoryStore;
use super::tables::{Table, Tables};
use crate::id::{EventId, OrgId, OutboxId, RealmId, SessionId, TokenId, UserId, WorkerId};
use crate::model::{
    Actor, Attempt, AuditEvent, AuditFilter, Changes, FactorKinds, Identifier, IdentifierKind, MemberFilter,
    MemberRecord, Membership, MembershipStatus, Org, OrgProfile, OutboxRow, PasswordCredential, PrincipalRecord,
    Profile, Seal, Session, SignInRecord, SigningKey, Token, TokenKind, User, UserFilter, UserStatus,
};
use crate::page::{Page, PageRequest};
use crate::policy::AuthPolicy;
use crate::secret::Digest;
use crate::store::{
    AttemptStore, AuditStore, ChangeStore, MaintenanceStore, MembershipStore, OrgStore, OutboxStore, PolicyStore,
    Result, SessionStore, SigningKeyStore, SweepBefore, TokenStore, UserStore,
};

pub(super) fn row<K: Ord, V: Clone>(table: &Table<K, V>, key: &K) -> Option<V> {
    table.get(key).map(|row| V::clone(row))
}

pub(super) fn rows<K: Ord, V: Clone>(table: &Table<K, V>, wanted: impl Fn(&V) -> bool) -> impl Iterator<Item = V> {
    table.values().filter(move |row| wanted(row)).map(|row| V::clone(row))
}

fn primary_email(tables: &Tables, user: UserId) -> Option<String> {
    let primary = |row: &Identifier| row.user == user && row.kind == IdentifierKind::Email && row.primary;
    rows(&tables.identifiers, primary).next().map(|identifier| identifier.display)
}

/// Whether this is a name that a list is searched by, and begins so.
fn begins(row: &Identifier, prefix: &str) -> bool {
    row.kind != IdentifierKind::UsernameLook && row.canonical.starts_with(prefix)
}

fn member(tables: &Tables, membership: Membership) -> Option<MemberRecord> {
    let user = row(&tables.users, &membership.user)?;
    let email = primary_email(tables, user.id);
    Some(MemberRecord { membership, user, email })
}

fn principal(tables: &Tables, realm: RealmId, session: Session) -> Option<PrincipalRecord> {
    let user = row(&tables.users, &session.user).filter(|_| session.realm == realm)?;
    let email = primary_email(tables, user.id);
    let org = session.org.and_then(|org| Some((row(&tables.orgs, &org)?, row(&tables.memberships, &(org, user.id))?)));
    Some(PrincipalRecord { session, user, email, org })
}

/// Rows behind the page's key in key order, one more than wanted.
fn page<T, K: Ord + Copy>(
    rows: impl Iterator<Item = T>,
    request: &PageRequest<K>,
    key: impl Fn(&T) -> K,
) -> Page<T, K> {
    let wanted = usize::try_from(request.limit()).unwrap_or(usize::MAX).saturating_add(1);
    let behind = rows.filter(|row| request.key().is_none_or(|after| key(row) > *after));
    Page::from_surplus(behind.take(wanted).collect(), request.limit(), key)
}

/// The same for rows that come in the order of falling keys.
pub(super) fn page_down<T, K: Ord + Copy>(
    rows: impl Iterator<Item = T>,
    request: &PageRequest<K>,
    key: impl Fn(&T) -> K,
) -> Page<T, K> {
    let wanted = usize::try_from(request.limit()).unwrap_or(usize::MAX).saturating_add(1);
    let behind = rows.filter(|row| request.key().is_none_or(|after| key(row) < *after));
    Page::from_surplus(behind.take(wanted).collect(), request.limit(), key)
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn user(&self, realm: RealmId, id: UserId) -> Result<Option<User>> {
        Ok(row(&self.tables()?.users, &id).filter(|user| user.realm == realm))
    }

    async fn users(
        &self,
        realm: RealmId,
        filter: &UserFilter,
        request: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>> {
        let tables = self.tables()?;
        // Every name begins with nothing; whoever has no name is let through by it too.
        let named = filter.identifier_prefix.as_ref().filter(|prefix| !prefix.is_empty()).map(|prefix| {
            let begins = |row: &&Arc<Identifier>| row.realm == realm && begins(row, prefix);
            tables.identifiers.values().filter(begins).map(|row| row.user).collect::<BTreeSet<_>>()
        });
        let wanted = |row: &User| {
            row.realm == realm
                && filter.status.is_none_or(|status| row.status == status)
                && filter.kind.is_none_or(|kind| row.kind == kind)
                && named.as_ref().is_none_or(|named| named.contains(&row.id))
        };
        Ok(page(rows(&tables.users, wanted), &request, |row| row.id))
    }

    async fn users_among(&self, realm: RealmId, ids: &[UserId]) -> Result<Vec<User>> {
        let tables = self.tables()?;
        let ids: BTreeSet<_> = ids.iter().collect();
        Ok(ids.into_iter().filter_map(|id| row(&tables.users, id)).filter(|user| user.realm == realm).collect())
    }

    async fn profile(&self, user: UserId) -> Result<Option<Profile>> {
        Ok(row(&self.tables()?.profiles, &user))
    }

    async fn identifiers(&self, user: UserId) -> Result<Vec<Identifier>> {
        let mut found: Vec<_> = rows(&self.tables()?.identifiers, |row| row.user == user).collect();
        found.sort_by(|a, b| (a.kind.as_str(), &a.canonical).cmp(&(b.kind.as_str(), &b.canonical)));
        Ok(found)
    }

    async fn password(&self, user: UserId) -> Result<Option<PasswordCredential>> {
        Ok(row(&self.tables()?.passwords, &user))
    }

    async fn sign_in_record(
        &self,
        realm: RealmId,
        kind: IdentifierKind,
        canonical: &str,
    ) -> Result<Option<SignInRecord>> {
        let tables = self.tables()?;
        let identifier = row(&tables.identifiers, &(realm, kind, canonical.to_owned()));
        let found = identifier.and_then(|identifier| Some((row(&tables.users, &identifier.user)?, identifier)));
        Ok(found.map(|(user, identifier)| {
            let password = row(&tables.passwords, &user.id);
            SignInRecord { identifier, user, password }
        }))
    }
}

#[async_trait]
impl OrgStore for MemoryStore {
    async fn org(&self, realm: RealmId, id: OrgId) -> Result<Option<Org>> {
        Ok(row(&self.tables()?.orgs, &id).filter(|org| org.realm == realm))
    }

    async fn org_by_slug(&self, realm: RealmId, slug: &str) -> Result<Option<Org>> {
        Ok(rows(&self.tables()?.orgs, |row| row.realm == realm && row.slug == slug).next())
    }

    async fn orgs(&self, realm: RealmId, request: PageRequest<OrgId>) -> Result<Page<Org, OrgId>> {
        let tables = self.tables()?;
        Ok(page(rows(&tables.orgs, |row| row.realm == realm), &request, |row| row.id))
    }

    async fn org_profile(&self, org: OrgId) -> Result<Option<OrgProfile>> {
        Ok(row(&self.tables()?.org_profiles, &org))
    }
}

#[async_trait]
impl MembershipStore for MemoryStore {
    async fn membership(&self, org: OrgId, user: UserId) -> Result<Option<Membership>> {
        Ok(row(&self.tables()?.memberships, &(org, user)))
    }

    async fn member(&self, org: OrgId, user: UserId) -> Result<Option<MemberRecord>> {
        let tables = self.tables()?;
        Ok(row(&tables.memberships, &(org, user)).and_then(|membership| member(&tables, membership)))
    }

    async fn members(
        &self,
        org: OrgId,
        filter: &MemberFilter,
        request: PageRequest<UserId>,
    ) -> Result<Page<MemberRecord, UserId>> {
        let tables = self.tables()?;
        let all =
            rows(&tables.memberships, |row| row.org == org && filter.status.is_none_or(|status| row.status == status));
        let named = filter.identifier_prefix.as_ref().filter(|prefix| !prefix.is_empty());
        let is_named = |user| {
            let mut names = tables.identifiers.values().filter(|name| name.user == user);
            named.is_none_or(|prefix| names.any(|name| begins(name, prefix)))
        };
        let wanted = all.filter(|row| is_named(row.user)).filter_map(|row| member(&tables, row));
        Ok(page(wanted, &request, |row| row.user.id))
    }

    async fn member_without(&self, org: OrgId, factors: FactorKinds) -> Result<Option<UserId>> {
        let tables = self.tables()?;
        let active = rows(&tables.memberships, |row| row.org == org && row.status == MembershipStatus::Active);
        let mut users = active.filter_map(|membership| row(&tables.users, &membership.user));
        let lacks =
            |user: &User| user.status == UserStatus::Active && !factors.iter().any(|kind| user.factors.contains(kind));
        Ok(users.find(lacks).map(|user| user.id))
    }

    async fn memberships_of(
        &self,
        user: UserId,
        request: PageRequest<OrgId>,
    ) -> Result<Page<(Org, Membership), OrgId>> {
        let tables = self.tables()?;
        let mine = rows(&tables.memberships, |row| row.user == user);
        let mine = mine.filter_map(|membership| Some((row(&tables.orgs, &membership.org)?, membership)));
        Ok(page(mine, &request, |(org, _)| org.id))
    }
}

#[async_trait]
impl PolicyStore for MemoryStore {
    async fn policy(&self, org: OrgId) -> Result<Option<(AuthPolicy, u64)>> {
        Ok(row(&self.tables()?.orgs, &org).map(|org| (org.policy, org.policy_epoch)))
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn token(&self, realm: RealmId, user: UserId, id: TokenId) -> Result<Option<Token>> {
        Ok(row(&self.tables()?.tokens, &(user, id)).filter(|token| token.realm == realm))
    }

    async fn token_by_digest(&self, realm: RealmId, kind: TokenKind, digest: Digest) -> Result<Option<Token>> {
        let tables = self.tables()?;
        Ok(rows(&tables.tokens, |row| (row.realm, row.kind, row.digest) == (realm, kind, digest)).next())
    }

    async fn live_tokens(&self, user: UserId, now: OffsetDateTime) -> Result<Vec<Token>> {
        Ok(rows(&self.tables()?.tokens, |row| row.user == user && row.is_live(now)).collect())
    }

    async fn token_of_browser(&self, realm: RealmId, kind: TokenKind, browser: Digest) -> Result<Option<Token>> {
        let tables = self.tables()?;
        let asked = |row: &Token| (row.realm, row.kind, row.browser) == (realm, kind, Some(browser));
        Ok(rows(&tables.tokens, asked).max_by_key(|row| row.id))
    }
}

#[async_trait]
impl AttemptStore for MemoryStore {
    async fn attempt(&self, realm: RealmId, digest: Digest) -> Result<Option<Attempt>> {
        let tables = self.tables()?;
        Ok(rows(&tables.attempts, |row| (row.realm, row.digest) == (realm, digest)).next())
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn principal(&self, realm: RealmId, digest: Digest) -> Result<Option<PrincipalRecord>> {
        let tables = self.tables()?;
        let first = (digest, UserId::from_uuid(Uuid::nil()), SessionId::from_uuid(Uuid::nil()));
        let found = tables.session_digests.range(first..).next().filter(|(found, ..)| *found == digest);
        let session = found.and_then(|(_, user, id)| row(&tables.sessions, &(*user, *id)));
        Ok(session.and_then(|session| principal(&tables, realm, session)))
    }

    async fn principal_of(&self, realm: RealmId, user: UserId, session: SessionId) -> Result<Option<PrincipalRecord>> {
        let tables = self.tables()?;
        Ok(row(&tables.sessions, &(user, session)).and_then(|session| principal(&tables, realm, session)))
    }

    async fn sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        request: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>> {
        let tables = self.tables()?;
        let epoch = tables.users.get(&user).map(|user| user.auth_epoch);
        let live = |row: &Session| {
            row.user == user
                && row.ended_at.is_none()
                && Some(row.auth_epoch) == epoch
                && now < row.expires_at
                && now - row.seen_at < row.idle
        };
        let newest = tables.sessions.values().rev().filter(|row| live(row)).map(|row| Session::clone(row));
        Ok(page_down(newest, &request, |row| row.id))
    }

    async fn touch(&self, user: UserId, id: SessionId, seen_at: OffsetDateTime) -> Result<()> {
        let mut tables = self.tables()?;
        if let Some(session) =
            tables.sessions.get_mut(&(user, id)).filter(|row| row.ended_at.is_none() && row.seen_at < seen_at)
        {
            Arc::make_mut(session).seen_at = seen_at;
        }
        Ok(())
    }
}

#[async_trait]
impl SigningKeyStore for MemoryStore {
    async fn signing_keys(&self, realm: RealmId) -> Result<Vec<SigningKey>> {
        Ok(rows(&self.tables()?.signing_keys, |key| key.realm == realm).collect())
    }
}

#[async_trait]
impl OutboxStore for MemoryStore {
    async fn lease(
        &self,
        realm: RealmId,
        worker: WorkerId,
        now: OffsetDateTime,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<OutboxRow>> {
        let mut tables = self.tables()?;
        let free = |row: &OutboxRow| {
            row.realm == realm
                && row.dead_at.is_none()
                && row.due_at <= now
                && row.lease.is_none_or(|(_, until)| until <= now)
        };
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut leased = Vec::new();
        for row in tables.outbox.values_mut().filter(|row| free(row)).take(wanted) {
            let row = Arc::make_mut(row);
            row.lease = Some((worker, until));
            row.tries += 1;
            leased.push(row.clone());
        }
        Ok(leased)
    }

    async fn pending_jobs(&self, realm: RealmId, request: PageRequest<OutboxId>) -> Result<Page<OutboxRow, OutboxId>> {
        let tables = self.tables()?;
        Ok(page(rows(&tables.outbox, |row| row.realm == realm && row.dead_at.is_none()), &request, |row| row.id))
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        filter: &AuditFilter,
        request: PageRequest<EventId>,
    ) -> Result<Page<AuditEvent, EventId>> {
        let tables = self.tables()?;
        let concerns = |row: &AuditEvent, user| {
            row.subject == Some(user) || matches!(row.actor, Actor::User { user: actor, .. } if actor == user)
        };
        let wanted = |row: &AuditEvent| {
            (row.realm, row.org) == (realm, org)
                && filter.kind.is_none_or(|kind| row.kind == kind)
                && filter.user.is_none_or(|user| concerns(row, user))
                && filter.since.is_none_or(|since| row.at >= since)
                && filter.until.is_none_or(|until| row.at < until)
        };
        let newest = tables.audit.values().rev().filter(|row| wanted(row)).map(|row| AuditEvent::clone(row));
        Ok(page_down(newest, &request, |row| row.id))
    }

    async fn event(&self, realm: RealmId, org: Option<OrgId>, id: EventId) -> Result<Option<AuditEvent>> {
        Ok(row(&self.tables()?.audit, &id).filter(|row| (row.realm, row.org) == (realm, org)))
    }

    async fn unsealed_orgs(&self, realm: RealmId, request: PageRequest<OrgId>) -> Result<Page<OrgId, OrgId>> {
        let tables = self.tables()?;
        let open = tables.audit.values().filter(|row| row.realm == realm && row.seal.is_none());
        let orgs: BTreeSet<_> = open.filter_map(|row| row.org).collect();
        Ok(page(orgs.into_iter(), &request, |org| *org))
    }

    async fn unsealed_events(&self, realm: RealmId, org: Option<OrgId>, limit: u32) -> Result<Vec<AuditEvent>> {
        let tables = self.tables()?;
        let open = rows(&tables.audit, |row| (row.realm, row.org) == (realm, org) && row.seal.is_none());
        Ok(open.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    async fn sealed_events(
        &self,
        realm: RealmId,
        org: Option<OrgId>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<AuditEvent>> {
        let number = |row: &AuditEvent| row.seal.as_ref().map_or(0, |seal| seal.number);
        let behind = |row: &AuditEvent| (row.realm, row.org) == (realm, org) && number(row) > after;
        let mut sealed: Vec<_> = rows(&self.tables()?.audit, behind).collect();
        sealed.sort_by_key(number);
        sealed.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(sealed)
    }

    async fn chain_head(&self, realm: RealmId, org: Option<OrgId>) -> Result<Option<Seal>> {
        Ok(row(&self.tables()?.chain_heads, &(realm, org)))
    }
}

#[async_trait]
impl ChangeStore for MemoryStore {
    async fn changes(&self, after: u64, limit: u32) -> Result<Changes> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let tables = self.tables()?;
        let behind = tables.changes.partition_point(|change| change.number <= after);
        let items: Vec<_> = tables.changes.iter().skip(behind).take(limit).copied().collect();
        Ok(Changes { settled: items.last().map_or(after, |change| change.number), items })
    }

    async fn change_place(&self) -> Result<u64> {
        Ok(self.tables()?.last_change)
    }
}

#[async_trait]
impl MaintenanceStore for MemoryStore {
    async fn sweep(&self, before: SweepBefore, limit: u32) -> Result<u64> {
        let mut swept = self.tables()?.sweep(before, limit);
        let mut counters = self.counters()?;
        let over: Vec<_> =
            counters.iter().filter(|(_, counter)| counter.ends_at < before.throttle).map(|(key, _)| *key).collect();
        for key in over.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            counters.remove(&key);
            swept += 1;
        }
        Ok(swept)
    }

    async fn ping(&self) -> Result<()> {
        self.check()
    }
}
