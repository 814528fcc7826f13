//! The page of one member of an organisation.

use minijinja::context;
use usermgmt_service::core::id::UserId;
use usermgmt_service::core::model::{MemberRecord, MembershipStatus, UserStatus};
use usermgmt_service::core::permission::Permission as _;
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{Error, ManageMembers, OwnOrganization, ReadMembers, Refused};

use super::members::keys;
use crate::input::Fields;
use crate::pages::organization::{ROLE, rights_of, role_boxes, roles_shown, sees_addresses};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 3] =
    [("roles", "member-roles-changed"), ("suspended", "member-suspended"), ("reactivated", "member-reactivated")];

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    let permit = context.permit::<ReadMembers>()?;
    let page = Page { notice: query.choice("notice", &NOTICES), ..Page::default() };
    shown(context, permit.scope(), page, None).await
}

async fn shown(
    context: &Context<'_>,
    scope: &OrgScope,
    page: Page<'_>,
    ticked: Option<Vec<String>>,
) -> Result<Response, Problem> {
    let record = scope.member(context.id("user")?).await.map_err(|error| context.problem(error))?;
    let MemberRecord { membership, user, email } = &record;
    let org = scope.read().await.map_err(|error| context.problem(error))?;
    let held = rights_of(context, &org, &membership.roles);
    let manages = scope.may(ManageMembers::KEY);
    let may_change = manages && scope.rights().include(held);
    let ticked = ticked.unwrap_or_else(|| membership.roles.iter().map(|role| role.as_str().to_owned()).collect());
    let active = membership.status == MembershipStatus::Active;
    let you = scope.principal().user() == user.id;
    let data = context! {
        organization => org.id.to_string(), id => user.id.to_string(), name => user.name.as_str(), you, active,
        email => email.as_deref().filter(|_| you || sees_addresses(|key| scope.may(key))),
        barred => user.status != UserStatus::Active, since => membership.created_at.date().to_string(),
        roles => roles_shown(context, &org.roles, &membership.roles),
        boxes => role_boxes(context, scope, &org, &ticked), may_change, beyond => manages && !may_change,
        may_hand_over => scope.may(OwnOrganization::KEY) && active && !you,
    };
    Ok(pages::page(context, "organization_member.html", Page { data, ..page }))
}

/// Back to the page with what has happened, or with what is in the way.
async fn answered(
    context: &Context<'_>,
    scope: &OrgScope,
    done: Result<(), Error>,
    notice: &str,
    ticked: Option<Vec<String>>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => {
            let user: UserId = context.id("user")?;
            Ok(wire::see_other(&context.path(&format!("/organization/members/{user}?notice={notice}"))))
        }
        Err(error) => {
            let problem = context.problem(error);
            shown(context, scope, Page { problem: Some(&problem), ..Page::default() }, ticked).await
        }
    }
}

pub(super) async fn roles_form(context: &Context<'_>) -> Result<Response, Problem> {
    let roles = context.form(&["role:*"])?.ticked(ROLE);
    let (user, permit) = (context.id("user")?, context.permit::<ManageMembers>()?);
    let set = context.auth.orgs().set_roles(&context.client, &permit, user, &keys(&roles)).await;
    answered(context, permit.scope(), set, "roles", Some(roles)).await
}

async fn set_status(context: &Context<'_>, status: MembershipStatus, notice: &str) -> Result<Response, Problem> {
    context.form(&[])?;
    let (user, permit) = (context.id("user")?, context.permit::<ManageMembers>()?);
    let set = context.auth.orgs().set_member_status(&context.client, &permit, user, status).await;
    answered(context, permit.scope(), set, notice, None).await
}

pub(super) async fn suspend_form(context: &Context<'_>) -> Result<Response, Problem> {
    set_status(context, MembershipStatus::Suspended, "suspended").await
}

pub(super) async fn reactivate_form(context: &Context<'_>) -> Result<Response, Problem> {
    set_status(context, MembershipStatus::Active, "reactivated").await
}

pub(super) async fn remove_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let (user, permit) = (context.id("user")?, context.permit::<ManageMembers>()?);
    match context.auth.orgs().remove_member(&context.client, &permit, user).await {
        // Pressed twice, or removed elsewhere: the list shows that they are gone.
        Ok(()) | Err(Error::Refused(Refused::NotFound)) => {
            Ok(wire::see_other(&context.path("/organization/members?notice=removed")))
        }
        Err(error) => answered(context, permit.scope(), Err(error), "", None).await,
    }
}
