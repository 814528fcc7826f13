//! Whether the caller's authority still stands, and that it stands until the commit.

use sqlx::query;
use usermgmt_core::model::{MembershipStatus, OrgStatus, UserStatus};
use usermgmt_core::store::{Guard, Result, StillAuthorised, StoreError, Write};

use super::Apply;
use crate::error::refused;
use crate::value::int;

macro_rules! of_user {
    ($lock:expr) => {
        concat!(
            "SELECT 1 FROM usermgmt_user",
            " JOIN usermgmt_session ON usermgmt_session.user_id = usermgmt_user.id",
            " WHERE usermgmt_user.id = $1 AND usermgmt_user.auth_epoch = $2 AND usermgmt_user.status = $3",
            " AND usermgmt_session.id = $4 AND usermgmt_session.auth_epoch = $2",
            " AND usermgmt_session.ended_at IS NULL",
            $lock
        )
    };
}

macro_rules! of_member {
    ($lock:expr) => {
        concat!(
            "SELECT 1 FROM usermgmt_user",
            " JOIN usermgmt_session ON usermgmt_session.user_id = usermgmt_user.id",
            " JOIN usermgmt_membership ON usermgmt_membership.user_id = usermgmt_user.id",
            " JOIN usermgmt_org ON usermgmt_org.id = usermgmt_membership.org_id",
            " WHERE usermgmt_user.id = $1 AND usermgmt_user.auth_epoch = $2 AND usermgmt_user.status = $3",
            " AND usermgmt_session.id = $4 AND usermgmt_session.auth_epoch = $2",
            " AND usermgmt_session.ended_at IS NULL",
            " AND usermgmt_membership.org_id = $5 AND usermgmt_membership.rights_version = $6",
            " AND usermgmt_membership.status = $7",
            " AND usermgmt_org.rights_version = $8 AND usermgmt_org.policy_epoch = $9 AND usermgmt_org.status = $10",
            $lock
        )
    };
}

/// Whether this write updates a row of a kind that authority is read from. If the change set has one, the check locks
/// as strongly as the update will: two commits that first shared a lock and then both wanted it alone would have to be
/// broken up as a deadlock, and with an organisation as the anchor of its memberships that would be the usual case.
pub(super) const fn moves_what_authority_rests_on(write: &Write) -> bool {
    matches!(
        write,
        Write::PutUser(_)
            | Write::MoveAuthEpoch { .. }
            | Write::PutOrg(_)
            | Write::PutPolicy { .. }
            | Write::PutRoles { .. }
            | Write::PutMembership(_)
            | Write::DeleteMembership { .. }
            | Write::MoveRights { .. }
            | Write::EndSession { .. }
            | Write::RotateSession { .. }
            | Write::RotateRefresh { .. }
            // Counts under the lock of its owner's row.
            | Write::MaxApiKeys { .. }
    )
}

impl Apply<'_> {
    /// One statement. On PostgreSQL it locks the rows in the order in which writes are applied (user, organisation,
    /// membership, session), so that a suspension cannot slip in before the commit; a suspension that is itself being
    /// committed is waited for and then seen. On SQLite the transaction is the only writer anyway.
    pub(super) async fn still_authorised(&mut self, authority: StillAuthorised, exclusive: bool) -> Result<()> {
        let text = match (authority.member.is_some(), exclusive) {
            (false, false) => of_user!(lock_shared!("usermgmt_user, usermgmt_session")),
            (false, true) => of_user!(lock_exclusive!("usermgmt_user, usermgmt_session")),
            (true, false) => {
                of_member!(lock_shared!("usermgmt_user, usermgmt_org, usermgmt_membership, usermgmt_session"))
            }
            (true, true) => {
                of_member!(lock_exclusive!("usermgmt_user, usermgmt_org, usermgmt_membership, usermgmt_session"))
            }
        };
        let mut check = query(text)
            .bind(authority.user.to_string())
            .bind(int(authority.auth_epoch))
            .bind(UserStatus::Active.as_str())
            .bind(authority.session.to_string());
        if let Some(member) = authority.member {
            check = check
                .bind(member.org.to_string())
                .bind(int(member.member_rights))
                .bind(MembershipStatus::Active.as_str())
                .bind(int(member.org_rights))
                .bind(int(member.policy_epoch))
                .bind(OrgStatus::Active.as_str());
        }
        match self.wire.row(check).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::new(refused(Guard::Authority))),
        }
    }
}
