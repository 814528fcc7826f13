//! Answering a request to one of our own routes. Everything that decides is here, once, before any handler.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use usermgmt_service::core::model::AuditKind;
use usermgmt_service::core::permission::Permission;
use usermgmt_service::core::port::BotPurpose;
use usermgmt_service::core::proof::{Access, KeyHolder, OrgScope, Permit, Principal, StepUp};
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{Client, Error, Refused, UserMgmt};

use crate::authenticate::{Head, Identity, authenticate};
use crate::cookies::{CookieName, Jar};
use crate::input::{self, Fields, ORGANIZATION};
use crate::measure::Measured;
use crate::problem::Problem;
use crate::route::{Guard, Representation, Route};
use crate::routes::routes;
use crate::wire::{self, Body, Request, Response};
use crate::{cors, csrf, extract, pages, return_to, strays};

/// What a handler works with.
pub struct Context<'a> {
    /// The system.
    pub auth: &'a UserMgmt,
    /// The request.
    pub request: &'a Request,
    /// Its route.
    pub route: &'static Route,
    /// The body.
    pub body: Bytes,
    /// Who makes the request, the browser's secret included if it brought one.
    pub client: Client,
    /// The organisation that the request acts in, where the route asks for a right in one.
    pub scope: Option<OrgScope>,
    /// The API key that was presented, if one was.
    pub key: Option<KeyHolder>,
    /// Language of pages.
    pub language: String,
    /// The time.
    pub now: OffsetDateTime,
}

impl<'a> Context<'a> {
    /// Where our cookies belong.
    pub(crate) fn jar(&self) -> Jar<'a> {
        Jar::of(self.auth.settings())
    }

    /// A cookie of the request, if it is there exactly once.
    #[must_use]
    pub fn cookie(&self, name: CookieName) -> Option<&'a str> {
        self.jar().read(&self.request.headers, name).value()
    }
}

