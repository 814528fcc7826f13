//! The pages of an organisation's audit log.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::{Value, context};
use usermgmt_service::core::audit::Fault;
use usermgmt_service::core::id::UserId;
use usermgmt_service::core::limits::PAGE_MAX;
use usermgmt_service::core::model::{
    Actor, AuditEvent, AuditKind, CustomRole, MemberFilter, MembershipStatus, RoleKey,
};
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::permission::Permission as _;
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{ReadAudit, ReadMembers, Verified};

use super::audit::asked;
use crate::input::Fields;
use crate::pages::ago::ago;
use crate::pages::organization::{id_of, listed, role_name, say};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// What the log of an organisation can hold, in the order in which a person looks for it.
const KINDS: [AuditKind; 17] = [
    AuditKind::MemberAdded,
    AuditKind::MemberRemoved,
    AuditKind::MemberLeft,
    AuditKind::RolesChanged,
    AuditKind::MembershipStatusChanged,
    AuditKind::OwnershipTransferred,
    AuditKind::RoleChanged,
    AuditKind::RoleRemoved,
    AuditKind::OrgEntered,
    AuditKind::OrgCreated,
    AuditKind::OrgUpdated,
    AuditKind::OrgStatusChanged,
    AuditKind::OrgDeleted,
    AuditKind::OrgRestored,
    AuditKind::SeatsChanged,
    AuditKind::PolicyChanged,
    AuditKind::AuditExported,
];
/// Why people are looked up who are no members any more.
const REASON: &str = "audit-log";

/// The text that says what has happened.
fn kind_name(context: &Context<'_>, kind: AuditKind) -> String {
    say(context, &id_of("audit", kind.as_str()), &[])
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let (filter, part) = asked(context)?;
    let permit = context.permit::<ReadAudit>()?;
    let scope = permit.scope();
    let org = scope.read().await.map_err(|error| context.problem(error))?;
    let found = scope.events(&filter, part).await.map_err(|error| context.problem(error.into()))?;
    let (mut names, members) = members(context, scope).await?;
    let others: BTreeSet<_> = found.items.iter().flat_map(people).filter(|user| !names.contains_key(user)).collect();
    names.extend(named(context, others).await?);
    // Whoever does not see the members chooses among those whom the page names anyway.
    let choosable = if members.is_empty() { names.keys().copied().collect() } else { members };
    let (kind, user) = (filter.kind.map_or("", AuditKind::as_str), filter.user.map(|user| user.to_string()));
    let user = user.unwrap_or_default();
    let address =
        |cursor: &str| listed(context, "/organization/audit", &[("kind", kind), ("user", &user), ("cursor", cursor)]);
    let name = |id: &UserId| names.get(id).cloned().unwrap_or_else(|| id.to_string());
    let option = |id: &UserId| context! { id => id.to_string(), name => name(id) };
    let asked_for = filter.user.filter(|user| !choosable.contains(user));
    let people: Vec<_> = choosable.iter().chain(&asked_for).map(option).collect();
    let kinds = KINDS.map(|kind| context! { word => kind.as_str(), name => kind_name(context, kind) });
    let items: Vec<_> = found.items.iter().map(|event| row(context, &org.roles, &names, event)).collect();
    let cursor = part.key().map(ToString::to_string);
    let data = context! {
        organization => org.id.to_string(), name => org.name, items, kinds, people, kind, user => user.as_str(),
        next => found.next.map(|cursor| address(&cursor.to_string())), first => cursor.as_ref().map(|_| address("")),
        cursor, filtered => !kind.is_empty() || !user.is_empty(),
    };
    Ok(pages::page(context, "organization_audit.html", Page { data, ..Page::default() }))
}

type Names = BTreeMap<UserId, String>;

/// The names of the first members of the list, and who they are in the order of their names; nobody for whoever may not
/// see the members.
async fn members(context: &Context<'_>, scope: &OrgScope) -> Result<(Names, Vec<UserId>), Problem> {
    if !scope.may(ReadMembers::KEY) {
        return Ok((Names::new(), Vec::new()));
    }
    let found = scope.members(&MemberFilter::default(), PageRequest::first(PAGE_MAX)).await;
    let mut members = found.map_err(|error| context.problem(error.into()))?.items;
    members.sort_by_cached_key(|record| record.user.name.to_lowercase());
    let ids = members.iter().map(|record| record.user.id).collect();
    Ok((members.into_iter().map(|record| (record.user.id, record.user.name)).collect(), ids))
}

/// The names of others; the id where there is no account any more.
async fn named(context: &Context<'_>, users: BTreeSet<UserId>) -> Result<Names, Problem> {
    if users.is_empty() {
        return Ok(Names::new());
    }
    let ids: Vec<_> = users.into_iter().collect();
    let found = context.auth.users(REASON).among(&ids).await.map_err(|error| context.problem(error))?;
    let mut names: Names = ids.iter().map(|user| (*user, user.to_string())).collect();
    names.extend(found.into_iter().map(|user| (user.id, user.name)));
    Ok(names)
}

