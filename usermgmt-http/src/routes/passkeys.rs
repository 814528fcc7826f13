//! The passkeys of an account: making the first one in a sign-in, adding, naming, and offering one after a sign-in.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::core::limits::PASSKEY_OFFER_REST;
use usermgmt_service::{Error, FactorAdded, NewPasskey, PasskeyAnswer, PendingStep, Refused, SignInOutcome, metrics};
use utoipa::ToSchema;

use super::factors::failed;
use super::passkey_sign_in::{asked, text};
use super::second_factor::{
    self, added_at_sign_in, asking, attempt, codes_before, id, not_enrolled, peeked, to_sign_in,
};
use super::sign_in;
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// A passkey that was made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskeyInput {
    /// The `ceremony` of the challenge.
    #[serde(default)]
    ceremony: String,
    /// The `PublicKeyCredential`, as its `toJSON()` gives it.
    #[serde(default)]
    #[schema(value_type = Object)]
    credential: Value,
    /// What to call it; left out: as the device calls itself.
    #[serde(default)]
    name: String,
    /// Whether to ask for it after every other first proof, as a second factor.
    #[serde(default)]
    as_second_factor: bool,
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NameInput {
    /// The name, 1 to 64 characters.
    #[serde(default)]
    name: String,
}

impl NewPasskeyInput {
    /// From the fields of a form.
    fn of(fields: &Fields) -> Self {
        Self {
            ceremony: fields.text("ceremony").to_owned(),
            credential: serde_json::from_str(fields.text("credential")).unwrap_or_default(),
            name: fields.text("name").to_owned(),
            as_second_factor: fields.get("as_second_factor").is_some(),
        }
    }

    fn made<'a>(&'a self, credential: &'a str) -> NewPasskey<'a> {
        let answer = PasskeyAnswer { ceremony: &self.ceremony, credential };
        NewPasskey { answer, name: &self.name, as_second_factor: self.as_second_factor }
    }
}

pub(super) async fn challenge(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    asked(context, context.auth.begin_passkey(&context.client, &context.fresh()?).await)
}

pub(super) async fn add_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: NewPasskeyInput = context.json()?;
    let (credential, fresh) = (text(&input.credential), context.fresh()?);
    let added = context.auth.add_passkey(&context.client, &fresh, input.made(&credential)).await;
    let added = added.map_err(|error| context.problem(error))?;
    second_factor::added(context, &added)
}

/// The form on the page of the own factors, and on the page that offers a passkey, which leads on.
pub(super) async fn add_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["ceremony", "credential", "name", "as_second_factor", "return_to"])?;
    let input = NewPasskeyInput::of(&fields);
    let (credential, fresh) = (text(&input.credential), context.fresh()?);
    match context.auth.add_passkey(&context.client, &fresh, input.made(&credential)).await {
        Ok(added) => {
            let target = context.return_to(&fields);
            let listed = context.path("/account/factors?notice=passkey-added");
            let mut led = wire::see_other(if target.is_empty() { &listed } else { &target });
            context.renew_session(&mut led, &added.next)?;
            Ok(codes_before(context, led, &added.recovery_codes))
        }
        Err(error) => failed(context, error).await,
    }
}

pub(super) async fn name_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: NameInput = context.json()?;
    let factor = context.request.param("factor").unwrap_or_default();
    name(context, factor, &input.name).await.map_err(|error| context.problem(error))?;
    Ok(wire::json(StatusCode::OK, &json!({ "status": "named" })))
}

async fn name(context: &Context<'_>, factor: &str, name: &str) -> Result<(), Error> {
    let principal = context.client.principal.as_ref().ok_or(Refused::Unauthenticated)?;
    context.auth.name_passkey(&context.client, principal, id(factor)?, name).await
}

pub(super) async fn name_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["factor", "name"])?;
    match name(context, fields.text("factor"), fields.text("name")).await {
        Ok(()) => Ok(wire::see_other(&context.path("/account/factors?notice=named"))),
        Err(error) => failed(context, error).await,
    }
}

pub(super) async fn first_challenge(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    asked(
        context,
        match attempt(context) {
            Ok(attempt) => context.auth.begin_passkey_at_sign_in(&context.client, &attempt).await,
            Err(error) => Err(error),
        },
    )
}

async fn first(context: &Context<'_>, input: &NewPasskeyInput) -> Result<FactorAdded<SignInOutcome>, Error> {
    let (attempt, credential) = (attempt(context)?, text(&input.credential));
    context.auth.add_passkey_at_sign_in(&context.client, &attempt, input.made(&credential)).await
}

pub(super) async fn first_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: NewPasskeyInput = context.json()?;
    let added = first(context, &input).await.map_err(|error| context.problem(error))?;
    Ok(added_at_sign_in(context, &added))
}

pub(super) async fn first_page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    match peeked(context).await? {
        Some(PendingStep::EnrolPasskey) => Ok(pages::page(context, "enrol_passkey.html", asking(&target, None))),
        _ => Ok(to_sign_in(context, &target)),
    }
}

pub(super) async fn first_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["ceremony", "credential", "name", "return_to"])?;
    let target = context.return_to(&fields);
    let demanded = matches!(peeked(context).await?, Some(PendingStep::EnrolFactor));
    match first(context, &NewPasskeyInput::of(&fields)).await {
        Ok(added) => {
            let onward = Some(target.as_str()).filter(|target| !target.is_empty());
            let led = sign_in::lead_on(context, &added.next, onward);
            Ok(codes_before(context, led, &added.recovery_codes))
        }
        Err(error) if demanded => Ok(not_enrolled(context, (&target, ""), "enrol_factor.html", error).await),
        Err(error) => Ok(not_enrolled(context, (&target, ""), "enrol_passkey.html", error).await),
    }
}

/// The page that offers a passkey after a sign-in without one.
pub(super) async fn offer_page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["return_to"])?;
    let target = context.return_to(&query);
    context.auth.settings().passkeys.as_ref().ok_or(Problem::NOT_FOUND)?;
    metrics::passkey_offer("shown");
    Ok(pages::page(context, "passkey_offer.html", asking(&target, None)))
}

fn declined(context: &Context<'_>, mut response: Response) -> Response {
    metrics::passkey_offer("declined");
    context.set_cookie(&mut response, CookieName::NoPasskey, "declined", Some(context.now + PASSKEY_OFFER_REST));
    response
}

pub(super) async fn decline_json(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    Ok(declined(context, wire::json(StatusCode::OK, &json!({ "status": "declined" }))))
}

pub(super) async fn decline_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["return_to"])?;
    let target = context.return_to(&fields);
    let home = &context.auth.settings().home;
    Ok(declined(context, wire::see_other(if target.is_empty() { home } else { &target })))
}
