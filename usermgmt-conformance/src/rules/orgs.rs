//! Organisations, memberships and policies are kept as they were put.

use usermgmt_core::model::{CustomRole, Membership, MembershipStatus, Method, Org, OrgStatus, RoleKey, Version};
use usermgmt_core::page::PageRequest;
use usermgmt_core::policy::{AuthPolicy, SecondFactor};
use usermgmt_core::store::Write;

use crate::AnyStore;
use crate::kit::{
    ALL_MEMBERS, Answer, Found, REALM, at, commit, custom_role, member, membership, org, org_id, user, user_id,
};

const FIRST: Version = Version::NEW.next();

fn strict() -> AuthPolicy {
    AuthPolicy {
        methods: Some([Method::Password, Method::Email].into()),
        second_factor: SecondFactor::Roles([RoleKey::new("owner"), RoleKey::new("ä b")].into()),
        bars_trusted_devices: true,
        bars_sent_codes: true,
        passkey_is_one_factor: true,
        session_idle_seconds: Some(0),
        session_absolute_seconds: Some(u32::MAX),
        step_up_seconds: Some(300),
        bars_member_keys: true,
    }
}

/// Every column of an organisation comes back as it was put, its policy and epochs included.
pub async fn an_org_is_returned_as_it_was_put(store: AnyStore) {
    let rich = Org {
        slug: "käse-1 ".to_owned(),
        status: OrgStatus::Deleted,
        deleted_at: Some(at(-3)),
        seats: Some(u32::MAX),
        roles: vec![custom_role("z"), custom_role("a"), CustomRole { rights: Vec::new(), ..custom_role("") }],
        owners: 2,
        members: u32::MAX,
        policy: strict(),
        rights_version: 3,
        policy_epoch: 4,
        created_at: at(-7),
        ..org(1)
    };
    let nobody_passes = AuthPolicy { methods: Some([].into()), ..AuthPolicy::default() };
    let barred = Org { status: OrgStatus::Suspended, seats: Some(0), policy: nobody_passes, ..org(2) };
    for put in [rich, barred, org(3)] {
        commit(&store, [Write::PutOrg(put.clone())]).await;
        let read = store.org(REALM, put.id).await.found("an organisation");
        let wanted = Org { version: FIRST, ..put };
        let policy = store.policy(wanted.id).await.found("a policy");
        assert_eq!(policy, (wanted.policy.clone(), wanted.policy_epoch), "the policy is not that of the organisation");
        assert_eq!(read, wanted, "a new organisation does not come back as it was put");
    }
}

/// A replacing put changes name, slug, status, counts and seats of an organisation, and takes away what it leaves out.
pub async fn an_org_can_be_replaced(store: AnyStore) {
    commit(&store, [Write::PutOrg(org(1))]).await;
    let edited = Org {
        name: "Other".to_owned(),
        slug: "other".to_owned(),
        status: OrgStatus::Deleted,
        deleted_at: Some(at(7)),
        owners: 3,
        members: 9,
        seats: Some(12),
        ..org(1)
    };
    for (version, edited) in [(FIRST, edited), (FIRST.next(), org(1))] {
        commit(&store, [Write::PutOrg(Org { version, ..edited.clone() })]).await;
        let read = store.org(REALM, org_id(1)).await.found("an organisation");
        let wanted = Org { version: version.next(), ..edited };
        assert_eq!(read, wanted, "a replacing put of an organisation did not set what it may set");
    }
}

/// Every column of a membership comes back as it was put; roles keep their order.
pub async fn a_membership_is_returned_as_it_was_put(store: AnyStore) {
    let roles: [&[&str]; 4] = [&[], &["owner"], &["z", "a", "m"], &["", "Owner", "with space", "käse"]];
    commit(&store, [Write::PutOrg(org(1))]).await;
    for (number, roles) in (1..).zip(roles) {
        let status = if number == 2 { MembershipStatus::Suspended } else { MembershipStatus::Active };
        let roles = roles.iter().copied().map(RoleKey::new).collect();
        let put = Membership { roles, status, rights_version: 6, created_at: at(-7), ..membership(1, number) };
        commit(&store, [Write::PutUser(user(number)), Write::PutMembership(put.clone())]).await;
        let read = store.membership(put.org, put.user).await.found("a membership");
        assert_eq!(read, Membership { version: FIRST, ..put }, "a new membership does not come back as it was put");
    }
}

/// A replacing put changes roles and status of a membership.
pub async fn a_membership_can_be_replaced(store: AnyStore) {
    member(&store).await;
    let edited = Membership {
        roles: vec![RoleKey::new("viewer")],
        status: MembershipStatus::Suspended,
        version: FIRST,
        ..membership(1, 1)
    };
    commit(&store, [Write::PutMembership(edited.clone())]).await;
    let read = store.membership(org_id(1), user_id(1)).await.found("a membership");
    let wanted = Membership { version: FIRST.next(), ..edited };
    assert_eq!(read, wanted, "a replacing put of a membership did not set what it may set");
}

