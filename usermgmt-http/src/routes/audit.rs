//! The audit log of an organisation.

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use usermgmt_service::ReadAudit;
use usermgmt_service::core::id::EventId;
use usermgmt_service::core::limits::PAGE_MAX;
use usermgmt_service::core::model::{AuditEvent, AuditFilter, AuditKind};
use usermgmt_service::core::page::PageRequest;
use utoipa::ToSchema;

use crate::input::Fields;
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Events on one page.
const PAGE: u32 = 50;
/// Stretches of [`PAGE_MAX`] events in one answer of the export.
const STRETCHES: u32 = 5;
/// The same for a person: 10,000 events, of which each is well below a kilobyte.
const STRETCHES_FOR_PEOPLE: u32 = 50;
/// Where an answer of the export says how to go on.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("next-cursor");
/// What the query may ask for.
const ASKED: [&str; 5] = ["cursor", "kind", "user", "since", "until"];

/// What is asked for (cursor, kind, user, since, until), and from where on.
fn wanted(asked: [Option<&str>; 5], limit: u32) -> Result<(AuditFilter, PageRequest<EventId>), Problem> {
    fn read<T>(text: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        text.map(|text| read(text).ok_or(Problem::MALFORMED)).transpose()
    }
    let [cursor, kind, user, since, until] = asked;
    let time = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let filter = AuditFilter {
        kind: read(kind, AuditKind::from_word)?,
        user: read(user, |text| text.parse().ok())?,
        since: read(since, time)?,
        until: read(until, time)?,
    };
    let page = PageRequest::first(limit);
    let cursor = read(cursor, |text| text.parse().ok())?;
    Ok((
        filter,
        match cursor {
            Some(cursor) => page.after(cursor),
            None => page,
        },
    ))
}

/// The same from a query.
pub(super) fn asked(context: &Context<'_>) -> Result<(AuditFilter, PageRequest<EventId>), Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &ASKED)?;
    wanted(ASKED.map(|name| query.get(name)), PAGE)
}

/// An event as programs read it. One event is one line: whatever is in it is encoded.
fn item(event: &AuditEvent) -> Value {
    json!({
        "id": event.id, "kind": event.kind, "outcome": event.outcome, "by": event.actor, "subject": event.subject,
        "address": event.address, "detail": event.detail, "at": wire::time(event.at), "erased": event.erased.is_some(),
        "seal": event.seal.as_ref().map(|seal| seal.number),
    })
}

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let (filter, page) = asked(context)?;
    let found = context.access::<ReadAudit>()?.events(&filter, page).await;
    let found = found.map_err(|error| context.problem(error.into()))?;
    let items: Vec<_> = found.items.iter().map(item).collect();
    Ok(wire::json(StatusCode::OK, &json!({ "items": items, "next_cursor": found.next })))
}

/// What to take out, and from where on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportInput {
    /// Go on behind this event: the header `next-cursor` of the answer before.
    cursor: Option<String>,
    /// Only events of this kind.
    kind: Option<String>,
    /// Only what this user did, or what was done to them.
    user: Option<String>,
    /// Only at this time or later (RFC 3339).
    since: Option<String>,
    /// Only before this time (RFC 3339).
    until: Option<String>,
}

/// As many stretches of events, each event a line of JSON, newest first, and where to go on.
async fn lines(
    context: &Context<'_>,
    input: &ExportInput,
    stretches: u32,
) -> Result<(String, Option<EventId>), Problem> {
    let ExportInput { cursor, kind, user, since, until } = input;
    let (filter, mut page) = wanted([cursor, kind, user, since, until].map(Option::as_deref), PAGE_MAX)?;
    let permit = context.permit::<ReadAudit>()?;
    let mut lines = String::new();
    for _ in 0..stretches {
        let found = permit.scope().events(&filter, page).await.map_err(|error| context.problem(error.into()))?;
        for event in &found.items {
            lines.push_str(&item(event).to_string());
            lines.push('\n');
        }
        let Some(cursor) = found.next else { return Ok((lines, None)) };
        page = PageRequest::first(PAGE_MAX).after(cursor);
    }
    Ok((lines, page.key().copied()))
}

/// Writes down that the log is taken out.
async fn note_export(context: &Context<'_>) -> Result<(), Problem> {
    let permit = context.permit::<ReadAudit>()?;
    context.auth.audit_exported(&context.client, &permit).await.map_err(|error| context.problem(error))
}

fn attachment(lines: String, next: Option<EventId>) -> Response {
    let mut response = wire::response(StatusCode::OK, "application/x-ndjson", lines);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.ndjson\""));
    let next = next.and_then(|cursor| HeaderValue::from_str(&cursor.to_string()).ok());
    headers.extend(next.map(|cursor| (NEXT_CURSOR, cursor)));
    response
}

pub(super) async fn export(context: &Context<'_>) -> Result<Response, Problem> {
    let input: ExportInput = context.json()?;
    // Each answer, also one that goes on: whoever takes the log out may begin behind any event.
    note_export(context).await?;
    let (lines, next) = lines(context, &input, STRETCHES).await?;
    Ok(attachment(lines, next))
}

/// For a person, who cannot go on: more at once, from the page on that is open.
pub(super) async fn export_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["cursor", "kind", "user"])?;
    let field = |name| fields.get(name).map(str::to_owned);
    let input =
        ExportInput { cursor: field("cursor"), kind: field("kind"), user: field("user"), since: None, until: None };
    let (lines, next) = lines(context, &input, STRETCHES_FOR_PEOPLE).await?;
    note_export(context).await?;
    Ok(attachment(lines, next))
}

pub(super) async fn verify(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["checkpoint"])?;
    let checkpoint = query.get("checkpoint").map(str::parse).transpose().map_err(|_| Problem::MALFORMED)?;
    let permit = context.permit::<ReadAudit>()?;
    let verified = context.auth.verify_audit(&context.client, &permit, checkpoint).await;
    Ok(wire::json(StatusCode::OK, &verified.map_err(|error| context.problem(error))?))
}
