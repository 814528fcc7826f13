#![doc = include_str!("../README.md")]
#![expect(clippy::panic, clippy::expect_used, reason = "a library of assertions: a store that breaks a rule panics")]

mod fixture;
#[doc(hidden)]
pub mod kit;
mod list;
mod profile;
mod prove;
mod rendezvous;
pub mod rules;

use std::pin::Pin;
use std::sync::Arc;

use usermgmt_core::store::Store;

pub use fixture::Fixture;
pub use list::{RULES, Rule};
pub use profile::Profile;
#[doc(hidden)]
pub use prove::prove;
pub use rendezvous::{Call, Rendezvous};

/// A store as the rules see it.
pub type AnyStore = Arc<dyn Store>;

/// What a rule is when it is called through the list: it panics if the store breaks it.
pub type Proving = Pin<Box<dyn Future<Output = ()> + Send>>;
