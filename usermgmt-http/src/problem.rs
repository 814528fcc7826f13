//! Errors as HTTP: one mapping from codes to statuses, for every representation.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use usermgmt_service::core::error::{FieldError, Unavailable};
use usermgmt_service::{Error, Refused, UserMgmt};

use crate::pages;
use crate::wire::{self, Response};

/// Challenge of a 401 that a session would have answered.
const WWW_AUTHENTICATE: &str = "Session";
/// Challenge of a 401 that name and secret of a service would answer (RFC 7617 section 2).
const WWW_AUTHENTICATE_BASIC: &str = "Basic realm=\"services\"";
/// Challenge of a 401 that an API key would answer (RFC 6750 section 3).
const WWW_AUTHENTICATE_BEARER: &str = "Bearer";
/// Challenge of a 401 that another access token would answer (RFC 6750 section 3.1).
const WWW_AUTHENTICATE_INVALID: &str = "Bearer error=\"invalid_token\"";
/// Challenge of a 403 that an API key with more scopes would answer (RFC 6750 section 3.1).
const WWW_AUTHENTICATE_SCOPE: &str = "Bearer error=\"insufficient_scope\"";

/// Why a request was not carried out, in the terms of HTTP (RFC 9457), with a stable code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Status.
    pub status: StatusCode,
    /// Stable code.
    pub code: &'static str,
    /// Fields that are wrong.
    pub fields: Vec<FieldError>,
    /// What the caller can do about it, for programs.
    pub challenge: Option<Value>,
    /// When it is worth trying again, in seconds.
    pub retry_after: Option<i64>,
    /// Methods that are allowed, for 405.
    pub allow: Option<String>,
}

impl Problem {
    /// Somebody else's site has sent the request.
    pub const CROSS_SITE: Self = Self::new(StatusCode::FORBIDDEN, "cross_site");
    /// The request cannot be read.
    pub const MALFORMED: Self = Self::new(StatusCode::BAD_REQUEST, "malformed_request");
    /// The body is too large.
    pub const TOO_LARGE: Self = Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large");
    /// The body has a form that is not understood here.
    pub const MEDIA_TYPE: Self = Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type");
    /// There is nothing here.
    pub const NOT_FOUND: Self = Self::new(StatusCode::NOT_FOUND, "not_found");
    /// The access token is not acceptable, or its session has ended (RFC 6750 section 3.1).
    pub const INVALID_TOKEN: Self = Self::new(StatusCode::UNAUTHORIZED, "invalid_token");
    /// An API key was presented where a person must be signed in.
    pub const KEY_NOT_ACCEPTED: Self = Self::new(StatusCode::FORBIDDEN, "api_key_not_accepted");
    /// An API key must be presented.
    pub const KEY_REQUIRED: Self = Self::new(StatusCode::UNAUTHORIZED, "api_key_required");
    /// The API key, or its owner, lacks the permission (RFC 6750 section 3.1).
    pub const INSUFFICIENT_SCOPE: Self = Self::new(StatusCode::FORBIDDEN, "insufficient_scope");
    /// No service of this name and secret (RFC 6749 section 5.2).
    pub const INVALID_CLIENT: Self = Self::new(StatusCode::UNAUTHORIZED, "invalid_client");
    /// Both a session cookie and an access token: whose request is it?
    pub const AMBIGUOUS_CREDENTIALS: Self = Self::new(StatusCode::BAD_REQUEST, "ambiguous_credentials");
    /// A mistake of ours.
    pub const INTERNAL: Self = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");

