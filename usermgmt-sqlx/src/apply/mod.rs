//! Applying a change set inside a transaction, one file for each family of rows.
//!
//! Each write is one conditional statement on its own row, so READ COMMITTED suffices: whoever comes second waits for
//! the first, sees what it left and finds its own condition no longer met.

mod api_key;
mod audit;
mod authority;
mod factor;
mod org;
mod outbox;
mod session;
mod token;
mod user;

use async_trait::async_trait;
use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::CommitId;
use usermgmt_core::keys::KeyCheck;
use usermgmt_core::model::{KeyOwner, Version};
use usermgmt_core::store::{ChangeSet, CommitStore, Committed, Result, StoreError, StoreErrorKind, UniqueKey, Write};

use super::cells::Cells;
use super::wire::Wire;
use super::{Db, Query, Store};
use crate::error::{CONFLICT, at_commit, duplicate, error};
use crate::planned::HostTransaction;
use crate::planned::sealed::Sealed;
use crate::value::{int, micros};

/// The connection and the time of the commit that is being applied.
pub(crate) struct Apply<'c> {
    wire: Wire<'c>,
    now: i64,
    committed: Committed,
}

/// Applies a change set; the caller commits, or rolls back after an error.
pub(crate) async fn apply(wire: Wire<'_>, changes: ChangeSet) -> Result<Committed> {
    let (id, at, subjects) = (changes.id(), changes.at(), changes.subjects());
    let mut apply = Apply { wire, now: micros(at), committed: Committed::default() };
    apply.remember(id).await?;
    let writes = changes.into_ordered();
    let exclusive = writes.iter().any(authority::moves_what_authority_rests_on);
    // The user's row comes first, as everywhere, and what is counted later is counted by one commit after the other.
    for write in &writes {
        if let Write::MaxSessions { user, .. } | Write::MaxApiKeys { owner: KeyOwner::User(user), .. } = write {
            apply.lock_user(*user).await?;
        }
    }
    for write in writes {
        apply.write(write, exclusive).await?;
    }
    for subject in subjects {
        apply.append(subject).await?;
    }
    Ok(apply.committed)
}

impl Apply<'_> {
    async fn write(&mut self, write: Write, exclusive: bool) -> Result<()> {
        match write {
            Write::StillAuthorised(authority) => self.still_authorised(authority, exclusive).await,
            Write::PutKeyCheck(check) => self.put_key_check(&check).await,
            Write::MoveKeyCheck { from, to } => self.move_key_check(&from, &to).await,
            Write::PutUser(user) => self.put_user(&user).await,
            Write::MoveAuthEpoch { user, from } => self.move_auth_epoch(user, from).await,
            Write::PutIdentifier(identifier) => self.put_identifier(&identifier).await,
            Write::PutPassword(password) => self.put_password(&password).await,
            Write::DeleteIdentifier { realm, kind, canonical, user, version } => {
                self.delete_identifier(realm, kind, &canonical, user, version).await
            }
            Write::DeletePassword { user, version } => self.delete_password(user, version).await,
            Write::PutProfile(profile) => self.put_profile(&profile).await,
            Write::PutOrg(org) => self.put_org(&org).await,
            Write::PutOrgProfile(profile) => self.put_org_profile(&profile).await,
            Write::PutPolicy { org, policy, from } => self.put_policy(org, &policy, from).await,
            Write::PutRoles { org, roles, from } => self.put_roles(org, &roles, from).await,
            Write::PutMembership(membership) => self.put_membership(&membership).await,
            Write::DeleteMembership { org, user, version } => self.delete_membership(org, user, version).await,
            Write::MoveRights { org, user } => self.move_rights(org, user).await,
            Write::RevokeTokens { user, kind } => self.revoke_tokens(user, kind).await,
            Write::CountTry { user, id } => self.count_try(user, id).await,
            Write::ConsumeToken { user, id } => self.consume_token(user, id).await,
            Write::PutToken(token) => self.put_token(&token).await,
            Write::ConsumeAttempt { user, id } => self.consume_attempt(user, id).await,
            Write::PutAttempt(attempt) => self.put_attempt(&attempt).await,
            Write::EndSession { user, id } => self.end_session(user, id).await,
            Write::RotateSession { user, id, from, to, proofs, org, auth_epoch } => {
                self.rotate_session(session::Rotation { user, id, from, to, proofs, org, auth_epoch }).await
            }
            Write::RotateRefresh { user, id, from } => self.rotate_refresh(user, id, from).await,
            Write::PutSigningKey(key) => self.put_signing_key(&key).await,
            Write::DeleteSigningKeys { realm, up_to } => self.delete_signing_keys(realm, up_to).await,
            Write::PutSession(session) => self.put_session(&session).await,
            Write::MaxSessions { user, max } => self.max_sessions(user, max).await,
            Write::PutApiKey(key) => self.put_api_key(&key).await,
            Write::EndApiKey { owner, id, at } => self.end_api_key(owner, id, at).await,
            Write::EndApiKeys { user, org } => self.end_api_keys(user, org).await,
            Write::MaxApiKeys { owner, max } => self.max_api_keys(owner, max).await,
            Write::PutFactor(factor) => self.put_factor(&factor).await,
            Write::DeleteFactor { user, id, version } => self.delete_factor(user, id, version).await,
            Write::DeleteFactors { user, kind } => self.delete_factors(user, kind).await,
            Write::FinishJob { id, worker } => self.finish_job(id, worker).await,
            Write::RetryJob { id, worker, due_at } => self.retry_job(id, worker, due_at).await,
            Write::GiveUpJob { id, worker } => self.give_up_job(id, worker).await,
            Write::PutJob(job) => self.put_job(&job).await,
            Write::Audit(event) => self.put_event(&event).await,
            Write::EraseEvent { realm, org, id, commitment } => self.erase_event(realm, org, id, commitment).await,
            Write::SealEvents { realm, org, from, seals } => self.seal_events(realm, org, from, &seals).await,
        }
    }

    /// Remembers the commit's id: first, so that a second commit with it waits here and then goes no further.
    async fn remember(&mut self, id: CommitId) -> Result<()> {
        let insert =
            query("INSERT INTO usermgmt_commit (id, committed_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING");
        self.one(insert.bind(id.to_string()).bind(self.now), duplicate(UniqueKey::Id)).await
    }

    /// Runs a write that must hit exactly its one row.
    async fn one(&mut self, query: Query, otherwise: StoreErrorKind) -> Result<()> {
        if self.any(query).await? == 1 { Ok(()) } else { Err(StoreError::new(otherwise)) }
    }

    /// Runs a write that may hit any number of rows; answers how many.
    async fn any(&mut self, query: Query) -> Result<u64> {
        self.wire.execute(query).await
    }

    /// Runs the insert of a new row or the update of the version that was read. Both texts have the same parameters,
    /// the version that was read being the last; the insert does nothing if its key is taken.
    async fn put(
        &mut self,
        seen: Version,
        insert: &'static str,
        update: &'static str,
        bind: impl FnOnce(Query) -> Result<Query>,
    ) -> Result<()> {
        let query = bind(query(if seen == Version::NEW { insert } else { update }))?;
        self.one(query.bind(int(seen.as_u64())), CONFLICT).await
    }
}

