//! usermgmt in an [axum](https://docs.rs/axum) 0.8 application. It translates and extracts; what decides stands in
//! `usermgmt-http`, once for every framework.
//!
//! [`attach()`] mounts the routes and pages. The extractors make the signature of a handler its policy:
//!
//! | you want | take | whoever may not gets |
//! |---|---|---|
//! | somebody who is signed in | [`CurrentUser`] | 401 |
//! | to know whether somebody is | [`MaybeUser`] | (everybody may) |
//! | the organisation, and that they are a member | [`ActiveOrg`] | 401, 403, 404 |
//! | a permission in the organisation | [`Require<P>`](Require) | 401, 403, 404 |
//! | the same, also by an API key | [`Authorized<P>`](Authorized) | 401, 403, 404 |
//! | an API key, whatever it may do | [`CurrentKey`] | 401 |
//! | that they have proven it a short while ago | [`SteppedUp`], [`Fresh<SECONDS>`](Fresh) | 401, 403 |
//! | that the session was proven by two factors | [`Mfa`] | 401, 403 |
//! | what an access token says, without asking the store | `TokenClaims` (feature `tokens`) | 401 |
//! | to call the library on their behalf | [`Caller`], [`Auth`] | (everybody may) |
//!
//! A person who has opened a page is led to sign in, or to prove it again, and back; a program gets
//! `application/problem+json`. When it cannot be found out who is calling, the answer is 503: never "nobody", and
//! never "no".
//!
//! ```
//! use axum::Router;
//! use axum::routing::{delete, get};
//! use usermgmt_axum::{MaybeUser, Require, SteppedUp};
//! # use usermgmt_http::service::core::{keys::KeyRing, port::OsRandom};
//! # use usermgmt_http::service::{MemoryStore, UserMgmt, core::permission};
//!
//! permission!(pub DeleteProject = "project:delete");
//!
//! async fn home(MaybeUser(user): MaybeUser) -> String {
//!     user.map_or("Hello".into(), |user| format!("Hello {}", user.name()))
//! }
//!
//! async fn remove(Require(permit): Require<DeleteProject>, _: SteppedUp) -> String {
//!     format!("deleted in {}", permit.scope().name())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (store, keys) = (MemoryStore::new(), KeyRing::generate(&OsRandom)?);
//! let auth = UserMgmt::builder(store, "http://localhost:3000", keys).build().await?;
//! let app = Router::new()
//!     .route("/", get(home))
//!     .route("/orgs/{org}/projects/{id}", delete(remove));
//! let app: Router = usermgmt_axum::attach(app, "/auth", &auth).with_state(auth);
//! # Ok(())
//! # }
//! ```
//!
//! With a state of your own, say where it keeps the handle: `#[derive(FromRef)] struct App { auth: UserMgmt, … }`. To
//! forget it does not compile:
//!
//! ```compile_fail,E0277
//! use axum::{Router, routing::get};
//! use usermgmt_axum::CurrentUser;
//!
//! async fn home(user: CurrentUser) -> String { user.name().to_owned() }
//! let app: Router<()> = Router::new().route("/", get(home));
//! ```
//!
//! # The address of a client
//!
//! Limits count by address. axum knows it only if you serve with
//! `app.into_make_service_with_connect_info::<SocketAddr>()`; without it all clients share one bucket. Behind a proxy,
//! also name the proxy: `Builder::trusted_proxies`.

mod attach;
mod convert;
mod extract;
mod reject;

pub use attach::attach;
#[cfg(feature = "tokens")]
pub use extract::TokenClaims;
pub use extract::{
    ActiveOrg, Auth, Authorized, Caller, CurrentKey, CurrentUser, Fresh, MaybeUser, Mfa, Require, SteppedUp,
};
pub use reject::Rejection;
