//! The second factor that a sign-in waits for: proving one, or enrolling the first.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::id::FactorId;
use usermgmt_service::core::limits::TRUSTED_DEVICE_LIFE;
use usermgmt_service::core::recovery_code::RecoveryCode;
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{
    Error, PendingStep, Refused, SecondFactorProven, SignInOutcome, TotpConfirmed, TotpEnrolment, TotpSecret,
};
use utoipa::ToSchema;

use super::sign_in;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// A code of the second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecondFactorInput {
    /// Six digits of an authenticator application, or a recovery code.
    #[serde(default)]
    code: String,
    /// Ask for no second factor on this device for 30 days.
    #[serde(default)]
    trust_device: bool,
}

/// The first code of an enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmInput {
    /// Id of the enrolment.
    #[serde(default)]
    pub(super) factor: String,
    /// Six digits of the authenticator application.
    #[serde(default)]
    pub(super) code: String,
}

pub(super) fn attempt(context: &Context<'_>) -> Result<Bearer, Error> {
    Ok(context.bearer(CookieName::Attempt, BearerKind::Attempt).ok_or(Refused::AttemptExpired)?)
}

pub(super) fn id(text: &str) -> Result<FactorId, Error> {
    Ok(text.parse().map_err(|_| Refused::NotFound)?)
}

async fn proven(context: &Context<'_>, code: &str, trust: bool) -> Result<SecondFactorProven, Error> {
    context.auth.prove_second_factor(&context.client, &attempt(context)?, code.into(), trust).await
}

/// The device is trusted from now on; what other accounts have said about it stays.
fn trust(context: &Context<'_>, mut response: Response, trusted: Option<&Bearer>) -> Response {
    /// Accounts that may trust one device.
    const ACCOUNTS: usize = 4;
    if let Some(trusted) = trusted {
        let all = std::iter::once(trusted).chain(&context.client.trusted).take(ACCOUNTS);
        let value = all.map(Bearer::expose).collect::<Vec<_>>().join(".");
        context.set_cookie(&mut response, CookieName::Trusted, &value, Some(context.now + TRUSTED_DEVICE_LIFE));
    }
    response
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SecondFactorInput = context.json()?;
    let proven = proven(context, &input.code, input.trust_device).await.map_err(|error| context.problem(error))?;
    Ok(trust(context, sign_in::answer(context, &proven.outcome), proven.trusted.as_ref()))
}

/// Where an attempt stands that this browser has begun; `None` if it has none that lives.
async fn peeked(context: &Context<'_>) -> Result<Option<PendingStep>, Problem> {
    let Ok(attempt) = attempt(context) else { return Ok(None) };
    match context.auth.peek(&context.client, &attempt).await {
        Ok(step) => Ok(Some(step)),
        Err(error @ Error::Unavailable(_)) => Err(context.problem(error)),
        Err(_) => Ok(None),
    }
}

fn to_sign_in(context: &Context<'_>, target: &str) -> Response {
    wire::see_other(&context.path(&format!("/sign-in{}", pages::onward(target))))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    match peeked(context).await? {
        Some(PendingStep::SecondFactor { .. }) => {
            let values = vec![("return_to", target.as_str())];
            Ok(pages::page(context, "second_factor.html", Page { values, ..Page::default() }))
        }
        _ => Ok(to_sign_in(context, &target)),
    }
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["code", "trust_device", "return_to"])?;
    let target = context.return_to(&fields);
    match proven(context, fields.text("code"), fields.get("trust_device").is_some()).await {
        Ok(proven) => {
            let target = Some(target.as_str()).filter(|target| !target.is_empty());
            Ok(trust(context, sign_in::lead_on(context, &proven.outcome, target), proven.trusted.as_ref()))
        }
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![("return_to", target.as_str()), ("trust_device", fields.text("trust_device"))];
            let template = if problem.code == "attempt_expired" { "sign_in.html" } else { "second_factor.html" };
            Ok(pages::page(context, template, Page { values, problem: Some(&problem), ..Page::default() }))
        }
    }
}

/// An enrolment that waits for its first code, as JSON.
pub(super) fn enrolment(enrolment: &TotpEnrolment) -> Response {
    let TotpSecret { text, uri, qr } = &enrolment.secret;
    let body = json!({ "factor": enrolment.id, "secret": text.as_str(), "uri": uri.as_str(), "qr": qr.as_str() });
    wire::json(StatusCode::OK, &body)
}

