//! API keys: of the caller, and of the organisation.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use time::Duration;
use usermgmt_service::core::api_key::ApiKeySecret;
use usermgmt_service::core::id::{ApiKeyId, UserId};
use usermgmt_service::core::model::KeyOwner;
use usermgmt_service::core::page::{Page, PageRequest};
use usermgmt_service::{ApiKeyItem, KeyLife, Keys, ManageApiKeys, NewKey};
use utoipa::ToSchema;

use super::sign_in::Nothing;
use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Keys on one page.
const PAGE: u32 = 50;

/// A key that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakeKeyInput {
    /// What people call it.
    #[serde(default)]
    name: String,
    /// The rights it may use, such as `project:read` or `project:*`.
    #[serde(default)]
    scopes: Vec<String>,
    /// How many days it lives; as many as the application says without.
    #[serde(default)]
    days: Option<u16>,
    /// Whether it lives until it is ended, if the application allows that.
    #[serde(default)]
    endless: bool,
}

/// How the key that is replaced ends.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateKeyInput {
    /// How many hours it goes on; it ends at once without.
    #[serde(default)]
    overlap_hours: u16,
}

impl MakeKeyInput {
    fn wanted(&self) -> Result<NewKey<'_>, Problem> {
        let life = match (self.days, self.endless) {
            (None, false) => KeyLife::Usual,
            (Some(days), false) => KeyLife::For(Duration::days(days.into())),
            (None, true) => KeyLife::Endless,
            (Some(_), true) => return Err(Problem::MALFORMED),
        };
        Ok(NewKey { name: &self.name, scopes: &self.scopes, life })
    }
}

impl RotateKeyInput {
    fn overlap(&self) -> Duration {
        Duration::hours(self.overlap_hours.into())
    }
}

pub(super) fn keys<'a>(context: &Context<'a>) -> Result<Keys<'a>, Problem> {
    context.auth.api_keys().ok_or(Problem::NOT_FOUND)
}

/// The one answer with the secret.
fn made(status: StatusCode, (key, secret): &(ApiKeyItem, ApiKeySecret)) -> Response {
    wire::json(status, &json!({ "key": key, "secret": secret.expose() }))
}

fn asked(context: &Context<'_>) -> Result<PageRequest<ApiKeyId>, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["cursor"])?;
    let page = PageRequest::first(PAGE);
    match query.get("cursor") {
        Some(cursor) => Ok(page.after(cursor.parse().map_err(|_| Problem::MALFORMED)?)),
        None => Ok(page),
    }
}

fn listed(found: &Page<ApiKeyItem, ApiKeyId>) -> Response {
    wire::json(StatusCode::OK, &json!({ "items": found.items, "next_cursor": found.next }))
}

fn ended() -> Response {
    wire::json(StatusCode::OK, &json!({ "status": "ended" }))
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let found = keys(context)?.list(context.principal()?, asked(context)?).await;
    Ok(listed(&found.map_err(|error| context.problem(error))?))
}

pub(super) async fn make(context: &Context<'_>) -> Result<Response, Problem> {
    let (keys, input): (_, MakeKeyInput) = (keys(context)?, context.json()?);
    let (principal, fresh) = (context.principal()?, context.fresh()?);
    let key = keys.make(&context.client, principal, &fresh, input.wanted()?).await;
    Ok(made(StatusCode::CREATED, &key.map_err(|error| context.problem(error))?))
}

pub(super) async fn rotate(context: &Context<'_>) -> Result<Response, Problem> {
    let (keys, input): (_, RotateKeyInput) = (keys(context)?, context.json()?);
    let (principal, fresh) = (context.principal()?, context.fresh()?);
    let key = keys.rotate(&context.client, principal, &fresh, context.id("key")?, input.overlap()).await;
    Ok(made(StatusCode::OK, &key.map_err(|error| context.problem(error))?))
}

pub(super) async fn end(context: &Context<'_>) -> Result<Response, Problem> {
    let (keys, _): (_, Nothing) = (keys(context)?, context.json()?);
    let done = keys.end(&context.client, context.principal()?, context.id("key")?).await;
    done.map(|()| ended()).map_err(|error| context.problem(error))
}

pub(super) async fn list_in_org(context: &Context<'_>) -> Result<Response, Problem> {
    let (keys, permit) = (keys(context)?, context.permit::<ManageApiKeys>()?);
    let found = keys.list_in_org(&permit, asked(context)?).await;
    Ok(listed(&found.map_err(|error| context.problem(error))?))
}

pub(super) async fn make_for_org(context: &Context<'_>) -> Result<Response, Problem> {
    let (keys, input): (_, MakeKeyInput) = (keys(context)?, context.json()?);
    let (permit, fresh) = (context.permit::<ManageApiKeys>()?, context.fresh()?);
    let key = keys.make_for_org(&context.client, &permit, &fresh, input.wanted()?).await;
    Ok(made(StatusCode::CREATED, &key.map_err(|error| context.problem(error))?))
}

pub(super) async fn rotate_of_org(context: &Context<'_>) -> Result<Response, Problem> {
    let (keys, input): (_, RotateKeyInput) = (keys(context)?, context.json()?);
    let (permit, fresh) = (context.permit::<ManageApiKeys>()?, context.fresh()?);
    let key = keys.rotate_of_org(&context.client, &permit, &fresh, context.id("key")?, input.overlap()).await;
    Ok(made(StatusCode::OK, &key.map_err(|error| context.problem(error))?))
}

pub(super) async fn end_of_org(context: &Context<'_>) -> Result<Response, Problem> {
    let permit = context.permit::<ManageApiKeys>()?;
    end_in_org(context, KeyOwner::Org(permit.scope().org())).await
}

pub(super) async fn end_of_member(context: &Context<'_>) -> Result<Response, Problem> {
    end_in_org(context, KeyOwner::User(context.id::<UserId>("user")?)).await
}

async fn end_in_org(context: &Context<'_>, owner: KeyOwner) -> Result<Response, Problem> {
    let (keys, _): (_, Nothing) = (keys(context)?, context.json()?);
    let permit = context.permit::<ManageApiKeys>()?;
    let done = keys.end_in_org(&context.client, &permit, owner, context.id("key")?).await;
    done.map(|()| ended()).map_err(|error| context.problem(error))
}
