//! Usernames: the own one, and the mail for whoever has forgotten it.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::port::BotPurpose;
use utoipa::ToSchema;

use super::sign_up::remember_browser;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 1] = [("changed", "notice-username-changed")];

/// The username to have.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsernameInput {
    /// Username, 3 to 32 letters, digits and `.`, `_`, `-` within.
    #[serde(default)]
    username: String,
}

/// Whose username is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgottenInput {
    /// E-mail address.
    #[serde(default)]
    email: String,
    /// The answer to the bot check, where one is asked for.
    #[serde(default)]
    bot_check: Option<String>,
}

/// Pages that do not exist unless there are usernames.
fn switched_on(context: &Context<'_>) -> Result<(), Problem> {
    if context.auth.settings().usernames.is_on() { Ok(()) } else { Err(Problem::NOT_FOUND) }
}

async fn own(context: &Context<'_>) -> Result<Option<String>, Problem> {
    context.auth.username(context.principal()?).await.map_err(|error| context.problem(error))
}

pub(super) async fn get(context: &Context<'_>) -> Result<Response, Problem> {
    Ok(wire::json(StatusCode::OK, &json!({ "username": own(context).await? })))
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: UsernameInput = context.json()?;
    let chosen = context.auth.choose_username(&context.client, &context.fresh()?, &input.username).await;
    chosen.map_err(|error| context.problem(error))?;
    get(context).await
}

async fn shown(
    context: &Context<'_>,
    problem: Option<&Problem>,
    notice: Option<&str>,
    typed: &str,
) -> Result<Response, Problem> {
    let (username, fresh) = (own(context).await?, context.fresh().is_ok());
    let data = context! { username, fresh, step_up => pages::onward(&context.path("/account/username")) };
    let values = vec![("username", typed)];
    Ok(pages::page(context, "account_username.html", Page { values, problem, notice, data, ..Page::default() }))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    switched_on(context)?;
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    shown(context, None, query.choice("notice", &NOTICES), "").await
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["username"])?;
    switched_on(context)?;
    let typed = fields.text("username");
    match context.auth.choose_username(&context.client, &context.fresh()?, typed).await {
        Ok(()) => Ok(wire::see_other(&context.path("/account/username?notice=changed"))),
        Err(error) => shown(context, Some(&context.problem(error)), None, typed).await,
    }
}

pub(super) async fn forgotten_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ForgottenInput = context.json()?;
    let client = context.answering(input.bot_check.as_deref());
    let accepted = context.auth.request_username(&client, &input.email).await;
    let accepted = accepted.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted);
    Ok(response)
}

fn ask(context: &Context<'_>, problem: Option<&Problem>, email: &str) -> Response {
    let page = Page { values: vec![("email", email)], problem, purpose: Some(BotPurpose::Forgot), ..Page::default() };
    pages::page(context, "forgot_username.html", page)
}

pub(super) async fn forgotten_page(context: &Context<'_>) -> Result<Response, Problem> {
    switched_on(context)?;
    Fields::parse(context.request.query().as_bytes(), &[])?;
    Ok(ask(context, None, ""))
}

pub(super) async fn forgotten_form(context: &Context<'_>) -> Result<Response, Problem> {
    let mut expected = vec!["email"];
    expected.extend(context.bot_fields(BotPurpose::Forgot));
    let fields = context.form(&expected)?;
    switched_on(context)?;
    let (email, client) = (fields.text("email"), context.answering_by(&fields, BotPurpose::Forgot));
    match context.auth.request_username(&client, email).await {
        Ok(accepted) => {
            let mut response = wire::see_other(&context.path("/sign-in?notice=username-sent"));
            remember_browser(context, &mut response, &accepted);
            Ok(response)
        }
        Err(error) => Ok(ask(context, Some(&context.problem(error)), email)),
    }
}
