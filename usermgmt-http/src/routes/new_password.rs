//! A new password: as a step of a sign-in, or by somebody who is signed in.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::secret::BearerKind;
use usermgmt_service::{ChangePassword, PendingStep, Refused};
use utoipa::ToSchema;

use super::sign_in;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// The new password that a sign-in waits for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasswordInput {
    /// The new password.
    #[serde(default)]
    password: String,
}

/// The present password and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePasswordInput {
    /// The present password.
    #[serde(default)]
    password: String,
    /// The new one.
    #[serde(default)]
    new_password: String,
    /// Leave the other sessions running.
    #[serde(default)]
    keep_others: bool,
}

pub(super) async fn step_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: NewPasswordInput = context.json()?;
    let attempt = context.bearer(CookieName::Attempt, BearerKind::Attempt);
    let attempt = attempt.ok_or_else(|| Problem::refused(&Refused::AttemptExpired, context.now))?;
    let outcome = context.auth.set_new_password(&context.client, &attempt, input.password.as_str().into()).await;
    Ok(sign_in::answer(context, &outcome.map_err(|error| context.problem(error))?))
}

pub(super) async fn step_page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    if let Some(attempt) = context.bearer(CookieName::Attempt, BearerKind::Attempt) {
        match context.auth.peek(&context.client, &attempt).await {
            Ok(PendingStep::NewPassword) => {
                let values = vec![("return_to", target.as_str())];
                return Ok(pages::page(context, "new_password.html", Page { values, ..Page::default() }));
            }
            Err(usermgmt_service::Error::Unavailable(outage)) => return Err(context.problem(outage.into())),
            _ => {}
        }
    }
    Ok(wire::see_other(&context.path(&format!("/sign-in{}", pages::onward(&target)))))
}

pub(super) async fn step_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["password", "return_to"])?;
    let target = context.return_to(&fields);
    let set = match context.bearer(CookieName::Attempt, BearerKind::Attempt) {
        Some(attempt) => context.auth.set_new_password(&context.client, &attempt, fields.text("password").into()).await,
        None => Err(Refused::AttemptExpired.into()),
    };
    let error = match set {
        Ok(outcome) => {
            return Ok(sign_in::lead_on(context, &outcome, Some(target.as_str()).filter(|target| !target.is_empty())));
        }
        Err(error) => error,
    };
    let problem = context.problem(error);
    let template = if problem.code == "attempt_expired" { "sign_in.html" } else { "new_password.html" };
    let values = vec![("return_to", target.as_str())];
    Ok(pages::page(context, template, Page { values, problem: Some(&problem), ..Page::default() }))
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ChangePasswordInput = context.json()?;
    let change = ChangePassword {
        present: input.password.as_str().into(),
        new: input.new_password.as_str().into(),
        end_others: !input.keep_others,
    };
    let secret = context.auth.change_password(&context.client, context.principal()?, change).await;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "password_changed" }));
    context.renew_session(&mut response, &secret.map_err(|error| context.problem(error))?)?;
    Ok(response)
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    context.passwords()?;
    Fields::parse(context.request.query().as_bytes(), &[])?;
    Ok(pages::page(context, "account_password.html", Page::default()))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    context.passwords()?;
    let fields = context.form(&["email", "password", "new_password", "keep_others"])?;
    let change = ChangePassword {
        present: fields.text("password").into(),
        new: fields.text("new_password").into(),
        end_others: fields.get("keep_others").is_none(),
    };
    match context.auth.change_password(&context.client, context.principal()?, change).await {
        Ok(secret) => {
            let mut response = wire::see_other(&context.path("/account?notice=password-changed"));
            context.renew_session(&mut response, &secret)?;
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![("keep_others", fields.text("keep_others"))];
            let page = Page { values, problem: Some(&problem), ..Page::default() };
            Ok(pages::page(context, "account_password.html", page))
        }
    }
}
