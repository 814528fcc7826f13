//! Codes by text or mail as a second factor: sent for a sign-in or a step-up, and enrolled.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::model::{FactorKind, Method};
use usermgmt_service::core::proof::StepUp;
use usermgmt_service::core::secret::Bearer;
use usermgmt_service::{
    CodeSent, Error, FactorAdded, FieldError, Refused, SendCodes, SentCodeEnrolment, SignInOutcome,
};
use utoipa::ToSchema;

use super::factors::failed;
use super::second_factor::{self, added_at_sign_in, asking, attempt, codes_before, id, not_enrolled};
use super::{sign_in, step_up};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// By what a code is sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendInput {
    /// `sms_code` or `email_code`.
    #[serde(default)]
    method: String,
}

/// A second factor to take codes by.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnrolCodeInput {
    /// `sms_code` or `email_code`.
    #[serde(default)]
    method: String,
    /// The phone number, for `sms_code`.
    #[serde(default)]
    number: String,
}

/// The code of an enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmCodeInput {
    /// Id of the enrolment.
    #[serde(default)]
    factor: String,
    /// Six digits of the text or mail.
    #[serde(default)]
    code: String,
}

fn method(text: &str) -> Result<Method, Error> {
    let method = Method::from_word(text).filter(|method| method.is_sent_code());
    let wrong = if text.is_empty() { FieldError::REQUIRED } else { FieldError::UNKNOWN };
    Ok(method.ok_or(FieldError::new("method", wrong))?)
}

fn what<'a>(text: &str, number: &'a str) -> Result<SendCodes<'a>, Error> {
    Ok(if method(text)? == Method::SmsCode { SendCodes::ByText(number) } else { SendCodes::ByMail })
}

fn sent(sent: &CodeSent) -> Response {
    wire::json(StatusCode::ACCEPTED, &json!({ "status": "sent", "to": sent.to }))
}

async fn send(context: &Context<'_>, by: &str) -> Result<CodeSent, Error> {
    context.auth.send_second_factor(&context.client, &attempt(context)?, method(by)?).await
}

pub(super) async fn send_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SendInput = context.json()?;
    Ok(sent(&send(context, &input.method).await.map_err(|error| context.problem(error))?))
}

pub(super) async fn send_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["method", "return_to"])?;
    let target = context.return_to(&fields);
    match send(context, fields.text("method")).await {
        Ok(sent) => second_factor::sent(context, &target, &sent.to).await,
        Err(error) => second_factor::failed(context, &fields, &target, error).await,
    }
}

async fn send_again(context: &Context<'_>, by: &str) -> Result<CodeSent, Error> {
    let principal = context.client.principal.as_ref().ok_or(Refused::Unauthenticated)?;
    context.auth.send_step_up(&context.client, principal, method(by)?).await
}

pub(super) async fn send_step_up_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SendInput = context.json()?;
    Ok(sent(&send_again(context, &input.method).await.map_err(|error| context.problem(error))?))
}

pub(super) async fn send_step_up_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["method", "return_to"])?;
    let target = context.return_to(&fields);
    let sent = send_again(context, fields.text("method")).await.map_err(|error| context.problem(error));
    step_up::shown(context, &target, sent.as_ref().err(), sent.as_ref().ok().map(|sent| sent.to.as_str())).await
}

/// An enrolment that waits for its code, as JSON.
fn enrolment(begun: &SentCodeEnrolment) -> Response {
    wire::json(StatusCode::ACCEPTED, &json!({ "status": "sent", "factor": begun.id, "to": begun.to }))
}

/// The page that takes the code; `path` takes it in.
fn enter(context: &Context<'_>, path: &str, factor: &str, to: &str, page: Page<'_>) -> Response {
    let data = context! { path, factor, to };
    pages::page(context, "enrol_code.html", Page { data, ..page })
}

async fn begin_at_sign_in(context: &Context<'_>, by: &str, number: &str) -> Result<SentCodeEnrolment, Error> {
    let attempt = attempt(context)?;
    context.auth.begin_sent_code_at_sign_in(&context.client, &attempt, what(by, number)?).await
}

pub(super) async fn at_sign_in_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: EnrolCodeInput = context.json()?;
    let begun = begin_at_sign_in(context, &input.method, &input.number).await;
    Ok(enrolment(&begun.map_err(|error| context.problem(error))?))
}

async fn confirm_at_sign_in(
    context: &Context<'_>,
    factor: &str,
    code: &str,
) -> Result<FactorAdded<SignInOutcome>, Error> {
    let attempt = attempt(context)?;
    context.auth.confirm_sent_code_at_sign_in(&context.client, &attempt, id(factor)?, code.into()).await
}

