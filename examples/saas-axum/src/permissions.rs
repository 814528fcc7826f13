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
