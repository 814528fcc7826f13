//! What members may do with the organisation itself, as permissions.

use usermgmt_core::permission::Permission;

usermgmt_core::permission! {
    /// To answer for the organisation: to delete it, to hand it over, to make and unmake owners. Only the role `owner`
    /// gives it.
    pub OwnOrganization = "organization:own";
    /// To change name, address and settings.
    pub ManageOrganization = "organization:manage";
    /// To change what the organisation demands of sessions that enter it.
    pub ManagePolicy = "organization:policy";
    /// To see who is a member.
    pub ReadMembers = "member:read";
    /// To make somebody a member.
    pub AddMembers = "member:add";
    /// To change roles of members, to suspend and to remove them.
    pub ManageMembers = "member:manage";
    /// To make, change and remove the organisation's own roles.
    pub ManageRoles = "role:manage";
    /// To read the organisation's audit log.
    pub ReadAudit = "audit:read";
}

/// Every permission that this crate asks for.
pub const PERMISSIONS: [&str; 8] = [
    OwnOrganization::KEY,
    ManageOrganization::KEY,
    ManagePolicy::KEY,
    ReadMembers::KEY,
    AddMembers::KEY,
    ManageMembers::KEY,
    ManageRoles::KEY,
    ReadAudit::KEY,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_own_is_what_core_calls_owning() {
        assert_eq!(OwnOrganization::KEY, usermgmt_core::permission::OWN);
    }
}
