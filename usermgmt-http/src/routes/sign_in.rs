//! Sign-in.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::limits::DEVICE_LIFE;
use usermgmt_service::core::port::BotPurpose;
use usermgmt_service::core::secret::BearerKind;
use usermgmt_service::{PendingStep, Refused, SignIn, SignInOutcome};
use utoipa::ToSchema;

use super::verify::wait_for_mail;
use super::{account, accounts};
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the sign-in page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 9] = [
    ("verified", "notice-verified"),
    ("signed-out", "notice-signed-out"),
    ("signed-out-everywhere", "notice-signed-out-everywhere"),
    ("password-set", "notice-password-set"),
    ("secured", "notice-secured"),
    ("approved", "emails-approved"),
    ("email-added", "notice-email-added"),
    ("factors-removed", "notice-factors-removed"),
    ("username-sent", "notice-username-sent"),
];

/// What somebody enters who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignInInput {
    /// E-mail address, or phone number or username where there are such.
    #[serde(default)]
    email: String,
    /// Password.
    #[serde(default)]
    password: String,
    /// Whether to stay signed in when the browser closes.
    #[serde(default)]
    remember: bool,
    /// The answer to the bot check, where one is asked for.
    #[serde(default)]
    bot_check: Option<String>,
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SignInInput = context.json()?;
    let client = context.answering(input.bot_check.as_deref());
    let input = SignIn { email: &input.email, password: input.password.as_str().into(), remember: input.remember };
    let outcome = context.auth.sign_in(&client, input).await.map_err(|error| context.problem(error))?;
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
    let mut response = wire::json(StatusCode::OK, &described(outcome));
    set_cookies(context, &mut response, outcome);
    response
}

/// Where a sign-in stands, as JSON.
pub(super) fn described(outcome: &SignInOutcome) -> Value {
    match outcome {
        SignInOutcome::Complete(signed_in) => {
            let mut body = account::describe(&signed_in.principal);
            if let Value::Object(fields) = &mut body {
                fields.insert("status".into(), json!("complete"));
                if signed_in.offer_passkey {
                    fields.insert("offer_passkey".into(), json!(true));
                }
            }
            body
        }
        SignInOutcome::Pending { step, .. } => match step {
            PendingStep::VerifyAddress { .. }
            | PendingStep::NewPassword
            | PendingStep::EnrolFactor
            | PendingStep::EnrolPasskey => json!({ "status": "pending", "step": step.word() }),
            PendingStep::SecondFactor { methods } => {
                json!({ "status": "pending", "step": step.word(), "methods": methods })
            }
            PendingStep::ChooseOrg { orgs } => {
                let orgs: Vec<_> = orgs.iter().map(|(id, name)| json!({ "id": id, "name": name })).collect();
                json!({ "status": "pending", "step": step.word(), "organizations": orgs })
            }
        },
    }
}

pub(super) fn set_cookies(context: &Context<'_>, response: &mut Response, outcome: &SignInOutcome) {
    match outcome {
        SignInOutcome::Complete(signed_in) => {
            let (session, ends) = (signed_in.session.expose(), signed_in.cookie_expires_at);
            context.set_cookie(response, CookieName::Session, session, ends);
            let known_until = Some(context.now + DEVICE_LIFE);
            context.set_cookie(response, CookieName::Device, &signed_in.device, known_until);
            context.clear_cookie(response, CookieName::Attempt);
            context.clear_cookie(response, CookieName::Browser);
            if context.auth.settings().several_accounts {
                accounts::keep(context, response, &signed_in.waiting);
            }
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
    // Where there are no passwords, none is set anew.
    let secured = |notice| if notice == "notice-secured" { "notice-secured-by-mail" } else { notice };
    let notice = query.choice("notice", &NOTICES);
    let notice = if context.auth.settings().has_passwords() { notice } else { notice.map(secured) };
    let purpose = Some(BotPurpose::SignIn);
    let page = Page { values: vec![("return_to", &target)], notice, purpose, ..Page::default() };
    Ok(pages::page(context, "sign_in.html", page))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let mut expected = vec!["email", "password", "remember", "return_to"];
    expected.extend(context.bot_fields(BotPurpose::SignIn));
    let fields = context.form(&expected)?;
    let client = context.answering_by(&fields, BotPurpose::SignIn);
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin);
    let input = SignIn {
        email: fields.text("email"),
        password: fields.text("password").into(),
        remember: fields.get("remember").is_some(),
    };
    match context.auth.sign_in(&client, input).await {
        Ok(outcome) => Ok(lead_on(context, &outcome, target.as_deref())),
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![
                ("email", fields.text("email")),
                ("remember", fields.text("remember")),
                ("return_to", target.as_deref().unwrap_or_default()),
            ];
            let purpose = Some(BotPurpose::SignIn);
            let page = Page { values, problem: Some(&problem), purpose, ..Page::default() };
            Ok(pages::page(context, "sign_in.html", page))
        }
    }
}

/// Where a sign-in stands, as the next page, with its cookies.
pub(super) fn lead_on(context: &Context<'_>, outcome: &SignInOutcome, target: Option<&str>) -> Response {
    let mut response = match outcome {
        SignInOutcome::Complete(signed_in) if signed_in.offer_passkey && !has_declined(context) => {
            let onward = pages::onward(target.unwrap_or_default());
            wire::see_other(&context.path(&format!("/passkey-offer{onward}")))
        }
        SignInOutcome::Complete(_) => wire::see_other(target.unwrap_or(&context.auth.settings().home)),
        SignInOutcome::Pending { step: PendingStep::VerifyAddress { email }, .. } => {
            wait_for_mail(context, email, target.unwrap_or_default(), "")
        }
        SignInOutcome::Pending { step, .. } => {
            let target = pages::onward(target.unwrap_or_default());
            wire::see_other(&context.path(&format!("{}{target}", path(step))))
        }
    };
    if !matches!(outcome, SignInOutcome::Pending { step: PendingStep::VerifyAddress { .. }, .. }) {
        context.clear_cookie(&mut response, CookieName::Address);
    }
    set_cookies(context, &mut response, outcome);
    response
}

/// Whether a passkey was declined in this browser a while ago.
fn has_declined(context: &Context<'_>) -> bool {
    context.cookie(CookieName::NoPasskey).is_some()
}

/// The page of a step.
pub(super) const fn path(step: &PendingStep) -> &'static str {
    match step {
        PendingStep::VerifyAddress { .. } => "/verify",
        PendingStep::SecondFactor { .. } => "/second-factor",
        PendingStep::EnrolFactor => "/enrol-factor",
        PendingStep::EnrolPasskey => "/enrol-passkey",
        PendingStep::NewPassword => "/new-password",
        PendingStep::ChooseOrg { .. } => "/choose-organization",
    }
}
