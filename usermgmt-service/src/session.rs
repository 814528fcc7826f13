//! The session check, and ending sessions.

use std::sync::Arc;

use time::OffsetDateTime;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{OrgId, SessionId};
use usermgmt_core::limits;
use usermgmt_core::model::PrincipalRecord;
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::policy::AuthPolicy;
use usermgmt_core::proof::{MultiFactor, OrgScope, Principal, StepUp};
use usermgmt_core::secret::{Bearer, BearerKind};
use usermgmt_core::store::{Result as StoreResult, StoreErrorKind};

use crate::UserMgmt;
use crate::cache::{Entry, Heard, PrincipalCache};
use crate::client::Client;
use crate::commit::committing;
use crate::metrics;

const CHANGES_HEARD: usize = limits::CHANGES_HEARD as usize;

/// A running session, as its holder sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SessionItem {
    /// Id.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub current: bool,
    /// What the device calls itself.
    pub label: Option<String>,
    /// From which address it began.
    pub address: Option<String>,
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// Last activity.
    #[serde(with = "time::serde::rfc3339")]
    pub seen_at: OffsetDateTime,
    /// When it ends at the latest.
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

impl UserMgmt {
    /// The session check: who holds this secret? `None` if nobody does any more.
    ///
    /// # Errors
    /// An outage. It is never an answer about the caller.
    pub async fn principal(&self, token: &Bearer) -> Result<Option<Arc<Principal>>, Error> {
        if token.kind() != BearerKind::Session {
            return Ok(None);
        }
        let (digest, now) = (token.digest(), self.now());
        self.checked(now, |cache| cache.get(&digest, now), || self.store().principal(self.realm(), digest)).await
    }

    /// The same for a session that something else than its secret has proven.
    #[cfg(feature = "tokens")]
    pub(crate) async fn principal_by_session(
        &self,
        user: usermgmt_core::id::UserId,
        session: SessionId,
    ) -> Result<Option<Arc<Principal>>, Error> {
        let now = self.now();
        let read = || self.store().principal_of(self.realm(), user, session);
        self.checked(now, |cache| cache.get_by_session(user, session, now), read).await
    }

    /// A principal from the cache, or as it is read.
    async fn checked<F: Future<Output = StoreResult<Option<PrincipalRecord>>>>(
        &self,
        now: OffsetDateTime,
        cached: impl FnOnce(&PrincipalCache) -> Option<Arc<Entry>>,
        read: impl FnOnce() -> F,
    ) -> Result<Option<Arc<Principal>>, Error> {
        let checks = &self.0.checks;
        self.listen(now).await.inspect_err(|_| checks.failed.increment(1))?;
        // An entry that seems to be over may have been used elsewhere meanwhile.
        let lives = |entry: &Arc<Entry>| entry.principal().still_lives(entry.seen_at(), now).is_ok();
        let entry = match cached(&self.0.cache).filter(lives) {
            Some(entry) => {
                checks.cached.increment(1);
                entry
            }
            None => {
                let read = self.read_principal(now, read).await.inspect_err(|_| checks.failed.increment(1))?;
                if read.is_some() { &checks.read } else { &checks.nobody }.increment(1);
                let Some(entry) = read else { return Ok(None) };
                entry
            }
        };
        let principal = entry.principal();
        if entry.claim_touch(now) {
            checks.minutes.increment(1);
            if let Err(error) = self.store().touch(principal.user(), principal.session(), now).await {
                tracing::warn!(kind = ?error.kind(), "activity of a session was not written");
            }
        }
        Ok(Some(principal.clone()))
    }

    /// A principal as it is read, kept in the cache.
    async fn read_principal<F: Future<Output = StoreResult<Option<PrincipalRecord>>>>(
        &self,
        now: OffsetDateTime,
        read: impl FnOnce() -> F,
    ) -> Result<Option<Arc<Entry>>, Error> {
        let generation = self.0.cache.generation();
        let Some(record) = read().await? else { return Ok(None) };
        if self.settings().is_void(record.session.created_at) {
            return Ok(None);
        }
        match Principal::establish(record, now) {
            Ok(principal) => Ok(Some(self.0.cache.insert(principal, generation, now))),
            Err(reason) => {
                tracing::debug!(%reason, "a session gave no principal");
                Ok(None)
            }
        }
    }

    /// Hears what was committed elsewhere, unless that was done a moment ago.
    async fn listen(&self, now: OffsetDateTime) -> Result<(), Error> {
        if self.0.cache.heard(now).1 { Ok(()) } else { self.hear(now).await }
    }

