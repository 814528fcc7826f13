//! The rules, by the part of the contract they belong to.
//!
//! Each is an `async fn` that takes a fresh, empty store and panics, with a sentence that says what is wrong, if the
//! store breaks the rule.

pub mod api_keys;
pub mod atomicity;
pub mod attempts;
pub mod audit;
pub mod changes;
pub mod erasing;
pub mod factors;
pub mod filters;
pub mod guards;
pub mod isolation;
pub mod key_ends;
pub mod maintenance;
pub mod members;
pub mod nul;
pub mod org_profiles;
pub mod orgs;
pub mod outbox;
pub mod owners;
pub mod paging;
pub mod profiles;
pub mod races;
pub mod refresh;
pub mod removals;
pub mod roles;
pub mod sealing;
pub mod sessions;
pub mod signing_keys;
pub mod slugs;
pub mod texts;
pub mod throttle;
pub mod times;
pub mod tokens;
pub mod uniqueness;
pub mod users;
pub mod versions;
