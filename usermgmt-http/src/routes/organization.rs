//! The page of the organisation that the session acts in.

use minijinja::context;
use usermgmt_service::core::id::{OrgId, UserId};
use usermgmt_service::core::limits::PAGE_MAX;
use usermgmt_service::core::model::{MemberFilter, MemberRecord, MembershipStatus, RoleKey};
use usermgmt_service::core::page::PageRequest;
use usermgmt_service::core::permission::Permission as _;
use usermgmt_service::core::proof::OrgScope;
use usermgmt_service::{Error, FieldError, ManageOrganization, OrgChange, OwnOrganization, Refused};

use crate::input::{Fields, ORGANIZATION};
use crate::pages::organization::{renamed, role_names, sees_addresses, ways};
use crate::pages::{self, Page};
use crate::problem::Problem;
use crate::serve::Context;
use crate::wire::{self, Response};

/// Notices that the page can show: the word in the query and the text.
const NOTICES: [(&str, &str); 2] = [("changed", "organization-changed"), ("transferred", "organization-transferred")];
/// Name of the field for the organisation's name; others are for the names of people.
const NAME: &str = "organization_name";

pub(super) async fn page(context: &Context<'_>) -> Result<Response, Problem> {
    let query = Fields::parse(context.request.query().as_bytes(), &["notice", "heir"])?;
    let scope = context.organization(None).await?;
    let heir = query.get("heir").and_then(|heir| heir.parse().ok());
    shown(context, &scope, Page { notice: query.choice("notice", &NOTICES), ..Page::default() }, heir).await
}

async fn shown(
    context: &Context<'_>,
    scope: &OrgScope,
    page: Page<'_>,
    heir: Option<UserId>,
) -> Result<Response, Problem> {
    let org = scope.read().await.map_err(|error| context.problem(error))?;
    let owner = scope.roles().iter().any(|role| role.as_str() == RoleKey::OWNER);
    let may_own = scope.may(OwnOrganization::KEY);
    let heirs = if may_own { heirs(context, scope, heir).await? } else { Vec::new() };
    // Whoever confirms first comes back to the heir whom they have chosen.
    let back = heir.map_or_else(|| "/organization".to_owned(), |heir| format!("/organization?heir={heir}"));
    let data = context! {
        organization => org.id.to_string(), name => org.name.as_str(), slug => org.slug.as_str(), members => org.members,
        seats => org.seats, roles => role_names(context, &org.roles, scope.roles()), ways => ways(context, scope),
        may_manage => scope.may(ManageOrganization::KEY), may_own, heirs, last => owner && org.owners == 1,
        fresh => context.fresh().is_ok(), step_up => pages::onward(&context.path(&back)),
    };
    let mut values = page.values;
    if values.is_empty() {
        values = vec![(NAME, &org.name), ("slug", &org.slug)];
    }
    Ok(pages::page(context, "organization.html", Page { values, data, ..page }))
}

/// Whom the organisation can be handed to: the first members of the list, and the one who is chosen already.
async fn heirs(
    context: &Context<'_>,
    scope: &OrgScope,
    chosen: Option<UserId>,
) -> Result<Vec<minijinja::Value>, Problem> {
    let active = MemberFilter { status: Some(MembershipStatus::Active), ..MemberFilter::default() };
    let found = scope.members(&active, PageRequest::first(PAGE_MAX)).await;
    let mut members = found.map_err(|error| context.problem(error.into()))?.items;
    if let Some(user) = chosen.filter(|user| !members.iter().any(|record| record.user.id == *user))
        && let Ok(record) = scope.member(user).await
    {
        members.push(record);
    }
    let (own, sees) = (scope.principal().user(), sees_addresses(|key| scope.may(key)));
    let others = members.into_iter().filter(|record| record.user.id != own);
    let option = |MemberRecord { user, email, .. }: MemberRecord| {
        context! { id => user.id.to_string(), name => user.name, email => email.filter(|_| sees), chosen => chosen == Some(user.id) }
    };
    Ok(others.map(option).collect())
}

pub(super) async fn form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&[NAME, "slug"])?;
    let permit = context.permit::<ManageOrganization>()?;
    let (name, slug) = (fields.text(NAME), fields.text("slug"));
    let org = permit.scope().read().await.map_err(|error| context.problem(error))?;
    // What stays as it is was good before.
    let name_change = Some(name).filter(|name| *name != org.name);
    let slug_change = Some(slug).filter(|slug| *slug != org.slug);
    let change = OrgChange { name: name_change, slug: slug_change, settings: None };
    let updated = match change {
        OrgChange { name: None, slug: None, .. } => Ok(()),
        _ => context.auth.orgs().update(&context.client, &permit, change).await,
    };
    if let Err(error) = updated {
        let problem = renamed(context.problem(error), "name", NAME);
        let page = Page { problem: Some(&problem), values: vec![(NAME, name), ("slug", slug)], ..Page::default() };
        return shown(context, permit.scope(), page, None).await;
    }
    Ok(wire::see_other(&context.path("/organization?notice=changed")))
}

pub(super) async fn leave_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&[ORGANIZATION])?;
    let org: OrgId = fields.text(ORGANIZATION).parse().map_err(|_| Problem::MALFORMED)?;
    let done = wire::see_other(&context.path("/choose-organization?notice=left"));
    let scope = match context.organization(Some(&org.to_string())).await {
        Ok(scope) => scope,
        // Pressed twice: there is nothing to leave any more.
        Err(problem) if problem.code == Refused::NotFound.code() => return Ok(done),
        Err(problem) => return Err(problem),
    };
    match context.auth.orgs().leave(&context.client, context.principal()?, org).await {
        Ok(()) | Err(Error::Refused(Refused::NotFound)) => Ok(done),
        Err(error) => {
            let problem = context.problem(error);
            shown(context, &scope, Page { problem: Some(&problem), ..Page::default() }, None).await
        }
    }
}

pub(super) async fn transfer_form(context: &Context<'_>) -> Result<Response, Problem> {
    let fields = context.form(&["heir"])?;
    let (permit, fresh) = (context.permit::<OwnOrganization>()?, context.fresh()?);
    let heir: Option<UserId> = fields.text("heir").parse().ok();
    let transferred = match heir {
        Some(heir) => context.auth.orgs().transfer(&context.client, &permit, &fresh, heir).await,
        None => Err(FieldError::new("heir", FieldError::REQUIRED).into()),
    };
    match transferred {
        Ok(()) => Ok(wire::see_other(&context.path("/organization?notice=transferred"))),
        Err(error) => {
            let problem = context.problem(error);
            shown(context, permit.scope(), Page { problem: Some(&problem), ..Page::default() }, heir).await
        }
    }
}

pub(super) async fn delete_form(context: &Context<'_>) -> Result<Response, Problem> {
    context.form(&[])?;
    let (permit, fresh) = (context.permit::<OwnOrganization>()?, context.fresh()?);
    let deleted = context.auth.orgs().delete(&context.client, &permit, &fresh).await;
    deleted.map_err(|error| context.problem(error))?;
    Ok(wire::see_other(&context.path("/choose-organization?notice=deleted")))
}
