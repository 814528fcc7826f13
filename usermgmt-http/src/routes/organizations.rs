//! Organisations.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::id::OrgId;
use usermgmt_service::core::page::PageRequest;
use utoipa::ToSchema;

use super::sign_in::Nothing;
use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Organisations on one page.
const PAGE: u32 = 50;

/// A new organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganizationInput {
    /// Name, 1 to 64 characters.
    #[serde(default)]
    name: String,
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["cursor"])?;
    let mut page = PageRequest::first(PAGE);
    if let Some(cursor) = query.get("cursor") {
        page = page.after(cursor.parse::<OrgId>().map_err(|_| Problem::MALFORMED)?);
    }
    let principal = context.principal()?;
    let found = context.auth.orgs().of(principal, page).await.map_err(|error| context.problem(error))?;
    let active = principal.org().map(|standing| standing.org);
    let item = |(org, membership): &(usermgmt_service::core::model::Org, usermgmt_service::core::model::Membership)| json!({ "id": org.id, "name": org.name, "roles": membership.roles, "active": active == Some(org.id) });
    let items: Vec<_> = found.items.iter().map(item).collect();
    Ok(wire::json(StatusCode::OK, &json!({ "items": items, "next_cursor": found.next })))
}

pub(super) async fn create(context: &Context<'_>) -> Result<Response, Problem> {
    let input: CreateOrganizationInput = context.json()?;
    let made = context.auth.orgs().create(&context.client, context.principal()?, &input.name).await;
    let id = made.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::CREATED, &json!({ "id": id })))
}

pub(super) async fn enter(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let org: OrgId = context.id("organization")?;
    let principal = context.principal()?;
    let entered = context.auth.orgs().enter(&context.client, principal, org).await;
    let secret = entered.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "entered", "organization": org }));
    context.renew_session(&mut response, &secret)?;
    Ok(response)
}
