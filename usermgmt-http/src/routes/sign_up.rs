//! Sign-up.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::limits::VERIFY_LINK_LIFE;
use usermgmt_service::{Accepted, Error, SignUp};
use utoipa::ToSchema;

use super::verify::wait_for_mail;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What somebody enters who signs up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUpInput {
    /// E-mail address.
    #[serde(default)]
    email: String,
    /// Password, 8 to 256 characters.
    #[serde(default)]
    password: String,
    /// Name, 1 to 64 characters.
    #[serde(default)]
    name: String,
    /// Name of the organization to make once the address is proven.
    #[serde(default)]
    organization: Option<String>,
}

async fn sign_up(context: &Context<'_>, input: &SignUpInput) -> Result<Accepted, Error> {
    let input = SignUp {
        email: &input.email,
        password: input.password.as_str().into(),
        name: &input.name,
        organization: input.organization.as_deref(),
    };
    context.auth.sign_up(&context.client, input).await
}

/// Names the browser that asked, for as long as the mailed link lives: in it the code works and the password that was
/// just set survives, also when the browser was closed meanwhile.
pub(super) fn remember_browser(context: &Context<'_>, response: &mut Response, accepted: &Accepted) {
    let lives_until = Some(context.now + VERIFY_LINK_LIFE);
    context.set_cookie(response, CookieName::Browser, accepted.browser.expose(), lives_until);
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SignUpInput = context.json()?;
    let accepted = sign_up(context, &input).await.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted);
    Ok(response)
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = return_to::parse(query.text("return_to"), &context.auth.settings().origin).unwrap_or_default();
    Ok(pages::page(context, "sign_up.html", Page { values: vec![("return_to", &target)], ..Page::default() }))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email", "password", "name", "organization", "return_to"])?;
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin).unwrap_or_default();
    let input = SignUpInput {
        email: fields.text("email").to_owned(),
        password: fields.text("password").to_owned(),
        name: fields.text("name").to_owned(),
        organization: fields.get("organization").map(str::to_owned),
    };
    match sign_up(context, &input).await {
        Ok(accepted) => {
            let mut response = wait_for_mail(context, &input.email, &target, "");
            remember_browser(context, &mut response, &accepted);
            // A sign-in that waited for another address is given up.
            context.clear_cookie(&mut response, CookieName::Attempt);
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![
                ("email", fields.text("email")),
                ("name", fields.text("name")),
                ("organization", fields.text("organization")),
                ("return_to", &target),
            ];
            Ok(pages::page(context, "sign_up.html", Page { values, problem: Some(&problem), ..Page::default() }))
        }
    }
}
