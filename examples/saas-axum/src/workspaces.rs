//! Workspaces: the application's row and usermgmt's organisation become true together or not at all. But for the first
//! imports and the word that begins the transaction this file is the same in both examples.

use axum::Form;
use axum::extract::State;
use axum::response::Response;
use usermgmt::axum::{Caller, CurrentUser};

use saas_common::failure::Failure;
use saas_common::names::address;
use saas_common::pages::{self, Entered};
use serde::Deserialize;
use usermgmt::sqlx::Apply as _;
use usermgmt::{Error, OrgId, Principal};

use crate::Shared;
use crate::answer::{Failed, answer};
use crate::routes::projects_page;

/// A workspace to be made.
#[derive(Deserialize)]
pub struct NewWorkspace {
    name: String,
}

/// Whoever is signed in.
///
/// # Errors
/// A refusal, or an outage.
pub async fn create(
    user: CurrentUser,
    caller: Caller,
    shared: State<Shared>,
    Form(new): Form<NewWorkspace>,
) -> Result<Response, Failed> {
    let problem = match make(&shared, &caller, &user, &new.name).await {
        // The session still acts where it did: entering another organisation is a step of its own, with its policy.
        Ok(_) => return Ok(answer(pages::to("/auth/choose-organization?return_to=%2F"))),
        Err(Failure::Library(Error::Invalid(_))) => "An organization needs a name of 1 to 64 characters.",
        Err(failure) if failure.is_taken() => "There is an organization of this name already.",
        Err(other) => return Err(other.into()),
    };
    let entered = Entered { workspace: &new.name, workspace_problem: Some(problem), ..Entered::default() };
    match shared.auth.scope(&user.0) {
        Ok(scope) => projects_page(&shared, &scope, entered).await,
        Err(_) => Ok(answer(pages::no_workspace(&user, &entered))),
    }
}

async fn make(shared: &Shared, caller: &Caller, owner: &Principal, name: &str) -> Result<OrgId, Failure> {
    // Checks and works out everything, and writes nothing. Before the transaction begins, because it may take a while.
    let plan = shared.auth.orgs().plan_create(caller, owner, name).await?;
    let mut transaction = shared.db.begin_with("BEGIN IMMEDIATE").await?;
    let org = *plan.value();
    // First theirs, to which ours refers.
    let applied = plan.apply(&mut transaction).await?;
    sqlx::query("INSERT INTO workspace (org_id, address) VALUES ($1, $2)")
        .bind(org.to_string())
        .bind(address(name))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    // Only now is it true: caches forget, workers wake. On every way out before this it is dropped, and so is the plan.
    Ok(applied.acknowledge())
}
