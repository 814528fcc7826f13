//! By hand on SQLite.

#[path = "by_hand.rs"]
mod by_hand;

pub(super) use by_hand::{by_hand, rows};
pub(super) use sqlx::SqliteConnection as Connection;

/// The transaction, as the library begins it.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
/// The check of the caller's authority that the library makes in the same transaction.
pub(super) const AUTHORITY: &str = "SELECT 1 FROM usermgmt_user JOIN usermgmt_session ON usermgmt_session.user_id = usermgmt_user.id \
     WHERE usermgmt_user.id = $1 AND usermgmt_user.auth_epoch = $2 AND usermgmt_user.status = 'active' \
     AND usermgmt_session.id = $3 AND usermgmt_session.auth_epoch = $2 AND usermgmt_session.ended_at IS NULL";
/// The row that other processes hear of.
pub(super) const CHANGE: &str =
    "INSERT INTO usermgmt_change (user_id, session_id, org_id, changed_at) VALUES ($1, $2, $3, $4)";
