//! Sessions: seeing and ending them.

use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::id::SessionId;
use usermgmt_service::core::page::PageRequest;
use utoipa::ToSchema;

use super::sign_in::Nothing;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Sessions on one page.
const PAGE: u32 = 50;

/// Whether the own session goes on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EverywhereInput {
    /// Keep the own session, under a new secret.
    #[serde(default)]
    keep_own: bool,
}

/// Removes every cookie that stands for the session, and what the browser has kept of its pages. What accounts know of
/// the device stays, and the sessions of other accounts.
fn forget(context: &Context<'_>, response: &mut Response) {
    let stays = |name| matches!(name, CookieName::Device | CookieName::Trusted | CookieName::Accounts);
    for name in CookieName::ALL.into_iter().filter(|name| !stays(*name)) {
        context.clear_cookie(response, name);
    }
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
}

async fn sign_out(context: &Context<'_>) -> Result<(), Problem> {
    match &context.client.principal {
        Some(principal) => {
            context.auth.sign_out(&context.client, principal).await.map_err(|error| context.problem(error))
        }
        #[cfg(feature = "tokens")]
        None => match (context.auth.tokens(), context.cookie(CookieName::Refresh)) {
            (Some(tokens), Some(token)) => {
                tokens.revoke(&context.client, token).await.map_err(|error| context.problem(error))
            }
            _ => Ok(()),
        },
        #[cfg(not(feature = "tokens"))]
        None => Ok(()),
    }
}

pub(super) async fn sign_out_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    sign_out(context).await?;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "signed_out" }));
    forget(context, &mut response);
    Ok(response)
}

pub(super) async fn sign_out_form(context: &Context<'_>) -> Result<Response, Problem> {
    if context.client.principal.is_some() {
        context.form(&[])?;
    }
    sign_out(context).await?;
    let mut response = wire::see_other(&context.path("/sign-in?notice=signed-out"));
    forget(context, &mut response);
    Ok(response)
}

pub(super) async fn everywhere_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: EverywhereInput = context.json()?;
    let principal = context.principal()?;
    let kept = context.auth.sign_out_everywhere(&context.client, principal, input.keep_own).await;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "signed_out_everywhere" }));
    match kept.map_err(|error| context.problem(error))? {
        Some(secret) => context.renew_session(&mut response, &secret)?,
        None => forget(context, &mut response),
    }
    Ok(response)
}

pub(super) async fn everywhere_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let ended = context.auth.sign_out_everywhere(&context.client, context.principal()?, false).await;
    ended.map_err(|error| context.problem(error))?;
    let mut response = wire::see_other(&context.path("/sign-in?notice=signed-out-everywhere"));
    forget(context, &mut response);
    Ok(response)
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["cursor"])?;
    let mut page = PageRequest::first(PAGE);
    if let Some(cursor) = query.get("cursor") {
        page = page.after(cursor.parse::<SessionId>().map_err(|_| Problem::MALFORMED)?);
    }
    let found = context.auth.sessions(context.principal()?, page).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "items": found.items, "next_cursor": found.next })))
}

async fn end(context: &Context<'_>) -> Result<bool, Problem> {
    let id: SessionId = context.id("session")?;
    let principal = context.principal()?;
    context.auth.end_session(&context.client, principal, id).await.map_err(|error| context.problem(error))?;
    Ok(id == principal.session())
}

pub(super) async fn end_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let own = end(context).await?;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "ended" }));
    if own {
        forget(context, &mut response);
    }
    Ok(response)
}

pub(super) async fn end_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let own = match end(context).await {
        Ok(own) => own,
        // Pressed twice, or ended elsewhere: the list shows that it is gone.
        Err(problem) if problem.code == "not_found" => return Ok(wire::see_other(&context.path("/account"))),
        Err(problem) => return Err(problem),
    };
    let mut response = wire::see_other(&context.path(if own {
        "/sign-in?notice=signed-out"
    } else {
        "/account?notice=session-ended"
    }));
    if own {
        forget(context, &mut response);
    }
    Ok(response)
}
