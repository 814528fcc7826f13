//! The HTTP suite: written once, run on every store under every framework.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "test code: what is unexpected ends the test"
)]

mod csrf;
mod enumeration;
mod input;
mod limits;
mod organizations;
mod outage;
mod processes;
mod redirects;
mod routes;
mod sessions;
mod sign_in;
mod sign_up;
mod step_up;
mod users;
mod verify_email;
