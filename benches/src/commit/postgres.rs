//! By hand on PostgreSQL.

#[path = "by_hand.rs"]
mod by_hand;

pub(super) use by_hand::{by_hand, rows};
pub(super) use sqlx::PgConnection as Connection;

/// The transaction, as the library begins it.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// The check of the caller's authority that the library makes in the same transaction.
pub(super) const AUTHORITY: &str = "SELECT 1 FROM usermgmt_user JOIN usermgmt_session ON usermgmt_session.user_id = usermgmt_user.id \
     WHERE usermgmt_user.id = $1 AND usermgmt_user.auth_epoch = $2 AND usermgmt_user.status = 'active' \
     AND usermgmt_session.id = $3 AND usermgmt_session.auth_epoch = $2 AND usermgmt_session.ended_at IS NULL \
     FOR SHARE OF usermgmt_user, usermgmt_session";
/// The row that other processes hear of, with the notice that comes before its number.
pub(super) const CHANGE: &str = "WITH notice AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(\
     'usermgmt_change'::regclass::oid::int, ((last_value - (NOT is_called)::int) & 2147483647)::int) \
     FROM usermgmt_change_number_seq) \
     INSERT INTO usermgmt_change (number, user_id, session_id, org_id, changed_at) \
     SELECT nextval('usermgmt_change_number_seq'), $1, $2, $3, $4 FROM notice";
