//! The bot check: what clients must solve, and the scripts that solve it in a browser.

use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use usermgmt_service::core::port::BotPurpose;

use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Words of the query, and what they stand for.
const PURPOSES: [(&str, BotPurpose); 3] = {
    let [a, b, c] = BotPurpose::ALL;
    [(a.as_str(), a), (b.as_str(), b), (c.as_str(), c)]
};

pub(super) async fn challenge(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["purpose"])?;
    let purpose = query.choice("purpose", &PURPOSES).ok_or(Problem::MALFORMED)?;
    let (auth, client) = (context.auth, &context.client);
    let widget = auth.bot_check(purpose).ok_or(Problem::NOT_FOUND)?;
    let challenge = auth.bot_challenge(client, purpose).map_err(|error| context.problem(error))?;
    let body = json!({
        "kind": widget.kind,
        "expected": auth.expected_bot_check(client, purpose).is_some(),
        "challenge": challenge.as_ref().map(|challenge| &challenge.challenge),
        "life_seconds": challenge.as_ref().map(|challenge| challenge.life.whole_seconds()),
    });
    Ok(wire::json(StatusCode::OK, &body))
}

pub(super) async fn script(context: &Context<'_>) -> Result<Response, Problem> {
    let wanted = context.request.param("script").unwrap_or_default();
    let widgets = BotPurpose::ALL.into_iter().filter_map(|purpose| context.auth.bot_check(purpose));
    let own = widgets.flat_map(|widget| widget.own).find(|(name, _)| *name == wanted);
    let (_, source) = own.ok_or(Problem::NOT_FOUND)?;
    let mut response = wire::response(StatusCode::OK, "text/javascript; charset=utf-8", *source);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}
