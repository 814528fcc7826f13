//! The extractors.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use tokio::sync::OnceCell;
use usermgmt_http::authenticate::authenticate;
use usermgmt_http::service::core::permission::Permission;
use usermgmt_http::service::core::proof::{Access, KeyHolder, MultiFactor, OrgScope, Permit, Principal, StepUp};
#[cfg(feature = "tokens")]
use usermgmt_http::service::jwt::Verified;
use usermgmt_http::service::{Client, UserMgmt};
use usermgmt_http::{Head, Memo, Problem, extract};

use crate::Rejection;
use crate::convert::{self, Seen};

/// Whoever is signed in; 401 if nobody is.
///
/// Do not take `Option<CurrentUser>`: actix makes every error `None`, an outage too. Take [`MaybeUser`].
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
struct Asked {
    auth: UserMgmt,
    seen: Seen,
    /// Filled once, by the first of the extractors, which actix runs side by side.
    memo: OnceCell<Memo>,
}

/// As it is kept with the request.
#[derive(Clone)]
struct Kept(Rc<Asked>);

impl Asked {
    fn of(request: &HttpRequest) -> Result<Rc<Self>, Rejection> {
        let Some(auth) = request.app_data::<Data<UserMgmt>>() else {
            tracing::error!("usermgmt is not attached: the application lacks `.configure(attach(…))`");
            return Err(Rejection::not_attached());
        };
        let kept = request.extensions().get::<Kept>().cloned();
        // A request may pass by two handles.
        if let Some(Kept(asked)) = kept.filter(|kept| std::ptr::eq(kept.0.auth.settings(), auth.settings())) {
            return Ok(asked);
        }
        let asked = Rc::new(Self { auth: auth.get_ref().clone(), seen: Seen::of(request), memo: OnceCell::new() });
        request.extensions_mut().insert(Kept(asked.clone()));
        Ok(asked)
    }

    fn head(&self) -> Head<'_> {
        self.seen.head()
    }

    async fn memo(&self) -> &Memo {
        self.memo.get_or_init(|| async { authenticate(&self.auth, &self.head()).await }).await
    }

    fn answer<T>(&self, found: Result<T, Problem>) -> Result<T, Rejection> {
        found.map_err(|problem| Rejection::new(&self.auth, &self.head(), &problem))
    }
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Rejection>>>>;

impl FromRequest for CurrentUser {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::current_user(&asked.auth, asked.memo().await)).map(Self)
        })
    }
}

impl FromRequest for MaybeUser {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::maybe_user(asked.memo().await)).map(Self)
        })
    }
}

impl FromRequest for ActiveOrg {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (asked, named) = (Asked::of(request), convert::named_org(request));
        Box::pin(async move {
            let asked = asked?;
            let memo = asked.memo().await;
            asked.answer(extract::active_org(&asked.auth, &asked.head(), memo, named.as_deref()).await).map(Self)
        })
    }
}

impl<P: Permission> FromRequest for Require<P> {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (asked, named) = (Asked::of(request), convert::named_org(request));
        Box::pin(async move {
            let asked = asked?;
            let memo = asked.memo().await;
            asked.answer(extract::permit(&asked.auth, &asked.head(), memo, named.as_deref()).await).map(Self)
        })
    }
}

impl<P: Permission> FromRequest for Authorized<P> {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (asked, named) = (Asked::of(request), convert::named_org(request));
        Box::pin(async move {
            let asked = asked?;
            let memo = asked.memo().await;
            asked.answer(extract::access(&asked.auth, &asked.head(), memo, named.as_deref()).await).map(Self)
        })
    }
}

impl FromRequest for CurrentKey {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::key_holder(asked.memo().await)).map(Self)
        })
    }
}

#[cfg(feature = "tokens")]
impl FromRequest for TokenClaims {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::claims(&asked.auth, &asked.head()).await).map(Self)
        })
    }
}

impl FromRequest for SteppedUp {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::step_up(&asked.auth, asked.memo().await, None)).map(Self)
        })
    }
}

impl<const SECONDS: u32> FromRequest for Fresh<SECONDS> {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::step_up(&asked.auth, asked.memo().await, Some(SECONDS))).map(Self)
        })
    }
}

impl FromRequest for Mfa {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            asked.answer(extract::multi_factor(&asked.auth, asked.memo().await)).map(Self)
        })
    }
}

impl FromRequest for Caller {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            let mut client = asked.head().client(&asked.auth);
            client.principal = asked.answer(asked.memo().await.clone())?.user().cloned();
            Ok(Self(client))
        })
    }
}

impl FromRequest for Auth {
    type Error = Rejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = Asked::of(request);
        Box::pin(async move {
            let asked = asked?;
            Ok(Self(asked.auth.clone()))
        })
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
