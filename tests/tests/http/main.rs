//! The HTTP suite: written once, run on every store under every framework.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code: what is unexpected ends the test"
)]

mod administration;
mod change_password;
mod csrf;
mod emails;
mod enumeration;
mod guesses;
mod hooks;
mod input;
mod keys;
mod languages;
mod limits;
mod mailed_tokens;
mod mails;
mod new_password;
mod organizations;
mod outage;
mod password_rules;
mod processes;
mod profile;
mod recovery;
mod recovery_attacks;
mod redirects;
mod routes;
mod secure_account;
mod session_abuse;
mod sessions;
mod sign_in;
mod sign_up;
mod step_up;
mod taken_addresses;
mod users;
mod verify_email;
