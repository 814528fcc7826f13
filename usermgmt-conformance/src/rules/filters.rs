//! Which users a list holds.

use usermgmt_core::id::RealmId;
use usermgmt_core::model::{Identifier, IdentifierKind, User, UserFilter, UserKind, UserStatus, Version};
use usermgmt_core::page::PageRequest;
use usermgmt_core::store::Write;

use super::paging::pages;
use crate::AnyStore;
use crate::kit::{Answer, REALM, commit, identifier, other_realm, pairs, user, user_id};

const EVERYBODY: UserFilter = UserFilter { status: None, kind: None, identifier_prefix: None };

/// Identifiers that a prefix may take for each other.
pub(super) const CANONICALS: [&str; 17] = [
    "ann@example.test",
    "Ann@example.test",
    "ANN@example.test",
    "anne@example.test",
    "an",
    "joann@example.test",
    " ann@example.test",
    "ánn@example.test",
    "a\u{301}nn@example.test",
    "ann\u{10ffff}",
    "ann\u{10ffff}\u{10ffff}z",
    "ann\u{d7ff}",
    "ann\u{e000}",
    "anñ",
    "ao",
    "\u{10ffff}",
    "\u{10ffff}\u{10ffff}",
];

/// Prefixes of some of them.
pub(super) const PREFIXES: [&str; 13] =
    ["a", "A", "an", "ann", "ann@", "nn", "á", "a\u{301}", " ", "ann ", "b", "ann\u{d7ff}", "\u{10ffff}"];

/// Which of them begin so, by number.
pub(super) fn beginning(prefix: &str) -> Vec<u128> {
    let wanted = (1..).zip(CANONICALS).filter(|(_, canonical)| canonical.starts_with(prefix));
    wanted.map(|(number, _)| number).collect()
}

fn begins(prefix: &str) -> UserFilter {
    UserFilter { identifier_prefix: Some(prefix.to_owned()), ..EVERYBODY }
}

/// The users that a filter lets through, by number.
async fn found(store: &AnyStore, realm: RealmId, filter: &UserFilter) -> Vec<u128> {
    let page = store.users(realm, filter, PageRequest::first(200)).await.answer();
    assert_eq!(page.next, None, "a list that fits on one page goes on");
    page.items.iter().map(|row| row.id.as_uuid().as_u128()).collect()
}

/// Users 1, 2, 3 … with one identifier each.
async fn named(store: &AnyStore, canonicals: &[&str]) {
    for (number, canonical) in (1..).zip(canonicals) {
        commit(store, [Write::PutUser(user(number)), Write::PutIdentifier(identifier(number, canonical))]).await;
    }
}

/// An empty filter, or one with an empty prefix, lets everybody through, whoever has no identifier included.
pub async fn an_empty_filter_lets_everybody_through(store: AnyStore) {
    named(&store, &["a@example.test", "b@example.test"]).await;
    let others = [User { kind: UserKind::Guest, ..user(3) }, User { status: UserStatus::Suspended, ..user(4) }];
    commit(&store, others.map(Write::PutUser)).await;
    for filter in [EVERYBODY, begins("")] {
        let read = found(&store, REALM, &filter).await;
        assert_eq!(read, [1, 2, 3, 4], "an empty filter does not let everybody through: {filter:?}");
    }
}

/// Users are found among ids, each once and by id; an id that is nobody's, here, finds nobody.
pub async fn users_are_found_among_ids(store: AnyStore) {
    let there = User { realm: other_realm(), ..user(4) };
    commit(&store, [user(2), user(1), user(3), there].map(Write::PutUser)).await;
    let many: Vec<_> = (1..=400).rev().map(user_id).collect();
    for (ids, wanted) in [
        ([].as_slice(), [].as_slice()),
        (&[3, 1, 3].map(user_id), &[1, 3]),
        (&[9, 4, 2].map(user_id), &[2]),
        (&many, &[1, 2, 3]),
    ] {
        let read = store.users_among(REALM, ids).await.answer();
        let read: Vec<_> = read.iter().map(|user| user.id.as_uuid().as_u128()).collect();
        assert_eq!(read, wanted, "not exactly those who have these ids are found, each once and by id");
    }
    let found = store.users_among(REALM, &[user_id(2)]).await.answer();
    assert_eq!(found.first(), store.user(REALM, user_id(2)).await.answer().as_ref(), "a user is not read whole");
}