pub(super) async fn confirm_at_sign_in_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ConfirmCodeInput = context.json()?;
    let confirmed = confirm_at_sign_in(context, &input.factor, &input.code).await;
    let confirmed = confirmed.map_err(|error| context.problem(error))?;
    Ok(added_at_sign_in(context, &confirmed))
}

pub(super) async fn at_sign_in_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["method", "number", "return_to"])?;
    let target = context.return_to(&fields);
    match begin_at_sign_in(context, fields.text("method"), fields.text("number")).await {
        Ok(begun) => Ok(enter(context, "/enrol-factor", &begun.id.to_string(), &begun.to, asking(&target, None))),
        Err(error) => {
            let typed = (target.as_str(), fields.text("number"));
            Ok(not_enrolled(context, typed, "enrol_factor.html", error).await)
        }
    }
}

pub(super) async fn confirm_at_sign_in_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "code", "to", "return_to"])?;
    let target = context.return_to(&fields);
    let factor = fields.text("factor");
    match confirm_at_sign_in(context, factor, fields.text("code")).await {
        Ok(confirmed) => {
            let onward = Some(target.as_str()).filter(|target| !target.is_empty());
            let led = sign_in::lead_on(context, &confirmed.next, onward);
            Ok(codes_before(context, led, &confirmed.recovery_codes))
        }
        Err(error) if is_mistyped(&error) => {
            let problem = context.problem(error);
            Ok(enter(context, "/enrol-factor", factor, fields.text("to"), asking(&target, Some(&problem))))
        }
        // The enrolment has run out: it begins anew.
        Err(error) => Ok(not_enrolled(context, (&target, ""), "enrol_factor.html", error).await),
    }
}

/// Whether the code may be typed once more.
fn is_mistyped(error: &Error) -> bool {
    matches!(error, Error::Invalid(_) | Error::Refused(Refused::CodeInvalid | Refused::TooManyAttempts { .. }))
}

async fn begin(context: &Context<'_>, by: &str, number: &str) -> Result<SentCodeEnrolment, Problem> {
    let fresh = context.fresh()?;
    let begun = match what(by, number) {
        Ok(what) => context.auth.begin_sent_code(&context.client, &fresh, what).await,
        Err(error) => Err(error),
    };
    begun.map_err(|error| context.problem(error))
}

pub(super) async fn enrol_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: EnrolCodeInput = context.json()?;
    Ok(enrolment(&begin(context, &input.method, &input.number).await?))
}

async fn confirm(
    context: &Context<'_>,
    fresh: &StepUp,
    factor: &str,
    code: &str,
) -> Result<FactorAdded<Bearer>, Error> {
    context.auth.confirm_sent_code(&context.client, fresh, id(factor)?, code.into()).await
}

pub(super) async fn confirm_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ConfirmCodeInput = context.json()?;
    let confirmed = confirm(context, &context.fresh()?, &input.factor, &input.code).await;
    let confirmed = confirmed.map_err(|error| context.problem(error))?;
    second_factor::added(context, &confirmed)
}

pub(super) async fn enrol_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["method", "number"])?;
    match begin(context, fields.text("method"), fields.text("number")).await {
        Ok(begun) => Ok(enter(context, "/account/factors", &begun.id.to_string(), &begun.to, Page::default())),
        Err(problem) => super::factors::again(context, &problem, vec![("number", fields.text("number"))]).await,
    }
}

pub(super) async fn confirm_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "code", "to"])?;
    match confirm(context, &context.fresh()?, fields.text("factor"), fields.text("code")).await {
        Ok(confirmed) => {
            let mut led = wire::see_other(&context.path("/account/factors?notice=code-added"));
            context.renew_session(&mut led, &confirmed.next)?;
            Ok(codes_before(context, led, &confirmed.recovery_codes))
        }
        Err(error) if is_mistyped(&error) => {
            let problem = context.problem(error);
            let page = Page { problem: Some(&problem), ..Page::default() };
            Ok(enter(context, "/account/factors", fields.text("factor"), fields.text("to"), page))
        }
        // Pressed twice: the list shows that it is in force, or that it ran out.
        Err(error) => failed(context, error).await,
    }
}

/// By which codes somebody who must enrol a factor can go on.
pub(super) async fn offers(context: &Context<'_>) -> Result<Vec<FactorKind>, Error> {
    context.auth.offered_sent_codes(&context.client, &attempt(context)?).await
}
