//! Proof of an address.
//!
//! The mailed link is rendered by GET and used by POST, so that mail scanners cannot use it up. On its first opening
//! it moves into a short-lived cookie and leaves the address bar.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use time::Duration;
use usermgmt_service::core::error::FieldError;
use usermgmt_service::core::flow::verify_email::{Preview, Verified};
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{AddressProof, Error, PendingStep, ProveAddress, Refused};
use utoipa::ToSchema;

use super::sign_in;
use super::sign_up::remember_browser;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Life of the cookie that a link moves into.
pub(super) const LINK_COOKIE_LIFE: Duration = Duration::minutes(10);
/// Life of the cookie that keeps the address for the page that waits for the mail.
const ADDRESS_COOKIE_LIFE: Duration = Duration::HOUR;
/// Notices that the waiting page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 1] = [("sent-again", "check-mail-sent-again")];

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
    pub(super) email: String,
}

async fn prove(
    context: &Context<'_>,
    proof: AddressProof<'_>,
    password: Option<&str>,
    organization: Option<&str>,
) -> Result<Verified, Error> {
    let input = ProveAddress { proof, password: password.map(Into::into), organization };
    context.auth.prove_address(&context.client, input).await
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: VerifyInput = context.json()?;
    let proof = match (&input.token, &input.code) {
        (Some(token), None) => AddressProof::Link(token.as_str().into()),
        (None, Some(code)) => AddressProof::Code(code.as_str().into()),
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

/// Leads to the page that waits for the mail. By a redirect, so that it can be loaded again without sending the form
/// again; what it shows goes by cookie, so that it stands in no log and no history.
pub(super) fn wait_for_mail(context: &Context<'_>, email: &str, target: &str, notice: &str) -> Response {
    let mut response = wire::see_other(&context.path(&format!("/verify{notice}")));
    remember_address(context, &mut response, email, target);
    response
}

/// Keeps the address for the page that waits for its mail.
pub(super) fn remember_address(context: &Context<'_>, response: &mut Response, email: &str, target: &str) {
    let kept = URL_SAFE_NO_PAD.encode(format!("{}\n{target}", email.trim()));
    context.set_cookie(response, CookieName::Address, &kept, Some(context.now + ADDRESS_COOKIE_LIFE));
    // A link that was opened before is about an earlier mail.
    context.clear_cookie(response, CookieName::Link);
}

/// The address that the person has last asked a mail for in this browser, and where to go afterwards.
pub(super) fn awaited(context: &Context<'_>) -> (String, String) {
    let kept = context.cookie(CookieName::Address).and_then(|kept| URL_SAFE_NO_PAD.decode(kept).ok());
    let kept = kept.and_then(|kept| String::from_utf8(kept).ok()).unwrap_or_default();
    let (email, target) = kept.split_once('\n').unwrap_or_default();
    let target = return_to::parse(target, &context.auth.settings().origin).unwrap_or_default();
    (email.to_owned(), target)
}

/// What the page that waits for the mail shows.
#[derive(Default)]
struct Waiting<'a> {
    problem: Option<&'a Problem>,
    notice: Option<&'a str>,
    email: &'a str,
    code: &'a str,
    organization: &'a str,
    target: &'a str,
    pending: bool,
    needs_password: bool,
}

/// The page that waits for the mail: a field for the code, and another mail on request.
fn check_mail(context: &Context<'_>, shown: &Waiting<'_>) -> Response {
    let Waiting { problem, notice, email, code, organization, target, pending, needs_password } = *shown;
    let values = vec![("email", email), ("code", code), ("organization", organization), ("return_to", target)];
    // No mail has gone to an address that is none.
    let wrong = problem.is_some_and(|problem| problem.fields.iter().any(|error| error.field == "email"));
    let data = context! { email => if wrong { "" } else { email }, pending, needs_password };
    pages::page(context, "check_mail.html", Page { values, problem, notice, data, ..Page::default() })
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["token", "notice"])?;
    if let Some(token) = query.get("token") {
        // Only what can be a link goes into a cookie.
        if Bearer::parse(BearerKind::VerifyLink, token).is_none() {
            return Ok(dead_link(context, &Problem::refused(&Refused::LinkInvalid, context.now), ""));
        }
        let mut response = wire::see_other(&context.path("/verify"));
        let expires_at = context.now + LINK_COOKIE_LIFE;
        context.set_cookie(&mut response, CookieName::Link, token, Some(expires_at));
        return Ok(response);
    }
    let (awaited, target) = awaited(context);
    let link = context.cookie(CookieName::Link).filter(|link| Bearer::parse(BearerKind::VerifyLink, link).is_some());
    if let Some(link) = link {
        return match context.auth.preview_link(&context.client, link.into()).await {
            Ok(preview) => Ok(confirm(context, &preview, None, "", &target)),
            Err(error) => Ok(dead_link(context, &context.problem(error), &target)),
        };
    }
    let pending = pending(context).await?;
    let email = if awaited.is_empty() { pending.clone().unwrap_or_default() } else { awaited };
    let pending = pending.is_some_and(|pending| pending == email);
    let notice = query.choice("notice", &NOTICES);
    Ok(check_mail(context, &Waiting { notice, email: &email, target: &target, pending, ..Waiting::default() }))
}