/// A filter by status, by kind, or by both lets through exactly those who have them.
pub async fn users_are_filtered_by_status_and_kind(store: AnyStore) {
    let each = pairs(UserStatus::ALL, UserKind::ALL);
    let users: Vec<_> = (1..).zip(each.iter().chain(&each).copied()).collect();
    let writes = users.iter().map(|(number, (status, kind))| {
        let (status, kind) = (*status, *kind);
        Write::PutUser(User { status, kind, ..user(*number) })
    });
    commit(&store, writes.collect::<Vec<_>>()).await;
    let statuses: Vec<_> = [None].into_iter().chain(UserStatus::ALL.iter().copied().map(Some)).collect();
    let kinds: Vec<_> = [None].into_iter().chain(UserKind::ALL.iter().copied().map(Some)).collect();
    for (status, kind) in pairs(&statuses, &kinds) {
        let filter = UserFilter { status, kind, ..EVERYBODY };
        let wanted = users.iter().filter(|(_, (has_status, has_kind))| {
            status.is_none_or(|status| status == *has_status) && kind.is_none_or(|kind| kind == *has_kind)
        });
        let wanted: Vec<_> = wanted.map(|(number, _)| *number).collect();
        assert_eq!(found(&store, REALM, &filter).await, wanted, "not exactly those were let through: {filter:?}");
    }
}

/// A prefix is compared with the canonical form byte for byte, from its beginning: no part of the middle, no other
/// case, no other accent, nothing longer than the identifier; and the last character there is ends no list.
pub async fn a_prefix_is_compared_byte_for_byte(store: AnyStore) {
    named(&store, &CANONICALS).await;
    for prefix in PREFIXES.iter().chain(&CANONICALS) {
        let read = found(&store, REALM, &begins(prefix)).await;
        assert_eq!(
            read,
            beginning(prefix),
            "not exactly those whose identifier begins so were let through: {prefix:?}"
        );
    }
}

/// What means something in a pattern means itself in a prefix.
pub async fn a_prefix_is_no_pattern(store: AnyStore) {
    let canonicals = [
        "ann", "a%", "a_", "%", "_", "a%nn", "\\", "a\\%", "[a]", "a*", "a?", ".*", "^a", "'", "a' or '1", "a\"", "$1",
    ];
    named(&store, &canonicals).await;
    for prefix in canonicals.iter().chain(&["a%n", "%n", "_nn", "a__", "%%", "a\\", "[", "a.", "[a-z]", "?", "*"]) {
        let wanted = (1..).zip(canonicals).filter(|(_, canonical)| canonical.starts_with(prefix));
        let wanted: Vec<_> = wanted.map(|(number, _)| number).collect();
        let read = found(&store, REALM, &begins(prefix)).await;
        assert_eq!(read, wanted, "a prefix was taken for a pattern: {prefix:?}");
    }
}

/// A prefix with U+0000 is an honest question, and is not cut there: it finds nobody whose identifier has none.
pub async fn a_nul_in_a_prefix_finds_nobody(store: AnyStore) {
    named(&store, &["a@example.test", "a"]).await;
    for prefix in ["\0", "a\0", "a@\0", "a@example.test\0", "\0a"] {
        assert_eq!(found(&store, REALM, &begins(prefix)).await, [], "a prefix was cut at U+0000: {prefix:?}");
    }
}

/// Of a user's identifiers any may begin so, whether it is primary or proven; the user is listed once.
pub async fn any_identifier_of_a_user_counts_once(store: AnyStore) {
    named(&store, &["b@example.test", "c@example.test"]).await;
    let open = |canonical| Identifier { primary: false, verified_at: None, ..identifier(1, canonical) };
    commit(&store, ["a1", "a2", "b2"].map(|canonical| Write::PutIdentifier(open(canonical)))).await;
    for (prefix, wanted) in [("a", vec![1]), ("a2", vec![1]), ("b", vec![1]), ("c", vec![2]), ("d", vec![])] {
        let read = found(&store, REALM, &begins(prefix)).await;
        assert_eq!(read, wanted, "a user is missing, or listed for every identifier: {prefix:?}");
    }
}

/// A user is found by address, by phone number and by username, and not by what a username looks like.
pub async fn looks_of_usernames_find_nobody(store: AnyStore) {
    named(&store, &["a@example.test", "b@example.test"]).await;
    let of = |kind, canonical| Identifier { kind, ..identifier(1, canonical) };
    let rows = [
        of(IdentifierKind::Phone, "+447700900123"),
        of(IdentifierKind::Username, "name"),
        of(IdentifierKind::UsernameLook, "look"),
    ];
    commit(&store, rows.map(Write::PutIdentifier)).await;
    for (prefix, wanted) in [("a@", vec![1]), ("+4477", vec![1]), ("nam", vec![1]), ("loo", vec![]), ("", vec![1, 2])] {
        let read = found(&store, REALM, &begins(prefix)).await;
        assert_eq!(read, wanted, "users are found by what is no name of theirs, or not by what is: {prefix:?}");
    }
}

