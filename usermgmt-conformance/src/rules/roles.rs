//! Roles that organisations make for themselves. They decide about rights, so they move the rights of all members.

use usermgmt_core::model::{CustomRole, Org, Version};
use usermgmt_core::store::{Guard, StillAuthorised, StillMember, StoreErrorKind, Write};

use crate::AnyStore;
use crate::kit::{Found, REALM, commit, custom_role, fails, job, member, org, org_id, refuses};

const FIRST: Version = Version::NEW.next();

fn set(keys: &[&str], from: u64) -> Write {
    Write::PutRoles { org: org_id(1), roles: keys.iter().copied().map(custom_role).collect(), from }
}

/// The roles of an organisation and its `rights_version`.
async fn standing(store: &AnyStore, number: u128) -> (Vec<CustomRole>, u64) {
    let read = store.org(REALM, org_id(number)).await.found("an organisation");
    (read.roles, read.rights_version)
}

/// `PutRoles` sets all roles, in their order, and moves `rights_version` by one, on this organisation only; its version
/// stays.
pub async fn roles_are_set_and_rights_move(store: AnyStore) {
    commit(&store, [Write::PutOrg(org(1)), Write::PutOrg(org(2))]).await;
    for (keys, from) in [(["z", "a"].as_slice(), 0), (["a"].as_slice(), 1), ([].as_slice(), 2)] {
        commit(&store, [set(keys, from)]).await;
        let wanted = keys.iter().copied().map(custom_role).collect();
        assert_eq!(standing(&store, 1).await, (wanted, from + 1), "roles were not set, or rights did not move by one");
        assert_eq!(standing(&store, 2).await, (Vec::new(), 0), "roles were set on another organisation too");
    }
    let read = store.org(REALM, org_id(1)).await.found("an organisation");
    assert_eq!(read, Org { version: FIRST, rights_version: 3, ..org(1) }, "setting roles changed something else");
}

/// Roles are set only from the `rights_version` that was read, whatever moved it; what stands stays.
pub async fn roles_are_set_from_the_rights_that_were_read(store: AnyStore) {
    commit(&store, [Write::PutOrg(org(1))]).await;
    commit(&store, [set(&["a"], 0)]).await;
    commit(&store, [Write::MoveRights { org: org_id(1), user: None }]).await;
    for stale in [0, 1, 3] {
        let why = "roles were set from a value of the rights that they do not have";
        fails(&store, StoreErrorKind::Conflict, why, [set(&["b"], stale)]).await;
    }
    let wanted = (vec![custom_role("a")], 2);
    assert_eq!(standing(&store, 1).await, wanted, "a write that met a conflict changed roles or rights");
}

/// A replacing put of the organisation leaves its roles alone, whatever it says.
pub async fn a_replacing_put_leaves_the_roles_alone(store: AnyStore) {
    commit(&store, [Write::PutOrg(Org { roles: vec![custom_role("a")], ..org(1) })]).await;
    let put = |version, roles| [Write::PutOrg(Org { roles, version, ..org(1) })];
    commit(&store, put(FIRST, vec![custom_role("b")])).await;
    assert_eq!(standing(&store, 1).await, (vec![custom_role("a")], 0), "a replacing put set the roles");
    commit(&store, [set(&["c"], 0)]).await;
    commit(&store, put(FIRST.next(), Vec::new())).await;
    assert_eq!(standing(&store, 1).await, (vec![custom_role("c")], 1), "an edit that was read before put roles back");
}

/// Whoever was checked under the roles of before commits nothing any more; whoever was checked under the new ones does.
pub async fn new_roles_end_an_older_authority(store: AnyStore) {
    let authority = member(&store).await;
    commit(&store, [set(&["a"], 0)]).await;
    let act = |authority| [Write::PutJob(job(1)), Write::StillAuthorised(authority)];
    let why = "a member who was checked under other roles committed";
    refuses(&store, Guard::Authority, why, act(authority)).await;
    let member = authority.member.map(|member| StillMember { org_rights: 1, ..member });
    commit(&store, act(StillAuthorised { member, ..authority })).await;
}
