//! The adapter by itself: everything else is tested over both adapters in `tests/`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::{Payload, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{Method, StatusCode};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, Data, ServiceConfig, to};
use actix_web::{App, FromRequest, HttpRequest};
use usermgmt_actix::{
    ActiveOrg, Auth, Caller, CurrentUser, Fresh, MaybeUser, Mfa, Rejection, Require, SteppedUp, attach,
};
use usermgmt_http::service::core::keys::KeyRing;
use usermgmt_http::service::core::permission;
use usermgmt_http::service::core::port::OsRandom;
use usermgmt_http::service::{Client, MemoryStore, NewUser, SignIn, SignInOutcome, SignedIn, UserMgmt};

permission!(ReadProjects = "project:read"; DeleteProject = "project:delete");

const ORIGIN: &str = "http://localhost:3000";
const PASSWORD: &str = "correct horse battery";

type Pieces = Pin<Box<dyn futures_util::Stream<Item = Result<web::Bytes, PayloadError>>>>;

struct World {
    store: MemoryStore,
    auth: UserMgmt,
    cookie: String,
    org: String,
}

/// Takes the store away in the middle of a request.
struct StoreGoesDown;

impl FromRequest for StoreGoesDown {
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let store = request.app_data::<Data<MemoryStore>>().unwrap().clone();
        Box::pin(async move {
            store.set_unavailable(true);
            Ok(Self)
        })
    }
}

async fn me(user: CurrentUser) -> String {
    user.name().to_owned()
}

async fn maybe(MaybeUser(user): MaybeUser) -> String {
    user.map_or("stranger".into(), |user| user.name().to_owned())
}

async fn code(user: Result<CurrentUser, Rejection>) -> &'static str {
    user.err().map_or("fine", |e| e.code())
}

async fn read(Require(permit): Require<ReadProjects>, org: ActiveOrg, auth: Auth, caller: Caller) -> String {
    assert_eq!(permit.scope().org(), org.org());
    assert_eq!(auth.prefix(), "/auth");
    assert!(caller.principal.is_some());
    org.name().to_owned()
}

async fn delete(_: Require<DeleteProject>, _: SteppedUp) -> &'static str {
    "deleted"
}

async fn once(_: CurrentUser, _: StoreGoesDown, _: MaybeUser, _: SteppedUp) -> &'static str {
    "one check"
}

fn own(config: &mut ServiceConfig) {
    config
        .route("/me", to(me))
        .route("/maybe", to(maybe))
        .route("/code", to(code))
        .route("/read", to(read))
        .route("/orgs/{org}/read", to(read))
        .route("/orgs/{org}/delete", to(delete))
        .route("/fresh", to(async |_: Fresh<60>| "fresh"))
        .route("/stale", to(async |_: Fresh<0>| "fresh"))
        .route("/mfa", to(async |_: Mfa| "two factors"))
        .route("/once", to(once))
        .service(web::scope("/nested").route("/me", to(me)));
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
    World { store, auth, cookie, org }
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

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::with_uri(path).method(Method::from_bytes(method.as_bytes()).unwrap());
    headers.iter().fold(request, |request, pair| request.append_header(*pair))
}