impl Context<'_> {
    /// Who is signed in.
    ///
    /// # Errors
    /// 401. Cannot happen on a route that is not public.
    pub fn principal(&self) -> Result<&Arc<Principal>, Problem> {
        self.client.principal.as_ref().ok_or_else(|| Problem::refused(&Refused::Unauthenticated, self.now))
    }

    /// The organisation that the session acts in, which must be the one that is named, if one is, here or by the host.
    ///
    /// # Errors
    /// As [`extract::active_org`].
    pub async fn organization(&self, named: Option<&str>) -> Result<OrgScope, Problem> {
        let identity = self.client.principal.clone().map_or(Identity::Nobody, Identity::User);
        extract::active_org(self.auth, &self.request.head(), &Ok(identity), named).await
    }

    /// The right that the route asks for.
    ///
    /// # Errors
    /// 403. Cannot happen on a route whose guard asks for this right.
    pub fn permit<P: Permission>(&self) -> Result<Permit<P>, Problem> {
        let permit = self.scope.as_ref().ok_or(Refused::NoActiveOrg).and_then(OrgScope::permit);
        permit.map_err(|refused| Problem::refused(&refused, self.now))
    }

    /// The same on a route that is open to API keys.
    ///
    /// # Errors
    /// 403. Cannot happen on a route whose guard asks for this right.
    pub fn access<P: Permission>(&self) -> Result<Access<P>, Problem> {
        match &self.key {
            Some(holder) => holder.permit().map(Access::Key).map_err(|refused| Problem::refused(&refused, self.now)),
            None => self.permit().map(Access::Member),
        }
    }

    /// The recent proof that the route asks for.
    ///
    /// # Errors
    /// 403. Cannot happen on a route whose guard asks for one.
    pub fn fresh(&self) -> Result<StepUp, Problem> {
        let proof = self.auth.step_up(self.principal()?, None);
        proof.map_err(|refused| extract::challenge(self.auth, &refused))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// 400.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        input::json(&self.body)
    }

    /// The body as a form whose token belongs to this browser. Where the route asks for a right, the form says in which
    /// organisation, and the right was looked for in that one.
    ///
    /// # Errors
    /// 400, or 403 `cross_site`.
    pub fn form(&self, expected: &[&str]) -> Result<Fields, Problem> {
        let mut all = expected.to_vec();
        all.push(csrf::FIELD);
        if self.scope.is_some() {
            all.push(ORGANIZATION);
        }
        let fields = Fields::parse(&self.body, &all)?;
        let browser = self.client.browser.as_ref();
        if browser.is_some_and(|browser| csrf::accepts(self.auth.keys(), browser, fields.text(csrf::FIELD))) {
            let is_named = self.scope.is_none() || fields.get(ORGANIZATION).is_some();
            return if is_named { Ok(fields) } else { Err(Problem::MALFORMED) };
        }
        self.auth.refusals().note(AuditKind::CsrfRefused, &self.client, "form token", self.now);
        Err(Problem::CROSS_SITE)
    }

    /// The client with the answer to the bot check, from a JSON document.
    #[must_use]
    pub fn answering(&self, answer: Option<&str>) -> Client {
        self.client.clone().with_bot_answer(answer)
    }

    /// The client with the answer to the bot check, from a form that expects [`bot_fields`](Self::bot_fields).
    #[must_use]
    pub fn answering_by(&self, fields: &Fields, purpose: BotPurpose) -> Client {
        self.answering(self.bot_fields(purpose).iter().find_map(|name| fields.get(name)))
    }

    /// Names of the form fields in which the answer to the bot check comes.
    #[must_use]
    pub fn bot_fields(&self, purpose: BotPurpose) -> &'static [&'static str] {
        self.auth.bot_check(purpose).map_or(&[], |widget| widget.fields)
    }

    /// A parameter of the path as an id; anything else is not found.
    ///
    /// # Errors
    /// 404.
    pub fn id<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.request.param(name).and_then(|text| text.parse().ok()).ok_or(Problem::NOT_FOUND)
    }

    /// A cookie's bearer secret.
    #[must_use]
    pub fn bearer(&self, name: CookieName, kind: BearerKind) -> Option<Bearer> {
        self.cookie(name).and_then(|text| Bearer::parse(kind, text))
    }

    /// The problem that an error of a flow is.
    #[must_use]
    pub fn problem(&self, error: Error) -> Problem {
        if let Error::Refused(refused @ Refused::RightsExceeded) = &error {
            self.auth.refusals().note(AuditKind::PermissionRefused, &self.client, refused.code(), self.now);
        }
        Problem::of(error, self.now)
    }

    /// Sets a cookie.
    pub fn set_cookie(
        &self,
        response: &mut Response,
        name: CookieName,
        value: &str,
        expires_at: Option<OffsetDateTime>,
    ) {
        let cookie = self.jar().set(name, value, expires_at, self.now);
        wire::append(response, header::SET_COOKIE, &cookie);
    }

    /// Removes a cookie.
    pub fn clear_cookie(&self, response: &mut Response, name: CookieName) {
        wire::append(response, header::SET_COOKIE, &self.jar().clear(name));
    }

    /// The session goes on under a new secret.
    ///
    /// # Errors
    /// 401. Cannot happen on a route that is not public.
    pub fn renew_session(&self, response: &mut Response, secret: &Bearer) -> Result<(), Problem> {
        let principal = self.principal()?;
        if principal.refresh().is_some() {
            // Refresh tokens carry it; no cookie does.
            return Ok(());
        }
        self.carry_session(response, principal, CookieName::Session, secret.expose());
        Ok(())
    }

    /// Sets a cookie that carries a session: it lives as long as the session can, or as the browser is open.
    pub fn carry_session(&self, response: &mut Response, principal: &Principal, name: CookieName, secret: &str) {
        let ends = principal.is_persistent().then(|| principal.expires_at());
        self.set_cookie(response, name, secret, ends);
    }

    /// What is about passwords does not exist where there are none.
    ///
    /// # Errors
    /// 404.
    pub fn passwords(&self) -> Result<(), Problem> {
        if self.auth.settings().has_passwords() { Ok(()) } else { Err(Problem::NOT_FOUND) }
    }

    /// Where to go afterwards, from a query or form; empty if nowhere in particular.
    #[must_use]
    pub fn return_to(&self, fields: &Fields) -> String {
        return_to::parse(fields.text("return_to"), &self.auth.settings().origin).unwrap_or_default()
    }

    /// A path of ours, below the prefix.
    #[must_use]
    pub fn path(&self, below: &str) -> String {
        format!("{}{below}", self.auth.prefix())
    }
}

/// The distinct paths of the table, for mounting; each takes every method.
pub fn templates() -> impl Iterator<Item = &'static str> {
    let first = |number: &usize| {
        routes().get(..*number).is_some_and(|earlier| {
            routes().get(*number).is_some_and(|route| earlier.iter().all(|other| other.path != route.path))
        })
    };
    (0..routes().len()).filter(first).filter_map(|number| routes().get(number)).map(|route| route.path)
}

