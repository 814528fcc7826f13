//! What roles give, beside a model that works it out another way.

use usermgmt_core::model::{CustomRole, RoleKey};
use usermgmt_core::permission::{OWN, Roles};
use usermgmt_tests::report::Report;

use crate::team::Dice;

/// What a role gives, worked out another way: as the set of all permissions of a small world in which no list of
/// permissions is ever complete.
mod model {
    use std::collections::BTreeSet;

    pub(super) const WORLD: [&str; 12] = [
        "thing:read",
        "thing:write",
        "thing:other",
        "thing.part:read",
        "things:read",
        "things:other",
        "organization:own",
        "organization:manage",
        "organization:other",
        "member:add",
        "member:other",
        "other:other",
    ];

    pub(super) fn given(right: &str) -> BTreeSet<&'static str> {
        let (resource, action) = right.split_once(':').unwrap_or((right, "*"));
        let matches = |permission: &&&'static str| {
            let (its_resource, its_action) = permission.split_once(':').unwrap();
            (resource == "*" || resource == its_resource) && (action == "*" || action == its_action)
        };
        WORLD.iter().filter(matches).filter(|permission| **permission != "organization:own").copied().collect()
    }

    /// Roles of the code stand first; only `owner` owns.
    pub(super) fn may(
        code: &[(String, Vec<String>)],
        own: &[(String, Vec<String>)],
        held: &[String],
    ) -> BTreeSet<&'static str> {
        let rights = |role: &String| {
            let found = code.iter().find(|(key, _)| key == role).or(own.iter().find(|(key, _)| key == role));
            let mut all: BTreeSet<_> =
                found.iter().flat_map(|(_, rights)| rights).flat_map(|right| given(right)).collect();
            all.extend((role == "owner").then_some("organization:own"));
            all
        };
        held.iter().flat_map(rights).collect()
    }
}

#[test]
fn rights_are_what_an_independent_model_says() {
    const RIGHTS: [&str; 11] = [
        "*",
        "thing:*",
        "thing:read",
        "thing:write",
        "things:*",
        "things:read",
        "thing.part:read",
        "organization:*",
        OWN,
        "organization:manage",
        "member:add",
    ];
    const NAMES: [&str; 6] = ["owner", "admin", "member", "editor", "press", "gone"];
    let mut dice = Dice::new();
    let (mut allowed, mut included) = (0, 0);
    for _ in 0..100_000 {
        let mut role = |name: &str| {
            let rights = (0..dice.below(4)).map(|_| dice.pick(&RIGHTS).to_owned()).collect::<Vec<_>>();
            (name.to_owned(), rights)
        };
        let mut code = vec![role("editor")];
        code.extend([("owner", "*"), ("admin", "*")].map(|(key, right)| (key.to_owned(), vec![right.to_owned()])));
        code.push(("member".into(), vec![]));
        let own = ["press", "editor", "owner"].map(role);
        let [held, others] =
            [(); 2].map(|()| (0..dice.below(4)).map(|_| dice.pick(&NAMES).to_owned()).collect::<Vec<_>>());

        let mut roles = Roles::default();
        roles.set("editor", code[0].1.iter().map(String::as_str)).unwrap();
        let custom: Vec<_> = own
            .iter()
            .map(|(key, rights)| CustomRole { key: RoleKey::new(key), name: "Any".into(), rights: rights.clone() })
            .collect();
        let as_keys = |names: &[String]| names.iter().map(RoleKey::new).collect::<Vec<_>>();
        let (held_keys, other_keys) = (as_keys(&held), as_keys(&others));
        let (rights, more) = (roles.held(&custom, &held_keys), roles.held(&custom, &other_keys));
        let (may, they_may) = (model::may(&code, &own, &held), model::may(&code, &own, &others));
        for permission in model::WORLD {
            assert_eq!(rights.give(permission), may.contains(permission), "{permission} {held:?} {code:?} {own:?}");
            allowed += u32::from(may.contains(permission));
        }
        assert_eq!(rights.include(more), may.is_superset(&they_may), "{held:?} {others:?} {code:?} {own:?}");
        included += u32::from(may.is_superset(&they_may) && !they_may.is_empty());
    }
    assert!(allowed > 100_000 && included > 5_000, "{allowed} {included}: not all cases are the same");
    let report = Report::new("rights_are_what_an_independent_model_says", "-", "-");
    report.case("OR-18");
    report.twin("OR-18");
    report.write();
}
