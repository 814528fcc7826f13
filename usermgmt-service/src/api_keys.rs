//! API keys: made, seen, replaced and ended by people, presented by programs.

use std::sync::Arc;

use time::{Duration, OffsetDateTime};
use usermgmt_core::api_key::ApiKeySecret;
use usermgmt_core::error::{Error, Refused};
use usermgmt_core::id::{ApiKeyId, UserId};
use usermgmt_core::limits;
use usermgmt_core::model::{ApiKey, AuditKind, KeyOwner};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::proof::{KeyHolder, OrgScope, Permit, Principal, StepUp};
use usermgmt_sessions::{KeyRules, KeysOf, ManageApiKeys, NewKey};

use crate::UserMgmt;
use crate::client::Client;
use crate::commit::committing;
use crate::limits::Meter;

/// What API keys are like; given to [`Builder::api_keys`](crate::Builder::api_keys).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ApiKeys {
    rules: KeyRules,
    per_minute: Option<u32>,
}

impl ApiKeys {
    /// How many keys an owner may have, and how long they live.
    #[must_use]
    pub const fn rules(mut self, rules: KeyRules) -> Self {
        self.rules = rules;
        self
    }

    /// How often a key may be used within a minute; any number unless told otherwise. Each use then counts on the store
    /// of limits.
    #[must_use]
    pub const fn per_minute(mut self, uses: u32) -> Self {
        self.per_minute = Some(uses);
        self
    }

    /// Whether the numbers make sense.
    pub(crate) fn check(&self) -> Option<&'static str> {
        let KeyRules { life, longest, per_owner } = self.rules;
        let lives = life.is_positive() && longest.is_none_or(Duration::is_positive);
        match (lives, per_owner > 0 && per_owner < limits::PAGE_MAX, self.per_minute != Some(0)) {
            (false, ..) => Some("an API key must live for some time"),
            (_, false, _) => Some("an owner has from one to 199 API keys"),
            (.., false) => Some("an API key must be good for at least one use a minute"),
            _ => None,
        }
    }
}

/// A key, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ApiKeyItem {
    /// Id.
    pub id: ApiKeyId,
    /// To whom it belongs.
    pub owner: KeyOwner,
    /// What people call it.
    pub name: String,
    /// How its secret begins.
    pub beginning: String,
    /// The rights it may use.
    pub scopes: Vec<String>,
    /// Who made it.
    pub made_by: Option<UserId>,
    /// Whether it can be used, as far as the key itself is concerned.
    pub live: bool,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it ends or has ended; nothing for one that lives until it is ended.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    /// When it was last used, to the minute.
    #[serde(with = "time::serde::rfc3339::option")]
    pub used_at: Option<OffsetDateTime>,
}

impl ApiKeyItem {
    fn of(key: ApiKey, now: OffsetDateTime) -> Self {
        Self {
            live: key.is_live(now),
            id: key.id,
            owner: key.owner,
            name: key.name,
            beginning: key.beginning,
            scopes: key.scopes,
            made_by: key.made_by,
            created_at: key.created_at,
            expires_at: key.expires_at,
            used_at: key.used_at,
        }
    }
}

/// Calls that concern API keys; see [`UserMgmt::api_keys`].
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    auth: &'a UserMgmt,
    settings: ApiKeys,
}

impl UserMgmt {
    /// API keys; `None` unless [`Builder::api_keys`](crate::Builder::api_keys) has switched them on.
    #[must_use]
    pub fn api_keys(&self) -> Option<Keys<'_>> {
        self.settings().api_keys.map(|settings| Keys { auth: self, settings })
    }
}

impl<'a> Keys<'a> {
    /// The user's own keys. One that is made acts in the organisation that the session acts in, with a part of the
    /// rights that the user has there at each moment.
    #[must_use]
    pub fn own(self, principal: &Arc<Principal>) -> KeySet<'a> {
        KeySet { keys: self, by: By::User(Arc::clone(principal)) }
    }

    /// The keys of an organisation. One that is made has a part of the maker's rights, and outlives the maker's
    /// membership.
    #[must_use]
    pub fn of_org(self, permit: Permit<ManageApiKeys>) -> KeySet<'a> {
        KeySet { keys: self, by: By::Org(permit) }
    }

    /// Ends the key with this secret, found where it does not belong: in a public repository, in a log. The reason
    /// stands in the audit log. `false` for what is no key that lives.
    ///
    /// # Errors
    /// An outage.
    pub async fn end_leaked(self, secret: &str, reason: &str) -> Result<bool, Error> {
        let Some(secret) = ApiKeySecret::parse(secret) else { return Ok(false) };
        let client = Client::default();
        committing!(self.auth, &client, |flow| {
            match usermgmt_sessions::end_leaked_key(&flow, &secret, reason).await? {
                Some(changes) => (changes, true),
                None => return Ok(false),
            }
        })
    }

    /// Whose key this is, as it is now: read anew for each request, so that a key that was ended, or whose owner lost
    /// a right, is refused at once on every node.
    ///
    /// # Errors
    /// [`Refused::Unauthenticated`] for what is no key that lives; [`Refused::TooManyAttempts`]; an outage.
    pub async fn holder(self, client: &Client, text: &str) -> Result<KeyHolder, Error> {
        let now = self.auth.now();
        let refuse = |reason: &str| {
            tracing::debug!(reason, "an API key was refused");
            self.auth.refusals().note(AuditKind::ApiKeyRefused, client, "API key", now);
            Error::from(Refused::Unauthenticated)
        };
        // A mistyped or cut key costs no read.
        let secret = ApiKeySecret::parse(text).ok_or_else(|| refuse("malformed"))?;
        let record = self.auth.store().api_key_record(self.auth.realm(), secret.digest()).await?;
        let record = record.ok_or_else(|| refuse("unknown"))?;
        if self.auth.settings().is_void(record.key.created_at) {
            return Err(refuse("void"));
        }
        let used_at = record.key.used_at;
        let holder =
            KeyHolder::establish(record, self.auth.scope_rules(), now).map_err(|ended| refuse(&ended.to_string()))?;
        if let Some(uses) = self.settings.per_minute {
            let meter = Meter::new(self.auth, client);
            meter.take(&[meter.api_key(holder.id(), uses)], now).await?;
        }
        if used_at.is_none_or(|before| now - before >= limits::ACTIVITY_INTERVAL)
            && let Err(error) = self.auth.store().touch_api_key(holder.owner(), holder.id(), now).await
        {
            tracing::warn!(kind = ?error.kind(), "the use of an API key was not written");
        }
        Ok(holder)
    }
}

