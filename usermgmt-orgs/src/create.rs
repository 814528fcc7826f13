//! An organisation is made.

use usermgmt_core::error::Refused;
use usermgmt_core::flow::organization;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::id::OrgId;
use usermgmt_core::proof::Principal;
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_core::text;

/// Works out a new organisation with the principal as its one owner: organisation, membership and audit events in
/// one change set.
///
/// # Errors
/// An invalid `name`.
pub async fn create(flow: &Flow<'_>, principal: &Principal, name: &str) -> Result<(ChangeSet, OrgId)> {
    let name = text::name("name", name)?;
    let owner = flow.store.user(flow.realm, principal.user()).await?.ok_or(Refused::Unauthenticated)?;
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
    let org = organization::with_owner(flow, &mut changes, &owner, name)?;
    Ok((changes, org))
}
