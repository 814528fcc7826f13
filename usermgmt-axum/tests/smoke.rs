//! The adapter by itself: everything else is tested over both adapters in `tests/`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Router, body};
use tower::ServiceExt as _;
use usermgmt_axum::{
    ActiveOrg, Auth, Caller, CurrentUser, Fresh, MaybeUser, Mfa, Rejection, Require, SteppedUp, attach,
};
use usermgmt_http::service::core::keys::KeyRing;
use usermgmt_http::service::core::permission;
use usermgmt_http::service::core::port::OsRandom;
use usermgmt_http::service::{Client, MemoryStore, NewUser, SignIn, SignInOutcome, SignedIn, UserMgmt};

permission!(ReadProjects = "project:read"; DeleteProject = "project:delete");

const ORIGIN: &str = "http://localhost:3000";
const PASSWORD: &str = "correct horse battery";

struct World {
    store: MemoryStore,
    auth: UserMgmt,
    app: Router,
    cookie: String,
    org: String,
}

#[derive(Clone)]
struct State {
    auth: UserMgmt,
    store: MemoryStore,
}

impl FromRef<State> for UserMgmt {
    fn from_ref(state: &State) -> Self {
        state.auth.clone()
    }
}

/// Takes the store away in the middle of a request.
struct StoreGoesDown;

impl FromRequestParts<State> for StoreGoesDown {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(_: &mut Parts, state: &State) -> Result<Self, Self::Rejection> {
        state.store.set_unavailable(true);
        Ok(Self)
    }
}

async fn maybe(MaybeUser(user): MaybeUser) -> String {
    user.map_or("stranger".into(), |user| user.name().to_owned())
}

async fn option(user: Option<CurrentUser>) -> String {
    user.map_or("stranger".into(), |user| user.name().to_owned())
}

async fn read(Require(permit): Require<ReadProjects>, org: ActiveOrg, auth: Auth, caller: Caller) -> String {
    assert_eq!(permit.scope().org(), org.org());
    assert_eq!(auth.prefix(), "/auth");
    assert!(caller.principal.is_some());
    org.name().to_owned()
}

async fn world() -> World {
    let (store, keys) = (MemoryStore::new(), KeyRing::generate(&OsRandom).unwrap());
    let builder = UserMgmt::builder(store.clone(), ORIGIN, keys).without_workers();
    let auth = builder.cache_life(Default::default()).role("admin", ["project:*"]).build().await.unwrap();
    let user =
        NewUser { email: "a@example.com", name: "Ann", password: Some(PASSWORD.into()), email_is_verified: true };
    auth.users("a test").create(user).await.unwrap();
    let ann = sign_in(&auth).await;
    let org = auth.orgs().create(&Client::default(), &ann.principal, "Acme").await.unwrap().to_string();
    let cookie = format!("um_session={}", sign_in(&auth).await.session.expose());
    let app = Router::new()
        .route("/me", any(async |user: CurrentUser| user.name().to_owned()))
        .route("/maybe", any(maybe))
        .route("/option", any(option))
        .route("/code", any(async |user: Result<CurrentUser, Rejection>| user.err().map_or("fine", |e| e.code())))
        .route("/read", get(read))
        .route("/orgs/{org}/read", get(read))
        .route("/orgs/{org}/delete", get(async |_: Require<DeleteProject>, _: SteppedUp| "deleted"))
        .route("/fresh", get(async |_: Fresh<60>| "fresh"))
        .route("/stale", get(async |_: Fresh<0>| "fresh"))
        .route("/mfa", get(async |_: Mfa| "two factors"))
        .route("/once", get(async |_: CurrentUser, _: StoreGoesDown, _: MaybeUser, _: SteppedUp| "one check"))
        .nest("/nested", Router::new().route("/me", get(async |user: CurrentUser| user.name().to_owned())));
    let app = attach(app, "/auth/", &auth).with_state(State { auth: auth.clone(), store: store.clone() });
    World { store, auth, app, cookie, org }
}

