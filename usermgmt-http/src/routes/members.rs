//! Members of an organisation.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::id::UserId;
use usermgmt_service::core::model::{MemberFilter, MemberRecord, MembershipStatus, RoleKey};
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::permission::Permission as _;
use usermgmt_service::{AddMembers, ManageMembers, ReadMembers, Refused};
use utoipa::ToSchema;

use super::sign_in::Nothing;
use crate::input::Fields;
use crate::pages::organization::sees_addresses;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Members on one page.
const PAGE: u32 = 50;

/// Somebody who becomes a member.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddMemberInput {
    /// The address that the user signs in with.
    #[serde(default)]
    email: String,
    /// Keys of the roles.
    #[serde(default)]
    roles: Vec<String>,
}

/// Other roles.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RolesInput {
    /// Keys of the roles, all of them.
    #[serde(default)]
    roles: Vec<String>,
}

pub(super) fn keys(roles: &[String]) -> Vec<RoleKey> {
    roles.iter().map(RoleKey::new).collect()
}

/// Which members are asked for (cursor, status, beginning of an address), and from where on. Whoever does not see
/// addresses cannot ask by them.
pub(super) fn asked(
    context: &Context<'_>,
    sees: bool,
    [cursor, status, email]: [Option<&str>; 3],
) -> Result<(MemberFilter, PageRequest<UserId>), Problem> {
    if email.is_some() && !sees {
        return Err(Problem::refused(&Refused::PermissionMissing(ManageMembers::KEY), context.now));
    }
    let status = status.map(|word| MembershipStatus::from_word(word).ok_or(Problem::MALFORMED)).transpose()?;
    let page = PageRequest::first(PAGE);
    let page = match cursor {
        Some(cursor) => page.after(cursor.parse().map_err(|_| Problem::MALFORMED)?),
        None => page,
    };
    Ok((MemberFilter { status, identifier_prefix: email.map(str::to_lowercase) }, page))
}

fn item(record: &MemberRecord, sees: bool) -> Value {
    let MemberRecord { membership, user, email } = record;
    let email = email.as_deref().filter(|_| sees);
    json!({
        "user": user.id, "name": user.name, "email": email, "roles": membership.roles, "status": membership.status,
        "account_status": user.status, "member_since": wire::time(membership.created_at),
    })
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["cursor", "status", "email"])?;
    let access = context.access::<ReadMembers>()?;
    let sees = sees_addresses(|key| access.may(key));
    let (filter, page) = asked(context, sees, ["cursor", "status", "email"].map(|name| query.get(name)))?;
    let found = access.members(&filter, page).await.map_err(|error| context.problem(error.into()))?;
    let items: Vec<_> = found.items.iter().map(|record| item(record, sees)).collect();
    Ok(wire::json(StatusCode::OK, &json!({ "items": items, "next_cursor": found.next })))
}

pub(super) async fn add(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AddMemberInput = context.json()?;
    let permit = context.permit::<AddMembers>()?;
    let (orgs, roles) = (context.auth.orgs(), keys(&input.roles));
    let added = orgs.add_member_by_email(&context.client, &permit, &input.email, &roles).await;
    added.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::ACCEPTED, &json!({ "status": "accepted" })))
}

pub(super) async fn set_roles(context: &Context<'_>) -> Result<Response, Problem> {
    let input: RolesInput = context.json()?;
    let (user, permit) = (context.id("user")?, context.permit::<ManageMembers>()?);
    let set = context.auth.orgs().set_roles(&context.client, &permit, user, &keys(&input.roles)).await;
    set.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "changed" })))
}

async fn set_status(context: &Context<'_>, status: MembershipStatus) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let (user, permit) = (context.id("user")?, context.permit::<ManageMembers>()?);
    let set = context.auth.orgs().set_member_status(&context.client, &permit, user, status).await;
    set.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": status })))
}

pub(super) async fn suspend(context: &Context<'_>) -> Result<Response, Problem> {
    set_status(context, MembershipStatus::Suspended).await
}

pub(super) async fn reactivate(context: &Context<'_>) -> Result<Response, Problem> {
    set_status(context, MembershipStatus::Active).await
}

pub(super) async fn remove(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let (user, permit) = (context.id("user")?, context.permit::<ManageMembers>()?);
    let removed = context.auth.orgs().remove_member(&context.client, &permit, user).await;
    removed.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "removed" })))
}

pub(super) async fn explain(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["permission"])?;
    let (user, permit) = (context.id("user")?, context.permit::<ReadMembers>()?);
    let explained = context.auth.orgs().explain_member(&permit, user, query.text("permission")).await;
    Ok(wire::json(StatusCode::OK, &explained.map_err(|error| context.problem(error))?))
}
