//! The members of an organisation, as a list shows them: with their user and their address.

use usermgmt_core::model::{
    FactorKind, FactorKinds, Identifier, IdentifierKind, MemberFilter, MemberRecord, Membership, MembershipStatus,
    User, UserStatus, Version,
};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::{MembershipStore as _, Write};

use super::filters::{CANONICALS, PREFIXES, beginning};
use super::paging::pages;
use crate::AnyStore;
use crate::kit::{ALL_MEMBERS, Answer, commit, identifier, membership, org, org_id, user, user_id};

const FIRST: Version = Version::NEW.next();

fn begins(prefix: &str) -> MemberFilter {
    MemberFilter { identifier_prefix: Some(prefix.to_owned()), ..ALL_MEMBERS }
}

const fn of_status(status: MembershipStatus) -> MemberFilter {
    MemberFilter { status: Some(status), ..ALL_MEMBERS }
}

/// The members that a filter lets through, by number of their user.
async fn found(store: &AnyStore, org: u128, filter: &MemberFilter) -> Vec<u128> {
    let page = store.members(org_id(org), filter, PageRequest::first(200)).await.answer();
    assert_eq!(page.next, None, "a list that fits on one page goes on");
    page.items.iter().map(|row| row.user.id.as_uuid().as_u128()).collect()
}

/// Members 1, 2, 3 … of organisation 1 with one identifier each.
async fn named(store: &AnyStore, canonicals: &[&str]) {
    commit(store, [Write::PutOrg(org(1))]).await;
    for (number, canonical) in (1..).zip(canonicals) {
        let writes = [
            Write::PutUser(user(number)),
            Write::PutIdentifier(identifier(number, canonical)),
            Write::PutMembership(membership(1, number)),
        ];
        commit(store, writes).await;
    }
}

/// Each member is listed with the membership, the user's row and the primary address as typed, or none.
pub async fn a_member_is_listed_with_user_and_address(store: AnyStore) {
    let typed = Identifier { display: "Zoe@Example.test".to_owned(), ..identifier(1, "zoe@example.test") };
    let second = |user, canonical| Identifier { primary: false, ..identifier(user, canonical) };
    let suspended = Membership { status: MembershipStatus::Suspended, rights_version: 5, ..membership(1, 2) };
    let writes = [
        Write::PutOrg(org(1)),
        Write::PutUser(user(1)),
        Write::PutUser(User { locale: Some("de".to_owned()), auth_epoch: 3, ..user(2) }),
        Write::PutUser(user(3)),
        Write::PutIdentifier(typed),
        Write::PutIdentifier(second(1, "a@example.test")),
        Write::PutIdentifier(second(2, "b@example.test")),
        Write::PutMembership(membership(1, 1)),
        Write::PutMembership(suspended.clone()),
        Write::PutMembership(membership(1, 3)),
    ];
    commit(&store, writes).await;
    let read = store.members(org_id(1), &ALL_MEMBERS, PageRequest::first(9)).await.answer().items;
    let record = |membership, user, email: Option<&str>| MemberRecord {
        membership: Membership { version: FIRST, ..membership },
        user: User { version: FIRST, ..user },
        email: email.map(str::to_owned),
    };
    let wanted = [
        record(membership(1, 1), user(1), Some("Zoe@Example.test")),
        record(suspended, User { locale: Some("de".to_owned()), auth_epoch: 3, ..user(2) }, None),
        record(membership(1, 3), user(3), None),
    ];
    assert_eq!(read, wanted, "members are not listed with membership, user and primary address");
}

/// One member is read as the list shows them; whoever is in another organisation only is none.
pub async fn a_member_is_read_as_it_is_listed(store: AnyStore) {
    named(&store, &["zoe@example.test", "ann@example.test"]).await;
    let second = Identifier { primary: false, ..identifier(1, "a@example.test") };
    let away = Membership { status: MembershipStatus::Suspended, ..membership(2, 3) };
    let writes = [
        Write::PutIdentifier(second),
        Write::PutOrg(org(2)),
        Write::PutUser(user(3)),
        Write::PutUser(user(4)),
        Write::PutMembership(membership(2, 1)),
        Write::PutMembership(away),
    ];
    commit(&store, writes).await;
    for org in [1, 2, 3].map(org_id) {
        let listed = store.members(org, &ALL_MEMBERS, PageRequest::first(9)).await.answer().items;
        for number in 1..=5 {
            let read = store.member(org, user_id(number)).await.answer();
            let wanted = listed.iter().find(|row| row.user.id == user_id(number));
            assert_eq!(read.as_ref(), wanted, "a member is not read as the list shows them, or is none");
        }
    }
}

