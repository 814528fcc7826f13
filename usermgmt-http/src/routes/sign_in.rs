//! Sign-in.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::limits::DEVICE_LIFE;
use usermgmt_service::core::secret::BearerKind;
use usermgmt_service::{PendingStep, Refused, SignIn, SignInOutcome};
use utoipa::ToSchema;

use super::account;
use super::verify::wait_for_mail;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the sign-in page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 7] = [
    ("verified", "notice-verified"),
    ("signed-out", "notice-signed-out"),
    ("signed-out-everywhere", "notice-signed-out-everywhere"),
    ("password-set", "notice-password-set"),
    ("secured", "notice-secured"),
    ("approved", "emails-approved"),
    ("email-added", "notice-email-added"),
];

/// What somebody enters who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInInput {
    /// E-mail address.
    #[serde(default)]
    email: String,
    /// Password.
    #[serde(default)]
    password: String,
    /// Whether to stay signed in when the browser closes.
    #[serde(default)]
    remember: bool,
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SignInInput = context.json()?;
    let input = SignIn { email: &input.email, password: input.password.as_str().into(), remember: input.remember };
    let outcome = context.auth.sign_in(&context.client, input).await.map_err(|error| context.problem(error))?;
    Ok(answer(context, &outcome))
}

pub(super) async fn resume(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let attempt = context.bearer(CookieName::Attempt, BearerKind::Attempt);
    let attempt = attempt.ok_or_else(|| Problem::refused(&Refused::AttemptExpired, context.now))?;
    let outcome = context.auth.resume(&context.client, &attempt).await.map_err(|error| context.problem(error))?;
    Ok(answer(context, &outcome))
}

/// A body that says nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Where a sign-in stands, as JSON, with its cookies.
pub(super) fn answer(context: &Context<'_>, outcome: &SignInOutcome) -> Response {
    let body = match outcome {
        SignInOutcome::Complete(signed_in) => {
            let mut body = account::describe(&signed_in.principal);
            if let Value::Object(fields) = &mut body {
                fields.insert("status".into(), json!("complete"));
            }
            body
        }
        SignInOutcome::Pending { step, .. } => match step {
            PendingStep::VerifyAddress { .. } | PendingStep::NewPassword => {
                json!({ "status": "pending", "step": step.word() })
            }
            PendingStep::ChooseOrg { orgs } => {
                let orgs: Vec<_> = orgs.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
                json!({ "status": "pending", "step": step.word(), "organizations": orgs })
            }
        },
    };
    let mut response = wire::json(StatusCode::OK, &body);
    set_cookies(context, &mut response, outcome);
    response
}

fn set_cookies(context: &Context<'_>, response: &mut Response, outcome: &SignInOutcome) {
    match outcome {
        SignInOutcome::Complete(signed_in) => {
            let (session, ends) = (signed_in.session.expose(), signed_in.cookie_expires_at);
            context.set_cookie(response, CookieName::Session, session, ends);
            let known_until = Some(context.now + DEVICE_LIFE);
            context.set_cookie(response, CookieName::Device, &signed_in.device, known_until);
            context.clear_cookie(response, CookieName::Attempt);
            context.clear_cookie(response, CookieName::Browser);
        }
        SignInOutcome::Pending { attempt, browser, .. } => {
            if let Some(attempt) = attempt {
                context.set_cookie(response, CookieName::Attempt, attempt.expose(), None);
            }
            if context.client.browser.is_none() {
                context.set_cookie(response, CookieName::Browser, browser.expose(), None);
            }
        }
    }
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to", "notice"])?;
    let target = context.return_to(&query);
    let page =
        Page { values: vec![("return_to", &target)], notice: query.choice("notice", &NOTICES), ..Page::default() };
    Ok(pages::page(context, "sign_in.html", page))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email", "password", "remember", "return_to"])?;
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin);
    let input = SignIn {
        email: fields.text("email"),
        password: fields.text("password").into(),
        remember: fields.get("remember").is_some(),
    };
    match context.auth.sign_in(&context.client, input).await {
        Ok(outcome) => Ok(lead_on(context, &outcome, target.as_deref())),
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![
                ("email", fields.text("email")),
                ("remember", fields.text("remember")),
                ("return_to", target.as_deref().unwrap_or_default()),
            ];
            Ok(pages::page(context, "sign_in.html", Page { values, problem: Some(&problem), ..Page::default() }))
        }
    }
}

/// Where a sign-in stands, as the next page, with its cookies.
pub(super) fn lead_on(context: &Context<'_>, outcome: &SignInOutcome, target: Option<&str>) -> Response {
    let mut response = match outcome {
        SignInOutcome::Complete(_) => wire::see_other(target.unwrap_or(&context.auth.settings().home)),
        SignInOutcome::Pending { step: PendingStep::VerifyAddress { email }, .. } => {
            wait_for_mail(context, email, target.unwrap_or_default(), "")
        }
        SignInOutcome::Pending { step: PendingStep::NewPassword, .. } => {
            let target = pages::onward(target.unwrap_or_default());
            wire::see_other(&context.path(&format!("/new-password{target}")))
        }
        SignInOutcome::Pending { step: PendingStep::ChooseOrg { .. }, .. } => {
            let target = pages::onward(target.unwrap_or_default());
            wire::see_other(&context.path(&format!("/choose-organization{target}")))
        }
    };
    if !matches!(outcome, SignInOutcome::Pending { step: PendingStep::VerifyAddress { .. }, .. }) {
        context.clear_cookie(&mut response, CookieName::Address);
    }
    set_cookies(context, &mut response, outcome);
    response
}
