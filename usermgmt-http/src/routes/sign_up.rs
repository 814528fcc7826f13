//! Sign-up.

use std::collections::BTreeMap;

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::limits::VERIFY_LINK_LIFE;
use usermgmt_service::core::port::BotPurpose;
use usermgmt_service::{Accepted, Client, Error, SignUp};
use utoipa::ToSchema;

use super::verify::{remember_address, wait_for_mail};
use crate::cookies::CookieName;
use crate::input::{self, Fields};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What somebody enters who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUpInput {
    /// E-mail address, or phone number where there are such.
    #[serde(default)]
    email: String,
    /// Password, 8 to 256 characters.
    #[serde(default)]
    password: String,
    /// Name, 1 to 64 characters.
    #[serde(default)]
    name: String,
    /// Username, where there are such.
    #[serde(default)]
    username: Option<String>,
    /// Name of the organization to make once the address is proven.
    #[serde(default)]
    organization: Option<String>,
    /// Whether to make a passkey behind the mail that proves the address, instead of a password.
    #[serde(default)]
    passkey: bool,
    /// Further fields that the application asks for.
    #[serde(default, deserialize_with = "input::unrepeated")]
    fields: BTreeMap<String, String>,
    /// The answer to the bot check, where one is asked for.
    #[serde(default)]
    bot_check: Option<String>,
}

async fn sign_up(context: &Context<'_>, client: &Client, input: &SignUpInput) -> Result<Accepted, Error> {
    let input = SignUp {
        email: &input.email,
        password: input.password.as_str().into(),
        name: &input.name,
        username: input.username.as_deref(),
        organization: input.organization.as_deref(),
        passkey: input.passkey,
        fields: input.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect(),
    };
    context.auth.sign_up(client, input).await
}

/// Names the browser that asked, for as long as the mailed link lives: in it the code works and the password that was
/// just set survives, also when the browser was closed meanwhile.
pub(super) fn remember_browser(context: &Context<'_>, response: &mut Response, accepted: &Accepted) {
    let lives_until = Some(context.now + VERIFY_LINK_LIFE);
    context.set_cookie(response, CookieName::Browser, accepted.browser.expose(), lives_until);
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SignUpInput = context.json()?;
    let own = own_fields(context);
    let strange = input.username.is_some() && !context.auth.settings().usernames.is_on();
    if strange || input.fields.keys().any(|name| !own.contains(&name.as_str())) {
        return Err(Problem::MALFORMED);
    }
    let client = context.answering(input.bot_check.as_deref());
    let accepted = sign_up(context, &client, &input).await.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted);
    Ok(response)
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    Ok(shown(context, None, vec![("return_to", &target)]))
}

/// Names of the fields that the application asks for.
fn own_fields(context: &Context<'_>) -> Vec<&'static str> {
    context.auth.settings().sign_up_fields.iter().map(|field| field.name).collect()
}

fn shown(context: &Context<'_>, problem: Option<&Problem>, values: Vec<(&str, &str)>) -> Response {
    let label = |name: &str| {
        let id = format!("sign-up-field-{}", name.replace('_', "-"));
        context.auth.texts().get(&context.language, &id, &[])
    };
    let fields = context.auth.settings().sign_up_fields.iter();
    let fields =
        fields.map(|field| context! { name => field.name, label => label(field.name), required => field.required });
    let data = context! { fields => fields.collect::<Vec<_>>() };
    pages::page(
        context,
        "sign_up.html",
        Page { values, problem, data, notice: None, purpose: Some(BotPurpose::SignUp) },
    )
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let own = own_fields(context);
    let mut expected = vec!["email", "password", "name", "organization", "passkey", "return_to"];
    if context.auth.settings().usernames.is_on() {
        expected.push("username");
    }
    expected.extend(&own);
    expected.extend(context.bot_fields(BotPurpose::SignUp));
    let fields = context.form(&expected)?;
    let client = context.answering_by(&fields, BotPurpose::SignUp);
    let target = context.return_to(&fields);
    let input = SignUpInput {
        email: fields.text("email").to_owned(),
        password: fields.text("password").to_owned(),
        name: fields.text("name").to_owned(),
        username: fields.get("username").map(str::to_owned),
        organization: fields.get("organization").map(str::to_owned),
        passkey: fields.get("passkey").is_some(),
        fields: own.iter().map(|name| ((*name).to_owned(), fields.text(name).to_owned())).collect(),
        bot_check: None,
    };
    match sign_up(context, &client, &input).await {
        Ok(accepted) => {
            let settings = context.auth.settings();
            let with_password = settings.has_passwords() && !(input.passkey && settings.has_passkey_sign_up());
            let mut response = match with_password {
                true => wait_for_mail(context, &input.email, &target, ""),
                false => {
                    let mut response = wire::see_other(&context.path("/sign-in/mailed"));
                    remember_address(context, &mut response, &input.email, &target);
                    response
                }
            };
            remember_browser(context, &mut response, &accepted);
            // A sign-in that waited for another address is given up.
            context.clear_cookie(&mut response, CookieName::Attempt);
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let mut values = vec![
                ("email", fields.text("email")),
                ("name", fields.text("name")),
                ("username", fields.text("username")),
                ("organization", fields.text("organization")),
                ("return_to", target.as_str()),
            ];
            values.extend(own.iter().map(|name| (*name, fields.text(name))));
            Ok(shown(context, Some(&problem), values))
        }
    }
}
