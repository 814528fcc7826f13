//! Step-up.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::model::Method;
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
    context.client.principal.as_ref().is_some_and(|principal| principal.factors().is_asked())
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
    shown(context, &target, None, None).await
}

/// The buttons by which codes are sent.
pub(super) fn sends(methods: &[Method]) -> Vec<minijinja::Value> {
    let sent = methods.iter().filter(|method| method.is_sent_code());
    sent.map(|method| context! { method => method.as_str(), by_text => *method == Method::SmsCode }).collect()
}

/// The page. Where there is no password to prove again by, it leads to a mail that sets one.
/// `sent` is where a code has gone just now.
pub(super) async fn shown(
    context: &Context<'_>,
    target: &str,
    problem: Option<&Problem>,
    sent: Option<&str>,
) -> Result<Response, Problem> {
    let principal = context.principal()?;
    let stored = context.auth.has_password(principal).await.map_err(|error| context.problem(error))?;
    let has_password = stored && context.auth.settings().has_passwords();
    let by_mail = principal.proofs().iter().all(|proof| !proof.method.is_beyond_messages());
    let by_passkey = principal.factors().has_passkey();
    let asked = by_code(context);
    let methods = principal.step_up_methods();
    let with_code = asked && methods.iter().any(|method| *method != Method::Passkey);
    let by_app = methods.contains(&Method::Otp);
    let sends = sends(&methods);
    let data = context! { has_password => has_password && !asked, by_mail, by_code => with_code, by_app, by_passkey, sends, sent };
    let values = vec![("return_to", target)];
    Ok(pages::page(context, "step_up.html", Page { values, problem, data, ..Page::default() }))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["password", "code", "return_to"])?;
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin);
    let target = target.unwrap_or_default();
    led(context, &target, step_up(context, fields.get("password"), fields.get("code")).await).await
}

/// Leads on with the session's new secret, or shows the page again.
pub(super) async fn led(
    context: &Context<'_>,
    target: &str,
    proven: Result<Bearer, Error>,
) -> Result<Response, Problem> {
    match proven {
        Ok(secret) => {
            let onward = if target.is_empty() { &context.auth.settings().home } else { target };
            let mut response = wire::see_other(onward);
            context.renew_session(&mut response, &secret)?;
            Ok(response)
        }
        Err(error) => shown(context, target, Some(&context.problem(error)), None).await,
    }
}
