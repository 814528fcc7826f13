//! One row of the route table.

use std::future::Future;
use std::pin::Pin;

use http::Method;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::Response;

/// What a route speaks; its errors follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Representation {
    /// JSON in and out, errors as `application/problem+json`.
    Json,
    /// A page for a person; forms in, errors at their field.
    Page,
    /// As the protocols of OAuth speak: forms in, JSON out, errors of RFC 6749 section 5.2.
    OAuth,
}

impl Representation {
    /// Whether its bodies have this media type.
    #[must_use]
    pub fn reads(self, media_type: &str) -> bool {
        match self {
            Self::Json => media_type == "application/json",
            Self::Page | Self::OAuth => media_type == "application/x-www-form-urlencoded",
        }
    }
}

/// Who may call a route. Enforced before the handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Everybody.
    Public,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever is signed in and has proven it a short while ago.
    SteppedUp,
    /// Whoever acts in the organisation that the path names by `{organization}` (in any, where the path names none) and
    /// has this permission in it.
    Right(&'static str),
    /// The same, or by an API key that may use the permission there.
    Access(&'static str),
    /// As `Right`, and has proven it a short while ago.
    FreshRight(&'static str),
    /// A service that proves itself by its name and secret (RFC 6749 section 2.3.1).
    Service,
    /// Everybody, on a localhost origin; elsewhere it does not exist.
    Development,
}

impl Guard {
    /// Whether nobody need be signed in to call.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Public | Self::Service | Self::Development)
    }
}

/// A running handler.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send + 'a>>;

/// One row of the table.
#[derive(Clone)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path below the prefix, with parameters in braces.
    pub path: &'static str,
    /// What it speaks.
    pub representation: Representation,
    /// Who may call it.
    pub guard: Guard,
    /// Longest body, in bytes.
    pub max_body: usize,
    /// What it does, in a sentence, for the OpenAPI document.
    pub summary: &'static str,
    /// Status of success, for the OpenAPI document.
    pub success: u16,
    /// Schema of the JSON body, if it takes one.
    pub(crate) input: Option<fn() -> RefOr<Schema>>,
    pub(crate) run: for<'a> fn(&'a Context<'a>) -> Handling<'a>,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:?}, {:?})", self.method, self.path, self.representation, self.guard)
    }
}

/// Writes a row: method, path, representation, guard (with the permission it asks for, if any), body limit, summary, handler; for JSON bodies the type that is
/// read and the status of success.
macro_rules! route {
    ($method:ident $path:literal, $representation:ident, $guard:ident $(<$right:ty>)?, $max_body:expr, $summary:literal,
     $handler:path) => {
        $crate::route::route!(
            @row $method $path, $representation, $guard $(<$right>)?, $max_body, $summary, $handler, 200, None
        )
    };
    ($method:ident $path:literal, $representation:ident, $guard:ident $(<$right:ty>)?, $max_body:expr, $summary:literal,
     $handler:path, $input:path => $success:literal) => {
        $crate::route::route!(
            @row $method $path, $representation, $guard $(<$right>)?, $max_body, $summary, $handler, $success,
            Some(<$input as utoipa::PartialSchema>::schema)
        )
    };
    (@row $method:ident $path:literal, $representation:ident, $guard:ident $(<$right:ty>)?, $max_body:expr,
     $summary:literal, $handler:path, $success:literal, $input:expr) => {
        $crate::route::Route {
            method: http::Method::$method,
            path: $path,
            representation: $crate::route::Representation::$representation,
            guard: $crate::route::Guard::$guard
                $((<$right as usermgmt_service::core::permission::Permission>::KEY))?,
            max_body: $max_body,
            summary: $summary,
            success: $success,
            input: $input,
            run: |context| Box::pin($handler(context)),
        }
    };
}
pub(crate) use route;
