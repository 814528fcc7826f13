//! The second factors of somebody who is signed in.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::core::model::FactorKind;
use usermgmt_service::{Error, FactorItem, Refused};
use utoipa::ToSchema;

use super::second_factor::{codes_page, exposed, id};
use super::sign_in::Nothing;
use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 6] = [
    ("added", "factors-added"),
    ("passkey-added", "factors-passkey-added"),
    ("code-added", "factors-code-added"),
    ("named", "factors-named"),
    ("removed", "factors-removed"),
    ("distrusted", "factors-distrusted"),
];

/// One of the own factors.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FactorInput {
    /// Its id.
    #[serde(default)]
    factor: String,
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let list = context.auth.factors(context.principal()?).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &list))
}

pub(super) async fn remove_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: FactorInput = context.json()?;
    let factor = id(&input.factor).map_err(|error| context.problem(error))?;
    let secret = context.auth.remove_factor(&context.client, &context.fresh()?, factor).await;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "removed" }));
    context.renew_session(&mut response, &secret.map_err(|error| context.problem(error))?)?;
    Ok(response)
}

pub(super) async fn codes_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let made = context.auth.make_recovery_codes(&context.client, &context.fresh()?).await;
    let made = made.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::OK, &json!({ "recovery_codes": exposed(&made.codes) }));
    context.renew_session(&mut response, &made.session)?;
    Ok(response)
}

pub(super) async fn distrust_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let done = context.auth.distrust_devices(&context.client, context.principal()?).await;
    done.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "distrusted" })))
}

async fn shown(
    context: &Context<'_>,
    problem: Option<&Problem>,
    notice: Option<&str>,
    values: Vec<(&str, &str)>,
) -> Result<Response, Problem> {
    let list = context.auth.factors(context.principal()?).await.map_err(|error| context.problem(error))?;
    let rows = |wanted: &dyn Fn(&FactorItem) -> bool| {
        let wanted = list.factors.iter().filter(|item| wanted(item));
        wanted.map(|item| row(context, item)).collect::<Vec<_>>()
    };
    let data = context! {
        apps => rows(&|item| item.kind == FactorKind::Totp),
        passkeys => rows(&|item| item.kind.is_passkey()),
        sent_codes => rows(&|item| item.kind.is_sent_code()),
        offers => offers(context),
        has_apps => cfg!(feature = "totp"),
        devices => list.trusted_devices.iter().map(|item| row(context, item)).collect::<Vec<_>>(),
        codes => list.recovery_codes, low => list.recovery_codes_low,
        fresh => context.fresh().is_ok(), step_up => pages::onward(&context.path("/account/factors")),
    };
    Ok(pages::page(context, "account_factors.html", Page { values, problem, notice, data, ..Page::default() }))
}

/// By which codes a second factor can be set up.
fn offers(context: &Context<'_>) -> minijinja::Value {
    #[cfg(feature = "sent-codes")]
    {
        let settings = context.auth.settings();
        context! { by_text => settings.sends(FactorKind::SmsCode), by_mail => settings.sends(FactorKind::EmailCode) }
    }
    #[cfg(not(feature = "sent-codes"))]
    {
        let _ = context;
        context! {}
    }
}

/// The page again, with what went wrong and what was typed.
#[cfg(feature = "sent-codes")]
pub(super) async fn again(
    context: &Context<'_>,
    problem: &Problem,
    values: Vec<(&str, &str)>,
) -> Result<Response, Problem> {
    shown(context, Some(problem), None, values).await
}

fn row(context: &Context<'_>, item: &FactorItem) -> minijinja::Value {
    let say = |id: &str, values: &[(&str, &str)]| context.auth.texts().get(&context.language, id, values);
    let since = match ago(context, context.now - item.created_at) {
        Some(ago) => say("factors-since", &[("ago", &ago)]),
        None => say("factors-since-now", &[]),
    };
    let used = item.used_at.map(|at| match ago(context, context.now - at) {
        Some(ago) => say("factors-used", &[("ago", &ago)]),
        None => say("factors-used-now", &[]),
    });
    let names = pages::device::names(&item.name);
    let device = match names {
        Some((browser, system)) => say("device", &[("browser", browser), ("system", system)]),
        None => say("device-unknown", &[]),
    };
    // A passkey that was not named is called as the device that made it calls itself.
    let name = if item.name.is_empty() || names.is_some() { device.as_str() } else { item.name.as_str() };
    let (asked, to) = (item.kind == FactorKind::SecurityKey, item.to.as_deref());
    context! { id => item.id.to_string(), name, asked, to, since, used, device }
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    shown(context, None, query.choice("notice", &NOTICES), Vec::new()).await
}

pub(super) async fn failed(context: &Context<'_>, error: Error) -> Result<Response, Problem> {
    shown(context, Some(&context.problem(error)), None, Vec::new()).await
}

pub(super) async fn remove_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor"])?;
    let removed = match id(fields.text("factor")) {
        Ok(factor) => context.auth.remove_factor(&context.client, &context.fresh()?, factor).await,
        Err(error) => Err(error),
    };
    let mut response = wire::see_other(&context.path("/account/factors?notice=removed"));
    match removed {
        Ok(secret) => context.renew_session(&mut response, &secret)?,
        // Pressed twice, or removed elsewhere: the list shows that it is gone.
        Err(Error::Refused(Refused::NotFound)) => {}
        Err(error) => return failed(context, error).await,
    }
    Ok(response)
}

pub(super) async fn codes_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    match context.auth.make_recovery_codes(&context.client, &context.fresh()?).await {
        Ok(made) => {
            let mut response = codes_page(context, &made.codes, &context.path("/account/factors"));
            context.renew_session(&mut response, &made.session)?;
            Ok(response)
        }
        Err(error) => failed(context, error).await,
    }
}

pub(super) async fn distrust_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    match context.auth.distrust_devices(&context.client, context.principal()?).await {
        Ok(()) => Ok(wire::see_other(&context.path("/account/factors?notice=distrusted"))),
        Err(error) => failed(context, error).await,
    }
}
