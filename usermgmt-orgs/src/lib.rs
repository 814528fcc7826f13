//! Organisation rules: making one, entering one, changing what it demands.

mod create;
mod enter;
mod policy;

pub use create::create;
pub use enter::enter;
pub use policy::{ManagePolicy, set_policy};
