//! The handlers. Who may call one stands in its signature; nothing is checked in the body.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use minijinja::context;
use minijinja::value::Serde;
use serde::Deserialize;
use usermgmt::axum::{MaybeUser, Require, SteppedUp};
use usermgmt::{OrgScope, Principal, Refused};

use crate::Shared;
use crate::failure::Failure;
use crate::pages;
use crate::permissions::{CreateProject, DeleteProject, ReadProjects};
use crate::projects::{self, ProjectName};

/// Everybody: strangers are told what this is, others see their projects.
///
/// # Errors
/// An outage: `MaybeUser` never takes it for a stranger.
pub async fn home(user: MaybeUser, State(shared): State<Shared>) -> Result<Response, Failure> {
    let Some(user) = user.user() else {
        // Only on localhost is there a mailbox to point to.
        let development = shared.auth.dev_mailbox().is_some();
        return Ok(pages::page(StatusCode::OK, "welcome.html", context! { development }));
    };
    match shared.auth.scope(user) {
        Ok(scope) => projects_page(&shared, &scope, Entered::default()).await,
        Err(Refused::NoActiveOrg) => Ok(no_workspace(user, &Entered::default())),
        Err(refused) => Err(refused.into()),
    }
}

/// Members of the organisation who may see its projects.
///
/// # Errors
/// An outage.
pub async fn list(Require(permit): Require<ReadProjects>, State(shared): State<Shared>) -> Result<Response, Failure> {
    projects_page(&shared, permit.scope(), Entered::default()).await
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
    State(shared): State<Shared>,
    Form(new): Form<NewProject>,
) -> Result<Response, Failure> {
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
    Path((_, id)): Path<(String, i64)>,
    State(shared): State<Shared>,
) -> Result<Response, Failure> {
    let project = projects::one(&shared.db, &permit, id).await?.ok_or(Failure::NotFound)?;
    let org = permit.scope().org().to_string();
    Ok(pages::page(StatusCode::OK, "delete.html", context! { org, project => Serde(project) }))
}

/// As [`confirm`]: the one page does not vouch for the other.
///
/// # Errors
/// [`Failure::NotFound`], or an outage.
pub async fn delete(
    Require(permit): Require<DeleteProject>,
    SteppedUp(proof): SteppedUp,
    Path((_, id)): Path<(String, i64)>,
    State(shared): State<Shared>,
) -> Result<Response, Failure> {
    if !projects::remove(&shared.db, &permit, &proof, id).await? {
        return Err(Failure::NotFound);
    }
    Ok(to_projects(permit.scope()))
}

/// Where a form was sent to and answered with a page, for whoever loads that page again.
pub async fn to_home() -> Redirect {
    Redirect::to("/")
}

/// Everything else.
pub async fn not_found() -> Failure {
    Failure::NotFound
}

/// What was typed into the forms of a page and could not be taken.
#[derive(Clone, Copy, Default)]
pub struct Entered<'a> {
    /// Name of a project.
    pub project: &'a str,
    /// What is wrong with it.
    pub project_problem: Option<&'a str>,
    /// Name of a workspace.
    pub workspace: &'a str,
    /// What is wrong with it.
    pub workspace_problem: Option<&'a str>,
}

impl Entered<'_> {
    const fn status(&self) -> StatusCode {
        match (self.project_problem, self.workspace_problem) {
            (None, None) => StatusCode::OK,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

/// The page of an organisation. Forms are shown to those only who may use them; whether they may is decided where the
/// form is received.
///
/// # Errors
/// An outage.
pub async fn projects_page(shared: &Shared, scope: &OrgScope, entered: Entered<'_>) -> Result<Response, Failure> {
    let projects = match scope.permit::<ReadProjects>() {
        Ok(permit) => Some(projects::all(&shared.db, &permit).await?),
        Err(_) => None,
    };
    let shown = context! {
        user => scope.principal().name(),
        org => scope.org().to_string(),
        org_name => scope.name(),
        projects => projects.map(Serde),
        may_create => scope.permit::<CreateProject>().is_ok(),
        may_delete => scope.permit::<DeleteProject>().is_ok(),
        longest => ProjectName::MAX,
        project => entered.project,
        project_problem => entered.project_problem,
        workspace => entered.workspace,
        workspace_problem => entered.workspace_problem,
    };
    Ok(pages::page(entered.status(), "projects.html", shown))
}

/// The page of somebody who belongs to no organisation, or acts in none.
#[must_use]
pub fn no_workspace(user: &Principal, entered: &Entered<'_>) -> Response {
    let shown = context! {
        user => user.name(),
        workspace => entered.workspace,
        workspace_problem => entered.workspace_problem,
    };
    pages::page(entered.status(), "no_workspace.html", shown)
}

fn to_projects(scope: &OrgScope) -> Response {
    Redirect::to(&format!("/orgs/{}/projects", scope.org())).into_response()
}
