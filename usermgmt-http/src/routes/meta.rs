//! What concerns the service itself.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::openapi;
use crate::pages;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

pub(super) async fn health(_: &Context<'_>) -> Result<Response, Problem> {
    Ok(wire::json(StatusCode::OK, &json!({ "status": "ok" })))
}

pub(super) async fn ready(context: &Context<'_>) -> Result<Response, Problem> {
    context.auth.store().ping().await.map_err(|error| context.problem(error.into()))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "ready" })))
}

pub(super) async fn openapi(context: &Context<'_>) -> Result<Response, Problem> {
    Ok(wire::json(StatusCode::OK, &openapi::document(context.auth)))
}

pub(super) async fn style(_: &Context<'_>) -> Result<Response, Problem> {
    let mut response = wire::response(StatusCode::OK, "text/css; charset=utf-8", pages::STYLE);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}
