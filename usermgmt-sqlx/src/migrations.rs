//! Which migrations there are and whether a database has them.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Our own record of what was migrated, so that the application's migrations and ours do not see each other.
const TABLE: &str = "_usermgmt_migrations";

/// How the tables in a database compare with what this release expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schema {
    /// Exactly what is expected.
    Current,
    /// Migrations have to run first; in an empty database, all.
    Behind,
    /// A newer release has migrated it: this one must not use it.
    Ahead,
    /// A migration ran in another form than this release knows, or did not run to its end.
    Altered,
}

/// The migrations of one dialect, each with its number and name.
pub(crate) fn migrator(scripts: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migrations = scripts.iter().map(|(number, name, script)| {
        Migration::new(*number, Cow::Borrowed(*name), MigrationType::Simple, script.into_sql_str(), false)
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.dangerous_set_table_name(TABLE);
    migrator
}

/// Compares what was applied (number, checksum, whether it succeeded) with what is expected.
pub(crate) fn compare(migrator: &Migrator, applied: &[(i64, Vec<u8>, bool)]) -> Schema {
    if applied.iter().any(|(version, ..)| !migrator.version_exists(*version)) {
        return Schema::Ahead;
    }
    let mut schema = Schema::Current;
    for migration in migrator.iter() {
        match applied.iter().find(|(version, ..)| *version == migration.version) {
            Some((_, checksum, true)) if *checksum == *migration.checksum => {}
            Some(_) => return Schema::Altered,
            None => schema = Schema::Behind,
        }
    }
    schema
}
