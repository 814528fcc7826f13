//! The framework-neutral HTTP layer of usermgmt.
//!
//! One static table of routes ([`routes()`]); one function that answers ([`serve()`]); the checks behind the extractors
//! ([`extract`]). Adapters translate between a framework and [`Request`]/[`Response`] and decide nothing: not which
//! route, not who is calling, not how an error looks. See [`adapter`] for what an adapter does, step by step.

pub mod adapter;
pub mod authenticate;
pub mod cookies;
pub mod cors;
pub mod csrf;
pub mod extract;
pub mod input;
mod measure;
pub mod openapi;
pub mod pages;
pub mod peer;
pub mod problem;
pub mod return_to;
pub mod route;
pub mod routes;
pub mod serve;
mod strays;
pub mod wire;

pub use authenticate::{Head, Identity, Memo};
pub use problem::Problem;
pub use route::{Guard, Representation, Route};
pub use routes::routes;
pub use serve::{max_body, serve, templates};
pub use wire::{Body, Request, Response};

pub use usermgmt_service as service;
