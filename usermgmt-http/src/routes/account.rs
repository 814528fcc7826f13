//! Who is signed in.

use http::StatusCode;
use minijinja::context;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::proof::Principal;

use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Sessions on the page.
const SESSIONS: u32 = 50;
/// Notices that the page can show.
const NOTICES: [&str; 1] = ["session-ended"];

/// The principal as JSON.
pub(super) fn describe(principal: &Principal) -> Value {
    let methods: Vec<_> = principal.proofs().iter().map(|proof| proof.method).collect();
    let organization =
        principal.org().map(|standing| json!({ "id": standing.org, "name": standing.name, "roles": standing.roles }));
    json!({
        "user": { "id": principal.user(), "name": principal.name(), "email": principal.email() },
        "session": {
            "id": principal.session(),
            "methods": methods,
            "authenticated_at": principal.authenticated_at().format(&Rfc3339).ok(),
            "expires_at": principal.expires_at().format(&Rfc3339).ok(),
        },
        "organization": organization,
    })
}

pub(super) async fn me(context: &Context<'_>) -> Result<Response, Problem> {
    Ok(wire::json(StatusCode::OK, &describe(context.principal()?)))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    let notice = NOTICES.iter().find(|known| query.get("notice") == Some(known)).map(|known| format!("notice-{known}"));
    let principal = context.principal()?;
    let sessions = context.auth.sessions(principal, PageRequest::first(SESSIONS)).await;
    let sessions = sessions.map_err(|error| context.problem(error))?;
    let data = context! {
        name => principal.name(),
        email => principal.email(),
        organization => principal.org().map(|standing| standing.name.clone()),
        sessions => minijinja::value::Serde(sessions.items),
    };
    Ok(pages::page(context, "account.html", Page { notice: notice.as_deref(), data, ..Page::default() }))
}