#[async_trait]
impl CommitStore for Store {
    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        let mut transaction = self.begin().await?;
        match transaction.limit().on(apply(transaction.wire(), changes)).await {
            Ok(committed) => {
                transaction.commit().await.map_err(at_commit)?;
                Ok(committed)
            }
            Err(failure) => {
                // Dropping would roll back too, but later: the caller may try again at once and would wait for itself.
                transaction.rollback().await.ok();
                Err(failure)
            }
        }
    }

    async fn committed(&self, id: CommitId) -> Result<bool> {
        let read = query("SELECT 1 FROM usermgmt_commit WHERE id = $1").bind(id.to_string());
        Ok(self.row(read).await?.is_some())
    }

    async fn key_check(&self) -> Result<Option<KeyCheck>> {
        let read = query("SELECT key_id, tag FROM usermgmt_key_check");
        self.row(read)
            .await?
            .map(|row| {
                let mut cells = Cells::new(&row);
                cells.of("usermgmt_key_check");
                Ok(KeyCheck { key_id: cells.cell("key_id")?, tag: cells.bytes("tag")? })
            })
            .transpose()
    }
}

impl Sealed for sqlx::Transaction<'_, Db> {}

#[async_trait]
impl HostTransaction for sqlx::Transaction<'_, Db> {
    async fn enlist(&mut self, changes: ChangeSet) -> Result<Committed> {
        let mut savepoint = sqlx::Connection::begin(&mut **self).await.map_err(error)?;
        match apply(Wire::new(&mut savepoint, true), changes).await {
            Ok(committed) => {
                savepoint.commit().await.map_err(error)?;
                Ok(committed)
            }
            Err(failure) => {
                savepoint.rollback().await.ok();
                Err(failure)
            }
        }
    }
}

/// A time that may be absent, as stored.
fn maybe_micros(time: Option<OffsetDateTime>) -> Option<i64> {
    time.map(micros)
}

/// Whether the conflict is a row that was not hit, rather than an error of the database: after one of those PostgreSQL
/// answers no further question in this transaction.
fn failure_is_ours(failure: &StoreError) -> bool {
    std::error::Error::source(failure).is_none()
}
