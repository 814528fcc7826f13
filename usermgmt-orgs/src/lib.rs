//! Organisation rules: making one, entering one, its members and roles, what it demands, its end.

mod authority;
mod create;
mod enter;
mod members;
mod organization;
mod permissions;
mod policy;
mod roles;

pub use authority::By;
pub use create::{create, create_for};
pub use enter::enter;
pub use members::{add_by_email, add_member, ask_to_add, leave, remove_member, set_member_status, set_roles, transfer};
pub use organization::{
    OrgChange, delete, is_owner, is_restorable, is_restorable_by_owner, restore, restore_own, set_metadata, set_seats,
    set_status, update,
};
pub use permissions::{
    AddMembers, ManageMembers, ManageOrganization, ManagePolicy, ManageRoles, OwnOrganization, PERMISSIONS, ReadAudit,
    ReadMembers,
};
pub use policy::set_policy;
pub use roles::{Because, Explanation, RoleInput, RoleRights, explain, explain_own, put_role, remove_role};
