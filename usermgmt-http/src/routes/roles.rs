//! Roles of an organisation.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::model::RoleKey;
use usermgmt_service::{ManageRoles, ReadMembers, RoleInput};
use utoipa::ToSchema;

use super::sign_in::Nothing;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What a role shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutRoleInput {
    /// Name, 1 to 64 characters.
    #[serde(default)]
    name: String,
    /// Rights: keys of permissions, `resource:*`, or `*`.
    #[serde(default)]
    rights: Vec<String>,
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let permit = context.permit::<ReadMembers>()?;
    let org = permit.scope().read().await.map_err(|error| context.problem(error))?;
    let known = context.auth.roles();
    let code = known.iter().map(|(key, rights)| json!({ "key": key, "rights": rights, "custom": false }));
    let own = org
        .roles
        .iter()
        .map(|role| json!({ "key": role.key, "name": role.name, "rights": role.rights, "custom": true }));
    let permissions: Vec<_> = known.permissions().collect();
    let body = json!({ "items": code.chain(own).collect::<Vec<_>>(), "permissions": permissions });
    Ok(wire::json(StatusCode::OK, &body))
}

async fn put(context: &Context<'_>, key: Option<RoleKey>) -> Result<RoleKey, Problem> {
    let input: PutRoleInput = context.json()?;
    let permit = context.permit::<ManageRoles>()?;
    let input = RoleInput { key: key.as_ref(), name: &input.name, rights: &input.rights };
    context.auth.orgs().put_role(&context.client, &permit, input).await.map_err(|error| context.problem(error))
}

pub(super) async fn create(context: &Context<'_>) -> Result<Response, Problem> {
    let key = put(context, None).await?;
    Ok(wire::json(StatusCode::CREATED, &json!({ "key": key })))
}

pub(super) fn named(context: &Context<'_>) -> Result<RoleKey, Problem> {
    context.request.param("role").map(RoleKey::new).ok_or(Problem::NOT_FOUND)
}

pub(super) async fn change(context: &Context<'_>) -> Result<Response, Problem> {
    let key = put(context, Some(named(context)?)).await?;
    Ok(wire::json(StatusCode::OK, &json!({ "key": key })))
}

pub(super) async fn remove(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let permit = context.permit::<ManageRoles>()?;
    let removed = context.auth.orgs().remove_role(&context.client, &permit, &named(context)?).await;
    removed.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "removed" })))
}
