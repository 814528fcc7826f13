//! The handlers. Who may call one stands in its signature; nothing is checked in the body. But for the first imports this
//! file is the same in both examples.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use usermgmt::axum::{Authorized, MaybeUser, Require, SteppedUp};

use saas_common::failure::Failure;
use saas_common::names::ProjectName;
use saas_common::pages::{self, Entered};
use saas_common::permissions::{CreateProject, DeleteProject, ReadProjects};
use serde::Deserialize;
use usermgmt::{Access, OrgScope, Refused};

use crate::answer::{Failed, answer};
use crate::{Shared, projects};

/// Everybody: strangers are told what this is, others see their projects.
///
/// # Errors
/// An outage: `MaybeUser` never takes it for a stranger.
pub async fn home(user: MaybeUser, shared: State<Shared>) -> Result<Response, Failed> {
    let Some(user) = user.user() else { return Ok(answer(pages::welcome(shared.auth.dev_mailbox().is_some()))) };
    match shared.auth.scope(user) {
        Ok(scope) => projects_page(&shared, &scope, Entered::default()).await,
        Err(Refused::NoActiveOrg) => Ok(answer(pages::no_workspace(user, &Entered::default()))),
        Err(refused) => Err(refused.into()),
    }
}

/// Members of the organisation who may see its projects.
///
/// # Errors
/// An outage.
pub async fn list(Require(permit): Require<ReadProjects>, shared: State<Shared>) -> Result<Response, Failed> {
    projects_page(&shared, permit.scope(), Entered::default()).await
}

/// The same as data: for members, and for programs with an API key that may read projects.
///
/// # Errors
/// An outage.
pub async fn data(Authorized(access): Authorized<ReadProjects>, shared: State<Shared>) -> Result<Response, Failed> {
    Ok(answer(pages::data(&projects::all(&shared.db, &access).await?)))
}

/// A project to be added.
#[derive(Deserialize)]
pub struct NewProject {
    name: String,
}

/// Members who may add projects.
///
/// # Errors
/// An outage.
pub async fn create(
    Require(permit): Require<CreateProject>,
    shared: State<Shared>,
    Form(new): Form<NewProject>,
) -> Result<Response, Failed> {
    match ProjectName::parse(&new.name) {
        Some(name) => projects::add(&shared.db, &permit, name).await?,
        None => {
            let problem = Some("A project needs a name of 1 to 80 characters.");
            let entered = Entered { project: &new.name, project_problem: problem, ..Entered::default() };
            return projects_page(&shared, permit.scope(), entered).await;
        }
    }
    Ok(to_projects(permit.scope()))
}

/// Members who may delete projects, and have proven who they are a short while ago. The proof is asked for here, where
/// the browser can be led to the password and back; a form that was sent could not be sent again.
///
/// # Errors
/// [`Failure::NotFound`], or an outage.
pub async fn confirm(
    Require(permit): Require<DeleteProject>,
    _: SteppedUp,
    path: Path<(String, i64)>,
    shared: State<Shared>,
) -> Result<Response, Failed> {
    let project = projects::one(&shared.db, &permit, path.1).await?.ok_or(Failure::NotFound)?;
    Ok(answer(pages::delete(permit.scope(), project)))
}

/// As [`confirm`]: the one page does not vouch for the other.
///
/// # Errors
/// [`Failure::NotFound`], or an outage.
pub async fn delete(
    Require(permit): Require<DeleteProject>,
    SteppedUp(proof): SteppedUp,
    path: Path<(String, i64)>,
    shared: State<Shared>,
) -> Result<Response, Failed> {
    if !projects::remove(&shared.db, &permit, &proof, path.1).await? {
        return Err(Failure::NotFound.into());
    }
    Ok(to_projects(permit.scope()))
}

/// The style sheet.
pub async fn style() -> Response {
    answer(pages::style())
}

/// Where a form was sent to and answered with a page, for whoever loads that page again.
pub async fn to_home() -> Response {
    answer(pages::to("/"))
}

/// Everything else.
///
/// # Errors
/// Always.
pub async fn not_found() -> Result<Response, Failed> {
    Err(Failure::NotFound.into())
}

/// The page of an organisation.
///
/// # Errors
/// An outage.
pub async fn projects_page(shared: &Shared, scope: &OrgScope, entered: Entered<'_>) -> Result<Response, Failed> {
    let projects = match scope.permit::<ReadProjects>() {
        Ok(permit) => Some(projects::all(&shared.db, &Access::Member(permit)).await?),
        Err(_) => None,
    };
    Ok(answer(pages::projects(scope, projects, &entered)))
}

fn to_projects(scope: &OrgScope) -> Response {
    answer(pages::to(format!("/orgs/{}/projects", scope.org())))
}