/// An empty filter, or one with an empty prefix, lets every member through, whoever has no identifier included.
pub async fn an_empty_filter_lets_every_member_through(store: AnyStore) {
    named(&store, &["a@example.test"]).await;
    let away = Membership { status: MembershipStatus::Suspended, ..membership(1, 2) };
    commit(&store, [Write::PutUser(user(2)), Write::PutMembership(away)]).await;
    for filter in [ALL_MEMBERS, begins("")] {
        assert_eq!(found(&store, 1, &filter).await, [1, 2], "an empty filter does not let everybody through");
    }
}

/// A filter by status lets through exactly the memberships of that status, whatever that of the user.
pub async fn members_are_filtered_by_status(store: AnyStore) {
    named(&store, &["a@example.test", "b@example.test", "c@example.test"]).await;
    let away = Membership { status: MembershipStatus::Suspended, version: FIRST, ..membership(1, 2) };
    commit(&store, [Write::PutMembership(away)]).await;
    for (status, wanted) in [(MembershipStatus::Active, vec![1, 3]), (MembershipStatus::Suspended, vec![2])] {
        assert_eq!(found(&store, 1, &of_status(status)).await, wanted, "not exactly the {status:?} ones are listed");
    }
}

/// A prefix is compared with the canonical form byte for byte, as in the list of users; with U+0000 it finds nobody.
pub async fn members_are_filtered_by_prefix(store: AnyStore) {
    named(&store, &CANONICALS).await;
    for prefix in PREFIXES.iter().chain(&CANONICALS) {
        let read = found(&store, 1, &begins(prefix)).await;
        assert_eq!(read, beginning(prefix), "not exactly those whose identifier begins so are listed: {prefix:?}");
    }
    for prefix in ["%", "_nn", "a%", "\0", "an\0", "ann@example.test\0"] {
        assert_eq!(found(&store, 1, &begins(prefix)).await, [], "a prefix was taken for something else: {prefix:?}");
    }
}

/// Of a member's identifiers any may begin so, primary or not; the member is listed once, under the primary one.
pub async fn any_identifier_of_a_member_counts_once(store: AnyStore) {
    named(&store, &["zoe@example.test", "ann@example.test"]).await;
    let more = ["a1@example.test", "a2@example.test"];
    let more = more.map(|canonical| Identifier { primary: false, ..identifier(1, canonical) });
    commit(&store, more.map(Write::PutIdentifier)).await;
    let page = store.members(org_id(1), &begins("a"), PageRequest::first(9)).await.answer().items;
    let read: Vec<_> = page.iter().map(|row| (row.user.id, row.email.as_deref())).collect();
    let wanted = [(user_id(1), Some("zoe@example.test")), (user_id(2), Some("ann@example.test"))];
    assert_eq!(read, wanted, "a member is not listed once, or not under the primary address");
}

/// All parts of a filter must hold.
pub async fn all_parts_of_a_member_filter_must_hold(store: AnyStore) {
    named(&store, &["a1@example.test", "a2@example.test", "b@example.test"]).await;
    for number in [2, 3] {
        let away = Membership { status: MembershipStatus::Suspended, version: FIRST, ..membership(1, number) };
        commit(&store, [Write::PutMembership(away)]).await;
    }
    let away = |prefix| MemberFilter { status: Some(MembershipStatus::Suspended), ..begins(prefix) };
    for (filter, wanted) in [(away("a"), vec![2]), (away("b"), vec![3]), (away("a1"), vec![]), (away(""), vec![2, 3])] {
        assert_eq!(found(&store, 1, &filter).await, wanted, "a part of a filter was ignored: {filter:?}");
    }
}

/// Members of another organisation are never listed, whatever the filter.
pub async fn members_of_another_organisation_are_not_listed(store: AnyStore) {
    named(&store, &["a1@example.test", "a2@example.test", "a3@example.test"]).await;
    let away = Membership { status: MembershipStatus::Suspended, ..membership(2, 3) };
    let writes = [
        Write::PutOrg(org(2)),
        Write::PutMembership(membership(2, 2)),
        Write::PutMembership(away),
        Write::DeleteMembership { org: org_id(1), user: user_id(3), version: FIRST },
    ];
    commit(&store, writes).await;
    for filter in [ALL_MEMBERS, begins("a")] {
        for (org, wanted) in [(1, vec![1, 2]), (2, vec![2, 3]), (3, vec![])] {
            assert_eq!(found(&store, org, &filter).await, wanted, "not exactly the members of {org} are listed");
        }
    }
    let suspended = of_status(MembershipStatus::Suspended);
    assert_eq!(found(&store, 1, &suspended).await, [], "the status in another organisation was taken for the one here");
    assert_eq!(found(&store, 2, &suspended).await, [3], "a suspended member is missing");
}

