//! Choosing the organisation: as a step of a sign-in, or later.

use minijinja::context;
use serde::Deserialize;
use usermgmt_service::core::id::OrgId;
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::secret::BearerKind;
use usermgmt_service::{Error, PendingStep, Refused, SignInOutcome};
use utoipa::ToSchema;

use super::sign_in;
use crate::cookies::CookieName;
use crate::input::{Fields, ORGANIZATION};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::return_to;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 3] =
    [("left", "choose-left"), ("deleted", "choose-deleted"), ("restored", "choose-restored")];
/// Organisations that the page offers.
const OFFERED: u32 = 200;

/// Which organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChooseInput {
    /// Id of the organization.
    #[serde(default)]
    organization: String,
}

async fn choose(context: &Context<'_>, organization: &str) -> Result<SignInOutcome, Error> {
    let attempt = context.bearer(CookieName::Attempt, BearerKind::Attempt).ok_or(Refused::AttemptExpired)?;
    let org: OrgId = organization.parse().map_err(|_| Refused::NotFound)?;
    context.auth.choose_org(&context.client, &attempt, org).await
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ChooseInput = context.json()?;
    let outcome = choose(context, &input.organization).await.map_err(|error| context.problem(error))?;
    Ok(sign_in::answer(context, &outcome))
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to", "notice"])?;
    let target = context.return_to(&query);
    let pending = match context.bearer(CookieName::Attempt, BearerKind::Attempt) {
        Some(attempt) => match context.auth.peek(&context.client, &attempt).await {
            Ok(step) => Some(step),
            Err(Error::Unavailable(outage)) => return Err(context.problem(outage.into())),
            Err(_) => None,
        },
        None => None,
    };
    let offered: Vec<(OrgId, String)> = match (pending, &context.client.principal) {
        (Some(PendingStep::ChooseOrg { orgs }), _) => orgs,
        (Some(step), None) => {
            let onward = pages::onward(&target);
            return Ok(wire::see_other(&context.path(&format!("{}{onward}", sign_in::path(&step)))));
        }
        (_, Some(principal)) => {
            let found = context.auth.orgs().of(principal, PageRequest::first(OFFERED)).await;
            let found = found.map_err(|error| context.problem(error))?;
            found.items.into_iter().map(|(org, _)| (org.id, org.name)).collect()
        }
        (None, None) => {
            return Ok(wire::see_other(&context.path(&format!("/sign-in{}", pages::onward(&target)))));
        }
    };
    let active = context.client.principal.as_ref().and_then(|principal| principal.org()).map(|standing| standing.org);
    let offered = offered.into_iter();
    let offered = offered.map(|(id, name)| context! { id => id.to_string(), name, current => active == Some(id) });
    let restorable = match &context.client.principal {
        Some(principal) => context.auth.orgs().restorable(principal, PageRequest::first(OFFERED)).await,
        None => Ok(usermgmt_service::core::page::Page { items: Vec::new(), next: None }),
    };
    let restorable = restorable.map_err(|error| context.problem(error))?.items.into_iter();
    let restorable = restorable.map(|org| context! { id => org.id.to_string(), name => org.name });
    let lost = context.client.principal.as_ref().is_some_and(|principal| principal.has_lost_org());
    let data = context! {
        lost, organizations => offered.collect::<Vec<_>>(), restorable => restorable.collect::<Vec<_>>(),
        fresh => context.fresh().is_ok(), step_up => pages::onward(&context.path("/choose-organization")),
    };
    let (values, notice) = (vec![("return_to", target.as_str())], query.choice("notice", &NOTICES));
    Ok(pages::page(context, "choose_organization.html", Page { values, notice, data, ..Page::default() }))
}

pub(super) async fn restore_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&[ORGANIZATION])?;
    let org: OrgId = fields.text(ORGANIZATION).parse().map_err(|_| Problem::NOT_FOUND)?;
    match context.auth.orgs().restore(&context.client, &context.fresh()?, org).await {
        Ok(()) => Ok(wire::see_other(&context.path("/choose-organization?notice=restored"))),
        // Pressed twice, or too late: the page shows whether it stands among the others.
        Err(Error::Refused(Refused::NotFound)) => Ok(wire::see_other(&context.path("/choose-organization"))),
        Err(error) => Err(context.problem(error)),
    }
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["organization", "return_to"])?;
    let target = return_to::parse(fields.text("return_to"), &context.auth.settings().origin);
    match (choose(context, fields.text("organization")).await, &context.client.principal) {
        (Ok(outcome), _) => Ok(sign_in::lead_on(context, &outcome, target.as_deref())),
        (Err(Error::Refused(Refused::AttemptExpired)), Some(principal)) => {
            let org: OrgId = fields.text("organization").parse().map_err(|_| Problem::NOT_FOUND)?;
            let entered = context.auth.orgs().enter(&context.client, principal, org).await;
            let secret = entered.map_err(|error| context.problem(error))?;
            let mut response = wire::see_other(target.as_deref().unwrap_or(&context.auth.settings().home));
            context.renew_session(&mut response, &secret)?;
            Ok(response)
        }
        (Err(Error::Refused(Refused::AttemptExpired)), None) => {
            let problem = Problem::refused(&Refused::AttemptExpired, context.now);
            let values = vec![("return_to", target.as_deref().unwrap_or_default())];
            Ok(pages::page(context, "sign_in.html", Page { values, problem: Some(&problem), ..Page::default() }))
        }
        (Err(error), _) => Err(context.problem(error)),
    }
}
