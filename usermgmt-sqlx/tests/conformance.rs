//! Both stores prove themselves with the published suite: as they are, and on tables that a newer release has migrated,
//! PostgreSQL then behind a pooler, too.

mod support;

#[cfg(feature = "sqlite")]
mod sqlite {
    use crate::support::sqlite;

    usermgmt_conformance::store_tests!(sqlite, name = "sqlite", nul_in_text = false);
}

#[cfg(feature = "sqlite")]
mod sqlite_expanded {
    use crate::support::expanded_sqlite;

    usermgmt_conformance::store_tests!(expanded_sqlite, name = "sqlite", nul_in_text = false);
}

#[cfg(feature = "postgres")]
macro_rules! tests {
    ([$store:ident, $left_out:ident] $($group:ident { $($rule:ident $(($with:ident))?)* })*) => { $($(
        #[test]
        fn $rule() {
            if !$left_out() {
                let profile = usermgmt_conformance::Profile::new().name("postgres").nul_in_text(false);
                usermgmt_conformance::prove(stringify!($rule), profile, $store);
            }
        }
    )*)* };
}

#[cfg(feature = "postgres")]
mod postgres {
    use crate::support::{emptied_postgres, without_postgres};

    usermgmt_conformance::each_rule!([tests] emptied_postgres, without_postgres);
}

#[cfg(feature = "postgres")]
mod postgres_pooled_and_expanded {
    use crate::support::{pooled_and_expanded, without_pgbouncer};

    usermgmt_conformance::each_rule!([tests] pooled_and_expanded, without_pgbouncer);
}
