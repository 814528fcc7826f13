//! Sign-in by a mailed link or code: asking for the mail, and the page behind its link.
//!
//! The link is rendered by GET and used by POST, so that mail scanners cannot use it up. Opened in another browser than
//! the one that asked, it says so before its button signs in.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::error::FieldError;
use usermgmt_service::core::model::TokenKind;
use usermgmt_service::core::phone;
use usermgmt_service::core::port::BotPurpose;
use usermgmt_service::core::secret::Bearer;
use usermgmt_service::{Accepted, AddressProof, Error, LinkPreview, Refused, SignInByMail};
use utoipa::ToSchema;

use super::sign_in;
use super::sign_up::remember_browser;
use super::verify::{LINK_COOKIE_LIFE, awaited, remember_address};
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::{self, Page, device};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 1] = [("sent", "reset-sent")];

/// To whom the mail goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskInput {
    /// E-mail address, or phone number or username where there are such.
    #[serde(default)]
    email: Option<String>,
    /// Instead of the address: the token of a link that is over. The mail goes where that one went.
    #[serde(default)]
    token: Option<String>,
    /// The answer to the bot check, where one is asked for.
    #[serde(default)]
    bot_check: Option<String>,
}

/// The token of a mailed link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewInput {
    /// The token of the mailed link.
    #[serde(default)]
    token: String,
}

/// The proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailedInput {
    /// The token of the mailed link.
    #[serde(default)]
    token: Option<String>,
    /// The mailed code, in the browser that asked for it.
    #[serde(default)]
    code: Option<String>,
    /// Whether to stay signed in when the browser closes.
    #[serde(default)]
    remember: bool,
}

async fn again(context: &Context<'_>, link: &str) -> Result<Accepted, Error> {
    context.auth.request_another_sign_in_mail(&context.client, link.into()).await
}

pub(super) async fn ask_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AskInput = context.json()?;
    let accepted = match (&input.email, &input.token) {
        (None, Some(link)) => again(context, link).await,
        (email, None) => {
            let (email, client) = (email.as_deref().unwrap_or_default(), context.answering(input.bot_check.as_deref()));
            context.auth.request_sign_in_mail(&client, email).await
        }
        (Some(_), Some(_)) => Err(FieldError::new("token", FieldError::MALFORMED).into()),
    };
    let accepted = accepted.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted);
    Ok(response)
}

/// Pages that do not exist unless mails sign in.
fn switched_on(context: &Context<'_>) -> Result<(), Problem> {
    if context.auth.has_sign_in_messages() { Ok(()) } else { Err(Problem::NOT_FOUND) }
}

pub(super) async fn ask_page(context: &Context<'_>) -> Result<Response, Problem> {
    switched_on(context)?;
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    let email = context.client.principal.as_ref().and_then(|principal| principal.email()).unwrap_or_default();
    let values = vec![("email", email), ("return_to", target.as_str())];
    let page = Page { values, purpose: Some(BotPurpose::SignIn), ..Page::default() };
    Ok(pages::page(context, "sign_in_mail.html", page))
}

pub(super) async fn ask_form(context: &Context<'_>) -> Result<Response, Problem> {
    switched_on(context)?;
    // The button also stands below the fields of the sign-in page; what else is entered there is not looked at.
    let mut expected = vec!["email", "password", "remember", "return_to", "again"];
    expected.extend(context.bot_fields(BotPurpose::SignIn));
    let fields = context.form(&expected)?;
    let (email, target) = (fields.text("email"), context.return_to(&fields));
    let link = context.cookie(CookieName::Link).filter(|_| fields.get("again").is_some());
    let accepted = match link {
        Some(link) => again(context, link).await,
        None => {
            let client = context.answering_by(&fields, BotPurpose::SignIn);
            context.auth.request_sign_in_mail(&client, email).await
        }
    };
    match accepted {
        Ok(accepted) => {
            let mut response = wire::see_other(&context.path("/sign-in/mailed?notice=sent"));
            remember_address(context, &mut response, email, &target);
            remember_browser(context, &mut response, &accepted);
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![("email", email), ("return_to", target.as_str())];
            let page = Page { values, problem: Some(&problem), purpose: Some(BotPurpose::SignIn), ..Page::default() };
            Ok(pages::page(context, "sign_in_mail.html", page))
        }
    }
}

async fn sign_in(
    context: &Context<'_>,
    proof: AddressProof<'_>,
    remember: bool,
) -> Result<usermgmt_service::SignInOutcome, Error> {
    context.auth.sign_in_by_mail(&context.client, SignInByMail { proof, remember }).await
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: MailedInput = context.json()?;
    let proof = match (&input.token, &input.code) {
        (Some(token), None) => AddressProof::Link(token.as_str().into()),
        (None, Some(code)) => AddressProof::Code(code.as_str().into()),
        _ => return Err(context.problem(FieldError::new("token", FieldError::REQUIRED).into())),
    };
    let outcome = sign_in(context, proof, input.remember).await.map_err(|error| context.problem(error))?;
    Ok(sign_in::answer(context, &outcome))
}

pub(super) async fn preview_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: PreviewInput = context.json()?;
    let preview = context.auth.preview_sign_in_link(&context.client, input.token.as_str().into()).await;
    let preview = preview.map_err(|error| context.problem(error))?;
    let body = json!({
        "email": preview.email,
        "asked_at": wire::time(preview.asked_at),
        "device": preview.label,
        "same_browser": preview.same_browser,
        "works_here": preview.works_here,
    });
    Ok(wire::json(StatusCode::OK, &body))
}

