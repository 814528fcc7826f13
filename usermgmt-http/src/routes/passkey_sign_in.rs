//! Proving who one is by a passkey: to sign in, as the second factor of a sign-in, or again in a session.

use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use usermgmt_service::{Error, PasskeyAnswer, PasskeyChallenge, Refused, SecondFactorProven, SignInOutcome};
use utoipa::ToSchema;

use super::second_factor::{self, attempt, trust};
use super::{sign_in, step_up};
use crate::cookies::CookieName;
use crate::input::Fields;
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What the pages need to ask an authenticator.
const SCRIPT: &str = include_str!("../../assets/passkey.js");

/// What an authenticator has answered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnswerInput {
    /// The `ceremony` of the challenge.
    #[serde(default)]
    ceremony: String,
    /// The `PublicKeyCredential`, as its `toJSON()` gives it.
    #[serde(default)]
    #[schema(value_type = Object)]
    credential: Value,
    /// At a sign-in: whether to stay signed in when the browser closes.
    #[serde(default)]
    remember: bool,
    /// As a second factor: ask for none on this device for 30 days.
    #[serde(default)]
    trust_device: bool,
}

/// The credential of a JSON body as text, which is what is verified.
pub(super) fn text(credential: &Value) -> String {
    if credential.is_null() { String::new() } else { credential.to_string() }
}

/// A challenge as JSON. The browser that asked gets a name: the answer must come from it.
pub(super) fn asked(context: &Context<'_>, challenge: Result<PasskeyChallenge, Error>) -> Result<Response, Problem> {
    let challenge = challenge.map_err(|error| context.problem(error))?;
    let body = json!({ "ceremony": challenge.ceremony, "options": challenge.options });
    let mut response = wire::json(StatusCode::OK, &body);
    if context.client.browser.is_none() {
        context.set_cookie(&mut response, CookieName::Browser, challenge.browser.expose(), None);
    }
    Ok(response)
}

pub(super) async fn script(context: &Context<'_>) -> Result<Response, Problem> {
    context.auth.settings().passkeys.as_ref().ok_or(Problem::NOT_FOUND)?;
    let mut response = wire::response(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}

pub(super) async fn challenge(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    asked(context, context.auth.begin_sign_in_by_passkey(&context.client))
}

async fn signed_in(
    context: &Context<'_>,
    (ceremony, credential): (&str, &str),
    remember: bool,
) -> Result<SignInOutcome, Error> {
    context.auth.sign_in_by_passkey(&context.client, PasskeyAnswer { ceremony, credential }, remember).await
}

pub(super) async fn json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AnswerInput = context.json()?;
    let outcome = signed_in(context, (&input.ceremony, &text(&input.credential)), input.remember).await;
    Ok(sign_in::answer(context, &outcome.map_err(|error| context.problem(error))?))
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["ceremony", "credential", "remember", "return_to"])?;
    let (target, remember) = (context.return_to(&fields), fields.get("remember").is_some());
    match signed_in(context, answer(&fields), remember).await {
        Ok(outcome) => {
            let target = Some(target.as_str()).filter(|target| !target.is_empty());
            Ok(sign_in::lead_on(context, &outcome, target))
        }
        Err(error) => {
            let problem = context.problem(error);
            let values = vec![("return_to", target.as_str())];
            Ok(pages::page(context, "sign_in.html", Page { values, problem: Some(&problem), ..Page::default() }))
        }
    }
}

fn answer(fields: &Fields) -> (&str, &str) {
    (fields.text("ceremony"), fields.text("credential"))
}

pub(super) async fn second_challenge(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    asked(
        context,
        match attempt(context) {
            Ok(attempt) => context.auth.begin_second_factor_by_passkey(&context.client, &attempt).await,
            Err(error) => Err(error),
        },
    )
}

async fn proven(
    context: &Context<'_>,
    (ceremony, credential): (&str, &str),
    trust: bool,
) -> Result<SecondFactorProven, Error> {
    let (attempt, answer) = (attempt(context)?, PasskeyAnswer { ceremony, credential });
    context.auth.prove_second_factor_by_passkey(&context.client, &attempt, answer, trust).await
}

pub(super) async fn second_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AnswerInput = context.json()?;
    let proven = proven(context, (&input.ceremony, &text(&input.credential)), input.trust_device).await;
    let proven = proven.map_err(|error| context.problem(error))?;
    Ok(trust(context, sign_in::answer(context, &proven.outcome), proven.trusted.as_ref()))
}

pub(super) async fn second_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["ceremony", "credential", "trust_device", "return_to"])?;
    let target = context.return_to(&fields);
    match proven(context, answer(&fields), fields.get("trust_device").is_some()).await {
        Ok(proven) => {
            let target = Some(target.as_str()).filter(|target| !target.is_empty());
            Ok(trust(context, sign_in::lead_on(context, &proven.outcome, target), proven.trusted.as_ref()))
        }
        Err(error) => second_factor::failed(context, &fields, &target, error).await,
    }
}

pub(super) async fn again_challenge(context: &Context<'_>) -> Result<Response, Problem> {
    let _: sign_in::Nothing = context.json()?;
    asked(context, context.auth.begin_step_up_by_passkey(&context.client, context.principal()?).await)
}

async fn again(
    context: &Context<'_>,
    (ceremony, credential): (&str, &str),
) -> Result<usermgmt_service::core::secret::Bearer, Error> {
    let principal = context.client.principal.as_ref().ok_or(Refused::Unauthenticated)?;
    context.auth.step_up_by_passkey(&context.client, principal, PasskeyAnswer { ceremony, credential }).await
}

pub(super) async fn again_json(context: &Context<'_>) -> Result<Response, Problem> {
    let input: AnswerInput = context.json()?;
    let secret = again(context, (&input.ceremony, &text(&input.credential))).await;
    let mut response = wire::json(StatusCode::OK, &json!({ "status": "stepped_up" }));
    context.renew_session(&mut response, &secret.map_err(|error| context.problem(error))?)?;
    Ok(response)
}

pub(super) async fn again_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["ceremony", "credential", "return_to"])?;
    let target = context.return_to(&fields);
    step_up::led(context, &target, again(context, answer(&fields)).await).await
}
