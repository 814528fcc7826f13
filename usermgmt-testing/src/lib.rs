//! For the tests of applications that use usermgmt: no network, no waiting, no mail server, and anybody signed in.
//!
//! | a test wants | it takes |
//! |---|---|
//! | usermgmt in memory | [`TestAuth::start`] |
//! | usermgmt as the application itself puts it together, on whichever store | [`Kit::prepare`] and [`Kit::over`] |
//! | somebody signed in, with roles, by chosen proofs of a chosen age | [`TestAuth::sign_in_as`] and [`Persona`] |
//! | time to pass | [`TestAuth::advance`] |
//! | the link or the code of a mail, or of a text to a phone | [`TestAuth::mail_to`] |
//! | to send a request as that person's browser would | [`Browser`], to an [`Application`] |
//! | the same by a client of its own | [`Browser::cookie`], [`Browser::headers`] |
//!
//! ```
//! # #[cfg(all(feature = "axum", feature = "totp"))]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! use axum::{Router, routing::post};
//! use time::Duration;
//! use usermgmt_axum::{CurrentUser, Mfa, SteppedUp};
//! use usermgmt_testing::{Method, Persona, TestAuth};
//!
//! async fn wipe(user: CurrentUser, _: Mfa, _: SteppedUp) -> String {
//!     format!("wiped by {}", user.name())
//! }
//!
//! let auth = TestAuth::start(|builder| builder).await;
//! let app = Router::new().route("/wipe", post(wipe));
//! let app = usermgmt_axum::attach(app, "/auth", &auth).with_state(auth.handle());
//!
//! let by_password = Persona::new("bob").proven(Method::Password, Duration::minutes(1));
//! let mut bob = auth.sign_in_as(by_password.clone()).await;
//! let refused = bob.post_json(&app, "/wipe", &()).await;
//! assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (403, Some("policy_unmet")));
//!
//! let mut bob = auth.sign_in_as(by_password.proven(Method::Otp, Duration::minutes(1))).await;
//! assert_eq!(bob.post_json(&app, "/wipe", &()).await.body, "wiped by bob");
//! auth.advance(Duration::hours(1));
//! let refused = bob.post_json(&app, "/wipe", &()).await;
//! assert_eq!(refused.json()["code"], "step_up_required");
//! # }
//! # #[cfg(not(all(feature = "axum", feature = "totp")))]
//! # fn main() {}
//! ```
//!
//! Nothing here is a way around a check. Users, organisations, members and second factors are made by the calls that the
//! application has too. A session of chosen proofs is a row in the store, as any other is, and from then on every check
//! finds it by its cookie and judges it: one that is too old is expired, one without a second factor is refused where a
//! policy demands it. What can be written into the store of a production system can be written only by whoever holds
//! that store.
//!
//! What goes wrong in the preparations ends the test with a sentence: the functions here panic.
#![expect(clippy::panic, clippy::expect_used, reason = "for tests: what is unexpected ends the test with a sentence")]

#[cfg(feature = "actix")]
pub mod actix;
mod answer;
#[cfg(feature = "totp")]
mod authenticator;
#[cfg(feature = "axum")]
mod axum;
mod browser;
mod kit;
mod mailbox;
mod persona;
mod sign_in_as;

pub use answer::{Answer, Application};
#[cfg(feature = "totp")]
pub use authenticator::Authenticator;
pub use browser::Browser;
pub use kit::{Kit, TestAuth};
pub use mailbox::{CapturedMail, Mailbox};
pub use persona::Persona;
pub use sign_in_as::SignedInAs;
pub use usermgmt_http::service::core::model::Method;