/// The address whose proof a begun sign-in waits for.
async fn pending(context: &Context<'_>) -> Result<Option<String>, Problem> {
    let Some(attempt) = context.bearer(CookieName::Attempt, BearerKind::Attempt) else { return Ok(None) };
    match context.auth.peek(&context.client, &attempt).await {
        Ok(PendingStep::VerifyAddress { email }) => Ok(Some(email)),
        Ok(_) | Err(Error::Refused(_) | Error::Invalid(_)) => Ok(None),
        Err(error) => Err(context.problem(error)),
    }
}

/// The page with the button that uses the link.
fn confirm(
    context: &Context<'_>,
    preview: &Preview,
    problem: Option<&Problem>,
    organization: &str,
    target: &str,
) -> Response {
    let organization =
        if organization.is_empty() { preview.organization.as_deref().unwrap_or("") } else { organization };
    let data = context! { email => &preview.email, name => &preview.name, needs_password => preview.needs_password };
    let values = vec![("organization", organization), ("return_to", target)];
    pages::page(context, "verify.html", Page { values, problem, data, ..Page::default() })
}

/// A link that cannot be used any more leads to a new one.
fn dead_link(context: &Context<'_>, problem: &Problem, target: &str) -> Response {
    let (email, _) = awaited(context);
    let shown = Waiting { problem: Some(problem), email: &email, target, ..Waiting::default() };
    let mut response = check_mail(context, &shown);
    if problem.code == "link_invalid" {
        context.clear_cookie(&mut response, CookieName::Link);
    }
    response
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["code", "email", "password", "organization", "return_to"])?;
    let target = context.return_to(&fields);
    let (password, organization) = (fields.get("password"), fields.get("organization"));
    // People paste codes with whatever space their mail program shows.
    let code: String = fields.text("code").chars().filter(|c| !c.is_whitespace()).collect();
    let link = context.cookie(CookieName::Link).filter(|_| code.is_empty());
    let proof = match link {
        Some(link) => AddressProof::Link(link.into()),
        None => AddressProof::Code(code.as_str().into()),
    };
    let proven = if link.is_none() && code.is_empty() {
        Err(FieldError::new("code", FieldError::REQUIRED).into())
    } else {
        prove(context, proof, password, organization).await
    };
    let problem = match proven {
        Ok(_) => return onward(context, &target).await,
        Err(error) => context.problem(error),
    };
    if let Some(link) = link {
        return match context.auth.preview_link(&context.client, link.into()).await {
            Ok(preview) => Ok(confirm(context, &preview, Some(&problem), fields.text("organization"), &target)),
            Err(error) => Ok(dead_link(context, &context.problem(error), &target)),
        };
    }
    // Once the fields for a new password were shown, they stay.
    let of_password = |field: &str| matches!(field, "password" | "organization");
    let needs_password =
        password.is_some() || organization.is_some() || problem.fields.iter().any(|error| of_password(error.field));
    let shown = Waiting {
        problem: Some(&problem),
        needs_password,
        email: fields.text("email"),
        code: &code,
        organization: fields.text("organization"),
        target: &target,
        ..Waiting::default()
    };
    Ok(check_mail(context, &shown))
}

/// Goes on with the sign-in that waited for the proof, or to the sign-in page.
async fn onward(context: &Context<'_>, target: &str) -> Result<Response, Problem> {
    let resumed = match context.bearer(CookieName::Attempt, BearerKind::Attempt) {
        Some(attempt) => match context.auth.resume(&context.client, &attempt).await {
            Ok(outcome) => Some(outcome),
            Err(Error::Refused(_)) => None,
            Err(error) => return Err(context.problem(error)),
        },
        None => None,
    };
    let mut response = match resumed {
        Some(outcome) => sign_in::lead_on(context, &outcome, Some(target).filter(|target| !target.is_empty())),
        None => {
            let more = pages::onward(target).replacen('?', "&", 1);
            let mut response = wire::see_other(&context.path(&format!("/sign-in?notice=verified{more}")));
            context.clear_cookie(&mut response, CookieName::Address);
            response
        }
    };
    context.clear_cookie(&mut response, CookieName::Link);
    Ok(response)
}

pub(super) async fn resend_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email", "return_to"])?;
    let target = context.return_to(&fields);
    let email = fields.text("email");
    match context.auth.request_verification(&context.client, email).await {
        Ok(accepted) => {
            let mut response = wait_for_mail(context, email, &target, "?notice=sent-again");
            remember_browser(context, &mut response, &accepted);
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let shown = Waiting { problem: Some(&problem), email, target: &target, ..Waiting::default() };
            Ok(check_mail(context, &shown))
        }
    }
}