/// Bytes of body that an adapter reads for a path before it answers with [`Body::TooLarge`].
#[must_use]
pub fn max_body(template: &str) -> usize {
    routes().iter().filter(|route| route.path == template).map(|route| route.max_body).max().unwrap_or(0)
}

/// Answers a request that the framework has matched to `template`.
///
/// A request that may change something is carried out to its end even if the client hangs up meanwhile. A panic in it
/// is answered with 500.
pub async fn serve(auth: &UserMgmt, template: &str, request: Request) -> Response {
    if csrf::is_safe(&request.method) {
        return respond(auth, template, request).await;
    }
    let measured = Measured::begin(template, &request.method);
    let (own, template) = (auth.clone(), template.to_owned());
    let response = auth.to_the_end(async move { respond(&own, &template, request).await }).await;
    response.unwrap_or_else(|| {
        tracing::error!("a handler has panicked");
        measured.end(Problem::INTERNAL.status);
        Problem::INTERNAL.to_json(auth)
    })
}

async fn respond(auth: &UserMgmt, template: &str, request: Request) -> Response {
    let measured = Measured::begin(template, &request.method);
    let head = request.head();
    let chosen = choose(template, &request);
    let speaks_json = match &chosen {
        Ok(route) => route.representation == Representation::Json,
        Err(_) => cors::is_shared(template),
    };
    let mut response = match (cors::preflight(auth.settings(), template, &request), chosen) {
        (Some(response), _) => response,
        (None, Ok(route)) => {
            let mut locale = None;
            match answer(auth, route, &request, &head, &mut locale).await {
                Ok(response) => response,
                Err(problem) => reject_in(auth, &head, locale, route.representation, &problem),
            }
        }
        (None, Err(problem)) => {
            let form = |media_type: String| Representation::Page.reads(&media_type);
            let page = head.is_navigation() || input::media_type(&request.headers).is_some_and(form);
            reject(auth, &head, if page { Representation::Page } else { Representation::Json }, &problem)
        }
    };
    if speaks_json && !head.is_navigation() {
        cors::share(auth.settings(), &request.headers, &mut response);
    }
    if !auth.settings().origin.is_local() {
        let hsts = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    if request.method == Method::HEAD {
        *response.body_mut() = Bytes::new();
    }
    measured.end(response.status());
    response
}

/// The row that answers: by path and method, and where one path speaks both representations, by the body's type.
fn choose(template: &str, request: &Request) -> Result<&'static Route, Problem> {
    let method = if request.method == Method::HEAD { &Method::GET } else { &request.method };
    let mut here = routes().iter().filter(|route| route.path == template).peekable();
    if here.peek().is_none() {
        return Err(Problem::NOT_FOUND);
    }
    let candidates: Vec<_> = here.clone().filter(|route| route.method == *method).collect();
    if candidates.is_empty() {
        let mut methods: Vec<_> = here.map(|route| route.method.as_str()).collect();
        methods.sort_unstable();
        methods.dedup();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        let refused = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
        return Err(Problem { allow: Some(methods.join(", ")), ..refused });
    }
    if csrf::is_safe(method) {
        return candidates.first().copied().ok_or(Problem::NOT_FOUND);
    }
    let spoken = input::media_type(&request.headers).ok_or(Problem::MEDIA_TYPE)?;
    candidates.into_iter().find(|route| route.representation.reads(&spoken)).ok_or(Problem::MEDIA_TYPE)
}

