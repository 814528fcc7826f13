//! How pages say what is in an organisation: roles and rights by their names, and who may give them.

use minijinja::{Value, context};
use usermgmt_service::core::model::{CustomRole, Org, RoleKey};
use usermgmt_service::core::permission::{OWN, Permission as _, Rights};
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{AddMembers, ManageApiKeys, ManageMembers, ManageRoles, ReadAudit, ReadMembers};

use crate::problem::Problem;
use crate::serve::Context;

/// What the name of a field that stands for a role begins with.
pub(crate) const ROLE: &str = "role:";
/// What the name of a field that stands for a right begins with.
pub(crate) const RIGHT: &str = "right:";

/// A text of the catalogue.
pub(crate) fn say(context: &Context<'_>, id: &str, values: &[(&str, &str)]) -> String {
    context.auth.texts().get(&context.language, id, values)
}

/// The text for a key, such as `permission-project-delete` for `project:delete`.
pub(crate) fn id_of(family: &str, key: &str) -> String {
    format!("{family}-{}", key.replace([':', '_', '.'], "-"))
}

/// The name of a right: everything, everything about something, or a permission that the catalogue may know.
pub(crate) fn right_name(context: &Context<'_>, right: &str) -> String {
    let id = id_of("permission", right);
    match right.strip_suffix(":*") {
        _ if right == "*" => say(context, "permission-all", &[]),
        Some(resource) => say(context, "permission-all-of", &[("resource", resource)]),
        None if context.auth.texts().knows(&id) => say(context, &id, &[]),
        None => right.to_owned(),
    }
}

/// The name of a role, which may be gone.
pub(crate) fn role_name(context: &Context<'_>, own: &[CustomRole], key: &RoleKey) -> Option<String> {
    let id = id_of("role", key.as_str());
    if !context.auth.roles().knows(key) {
        return own.iter().find(|role| role.key == *key).map(|role| role.name.clone());
    }
    Some(if context.auth.texts().knows(&id) { say(context, &id, &[]) } else { key.as_str().to_owned() })
}

/// The names of roles, without those that are gone.
pub(crate) fn role_names(context: &Context<'_>, own: &[CustomRole], roles: &[RoleKey]) -> Vec<String> {
    roles.iter().filter_map(|role| role_name(context, own, role)).collect()
}

fn right_names<'a>(context: &Context<'_>, rights: impl Iterator<Item = &'a str>) -> Vec<String> {
    rights.map(|right| right_name(context, right)).collect()
}

/// Roles, each with its name and what it gives.
pub(crate) fn roles_shown(context: &Context<'_>, own: &[CustomRole], roles: &[RoleKey]) -> Vec<Value> {
    let role = |key: &RoleKey| {
        let rights = context.auth.roles().held(own, std::slice::from_ref(key)).iter().map(|(_, right)| right);
        let custom = !context.auth.roles().knows(key);
        let name = role_name(context, own, key)?;
        Some(context! { key => key.as_str(), name, custom, rights => right_names(context, rights) })
    };
    roles.iter().filter_map(role).collect()
}

/// Every role that there is in an organisation: owner, the others of the code, its own.
pub(crate) fn every_role(context: &Context<'_>, own: &[CustomRole]) -> Vec<RoleKey> {
    let mut code: Vec<_> = context.auth.roles().iter().map(|(key, _)| key.clone()).collect();
    code.sort_by_key(|key| key.as_str() != RoleKey::OWNER);
    code.extend(own.iter().map(|role| role.key.clone()));
    code
}

/// Boxes for the roles that somebody may give: those whose rights are among their own.
pub(crate) fn role_boxes(context: &Context<'_>, scope: &OrgScope, org: &Org, ticked: &[String]) -> Vec<Value> {
    let may_give = |key: &RoleKey| scope.rights().include(rights_of(context, org, std::slice::from_ref(key)));
    let roles: Vec<_> = every_role(context, &org.roles).into_iter().filter(may_give).collect();
    let shown = roles_shown(context, &org.roles, &roles).into_iter().zip(&roles);
    let tick = |(shown, key): (Value, &RoleKey)| {
        let ticked = ticked.iter().any(|ticked| ticked == key.as_str());
        context! { field => format!("{ROLE}{}", key.as_str()), ticked, ..shown }
    };
    shown.map(tick).collect()
}

/// Boxes for the rights that somebody may give: their own permissions, and what is ticked.
pub(crate) fn right_boxes(context: &Context<'_>, scope: &OrgScope, ticked: &[String]) -> Vec<Value> {
    let own = context.auth.roles().permissions().filter(|right| *right != OWN && scope.may(right));
    let mut rights: Vec<_> = own.collect();
    for right in ticked {
        if !rights.contains(&right.as_str()) {
            rights.push(right);
        }
    }
    let row = |right: &str| {
        let ticked = ticked.iter().any(|ticked| ticked == right);
        context! { field => format!("{RIGHT}{right}"), name => right_name(context, right), ticked }
    };
    rights.into_iter().map(row).collect()
}

/// What these roles give in an organisation.
pub(crate) fn rights_of<'a>(context: &'a Context<'_>, org: &'a Org, roles: &'a [RoleKey]) -> Rights<'a> {
    context.auth.roles().held(&org.roles, roles)
}

/// What of an organisation somebody may see and do, as far as pages lead there.
pub(crate) fn ways(context: &Context<'_>, scope: &OrgScope) -> Value {
    let keys = context.auth.api_keys().is_some();
    context! {
        members => scope.may(ReadMembers::KEY), add => scope.may(AddMembers::KEY),
        manage => scope.may(ManageMembers::KEY), roles => scope.may(ManageRoles::KEY), audit => scope.may(ReadAudit::KEY),
        keys => keys && scope.may(ManageApiKeys::KEY),
    }
}

/// Whether somebody sees the addresses of members: whoever adds and manages them.
pub(crate) fn sees_addresses(may: impl Fn(&str) -> bool) -> bool {
    may(AddMembers::KEY) || may(ManageMembers::KEY)
}

/// The same problem of a form whose field has another name than the flow knows it by.
pub(crate) fn renamed(mut problem: Problem, from: &str, to: &'static str) -> Problem {
    problem.fields.iter_mut().filter(|error| error.field == from).for_each(|error| error.field = to);
    problem
}

/// The address of a list with this query; what is empty is left out.
pub(crate) fn listed(context: &Context<'_>, below: &str, query: &[(&str, &str)]) -> String {
    let mut written = url::form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    format!("{}?{}", context.path(below), written.finish())
}
