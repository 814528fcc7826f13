//! The extractors.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use usermgmt_http::authenticate::authenticate;
use usermgmt_http::service::core::permission::Permission;
use usermgmt_http::service::core::proof::{Access, KeyHolder, MultiFactor, OrgScope, Permit, Principal, StepUp};
#[cfg(feature = "tokens")]
use usermgmt_http::service::jwt::Verified;
use usermgmt_http::service::{Client, UserMgmt};
use usermgmt_http::{Head, Memo, Problem, extract};

use crate::Rejection;
use crate::convert;

/// Whoever is signed in; 401 if nobody is.
///
/// `Option<CurrentUser>` is `None` only if nobody is signed in: an outage is still 503. On actix it is not so; handlers
/// that are to run on both take [`MaybeUser`].
#[derive(Clone, Debug)]
pub struct CurrentUser(pub Arc<Principal>);

/// Whoever is signed in, or nobody. An outage is neither: it is answered with 503.
#[derive(Clone, Debug)]
pub struct MaybeUser(pub Option<Arc<Principal>>);

/// The organisation that the route names by its parameter `org`, or without one the organisation that the session acts
/// in. The caller is an active member and satisfies its policy.
#[derive(Clone, Debug)]
pub struct ActiveOrg(pub OrgScope);

/// The permission `P` in the organisation of [`ActiveOrg`].
///
/// The permit says in which organisation: ask `permit.scope().org()`, not the path.
pub struct Require<P>(pub Permit<P>);

/// The permission `P` as [`Require`], or by an API key that may use it: for what programs may do as well as people.
pub struct Authorized<P>(pub Access<P>);

/// The API key that was presented; 401 without one.
#[derive(Clone, Debug)]
pub struct CurrentKey(pub KeyHolder);

/// What an access token says, checked without asking the store: it may be minutes old. Whether its session still runs,
/// and what has changed since, is for [`CurrentUser`].
#[cfg(feature = "tokens")]
#[derive(Clone, Debug)]
pub struct TokenClaims(pub Verified);

/// A proof within the configured time (10 minutes unless set), for what should not be done on an unlocked computer that
/// somebody has left.
#[derive(Clone, Debug)]
pub struct SteppedUp(pub StepUp);

/// A proof within so many seconds.
#[derive(Clone, Debug)]
pub struct Fresh<const SECONDS: u32>(pub StepUp);

/// Two factors, proven in this session at whatever time: take [`SteppedUp`] or [`Fresh`] besides where they must have
/// been given a short while ago. A trusted device counts where the policies let it count.
///
/// Whoever has a second factor and has not proven it is challenged as by [`SteppedUp`]; whoever has none gets 403
/// `policy_unmet`, and in a browser a page that leads to the set-up.
#[derive(Clone, Debug)]
pub struct Mfa(pub MultiFactor);

/// What direct calls of the library want to know about whoever makes the request: address, languages, browser, and who
/// is signed in.
#[derive(Clone, Debug)]
pub struct Caller(pub Client);

/// The handle.
#[derive(Clone, Debug)]
pub struct Auth(pub UserMgmt);

impl MaybeUser {
    /// Whoever is signed in.
    #[must_use]
    pub const fn user(&self) -> Option<&Arc<Principal>> {
        self.0.as_ref()
    }

    /// Whether somebody is signed in.
    #[must_use]
    pub const fn is_signed_in(&self) -> bool {
        self.0.is_some()
    }
}

/// What every extractor starts from.
struct Asked<'p> {
    auth: UserMgmt,
    head: Head<'p>,
    memo: Memo,
}

/// The memo as it is kept with the request, and whose it is: a request may pass by two handles.
#[derive(Clone)]
struct Kept {
    auth: UserMgmt,
    memo: Memo,
}

impl<'p> Asked<'p> {
    async fn of<S>(parts: &'p mut Parts, state: &S) -> Self
    where
        UserMgmt: FromRef<S>,
    {
        let auth = UserMgmt::from_ref(state);
        let kept = parts.extensions.get::<Kept>();
        let kept = kept.filter(|kept| std::ptr::eq(kept.auth.settings(), auth.settings()));
        let memo = match kept {
            Some(kept) => kept.memo.clone(),
            None => {
                let memo = authenticate(&auth, &convert::head(parts)).await;
                parts.extensions.insert(Kept { auth: auth.clone(), memo: memo.clone() });
                memo
            }
        };
        Self { auth, head: convert::head(parts), memo }
    }

    fn answer<T>(&self, found: Result<T, Problem>) -> Result<T, Rejection> {
        found.map_err(|problem| Rejection::new(&self.auth, &self.head, &problem))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentUser
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::current_user(&asked.auth, &asked.memo)).map(Self)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for CurrentUser
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Rejection> {
        let asked = Asked::of(parts, state).await;
        Ok(asked.answer(extract::maybe_user(&asked.memo))?.map(Self))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MaybeUser
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::maybe_user(&asked.memo)).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ActiveOrg
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let named = convert::named_org(parts).await;
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::active_org(&asked.auth, &asked.head, &asked.memo, named.as_deref()).await).map(Self)
    }
}

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Require<P>
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let named = convert::named_org(parts).await;
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::permit(&asked.auth, &asked.head, &asked.memo, named.as_deref()).await).map(Self)
    }
}

impl<P: Permission, S: Send + Sync> FromRequestParts<S> for Authorized<P>
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let named = convert::named_org(parts).await;
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::access(&asked.auth, &asked.head, &asked.memo, named.as_deref()).await).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CurrentKey
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::key_holder(&asked.memo)).map(Self)
    }
}

#[cfg(feature = "tokens")]
impl<S: Send + Sync> FromRequestParts<S> for TokenClaims
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let (auth, head) = (UserMgmt::from_ref(state), convert::head(parts));
        let claims = extract::claims(&auth, &head).await;
        claims.map(Self).map_err(|problem| Rejection::new(&auth, &head, &problem))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SteppedUp
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::step_up(&asked.auth, &asked.memo, None)).map(Self)
    }
}

impl<const SECONDS: u32, S: Send + Sync> FromRequestParts<S> for Fresh<SECONDS>
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::step_up(&asked.auth, &asked.memo, Some(SECONDS))).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Mfa
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        asked.answer(extract::multi_factor(&asked.auth, &asked.memo)).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let asked = Asked::of(parts, state).await;
        let mut client = asked.head.client(&asked.auth);
        client.principal = asked.answer(asked.memo.clone())?.user().cloned();
        Ok(Self(client))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Auth
where
    UserMgmt: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(_: &mut Parts, state: &S) -> Result<Self, Rejection> {
        Ok(Self(UserMgmt::from_ref(state)))
    }
}

impl<P> Clone for Authorized<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> std::fmt::Debug for Authorized<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<P> Clone for Require<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P> std::fmt::Debug for Require<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! deref {
    ($([$($generics:tt)*] $from:ty => $to:ty),+ $(,)?) => {$(
        impl<$($generics)*> Deref for $from {
            type Target = $to;

            fn deref(&self) -> &$to {
                &self.0
            }
        }
    )+};
}

deref! {
    [] CurrentUser => Principal,
    [] ActiveOrg => OrgScope,
    [P] Require<P> => Permit<P>,
    [P] Authorized<P> => Access<P>,
    [] CurrentKey => KeyHolder,
    [] SteppedUp => StepUp,
    [const SECONDS: u32] Fresh<SECONDS> => StepUp,
    [] Mfa => MultiFactor,
    [] Caller => Client,
    [] Auth => UserMgmt,
}

#[cfg(feature = "tokens")]
deref! {
    [] TokenClaims => Verified,
}
