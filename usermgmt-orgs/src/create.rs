//! An organisation is made.

use usermgmt_core::error::Refused;
use usermgmt_core::flow::organization;
use usermgmt_core::flow::{Flow, Result};
use usermgmt_core::id::{OrgId, UserId};
use usermgmt_core::model::{Actor, UserStatus};
use usermgmt_core::proof::Principal;
use usermgmt_core::store::{ChangeSet, Write};
use usermgmt_core::text;

/// Works out a new organisation with the principal as its one owner: organisation, membership and audit events in
/// one change set. Its slug is made from the name.
///
/// # Errors
/// An invalid `name`.
pub async fn create(flow: &Flow<'_>, principal: &Principal, name: &str) -> Result<(ChangeSet, OrgId)> {
    let name = text::name("name", name)?;
    let mut changes = flow.changes()?.with(Write::StillAuthorised(principal.authority()));
    let owner = principal.user();
    let actor = Actor::User { user: owner, session: Some(principal.session()) };
    let org = organization::with_owner(flow, &mut changes, actor, owner, name)?;
    Ok((changes, org))
}

/// The same by the application, for a stated reason.
///
/// # Errors
/// An invalid `name`; [`Refused::NotFound`] for an owner who may not use the system.
pub async fn create_for(flow: &Flow<'_>, owner: UserId, name: &str, reason: &str) -> Result<(ChangeSet, OrgId)> {
    let name = text::name("name", name)?;
    let owner = flow.store.user(flow.realm, owner).await?.filter(|user| user.status == UserStatus::Active);
    let owner = owner.ok_or(Refused::NotFound)?;
    let mut changes = flow.changes()?;
    let actor = Actor::System { reason: reason.to_owned() };
    let org = organization::with_owner(flow, &mut changes, actor, owner.id, name)?;
    Ok((changes, org))
}