/// Whom an event is about.
fn people(event: &AuditEvent) -> impl Iterator<Item = UserId> + use<> {
    let actor = match &event.actor {
        Actor::User { user, .. } => Some(*user),
        Actor::Anonymous | Actor::System { .. } => None,
    };
    actor.into_iter().chain(event.subject)
}

fn row(context: &Context<'_>, own: &[CustomRole], names: &Names, event: &AuditEvent) -> Value {
    let (by, by_user) = match &event.actor {
        Actor::User { user, .. } => (names.get(user).cloned(), Some(*user)),
        Actor::System { reason } => (Some(say(context, "audit-system", &[("reason", reason)])), None),
        Actor::Anonymous => (None, None),
    };
    let to = event.subject.filter(|subject| Some(*subject) != by_user).and_then(|subject| names.get(&subject));
    let (date, time) = (event.at.date().to_string(), event.at.time());
    let time = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let number = event.seal.as_ref().map(|seal| say(context, "audit-number", &[("number", &seal.number.to_string())]));
    context! {
        what => what(context, event), by, to, more => more(context, own, event), address => event.address.as_deref(), number,
        at => wire::time(event.at), ago => ago(context, context.now - event.at),
        clock => say(context, "audit-at", &[("date", &date), ("time", &time)]),
    }
}

/// What has happened, in a text of its own where one kind stands for two things.
fn what(context: &Context<'_>, event: &AuditEvent) -> String {
    let to = event.detail.get("to").and_then(serde_json::Value::as_str);
    match (event.kind, to.and_then(MembershipStatus::from_word)) {
        (AuditKind::MembershipStatusChanged, Some(MembershipStatus::Suspended)) => say(context, "audit-suspended", &[]),
        (AuditKind::MembershipStatusChanged, Some(MembershipStatus::Active)) => say(context, "audit-reactivated", &[]),
        _ => kind_name(context, event.kind),
    }
}

/// Roles by their names; one that is no more is what it was called in the system, so that the past does not change.
fn roles_named(context: &Context<'_>, own: &[CustomRole], roles: &serde_json::Value) -> Option<String> {
    let name = |role: &str| {
        let gone = || say(context, "audit-role-gone", &[("role", role)]);
        role_name(context, own, &RoleKey::new(role)).unwrap_or_else(gone)
    };
    let names: Vec<_> = roles.as_array()?.iter().filter_map(|role| role.as_str().map(name)).collect();
    Some(names.join(", "))
}

/// What an event says besides: which roles, which name.
fn more(context: &Context<'_>, own: &[CustomRole], event: &AuditEvent) -> Option<String> {
    let text = |pointer: &str| event.detail.pointer(pointer).and_then(serde_json::Value::as_str);
    match event.kind {
        AuditKind::RoleChanged | AuditKind::RoleRemoved => text("/name").map(str::to_owned),
        AuditKind::OrgUpdated if text("/to/name") != text("/from/name") => text("/to/name").map(str::to_owned),
        AuditKind::OrgUpdated if text("/to/slug") != text("/from/slug") => text("/to/slug").map(str::to_owned),
        AuditKind::OrgUpdated => Some(say(context, "audit-settings", &[])),
        AuditKind::RolesChanged => {
            let named = |place| event.detail.get(place).and_then(|roles| roles_named(context, own, roles));
            Some(say(context, "audit-from-to", &[("from", &named("from")?), ("to", &named("to")?)]))
        }
        _ => event.detail.get("roles").and_then(|roles| roles_named(context, own, roles)),
    }
}

/// Follows the log from its beginning to its end.
pub(super) async fn check(context: &Context<'_>) -> Result<Response, Problem> {
    Fields::parse(context.request.query().as_bytes(), &[])?;
    let permit = context.permit::<ReadAudit>()?;
    let verified = context.auth.verify_audit(&context.client, &permit, None).await;
    let verified = verified.map_err(|error| context.problem(error))?;
    let data = match verified {
        Verified::Whole { checkpoint } => context! { whole => true, count => checkpoint.number },
        Verified::Broken(broken) => {
            let fault = match broken.fault {
                Fault::Altered => "audit-fault-altered",
                Fault::Missing => "audit-fault-missing",
                Fault::Misplaced => "audit-fault-misplaced",
                Fault::CutOff => "audit-fault-cut-off",
                Fault::UnknownKey => "audit-fault-unknown-key",
            };
            let event = broken.event.map(|event| event.to_string());
            context! { whole => false, fault => say(context, fault, &[]), number => broken.number, event }
        }
    };
    Ok(pages::page(context, "organization_audit_check.html", Page { data, ..Page::default() }))
}