/// What the page shows: a code is waited for, or a link was opened.
#[derive(Default)]
struct Shown<'a> {
    problem: Option<&'a Problem>,
    notice: Option<&'a str>,
    code: &'a str,
    remember: bool,
    /// What is known of the link.
    link: Option<LinkPreview>,
    /// `waiting`, `link`, `elsewhere`, `bound` or `dead`.
    state: &'static str,
    /// Whether another mail can be sent where the link went.
    known: bool,
}

fn shown(context: &Context<'_>, shown: &Shown<'_>) -> Response {
    let say = |id: &str, values: &[(&str, &str)]| context.auth.texts().get(&context.language, id, values);
    let (awaited, target) = awaited(context);
    let link = shown.link.as_ref();
    // A text carries the code alone.
    let to_phone = phone::is_meant(&awaited);
    let set = context.auth.settings().mailed_sign_in().filter(|_| !to_phone);
    let device = match link.and_then(|link| link.label.as_deref()).and_then(device::names) {
        Some((browser, system)) => say("device", &[("browser", browser), ("system", system)]),
        None => say("device-unknown", &[]),
    };
    let asked = match link.and_then(|link| ago(context, context.now - link.asked_at)) {
        Some(ago) => say("magic-link-asked", &[("ago", &ago)]),
        None => say("magic-link-asked-now", &[]),
    };
    let data = context! {
        state => shown.state,
        known => shown.known,
        email => link.map_or(awaited.as_str(), |link| link.email.as_str()),
        device, asked,
        has_link => set.is_some_and(|set| set.has_link()),
        has_code => set.is_none_or(|set| set.has_code()),
    };
    let remember = if shown.remember { "yes" } else { "" };
    let values = vec![("code", shown.code), ("remember", remember), ("return_to", target.as_str())];
    pages::page(
        context,
        "sign_in_mailed.html",
        Page { values, problem: shown.problem, notice: shown.notice, data, ..Page::default() },
    )
}

/// The link that this browser has opened, if it is one of ours.
fn opened<'a>(context: &Context<'a>) -> Option<&'a str> {
    context.cookie(CookieName::Link).filter(|link| Bearer::parse(TokenKind::SignIn.bearer(), link).is_some())
}

/// The page of a link that was opened: its button, or where to get another one.
async fn of_link(context: &Context<'_>, link: &str, problem: Option<&Problem>) -> Response {
    let preview = match context.auth.preview_sign_in_link(&context.client, link.into()).await {
        Ok(preview) => preview,
        Err(error) => return dead(context, link, &context.problem(error)).await,
    };
    let state = match (preview.same_browser, preview.works_here) {
        (true, _) => "link",
        (false, true) => "elsewhere",
        (false, false) => "bound",
    };
    shown(context, &Shown { problem, link: Some(preview), state, known: true, ..Shown::default() })
}

/// A link that cannot be used any more leads to a new one; what must only wait keeps its button.
async fn dead(context: &Context<'_>, link: &str, problem: &Problem) -> Response {
    if problem.code != "link_invalid" {
        return shown(context, &Shown { problem: Some(problem), state: "link", ..Shown::default() });
    }
    let known = context.auth.was_sign_in_link(&context.client, link.into()).await.is_ok();
    let mut response = shown(context, &Shown { problem: Some(problem), state: "dead", known, ..Shown::default() });
    if !known {
        context.clear_cookie(&mut response, CookieName::Link);
    }
    response
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    switched_on(context)?;
    let query = Fields::parse(context.request.query().as_bytes(), &["token", "notice"])?;
    if let Some(token) = query.get("token") {
        // Only what can be a link goes into a cookie.
        if Bearer::parse(TokenKind::SignIn.bearer(), token).is_none() {
            let problem = Problem::refused(&Refused::LinkInvalid, context.now);
            let dead = Shown { problem: Some(&problem), state: "dead", ..Shown::default() };
            return Ok(shown(context, &dead));
        }
        let mut response = wire::see_other(&context.path("/sign-in/mailed"));
        context.set_cookie(&mut response, CookieName::Link, token, Some(context.now + LINK_COOKIE_LIFE));
        return Ok(response);
    }
    let notice = query.choice("notice", &NOTICES);
    match opened(context).filter(|_| notice.is_none()) {
        Some(link) => Ok(of_link(context, link, None).await),
        None => Ok(shown(context, &Shown { notice, state: "waiting", ..Shown::default() })),
    }
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    switched_on(context)?;
    let fields = context.form(&["code", "remember"])?;
    // People paste codes with whatever space their mail program shows.
    let code: String = fields.text("code").chars().filter(|c| !c.is_whitespace()).collect();
    let remember = fields.get("remember").is_some();
    let link = opened(context).filter(|_| code.is_empty());
    let outcome = match link {
        Some(link) => sign_in(context, AddressProof::Link(link.into()), remember).await,
        None if code.is_empty() => Err(FieldError::new("code", FieldError::REQUIRED).into()),
        None => sign_in(context, AddressProof::Code(code.as_str().into()), remember).await,
    };
    let problem = match outcome {
        Ok(outcome) => {
            let (_, target) = awaited(context);
            let mut response = sign_in::lead_on(context, &outcome, Some(target.as_str()).filter(|to| !to.is_empty()));
            context.clear_cookie(&mut response, CookieName::Link);
            return Ok(response);
        }
        Err(error) => context.problem(error),
    };
    match link {
        Some(link) if problem.code == "link_invalid" => Ok(dead(context, link, &problem).await),
        Some(link) => Ok(of_link(context, link, Some(&problem)).await),
        None => {
            let waiting =
                Shown { problem: Some(&problem), code: &code, remember, state: "waiting", ..Shown::default() };
            Ok(shown(context, &waiting))
        }
    }
}