    /// Codes that only HTTP knows; the others are those of [`Refused`] and of outages.
    pub const OWN_CODES: &'static [&'static str] = &[
        "cross_site",
        "malformed_request",
        "payload_too_large",
        "unsupported_media_type",
        "method_not_allowed",
        "invalid_fields",
        "invalid_token",
        "ambiguous_credentials",
        "invalid_client",
        "api_key_not_accepted",
        "api_key_required",
        "insufficient_scope",
        "internal",
    ];

    /// A problem with nothing to add.
    #[must_use]
    pub const fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, fields: Vec::new(), challenge: None, retry_after: None, allow: None }
    }

    /// The problem that an error of a flow is. For the operator, the cause of an outage goes to the log; the outside
    /// sees only that something does not work.
    #[must_use]
    pub fn of(error: Error, now: OffsetDateTime) -> Self {
        match error {
            Error::Invalid(invalid) => Self {
                fields: invalid.fields().to_vec(),
                challenge: Some(invalid.suggestions())
                    .filter(|free| !free.is_empty())
                    .map(|free| json!({ "suggestions": free })),
                ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields")
            },
            Error::Refused(refused) => Self::refused(&refused, now),
            Error::Unavailable(outage) => {
                tracing::error!(error = %Chain(&outage), "unavailable");
                let retry_after = Some(Unavailable::RETRY_AFTER.whole_seconds());
                Self { retry_after, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, outage.code()) }
            }
        }
    }

    /// The problem that a refusal is.
    #[must_use]
    pub fn refused(refused: &Refused, now: OffsetDateTime) -> Self {
        let status = match refused {
            Refused::Unauthenticated | Refused::InvalidCredentials | Refused::AttemptExpired => {
                StatusCode::UNAUTHORIZED
            }
            Refused::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
            Refused::LinkInvalid => StatusCode::GONE,
            Refused::CodeInvalid | Refused::PasskeyInvalid => StatusCode::UNPROCESSABLE_ENTITY,
            Refused::NotFound => StatusCode::NOT_FOUND,
            Refused::Conflict
            | Refused::LastOwner
            | Refused::AlreadyMember
            | Refused::SeatsTaken
            | Refused::FactorRequired
            | Refused::MembersStranded
            | Refused::PasskeyKnown
            | Refused::LastSignInMethod => StatusCode::CONFLICT,
            _ => StatusCode::FORBIDDEN,
        };
        let challenge = match refused {
            Refused::StepUpRequired(methods) => Some(json!({ "step_up": { "methods": methods } })),
            Refused::SecondFactorRequired(methods) => Some(json!({ "second_factor": { "methods": methods } })),
            Refused::BotCheckRequired | Refused::BotCheckFailed => Some(json!({ "bot_check": "/bot-check" })),
            Refused::PolicyUnmet(demands) => Some(json!({ "demands": demands })),
            Refused::PermissionMissing(permission) => Some(json!({ "permission": permission })),
            _ => None,
        };
        let retry_after = match refused {
            Refused::TooManyAttempts { until } => Some((*until - now).whole_seconds().max(0) + 1),
            _ => None,
        };
        Self { challenge, retry_after, ..Self::new(status, refused.code()) }
    }

    /// This problem as `application/problem+json` (RFC 9457), in English.
    #[must_use]
    pub fn to_json(&self, auth: &UserMgmt) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: String,
            status: u16,
            code: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            fields: &'a [FieldError],
            #[serde(skip_serializing_if = "Option::is_none")]
            challenge: &'a Option<Value>,
        }
        let body = Body {
            r#type: format!("urn:usermgmt:problem:{}", self.code),
            title: self.title(auth, "en"),
            status: self.status.as_u16(),
            code: self.code,
            fields: &self.fields,
            challenge: &self.challenge,
        };
        let mut response = wire::json(self.status, &body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        self.add_headers(response)
    }

    /// This problem as the protocols of OAuth say it (RFC 6749 section 5.2), in English.
    #[must_use]
    pub fn to_oauth(&self, auth: &UserMgmt) -> Response {
        let error = match self.status {
            StatusCode::UNAUTHORIZED => "invalid_client",
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => "temporarily_unavailable",
            status if status.is_server_error() => "server_error",
            _ => "invalid_request",
        };
        let body = json!({ "error": error, "error_description": self.title(auth, "en") });
        self.add_headers(wire::json(self.status, &body))
    }

    /// What happened and what to do, as a person reads it.
    #[must_use]
    pub fn title(&self, auth: &UserMgmt, language: &str) -> String {
        let seconds = self.retry_after.unwrap_or(0);
        let when = match seconds {
            0..=90 => auth.texts().get(language, "wait-seconds", &[("count", &seconds.to_string())]),
            91..=5_400 => auth.texts().get(language, "wait-minutes", &[("count", &(seconds / 60 + 1).to_string())]),
            _ => auth.texts().get(language, "wait-hours", &[("count", &(seconds / 3_600 + 1).to_string())]),
        };
        pages::text(auth, language, &self.code.replace('_', "-"), &[("when", &when)])
    }

    /// Adds the headers that belong to this problem, whatever its representation.
    #[must_use]
    pub fn add_headers(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = match self.code {
                "invalid_token" => WWW_AUTHENTICATE_INVALID,
                "api_key_required" => WWW_AUTHENTICATE_BEARER,
                "invalid_client" => WWW_AUTHENTICATE_BASIC,
                _ => WWW_AUTHENTICATE,
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if self.code == Self::INSUFFICIENT_SCOPE.code {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(WWW_AUTHENTICATE_SCOPE));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        response
    }
}

/// An error with its causes on one line.
struct Chain<'a>(&'a (dyn std::error::Error + 'static));

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
