//! A forgotten password: asking for the mail, and the page behind its link.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::error::FieldError;
use usermgmt_service::core::port::BotPurpose;
use usermgmt_service::core::secret::{Bearer, BearerKind};
use usermgmt_service::{AddressProof, Refused};
use utoipa::ToSchema;

use super::sign_up::remember_browser;
use super::verify::{LINK_COOKIE_LIFE, awaited, remember_address};
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 1] = [("sent", "reset-sent")];

/// Who asks for a new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgotInput {
    /// E-mail address, or phone number or username where there are such.
    #[serde(default)]
    email: String,
    /// The answer to the bot check, where one is asked for.
    #[serde(default)]
    bot_check: Option<String>,
}

/// The proof and the new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResetInput {
    /// The token of the mailed link.
    #[serde(default)]
    token: Option<String>,
    /// The mailed code, in the browser that asked for it.
    #[serde(default)]
    code: Option<String>,
    /// The new password.
    #[serde(default)]
    password: String,
    /// A code of the second factor, for an account that has one.
    #[serde(default)]
    second_factor: Option<String>,
}

pub(super) async fn forgot_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ForgotInput = context.json()?;
    let client = context.answering(input.bot_check.as_deref());
    let accepted = context.auth.request_password_reset(&client, &input.email).await;
    let accepted = accepted.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted);
    Ok(response)
}

pub(super) async fn forgot_page(context: &Context<'_>) -> Result<Response, Problem> {
    context.passwords()?;
    Fields::parse(context.request.query().as_bytes(), &[])?;
    let email = context.client.principal.as_ref().and_then(|principal| principal.email()).unwrap_or_default();
    Ok(pages::page(
        context,
        "forgot.html",
        Page { values: vec![("email", email)], purpose: Some(BotPurpose::Forgot), ..Page::default() },
    ))
}

pub(super) async fn forgot_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.passwords()?;
    let mut expected = vec!["email"];
    expected.extend(context.bot_fields(BotPurpose::Forgot));
    let fields = context.form(&expected)?;
    let email = fields.text("email");
    let client = context.answering_by(&fields, BotPurpose::Forgot);
    match context.auth.request_password_reset(&client, email).await {
        Ok(accepted) => {
            let mut response = wire::see_other(&context.path("/reset?notice=sent"));
            remember_address(context, &mut response, email, "");
            remember_browser(context, &mut response, &accepted);
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let (values, purpose) = (vec![("email", email)], Some(BotPurpose::Forgot));
            let page = Page { values, problem: Some(&problem), purpose, ..Page::default() };
            Ok(pages::page(context, "forgot.html", page))
        }
    }
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ResetInput = context.json()?;
    let proof = match (&input.token, &input.code) {
        (Some(token), None) => AddressProof::Link(token.as_str().into()),
        (None, Some(code)) => AddressProof::Code(code.as_str().into()),
        _ => return Err(context.problem(FieldError::new("token", FieldError::REQUIRED).into())),
    };
    let reset = context.auth.reset_password(
        &context.client,
        proof,
        input.password.as_str().into(),
        input.second_factor.as_deref().map(Into::into),
    );
    reset.await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "password_set" })))
}

/// The page for the new password: behind the link, or with a field for the code.
fn shown(
    context: &Context<'_>,
    email: &str,
    by_link: bool,
    (problem, notice): (Option<&Problem>, Option<&str>),
    code: &str,
) -> Response {
    let data = context! { email, by_link };
    pages::page(context, "reset.html", Page { values: vec![("code", code)], problem, notice, data, ..Page::default() })
}

/// The live link that this browser has opened, if it is one of ours, with its address.
async fn opened<'a>(context: &Context<'a>) -> Option<(&'a str, Result<String, Problem>)> {
    let link = context.cookie(CookieName::Link)?;
    Bearer::parse(BearerKind::ResetLink, link)?;
    let email = context.auth.preview_reset(&context.client, link.into()).await;
    Some((link, email.map_err(|error| context.problem(error))))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    context.passwords()?;
    let query = Fields::parse(context.request.query().as_bytes(), &["token", "notice"])?;
    if let Some(token) = query.get("token") {
        // Only what can be a link goes into a cookie.
        if Bearer::parse(BearerKind::ResetLink, token).is_none() {
            let problem = Problem::refused(&Refused::LinkInvalid, context.now);
            return Ok(shown(context, "", false, (Some(&problem), None), ""));
        }
        let mut response = wire::see_other(&context.path("/reset"));
        context.set_cookie(&mut response, CookieName::Link, token, Some(context.now + LINK_COOKIE_LIFE));
        return Ok(response);
    }
    let notice = query.choice("notice", &NOTICES);
    match opened(context).await.filter(|_| notice.is_none()) {
        Some((_, Ok(email))) => Ok(shown(context, &email, true, (None, None), "")),
        Some((_, Err(problem))) => Ok(dead(context, &problem)),
        None => Ok(shown(context, &awaited(context).0, false, (None, notice), "")),
    }
}

/// A link that cannot be used any more leads to a new one; what must only wait keeps its form.
fn dead(context: &Context<'_>, problem: &Problem) -> Response {
    let dead = problem.code == "link_invalid";
    let mut response = shown(context, "", !dead, (Some(problem), None), "");
    if dead {
        context.clear_cookie(&mut response, CookieName::Link);
    }
    response
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    context.passwords()?;
    let fields = context.form(&["code", "password", "second_factor", "email"])?;
    // People paste codes with whatever space their mail program shows.
    let code: String = fields.text("code").chars().filter(|c| !c.is_whitespace()).collect();
    let link = opened(context).await.filter(|_| code.is_empty());
    let proof = match &link {
        Some((link, Ok(_))) => AddressProof::Link((*link).into()),
        Some((_, Err(problem))) => return Ok(dead(context, problem)),
        None => AddressProof::Code(code.as_str().into()),
    };
    let reset = if link.is_none() && code.is_empty() {
        Err(FieldError::new("code", FieldError::REQUIRED).into())
    } else {
        let second_factor = fields.get("second_factor").map(Into::into);
        context.auth.reset_password(&context.client, proof, fields.text("password").into(), second_factor).await
    };
    match reset {
        Ok(()) => {
            let mut response = wire::see_other(&context.path("/sign-in?notice=password-set"));
            for name in [CookieName::Link, CookieName::Address, CookieName::Session, CookieName::Attempt] {
                context.clear_cookie(&mut response, name);
            }
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let email = match &link {
                Some((_, Ok(email))) => email.clone(),
                _ => awaited(context).0,
            };
            let by_link = link.is_some() && problem.code != "link_invalid";
            if link.is_some() && !by_link {
                return Ok(dead(context, &problem));
            }
            Ok(shown(context, &email, by_link, (Some(&problem), None), &code))
        }
    }
}
