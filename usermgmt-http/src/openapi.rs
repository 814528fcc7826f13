//! The OpenAPI 3.1 document: paths from the route table, schemas from the types that are read.

use serde_json::{Map, Value, json};
use usermgmt_service::UserMgmt;

use crate::cookies::{CookieName, Jar};
use crate::csrf;
use crate::route::{Guard, Representation, Route};
use crate::routes::routes;

/// The document.
#[must_use]
pub fn document(auth: &UserMgmt) -> Value {
    let mut paths = Map::new();
    for route in routes().iter().filter(|route| route.representation == Representation::Json) {
        let path = paths.entry(format!("{}{}", auth.prefix(), route.path)).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(route.method.as_str().to_ascii_lowercase(), operation(auth, route));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": auth.settings().product, "version": env!("CARGO_PKG_VERSION") },
        "servers": auth.settings().origins().map(|origin| json!({ "url": origin.as_str() })).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "schemas": { "Problem": problem() },
            "securitySchemes": schemes(auth)
        }
    })
}

/// Whether access tokens are switched on.
fn has_tokens(auth: &UserMgmt) -> bool {
    #[cfg(feature = "tokens")]
    return auth.tokens().is_some();
    #[cfg(not(feature = "tokens"))]
    {
        let _ = auth;
        false
    }
}

/// The ways to say who calls, as far as they are switched on.
fn schemes(auth: &UserMgmt) -> Value {
    let session = Jar::of(auth.settings()).name(CookieName::Session);
    let mut schemes = Map::new();
    schemes.insert("session".into(), json!({ "type": "apiKey", "in": "cookie", "name": session }));
    if has_tokens(auth) {
        schemes.insert("access_token".into(), json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT" }));
        schemes.insert("service".into(), json!({ "type": "http", "scheme": "basic" }));
    }
    if auth.api_keys().is_some() {
        schemes.insert("api_key".into(), json!({ "type": "http", "scheme": "bearer", "bearerFormat": "umk_00_…" }));
    }
    Value::Object(schemes)
}

/// Those that a route takes; one of them suffices.
fn security(auth: &UserMgmt, guard: Guard) -> Value {
    let by = |name: &str| json!({ name: [] });
    let mut ways = match guard {
        Guard::Public | Guard::Development => Vec::new(),
        Guard::Service => vec![by("service")],
        Guard::SignedIn | Guard::SteppedUp | Guard::Right(_) | Guard::FreshRight(_) | Guard::Access(_) => {
            vec![by("session")]
        }
    };
    if !guard.is_open() && has_tokens(auth) {
        ways.push(by("access_token"));
    }
    if matches!(guard, Guard::Access(_)) && auth.api_keys().is_some() {
        ways.push(by("api_key"));
    }
    Value::Array(ways)
}

fn operation(auth: &UserMgmt, route: &Route) -> Value {
    let public = matches!(route.guard, Guard::Public | Guard::Development);
    let mut responses = Map::new();
    responses.insert(
        route.success.to_string(),
        json!({
            "description": "Done.",
            "content": { "application/json": { "schema": { "type": "object" } } }
        }),
    );
    let mut refused = |status: u16, description: &str| {
        responses.insert(
            status.to_string(),
            json!({
                "description": description,
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } }
            }),
        );
    };
    if !public {
        refused(401, "Nobody is signed in, or what was presented proves nothing.");
    }
    if let Guard::Right(key) | Guard::Access(key) | Guard::FreshRight(key) = route.guard {
        refused(403, &format!("The permission `{key}` is missing, or something else; the code says what."));
    }
    if route.input.is_some() {
        refused(400, "The body cannot be read: not JSON, unknown or repeated fields, wrong types.");
        refused(422, "Fields that are not acceptable, each with its code.");
    }
    if !csrf::is_safe(&route.method) {
        refused(403, "Refused; the code says why.");
        refused(413, "The body is too large.");
        refused(415, "The body is not JSON.");
        refused(429, "Too many attempts; `Retry-After` says when to try again.");
    }
    if route.path.contains('{') {
        refused(404, "There is nothing of this id, or it belongs to somebody else.");
    }
    refused(503, "Something needed does not work; `Retry-After` says when to try again.");

    let mut operation = json!({ "summary": route.summary, "responses": responses });
    if let Value::Object(fields) = &mut operation {
        fields.insert("security".into(), security(auth, route.guard));
        if let Some(input) = route.input {
            let content = json!({ "application/json": { "schema": input() } });
            fields.insert("requestBody".into(), json!({ "required": true, "content": content }));
        }
        let parameters: Vec<_> = route.path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        if !parameters.is_empty() {
            let describe =
                |name: &&str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
            fields.insert("parameters".into(), parameters.iter().map(describe).collect());
        }
    }
    operation
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "RFC 9457 problem details with a stable code.",
        "required": ["type", "title", "status", "code"],
        "properties": {
            "type": { "type": "string", "format": "uri" },
            "title": { "type": "string", "description": "What happened and what to do, in English." },
            "status": { "type": "integer" },
            "code": { "type": "string", "description": "Stable code to act upon." },
            "fields": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "code"],
                    "properties": { "field": { "type": "string" }, "code": { "type": "string" } }
                }
            },
            "challenge": { "type": "object", "description": "What the caller can do about it." }
        }
    })
}
