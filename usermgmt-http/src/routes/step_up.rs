//! Step-up.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::secret::Bearer;
use usermgmt_service::{Error, FieldError};
use utoipa::ToSchema;

use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// The proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUpInput {
    /// Password, for an account without a second factor.
    #[serde(default)]
    password: Option<String>,
    /// Six digits of an authenticator application, or a recovery code, for an account with a second factor.
    #[serde(default)]
    code: Option<String>,
}

/// Whether the caller proves it again by a code.
fn by_code(context: &Context<'_>) -> bool {
    context.client.principal.as_ref().is_some_and(|principal| principal.factors().has_second())
}

async fn step_up(context: &Context<'_>, password: Option<&str>, code: Option<&str>) -> Result<Bearer, Error> {
    let principal = context.client.principal.as_ref().ok_or(usermgmt_service::Refused::Unauthenticated)?;
    match (password, code) {
        (Some(password), None) => context.auth.step_up_by_password(&context.client, principal, password.into()).await,
        (None, Some(code)) => context.auth.step_up_by_code(&context.client, principal, code.into()).await,
        _ => {
            let field = if by_code(context) { "code" } else { "password" };
            Err(FieldError::new(field, FieldError::REQUIRED).into())
        }
    }
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: StepUpInput = context.json()?;
    let secret = step_up(context, input.password.as_deref(), input.code.as_deref())
        .await
        .map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "stepped_up" }));
    context.renew_session(&mut response, &secret)?;
    Ok(response)
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    shown(context, &target, None).await
}

/// The page. Where there is no password to prove again by, it leads to a mail that sets one.
async fn shown(context: &Context<'_>, target: &str, problem: Option<&Problem>) -> Result<Response, Problem> {
    let principal = context.principal()?;
    let stored = context.auth.has_password(principal).await.map_err(|error| context.problem(error))?;
    let has_password = stored && context.auth.settings().has_passwords();
    let by_mail = principal.proofs().iter().all(|proof| !proof.method.is_beyond_mail());
    let (values, data) = (vec![("return_to", target)], context! { has_password, by_mail, by_code => by_code(context) });
    Ok(pages::page(context, "step_up.html", Page { values, problem, data, ..Page::default() }))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["password", "code", "return_to"])?;
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin);
    match step_up(context, fields.get("password"), fields.get("code")).await {
        Ok(secret) => {
            let mut response = wire::see_other(target.as_deref().unwrap_or(&context.auth.settings().home));
            context.renew_session(&mut response, &secret)?;
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            shown(context, target.as_deref().unwrap_or_default(), Some(&problem)).await
        }
    }
}
