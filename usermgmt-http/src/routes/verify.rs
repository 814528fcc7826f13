//! Proof of an address.
//!
//! The mailed link is rendered by GET and used by POST, so that mail scanners cannot use it up. On its first opening
//! it moves into a short-lived cookie and leaves the address bar.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use time::Duration;
use usermgmt_service::core::error::FieldError;
use usermgmt_service::core::flow::verify_email::{Preview, Verified};
use usermgmt_service::core::secret::BearerKind;
use usermgmt_service::{Error, Proof, ProveAddress};
use utoipa::ToSchema;

use super::sign_in;
use super::sign_up::{check_mail, remember_browser};
use crate::cookies::{self, CookieName};
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Life of the cookie that a link moves into.
const LINK_COOKIE_LIFE: Duration = Duration::minutes(10);

/// How somebody proves an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifyInput {
    /// The token of the mailed link.
    #[serde(default)]
    token: Option<String>,
    /// The mailed code, in the browser that asked for it.
    #[serde(default)]
    code: Option<String>,
    /// A new password; needed if another browser set the present one.
    #[serde(default)]
    password: Option<String>,
    /// Another name for the organization; heard only where a new password is needed.
    #[serde(default)]
    organization: Option<String>,
}

/// Which address another mail is wanted for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResendInput {
    /// E-mail address.
    #[serde(default)]
    email: String,
}

async fn prove(
    context: &Context<'_>,
    proof: Proof<'_>,
    password: Option<&str>,
    organization: Option<&str>,
) -> Result<Verified, Error> {
    let input = ProveAddress { proof, password: password.map(Into::into), organization };
    context.auth.prove_address(&context.client, input).await
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: VerifyInput = context.json()?;
    let proof = match (&input.token, &input.code) {
        (Some(token), None) => Proof::Link(token.as_str().into()),
        (None, Some(code)) => Proof::Code(code.as_str().into()),
        _ => return Err(context.problem(FieldError::new("token", FieldError::REQUIRED).into())),
    };
    let verified = prove(context, proof, input.password.as_deref(), input.organization.as_deref()).await;
    let verified = verified.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "verified", "organization": verified.org })))
}

pub(super) async fn resend_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ResendInput = context.json()?;
    let accepted = context.auth.request_verification(&context.client, &input.email).await;
    let accepted = accepted.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted);
    Ok(response)
}

fn link(context: &Context<'_>) -> Option<String> {
    let found = cookies::read(&context.request.headers, &context.auth.settings().origin, CookieName::Link);
    found.value().map(str::to_owned)
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["token", "email"])?;
    if let Some(token) = query.get("token") {
        let mut response = wire::see_other(&context.path("/verify"));
        let expires_at = context.now + LINK_COOKIE_LIFE;
        context.set_cookie(&mut response, CookieName::Link, token, Some(expires_at));
        return Ok(response);
    }
    let Some(link) = link(context) else { return Ok(check_mail(context, query.text("email"))) };
    match context.auth.preview_link(&context.client, link.as_str().into()).await {
        Ok(preview) => Ok(confirm(context, &preview, None, "")),
        Err(error) => Ok(dead_link(context, &context.problem(error))),
    }
}

/// The page with the button that uses the link.
fn confirm(context: &Context<'_>, preview: &Preview, problem: Option<&Problem>, organization: &str) -> Response {
    let organization =
        if organization.is_empty() { preview.organization.as_deref().unwrap_or("") } else { organization };
    let data = context! { email => &preview.email, name => &preview.name, needs_password => preview.needs_password };
    pages::page(
        context,
        "verify.html",
        Page { values: vec![("organization", organization)], problem, data, notice: None },
    )
}

/// A link that cannot be used any more leads to a new one.
fn dead_link(context: &Context<'_>, problem: &Problem) -> Response {
    let data = context! { email => "" };
    let mut response =
        pages::page(context, "check_mail.html", Page { problem: Some(problem), data, ..Page::default() });
    if problem.code == "link_invalid" {
        context.clear_cookie(&mut response, CookieName::Link);
    }
    response
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["code", "email", "password", "organization"])?;
    let (password, organization) = (fields.get("password"), fields.get("organization"));
    match (fields.get("code"), link(context)) {
        (Some(code), _) => match prove(context, Proof::Code(code.into()), password, organization).await {
            Ok(_) => proven(context).await,
            Err(error) => {
                let problem = context.problem(error);
                let needs_password = problem.fields.iter().any(|error| error.field == "password");
                let data = context! { email => fields.text("email"), code, needs_password };
                Ok(pages::page(context, "check_mail.html", Page { problem: Some(&problem), data, ..Page::default() }))
            }
        },
        (None, Some(link)) => match prove(context, Proof::Link(link.as_str().into()), password, organization).await {
            Ok(_) => proven(context).await,
            Err(error) => {
                let problem = context.problem(error);
                match context.auth.preview_link(&context.client, link.as_str().into()).await {
                    Ok(preview) => Ok(confirm(context, &preview, Some(&problem), fields.text("organization"))),
                    Err(error) => Ok(dead_link(context, &context.problem(error))),
                }
            }
        },
        (None, None) => {
            let problem = context.problem(FieldError::new("code", FieldError::REQUIRED).into());
            let data = context! { email => fields.text("email") };
            Ok(pages::page(context, "check_mail.html", Page { problem: Some(&problem), data, ..Page::default() }))
        }
    }
}

/// Goes on with the sign-in that waited for the proof, or to the sign-in page.
async fn proven(context: &Context<'_>) -> Result<Response, Problem> {
    let mut response = match context.bearer(CookieName::Attempt, BearerKind::Attempt) {
        Some(attempt) => match context.auth.resume(&context.client, &attempt).await {
            Ok(outcome) => sign_in::lead_on(context, &outcome, None),
            Err(Error::Refused(_)) => wire::see_other(&context.path("/sign-in?notice=verified")),
            Err(error) => return Err(context.problem(error)),
        },
        None => wire::see_other(&context.path("/sign-in?notice=verified")),
    };
    context.clear_cookie(&mut response, CookieName::Link);
    Ok(response)
}

pub(super) async fn resend_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email"])?;
    let email = fields.text("email");
    match context.auth.request_verification(&context.client, email).await {
        Ok(_) => {
            let data = context! { email };
            Ok(pages::page(
                context,
                "check_mail.html",
                Page { notice: Some("check-mail-sent-again"), data, ..Page::default() },
            ))
        }
        Err(error) => {
            let problem = context.problem(error);
            let data = context! { email };
            let values = vec![("email", email)];
            Ok(pages::page(context, "check_mail.html", Page { values, problem: Some(&problem), data, notice: None }))
        }
    }
}
