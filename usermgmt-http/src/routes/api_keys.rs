//! API keys: of the caller, and of the organisation.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use time::Duration;
use usermgmt_service::core::api_key::ApiKeySecret;
use usermgmt_service::core::id::ApiKeyId;
use usermgmt_service::core::model::KeyOwner;
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::{ApiKeyItem, KeyLife, KeySet, Keys, NewKey};
use utoipa::ToSchema;

use super::sign_in::Nothing;
use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Keys on one page.
pub(super) const PAGE: u32 = 50;

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

fn keys<'a>(context: &Context<'a>) -> Result<Keys<'a>, Problem> {
    context.auth.api_keys().ok_or(Problem::NOT_FOUND)
}

/// The caller's keys.
pub(super) fn own<'a>(context: &Context<'a>) -> Result<KeySet<'a>, Problem> {
    Ok(keys(context)?.own(context.principal()?))
}

/// Those of the organisation.
pub(super) fn of_org<'a>(context: &Context<'a>) -> Result<KeySet<'a>, Problem> {
    Ok(keys(context)?.of_org(context.permit()?))
}

/// The one answer with the secret.
fn made(status: StatusCode, (key, secret): &(ApiKeyItem, ApiKeySecret)) -> Response {
    wire::json(status, &json!({ "key": key, "secret": secret.expose() }))
}

async fn list_of(context: &Context<'_>, keys: KeySet<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["cursor"])?;
    let found = keys.list(part(&query)?).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "items": found.items, "next_cursor": found.next })))
}

/// Which part of the keys is asked for.
pub(super) fn part(query: &Fields) -> Result<PageRequest<ApiKeyId>, Problem> {
    let page = PageRequest::first(PAGE);
    match query.get("cursor") {
        Some(cursor) => Ok(page.after(cursor.parse().map_err(|_| Problem::MALFORMED)?)),
        None => Ok(page),
    }
}

async fn make_in(context: &Context<'_>, keys: KeySet<'_>) -> Result<Response, Problem> {
    let (input, fresh): (MakeKeyInput, _) = (context.json()?, context.fresh()?);
    let key = keys.make(&context.client, &fresh, input.wanted()?).await;
    Ok(made(StatusCode::CREATED, &key.map_err(|error| context.problem(error))?))
}

async fn rotate_in(context: &Context<'_>, keys: KeySet<'_>) -> Result<Response, Problem> {
    let (input, fresh): (RotateKeyInput, _) = (context.json()?, context.fresh()?);
    let key = keys.rotate(&context.client, &fresh, context.id("key")?, input.overlap()).await;
    Ok(made(StatusCode::OK, &key.map_err(|error| context.problem(error))?))
}

async fn end_in(context: &Context<'_>, keys: KeySet<'_>, owner: KeyOwner) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let done = keys.end(&context.client, owner, context.id("key")?).await;
    done.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "ended" })))
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    list_of(context, own(context)?).await
}

pub(super) async fn make(context: &Context<'_>) -> Result<Response, Problem> {
    make_in(context, own(context)?).await
}

pub(super) async fn rotate(context: &Context<'_>) -> Result<Response, Problem> {
    rotate_in(context, own(context)?).await
}

pub(super) async fn end(context: &Context<'_>) -> Result<Response, Problem> {
    let keys = own(context)?;
    let owner = keys.owner();
    end_in(context, keys, owner).await
}

pub(super) async fn list_in_org(context: &Context<'_>) -> Result<Response, Problem> {
    list_of(context, of_org(context)?).await
}

pub(super) async fn make_for_org(context: &Context<'_>) -> Result<Response, Problem> {
    make_in(context, of_org(context)?).await
}

pub(super) async fn rotate_of_org(context: &Context<'_>) -> Result<Response, Problem> {
    rotate_in(context, of_org(context)?).await
}

pub(super) async fn end_of_org(context: &Context<'_>) -> Result<Response, Problem> {
    let keys = of_org(context)?;
    let owner = keys.owner();
    end_in(context, keys, owner).await
}

pub(super) async fn end_of_member(context: &Context<'_>) -> Result<Response, Problem> {
    end_in(context, of_org(context)?, KeyOwner::User(context.id("user")?)).await
}