/// A filtered list is paged like any other: who is filtered out takes no room on a page.
pub async fn a_filtered_list_of_members_is_paged(store: AnyStore) {
    let canonicals: Vec<_> =
        (0..14).map(|n| format!("{}{n}@example.test", if n % 2 == 0 { "a" } else { "b" })).collect();
    named(&store, &canonicals.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let (filter, wanted) = (begins("a"), [1, 3, 5, 7, 9, 11, 13].map(user_id));
    pages(&wanted, |page| store.members(org_id(1), &filter, page), |row| row.user.id).await;
}

/// A member is found by address and by username, and not by what a username looks like.
pub async fn looks_of_usernames_find_no_member(store: AnyStore) {
    named(&store, &["a@example.test", "b@example.test"]).await;
    let of = |kind, canonical| Identifier { kind, ..identifier(1, canonical) };
    let rows = [of(IdentifierKind::Username, "name"), of(IdentifierKind::UsernameLook, "look")];
    commit(&store, rows.map(Write::PutIdentifier)).await;
    for (prefix, wanted) in [("a@", vec![1]), ("nam", vec![1]), ("loo", vec![]), ("", vec![1, 2])] {
        let read = found(&store, 1, &begins(prefix)).await;
        assert_eq!(read, wanted, "members are found by what is no name of theirs, or not by what is: {prefix:?}");
    }
}

/// Only an address is shown as the address of a member.
pub async fn a_username_is_no_address_of_a_member(store: AnyStore) {
    let writes = [
        Write::PutOrg(org(1)),
        Write::PutUser(user(1)),
        Write::PutIdentifier(Identifier { kind: IdentifierKind::Username, ..identifier(1, "sam") }),
        Write::PutMembership(membership(1, 1)),
    ];
    commit(&store, writes).await;
    let read = store.members(org_id(1), &ALL_MEMBERS, PageRequest::first(9)).await.answer().items;
    let shown: Vec<_> = read.into_iter().map(|row| row.email).collect();
    assert_eq!(shown, [None], "something else than an address is shown as one");
}

/// Whoever has none of some factors is found among those who can act in the organisation, and nobody else is.
pub async fn a_member_without_factors_is_found(store: AnyStore) {
    named(&store, &["a@example.test", "b@example.test", "c@example.test", "d@example.test"]).await;
    let with = |number, kinds: &[FactorKind]| {
        let factors = kinds.iter().copied().collect();
        Write::PutUser(User { factors, version: FIRST, ..user(number) })
    };
    let (passkey, key, app, code) =
        (FactorKind::Passkey, FactorKind::SecurityKey, FactorKind::Totp, FactorKind::SmsCode);
    let away = Membership { status: MembershipStatus::Suspended, version: FIRST, ..membership(1, 3) };
    let gone = User { status: UserStatus::Suspended, version: FIRST, ..user(4) };
    commit(&store, [with(1, &[app, passkey]), with(2, &[key]), Write::PutMembership(away), Write::PutUser(gone)]).await;
    for (kinds, wanted) in [
        (vec![passkey], Some(2)),
        (vec![passkey, code], Some(2)),
        (vec![key, FactorKind::EmailCode], Some(1)),
        (vec![passkey, key], None),
        (vec![app, key], None),
        (FactorKind::ALL.to_vec(), None),
    ] {
        let found = store.member_without(org_id(1), kinds.iter().copied().collect()).await.answer();
        assert_eq!(found, wanted.map(user_id), "not who has none of {kinds:?}, can act and is a member");
    }
    let anybody = store.member_without(org_id(1), FactorKinds::NONE).await.answer();
    assert!(anybody.is_some_and(|user| [1, 2].map(user_id).contains(&user)), "everybody has none of no factors");
    commit(&store, [Write::PutOrg(org(2)), Write::PutMembership(membership(2, 2))]).await;
    for (org, kinds, wanted) in [(2, app, Some(2)), (2, key, None), (3, app, None)] {
        let found = store.member_without(org_id(org), FactorKinds::NONE.with(kinds)).await.answer();
        assert_eq!(found, wanted.map(user_id), "a member of another organisation was looked at");
    }
}
