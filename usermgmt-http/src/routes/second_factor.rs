//! The second factor that a sign-in waits for, and the page that asks to enrol one.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::id::FactorId;
use usermgmt_service::core::limits::TRUSTED_DEVICE_LIFE;
use usermgmt_service::core::model::Method;
use usermgmt_service::core::recovery_code::RecoveryCode;
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{Error, FactorAdded, PendingStep, Refused, SecondFactorProven, SignInOutcome};
use utoipa::ToSchema;

use super::sign_in;
use super::step_up::sends;
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
pub(super) fn trust(context: &Context<'_>, mut response: Response, trusted: Option<&Bearer>) -> Response {
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
pub(super) async fn peeked(context: &Context<'_>) -> Result<Option<PendingStep>, Problem> {
    let Ok(attempt) = attempt(context) else { return Ok(None) };
    match context.auth.peek(&context.client, &attempt).await {
        Ok(step) => Ok(Some(step)),
        Err(error @ Error::Unavailable(_)) => Err(context.problem(error)),
        Err(_) => Ok(None),
    }
}

pub(super) fn to_sign_in(context: &Context<'_>, target: &str) -> Response {
    wire::see_other(&context.path(&format!("/sign-in{}", pages::onward(target))))
}

/// The page, with the ways that are open: by a code, by a passkey, or both; `sent` is where a code has gone just now.
fn shown(
    context: &Context<'_>,
    methods: &[Method],
    values: Vec<(&str, &str)>,
    problem: Option<&Problem>,
    sent: Option<&str>,
) -> Response {
    let by_passkey = methods.contains(&Method::Passkey);
    let by_code = methods.iter().any(|method| *method != Method::Passkey);
    let by_app = methods.contains(&Method::Otp);
    let data = context! { by_passkey, by_code, by_app, sends => sends(methods), sent };
    pages::page(context, "second_factor.html", Page { values, problem, data, ..Page::default() })
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    match peeked(context).await? {
        Some(PendingStep::SecondFactor { methods }) => {
            Ok(shown(context, &methods, vec![("return_to", target.as_str())], None, None))
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
        Err(error) => failed(context, &fields, &target, error).await,
    }
}

/// The page again, with what went wrong; the sign-in page, if nothing waits for a second factor any more.
pub(super) async fn failed(
    context: &Context<'_>,
    fields: &Fields,
    target: &str,
    error: Error,
) -> Result<Response, Problem> {
    let problem = context.problem(error);
    let values = vec![("return_to", target), ("trust_device", fields.text("trust_device"))];
    match peeked(context).await? {
        Some(PendingStep::SecondFactor { methods }) => Ok(shown(context, &methods, values, Some(&problem), None)),
        _ => Ok(pages::page(context, "sign_in.html", Page { values, problem: Some(&problem), ..Page::default() })),
    }
}

/// A factor that somebody signed in has added, as JSON.
pub(super) fn added(context: &Context<'_>, added: &FactorAdded<Bearer>) -> Result<Response, Problem> {
    let body = json!({ "status": "added", "recovery_codes": exposed(&added.recovery_codes) });
    let mut response = wire::json(StatusCode::OK, &body);
    context.renew_session(&mut response, &added.next)?;
    Ok(response)
}

/// A factor that was added in a sign-in, and where that stands, as JSON.
pub(super) fn added_at_sign_in(context: &Context<'_>, added: &FactorAdded<SignInOutcome>) -> Response {
    let mut body = sign_in::described(&added.next);
    if let Value::Object(fields) = &mut body {
        fields.insert("recovery_codes".into(), json!(exposed(&added.recovery_codes)));
    }
    let mut response = wire::json(StatusCode::OK, &body);
    sign_in::set_cookies(context, &mut response, &added.next);
    response
}

pub(super) fn exposed(codes: &[RecoveryCode]) -> Vec<&str> {
    codes.iter().map(RecoveryCode::expose).collect()
}

/// The page again, once a code was sent.
#[cfg(feature = "sent-codes")]
pub(super) async fn sent(context: &Context<'_>, target: &str, to: &str) -> Result<Response, Problem> {
    match peeked(context).await? {
        Some(PendingStep::SecondFactor { methods }) => {
            Ok(shown(context, &methods, vec![("return_to", target)], None, Some(to)))
        }
        _ => Ok(to_sign_in(context, target)),
    }
}

pub(super) async fn enrol_page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    match peeked(context).await? {
        Some(PendingStep::EnrolFactor) => {
            let data = offers(context).await?;
            Ok(pages::page(context, "enrol_factor.html", Page { data, ..asking(&target, None) }))
        }
        _ => Ok(to_sign_in(context, &target)),
    }
}

/// By which codes that are sent the enrolment can go on.
async fn offers(context: &Context<'_>) -> Result<minijinja::Value, Problem> {
    #[cfg(feature = "sent-codes")]
    {
        use usermgmt_service::core::model::FactorKind;
        let offers = super::sent_code::offers(context).await.map_err(|error| context.problem(error))?;
        let has = |kind| offers.contains(&kind);
        Ok(context! { by_text => has(FactorKind::SmsCode), by_mail => has(FactorKind::EmailCode) })
    }
    #[cfg(not(feature = "sent-codes"))]
    {
        let _ = context;
        Ok(context! {})
    }
}

pub(super) fn asking<'a>(target: &'a str, problem: Option<&'a Problem>) -> Page<'a> {
    Page { values: vec![("return_to", target)], problem, ..Page::default() }
}

/// The page that asks to enrol a factor, with what went wrong and the number that was typed, if one was; the sign-in
/// page, if nothing waits for a factor any more.
pub(super) async fn not_enrolled(
    context: &Context<'_>,
    (target, number): (&str, &str),
    page: &str,
    error: Error,
) -> Response {
    let problem = context.problem(error);
    let template = if problem.code == "attempt_expired" { "sign_in.html" } else { page };
    let values = vec![("return_to", target), ("number", number)];
    let data = offers(context).await.unwrap_or_else(|_| context! {});
    pages::page(context, template, Page { values, problem: Some(&problem), data, ..Page::default() })
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
