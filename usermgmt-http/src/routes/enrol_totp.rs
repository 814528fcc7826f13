//! Enrolling an authenticator application: in a sign-in that demands a second factor, or by somebody signed in.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::{Error, FactorAdded, Refused, SignInOutcome, TotpEnrolment, TotpSecret};
use utoipa::ToSchema;

use super::factors::failed;
use super::second_factor::{added, added_at_sign_in, asking, attempt, codes_before, id, not_enrolled};
use super::sign_in;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// The first code of an enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmInput {
    /// Id of the enrolment.
    #[serde(default)]
    factor: String,
    /// Six digits of the authenticator application.
    #[serde(default)]
    code: String,
}

/// An enrolment that waits for its first code, as JSON.
fn enrolment(enrolment: &TotpEnrolment) -> Response {
    let TotpSecret { text, uri, qr } = &enrolment.secret;
    let body = json!({ "factor": enrolment.id, "secret": text.as_str(), "uri": uri.as_str(), "qr": qr.as_str() });
    wire::json(StatusCode::OK, &body)
}

pub(super) async fn at_sign_in_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    let begun = match attempt(context) {
        Ok(attempt) => context.auth.begin_totp_at_sign_in(&context.client, &attempt).await,
        Err(error) => Err(error),
    };
    Ok(enrolment(&begun.map_err(|error| context.problem(error))?))
}

async fn confirm_at_sign_in(
    context: &Context<'_>,
    factor: &str,
    code: &str,
) -> Result<FactorAdded<SignInOutcome>, Error> {
    let attempt = attempt(context)?;
    context.auth.confirm_totp_at_sign_in(&context.client, &attempt, id(factor)?, code.into()).await
}

pub(super) async fn confirm_at_sign_in_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ConfirmInput = context.json()?;
    let confirmed =
        confirm_at_sign_in(context, &input.factor, &input.code).await.map_err(|error| context.problem(error))?;
    Ok(added_at_sign_in(context, &confirmed))
}

pub(super) async fn at_sign_in_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["return_to"])?;
    let target = context.return_to(&fields);
    let begun = match attempt(context) {
        Ok(attempt) => context.auth.begin_totp_at_sign_in(&context.client, &attempt).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok(begun) => Ok(scan(context, "/enrol-factor", &begun.id.to_string(), &begun.secret, asking(&target, None))),
        Err(error) => Ok(not_enrolled(context, (&target, ""), "enrol_factor.html", error).await),
    }
}

/// The page with the QR code; `path` takes the first code.
fn scan(context: &Context<'_>, path: &str, factor: &str, secret: &TotpSecret, page: Page<'_>) -> Response {
    // Four characters at a time can be compared with what one has typed.
    let text: Vec<String> =
        secret.text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let data = context! {
        path, factor, secret => text.join(" "), uri => secret.uri.as_str(),
        qr => minijinja::Value::from_safe_string(secret.qr.to_string()),
    };
    pages::page(context, "enrol_totp.html", Page { data, ..page })
}

pub(super) async fn confirm_at_sign_in_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "code", "return_to"])?;
    let target = context.return_to(&fields);
    let factor = fields.text("factor");
    let error = match confirm_at_sign_in(context, factor, fields.text("code")).await {
        Ok(confirmed) => {
            let onward = Some(target.as_str()).filter(|target| !target.is_empty());
            let led = sign_in::lead_on(context, &confirmed.next, onward);
            return Ok(codes_before(context, led, &confirmed.recovery_codes));
        }
        Err(error) => error,
    };
    if let (Ok(attempt), Ok(id)) = (attempt(context), id(factor))
        && let Ok(secret) = context.auth.begun_totp_at_sign_in(&context.client, &attempt, id).await
    {
        let problem = context.problem(error);
        return Ok(scan(context, "/enrol-factor", factor, &secret, asking(&target, Some(&problem))));
    }
    // The enrolment has run out: it begins anew.
    Ok(not_enrolled(context, (&target, ""), "enrol_factor.html", error).await)
}

pub(super) async fn enrol_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    let begun = context.auth.begin_totp(&context.client, &context.fresh()?).await;
    Ok(enrolment(&begun.map_err(|error| context.problem(error))?))
}

pub(super) async fn confirm_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ConfirmInput = context.json()?;
    let (fresh, client) = (context.fresh()?, &context.client);
    let factor = id(&input.factor).map_err(|error| context.problem(error))?;
    let confirmed = context.auth.confirm_totp(client, &fresh, factor, input.code.as_str().into()).await;
    let confirmed = confirmed.map_err(|error| context.problem(error))?;
    added(context, &confirmed)
}

pub(super) async fn enrol_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    match context.auth.begin_totp(&context.client, &context.fresh()?).await {
        Ok(begun) => {
            let factor = begun.id.to_string();
            Ok(scan(context, "/account/factors/totp", &factor, &begun.secret, Page::default()))
        }
        Err(error) => failed(context, error).await,
    }
}

pub(super) async fn confirm_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "code"])?;
    let (fresh, client, factor) = (context.fresh()?, &context.client, fields.text("factor"));
    let Ok(factor_id) = id(factor) else { return failed(context, Refused::NotFound.into()).await };
    match context.auth.confirm_totp(client, &fresh, factor_id, fields.text("code").into()).await {
        Ok(confirmed) => {
            let mut led = wire::see_other(&context.path("/account/factors?notice=added"));
            context.renew_session(&mut led, &confirmed.next)?;
            Ok(codes_before(context, led, &confirmed.recovery_codes))
        }
        Err(error) => match context.auth.begun_totp(client, &fresh, factor_id).await {
            Ok(secret) => {
                let problem = context.problem(error);
                let page = Page { problem: Some(&problem), ..Page::default() };
                Ok(scan(context, "/account/factors/totp", factor, &secret, page))
            }
            // Pressed twice: the list shows that it is in force, or that it ran out.
            Err(_) => failed(context, error).await,
        },
    }
}