/// A membership is seen from both sides: in the list of the organisation and in that of the user, suspended or not.
pub async fn a_membership_is_listed_on_both_sides(store: AnyStore) {
    member(&store).await;
    let away = Membership { status: MembershipStatus::Suspended, ..membership(2, 1) };
    let barred = Org { status: OrgStatus::Suspended, ..org(2) };
    let writes = [
        Write::PutOrg(barred.clone()),
        Write::PutUser(user(2)),
        Write::PutMembership(away.clone()),
        Write::PutMembership(membership(1, 2)),
    ];
    commit(&store, writes).await;
    let all = PageRequest::first(10);
    let first = |membership| Membership { version: FIRST, ..membership };
    let members = store.members(org_id(1), &ALL_MEMBERS, all).await.answer().items;
    let members: Vec<_> = members.into_iter().map(|row| row.membership).collect();
    let wanted = [first(membership(1, 1)), first(membership(1, 2))];
    assert_eq!(members, wanted, "the members of an organisation are not those who were put");
    let mine = store.memberships_of(user_id(1), PageRequest::first(10)).await.answer();
    let wanted =
        [(Org { version: FIRST, ..org(1) }, first(membership(1, 1))), (Org { version: FIRST, ..barred }, first(away))];
    assert_eq!(mine.items, wanted, "a user's organisations are not those with a membership");
}

/// A membership that was removed is gone from every read, and can be put again as a new one.
pub async fn a_removed_membership_is_gone_and_can_return(store: AnyStore) {
    member(&store).await;
    let (org, user) = (org_id(1), user_id(1));
    commit(&store, [Write::DeleteMembership { org, user, version: FIRST }]).await;
    assert_eq!(store.membership(org, user).await.answer(), None, "a removed membership is still read");
    let members = store.members(org, &ALL_MEMBERS, PageRequest::first(10)).await.answer();
    assert_eq!(members.items, [], "a removed membership is still listed by its organisation");
    let mine = store.memberships_of(user, PageRequest::first(10)).await.answer();
    assert_eq!(mine.items, [], "a removed membership is still listed by its user");
    commit(&store, [Write::PutMembership(membership(1, 1))]).await;
    let again = store.membership(org, user).await.found("a membership");
    assert_eq!(again.version, FIRST, "a membership that was put again is not a new row");
}

/// `PutPolicy` sets the policy and moves its epoch by one, on this organisation only.
pub async fn a_policy_is_set_and_its_epoch_moves(store: AnyStore) {
    commit(&store, [Write::PutOrg(org(1)), Write::PutOrg(org(2))]).await;
    commit(&store, [Write::PutPolicy { org: org_id(1), policy: strict(), from: 0 }]).await;
    let read = store.policy(org_id(1)).await.found("a policy");
    assert_eq!(read, (strict(), 1), "a policy was not set, or its epoch did not move by one");
    let row = store.org(REALM, org_id(1)).await.found("an organisation");
    assert_eq!((row.policy, row.policy_epoch), (strict(), 1), "the organisation does not show its new policy");
    let other = store.policy(org_id(2)).await.found("a policy");
    assert_eq!(other, (AuthPolicy::default(), 0), "a policy was set on another organisation too");
}

/// `MoveRights` moves one member's version, or that of the organisation, and no other.
pub async fn rights_move_for_one_member_or_for_all(store: AnyStore) {
    member(&store).await;
    let writes = [
        Write::PutUser(user(2)),
        Write::PutMembership(membership(1, 2)),
        Write::PutOrg(org(2)),
        Write::PutMembership(membership(2, 1)),
    ];
    commit(&store, writes).await;
    let org = org_id(1);
    commit(&store, [Write::MoveRights { org, user: Some(user_id(1)) }]).await;
    let rights = async |org, user| store.membership(org_id(org), user_id(user)).await.found("one").rights_version;
    let all = [rights(1, 1).await, rights(1, 2).await, rights(2, 1).await];
    assert_eq!(all, [1, 0, 0], "moving one member's rights must move exactly that member's version");
    let org_rights = async |org| store.org(REALM, org_id(org)).await.found("an organisation").rights_version;
    assert_eq!([org_rights(1).await, org_rights(2).await], [0, 0], "one member's rights moved those of all");
    commit(&store, [Write::MoveRights { org, user: None }]).await;
    let all = [rights(1, 1).await, rights(1, 2).await, rights(2, 1).await];
    assert_eq!(all, [1, 0, 0], "moving the rights of an organisation must leave its memberships alone");
    assert_eq!([org_rights(1).await, org_rights(2).await], [1, 0], "the rights of exactly this organisation must move");
}
