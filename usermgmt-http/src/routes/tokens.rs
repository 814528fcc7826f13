//! Access and refresh tokens.

use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::refresh::RefreshToken;
use usermgmt_service::{Issued, Tokens};
use utoipa::ToSchema;

use crate::cookies::CookieName;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What the token is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct IssueInput {
    /// Name of a service that the application has set up; this application itself without.
    #[serde(default)]
    audience: Option<String>,
}

/// Where the refresh token is kept.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keeper {
    /// In a cookie that scripts cannot read: for pages in a browser.
    Cookie,
    /// By the caller, for instance in the keychain of a phone.
    Caller,
}

/// Who keeps the refresh token that carries the session from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BeginInput {
    /// Where it is kept.
    keeper: Keeper,
}

/// A refresh token. One in the cookie need not be sent here.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshInput {
    /// The refresh token; that of the cookie without.
    #[serde(default)]
    refresh_token: Option<String>,
    /// Name of a service that the application has set up; this application itself without.
    #[serde(default)]
    audience: Option<String>,
}

/// A refresh token of the session that shall end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeInput {
    /// The refresh token; that of the cookie without.
    #[serde(default)]
    token: Option<String>,
}

fn tokens<'a>(context: &'a Context<'_>) -> Result<Tokens<'a>, Problem> {
    context.auth.tokens().ok_or(Problem::NOT_FOUND)
}

/// The answer (RFC 6749 section 5.1), with the refresh token where the caller keeps it.
fn answer(issued: &Issued, refresh: Option<&RefreshToken>) -> Response {
    let mut body = json!({
        "access_token": issued.access.expose(), "token_type": "Bearer",
        "expires_in": issued.expires_in.whole_seconds(), "refresh_in": issued.refresh_in.whole_seconds(),
    });
    if let (Some(body), Some(refresh)) = (body.as_object_mut(), refresh) {
        body.insert("refresh_token".into(), refresh.expose().into());
    }
    wire::json(StatusCode::OK, &body)
}

pub(super) async fn issue(context: &Context<'_>) -> Result<Response, Problem> {
    let (tokens, input): (_, IssueInput) = (tokens(context)?, context.json()?);
    let issued = tokens.issue(context.principal()?, input.audience.as_deref()).await;
    Ok(answer(&issued.map_err(|error| context.problem(error))?, None))
}

pub(super) async fn begin(context: &Context<'_>) -> Result<Response, Problem> {
    let (tokens, input): (_, BeginInput) = (tokens(context)?, context.json()?);
    let principal = context.principal()?;
    let begun = tokens.begin(&context.client, principal).await.map_err(|error| context.problem(error))?;
    // What the first refresh gives says that tokens carry the session.
    let issued = tokens.issue(principal, None).await.map_err(|error| context.problem(error))?;
    let kept = input.keeper == Keeper::Caller;
    let mut response = answer(&issued, Some(&begun).filter(|_| kept));
    context.clear_cookie(&mut response, CookieName::Session);
    if !kept {
        context.carry_session(&mut response, principal, CookieName::Refresh, begun.expose());
    }
    Ok(response)
}

pub(super) async fn refresh(context: &Context<'_>) -> Result<Response, Problem> {
    let (tokens, input): (_, RefreshInput) = (tokens(context)?, context.json()?);
    let kept = input.refresh_token.as_deref();
    let presented = kept.or_else(|| context.cookie(CookieName::Refresh)).unwrap_or_default();
    let refreshed = tokens.refresh(&context.client, presented).await;
    let (principal, successor) = refreshed.map_err(|error| context.problem(error))?;
    let issued = tokens.issue(&principal, input.audience.as_deref()).await.map_err(|error| context.problem(error))?;
    let mut response = answer(&issued, Some(&successor).filter(|_| kept.is_some()));
    if kept.is_none() {
        context.carry_session(&mut response, &principal, CookieName::Refresh, successor.expose());
    }
    Ok(response)
}

pub(super) async fn revoke(context: &Context<'_>) -> Result<Response, Problem> {
    let (tokens, input): (_, RevokeInput) = (tokens(context)?, context.json()?);
    let presented = input.token.as_deref().or_else(|| context.cookie(CookieName::Refresh)).unwrap_or_default();
    tokens.revoke(&context.client, presented).await.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "revoked" }));
    if input.token.is_none() {
        context.clear_cookie(&mut response, CookieName::Refresh);
    }
    Ok(response)
}

pub(super) async fn key_set(context: &Context<'_>) -> Result<Response, Problem> {
    let keys = tokens(context)?.key_set().await.map_err(|error| context.problem(error))?;
    let mut response = wire::response(StatusCode::OK, "application/jwk-set+json", keys.to_json());
    let cached = HeaderValue::from_static("public, max-age=600");
    response.headers_mut().insert(header::CACHE_CONTROL, cached);
    // Public keys are for everybody, pages of other origins included.
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response)
}
