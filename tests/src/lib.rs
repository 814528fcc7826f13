//! The kit of the HTTP suite: an app on any store and framework, a browser that is none, a clock that is moved.
//!
//! Tests are written once and run in every cell of store × framework. What a test shows is reported line by line when
//! it has passed; `cargo xtask covered` counts those lines.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    missing_docs,
    reason = "this crate is test code: what is unexpected ends the test with a sentence"
)]

pub mod agent;
pub mod app;
pub mod authenticator;
pub mod breaches;
pub mod cell;
pub mod cluster;
pub mod faults;
pub mod host;
pub mod jar;
pub mod log;
pub mod metrics;
mod passkeys;
pub mod person;
pub mod report;
pub mod robots;
pub mod security_key;
pub mod smtp_server;
pub mod stores;

pub use agent::{Agent, Reply};
pub use app::{App, Setup};
pub use cell::{Cell, Framework, StoreKind};
pub use person::Person;
