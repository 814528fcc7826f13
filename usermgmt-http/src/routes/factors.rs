//! The second factors of somebody who is signed in.

use http::StatusCode;
use minijinja::context;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::{Error, FactorItem, Refused};
use utoipa::ToSchema;

use super::second_factor::{ConfirmInput, codes_before, codes_page, enrolment, exposed, id, scan};
use super::sign_in::Nothing;
use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 3] =
    [("added", "factors-added"), ("removed", "factors-removed"), ("distrusted", "factors-distrusted")];

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

pub(super) async fn enrol_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: Nothing = context.json()?;
    let begun = context.auth.begin_totp(&context.client, &context.fresh()?).await;
    Ok(enrolment(&begun.map_err(|error| context.problem(error))?))
}

pub(super) async fn confirm_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ConfirmInput = context.json()?;
    let (fresh, client) = (context.fresh()?, &context.client);
    let factor = id(&input.factor).map_err(|error| context.problem(error))?;
    let confirmed = context.auth.confirm_totp(client, &fresh, factor, input.code.as_str().into()).await;
    let confirmed = confirmed.map_err(|error| context.problem(error))?;
    let body = json!({ "status": "added", "recovery_codes": exposed(&confirmed.recovery_codes) });
    let mut response = wire::json(StatusCode::OK, &body);
    context.renew_session(&mut response, &confirmed.next)?;
    Ok(response)
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

async fn shown(context: &Context<'_>, problem: Option<&Problem>, notice: Option<&str>) -> Result<Response, Problem> {
    let list = context.auth.factors(context.principal()?).await.map_err(|error| context.problem(error))?;
    let data = context! {
        factors => list.factors.iter().map(|item| row(context, item)).collect::<Vec<_>>(),
        devices => list.trusted_devices.iter().map(|item| row(context, item)).collect::<Vec<_>>(),
        codes => list.recovery_codes, low => list.recovery_codes_low,
        fresh => context.fresh().is_ok(), step_up => pages::onward(&context.path("/account/factors")),
    };
    Ok(pages::page(context, "account_factors.html", Page { problem, notice, data, ..Page::default() }))
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
    let device = pages::device::names(&item.name);
    let device = match device {
        Some((browser, system)) => say("device", &[("browser", browser), ("system", system)]),
        None => say("device-unknown", &[]),
    };
    context! { id => item.id.to_string(), kind => item.kind.as_str(), since, used, device }
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    shown(context, None, query.choice("notice", &NOTICES)).await
}

async fn failed(context: &Context<'_>, error: Error) -> Result<Response, Problem> {
    shown(context, Some(&context.problem(error)), None).await
}

pub(super) async fn enrol_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    match context.auth.begin_totp(&context.client, &context.fresh()?).await {
        Ok(begun) => {
            let factor = begun.id.to_string();
            Ok(scan(context, "/account/factors/totp", &factor, &begun.secret, Page::default()))
        }
        Err(error) => failed(context, error).await,
    }
}

pub(super) async fn confirm_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "code"])?;
    let (fresh, client, factor) = (context.fresh()?, &context.client, fields.text("factor"));
    let Ok(factor_id) = id(factor) else { return failed(context, Refused::NotFound.into()).await };
    match context.auth.confirm_totp(client, &fresh, factor_id, fields.text("code").into()).await {
        Ok(confirmed) => {
            let mut led = wire::see_other(&context.path("/account/factors?notice=added"));
            context.renew_session(&mut led, &confirmed.next)?;
            Ok(codes_before(context, led, &confirmed.recovery_codes))
        }
        Err(error) => match context.auth.begun_totp(client, &fresh, factor_id).await {
            Ok(secret) => {
                let problem = context.problem(error);
                let page = Page { problem: Some(&problem), ..Page::default() };
                Ok(scan(context, "/account/factors/totp", factor, &secret, page))
            }
            // Pressed twice: the list shows that it is in force, or that it ran out.
            Err(_) => failed(context, error).await,
        },
    }
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
