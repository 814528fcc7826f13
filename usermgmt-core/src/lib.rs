//! The core of usermgmt: model, store contract, proofs, flows, policies and ports.
//!
//! No async runtime, no HTTP, no SQL: those stand in other crates of the family and see this one. Read
//! [`store`] for the contract of stores, [`proof`] for the values that stand for checks, [`flow`] for what happens in
//! a sign-up or a sign-in, [`port`] for what the outside world provides.

pub mod address;
pub mod api_key;
pub mod audit;
pub mod contact;
pub mod error;
pub mod flow;
pub mod id;
pub mod keys;
pub mod limits;
pub mod memory;
pub mod model;
pub mod opaque;
pub mod page;
pub mod password;
pub mod permission;
pub mod phone;
pub mod planned;
pub mod policy;
pub mod port;
pub mod proof;
pub mod recovery_code;
pub mod refresh;
pub mod sealed;
pub mod secret;
pub mod store;
pub mod text;
pub mod username;

pub use error::{Error, FieldError, Invalid, Refused};
pub use memory::MemoryStore;
pub use planned::{Applied, Committer, Planned};
