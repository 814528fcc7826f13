//! The HTTP suite: written once, run on every store under every framework.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code: what is unexpected ends the test"
)]

mod accounts;
mod administration;
mod api_key_attacks;
mod api_keys;
mod audit;
mod audit_chain;
mod bot_check;
mod bus;
mod change_password;
mod csrf;
mod detection;
mod disposable;
mod emails;
mod enumeration;
mod guesses;
mod hooks;
mod hosts;
mod imported_hashes;
mod input;
mod keys;
mod languages;
mod limits;
mod lost_factors;
mod magic_link;
mod magic_link_attacks;
mod mailed_tokens;
mod mails;
mod members;
mod membership;
mod new_password;
mod new_sign_in;
mod org_life;
mod organizations;
mod origins;
mod outage;
mod passkey_attacks;
mod passkeys;
mod password_rules;
mod passwordless;
mod phone_attacks;
mod phones;
mod pooler;
mod prepared_accounts;
mod processes;
mod profile;
mod realms;
mod recovery;
mod recovery_attacks;
mod redirects;
mod rights_model;
mod roles;
mod routes;
mod second_factor;
mod second_factor_attacks;
mod secure_account;
mod sent_code_attacks;
mod sent_codes;
mod services;
mod session_abuse;
mod sessions;
mod shared_sessions;
mod sign_in;
mod sign_up;
mod signing_keys;
mod step_up;
mod taken_addresses;
mod team;
mod tenants;
mod test_kit;
mod tokens;
mod two_tenants;
mod upgrade;
mod username_attacks;
mod usernames;
mod users;
mod verify_email;
mod workers;