/// By whose authority.
#[derive(Debug)]
enum By {
    User(Arc<Principal>),
    Org(Permit<ManageApiKeys>),
}

/// The keys of a user or of an organisation, for whoever may manage them; see [`Keys::own`] and [`Keys::of_org`].
#[derive(Debug)]
pub struct KeySet<'a> {
    keys: Keys<'a>,
    by: By,
}

impl KeySet<'_> {
    /// Makes a key. The secret is in the answer and nowhere else. A user is told by mail of each key of theirs.
    ///
    /// # Errors
    /// Invalid `name`, `scopes` or `life`; `api_keys` is `too_many`; [`Refused::RightsExceeded`] for a scope that the
    /// maker does not hold; [`Refused::PolicyUnmet`]; [`Refused::StepUpRequired`] for a proof of another session; too
    /// many attempts; [`Refused::AuthorityChanged`]; an outage.
    pub async fn make(
        &self,
        client: &Client,
        fresh: &StepUp,
        new: NewKey<'_>,
    ) -> Result<(ApiKeyItem, ApiKeySecret), Error> {
        let entered = self.entered()?;
        let of = self.of(entered.as_ref());
        self.charge_mail(client).await?;
        let Keys { auth, settings } = self.keys;
        let (key, secret) = committing!(auth, client, |flow| {
            usermgmt_sessions::make_key(&flow, of, fresh, new, &settings.rules, auth.roles()).await?
        })?;
        Ok((ApiKeyItem::of(key, auth.now()), secret))
    }

    /// Puts another key in the place of one, which goes on for `overlap`: 7 days at most.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a key that does not live or is another's; [`Refused::WrongOrg`] for one that acts in
    /// another organisation than the session; an invalid `overlap`; as [`make`](Self::make).
    pub async fn rotate(
        &self,
        client: &Client,
        fresh: &StepUp,
        id: ApiKeyId,
        overlap: Duration,
    ) -> Result<(ApiKeyItem, ApiKeySecret), Error> {
        let entered = self.entered()?;
        let of = self.of(entered.as_ref());
        self.charge_mail(client).await?;
        let Keys { auth, settings } = self.keys;
        let (key, secret) = committing!(auth, client, |flow| {
            usermgmt_sessions::rotate_key(&flow, of, fresh, id, overlap, &settings.rules).await?
        })?;
        Ok((ApiKeyItem::of(key, auth.now()), secret))
    }

    /// The user's keys wherever they act, or all that act in the organisation: its own and those of its members.
    /// Newest first; those that have ended are there for a week more.
    ///
    /// # Errors
    /// An outage.
    pub async fn list(&self, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKeyItem, ApiKeyId>, Error> {
        let Keys { auth, .. } = self.keys;
        let found = match &self.by {
            By::User(principal) => auth.store().api_keys(KeyOwner::User(principal.user()), page).await?,
            By::Org(permit) => auth.store().api_keys_in(permit.scope().org(), page).await?,
        };
        let now = auth.now();
        Ok(Page { items: found.items.into_iter().map(|key| ApiKeyItem::of(key, now)).collect(), next: found.next })
    }

    /// Ends a key that [`list`](Self::list) shows. The owner is the key's: with an organisation's authority the keys of
    /// its members can be ended too, as far as they act there.
    ///
    /// # Errors
    /// [`Refused::NotFound`] for a key that does not live, is another's or acts elsewhere;
    /// [`Refused::AuthorityChanged`]; an outage.
    pub async fn end(&self, client: &Client, owner: KeyOwner, id: ApiKeyId) -> Result<(), Error> {
        // Not entered: to end one's own key no policy of the organisation need be met.
        let of = self.of(None);
        committing!(self.keys.auth, client, |flow| { (usermgmt_sessions::end_key(&flow, of, owner, id).await?, ()) })
    }

    /// To whom keys belong that are made here.
    #[must_use]
    pub fn owner(&self) -> KeyOwner {
        self.of(None).owner()
    }

    fn of<'a>(&'a self, entered: Option<&'a OrgScope>) -> KeysOf<'a> {
        match &self.by {
            By::User(principal) => KeysOf::User(principal, entered),
            By::Org(permit) => KeysOf::Org(permit),
        }
    }

    /// The organisation that the user's session acts in, if it acts in one.
    fn entered(&self) -> Result<Option<OrgScope>, Refused> {
        let By::User(principal) = &self.by else { return Ok(None) };
        match self.keys.auth.scope(principal) {
            Ok(scope) => Ok(Some(scope)),
            Err(Refused::NoActiveOrg) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Each new key of a user is a mail to them.
    async fn charge_mail(&self, client: &Client) -> Result<(), Error> {
        let (KeyOwner::User(user), Keys { auth, .. }) = (self.owner(), self.keys) else { return Ok(()) };
        let meter = Meter::new(auth, client);
        meter.take(&[meter.account_mail(user)], auth.now()).await
    }
}
