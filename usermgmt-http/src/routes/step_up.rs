//! Step-up.

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use usermgmt_service::Error;
use usermgmt_service::core::secret::Bearer;
use utoipa::ToSchema;

use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// The proof.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepUpInput {
    /// Password.
    #[serde(default)]
    password: String,
}

async fn step_up(context: &Context<'_>, password: &str) -> Result<Bearer, Error> {
    let principal = context.client.principal.as_ref().ok_or(usermgmt_service::Refused::Unauthenticated)?;
    context.auth.step_up_by_password(&context.client, principal, password.into()).await
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: StepUpInput = context.json()?;
    let secret = step_up(context, &input.password).await.map_err(|error| context.problem(error))?;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "stepped_up" }));
    context.renew_session(&mut response, &secret)?;
    Ok(response)
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    Ok(pages::page(context, "step_up.html", Page { values: vec![("return_to", &target)], ..Page::default() }))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["password", "return_to"])?;
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin);
    match step_up(context, fields.text("password")).await {
        Ok(secret) => {
            let mut response = wire::see_other(target.as_deref().unwrap_or(&context.auth.settings().home));
            context.renew_session(&mut response, &secret)?;
            Ok(response)
        }
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![("return_to", target.as_deref().unwrap_or_default())];
            Ok(pages::page(context, "step_up.html", Page { values, problem: Some(&problem), ..Page::default() }))
        }
    }
}