    /// Reads what was appended to the change sequence, and forgets what it names.
    pub(crate) async fn hear(&self, now: OffsetDateTime) -> Result<(), Error> {
        let cache = &self.0.cache;
        let (heard, _) = cache.heard(now);
        let known = heard.filter(|heard| (now - heard.at).abs() < limits::CACHE_REREAD);
        if let Some(Heard { place, .. }) = known {
            match self.store().changes(place, limits::CHANGES_HEARD).await {
                Ok(changes) if changes.items.len() < CHANGES_HEARD => {
                    let subjects: Vec<_> = changes.items.iter().map(|change| change.subject).collect();
                    metrics::changes_heard(changes.items.len());
                    cache.hear(&subjects, Heard { place: changes.settled, at: now });
                    return Ok(());
                }
                // So many that it is cheaper to forget everything.
                Ok(changes) => metrics::changes_heard(changes.items.len()),
                // Another server has taken over: what it has changed cannot be told from here.
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) => return Err(error.into()),
            }
        }
        // Asked for before everything is forgotten: what is read from then on includes all up to this place.
        let place = self.store().change_place().await?;
        cache.begin(Heard { place, at: now });
        metrics::cache_emptied();
        Ok(())
    }

    /// Enters the organisation that the session acts in.
    ///
    /// # Errors
    /// [`Refused::NoActiveOrg`] or [`Refused::PolicyUnmet`].
    pub fn scope(&self, principal: &Arc<Principal>) -> Result<OrgScope, Refused> {
        OrgScope::enter(self.scope_rules(), principal, self.now())
    }

    /// Enters the organisation with this id, which a route names.
    ///
    /// # Errors
    /// As [`scope`](Self::scope); [`Refused::WrongOrg`] for another organisation of the principal,
    /// [`Refused::NotFound`] for any other, existing or not; or an outage.
    pub async fn scope_named(&self, principal: &Arc<Principal>, named: &str) -> Result<OrgScope, Error> {
        OrgScope::enter_text(self.scope_rules(), principal, named, self.now()).await
    }

    /// The same by the organisation's id.
    ///
    /// # Errors
    /// As [`scope_named`](Self::scope_named).
    pub async fn scope_of(&self, principal: &Arc<Principal>, org: OrgId) -> Result<OrgScope, Error> {
        OrgScope::enter_named(self.scope_rules(), principal, org, self.now()).await
    }

    /// Checks that the principal has proven who they are within `within`, or within the configured time.
    ///
    /// # Errors
    /// [`Refused::StepUpRequired`].
    pub fn step_up(&self, principal: &Arc<Principal>, within: Option<time::Duration>) -> Result<StepUp, Refused> {
        let within = within.unwrap_or(self.settings().step_up_fresh);
        let by_mail = !self.settings().has_passwords();
        StepUp::check(principal, &self.settings().policy, within, self.now(), by_mail)
    }

    /// Checks that the principal's session was proven by two factors, or by one that counts as two.
    ///
    /// # Errors
    /// As [`MultiFactor::check`].
    pub fn multi_factor(&self, principal: &Arc<Principal>) -> Result<MultiFactor, Refused> {
        MultiFactor::check(principal, &self.settings().policy)
    }

    /// Ends the principal's own session.
    ///
    /// # Errors
    /// An outage.
    pub async fn sign_out(&self, client: &Client, principal: &Principal) -> Result<(), Error> {
        committing!(self, client, |flow| (usermgmt_sessions::sign_out(&flow, principal)?, ()))
    }

    /// Ends every session of the principal. With `keep`, the acting one goes on under a new secret.
    ///
    /// # Errors
    /// [`Refused::AuthorityChanged`] if the session has ended meanwhile, or an outage.
    pub async fn sign_out_everywhere(
        &self,
        client: &Client,
        principal: &Principal,
        keep: bool,
    ) -> Result<Option<Bearer>, Error> {
        committing!(self, client, |flow| usermgmt_sessions::end_all(&flow, principal, keep)?)
    }

    /// Ends one of the principal's sessions.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a session that is not a running one of this principal, or an outage.
    pub async fn end_session(&self, client: &Client, principal: &Principal, id: SessionId) -> Result<(), Error> {
        let mut page = PageRequest::first(usermgmt_core::limits::PAGE_MAX);
        loop {
            let running = self.store().sessions(principal.user(), self.now(), page).await?;
            if running.items.iter().any(|session| session.id == id) {
                break;
            }
            let next = running.next.ok_or(Refused::NotFound)?;
            page = PageRequest::first(usermgmt_core::limits::PAGE_MAX).after(next);
        }
        committing!(self, client, |flow| (usermgmt_sessions::end_one(&flow, principal, id)?, ()))
    }

    /// The principal's running sessions, newest first.
    ///
    /// # Errors
    /// An outage.
    pub async fn sessions(
        &self,
        principal: &Principal,
        page: PageRequest<SessionId>,
    ) -> Result<Page<SessionItem, SessionId>, Error> {
        let found = self.store().sessions(principal.user(), self.now(), page).await?;
        let item = |session: usermgmt_core::model::Session| SessionItem {
            current: session.id == principal.session(),
            id: session.id,
            label: session.label,
            address: session.address,
            created_at: session.created_at,
            seen_at: session.seen_at,
            expires_at: session.expires_at,
        };
        Ok(Page { items: found.items.into_iter().map(item).collect(), next: found.next })
    }

    /// The policy that applies in the principal's organisation, or the application's own.
    #[must_use]
    pub fn policy_of(&self, principal: &Principal) -> AuthPolicy {
        let own = &self.settings().policy;
        principal.org().map_or_else(|| own.clone(), |standing| own.strictest(&standing.policy))
    }
}
