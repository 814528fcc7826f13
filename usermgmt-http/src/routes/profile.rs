//! The profile.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::ProfileChange;
use utoipa::ToSchema;

use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What is to change; what is not there stays, and an empty text clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileInput {
    /// Name, 1 to 64 characters.
    #[serde(default)]
    name: Option<String>,
    /// Preferred language.
    #[serde(default)]
    locale: Option<String>,
    /// Address of a picture, an `https` URL.
    #[serde(default)]
    picture: Option<String>,
    /// How to reach the person otherwise.
    #[serde(default)]
    contact: Option<String>,
    /// Name of a time zone of the IANA database.
    #[serde(default)]
    time_zone: Option<String>,
    /// Metadata that the user writes: a JSON object of at most 16 KiB.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    own: Option<Value>,
}

const FIELDS: [&str; 5] = ["name", "locale", "picture", "contact", "time_zone"];

pub(super) async fn get(context: &Context<'_>) -> Result<Response, Problem> {
    let profile = context.auth.profile(context.principal()?).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!(profile)))
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ProfileInput = context.json()?;
    let change = ProfileChange {
        name: input.name.as_deref(),
        locale: input.locale.as_deref(),
        picture: input.picture.as_deref(),
        contact: input.contact.as_deref(),
        time_zone: input.time_zone.as_deref(),
        own: input.own.clone(),
    };
    let changed = context.auth.change_profile(&context.client, context.principal()?, change).await;
    changed.map_err(|error| context.problem(error))?;
    get(context).await
}

/// The languages to choose from, each by its own name.
fn languages(context: &Context<'_>) -> Vec<minijinja::Value> {
    let texts = context.auth.texts();
    texts.languages().map(|tag| context! { tag, name => texts.get(tag, "language-name", &[]) }).collect()
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    Fields::parse(context.request.query().as_bytes(), &[])?;
    let profile = context.auth.profile(context.principal()?).await.map_err(|error| context.problem(error))?;
    let values = vec![
        ("name", profile.name.as_str()),
        ("locale", profile.locale.as_deref().unwrap_or_default()),
        ("picture", profile.picture.as_deref().unwrap_or_default()),
        ("contact", profile.contact.as_deref().unwrap_or_default()),
        ("time_zone", profile.time_zone.as_deref().unwrap_or_default()),
    ];
    let data = context! { languages => languages(context) };
    Ok(pages::page(context, "account_profile.html", Page { values, data, ..Page::default() }))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&FIELDS)?;
    // A field that was sent empty is to be cleared.
    let text = |name| Some(fields.text(name));
    let change = ProfileChange {
        name: text("name"),
        locale: text("locale"),
        picture: text("picture"),
        contact: text("contact"),
        time_zone: text("time_zone"),
        own: None,
    };
    match context.auth.change_profile(&context.client, context.principal()?, change).await {
        Ok(()) => Ok(wire::see_other(&context.path("/account?notice=profile-changed"))),
        Err(error) => {
            let problem = context.problem(error);
            let values = FIELDS.iter().map(|name| (*name, fields.text(name))).collect();
            let data = context! { languages => languages(context) };
            let page = Page { values, problem: Some(&problem), data, ..Page::default() };
            Ok(pages::page(context, "account_profile.html", page))
        }
    }
}
