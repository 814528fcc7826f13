//! API keys.

use async_trait::async_trait;
use sqlx::query;
use time::OffsetDateTime;
use usermgmt_core::id::{ApiKeyId, OrgId, RealmId};
use usermgmt_core::model::{ApiKey, ApiKeyRecord, KeyOwner};
use usermgmt_core::page::{Page, PageRequest};
use usermgmt_core::secret::Digest;
use usermgmt_core::store::{ApiKeyStore, Result};

use super::super::cells::Cells;
use super::super::{Store, row};
use super::before;
use crate::value::micros;

#[async_trait]
impl ApiKeyStore for Store {
    async fn api_key_record(&self, realm: RealmId, digest: Digest) -> Result<Option<ApiKeyRecord>> {
        let read = query(concat!(
            "SELECT ",
            api_key_columns!(),
            ", ",
            user_columns!(),
            ", ",
            org_columns!(),
            ", ",
            membership_columns!(),
            " FROM usermgmt_api_key",
            " LEFT JOIN usermgmt_user ON usermgmt_user.id = usermgmt_api_key.user_id",
            " LEFT JOIN usermgmt_org ON usermgmt_org.id = usermgmt_api_key.org_id",
            " LEFT JOIN usermgmt_membership ON usermgmt_membership.org_id = usermgmt_api_key.org_id",
            " AND usermgmt_membership.user_id = usermgmt_api_key.user_id",
            " WHERE usermgmt_api_key.digest = ",
            unseen!("$1"),
            " AND usermgmt_api_key.realm = $2"
        ));
        self.one(read.bind(digest.as_bytes().as_slice()).bind(realm.to_string()), record).await
    }

    async fn api_key(&self, owner: KeyOwner, id: ApiKeyId) -> Result<Option<ApiKey>> {
        let read =
            query(concat!("SELECT ", api_key_columns!(), " FROM usermgmt_api_key WHERE owner_id = $1 AND id = $2"));
        self.one(read.bind(owner.to_string()).bind(id.to_string()), row::api_key).await
    }

    async fn api_keys(&self, owner: KeyOwner, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>> {
        let read = query(concat!(
            "SELECT ",
            api_key_columns!(),
            " FROM usermgmt_api_key WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT +$3"
        ));
        let read = read.bind(owner.to_string()).bind(before(page.key()));
        self.page(read, page.limit(), row::api_key, |key| key.id).await
    }

    async fn api_keys_in(&self, org: OrgId, page: PageRequest<ApiKeyId>) -> Result<Page<ApiKey, ApiKeyId>> {
        let read = query(concat!(
            "SELECT ",
            api_key_columns!(),
            " FROM usermgmt_api_key WHERE org_id = $1 AND id < $2 ORDER BY id DESC LIMIT +$3"
        ));
        let read = read.bind(org.to_string()).bind(before(page.key()));
        self.page(read, page.limit(), row::api_key, |key| key.id).await
    }

    async fn touch_api_key(&self, owner: KeyOwner, id: ApiKeyId, used_at: OffsetDateTime) -> Result<()> {
        let update = query(
            "UPDATE usermgmt_api_key SET used_at = $3 \
             WHERE owner_id = $1 AND id = $2 AND (used_at IS NULL OR used_at < $3)",
        );
        let update = update.bind(owner.to_string()).bind(id.to_string()).bind(micros(used_at));
        self.execute(update).await.map(drop)
    }
}

fn record(cells: &mut Cells<'_>) -> Result<ApiKeyRecord> {
    let key = row::api_key(cells)?;
    let user = cells.joined(user_columns!(), row::user)?;
    let org = cells.joined(org_columns!(), row::org)?;
    let membership = cells.joined(membership_columns!(), row::membership)?;
    Ok(ApiKeyRecord { key, user, org, membership })
}
