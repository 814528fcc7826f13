//! usermgmt in an [actix-web](https://docs.rs/actix-web) 4 application. It translates and extracts; what decides stands
//! in `usermgmt-http`, once for every framework.
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
//! never "no". An application that has forgotten [`attach()`] answers with 500 and a line in the log.
//!
//! ```
//! use actix_web::{App, web};
//! use usermgmt_actix::{MaybeUser, Require, SteppedUp};
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
//! # #[actix_web::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (store, keys) = (MemoryStore::new(), KeyRing::generate(&OsRandom)?);
//! let auth = UserMgmt::builder(store, "http://localhost:3000", keys).build().await?;
//! let app = move || {
//!     App::new()
//!         .configure(usermgmt_actix::attach("/auth", &auth))
//!         .route("/", web::get().to(home))
//!         .route("/orgs/{org}/projects/{id}", web::delete().to(remove))
//! };
//! # let _ = app();
//! # Ok(())
//! # }
//! ```
//!
//! # Not `Option<CurrentUser>`
//!
//! actix-web implements extraction of `Option<T>` for every `T` and makes *any* error `None`, so with the store down
//! `Option<CurrentUser>` would call everybody a stranger, and a request forged by another site would be taken for a
//! stranger's. Nothing in this crate can prevent that; [`MaybeUser`] is what you want. It answers 503 and 403.

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
