//! Both stores prove themselves with the published suite.

mod support;

#[cfg(feature = "sqlite")]
mod sqlite {
    use crate::support::sqlite;

    usermgmt_conformance::store_tests!(sqlite, name = "sqlite", nul_in_text = false);
}

#[cfg(feature = "postgres")]
mod postgres {
    use usermgmt_conformance::Profile;

    use crate::support::{postgres, without_postgres};

    macro_rules! tests {
        ([] $($group:ident { $($rule:ident $(($with:ident))?)* })*) => { $($(
            #[test]
            fn $rule() {
                if !without_postgres() {
                    let profile = Profile::new().name("postgres").nul_in_text(false);
                    usermgmt_conformance::prove(stringify!($rule), profile, postgres);
                }
            }
        )*)* };
    }

    usermgmt_conformance::each_rule!([tests]);
}