async fn sign_in(auth: &UserMgmt) -> SignedIn {
    let input = SignIn { email: "a@example.com", password: PASSWORD.into(), remember: false };
    match auth.sign_in(&Client::default(), input).await.unwrap() {
        SignInOutcome::Complete(signed_in) => *signed_in,
        other => panic!("{other:?}"),
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn answer(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

impl World {
    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(self.app.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("cookie", &self.cookie)], "").await
    }
}

#[tokio::test]
async fn a_stranger_is_refused_and_a_person_is_led_to_sign_in() {
    let world = world().await;
    let refused = world.send("GET", "/me", &[], "").await;
    assert_eq!(
        (refused.status, &refused.headers[header::CONTENT_TYPE]),
        (StatusCode::UNAUTHORIZED, &"application/problem+json".parse().unwrap())
    );
    assert!(refused.headers.contains_key(header::WWW_AUTHENTICATE) && refused.body.contains("\"unauthenticated\""));
    let led = world.send("GET", "/nested/me?x=1", &[("accept", "text/html")], "").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    assert_eq!(led.headers[header::LOCATION], "/auth/sign-in?return_to=%2Fnested%2Fme%3Fx%3D1");
    assert_eq!(world.send("GET", "/maybe", &[], "").await.body, "stranger");
    assert_eq!(world.send("GET", "/option", &[], "").await.body, "stranger");
    assert_eq!(world.send("GET", "/code", &[], "").await.body, "unauthenticated");
    assert_eq!(world.send("GET", "/auth/me", &[], "").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn somebody_who_is_signed_in_is_known_and_has_the_rights_of_their_role() {
    let world = world().await;
    for path in ["/me", "/maybe", "/option", "/nested/me"] {
        assert_eq!(world.get(path).await.body, "Ann", "{path}");
    }
    assert_eq!(world.get("/read").await.body, "Acme");
    assert_eq!(world.get(&format!("/orgs/{}/read", world.org)).await.body, "Acme");
    assert_eq!(world.get(&format!("/orgs/{}/delete", world.org)).await.body, "deleted");
    assert_eq!(world.get("/fresh").await.body, "fresh");
    assert!(world.get("/stale").await.body.contains("step_up_required"));
    assert!(world.get("/mfa").await.body.contains("policy_unmet"));
    // Another organisation, no organisation at all, and what is not even text: never the one of the session.
    for named in ["org_00000000000070008000000000000000", "acme", "%FF", "%00"] {
        assert_eq!(world.get(&format!("/orgs/{named}/read")).await.status, StatusCode::NOT_FOUND, "{named}");
    }
    assert_eq!(world.get("/auth/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn several_extractors_cost_one_check() {
    assert_eq!(world().await.get("/once").await.body, "one check");
}

#[tokio::test]
async fn an_outage_is_nobodys_absence() {
    let world = world().await;
    world.store.set_unavailable(true);
    for path in ["/me", "/maybe", "/option", "/read", "/fresh", "/mfa", "/auth/me"] {
        let down = world.get(path).await;
        assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(down.headers.contains_key(header::RETRY_AFTER), "{path}");
    }
    assert_eq!(world.get("/code").await.body, "unavailable");
}

#[tokio::test]
async fn another_site_is_refused_on_the_applications_own_routes() {
    let world = world().await;
    for path in ["/me", "/maybe", "/option"] {
        let forged = [("cookie", world.cookie.as_str()), ("origin", "https://evil.example")];
        let refused = world.send("POST", path, &forged, "").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.body.contains("cross_site"), "{path}");
        let own = [("cookie", world.cookie.as_str()), ("origin", ORIGIN)];
        assert_eq!(world.send("POST", path, &own, "").await.body, "Ann", "{path}");
    }
}

#[tokio::test]
async fn all_headers_of_an_answer_arrive() {
    let world = world().await;
    let body = format!(r#"{{"email":"a@example.com","password":"{PASSWORD}"}}"#);
    let json = [("content-type", "application/json"), ("origin", ORIGIN)];
    let signed_in = world.send("POST", "/auth/sign-in", &json, body).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.body);
    let cookies: Vec<_> = signed_in.headers.get_all(header::SET_COOKIE).iter().collect();
    assert!(cookies.len() >= 2, "{cookies:?}");
    assert_eq!(world.send("PUT", "/auth/me", &[], "").await.headers[header::ALLOW], "GET, HEAD");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read_to_its_end() {
    let world = world().await;
    let json = [("content-type", "application/json"), ("origin", ORIGIN)];
    let whole = world.send("POST", "/auth/sign-up", &json, " ".repeat(16 * 1024 + 1)).await;
    assert_eq!(whole.status, StatusCode::PAYLOAD_TOO_LARGE);
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let pieces = std::iter::repeat_with(move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok::<_, std::io::Error>(vec![b' '; 1024])
    });
    let endless = Body::from_stream(futures_util::stream::iter(pieces));
    assert_eq!(world.send("POST", "/auth/sign-up", &json, endless).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(sent.load(Ordering::SeqCst) <= 18);
    let broken = futures_util::stream::iter([Ok(vec![b' ']), Err(std::io::Error::other("gone"))]);
    assert_eq!(
        world.send("POST", "/auth/sign-up", &json, Body::from_stream(broken)).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn a_second_prefix_is_answered_with_500() {
    let mut world = world().await;
    world.app = attach(Router::new(), "/login", &world.auth).with_state(());
    assert_eq!(world.get("/login/me").await.status, StatusCode::INTERNAL_SERVER_ERROR);
    for prefix in ["/{tenant}/auth", "/a b", "/a/../b", "//evil.example//x"] {
        world.app = attach(Router::new().route("/", get("home")), prefix, &world.auth).with_state(());
        assert_eq!(world.get("/").await.status, StatusCode::INTERNAL_SERVER_ERROR, "{prefix}");
    }
    world.app = attach(Router::new(), "/auth", &world.auth).with_state(());
    assert_eq!(world.get("/auth/me").await.status, StatusCode::OK, "the same prefix again, for another worker");
}
