//! What the examples `saas-axum` and `saas-actix` share: all that knows neither a framework nor a database. What is left
//! in each of them is what changes with those, and the handlers, which are the same text in both.
//!
//! | file | what to look at |
//! |---|---|
//! | [`permissions`] | what can be permitted, as types, and what each role is given |
//! | [`pages`] | what is shown |
//! | [`failure`] | what is shown instead |
//! | [`names`] | names of projects and workspaces |
//! | [`settings`] | where it listens and keeps its data |
//! | [`exporter`] | metrics |
//! | [`program`] | starting and ending in a terminal, and the check of the audit log |

pub mod exporter;
pub mod failure;
pub mod names;
pub mod pages;
pub mod permissions;
pub mod program;
pub mod settings;

/// Where the routes and pages of usermgmt are.
pub const AUTH: &str = "/auth";
