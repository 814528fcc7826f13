//! What other services ask about tokens: introspection (RFC 7662), and the list of what was revoked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, header};
use usermgmt_service::Service;

use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// The service that asks, by its name and secret (RFC 6749 section 2.3.1).
fn service<'a>(context: &'a Context<'_>) -> Result<Service<'a>, Problem> {
    let tokens = context.auth.tokens().ok_or(Problem::NOT_FOUND)?;
    let mut headers = context.request.headers.get_all(header::AUTHORIZATION).iter();
    let only = headers.next().filter(|_| headers.next().is_none()).and_then(|value| value.to_str().ok());
    let (name, secret) = only.and_then(presented).ok_or(Problem::INVALID_CLIENT)?;
    tokens.service(&context.client, &name, &secret).map_err(|_| Problem::INVALID_CLIENT)
}

/// Name and secret of `Basic` (RFC 7617 section 2).
fn presented(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(encoded.trim()).ok()).flatten()?;
    let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((name.to_owned(), secret.to_owned()))
}

pub(super) async fn introspect(context: &Context<'_>) -> Result<Response, Problem> {
    let service = service(context)?;
    let fields = Fields::parse(&context.body, &["token", "token_type_hint"])?;
    let token = fields.get("token").ok_or(Problem::MALFORMED)?;
    let known = service.introspect(&context.client, token).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &known))
}

pub(super) async fn revocations(context: &Context<'_>) -> Result<Response, Problem> {
    let service = service(context)?;
    let query = Fields::parse(context.request.query().as_bytes(), &["after"])?;
    let after = query.get("after").map(str::parse).transpose().map_err(|_| Problem::MALFORMED)?;
    let found = service.revocations(after).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &found))
}
