//! Which migrations there are and whether a database has them.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use usermgmt_core::store::{Result, StoreError, StoreErrorKind};

/// Our own record of what was migrated, so that the application's migrations and ours do not see each other.
const TABLE: &str = "_usermgmt_migrations";

/// What was applied: number, checksum, whether it succeeded, and the name with what a newer release says beside it.
pub(crate) const APPLIED: &str = "SELECT version, checksum, success, description FROM _usermgmt_migrations";

/// A row of [`APPLIED`].
pub(crate) type Applied = (i64, Vec<u8>, bool, String);

/// A migration: its number, its name, the oldest release that may go on using the tables after it (as the number of
/// that release's last migration), and its text.
pub(crate) type Script = (i64, &'static str, i64, &'static str);

/// Stands in the record between the name of a migration and the oldest release that may go on using the tables. So what
/// a release has to know about a newer one is there as soon as the newer tables are, and in the same transaction.
const COMPATIBLE: &str = ", compatible from ";

/// How the tables in a database compare with what this release expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schema {
    /// Exactly what is expected.
    Current,
    /// Migrations have to run first; in an empty database, all.
    Behind,
    /// A newer release has migrated it, and has only added what this one does not need: both may use it.
    Expanded,
    /// A newer release has migrated it: this one must not use it.
    Ahead,
    /// A migration ran in another form than this release knows, or did not run to its end.
    Altered,
}

impl Schema {
    /// Whether this release can use the tables as they are.
    ///
    /// # Errors
    /// [`Unsupported`](StoreErrorKind::Unsupported) or [`Corrupt`](StoreErrorKind::Corrupt), with the reason.
    pub(crate) fn usable(self) -> Result<()> {
        let (kind, why) = match self {
            Self::Current | Self::Expanded => return Ok(()),
            Self::Behind => (StoreErrorKind::Unsupported, "the tables are older than this release: migrate them first"),
            Self::Ahead => (StoreErrorKind::Unsupported, "a newer release has changed the tables: this one is too old"),
            Self::Altered => (StoreErrorKind::Corrupt, "a migration was altered, or did not run to its end"),
        };
        Err(StoreError::caused_by(kind, why))
    }
}

/// The migrations of one dialect.
pub(crate) fn migrator(scripts: &[Script]) -> Migrator {
    let migrations = scripts.iter().map(|(number, name, oldest, script)| {
        // After one that only its own release understands there is nothing to say.
        let described =
            if oldest < number { Cow::Owned(format!("{name}{COMPATIBLE}{oldest}")) } else { Cow::Borrowed(*name) };
        Migration::new(*number, described, MigrationType::Simple, script.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

/// Compares what was applied with what is expected.
pub(crate) fn compare(migrator: &Migrator, applied: &[Applied]) -> Schema {
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    let unknown = || applied.iter().filter(|(version, ..)| !migrator.version_exists(*version));
    if unknown().any(|row| !is_compatible(row, newest)) {
        return Schema::Ahead;
    }
    let mut schema = if unknown().next().is_some() { Schema::Expanded } else { Schema::Current };
    for migration in migrator.iter() {
        match applied.iter().find(|(version, ..)| *version == migration.version) {
            Some((_, checksum, true, _)) if *checksum == *migration.checksum => {}
            Some(_) => return Schema::Altered,
            None => schema = Schema::Behind,
        }
    }
    schema
}

/// Whether a migration that this release does not know came after all it knows, and says that a release whose last
/// migration has the number `newest` may go on.
fn is_compatible((version, _, succeeded, description): &Applied, newest: i64) -> bool {
    let oldest = description.rsplit_once(COMPATIBLE).and_then(|(_, oldest)| oldest.parse::<i64>().ok());
    *version > newest && *succeeded && oldest.is_some_and(|oldest| oldest <= newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Script] = &[(1, "begin", 1, "SELECT 1"), (2, "more", 1, "SELECT 2")];

    /// A database that a release with these migrations has made.
    fn made_by(scripts: &[Script]) -> Vec<Applied> {
        let row = |migration: &Migration| {
            (migration.version, migration.checksum.to_vec(), true, migration.description.to_string())
        };
        migrator(scripts).iter().map(row).collect()
    }

    fn with(next: Script) -> Vec<Applied> {
        made_by(&[KNOWN, &[next]].concat())
    }

    #[test]
    fn a_newer_release_says_who_may_go_on() {
        let compare = |applied: &[Applied]| super::compare(&migrator(KNOWN), applied);
        assert_eq!(compare(&made_by(KNOWN)), Schema::Current);
        assert_eq!(compare(&made_by(&KNOWN[..1])), Schema::Behind);
        assert_eq!(compare(&with((3, "next", 2, "SELECT 3"))), Schema::Expanded);
        assert_eq!(compare(&with((3, "next", 1, "SELECT 3"))), Schema::Expanded);
        assert_eq!(compare(&with((3, "next", 3, "SELECT 3"))), Schema::Ahead, "it says nothing, so nobody else may");
        let mut half = with((3, "next", 2, "SELECT 3"));
        half[2].2 = false;
        assert_eq!(compare(&half), Schema::Ahead, "it has not ended");
        // Two steps: the second takes away what the first has left.
        let mut two = with((3, "next", 2, "SELECT 3"));
        two.extend(with((4, "contract", 3, "SELECT 4")).into_iter().filter(|row| row.0 == 4));
        assert_eq!(compare(&two), Schema::Ahead);
        let mut altered = with((3, "next", 2, "SELECT 3"));
        altered[0].1 = vec![0];
        assert_eq!(compare(&altered), Schema::Altered);
        let before = (0, "a name, compatible from 0", 0, "SELECT 0");
        assert_eq!(compare(&made_by(&[&[before], KNOWN].concat())), Schema::Ahead, "not behind what is known");
    }

    #[test]
    fn a_schema_that_is_not_usable_says_why() {
        assert!(Schema::Current.usable().is_ok() && Schema::Expanded.usable().is_ok());
        for (schema, word) in [(Schema::Behind, "older"), (Schema::Ahead, "newer"), (Schema::Altered, "altered")] {
            let failure = schema.usable().unwrap_err();
            assert!(std::error::Error::source(&failure).unwrap().to_string().contains(word));
        }
    }
}