/// A filter looks at its own realm only, at the users and at their identifiers.
pub async fn a_filter_sees_its_own_realm_only(store: AnyStore) {
    let there = other_realm();
    named(&store, &["a@example.test"]).await;
    let foreign = |number, canonical| {
        let row = Identifier { realm: there, ..identifier(number, canonical) };
        [Write::PutUser(User { realm: there, ..user(number) }), Write::PutIdentifier(row)]
    };
    commit(&store, foreign(2, "a@example.test").into_iter().chain(foreign(3, "ab@example.test"))).await;
    let active = UserFilter { status: Some(UserStatus::Active), kind: Some(UserKind::User), ..EVERYBODY };
    for filter in [EVERYBODY, begins(""), begins("a"), active] {
        for (realm, wanted) in [(REALM, vec![1]), (there, vec![2, 3])] {
            let read = found(&store, realm, &filter).await;
            assert_eq!(read, wanted, "a filter lets through users of another realm: {filter:?}");
        }
    }
    assert_eq!(found(&store, REALM, &begins("ab")).await, [], "a user was found by an identifier of another realm");
}

/// All parts of a filter must hold.
pub async fn all_parts_of_a_filter_must_hold(store: AnyStore) {
    named(&store, &["a1", "a2", "a3", "b4"]).await;
    let version = Version::NEW.next();
    let edited = [
        User { status: UserStatus::Suspended, kind: UserKind::Admin, version, ..user(1) },
        User { status: UserStatus::Suspended, version, ..user(2) },
        User { kind: UserKind::Admin, version, ..user(3) },
        User { status: UserStatus::Suspended, kind: UserKind::Admin, version, ..user(4) },
    ];
    commit(&store, edited.map(Write::PutUser)).await;
    let (status, kind) = (Some(UserStatus::Suspended), Some(UserKind::Admin));
    let cases = [
        (UserFilter { status, kind, ..begins("a") }, vec![1]),
        (UserFilter { status, ..begins("a") }, vec![1, 2]),
        (UserFilter { kind, ..begins("a") }, vec![1, 3]),
        (UserFilter { status, kind, ..EVERYBODY }, vec![1, 4]),
        (UserFilter { status, kind, ..begins("") }, vec![1, 4]),
        (UserFilter { status, kind, ..begins("c") }, vec![]),
    ];
    for (filter, wanted) in cases {
        assert_eq!(found(&store, REALM, &filter).await, wanted, "a part of a filter was left out: {filter:?}");
    }
}

/// A filter sees what stands now: edits of status and kind, and identifiers that came and went.
pub async fn a_filter_follows_every_write(store: AnyStore) {
    named(&store, &["a@example.test"]).await;
    let admins = UserFilter { kind: Some(UserKind::Admin), ..EVERYBODY };
    assert_eq!(found(&store, REALM, &admins).await, [], "a user of one kind was found as one of another");
    let version = Version::NEW.next();
    commit(&store, [Write::PutUser(User { kind: UserKind::Admin, version, ..user(1) })]).await;
    assert_eq!(found(&store, REALM, &admins).await, [1], "a user whose kind was edited is not found by it");
    let (kind, canonical) = (IdentifierKind::Email, "a@example.test".to_owned());
    let removal = Write::DeleteIdentifier { realm: REALM, kind, canonical, user: user_id(1), version };
    commit(&store, [removal, Write::PutIdentifier(identifier(1, "b@example.test"))]).await;
    assert_eq!(found(&store, REALM, &begins("a@")).await, [], "a user was found by an identifier that was removed");
    assert_eq!(found(&store, REALM, &begins("b@")).await, [1], "a user is not found by a new identifier");
}

/// A filtered list is paged without gap or repeat: those who are not let through take no room on a page.
pub async fn a_filtered_list_is_paged(store: AnyStore) {
    let wanted: [u128; 6] = [10, 20, 30, 40, 50, 60];
    for number in [40, 10, 60, 30, 20, 50] {
        let admin = User { kind: UserKind::Admin, ..user(number) };
        // The order of the addresses is not that of the users, and each user has two that begin so.
        let names = [format!("a{}", 99 - number), format!("a{number}x")];
        let names = names.map(|canonical| Write::PutIdentifier(identifier(number, &canonical)));
        commit(&store, [Write::PutUser(admin)].into_iter().chain(names)).await;
    }
    for (number, kind, name) in [(5, UserKind::User, "a"), (25, UserKind::Admin, "b"), (65, UserKind::Guest, "a")] {
        let others = (number..number + 4).flat_map(|number| {
            let name = Write::PutIdentifier(identifier(number, &format!("{name}{number}")));
            [Write::PutUser(User { kind, ..user(number) }), name]
        });
        commit(&store, others).await;
    }
    let filter = UserFilter { kind: Some(UserKind::Admin), ..begins("a") };
    pages(&wanted.map(user_id), |page| store.users(REALM, &filter, page), |row| row.id).await;
    let behind = store.users(REALM, &filter, PageRequest::first(2).after(user_id(26))).await.answer();
    let behind: Vec<_> = behind.items.iter().map(|row| row.id).collect();
    assert_eq!(behind, [30, 40].map(user_id), "a page does not continue behind a key that the filter keeps out");
}
