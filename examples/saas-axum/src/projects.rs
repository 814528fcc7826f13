//! Projects, as rows. Every function takes the proof that its caller may do this, and asks it, not the path, for the
//! organisation: a query for somebody else's project cannot be written by mistake.

use saas_common::names::{Project, ProjectName};
use saas_common::permissions::{CreateProject, DeleteProject, ReadProjects};
use sqlx::SqlitePool;
use usermgmt::{Access, Permit, StepUp};

/// All projects of the organisation in which somebody, or a program with an API key, may read them; newest first.
///
/// # Errors
/// As the database.
pub async fn all(db: &SqlitePool, access: &Access<ReadProjects>) -> sqlx::Result<Vec<Project>> {
    sqlx::query_as("SELECT id, name FROM project WHERE org_id = $1 ORDER BY id DESC LIMIT 200")
        .bind(access.org().to_string())
        .fetch_all(db)
        .await
}

/// One project of the permit's organisation, to be deleted.
///
/// # Errors
/// As the database.
pub async fn one(db: &SqlitePool, permit: &Permit<DeleteProject>, id: i64) -> sqlx::Result<Option<Project>> {
    sqlx::query_as("SELECT id, name FROM project WHERE org_id = $1 AND id = $2")
        .bind(permit.scope().org().to_string())
        .bind(id)
        .fetch_optional(db)
        .await
}

/// Adds a project to the permit's organisation.
///
/// # Errors
/// As the database.
pub async fn add(db: &SqlitePool, permit: &Permit<CreateProject>, name: ProjectName) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO project (org_id, name, created_by) VALUES ($1, $2, $3)")
        .bind(permit.scope().org().to_string())
        .bind(name.into_text())
        .bind(permit.scope().principal().user().to_string())
        .execute(db)
        .await
        .map(drop)
}

/// Deletes a project of the permit's organisation. Answers whether there was one. Not for an unlocked computer that
/// somebody has left: it takes a recent proof besides.
///
/// # Errors
/// As the database.
pub async fn remove(db: &SqlitePool, permit: &Permit<DeleteProject>, _: &StepUp, id: i64) -> sqlx::Result<bool> {
    let deleted = sqlx::query("DELETE FROM project WHERE org_id = $1 AND id = $2")
        .bind(permit.scope().org().to_string())
        .bind(id)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected() > 0)
}
