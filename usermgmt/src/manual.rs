//! The manual.
//!
//! | you want to | read |
//! |---|---|
//! | go from nothing to a signed-in user, then to production | [`getting_started`] |
//! | know a number, and why it is that | [`defaults`] |
//! | know what a person and your code can do with an account | [`account`] |
//! | know about organisations, roles, permissions and the audit log | [`organizations`] |
//! | let programs call with keys of their own | `api_keys` (with the feature `axum`) |
//! | have mails sent | [`mail`] |
//! | keep programs and thieves out | [`abuse`] |
//! | know what is yours to do | [`threats`] |
//! | keep data somewhere else | [`howto_store`] |
//! | run several processes of your application | [`howto_processes`] |
//! | serve several origins, or let a single-page application at another one call | [`howto_origins`] |
//! | write your rows and ours in one transaction | [`howto_enlist`] |
//! | test your own application | [`howto_test`] |
//! | watch it by numbers | [`howto_metrics`] |
//! | ask for a second factor | [`howto_second_factor`] |
//! | let people sign in by passkeys | [`howto_passkeys`] |
//! | take users over from another system | [`howto_import`] |
//! | let people sign in by a mailed link or code | [`howto_sign_in_by_mail`] |
//! | let people have usernames | [`howto_usernames`] |
//! | let people have an account by their phone number | [`howto_phones`] |

#[doc = include_str!("../manual/getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("../manual/defaults.md")]
pub mod defaults {}

#[doc = include_str!("../manual/account.md")]
pub mod account {}

#[doc = include_str!("../manual/organizations.md")]
pub mod organizations {}

#[cfg(feature = "tokens")]
#[doc = include_str!("../manual/tokens.md")]
pub mod tokens {}

#[cfg(feature = "axum")]
#[doc = include_str!("../manual/api_keys.md")]
pub mod api_keys {}

#[doc = include_str!("../manual/mail.md")]
pub mod mail {}

#[doc = include_str!("../manual/abuse.md")]
pub mod abuse {}

#[doc = include_str!("../manual/threats.md")]
pub mod threats {}

#[doc = include_str!("../manual/howto_store.md")]
pub mod howto_store {}

#[doc = include_str!("../manual/howto_processes.md")]
pub mod howto_processes {}

#[doc = include_str!("../manual/howto_origins.md")]
pub mod howto_origins {}

#[doc = include_str!("../manual/howto_enlist.md")]
pub mod howto_enlist {}

#[doc = include_str!("../manual/howto_second_factor.md")]
pub mod howto_second_factor {}

#[doc = include_str!("../manual/howto_passkeys.md")]
pub mod howto_passkeys {}

#[doc = include_str!("../manual/howto_import.md")]
pub mod howto_import {}

#[doc = include_str!("../manual/howto_sign_in_by_mail.md")]
pub mod howto_sign_in_by_mail {}

#[doc = include_str!("../manual/howto_test.md")]
pub mod howto_test {}

#[doc = include_str!("../manual/howto_phones.md")]
pub mod howto_phones {}

#[doc = include_str!("../manual/howto_usernames.md")]
pub mod howto_usernames {}

#[doc = include_str!("../manual/howto_metrics.md")]
pub mod howto_metrics {}
