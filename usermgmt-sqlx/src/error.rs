//! From what the driver says to what the caller should do: the one place where that is decided.

use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::MigrateError;
use usermgmt_core::store::{Guard, StoreError, StoreErrorKind, UniqueKey};

/// Unique indexes with a meaning of their own, as PostgreSQL and as SQLite name them. Every other unique rule is an id.
const UNIQUE: &[(&str, &str, UniqueKey)] = &[
    ("usermgmt_slug_pkey", "usermgmt_slug.slug", UniqueKey::OrgSlug),
    ("usermgmt_identifier_pkey", "usermgmt_identifier.realm", UniqueKey::Identifier),
    ("usermgmt_key_check_pkey", "usermgmt_key_check.only_row", UniqueKey::KeyCheck),
];

/// Any error but that of a COMMIT.
pub(crate) fn error(error: sqlx::Error) -> StoreError {
    let kind = match &error {
        sqlx::Error::Database(database) => by_database(database.as_ref()),
        sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::Decode(_)
        | sqlx::Error::TypeNotFound { .. } => StoreErrorKind::Corrupt,
        sqlx::Error::Encode(_) => StoreErrorKind::Unsupported,
        // The connection, the pool or the driver's thread: nothing was committed.
        _ => StoreErrorKind::Unavailable,
    };
    StoreError::caused_by(kind, error)
}

/// The error of a COMMIT. Only when the database says that it did not commit do we know; a lost connection may have
/// carried the command or not.
pub(crate) fn at_commit(failure: sqlx::Error) -> StoreError {
    let known = match &failure {
        sqlx::Error::Database(database) => !is_shutdown(database.as_ref()),
        _ => false,
    };
    if known { error(failure) } else { StoreError::caused_by(StoreErrorKind::OutcomeUnknown, failure) }
}

/// Whether migrating failed because a newer release has migrated this database.
pub(crate) const fn is_newer(failure: &MigrateError) -> bool {
    matches!(
        failure,
        MigrateError::VersionMissing(_) | MigrateError::VersionNotPresent(_) | MigrateError::VersionTooNew(..)
    )
}

/// Errors of migrating.
pub(crate) fn migration(failure: MigrateError) -> StoreError {
    match failure {
        MigrateError::Execute(failure) | MigrateError::ExecuteMigration(failure, _) => error(failure),
        // A newer release has migrated this database.
        MigrateError::VersionMissing(_) | MigrateError::VersionNotPresent(_) | MigrateError::VersionTooNew(..) => {
            StoreError::caused_by(StoreErrorKind::Unsupported, failure)
        }
        other => StoreError::caused_by(StoreErrorKind::Corrupt, other),
    }
}

pub(crate) const CONFLICT: StoreErrorKind = StoreErrorKind::Conflict;

pub(crate) const fn refused(guard: Guard) -> StoreErrorKind {
    StoreErrorKind::Refused(guard)
}

pub(crate) const fn duplicate(key: UniqueKey) -> StoreErrorKind {
    StoreErrorKind::Duplicate(key)
}

fn by_database(failure: &dyn DatabaseError) -> StoreErrorKind {
    match failure.kind() {
        ErrorKind::UniqueViolation => {
            let named = |(postgres, sqlite, _): &&(&str, &str, UniqueKey)| match failure.constraint() {
                Some(constraint) => constraint == *postgres,
                None => failure.message().contains(sqlite),
            };
            duplicate(UNIQUE.iter().find(named).map_or(UniqueKey::Id, |(_, _, key)| *key))
        }
        // The row it refers to has gone since it was read.
        ErrorKind::ForeignKeyViolation => CONFLICT,
        ErrorKind::NotNullViolation | ErrorKind::CheckViolation | ErrorKind::ExclusionViolation => {
            StoreErrorKind::Unsupported
        }
        _ => by_code(failure.code().as_deref().unwrap_or_default()),
    }
}

/// SQLSTATE has five characters, a result code of SQLite at most four digits, so one function can read both.
fn by_code(code: &str) -> StoreErrorKind {
    match code {
        // serialization_failure, deadlock_detected, lock_not_available
        "40001" | "40P01" | "55P03" => CONFLICT,
        "XX001" | "XX002" => StoreErrorKind::Corrupt,
        // Data exceptions and exceeded limits: PostgreSQL will not take this value, however often it is asked.
        _ if code.len() == 5 && (code.starts_with("22") || code.starts_with("54")) => StoreErrorKind::Unsupported,
        _ if code.len() == 5 => StoreErrorKind::Unavailable,
        _ => match primary(code) {
            // BUSY, LOCKED
            5 | 6 => CONFLICT,
            // CORRUPT, NOTADB
            11 | 26 => StoreErrorKind::Corrupt,
            // TOOBIG, MISMATCH
            18 | 20 => StoreErrorKind::Unsupported,
            _ => StoreErrorKind::Unavailable,
        },
    }
}

/// Whether the database gave up while it may already have committed: PostgreSQL ended the connection (it says so also
/// when it stops to wait for a standby after having committed), SQLite met an I/O error.
fn is_shutdown(failure: &dyn DatabaseError) -> bool {
    let code = failure.code();
    let code = code.as_deref().unwrap_or_default();
    match code.len() {
        // 40003 says of itself that it does not know; a pooler may.
        5 => code == "40003" || ["08", "57", "58", "XX"].iter().any(|class| code.starts_with(class)),
        _ => primary(code) == 10,
    }
}

/// The primary result code of SQLite: the low eight bits of the extended one.
fn primary(code: &str) -> u32 {
    code.parse::<u32>().unwrap_or_default() & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_the_caller_should_do() {
        for (code, kind) in [
            ("40001", StoreErrorKind::Conflict),
            ("40P01", StoreErrorKind::Conflict),
            ("5", StoreErrorKind::Conflict),
            ("517", StoreErrorKind::Conflict),
            ("6", StoreErrorKind::Conflict),
            ("22021", StoreErrorKind::Unsupported),
            ("42P01", StoreErrorKind::Unavailable),
            ("53300", StoreErrorKind::Unavailable),
            // A server that stops, was killed, starts, has no connection left, or follows another one.
            ("57P01", StoreErrorKind::Unavailable),
            ("57P02", StoreErrorKind::Unavailable),
            ("57P03", StoreErrorKind::Unavailable),
            ("57P05", StoreErrorKind::Unavailable),
            ("08003", StoreErrorKind::Unavailable),
            ("08006", StoreErrorKind::Unavailable),
            ("08P01", StoreErrorKind::Unavailable),
            ("25006", StoreErrorKind::Unavailable),
            ("0A000", StoreErrorKind::Unavailable),
            ("55000", StoreErrorKind::Unavailable),
            ("3D000", StoreErrorKind::Unavailable),
            ("28P01", StoreErrorKind::Unavailable),
            ("42501", StoreErrorKind::Unavailable),
            ("26000", StoreErrorKind::Unavailable),
            ("57014", StoreErrorKind::Unavailable),
            ("40003", StoreErrorKind::Unavailable),
            ("13", StoreErrorKind::Unavailable),
            ("11", StoreErrorKind::Corrupt),
        ] {
            assert_eq!(by_code(code), kind, "{code}");
        }
    }

    #[test]
    fn a_connection_that_is_lost_in_commit_leaves_the_outcome_unknown() {
        let lost = || sqlx::Error::Io(std::io::ErrorKind::BrokenPipe.into());
        assert_eq!(at_commit(lost()).kind(), StoreErrorKind::OutcomeUnknown);
        assert_eq!(error(lost()).kind(), StoreErrorKind::Unavailable);
    }
}
