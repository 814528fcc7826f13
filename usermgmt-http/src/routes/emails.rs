//! The addresses of an account.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::{AddEmail, Error};
use utoipa::ToSchema;

use super::mailed;
use super::sign_up::remember_browser;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 6] = [
    ("asked", "emails-asked"),
    ("asked-approval", "emails-asked-approval"),
    ("approved", "emails-approved"),
    ("added", "emails-added"),
    ("removed", "emails-removed"),
    ("primary", "emails-primary-changed"),
];

/// Another address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddEmailInput {
    /// The address.
    #[serde(default)]
    email: String,
    /// Whether it takes the place of the primary one, which then goes.
    #[serde(default)]
    replaces_primary: bool,
}

/// One of the own addresses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmailInput {
    /// The address.
    #[serde(default)]
    email: String,
}

/// Which name may be free: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AvailabilityInput {
    /// The address.
    #[serde(default)]
    email: Option<String>,
    /// The username.
    #[serde(default)]
    username: Option<String>,
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let items = context.auth.emails(context.principal()?).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "items": items })))
}

pub(super) async fn add_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AddEmailInput = context.json()?;
    let wish = AddEmail { email: &input.email, replaces_primary: input.replaces_primary };
    let accepted = context.auth.add_email(&context.client, &context.fresh()?, wish).await;
    let mut response = wire::json(StatusCode::ACCEPTED, &json!({ "status": "check_mail" }));
    remember_browser(context, &mut response, &accepted.map_err(|error| context.problem(error))?);
    Ok(response)
}

pub(super) async fn remove_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: EmailInput = context.json()?;
    let removed = context.auth.remove_email(&context.client, &context.fresh()?, &input.email).await;
    removed.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "removed" })))
}

pub(super) async fn primary_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: EmailInput = context.json()?;
    let made = context.auth.make_email_primary(&context.client, &context.fresh()?, &input.email).await;
    made.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "primary" })))
}

pub(super) async fn availability(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AvailabilityInput = context.json()?;
    if let (Some(username), None) = (&input.username, &input.email) {
        let found = context.auth.is_username_available(&context.client, username).await;
        let found = found.map_err(|error| context.problem(error))?;
        let body = json!({ "available": found.available, "suggestions": found.suggestions });
        return Ok(wire::json(StatusCode::OK, &body));
    }
    if input.username.is_some() {
        return Err(Problem::MALFORMED);
    }
    let available = context.auth.is_email_available(&context.client, &input.email.unwrap_or_default()).await;
    let available = available.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "available": available })))
}

async fn shown(
    context: &Context<'_>,
    problem: Option<&Problem>,
    notice: Option<&str>,
    values: Vec<(&str, &str)>,
) -> Result<Response, Problem> {
    let items = context.auth.emails(context.principal()?).await.map_err(|error| context.problem(error))?;
    // What was asked for in this moment is not in the list before the worker has looked at it.
    let asked = matches!(notice, Some("emails-asked" | "emails-approved"));
    let waiting = asked || items.iter().any(|item| !item.verified && !item.primary && !item.awaits_approval);
    let mailed = waiting || items.iter().any(|item| item.awaits_approval) || notice == Some("emails-asked-approval");
    let items = items.into_iter().map(|item| {
        context! {
            email => item.email, primary => item.primary, verified => item.verified,
            awaits_approval => item.awaits_approval, removable => item.removable, undeliverable => item.undeliverable,
        }
    });
    let fresh = context.fresh().is_ok();
    let approval = context.auth.settings().email_change_needs_approval;
    let back = pages::onward(&context.path("/account/emails"));
    let data = context! { emails => items.collect::<Vec<_>>(), waiting, mailed, fresh, step_up => back, approval };
    Ok(pages::page(context, "account_emails.html", Page { values, problem, notice, data, ..Page::default() }))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    shown(context, None, query.choice("notice", &NOTICES), Vec::new()).await
}

async fn answered(
    context: &Context<'_>,
    done: Result<(), Error>,
    notice: &str,
    values: Vec<(&str, &str)>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(wire::see_other(&context.path(&format!("/account/emails?notice={notice}")))),
        Err(error) => shown(context, Some(&context.problem(error)), None, values).await,
    }
}

pub(super) async fn add_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email", "replaces_primary"])?;
    let replaces_primary = fields.get("replaces_primary").is_some();
    let wish = AddEmail { email: fields.text("email"), replaces_primary };
    match context.auth.add_email(&context.client, &context.fresh()?, wish).await {
        Ok(accepted) => {
            let approval = context.auth.settings().email_change_needs_approval;
            let notice = if approval { "asked-approval" } else { "asked" };
            let mut response = wire::see_other(&context.path(&format!("/account/emails?notice={notice}")));
            remember_browser(context, &mut response, &accepted);
            Ok(response)
        }
        Err(error) => {
            let values = vec![("email", fields.text("email")), ("replaces_primary", fields.text("replaces_primary"))];
            shown(context, Some(&context.problem(error)), None, values).await
        }
    }
}

pub(super) async fn remove_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email"])?;
    let removed = context.auth.remove_email(&context.client, &context.fresh()?, fields.text("email")).await;
    // Pressed twice, or removed elsewhere: the list shows that it is gone.
    let removed = match removed {
        Err(Error::Refused(usermgmt_service::Refused::NotFound)) => Ok(()),
        other => other,
    };
    answered(context, removed, "removed", Vec::new()).await
}

pub(super) async fn primary_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email"])?;
    let made = context.auth.make_email_primary(&context.client, &context.fresh()?, fields.text("email")).await;
    answered(context, made, "primary", Vec::new()).await
}

pub(super) async fn code_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["code"])?;
    // People paste codes with whatever space their mail program shows.
    let code: String = fields.text("code").chars().filter(|c| !c.is_whitespace()).collect();
    match mailed::prove_code(context, &code).await {
        Ok(response) => Ok(response),
        Err(error) => shown(context, Some(&context.problem(error)), None, vec![("code", &code)]).await,
    }
}
