//! Several accounts in one browser.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::secret::Bearer;
use usermgmt_service::{Account, Error, Refused};
use utoipa::ToSchema;

use super::account;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Which account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchInput {
    /// Id of its session.
    #[serde(default)]
    session: String,
}

/// The accounts, where there may be several.
async fn accounts(context: &Context<'_>) -> Result<Vec<Account>, Problem> {
    if !context.auth.settings().several_accounts {
        return Err(Problem::NOT_FOUND);
    }
    context.auth.accounts(&context.client).await.map_err(|error| context.problem(error))
}

fn is_active(context: &Context<'_>, account: &Account) -> bool {
    let active = context.client.principal.as_ref().map(|principal| principal.session());
    active == Some(account.principal.session())
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let items: Vec<_> = accounts(context)
        .await?
        .iter()
        .map(|account| {
            let mut item = account::describe(&account.principal);
            if let Value::Object(fields) = &mut item {
                fields.insert("active".into(), json!(is_active(context, account)));
            }
            item
        })
        .collect();
    Ok(wire::json(StatusCode::OK, &json!({ "items": items })))
}

/// Keeps the sessions that wait in their cookie. It goes with the browser: not all of them may outlive it.
pub(super) fn keep(context: &Context<'_>, response: &mut Response, waiting: &[Bearer]) {
    if waiting.is_empty() {
        return context.clear_cookie(response, CookieName::Accounts);
    }
    let value = waiting.iter().map(Bearer::expose).collect::<Vec<_>>().join(".");
    context.set_cookie(response, CookieName::Accounts, &value, None);
}

async fn switch(context: &Context<'_>, session: &str) -> Result<(Account, Vec<Bearer>), Error> {
    if !context.auth.settings().several_accounts {
        return Err(Refused::NotFound.into());
    }
    let session = session.parse().map_err(|_| Refused::NotFound)?;
    context.auth.switch_account(&context.client, session).await
}

fn switched(context: &Context<'_>, mut response: Response, (account, waiting): &(Account, Vec<Bearer>)) -> Response {
    context.carry_session(&mut response, &account.principal, CookieName::Session, account.secret.expose());
    keep(context, &mut response, waiting);
    response
}

pub(super) async fn switch_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: SwitchInput = context.json()?;
    let done = switch(context, &input.session).await.map_err(|error| context.problem(error))?;
    let response = wire::json(StatusCode::OK, &account::describe(&done.0.principal));
    Ok(switched(context, response, &done))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    let items = accounts(context).await?;
    if items.is_empty() {
        return Ok(wire::see_other(&context.path(&format!("/sign-in{}", pages::onward(&target)))));
    }
    let row = |account: &Account| {
        let principal = &account.principal;
        context! {
            session => principal.session().to_string(), name => principal.name(), email => principal.email(),
            active => is_active(context, account),
        }
    };
    let data = context! { accounts => items.iter().map(row).collect::<Vec<_>>() };
    let values = vec![("return_to", target.as_str())];
    Ok(pages::page(context, "choose_account.html", Page { values, data, ..Page::default() }))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["session", "return_to"])?;
    let target = context.return_to(&fields);
    match switch(context, fields.text("session")).await {
        Ok(done) => {
            let target = if target.is_empty() { context.auth.settings().home.as_str() } else { &target };
            Ok(switched(context, wire::see_other(target), &done))
        }
        // It has ended meanwhile: the page shows which are left.
        Err(Error::Refused(Refused::NotFound)) if context.auth.settings().several_accounts => {
            Ok(wire::see_other(&context.path(&format!("/choose-account{}", pages::onward(&target)))))
        }
        Err(error) => Err(context.problem(error)),
    }
}
