//! The page of an organisation's members.

use minijinja::{Value, context};
use usermgmt_service::core::id::UserId;
use usermgmt_service::core::model::{MemberRecord, MembershipStatus, Org};
use usermgmt_service::{AddMembers, ReadMembers};

use super::members::{asked, keys};
use crate::input::Fields;
use crate::pages::organization::{ROLE, listed, role_boxes, role_names, sees_addresses, ways};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 2] = [("asked", "members-asked"), ("removed", "members-removed")];
/// The role that is ticked before anybody has chosen, where there is one of this name.
const USUAL: &str = "member";

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["cursor", "status", "search", "notice"])?;
    let notice = query.choice("notice", &NOTICES);
    shown(context, &query, Page { notice, ..Page::default() }, &[USUAL.to_owned()]).await
}

async fn shown(context: &Context<'_>, query: &Fields, page: Page<'_>, ticked: &[String]) -> Result<Response, Problem> {
    let permit = context.permit::<ReadMembers>()?;
    let scope = permit.scope();
    let sees = sees_addresses(|key| scope.may(key));
    let (filter, part) = asked(context, sees, ["cursor", "status", "search"].map(|name| query.get(name)))?;
    let org = scope.read().await.map_err(|error| context.problem(error))?;
    let found = scope.members(&filter, part).await.map_err(|error| context.problem(error.into()))?;
    let own = scope.principal().user();
    let items: Vec<_> = found.items.iter().map(|record| row(context, &org, record, own, sees)).collect();
    let (status, search) = (query.text("status"), query.text("search"));
    let address = |cursor: &str| {
        listed(context, "/organization/members", &[("status", status), ("search", search), ("cursor", cursor)])
    };
    let data = context! {
        organization => org.id.to_string(), name => org.name.as_str(), items, sees, status, search, ways => ways(context, scope),
        boxes => role_boxes(context, scope, &org, ticked),
        next => found.next.map(|cursor| address(&cursor.to_string())),
        first => query.get("cursor").map(|_| address("")),
        filtered => query.get("status").or(query.get("search")).is_some(),
    };
    Ok(pages::page(context, "organization_members.html", Page { data, ..page }))
}

fn row(context: &Context<'_>, org: &Org, record: &MemberRecord, own: UserId, sees: bool) -> Value {
    let MemberRecord { membership, user, email } = record;
    context! {
        id => user.id.to_string(), name => user.name.as_str(), email => email.as_deref().filter(|_| sees),
        you => user.id == own, suspended => membership.status == MembershipStatus::Suspended,
        roles => role_names(context, &org.roles, &membership.roles),
    }
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["email", "role:*"])?;
    let (email, roles) = (fields.text("email"), fields.ticked(ROLE));
    let permit = context.permit::<AddMembers>()?;
    match context.auth.orgs().add_member_by_email(&context.client, &permit, email, &keys(&roles)).await {
        Ok(()) => Ok(wire::see_other(&context.path("/organization/members?notice=asked"))),
        Err(error) => {
            let problem = context.problem(error);
            let page = Page { problem: Some(&problem), values: vec![("email", email)], ..Page::default() };
            shown(context, &Fields::default(), page, &roles).await
        }
    }
}