pub(super) fn exposed(codes: &[RecoveryCode]) -> Vec<&str> {
    codes.iter().map(RecoveryCode::expose).collect()
}

pub(super) async fn enrol_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    let begun = match attempt(context) {
        Ok(attempt) => context.auth.begin_totp_at_sign_in(&context.client, &attempt).await,
        Err(error) => Err(error),
    };
    Ok(enrolment(&begun.map_err(|error| context.problem(error))?))
}

async fn confirm(context: &Context<'_>, factor: &str, code: &str) -> Result<TotpConfirmed<SignInOutcome>, Error> {
    let attempt = attempt(context)?;
    context.auth.confirm_totp_at_sign_in(&context.client, &attempt, id(factor)?, code.into()).await
}

pub(super) async fn confirm_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ConfirmInput = context.json()?;
    let confirmed = confirm(context, &input.factor, &input.code).await.map_err(|error| context.problem(error))?;
    let mut body = sign_in::described(&confirmed.next);
    if let Value::Object(fields) = &mut body {
        fields.insert("recovery_codes".into(), json!(exposed(&confirmed.recovery_codes)));
    }
    let mut response = wire::json(StatusCode::OK, &body);
    sign_in::set_cookies(context, &mut response, &confirmed.next);
    Ok(response)
}

pub(super) async fn enrol_page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    match peeked(context).await? {
        Some(PendingStep::EnrolFactor) => Ok(pages::page(context, "enrol_factor.html", asking(&target, None))),
        _ => Ok(to_sign_in(context, &target)),
    }
}

fn asking<'a>(target: &'a str, problem: Option<&'a Problem>) -> Page<'a> {
    Page { values: vec![("return_to", target)], problem, ..Page::default() }
}

pub(super) async fn enrol_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["return_to"])?;
    let target = context.return_to(&fields);
    let begun = match attempt(context) {
        Ok(attempt) => context.auth.begin_totp_at_sign_in(&context.client, &attempt).await,
        Err(error) => Err(error),
    };
    match begun {
        Ok(begun) => Ok(scan(context, "/enrol-factor", &begun.id.to_string(), &begun.secret, asking(&target, None))),
        Err(error) => Ok(not_enrolled(context, &target, error)),
    }
}

fn not_enrolled(context: &Context<'_>, target: &str, error: Error) -> Response {
    let problem = context.problem(error);
    let template = if problem.code == "attempt_expired" { "sign_in.html" } else { "enrol_factor.html" };
    pages::page(context, template, asking(target, Some(&problem)))
}

/// The page with the QR code; `path` takes the first code.
pub(super) fn scan(context: &Context<'_>, path: &str, factor: &str, secret: &TotpSecret, page: Page<'_>) -> Response {
    // Four characters at a time can be compared with what one has typed.
    let text: Vec<String> =
        secret.text.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let data = context! {
        path, factor, secret => text.join(" "), uri => secret.uri.as_str(),
        qr => minijinja::Value::from_safe_string(secret.qr.to_string()),
    };
    pages::page(context, "enrol_totp.html", Page { data, ..page })
}

pub(super) async fn confirm_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "code", "return_to"])?;
    let target = context.return_to(&fields);
    let factor = fields.text("factor");
    let error = match confirm(context, factor, fields.text("code")).await {
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
    Ok(not_enrolled(context, &target, error))
}

/// Shows recovery codes before a redirect is followed, with its cookies; without codes, the redirect.
pub(super) fn codes_before(context: &Context<'_>, led: Response, codes: &[RecoveryCode]) -> Response {
    if codes.is_empty() {
        return led;
    }
    let onward = led.headers().get(http::header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default();
    let mut response = codes_page(context, codes, onward);
    for cookie in led.headers().get_all(http::header::SET_COOKIE) {
        response.headers_mut().append(http::header::SET_COOKIE, cookie.clone());
    }
    response
}

pub(super) fn codes_page(context: &Context<'_>, codes: &[RecoveryCode], onward: &str) -> Response {
    let codes: Vec<_> = exposed(codes).into_iter().map(str::to_owned).collect();
    let data = context! { codes, onward };
    pages::page(context, "recovery_codes.html", Page { data, ..Page::default() })
}
