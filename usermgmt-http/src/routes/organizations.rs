//! Organisations.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::id::OrgId;
use usermgmt_service::core::model::{Membership, Org, OrgProfile};
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::{ManageOrganization, OrgChange, OwnOrganization};
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

/// What changes about an organization; what is not there stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateOrganizationInput {
    /// Name, 1 to 64 characters.
    name: Option<String>,
    /// Name in addresses: 2 to 48 letters, digits and hyphens.
    slug: Option<String>,
    /// Settings, an object of at most 16 KiB, that every member sees.
    settings: Option<Value>,
}

/// Who is to answer for the organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferInput {
    /// Id of the user.
    #[serde(default)]
    user: String,
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
    let item = |(org, membership): &(Org, Membership)| {
        let active = active == Some(org.id);
        json!({ "id": org.id, "name": org.name, "slug": org.slug, "roles": membership.roles, "active": active })
    };
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

/// The organization as any of its members sees it.
pub(super) async fn get(context: &Context<'_>) -> Result<Response, Problem> {
    let named = context.request.param("organization");
    let scope = context.organization(named).await?;
    let (org, profile) = (scope.read().await, scope.profile().await);
    let org = org.map_err(|error| context.problem(error))?;
    let profile = profile.map_err(|error| context.problem(error.into()))?.unwrap_or_else(|| OrgProfile::empty(org.id));
    let body = json!({
        "id": org.id, "name": org.name, "slug": org.slug, "roles": scope.roles(), "members": org.members,
        "seats": org.seats, "public": profile.public, "settings": profile.settings,
        "created_at": wire::time(org.created_at),
    });
    Ok(wire::json(StatusCode::OK, &body))
}

pub(super) async fn update(context: &Context<'_>) -> Result<Response, Problem> {
    let input: UpdateOrganizationInput = context.json()?;
    let permit = context.permit::<ManageOrganization>()?;
    let change =
        OrgChange { name: input.name.as_deref(), slug: input.slug.as_deref(), settings: input.settings.as_ref() };
    let updated = context.auth.orgs().update(&context.client, &permit, change).await;
    updated.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "changed" })))
}

pub(super) async fn leave(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let left = context.auth.orgs().leave(&context.client, context.principal()?, context.id("organization")?).await;
    left.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "left" })))
}

pub(super) async fn transfer(context: &Context<'_>) -> Result<Response, Problem> {
    let input: TransferInput = context.json()?;
    let heir = input.user.parse().map_err(|_| Problem::NOT_FOUND)?;
    let (permit, fresh) = (context.permit::<OwnOrganization>()?, context.fresh()?);
    let transferred = context.auth.orgs().transfer(&context.client, &permit, &fresh, heir).await;
    transferred.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "transferred" })))
}

pub(super) async fn delete(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let (permit, fresh) = (context.permit::<OwnOrganization>()?, context.fresh()?);
    let deleted = context.auth.orgs().delete(&context.client, &permit, &fresh).await;
    deleted.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "deleted" })))
}

pub(super) async fn restore(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let restored = context.auth.orgs().restore(&context.client, &context.fresh()?, context.id("organization")?).await;
    restored.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "restored" })))
}

pub(super) async fn explain(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["permission"])?;
    let (principal, named) = (context.principal()?, context.request.param("organization"));
    let acting = principal
        .org()
        .is_some_and(|standing| named.is_some_and(|named| named == standing.slug || named == standing.org.to_string()));
    // Also whom the policy keeps out is told why.
    if !acting {
        context.organization(named).await?;
    }
    let explained = context.auth.orgs().explain(principal, query.text("permission")).await;
    Ok(wire::json(StatusCode::OK, &explained.map_err(|error| context.problem(error))?))
}