impl World {
    async fn answer(&self, request: TestRequest, attached: impl FnOnce(&mut ServiceConfig)) -> Answer {
        let app = App::new().app_data(Data::new(self.store.clone())).configure(own).configure(attached);
        let response: ServiceResponse = call_service(&init_service(app).await, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_body(response).await;
        Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
        self.answer(request(method, path, headers).set_payload(body.into()), attach("/auth/", &self.auth)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[("cookie", &self.cookie)], "").await
    }
}

#[actix_web::test]
async fn a_stranger_is_refused_and_a_person_is_led_to_sign_in() {
    let world = world().await;
    let refused = world.send("GET", "/me", &[], "").await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers.get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
    assert!(refused.headers.contains_key(header::WWW_AUTHENTICATE) && refused.body.contains("\"unauthenticated\""));
    let led = world.send("GET", "/nested/me?x=1", &[("accept", "text/html")], "").await;
    assert_eq!(led.status, StatusCode::SEE_OTHER);
    let location = led.headers.get(header::LOCATION).unwrap();
    assert_eq!(location, "/auth/sign-in?return_to=%2Fnested%2Fme%3Fx%3D1");
    assert_eq!(world.send("GET", "/maybe", &[], "").await.body, "stranger");
    assert_eq!(world.send("GET", "/code", &[], "").await.body, "unauthenticated");
    assert_eq!(world.send("GET", "/auth/me", &[], "").await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn somebody_who_is_signed_in_is_known_and_has_the_rights_of_their_role() {
    let world = world().await;
    for path in ["/me", "/maybe", "/nested/me"] {
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

#[actix_web::test]
async fn several_extractors_cost_one_check() {
    assert_eq!(world().await.get("/once").await.body, "one check");
}

#[actix_web::test]
async fn an_outage_is_nobodys_absence() {
    let world = world().await;
    world.store.set_unavailable(true);
    for path in ["/me", "/maybe", "/read", "/fresh", "/mfa", "/auth/me"] {
        let down = world.get(path).await;
        assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(down.headers.contains_key(header::RETRY_AFTER), "{path}");
    }
    assert_eq!(world.get("/code").await.body, "unavailable");
}

#[actix_web::test]
async fn another_site_is_refused_on_the_applications_own_routes() {
    let world = world().await;
    for path in ["/me", "/maybe"] {
        let forged = [("cookie", world.cookie.as_str()), ("origin", "https://evil.example")];
        let refused = world.send("POST", path, &forged, "").await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(refused.body.contains("cross_site"), "{path}");
        let own = [("cookie", world.cookie.as_str()), ("origin", ORIGIN)];
        assert_eq!(world.send("POST", path, &own, "").await.body, "Ann", "{path}");
    }
}

#[actix_web::test]
async fn all_headers_of_an_answer_arrive() {
    let world = world().await;
    let body = format!(r#"{{"email":"a@example.com","password":"{PASSWORD}"}}"#);
    let json = [("content-type", "application/json"), ("origin", ORIGIN)];
    let signed_in = world.send("POST", "/auth/sign-in", &json, body).await;
    assert_eq!(signed_in.status, StatusCode::OK, "{}", signed_in.body);
    let cookies: Vec<_> = signed_in.headers.get_all(header::SET_COOKIE).collect();
    assert!(cookies.len() >= 2, "{cookies:?}");
    let refused = world.send("PUT", "/auth/me", &[], "").await;
    assert_eq!(refused.headers.get(header::ALLOW).unwrap(), "GET, HEAD");
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_not_read_to_its_end() {
    let world = world().await;
    let json = [("content-type", "application/json"), ("origin", ORIGIN)];
    let whole = world.send("POST", "/auth/sign-up", &json, " ".repeat(16 * 1024 + 1)).await;
    assert_eq!(whole.status, StatusCode::PAYLOAD_TOO_LARGE);
    let sent = Rc::new(Cell::new(0));
    let count = sent.clone();
    let pieces = std::iter::repeat_with(move || {
        count.set(count.get() + 1);
        Ok(web::Bytes::from(vec![b' '; 1024]))
    });
    let send = async |payload: Pieces| {
        let pieces = Payload::Stream { payload };
        let (request, _) = request("POST", "/auth/sign-up", &json).to_request().replace_payload(pieces);
        let app = App::new().configure(attach("/auth/", &world.auth));
        call_service(&init_service(app).await, request).await.status()
    };
    let stream: Pieces = Box::pin(futures_util::stream::iter(pieces));
    assert_eq!(send(stream).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(sent.get() <= 18);
    let gone = std::io::Error::other("gone");
    let pieces = [Ok(web::Bytes::from_static(b" ")), Err(PayloadError::Io(gone))];
    let stream: Pieces = Box::pin(futures_util::stream::iter(pieces));
    assert_eq!(send(stream).await, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn to_forget_to_attach_is_answered_with_500() {
    let world = world().await;
    for path in ["/me", "/maybe", "/read", "/fresh", "/mfa"] {
        let lost = world.answer(request("GET", path, &[("cookie", &world.cookie)]), |_| {}).await;
        assert_eq!(lost.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
}

#[actix_web::test]
async fn a_second_prefix_is_answered_with_500() {
    let world = world().await;
    let get = async |path, prefix| {
        let request = request("GET", path, &[("cookie", &world.cookie)]);
        world.answer(request, attach(prefix, &world.auth)).await.status
    };
    assert_eq!(get("/auth/me", "/auth").await, StatusCode::OK);
    assert_eq!(get("/login/me", "/login").await, StatusCode::INTERNAL_SERVER_ERROR);
    for prefix in ["/{tenant}/auth", "/a b", "/a/../b", "//evil.example//x"] {
        assert_eq!(get("/me", prefix).await, StatusCode::INTERNAL_SERVER_ERROR, "{prefix}");
        assert_eq!(get("/x/auth/me", prefix).await, StatusCode::INTERNAL_SERVER_ERROR, "{prefix}");
    }
    assert_eq!(get("/auth/me", "/auth").await, StatusCode::OK, "the same prefix again, for another worker");
}
