//! The pages of an organisation's roles.

use minijinja::context;
use usermgmt_service::core::model::{Org, RoleKey};
use usermgmt_service::core::permission::Permission as _;
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{Error, ManageRoles, ReadMembers, Refused, RoleInput};

use super::roles::named;
use crate::input::Fields;
use crate::pages::organization::{RIGHT, every_role, renamed, right_boxes, rights_of, roles_shown};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the list can show: the word in the query and the text.
const NOTICES: [(&str, &str); 2] = [("saved", "role-saved"), ("removed", "role-removed")];
/// Name of the field for the role's name; others are for the names of people.
const NAME: &str = "role_name";

pub(super) async fn list(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice"])?;
    let permit = context.permit::<ReadMembers>()?;
    let org = permit.scope().read().await.map_err(|error| context.problem(error))?;
    let roles = roles_shown(context, &org.roles, &every_role(context, &org.roles));
    let data = context! { name => org.name, roles, may_manage => permit.scope().may(ManageRoles::KEY) };
    let notice = query.choice("notice", &NOTICES);
    Ok(pages::page(context, "organization_roles.html", Page { notice, data, ..Page::default() }))
}

/// What stands in the form of a role.
#[derive(Default)]
struct Entered<'a> {
    /// The role that is changed; a new one without.
    key: Option<&'a RoleKey>,
    name: &'a str,
    rights: &'a [String],
}

async fn shown(
    context: &Context<'_>,
    scope: &OrgScope,
    entered: Entered<'_>,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let org = scope.read().await.map_err(|error| context.problem(error))?;
    let known = entered.key.map(|key| org.roles.iter().find(|role| role.key == *key).ok_or(Problem::NOT_FOUND));
    let known = known.transpose()?;
    let may_change =
        entered.key.is_none_or(|key| scope.rights().include(rights_of(context, &org, std::slice::from_ref(key))));
    let data = context! {
        organization => org.id.to_string(), key => entered.key.map(RoleKey::as_str), may_change,
        name => known.map(|role| role.name.as_str()), boxes => right_boxes(context, scope, entered.rights),
        roles => roles_shown(context, &org.roles, entered.key.map_or(&[], std::slice::from_ref)),
    };
    let values = vec![(NAME, entered.name)];
    Ok(pages::page(context, "organization_role.html", Page { values, problem, data, ..Page::default() }))
}

pub(super) async fn new_page(context: &Context<'_>) -> Result<Response, Problem> {
    Fields::parse(context.request.query().as_bytes(), &[])?;
    shown(context, context.permit::<ManageRoles>()?.scope(), Entered::default(), None).await
}

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    Fields::parse(context.request.query().as_bytes(), &[])?;
    let (permit, key) = (context.permit::<ManageRoles>()?, named(context)?);
    let org = permit.scope().read().await.map_err(|error| context.problem(error))?;
    let role = org.roles.iter().find(|role| role.key == key).ok_or(Problem::NOT_FOUND)?;
    let entered = Entered { key: Some(&key), name: &role.name, rights: &role.rights };
    shown(context, permit.scope(), entered, None).await
}

/// Makes or changes a role. A new one exactly like one that is there is a button that was pressed twice.
async fn put(context: &Context<'_>, scope: &OrgScope, entered: &Entered<'_>) -> Result<(), Error> {
    let permit = scope.permit::<ManageRoles>()?;
    let input = RoleInput { key: entered.key, name: entered.name, rights: entered.rights };
    match context.auth.orgs().put_role(&context.client, &permit, input).await {
        Err(Error::Invalid(_)) if entered.key.is_none() && is_there(&scope.read().await?, entered) => Ok(()),
        put => put.map(drop),
    }
}

fn is_there(org: &Org, entered: &Entered<'_>) -> bool {
    let mut rights = entered.rights.to_vec();
    rights.sort_unstable();
    org.roles.iter().any(|role| role.name == entered.name.trim() && role.rights == rights)
}

async fn save(context: &Context<'_>, key: Option<&RoleKey>) -> Result<Response, Problem> {
    let fields = context.form(&[NAME, "right:*"])?;
    let (permit, rights) = (context.permit::<ManageRoles>()?, fields.ticked(RIGHT));
    let entered = Entered { key, name: fields.text(NAME), rights: &rights };
    match put(context, permit.scope(), &entered).await {
        Ok(()) => Ok(wire::see_other(&context.path("/organization/roles?notice=saved"))),
        Err(error) => {
            let problem = renamed(context.problem(error), "name", NAME);
            shown(context, permit.scope(), entered, Some(&problem)).await
        }
    }
}

pub(super) async fn new_form(context: &Context<'_>) -> Result<Response, Problem> {
    save(context, None).await
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    save(context, Some(&named(context)?)).await
}

pub(super) async fn remove_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let permit = context.permit::<ManageRoles>()?;
    match context.auth.orgs().remove_role(&context.client, &permit, &named(context)?).await {
        // Pressed twice, or removed elsewhere: the list shows that it is gone.
        Ok(()) | Err(Error::Refused(Refused::NotFound)) => {
            Ok(wire::see_other(&context.path("/organization/roles?notice=removed")))
        }
        Err(error) => Err(context.problem(error)),
    }
}
