//! What can be permitted here, and to whom.

use usermgmt::permission;

permission! {
    /// To see the projects of an organisation.
    pub ReadProjects = "project:read";
    /// To add a project.
    pub CreateProject = "project:create";
    /// To delete a project.
    pub DeleteProject = "project:delete"
}

/// What a member may do. Owners and administrators may do everything; what is not given is denied.
pub const OF_MEMBERS: [&str; 2] = ["project:read", "project:create"];

/// What organizations can build roles of their own from, besides.
pub const OF_OWN_ROLES: [&str; 1] = [<DeleteProject as usermgmt::Permission>::KEY];

/// What the pages of roles call them.
pub const NAMES: &str = "
permission-project-read = See projects
permission-project-create = Add projects
permission-project-delete = Delete projects
";

/// The same in German.
pub const NAMES_DE: &str = "
permission-project-read = Projekte sehen
permission-project-create = Projekte hinzufügen
permission-project-delete = Projekte löschen
";
