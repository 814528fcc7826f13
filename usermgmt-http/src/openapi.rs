//! The OpenAPI 3.1 document, from the route table and the derived schemas.

use serde_json::{Map, Value, json};
use usermgmt_service::UserMgmt;

use crate::route::{Guard, Representation};
use crate::routes::routes;

/// The document.
#[must_use]
pub fn document(auth: &UserMgmt) -> Value {
    let mut paths = Map::new();
    for route in routes().iter().filter(|route| route.representation == Representation::Json) {
        let operation = json!({ "summary": route.summary, "x-guard": format!("{:?}", route.guard), "public": route.guard == Guard::Public });
        let path = paths.entry(format!("{}{}", auth.prefix(), route.path)).or_insert_with(|| json!({}));
        if let Value::Object(methods) = path {
            methods.insert(route.method.as_str().to_ascii_lowercase(), operation);
        }
    }
    json!({ "openapi": "3.1.0", "info": { "title": auth.settings().product, "version": env!("CARGO_PKG_VERSION") }, "paths": paths })
}
