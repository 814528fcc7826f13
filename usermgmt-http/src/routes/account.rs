//! Who is signed in.

use http::StatusCode;
use minijinja::context;
use serde_json::{Value, json};
use usermgmt_service::SessionItem;
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::proof::Principal;

use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::{self, Page, device};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Sessions on the page.
const SESSIONS: u32 = 50;
/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 3] = [
    ("session-ended", "notice-session-ended"),
    ("profile-changed", "notice-profile-changed"),
    ("password-changed", "notice-password-changed"),
];

/// The principal as JSON.
pub(super) fn describe(principal: &Principal) -> Value {
    let methods: Vec<_> = principal.proofs().iter().map(|proof| proof.method).collect();
    let organization =
        principal.org().map(|standing| json!({ "id": standing.org, "name": standing.name, "roles": standing.roles }));
    json!({
        "user": { "id": principal.user(), "name": principal.name(), "email": principal.email(), "kind": principal.kind() },
        "session": {
            "id": principal.session(),
            "methods": methods,
            "authenticated_at": wire::time(principal.authenticated_at()),
            "expires_at": wire::time(principal.expires_at()),
        },
        "organization": organization,
    })
}

pub(super) async fn me(context: &Context<'_>) -> Result<Response, Problem> {
    Ok(wire::json(StatusCode::OK, &describe(context.principal()?)))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    let principal = context.principal()?;
    let sessions = context.auth.sessions(principal, PageRequest::first(SESSIONS)).await;
    let mut sessions = sessions.map_err(|error| context.problem(error))?.items;
    sessions.sort_by_key(|session| !session.current);
    let organizations = context.auth.orgs().of(principal, PageRequest::first(2)).await;
    let organizations = organizations.map_err(|error| context.problem(error))?.items;
    let active = principal.org().map(|standing| standing.org);
    let username = match context.auth.settings().usernames.is_on() {
        true => context.auth.username(principal).await.map_err(|error| context.problem(error))?,
        false => None,
    };
    let data = context! {
        username, name => principal.name(), factors => cfg!(feature = "factors"), api_keys => context.auth.api_keys().is_some(),
        email => principal.email(),
        organization => principal.org().map(|standing| standing.name.clone()),
        can_switch => organizations.iter().any(|(org, _)| active != Some(org.id)),
        sessions => sessions.iter().map(|session| row(context, session)).collect::<Vec<_>>(),
    };
    let notice = query.choice("notice", &NOTICES);
    Ok(pages::page(context, "account.html", Page { notice, data, ..Page::default() }))
}

/// A session as the page shows it.
fn row(context: &Context<'_>, session: &SessionItem) -> minijinja::Value {
    let say = |id: &str, values: &[(&str, &str)]| context.auth.texts().get(&context.language, id, values);
    let device = match session.label.as_deref().and_then(device::names) {
        Some((browser, system)) => say("device", &[("browser", browser), ("system", system)]),
        None => say("device-unknown", &[]),
    };
    let seen = match ago(context, context.now - session.seen_at) {
        Some(ago) => say("seen", &[("ago", &ago)]),
        None => say("seen-now", &[]),
    };
    let since = match ago(context, context.now - session.created_at) {
        Some(ago) => say("since", &[("ago", &ago)]),
        None => say("since-now", &[]),
    };
    context! {
        id => session.id.to_string(),
        current => session.current,
        label => session.label.as_deref(),
        address => session.address.as_deref(),
        device, seen, since,
    }
}
