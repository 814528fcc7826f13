//! Sessions: the hot reads.

use async_trait::async_trait;
use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::{RealmId, SessionId, UserId};
use usermgmt_core::model::{PrincipalRecord, Session, SigningKey};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{Result, SessionStore, SigningKeyStore};

use super::super::cells::Cells;
use super::super::{Store, row};
use super::before;
use crate::value::micros;

/// Everything about the session of the realm, the first parameter, that this condition finds.
macro_rules! principal_by {
    ($($condition:expr),+) => {
        concat!(
            "SELECT ",
            session_columns!(),
            ", ",
            user_columns!(),
            ", ",
            primary_email!(),
            ", ",
            org_columns!(),
            ", ",
            membership_columns!(),
            " FROM usermgmt_session",
            " JOIN usermgmt_user ON usermgmt_user.id = usermgmt_session.user_id",
            " LEFT JOIN usermgmt_org ON usermgmt_org.id = usermgmt_session.org_id",
            " LEFT JOIN usermgmt_membership ON usermgmt_membership.org_id = usermgmt_session.org_id",
            " AND usermgmt_membership.user_id = usermgmt_session.user_id",
            " WHERE usermgmt_session.realm = $1 AND ",
            $($condition),+
        )
    };
}

#[async_trait]
impl SessionStore for Store {
    async fn principal(&self, realm: RealmId, digest: Digest) -> Result<Option<PrincipalRecord>> {
        let read = query(principal_by!("usermgmt_session.digest = ", unseen!("$2")));
        self.one(read.bind(realm.to_string()).bind(digest.as_bytes().as_slice()), principal).await
    }

    async fn principal_of(&self, realm: RealmId, user: UserId, session: SessionId) -> Result<Option<PrincipalRecord>> {
        let read = query(principal_by!(
            "usermgmt_session.user_id = ",
            unseen!("$2"),
            " AND usermgmt_session.id = ",
            unseen!("$3")
        ));
        self.one(read.bind(realm.to_string()).bind(user.to_string()).bind(session.to_string()), principal).await
    }

    async fn sessions(
        &self,
        user: UserId,
        now: OffsetDateTime,
        page: PageRequest<SessionId>,
    ) -> Result<Page<Session, SessionId>> {
        let read = query(concat!(
            "SELECT ",
            session_columns!(),
            " FROM usermgmt_session JOIN usermgmt_user ON usermgmt_user.id = usermgmt_session.user_id",
            " WHERE usermgmt_session.user_id = $1 AND usermgmt_session.id < $2",
            " AND usermgmt_session.auth_epoch = usermgmt_user.auth_epoch AND usermgmt_session.ended_at IS NULL",
            " AND usermgmt_session.expires_at > $3 AND $3 - usermgmt_session.seen_at < usermgmt_session.idle_micros",
            " ORDER BY usermgmt_session.id DESC LIMIT +$4"
        ));
        let read = read.bind(user.to_string()).bind(before(page.key())).bind(micros(now));
        self.page(read, page.limit(), row::session, |session| session.id).await
    }

    async fn touch(&self, user: UserId, id: SessionId, seen_at: OffsetDateTime) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_session SET seen_at = $3 \
             WHERE user_id = $1 AND id = $2 AND ended_at IS NULL AND seen_at < $3",
        );
        self.execute(update.bind(user.to_string()).bind(id.to_string()).bind(micros(seen_at))).await.map(drop)
    }
}

#[async_trait]
impl SigningKeyStore for Store {
    async fn signing_keys(&self, realm: RealmId) -> Result<Vec<SigningKey>> {
        let read = query(concat!(
            "SELECT ",
            signing_key_columns!(),
            " FROM usermgmt_signing_key WHERE realm = $1 ORDER BY number"
        ));
        self.all(read.bind(realm.to_string()), row::signing_key).await
    }
}

fn principal(cells: &mut Cells<'_>) -> Result<PrincipalRecord> {
    let session = row::session(cells)?;
    let user = row::user(cells)?;
    let email = cells.cell("email")?;
    let mut found = None;
    if !cells.is_absent()? {
        let org = row::org(cells)?;
        if !cells.is_absent()? {
            found = Some((org, row::membership(cells)?));
        }
    }
    Ok(PrincipalRecord { session, user, email, org: found })
}