async fn answer(
    auth: &UserMgmt,
    route: &'static Route,
    request: &Request,
    head: &Head<'_>,
    locale: &mut Option<String>,
) -> Result<Response, Problem> {
    if route.guard == Guard::Development && auth.dev_mailbox().is_none() {
        return Err(Problem::NOT_FOUND);
    }
    // Without any cookie of ours a request of a program lends nobody's authority, and a browser always says where a
    // request with a JSON body comes from.
    let may_be_unknown = route.representation != Representation::Page && !head.carries_cookies(auth);
    head.check_source(auth, may_be_unknown)?;
    let body = match &request.body {
        Body::Whole(body) if body.len() <= route.max_body => body.clone(),
        Body::Whole(_) | Body::TooLarge => return Err(Problem::TOO_LARGE),
        Body::Broken => return Err(Problem::MALFORMED),
    };
    let memo = authenticate(auth, head).await;
    *locale = memo.as_ref().ok().and_then(Identity::user).and_then(|principal| principal.locale()).map(str::to_owned);
    let named = named(route, request, &body);
    let named = named.as_deref();
    let scope = match route.guard {
        Guard::Public | Guard::Service | Guard::Development => None,
        Guard::SignedIn => extract::current_user(auth, &memo).map(|_| None)?,
        Guard::SteppedUp => extract::step_up(auth, &memo, None).map(|_| None)?,
        Guard::Right(key) => Some(extract::right(auth, head, &memo, named, key).await?),
        Guard::Access(key) => match &memo {
            Ok(Identity::Key(holder)) => extract::key_right(auth, head, holder, named, key).map(|()| None)?,
            _ => Some(extract::right(auth, head, &memo, named, key).await?),
        },
        Guard::FreshRight(key) => {
            let scope = extract::right(auth, head, &memo, named, key).await?;
            extract::step_up(auth, &memo, None).map(|_| Some(scope))?
        }
    };
    let mut client = head.client(auth);
    // An outage is not an anonymous visitor, on a public route neither.
    let identity = memo?;
    client.principal = identity.user().cloned();
    let key = match identity {
        Identity::Key(holder) => Some(holder),
        Identity::Nobody | Identity::User(_) => None,
    };
    let language = language(auth, locale.clone(), &client);
    let context = Context { auth, request, route, body, client, scope, key, language, now: auth.now() };
    let mut response = (route.run)(&context).await?;
    strays::end(&context, &mut response).await;
    Ok(response)
}

/// The organisation that the path names, or the form of a page: one that was left open while another organisation was
/// entered changes nothing there.
fn named(route: &Route, request: &Request, body: &[u8]) -> Option<String> {
    let is_form = route.representation == Representation::Page && !csrf::is_safe(&route.method);
    let form = if is_form { body } else { &[] };
    let in_form = || url::form_urlencoded::parse(form).find(|(name, _)| name == ORGANIZATION);
    request.param(ORGANIZATION).map(str::to_owned).or_else(|| in_form().map(|(_, value)| value.into_owned()))
}

/// What a person has chosen, else what the browser asks for.
fn language(auth: &UserMgmt, chosen: Option<String>, client: &Client) -> String {
    auth.texts().best(&chosen.into_iter().chain(client.languages.iter().cloned()).collect::<Vec<_>>())
}

/// A problem in the representation of whoever asked. A person who is not signed in, or must prove it again, is led
/// there and back.
#[must_use]
pub fn reject(auth: &UserMgmt, head: &Head<'_>, representation: Representation, problem: &Problem) -> Response {
    reject_in(auth, head, None, representation, problem)
}

fn reject_in(
    auth: &UserMgmt,
    head: &Head<'_>,
    locale: Option<String>,
    representation: Representation,
    problem: &Problem,
) -> Response {
    if representation == Representation::OAuth {
        return problem.to_oauth(auth);
    }
    let page = representation == Representation::Page || head.is_navigation();
    if !page {
        return problem.to_json(auth);
    }
    let way = match problem.code {
        "unauthenticated" => Some("/sign-in"),
        "step_up_required" => Some("/step-up"),
        "organization_required" => Some("/choose-organization"),
        _ => None,
    };
    if let Some(way) = way {
        if !auth.is_mounted() {
            tracing::error!("the routes of usermgmt are not attached: there is no page to lead to");
            return Problem::INTERNAL.to_json(auth);
        }
        return wire::see_other(&format!("{}{way}{}", auth.prefix(), pages::onward(&back(auth, head))));
    }
    let language = language(auth, locale, &head.client(auth));
    problem.add_headers(pages::error(auth, &language, problem, Some(head)))
}

/// Where to come back to: here, or for a form the page that it stood on, as far as the browser says.
fn back(auth: &UserMgmt, head: &Head<'_>) -> String {
    let origin = head.origin(auth);
    if csrf::is_safe(head.method) {
        return return_to::parse(head.target, origin).unwrap_or_default();
    }
    let referer = head.headers.get(header::REFERER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = referer.strip_prefix(origin.as_str()).unwrap_or_default();
    return_to::parse(path, origin).unwrap_or_else(|| page_of(auth, head.target))
}

/// The page that one of our forms stands on: our pages tell no referrer.
fn page_of(auth: &UserMgmt, target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let Some(below) = path.strip_prefix(auth.prefix()) else { return String::new() };
    let pages =
        routes().iter().filter(|route| route.method == Method::GET && route.representation == Representation::Page);
    let within =
        |page: &&Route| below.strip_prefix(page.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let page = pages.filter(within).max_by_key(|page| page.path.len());
    page.map(|page| format!("{}{}", auth.prefix(), page.path)).unwrap_or_default()
}
